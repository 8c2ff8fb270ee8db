"""Rules that can never count: what an earlier rule covers, and conditions that exclude themselves.

Every condition is put into a disjunction of boxes: for each number an interval, for each word a set. A rule can never
count where each of its boxes lies within a box of an earlier rule of its section; red, exempt and yellow count as one
section, since they are tried one after another. That two earlier rules cover a later one only together is not found.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from math import inf
from typing import TypeAlias, get_args

from rs_governance.rules.conditions import All, AnyOf, Between, Bound, Condition, Not, OneOf, Overlap
from rs_governance.rules.fields import FIELDS
from rs_governance.rules.problems import Problems, RuleProblem
from rs_governance.rules.ruleset import Rule, Rules, Section

Limit: TypeAlias = tuple[float, int]
"""A bound and on which side of it the interval ends: -1 just below, 0 at, 1 just above it."""

_MOST_BOXES = 512
"""Of a condition with more alternatives nothing is proved."""

_OPPOSITE: Mapping[Bound, Bound] = {"min": "below", "above": "max", "max": "above", "below": "min"}


@dataclass(frozen=True, kw_only=True)
class _Box:
    """A conjunction: every entry must hold. A missing entry bounds nothing."""

    intervals: Mapping[object, tuple[Limit, Limit]] = field(default_factory=dict)
    words: Mapping[str, frozenset[str]] = field(default_factory=dict)
    others: frozenset[tuple[object, bool]] = frozenset()
    """Comparisons that are only known to be the same or not, each as it is or denied."""

    def meet(self, other: "_Box") -> "_Box | None":
        """Return what both boxes hold; None where that is nothing."""
        intervals = dict(self.intervals)
        for key, (low, high) in other.intervals.items():
            own_low, own_high = intervals.get(key, _EVERYTHING)
            intervals[key] = (max(low, own_low), min(high, own_high))
            if intervals[key][0] > intervals[key][1]:
                return None
        words = dict(self.words)
        for name, allowed in other.words.items():
            words[name] = words.get(name, allowed) & allowed
            if not words[name]:
                return None
        others = self.others | other.others
        if any((what, not holds) in others for what, holds in others):
            return None
        return _Box(intervals=intervals, words=words, others=others)

    def within(self, other: "_Box") -> bool:
        """Tell whether everything in this box is in another."""
        for key, (low, high) in other.intervals.items():
            own_low, own_high = self.intervals.get(key, _EVERYTHING)
            if own_low < low or own_high > high:
                return False
        words_within = all(name in self.words and self.words[name] <= allowed for name, allowed in other.words.items())
        return words_within and other.others <= self.others


_EVERYTHING: tuple[Limit, Limit] = ((-inf, 0), (inf, 0))


def find_contradictions(rules: Rules) -> tuple[RuleProblem, ...]:
    """Find rules that can never count and words that no rule ever gives.

    Parameters
    ----------
    rules
        Rules that were read without mistakes.

    Returns
    -------
    tuple of RuleProblem
        In the order of the file.
    """
    problems = Problems()
    chains: list[tuple[str, Sequence[Rule]]] = [
        (section, rules.rules[section])
        for section in get_args(Section)
        if section not in {"red", "exempt", "yellow", "permit"}
    ]
    chains.insert(3, ("severity", rules.severity_chain))
    for _, chain in chains:
        _examine(chain, problems)
    for rule in rules.rules["permit"]:
        if not _boxes(rule.when):
            _note_impossible(rule, problems)
    _find_unknown_results(rules, problems)
    return tuple(problems.found)


def _examine(chain: Sequence[Rule], problems: Problems) -> None:
    earlier: list[tuple[Rule, list[_Box]]] = []
    for rule in chain:
        boxes = _boxes(rule.when)
        if boxes is None:
            continue
        if not boxes:
            _note_impossible(rule, problems)
            continue
        covering = [other for other, theirs in earlier if all(any(box.within(b) for b in theirs) for box in boxes)]
        if covering:
            _note_covered(rule, covering[0], problems)
        earlier.append((rule, boxes))


def _note_impossible(rule: Rule, problems: Problems) -> None:
    problems.note(
        f"[[{rule.section}]] {rule.id}",
        "条件自相矛盾，永不成立。",
        "its conditions exclude each other; it can never hold.",
    )


def _note_covered(rule: Rule, other: Rule, problems: Problems) -> None:
    where = f"[[{rule.section}]] {rule.id}"
    if rule.when == other.when and {rule.section, other.section} == {"red", "exempt"}:
        problems.note(
            where,
            f"与 [[{other.section}]] {other.id} 条件相同却结论相反；先判红，此条永不生效。",
            f"has the condition of [[{other.section}]] {other.id} but says the opposite; red comes first, so it never counts.",
        )
    else:
        problems.note(
            where,
            f"永不生效：凡适用处，排在前面的 [[{other.section}]] {other.id} 已先适用。",
            f"never counts: wherever it holds, the earlier [[{other.section}]] {other.id} holds too.",
        )


def _find_unknown_results(rules: Rules, problems: Problems) -> None:
    """Note rules that ask for a kind or a theme that no rule gives."""
    given = {
        "kind": {str(rule.result) for rule in rules.rules["kind"]} | {rules.otherwise.kind},
        "theme": {str(rule.result) for rule in rules.rules["theme"]} | {rules.otherwise.theme},
    }
    for rule in (rule for chain in rules.rules.values() for rule in chain):
        boxes = _boxes(rule.when) or []
        for name, results in given.items():
            asked = [box.words[name] for box in boxes if name in box.words]
            if boxes and len(asked) == len(boxes) and not any(words & results for words in asked):
                words = ", ".join(sorted(frozenset().union(*asked)))
                problems.note(
                    f"[[{rule.section}]] {rule.id}",
                    f"要求 {name} 为 {words}，但没有规则给出它。",
                    f"asks for {name} {words}, which no rule gives.",
                )


def _boxes(condition: Condition, *, holds: bool = True) -> list[_Box] | None:
    """Return a condition, or its denial, as alternatives; None where there are too many."""
    match condition:
        case Not(part=part):
            return _boxes(part, holds=not holds)
        case All(parts=parts) | AnyOf(parts=parts):
            children = [_boxes(part, holds=holds) for part in parts]
            if isinstance(condition, All) == holds:
                return _all_of(children)
            return _one_of(children)
        case OneOf():
            return _of_words(condition, holds)
        case Between() | Overlap():
            return _of_bounds(condition, holds)


def _all_of(children: Sequence[list[_Box] | None]) -> list[_Box] | None:
    boxes = [_Box()]
    for child in children:
        if child is None or len(boxes) * len(child) > _MOST_BOXES:
            return None
        boxes = [met for a, b in product(boxes, child) if (met := a.meet(b)) is not None]
    return boxes


def _one_of(children: Sequence[list[_Box] | None]) -> list[_Box] | None:
    boxes: list[_Box] = []
    for child in children:
        if child is None or len(boxes) + len(child) > _MOST_BOXES:
            return None
        boxes += child
    return boxes


def _of_words(condition: OneOf, holds: bool) -> list[_Box]:
    known = FIELDS[condition.field]
    if known.values is not None:
        words = frozenset(condition.words) if holds else frozenset(known.values) - frozenset(condition.words)
        return [_Box(words={condition.field: words})] if words else []
    return [_Box(others=frozenset({((condition.field, condition.words), holds)}))]


def _of_bounds(condition: Between | Overlap, holds: bool) -> list[_Box]:
    """Return one box for bounds that hold; where they are denied, one for each bound."""
    key = condition.field if isinstance(condition, Between) else (condition.layer, condition.codes, condition.measure)
    boxes = []
    for sign, limit in condition.bounds:
        if isinstance(limit, str):
            boxes.append(_Box(others=frozenset({((key, sign, limit), holds)})))
        else:
            boxes.append(_Box(intervals={key: _interval(sign if holds else _OPPOSITE[sign], limit)}))
    if not holds:
        return boxes
    return _all_of([[box] for box in boxes]) or []


def _interval(sign: Bound, limit: float) -> tuple[Limit, Limit]:
    low, high = _EVERYTHING
    match sign:
        case "min":
            return (limit, 0), high
        case "above":
            return (limit, 1), high
        case "max":
            return low, (limit, 0)
        case "below":
            return low, (limit, -1)
