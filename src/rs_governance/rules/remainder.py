"""What of a spot lies outside an approval that covers a good part of it: it is judged on its own."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import shapely

from rs_governance.grids.join import buffered
from rs_governance.rules.amounts import M2_PER_MU
from rs_governance.rules.facts import Facts, Floats
from rs_governance.rules.gather import add_areas
from rs_governance.rules.permits import Approvals, Entry
from rs_governance.rules.ruleset import LawfulTerms


@dataclass(frozen=True, kw_only=True)
class Remainder:
    """The ground of n findings that is left to be judged."""

    facts: Facts
    """The facts, their areas those of the ground outside; the same where nothing is to be left out."""
    inside_m2: Floats
    """(n,) area inside the approvals, NaN where the whole finding is judged."""
    numbers: tuple[tuple[str, ...], ...]
    """For each finding the approvals that it is judged outside of."""

    def divided(self, i: int) -> bool:
        """Tell whether a finding is judged by a part of it alone."""
        return bool(self.inside_m2[i] == self.inside_m2[i])


def find_remainder(facts: Facts, approvals: Approvals, terms: LawfulTerms) -> Remainder:
    """Leave out the ground of approvals that are in order but for their cover.

    An outline may join lawful work and something beside it. Where approvals of a fitting kind, in force and up to the stage
    seen, cover a good part of it, the rest alone is judged: its area, and what of it lies in each layer. Approvals are
    grown by what the registration leaves, since their border is no sharper than that. Where another approval on the same
    ground says that the work goes beyond its stage, nothing is left out.

    Parameters
    ----------
    facts
        Facts with the approvals.
    approvals
        What the registers say.
    terms
        Which cover is enough to matter.
    """
    findings, states = facts.joined.findings, facts.words["permit_state"]
    metres = findings["shrink_m"].to_numpy(dtype=np.float64) if "shrink_m" in findings else np.zeros(len(facts))
    inside_m2 = np.full(len(facts), np.nan)
    numbers: list[tuple[str, ...]] = [()] * len(facts)
    outside: dict[int, shapely.Geometry] = {}
    outlines = findings.geometry.to_numpy()
    lots = _Lots(facts)
    for i, rows in enumerate(approvals.rows):
        short = [row for row in rows if approvals.entries[row].state == "short"]
        if not short or states[i] == "lawful" or any(approvals.entries[row].state == "stage" for row in rows):
            continue
        approved = lots.ground([approvals.entries[row] for row in short], metres[i])
        covered = shapely.intersection(outlines[i], approved).area / outlines[i].area
        if covered < terms.min_share_cited:
            continue
        outside[i] = shapely.difference(outlines[i], approved)
        inside_m2[i] = covered * facts.numbers["area_m2"][i]
        numbers[i] = tuple(dict.fromkeys(approvals.entries[row].texts.get("number", "?") for row in short))
    if not outside:
        return Remainder(facts=facts, inside_m2=inside_m2, numbers=tuple(numbers))
    return Remainder(facts=_reduced(facts, outside, inside_m2, terms), inside_m2=inside_m2, numbers=tuple(numbers))


class _Lots:
    """Outlines of approvals by register, number and stage."""

    def __init__(self, facts: Facts) -> None:
        self._references = facts.joined.references
        self._rows: dict[str, dict[tuple[str, str], list[int]]] = {}

    def ground(self, entries: Sequence[Entry], metres: float) -> shapely.Geometry:
        """Return the ground of some approvals, grown."""
        lots = []
        for entry in entries:
            key = (entry.texts.get("number", ""), entry.texts.get("stage", ""))
            rows = self._of(entry.register).get(key, [])
            lots.append(self._references.registers[entry.register].frame.geometry.to_numpy()[rows])
        outlines = np.concatenate(lots)
        grown = buffered(outlines, np.full(len(outlines), metres), self._references.crs)
        return shapely.union_all(grown)

    def _of(self, register: str) -> dict[tuple[str, str], list[int]]:
        if register not in self._rows:
            frame = self._references.registers[register].frame
            found = self._rows.setdefault(register, {})
            for row, key in enumerate(zip(frame["number"].fillna(""), frame["stage"].fillna(""), strict=True)):
                found.setdefault(key, []).append(row)
        return self._rows[register]


def _reduced(facts: Facts, outside: dict[int, shapely.Geometry], inside_m2: Floats, terms: LawfulTerms) -> Facts:
    """Return the facts of the ground outside."""
    table, at = facts.joined.in_layers, facts.rows["in_layers"]
    area_m2 = table["area_m2"].to_numpy(dtype=np.float64).copy()
    for row in np.flatnonzero(np.isin(at, list(outside))).tolist():
        # Without its shape (an issue published before shapes were kept) the whole counts.
        shape = facts.joined.shapes.get(row)
        if shape is not None and shape.area > 0:
            area_m2[row] *= shapely.intersection(shape, outside[int(at[row])]).area / shape.area
    reduced = replace(
        facts,
        joined=replace(facts.joined, in_layers=table.assign(area_m2=area_m2)),
        numbers=dict(facts.numbers),
        words=dict(facts.words),
        sources=dict(facts.sources),
        overlaps={},
    )
    left: npt.NDArray[np.float64] = facts.numbers["area_m2"] - np.nan_to_num(inside_m2)
    reduced.numbers["area_m2"], reduced.numbers["area_mu"] = left, left / M2_PER_MU
    outside_m2 = facts.numbers["permit_outside_m2"]
    reduced.numbers["permit_outside_m2"] = np.where(np.isnan(inside_m2), outside_m2, left)
    add_areas(reduced)
    reduced.words["certainty"] = np.where(_is_vague(reduced, inside_m2, terms), "unclear", facts.words["certainty"])
    return reduced


def _is_vague(reduced: Facts, inside_m2: Floats, terms: LawfulTerms) -> npt.NDArray[np.bool_]:
    """Tell of which remainders the kind is not clear.

    Where most of a spot is approved work, its kind is that of this work. That the same goes on outside is seen where enough
    of the outside lies in a layer that makes spots red; a corner of it there may be a field that the outline took in.
    """
    left = reduced.numbers["area_m2"]
    mostly = inside_m2 >= terms.min_share_small_rest * (inside_m2 + left)
    sensitive = np.fmax(reduced.numbers["basic_cropland_m2"], reduced.numbers["protected_m2"])
    return mostly & (sensitive > 0) & (sensitive < reduced.numbers["smallest_area_m2"])
