"""GCJ-02 and areas on the ellipsoid."""

from pathlib import Path

import geopandas as gpd
import numpy as np
import pyproj
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from rs_governance.grids import gcj02_to_wgs84, geodesic_area_m2, wgs84_to_gcj02

DISTRICT = pyproj.CRS.from_epsg(4545)


@given(st.floats(73.6, 134.7), st.floats(3.9, 53.5))
def test_the_offset_is_undone(lon: float, lat: float) -> None:
    back = gcj02_to_wgs84(*wgs84_to_gcj02(lon, lat))
    assert np.allclose(back, (lon, lat), rtol=0, atol=1e-9)


def test_the_offset_is_some_hundred_metres_in_china_and_nothing_elsewhere() -> None:
    lon, lat = wgs84_to_gcj02([108.32, 2.35], [22.75, 48.85])
    assert (lon[1], lat[1]) == (2.35, 48.85)
    metres = pyproj.Geod(ellps="WGS84").inv(108.32, 22.75, lon[0], lat[0])[2]
    assert 505 < metres < 525


def test_the_real_boundary_in_both_frames_agrees(shared_data: Path) -> None:
    folder = shared_data / "admin_liangqing"
    if not folder.is_dir():
        pytest.skip("no real boundary: 'admin_liangqing' is not in the folder of real images")
    shifted, true = (
        gpd.read_file(next(folder.glob(name))).geometry.union_all()
        for name in ("liangqing*amap_GCJ02.geojson", "liangqing*amap_WGS84.geojson")
    )
    back = shapely.transform(shifted, lambda xy: np.column_stack(gcj02_to_wgs84(xy[:, 0], xy[:, 1])))
    assert shapely.area(shapely.symmetric_difference(back, true)) < 0.001 * shapely.area(true)
    assert shapely.area(shapely.symmetric_difference(shifted, true)) > 0.02 * shapely.area(true)


@st.composite
def _outlines(draw: st.DrawFn) -> shapely.Polygon:
    """Star-shaped outlines of 6 to 300 m, some with a hole."""
    corners = draw(st.integers(3, 30))
    radius = draw(st.floats(6, 300))
    seed = draw(st.integers(0, 2**31))
    rng = np.random.default_rng(seed)
    angles = np.sort(rng.uniform(0, 2 * np.pi, corners)) + np.linspace(0, 1e-3, corners)
    centre = np.array([rng.uniform(380_000, 620_000), rng.uniform(2_400_000, 2_600_000)])
    ring = np.column_stack([np.cos(angles), np.sin(angles)]) * radius * rng.uniform(0.5, 1, (corners, 1))
    # Edges of 10 m at most: longer ones are geodesics here, straight in the plane there.
    outline = shapely.segmentize(shapely.Polygon(ring + centre), 10.0)
    return outline if draw(st.booleans()) else outline.difference(shapely.Point(centre).buffer(radius / 5))


@given(_outlines())
@settings(max_examples=60, deadline=None)
def test_areas_are_those_of_the_projection_divided_by_its_scale(outline: shapely.Polygon) -> None:
    lon, lat = pyproj.Transformer.from_crs(DISTRICT, 4490, always_xy=True).transform(
        outline.centroid.x, outline.centroid.y
    )
    scale = pyproj.Proj(DISTRICT).get_factors(lon, lat).areal_scale
    measured = geodesic_area_m2([outline], DISTRICT)[0]
    assert measured == pytest.approx(outline.area / scale, rel=2e-8, abs=1e-5)


@given(_outlines())
@settings(max_examples=60, deadline=None)
def test_areas_are_those_of_geographiclib(outline: shapely.Polygon) -> None:
    to_lonlat = pyproj.Transformer.from_crs(DISTRICT, 4490, always_xy=True)
    lonlat = shapely.transform(outline, lambda xy: np.column_stack(to_lonlat.transform(xy[:, 0], xy[:, 1])))
    geod = DISTRICT.get_geod()
    assert geod is not None
    peer = abs(geod.geometry_area_perimeter(shapely.orient_polygons(lonlat))[0])
    # Its own rounding, of a sum over the way to the equator, is some 1e-4 m².
    assert geodesic_area_m2([lonlat], pyproj.CRS.from_epsg(4490))[0] == pytest.approx(peer, rel=1e-8, abs=1e-3)


def test_areas_of_anything_else() -> None:
    square = shapely.box(500_000, 2_500_000, 500_100, 2_500_100)
    holed = square.difference(shapely.box(500_010, 2_500_010, 500_020, 2_500_020))
    shapes = [None, shapely.Point(1, 2), shapely.Polygon(), holed.reverse(), shapely.MultiPolygon([square, holed])]
    areas = geodesic_area_m2(shapes, DISTRICT)
    assert areas[:3].tolist() == [0, 0, 0]
    assert areas[3:] == pytest.approx([9_900, 19_900], rel=1e-7)
    assert geodesic_area_m2([], DISTRICT).shape == (0,)
