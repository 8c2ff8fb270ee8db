"""Gathering the facts of a joined month: the images' numbers, areas by layer, zones and the ledger."""

from datetime import date

import numpy as np
import numpy.typing as npt
import pandas as pd

from rs_governance.detect.findings import FINDINGS
from rs_governance.grids import Joined
from rs_governance.rules.amounts import M2_PER_MU
from rs_governance.rules.facts import Facts, Floats, Source, Words, largest_rows, positions, taken
from rs_governance.rules.fields import FIELDS
from rs_governance.rules.words import land_group

_CROPLAND = ("01",)
_WOODLAND = ("03",)
_FOREST_MAP_WOODLAND = ("01",)
_CLOSED = ("closed", "已销号", "销号")
_HOMESTEAD = "homestead"
_PROTECTED = ("ecological_red_line", "water_source")


def gather_facts(joined: Joined, *, as_of: date) -> Facts:
    """Put what is known of each finding into columns.

    Parameters
    ----------
    joined
        Findings and what they have to do with the references.
    as_of
        Day of judging: zones that have expired by then mute nothing.

    Returns
    -------
    Facts
        Every field that is known before anything is decided.
    """
    findings = joined.findings
    facts = Facts(
        ids=findings["finding_id"].to_numpy(dtype=object),
        joined=joined,
        numbers={},
        words={},
        sources={},
        rows=positions(findings, joined),
    )
    _add_images(facts)
    add_areas(facts)
    _add_land(facts)
    _add_units(facts)
    _add_zones(facts, as_of)
    _add_ledger(facts)
    _add_homesteads(facts)
    return facts


def _add_images(facts: Facts) -> None:
    frame, numbers = facts.joined.findings, facts.numbers
    for column in FINDINGS.columns:
        if column.name in FIELDS and FIELDS[column.name].number:
            numbers[column.name] = frame[column.name].to_numpy(dtype=np.float64)
        elif column.name in FIELDS and column.name != "kind":
            facts.words[column.name] = _texts(frame[column.name])
    for name in FIELDS:
        stem = name.removesuffix("_change")
        if stem != name and name not in numbers:
            numbers[name] = numbers[f"{stem}_after"] - numbers[f"{stem}_before"]
    numbers["brightness_ratio"] = _ratio(numbers["brightness_after"], numbers["brightness_before"])
    numbers["elongation"] = _ratio(numbers["length_m"], numbers["width_m"])
    numbers["area_mu"] = numbers["area_m2"] / M2_PER_MU
    numbers["month"] = frame["after_on"].dt.month.to_numpy(dtype=np.float64)
    basis = _texts(frame["basis"]) if "basis" in frame else np.full(len(facts), "monthly", dtype=object)
    facts.words["basis"] = basis


def _ratio(a: Floats, b: Floats) -> Floats:
    """Return a / b, missing where b is not positive."""
    result = np.full(len(a), np.nan)
    np.divide(a, b, out=result, where=b > 0)
    return result


def _texts(series: "pd.Series[str]") -> Words:
    texts: Words = series.astype(object).where(series.notna(), None).to_numpy(dtype=object)
    return texts


def add_areas(facts: Facts) -> None:
    """Add the areas inside layers to the numbers, in place."""
    numbers, sources = facts.numbers, facts.sources
    numbers["cropland_m2"] = facts.overlap_m2("land_use", _CROPLAND)
    numbers["basic_cropland_m2"] = facts.overlap_m2("basic_cropland")
    has_forest_map = "forest" in facts.joined.references.layers
    woods = ("forest", _FOREST_MAP_WOODLAND) if has_forest_map else ("land_use", _WOODLAND)
    numbers["woodland_m2"] = facts.overlap_m2(*woods)
    present = [layer for layer in _PROTECTED if layer in facts.joined.references.layers]
    # Where both cover the same ground the sum counts it twice; the spot's own area bounds it.
    inside = sum((facts.overlap_m2(layer) for layer in present), np.zeros(len(facts)))
    numbers["protected_m2"] = np.minimum(inside, numbers["area_m2"]) if present else np.full(len(facts), np.nan)
    numbers["red_line_m2"], numbers["water_source_m2"] = (facts.overlap_m2(layer) for layer in _PROTECTED)
    numbers["cropland_mu"] = numbers["cropland_m2"] / M2_PER_MU
    for name, layer in (
        ("cropland_m2", "land_use"),
        ("cropland_mu", "land_use"),
        ("basic_cropland_m2", "basic_cropland"),
        ("woodland_m2", woods[0]),
        ("red_line_m2", _PROTECTED[0]),
        ("water_source_m2", _PROTECTED[1]),
        ("protected_m2", (present or list(_PROTECTED))[0]),
        ("land_code", "land_use"),
        ("land_group", "land_use"),
        ("built_up_boundary", "urban_boundary"),
    ):
        sources[name] = facts.source_of(layer)


def _add_land(facts: Facts) -> None:
    table = facts.joined.in_layers
    own = np.flatnonzero((table["layer"] == "land_use").to_numpy())
    parts = pd.DataFrame({
        "finding": facts.rows["in_layers"][own],
        "code": table["code"].fillna("").astype(str).to_numpy()[own],
        "label": table["label"].fillna("").astype(str).to_numpy()[own],
        "area_m2": table["area_m2"].to_numpy()[own],
    })
    classes = parts.groupby(["finding", "code"], as_index=False, sort=True).agg({"label": "min", "area_m2": "sum"})
    rows = largest_rows(classes, classes["finding"].to_numpy(dtype=np.intp), "area_m2", "code", len(facts))
    facts.words["land_code"] = taken(classes, "code", rows)
    facts.words["land_label"] = taken(classes, "label", rows)
    groups = [None if code is None else land_group(code) for code in facts.words["land_code"]]
    facts.words["land_group"] = np.array(groups, dtype=object)
    inside = facts.overlap_m2("urban_boundary") / facts.numbers["area_m2"]
    side = np.where(inside >= 0.5, "inside", "outside").astype(object)
    side[np.isnan(inside)] = None
    facts.words["built_up_boundary"] = side


def _add_units(facts: Facts) -> None:
    table, rows = facts.joined.in_units, facts.rows["in_units"]
    for level in ("town", "village", "cell"):
        own = np.flatnonzero((table["level"] == level).to_numpy() & (table["code"] != "").to_numpy())
        part = table.iloc[own]
        found = largest_rows(part, rows[own], "area_in_unit_m2", "code", len(facts))
        facts.words[f"{level}_code"] = taken(part, "code", found)
        facts.words[f"{level}_name"] = taken(part, "name", found)
    units = facts.joined.references.units.frame
    cells = units[units["level"] == "cell"]
    keepers = {code: keeper for code, keeper in zip(cells["code"], cells["keeper"], strict=True) if pd.notna(keeper)}
    facts.words["keeper"] = np.array([keepers.get(code) or None for code in facts.words["cell_code"]], dtype=object)


def _add_zones(facts: Facts, as_of: date) -> None:
    table = facts.joined.in_zones
    # A zone without an expiry would mute for ever: it mutes nothing.
    valid = np.flatnonzero((table["expires_on"] >= pd.Timestamp(as_of)).to_numpy())
    part = table.iloc[valid]
    found = largest_rows(part, facts.rows["in_zones"][valid], "covered_share", "zone", len(facts))
    facts.numbers["zone_share"] = _numbers(part, "covered_share", found)
    facts.words["zone"] = taken(part, "zone", found)
    facts.words["zone_reason"] = taken(part, "reason", found)


def _add_ledger(facts: Facts) -> None:
    table = facts.joined.in_ledger
    # A closed case that is built on again matters more than an open one beside it.
    closed = table["status"].isin(_CLOSED).to_numpy()
    ranked = table.assign(rank=table["overlap_share"].to_numpy() + np.where(closed, 1.0, 0.0))
    found = largest_rows(ranked, facts.rows["in_ledger"], "rank", "number", len(facts))
    facts.numbers["ledger_share"] = _numbers(table, "overlap_share", found)
    status = np.where(closed, "closed", "open").astype(object)
    facts.words["ledger_status"] = np.where(found < 0, "none", np.append(status, "none")[found])
    facts.words["ledger_number"] = taken(table, "number", found)


def _add_homesteads(facts: Facts) -> None:
    """Tell how far each finding lies on a lot that was granted for a house: there it is a house sooner than a crop."""
    register = facts.joined.references.registers.get(_HOMESTEAD)
    source = Source(layer=_HOMESTEAD, as_of=None if register is None else register.as_of, present=register is not None)
    facts.sources["homestead_share"] = source
    table = facts.joined.in_registers
    own = np.flatnonzero((table["register"] == _HOMESTEAD).to_numpy())
    shares = np.full(len(facts), 0.0 if source.present else np.nan)
    np.maximum.at(shares, facts.rows["in_registers"][own], table["covered_share"].to_numpy(dtype=np.float64)[own])
    facts.numbers["homestead_share"] = shares


def _numbers(table: pd.DataFrame, column: str, rows: npt.NDArray[np.intp]) -> Floats:
    """Return a column of numbers at given rows, 0 where the row is -1: nothing there, nothing covered."""
    result = np.zeros(len(rows))
    result[rows >= 0] = table[column].to_numpy(dtype=np.float64)[rows[rows >= 0]]
    return result
