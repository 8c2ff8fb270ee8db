"""Approvals that cover a spot only together: neighbouring lots, felled or built on at once."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
import shapely

from rs_governance.rules.facts import Facts, Words
from rs_governance.rules.ruleset import LawfulTerms

Ints: TypeAlias = npt.NDArray[np.intp]


class Together(NamedTuple):
    """Approvals of one register that cover a spot together."""

    register: str
    """Register that they stand in."""
    numbers: tuple[str, ...]
    """Their numbers."""
    share: float
    """Share of the shrunk outline that they cover, common ground counted once."""
    outside_m2: float
    """Area of the shrunk outline that none of them covers."""


def cover_together(facts: Facts, rows: Sequence[Ints], states: Words, terms: LawfulTerms) -> Mapping[int, Together]:
    """Find the spots that several approvals cover enough together, each of them in order but for its cover.

    Parameters
    ----------
    facts
        Facts with the smallest area.
    rows
        For each finding its rows of `Joined.in_registers`.
    states
        `PermitState` of every such row.
    terms
        What is enough.

    Returns
    -------
    Mapping
        Position of the finding to the approvals.
    """
    found = {}
    smallest = facts.numbers["smallest_area_m2"]
    registers = facts.joined.in_registers["register"].to_numpy(dtype=object)
    for i, own in enumerate(rows):
        if len(own) < 2 or (states[own] == "lawful").any():
            continue
        short = own[states[own] == "short"]
        for register in sorted(set(registers[short])):
            several = short[registers[short] == register]
            cover = _measure(facts, i, several, register) if len(several) > 1 else None
            if cover is not None and (
                cover.share >= terms.min_share
                or (cover.share >= terms.min_share_small_rest and cover.outside_m2 < smallest[i])
            ):
                found[i] = cover
                break
    return found


def _measure(facts: Facts, i: int, rows: Ints, register: str) -> Together | None:
    """Add up the cover of approvals; what two of them share counts once."""
    table = facts.joined.in_registers
    share, outside = (table[name].to_numpy(dtype=np.float64)[rows] for name in ("covered_share", "outside_m2"))
    numbers = tuple(sorted({str(number) for number in table["number"].to_numpy(dtype=object)[rows]}))
    frame = facts.joined.references.registers[register].frame
    outline = facts.joined.findings.geometry.iloc[i]
    entries = frame.geometry.to_numpy()[frame["number"].isin(numbers).to_numpy()]
    pieces = shapely.intersection(entries, outline)
    pieces = pieces[shapely.area(pieces) > 0]
    if len(pieces) < len(rows) or share.max() >= 1:
        return None
    # Of the outline as it is, so rather too much for the shrunk one: never to the advantage of the spot.
    twice = (shapely.area(pieces).sum() - shapely.union_all(pieces).area) / outline.area
    shrunk_m2 = float((outside / (1 - share)).max())
    twice *= max(1.0, facts.numbers["area_m2"][i] / shrunk_m2)
    together = float(min(1.0, share.sum() - twice))
    return Together(register, numbers, together, (1 - together) * shrunk_m2)
