"""Reminding: whose term runs out is told once before it does, once when it has, and once more a week later."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from rs_governance.cases.life.acting import SYSTEM
from rs_governance.cases.life.asking import CHINA, Act, Actor
from rs_governance.cases.life.clocks import Clocks
from rs_governance.cases.life.effects import entered_on
from rs_governance.cases.life.many import Batch
from rs_governance.cases.life.rights import may_move, why_not
from rs_governance.cases.people.register import actor_of
from rs_governance.db import Case, Person
from rs_governance.rules import Word

LEVELS: Mapping[int, Word] = {
    1: Word("即将到期", "due soon"),
    2: Word("已超期，升级督办", "overdue, escalated"),
    3: Word("超期一周，再次升级", "overdue for a week, escalated again"),
}
"""How far a term has run out, and the words shown for it."""


@dataclass(frozen=True, kw_only=True)
class Warned:
    """A case whose term runs out, as it was told now."""

    case: Mapping[str, Any]
    """Fields of the case."""
    level: int
    """Level of `LEVELS`."""


def level_of(case: Mapping[str, Any], today: date, clocks: Clocks) -> int:
    """Say how far the term of a case has run out: 0 where there is nothing to tell, else a level of `LEVELS`.

    Parameters
    ----------
    case
        Fields of the case.
    today
        Day in China.
    clocks
        When to tell.
    """
    due_on = case["due_on"]
    if due_on is None or case["state"] == "closed":
        return 0
    if today > due_on:
        return 3 if today > due_on + timedelta(days=clocks.again_after_days) else 2
    return int(clocks.elapsed_0_1(case["state"], entered_on(case), due_on, today) >= clocks.remind_at_0_1)


def warn_of_terms(session: Session, *, now: datetime, clocks: Clocks) -> list[Warned]:
    """Append a reminder or an escalation to every case whose term has run so far and that was not told of it.

    Asked again, it tells nothing twice: each level of each term has its own key. A level that was missed because nobody
    asked in time is passed over for the one that holds now.

    Parameters
    ----------
    session
        Session of `Store.write`.
    now
        Aware time.
    clocks
        Terms, working days and when to tell.

    Returns
    -------
    list
        What was told, the most overdue first.
    """
    today = now.astimezone(CHINA).date()
    # All open cases are looked at, by a few columns; only those that are told are read whole.
    columns = [getattr(Case, name) for name in ("number", "state", "entered_at", "due_on", "warned")]
    waiting = sa.select(*columns).where(Case.state != "closed", Case.due_on.is_not(None), Case.warned < max(LEVELS))
    reached: list[tuple[str, int, str]] = []
    for found in session.execute(waiting.order_by(Case.due_on, Case.number)).mappings():
        row = dict(found)
        level = level_of(row, today, clocks)
        if level > row["warned"]:
            reached.append((row["number"], level, _key(row, level)))
    batch = Batch(session=session, actor=SYSTEM, now=now, clocks=clocks)
    batch.load((number for number, _, _ in reached), (key for _, _, key in reached))
    # A term that was changed and changed back is the same term: it was told already.
    due = [(number, level, key) for number, level, key in reached if not batch.was_done(key)]
    warned = [Warned(case=batch.facts(number), level=level) for number, level, _ in due]
    for each, (number, level, key) in zip(warned, due, strict=True):
        batch.act(number, _warning(each.case, level, key))
    batch.write()
    return warned


def _key(case: Mapping[str, Any], level: int) -> str:
    # A term is that of one entry into a state, up to one last day: an extension makes it another one.
    return f"term:{case['number']}:{case['entered_at']:%Y%m%dT%H%M%S%f}:{case['due_on']}:{level}"


def _warning(case: Mapping[str, Any], level: int, key: str) -> Act:
    return Act(
        action="remind" if level == 1 else "escalate",
        actor=SYSTEM,
        note=f"{LEVELS[level].zh}（期限 {case['due_on']}）",
        values={"level": level, "facts": {"due_on": str(case["due_on"])}},
        key=key,
    )


def read_recipients(session: Session) -> list[tuple[Person, Actor]]:
    """Read who may be told: everybody who acts, by account."""
    people = session.scalars(sa.select(Person).where(Person.active).order_by(Person.login))
    return [(person, actor_of(person)) for person in people]


def is_told(case: Mapping[str, Any], actor: Actor, level: int) -> bool:
    """Tell whether somebody is told of a term.

    Parameters
    ----------
    case
        Fields of the case.
    actor
        Of whom. A reminder goes to the holder, or where there is none to those who could move the case on; an escalation
        to the district's managers too, the second one also to its leaders.
    level
        Level of `LEVELS`.
    """
    if why_not(case, actor) is not None:
        return False
    if actor.role == "leader":
        return level >= 3
    if actor.role == "district_manager" and level >= 2:
        return True
    if case["holder"] is not None:
        return bool(case["holder"] == actor.login)
    assignee = case["assignee"] or ""
    if assignee and ":" not in assignee and case["state"] in ("dispatched", "verifying", "returned"):
        return assignee == actor.login
    return actor.role != "district_manager" and may_move(case, actor)


def sort_by_person(
    warned: Iterable[Warned], people: Iterable[tuple[Person, Actor]]
) -> list[tuple[Person, list[Warned]]]:
    """Give each person what they are to be told; who is told nothing is left out."""
    told = list(warned)
    sorted_ = [(person, [each for each in told if is_told(each.case, actor, each.level)]) for person, actor in people]
    return [(person, theirs) for person, theirs in sorted_ if theirs]
