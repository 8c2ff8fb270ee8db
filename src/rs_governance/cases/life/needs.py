"""Needs: what an act must be given, and of which list it is."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import shapely

from rs_governance.cases.life.asking import Act
from rs_governance.cases.life.naming import NEEDS, action_zh, names_zh, roles_zh
from rs_governance.cases.life.rights import SECOND_PERSONS
from rs_governance.cases.life.steps import STEPS
from rs_governance.cases.life.transitions import Action, Move, Need
from rs_governance.cases.life.words import (
    MEASURES,
    REFERRALS,
    RESOLUTIONS,
    RETURN_REASONS,
    STATES,
    VERDICTS,
    Role,
    Verdict,
)
from rs_governance.errors import ActionRefused, UsageError
from rs_governance.rules import DEPARTMENTS, KINDS, SEVERITIES, THEMES

CORRECTABLE = ("outline", "kind", "theme", "severity")
"""Fields of a case that a person may correct; the machine leaves a corrected one alone."""

RESOLVED_BY: Mapping[Action, str] = {
    "merge": "merged",
    "split": "split",
    "spare": "spared",
    "answer_referral": "referral_answered",
}
"""Resolution of the actions that leave no choice of one."""

_OF_FIELD_ROLES = ("outline", "kind")
_FIELD_ROLES: tuple[Role, ...] = ("town_inspector", "grid_keeper")
_LOGIN = re.compile(r"[\w.@+-]+")
_MOST_DAYS = 365
# How far a corrected outline may lie from the former one: more than a rough mark is off, less than GCJ-02 is.
_FARTHEST_M = 100.0


def check_need(case: Mapping[str, Any], asked: Act, need: Need) -> None:
    """Refuse an act that lacks what it needs, or was given something else.

    Raises
    ------
    ActionRefused
        When it is missing, or does not fit this case.
    UsageError
        When it is none of its list.
    """
    value = {"reason": asked.reason, "evidence": asked.evidence, "note": asked.note}.get(need, asked.values.get(need))
    choices = choices_of(need, case, asked)
    if value is None or (isinstance(value, str | Sequence | Mapping) and not value):
        words = _WORDS.get(need, {})
        told = (f"{code} ({words[code].zh})" if code in words else code for code in choices)
        hint = f": one of {', '.join(told)}" if choices else ""
        raise ActionRefused(
            f"'{asked.action}' of case {case['number']} needs {need}{hint}; give it.",
            zh=f"案件 {case['number']} 的{action_zh(asked.action)}须给出{names_zh(NEEDS, [need])}{'：' if choices else ''}{names_zh(words, choices)}。",
        )
    known = _CHOICES["resolution"] if need == "resolution" else choices  # one that does not fit here is told below
    if choices and value not in known:
        raise UsageError(
            f"'{value}' is no {need} of '{asked.action}'; it is one of {', '.join(choices)}.",
            zh=f"'{value}' 不是{action_zh(asked.action)}可用的{names_zh(NEEDS, [need])}；可用 {names_zh(_WORDS.get(need, {}), choices)}。",
        )
    if (check := _CHECKS.get(need)) is not None:
        check(case, asked, value)


def check_used(asked: Act, move: Move) -> None:
    """Refuse an act that was given what it makes no use of, so that nobody thinks that it counted.

    Raises
    ------
    UsageError
        When there is such a value.
    """
    used = {*move.needs, "facts", *_ALSO_USED.get(asked.action, ())}
    unused = sorted(set(asked.values) - used)
    if asked.reason is not None and "reason" not in used:
        unused.append("reason")
    if unused:
        given = [need for need in move.needs if need not in ("note", "evidence")]
        takes = f"it takes {', '.join(given)}" if given else "it takes a note and evidence only"
        raise UsageError(
            f"'{asked.action}' makes no use of {', '.join(unused)}; {takes}. Leave the rest out.",
            zh=f"{action_zh(asked.action)}不需要 {names_zh(NEEDS, unused)}；请去掉。",
        )


_OF_THE_SYSTEM = ("fields", "level")
_ALSO_USED: Mapping[Action, tuple[str, ...]] = {
    "proceed": ("measure",),
    "observe": _OF_THE_SYSTEM,
    "propose": _OF_THE_SYSTEM,
    "reopen": _OF_THE_SYSTEM,
    "remind": _OF_THE_SYSTEM,
    "escalate": _OF_THE_SYSTEM,
}


def choices_of(need: Need, case: Mapping[str, Any], asked: Act) -> tuple[str, ...]:
    """List what a need may be given to this case as it is; empty where it is not of a list."""
    if need == "resolution":
        return resolutions_for(asked.action, case["verdict"], asked.actor.role)
    if need == "step":
        return tuple(STEPS.get(asked.values.get("measure", case["measure"]), ()))
    return _CHOICES.get(need, ())


def resolutions_for(action: Action, verdict: Verdict, role: Role) -> tuple[str, ...]:
    """List the resolutions that an action may close a case with.

    Parameters
    ----------
    action
        `reject`, `withdraw`, `close` or `pass`.
    verdict
        Of the case, which `close` has to fit.
    role
        Of who acts: people withdraw a case for an approval only, so that no rejection goes round its second opinion.

    Examples
    --------
    >>> resolutions_for("pass", "illegal", "quality_checker")
    ('demolished', 'restored', 'regularised', 'confiscated', 'case_decided')
    """
    fitting = {
        "reject": ("false_change", "lawful", "other"),
        "withdraw": ("false_change", "lawful", "unverified") if role == "system" else ("lawful",),
        "close": (verdict,),
        "pass": ("illegal",),
    }[action]
    own = set(RESOLVED_BY.values())
    return tuple(code for code, outcome in RESOLUTIONS.items() if outcome.verdict in fitting and code not in own)


def is_login(text: str) -> bool:
    """Tell whether a text can be an account: letters, digits and . @ + - _, so that it is told from `town:...`."""
    return _LOGIN.fullmatch(text) is not None


def _resolution(case: Mapping[str, Any], asked: Act, resolution: str) -> None:
    fitting = resolutions_for(asked.action, case["verdict"], asked.actor.role)
    if resolution not in fitting:
        raise ActionRefused(
            f"'{resolution}' does not fit '{asked.action}' of case {case['number']} ({case['verdict']}); what fits is "
            f"{', '.join(fitting)}.",
            zh=f"'{resolution}' 不能用于案件 {case['number']} 的{action_zh(asked.action)}；可用 {names_zh(RESOLUTIONS, fitting)}。",
        )


def _assignee(case: Mapping[str, Any], asked: Act, assignee: str) -> None:
    kind, colon, code = assignee.partition(":")
    if not colon:
        fits = is_login(assignee)
    elif asked.action == "assign":
        fits = False
    elif kind == "department":
        fits = code in DEPARTMENTS
    else:
        fits = kind == "town" and re.fullmatch(r"\d{9}(\d{3})?", code) is not None
    if not fits:
        also = "" if asked.action == "assign" else f", town:CODE or department:NAME ({', '.join(DEPARTMENTS)})"
        raise UsageError(
            f"'{asked.action}' takes an account{also}; {assignee!r} is none.",
            zh=f"{action_zh(asked.action)}须给出账号{'' if asked.action == 'assign' else '、town:街镇代码 或 department:部门（' + names_zh(DEPARTMENTS, DEPARTMENTS) + '）'}；{assignee!r} 都不是。",
        )
    if kind == "town" and not code.startswith(case["district_code"]):
        raise UsageError(
            f"Town {code} is not in the district {case['district_code']} of case {case['number']}; name one that is.",
            zh=f"街镇 {code} 不在案件 {case['number']} 所在的区 {case['district_code']}；请改为本区街镇。",
        )


def _parts(case: Mapping[str, Any], asked: Act, parts: Sequence[Any]) -> None:
    if len(parts) < 2 or not all(map(_is_area, parts)):
        raise UsageError(
            f"'split' of case {case['number']} needs at least two valid polygons in the store's CRS.",
            zh=f"拆分案件 {case['number']} 至少要两个有效的面；请重新勾画。",
        )
    joined = sum(part.area for part in parts)
    if shapely.union_all(list(parts)).area < joined * 0.999:
        raise UsageError(
            f"The parts of case {case['number']} overlap each other; draw each piece of land once.",
            zh=f"案件 {case['number']} 拆分的各部分相互重叠；同一块地只能画一次。",
        )
    if not all(part.intersects(case["outline"]) for part in parts):
        raise UsageError(
            f"A part lies away from case {case['number']}; draw the parts inside its outline.",
            zh=f"拆分的一部分不在案件 {case['number']} 范围内；请在其范围内勾画。",
        )


def _correction(case: Mapping[str, Any], asked: Act, correction: Mapping[str, Any]) -> None:
    lists: Mapping[str, Mapping[Any, Any]] = {"kind": KINDS, "theme": THEMES, "severity": SEVERITIES}
    mine = _OF_FIELD_ROLES if asked.actor.role in _FIELD_ROLES else CORRECTABLE
    for name, value in correction.items():
        if name not in CORRECTABLE:
            raise UsageError(
                f"'{name}' of a case cannot be corrected; what can is {', '.join(CORRECTABLE)}.",
                zh=f"案件的 '{name}' 不能修正；可修正的是 {'、'.join(CORRECTABLE)}。",
            )
        if name not in mine:
            raise ActionRefused(
                f"'{name}' is the office's to correct; {asked.actor.role} corrects {', '.join(mine)}.",
                zh=f"'{name}' 由办公室修正；{roles_zh([asked.actor.role])}可修正 {'、'.join(mine)}。",
            )
        if name == "outline" and not _is_area(value):
            raise UsageError(
                f"The corrected outline of case {case['number']} is no valid polygon; draw it again.",
                zh=f"案件 {case['number']} 修正后的范围不是有效的面；请重新勾画。",
            )
        if name == "outline" and (away_m := value.distance(case["outline"])) > _FARTHEST_M:
            raise UsageError(
                f"The corrected outline lies {away_m:.0f} m away from case {case['number']}; draw it there. (Coordinates of "
                "phone maps, GCJ-02, are about 500 m off.)",
                zh=f"修正后的范围距案件 {case['number']} {away_m:.0f} 米；请在原处勾画（手机地图的 GCJ-02 坐标约偏 500 米）。",
            )
        if name in lists and value not in lists[name]:
            raise UsageError(
                f"'{value}' is no {name}; it is one of {', '.join(lists[name])}.",
                zh=f"'{value}' 不是可用的值；可用 {names_zh(lists[name], lists[name])}。",
            )

    if "severity" in correction:
        _milder(case, asked, correction["severity"])


def _milder(case: Mapping[str, Any], asked: Act, severity: str) -> None:
    worst_first: list[str] = list(SEVERITIES)
    if worst_first.index(severity) <= worst_first.index(case["severity"]):
        return
    if case["severity"] == "red" and asked.actor.role not in SECOND_PERSONS:
        raise ActionRefused(
            f"Case {case['number']} is red; it is toned down by {' or '.join(SECOND_PERSONS)}, not by {asked.actor.role}.",
            zh=f"案件 {case['number']} 为红色，由 {roles_zh(SECOND_PERSONS)} 下调等级，{roles_zh([asked.actor.role])}不能。",
        )
    if not asked.note:
        raise ActionRefused(
            f"Toning case {case['number']} down to {severity} needs a note that says why; give it.",
            zh=f"下调案件 {case['number']} 的等级须写明理由（--note）。",
        )


def _is_area(outline: Any) -> bool:
    return (
        isinstance(outline, shapely.Polygon | shapely.MultiPolygon)
        and bool(outline.is_valid)
        and bool(outline.area > 0)
    )


def _days(case: Mapping[str, Any], asked: Act, days: Any) -> None:
    if not isinstance(days, int) or not 1 <= days <= _MOST_DAYS:
        raise UsageError(
            f"'{asked.action}' of case {case['number']} needs 1 to {_MOST_DAYS} days; {days!r} was given.",
            zh=f"案件 {case['number']} 的{action_zh(asked.action)}须给出 1 至 {_MOST_DAYS} 天；给出的是 {days!r}。",
        )
    if case["due_on"] is None:
        raise ActionRefused(
            f"Case {case['number']} has no term in the state {case['state']}; there is nothing to extend.",
            zh=f"案件 {case['number']} 在“{STATES[case['state']].zh}”没有期限，无从延期。",
        )


def _rating(case: Mapping[str, Any], asked: Act, rating: Any) -> None:
    if not isinstance(rating, int) or not 1 <= rating <= 5:
        raise UsageError(
            f"A rating of case {case['number']} is a whole number from 1 to 5; {rating!r} was given.",
            zh=f"案件 {case['number']} 的评分为 1 至 5 的整数；给出的是 {rating!r}。",
        )


def _step(case: Mapping[str, Any], asked: Act, step: str) -> None:
    measure = asked.values.get("measure", case["measure"])
    if measure not in STEPS:
        raise UsageError(
            f"'{measure}' is no measure; it is one of {', '.join(MEASURES)}.",
            zh=f"'{measure}' 不是处置措施；可用 {names_zh(MEASURES, MEASURES)}。",
        )


_WORDS: Mapping[Need, Mapping[Any, Any]] = {
    "verdict": VERDICTS,
    "measure": MEASURES,
    "referral": REFERRALS,
    "resolution": RESOLUTIONS,
    "reason": RETURN_REASONS,
    "step": {code: word for steps in STEPS.values() for code, word in steps.items()},
}
_CHOICES: Mapping[Need, tuple[str, ...]] = {
    "verdict": tuple(name for name in VERDICTS if name not in ("unverified", "suspected")),
    "measure": tuple(MEASURES),
    "referral": tuple(REFERRALS),
    "resolution": tuple(RESOLUTIONS),
    "reason": tuple(RETURN_REASONS),
}
_CHECKS: Mapping[Need, Callable[[Mapping[str, Any], Act, Any], None]] = {
    "assignee": _assignee,
    "parts": _parts,
    "correction": _correction,
    "days": _days,
    "rating": _rating,
    "resolution": _resolution,
    "step": _step,
}
