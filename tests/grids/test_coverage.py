"""How much of each unit was observed."""

from datetime import date

import numpy as np
import pandas as pd
import pyproj
import pytest
import shapely

from rs_governance.grids.carriers import UNIT_COLUMNS, Units, make_frame
from rs_governance.grids.coverage import SeenPart, cover_units

CRS = pyproj.CRS.from_epsg(4545)
X, Y = 541_000.0, 2_510_000.0


def units() -> Units:
    boxes = [shapely.box(X, Y, X + 200, Y + 100), shapely.box(X, Y, X + 100, Y + 100), shapely.box(X + 100, Y, X + 200, Y + 100)]  # fmt: skip
    values = {
        "level": ["district", "town", "town"],
        "code": ["450108", "450108100", "450108101"],
        "name": ["良庆区", "良庆镇", "那马镇"],
        "parent": [None, "450108", "450108"],
        "keeper": [None] * 3,
        "name_en": [None] * 3,
    }
    return Units(frame=make_frame(UNIT_COLUMNS, values, boxes, CRS))


def test_units_are_measured_with_the_days_of_what_was_seen() -> None:
    parts = [
        SeenPart(before_on=date(2026, 9, 12), after_on=date(2026, 10, 14), area=shapely.box(X, Y, X + 50, Y + 100)),
        SeenPart(
            before_on=date(2026, 8, 2), after_on=date(2026, 10, 14), area=shapely.box(X + 50, Y, X + 100, Y + 100)
        ),
    ]
    covered = cover_units(units(), parts)
    geod = CRS.get_geod()
    assert geod is not None
    lonlat = pyproj.Transformer.from_crs(CRS, CRS.geodetic_crs, always_xy=True)
    outline = shapely.transform(
        units().frame.geometry.iloc[1], lambda xy: np.column_stack(lonlat.transform(xy[:, 0], xy[:, 1]))
    )
    expected = abs(geod.geometry_area_perimeter(outline)[0])
    assert covered["area_m2"].iloc[1] == pytest.approx(expected, rel=1e-8)
    assert covered["observed_share"].round(6).tolist() == [0.5, 1.0, 0.0]
    first = covered.iloc[1]
    assert (first.before_on_min, first.before_on_max) == (pd.Timestamp("2026-08-02"), pd.Timestamp("2026-09-12"))
    assert covered.iloc[2][["before_on_min", "after_on_max"]].isna().all()


def test_without_anything_seen_every_share_is_nought() -> None:
    covered = cover_units(units(), [])
    assert covered["observed_m2"].tolist() == [0, 0, 0]
    assert covered["after_on_max"].isna().all()
