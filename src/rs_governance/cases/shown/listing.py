"""Listing: which cases there are, filtered, sorted, by the page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from rs_governance.cases.life.rights import stem
from rs_governance.cases.life.words import STATES
from rs_governance.db import Case, Event
from rs_governance.rules import SEVERITIES

Order = Literal["due", "severity", "number", "area", "seen", "opened", "state"]
"""What cases can be sorted by."""

COLUMNS = ("number", "version", "severity", "kind", "theme", "state", "verdict", "channel", "town_code", "village_code",
           "holder", "assignee", "pending", "due_on", "warned", "area_m2", "first_seen_on", "last_seen_on", "relation",
           "recurrence", "lon", "lat")  # fmt: skip
"""Columns of a page; after them `proposal`: the action that the machine proposed and nobody has answered, or None."""


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Which cases are wanted; what is empty or None leaves all."""

    states: tuple[str, ...] = ()
    """States; without any, every state."""
    open_only: bool = False
    """Leave closed ones out."""
    severities: tuple[str, ...] = ()
    """Severities."""
    themes: tuple[str, ...] = ()
    """Themes."""
    channels: tuple[str, ...] = ()
    """Channels."""
    town: str | None = None
    """Town or village: a code, of which what lies in it begins with the same digits."""
    holder: str | None = None
    """Account of the holder; `-` for those that nobody holds."""
    due_by: date | None = None
    """Last day on which the term ends."""
    overdue_on: date | None = None
    """Day on which the term has ended already."""
    proposed: bool = False
    """Only those for which the machine proposed something that no person has answered by an act."""
    text: str | None = None
    """Piece of the number, of the holder, of whom it was handed to, or of the permit's number."""


@dataclass(frozen=True, kw_only=True)
class Page:
    """A page of the list."""

    rows: Sequence[Mapping[str, Any]] = field(default_factory=tuple)
    """Cases with the fields of `COLUMNS` and `proposal`."""
    total: int = 0
    """How many cases there are on all pages."""


def list_cases(
    session: Session,
    wanted: Wanted,
    *,
    order: Order = "due",
    descending: bool = False,
    limit: int = 30,
    offset: int = 0,
) -> Page:
    """List a page of cases.

    Parameters
    ----------
    session
        Session of the store.
    wanted
        Which cases.
    order
        What they are sorted by; the number decides among equals.
    descending
        The other way round.
    limit, offset
        Cases on a page, cases before it.

    Returns
    -------
    Page
        The page.
    """
    conditions = list(_conditions(wanted))
    total = session.scalar(sa.select(sa.func.count()).select_from(Case).where(*conditions)) or 0
    key = _key(order)
    columns = [Case.__table__.c[name] for name in COLUMNS]
    # Cases without a term come after those with one, whichever way round.
    sorted_by = ((key.desc() if descending else key).nulls_last(), Case.number)
    # The page is found by the narrow indices; the wide rows are read of its cases alone.
    page = sa.select(Case.id).where(*conditions).order_by(*sorted_by).limit(limit).offset(offset)
    query = sa.select(*columns).where(Case.id.in_(page)).order_by(*sorted_by)
    rows = [dict(row) for row in session.execute(query).mappings()]
    proposals = _open_proposals(session, [row["number"] for row in rows])
    return Page(rows=[{**row, "proposal": proposals.get(row["number"])} for row in rows], total=total)


def _unanswered() -> Sequence[sa.ColumnElement[bool]]:
    """Return what makes an event a proposal after which no person has acted on its case."""
    after = aliased(Event)
    answers = sa.select(after.id).where(
        after.case_number == Event.case_number, after.id > Event.id, after.role != "system"
    )
    return Event.action == "propose", ~answers.exists()


def _open_proposals(session: Session, numbers: Sequence[str]) -> dict[str, str]:
    """Return the last proposal of each of some cases that is unanswered, as the action that it asks for."""
    query = sa.select(Event.case_number, Event.facts).where(Event.case_number.in_(numbers), *_unanswered())
    rows = session.execute(query.order_by(Event.id))
    return {row.case_number: str(row.facts.get("proposal", "propose")) for row in rows}


def _conditions(wanted: Wanted) -> Sequence[sa.ColumnElement[bool]]:
    found: list[sa.ColumnElement[bool]] = []
    lists = {
        Case.state: wanted.states,
        Case.severity: wanted.severities,
        Case.theme: wanted.themes,
        Case.channel: wanted.channels,
    }
    found += [column.in_(values) for column, values in lists.items() if values]
    if wanted.open_only:
        found.append(Case.state.in_([state for state in STATES if state != "closed"]))
    if wanted.town is not None:
        begin = stem(wanted.town)
        # Towns and villages are ranges of codes, which an index can look up; LIKE cannot.
        within = [sa.and_(column >= begin, column < begin + ":") for column in (Case.village_code, Case.town_code)]
        found.append(sa.or_(*within))
    if wanted.holder is not None:
        found.append(Case.holder.is_(None) if wanted.holder == "-" else Case.holder == wanted.holder)
    if wanted.due_by is not None:
        found.append(Case.due_on <= wanted.due_by)
    if wanted.overdue_on is not None:
        found.append(Case.due_on < wanted.overdue_on)
    if wanted.proposed:
        found.append(Case.number.in_(sa.select(Event.case_number).where(*_unanswered())))
    if wanted.text:
        columns = (Case.number, Case.holder, Case.assignee, Case.permit_number)
        found.append(sa.or_(*(column.contains(wanted.text, autoescape=True) for column in columns)))
    return found


def _key(order: Order) -> Any:
    match order:
        case "severity":
            return _rank(Case.severity, SEVERITIES)
        case "state":
            return _rank(Case.state, STATES)
        case "due":
            return Case.due_on
        case "area":
            return Case.area_m2
        case "seen":
            return Case.last_seen_on
        case "opened":
            return Case.opened_at
        case "number":
            return Case.number


def _rank(column: Any, words: Mapping[Any, Any]) -> sa.ColumnElement[Any]:
    return sa.case({word: place for place, word in enumerate(words)}, value=column, else_=len(words))
