"""`rsg grids`: look at a district's units, layers and registers before using them."""

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rs_governance.cli import options
from rs_governance.cli.console import print_columns, print_json

if TYPE_CHECKING:
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
    as_json: options.Json = False,
) -> None:
    """读取并检查全部参考数据，列出有问题的行 / Read and check everything that findings are joined to.

    有问题的行只作提示，退出码仍为 0；整个数据源不可用时为 3 / Bad rows are listed and the exit code stays 0; it is 3 when a
    source cannot be used at all.
    """
    from rs_governance.district import read_district
    from rs_governance.grids import name_crs, read_references

    district = read_district(path)
    references = read_references(district)
    sources = _sources(references)
    if as_json:
        print_json({
            "district": district.code,
            "crs": name_crs(references.crs),
            "sources": sources,
            "problems": [vars(problem) for problem in references.problems],
        })
        return
    if not sources:
        typer.echo("没有参考数据 / nothing to join to")
        return
    rows = [["-" if value is None else str(value) for value in source.values()] for source in sources]
    print_columns(
        [_HEADER[name] for name in sources[0]],
        rows,
        title=f"{district.name} {district.code} {name_crs(references.crs)}",
    )
    if references.problems:
        _print_problems(references.problems)


_HEADER = {
    "source": "数据源 source",
    "title": "名称 name",
    "features": "可用行 rows",
    "left_out": "略去 left out",
    "noted": "提示 noted",
    "as_of": "数据日期 date",
    "scheme": "代码标准 scheme",
    "crs": "文件坐标系 CRS of the file",
}


def _sources(references: "References") -> list[dict[str, Any]]:
    left_out = Counter(problem.source for problem in references.problems if not problem.kept)
    noted = Counter(problem.source for problem in references.problems if problem.kept)

    def facts(key: str, title: str, count: int, crs: str | None, **more: Any) -> dict[str, Any]:
        counts = {"features": count, "left_out": left_out[key], "noted": noted[key]}
        return {"source": key, "title": title, **counts, "as_of": None, "scheme": None, "crs": crs, **more}

    units, zones, ledger = references.units, references.zones, references.ledger
    per_level = units.frame["level"].value_counts()
    return [
        *(facts(f"units.{n}", _LEVELS[n], int(per_level.get(n, 0)), crs) for n, crs in units.file_crs.items()),
        *(
            facts(f"layers.{n}", x.title_zh, len(x.frame), x.file_crs, as_of=x.as_of, scheme=x.scheme)
            for n, x in references.layers.items()
        ),
        *(
            facts(f"registers.{n}", x.title_zh, len(x.frame), x.file_crs, as_of=x.as_of)
            for n, x in references.registers.items()
        ),
        *([] if zones is None else [facts("zones", "静默区", len(zones.frame), zones.file_crs)]),
        *([] if ledger is None else [facts("ledger", "存量台账", len(ledger.frame), ledger.file_crs)]),
    ]


_LEVELS = {"district": "区县", "town": "乡镇街道", "village": "村社区", "cell": "网格"}


def _print_problems(problems: "tuple[RowProblem, ...]") -> None:
    rows = [
        [p.source, str(p.row), p.field or "-", p.value[:40] or "-", f"{p.message_zh} / {p.message_en}"]
        for p in problems[:_LISTED]
    ]
    typer.echo()
    header = ["数据源 source", "行 row", "字段 field", "值 value", "问题 problem"]
    print_columns(header, rows, title=f"问题 {len(problems)} 处 / {len(problems)} problems")
    if len(problems) > _LISTED:
        typer.echo(f"... 另有 {len(problems) - _LISTED} 处，见 --json / {len(problems) - _LISTED} more, see --json")
