"""Tasks: the cases that somebody has to look at on the ground, and whose they are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import shapely
import sqlalchemy as sa
from sqlalchemy.orm import Session

from rs_governance.cases import RETURN_REASONS, ROLES, TRANSITIONS, Actor, facts_of, read_actor
from rs_governance.cases.life.naming import names_zh, roles_zh
from rs_governance.cases.life.rights import responsible_codes, stem, why_not
from rs_governance.db import Case, Coverage, Event, Finding
from rs_governance.errors import UsageError
from rs_governance.rules import SEVERITIES, THEMES, Word

FIELD_STATES = ("dispatched", "verifying", "returned")
"""States in which a case waits for somebody on the ground."""

VISITORS = TRANSITIONS["dispatched", "start"].roles
"""Roles that go and see cases."""

_URGENCY: list[str] = list(SEVERITIES)
_FAR = date(9999, 12, 31)
_AROUND_POINT_M = 15.0


@dataclass(frozen=True, kw_only=True)
class Receiver:
    """For whom a package is made, and what may be in it."""

    code: str
    """Account, or `town:CODE`, `theme:CODE` or both joined by `+`."""
    name: str
    """Name as shown."""
    actor: Actor | None = None
    """The person, where it is one: then only what was handed to them, or to a unit that they belong to."""
    town: str | None = None
    """Administrative code in which the cases lie; None for everywhere."""
    theme: str | None = None
    """Theme of the cases; None for all."""


@dataclass(frozen=True, kw_only=True)
class FieldTask:
    """A case to be looked at, with the finding that it rests on."""

    number: str
    """Number of the case."""
    version: int
    """Version of the case when it was read."""
    state: str
    """State of the case."""
    severity: str
    """How urgent it is."""
    suspicion: str
    """What the registers and rules say."""
    theme: str
    """Theme."""
    kind: str
    """Kind of change."""
    department: str
    """Responsible department."""
    channel: str
    """How it was discovered."""
    relation: str
    """What it is to the findings of the latest issue."""
    district_code: str
    """Code of the district."""
    town_code: str
    """Code of the town."""
    town_name: str
    """Name of the town; empty where nobody said."""
    village_code: str
    """Code of the village."""
    village_name: str
    """Name of the village; empty where nobody said."""
    cell_code: str
    """Code of the grid cell."""
    keeper: str
    """Keeper of the cell; empty where nobody said."""
    holder: str | None
    """Who has it in hand."""
    assignee: str | None
    """To whom it was handed."""
    due_on: date | None
    """Last day of the term."""
    area_m2: float
    """Area in m2."""
    cropland_m2: float
    """Of it, cropland."""
    basic_cropland_m2: float
    """Of it, permanent basic cropland."""
    protected_m2: float
    """Of it, protected."""
    permit_number: str | None
    """Approval that is known."""
    lon: float
    """Longitude of a point inside, WGS 84."""
    lat: float
    """Latitude of that point."""
    outline: shapely.Geometry
    """Polygons in the store's CRS; around the place where a clue names but a point."""
    published: shapely.Geometry | None
    """Outline of the finding as it was published; None for a case that no image saw."""
    issue: str | None
    """Issue of the finding; None for a case that no image saw."""
    spot: Mapping[str, Any]
    """Columns of the finding's spot; empty for a case that no image saw."""
    returned: str | None
    """Code of the reason for which evidence was sent back last, where it was."""

    @property
    def corrected(self) -> bool:
        """Whether the outline is no longer the published one."""
        return self.published is not None and not self.outline.equals(self.published)

    @property
    def before_image(self) -> str | None:
        """Identifier of the earlier image."""
        return self.spot.get("before_image")

    @property
    def after_image(self) -> str | None:
        """Identifier of the later image."""
        return self.spot.get("after_image")

    @property
    def return_words(self) -> Word | None:
        """Words of `returned`; None where nothing was sent back."""
        if self.returned is None:
            return None
        return RETURN_REASONS.get(self.returned, Word(self.returned, self.returned))


def read_receiver(
    session: Session, *, to: str | None = None, town: str | None = None, theme: str | None = None
) -> Receiver:
    """Find out for whom a package is, and what may be in it.

    Parameters
    ----------
    session
        Session of the store.
    to
        Account of an inspector; town and theme then narrow what is theirs.
    town
        Administrative code.
    theme
        Theme.

    Raises
    ------
    UsageError
        When nobody is named, or somebody or something that does not exist.
    """
    if theme is not None and theme not in THEMES:
        raise UsageError(
            f"'{theme}' is no theme; themes are {', '.join(THEMES)}.",
            zh=f"'{theme}' 不是专题；专题有 {names_zh(THEMES, THEMES)}。",
        )
    if town is not None and not (town.isdigit() and 6 <= len(town) <= 12):
        raise UsageError(
            f"'{town}' is no administrative code; a town has 9 or 12 digits, such as 450108100.",
            zh=f"'{town}' 不是区划代码；街镇代码为 9 或 12 位，如 450108100。",
        )
    if to is not None:
        actor = read_actor(session, to)
        if actor.role not in VISITORS:
            known = ", ".join(f"{role} ({ROLES[role].zh})" for role in VISITORS)
            raise UsageError(
                f"{actor.name} ({to}) is {actor.role}; tasks go to {known}, to a town or to a theme.",
                zh=f"{actor.name}（{to}）是{roles_zh([actor.role])}；任务发给 {roles_zh(VISITORS)}、街镇或专题。",
            )
        return Receiver(code=to, name=actor.name, actor=actor, town=town, theme=theme)
    if town is None and theme is None:
        raise UsageError(
            "A package is for somebody: name a person (--to), a town (--town) or a theme (--theme).",
            zh="任务包须指明给谁：人员（--to）、街镇（--town）或专题（--theme）。",
        )
    words = [_name_of(session, town)] if town is not None else []
    words += [THEMES[theme].zh] if theme is not None else []  # type: ignore[index]
    codes = [f"town:{town}"] if town is not None else []
    codes += [f"theme:{theme}"] if theme is not None else []
    return Receiver(code="+".join(codes), name=" · ".join(words), town=town, theme=theme)


def read_tasks(session: Session, receiver: Receiver | None = None) -> list[FieldTask]:
    """Read the cases that wait for somebody on the ground, the most urgent first.

    Parameters
    ----------
    session
        Session of the store.
    receiver
        Whose they are; None for all.
    """
    query = sa.select(Case).where(Case.state.in_(FIELD_STATES))
    cases = [case for case in session.scalars(query) if receiver is None or is_theirs(case, receiver)]
    findings = _findings(session, cases)
    names = _names(session)
    tasks = [_task(session, case, findings.get(case.id), names) for case in cases]
    return sorted(tasks, key=lambda task: (_URGENCY.index(task.severity), task.due_on or _FAR, task.number))


def is_theirs(case: Case, receiver: Receiver) -> bool:
    """Tell whether a case goes to a receiver: place and theme fit, and a person also may start it.

    A case that was handed to a unit (`town:CODE`, `department:CODE`) is for every inspector of that unit.
    """
    facts = facts_of(case)
    if receiver.town is not None and not any(code.startswith(stem(receiver.town)) for code in responsible_codes(facts)):
        return False
    if receiver.theme not in (None, case.theme):
        return False
    return receiver.actor is None or may_visit(facts, receiver.actor)


def may_visit(facts: Mapping[str, Any], actor: Actor) -> bool:
    """Tell whether somebody may go and see a case: it is theirs by right, and nobody else has it.

    Parameters
    ----------
    facts
        Fields of the case.
    actor
        Inspector.
    """
    if facts["holder"] is not None:
        return bool(facts["holder"] == actor.login)
    assignee = facts["assignee"]
    handed = assignee in (None, actor.login, f"department:{actor.department}") or assignee.startswith("town:")
    return handed and why_not(facts, actor) is None


def _as_area(outline: shapely.Geometry) -> shapely.Geometry:
    """Return polygons alone; of a place that is known as a point or a line, what lies around it."""
    parts = [part for part in shapely.get_parts(outline, return_index=False) if part.geom_type == "Polygon"]
    if parts:
        return parts[0] if len(parts) == 1 else shapely.MultiPolygon(parts)
    return outline.buffer(_AROUND_POINT_M)


def _findings(session: Session, cases: Sequence[Case]) -> dict[int, Finding]:
    """Read the finding that each case rests on: the current one of its latest issue."""
    chosen: dict[int, Finding] = {}
    numbers = [case.id for case in cases]
    for start in range(0, len(numbers), 500):  # SQLite takes a limited number of values
        query = sa.select(Finding).where(Finding.case_id.in_(numbers[start : start + 500]), Finding.current)
        for finding in session.scalars(query.order_by(Finding.issue, Finding.spot_no)):
            chosen[finding.case_id or 0] = finding
    return chosen


def _names(session: Session) -> Mapping[str, str]:
    rows = session.execute(sa.select(Coverage.code, Coverage.name).order_by(Coverage.id))
    return {row.code: row.name for row in rows}


def _name_of(session: Session, town: str) -> str:
    names = _names(session)
    return names.get(town) or names.get(town.ljust(12, "0")) or town


def _task(session: Session, case: Case, finding: Finding | None, names: Mapping[str, str]) -> FieldTask:
    spot: Mapping[str, Any] = {} if finding is None else finding.spot
    same = ("number", "version", "state", "severity", "suspicion", "theme", "kind", "department", "channel", "relation",
            "district_code", "town_code", "village_code", "cell_code", "holder", "assignee", "due_on", "area_m2",
            "cropland_m2", "basic_cropland_m2", "protected_m2", "permit_number", "lon", "lat")  # fmt: skip
    returned = None
    if case.state == "returned":
        returned = session.scalar(
            sa
            .select(Event.reason)
            .where(Event.case_number == case.number, Event.action == "return")
            .order_by(Event.id.desc())
            .limit(1)
        )
    return FieldTask(
        **{name: getattr(case, name) for name in same},
        outline=_as_area(case.outline),
        town_name=spot.get("town_name") or names.get(case.town_code, ""),
        village_name=spot.get("village_name") or names.get(case.village_code, ""),
        keeper=spot.get("keeper") or "",
        published=None if finding is None else finding.outline,
        issue=None if finding is None else finding.issue,
        spot=spot,
        returned=returned,
    )
