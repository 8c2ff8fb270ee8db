"""A rules file after reading: rules in the order in which they are tried."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from rs_governance.rules.conditions import Condition
from rs_governance.rules.fields import Known
from rs_governance.rules.words import Stage, Suspicion, Word

Section = Literal["kind", "smallest_area", "permit", "theme", "red", "exempt", "yellow", "department", "national_type"]
"""Arrays of tables of a rules file, in the order in which they are asked."""

KNOWN_BY: Mapping[Section, Known] = {
    "kind": Known.kind,
    "smallest_area": Known.area,
    "permit": Known.permit,
    "theme": Known.theme,
    "red": Known.severity,
    "exempt": Known.severity,
    "yellow": Known.severity,
    "department": Known.severity,
    "national_type": Known.severity,
}
"""The question that each section answers; its conditions may name only what is known before."""


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One rule: where its condition holds and no earlier rule of the section does, its result counts."""

    id: str
    """Name of the rule, unique in the file."""
    section: Section
    """Section that it stands in."""
    when: Condition
    """Its condition; one without parts always holds."""
    result: str | float
    """What it says: a kind, a theme, a department, a type, an area in m2, a severity, or a register."""
    words: Word
    """Its text with placeholders, in both languages; empty where the section needs none."""
    suspicion: Suspicion = "suspected"
    """What it says about suspicion; of severities only."""
    sure: bool = True
    """Whether what it says is clear enough for somebody to be sent; of kinds only."""
    up_to: Stage | None = None
    """Stage up to which an approval without a stage of its own counts; of permits only."""


@dataclass(frozen=True, kw_only=True)
class LawfulTerms:
    """When an approval makes a change lawful."""

    min_share: float
    """Share of the shrunk outline that the approval must cover."""
    min_share_small_rest: float
    """Share that is enough where less than the smallest area lies outside."""
    min_share_cited: float
    """Share below which an approval is a neighbour's, whether it counts or not: the spot is told to have none."""
    max_age_days: int
    """How many days before the later image a register may date."""


@dataclass(frozen=True, kw_only=True)
class Otherwise:
    """What holds where no rule of a section does."""

    kind: str
    """Kind of change."""
    theme: str
    """Theme."""
    department: str
    """Department."""
    words: Word
    """Text of the severity yellow."""


@dataclass(frozen=True, kw_only=True)
class Rules:
    """Everything that a rules file says."""

    path: Path
    """The file."""
    version: str
    """Version that the file gives itself."""
    rules: Mapping[Section, tuple[Rule, ...]]
    """Rules by section, in the order of the file."""
    stages: Mapping[str, Stage]
    """Stage of construction that each kind shows; kinds without one are absent."""
    lawful: LawfulTerms
    """When an approval counts."""
    otherwise: Otherwise
    """What holds where no rule does."""
    layers: Mapping[str, Word]
    """Layers that the rules may name, with their words."""

    @property
    def severity_chain(self) -> tuple[Rule, ...]:
        """The rules that give the severity, in the order in which they are tried."""
        return (*self.rules["red"], *self.rules["exempt"], *self.rules["yellow"])
