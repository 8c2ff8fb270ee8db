"""Acting on many cases at once: the same decisions and the same chain as one by one, written in bulk."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from rs_governance.cases.life.acting import Opening, first_facts
from rs_governance.cases.life.asking import Act, Actor
from rs_governance.cases.life.clocks import Clocks
from rs_governance.cases.life.deciding import check_time, decide
from rs_governance.cases.life.record import CASE_FIELDS, plain_changes
from rs_governance.db import Case, Event
from rs_governance.db.chain import append_events
from rs_governance.errors import UsageError

# SQLite takes so many values in one statement with room to spare.
_AT_ONCE = 500


@dataclass(kw_only=True)
class Batch:
    """Openings and acts of the system that are decided one after the other and written together by `write`.

    Every act goes through `decide`, so what the table forbids is refused here too. Nobody else writes meanwhile: the
    session is that of `Store.write`.
    """

    session: Session
    """Session of `Store.write`."""
    actor: Actor
    """Who opens and acts."""
    now: datetime
    """Aware time of all of it."""
    clocks: Clocks
    """Clocks, for the terms."""
    _cases: dict[str, dict[str, Any]] = field(default_factory=dict)
    _opened: list[str] = field(default_factory=list)
    _changed: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    _events: list[dict[str, Any]] = field(default_factory=list)
    _last: dict[str, datetime] = field(default_factory=dict)
    _done: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        """Keep the time as it is stored."""
        self.now = self.now.astimezone(UTC)

    def load(self, numbers: Iterable[str], keys: Iterable[str] = ()) -> None:
        """Read the cases that will be acted on, and which of the keys were used before.

        Parameters
        ----------
        numbers
            Numbers of cases.
        keys
            Keys of the acts that will be asked for.
        """
        columns = [getattr(Case, name) for name in CASE_FIELDS]
        for some in _chunks(sorted({*numbers} - set(self._cases))):
            for row in self.session.execute(sa.select(*columns).where(Case.number.in_(some))):
                self._cases[row.number] = dict(row._mapping)
            last = sa.select(sa.func.max(Event.id)).where(Event.case_number.in_(some)).group_by(Event.case_number)
            for number, at in self.session.execute(sa.select(Event.case_number, Event.at).where(Event.id.in_(last))):
                self._last[number] = at
        for some in _chunks(sorted({*keys})):
            self._done |= set(self.session.scalars(sa.select(Event.key).where(Event.key.in_(some))))

    def facts(self, number: str) -> Mapping[str, Any]:
        """Return the fields of a case that was loaded or opened, as they are by now.

        Raises
        ------
        UsageError
            When there is no such case.
        """
        if number not in self._cases:
            raise UsageError(
                f"There is no case {number}; 'rsg cases list' shows those there are.",
                zh=f"没有案件 {number}；可用 'rsg cases list' 查看。",
            )
        return self._cases[number]

    def was_done(self, key: str) -> bool:
        """Tell whether a key was used before: in this batch, or in the store if it was given to `load`."""
        return key in self._done

    def open(self, opening: Opening) -> None:
        """Open a case; its number must be free. Nothing happens where its key was used before.

        Parameters
        ----------
        opening
            What it begins with.
        """
        if opening.key in self._done:
            return
        facts = first_facts(opening, now=self.now, clocks=self.clocks)
        self._cases[opening.number] = facts
        self._opened.append(opening.number)
        self._record(
            facts,
            {},
            facts,
            action="open",
            from_state=None,
            note=opening.note,
            facts=dict(opening.evidence),
            key=opening.key,
        )

    def act(self, number: str, asked: Act) -> None:
        """Do something to a case that was loaded or opened. Nothing happens where its key was used before.

        Parameters
        ----------
        number
            Number of the case.
        asked
            What is to be done.

        Raises
        ------
        ActionRefused
            When the state or the person forbids it.
        """
        if asked.key is not None and asked.key in self._done:
            return
        old = self.facts(number)
        check_time(number, self.now, self._last.get(number))
        decision = decide(old, asked, now=self.now, clocks=self.clocks)
        changed = {**decision.changes, "version": old["version"] + 1}
        new = {**old, **changed}
        self._cases[number] = new
        self._changed[number] |= set(changed)
        self._record(
            new,
            old,
            changed,
            action=asked.action,
            from_state=old["state"],
            note=asked.note,
            facts=dict(decision.facts),
            key=asked.key,
            reason=asked.reason or asked.values.get("resolution"),
        )

    def write(self) -> int:
        """Write all of it: cases, then events with their seals.

        Returns
        -------
        int
            Number of events.
        """
        table = Case.__table__
        opened = set(self._opened)
        if self._opened:
            self.session.execute(sa.insert(table), [self._cases[number] for number in self._opened])  # type: ignore[arg-type]
        by_columns: dict[tuple[str, ...], list[str]] = defaultdict(list)
        for number, columns in sorted(self._changed.items()):
            if number not in opened:
                by_columns[tuple(sorted(columns))].append(number)
        for names, numbers in sorted(by_columns.items()):
            statement = (
                sa
                .update(table)  # type: ignore[arg-type]
                .where(table.c.number == sa.bindparam("number_"))
                .values({name: sa.bindparam(f"{name}_new") for name in names})
            )
            rows = [
                {"number_": number, **{f"{name}_new": self._cases[number][name] for name in names}}
                for number in numbers
            ]
            self.session.connection().execute(statement, rows)
        append_events(self.session, self._events, at=self.now)
        count, self._events, self._opened = len(self._events), [], []
        self._changed.clear()
        self.session.expire_all()
        return count

    def _record(
        self, case: Mapping[str, Any], old: Mapping[str, Any], changed: Mapping[str, Any], **content: Any
    ) -> None:
        if content["key"] is not None:
            self._done.add(content["key"])
        self._events.append({
            "case_number": case["number"],
            "version": case["version"],
            "actor": self.actor.login,
            "role": self.actor.role,
            "to_state": case["state"],
            "reason": None,
            "evidence": [],
            "changes": plain_changes(old, changed),
            **content,
        })


def _chunks(values: Sequence[str]) -> Iterable[Sequence[str]]:
    return (values[at : at + _AT_ONCE] for at in range(0, len(values), _AT_ONCE))
