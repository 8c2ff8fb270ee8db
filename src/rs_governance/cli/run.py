"""`rsg run`."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rs_governance.cli import options
from rs_governance.cli.console import print_json, print_table, progress
from rs_governance.cli.language import say, speak
from rs_governance.cli.options import OUTPUT

if TYPE_CHECKING:
    from rs_governance.flows.month import MonthSummary

DistrictFile = Annotated[
    Path,
    typer.Argument(
        metavar="DISTRICT",
        help="区县配置 district.toml，或其所在文件夹\n\nThe file district.toml, or its folder.",
        rich_help_panel="输入 / Input",
    ),
]
IssuesFolder = Annotated[
    Path | None,
    typer.Option(
        "--issues",
        metavar="DIR",
        help="各期成果所在文件夹，默认为 district.toml 旁的 issues\n\nFolder of the issues; 'issues' beside district.toml by default.",
        show_default=False,
        rich_help_panel=OUTPUT,
    ),
]
_Month = Annotated[
    str | None,
    typer.Option(
        "--month",
        metavar="YYYY-MM",
        help="要发布的月份，如 2026-10\n\nMonth to publish.",
        rich_help_panel="输入 / Input",
    ),
]
_Issue = Annotated[
    str | None,
    typer.Option(
        "--issue",
        metavar="ISSUE",
        help="要发布的期号，如 2026-10a（一月多期或补发）\n\nIssue to publish, such as 2026-10a, where a month has several.",
        rich_help_panel="输入 / Input",
    ),
]
Pictures = Annotated[
    bool,
    typer.Option(
        "--pictures/--no-pictures",
        help="是否生成图件与报告（对比图、核查表、地图、报告、影像切片）\n\nWhether to make pictures and reports: chips, cards, maps, reports, scenes.",
        rich_help_panel=OUTPUT,
    ),
]


def run(
    district: DistrictFile,
    month: _Month = None,
    issue: _Issue = None,
    issues: IssuesFolder = None,
    replace: options.Replace = False,
    pictures: Pictures = True,
    feedback: Annotated[
        Path | None,
        typer.Option(
            "--feedback",
            metavar="FILE",
            help="rsg feedback --out 写出的核查反馈，编入月报\n\nFile of rsg feedback --out, for a chapter of the report.",
            show_default=False,
            rich_help_panel="输入 / Input",
        ),
    ] = None,
    lang: options.Lang = None,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
    device: options.Device = options.DeviceChoice.auto,
    workers: options.Workers = None,
    block: options.Block = None,
) -> None:
    """发布一期月度成果：比对、落图、定级、分派、出报告 / Publish a month: compare, join, judge, hand out, report.

    结果在 issues/期号 中，先看 report.html / The results are in issues/ISSUE; look at report.html first.
    """
    speak(lang)
    from rs_governance.flows.month import run_month

    with progress(quiet=quiet or as_json) as tell:
        summary = run_month(
            district,
            month=month,
            issue=issue,
            out=issues,
            replace=replace,
            device=device.value,
            workers=workers,
            block=block,
            pictures=pictures,
            feedback=feedback,
            progress=tell,
        )
    for warning in summary.warnings:
        typer.echo(say(f"注意：{warning[0]}", f"Mind: {warning[1]}"), err=True)
    if as_json:
        print_json(asdict(summary))
    elif not quiet:
        print_table(_rows(summary))


_PURPOSES = {
    "report.html": ("先看：月报（网页）", "look at this first: the report"),
    "report.pdf": ("月报（打印）", "the report, to print"),
    "map.png": ("全区一张图", "the district on one map"),
    "findings.gpkg": ("图斑，用 QGIS 打开", "the spots, for QGIS"),
    "findings.xlsx": ("图斑清单", "the spots as a list"),
    "tasks/index.json": ("任务清单目录", "index of the task lists"),
    "statistics.xlsx": ("统计表", "figures, for Excel"),
    "manifest.json": ("输入与成果的校验清单", "digests of inputs and outputs"),
}


def _rows(summary: "MonthSummary") -> list[tuple[str, str]]:
    red, yellow, green = (summary.severity[each] for each in ("red", "yellow", "green"))
    rows = [
        (say("期号", "issue"), summary.issue),
        (
            say("图斑", "spots"),
            say(
                f"{summary.spots} 个：红 {red}，黄 {yellow}，绿 {green}",
                f"{summary.spots}: red {red}, yellow {yellow}, green {green}",
            ),
        ),
        (say("全区可比对", "could be compared"), f"{summary.observed_share:.1%}"),
        (say("用时", "time"), f"{sum(summary.seconds.values()):.1f} s"),
    ]
    return rows + [(str(in_language(summary.out, name)), say(*_PURPOSES[name])) for name in summary.files]


def in_language(folder: Path, name: str) -> Path:
    """Return a file, or its English twin where English is printed and there is one."""
    chinese = folder / name
    english = chinese.with_suffix(f".en{chinese.suffix}")
    return english if say("zh", "en") == "en" and english.exists() else chinese
