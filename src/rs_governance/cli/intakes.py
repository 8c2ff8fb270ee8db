"""What the commands that take in a file of places share: options, and how its rows are told of."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rs_governance.cli.console import print_columns
from rs_governance.cli.language import say
from rs_governance.errors import UsageError

if TYPE_CHECKING:
    from rs_governance.flows.judge_permits import AnsweredCase
    from rs_governance.flows.placed_rows import RowError

_PANEL = "文件说明 / About the file"
_LISTED = 50
_OUTCOMES = {"withdrawn": ("撤回并按合法销号", "withdrawn as lawful"), "proposed": ("建议核对", "to be looked at")}

File = Annotated[
    Path,
    typer.Argument(
        metavar="FILE",
        help="CSV、Excel、GeoJSON、GeoPackage 或 Shapefile\n\nCSV, Excel, GeoJSON, GeoPackage or shapefile.",
        show_default=False,
    ),
]
District = Annotated[
    Path | None,
    typer.Option(
        "--district",
        metavar="DISTRICT",
        envvar="RSG_DISTRICT",
        help="district.toml，用于确定街镇、村社与网格\n\ndistrict.toml, for the codes of towns, villages and cells.",
        show_default=False,
        rich_help_panel=_PANEL,
    ),
]
Gcj02 = Annotated[
    bool,
    typer.Option(
        "--gcj02",
        help="坐标取自手机地图（GCJ-02），读入时换算\n\nThe coordinates are those of a phone's map; they are converted.",
        rich_help_panel=_PANEL,
    ),
]
Crs = Annotated[
    str | None,
    typer.Option(
        "--crs",
        metavar="EPSG:CODE",
        help="文件的坐标系，文件自己说明时不需要\n\nCRS of the file, where it does not say.",
        show_default=False,
        rich_help_panel=_PANEL,
    ),
]
Fields = Annotated[
    list[str] | None,
    typer.Option(
        "--field",
        metavar="NAME=COLUMN",
        help="列名对应，如 number=工单号，可重复\n\nWhich column is which, such as number=工单号; may be repeated.",
        show_default=False,
        rich_help_panel=_PANEL,
    ),
]


def read_mapping(pairs: Sequence[str] | None) -> dict[str, str]:
    """Read `--field`.

    Raises
    ------
    UsageError
        When one is no NAME=COLUMN.

    Examples
    --------
    >>> read_mapping(["number=工单号"])
    {'number': '工单号'}
    """
    mapped = {}
    for pair in pairs or ():
        name, sign, column = pair.partition("=")
        if not (name.strip() and sign and column.strip()):
            raise UsageError(
                f"--field {pair!r} is no NAME=COLUMN; write it as number=工单号.",
                zh=f"--field {pair!r} 不是 名称=列名；请写成 number=工单号。",
            )
        mapped[name.strip()] = column.strip()
    return mapped


def crs_of(gcj02: bool, crs: str | None) -> str | None:
    """Return the CRS that was said.

    Raises
    ------
    UsageError
        When two were said.
    """
    if gcj02 and crs is not None:
        raise UsageError(
            "--gcj02 and --crs contradict each other; say one of them.", zh="--gcj02 与 --crs 矛盾；只写其中一个。"
        )
    return "GCJ-02" if gcj02 else crs


def print_counts(counts: Mapping[str, int], words: Mapping[str, tuple[str, str]], refused: int) -> None:
    """Print how many rows became what."""
    parts = [f"{say(*words[name])} {count}" for name, count in counts.items()]
    typer.echo(say("，", ", ").join([*parts, f"{say('退回', 'refused')} {refused}"]))


def print_answered(cases: "Sequence[AnsweredCase]") -> None:
    """Print which cases the permits of the store withdrew, or say something of."""
    if not cases:
        return
    rows = [[one.case_number, say(*_OUTCOMES[one.outcome]), one.text_zh] for one in cases]
    title = say(f"手续涉及案件 {len(rows)} 件", f"{len(rows)} cases concerned by permits")
    print_columns(say("案件|结果|手续", "case|outcome|permit").split("|"), rows, title=title)


def print_row_errors(errors: "Sequence[RowError]") -> None:
    """Print which rows were not taken, and why, to stdout."""
    if not errors:
        return
    rows = [
        [str(one.row), one.field, one.value[:40] or "-", say(one.message_zh, one.message_en)]
        for one in errors[:_LISTED]
    ]
    header = say("行|字段|值|问题", "row|field|value|problem").split("|")
    print_columns(header, rows, title=say(f"退回 {len(errors)} 行", f"{len(errors)} rows refused"))
    if len(errors) > _LISTED:
        rest = len(errors) - _LISTED
        typer.echo(say(f"... 另有 {rest} 行，见 --json", f"... {rest} more, see --json"))
