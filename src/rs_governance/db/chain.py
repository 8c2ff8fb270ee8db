"""The chain of events: each seals all that came before it."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from rs_governance.db.business import Event
from rs_governance.db.types import Moment, Plain, canonical_json, moment_text

GENESIS = "0" * 64
"""What the first event follows."""

SEALED: tuple[str, ...] = (
    "id", "case_number", "version", "action", "actor", "role", "at", "recorded_at", "from_state", "to_state", "reason", "note",
    "evidence", "facts", "changes", "key", "previous",
)  # fmt: skip
"""Columns of an event that its hash seals. Fixed: with one more, no event of before would have its hash any longer."""

_TYPES = {column.name: column.type for column in Event.__table__.columns}


def machine_time() -> datetime:
    """Read the machine's clock: when an event is recorded, whatever time somebody says that it happened."""
    return datetime.now(UTC)


def seal(stored: Mapping[str, Any]) -> str:
    """Hash an event as it is stored, to the byte, with the hash before it.

    Parameters
    ----------
    stored
        The columns `SEALED` as the database keeps them: numbers, texts, None; lists, dictionaries and times as text.

    Returns
    -------
    str
        SHA-256 of their canonical JSON, 64 hexadecimal digits.
    """
    content = canonical_json({name: stored[name] for name in SEALED})
    return hashlib.sha256(content.encode()).hexdigest()


def as_stored(column: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    """Select a column as the database keeps it, not as Python sees it."""
    return sa.type_coerce(column, sa.types.NullType())


def append_event(session: Session, *, at: datetime | None = None, **fields: Any) -> Event:
    """Append an event to the chain.

    Parameters
    ----------
    session
        Session of `Store.write`, which alone writes meanwhile.
    at
        Aware time at which it happened; None for now. When it was recorded is read from the machine's clock.
    **fields
        Every other column of `Event` but id, recorded_at, previous and hash.

    Returns
    -------
    Event
        The event, flushed.
    """
    # By primary key, so that it costs the same after a million events.
    last = session.execute(sa.select(Event.id, Event.hash).order_by(Event.id.desc()).limit(1)).first()
    number, previous = (last.id + 1, last.hash) if last else (1, GENESIS)
    recorded_at = machine_time()
    content = {**fields, "id": number, "previous": previous, "at": at or recorded_at, "recorded_at": recorded_at}
    event = Event(**content, hash=seal({name: _stored(name, value) for name, value in content.items()}))
    session.add(event)
    session.flush()
    return event


def append_events(session: Session, events: Sequence[Mapping[str, Any]], *, at: datetime) -> None:
    """Append many events to the chain in one statement, in their order.

    Parameters
    ----------
    session
        Session of `Store.write`, which alone writes meanwhile.
    events
        Every column of each `Event` but id, at, recorded_at, previous and hash.
    at
        Aware time at which all of them happened.
    """
    last = session.execute(sa.select(Event.id, Event.hash).order_by(Event.id.desc()).limit(1)).first()
    number, previous = (last.id, last.hash) if last else (0, GENESIS)
    rows, recorded_at = [], machine_time()
    for event in events:
        number += 1
        content = {**event, "id": number, "previous": previous, "at": at, "recorded_at": recorded_at}
        previous = seal({name: _stored(name, value) for name, value in content.items()})
        rows.append({**content, "hash": previous})
    if rows:
        session.execute(Event.__table__.insert(), rows)  # type: ignore[attr-defined]


def _stored(name: str, value: Any) -> Any:
    if isinstance(_TYPES[name], Plain):
        return canonical_json(value)
    return moment_text(value) if isinstance(_TYPES[name], Moment) else value
