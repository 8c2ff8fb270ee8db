"""Which pixels are usable."""

from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely
from affine import Affine
from pyproj import Transformer

from rs_governance.errors import CrsRefused
from rs_governance.scenes import AlignedPair, PairBlock, Window, open_scene

Write = Callable[..., Path]
Ground = Callable[..., np.ndarray]
Aligned = Callable[..., AlignedPair]


def whole(pair: AlignedPair) -> PairBlock:
    return pair.read(pair.grid.window)


@pytest.fixture
def usable(write: Write, aligned: Aligned) -> Callable[..., np.ndarray]:
    """Return a function that gives the validity of pixels written with a profile."""

    def of(pixels: np.ndarray, *, zero_is_nodata: bool | None = None, **profile: object) -> np.ndarray:
        scene = open_scene(write("v.tif", pixels, **profile), zero_is_nodata=zero_is_nodata)
        block = whole(aligned(scene, scene))
        assert np.isfinite(block.before).all()
        assert (block.before[:, ~block.valid] == 0).all()
        return block.valid

    return of


def holes(valid: np.ndarray) -> list[list[int]]:
    return np.argwhere(~valid).tolist()


def test_nothing_declared_and_nothing_black(usable: Callable[..., np.ndarray], ground: Ground) -> None:
    assert usable(ground(1)).all()


def test_black_corners_of_images_that_declare_nothing(usable: Callable[..., np.ndarray], ground: Ground) -> None:
    pixels = ground(1, bands=3, dtype="uint8")
    pixels[:, :10, :10] = 0
    pixels[0, 50, 50] = 0
    valid = usable(pixels)
    assert not valid[:10, :10].any()
    assert valid.sum() == valid.size - 100
    assert usable(pixels, zero_is_nodata=False).all()


def test_black_is_a_value_in_one_band_and_in_floats(usable: Callable[..., np.ndarray], ground: Ground) -> None:
    for bands, dtype in ((1, "uint8"), (2, "uint16"), (4, "float32"), (4, "int16")):
        pixels = ground(1, bands=bands, dtype=dtype)
        pixels[:, 3, 4] = 0
        assert usable(pixels).all()
        assert holes(usable(pixels, zero_is_nodata=True)) == [[3, 4]]


def test_nodata_in_one_band_spoils_the_pixel(usable: Callable[..., np.ndarray], ground: Ground) -> None:
    pixels = ground(1)
    pixels[2, 3, 4] = 65535
    pixels[:, 9, 9] = 0
    assert holes(usable(pixels, nodata=65535)) == [[3, 4]]


def test_nodata_zero_means_zero_in_all_bands(usable: Callable[..., np.ndarray], ground: Ground) -> None:
    for dtype in ("uint16", "int16"):
        pixels = ground(1, dtype=dtype)
        pixels[3, 3, 4] = 0
        pixels[:, 9, 9] = 0
        assert holes(usable(pixels, nodata=0)) == [[9, 9]]


def test_what_is_not_finite_is_not_usable(usable: Callable[..., np.ndarray], ground: Ground) -> None:
    pixels = ground(1, dtype="float32")
    pixels[0, 1, 1], pixels[1, 2, 2], pixels[2, 3, 3], pixels[3, 4, 4] = np.nan, np.inf, -np.inf, -3.4028235e38
    expected = [[1, 1], [2, 2], [3, 3], [4, 4]]
    assert holes(usable(pixels)) == expected
    assert holes(usable(pixels, nodata=np.nan)) == expected
    pixels[:, 5, 5] = -9999
    assert holes(usable(pixels, nodata=-9999.0)) == [*expected, [5, 5]]


def test_doubles_too_large_for_float32(usable: Callable[..., np.ndarray], ground: Ground) -> None:
    pixels = ground(1, dtype="float64")
    pixels[0, 1, 1] = -1.7976931348623157e308
    assert holes(usable(pixels)) == [[1, 1]]
    assert holes(usable(pixels, nodata=-1.7976931348623157e308)) == [[1, 1]]


def test_internal_masks(usable: Callable[..., np.ndarray], ground: Ground) -> None:
    mask = np.ones((200, 220), bool)
    mask[100:, 7] = False
    np.testing.assert_array_equal(usable(ground(1), mask=mask), mask)


def test_valid_needs_both_dates(write: Write, ground: Ground, aligned: Aligned) -> None:
    before, after = ground(1), ground(2)
    before[:, :10], after[:, :, :10] = 0, 0
    valid = whole(aligned(write("a.tif", before), write("b.tif", after))).valid
    assert not valid[:10].any()
    assert not valid[:, :10].any()
    assert valid[10:, 10:].all()


# Cloud masks.


@pytest.fixture
def clouded(write: Write, ground: Ground, aligned: Aligned) -> Callable[..., np.ndarray]:
    def of(mask: Path, *, date: str = "before") -> np.ndarray:
        cloudy = open_scene(write("cloudy.tif", ground(1)), cloud_mask=mask)
        clear = open_scene(write("clear.tif", ground(2)))
        pair = aligned(cloudy, clear) if date == "before" else aligned(clear, cloudy)
        return ~whole(pair).valid

    return of


@pytest.mark.parametrize("date", ["before", "after"])
def test_a_raster_of_clouds_on_the_same_grid(write: Write, clouded: Callable[..., np.ndarray], date: str) -> None:
    mask = np.zeros((200, 220), np.uint8)
    mask[40:60, 50:90] = 7
    np.testing.assert_array_equal(clouded(write("m.tif", mask), date=date), mask != 0)


def test_a_raster_of_clouds_without_georeference(write: Write, clouded: Callable[..., np.ndarray]) -> None:
    mask = np.zeros((200, 220), np.uint8)
    mask[40:60, 50:90] = 255
    np.testing.assert_array_equal(clouded(write("m.png", mask, transform=None)), mask != 0)
    with pytest.raises(CrsRefused, match="give it the image's size"):
        clouded(write("small.png", mask[:50], transform=None))


def test_nodata_of_a_cloud_raster_is_no_cloud(write: Write, clouded: Callable[..., np.ndarray]) -> None:
    mask = np.zeros((200, 220), np.uint8)
    mask[40:60, 50:90], mask[100:] = 1, 255
    np.testing.assert_array_equal(clouded(write("m.tif", mask, nodata=255)), mask == 1)


def test_a_raster_of_clouds_in_another_crs_and_pixel_size(write: Write, clouded: Callable[..., np.ndarray]) -> None:
    x, y = Transformer.from_crs(4545, 4326, always_xy=True).transform(500_000 + 0.8 * 110, 2_500_000 - 0.8 * 100)
    mask = np.ones((40, 40), np.uint8)
    place = Affine(1e-6, 0, x - 20e-6, 0, -1e-6, y + 20e-6)
    cloud = clouded(write("m.tif", mask, crs="EPSG:4326", transform=place))
    rows, cols = np.nonzero(cloud)
    # 40 microdegrees are 4.1 m in longitude and 4.4 m in latitude.
    assert cloud.sum() == pytest.approx(4.1 / 0.8 * 4.4 / 0.8, rel=0.35)
    assert (rows.mean(), cols.mean()) == pytest.approx((99.5, 109.5), abs=1)


def test_polygons_of_clouds(tmp_path: Path, clouded: Callable[..., np.ndarray]) -> None:
    box = shapely.box(500_000 + 0.8 * 50, 2_500_000 - 0.8 * 60, 500_000 + 0.8 * 90, 2_500_000 - 0.8 * 40)
    frame = gpd.GeoDataFrame(geometry=[box], crs="EPSG:4545")
    expected = np.zeros((200, 220), bool)
    expected[40:60, 50:90] = True
    frame.to_file(tmp_path / "m.gpkg")
    np.testing.assert_array_equal(clouded(tmp_path / "m.gpkg"), expected)
    frame.to_crs(4326).to_file(tmp_path / "m.geojson")
    assert (clouded(tmp_path / "m.geojson") != expected).sum() <= 150


def test_validity_does_not_depend_on_the_window(write: Write, tmp_path: Path, ground: Ground, aligned: Aligned) -> None:
    blob = shapely.Point(500_090, 2_499_925).buffer(31.7)
    gpd.GeoDataFrame(geometry=[blob], crs="EPSG:4545").to_file(tmp_path / "c.gpkg")
    scene = open_scene(write("a.tif", ground(1)), cloud_mask=tmp_path / "c.gpkg")
    pair = aligned(scene, scene)
    valid = whole(pair).valid
    for block in (7, 64, 100):
        for window in pair.grid.windows(block):
            np.testing.assert_array_equal(pair.read(window).valid, valid[window.slices])
    assert not pair.read(Window(row=-50, col=-50, height=40, width=40)).valid.any()
