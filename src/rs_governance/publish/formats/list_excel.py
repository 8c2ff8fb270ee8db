"""A table as a list in Excel: Chinese heads and words, to be sorted, filtered and printed."""

from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import xlsxwriter

from rs_governance.publish.month.statistics_excel import HEAD_ROW, Sheets, tint_of, write_cell
from rs_governance.publish.output_folder import writing
from rs_governance.publish.style import SEVERITY_RGB
from rs_governance.publish.titles import TITLES, titles_of
from rs_governance.table import Column, Table

_WIDEST = 60


def write_list_xlsx(
    frame: gpd.GeoDataFrame,
    path: Path,
    *,
    table: Table,
    title: str,
    made_on: date | None,
    columns: Sequence[str] | None = None,
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
    columns
        Columns to write, in order; all by default.
    tint
        Column of severities by whose colour rows are tinted.

    Raises
    ------
    OutputFailed
        When the file cannot be written.
    """
    chosen = [table.by_name[name] for name in columns] if columns is not None else list(table.columns)
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
        sheets.heads(sheet, HEAD_ROW, [column.alias_zh for column in chosen])
        severities = values[tint] if tint is not None else np.full(len(frame), None)
        fills = [tint_of(SEVERITY_RGB.get(each)) for each in severities]
        for at, column in enumerate(chosen):
            cells = [_shown(column, value) for value in values[column.name]]
            longest = max((_wide(str(cell)) for cell in cells if isinstance(cell, str)), default=10)
            sheet.set_column(at, at, min(_WIDEST, max(longest, _wide(column.alias_zh), 10) + 2))
            for row, cell in enumerate(cells):
                write_cell(sheet, HEAD_ROW + 1 + row, at, cell, sheets.cell(column, **fills[row]))
        if len(frame):
            sheet.autofilter(HEAD_ROW, 0, HEAD_ROW + len(frame), len(chosen) - 1)
        sheet.freeze_panes(HEAD_ROW + 1, 1)
        sheet.repeat_rows(HEAD_ROW)
        book.close()


def _shown(column: Column, value: Any) -> str | float | None:
    """Return a value as a cell shows it: words for codes, days as texts, None for what is missing."""
    if value is None or value != value or (column.dtype == "date" and np.isnat(value)):
        return None
    if column.dtype == "date":
        return str(value)
    if column.dtype == "str":
        return titles_of(column.name, str(value)).zh if column.name in TITLES else str(value)
    return int(value) if column.dtype == "int64" else float(value)


def _wide(text: str) -> int:
    return sum(2 if ord(character) > 0x2E7F else 1 for character in text)
