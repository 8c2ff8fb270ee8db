"""Conflicts: what changed since somebody looked, shown from both sides."""

from collections.abc import Mapping
from typing import Any

from rs_governance.cases.life.asking import Act, Context
from rs_governance.cases.life.naming import action_zh
from rs_governance.cases.life.record import from_plain, to_plain
from rs_governance.db import moment_text
from rs_governance.errors import CaseConflict

_SHOWN = ("state", "verdict", "holder", "assignee", "pending", "measure", "resolution", "severity", "kind", "due_on")
"""Fields that the message names first."""


def check_version(case: Mapping[str, Any], asked: Act, context: Context) -> None:
    """Refuse an act that was asked for another version of the case.

    Raises
    ------
    CaseConflict
        With both sides: for each field that differs what was seen, what is there now, and who changed it when.
    """
    if asked.version is None or asked.version == case["version"]:
        return
    differences = compare_versions(case, asked.version, context)
    told = [f"{each['field']}: {each['seen']} → {each['now']} ({each['actor']}, {each['at']})" for each in differences]
    raise CaseConflict(
        f"Case {case['number']} is at version {case['version']}, '{asked.action}' was asked for version {asked.version}. "
        f"Changed since: {'; '.join(told) or 'nothing that can be compared'}. Read it again and decide anew.",
        differences=differences,
        zh=f"案件 {case['number']} 已是第 {case['version']} 版，要办的{action_zh(asked.action)}依据的是第 {asked.version} 版。其间变动：{'；'.join(told) or '无可比较的内容'}。请重新查看后再办。",
    )


def compare_versions(case: Mapping[str, Any], seen_version: int, context: Context) -> tuple[dict[str, Any], ...]:
    """List the fields that changed since a version: field, seen, now, actor, at; nothing for a version yet to come."""
    seen: dict[str, Any] = {}
    changed_by: dict[str, tuple[str, str]] = {}
    for event in context.events():
        if event.version <= seen_version:
            seen |= event.changes
        else:
            changed_by |= dict.fromkeys(event.changes, (event.actor, moment_text(event.at)))
    names = [name for name in changed_by if name not in ("version", "machine")]
    names.sort(key=lambda name: (_SHOWN.index(name) if name in _SHOWN else len(_SHOWN), name))
    return tuple(
        {
            "field": name,
            "seen": _shown(name, seen.get(name)),
            "now": _shown(name, to_plain(case[name])),
            "actor": changed_by[name][0],
            "at": changed_by[name][1],
        }
        for name in names
        if seen.get(name) != to_plain(case[name])
    )


def _shown(name: str, value: Any) -> Any:
    # An outline is a page of digits; its area tells people more.
    return f"{from_plain(name, value).area:.1f} m²" if name == "outline" and value is not None else value
