"""What became of the published spots: each with the verdict and the resolution of its case."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import shapely
import sqlalchemy as sa
from sqlalchemy.orm import Session

from rs_governance.cases.life.words import RESOLUTIONS
from rs_governance.db import Case, Event, Finding

JUDGED = frozenset(("lawful", "other", "illegal", "false_change"))
"""Verdicts by which somebody has said what a case is."""


@dataclass(frozen=True, kw_only=True)
class SpotOutcome:
    """A published spot that somebody had to look at, and what became of it."""

    issue: str
    """Issue that published it."""
    spot_no: str
    """Number of the spot."""
    case_number: str
    """Number of its case."""
    relation: str
    """What it is to its case: new, continuing, ..."""
    first: bool
    """True where the images showed the case for the first time, or for the first time after it had been closed: the spot
    that sent somebody out. Later months show the same place again."""
    kind: str
    """Kind of change as people left it."""
    machine_kind: str
    """Kind of change as it was published."""
    theme: str
    """Theme of the case."""
    severity: str
    """Severity as published."""
    town_code: str
    """Town."""
    department: str
    """Responsible department."""
    score: float
    """Score of the change, 0..1."""
    before_image: str
    """Image before."""
    after_image: str
    """Image after."""
    before_on: date
    """Day of the image before."""
    after_on: date
    """Day of the image after."""
    state: str
    """State of the case; that in which it ended, where it was reopened for a later change."""
    verdict: str
    """Verdict of the case, likewise."""
    resolution: str | None
    """Resolution of the case, where it is closed."""
    judged_at: datetime | None
    """When somebody, or a register, first said what it is and was not reversed; None where nobody did yet."""
    closed_at: datetime | None
    """When the case was closed."""
    outline: shapely.Geometry
    """Outline as people left it, in the store's CRS; that of the spot where nobody changed it."""

    @property
    def label(self) -> str | None:
        """Return what it teaches, `change` or `no_change`; None while the case is open or where it teaches nothing."""
        label = RESOLUTIONS[self.resolution].label if self.resolution else "unknown"
        return None if label == "unknown" else label


@dataclass(kw_only=True)
class _Life:
    """A case from its opening, or from the change that reopened it, to its end."""

    since: str = ""
    """Issue that began it; empty for the first."""
    state: str = "detected"
    verdict: str = "unverified"
    resolution: str | None = None
    judged_at: datetime | None = None
    closed_at: datetime | None = None

    def follow(self, event: "sa.Row[Any]") -> None:
        """Take in what an event changed."""
        self.state = event.to_state
        self.verdict = event.changes.get("verdict", self.verdict)
        self.resolution = event.changes.get("resolution", self.resolution)
        if self.verdict not in JUDGED:
            self.judged_at = None
        elif self.judged_at is None:
            self.judged_at = event.at
        self.closed_at = event.at if event.to_state == "closed" else None


def gather_outcomes(session: Session) -> list[SpotOutcome]:
    """List the published spots that were work and belong to a case, with what became of them.

    Parameters
    ----------
    session
        Session of the store.

    Returns
    -------
    list of SpotOutcome
        By issue and number; spots that a re-issue superseded are left out, and green ones: nobody was sent to them.
    """
    lives = _read_lives(session)
    rows = session.execute(
        sa
        .select(Finding, Case)
        .join(Case, Finding.case_id == Case.id)
        .where(Finding.current, Finding.severity != "green")
        .order_by(Finding.issue, Finding.spot_no)
    )
    outcomes, seen = [], set()
    for finding, case in rows:
        life = _life_of(lives[case.number], finding.issue)
        first = (case.number, life.since) not in seen and finding.relation != "demolished"
        if first:
            seen.add((case.number, life.since))
        outcomes.append(_outcome(finding, case, life, first=first))
    return outcomes


def _read_lives(session: Session) -> Mapping[str, Sequence[_Life]]:
    # Verdicts and resolutions come with a change of state.
    columns = (Event.case_number, Event.action, Event.role, Event.at, Event.to_state, Event.changes, Event.facts)
    moved = sa.or_(Event.from_state.is_(None), Event.from_state != Event.to_state)
    lives: dict[str, list[_Life]] = defaultdict(list)
    for event in session.execute(sa.select(*columns).where(moved).order_by(Event.id)):
        mine = lives[event.case_number]
        if not mine:
            mine.append(_Life())
        elif event.action == "reopen" and event.role == "system":
            # What the images show after the end is another change; a person who reopens corrects the former end.
            mine.append(_Life(since=event.facts.get("issue", "")))
        mine[-1].follow(event)
    return lives


def _life_of(lives: Sequence[_Life], issue: str) -> _Life:
    return next(life for life in reversed(lives) if life.since <= issue)


def _outcome(finding: Finding, case: Case, life: _Life, *, first: bool) -> SpotOutcome:
    corrected = set(case.machine)
    return SpotOutcome(
        issue=finding.issue,
        spot_no=finding.spot_no,
        case_number=case.number,
        relation=finding.relation or "new",
        first=first,
        kind=case.kind if "kind" in corrected else finding.kind,
        machine_kind=finding.kind,
        theme=case.theme if "theme" in corrected else finding.theme,
        severity=finding.severity,
        town_code=finding.town_code,
        department=case.department,
        score=finding.score,
        before_image=finding.before_image,
        after_image=finding.after_image,
        before_on=finding.before_on,
        after_on=finding.after_on,
        state=life.state,
        verdict=life.verdict,
        resolution=life.resolution,
        judged_at=life.judged_at,
        closed_at=life.closed_at,
        outline=case.outline if "outline" in corrected else finding.outline,
    )
