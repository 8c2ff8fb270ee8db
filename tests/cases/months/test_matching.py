"""Matching: which findings belong to which cases."""

from datetime import date, timedelta

import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from rs_governance.cases.months.matching import TERMS, Known, Seen, find_stalled, match, unseen_share

BEFORE, AFTER = date(2026, 9, 12), date(2026, 10, 14)


def square(x: float, y: float, side: float = 30.0) -> shapely.Polygon:
    return shapely.box(x, y, x + side, y + side)


def seen(
    key: str, outline: shapely.Geometry, *, kind: str = "new_building", work: bool = True, on: date = AFTER
) -> Seen:
    return Seen(key=key, outline=outline, kind=kind, work=work, after_on=on)


def known(number: str, outline: shapely.Geometry, *, kind: str = "earthwork", **more) -> Known:
    return Known(number=number, outline=outline, kind=kind, **{"last_seen_on": BEFORE, **more})


def closed(number: str, outline: shapely.Geometry, verdict: str, resolution: str, **more) -> Known:
    more = {"closed_on": BEFORE, **more}
    return known(number, outline, verdict=verdict, resolution=resolution, **more)


def test_work_on_new_ground_needs_a_case_and_harmless_change_does_not():
    found = match([seen("a", square(0, 0)), seen("b", square(100, 0), kind="crop_rotation", work=False)], [])
    assert found.fresh == {"a": ()}
    assert found.of_finding == {}


def test_work_on_the_ground_of_an_open_case_goes_on_with_it():
    found = match([seen("a", square(2, 2))], [known("C1", square(0, 0))])
    assert found.of_finding == {"a": "C1"}
    assert found.of_case["C1"].relation == "continuing"
    assert found.fresh == {}


def test_a_case_grows_by_the_new_ground():
    found = match([seen("a", shapely.box(10, 0, 60, 30))], [known("C1", square(0, 0))])
    assert found.of_case["C1"].relation == "growing"
    assert found.of_case["C1"].grown_m2 == pytest.approx(900)


def test_work_along_the_border_of_a_case_belongs_to_it():
    beside = shapely.box(31, 0, 61, 30)
    assert match([seen("a", beside)], [known("C1", square(0, 0))]).of_finding == {"a": "C1"}
    assert match([seen("a", square(34, 0))], [known("C1", square(0, 0))]).of_finding == {}
    long_ago = known("C1", square(0, 0), last_seen_on=AFTER - timedelta(days=TERMS.recent_days + 1))
    assert match([seen("a", beside)], [long_ago]).fresh == {"a": ()}


def test_shared_ground_comes_before_a_shared_border():
    cases = [known("C1", square(0, 0)), known("C2", shapely.box(31, 0, 61, 30))]
    assert match([seen("a", shapely.box(32, 0, 62, 30))], cases).of_finding == {"a": "C2"}


def test_one_finding_over_most_of_two_cases_merges_them():
    cases = [known("C1", square(0, 0)), known("C2", square(40, 0)), known("C3", square(200, 0))]
    found = match([seen("a", shapely.box(-2, -2, 72, 32))], cases)
    assert found.of_finding == {"a": "C1"}
    assert {number: one.relation for number, one in found.of_case.items()} == {"C1": "merged", "C2": "merged"}
    assert found.of_case["C2"].merged_with == ("C1",)


def test_a_finding_that_only_touches_a_second_case_merges_nothing():
    cases = [known("C1", square(0, 0)), known("C2", square(25, 0, 60))]
    found = match([seen("a", square(0, 0, 32))], cases)
    assert list(found.of_case) == ["C1"]


def test_several_works_inside_one_case_split_it():
    case = known("C1", square(0, 0, 100))
    found = match([seen("a", square(0, 0, 48)), seen("b", square(50, 50, 48))], [case])
    assert found.of_case["C1"].relation == "split"
    assert found.of_finding == {"a": "C1", "b": "C1"}


def test_demolition_of_most_of_a_case_is_told():
    case = known("C1", square(0, 0))
    gone = match([seen("a", shapely.box(0, 0, 30, 20), kind="demolition")], [case])
    assert gone.of_case["C1"].relation == "demolished"
    part = match([seen("a", shapely.box(0, 0, 30, 11), kind="demolition")], [case])
    assert part.of_case["C1"].relation == "continuing"


def test_a_harvested_field_says_nothing_of_a_shed_at_its_border():
    shed = known("C1", square(-25, 0), kind="new_building")
    assert match([seen("a", square(0, 0, 200), kind="crop_rotation", work=False)], [shed]).of_finding == {}


@pytest.mark.parametrize(("verdict", "resolution"), [("illegal", "demolished"), ("lawful", "homestead")])
def test_work_where_an_illegal_or_lawful_case_was_closed_reopens_it(verdict, resolution):
    found = match([seen("a", square(0, 0))], [closed("C1", square(0, 0), verdict, resolution)])
    assert found.of_case["C1"].reopens
    assert found.of_case["C1"].relation == "reappeared"
    assert found.fresh == {}


def test_work_where_a_false_change_was_closed_is_a_new_case_that_names_it():
    found = match([seen("a", square(0, 0))], [closed("C1", square(0, 0), "false_change", "season")])
    assert found.of_case == {}
    assert found.fresh == {"a": ("C1",)}


@pytest.mark.parametrize("kind", ["demolition", "regrowth", "crop_rotation"])
def test_harmless_change_reopens_nothing(kind):
    found = match([seen("a", square(0, 0), kind=kind)], [closed("C1", square(0, 0), "illegal", "demolished")])
    assert not found.of_case["C1"].reopens


def test_what_an_image_from_before_the_closing_shows_is_no_recurrence():
    case = closed("C1", square(0, 0), "illegal", "demolished", closed_on=AFTER)
    found = match([seen("a", square(0, 0))], [case])
    assert found.of_finding == {"a": "C1"}
    assert not found.of_case["C1"].reopens


def test_an_open_case_comes_before_a_closed_one_on_the_same_ground():
    cases = [closed("C1", square(0, 0), "illegal", "demolished"), known("C2", square(0, 0))]
    found = match([seen("a", square(0, 0))], cases)
    assert found.of_finding == {"a": "C2"}
    assert list(found.of_case) == ["C2"]


def test_the_ground_of_a_merged_case_counts_for_the_one_it_went_into():
    absorbed = closed("C1", square(0, 0), "unverified", "merged", merged_into="C2")
    found = match([seen("a", square(0, 0))], [absorbed, known("C2", square(500, 0))])
    assert found.of_finding == {"a": "C2"}


@pytest.mark.parametrize("resolution", ["split", "superseded"])
def test_a_case_that_became_others_or_was_published_in_error_has_no_ground(resolution):
    case = closed("C1", square(0, 0), "unverified", resolution)
    assert match([seen("a", square(0, 0))], [case]).fresh == {"a": ()}


def test_a_place_known_by_a_point_gets_the_work_near_it():
    report = known("H1", shapely.Point(-20, 15), kind="other")
    assert match([seen("a", square(0, 0))], [report]).of_finding == {"a": "H1"}
    assert match([seen("a", square(20, 0))], [report]).fresh == {"a": ()}
    over = closed("H1", shapely.Point(-20, 15), "illegal", "demolished")
    assert match([seen("a", square(0, 0))], [over]).fresh == {"a": ()}, "near is not enough to reopen"


def test_published_again_a_new_case_stays_new():
    found = match([seen("a", square(0, 0, 80))], [known("C1", square(0, 0), here=True)])
    assert found.of_case["C1"].relation == "new"


def test_stalled_are_the_works_that_were_seen_and_did_not_change():
    cases = [
        known("C1", square(0, 0)),
        known("C2", square(100, 0)),
        known("C3", square(200, 0)),
        known("C4", square(300, 0), kind="vegetation_loss"),
        closed("C5", square(400, 0), "lawful", "homestead"),
    ]
    found = match([seen("a", square(0, 0))], cases)
    assert find_stalled(cases, found, unseen=square(190, -10, 60)) == ["C2"]


def test_unseen_share_of_areas_and_points():
    ground = [square(0, 0), shapely.Point(5, 5), shapely.Point(500, 5), square(500, 0)]
    assert unseen_share(ground, shapely.box(-50, -50, 15, 50)).tolist() == [0.5, 1.0, 0.0, 0.0]
    assert unseen_share(ground, None).tolist() == [0.0] * 4


places = st.builds(square, st.integers(0, 200).map(float), st.integers(0, 60).map(float), st.integers(8, 60).map(float))
kinds = st.sampled_from(["new_building", "earthwork", "vegetation_loss", "demolition", "crop_rotation"])
ends = st.sampled_from([
    (None, "unverified", None),
    (BEFORE, "illegal", "demolished"),
    (BEFORE, "false_change", "season"),
    (AFTER, "lawful", "homestead"),
    (BEFORE, "unverified", "split"),
])
seens = st.lists(st.tuples(places, kinds, st.booleans()), max_size=8).map(
    lambda rows: [seen(f"f{n}", outline, kind=kind, work=work) for n, (outline, kind, work) in enumerate(rows)]
)
knowns = st.lists(st.tuples(places, kinds, ends), max_size=8).map(
    lambda rows: [
        known(f"C{n}", outline, kind=kind, closed_on=end[0], verdict=end[1], resolution=end[2])
        for n, (outline, kind, end) in enumerate(rows)
    ]
)


@settings(max_examples=60, deadline=None)
@given(seens, knowns, st.randoms(use_true_random=False))
def test_the_order_of_the_rows_changes_nothing(findings, cases, random):
    other_findings, other_cases = list(findings), list(cases)
    random.shuffle(other_findings)
    random.shuffle(other_cases)
    assert match(findings, cases) == match(other_findings, other_cases)


@settings(max_examples=60, deadline=None)
@given(seens, knowns)
def test_every_finding_has_one_end_and_every_square_metre_one_case(findings, cases):
    found = match(findings, cases)
    by_number = {case.number: case for case in cases}
    for one in findings:
        ends = (one.key in found.of_finding) + (one.key in found.fresh)
        assert ends == 1 if one.work else one.key not in found.fresh
        holders = [number for number, case in found.of_case.items() if one.key in case.findings]
        if one.key in found.of_finding:
            assert found.of_finding[one.key] in holders
        else:
            assert not holders
        if len(holders) > 1:
            assert all(found.of_case[number].relation == "merged" for number in holders)
    # Counted once by its case, the area of all findings is the area of all.
    counted = sum(
        one.outline.area
        for number, case in found.of_case.items()
        for one in findings
        if one.key in case.findings and found.of_finding[one.key] == number
    )
    counted += sum(one.outline.area for one in findings if one.key not in found.of_finding)
    assert counted == pytest.approx(sum(one.outline.area for one in findings))
    for number, case in found.of_case.items():
        whole = sum(one.outline.area for one in findings if one.key in case.findings)
        assert 0 <= case.grown_m2 <= whole + 1e-6
        assert not case.reopens or by_number[number].closed_on is not None
