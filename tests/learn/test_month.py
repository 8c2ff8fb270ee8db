"""Scoring an issue against exact truth."""

from datetime import date
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely import box
from shapely.geometry.base import BaseGeometry

from rs_governance.grids.coverage import SeenPart
from rs_governance.learn.month import KIND_GROUPS, groups, score_issue
from rs_governance.rules import read_rules

ALL = SeenPart(before_on=date(2026, 9, 12), after_on=date(2026, 10, 14), area=box(0, 0, 1000, 1000))


def frame(table: list[dict[str, Any]], columns: list[str], outlines: list[BaseGeometry]) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(pd.DataFrame(table, columns=columns), geometry=np.array(outlines, object), crs=4545)


def true(*rows: tuple[str, BaseGeometry, dict[str, Any]]) -> gpd.GeoDataFrame:
    plain = {"happened_on": "2026-10-01", "permitted": False}
    table = [{"kind": kind, **plain, **own} for kind, _, own in rows]
    return frame(table, ["kind", "happened_on", "permitted"], [area for _, area, _ in rows])


def found(*rows: tuple[str, str, BaseGeometry], rule: str = "yellow_rest") -> gpd.GeoDataFrame:
    table = [{"kind": kind, "severity": severity, "rule": rule} for kind, severity, _ in rows]
    return frame(table, ["kind", "severity", "rule"], [area for *_, area in rows])


def test_hits_rights_and_kinds_are_counted() -> None:
    truth = true(
        ("new_building", box(0, 0, 20, 20), {}),
        ("earthwork", box(100, 0, 140, 40), {"permitted": True}),
        ("demolition", box(300, 0, 320, 20), {}),
        ("water_gained", box(400, 0, 404, 4), {}),
    )
    spots = found(
        ("new_building", "red", box(0, 0, 20, 10)),
        ("new_structure", "yellow", box(110, 0, 140, 40)),
        ("crop_rotation", "green", box(300, 0, 320, 20)),
        ("other", "yellow", box(600, 0, 620, 20)),
    )
    score = score_issue(spots, truth, [ALL])
    assert (score.truths, score.hits) == (3, 2)  # the pond has 16 m2, the demolition was called crops
    assert (score.spots, score.right, score.quiet, score.quiet_right) == (3, 2, 1, 1)
    assert (score.urgent, score.urgent_right, score.urgent_permitted) == (3, 1, 1)
    building, ground = groups().index("building"), groups().index("ground")
    assert score.confusion[building, building] == 1
    assert score.confusion[ground, building] == 1
    assert score.macro_f1 == pytest.approx((2 / 3 + 0) / 2)
    assert score.by_kind == {"demolition": (1, 0), "earthwork": (1, 1), "new_building": (1, 1)}


@pytest.mark.parametrize("rule", ["exempt_unclear", "exempt_permit_mostly", "exempt_stage_unclear"])
def test_what_is_for_the_screen_only_is_a_spot_and_counted_beside(rule: str) -> None:
    truth = true(("road", box(0, 0, 20, 20), {}), ("earthwork", box(50, 0, 70, 20), {"permitted": True}))
    spots = found(*(("road", "green", box(x, 0, x + 20, 20)) for x in (0, 50, 100)), rule=rule)
    score = score_issue(spots, truth, [ALL])
    assert (score.spots, score.right, score.hits, score.urgent, score.quiet) == (3, 2, 2, 0, 0)
    assert (score.on_screen, score.on_screen_right, score.unlawful_on_screen) == (3, 2, 1)
    assert (score + score).on_screen == 6


def test_the_rules_that_the_score_names_are_those_of_the_program() -> None:
    named = {"exempt_no_land_taken", "exempt_unclear", "exempt_permit_mostly", "exempt_stage_unclear"}
    assert named <= {rule.id for rule in read_rules().rules["exempt"]}


def test_only_what_happened_between_the_days_of_its_place_counts() -> None:
    truth = true(
        ("earthwork", box(0, 0, 20, 20), {"happened_on": "2026-09-12"}),
        ("earthwork", box(100, 0, 120, 20), {"happened_on": "2026-10-14"}),
        ("earthwork", box(200, 0, 220, 20), {"happened_on": "2026-10-15"}),
        ("earthwork", box(990, 0, 1020, 20), {}),
        ("earthwork", box(300, 0, 320, 20), {"happened_on": "2026-09-20"}),
        ("new_building", box(298, 0, 319, 20), {"happened_on": "2026-10-10"}),
    )
    assert score_issue(found(), truth, [ALL]).by_kind == {"earthwork": (1, 0), "new_building": (1, 0)}


def test_an_issue_without_a_spot_or_without_a_change_can_be_scored() -> None:
    nothing = score_issue(found(), true(), [ALL])
    assert (nothing.recall, nothing.precision, nothing.macro_f1) == (0.0, 0.0, 0.0)
    wrong = score_issue(found(("road", "yellow", box(0, 0, 9, 9))), true(), [ALL])
    assert (wrong.spots, wrong.right, wrong.urgent_precision) == (1, 0, 0.0)


def test_scores_add_up() -> None:
    truth = true(("road", box(0, 0, 20, 20), {}), ("regrowth", box(50, 0, 70, 20), {}))
    spots = found(("road", "yellow", box(0, 0, 20, 20)), ("other", "green", box(50, 0, 70, 20)))
    one = score_issue(spots, truth, [ALL])
    both = one + score_issue(found(), truth, [ALL])
    assert (both.truths, both.hits, both.recall) == (4, 2, 0.5)
    assert both.by_kind == {"regrowth": (2, 1), "road": (2, 1)}
    assert both.unnamed[groups().index("removal")] == 1
    assert np.array_equal(both.confusion, one.confusion)
    assert set(KIND_GROUPS.values()) == set(groups())
