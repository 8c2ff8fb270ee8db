"""The life of a case as one table: what can be done in which state, by whom, and what it needs."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from rs_governance.cases.life.words import Role, State, Verdict
from rs_governance.rules import Word

Action = Literal[
    "accept",
    "reject",
    "agree",
    "disagree",
    "correct",
    "merge",
    "split",
    "dispatch",
    "start",
    "submit",
    "return",
    "confirm",
    "plan",
    "proceed",
    "refer",
    "answer_referral",
    "decline_referral",
    "report_done",
    "pass",
    "fail",
    "spare",
    "close",
    "reverse",
    "withdraw",
    "transfer",
    "take",
    "release",
    "assign",
    "extend",
    "comment",
    "reopen",
    "open",
    "observe",
    "propose",
    "remind",
    "escalate",
    "respond",
    "rate",
]
"""What can be done to a case."""

Need = Literal[
    "reason",
    "resolution",
    "verdict",
    "assignee",
    "measure",
    "step",
    "referral",
    "evidence",
    "into",
    "parts",
    "correction",
    "days",
    "note",
    "rating",
]
"""What an action must be given."""

Guard = Literal[
    "holder",
    "held",
    "moves_it",
    "handed_to",
    "says_why_against_image",
    "other_person",
    "rejection_pending",
    "referral_pending",
    "not_pending",
    "first_minor",
    "in_time",
    "in_order",
    "judged_illegal",
    "judged_not_illegal",
    "not_absorbed",
]
"""A condition that the case or the person must meet."""

_OFFICE: tuple[Role, ...] = ("interpreter", "quality_checker", "district_manager")
_REVIEW: tuple[Role, ...] = ("quality_checker", "district_manager")
_FIELD: tuple[Role, ...] = ("town_inspector", "grid_keeper")
_VISIT: tuple[Role, ...] = (*_FIELD, "enforcement_officer")
_LAW: tuple[Role, ...] = ("enforcement_officer", "district_manager")
_WORKERS: tuple[Role, ...] = (*_OFFICE, *_FIELD, "enforcement_officer")
_MANAGER: tuple[Role, ...] = ("district_manager",)
_SYSTEM: tuple[Role, ...] = ("system",)

_OPEN: tuple[State, ...] = tuple(state for state in get_args(State) if state != "closed")
_EVERY: tuple[State, ...] = get_args(State)
_ON_SCREEN: tuple[State, ...] = ("detected", "screened")
_IN_FIELD: tuple[State, ...] = ("dispatched", "verifying", "returned")
_BEFORE_VERDICT: tuple[State, ...] = (*_ON_SCREEN, *_IN_FIELD, "evidenced")
_AFTER_VERDICT: tuple[State, ...] = ("confirmed", "disposing", "rectified")


@dataclass(frozen=True, kw_only=True)
class Move:
    """A row of the table."""

    to: State | None
    """State after it; None where the state stays."""
    roles: tuple[Role, ...]
    """Who may do it, inside their area and themes."""
    needs: tuple[Need, ...] = ()
    """What must be given."""
    guards: tuple[Guard, ...] = ("holder",)
    """What must hold; `holder`: nobody else holds the case."""
    verdict: Verdict | None = None
    """Verdict after it; None where it stays or is given."""
    keeps_holder: bool = False
    """True where the case stays in its holder's hands; otherwise a change of state frees it."""


def _moves() -> Iterator[tuple[tuple[State, Action], Move]]:
    def row(state: State, action: Action, to: State | None, roles: tuple[Role, ...], **more: object) -> None:
        rows.append(((state, action), Move(to=to, roles=roles, **more)))  # type: ignore[arg-type]

    rows: list[tuple[tuple[State, Action], Move]] = []
    # In the office: is there anything to look at?
    alone: tuple[Guard, ...] = ("holder", "not_pending")
    answer: tuple[Guard, ...] = ("rejection_pending", "other_person")
    for state in _ON_SCREEN:
        row(state, "reject", "closed", _OFFICE, needs=("resolution",), guards=alone)
        row(state, "agree", "closed", _OFFICE, guards=answer)
        row(state, "disagree", "screened", _OFFICE, guards=answer, verdict="suspected")
    row("detected", "accept", "screened", _OFFICE, guards=alone, verdict="suspected")
    row("screened", "dispatch", "dispatched", _OFFICE, needs=("assignee",), guards=alone)
    # In the field.
    row("dispatched", "start", "verifying", _VISIT, guards=("holder", "handed_to"), keeps_holder=True)
    row("verifying", "submit", "evidenced", _VISIT, needs=("evidence",))
    row("returned", "submit", "evidenced", _VISIT, needs=("evidence",))
    # What is it?
    row("evidenced", "return", "returned", _REVIEW, needs=("reason",))
    row("evidenced", "confirm", "confirmed", _REVIEW, needs=("verdict",), guards=("holder", "other_person"))
    row("confirmed", "close", "closed", _REVIEW, needs=("resolution",), guards=("holder", "judged_not_illegal"))
    # What is done about it?
    row("confirmed", "plan", "disposing", _LAW, needs=("measure",), guards=("holder", "judged_illegal"))
    row("disposing", "plan", None, _LAW, needs=("measure", "note"), guards=alone, keeps_holder=True)
    row(
        "disposing", "proceed", None, _LAW, needs=("step", "evidence"), guards=("holder", "in_order"), keeps_holder=True
    )
    row("disposing", "refer", None, _LAW, needs=("referral", "evidence"), guards=alone, keeps_holder=True)
    answered: tuple[Guard, ...] = ("holder", "referral_pending")
    row("disposing", "answer_referral", "closed", _LAW, needs=("evidence",), guards=answered)
    row("disposing", "decline_referral", None, _LAW, needs=("evidence",), guards=answered, keeps_holder=True)
    row("disposing", "report_done", "rectified", _LAW, needs=("evidence",), guards=alone)
    row("disposing", "spare", "closed", _LAW, needs=("evidence", "note"), guards=(*alone, "first_minor", "in_time"))
    accepted: tuple[Guard, ...] = ("holder", "other_person", "says_why_against_image")
    row("rectified", "pass", "closed", _REVIEW, needs=("resolution",), guards=accepted)
    row("rectified", "fail", "disposing", _REVIEW, needs=("note",))
    # Side moves.
    for state in _BEFORE_VERDICT:
        row(state, "withdraw", "closed", ("district_manager", "system"), needs=("resolution",), guards=())
        row(state, "correct", None, (*_OFFICE, *_FIELD), needs=("correction",), keeps_holder=True)
        row(state, "merge", "closed", _OFFICE, needs=("into",), guards=alone)
        row(state, "split", "closed", _OFFICE, needs=("parts",), guards=alone)
    for state in _IN_FIELD:
        row(state, "transfer", "dispatched", _MANAGER, needs=("assignee", "note"), guards=())
    for state in _AFTER_VERDICT:
        row(state, "reverse", "evidenced", _MANAGER, needs=("note",), guards=alone, verdict="suspected")
    for state in _OPEN:
        row(state, "take", None, _WORKERS, guards=("holder", "moves_it"), keeps_holder=True)
        row(state, "release", None, _WORKERS, guards=("holder", "held"), keeps_holder=True)
        row(state, "assign", None, _MANAGER, needs=("assignee",), guards=(), keeps_holder=True)
        row(state, "extend", None, _MANAGER, needs=("days", "note"), guards=(), keeps_holder=True)
        row(state, "remind", None, _SYSTEM, guards=(), keeps_holder=True)
        row(state, "escalate", None, (*_SYSTEM, *_MANAGER, "auditor"), needs=("note",), guards=(), keeps_holder=True)
        row(state, "propose", None, _SYSTEM, guards=(), keeps_holder=True)
    reopeners: tuple[Role, ...] = ("district_manager", "quality_checker", "system")
    row("closed", "reopen", "screened", reopeners, needs=("note",), guards=("not_absorbed",))
    for state in _EVERY:
        row(state, "comment", None, (*_WORKERS, "auditor"), needs=("note",), guards=(), keeps_holder=True)
        row(state, "observe", None, _SYSTEM, guards=(), keeps_holder=True)
        row(state, "respond", None, (*_WORKERS, "system"), needs=("note",), guards=(), keeps_holder=True)
        row(state, "rate", None, (*_WORKERS, "system"), needs=("rating",), guards=(), keeps_holder=True)
    yield from rows


TRANSITIONS: Mapping[tuple[State, Action], Move] = dict(_moves())
"""What can be done: (state, action) to move. What is not here is refused."""

ACTIONS: Mapping[Action, Word] = {
    "accept": Word("判读通过", "accept"),
    "reject": Word("判读排除", "reject"),
    "agree": Word("复核同意", "agree"),
    "disagree": Word("复核不同意", "disagree"),
    "correct": Word("修正范围或类型", "correct"),
    "merge": Word("并案", "merge"),
    "split": Word("拆分", "split"),
    "dispatch": Word("下发", "dispatch"),
    "start": Word("接收任务", "start"),
    "submit": Word("提交举证", "submit evidence"),
    "return": Word("退回", "return"),
    "confirm": Word("认定", "confirm"),
    "plan": Word("制定处置方案", "plan"),
    "proceed": Word("处置进展", "proceed"),
    "refer": Word("移送", "refer"),
    "answer_referral": Word("移送受理", "referral answered"),
    "decline_referral": Word("移送退回", "referral declined"),
    "report_done": Word("整改完成待验", "report as done"),
    "pass": Word("验收通过", "pass"),
    "fail": Word("验收未通过", "fail"),
    "spare": Word("首违不罚", "spare"),
    "close": Word("销号", "close"),
    "reverse": Word("撤销认定", "reverse the verdict"),
    "withdraw": Word("撤回", "withdraw"),
    "transfer": Word("转办", "transfer"),
    "take": Word("领办", "take"),
    "release": Word("放回", "release"),
    "assign": Word("指派", "assign"),
    "extend": Word("延期", "extend"),
    "comment": Word("批注", "comment"),
    "reopen": Word("重启", "reopen"),
    "open": Word("立案", "open"),
    "observe": Word("新一期所见", "observe"),
    "propose": Word("系统建议", "propose"),
    "remind": Word("催办", "remind"),
    "escalate": Word("升级督办", "escalate"),
    "respond": Word("问题反映或答复", "respond"),
    "rate": Word("评价", "rate"),
}
"""The word shown for each `Action`."""


def allowed_in(state: State) -> tuple[Action, ...]:
    """List the actions that a state knows, in the table's order.

    Examples
    --------
    >>> allowed_in("evidenced")[:2]
    ('return', 'confirm')
    """
    return tuple(action for at, action in TRANSITIONS if at == state)


def allowed_for(state: State, role: Role) -> tuple[Action, ...]:
    """List the actions that a state knows for a role, in the table's order.

    Examples
    --------
    >>> allowed_for("closed", "auditor")
    ('comment',)
    """
    return tuple(action for (at, action), move in TRANSITIONS.items() if at == state and role in move.roles)
