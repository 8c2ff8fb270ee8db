"""Chips and the pictures that they are made of."""

import io

import numpy as np
import pandas as pd
import pyproj
import pytest
import rasterio
import shapely
from affine import Affine
from PIL import Image

from rs_governance.errors import UsageError
from rs_governance.publish.pictures.imagery import Imagery, square_grid
from rs_governance.publish.pictures.palette import choose_palette
from rs_governance.publish.pictures.tones import choose_tones
from rs_governance.publish.report.chips import chip_grid, chip_palette, draw_chip, write_chips
from rs_governance.publish.style import SEVERITY_RGB
from rs_governance.scenes import PixelGrid, open_scene

CRS = pyproj.CRS(4545)
SHIFT_M = (30.0, -20.0)


def test_every_spot_gets_a_small_chip_of_always_the_same_bytes(make_month, month_images, tmp_path):
    month = make_month(6)
    written = []
    for folder in (tmp_path / "a", tmp_path / "b"):
        with Imagery({name: open_scene(path) for name, path in month_images.items()}) as imagery:
            written.append(write_chips(month, imagery, folder))
    assert list(written[0]) == list(month.spots["spot_no"])
    for one, other in zip(written[0].values(), written[1].values(), strict=True):
        assert one.read_bytes() == other.read_bytes()
        assert one.stat().st_size < 150_000
        with Image.open(one) as chip:
            assert chip.size == (864, 502)
            assert chip.mode == "P"


def test_the_outline_has_the_colour_of_the_severity_on_both_sides(make_month, imagery):
    month = make_month(6)
    palette = chip_palette(imagery, ["20260912", "20261009"])
    for _, spot in month.spots.iterrows():
        chip = Image.open(io.BytesIO(draw_chip(spot, imagery, CRS, palette))).convert("RGB")
        pixels = np.asarray(chip)[74:494]
        wanted = (pixels == SEVERITY_RGB[spot["severity"]]).all(axis=-1)
        assert wanted[:, 8:428].sum() > 30
        assert wanted[:, 436:856].sum() > 30


def test_before_and_after_lie_on_each_other_once_the_shift_is_known(make_month, imagery):
    spot = make_month(6).spots.iloc[2]
    grid = chip_grid(spot["geometry"], CRS)

    def middle(picture):
        bright = np.asarray(picture).min(axis=-1) > 200
        return np.argwhere(bright).mean(axis=0)

    before = middle(imagery.picture("20260912", grid))
    moved = middle(imagery.picture("20261009", grid, shift=SHIFT_M))
    ignored = middle(imagery.picture("20261009", grid))
    assert np.hypot(*(before - moved)) < 2
    assert np.hypot(*(before - ignored)) > 50


def test_a_piece_of_ground_has_one_colour_in_all_pictures(imagery):
    left = PixelGrid(crs=CRS, transform=Affine(10, 0, 502000, 0, -10, 2505000), height=80, width=80)
    right = PixelGrid(crs=CRS, transform=Affine(10, 0, 502400, 0, -10, 2505000), height=80, width=80)
    one = np.asarray(imagery.picture("20260912", left))[:, 40:]
    other = np.asarray(imagery.picture("20260912", right))[:, :40]
    assert np.array_equal(one, other)


def test_reduced_pictures_are_means_of_the_observed_ground(imagery, month_images):
    grid = PixelGrid(crs=CRS, transform=Affine(200, 0, 500000, 0, -200, 2509000), height=45, width=90)
    pixels, seen = imagery.pixels("20260912", grid)
    with rasterio.open(month_images["20260912"]) as dataset:
        full = dataset.read([3, 2, 1]).reshape(3, 45, 20, 90, 20).mean(axis=(2, 4))
    expected = imagery.tones("20260912").apply(full)
    inner = (slice(2, -2), slice(2, -2))
    assert seen.all()
    # fields are as large as the cells; marks are not, and the cubic kernel rings beside them
    close = np.abs(pixels[inner].astype(int) - expected[inner]) <= 2
    assert close.mean() > 0.97


def test_unobserved_ground_is_hatched(imagery):
    corner = PixelGrid(crs=CRS, transform=Affine(10, 0, 517000, 0, -10, 2509000), height=60, width=60)
    assert not imagery.pixels("20261009", corner)[1].any()
    assert set(np.unique(np.asarray(imagery.picture("20261009", corner)))) == {202, 236}
    outside = square_grid(CRS, 600000, 2600000, side_m=200, side_px=20)
    assert not imagery.pixels("20260912", outside)[1].any()


def test_sheets_a_vrt_and_another_crs_show_the_same_ground(month_images, tmp_path):
    sheets = tmp_path / "sheets"
    sheets.mkdir()
    with rasterio.open(month_images["20260912"]) as whole:
        for name, col in (("west", 0), ("east", 900)):
            window = rasterio.windows.Window(col, 0, 900, 900)
            profile = whole.profile | {"width": 900, "transform": whole.transform @ Affine.translation(col, 0)}
            with rasterio.open(sheets / f"{name}.tif", "w", **profile) as sheet:
                sheet.write(whole.read(window=window))
        with rasterio.vrt.WarpedVRT(whole, crs="EPSG:4326") as turned:
            profile, pixels = turned.profile | {"driver": "GTiff"}, turned.read()
        with rasterio.open(tmp_path / "degrees.tif", "w", **profile) as degrees:
            degrees.write(pixels)
    vrt = tmp_path / "one.vrt"
    rasterio.shutil.copy(month_images["20260912"], vrt, driver="VRT")
    roles = ("blue", "green", "red", "nir")
    scenes = {"file": month_images["20260912"], "sheets": sheets, "vrt": vrt, "degrees": tmp_path / "degrees.tif"}
    grid = square_grid(CRS, 509000, 2504000, side_m=4000, side_px=300)
    with Imagery({name: open_scene(path, roles=roles) for name, path in scenes.items()}) as imagery:
        pictures = {name: np.asarray(imagery.picture(name, grid)).astype(int) for name in scenes}
    # the scenes' own samples differ a little, and so do the tones chosen by them
    assert np.abs(pictures["file"] - pictures["vrt"]).max() == 0
    assert np.abs(pictures["file"] - pictures["sheets"]).mean() < 3
    assert np.abs(pictures["file"] - pictures["degrees"]).mean() < 8


@pytest.mark.parametrize(("crs", "metre"), [(CRS, 1.0), (pyproj.CRS(4490), 1 / 111_000)])
@pytest.mark.parametrize(("size_m", "side_m"), [(20, 120), (300, 480)])
def test_a_chip_shows_the_surroundings(crs, metre, size_m, side_m):
    x, y = (509000, 2504000) if crs.is_projected else (108.1, 22.6)
    outline = shapely.box(x, y, x + size_m * metre / 3, y + size_m * metre)
    grid = chip_grid(outline, crs)
    height, width = grid.pixel_size_m
    assert height * 420 == pytest.approx(side_m, rel=0.01)
    assert width * 420 == pytest.approx(side_m, rel=0.01)
    assert grid.footprint.centroid.distance(outline.centroid) < metre


def test_a_spot_without_a_date_and_in_english(make_month, imagery):
    spot = make_month(6).spots.iloc[0].copy()
    palette = chip_palette(imagery, ["20260912", "20261009"])
    spot["before_on"] = pd.NaT
    chips = {lang: draw_chip(spot, imagery, CRS, palette, lang=lang) for lang in ("zh", "en")}
    assert chips["zh"] != chips["en"]


def test_an_image_that_is_not_there_is_named(imagery, tmp_path):
    grid = square_grid(CRS, 509000, 2504000, side_m=100, side_px=10)
    with pytest.raises(UsageError, match=r"No image '20250101'.*20260912, 20261009"):
        imagery.picture("20250101", grid)


def test_clouds_do_not_darken_the_ground(month_images, tmp_path):
    with rasterio.open(month_images["20260912"]) as whole:
        profile, pixels = whole.profile, whole.read()
    pixels[:, :, :700] = 9000
    with rasterio.open(tmp_path / "cloudy.tif", "w", **profile) as cloudy:
        cloudy.write(pixels)
    flags = np.zeros(pixels.shape[1:], np.uint8)
    flags[:, :700] = 1
    with rasterio.open(tmp_path / "mask.tif", "w", **(profile | {"count": 1, "dtype": "uint8"})) as mask:
        mask.write(flags, 1)
    roles = ("blue", "green", "red", "nir")
    scenes = {
        "clear": open_scene(month_images["20260912"], roles=roles),
        "known": open_scene(tmp_path / "cloudy.tif", roles=roles, cloud_mask=tmp_path / "mask.tif"),
        "unknown": open_scene(tmp_path / "cloudy.tif", roles=roles),
    }
    grid = square_grid(CRS, 514000, 2504000, side_m=4000, side_px=100)
    with Imagery(scenes) as imagery:
        level = {name: imagery.pixels(name, grid)[0].mean() for name in scenes}
    assert level["known"] == pytest.approx(level["clear"], abs=15)
    assert level["unknown"] < level["clear"] - 40


def test_a_grey_scene_is_shown_in_grey(month_images, tmp_path):
    with rasterio.open(month_images["20260912"]) as whole:
        profile, pixels = whole.profile | {"count": 1}, whole.read(1)
    with rasterio.open(tmp_path / "pan.tif", "w", **profile) as pan:
        pan.write(pixels, 1)
    with Imagery({"pan": open_scene(tmp_path / "pan.tif", roles=("pan",))}) as imagery:
        picture = np.asarray(imagery.picture("pan", square_grid(CRS, 509000, 2504000, side_m=4000, side_px=100)))
    assert np.array_equal(picture[..., 0], picture[..., 2])
    assert np.ptp(picture) > 100


def test_rare_and_fixed_colours_survive_a_palette():
    rng = np.random.default_rng(0)
    green = np.clip(rng.normal((60, 90, 50), 12, (50_000, 3)), 0, 255).astype(np.uint8)
    roof = np.full((40, 3), (70, 150, 230), np.uint8)
    palette = choose_palette(np.concatenate((green, roof)), count=48, fixed=[(255, 32, 64)])
    picture = Image.fromarray(np.array([[(70, 150, 230), (255, 32, 64), (60, 90, 50)]], np.uint8))
    shown = np.asarray(palette.reduce(picture).convert("RGB")).astype(int)[0]
    assert np.abs(shown[0] - (70, 150, 230)).max() <= 30
    assert tuple(shown[1]) == (255, 32, 64)
    assert np.abs(shown[2] - (60, 90, 50)).max() <= 16
    with pytest.raises(ValueError, match="256 colours"):
        choose_palette(green, count=250, fixed=[])


def test_tones_of_nothing_are_black():
    tones = choose_tones(np.empty((3, 0)))
    assert tones.apply(np.full((3, 2, 2), 500)).max() == 0
