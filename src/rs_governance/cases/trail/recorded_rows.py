"""Comparing every row besides cases with what the chain of events says of it."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from rs_governance.db import Event
from rs_governance.db.chain import as_stored
from rs_governance.db.defects import Defect, DefectKind
from rs_governance.db.recording import NO_CASE, RECORD, digest_rows, recorded_tables


def check_rows(session: Session) -> tuple[int, list[Defect]]:
    """Find the rows that are not as they were last recorded.

    Parameters
    ----------
    session
        Any session; the events are read one after the other, the rows of one event some hundred at a time.

    Returns
    -------
    int, list of Defect
        Number of rows that the chain tells of and that are there, and a defect for each that was changed, is gone, or was
        written by nobody.
    """
    check = _Check(session)
    defects = [*check.recorded(), *check.unrecorded()]
    return check.count, defects


class _Check:
    def __init__(self, session: Session) -> None:
        self.count = 0
        self._session = session
        self._tables = recorded_tables()
        self._seen: dict[str, set[int]] = {name: set() for name in self._tables}

    def recorded(self) -> Iterator[Defect]:
        """Walk back from the newest event: what it says of a row counts, what older ones said of it is history.

        Yields
        ------
        Defect
            For each row that was changed or is gone.
        """
        statement = (
            sa
            .select(Event.id, as_stored(Event.__table__.c.facts))
            .where(Event.case_number == NO_CASE, Event.action == RECORD)
            .order_by(Event.id.desc())
            .execution_options(yield_per=1)
        )
        try:
            for event, facts in self._session.execute(statement):
                for name, content in _content(facts).items():
                    yield from self._compare(event, name, content)
        except sa.exc.OperationalError as error:
            yield Defect(kind="row_changed", where="events", detail=f"one cannot be read: {error.orig}")

    def _compare(self, event: int, name: str, content: Mapping[str, Any]) -> Iterator[Defect]:
        table, seen = self._tables.get(name), self._seen.setdefault(name, set())
        expected = {row: digest for row, digest in content["rows"].items() if int(row) not in seen}
        seen.update(map(int, expected))
        if not expected:
            return
        if table is None or not set(content["columns"]) <= set(table.c.keys()):
            detail = (
                f"event {event} recorded rows by columns that this program does not know; audit it with that which does"
            )
            yield Defect(kind="row_changed", where=name, detail=detail)
            return
        try:
            found = digest_rows(self._session, table, content["columns"], map(int, expected))
        except (sa.exc.OperationalError, TypeError, ValueError) as error:
            yield Defect(
                kind="row_changed", where=name, detail=f"a row that event {event} recorded is unreadable: {error}"
            )
            return
        for row, digest in expected.items():
            self.count += found[row] is not None
            if found[row] == digest:
                continue
            kind: DefectKind = "row_missing" if found[row] is None else "row_changed"
            what = "is gone" if found[row] is None else f"{self._name(table, int(row))} is another"
            yield Defect(kind=kind, where=f"{name} {row}", detail=f"the row that event {event} recorded {what}")

    def unrecorded(self) -> Iterator[Defect]:
        """Find the rows of which no event tells.

        Yields
        ------
        Defect
            For each of them.
        """
        for name, table in self._tables.items():
            for row in self._session.scalars(sa.select(table.c.id).execution_options(yield_per=1000)):
                if row not in self._seen[name]:
                    detail = f"no event tells of it: {self._name(table, row)} was not written by this program"
                    yield Defect(kind="row_unrecorded", where=f"{name} {row}", detail=detail)

    def _name(self, table: sa.Table, row: int) -> str:
        """Tell by which a row is known to people: an account, a day, channel and number, ..."""
        known_by = next(each for each in table.constraints if isinstance(each, sa.UniqueConstraint))
        columns = [sa.cast(column, sa.LargeBinary) for column in known_by.columns]
        values = self._session.execute(sa.select(*columns).where(table.c.id == row)).one()
        return " ".join("-" if value is None else bytes(value).decode("utf-8", "replace") for value in values)


def _content(facts: Any) -> dict[str, dict[str, Any]]:
    """Read what an event says of rows; nothing where somebody spoilt it, which its hash tells."""
    try:
        content: dict[str, dict[str, Any]] = json.loads(facts)
        spoilt = [
            part for part in content.values() if not all(row.isdecimal() for row in part["rows"]) or not part["columns"]
        ]
    except (ValueError, TypeError, KeyError, AttributeError):
        return {}
    return {} if spoilt else content
