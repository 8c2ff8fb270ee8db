"""The questions asked of every finding, in their order; each answer is a fact for the next."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from rs_governance.rules.facts import Facts
from rs_governance.rules.permits import Approvals, consult_registers
from rs_governance.rules.remainder import Remainder, find_remainder
from rs_governance.rules.ruleset import Rule, Rules


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """The rules of one question, and which of them came first on each finding."""

    rules: tuple[Rule, ...]
    """The rules in the order in which they were tried."""
    first: npt.NDArray[np.intp]
    """(n,) position of the rule that holds, the number of rules where none does."""

    def results(self, otherwise: str | float | None) -> npt.NDArray[Any]:
        """Return (n,) what the first rule says, `otherwise` where there is none."""
        options = np.array([*(rule.result for rule in self.rules), otherwise], dtype=object)
        return options[self.first]


def choose_first(facts: Facts, rules: Sequence[Rule]) -> Chosen:
    """Find the first rule that holds on each finding.

    Parameters
    ----------
    facts
        Facts with every field that the rules name.
    rules
        Rules in the order in which they are tried.
    """
    first = np.full(len(facts), len(rules), dtype=np.intp)
    for number, rule in reversed(list(enumerate(rules))):
        first[facts.evaluate(rule.when).holds] = number
    return Chosen(rules=tuple(rules), first=first)


@dataclass(frozen=True, kw_only=True)
class Questions:
    """The answers to all questions on n findings."""

    kind: Chosen
    """Rules of the kinds."""
    approvals: Approvals
    """What the registers say."""
    theme: Chosen
    """Rules of the themes."""
    remainder: Remainder
    """What the severity is judged on: all of a finding, or what lies outside approvals that cover a good part of it."""
    severity: Chosen
    """Rules of the severities: red, exempt, yellow."""
    department: Chosen
    """Rules of the departments."""
    national_type: Chosen
    """Rules of the national types."""


def decide(facts: Facts, rules: Rules) -> Questions:
    """Ask all questions in their order; each answer becomes a fact for the next.

    Parameters
    ----------
    facts
        Facts of the join; kind, certainty, stage, smallest area, approvals and theme are added.
    rules
        The rules.
    """
    kind = choose_first(facts, rules.rules["kind"])
    facts.words["kind"] = kind.results(rules.otherwise.kind)
    # What no rule names is not unclear in this sense: it stays with the rules of severity, and so with people.
    sure = np.array([*(rule.sure for rule in kind.rules), True], dtype=bool)[kind.first]
    facts.words["certainty"] = np.where(sure, "clear", "unclear").astype(object)
    facts.words["stage"] = np.array([rules.stages.get(name) for name in facts.words["kind"]], dtype=object)
    area = choose_first(facts, rules.rules["smallest_area"])
    facts.numbers["smallest_area_m2"] = area.results(0.0).astype(np.float64)
    approvals = consult_registers(facts, rules)
    theme = choose_first(facts, rules.rules["theme"])
    facts.words["theme"] = theme.results(rules.otherwise.theme)
    remainder = find_remainder(facts, approvals, rules.lawful)
    return Questions(
        kind=kind,
        approvals=approvals,
        theme=theme,
        remainder=remainder,
        severity=choose_first(remainder.facts, rules.severity_chain),
        department=choose_first(facts, rules.rules["department"]),
        national_type=choose_first(facts, rules.rules["national_type"]),
    )
