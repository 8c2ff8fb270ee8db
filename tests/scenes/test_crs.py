"""What is refused, and what the message says to do."""

import math
from pathlib import Path

import pyproj
import pytest
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st

from rs_governance.errors import CrsRefused, UsageError
from rs_governance.scenes.crs import check_placement, read_crs, transformer

FILE = Path("x.tif")
SEVEN = (-12.0, -113.0, -41.0, 0.0, 0.0, 0.0, 0.0)


def check(crs: int | str, x: float, y: float, pixel: float = 0.8) -> pyproj.CRS:
    known = read_crs(pyproj.CRS.from_user_input(crs).to_wkt(), FILE)
    check_placement(known, Affine(pixel, 0, x, 0, -pixel, y), 1000, 1000, FILE)
    return known


@pytest.mark.parametrize("code", [4214, 4610, 4555, 2412, 2360, 2431, 21418, 2338, 4573])
def test_old_datums_are_refused_whatever_the_projection(code: int) -> None:
    with pytest.raises(CrsRefused, match=r"without the seven local parameters; give them \(--towgs84"):
        read_crs(pyproj.CRS.from_epsg(code).to_wkt(), FILE)


@pytest.mark.parametrize(
    "text",
    [
        "+proj=tmerc +lat_0=0 +lon_0=108 +k=1 +x_0=500000 +y_0=0 +ellps=krass +units=m +no_defs",
        (
            'GEOGCS["GCS_Xian_1980",DATUM["D_Xian_1980",SPHEROID["Xian_1980",6378140.0,298.257]],'
            'PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]]'
        ),
    ],
)
def test_old_datums_are_known_without_a_code(text: str) -> None:
    with pytest.raises(CrsRefused, match="seven local parameters"):
        read_crs(text, FILE)


def test_seven_parameters_make_an_old_datum_usable() -> None:
    crs = read_crs(pyproj.CRS.from_epsg(2433).to_wkt(), FILE, towgs84=SEVEN)
    check_placement(crs, Affine(0.8, 0, 500_000, 0, -0.8, 2_500_000), 100, 100, FILE)
    x, y = transformer(crs, pyproj.CRS.from_epsg(4545)).transform(400_000, 2_500_000)
    assert 10 < math.hypot(x - 400_000, y - 2_500_000) < 300
    # Passed over where the datum needs none: one option serves both dates.
    assert read_crs("EPSG:4545", FILE, towgs84=SEVEN) == pyproj.CRS.from_epsg(4545)
    for wrong in ((1.0, 2.0), (math.nan, *SEVEN[1:])):
        with pytest.raises(UsageError, match="Seven finite parameters"):
            read_crs(pyproj.CRS.from_epsg(2433).to_wkt(), FILE, towgs84=wrong)


@pytest.mark.parametrize("modern", [4490, 4545, 4524, 4326, 32649, 3857])
def test_seven_parameters_are_used_towards_every_modern_datum(modern: int) -> None:
    """PROJ alone would use them towards WGS 84 only."""
    crs = read_crs(pyproj.CRS.from_epsg(2412).to_wkt(), FILE, towgs84=(24.5, -123.1, -94.2, -0.02, 0.25, 0.13, 1.1))
    there = pyproj.CRS.from_epsg(modern)
    place = transformer(crs, there).transform(36_500_084.428, 2_499_979.938)
    assert transformer(there, crs).transform(*place) == pytest.approx((36_500_084.428, 2_499_979.938), abs=0.01)
    # By the formula: 60 m away from what the numbers of the coordinates say.
    lonlat = pyproj.Transformer.from_crs(there, there.geodetic_crs, always_xy=True).transform(*place)
    assert lonlat == pytest.approx((108.00097253, 22.59691987), abs=2e-8)


def test_a_crs_not_tied_to_the_earth_is_refused() -> None:
    local = 'LOCAL_CS["plane",UNIT["metre",1],AXIS["X",EAST],AXIS["Y",NORTH]]'
    with pytest.raises(CrsRefused, match="not tied to the Earth"):
        read_crs(local, FILE)
    with pytest.raises(CrsRefused, match="PROJ cannot read"):
        read_crs("nonsense", FILE)


def test_a_height_beside_the_crs_is_left_out() -> None:
    assert read_crs("EPSG:4326+5773", FILE) == pyproj.CRS.from_epsg(4326)


@pytest.mark.parametrize(
    ("code", "x", "y", "pixel"),
    [
        (4545, 500_000, 2_500_000, 0.8),
        (4524, 36_500_000, 2_500_000, 0.8),
        (4496, 18_500_000, 2_500_000, 2.0),
        (4490, 108.3, 22.7, 1e-5),
        (4326, 108.3, 22.7, 1e-5),
        (3857, 12_022_000, 2_584_000, 1.0),
        (32649, 220_000, 2_510_000, 10.0),
        (32651, 203_325, 3_604_935, 30.0),
        (2154, 945_921, 6_802_644, 0.2),
    ],
)
def test_right_coordinates_pass(code: int, x: float, y: float, pixel: float) -> None:
    check(code, x, y, pixel)


@pytest.mark.parametrize(
    ("code", "x", "y", "pixel", "message"),
    [
        (4545, 36_500_000, 2_500_000, 0.8, "carries the zone number 36, the CRS has none; assign EPSG:4524"),
        (4524, 500_000, 2_500_000, 0.8, "zone number 36 in its easting, the data have none; assign EPSG:4545"),
        (4524, 37_500_000, 2_500_000, 0.8, "zone number 37, the CRS has another; assign EPSG:4525"),
        (4507, 18_500_000, 2_500_000, 0.8, "assign EPSG:4496"),
        (4496, 500_000, 2_500_000, 0.8, "assign EPSG:4507"),
        (4545, 2_500_000, 500_000, 0.8, "axes are swapped, easting must be x"),
        (4524, 2_500_000, 36_500_000, 0.8, "axes are swapped"),
        (4545, 2_500_000, 36_500_000, 0.8, "axes are swapped.*assign EPSG:4524"),
        (32649, 2_500_000, 500_000, 10, "axes are swapped"),
        (4490, 22.7, 108.4, 1e-5, "axes are swapped, longitude must be x"),
        (4326, 22.7, 108.4, 1e-5, "axes are swapped, longitude must be x"),
        (4490, 40.0, 85.0, 1e-5, "axes are swapped, longitude must be x"),
        (4326, 500_000, 2_500_000, 1e-5, "metres, not degrees"),
        (4490, 108.0, 22.0, 0.8, "pixels of 0.8 degree"),
        (4545, 500_000, 2_500_000, 50_000, "pixels of 50000 metre"),
        (4545, 500_000, 1e12, 0.8, "far outside the area"),
        (2154, 108, 22, 0.8, "far outside the area"),
        (4545, math.nan, 2_500_000, 0.8, "impossible transform"),
        (4545, 500_000, math.inf, 0.8, "impossible transform"),
        (4545, 500_000, 2_500_000, 0.0, "impossible transform"),
    ],
)
def test_wrong_coordinates_are_named(code: int, x: float, y: float, pixel: float, message: str) -> None:
    with pytest.raises(CrsRefused, match=message) as caught:
        check(code, x, y, pixel)
    assert "\n" not in str(caught.value)


@given(zone=st.integers(25, 45), east=st.floats(300_000, 700_000), north=st.floats(1_900_000, 5_900_000))
def test_every_three_degree_zone_with_and_without_number(zone: int, east: float, north: float) -> None:
    numbered, plain = 4513 + zone - 25, 4534 + zone - 25
    check(numbered, zone * 1e6 + east, north)
    check(plain, east, north)
    with pytest.raises(CrsRefused, match=f"assign EPSG:{numbered} "):
        check(plain, zone * 1e6 + east, north)
    with pytest.raises(CrsRefused, match=f"assign EPSG:{plain} "):
        check(numbered, east, north)
