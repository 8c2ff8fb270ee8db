"""Two scenes on one grid."""

import re
from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import numpy as np
import pyproj
import pytest
import shapely
from affine import Affine
from scipy.ndimage import map_coordinates

from rs_governance.errors import BandsMismatch, CrsRefused, NoOverlap, SceneUnreadable
from rs_governance.scenes import AlignedPair, open_scene, pair_scenes

Write = Callable[..., Path]
Ground = Callable[..., np.ndarray]
Aligned = Callable[..., AlignedPair]

ORIGIN = Affine(0.8, 0, 500_000, 0, -0.8, 2_500_000)


def test_common_bands_come_in_the_order_of_before(write: Write, ground: Ground, aligned: Aligned) -> None:
    pixels = ground(1)
    before = open_scene(write("a.tif", pixels), roles=["nir", "red", "green", "blue"])
    after = open_scene(write("b.tif", pixels[:3]), roles=["blue", "green", "red"])
    pair = aligned(before, after)
    assert pair.roles == ("red", "green", "blue")
    block = pair.read(pair.grid.window)
    np.testing.assert_array_equal(block.before, pixels[1:])
    np.testing.assert_array_equal(block.after, pixels[[2, 1, 0]])


def test_one_band_against_four(write: Write, ground: Ground) -> None:
    before, after = open_scene(write("a.tif", ground(1))), open_scene(write("pan.tif", ground(1, bands=1)))
    message = "'a' has blue, green, red, nir; 'pan' has pan. Name them (--bands-before, --bands-after, --sensor-before, --sensor-after)"
    with pytest.raises(BandsMismatch, match=re.escape(message)):
        pair_scenes(before, after)
    red = open_scene(write("pan.tif", ground(1, bands=1)), roles=["red"])
    assert pair_scenes(before, red).roles == ("red",)


@pytest.mark.parametrize(
    ("first", "second", "common"),
    [
        ("uint8", "uint8", "uint8"),
        ("uint8", "uint16", "uint16"),
        ("uint16", "float32", "float32"),
        ("uint8", "int16", "float32"),
    ],
)
def test_common_dtype(write: Write, ground: Ground, aligned: Aligned, first: str, second: str, common: str) -> None:
    bands = 3
    pair = aligned(
        write("a.tif", ground(1, bands=bands, dtype=first)), write("b.tif", ground(2, bands=bands, dtype=second))
    )
    block = pair.read(pair.grid.window)
    assert block.before.dtype == block.after.dtype == pair.dtype == common


def test_the_grid_is_that_of_before_cut_to_the_overlap(write: Write, ground: Ground) -> None:
    before = open_scene(write("a.tif", ground(1)))
    after = open_scene(write("b.tif", ground(1), transform=ORIGIN @ Affine.translation(50.25, -30)))
    grid = pair_scenes(before, after).grid
    assert (grid.height, grid.width) == (170, 170)
    assert grid.transform.almost_equals(ORIGIN @ Affine.translation(50, 0))


def test_a_much_coarser_after_sets_the_grid(write: Write, ground: Ground, aligned: Aligned) -> None:
    coarse = write("b.tif", ground(1, height=50, width=50), transform=Affine(3.2, 0, 500_000, 0, -3.2, 2_500_000))
    pair = aligned(write("a.tif", ground(1)), coarse)
    assert pair.grid.pixel_size == (3.2, 3.2)
    assert (pair.grid.height, pair.grid.width) == (50, 50)
    # Averaged, not picked: a chequerboard turns grey.
    board = np.indices((200, 220)).sum(axis=0) % 2 * 1000 + 500
    fine = write("c.tif", np.broadcast_to(board, (4, 200, 220)).astype(np.uint16))
    pair = aligned(fine, coarse)
    inner = pair.read(pair.grid.window).before[:, 5:-5, 5:-5]
    assert np.abs(inner.astype(int) - 1000).max() <= 60
    x, y = pyproj.Transformer.from_crs(4545, 32649, always_xy=True).transform(500_000, 2_500_000)
    place = Affine(3.2, 0, x, 0, -3.2, y)
    elsewhere = write("d.tif", ground(1, height=50, width=50), crs="EPSG:32649", transform=place)
    pair = aligned(fine, elsewhere)
    assert pair.grid.crs == pyproj.CRS.from_epsg(4545)
    assert pair.grid.pixel_size == pytest.approx((3.2, 3.2), rel=5e-3)


def test_no_overlap_says_how_far(write: Write, ground: Ground) -> None:
    before = open_scene(write("a.tif", ground(1)))
    after = open_scene(write("b.tif", ground(1), transform=ORIGIN @ Affine.translation(12_720, 0)))
    with pytest.raises(NoOverlap, match=r"'a' \(108\.0000\.\.108\.0017 E, 22\.\d+\.\.22\.\d+ N\) and 'b' .* 10\.0 km"):
        pair_scenes(before, after)
    touching = open_scene(write("c.tif", ground(1), transform=ORIGIN @ Affine.translation(220, 0)))
    with pytest.raises(NoOverlap):
        pair_scenes(before, touching)


def test_pictures_without_georeference(write: Write, ground: Ground) -> None:
    one = open_scene(write("a.png", ground(1, bands=3, dtype="uint8"), transform=None), assume_gsd_m=0.5)
    small = open_scene(write("b.png", ground(1, bands=3, dtype="uint8")[:, :50], transform=None), assume_gsd_m=0.5)
    placed = open_scene(write("c.tif", ground(1, bands=3, dtype="uint8")))
    assert pair_scenes(one, one).grid == one.grid
    with pytest.raises(CrsRefused, match="200 x 220 pixels, 'b' 50 x 220"):
        pair_scenes(one, small)
    with pytest.raises(CrsRefused, match="'a' has no georeference, 'c' has one"):
        pair_scenes(placed, one)
    with pytest.raises(CrsRefused, match="leave it out"):
        pair_scenes(one, one, aoi=Path("area.geojson"))


# Areas of interest.


def area(path: Path, outline: shapely.Geometry, crs: int | None = 4545) -> Path:
    gpd.GeoDataFrame(geometry=[outline], crs=crs).to_file(path)
    return path


def box(top: int, left: int, bottom: int, right: int) -> shapely.Polygon:
    return shapely.box(500_000 + 0.8 * left, 2_500_000 - 0.8 * bottom, 500_000 + 0.8 * right, 2_500_000 - 0.8 * top)


def test_the_area_cuts_the_grid_and_masks_the_rest(
    write: Write, ground: Ground, aligned: Aligned, tmp_path: Path
) -> None:
    path = write("a.tif", ground(1))
    outline = shapely.union(box(20, 30, 60, 90), box(60, 30, 100, 50))
    pair = aligned(path, path, aoi=area(tmp_path / "area.gpkg", outline))
    assert (pair.grid.height, pair.grid.width) == (80, 60)
    expected = np.ones((80, 60), bool)
    expected[40:, 20:] = False
    np.testing.assert_array_equal(pair.read(pair.grid.window).valid, expected)


def test_an_area_in_another_crs(write: Write, ground: Ground, aligned: Aligned, tmp_path: Path) -> None:
    path = write("a.tif", ground(1))
    lonlat = gpd.GeoSeries([box(20, 30, 60, 90)], crs=4545).to_crs(4326)[0]
    pair = aligned(path, path, aoi=area(tmp_path / "area.geojson", lonlat, 4326))
    assert abs(pair.grid.height - 40) <= 1
    assert abs(pair.grid.width - 60) <= 1
    assert pair.read(pair.grid.window).valid.mean() > 0.95


def test_an_area_larger_than_the_scene_changes_nothing(
    write: Write, ground: Ground, aligned: Aligned, tmp_path: Path
) -> None:
    path = write("a.tif", ground(1))
    pair = aligned(path, path, aoi=area(tmp_path / "area.gpkg", box(-500, -500, 900, 900)))
    assert (pair.grid.height, pair.grid.width) == (200, 220)
    assert pair.read(pair.grid.window).valid.all()


def test_areas_that_are_no_use(write: Write, ground: Ground, tmp_path: Path) -> None:
    scene = open_scene(write("a.tif", ground(1)))
    with pytest.raises(NoOverlap, match=r"and the area of interest .* do not overlap"):
        pair_scenes(scene, scene, aoi=area(tmp_path / "far.gpkg", box(9000, 9000, 9100, 9100)))
    with pytest.raises(SceneUnreadable, match="has no polygon"):
        pair_scenes(scene, scene, aoi=area(tmp_path / "point.gpkg", shapely.Point(500_010, 2_499_990)))
    with pytest.raises(SceneUnreadable, match="No such file"):
        pair_scenes(scene, scene, aoi=tmp_path / "none.gpkg")
    (tmp_path / "text.geojson").write_text("nonsense")
    with pytest.raises(SceneUnreadable, match="as a vector file"):
        pair_scenes(scene, scene, aoi=tmp_path / "text.geojson")
    whole = area(tmp_path / "whole.gpkg", box(20, 30, 60, 90))
    (tmp_path / "cut.gpkg").write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    with pytest.raises(SceneUnreadable, match=r"cut\.gpkg' is a damaged GeoPackage; copy it again"):
        pair_scenes(scene, scene, aoi=tmp_path / "cut.gpkg")
    shape = area(tmp_path / "area.shp", box(20, 30, 60, 90))
    shape.with_suffix(".prj").unlink()
    with pytest.raises(CrsRefused, match="has no CRS"):
        pair_scenes(scene, scene, aoi=shape)
    with pytest.raises(CrsRefused, match=r"datum Beijing 1954.*clouds have to be brought over first: ogr2ogr -t_srs"):
        pair_scenes(scene, scene, aoi=area(tmp_path / "old.gpkg", box(20, 30, 60, 90), 2433))


def test_what_gdal_advises_its_callers_is_kept_back(write: Write, ground: Ground, tmp_path: Path) -> None:
    scene = open_scene(write("a.tif", ground(1)))
    (tmp_path / "notes.txt").write_text("nonsense")
    with pytest.raises(SceneUnreadable) as caught:
        pair_scenes(scene, scene, aoi=tmp_path / "notes.txt")
    assert "driver" not in str(caught.value)
    assert "CSV" not in str(caught.value)
    assert str(caught.value).count("notes.txt") == 1


def test_old_datum_with_parameters_against_cgcs2000(write: Write, ground: Ground, aligned: Aligned) -> None:
    pixels = ground(1)
    seven = (-12.0, -113.0, -41.0, 0.0, 0.0, 0.0, 0.0)
    # By way of WGS 84, since PROJ would leave the parameters out towards CGCS2000.
    to_old = pyproj.Transformer.from_crs(
        "+proj=tmerc +lat_0=0 +lon_0=108 +k=1 +x_0=500000 +y_0=0 +datum=WGS84 +units=m +type=crs",
        "+proj=tmerc +lat_0=0 +lon_0=108 +k=1 +x_0=500000 +y_0=0 +ellps=krass +units=m "
        f"+towgs84={','.join(map(str, seven))} +type=crs",
        always_xy=True,
    )
    x, y = to_old.transform(500_000, 2_500_000)
    assert np.hypot(x - 500_000, y - 2_500_000) > 20
    old = open_scene(write("old.tif", pixels, crs="EPSG:2433", transform=Affine(0.8, 0, x, 0, -0.8, y)), towgs84=seven)
    pair = aligned(open_scene(write("new.tif", pixels)), old)
    assert pair.grid.height >= 199
    block = pair.read(pair.grid.window)
    inner = (slice(None), slice(10, -10), slice(10, -10))
    assert np.abs(block.before[inner].astype(int) - block.after[inner]).mean() < 20


SEVEN = (24.5, -123.1, -94.2, -0.02, 0.25, 0.13, 1.1)


def to_beijing_54() -> pyproj.Transformer:
    """Return the way from EPSG:4545 to EPSG:2412 by the formula of seven parameters."""
    dx, dy, dz, rx, ry, rz, ds = SEVEN
    return pyproj.Transformer.from_pipeline(
        "+proj=pipeline +step +inv +proj=tmerc +lon_0=108 +x_0=500000 +ellps=GRS80 +step +proj=cart +ellps=GRS80 "
        f"+step +inv +proj=helmert +x={dx} +y={dy} +z={dz} +rx={rx} +ry={ry} +rz={rz} +s={ds} "
        "+convention=position_vector +step +inv +proj=cart +ellps=krass "
        "+step +proj=tmerc +lon_0=108 +x_0=36500000 +ellps=krass"
    )


def test_beijing_54_with_seven_parameters_lies_on_cgcs2000(write: Write, ground: Ground, aligned: Aligned) -> None:
    pixels = ground(1, height=400, width=400)
    x, y = to_beijing_54().transform(500_100, 2_499_900)
    assert 20 < np.hypot(x - 36_500_100, y - 2_499_900) < 200
    window = Affine(0.8, 0, x, 0, -0.8, y)
    # What a camera sees there: each pixel's place on the ground, found the other way round.
    cols, rows = np.meshgrid(np.arange(150) + 0.5, np.arange(150) + 0.5)
    places = to_beijing_54().transform(*(window @ (cols, rows)), direction="INVERSE")
    at_cols, at_rows = ~ORIGIN @ tuple(map(np.asarray, places))
    image = np.stack([map_coordinates(band, [at_rows - 0.5, at_cols - 0.5], order=1) for band in pixels])
    old = write("old.tif", image, crs="EPSG:2412", transform=window)
    new = open_scene(write("new.tif", pixels))
    with pytest.raises(CrsRefused, match="--towgs84-before dx,dy,dz,rx,ry,rz,ds"):
        open_scene(old, which="before")
    pair = aligned(new, open_scene(old, towgs84=SEVEN))
    assert min(pair.grid.height, pair.grid.width) >= 149
    block = pair.read(pair.grid.window)
    inner = (slice(None), slice(10, -10), slice(10, -10))
    assert block.valid[inner[1:]].all()
    assert np.abs(block.before[inner].astype(int) - block.after[inner]).mean() < 20
    # A datum that is taken for the same one would be seen.
    wrong = aligned(new, open_scene(old, towgs84=(0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)))
    both = wrong.read(wrong.grid.window)
    assert np.abs(both.before[inner].astype(int) - both.after[inner]).mean() > 100
