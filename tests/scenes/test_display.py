"""Pictures for people."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from affine import Affine

from rs_governance.scenes import AlignedPair, open_scene, preview, to_rgb
from rs_governance.scenes.reduced import reduce_pixels

Write = Callable[..., Path]
Ground = Callable[..., np.ndarray]
Aligned = Callable[..., AlignedPair]


def test_true_colour_is_stretched_band_by_band() -> None:
    ramp = np.linspace(0, 1000, 101 * 101).reshape(101, 101)
    pixels = np.stack([ramp, ramp.T, np.full_like(ramp, 5), 10 * ramp]).astype(np.uint16)
    valid = np.ones((101, 101), bool)
    valid[0, :5] = False
    picture = to_rgb(pixels, valid, ("blue", "green", "red", "nir"))
    assert picture.dtype == np.uint8
    assert picture.shape == (101, 101, 3)
    assert (picture[0, :5] == 0).all()
    assert (picture[valid] > 0).all()
    assert picture[..., 2].max() == picture[..., 1].max() == 255
    assert (np.diff(picture[50, :, 2].astype(int)) >= 0).all()
    assert len(np.unique(picture[valid][:, 0])) == 1


def test_without_colours_the_first_bands_or_grey() -> None:
    pixels = np.arange(2 * 3 * 5, dtype=np.float32).reshape(2, 3, 5)
    valid = np.ones((3, 5), bool)
    grey = to_rgb(pixels, valid, ("nir", "pan"))
    assert (grey[..., 0] == grey[..., 1]).all()
    assert (grey[..., 0] == grey[..., 2]).all()
    assert not to_rgb(pixels, ~valid, ("nir", "pan")).any()


@pytest.mark.parametrize(("max_px", "shape"), [(1000, (200, 220)), (110, (100, 110)), (1, (1, 1))])
def test_a_scene_fits_the_size_asked_for(write: Write, ground: Ground, max_px: int, shape: tuple[int, int]) -> None:
    scene = open_scene(write("a.tif", ground(1)))
    assert preview(scene, max_px).shape == (*shape, 3)
    with pytest.raises(ValueError, match="1 or more"):
        preview(scene, 0)


def test_what_was_not_observed_is_black(write: Write, ground: Ground) -> None:
    pixels = ground(1)
    pixels[:, :100] = 0
    picture = preview(open_scene(write("a.tif", pixels)), 110)
    assert not picture[:50].any()
    assert picture[51:].all()


def test_sheets_lie_where_they_belong(write: Write, ground: Ground) -> None:
    pixels = ground(1)
    origin = Affine(0.8, 0, 500_000, 0, -0.8, 2_500_000)
    write("f/a.tif", pixels[:, :100])
    folder = write("f/b.tif", pixels[:, 100:], transform=origin @ Affine.translation(0, 100)).parent
    whole = preview(open_scene(write("a.tif", pixels)), 110)
    np.testing.assert_array_equal(preview(open_scene(folder), 110), whole)


def test_a_pair_is_shown_on_its_common_grid(write: Write, ground: Ground, aligned: Aligned) -> None:
    pixels = ground(1)
    origin = Affine(0.8, 0, 500_000, 0, -0.8, 2_500_000)
    moved = write("b.tif", pixels[:, 20:, 40:], transform=origin @ Affine.translation(40, 20))
    before, after = preview(aligned(write("a.tif", pixels), moved), 500)
    assert before.shape == after.shape == (180, 180, 3)
    assert np.abs(before.astype(int) - after).mean() < 2
    before, after = preview(aligned(write("a.tif", pixels), moved), 60)
    assert before.shape == after.shape == (60, 60, 3)
    assert np.corrcoef(before.ravel(), after.ravel())[0, 1] > 0.8


def test_reduced_pixels_are_means_of_what_is_valid(write: Write, ground: Ground) -> None:
    pixels = ground(3, dtype="float32")
    pixels[0, 10:30, 10:30] = np.nan
    scene = open_scene(write("a.tif", pixels, tiled=True, blockxsize=48, blockysize=64))
    means, seen = reduce_pixels(scene, ("blue", "nir"), 7)
    assert means.shape == (2, 29, 32)
    spoilt = np.where(np.isnan(pixels[0]), np.nan, pixels[3])
    for row, col in ((0, 0), (1, 1), (4, 4), (28, 31), (13, 6)):
        block = spoilt[row * 7 : row * 7 + 7, col * 7 : col * 7 + 7]
        assert means[1, row, col] == pytest.approx(np.nanmean(block), rel=1e-5)
    assert not seen[2:4, 2:4].any()
    assert seen.sum() == seen.size - 4


def test_clouds_are_black_and_take_no_tones(write: Write, ground: Ground, aligned: Aligned) -> None:
    pixels = ground(1)
    clouded = pixels.copy()
    clouded[:, :90, :90] = 20_000
    flags = np.zeros((1, *pixels.shape[1:]), np.uint8)
    flags[:, :90, :90] = 1
    mask = write("mask.tif", flags)
    clear = preview(open_scene(write("a.tif", pixels)), 110)
    masked = preview(open_scene(write("b.tif", clouded), cloud_mask=mask), 110)
    assert not masked[:44, :44].any()
    assert masked[60:, 60:].all()
    assert np.abs(masked[60:, 60:].astype(int) - clear[60:, 60:]).mean() < 6
    dark = preview(open_scene(write("c.tif", clouded)), 110)
    assert dark[60:, 60:].mean() < 0.5 * clear[60:, 60:].mean(), "left in, they leave the ground in the dark"
