"""`rsg publish`: what is made from published issues."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rs_governance.cli import options
from rs_governance.cli.console import print_json, print_table
from rs_governance.cli.language import say, speak
from rs_governance.cli.options import OUTPUT
from rs_governance.cli.run import DistrictFile, IssuesFolder, Pictures, in_language

if TYPE_CHECKING:
    from rs_governance.flows.quarter import QuarterSummary

app = typer.Typer(help="由已发布的各期制作季度成果 / Make quarters from issues.", rich_markup_mode="rich")


@app.callback()
def publish() -> None:
    """由已发布的各期制作季度成果 / Make quarters from issues."""


@app.command("quarter")
def quarter(
    name: Annotated[
        str,
        typer.Argument(metavar="QUARTER", help="季度，如 2026Q4\n\nThe quarter, such as 2026Q4.", show_default=False),
    ],
    district: DistrictFile = Path("district.toml"),
    issues: IssuesFolder = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            metavar="DIR",
            help="结果文件夹，默认为 issues 旁的 quarters/季度\n\nFolder for the results; quarters/QUARTER beside the issues by default.",
            show_default=False,
            rich_help_panel=OUTPUT,
        ),
    ] = None,
    replace: options.Replace = False,
    pictures: Pictures = True,
    lang: options.Lang = None,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
) -> None:
    """把一个季度的各期合并为点位：新增、延续、扩大、已消除，不重复计数 / Gather a quarter's issues to sites, each counted once."""
    speak(lang)
    from rs_governance.flows.quarter import publish_quarter

    summary = publish_quarter(district, name, issues=issues, out=out, replace=replace, pictures=pictures)
    if as_json:
        print_json(asdict(summary))
    elif not quiet:
        print_table(_rows(summary))
        if summary.missing:
            zh, en = "、".join(summary.missing), ", ".join(summary.missing)
            typer.secho(
                say(
                    f"注意：本季度缺 {zh} 的成果，以上数字不是全季度的。",
                    f"Mind: nothing is published for {en}, so these are not the figures of a whole quarter.",
                ),
                fg="yellow",
                err=True,
            )


_PURPOSES = {
    "report.html": ("先看：季报（网页）", "look at this first: the report"),
    "report.pdf": ("季报（打印）", "the report, to print"),
    "map.png": ("全区一张图", "the district on one map"),
    "sites.xlsx": ("点位清单", "the sites as a list"),
    "sites.gpkg": ("点位，用 QGIS 打开", "the sites, for QGIS"),
    "quarter.json": ("统计", "figures"),
}


def _rows(summary: "QuarterSummary") -> list[tuple[str, str]]:
    status = summary.status
    return [
        (say("季度", "quarter"), f"{summary.quarter} ({', '.join(summary.issues)})"),
        (
            say("点位", "sites"),
            say(
                f"{summary.sites} 个：新增 {status['new']}，延续 {status['continuing']}，扩大 {status['grown']}，已消除 {status['gone']}",
                f"{summary.sites}: new {status['new']}, continuing {status['continuing']}, grown {status['grown']}, gone {status['gone']}",
            ),
        ),
        (say("面积", "area"), say(f"{summary.area_mu:.1f} 亩", f"{summary.area_mu:.1f} mu")),
        *((str(in_language(summary.out, name)), say(*_PURPOSES[name])) for name in summary.files),
    ]
