"""From a joined month to spots: the order of the rules, boundaries, missing layers, traces."""

from datetime import date
from typing import get_args

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rs_governance.rules import DEPARTMENTS, KINDS, SPOTS, THEMES
from rs_governance.rules.judged import StepName

SITE = {"looks": "earthwork"}

CROP = {"looks": "crop"}


def cropland(area_m2: float = 2000.0, basic_m2: float = 0.0) -> list[tuple[str, str, str, float]]:
    return [("f000001", "land_use", "0101", area_m2), ("f000001", "basic_cropland", "", basic_m2)]


@pytest.mark.parametrize(("basic_m2", "severity"), [(50.0, "yellow"), (50.001, "red"), (0.0, "yellow")])
def test_more_than_50_m2_of_basic_cropland_is_red(one, basic_m2, severity):
    spot, _ = one(SITE, layers=cropland(basic_m2=basic_m2))
    assert (spot["kind"], spot["theme"], spot["severity"]) == ("earthwork", "farmland", severity)


@pytest.mark.parametrize(("layer", "code"), [("ecological_red_line", ""), ("water_source", "1")])
@pytest.mark.parametrize(("area_m2", "rule_is_red"), [(50.0, False), (51.0, True)])
def test_protected_ground_is_red(one, layer, code, area_m2, rule_is_red):
    spot, _ = one(SITE, layers=[("f000001", layer, code, area_m2)])
    assert (spot["severity"] == "red") == rule_is_red
    assert spot["protected_m2"] == area_m2


@pytest.mark.parametrize(("mu", "severity"), [(4.999, "yellow"), (5.0, "red")])
def test_five_mu_of_cropland_are_red(one, mu, severity):
    area_m2 = mu * 2000 / 3
    spot, _ = one(SITE | {"area_m2": area_m2}, layers=cropland(area_m2))
    assert spot["area_mu"] == pytest.approx(mu)
    assert spot["severity"] == severity


@pytest.mark.parametrize(
    ("area_m2", "severity", "rule"),
    [
        (199.9, "green", "exempt_small"),
        (200.0, "yellow", "yellow_construction"),
        (399.9, "yellow", "yellow_construction"),
        (400.0, "red", "red_building"),
    ],
)
def test_a_building_outside_approval(one, area_m2, severity, rule):
    spot, _ = one({"looks": "building", "area_m2": area_m2}, has_registers=ALL_REGISTERS)
    assert (spot["kind"], spot["severity"], spot["rule"]) == ("new_building", severity, rule)


ALL_REGISTERS = (
    "planning_permit", "building_permit", "land_conversion", "land_supply", "harvest_permit", "woodland_use",
    "temporary_land", "facility_farmland", "homestead", "major_project",
)  # fmt: skip


@pytest.mark.parametrize(("share", "kind"), [(0.3, "new_building"), (0.29, "crop_rotation")])
def test_what_changes_on_a_lot_granted_for_a_house_is_perhaps_the_house(one, share, kind):
    lot = {"finding_id": "f000001", "register": "homestead", "covered_share": share, "outside_m2": 300.0}
    spot, _ = one(CROP, layers=cropland(), registers=[lot])
    assert (spot["kind"], spot["severity"]) == (kind, "green")


def test_red_comes_before_exempt_and_exempt_before_yellow(one):
    muted = {"zones": [("f000001", "Z1", "2026-12-31", 1.0)]}
    assert one(SITE, layers=cropland(basic_m2=60.0), **muted)[0]["rule"] == "red_basic_cropland"
    assert one(SITE, layers=cropland(), **muted)[0]["rule"] == "exempt_muted"
    assert one(SITE, layers=cropland())[0]["rule"] == "yellow_farmland"


@pytest.mark.parametrize(("expires_on", "mutes"), [("2026-10-20", True), ("2026-10-19", False), (None, False)])
def test_an_expired_zone_mutes_nothing(one, expires_on, mutes):
    spot, _ = one(SITE, zones=[("f000001", "Z1", expires_on, 1.0)])
    assert (spot["rule"] == "exempt_muted") == mutes
    assert pd.notna(spot["zone"]) == mutes


@pytest.mark.parametrize(
    ("status", "rule"), [("closed", "red_recurrence"), ("已销号", "red_recurrence"), ("处置中", "exempt_known")]
)
def test_the_ledger(one, status, rule):
    spot, _ = one(SITE, ledger=[("f000001", status, 0.6)])
    assert (spot["rule"], spot["ledger_number"]) == (rule, "2025-0000")


def test_a_closed_spot_counts_before_an_open_one(one):
    spot, _ = one(SITE, ledger=[("f000001", "处置中", 0.9), ("f000001", "closed", 0.2)])
    assert (spot["rule"], spot["ledger_number"]) == ("red_recurrence", "2025-0001")


def test_crop_rotation_stays_in_the_issue(one):
    spot, _ = one(CROP, layers=cropland(1000.0, 1000.0))
    assert (spot["kind"], spot["severity"], spot["suspicion"]) == ("crop_rotation", "green", "none")
    assert spot["department"] == "agriculture"


def test_what_matches_nothing_is_yellow(one):
    spot, steps = one({"after_class": "other", "ndvi_after": 0.58, "contrast_gain": 0.0}, has_layers=())
    assert (spot["kind"], spot["severity"], spot["rule"], spot["suspicion"]) == (
        "other",
        "yellow",
        "otherwise",
        "suspected",
    )
    assert [step.rule for step in steps if step.step == "severity"][-1] == "otherwise"


UNCLEAR = {"looks": "crop", "ndvi_after": 0.25, "contrast_gain": 0.5, "spread_after": 1.2, "score_max": 0.6}
"""A field inside which something stands out, but not the field from what lies beside it."""


def test_what_is_unclear_is_kept_for_the_screen_and_sends_nobody(one):
    spot, steps = one(UNCLEAR, layers=cropland(basic_m2=2000.0))
    assert (spot["kind"], spot["severity"], spot["suspicion"], spot["rule"]) == (
        "new_building",
        "green",
        "suspected",
        "exempt_unclear",
    )
    kind = next(step for step in steps if step.step == "kind")
    assert kind.rule == "kind_maybe_building"
    assert kind.text_zh.startswith("变化类型：新增建筑物（不明确）。")
    assert kind.text_en.startswith("kind: new building (unclear).")
    assert "屏幕" in spot["reason_zh"]
    assert "on the screen" in spot["reason_en"]


def test_what_is_clear_and_what_nothing_names_is_not_called_unclear(one):
    for values in (SITE, {"after_class": "other", "ndvi_after": 0.58, "contrast_gain": 0.0}):
        _, steps = one(values, layers=cropland() if values is SITE else (), has_layers=("land_use",))
        assert all("不明确" not in step.text_zh for step in steps if step.holds)
        assert all(step.rule != "exempt_unclear" for step in steps if step.holds)


def test_without_its_rule_what_is_unclear_is_yellow(one, rules_with):
    rules = rules_with(('when = { certainty = "unclear" }', 'when = { certainty = "unclear", area_m2 = { max = 1 } }'))
    spot, _ = one(UNCLEAR, layers=cropland(), rules=rules)
    assert (spot["severity"], spot["rule"]) == ("yellow", "yellow_farmland")


def test_a_missing_layer_is_said_and_makes_no_green(one):
    spot, steps = one(SITE, has_layers=("land_use",), layers=cropland())
    assert pd.isna(spot["basic_cropland_m2"])
    assert pd.isna(spot["built_up_boundary"])
    tried = {step.rule: step for step in steps if step.step == "severity"}
    assert not tried["red_basic_cropland"].holds
    assert "缺「永久基本农田」" in tried["red_basic_cropland"].text_zh
    assert "no layer: permanent basic cropland" in tried["red_basic_cropland"].text_en
    assert spot["severity"] == "yellow"


def test_the_trace_has_every_question_in_order_with_numbers_and_dates(one):
    spot, steps = one(SITE, layers=cropland(basic_m2=60.0))
    assert list(dict.fromkeys(step.step for step in steps)) == list(get_args(StepName))
    severity = [step for step in steps if step.step == "severity"]
    assert [step.holds for step in severity] == [False] * (len(severity) - 1) + [True]
    last = severity[-1]
    assert (last.rule, last.layer, last.layer_as_of) == ("red_basic_cropland", "basic_cropland", date(2025, 12, 31))
    assert last.numbers["basic_cropland_m2"] == 60.0
    assert spot["rule"] == last.rule
    assert spot["reason_zh"] in last.text_zh
    assert "2025-12-31" in last.text_zh


def test_rules_that_were_tried_say_what_they_missed(one):
    _, steps = one(SITE, layers=cropland(basic_m2=12.5))
    tried = next(step for step in steps if step.rule == "red_basic_cropland")
    assert "12.5 平方米（须 > 50 平方米）" in tried.text_zh
    assert "12.5 m² (must be > 50 m²)" in tried.text_en


def test_the_department_follows_the_urban_boundary(one):
    inside = [("f000001", "urban_boundary", "", 1500.0)]
    assert one(SITE, layers=inside)[0]["department"] == "urban_management"
    assert one(SITE)[0]["department"] == "natural_resources"
    assert one(SITE, layers=inside)[0]["built_up_boundary"] == "inside"


def test_main_units_and_land(one):
    spot, _ = one(
        SITE,
        layers=[
            ("f000001", "land_use", "0101", 900.0),
            ("f000001", "land_use", "0301", 600.0),
            ("f000001", "land_use", "0301", 500.0),
        ],
    )
    assert (spot["town_name"], spot["village_code"]) == ("良庆镇", "450108100201")
    assert (spot["land_code"], spot["cropland_m2"]) == ("0301", 900.0)
    assert 107.9 < spot["lon"] < 108.1
    assert 22.5 < spot["lat"] < 22.7


def test_a_comparison_with_the_baseline_is_kept(month, judged, finding):
    joined = month([finding(1), finding(2)])
    findings = joined.findings.assign(basis=["baseline", "monthly"])
    object.__setattr__(joined, "findings", findings)
    assert list(judged(joined).spots["basis"]) == ["baseline", "monthly"]


def test_no_findings_make_an_empty_table(month, judged):
    result = judged(month([]))
    assert len(result.spots) == len(result.decisions) == 0
    assert [*result.spots.columns][:-1] == list(SPOTS.by_name)


LAND = st.sampled_from(["0101", "0201", "0301", "0601", "0702", "1003", "1104", "1202", "1206"])
INDEX = st.floats(-0.9, 0.9, allow_nan=False)
VALUES = st.fixed_dictionaries({
    "area_m2": st.floats(20, 9000),
    "width_m": st.floats(4, 90),
    "length_m": st.floats(4, 300),
    "compactness": st.floats(0.05, 1),
    "score_max": st.floats(0, 1),
    "mad": st.floats(0, 60),
    "ndvi_before": INDEX,
    "ndvi_after": INDEX | st.just(np.nan),
    "ndwi_before": INDEX,
    "ndwi_after": INDEX,
    "brightness_after": st.floats(0, 3000),
    "before_class": st.sampled_from(["vegetation", "bare_or_built", "water", "dark", "other"]),
    "after_class": st.sampled_from(["vegetation", "bare_or_built", "water", "dark", "other"]),
})
PLACES = st.fixed_dictionaries({
    "land": LAND,
    "basic": st.floats(0, 200),
    "red_line": st.floats(0, 200),
    "permit": st.none() | st.floats(0, 1),
    "stage": st.sampled_from([None, "earthwork", "topped_out"]),
})
FEW = settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def build(month, finding, drawn, **keywords):
    findings = [finding(n, **values) for n, (values, _) in enumerate(drawn, 1)]
    layers, registers = [], []
    for n, (values, place) in enumerate(drawn, 1):
        own = f"f{n:06d}"
        layers += [(own, "land_use", place["land"], values["area_m2"]), (own, "basic_cropland", "", place["basic"])]
        layers += [(own, "ecological_red_line", "", place["red_line"])]
        if place["permit"] is not None:
            outside = (1 - place["permit"]) * values["area_m2"]
            registers.append({
                "finding_id": own,
                "covered_share": place["permit"],
                "outside_m2": outside,
                "stage": place["stage"],
            })
    return month(findings, layers=layers, registers=registers, **keywords)


@FEW
@given(drawn=st.lists(st.tuples(VALUES, PLACES), min_size=1, max_size=8))
def test_every_spot_has_one_of_each_decision(month, finding, judged, drawn):
    result = judged(build(month, finding, drawn))
    assert set(result.spots["kind"]) <= set(KINDS)
    assert set(result.spots["theme"]) <= set(THEMES)
    assert set(result.spots["department"]) <= set(DEPARTMENTS)
    for _, spot in result.spots.iterrows():
        steps = result.decisions[spot["spot_no"]]
        for name in ("kind", "theme", "severity", "department"):
            assert sum(step.holds for step in steps if step.step == name) == 1
        assert next(step.rule for step in steps if step.step == "severity" and step.holds) == spot["rule"]
        assert not any("illegal" in step.text_en or "unknown" in step.rule for step in steps)


@FEW
@given(drawn=st.lists(st.tuples(VALUES, PLACES), min_size=2, max_size=8), data=st.data())
def test_the_order_of_the_findings_does_not_matter(month, finding, judged, drawn, data):
    joined = build(month, finding, drawn)
    order = data.draw(st.permutations(range(len(drawn))))
    shuffled = build(month, finding, drawn)
    object.__setattr__(shuffled, "findings", joined.findings.iloc[order].reset_index(drop=True))
    for name in ("in_layers", "in_registers", "in_units"):
        object.__setattr__(shuffled, name, getattr(joined, name).iloc[::-1].reset_index(drop=True))
    ours, theirs = judged(joined), judged(shuffled)
    columns = [name for name in SPOTS.by_name if name not in {"spot_no", "finding_id"}]
    first, second = (result.spots.set_index("finding_id").sort_index()[columns] for result in (ours, theirs))
    pd.testing.assert_frame_equal(first, second)
    numbers = {
        result: dict(zip(frame["finding_id"], frame["spot_no"], strict=True))
        for result, frame in ((0, ours.spots), (1, theirs.spots))
    }
    for finding_id in numbers[0]:
        assert ours.decisions[numbers[0][finding_id]] == theirs.decisions[numbers[1][finding_id]]


@FEW
@given(
    drawn=st.lists(st.tuples(VALUES, PLACES), min_size=1, max_size=8),
    registers=st.sampled_from([{"has_registers": ()}, {"as_of": None}, {"as_of": date(2026, 8, 14)}]),
)
def test_without_registers_nothing_is_lawful(month, finding, judged, drawn, registers):
    result = judged(build(month, finding, drawn, **registers))
    assert "lawful" not in set(result.spots["suspicion"])
    assert "exempt_lawful" not in set(result.spots["rule"])
