"""Deciding: what an act on a case leads to, as a pure function of the case, the act and the time."""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

import shapely

from rs_governance.cases.life.asking import Act, Context, Decision, Place
from rs_governance.cases.life.clocks import SECOND_OPINION, Clocks
from rs_governance.cases.life.conflicts import check_version
from rs_governance.cases.life.effects import closing, effect_of
from rs_governance.cases.life.guards import check_guard, possible_in
from rs_governance.cases.life.naming import action_zh, names_zh, roles_zh
from rs_governance.cases.life.needs import check_need, check_used
from rs_governance.cases.life.pending import Pending, write_pending
from rs_governance.cases.life.record import to_plain
from rs_governance.cases.life.rights import check_rights
from rs_governance.cases.life.transitions import ACTIONS, TRANSITIONS, Move
from rs_governance.cases.life.words import STATES, State
from rs_governance.db import Event
from rs_governance.errors import ActionRefused


def decide(
    case: Mapping[str, Any],
    asked: Act,
    *,
    now: datetime,
    clocks: Clocks,
    events: Callable[[], Sequence[Event]] = tuple,
    measure: Callable[[shapely.Geometry], Place] | None = None,
) -> Decision:
    """Say what an act leads to, or why it cannot be.

    Parameters
    ----------
    case
        Fields of the case.
    asked
        What is to be done.
    now
        Aware time.
    clocks
        Clocks, for the term of the state that follows.
    events
        Gives the case's events; called only where a guard or a conflict asks for them.
    measure
        Measures an outline in the store's CRS; called only where a person draws one.

    Returns
    -------
    Decision
        State, changes and facts; nothing is written.

    Raises
    ------
    ActionRefused
        When the state, the person or a missing value forbids it.
    CaseConflict
        When somebody else holds the case, or it has changed since the version that the actor saw.
    UsageError
        When a value is none of its list.
    """
    context = Context(now=now, clocks=clocks, events=events, measure=measure)
    # First of all: who looked at another version is shown what changed, not why the act makes no sense in it.
    check_version(case, asked, context)
    move = _move(case, asked)
    check_rights(case, asked.actor, asked.action, move)
    for guard in move.guards:
        check_guard(guard, case, asked, context)
    for need in move.needs:
        check_need(case, asked, need)
    check_used(asked, move)
    second = asked.action == "reject" and needs_second_opinion(case, clocks.second_opinion)
    entered = None if second else move.to
    to = case["state"] if entered is None else entered
    # A transfer of a dispatched case enters the same state anew: who takes it over has the whole term.
    changes = {} if entered is None else _on_entering(case, asked, move, entered, context)
    if move.verdict is not None:
        changes["verdict"] = move.verdict
    if second:
        changes["pending"] = write_pending(Pending("reject", asked.values["resolution"], asked.actor.login))
    else:
        changes |= effect_of({**case, **changes}, asked, context)
    if to == "closed" != case["state"]:
        changes |= closing(case, asked, context)
    return Decision(to=to, changes=changes, facts=_facts(case, asked))


def check_time(number: str, now: datetime, last: datetime | None) -> None:
    """Refuse an act at a time before the last one on its case: a record that was written stays behind the new one.

    Raises
    ------
    ActionRefused
        When it is earlier, to the second.
    """
    if last is not None and int(now.timestamp()) < int(last.timestamp()):
        raise ActionRefused(
            f"The last record of case {number} is of {last:%Y-%m-%d %H:%M:%S} UTC, the act of {now:%Y-%m-%d %H:%M:%S}; "
            "act at a later time, or set the clock right.",
            zh=f"案件 {number} 的上一条记录在 {last:%Y-%m-%d %H:%M:%S} UTC，此次办理在 {now:%Y-%m-%d %H:%M:%S}；请以更晚的时间办理，或校准时钟。",
        )


def needs_second_opinion(case: Mapping[str, Any], severities: Collection[str] = SECOND_OPINION) -> bool:
    """Tell whether one person alone may reject a case: never one that is, or was to the machine, as urgent as this.

    Parameters
    ----------
    case
        Fields of the case. That a person has lowered the severity does not take the second opinion away.
    severities
        Severities that need one.
    """
    return case["severity"] in severities or case["machine"].get("severity") in severities


def _move(case: Mapping[str, Any], asked: Act) -> Move:
    state = case["state"]
    move = TRANSITIONS.get((state, asked.action))
    if move is None:
        mine = possible_in(case, asked.actor.role)
        known = ", ".join(f"{action} ({ACTIONS[action].zh})" for action in mine or possible_in(case))
        for_whom = f" for {asked.actor.role}" if mine else " for others"
        raise ActionRefused(
            f"Case {case['number']} is {state} ({STATES[state].zh}), where '{asked.action}' is not possible; "
            f"possible{for_whom} are {known}.",
            zh=f"案件 {case['number']} 现为“{STATES[state].zh}”，不能{action_zh(asked.action)}；{roles_zh([asked.actor.role]) if mine else '他人'}可办：{names_zh(ACTIONS, mine or possible_in(case))}。",
        )
    return move


def _on_entering(case: Mapping[str, Any], asked: Act, move: Move, to: State, context: Context) -> dict[str, Any]:
    return {
        "state": to,
        "entered_at": context.now,
        "due_on": context.clocks.due_on(to, case["severity"], context.today),
        "warned": 0,
        "extended": 0,
        "pending": None,
        "holder": asked.actor.login if move.keeps_holder else None,
    }


def _facts(case: Mapping[str, Any], asked: Act) -> dict[str, Any]:
    plain = {name: value for name, value in asked.values.items() if isinstance(value, str | int | float)}
    former = {name: to_plain(case[name]) for name in asked.values.get("correction", ()) if name != "outline"}
    if "outline" in asked.values.get("correction", ()):
        former["area_m2"] = case["area_m2"]
    return {**plain, **({"former": former} if former else {}), **asked.values.get("facts", {})}
