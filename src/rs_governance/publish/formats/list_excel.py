"""A table as a list in Excel: Chinese heads and words, to be sorted, filtered and printed."""

from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import xlsxwriter

from rs_governance.grids.presets import register_titles
from rs_governance.publish.month.statistics_excel import HEAD_ROW, Sheets, tint_of, write_cell
from rs_governance.publish.output_folder import writing
from rs_governance.publish.style import SEVERITY_RGB
from rs_governance.publish.titles import titles_of
from rs_governance.table import Column, Table

READ_FIRST = (
    "spot_no",
    "site_no",
    "severity",
    "status",
    "kind",
    "theme",
    "town_name",
    "village_name",
    "area_mu",
    "area_m2",
    "before_on",
    "after_on",
    "first_seen_on",
    "last_seen_on",
    "first_issue",
    "last_issue",
    "department",
    "reason_zh",
    "suspicion",
    "permit_register",
    "permit_number",
    "permit_share",
)
"""Columns that a person reads, in this order; they are printed, the others stand behind them."""

READ_NEXT = (
    "cropland_m2",
    "basic_cropland_m2",
    "protected_m2",
    "woodland_m2",
    "earlier_m2",
    "land_label",
    "land_code",
    "built_up_boundary",
    "stage",
    "keeper",
    "cell_code",
    "zone",
    "ledger_number",
    "national_type",
    "lon",
    "lat",
    "basis",
    "before_image",
    "after_image",
    "spots",
    "spot_count",
    "rule",
)
"""Columns behind them; those that are in neither list are last, in the order of the table."""

_WIDEST = 46  # longer texts are wrapped
_NARROWEST = 7
_ABOUT_LINE = 15.5  # height of a line in points


def write_list_xlsx(
    frame: gpd.GeoDataFrame,
    path: Path,
    *,
    table: Table,
    title: str,
    made_on: date | None,
    tint: str | None = None,
) -> None:
    """Write a table as a workbook of one sheet, one row a thing, without outlines.

    Parameters
    ----------
    frame
        Rows that `table.validate` accepts.
    path
        File to create or replace.
    table
        Declaration of the columns.
    title
        Title over the list.
    made_on
        Day that the workbook says it was made on, so that equal tables give equal bytes.
    tint
        Column of severities by whose colour rows are tinted; the most urgent are first, else the order stays.

    Raises
    ------
    OutputFailed
        When the file cannot be written.
    """
    chosen = in_reading_order(table)
    if tint is not None:
        rank = frame[tint].map({severity: at for at, severity in enumerate(SEVERITY_RGB)}).to_numpy()
        frame = frame.iloc[np.argsort(rank, kind="stable")]
    values = table.published_values(frame)
    with writing(path):
        path.unlink(missing_ok=True)
        path.touch()  # the library hides the reason why a file cannot be made
        book = xlsxwriter.Workbook(
            path, {"strings_to_formulas": False, "strings_to_urls": False, "nan_inf_to_errors": False}
        )
        day = made_on or date(2000, 1, 1)
        book.set_properties({"title": title, "created": datetime(day.year, day.month, day.day)})  # noqa: DTZ001
        sheets = Sheets(book, title)
        sheet = sheets.start("清单")
        sheets.heads(sheet, HEAD_ROW, [_head(column) for column in chosen])
        severities = values[tint] if tint is not None else np.full(len(frame), None)
        fills = [tint_of(SEVERITY_RGB.get(each)) for each in severities]
        lines = np.ones(len(frame), np.int64)
        for at, column in enumerate(chosen):
            cells = [_shown(column, value) for value in values[column.name]]
            width = _column_width(column, cells)
            sheet.set_column(at, at, width + 2)
            wrapped = {"text_wrap": True, "align": "left"} if width == _WIDEST else {}
            for row, cell in enumerate(cells):
                style = sheets.cell(column, **{**_format_of(column), **wrapped, **fills[row]})
                write_cell(sheet, HEAD_ROW + 1 + row, at, cell, style)
                if wrapped and isinstance(cell, str):
                    lines[row] = max(lines[row], -(-_wide(cell) // (_WIDEST - 2)))
        for row, count in enumerate(lines):
            sheet.set_row(HEAD_ROW + 1 + row, _ABOUT_LINE * int(count) + 3)
        if len(frame):
            sheet.autofilter(HEAD_ROW, 0, HEAD_ROW + len(frame), len(chosen) - 1)
        sheet.freeze_panes(HEAD_ROW + 1, 2)
        sheet.repeat_rows(HEAD_ROW)
        printed = sum(column.name in READ_FIRST for column in chosen)
        sheet.print_area(0, 0, HEAD_ROW + len(frame), printed - 1)
        book.close()


def in_reading_order(table: Table) -> list[Column]:
    """Return the columns of a table as a person reads them: what and where first, numbers of the images last."""
    names = [name for name in (*READ_FIRST, *READ_NEXT) if name in table.by_name]
    return [table.by_name[name] for name in names] + [each for each in table.columns if each.name not in names]


def _head(column: Column) -> str:
    """Return the head of a column; an area says its unit."""
    bare = column.unit == "m2" and not column.alias_zh.endswith("）")
    return f"{column.alias_zh}（平方米）" if bare else column.alias_zh


def _shown(column: Column, value: Any) -> str | float | date | None:
    """Return a value as a cell shows it: words for codes, days as days, None for what is missing."""
    if value is None or value != value or (column.dtype == "date" and np.isnat(value)):
        return None
    if column.dtype == "date":
        return date.fromisoformat(str(value))
    if column.dtype == "str":
        return _word(column.name, str(value))
    return int(value) if column.dtype == "int64" else float(value)


def _word(name: str, code: str) -> str:
    if name == "permit_register":
        return register_titles(code)[0]
    return titles_of(name, code).zh


def _format_of(column: Column) -> dict[str, Any]:
    """Return how the numbers of a column look: areas as people read them, ratios with all their digits."""
    if column.dtype == "date":
        return {"num_format": "yyyy-mm-dd"}
    if column.dtype != "float64":
        return {}
    if column.unit == "degree":
        return {"num_format": "0.000000"}
    if column.name.endswith("_share"):
        return {"num_format": "0.0%"}
    return {"num_format": "0.000"} if column.unit == "1" else {"num_format": "#,##0.00"}


def _column_width(column: Column, cells: Sequence[Any]) -> int:
    """Return the width of a column in narrow characters: enough for its cells, and for its head on two lines."""
    longest = {"date": 10, "float64": 11, "int64": 6, "str": 0}[column.dtype]
    longest = max([longest, *(_wide(cell) for cell in cells if isinstance(cell, str))])
    return min(_WIDEST, max(longest, -(-_wide(_head(column)) // 2) + 3, _NARROWEST))


def _wide(text: str) -> int:
    return sum(2 if ord(character) > 0x2E7F else 1 for character in text)
