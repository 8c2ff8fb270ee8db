"""Codes by their Chinese names, for what people are told when an act is refused."""

from collections.abc import Iterable, Mapping
from typing import Any

from rs_governance.cases.life.transitions import ACTIONS, Action, Need
from rs_governance.cases.life.words import ROLES
from rs_governance.rules import Word

NEEDS: Mapping[Need, Word] = {
    "reason": Word("退回理由", "reason of a return"),
    "resolution": Word("销号结论", "resolution"),
    "verdict": Word("认定", "verdict"),
    "assignee": Word("交给谁", "to whom"),
    "measure": Word("处置措施", "measure"),
    "step": Word("处置步骤", "step of the measure"),
    "referral": Word("移送对象", "whom it is referred to"),
    "evidence": Word("证据", "evidence"),
    "into": Word("并入的案件", "case that it is merged into"),
    "parts": Word("各部分的范围", "outlines of the parts"),
    "correction": Word("修正内容", "what is corrected"),
    "days": Word("天数", "days"),
    "note": Word("说明", "words"),
    "rating": Word("评分 1–5", "rating, 1 to 5"),
}
"""The word shown for each `Need`."""


def names_zh(words: Mapping[Any, Any], codes: Iterable[str]) -> str:
    """Name codes in Chinese, each with the code that a command takes; one that is of no list stays as it is.

    Examples
    --------
    >>> names_zh(ROLES, ["auditor", "king"])
    '监督（auditor）、king'
    """
    return "、".join(f"{words[code].zh}（{code}）" if code in words else code for code in codes)


def action_zh(action: Action) -> str:
    """Name an action.

    Examples
    --------
    >>> action_zh("accept")
    '判读通过（accept）'
    """
    return names_zh(ACTIONS, [action])


def roles_zh(roles: Iterable[str]) -> str:
    """Name roles."""
    return names_zh(ROLES, roles)
