"""What: readable rules that give a finding its kind, theme, severity and department, each with its trace."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from rs_governance.rules.words import (
    BASES,
    DEPARTMENTS,
    KINDS,
    LAND_GROUPS,
    SEVERITIES,
    STAGES,
    SUSPICIONS,
    THEMES,
    Basis,
    Department,
    Kind,
    LandGroup,
    Severity,
    Stage,
    Suspicion,
    Theme,
    Word,
    land_group,
)

if TYPE_CHECKING:
    from rs_governance.rules.comparing import Change, Comparison, try_rules
    from rs_governance.rules.contradictions import find_contradictions
    from rs_governance.rules.judged import Judged, Step, StepName
    from rs_governance.rules.judging import judge
    from rs_governance.rules.keeping import KEPT_FOLDER, keep_judged
    from rs_governance.rules.problems import RuleProblem
    from rs_governance.rules.reading import DEFAULT_RULES, examine_rules, read_rules
    from rs_governance.rules.ruleset import Rule, Rules
    from rs_governance.rules.spots import SPOT_COLUMNS, SPOTS

__all__ = [
    "BASES",
    "DEFAULT_RULES",
    "DEPARTMENTS",
    "KEPT_FOLDER",
    "KINDS",
    "LAND_GROUPS",
    "SEVERITIES",
    "SPOTS",
    "SPOT_COLUMNS",
    "STAGES",
    "SUSPICIONS",
    "THEMES",
    "Basis",
    "Change",
    "Comparison",
    "Department",
    "Judged",
    "Kind",
    "LandGroup",
    "Rule",
    "RuleProblem",
    "Rules",
    "Severity",
    "Stage",
    "Step",
    "StepName",
    "Suspicion",
    "Theme",
    "Word",
    "examine_rules",
    "find_contradictions",
    "judge",
    "keep_judged",
    "land_group",
    "read_rules",
    "try_rules",
]

_LATER = {
    "Change": "comparing",
    "Comparison": "comparing",
    "try_rules": "comparing",
    "find_contradictions": "contradictions",
    "Judged": "judged",
    "Step": "judged",
    "StepName": "judged",
    "judge": "judging",
    "KEPT_FOLDER": "keeping",
    "keep_judged": "keeping",
    "RuleProblem": "problems",
    "DEFAULT_RULES": "reading",
    "examine_rules": "reading",
    "read_rules": "reading",
    "Rule": "ruleset",
    "Rules": "ruleset",
    "SPOT_COLUMNS": "spots",
    "SPOTS": "spots",
}


def __getattr__(name: str) -> Any:
    """Import what judges when it is asked for: whoever needs the words alone need not load the detector's tables."""
    if name not in _LATER:
        raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
    return getattr(import_module(f"{__name__}.{_LATER[name]}"), name)
