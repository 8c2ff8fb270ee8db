"""The language of conditions: TOML tables in, a small tree out.

A table holds when all of its entries hold:

- ``area_m2 = { min = 200, below = 400 }``: `min` and `max` include the number, `above` and `below` do not;
- ``area_m2 = { below = "smallest_area_m2" }``: a number compared with another of the same unit;
- ``kind = ["earthwork", "road"]`` or ``kind = "road"``: one of these words; of a code, the beginning;
- ``overlap = { forest = { codes = ["0161"], m2 = { above = 50 } } }``: the part inside a layer, or with
  ``share = { min = 0.5 }`` its share of the spot; without `codes` all that the layer has;
- ``any = [{ ... }, { ... }]``: one of these tables; ``not = { ... }``: this table does not hold.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from rs_governance.rules.fields import FIELDS, Field, Known
from rs_governance.rules.problems import Problems

Bound = Literal["min", "above", "max", "below"]
SIGNS: Mapping[Bound, str] = {"min": "≥", "above": ">", "max": "≤", "below": "<"}
"""How a bound is written in texts."""


@dataclass(frozen=True, kw_only=True)
class Between:
    """A number lies within bounds."""

    field: str
    """Name of the number in `FIELDS`."""
    bounds: tuple[tuple[Bound, float | str], ...]
    """What bounds it: a number, or the name of another field."""


@dataclass(frozen=True, kw_only=True)
class OneOf:
    """A word is one of several."""

    field: str
    """Name of the word in `FIELDS`."""
    words: tuple[str, ...]
    """The words that it may be; of a code, how it may begin."""


@dataclass(frozen=True, kw_only=True)
class Overlap:
    """A part of the spot lies inside a layer."""

    layer: str
    """The layer's name in the district's file."""
    codes: tuple[str, ...]
    """Beginnings of the codes that count; empty for all."""
    measure: Literal["m2", "share"]
    """Whether the bounds are square metres or a share of the spot."""
    bounds: tuple[tuple[Bound, float], ...]
    """What bounds it."""


@dataclass(frozen=True, kw_only=True)
class Not:
    """A condition that must fail."""

    part: "Condition"
    """The condition."""


@dataclass(frozen=True, kw_only=True)
class AnyOf:
    """Alternatives."""

    parts: tuple["Condition", ...]
    """One of them must hold."""


@dataclass(frozen=True, kw_only=True)
class All:
    """Conditions that must all hold; without any it always holds."""

    parts: tuple["Condition", ...] = ()
    """All of them must hold."""


Atom: TypeAlias = Between | OneOf | Overlap
Condition: TypeAlias = Between | OneOf | Overlap | Not | AnyOf | All


def atoms(condition: Condition) -> tuple[Atom, ...]:
    """Return the comparisons that a condition is made of, from left to right."""
    match condition:
        case All(parts=parts) | AnyOf(parts=parts):
            return tuple(atom for part in parts for atom in atoms(part))
        case Not(part=part):
            return atoms(part)
        case _:
            return (condition,)


@dataclass(frozen=True, kw_only=True)
class ConditionReader:
    """Turns tables into conditions and notes what is wrong with them."""

    problems: Problems
    """Where mistakes are noted."""
    layers: frozenset[str]
    """Layers that may be named."""

    def read(self, table: object, *, known: Known, where: str) -> Condition:
        """Return the condition of a table; what cannot be read is noted and left out.

        Parameters
        ----------
        table
            Value of `when`, as TOML gives it.
        known
            The question that the rule answers: fields that are known only later may not be named.
        where
            Place in the file, for messages.
        """
        if not isinstance(table, dict):
            self.problems.note(
                where,
                f"应为表，如 {{ area_m2 = {{ min = 200 }} }}，实为 {table!r}。",
                f"must be a table such as {{ area_m2 = {{ min = 200 }} }}, not {table!r}.",
            )
            return All()
        parts = (self._entry(name, value, known=known, where=where) for name, value in table.items())
        return All(parts=tuple(part for part in parts if part is not None))

    def _entry(self, name: str, value: object, *, known: Known, where: str) -> Condition | None:
        here = f"{where}.{name}"
        match name:
            case "not":
                return Not(part=self.read(value, known=known, where=here))
            case "any":
                if not isinstance(value, list) or not value:
                    self.problems.note(here, "应为由表组成的列表。", "must be a list of tables.")
                    return None
                tables = [self.read(part, known=known, where=f"{here}[{n}]") for n, part in enumerate(value, 1)]
                return AnyOf(parts=tuple(tables))
            case "overlap":
                return self._overlaps(value, here)
        field = self.problems.choose(FIELDS, name, where, "字段 field", extra=("any", "not", "overlap"))
        if field is None:
            return None
        if field.known >= known and field.known is not Known.joined:
            self.problems.note(
                here,
                f"此时尚未判定「{field.word.zh}」，不能用作条件。",
                f"{name} is not decided yet when this rule is tried.",
            )
            return None
        return self._range(field, value, here, known) if field.number else self._one_of(field, value, here)

    def _range(self, field: Field, value: object, where: str, known: Known) -> Condition | None:
        bounds = self._bounds(value, where, lambda other: self._comparable(field, other, where, known))
        return None if bounds is None else Between(field=field.name, bounds=bounds)

    def _comparable(self, field: Field, other: str, where: str, known: Known) -> bool:
        found = self.problems.choose(FIELDS, other, where, "字段 field")
        if found is None:
            return False
        fits = found.number and found.unit == field.unit and (found.known < known or found.known is Known.joined)
        if not fits:
            self.problems.note(
                where, f"{other} 不能与 {field.name} 相比。", f"{other} cannot be compared with {field.name}."
            )
        return fits

    def _bounds(
        self, value: object, where: str, accept_name: Callable[[str], bool] | None
    ) -> tuple[tuple[Bound, Any], ...] | None:
        if not isinstance(value, dict) or not value:
            self.problems.note(
                where,
                f"应为范围，如 {{ min = 200, below = 400 }}，实为 {value!r}。",
                f"must be a range such as {{ min = 200, below = 400 }}, not {value!r}.",
            )
            return None
        bounds: list[tuple[Bound, float | str]] = []
        for sign in value:
            if sign not in SIGNS:
                self.problems.unknown(sign, SIGNS, where, "范围 bound")
                return None
        for sign in SIGNS:
            if sign not in value:
                continue
            limit = value[sign]
            if isinstance(limit, str) and accept_name is not None:
                if not accept_name(limit):
                    return None
            elif isinstance(limit, bool) or not isinstance(limit, int | float):
                self.problems.note(f"{where}.{sign}", f"应为数，实为 {limit!r}。", f"must be a number, not {limit!r}.")
                return None
            bounds.append((sign, limit if isinstance(limit, str) else float(limit)))
        if _is_reversed(bounds):
            self.problems.note(
                where, f"上下限颠倒，无数满足：{value!r}。", f"the bounds are reversed, no number fits: {value!r}."
            )
            return None
        return tuple(bounds)

    def _one_of(self, field: Field, value: object, where: str) -> Condition | None:
        words = [value] if isinstance(value, str) else value
        if not isinstance(words, list) or not words or not all(isinstance(word, str) for word in words):
            self.problems.note(
                where, f"应为文字或文字列表，实为 {value!r}。", f"must be a word or a list of words, not {value!r}."
            )
            return None
        if field.values is not None:
            known = [self.problems.choose(field.values, word, where, "取值 value") for word in words]
            if None in known:
                return None
        return OneOf(field=field.name, words=tuple(words))

    def _overlaps(self, value: object, where: str) -> Condition | None:
        if not isinstance(value, dict) or not value:
            self.problems.note(
                where,
                "应为图层到范围的表，如 { basic_cropland = { m2 = { above = 50 } } }。",
                "must name layers, such as { basic_cropland = { m2 = { above = 50 } } }.",
            )
            return None
        parts = [self._overlap(layer, table, f"{where}.{layer}") for layer, table in value.items()]
        return All(parts=tuple(part for part in parts if part is not None))

    def _overlap(self, layer: str, table: object, where: str) -> Condition | None:
        if layer not in self.layers:
            self.problems.unknown(layer, self.layers, where, "图层 layer")
            return None
        content = table if isinstance(table, dict) else {}
        for key in content:
            if key not in {"codes", "m2", "share"}:
                self.problems.unknown(key, ("codes", "m2", "share"), where, "键 key")
                return None
        measures = [measure for measure in ("m2", "share") if measure in content]
        codes = content.get("codes", [])
        if not measures or not isinstance(codes, list) or not all(isinstance(code, str) for code in codes):
            self.problems.note(
                where,
                "应写明 m2 或 share 的范围，codes 为文字列表。",
                'needs a range of m2 or share; codes is a list of texts such as ["01"].',
            )
            return None
        parts: list[Condition] = []
        for measure in measures:
            bounds = self._bounds(content[measure], f"{where}.{measure}", None)
            if bounds is not None:
                kept: Literal["m2", "share"] = "m2" if measure == "m2" else "share"
                parts.append(Overlap(layer=layer, codes=tuple(codes), measure=kept, bounds=bounds))
        return parts[0] if len(parts) == 1 else All(parts=tuple(parts))


def _is_reversed(bounds: list[tuple[Bound, float | str]]) -> bool:
    """Tell whether no number can lie within bounds."""
    low = [(limit, sign == "above") for sign, limit in bounds if sign in {"min", "above"} and isinstance(limit, float)]
    high = [(limit, sign == "below") for sign, limit in bounds if sign in {"max", "below"} and isinstance(limit, float)]
    return any(a > b or (a == b and (open_a or open_b)) for a, open_a in low for b, open_b in high)
