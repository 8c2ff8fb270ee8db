"""Calendars: the holiday table of a store, and its clocks."""

import re
from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.orm import Session

from rs_governance.cases.life.asking import Actor
from rs_governance.cases.life.clocks import DEFAULT_CLOCKS, Calendar, Clocks, load_clocks
from rs_governance.cases.people.intake import Refusal, Row, note_intake, read_rows
from rs_governance.db import Holiday, Store
from rs_governance.db.chain import machine_time
from rs_governance.errors import UsageError

CLOCKS_FILE = "clocks.toml"
"""File in the folder of a store that takes the place of the clocks that come with the program."""

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "date": ("date", "day", "日期"),
    "working": ("working", "type", "上班", "类型"),
    "name": ("name", "名称", "节日"),
}
"""Columns of a file of holidays and how they may be called."""

_WORKED: Mapping[str, bool] = {
    "working": True,
    "上班": True,
    "调休上班": True,
    "holiday": False,
    "放假": False,
    "休息": False,
}


def clocks_of(store: Store) -> Clocks:
    """Read the clocks of a store: its own `clocks.toml`, else the program's, with its holiday table.

    Parameters
    ----------
    store
        The store.

    Returns
    -------
    Clocks
        For `act`, `open_case` and `warn_of_terms`.
    """
    own = store.folder / CLOCKS_FILE
    with store.read() as session:
        return load_clocks(own if own.is_file() else DEFAULT_CLOCKS, read_calendar(session))


def read_calendar(session: Session) -> Calendar:
    """Read the holiday table."""
    rows = session.execute(sa.select(Holiday.day, Holiday.working))
    return Calendar(days={row.day: row.working for row in rows})


def take_holidays(
    session: Session, path: Path, *, actor: Actor | None = None, now: datetime | None = None
) -> tuple[dict[str, int], tuple[Refusal, ...]]:
    """Take a file of holidays into the table; what was there for the same day gives way.

    Parameters
    ----------
    session
        Session of `Store.write`.
    path
        CSV or Excel file with the columns date, working (`working` or `holiday`) and name.
    actor
        Who takes it in (`read_keeper`); None for the program itself.
    now
        Aware time; None for that of the machine.

    Returns
    -------
    tuple
        Days by what became of them (added, changed, same), and the rows that were refused.

    Raises
    ------
    LayerUnreadable
        When the file cannot be read or lacks a column.
    """
    known = {holiday.day: holiday for holiday in session.scalars(sa.select(Holiday))}
    counts, refused = dict.fromkeys(("added", "changed", "same"), 0), []
    for row in read_rows(path, COLUMNS, needed=("date", "working")):
        try:
            day, working, name = _read_day(row)
        except UsageError as error:
            refused.append(Refusal.of(row, error))
            continue
        former = known.get(day)
        if former is None:
            known[day] = Holiday(day=day, working=working, name=name)
            session.add(known[day])
            counts["added"] += 1
        elif (former.working, former.name) == (working, name):
            counts["same"] += 1
        else:
            former.working, former.name = working, name
            counts["changed"] += 1
    by = "system" if actor is None else actor.login
    note_intake(session, "holidays", path, counts, refused, actor=by, now=now or machine_time())
    return counts, tuple(refused)


def _read_day(row: Row) -> tuple[date, bool, str]:
    try:
        day = date.fromisoformat(_iso(row["date"]))
    except ValueError:
        raise UsageError(
            f"'{row['date']}' is no date; write it as 2026-10-01", zh=f"'{row['date']}' 不是日期；请写成 2026-10-01"
        ) from None
    working = _WORKED.get(row["working"].lower())
    if working is None:
        raise UsageError(
            f"'{row['working']}' says neither working nor holiday; write one of {', '.join(_WORKED)}",
            zh=f"'{row['working']}' 看不出上班还是放假；请写 {'、'.join(_WORKED)} 之一",
        )
    return day, working, row["name"]


def _iso(text: str) -> str:
    # Excel gives midnight with a day, people write it with slashes.
    day = re.split("[ T]", text, maxsplit=1)[0].replace("/", "-")
    return "-".join(part.zfill(2) for part in day.split("-"))
