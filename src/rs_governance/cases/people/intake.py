"""Intake: rows of small tables that people write, as CSV or Excel, in whatever encoding."""

import csv
import hashlib
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Self

import sqlalchemy as sa
from sqlalchemy.orm import Session

from rs_governance.db import Intake
from rs_governance.errors import LayerUnreadable, RsgError
from rs_governance.grids.workbook import Formula, read_sheets

_MOST_BYTES = 20_000_000
_MOST_UNPACKED_BYTES = 200_000_000


@dataclass(frozen=True, kw_only=True)
class Row:
    """A row of a table."""

    number: int
    """Its number in the file, as a spreadsheet shows it."""
    values: Mapping[str, str | Formula]
    """Texts by our name of the column, stripped; empty where there is none."""

    def __getitem__(self, name: str) -> str:
        value = self.values[name]
        if isinstance(value, Formula):
            raise value.refusal()
        return value


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """A row that was not taken, and why."""

    row: int
    """Its number in the file."""
    problem: str
    """What was expected, what came."""
    problem_zh: str = ""
    """The same in Chinese."""

    @classmethod
    def of(cls, row: Row, error: RsgError) -> Self:
        """Make one of what a row raised."""
        return cls(row=row.number, problem=error.told("en"), problem_zh=error.told("zh"))


def note_intake(
    session: Session,
    purpose: str,
    path: Path,
    counts: Mapping[str, int],
    refused: Sequence[Refusal],
    *,
    actor: str,
    now: datetime,
) -> None:
    """Note who took a table in and what became of its rows; a file that is read again replaces what was said of it.

    Parameters
    ----------
    session
        Session of `Store.write`.
    purpose
        `people` or `holidays`.
    path
        The file.
    counts
        Rows by what became of them.
    refused
        Rows that were not taken.
    actor
        Account of who took it in.
    now
        Aware time.
    """
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    intake = session.scalar(sa.select(Intake).where(Intake.purpose == purpose, Intake.sha256 == sha256))
    if intake is None:
        intake = Intake(purpose=purpose, sha256=sha256, name=path.name)
        session.add(intake)
    intake.actor, intake.at = actor, now
    intake.taken, intake.refused = sum(counts.values()), len(refused)
    intake.result = {"counts": dict(counts), "refused": [asdict(one) for one in refused]}


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
        Each row that is not empty. Asking it for a cell with a formula that has no result raises `UsageError`.

    Raises
    ------
    LayerUnreadable
        When the file cannot be read, or lacks a column.
    """
    lines = _lines(path)
    header = ["" if isinstance(cell, Formula) else cell.strip().lower() for cell in next(lines, ())]
    places = {
        name: next((header.index(word) for word in words if word in header), None) for name, words in columns.items()
    }
    if missing := [" / ".join(columns[name]) for name in needed if places[name] is None]:
        raise LayerUnreadable(
            f"'{path.name}' has no column {', '.join(missing)}; its first row was expected to name "
            f"{', '.join(columns)}, it holds {', '.join(header) or 'nothing'}.",
            zh=f"'{path.name}' 缺少列 {'、'.join(missing)}；第一行应写列名 {'、'.join(columns)}，现有 {'、'.join(header) or '空'}。",
        )
    for number, line in enumerate(lines, 2):
        if any(isinstance(cell, Formula) or cell.strip() for cell in line):
            yield Row(number=number, values={name: _cell(line, at) for name, at in places.items()})


def _cell(line: Sequence[str | Formula], at: int | None) -> str | Formula:
    cell = line[at] if at is not None and at < len(line) else ""
    return cell if isinstance(cell, Formula) else cell.strip()


def _lines(path: Path) -> Iterator[Sequence[str | Formula]]:
    if not path.is_file():
        raise LayerUnreadable(
            f"There is no file '{path}'; name a .csv or .xlsx file.",
            zh=f"没有文件 '{path}'；请指定 .csv 或 .xlsx 文件。",
        )
    if path.stat().st_size > _MOST_BYTES:
        most = _MOST_BYTES // 1_000_000
        raise LayerUnreadable(
            f"'{path.name}' is larger than {most} MB; this is not such a table.",
            zh=f"'{path.name}' 超过 {most} MB，不是所需的表格；请核对文件。",
        )
    if path.suffix.lower() == ".xlsx":
        return _excel_lines(path)
    if path.suffix.lower() != ".csv":
        raise LayerUnreadable(
            f"'{path.name}' is neither .csv nor .xlsx; save it as one of them.",
            zh=f"'{path.name}' 既不是 .csv 也不是 .xlsx；请另存为其中一种。",
        )
    from rs_governance.grids.encoding import decode_text

    text = decode_text(path.read_bytes(), declared=None)
    if text is None:
        raise LayerUnreadable(
            f"'{path.name}' is neither UTF-8 nor GB 18030; save it as UTF-8.",
            zh=f"'{path.name}' 的编码既不是 UTF-8 也不是 GB 18030；请另存为 UTF-8。",
        )
    return csv.reader(io.StringIO(text.removeprefix("\ufeff")))


def _excel_lines(path: Path) -> Iterator[Sequence[str | Formula]]:
    for sheet in read_sheets(path.read_bytes(), path.name, most_bytes=_MOST_UNPACKED_BYTES):
        for line in sheet:
            yield ["" if cell is None else cell if isinstance(cell, Formula) else str(cell) for cell in line]
        return  # the first sheet alone
