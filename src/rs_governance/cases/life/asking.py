"""Asking: who asks for what to be done to a case, and what is known when that is decided."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone
from typing import Any, NamedTuple

import shapely

from rs_governance.cases.life.clocks import Clocks
from rs_governance.cases.life.transitions import Action
from rs_governance.cases.life.words import Role
from rs_governance.db import Event

CHINA = timezone(timedelta(hours=8))
"""Clocks and days are those of China's time."""


@dataclass(frozen=True, kw_only=True)
class Actor:
    """Who acts."""

    login: str
    """Account."""
    name: str
    """Name as shown."""
    role: Role
    """Role."""
    prefix: str = ""
    """Prefix of the administrative codes that are theirs; empty for the whole district."""
    themes: tuple[str, ...] = ()
    """Themes that are theirs; empty for all."""
    department: str | None = None
    """Department, for enforcement officers; None for every one."""


@dataclass(frozen=True, kw_only=True)
class Act:
    """What somebody asks to do to a case."""

    action: Action
    """What is to be done."""
    actor: Actor
    """Who does it."""
    version: int | None = None
    """Version of the case that the actor saw; None to act on whatever it is now."""
    reason: str | None = None
    """Code of a reason."""
    note: str = ""
    """Words."""
    evidence: tuple[str, ...] = ()
    """SHA-256 of files that go with it."""
    values: Mapping[str, Any] = field(default_factory=dict)
    """What the action needs: assignee, verdict, measure, step, referral, resolution, into, parts, correction, days, rating;
    for `observe`, `propose` and `reopen`: facts (for the record) and fields (what the machine sees now)."""
    key: str | None = None
    """Key under which doing it twice counts once."""


class Place(NamedTuple):
    """Where an outline is and how large."""

    lon: float
    """Longitude of a point inside, WGS84."""
    lat: float
    """Latitude of that point."""
    area_m2: float
    """Area on the ellipsoid."""


@dataclass(frozen=True, kw_only=True)
class Context:
    """What is known when an act is decided."""

    now: datetime
    """Aware time."""
    clocks: Clocks
    """Terms, working days, and whose rejections need a second opinion."""
    events: Callable[[], Sequence[Event]] = tuple
    """Gives the case's events, the first first; called only where they are asked for."""
    measure: Callable[[shapely.Geometry], Place] | None = None
    """Measures an outline that is in the store's CRS; needed where one is drawn anew."""

    @property
    def today(self) -> date:
        """Day in China."""
        return self.now.astimezone(CHINA).date()


@dataclass(frozen=True, kw_only=True)
class Decision:
    """What an act leads to."""

    to: str
    """State after it."""
    changes: Mapping[str, Any]
    """New values of the case's fields."""
    facts: Mapping[str, Any]
    """What the event records besides."""
