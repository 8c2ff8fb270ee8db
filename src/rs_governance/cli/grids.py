"""`rsg grids`: look at a district's units, layers and registers before using them."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rs_governance.cli import options
from rs_governance.cli.console import print_columns, print_json
from rs_governance.cli.language import say, speak

if TYPE_CHECKING:
    from rs_governance.district import District
    from rs_governance.grids import References, RowProblem

app = typer.Typer(help="查看区划、图层与名册 / Look at units, layers and registers.", rich_markup_mode="rich")

_LISTED = 50


@app.callback()
def grids() -> None:
    """查看区划、图层与名册 / Look at units, layers and registers."""


@app.command("check")
def check(
    path: Annotated[
        Path, typer.Argument(metavar="DISTRICT", help="district.toml\n\nThe district's file.", show_default=False)
    ],
    lang: options.Lang = None,
    as_json: options.Json = False,
) -> None:
    """读取并检查全部参考数据，列出有问题的行 / Read and check everything that findings are joined to.

    有问题的行只作提示，退出码仍为 0；整个数据源不可用时为 3 / Bad rows are listed and the exit code stays 0; it is 3 when a
    source cannot be used at all.
    """
    speak(lang)
    from rs_governance.district import read_district
    from rs_governance.grids import name_crs, read_references

    district = read_district(path)
    references = read_references(district)
    sources = _sources(references)
    outdated = _outdated(district, references)
    if as_json:
        print_json({
            "district": district.code,
            "crs": name_crs(references.crs),
            "sources": sources,
            "problems": [vars(problem) for problem in references.problems],
            "outdated": outdated,
        })
        return
    if not sources:
        typer.echo(say("没有参考数据", "nothing to join to"))
        return
    rows = [["-" if value is None else str(value) for value in source.values()] for source in sources]
    print_columns(
        [say(*_HEADER[name]) for name in sources[0]],
        rows,
        title=f"{say(district.name, district.name_en)} {district.code} {name_crs(references.crs)}",
    )
    print_problems(references.problems)
    if outdated:
        days, last = outdated["max_age_days"], outdated["newest_image_on"]
        names = [say(one["title_zh"], one["title_en"]) + f" {one['as_of']}" for one in outdated["registers"]]
        typer.echo()
        typer.secho(
            say(
                f"名册过期：{'、'.join(names)}，早于最新影像（{last}）超过 {days} 天，不能据以认定有手续；请更新名册及其 as_of。",
                f"Outdated: {', '.join(names)}: over {days} days before the newest image ({last}), so nothing is lawful by them; bring "
                "them and their as_of up to date.",
            ),
            fg="yellow",
        )


def _outdated(district: "District", references: "References") -> dict[str, Any]:
    """Return the registers that are too old for the newest image; empty where none is."""
    from rs_governance.rules import read_rules

    last = max((scene.acquired_on for scene in district.scenes), default=None)
    max_age = read_rules(district.rules).lawful.max_age_days
    old = [
        {"name": one.name, "title_zh": one.title_zh, "title_en": one.title_en, "as_of": one.as_of}
        for one in references.registers.values()
        if last is not None and one.as_of is not None and (last - one.as_of).days > max_age
    ]
    return {"newest_image_on": last, "max_age_days": max_age, "registers": old} if old else {}


_HEADER = {
    "source": ("数据源", "source"),
    "title": ("名称", "name"),
    "features": ("可用行", "rows"),
    "left_out": ("略去", "left out"),
    "noted": ("提示", "noted"),
    "as_of": ("数据日期", "as of"),
    "scheme": ("代码标准", "scheme"),
    "crs": ("文件坐标系", "CRS of the file"),
}


def _sources(references: "References") -> list[dict[str, Any]]:
    from rs_governance.publish.titles import TITLES

    left_out = Counter(problem.source for problem in references.problems if not problem.kept)
    noted = Counter(problem.source for problem in references.problems if problem.kept)

    def facts(key: str, title: str, count: int, crs: str | None, **more: Any) -> dict[str, Any]:
        counts = {"features": count, "left_out": left_out[key], "noted": noted[key]}
        return {"source": key, "title": title, **counts, "as_of": None, "scheme": None, "crs": crs, **more}

    units, zones, ledger = references.units, references.zones, references.ledger
    per_level = units.frame["level"].value_counts()
    return [
        *(
            facts(f"units.{n}", say(*TITLES["level"][n]), int(per_level.get(n, 0)), crs)
            for n, crs in units.file_crs.items()
        ),
        *(
            facts(f"layers.{n}", say(x.title_zh, x.title_en), len(x.frame), x.file_crs, as_of=x.as_of, scheme=x.scheme)
            for n, x in references.layers.items()
        ),
        *(
            facts(f"registers.{n}", say(x.title_zh, x.title_en), len(x.frame), x.file_crs, as_of=x.as_of)
            for n, x in references.registers.items()
        ),
        *([] if zones is None else [facts("zones", say("静默区", "muted zones"), len(zones.frame), zones.file_crs)]),
        *(
            []
            if ledger is None
            else [facts("ledger", say("存量台账", "ledger of known spots"), len(ledger.frame), ledger.file_crs)]
        ),
    ]


def print_problems(problems: "Sequence[RowProblem]") -> None:
    """Print what is wrong with rows of sources, to stdout; nothing where nothing is."""
    if not problems:
        return
    rows = [
        [p.source, str(p.row), p.field or "-", p.value[:40] or "-", say(p.message_zh, p.message_en)]
        for p in problems[:_LISTED]
    ]
    typer.echo()
    header = say("数据源|行|字段|值|问题", "source|row|field|value|problem").split("|")
    print_columns(header, rows, title=say(f"问题 {len(problems)} 处", f"{len(problems)} problems"))
    if len(problems) > _LISTED:
        more = len(problems) - _LISTED
        typer.echo(say(f"… 另有 {more} 处，见 --json", f"... {more} more, see --json"))
