"""Decisions in words: numbers, conditions and the texts of rules, in both languages."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from string import Formatter
from typing import TypeAlias

import numpy as np

from rs_governance.rules.conditions import SIGNS, All, AnyOf, Atom, Between, Condition, Not, OneOf, Overlap, atoms
from rs_governance.rules.facts import Facts, Flags, Floats, Source
from rs_governance.rules.fields import FIELDS, REGISTERS, show_limit, show_number
from rs_governance.rules.words import Word

Columns: TypeAlias = tuple[tuple[str, list[float | str | None]], ...]
"""Names and values of what a condition looks at; None where missing."""

_MISSING = Word("不详", "unknown")
_LIKE = {"m2": "area_m2", "share": "zone_share"}


@dataclass(frozen=True, kw_only=True)
class Wording:
    """Puts the facts of single findings into words."""

    facts: Facts
    """The numbers and words."""
    layers: Mapping[str, Word]
    """What layers are called."""
    said: dict[tuple[object, ...], Word] = field(default_factory=dict)
    """Phrases that were needed before: most findings fail most conditions with the same numbers. The rules keep their
    conditions alive, so that an identity names one."""
    truths: dict[int, Flags] = field(default_factory=dict)
    """Where conditions hold, by their identity."""
    columns: dict[int, Columns] = field(default_factory=dict)
    """What conditions look at, by their identity."""

    def value(self, name: str, i: int) -> Word:
        """Return the value of a field as it is shown."""
        known = FIELDS[name]
        if known.number:
            number = self.facts.numbers[name][i]
            return _MISSING if np.isnan(number) else show_number(known, number)
        word = self.facts.words[name][i]
        if word is None:
            return _MISSING
        if name == "permit_register":
            return self.layer(word)
        return (known.values or {}).get(word, Word(word, word))

    def fill(self, template: Word, i: int) -> Word:
        """Return a rule's text with the numbers of a finding."""
        zh, en = (_fill(text, {n: self.value(n, i)[k] for n in _names(text)}) for k, text in enumerate(template))
        return Word(zh, en[:1].upper() + en[1:])

    def observed(self, condition: Condition, i: int) -> tuple[float | str | None, ...]:
        """Return the values of all that a condition looks at, None where missing."""
        return tuple([values[i] for _, values in self._columns(condition)])

    def numbers(self, condition: Condition, i: int) -> dict[str, float | str]:
        """Return the numbers and words that a condition looked at, without those that are missing."""
        return {
            name: round(value, 4) if isinstance(value, float) else value
            for name, values in self._columns(condition)
            if (value := values[i]) is not None
        }

    def _columns(self, condition: Condition) -> Columns:
        """Return name and values of everything that a condition looks at, gathered once."""
        if id(condition) not in self.columns:
            found = {}
            for atom in atoms(condition):
                found[_name_of(atom)] = self._values_of(atom)
                found |= {limit: _listed(self.facts.numbers[limit]) for limit in _compared(atom)}
            self.columns[id(condition)] = tuple(found.items())
        return self.columns[id(condition)]

    def _values_of(self, atom: Atom) -> list[float | str | None]:
        if isinstance(atom, OneOf):
            return list(self.facts.words[atom.field])
        return _listed(self.facts.overlap_of(atom) if isinstance(atom, Overlap) else self.facts.numbers[atom.field])

    def source(self, condition: Condition, i: int) -> Source | None:
        """Return the layer that decides a condition: the first one that it names."""
        for atom in atoms(condition):
            if isinstance(atom, Overlap):
                return self.facts.source_of(atom.layer)
            if atom.field in self.facts.sources:
                return self.facts.sources[atom.field]
            if atom.field.startswith("permit_"):
                register = self.facts.words["permit_register"][i]
                if register is not None:
                    found = self.facts.joined.references.registers.get(register)
                    return Source(layer=register, as_of=None if found is None else found.as_of)
        return None

    def layer(self, name: str) -> Word:
        """Return what a layer or register is called."""
        references = self.facts.joined.references
        found = references.layers.get(name) or references.registers.get(name)
        if found is not None:
            return Word(found.title_zh, found.title_en)
        return self.layers.get(name) or REGISTERS.get(name) or Word(name, name)

    def dated(self, source: Source) -> Word:
        """Return a layer's name with its date, or that it has none."""
        word = self.layer(source.layer)
        if not source.present:
            return Word(f"缺「{word.zh}」", f"no layer: {word.en}")
        if source.as_of is None:
            return Word(f"{word.zh}，无日期", f"{word.en}, undated")
        return Word(f"{word.zh}，截至 {source.as_of}", f"{word.en} as of {source.as_of}")

    def why_not(self, condition: Condition, i: int) -> Word:
        """Return the first part of a condition that a finding does not meet, in words."""
        parts = condition.parts if isinstance(condition, All) else (condition,)
        for part in parts:
            if not self.truth(part)[i]:
                return self.describe(part, i)
        return Word("", "")

    def truth(self, condition: Condition) -> Flags:
        """Return where a condition holds, evaluated once."""
        if id(condition) not in self.truths:
            self.truths[id(condition)] = self.facts.evaluate(condition).holds
        return self.truths[id(condition)]

    def describe(self, condition: Condition, i: int, *, asked: bool = True) -> Word:
        """Return a condition with the finding's own values, in words.

        Parameters
        ----------
        condition
            Any condition.
        i
            Position of the finding.
        asked
            Say also what the values should be; without, only the values.
        """
        match condition:
            case All(parts=parts):
                return _joined([self.describe(part, i, asked=asked) for part in parts], "，", ", ")
            case AnyOf(parts=parts):
                true = [part for part in parts if self.truth(part)[i]]  # where one holds, the others matter no more
                return _joined([self.describe(part, i, asked=asked) for part in true or parts], " 或 ", " or ")
            case Not(part=part):
                inner = self.describe(part, i)
                return Word(f"不得有：{inner.zh}", f"must not be: {inner.en}") if asked else self._values(part, i)
            case _:
                return self._atom(condition, i, asked=asked)

    def _values(self, condition: Condition, i: int) -> Word:
        return _joined([self._atom(atom, i, asked=False) for atom in atoms(condition)], "，", ", ")

    def _atom(self, atom: Atom, i: int, *, asked: bool) -> Word:
        observed = self.observed(atom, i)
        key = (id(atom), asked, observed)
        if key not in self.said:
            self.said[key] = self._say(atom, observed[0], i, asked=asked)
        return self.said[key]

    def _say(self, atom: Atom, value: float | str | None, i: int, *, asked: bool) -> Word:
        name, source = self._name(atom), self._source_of(atom)
        if value is None and source is not None and not source.present:
            return self.dated(source)
        if isinstance(atom, OneOf):
            shown = self.value(atom.field, i)
            own = Word(f"{name.zh}：{shown.zh}", f"{name.en}: {shown.en}")
            options = [(FIELDS[atom.field].values or {}).get(word, Word(word, word)) for word in atom.words]
            wanted = _joined(options, "/", "/")
        else:
            known = FIELDS[atom.field if isinstance(atom, Between) else _LIKE[atom.measure]]
            shown = _MISSING if value is None else show_number(known, float(value))
            own = Word(f"{name.zh} {shown.zh}", f"{name.en} {shown.en}")
            bounds = [(SIGNS[sign], self._limit(known.name, limit, i)) for sign, limit in atom.bounds]
            wanted = _joined([Word(f"{sign} {w.zh}", f"{sign} {w.en}") for sign, w in bounds], " 且 ", " and ")
        return Word(f"{own.zh}（须 {wanted.zh}）", f"{own.en} (must be {wanted.en})") if asked else own

    def _name(self, atom: Atom) -> Word:
        if not isinstance(atom, Overlap):
            return FIELDS[atom.field].word
        name = self.layer(atom.layer)
        if not atom.codes:
            return name
        return Word(f"{name.zh} {'、'.join(atom.codes)}", f"{name.en} {', '.join(atom.codes)}")

    def _source_of(self, atom: Atom) -> Source | None:
        return self.facts.source_of(atom.layer) if isinstance(atom, Overlap) else self.facts.sources.get(atom.field)

    def _limit(self, name: str, limit: float | str, i: int) -> Word:
        if isinstance(limit, str):
            word, shown = FIELDS[limit].word, self.value(limit, i)
            return Word(f"{word.zh} {shown.zh}", f"{word.en} {shown.en}")
        return show_limit(FIELDS[name], limit)


def _name_of(atom: Atom) -> str:
    if isinstance(atom, Overlap):
        return "_".join([atom.layer, *atom.codes, atom.measure])
    return atom.field


def _listed(numbers: Floats) -> list[float | str | None]:
    return [None if number != number else number for number in numbers.tolist()]


def _compared(atom: Atom) -> list[str]:
    return [limit for _, limit in atom.bounds if isinstance(limit, str)] if isinstance(atom, Between) else []


def _joined(words: list[Word], zh: str, en: str) -> Word:
    return Word(zh.join(word.zh for word in words), en.join(word.en for word in words))


def _names(text: str) -> list[str]:
    if text not in _PLACEHOLDERS:
        _PLACEHOLDERS[text] = [name for _, name, _, _ in Formatter().parse(text) if name is not None]
    return _PLACEHOLDERS[text]


_PLACEHOLDERS: dict[str, list[str]] = {}


def _fill(text: str, values: Mapping[str, str]) -> str:
    return text.format_map(values) if values else text
