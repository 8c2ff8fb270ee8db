"""Recording: whatever the service writes besides cases goes on record in the chain of events, row by row.

Cases are what their events say. Every other row (a person, a holiday, a clue, a permit, a finding, a photo, an intake, an
export, the settings with which a store begins) is written by many hands; so that none forgets it, the connection itself notes which rows a transaction wrote, and
`Store.write` ends with one event that carries their digests. In PostgreSQL the same is said by triggers and a temporary
table that is emptied on commit.

An event names the columns that its digests are of: a step of the schema may add some. One that renames, removes or recomputes
some has to record the rows anew.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from rs_governance.db.base import Base
from rs_governance.db.chain import append_event, as_stored
from rs_governance.db.types import canonical_json

NO_CASE = ""
"""Case of an event that is about none."""

RECORD = "record"
"""Action of an event that says what was written besides cases."""

NOT_RECORDED = ("cases", "events", "anchors")
"""Tables whose rows no event tells of: what events say is not said twice, and an anchor is set on what is recorded already."""

_AT_ONCE = 500
_WRITTEN = "written"


def recorded_tables() -> dict[str, sa.Table]:
    """List the tables whose rows go on record, by name."""
    return {table.name: table for table in Base.metadata.sorted_tables if table.name not in NOT_RECORDED}


def columns_of(table: sa.Table) -> list[str]:
    """List the columns of a table that go on record: all there are now."""
    return [column.name for column in table.columns]


def watch(session: Session) -> None:
    """Let the connection note which rows are written from now on.

    Parameters
    ----------
    session
        Session of `Store.write`, before anything is written.
    """
    connection = session.connection()
    if connection.exec_driver_sql(f"SELECT 1 FROM sqlite_temp_master WHERE name = '{_WRITTEN}'").first():
        return
    connection.exec_driver_sql(f"CREATE TEMP TABLE {_WRITTEN} (name TEXT NOT NULL, row INTEGER NOT NULL)")
    for name in recorded_tables():
        for verb, row in (("insert", "NEW"), ("update", "NEW"), ("delete", "OLD")):
            connection.exec_driver_sql(
                f'CREATE TEMP TRIGGER "{_WRITTEN}_{name}_{verb}" AFTER {verb.upper()} ON main."{name}" '
                f"BEGIN INSERT INTO {_WRITTEN} VALUES ('{name}', {row}.id); END"
            )


def record_rows(session: Session, *, at: datetime | None = None) -> None:
    """Append an event with the digests of all rows that were written since `watch`; none where nothing was.

    Parameters
    ----------
    session
        Session of `Store.write`, when all is flushed.
    at
        Aware time at which it happened; None for now.
    """
    written: dict[str, list[int]] = {}
    for name, row in session.execute(sa.text(f"SELECT DISTINCT name, row FROM {_WRITTEN} ORDER BY name, row")):
        written.setdefault(name, []).append(row)
    if not written:
        return
    tables = recorded_tables()
    facts = {}
    for name, rows in written.items():
        columns = columns_of(tables[name])
        facts[name] = {"columns": columns, "rows": digest_rows(session, tables[name], columns, rows)}
    append_event(
        session,
        at=at,
        case_number=NO_CASE,
        version=0,
        action=RECORD,
        actor="system",
        role="system",
        from_state=None,
        to_state="",
        reason=None,
        note="",
        evidence=[],
        facts=facts,
        changes={},
        key=None,
    )
    session.execute(sa.text(f"DELETE FROM {_WRITTEN}"))


def digest_rows(
    session: Session, table: sa.Table, columns: Sequence[str], rows: Iterable[int]
) -> Mapping[str, str | None]:
    """Hash rows as they are stored, to the byte.

    Parameters
    ----------
    session
        Any session.
    table
        Table of the rows.
    columns
        Columns that count, in their order.
    rows
        Ids.

    Returns
    -------
    dict
        SHA-256 in hexadecimal digits by id; None for a row that is not there.
    """
    wanted = list(rows)
    found: dict[str, str | None] = {str(row): None for row in wanted}
    statement = sa.select(table.c.id, *(as_stored(table.c[name]) for name in columns))
    for at in range(0, len(wanted), _AT_ONCE):
        for row in session.execute(statement.where(table.c.id.in_(wanted[at : at + _AT_ONCE]))):
            found[str(row[0])] = _digest(row[1:])
    return found


def _digest(values: Iterable[Any]) -> str:
    plain = [{"bytes": value.hex()} if isinstance(value, bytes) else value for value in values]
    return hashlib.sha256(canonical_json(plain).encode()).hexdigest()
