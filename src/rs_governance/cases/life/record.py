"""A case as plain values: what events carry, so that replaying them gives the case."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Any

import shapely
import sqlalchemy as sa

from rs_governance.db import Case, Event, Moment, Outline, moment_text

CASE_FIELDS: tuple[str, ...] = tuple(column.name for column in Case.__table__.columns if column.name != "id")
"""Fields of a case that events set, in the table's order."""

# From an act to its record, all of it on one machine.
_AT_ONCE = timedelta(minutes=1)

_TYPES = {column.name: column.type for column in Case.__table__.columns}


def facts_of(case: Case) -> dict[str, Any]:
    """Read a case into a dictionary of its fields."""
    return {name: getattr(case, name) for name in CASE_FIELDS}


def to_plain(value: Any) -> Any:
    """Write a field's value as JSON can carry it: geometry as hexadecimal WKB, days and times as text."""
    if isinstance(value, shapely.Geometry):
        return shapely.to_wkb(value, hex=True, byte_order=1)
    if isinstance(value, datetime):
        return moment_text(value)
    return value.isoformat() if isinstance(value, date) else value


def from_plain(name: str, value: Any) -> Any:
    """Read a field's value back from JSON by the type of its column."""
    if value is None:
        return None
    kind = _TYPES[name]
    if isinstance(kind, Outline):
        return shapely.from_wkb(value)
    if isinstance(kind, Moment):
        return datetime.fromisoformat(value)
    return date.fromisoformat(value) if isinstance(kind, sa.Date) else value


def recorded_apart(event: Event) -> datetime | None:
    """Return when an event was recorded, where that is another time than the one at which it is said to have happened."""
    return event.recorded_at if abs(event.recorded_at - event.at) > _AT_ONCE else None


def replay(events: Iterable[Event]) -> dict[str, Any]:
    """Rebuild a case from its events.

    Parameters
    ----------
    events
        Events of one case in the order of their id.

    Returns
    -------
    dict
        Fields as `facts_of` gives them.
    """
    plain: dict[str, Any] = {}
    for event in events:
        plain |= event.changes
    return {name: from_plain(name, value) for name, value in plain.items()}


def plain_changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """Keep of `new` what differs from `old`, as plain values."""
    plain = {name: to_plain(value) for name, value in new.items()}
    return {name: value for name, value in plain.items() if name not in old or to_plain(old[name]) != value}
