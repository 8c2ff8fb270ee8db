"""The map of the district and of a spot's town."""

import dataclasses
import io

import numpy as np
import pyproj
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from rs_governance.publish.report import maps as maps_module
from rs_governance.publish.report.map_canvas import MapCanvas
from rs_governance.publish.report.maps import LocationMaps, draw_map, newest_first
from rs_governance.publish.style import SEVERITY_RGB

CRS = pyproj.CRS(4545)


@pytest.fixture(autouse=True)
def small_maps(monkeypatch):
    """Draw small: the machine that tests has other things to do."""
    monkeypatch.setattr(maps_module, "_MAP_AT_MOST", (760, 520))


def opened(png):
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).astype(int)


def test_the_map_shows_every_severity_and_what_was_not_seen(make_month, imagery):
    month = make_month(40)
    plain = opened(draw_map(dataclasses.replace(month, unseen=month.unseen.iloc[:0]), imagery))
    png = draw_map(month, imagery)
    assert png == draw_map(month, imagery)
    pixels = opened(png)
    for rgb in SEVERITY_RGB.values():
        assert (np.abs(pixels - rgb).max(axis=-1) < 24).sum() > 100
    assert pixels.shape[1] <= 2000
    assert (np.abs(pixels - plain).max(axis=-1) > 20).mean() > 0.005  # the hatching


def test_a_spot_lies_where_it_is(make_month, imagery):
    month = make_month(1)
    canvas = MapCanvas(tuple(month.units.total_bounds), CRS, (900, 900))
    x, y = shapely.get_coordinates(canvas.to_pixels([month.spots.geometry.iloc[0].centroid])[0])[0]
    left, bottom, right, top = month.units.total_bounds
    point = month.spots.geometry.iloc[0].centroid
    assert x == pytest.approx(900 * (point.x - left) / (right - left))
    assert y == pytest.approx(450 * (top - point.y) / (top - bottom))


def test_numbers_languages_and_an_issue_without_spots(make_month, imagery):
    month = make_month(12)
    numbers = list(month.spots["spot_no"])[:5]
    plain = draw_map(month, imagery)
    assert draw_map(month, imagery, numbered=numbers) != plain
    assert draw_map(month, imagery, lang="en") != plain
    empty = dataclasses.replace(month, spots=month.spots.iloc[:0], decisions={}, in_units=month.in_units.iloc[:0])
    assert opened(draw_map(empty, imagery)).shape[2] == 3


def test_without_units_the_images_give_the_frame(make_month, imagery):
    month = make_month(2)
    bare = dataclasses.replace(month, units=month.units.iloc[:0], coverage=month.coverage.iloc[:0])
    assert opened(draw_map(bare, imagery)).shape[0] > 300


def test_a_location_map_marks_the_spot_in_its_town(make_month, imagery):
    month = make_month(6)
    maps = LocationMaps(month, imagery)
    for _, spot in month.spots.iterrows():
        pixels = np.asarray(maps.draw(spot)).astype(int)
        mark = np.argwhere(np.abs(pixels - SEVERITY_RGB[spot["severity"]]).max(axis=-1) < 40)
        town = month.units[month.units["code"] == spot["town_code"]].geometry.iloc[0]
        left, bottom, right, top = town.bounds
        point = spot["geometry"].centroid
        across, down = (point.x - left) / (right - left), (top - point.y) / (top - bottom)
        row, col = (mark.min(axis=0) + mark.max(axis=0)) / 2 / pixels.shape[0]
        assert col == pytest.approx((across * 1.0 + 0.06) / 1.12, abs=0.02)
        assert row == pytest.approx((down * 1.0 + 0.06) / 1.12, abs=0.02)


def test_a_spot_outside_all_towns_is_shown_in_the_district(make_month, imagery):
    spot = make_month(3).spots.iloc[0].copy()
    spot["town_code"] = None
    assert LocationMaps(make_month(3), imagery).draw(spot).size == (560, 560)


def test_new_images_lie_on_old_ones(make_month):
    assert newest_first(make_month(1)) == ["20261009", "20260912"]


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.floats(0, 900), st.floats(0, 900), st.floats(20, 300)), min_size=1, max_size=12))
def test_names_never_cover_each_other(places):
    canvas = MapCanvas((0, 0, 1000, 1000), CRS, (500, 500))
    written = sum(
        canvas.name("坛泽村", shapely.box(x, y, x + size, y + size), 18, fill=(0, 0, 0)) for x, y, size in places
    )
    boxes = [shapely.box(*box) for box in canvas._taken]
    assert len(boxes) == written
    for index, box in enumerate(boxes):
        assert not any(box.intersection(other).area > 1e-6 for other in boxes[:index])
        assert shapely.box(0, 0, 500, 500).covers(box)


def test_a_map_in_degrees_has_square_metres():
    canvas = MapCanvas((108.0, 22.5, 108.2, 22.7), pyproj.CRS(4490), (1000, 1000))
    width, height = canvas.image.size
    geod = pyproj.Geod(ellps="GRS80")
    wide = geod.inv(108.0, 22.6, 108.2, 22.6)[2] / width
    high = geod.inv(108.1, 22.5, 108.1, 22.7)[2] / height
    assert wide == pytest.approx(high, rel=0.01)
    assert canvas.metres_per_px == pytest.approx(wide, rel=0.01)
