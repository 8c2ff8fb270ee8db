"""What lies outside an approval is judged on its own; what is published stays whole."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import shapely

from rs_governance.grids.carriers import REGISTER_COLUMNS, make_frame
from rs_governance.rules import keep_judged, read_rules
from rs_governance.rules.keeping import read_kept

from .conftest import AS_OF

SIDE = 100.0


@pytest.fixture
def beside(month, finding):
    """A spot of 100 x 100 m; an approval has its west, a layer some of the east or of the west."""

    def make(
        approved_m=60.0,
        layer="basic_cropland",
        layer_m=(60.0, 100.0),
        shrink_m=0.0,
        looks="earthwork",
        area_m2=SIDE**2,
        **permit,
    ):
        share = approved_m / SIDE
        first = finding(1, looks=looks, area_m2=area_m2)
        entry = {"finding_id": "f000001", "covered_share": share, "outside_m2": (1 - share) * SIDE**2, **permit}
        west, east = layer_m
        joined = month([first], layers=[("f000001", layer, "1", (east - west) * SIDE)], registers=[entry])
        x, y = 500_000.0, 2_500_000.0
        values = {name: ["P1"] if name == "number" else [permit.get(name)] for name in REGISTER_COLUMNS}
        frame = make_frame(
            REGISTER_COLUMNS, values, [shapely.box(x - 50, y, x + approved_m, y + SIDE)], joined.references.crs
        )
        register = replace(joined.references.registers["building_permit"], frame=frame)
        registers = {**joined.references.registers, "building_permit": register}
        findings = joined.findings.set_geometry([shapely.box(x, y, x + SIDE, y + SIDE)], crs=joined.findings.crs)
        return replace(
            joined,
            findings=findings.assign(shrink_m=shrink_m),
            references=replace(joined.references, registers=registers),
            shapes={0: shapely.box(x + west, y, x + east, y + SIDE)},
        )

    return make


def steps_of(result):
    spot = result.spots.iloc[0]
    return spot, result.decisions[spot["spot_no"]]


def test_a_layer_under_the_approved_part_does_not_make_red(judged, beside):
    spot, steps = steps_of(judged(beside(approved_m=45.0, layer_m=(0.0, 40.0))))
    assert (spot["severity"], spot["rule"]) == ("yellow", "yellow_permit_short")
    told = next(step for step in steps if step.rule == "outside_approval")
    assert told.numbers == {"number": "P1", "inside_m2": 4500.0, "outside_m2": 5500.0}
    assert told.text_zh == "P1 批准范围内 4,500 平方米，范围外 5,500 平方米，只按范围外判定。"
    assert spot["reason_zh"].startswith(told.text_zh.removesuffix("。"))
    assert "范围外 5,500 平方米" in spot["reason_zh"].split("：", 1)[1], "the rule's own text is of the same part"
    assert (spot["area_m2"], spot["basic_cropland_m2"]) == (10_000.0, 4_000.0), "published as a whole"


def test_what_is_built_beyond_the_permit_is_told(judged, beside):
    spot, steps = steps_of(judged(beside(approved_m=45.0, layer_m=(30.0, 100.0))))
    assert (spot["severity"], spot["rule"]) == ("red", "red_basic_cropland")
    assert "占用永久基本农田 5,500 平方米" in spot["reason_zh"]
    decided = next(step for step in steps if step.step == "severity" and step.holds)
    assert decided.numbers["basic_cropland_m2"] == pytest.approx(5500.0)


@pytest.mark.parametrize(
    ("east", "severity", "rule"),
    [
        (64.0, "red", "red_basic_cropland"),  # 400 m2 of what lies outside
        (61.5, "green", "exempt_unclear"),  # 150 m2: less than the smallest area, a corner that the outline took in
        (60.0, "green", "exempt_permit_mostly"),
    ],
)
def test_a_corner_of_a_mostly_approved_spot_is_looked_at_on_the_screen(judged, beside, east, severity, rule):
    spot, _ = steps_of(judged(beside(layer_m=(20.0, east))))
    assert (spot["severity"], spot["rule"], spot["suspicion"]) == (severity, rule, "suspected")


def test_less_than_the_smallest_area_outside_is_green_also_where_little_is_approved(judged, beside):
    joined = beside(approved_m=40.0, layer_m=(0.0, 40.0))
    findings = joined.findings.assign(area_m2=300.0)
    spot, _ = steps_of(judged(replace(joined, findings=findings)))
    assert (spot["severity"], spot["rule"]) == ("green", "exempt_small")
    assert "面积 180 平方米，小于最小上图面积" in spot["reason_zh"]


def test_approvals_are_grown_by_what_the_registration_leaves(judged, beside):
    _, steps = steps_of(judged(beside(approved_m=45.0, shrink_m=2.0)))
    told = next(step for step in steps if step.rule == "outside_approval")
    assert told.numbers["inside_m2"] == pytest.approx(4700.0)


@pytest.mark.parametrize(
    "permit",
    [
        {"approved_m": 20.0},  # a neighbour's
        {"valid_to": pd.Timestamp("2026-02-01")},
        {"valid_from": pd.Timestamp("2026-12-01")},
        {"stage": "earthwork", "looks": "building", "area_m2": 1500.0},  # beyond its stage
        {"register": "harvest_permit"},
    ],
)
def test_only_an_approval_that_counts_divides_a_spot(judged, beside, permit):
    spot, steps = steps_of(judged(beside(layer_m=(0.0, 40.0), **permit)))
    assert not any(step.rule == "outside_approval" for step in steps)
    assert spot["severity"] == "red"


def test_rules_can_be_tried_on_divided_spots_later(judged, beside, tmp_path):
    joined = beside(approved_m=45.0, layer_m=(0.0, 40.0))
    terms = {"district_code": "450108", "issue": "2026-10", "as_of": AS_OF}
    for name, content in keep_judged(joined, read_rules(), **terms).items():
        (tmp_path / name).write_bytes(content)
    again = judged(read_kept(tmp_path).joined)
    assert again.spots.iloc[0]["reason_zh"] == judged(joined).spots.iloc[0]["reason_zh"]


def test_without_shapes_the_whole_layer_counts(judged, beside):
    joined = replace(beside(approved_m=45.0, layer_m=(0.0, 40.0)), shapes={})
    spot, _ = steps_of(judged(joined))
    assert spot["severity"] == "red"
    assert np.isfinite(spot["basic_cropland_m2"])
