"""Acting on a case: the only way in which one changes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from rs_governance.cases.life.asking import CHINA, Act, Actor, Context
from rs_governance.cases.life.clocks import Clocks
from rs_governance.cases.life.deciding import check_time, decide, needs_second_opinion
from rs_governance.cases.life.effects import joined, redrawn
from rs_governance.cases.life.naming import names_zh, roles_zh
from rs_governance.cases.life.places import measure_outline
from rs_governance.cases.life.record import CASE_FIELDS, facts_of, plain_changes
from rs_governance.cases.life.rights import SECOND_PERSONS, why_not
from rs_governance.cases.life.words import CHANNELS
from rs_governance.cases.people.receivers import HANDING, check_receiver
from rs_governance.db import Case, Event
from rs_governance.db.chain import append_event
from rs_governance.errors import ActionRefused, UsageError
from rs_governance.rules import KINDS, SEVERITIES, THEMES

SYSTEM = Actor(login="system", name="系统", role="system")
"""The program itself, acting on what the images and registers show."""


@dataclass(frozen=True, kw_only=True)
class Opening:
    """What a case begins with."""

    number: str
    """Number of the case: that of its first spot, else county, campaign, letter of the channel and serial."""
    facts: Mapping[str, Any]
    """Fields of the case that its source knows: channel, theme, kind, severity, suspicion, codes, areas, days, outline."""
    note: str = ""
    """Why it was opened, in words."""
    evidence: Mapping[str, Any] = field(default_factory=dict)
    """Facts of the source for the event: the finding or the clue."""
    key: str | None = None
    """Key under which opening twice counts once."""


_DEFAULTS: Mapping[str, Any] = {
    "state": "detected",
    "verdict": "unverified",
    "measure": None,
    "step": None,
    "resolution": None,
    "holder": None,
    "assignee": None,
    "pending": None,
    "warned": 0,
    "extended": 0,
    "recurrence": 0,
    "relation": "new",
    "first_issue": None,
    "last_issue": None,
    "closed_at": None,
    "permit_number": None,
    "parents": [],
    "merged_into": None,
    "cropland_m2": 0.0,
    "basic_cropland_m2": 0.0,
    "protected_m2": 0.0,
}
"""What a new case begins with where its source says nothing else."""

_LISTS: Mapping[str, Mapping[Any, Any]] = {"channel": CHANNELS, "theme": THEMES, "kind": KINDS, "severity": SEVERITIES}
"""Fields whose words are of a list."""


def open_case(session: Session, opening: Opening, *, actor: Actor, now: datetime, clocks: Clocks) -> Case:
    """Open a case.

    Parameters
    ----------
    session
        Session of `Store.write`.
    opening
        What it begins with.
    actor
        Who opens it.
    now
        Aware time.
    clocks
        Clocks, for its first term.

    Returns
    -------
    Case
        The new case; the one that was opened under the same key before, where there is one.

    Raises
    ------
    UsageError
        When a case of this number is there, a field is missing or unknown, or a word is none of its list.
    """
    if opening.key is not None and (former := _event_of(session, opening.key)) is not None:
        return find_case(session, former.case_number)
    now = now.astimezone(UTC)
    facts = first_facts(opening, now=now, clocks=clocks)
    if session.scalar(sa.select(Case.id).where(Case.number == opening.number)) is not None:
        raise UsageError(
            f"There is a case {opening.number} already; open another number, or act on that one.",
            zh=f"已有案件 {opening.number}；请换一个编号，或直接办理该案件。",
        )
    case = Case(**facts)
    session.add(case)
    append_event(
        session,
        at=now,
        case_number=opening.number,
        version=1,
        action="open",
        actor=actor.login,
        role=actor.role,
        from_state=None,
        to_state=facts["state"],
        reason=None,
        note=opening.note,
        evidence=[],
        facts=dict(opening.evidence),
        changes=plain_changes({}, facts),
        key=opening.key,
    )
    return case


def first_facts(opening: Opening, *, now: datetime, clocks: Clocks) -> dict[str, Any]:
    """Complete what a case begins with: every field of `CASE_FIELDS`, the first term among them.

    Parameters
    ----------
    opening
        What it begins with; where it says since when a term runs (`entered_at`, `opened_at`, `due_on`), that stays.
    now
        Time in UTC.
    clocks
        Clocks, for its first term.

    Raises
    ------
    UsageError
        When a field is missing or unknown, or a word is none of its list.
    """
    facts = {**_DEFAULTS, "machine": {}, "entered_at": now, "opened_at": now, **opening.facts}
    facts |= {"number": opening.number, "version": 1}
    if "due_on" not in facts:
        facts["due_on"] = clocks.due_on(facts["state"], facts["severity"], now.astimezone(CHINA).date())
    if odd := sorted(set(facts) ^ set(CASE_FIELDS)):
        raise UsageError(
            f"Case {opening.number} cannot be opened: {', '.join(odd)} is missing, or no field of a case.",
            zh=f"案件 {opening.number} 不能建立：{'、'.join(odd)} 缺失，或不是案件的字段。",
        )
    for name, known in _LISTS.items():
        if facts[name] not in known:
            raise UsageError(
                f"'{facts[name]}' is no {name} of case {opening.number}; it is one of {', '.join(known)}.",
                zh=f"'{facts[name]}' 不能用于案件 {opening.number} 的 {name}；可用 {names_zh(known, known)}。",
            )
    return {name: facts[name] for name in CASE_FIELDS}


def act(session: Session, number: str, asked: Act, *, now: datetime, clocks: Clocks) -> Event:
    """Do something to a case, or refuse it; the case, its event and what follows for other cases are one write.

    Parameters
    ----------
    session
        Session of `Store.write`.
    number
        Number of the case.
    asked
        What is to be done, by whom, with what.
    now
        Aware time.
    clocks
        Clocks, for the term of the state that follows.

    Returns
    -------
    Event
        What was recorded; the earlier one where an act with the same key was recorded before.

    Raises
    ------
    ActionRefused
        When the state, the person or a missing value forbids it; the message says what is allowed.
    CaseConflict
        When somebody else holds the case, or changed it since version `asked.version`.
    UsageError
        When there is no such case, or a value is none of its list.
    """
    now = now.astimezone(UTC)
    if asked.key is not None and (former := _event_of(session, asked.key)) is not None:
        if (former.case_number, former.action) != (number, asked.action):
            raise UsageError(
                f"The key {asked.key!r} was used for '{former.action}' of case {former.case_number}; use another for "
                f"'{asked.action}' of case {number}.",
                zh=f"键 {asked.key!r} 已用于案件 {former.case_number} 的 {former.action}；案件 {number} 的 {asked.action} 请换一个键。",
            )
        return former
    case = find_case(session, number)
    old = facts_of(case)
    measure = partial(measure_outline, session)
    check_time(number, now, _last_time(session, number))
    context = Context(now=now, clocks=clocks, events=partial(events_of, session, number), measure=measure)
    decision = decide(old, asked, now=now, clocks=clocks, events=context.events, measure=measure)
    if asked.action in HANDING:
        check_receiver(session, {**old, **decision.changes}, asked)
    if asked.action == "merge":
        _join_into(session, old, asked, context)
    if asked.action == "split":
        _split(session, old, asked, context)
    return _record(session, case, old, decision.changes, asked, to_state=decision.to, facts=decision.facts, now=now)


def _last_time(session: Session, number: str) -> datetime | None:
    last = sa.select(Event.at).where(Event.case_number == number).order_by(Event.id.desc()).limit(1)
    return session.scalar(last)


def _record(
    session: Session,
    case: Case,
    old: Mapping[str, Any],
    changes: Mapping[str, Any],
    asked: Act,
    *,
    to_state: str,
    facts: Mapping[str, Any],
    now: datetime,
) -> Event:
    changed = {**changes, "version": old["version"] + 1}
    for name, value in changed.items():
        setattr(case, name, value)
    return append_event(
        session,
        at=now,
        case_number=case.number,
        version=changed["version"],
        action=asked.action,
        actor=asked.actor.login,
        role=asked.actor.role,
        from_state=old["state"],
        to_state=to_state,
        reason=asked.reason or asked.values.get("resolution"),
        note=asked.note,
        evidence=list(asked.evidence),
        facts=dict(facts),
        changes=plain_changes(old, changed),
        key=asked.key,
    )


_FARTHEST_MERGED_M = 50.0
_FIRST_IS_WORST = tuple(SEVERITIES)


def _join_into(session: Session, case: Mapping[str, Any], asked: Act, context: Context) -> None:
    number, into = case["number"], str(asked.values["into"])
    if into == number:
        raise UsageError(
            f"Case {number} cannot be merged into itself; name the other case.",
            zh=f"案件 {number} 不能并入自身；请写另一案件。",
        )
    row = find_case(session, into)
    target = facts_of(row)
    if target["state"] == "closed":
        raise UsageError(
            f"Case {into} is closed; merge into an open case, or reopen it first.",
            zh=f"案件 {into} 已销号；请并入未销号的案件，或先重新打开（reopen）。",
        )
    if (refusal := why_not({**target, "holder": None}, asked.actor)) is not None:
        raise refusal
    if asked.actor.role not in SECOND_PERSONS and needs_second_opinion(case, context.clocks.second_opinion):
        raise ActionRefused(
            f"Case {number} is not ended by {asked.actor.role} alone: it is {case['severity']}, or was to the machine; "
            f"it is merged by {' or '.join(SECOND_PERSONS)}.",
            zh=f"案件 {number} 为（或曾判为）{SEVERITIES[case['severity']].zh}，{roles_zh([asked.actor.role])}不能单独合并；由 {roles_zh(SECOND_PERSONS)} 办理。",
        )
    if (away_m := target["outline"].distance(case["outline"])) > _FARTHEST_MERGED_M:
        raise ActionRefused(
            f"Case {number} lies {away_m:.0f} m away from {into}; cases within {_FARTHEST_MERGED_M:g} m are merged.",
            zh=f"案件 {number} 距 {into} {away_m:.0f} 米；只合并相距 {_FARTHEST_MERGED_M:g} 米以内的案件。",
        )
    check_time(into, context.now, _last_time(session, into))
    both = (target, case)
    fields = {
        "relation": "merged",
        "parents": sorted({*target["parents"], number}),
        "severity": min((each["severity"] for each in both), key=_FIRST_IS_WORST.index),
        "recurrence": max(each["recurrence"] for each in both),
        "first_seen_on": min(each["first_seen_on"] for each in both),
        "last_seen_on": max(each["last_seen_on"] for each in both),
    }
    told = {"merged": number, "by": asked.actor.login}
    seen = Act(action="observe", actor=SYSTEM, note=f"并入 {number}", values={"facts": told, "fields": fields})
    decision = decide(target, seen, now=context.now, clocks=context.clocks)
    # Corrected or not, the outline takes the other's ground in: nothing is left without a case.
    changes = {**decision.changes, **joined(target, case, context)}
    _record(session, row, target, changes, seen, to_state=decision.to, facts=decision.facts, now=context.now)


_NOT_INHERITED = ("number", "version", "warned", "holder", "machine", "merged_into")


def _split(session: Session, old: Mapping[str, Any], asked: Act, context: Context) -> None:
    facts = {name: value for name, value in old.items() if name not in _NOT_INHERITED}
    for place, part in enumerate(asked.values["parts"], 1):
        opening = Opening(
            number=f"{old['number']}-{place}",
            # The term goes on: splitting gives nobody more time.
            facts={**facts, **redrawn(old, part, context), "parents": [old["number"]], "relation": "split"},
            note=f"由 {old['number']} 拆分",
        )
        open_case(session, opening, actor=asked.actor, now=context.now, clocks=context.clocks)


def find_case(session: Session, number: str) -> Case:
    """Find a case by its number.

    Raises
    ------
    UsageError
        When there is none.
    """
    case = session.scalar(sa.select(Case).where(Case.number == number))
    if case is None:
        raise UsageError(
            f"There is no case {number}; 'rsg cases list' shows those there are.",
            zh=f"没有案件 {number}；可用 'rsg cases list' 查看。",
        )
    return case


def events_of(session: Session, number: str) -> list[Event]:
    """List the events of a case, the first first."""
    return list(session.scalars(sa.select(Event).where(Event.case_number == number).order_by(Event.id)))


def _event_of(session: Session, key: str) -> Event | None:
    return session.scalar(sa.select(Event).where(Event.key == key))
