"""The case sheet: everything there is about a case, gathered."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from rs_governance.cases.life.acting import events_of, find_case
from rs_governance.cases.life.guards import possible_in
from rs_governance.cases.life.pending import read_pending
from rs_governance.cases.life.record import facts_of, from_plain, recorded_apart, to_plain
from rs_governance.cases.life.rights import stem
from rs_governance.cases.months.recheck import Outlook
from rs_governance.cases.shown.names import Names, read_names
from rs_governance.db import Case, Clue, Event, Finding, Photo
from rs_governance.rules import Word


@dataclass(frozen=True, kw_only=True)
class Difference:
    """A field of which a person made something else than the machine saw."""

    field: str
    """Field of the case."""
    machine: Any
    """What the machine sees, now."""
    person: Any
    """What a person made of it."""


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """Everything there is about a case."""

    case: Mapping[str, Any]
    """Fields of the case."""
    differences: Sequence[Difference]
    """Where a person corrected the machine."""
    actions: Sequence[str]
    """What people can do with it as it is."""
    events: Sequence[Event]
    """What was done, the first first."""
    proposals: Sequence[Event]
    """What the machine proposes since the case entered its state."""
    findings: Sequence[Finding]
    """Spots of the issues that saw it, the oldest first."""
    photos: Sequence[Photo]
    """Photos of the ground."""
    clues: Sequence[Clue]
    """Reports from elsewhere."""
    parts: Sequence[str]
    """Cases that it was split into."""
    names: Names
    """What the people and places in it are called."""
    reasons: Mapping[str, Word]
    """Why the rules took each spot of the issues for what it is, by its number."""


@dataclass(frozen=True, kw_only=True)
class Picture:
    """The place of a case on an image that found nothing there: what a recheck rests on."""

    issue: str
    """Issue of the image."""
    before_on: date
    """Day of the earlier image."""
    after_on: date
    """Day of the image that looked again."""
    outlook: Outlook
    """What it says of the case."""
    content: bytes
    """Both sides in one JPEG."""


def gather_sheet(session: Session, number: str) -> Sheet:
    """Gather everything there is about a case.

    Parameters
    ----------
    session
        Session of the store.
    number
        Number of the case.

    Raises
    ------
    UsageError
        When there is no such case.
    """
    case = find_case(session, number)
    facts = facts_of(case)
    events = events_of(session, number)
    of_case = sa.select(Finding).where(Finding.case_id == case.id, Finding.current)
    findings = session.scalars(of_case.order_by(Finding.issue, Finding.spot_no)).all()
    photos = sa.select(Photo).where(Photo.case_number == number)
    clues = sa.select(Clue).where(Clue.case_number == number)
    # Numbers of parts are the number, a hyphen and a digit: '.' follows '-' in any order of characters.
    parts = sa.select(Case.number).where(Case.number > f"{number}-", Case.number < f"{number}.")
    return Sheet(
        case=facts,
        differences=differences_of(facts),
        actions=possible_in(facts),
        events=events,
        proposals=_proposals(events),
        findings=findings,
        photos=session.scalars(photos.order_by(Photo.id)).all(),
        clues=session.scalars(clues.order_by(Clue.id)).all(),
        parts=session.scalars(parts.order_by(Case.number)).all(),
        names=_names(session, facts, events, findings),
        reasons=reasons_of(findings),
    )


def reasons_of(findings: Sequence[Finding]) -> dict[str, Word]:
    """Return why the rules took each spot for what it is, by its number."""
    return {
        each.spot_no: Word(each.spot["reason_zh"], each.spot["reason_en"])
        for each in findings
        if each.spot.get("reason_zh") and each.spot.get("reason_en")
    }


def _names(session: Session, facts: Mapping[str, Any], events: Sequence[Event], findings: Sequence[Finding]) -> Names:
    handed = [{"assignee": event.facts["assignee"]} for event in events if isinstance(event.facts.get("assignee"), str)]
    pending = read_pending(facts["pending"])
    logins = {event.actor for event in events} | (set() if pending is None else {pending.actor})
    names = read_names(session, [facts, *handed], logins)
    # A spot carries the names of its units, should the statistics of its issue not be there.
    told = {
        stem(each.spot[f"{level}_code"]): each.spot[f"{level}_name"]
        for each in findings
        for level in ("town", "village")
        if each.spot.get(f"{level}_code") and each.spot.get(f"{level}_name")
    }
    return replace(names, places=told | dict(names.places))


def _proposals(events: Sequence[Event]) -> list[Event]:
    entered = max((place for place, event in enumerate(events) if event.from_state != event.to_state), default=0)
    return [event for event in events[entered:] if event.action == "propose"]


def differences_of(case: Mapping[str, Any]) -> list[Difference]:
    """List where a person made something else of a case than the machine sees."""
    return [
        Difference(field=name, machine=from_plain(name, seen), person=case[name])
        for name, seen in sorted(case["machine"].items())
        if name in case and seen != to_plain(case[name])
    ]


def plain_sheet(sheet: Sheet) -> dict[str, Any]:
    """Return a sheet as JSON can carry it; the outline as WKT in the store's CRS."""
    return {
        "case": {name: _plain(value) for name, value in sheet.case.items()},
        "differences": [
            {"field": each.field, "machine": _plain(each.machine), "person": _plain(each.person)}
            for each in sheet.differences
        ],
        "actions": list(sheet.actions),
        "proposals": [{"at": to_plain(each.at), "note": each.note, "facts": each.facts} for each in sheet.proposals],
        "parts": list(sheet.parts),
        "findings": [
            {
                "issue": each.issue,
                "spot_no": each.spot_no,
                "relation": each.relation,
                "kind": each.kind,
                "severity": each.severity,
                "area_m2": each.area_m2,
                "before_on": each.before_on,
                "after_on": each.after_on,
            }
            for each in sheet.findings
        ],
        "photos": [
            {
                "sha256": each.sha256,
                "name": each.name,
                "taken_at": each.taken_at,
                "trust": each.trust,
                "reasons": list(each.reasons),
                "distance_m": each.facts.get("distance_m"),
                "same_as": list(each.facts.get("same_as") or ()),
                "note": each.note,
            }
            for each in sheet.photos
        ],
        "clues": [
            {"channel": each.channel, "number": each.number, "reported_on": each.reported_on, "content": each.content}
            for each in sheet.clues
        ],
        "events": [plain_event(event) for event in sheet.events],
    }


def plain_event(event: Event) -> dict[str, Any]:
    """Return an event as JSON can carry it, with `recorded_at` where that is another time than `at`."""
    names = ("id", "version", "action", "actor", "role", "at", "from_state", "to_state", "reason", "note", "evidence",
             "facts", "changes", "key", "hash")  # fmt: skip
    recorded_at = recorded_apart(event)
    apart = {} if recorded_at is None else {"recorded_at": to_plain(recorded_at)}
    return {name: to_plain(getattr(event, name)) for name in names} | apart


def _plain(value: Any) -> Any:
    return value.wkt if hasattr(value, "wkt") else to_plain(value)
