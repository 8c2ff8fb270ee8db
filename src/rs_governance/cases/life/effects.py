"""Effects: which fields of a case an act changes, besides the state and what goes with every change of it."""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

import shapely

from rs_governance.cases.life.asking import CHINA, Act, Context
from rs_governance.cases.life.needs import RESOLVED_BY
from rs_governance.cases.life.pending import Pending, read_pending, write_pending
from rs_governance.cases.life.record import CASE_FIELDS, to_plain
from rs_governance.cases.life.transitions import Action
from rs_governance.cases.life.words import RESOLUTIONS
from rs_governance.errors import UsageError

CONTROLLED = frozenset((
    "number", "version", "state", "verdict", "measure", "step", "resolution", "holder", "assignee", "pending", "entered_at",
    "due_on", "warned", "extended", "opened_at", "closed_at", "merged_into",
))  # fmt: skip
"""Fields that only people's acts and the table of moves change; the machine's sight never does."""

AREAS = ("cropland_m2", "basic_cropland_m2", "protected_m2")
"""Parts of a case's area."""


def effect_of(case: Mapping[str, Any], asked: Act, context: Context) -> Mapping[str, Any]:
    """Say what an act changes.

    Parameters
    ----------
    case
        Fields of the case, with what its change of state sets already in it.
    asked
        What is done.
    context
        Time, clocks, events.

    Returns
    -------
    Mapping
        New values by field.
    """
    effect = _EFFECTS.get(asked.action)
    return {} if effect is None else effect(case, asked, context)


def closing(case: Mapping[str, Any], asked: Act, context: Context) -> dict[str, Any]:
    """Say what changes where a case is closed: verdict by its resolution, nobody's term any more."""
    if asked.action == "agree":
        pending = read_pending(case["pending"])
        resolution = "" if pending is None else pending.code
    else:
        resolution = RESOLVED_BY.get(asked.action) or asked.values["resolution"]
    verdict = RESOLUTIONS[resolution].verdict
    kept = {} if verdict == "unverified" else {"verdict": verdict}
    return {**kept, "resolution": resolution, "closed_at": context.now, "holder": None, "due_on": None}


def redrawn(case: Mapping[str, Any], outline: shapely.Geometry, context: Context) -> dict[str, Any]:
    """Say which fields follow from an outline that a person drew.

    The parts of the area keep their share of it: no layer is at hand here, and the machine's own figures stay beside.
    """
    if context.measure is None:
        raise UsageError(
            f"The outline of case {case['number']} cannot be measured without the store's CRS.",
            zh=f"没有案件库的坐标系，无法量算案件 {case['number']} 的范围。",
        )
    place = context.measure(outline)
    share = place.area_m2 / case["area_m2"] if case["area_m2"] else 0.0
    areas = {name: min(round(case[name] * share, 2), place.area_m2) for name in AREAS}
    return {"outline": outline, "lon": place.lon, "lat": place.lat, "area_m2": place.area_m2, **areas}


def joined(case: Mapping[str, Any], other: Mapping[str, Any], context: Context) -> dict[str, Any]:
    """Say which fields of a case follow from taking another's ground in; what both have counts once."""
    outlines = [each["outline"] for each in (case, other) if each["outline"].area > 0]
    if not outlines or other["outline"].area == 0:
        return {}
    sums = {name: case[name] + other[name] for name in ("area_m2", *AREAS)} if len(outlines) == 2 else dict(other)
    return redrawn({**case, **sums, "number": case["number"]}, shapely.union_all(outlines), context)


def _pend(case: Mapping[str, Any], asked: Act, context: Context) -> dict[str, Any]:
    pending = Pending("refer", asked.values["referral"], asked.actor.login)
    return {"measure": "refer", "step": "handed_over", "pending": write_pending(pending)}


def _decline(case: Mapping[str, Any], asked: Act, context: Context) -> dict[str, Any]:
    """Go on with what was being done before the referral: handed over is what was not."""
    current: dict[str, Any] = {}
    before: dict[str, Any] = {}
    for event in context.events():
        if event.action == "refer":
            before = dict(current)
        current |= {name: event.changes[name] for name in ("measure", "step") if name in event.changes}
    return {"pending": None, **before}


def _correct(case: Mapping[str, Any], asked: Act, context: Context) -> dict[str, Any]:
    correction = dict(asked.values["correction"])
    if "outline" in correction:
        correction |= redrawn(case, correction["outline"], context)
    # What the machine saw stays beside what a person made of it, so that both can be shown.
    kept = {name: to_plain(case[name]) for name in correction if name not in case["machine"]}
    return {**correction, "machine": {**case["machine"], **kept}, **_new_term(case, correction, context)}


def _observe(case: Mapping[str, Any], asked: Act, context: Context) -> dict[str, Any]:
    seen = dict(asked.values.get("fields", {}))
    if strange := sorted(set(seen) - set(CASE_FIELDS) | set(seen) & CONTROLLED):
        raise UsageError(
            f"The machine sets none of {', '.join(strange)} of case {case['number']}; leave it out.",
            zh=f"机器不设置案件 {case['number']} 的 {'、'.join(strange)}；请去掉。",
        )
    machine = {**case["machine"], **seen.pop("machine", {})}
    corrected = {name: to_plain(seen.pop(name)) for name in tuple(seen) if name in case["machine"]}
    changes = {**seen, "machine": {**machine, **corrected}}
    return {**changes, **_new_term(case, changes, context)}


def _new_term(case: Mapping[str, Any], changes: Mapping[str, Any], context: Context) -> dict[str, Any]:
    """Give a case of another severity its own term, counted from when it entered the state; an extended one keeps its."""
    severity = changes.get("severity", case["severity"])
    if severity == case["severity"] or case["due_on"] is None or case["extended"] > 0:
        return {}
    due_on = context.clocks.due_on(case["state"], severity, entered_on(case))
    return {} if due_on == case["due_on"] else {"due_on": due_on, "warned": 0}


def entered_on(case: Mapping[str, Any]) -> date:
    """Return the day in China on which a case entered its state."""
    day: date = case["entered_at"].astimezone(CHINA).date()
    return day


def _extend(case: Mapping[str, Any], asked: Act, context: Context) -> dict[str, Any]:
    due_on = context.clocks.calendar.add(case["due_on"], asked.values["days"], context.clocks.unit_of(case["state"]))
    return {"due_on": due_on, "extended": case["extended"] + 1, "warned": 0}


def _warn(case: Mapping[str, Any], asked: Act, context: Context) -> dict[str, Any]:
    # Somebody who escalates by hand does not stop the clock from doing so later.
    by_clock = asked.actor.role == "system"
    return {"warned": asked.values.get("level", case["warned"] + 1)} if by_clock else {}


def _reopen(case: Mapping[str, Any], asked: Act, context: Context) -> dict[str, Any]:
    # A change seen on a closed spot, or an offence that is back, is a recurrence; a closing by mistake is none.
    again = asked.actor.role == "system" or case["verdict"] == "illegal"
    recurred = {"severity": "red", "recurrence": case["recurrence"] + 1, "relation": "reappeared"} if again else {}
    cleared = dict.fromkeys(("resolution", "closed_at", "measure", "step", "assignee"))
    # What is seen now begins another life: corrections of the former outline and kind are history.
    fields = asked.values.get("fields", {})
    former = {name: seen for name, seen in case["machine"].items() if name not in fields}
    seen = _observe({**case, "machine": former}, asked, context)
    changes = {**cleared, "verdict": "suspected", **seen, **recurred}
    return {**changes, **_new_term(case, changes, context)}


_EFFECTS: Mapping[Action, Callable[[Mapping[str, Any], Act, Context], Mapping[str, Any]]] = {
    "dispatch": lambda case, asked, context: {"assignee": asked.values["assignee"]},
    "transfer": lambda case, asked, context: {"assignee": asked.values["assignee"]},
    "confirm": lambda case, asked, context: {"verdict": asked.values["verdict"]},
    "plan": lambda case, asked, context: {"measure": asked.values["measure"], "step": None},
    "proceed": lambda case, asked, context: {
        "measure": asked.values.get("measure", case["measure"]),
        "step": asked.values["step"],
    },
    "refer": _pend,
    "decline_referral": _decline,
    "reverse": lambda case, asked, context: {"measure": None, "step": None},
    "correct": _correct,
    "take": lambda case, asked, context: {"holder": asked.actor.login},
    "release": lambda case, asked, context: {"holder": None},
    "assign": lambda case, asked, context: {"holder": asked.values["assignee"]},
    "extend": _extend,
    "remind": _warn,
    "escalate": _warn,
    "observe": _observe,
    "propose": _observe,
    "reopen": _reopen,
    "merge": lambda case, asked, context: {"merged_into": asked.values["into"]},
}
