"""Approvals: kind, register, dates, stage and cover must all fit; what is missing proves nothing."""

from dataclasses import replace
from datetime import date

import pandas as pd
import pytest
import shapely

from rs_governance.grids.carriers import REGISTER_COLUMNS, make_frame
from rs_governance.rules import keep_judged, read_rules
from rs_governance.rules.decisions import say_unfound
from rs_governance.rules.keeping import read_kept

SITE = {"looks": "earthwork"}
BUILDING = {"looks": "building", "area_m2": 800.0}


def permit(**values):
    return {"finding_id": "f000001", **values}


def test_a_valid_approval_makes_green_and_is_progress_of_a_project(one):
    spot, steps = one(SITE, registers=[permit()])
    assert (spot["severity"], spot["suspicion"], spot["theme"]) == ("green", "lawful", "major_project")
    assert (spot["permit_register"], spot["permit_number"], spot["permit_share"]) == ("building_permit", "P1", 1.0)
    step = next(step for step in steps if step.step == "permit" and step.holds)
    assert (step.layer, step.layer_as_of) == ("building_permit", date(2026, 10, 20))


@pytest.mark.parametrize(
    ("share", "outside_m2", "state"),
    [
        (0.90, 400.0, "lawful"),
        (0.8999, 200.0, "short"),
        (0.8999, 199.9, "lawful"),
        (0.50, 199.9, "lawful"),
        (0.49, 199.9, "short"),
    ],
)
def test_cover(one, share, outside_m2, state):
    spot, steps = one(SITE, registers=[permit(covered_share=share, outside_m2=outside_m2)])
    step = next(step for step in steps if step.step == "permit")
    assert step.numbers["permit_state"] == state
    assert (spot["suspicion"] == "lawful") == (state == "lawful")


@pytest.mark.parametrize(
    ("share", "severity", "rule"),
    [
        (0.5, "green", "exempt_permit_mostly"),
        (0.4999, "yellow", "yellow_permit_short"),
    ],
)
def test_what_an_approval_covers_mostly_is_looked_at_on_the_screen_but_not_lawful(one, share, severity, rule):
    spot, _ = one(SITE, registers=[permit(covered_share=share, outside_m2=600.0)])
    assert (spot["severity"], spot["suspicion"], spot["rule"]) == (severity, "suspected", rule)
    assert "600 " in spot["reason_zh"]


@pytest.mark.parametrize("share", [0.2499, 0.25])
@pytest.mark.parametrize(
    "values",
    [
        {"valid_to": pd.Timestamp("2026-09-11")},
        {"valid_from": pd.Timestamp("2027-01-01")},
        {"register": "harvest_permit"},
    ],
    ids=["expired", "not yet", "for another use"],
)
def test_an_approval_of_the_neighbours_is_not_cited(one, values, share):
    register = permit(covered_share=share, outside_m2=600.0, **values)
    spot, steps = one(BUILDING, registers=[register])
    without, _ = one(BUILDING, registers=[])
    assert (spot["severity"], spot["suspicion"], spot["theme"]) == tuple(without[["severity", "suspicion", "theme"]])
    step = next(step for step in steps if step.step == "permit")
    assert step.numbers["permit_share"] == share, "the trace tells of it in any case"
    cited = share >= 0.25
    assert (spot["permit_number"] == "P1") == cited
    assert pd.isna(spot["permit_number"]) == pd.isna(spot["permit_share"]) == (not cited)
    assert ("未见相关手续" in spot["reason_zh"]) == (not cited)


def test_what_counts_but_covers_a_strip_is_a_neighbours_too_unless_several_add_up(one):
    strip = permit(covered_share=0.1, outside_m2=900.0)
    spot, steps = one(SITE, registers=[strip])
    without, _ = one(SITE, registers=[])
    assert (spot["rule"], spot["severity"]) == tuple(without[["rule", "severity"]])
    assert pd.isna(spot["permit_number"])
    assert next(step for step in steps if step.step == "permit").numbers["permit_share"] == 0.1
    spot, _ = one(SITE, registers=[strip, permit(number="P2", covered_share=0.2, outside_m2=800.0)])
    assert (spot["rule"], spot["permit_number"]) == ("yellow_permit_short", "P2")


def test_mostly_covered_excuses_from_large_cropland_alone(one):
    large = {
        "layers": [("f000001", "land_use", "0101", 4000.0)],
        "registers": [permit(covered_share=0.7, outside_m2=1200.0)],
    }
    assert one(SITE | {"area_m2": 4000.0}, **large)[0]["rule"] == "exempt_permit_mostly"
    large["layers"].append(("f000001", "basic_cropland", "", 60.0))
    assert one(SITE | {"area_m2": 4000.0}, **large)[0]["rule"] == "red_basic_cropland"


@pytest.mark.parametrize(
    "values",
    [
        {"valid_to": pd.Timestamp("2026-09-11")},
        {"register": "harvest_permit"},
        {"register": "homestead", "as_of": None},
    ],
    ids=["expired", "for another use", "undated"],
)
def test_mostly_covered_by_an_approval_that_does_not_count_is_no_excuse(one, values):
    as_of = values.get("as_of", date(2026, 10, 20))
    row = permit(
        covered_share=0.8, outside_m2=400.0, **{name: value for name, value in values.items() if name != "as_of"}
    )
    spot, _ = one(SITE, layers=[("f000001", "land_use", "0101", 2000.0)], registers=[row], as_of=as_of)
    assert spot["severity"] == "yellow"


@pytest.mark.parametrize(
    ("valid_from", "valid_to", "state"),
    [
        ("2026-10-14", "2027-01-01", "lawful"),
        ("2026-10-15", "2027-01-01", "not_yet"),
        ("2026-01-01", "2026-09-12", "lawful"),
        ("2026-01-01", "2026-09-11", "expired"),
        (None, None, "lawful"),
    ],
)
def test_dates(one, valid_from, valid_to, state):
    dates = {
        name: pd.NaT if text is None else pd.Timestamp(text)
        for name, text in (("valid_from", valid_from), ("valid_to", valid_to))
    }
    _, steps = one(SITE, registers=[permit(**dates)])
    assert next(step for step in steps if step.step == "permit").numbers["permit_state"] == state


@pytest.mark.parametrize(
    ("values", "stage", "state"),
    [
        (SITE, "earthwork", "lawful"),
        (BUILDING, "earthwork", "stage"),
        (BUILDING, "foundation", "stage"),
        (BUILDING, "main_structure", "lawful"),
        (BUILDING, "topped_out", "lawful"),
        (BUILDING, None, "lawful"),
        (BUILDING, "二期", "stage"),
    ],
)
def test_the_stage_permitted_must_reach_the_stage_seen(one, values, stage, state):
    spot, steps = one(values, registers=[permit(stage=stage)])
    assert next(step for step in steps if step.step == "permit").numbers["permit_state"] == state
    assert (spot["severity"] == "green") == (state == "lawful")


def test_an_approval_without_a_stage_does_not_excuse_going_beyond_one(one):
    spot, _ = one(BUILDING, registers=[permit(stage="earthwork"), permit(register="planning_permit", number="P2")])
    assert spot["rule"] == "yellow_permit_terms"
    spot, _ = one(BUILDING, registers=[permit(stage="topped_out"), permit(register="planning_permit", number="P2")])
    assert spot["suspicion"] == "lawful"


def test_no_permanent_building_on_temporary_land(one):
    registers = ("temporary_land",)
    assert one(SITE, registers=[permit(register="temporary_land")], has_registers=registers)[0]["suspicion"] == "lawful"
    assert (
        one(BUILDING, registers=[permit(register="temporary_land")], has_registers=registers)[0]["severity"] != "green"
    )


def test_a_harvest_permit_allows_felling_only(one):
    felling = [("f000001", "land_use", "0301", 2000.0)]
    spot, _ = one({"looks": "felling"}, layers=felling, registers=[permit(register="harvest_permit")])
    assert (spot["kind"], spot["suspicion"], spot["theme"]) == ("vegetation_loss", "lawful", "protected_woodland")
    spot, _ = one(SITE, registers=[permit(register="harvest_permit")])
    assert (spot["kind"], spot["severity"]) == ("earthwork", "yellow")


@pytest.mark.parametrize(("ndvi_before", "suspicion"), [(0.6, "lawful"), (0.2, "suspected")])
def test_a_harvest_permit_does_not_allow_earthwork_on_felled_ground(one, ndvi_before, suspicion):
    woodland = [("f000001", "land_use", "0301", 2000.0)]
    spot, _ = one(SITE | {"ndvi_before": ndvi_before}, layers=woodland, registers=[permit(register="harvest_permit")])
    assert (spot["kind"], spot["suspicion"]) == ("earthwork", suspicion)


@pytest.mark.parametrize(
    ("as_of", "state"),
    [(date(2026, 8, 15), "lawful"), (date(2026, 8, 14), "outdated"), (None, "undated"), (date(2027, 5, 1), "lawful")],
)
def test_a_register_must_be_dated_and_recent(one, as_of, state):
    spot, steps = one(SITE, registers=[permit()], as_of=as_of)
    step = next(step for step in steps if step.step == "permit")
    assert (step.numbers["permit_state"], step.layer_as_of) == (state, as_of)
    assert (spot["severity"] == "green") == (state == "lawful")


def test_a_missing_register_is_said(one):
    spot, steps = one(SITE, has_registers=())
    texts = [step.text_zh for step in steps if step.step == "permit"]
    assert spot["severity"] == "yellow"
    assert any("缺名册" in text and "施工许可" in text for text in texts)
    assert "缺手续名册" in spot["reason_zh"]


def test_without_any_register_a_building_is_not_said_to_be_outside_approval(one):
    assert one(BUILDING, has_registers=())[0]["rule"] == "yellow_construction"
    assert one(BUILDING)[0]["rule"] == "red_building"


def test_lawful_work_on_protected_ground_is_not_red(one):
    spot, _ = one(SITE, layers=[("f000001", "ecological_red_line", "", 80.0)], registers=[permit()])
    assert (spot["severity"], spot["suspicion"]) == ("green", "lawful")


def test_the_approval_that_speaks_best_is_named(one):
    registers = [
        permit(number="P1", covered_share=0.3, outside_m2=1400.0),
        permit(number="P2", covered_share=0.95, outside_m2=100.0),
        permit(number="P3", covered_share=1.0, valid_to=pd.Timestamp("2026-01-02")),
    ]
    spot, steps = one(SITE, registers=registers)
    assert (spot["permit_number"], spot["permit_share"]) == ("P2", 0.95)
    assert [step.numbers["number"] for step in steps if step.step == "permit" and "number" in step.numbers] == [
        "P2",
        "P3",
        "P1",
    ]


@pytest.mark.parametrize(
    ("joined", "word"),
    [
        ({}, "未见相关手续"),
        ({"as_of": date(2026, 6, 1)}, "手续名册过期，不能据以认定"),
        ({"as_of": None}, "手续名册无日期，不能据以认定"),
        ({"has_registers": []}, "缺手续名册，不能据以认定"),
    ],
)
def test_what_is_said_of_the_registers_is_what_the_reason_says(one, joined, word):
    spot, steps = one(SITE, **joined)
    assert say_unfound(steps).zh == word
    assert spot["reason_zh"].endswith(f"，{word}")


def test_the_terms_can_be_changed(one, rules_with):
    registers = {"registers": [permit(covered_share=0.85, outside_m2=300.0)]}
    assert one(SITE, **registers)[0]["suspicion"] == "suspected"
    rules = rules_with(("min_share = 0.90", "min_share = 0.80"))
    assert one(SITE, rules=rules, **registers)[0]["suspicion"] == "lawful"


@pytest.fixture
def two_lots(month, finding):
    """A finding of 32 x 32 m on two lots; `shared` metres of its width belong to both."""

    def make(shared: float, states=(None, None)):
        left, right = (16 + shared) / 32, 0.5
        rows = [
            permit(number=number, covered_share=share, outside_m2=(1 - share) * 1024, stage=stage)
            for number, share, stage in (("P1", left, states[0]), ("P2", right, states[1]))
        ]
        joined = month([finding(1, area_m2=1024.0)], registers=rows)
        x, y, *_ = joined.findings.total_bounds
        lots = [shapely.box(x, y, x + 16 + shared, y + 32), shapely.box(x + 16, y, x + 32, y + 32)]
        frame = make_frame(
            REGISTER_COLUMNS,
            {name: ["P1", "P2"] if name == "number" else [None] * 2 for name in REGISTER_COLUMNS},
            lots,
            joined.references.crs,
        )
        register = replace(joined.references.registers["building_permit"], frame=frame)
        registers = {**joined.references.registers, "building_permit": register}
        return replace(joined, references=replace(joined.references, registers=registers))

    return make


def test_lots_that_cover_a_spot_together(judged, two_lots):
    result = judged(two_lots(0.0))
    spot = result.spots.iloc[0]
    assert (spot["suspicion"], spot["permit_number"], spot["permit_share"]) == ("lawful", "P1、P2", 1.0)
    step = next(step for step in result.decisions[spot["spot_no"]] if step.step == "permit")
    assert (step.holds, step.numbers["number"]) == (True, "P1、P2")


def test_common_ground_of_two_lots_counts_once(judged, two_lots):
    joined = two_lots(8.0)
    assert judged(joined).spots.iloc[0]["permit_share"] == pytest.approx(1.0)
    wrong = joined.in_registers.assign(covered_share=[0.75, 0.25], outside_m2=[256.0, 768.0])
    assert judged(replace(joined, in_registers=wrong)).spots.iloc[0]["suspicion"] != "lawful"


def test_lots_help_only_where_both_are_in_order(judged, two_lots):
    joined = two_lots(0.0)
    expired = joined.in_registers.assign(valid_to=pd.to_datetime(["2027-01-01", "2026-02-01"]))
    assert judged(replace(joined, in_registers=expired)).spots.iloc[0]["suspicion"] == "suspected"


def test_lots_are_kept_for_trying_rules(judged, two_lots, tmp_path):
    joined = two_lots(0.0)
    terms = {"district_code": "450108", "issue": "2026-10", "as_of": date(2026, 10, 20)}
    for name, content in keep_judged(joined, read_rules(), **terms).items():
        (tmp_path / name).write_bytes(content)
    assert judged(read_kept(tmp_path).joined).spots.iloc[0]["permit_number"] == "P1、P2"
