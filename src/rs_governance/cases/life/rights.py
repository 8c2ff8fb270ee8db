"""Rights: role × administrative prefix × theme (and department) decide who may do what to which case."""

from collections.abc import Mapping
from typing import Any, Literal

from rs_governance.cases.life.asking import Actor
from rs_governance.cases.life.naming import action_zh, names_zh, roles_zh
from rs_governance.cases.life.transitions import TRANSITIONS, Action, Move
from rs_governance.cases.life.words import ROLES, Role, State
from rs_governance.errors import ActionRefused
from rs_governance.rules import DEPARTMENTS, THEMES

Intake = Literal["issues", "permits", "clues", "answers", "people", "holidays"]
"""What people take in."""

_FINEST_FIRST = ("cell_code", "village_code", "town_code", "district_code")


def stem(code: str) -> str:
    """Cut the zeros with which an administrative code of 12 digits stands for all that lies in it.

    Examples
    --------
    >>> stem("450108101000"), stem("450108000000"), stem("450108101"), stem("450108101001")
    ('450108101', '450108', '450108101', '450108101001')
    """
    if len(code) == 12 and code.endswith("000"):
        return code[:-6] if code.endswith("000000") else code[:-3]
    return code


def responsible_codes(case: Mapping[str, Any]) -> tuple[str, ...]:
    """List the codes that say whose area a case is: where it lies, or the town that it was handed to instead.

    Examples
    --------
    >>> place = {"cell_code": "", "village_code": "450108101001", "town_code": "450108101000", "district_code": "450108"}
    >>> responsible_codes({**place, "assignee": "town:450108101000"})
    ('450108101001', '450108101', '450108')
    >>> responsible_codes({**place, "assignee": "town:450108102000"})
    ('450108102',)
    """
    kind, _, code = (case["assignee"] or "").partition(":")
    if kind == "town" and stem(code) != stem(case["town_code"]):
        return (stem(code),)
    return tuple(stem(case[name]) for name in _FINEST_FIRST if case[name])


def why_not(case: Mapping[str, Any], actor: Actor) -> ActionRefused | None:
    """Return the error that says why a case is not somebody's to act on; None where it is.

    Parameters
    ----------
    case
        Fields of the case.
    actor
        Who wants to act. A case that was handed to them by name is theirs whatever their department, as it would be that
        of another department to which it was handed, and in whatever part of the place they act, where the case is known
        no finer; their area and themes count all the same.
    """
    if actor.role == "system":
        return None
    number, codes, prefix = case["number"], responsible_codes(case), stem(actor.prefix)
    by_name = actor.login in (case["holder"], case["assignee"])
    if not any(code.startswith(prefix) for code in codes) and not (by_name and prefix.startswith(codes[0])):
        return ActionRefused(
            f"Case {number} belongs to {codes[0]}, {actor.login} acts for {actor.prefix}; hand it to somebody there.",
            zh=f"案件 {number} 属于 {codes[0]}，{actor.login} 的辖区是 {actor.prefix}；请交由当地人员办理。",
        )
    if actor.themes and case["theme"] not in actor.themes:
        return ActionRefused(
            f"Case {number} is of the theme {case['theme']}, {actor.login} acts on {', '.join(actor.themes)}.",
            zh=f"案件 {number} 的专题是{names_zh(THEMES, [case['theme']])}，{actor.login} 只办 {names_zh(THEMES, actor.themes)}。",
        )
    handed_to = {case["department"], (case["assignee"] or "").removeprefix("department:")}
    if (
        not by_name
        and actor.role == "enforcement_officer"
        and actor.department is not None
        and actor.department not in handed_to
    ):
        return ActionRefused(
            f"Case {number} belongs to {case['department']}, {actor.login} is of {actor.department}.",
            zh=f"案件 {number} 归{names_zh(DEPARTMENTS, [case['department']])}，{actor.login} 属于"
            f"{names_zh(DEPARTMENTS, [actor.department])}。",
        )
    return None


_OFFICE: tuple[Role, ...] = ("interpreter", "quality_checker", "district_manager")
FIELD_ROLES: tuple[Role, ...] = ("town_inspector", "grid_keeper")
"""Who works in a town."""

SECOND_PERSONS: tuple[Role, ...] = ("quality_checker", "district_manager")
"""Who may end or tone down an urgent case without a second opinion."""

INTAKES: Mapping[Intake, tuple[Role, ...]] = {
    "issues": _OFFICE,
    "permits": _OFFICE,
    "clues": (*_OFFICE, *FIELD_ROLES),
    "answers": _OFFICE,
    "people": ("district_manager",),
    "holidays": ("district_manager",),
}
"""Who may take in what; each of them in the district of their prefix only."""

_INTAKES_ZH: Mapping[Intake, str] = {
    "issues": "成果",
    "permits": "手续",
    "clues": "线索",
    "answers": "答复",
    "people": "人员",
    "holidays": "节假日",
}


def check_intake(what: Intake, actor: Actor, district_code: str) -> None:
    """Refuse an intake that is not for this person.

    Parameters
    ----------
    what
        What is taken in.
    actor
        Who takes it in; the system may take in all.
    district_code
        District of the store.

    Raises
    ------
    ActionRefused
        When the role is another, or the prefix is of another district. Who works in the office acts for the whole
        district, who works in a town for that town.

    Examples
    --------
    >>> check_intake("clues", Actor(login="chen", name="", role="town_inspector", prefix="450108101"), "450108")
    """
    if actor.role == "system":
        return
    if actor.role not in INTAKES[what]:
        allowed = ", ".join(f"{role} ({ROLES[role].zh})" for role in INTAKES[what])
        raise ActionRefused(
            f"Taking in {what} is not for the role {actor.role} ({ROLES[actor.role].zh}); it is for {allowed}.",
            zh=f"{roles_zh([actor.role])}不能导入{_INTAKES_ZH[what]}；由 {roles_zh(INTAKES[what])} 导入。",
        )
    if not district_code.startswith(stem(actor.prefix)) and not (
        actor.role in FIELD_ROLES and is_within(actor.prefix, district_code)
    ):
        raise ActionRefused(
            f"This store is of the district {district_code}, {actor.login} acts for {actor.prefix}; let somebody take in "
            f"the {what} who acts for the district.",
            zh=f"本库属于 {district_code}，{actor.login} 的辖区是 {actor.prefix}；请由本区人员导入{_INTAKES_ZH[what]}。",
        )


def is_within(prefix: str, district_code: str) -> bool:
    """Tell whether a prefix is that of a district, of what it lies in, or of a place inside it.

    Examples
    --------
    >>> is_within("450108101000", "450108"), is_within("45", "450108"), is_within("450109", "450108")
    (True, True, False)
    """
    return district_code.startswith(stem(prefix)) or stem(prefix).startswith(district_code)


def check_rights(case: Mapping[str, Any], actor: Actor, action: Action, move: Move) -> None:
    """Refuse an act that is not for this person.

    Raises
    ------
    ActionRefused
        When the role, the area, the theme or the department is another.
    """
    if actor.role not in move.roles:
        allowed = ", ".join(f"{role} ({ROLES[role].zh})" for role in move.roles)
        raise ActionRefused(
            f"'{action}' is not for the role {actor.role} ({ROLES[actor.role].zh}); it is for {allowed}.",
            zh=f"{roles_zh([actor.role])}不能{action_zh(action)}；由 {roles_zh(move.roles)} 办理。",
        )
    # Whoever's area or themes have changed since can still let go of what they hold.
    letting_go = action == "release" and case["holder"] == actor.login
    if not letting_go and (refusal := why_not(case, actor)) is not None:
        raise refusal


def may_move(case: Mapping[str, Any], actor: Actor) -> bool:
    """Tell whether somebody is one of those who move a case on to its next state, or end it, where it is now."""
    return actor.role in moving_roles(case["state"]) and why_not(case, actor) is None


def moving_roles(state: State) -> frozenset[Role]:
    """Return the roles that move a case on from a state.

    Examples
    --------
    >>> sorted(moving_roles("dispatched"))
    ['enforcement_officer', 'grid_keeper', 'town_inspector']
    """
    moves = (move for (at, action), move in TRANSITIONS.items() if at == state and action in MOVING)
    return frozenset(role for move in moves for role in move.roles)


MOVING: frozenset[Action] = frozenset(
    ("accept", "reject", "agree", "disagree", "dispatch", "start", "submit", "return", "confirm", "close", "plan",
     "report_done", "answer_referral", "spare", "pass", "fail")
)  # fmt: skip
"""Actions that move a case along its life; the others are side moves."""
