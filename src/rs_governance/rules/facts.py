"""The numbers and words of all spots of an issue, as columns that conditions are evaluated on."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, TypeAlias

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from rs_governance.grids import Joined
from rs_governance.rules.conditions import All, AnyOf, Between, Bound, Condition, Not, OneOf, Overlap
from rs_governance.rules.fields import FIELDS

Floats: TypeAlias = npt.NDArray[np.float64]
Flags: TypeAlias = npt.NDArray[np.bool_]
Words: TypeAlias = npt.NDArray[np.object_]


@dataclass(frozen=True, kw_only=True)
class Truth:
    """Whether a condition holds on each spot. Where a number is missing it neither holds nor fails."""

    holds: Flags
    """(n,) True where it certainly holds."""
    fails: Flags
    """(n,) True where it certainly does not."""


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where a number comes from, if not from the images."""

    layer: str
    """Name of the layer or register."""
    as_of: date | None
    """Its date."""
    present: bool = True
    """Whether the district has it."""


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What is known of n findings; what is decided is added while they are judged."""

    ids: Words
    """(n,) finding ids."""
    joined: Joined
    """What the numbers were taken from."""
    numbers: dict[str, Floats]
    """(n,) values of the numbers, NaN where missing."""
    words: dict[str, Words]
    """(n,) values of the words, None where missing."""
    sources: dict[str, Source]
    """Layer of each field that comes from one."""
    rows: Mapping[str, npt.NDArray[np.intp]]
    """For each table of the join (`in_layers`, ...) the finding's position of each of its rows."""
    overlaps: dict[tuple[str, tuple[str, ...]], Floats] = field(default_factory=dict)
    """Areas inside layers that were asked for, (n,) m2 each."""

    def __len__(self) -> int:
        return len(self.ids)

    def overlap_m2(self, layer: str, codes: tuple[str, ...] = ()) -> Floats:
        """Return the area of each finding inside a layer, NaN where the district has no such layer.

        Parameters
        ----------
        layer
            The layer's name.
        codes
            Beginnings of the codes that count; empty for all.
        """
        key = (layer, codes)
        if key not in self.overlaps:
            self.overlaps[key] = self._measure(layer, codes)
        return self.overlaps[key]

    def _measure(self, layer: str, codes: tuple[str, ...]) -> Floats:
        if layer not in self.joined.references.layers:
            return np.full(len(self), np.nan)
        table = self.joined.in_layers
        counts = (table["layer"] == layer).to_numpy()
        if codes:
            counts = counts & table["code"].fillna("").astype(str).str.startswith(codes).to_numpy(dtype=bool)
        weights = table["area_m2"].to_numpy(dtype=np.float64)[counts]
        areas = np.bincount(self.rows["in_layers"][counts], weights=weights, minlength=len(self))
        return areas.astype(np.float64)

    def source_of(self, layer: str) -> Source:
        """Return the date of a layer, or that there is none."""
        found = self.joined.references.layers.get(layer)
        return Source(layer=layer, as_of=None if found is None else found.as_of, present=found is not None)

    def evaluate(self, condition: Condition) -> Truth:
        """Return where a condition holds and where it fails.

        Parameters
        ----------
        condition
            Any condition whose fields are known by now.
        """
        match condition:
            case All(parts=parts):
                truths = [self.evaluate(part) for part in parts]
                return Truth(
                    holds=np.logical_and.reduce([self._all(), *(t.holds for t in truths)]),
                    fails=np.logical_or.reduce([~self._all(), *(t.fails for t in truths)]),
                )
            case AnyOf(parts=parts):
                truths = [self.evaluate(part) for part in parts]
                return Truth(
                    holds=np.logical_or.reduce([t.holds for t in truths]),
                    fails=np.logical_and.reduce([t.fails for t in truths]),
                )
            case Not(part=part):
                truth = self.evaluate(part)
                return Truth(holds=truth.fails, fails=truth.holds)
            case OneOf(field=name, words=options):
                return self._one_of(name, options)
            case Between(field=name, bounds=bounds):
                return self._between(self.numbers[name], bounds)
            case Overlap():
                return self._between(self.overlap_of(condition), condition.bounds)

    def overlap_of(self, condition: Overlap) -> Floats:
        """Return the number that a condition on a layer is about: square metres or a share of the spot."""
        areas = self.overlap_m2(condition.layer, condition.codes)
        return areas if condition.measure == "m2" else areas / self.numbers["area_m2"]

    def _all(self) -> Flags:
        return np.ones(len(self), dtype=bool)

    def _one_of(self, name: str, options: tuple[str, ...]) -> Truth:
        values = pd.Series(self.words[name], dtype=object)
        known = values.notna().to_numpy()
        if FIELDS[name].prefix:
            hits = values.fillna("").astype(str).str.startswith(options).to_numpy(dtype=bool)
        else:
            hits = values.isin(options).to_numpy()
        return Truth(holds=hits & known, fails=~hits & known)

    def _between(self, values: Floats, bounds: tuple[tuple[Bound, Any], ...]) -> Truth:
        known = ~np.isnan(values)
        holds = known.copy()
        for sign, limit in bounds:
            limits = self.numbers[limit] if isinstance(limit, str) else limit
            known &= ~np.isnan(limits)
            holds &= _COMPARE[sign](values, limits)
        return Truth(holds=holds & known, fails=~holds & known)


_COMPARE: Mapping[Bound, np.ufunc] = {
    "min": np.greater_equal,
    "above": np.greater,
    "max": np.less_equal,
    "below": np.less,
}


def largest_rows(
    table: pd.DataFrame, rows: npt.NDArray[np.intp], by: str, ties: str, count: int
) -> npt.NDArray[np.intp]:
    """Return for each finding the position of its row with the largest value, -1 where it has none.

    Parameters
    ----------
    table
        A table of the join.
    rows
        Position of the finding of each of its rows.
    by
        Column of numbers to compare.
    ties
        Column of texts: of equal rows the smallest text wins.
    count
        Number of findings.
    """
    order = np.lexsort((table[ties].fillna("").astype(str).to_numpy(), -table[by].to_numpy(), rows))
    found = np.full(count, -1, dtype=np.intp)
    first = np.unique(rows[order], return_index=True)
    found[first[0]] = order[first[1]]
    return found


def taken(table: pd.DataFrame, column: str, rows: npt.NDArray[np.intp]) -> Words:
    """Return a column of texts at given rows; None where the row is -1 or the text is missing or empty."""
    result = np.full(len(rows), None, dtype=object)
    there = rows >= 0
    values = table[column].astype(object).to_numpy()[rows[there]]
    result[there] = [value if isinstance(value, str) and value else None for value in values]
    return result


def positions(findings: gpd.GeoDataFrame, joined: Joined) -> Mapping[str, npt.NDArray[np.intp]]:
    """Return for each table of the join the finding's position of each of its rows."""
    index = pd.Index(findings["finding_id"])
    tables = ("in_units", "in_layers", "in_registers", "in_zones", "in_ledger")
    return {name: index.get_indexer(getattr(joined, name)["finding_id"]) for name in tables}
