"""Guards: conditions that the case or the person must meet before an act."""

from collections.abc import Callable, Mapping
from typing import Any

from rs_governance.cases.life.asking import Act, Context
from rs_governance.cases.life.pending import read_pending
from rs_governance.cases.life.rights import moving_roles
from rs_governance.cases.life.transitions import TRANSITIONS, Action, Guard
from rs_governance.cases.life.words import Role
from rs_governance.errors import ActionRefused, CaseConflict

_ANSWERED: Mapping[Action, Action] = {
    "agree": "reject",
    "disagree": "reject",
    "confirm": "submit",
    "pass": "report_done",
}
"""What a second person has to answer, by the answer."""


def check_guard(guard: Guard, case: Mapping[str, Any], asked: Act, context: Context) -> None:
    """Refuse an act whose condition does not hold.

    Raises
    ------
    ActionRefused
        When the case is not such that the act makes sense.
    CaseConflict
        When somebody else holds the case.
    """
    _GUARDS[guard](case, asked, context)


def possible_in(case: Mapping[str, Any], role: Role | None = None) -> tuple[Action, ...]:
    """List the actions that a case as it is now lets somebody do, in the table's order.

    Parameters
    ----------
    case
        Fields of the case. What depends on the person or the day alone is not looked at.
    role
        Role of who would act; None for all people.

    Examples
    --------
    >>> case = {"state": "detected", "pending": None, "holder": None}
    >>> {"agree", "release"} & set(possible_in(case)), "accept" in possible_in(case, "interpreter")
    (set(), True)
    """
    return tuple(
        action
        for (state, action), move in TRANSITIONS.items()
        if state == case["state"]
        and (move.roles != ("system",) if role is None else role in move.roles)
        and all(_OF_THE_CASE[guard](case) for guard in move.guards if guard in _OF_THE_CASE)
    )


def _waits_for(case: Mapping[str, Any], action: Action) -> bool:
    pending = read_pending(case["pending"])
    return pending is not None and pending.action == action


_OF_THE_CASE: Mapping[Guard, Callable[[Mapping[str, Any]], bool]] = {
    "held": lambda case: case["holder"] is not None,
    "rejection_pending": lambda case: _waits_for(case, "reject"),
    "referral_pending": lambda case: _waits_for(case, "refer"),
    "not_pending": lambda case: case["pending"] is None,
    "first_minor": lambda case: case["severity"] != "red" and case["recurrence"] == 0,
    "judged_illegal": lambda case: case["verdict"] == "illegal",
    "judged_not_illegal": lambda case: case["verdict"] != "illegal",
    "not_absorbed": lambda case: case["resolution"] not in ("merged", "split"),
}
"""Guards that look at nothing but the case, as what must hold."""


def _holder(case: Mapping[str, Any], asked: Act, context: Context) -> None:
    if case["holder"] not in (None, asked.actor.login):
        raise CaseConflict(
            f"Case {case['number']} is in the hands of {case['holder']}; {asked.actor.login} has to wait until it is "
            "released, or a district manager assigns it."
        )


def _held(case: Mapping[str, Any], asked: Act, context: Context) -> None:
    if not _OF_THE_CASE["held"](case):
        raise ActionRefused(f"Nobody holds case {case['number']}, so '{asked.action}' has nothing to let go.")


def _moves_it(case: Mapping[str, Any], asked: Act, context: Context) -> None:
    roles = moving_roles(case["state"])
    if asked.actor.role not in roles:
        raise ActionRefused(
            f"Case {case['number']} is {case['state']}, where {asked.actor.role} cannot move it on; it is taken by "
            f"{', '.join(sorted(roles))}."
        )


def _handed_to(case: Mapping[str, Any], asked: Act, context: Context) -> None:
    # A town is looked at by the rights: an inspector acts for the town that the case was handed to.
    assignee, actor = case["assignee"], asked.actor
    if assignee in (None, actor.login) or assignee.startswith("town:") or case["holder"] == actor.login:
        return
    if assignee != f"department:{actor.department}":
        raise CaseConflict(f"Case {case['number']} was handed to {assignee}, not to {actor.login}.")


def _other_person(case: Mapping[str, Any], asked: Act, context: Context) -> None:
    answered = _ANSWERED[asked.action]
    before = next((event for event in reversed(context.events()) if event.action == answered), None)
    if before is not None and before.actor == asked.actor.login:
        raise ActionRefused(
            f"'{asked.action}' of case {case['number']} needs a second person: {before.actor} did '{answered}' before."
        )


def _rejection_pending(case: Mapping[str, Any], asked: Act, context: Context) -> None:
    _pending(case, asked, "reject")


def _referral_pending(case: Mapping[str, Any], asked: Act, context: Context) -> None:
    _pending(case, asked, "refer")


def _pending(case: Mapping[str, Any], asked: Act, action: Action) -> None:
    if not _waits_for(case, action):
        raise ActionRefused(
            f"No '{action}' of case {case['number']} is open, so '{asked.action}' has nothing to answer."
        )


def _not_pending(case: Mapping[str, Any], asked: Act, context: Context) -> None:
    if (pending := read_pending(case["pending"])) is not None:
        answers = " or ".join(f"'{answer}'" for answer in pending.answers)
        raise ActionRefused(
            f"Case {case['number']} waits for an answer to the '{pending.action}' ({pending.code}) of {pending.actor}; {answers} "
            "comes first."
        )


def _first_minor(case: Mapping[str, Any], asked: Act, context: Context) -> None:
    if not _OF_THE_CASE["first_minor"](case):
        raise ActionRefused(
            f"Only a first minor offence is spared; case {case['number']} is {case['severity']}, recurrence {case['recurrence']}."
        )


def _in_time(case: Mapping[str, Any], asked: Act, context: Context) -> None:
    if case["due_on"] is not None and context.today > case["due_on"]:
        raise ActionRefused(
            f"Only what was put right in time is spared; the term of case {case['number']} ended on {case['due_on']}."
        )


def _judged_illegal(case: Mapping[str, Any], asked: Act, context: Context) -> None:
    if not _OF_THE_CASE["judged_illegal"](case):
        raise ActionRefused(
            f"Case {case['number']} was judged {case['verdict']}; only an illegal one is disposed of, 'close' it."
        )


def _judged_not_illegal(case: Mapping[str, Any], asked: Act, context: Context) -> None:
    if not _OF_THE_CASE["judged_not_illegal"](case):
        raise ActionRefused(
            f"Case {case['number']} was judged illegal; it is closed after its disposal, 'plan' comes first."
        )


def _not_absorbed(case: Mapping[str, Any], asked: Act, context: Context) -> None:
    if not _OF_THE_CASE["not_absorbed"](case):
        where = case["merged_into"] or f"{case['number']}-1 and the parts after it"
        raise ActionRefused(f"Case {case['number']} lives on in {where}; '{asked.action}' that one.")


_GUARDS: Mapping[Guard, Callable[[Mapping[str, Any], Act, Context], None]] = {
    "holder": _holder,
    "held": _held,
    "moves_it": _moves_it,
    "handed_to": _handed_to,
    "other_person": _other_person,
    "rejection_pending": _rejection_pending,
    "referral_pending": _referral_pending,
    "not_pending": _not_pending,
    "first_minor": _first_minor,
    "in_time": _in_time,
    "judged_illegal": _judged_illegal,
    "judged_not_illegal": _judged_not_illegal,
    "not_absorbed": _not_absorbed,
}
