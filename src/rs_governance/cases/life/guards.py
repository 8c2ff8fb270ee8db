"""Guards: conditions that the case or the person must meet before an act."""

import itertools
from collections.abc import Callable, Mapping
from typing import Any

from rs_governance.cases.life.asking import Act, Context
from rs_governance.cases.life.naming import action_zh, names_zh, roles_zh
from rs_governance.cases.life.pending import read_pending
from rs_governance.cases.life.rights import moving_roles
from rs_governance.cases.life.steps import STEPS, next_steps
from rs_governance.cases.life.transitions import TRANSITIONS, Action, Guard
from rs_governance.cases.life.words import MEASURES, STATES, VERDICTS, Role
from rs_governance.errors import ActionRefused, CaseConflict
from rs_governance.rules import SEVERITIES

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
            "released, or a district manager assigns it.",
            zh=f"案件 {case['number']} 正由 {case['holder']} 经办；请等其释放，或由区级管理员指派。",
        )


def _held(case: Mapping[str, Any], asked: Act, context: Context) -> None:
    if not _OF_THE_CASE["held"](case):
        raise ActionRefused(
            f"Nobody holds case {case['number']}, so '{asked.action}' has nothing to let go.",
            zh=f"案件 {case['number']} 无人经办，无需{action_zh(asked.action)}。",
        )


def _moves_it(case: Mapping[str, Any], asked: Act, context: Context) -> None:
    roles = moving_roles(case["state"])
    if asked.actor.role not in roles:
        raise ActionRefused(
            f"Case {case['number']} is {case['state']}, where {asked.actor.role} cannot move it on; it is taken by "
            f"{', '.join(sorted(roles))}.",
            zh=f"案件 {case['number']} 现为“{STATES[case['state']].zh}”，{roles_zh([asked.actor.role])}不能推进；由 {roles_zh(sorted(roles))} 办理。",
        )


def _handed_to(case: Mapping[str, Any], asked: Act, context: Context) -> None:
    # A town is looked at by the rights: an inspector acts for the town that the case was handed to.
    assignee, actor = case["assignee"], asked.actor
    if assignee in (None, actor.login) or assignee.startswith("town:") or case["holder"] == actor.login:
        return
    if assignee != f"department:{actor.department}":
        raise CaseConflict(
            f"Case {case['number']} was handed to {assignee}, not to {actor.login}.",
            zh=f"案件 {case['number']} 派给了 {assignee}，不是 {actor.login}。",
        )


def _other_person(case: Mapping[str, Any], asked: Act, context: Context) -> None:
    answered = _ANSWERED[asked.action]
    before = next((event for event in reversed(context.events()) if event.action == answered), None)
    if before is not None and before.actor == asked.actor.login:
        raise ActionRefused(
            f"'{asked.action}' of case {case['number']} needs a second person: {before.actor} did '{answered}' before.",
            zh=f"案件 {case['number']} 的{action_zh(asked.action)}须由另一人办理：此前的{action_zh(answered)}由 {before.actor} 所办。",
        )


def _says_why_against_image(case: Mapping[str, Any], asked: Act, context: Context) -> None:
    if asked.note.strip():
        return
    # What an image showed before it was reported done says nothing against that.
    since = itertools.takewhile(lambda event: event.action != "report_done", reversed(context.events()))
    rechecked = next((event for event in since if event.action == "propose" and "recheck" in event.facts), None)
    if rechecked is not None and rechecked.facts["proposal"] == "fail":
        facts = rechecked.facts
        raise ActionRefused(
            f"The satellite recheck of case {case['number']} proposes 'fail' (image of {facts['image_on']}: {facts['recheck']}); "
            f"'{asked.action}' needs a note that says why the image is wrong.",
            zh=f"案件 {case['number']} 的影像复核建议验收不通过（{rechecked.note}）；仍要{action_zh(asked.action)}，须写明理由（--note）。",
        )


def _rejection_pending(case: Mapping[str, Any], asked: Act, context: Context) -> None:
    _pending(case, asked, "reject")


def _referral_pending(case: Mapping[str, Any], asked: Act, context: Context) -> None:
    _pending(case, asked, "refer")


def _pending(case: Mapping[str, Any], asked: Act, action: Action) -> None:
    if not _waits_for(case, action):
        raise ActionRefused(
            f"No '{action}' of case {case['number']} is open, so '{asked.action}' has nothing to answer.",
            zh=f"案件 {case['number']} 没有待复核、待答复的{action_zh(action)}，不能{action_zh(asked.action)}。",
        )


def _not_pending(case: Mapping[str, Any], asked: Act, context: Context) -> None:
    if (pending := read_pending(case["pending"])) is not None:
        answers = " or ".join(f"'{answer}'" for answer in pending.answers)
        raise ActionRefused(
            f"Case {case['number']} waits for an answer to the '{pending.action}' ({pending.code}) of {pending.actor}; {answers} "
            "comes first.",
            zh=f"案件 {case['number']} 的{action_zh(pending.action)}（{pending.code}，{pending.actor}）尚待答复；请先{' 或 '.join(map(action_zh, pending.answers))}。",
        )


def _first_minor(case: Mapping[str, Any], asked: Act, context: Context) -> None:
    if not _OF_THE_CASE["first_minor"](case):
        raise ActionRefused(
            f"Only a first minor offence is spared; case {case['number']} is {case['severity']}, recurrence {case['recurrence']}.",
            zh=f"只有首次轻微违法可免予处罚；案件 {case['number']} 为{SEVERITIES[case['severity']].zh}，复发 {case['recurrence']} 次。",
        )


def _in_time(case: Mapping[str, Any], asked: Act, context: Context) -> None:
    if case["due_on"] is not None and context.today > case["due_on"]:
        raise ActionRefused(
            f"Only what was put right in time is spared; the term of case {case['number']} ended on {case['due_on']}.",
            zh=f"只有按期改正的可免予处罚；案件 {case['number']} 的期限是 {case['due_on']}。",
        )


def _in_order(case: Mapping[str, Any], asked: Act, context: Context) -> None:
    measure, step = asked.values.get("measure", case["measure"]), asked.values.get("step")
    if measure is None:
        raise ActionRefused(
            f"No measure of case {case['number']} is planned, so '{asked.action}' has no step; 'plan' one, or name the measure.",
            zh=f"案件 {case['number']} 尚无处置措施，没有步骤可言；请先{action_zh('plan')}，或指明措施。",
        )
    # What is missing or of no list is said where needs are looked at.
    if step is None or measure not in STEPS or step not in STEPS[measure]:
        return
    possible = next_steps(measure, context.events())
    if step in possible:
        return
    come = " or ".join(f"'{each}' ({STEPS[measure][each].en})" for each in possible) or "'report_done'"
    come_zh = names_zh(STEPS[measure], possible) or action_zh("report_done")
    raise ActionRefused(
        f"'{step}' of case {case['number']} is out of order: the steps of {measure} come one after the other; now comes {come}.",
        zh=f"案件 {case['number']} 的“{STEPS[measure][step].zh}”次序不对：{MEASURES[measure].zh}须逐步办理；现在应办 {come_zh}。",
    )


def _judged_illegal(case: Mapping[str, Any], asked: Act, context: Context) -> None:
    if not _OF_THE_CASE["judged_illegal"](case):
        raise ActionRefused(
            f"Case {case['number']} was judged {case['verdict']}; only an illegal one is disposed of, 'close' it.",
            zh=f"案件 {case['number']} 的认定是{names_zh(VERDICTS, [case['verdict']])}；只有违法的才处置，请销号（close）。",
        )


def _judged_not_illegal(case: Mapping[str, Any], asked: Act, context: Context) -> None:
    if not _OF_THE_CASE["judged_not_illegal"](case):
        raise ActionRefused(
            f"Case {case['number']} was judged illegal; it is closed after its disposal, 'plan' comes first.",
            zh=f"案件 {case['number']} 已认定违法，处置后才能销号；请先{action_zh('plan')}。",
        )


def _not_absorbed(case: Mapping[str, Any], asked: Act, context: Context) -> None:
    if not _OF_THE_CASE["not_absorbed"](case):
        where = case["merged_into"] or f"{case['number']}-1 and the parts after it"
        raise ActionRefused(
            f"Case {case['number']} lives on in {where}; '{asked.action}' that one.",
            zh=f"案件 {case['number']} 已并入或拆分为 {where}；请对其{action_zh(asked.action)}。",
        )


_GUARDS: Mapping[Guard, Callable[[Mapping[str, Any], Act, Context], None]] = {
    "holder": _holder,
    "held": _held,
    "moves_it": _moves_it,
    "handed_to": _handed_to,
    "other_person": _other_person,
    "says_why_against_image": _says_why_against_image,
    "rejection_pending": _rejection_pending,
    "referral_pending": _referral_pending,
    "not_pending": _not_pending,
    "first_minor": _first_minor,
    "in_time": _in_time,
    "in_order": _in_order,
    "judged_illegal": _judged_illegal,
    "judged_not_illegal": _judged_not_illegal,
    "not_absorbed": _not_absorbed,
}
