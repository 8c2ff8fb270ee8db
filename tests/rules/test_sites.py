"""Sites of a quarter: nothing counted twice."""

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import box, union_all
from shapely.geometry.base import BaseGeometry

from rs_governance.grids.ellipsoid import geodesic_area_m2
from rs_governance.rules import SPOTS
from rs_governance.rules.sites import SITES, Quarter, gather_sites

CRS = pyproj.CRS.from_epsg(4545)
X, Y = 541_000.0, 2_510_000.0
Q4 = Quarter(year=2026, number=4)


def spots(*rows: tuple[str, BaseGeometry, dict[str, Any]]) -> gpd.GeoDataFrame:
    """Spots with plain values: issue, outline, and what is particular."""
    plain: dict[str, Any] = {"str": None, "int64": 1, "float64": 0.5, "date": pd.Timestamp("2026-10-14")}
    table = []
    for number, (issue, _, own) in enumerate(rows, 1):
        row = {c.name: c.values[0] if c.values else plain[c.dtype] for c in SPOTS.columns}
        texts = {c.name: "x" for c in SPOTS.columns if c.dtype == "str" and not c.nullable and not c.values}
        row |= texts | {
            "spot_no": f"450108-{issue.replace('-', '')}-{number:04d}",
            "finding_id": f"f{number:06d}",
            "issue": issue,
            "district_code": "450108",
            "rule": "r",
            "national_type": None,
            "after_on": pd.Timestamp(f"{issue[:7]}-14"),
            **own,
        }
        table.append(row)
    values = {c.name: [row[c.name] for row in table] for c in SPOTS.columns}
    for name in ("town_code", "village_code"):
        values[name] = ["450108100"] * len(table)
    return SPOTS.make(values, [outline for _, outline, _ in rows], CRS)


def square(x: float, side: float = 30.0) -> BaseGeometry:
    return box(X + x, Y, X + x + side, Y + side)


def test_a_site_of_three_months_is_counted_once() -> None:
    table = spots(
        ("2026-10", square(0), {"severity": "yellow"}),
        ("2026-11", square(5), {"severity": "red"}),
        ("2026-12a", square(10), {"severity": "green"}),
        ("2026-12", square(500), {"severity": "yellow"}),
        ("2027-01", square(900), {"severity": "red"}),
    )
    sites = gather_sites(table, Q4, CRS)
    assert sites["status"].tolist() == ["new", "new"]
    first = sites.iloc[0]
    assert (first.site_no, first.spot_count, first.severity) == ("450108-202610-0001", 3, "red")
    assert (first.first_issue, first.last_issue) == ("2026-10", "2026-12a")
    assert first.area_m2 == pytest.approx(40 * 30, rel=1e-3)
    assert first.area_mu == pytest.approx(first.area_m2 / 666.6667, rel=1e-6)
    assert sites["area_m2"].sum() < table["geometry"].area.iloc[:4].sum()


def measured(outlines: Any) -> float:
    return float(geodesic_area_m2([union_all(list(outlines))], CRS)[0])


def test_ground_of_two_sites_is_counted_for_the_one_published_first() -> None:
    table = spots(
        ("2026-07", square(0, 40), {}),
        ("2026-10", square(30, 40), {"severity": "red"}),  # a quarter of it lies in the site of July
        ("2026-11", square(0, 40), {}),
        ("2026-11", square(60, 40), {}),  # and a quarter of this one in that of October
    )
    sites = gather_sites(table, Q4, CRS)
    assert sites["site_no"].tolist() == ["450108-202610-0002", "450108-202611-0004", "450108-202607-0001"]
    assert sites["status"].tolist() == ["new", "new", "continuing"]
    assert sites["area_m2"].sum() == pytest.approx(measured(table.geometry), abs=1e-3)
    assert sites["area_m2"].tolist() == pytest.approx([1200, 1200, 1600], rel=1e-3), "the earlier one keeps it"
    points = gpd.GeoSeries(gpd.points_from_xy(sites["lon"], sites["lat"], crs=4326)).to_crs(CRS)
    assert sites.geometry.contains(points).all()


def test_a_site_without_ground_of_its_own_is_part_of_an_earlier_one() -> None:
    left, right = square(0, 40), box(X + 40, Y, X + 80, Y + 40)
    inside = box(X + 30, Y, X + 50, Y + 40)
    table = spots(("2026-10", left, {}), ("2026-10", right, {}), ("2026-12", inside, {}))
    sites = gather_sites(table, Q4, CRS)
    assert sites["spot_count"].sum() == 3
    assert sites["area_m2"].sum() == pytest.approx(measured(table.geometry), abs=1e-3)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(7, 12), st.integers(0, 120), st.integers(20, 60)), min_size=1, max_size=8))
def test_areas_of_sites_add_up_to_their_ground(rows: list[tuple[int, int, int]]) -> None:
    table = spots(*((f"2026-{month:02d}", square(x, side), {}) for month, x, side in rows))
    sites = gather_sites(table, Q4, CRS)
    own = [number for numbers in sites["spots"] for number in numbers.split("; ")]
    assert len(own) == len(set(own)) >= int((table["issue"] >= "2026-10").sum())
    if len(sites):
        ground = table.geometry[table["spot_no"].isin(own)]
        assert sites["area_m2"].sum() == pytest.approx(measured(ground), abs=1e-3)
        assert (sites["earlier_m2"] <= sites["area_m2"] + 1e-6).all()


@pytest.mark.parametrize(
    ("later", "status"),
    [
        ((square(0, 31), {}), "continuing"),
        ((square(0, 45), {}), "grown"),
        ((square(0), {"kind": "demolition"}), "gone"),
        ((square(0), {"kind": "regrowth"}), "gone"),
    ],
)
def test_what_became_of_a_site_known_before(later: Any, status: str) -> None:
    outline, own = later
    sites = gather_sites(spots(("2026-09", square(0), {}), ("2026-11", outline, own)), Q4, CRS)
    assert sites["status"].tolist() == [status]
    assert sites["earlier_m2"].iloc[0] == pytest.approx(900, rel=1e-3)


def test_a_demolition_of_what_nobody_knew_is_new_and_quiet_sites_are_left_out() -> None:
    table = spots(("2026-09", square(0), {}), ("2026-10", square(300), {"kind": "demolition"}))
    assert gather_sites(table, Q4, CRS)[["status", "spot_count"]].to_numpy().tolist() == [["new", 1]]


def test_crops_that_come_and_go_are_no_sites() -> None:
    table = spots(("2026-10", square(0), {"kind": "crop_rotation"}), ("2026-11", square(5), {"kind": "earthwork"}))
    assert gather_sites(table, Q4, CRS)["spot_count"].tolist() == [1]


def test_no_spots_no_sites() -> None:
    assert len(gather_sites(SPOTS.empty(CRS), Q4, CRS)) == 0
    assert list(gather_sites(SPOTS.empty(CRS), Q4, CRS).columns[:-1]) == [c.name for c in SITES.columns]


def test_quarters_know_their_months() -> None:
    assert (Q4.name, Q4.months) == ("2026Q4", ("2026-10", "2026-11", "2026-12"))
    assert Q4.holds("2026-10a")
    assert not Q4.holds("2027-10")
    assert Q4.missing(["2026-10a", "2026-12", "2027-11"]) == ("2026-11",)
    assert np.array_equal(Quarter(year=2027, number=1).months, ("2027-01", "2027-02", "2027-03"))
