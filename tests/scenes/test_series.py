"""Which two images are compared where."""

from datetime import date

import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely import box
from shapely.geometry.base import BaseGeometry

from rs_governance.errors import UsageError
from rs_governance.scenes.series import ComparisonPlan, Observation, plan_comparisons

DISTRICT = box(0, 0, 1000, 1000)


def seen(image: str, on: date, area: BaseGeometry, issue: str | None = None) -> Observation:
    return Observation(image_id=image, acquired_on=on, issue=issue or f"{on:%Y-%m}", look=lambda: area)


def pairs(plan: ComparisonPlan) -> dict[tuple[str, str], float]:
    return {(one.before.image_id, one.after.image_id): one.area.area for one in plan.comparisons}


AUGUST = seen("aug", date(2026, 8, 10), DISTRICT)
SEPTEMBER = seen("sep", date(2026, 9, 10), box(0, 0, 600, 1000))


def test_where_last_month_was_cloudy_the_month_before_is_taken() -> None:
    october = seen("oct", date(2026, 10, 10), box(0, 0, 1000, 800))
    plan = plan_comparisons([AUGUST, SEPTEMBER, october], issue="2026-10", district=DISTRICT)
    assert pairs(plan) == {("sep", "oct"): 480_000.0, ("aug", "oct"): 320_000.0}
    assert [(one.reason, one.area.area) for one in plan.unseen] == [("not_observed", 200_000.0)]


def test_the_newest_image_of_an_issue_is_on_top_and_never_compared_with_its_own_issue() -> None:
    early = seen("early", date(2026, 10, 3), DISTRICT)
    late = seen("late", date(2026, 10, 28), box(0, 0, 500, 1000))
    plan = plan_comparisons([late, SEPTEMBER, AUGUST, early], issue="2026-10", district=DISTRICT)
    assert pairs(plan) == {("sep", "late"): 500_000.0, ("sep", "early"): 100_000.0, ("aug", "early"): 400_000.0}
    assert not plan.unseen


def test_a_late_image_of_a_past_month_is_compared_with_what_was_before_it() -> None:
    october = seen("oct", date(2026, 10, 10), DISTRICT)
    late = seen("late", date(2026, 9, 20), box(500, 0, 1000, 1000), issue="2026-09a")
    plan = plan_comparisons([AUGUST, SEPTEMBER, october, late], issue="2026-09a", district=DISTRICT)
    assert pairs(plan) == {("sep", "late"): 100_000.0, ("aug", "late"): 400_000.0}
    assert [one.reason for one in plan.unseen] == ["not_observed"]


def test_what_was_never_seen_before_is_said() -> None:
    first = seen("first", date(2026, 8, 10), box(0, 0, 300, 1000))
    plan = plan_comparisons([first, seen("oct", date(2026, 10, 1), DISTRICT)], issue="2026-10", district=DISTRICT)
    assert [(one.reason, one.area.area) for one in plan.unseen] == [("no_earlier_image", 700_000.0)]


def test_slivers_between_clouds_are_not_compared() -> None:
    almost = seen("sep", date(2026, 9, 10), box(0, 0, 999.95, 1000))
    plan = plan_comparisons(
        [AUGUST, almost, seen("oct", date(2026, 10, 1), DISTRICT)], issue="2026-10", district=DISTRICT
    )
    assert set(pairs(plan)) == {("sep", "oct")}


@pytest.mark.parametrize(("issue", "reason"), [("2026-07", "issues 2026-08, 2026-09"), ("2026-08", "2026-08-10")])
def test_an_issue_without_images_or_without_anything_older_is_refused(issue: str, reason: str) -> None:
    with pytest.raises(UsageError, match=reason):
        plan_comparisons([AUGUST, SEPTEMBER], issue=issue, district=DISTRICT)


def test_old_images_are_not_looked_at_where_newer_ones_show_all() -> None:
    def refuse() -> BaseGeometry:
        raise AssertionError("looked at an image that does not matter")

    july = Observation(image_id="jul", acquired_on=date(2026, 7, 1), issue="2026-07", look=refuse)
    later = Observation(image_id="nov", acquired_on=date(2026, 11, 1), issue="2026-11", look=refuse)
    plan = plan_comparisons(
        [later, july, AUGUST, seen("oct", date(2026, 10, 1), DISTRICT)], issue="2026-10", district=DISTRICT
    )
    assert set(pairs(plan)) == {("aug", "oct")}


areas = st.tuples(st.integers(0, 9), st.integers(0, 9), st.integers(1, 10), st.integers(1, 10)).map(
    lambda at: box(at[0] * 100, at[1] * 100, (at[0] + at[2]) * 100, (at[1] + at[3]) * 100)
)


@given(st.lists(st.tuples(st.integers(1, 40), areas), min_size=2, max_size=6, unique_by=lambda at: at[0]))
def test_comparisons_and_the_unseen_cover_the_district_once(views: list[tuple[int, BaseGeometry]]) -> None:
    scenes = [seen(f"s{day}", date(2026, 9 + day // 31, day % 31 or 31), area) for day, area in sorted(views)[:-1]]
    scenes = [seen(one.image_id, one.acquired_on, one.area, issue="old") for one in scenes]
    scenes.append(seen("new", date(2026, 12, 1), views[-1][1], issue="new"))
    plan = plan_comparisons(scenes, issue="new", district=DISTRICT)
    pieces = [one.area for one in plan.comparisons] + [one.area for one in plan.unseen]
    assert sum(piece.area for piece in pieces) == pytest.approx(DISTRICT.area)
    assert shapely.union_all(pieces).area == pytest.approx(DISTRICT.area)
    for one in plan.comparisons:
        newer = [s.area for s in scenes if one.before.acquired_on < s.acquired_on < one.after.acquired_on]
        assert shapely.intersection(shapely.union_all(newer), one.area).area == pytest.approx(0, abs=1e-6)
