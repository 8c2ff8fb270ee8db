"""Approvals that arrive later: published spots judged once more against a register, by the same cover and terms."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyproj

from rs_governance.grids import References, Register, Units, join
from rs_governance.grids.carriers import UNIT_COLUMNS, make_frame
from rs_governance.rules.amounts import M2_PER_MU, in_m2
from rs_governance.rules.facts import Facts, positions
from rs_governance.rules.fields import FIELDS, PERMIT_STATES, PermitState
from rs_governance.rules.permits import Entry, consult_registers
from rs_governance.rules.questions import choose_first
from rs_governance.rules.ruleset import Rules
from rs_governance.rules.words import land_group


@dataclass(frozen=True, kw_only=True)
class LaterPermit:
    """What a register says of a spot now."""

    state: PermitState
    """How far it speaks for the spot."""
    numbers: tuple[str, ...]
    """Numbers of the entries that say so; several where they cover it together."""
    share: float
    """Share of the shrunk outline that they cover."""
    outside_m2: float
    """Area of it that they do not cover."""
    texts: Mapping[str, str] = field(default_factory=dict)
    """Use, stage and dates of the first of them, as far as they are known."""

    @property
    def text_zh(self) -> str:
        """Say it in Chinese."""
        since, until = self.texts.get("valid_from", "…"), self.texts.get("valid_to", "…")
        return (
            f"{'、'.join(self.numbers)}：{PERMIT_STATES[self.state].zh}（覆盖 {self.share:.1%}，范围外 {in_m2(self.outside_m2)} 平方米；"
            f"有效期 {since} 至 {until}）"
        )


def judge_later(
    spots: gpd.GeoDataFrame, register: Register, rules: Rules, *, crs: pyproj.CRS, shrink_m: npt.NDArray[np.float64]
) -> list[LaterPermit | None]:
    """Judge spots against one register as `judge` does: kind, stage, dates, age of the register, cover.

    Parameters
    ----------
    spots
        Columns of `SPOTS` (`before_on`, `after_on`, `kind`, `area_m2` at least; others may be missing) and polygons.
    register
        The register.
    rules
        The rules.
    crs
        CRS of both.
    shrink_m
        (n,) metres by which each outline is shrunk first.

    Returns
    -------
    list of LaterPermit or None
        In the order of the spots; None where no entry overlaps.
    """
    findings = spots.assign(finding_id=[f"s{n:07d}" for n in range(len(spots))])
    findings = findings.astype({"before_on": "datetime64[ms]", "after_on": "datetime64[ms]"})
    nowhere = Units(frame=make_frame(UNIT_COLUMNS, {name: [] for name in UNIT_COLUMNS}, [], crs))
    references = References(crs=crs, units=nowhere, registers={register.name: register})
    facts = _facts(gpd.GeoDataFrame(findings), references, rules, shrink_m)
    approvals = consult_registers(facts, rules)
    found: list[LaterPermit | None] = []
    for i, rows in enumerate(approvals.rows):
        together = approvals.together.get(i)
        if together is not None:
            first = approvals.entries[rows[0]]
            state: PermitState = "lawful"
            found.append(_permit(first, state, together.numbers, together.share, together.outside_m2))
        elif len(rows):
            best = approvals.entries[rows[0]]
            found.append(_permit(best, best.state, (best.texts.get("number", ""),), best.share, best.outside_m2))
        else:
            found.append(None)
    return found


def _permit(entry: Entry, state: PermitState, numbers: tuple[str, ...], share: float, outside_m2: float) -> LaterPermit:
    texts = {name: text for name, text in entry.texts.items() if name != "number"}
    return LaterPermit(state=state, numbers=numbers, share=share, outside_m2=outside_m2, texts=texts)


def _facts(
    findings: gpd.GeoDataFrame, references: References, rules: Rules, shrink_m: npt.NDArray[np.float64]
) -> Facts:
    """Gather what a published spot still says of itself; what it does not say is missing."""
    joined = join(findings, references, shrink_m=shrink_m)
    frame = joined.findings
    facts = Facts(
        ids=frame["finding_id"].to_numpy(dtype=object),
        joined=joined,
        numbers={},
        words={},
        sources={},
        rows=positions(frame, joined),
    )
    for name, about in FIELDS.items():
        values: Any = frame[name] if name in frame else pd.Series([None] * len(frame), dtype=object)
        if about.number:
            facts.numbers[name] = pd.to_numeric(values, errors="coerce").to_numpy(dtype=np.float64)
        else:
            facts.words[name] = values.astype(object).where(values.notna(), None).to_numpy(dtype=object)
    for name in FIELDS:
        stem = name.removesuffix("_change")
        if stem != name and f"{stem}_before" in facts.numbers:
            facts.numbers[name] = facts.numbers[f"{stem}_after"] - facts.numbers[f"{stem}_before"]
    facts.numbers["cropland_mu"] = facts.numbers["cropland_m2"] / M2_PER_MU
    groups = [None if code is None else land_group(code) for code in facts.words["land_code"]]
    facts.words["land_group"] = np.array(groups, dtype=object)
    facts.words["stage"] = np.array([rules.stages.get(kind) for kind in facts.words["kind"]], dtype=object)
    smallest = choose_first(facts, rules.rules["smallest_area"])
    facts.numbers["smallest_area_m2"] = smallest.results(0.0).astype(np.float64)
    return facts
