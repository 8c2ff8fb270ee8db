"""Intake: rows of small tables that people write, as CSV or Excel, in whatever encoding."""

import csv
import io
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from rs_governance.errors import LayerUnreadable

_MOST_BYTES = 20_000_000
# What a workbook may unpack to: a bomb says its size, too, before it goes off.
_MOST_UNPACKED_BYTES = 200_000_000


@dataclass(frozen=True, kw_only=True)
class Row:
    """A row of a table."""

    number: int
    """Its number in the file, as a spreadsheet shows it."""
    values: Mapping[str, str]
    """Texts by our name of the column, stripped; empty where there is none."""

    def __getitem__(self, name: str) -> str:
        return self.values[name]


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """A row that was not taken, and why."""

    row: int
    """Its number in the file."""
    problem: str
    """What was expected, what came."""


def read_rows(path: Path, columns: Mapping[str, tuple[str, ...]], *, needed: Sequence[str]) -> Iterator[Row]:
    """Read the rows of a table.

    Parameters
    ----------
    path
        `.csv` (UTF-8 or GB 18030) or `.xlsx` (its first sheet); the first row names the columns.
    columns
        Our names of the columns, and what they may be called.
    needed
        Columns that have to be there.

    Yields
    ------
    Row
        Each row that is not empty.

    Raises
    ------
    LayerUnreadable
        When the file cannot be read, or lacks a column.
    """
    lines = _lines(path)
    header = [cell.strip().lower() for cell in next(lines, ())]
    places = {
        name: next((header.index(word) for word in words if word in header), None) for name, words in columns.items()
    }
    if missing := [" / ".join(columns[name]) for name in needed if places[name] is None]:
        raise LayerUnreadable(
            f"'{path.name}' has no column {', '.join(missing)}; its first row was expected to name "
            f"{', '.join(columns)}, it holds {', '.join(header) or 'nothing'}."
        )
    for number, line in enumerate(lines, 2):
        if any(cell.strip() for cell in line):
            cells = {name: line[at].strip() if at is not None and at < len(line) else "" for name, at in places.items()}
            yield Row(number=number, values=cells)


def _lines(path: Path) -> Iterator[Sequence[str]]:
    if not path.is_file():
        raise LayerUnreadable(f"There is no file '{path}'; name a .csv or .xlsx file.")
    if path.stat().st_size > _MOST_BYTES:
        raise LayerUnreadable(f"'{path.name}' is larger than {_MOST_BYTES // 1_000_000} MB; this is not such a table.")
    if path.suffix.lower() == ".xlsx":
        return _excel_lines(path)
    if path.suffix.lower() != ".csv":
        raise LayerUnreadable(f"'{path.name}' is neither .csv nor .xlsx; save it as one of them.")
    from rs_governance.grids.encoding import decode_text

    text = decode_text(path.read_bytes(), declared=None)
    if text is None:
        raise LayerUnreadable(f"'{path.name}' is neither UTF-8 nor GB 18030; save it as UTF-8.")
    return csv.reader(io.StringIO(text.removeprefix("\ufeff")))


def _excel_lines(path: Path) -> Iterator[Sequence[str]]:
    try:
        with zipfile.ZipFile(path) as packed:
            unpacked = sum(member.file_size for member in packed.infolist())
        if unpacked > _MOST_UNPACKED_BYTES:
            raise LayerUnreadable(f"'{path.name}' unpacks to {unpacked // 1_000_000} MB; this is not such a table.")
        workbook = load_workbook(path, read_only=True, data_only=True)
    except (OSError, KeyError, ValueError, zipfile.BadZipFile, InvalidFileException) as error:
        raise LayerUnreadable(f"'{path.name}' is no Excel workbook: {error}; save it anew as .xlsx.") from None
    try:
        for line in workbook.worksheets[0].iter_rows(values_only=True):
            yield ["" if cell is None else str(cell) for cell in line]
    finally:
        workbook.close()
