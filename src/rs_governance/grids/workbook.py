"""Workbooks that people fill in: the rows as a spreadsheet shows them, and the formulas that show nothing."""

import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import openpyxl
from openpyxl.utils.exceptions import InvalidFileException

from rs_governance.errors import LayerUnreadable, UsageError


@dataclass(frozen=True, kw_only=True)
class Formula:
    """A formula that shows nothing that could be taken: it was never worked out, or went wrong."""

    cell: str
    """Name of the cell, such as `C5`."""
    text: str
    """The formula."""
    result: str = ""
    """What it shows, such as `#REF!`; empty where it was never worked out."""

    def refusal(self) -> UsageError:
        """Return the error that says so of its cell."""
        shows = f"shows {self.result}" if self.result else "has no result"
        zh = f"结果是 {self.result}" if self.result else "没有存下结果"
        return UsageError(
            f"cell {self.cell} holds a formula ({self.text[:60]}) that {shows}; write its value",
            zh=f"单元格 {self.cell} 是公式（{self.text[:60]}），{zh}；请直接填写数值或文字",
        )


def read_sheets(data: bytes, name: str, *, most_bytes: int) -> Iterator[Iterator[tuple[Any, ...]]]:
    """Read the sheets of a workbook, row by row.

    Parameters
    ----------
    data
        The file.
    name
        Its name, for messages.
    most_bytes
        Bytes to which it may unpack.

    Yields
    ------
    iterator of tuple
        Rows of a sheet from the first, with the values of their cells; None for an empty one. Of a formula it is the value
        with which the workbook was saved, or a `Formula` where there is none.

    Raises
    ------
    LayerUnreadable
        When it is no workbook, or unpacks to too much.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            unpacked = sum(member.file_size for member in packed.infolist())  # a bomb says its size before it goes off
        if unpacked > most_bytes:
            raise LayerUnreadable(
                f"'{name}' unpacks to {unpacked // 1_000_000} MB, at most {most_bytes // 1_000_000} MB are read; this is not such "
                "a table.",
                zh=f"'{name}' 解压后有 {unpacked // 1_000_000} MB，最多读取 {most_bytes // 1_000_000} MB；这不是所需的表格。",
            )
        shown, held = (
            openpyxl.load_workbook(io.BytesIO(data), read_only=True, keep_links=False, data_only=values)
            for values in (True, False)
        )
    except (OSError, KeyError, ValueError, SyntaxError, zipfile.BadZipFile, InvalidFileException) as error:
        raise LayerUnreadable(
            f"'{name}' is no Excel workbook: {error}; save it anew as .xlsx.",
            zh=f"'{name}' 不是 Excel 工作簿或已损坏（{error}）；请另存为 .xlsx 后重试。",
        ) from None
    try:
        for values, formulas in zip(shown.worksheets, held.worksheets, strict=True):
            yield _rows(values, formulas)
    finally:
        shown.close()
        held.close()


def _rows(values: Any, formulas: Any) -> Iterator[tuple[Any, ...]]:
    for sheet in (values, formulas):
        sheet.reset_dimensions()  # some programs write a wrong one, and rows beyond it would be left out
    for shown, held in zip(values.iter_rows(), formulas.iter_rows(), strict=True):
        yield tuple(_value(*cells) for cells in zip(shown, held, strict=True))


def _value(shown: Any, held: Any) -> Any:
    if held.data_type != "f":
        return shown.value
    text = str(getattr(held.value, "text", held.value))
    if shown.data_type == "e":
        return Formula(cell=held.coordinate, text=text, result=str(shown.value))
    # A formula whose result is an empty text says so; one that was never worked out has no type.
    return Formula(cell=held.coordinate, text=text) if shown.value is None and shown.data_type != "str" else shown.value
