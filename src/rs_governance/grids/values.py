"""Values of a file's fields: texts, numbers, days, and what is wrong with them."""

import re
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rs_governance.grids.carriers import RowProblem
from rs_governance.grids.placement import problem
from rs_governance.grids.sources import Objects, Rows, find_field

# 2026-10-20, 2026/1/5, 2026.1.5, 2026年1月5日, 20261020, each with or without a time behind.
_DAY = re.compile(r"(\d{4})(?:(\d{2})(\d{2})|\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?)(?:[T\s].*)?")


def texts(rows: Rows, field: str | None) -> Objects:
    """Return a field as texts, trimmed; None where it is empty or there is no such field."""
    if field is None:
        return np.full(len(rows), None, dtype=object)
    return np.array([_text(value) for value in rows.columns[field]], dtype=object).reshape(len(rows))


def numbers(rows: Rows, field: str | None) -> tuple[NDArray[np.float64], list[RowProblem]]:
    """Return a field as numbers, NaN where it is empty, and the values that are none."""
    values = texts(rows, field)
    parsed: NDArray[np.float64] = pd.to_numeric(pd.Series(values), errors="coerce").to_numpy(dtype=float)
    bad = np.isnan(parsed) & np.array([value is not None for value in values], dtype=bool)
    zh, en = "不是数，视为空", "not a number; taken as missing"
    found = [problem(rows, i, zh, en, field=str(field), value=values[i], kept=True) for i in np.flatnonzero(bad)]
    return parsed, found


def days(rows: Rows, field: str | None) -> tuple[Objects, NDArray[np.bool_]]:
    """Return a field as days, None where it is empty, and where it holds something that is no day."""
    values = rows.columns[field] if field is not None else np.full(len(rows), None, dtype=object)
    parsed = np.array([_day(value) for value in values], dtype=object).reshape(len(rows))
    filled = np.array([_text(value) is not None for value in values], dtype=bool)
    return parsed, filled & np.array([value is None for value in parsed], dtype=bool)


def pick(rows: Rows, name: str, wanted: Sequence[str], mapped: str | None) -> str | None:
    """Return the field of the file that holds what is called `name` here: the mapped one, else the first wanted."""
    return find_field(rows, (mapped,) if mapped is not None else (name, *wanted))


def _text(value: Any) -> str | None:
    if isinstance(value, float):
        if np.isnan(value):
            return None
        return str(int(value)) if value.is_integer() else str(value)
    text = "" if value is None or value is pd.NaT else str(value).strip()
    return text or None


def _day(value: Any) -> date | None:
    if isinstance(value, datetime | pd.Timestamp):
        return value.date()
    if isinstance(value, date):
        return value
    match = _DAY.fullmatch(_text(value) or "")
    if match is None:
        return None
    try:
        return date(int(match[1]), int(match[2] or match[4]), int(match[3] or match[5]))
    except ValueError:
        return None
