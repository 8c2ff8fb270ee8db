"""What a case is and where: corrections, merging, splitting."""

import pytest
import shapely
import shapely.affinity

from rs_governance.cases import replay
from rs_governance.errors import ActionRefused, UsageError

from .conftest import (
    NUMBER,
    TO_VERIFYING,
    TOWN,
    refused,
)


def test_correcting_keeps_what_the_machine_saw(play) -> None:
    play.open()
    drawn = shapely.box(541_000, 2_511_000, 541_040, 2_511_015)
    play.do("correct", "wang", correction={"outline": drawn, "kind": "earthwork"})
    case = play.case()
    assert case["area_m2"] == pytest.approx(600, rel=2e-3)
    assert case["cropland_m2"] == pytest.approx(case["area_m2"] / 2, abs=0.01)
    assert (case["machine"]["kind"], case["machine"]["area_m2"]) == ("new_building", 300.0)
    assert case["lon"] == pytest.approx(108.4, abs=0.01)
    # What the machine sees later goes beside it, and no further.
    play.do("observe", "system", fields={"kind": "road", "severity": "red", "area_m2": 320.0})
    case = play.case()
    assert (case["kind"], case["machine"]["kind"], case["severity"]) == ("earthwork", "road", "red")
    assert (case["area_m2"], case["machine"]["area_m2"]) == (pytest.approx(600, rel=2e-3), 320.0)


@pytest.mark.parametrize(
    ("correction", "match", "error"),
    [
        ({"verdict": "lawful"}, "cannot be corrected", UsageError),
        ({"kind": "castle"}, "is no kind", UsageError),
        ({"outline": shapely.Point(0, 0)}, "no valid polygon", UsageError),
        ({"outline": shapely.box(541_500, 2_511_000, 541_520, 2_511_015)}, "480 m away.*GCJ-02", UsageError),
        ({}, "needs correction", ActionRefused),
    ],
)
def test_corrections_that_make_no_sense(play, correction, match, error) -> None:
    play.open()
    refused(play, match, "correct", "wang", error=error, correction=correction)


def test_the_field_corrects_what_it_sees_only(play) -> None:
    play.open()
    play.run(*TO_VERIFYING)
    refused(play, "'severity' is the office's", "correct", "chen", correction={"severity": "green"})
    play.do("correct", "chen", correction={"kind": "greenhouse"})


def test_a_graver_severity_has_its_own_term(play) -> None:
    play.open()
    play.run(*TO_VERIFYING)
    former = play.case()["due_on"]
    play.do("observe", "system", fields={"severity": "red"})
    assert play.case()["due_on"] < former


def test_the_machine_sets_no_field_that_is_peoples(play) -> None:
    play.open()
    for field in ("state", "verdict", "holder", "due_on", "nonsense"):
        refused(play, f"sets none of {field}", "observe", "system", error=UsageError, fields={field: "x"})


def test_merging(play) -> None:
    play.open(severity="red")
    play.open("other", severity="yellow", town_code=TOWN, first_seen_on=play.case()["first_seen_on"].replace(month=8))
    refused(play, "into itself", "merge", "wang", into=NUMBER, error=UsageError)
    refused(play, "no case nowhere", "merge", "wang", into="nowhere", error=UsageError)
    refused(play, "merged by quality_checker", "merge", "wang", into="other")
    play.do("merge", "zhao", into="other")
    case, target = play.case(), play.case("other")
    assert (case["state"], case["resolution"], case["merged_into"]) == ("closed", "merged", "other")
    assert case["verdict"] == "unverified"
    assert (target["parents"], target["relation"], target["severity"]) == ([NUMBER], "merged", "red")
    assert target["first_seen_on"].month == 8
    refused(play, "lives on in other", "reopen", "li", note="x")
    play.do("reject", "wang", "other", resolution="season")
    play.do("agree", "zhao", "other")
    play.open("third")
    with pytest.raises(UsageError, match="other is closed"):
        play.do("merge", "wang", "third", into="other")


def test_no_ground_is_lost_in_a_merge_and_what_lies_apart_is_not_merged(play) -> None:
    play.open()
    beside = shapely.box(541_030, 2_511_000, 541_050, 2_511_015)
    play.open("beside", outline=beside, cropland_m2=60.0)
    play.open("far", outline=shapely.affinity.translate(beside, 100, 0))
    refused(play, "110 m away", "merge", "wang", into="far")
    play.do("correct", "wang", "beside", correction={"outline": beside})
    play.do("merge", "wang", into="beside")
    target = play.case("beside")
    assert target["outline"].equals(play.case()["outline"].union(beside))
    assert target["area_m2"] == pytest.approx(600, rel=2e-3)
    assert target["cropland_m2"] == pytest.approx(210, rel=2e-3)
    assert replay(play.events("beside"))["outline"].equals(target["outline"])


def test_the_same_ground_counts_once_in_a_merge(play) -> None:
    play.open()
    play.open("same")
    play.do("merge", "wang", into="same")
    assert play.case("same")["cropland_m2"] == pytest.approx(150, rel=2e-3)


def test_a_point_that_is_merged_leaves_the_outline_alone(play) -> None:
    play.open(outline=shapely.Point(541_010, 2_511_005), area_m2=0.0, cropland_m2=0.0)
    play.open("spot")
    play.do("merge", "wang", into="spot")
    assert play.case("spot")["area_m2"] == 300.0


def test_merging_into_a_case_elsewhere_needs_the_right_to_it(play) -> None:
    play.open()
    play.open("wood", theme="protected_woodland")
    with pytest.raises(ActionRefused, match="theme farmland"):
        play.do("merge", "xu", "wood", into=NUMBER)
    assert play.case("wood")["state"] == "detected"


def test_splitting_gives_nobody_more_time(play) -> None:
    play.open()
    play.run(*TO_VERIFYING, ("release", "chen"))
    play.pass_days(5)
    parts = [shapely.box(541_000, 2_511_000, 541_010, 2_511_015), shapely.box(541_010, 2_511_000, 541_020, 2_511_015)]
    play.do("split", "wang", parts=parts)
    parent, first, second = play.case(), play.case(f"{NUMBER}-1"), play.case(f"{NUMBER}-2")
    assert (parent["state"], parent["resolution"]) == ("closed", "split")
    assert (first["state"], first["assignee"], first["parents"]) == ("verifying", f"town:{TOWN}", [NUMBER])
    assert first["due_on"] is not None
    assert (
        first["due_on"]
        == second["due_on"]
        == play.clocks.due_on("verifying", "yellow", first["first_seen_on"].replace(day=15))
    )
    assert first["area_m2"] == pytest.approx(150, rel=2e-3)
    assert replay(play.events(f"{NUMBER}-1"))["area_m2"] == first["area_m2"]
    refused(play, f"{NUMBER}-1", "reopen", "li", note="x")


@pytest.mark.parametrize(
    ("parts", "match"),
    [
        ([shapely.box(541_000, 2_511_000, 541_010, 2_511_015)], "at least two"),
        (
            [shapely.box(541_000, 2_511_000, 541_015, 2_511_015), shapely.box(541_010, 2_511_000, 541_020, 2_511_015)],
            "overlap",
        ),
        ([shapely.box(541_000, 2_511_000, 541_010, 2_511_015), shapely.box(0, 0, 1, 1)], "lies away"),
    ],
)
def test_parts_that_make_no_sense(play, parts, match) -> None:
    play.open()
    refused(play, match, "split", "wang", parts=parts, error=UsageError)
