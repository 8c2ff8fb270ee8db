"""The global shift."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from affine import Affine
from scipy.ndimage import gaussian_filter, map_coordinates

from rs_governance.errors import NotAlignable
from rs_governance.scenes import Registration, align, open_scene, pair_scenes, register

Write = Callable[..., Path]
Ground = Callable[..., np.ndarray]

ORIGIN = Affine(0.8, 0, 500_000, 0, -0.8, 2_500_000)


def town(seed: int, side: int) -> np.ndarray:
    """Return fields and roofs with edges, (y, x) float64, 60 pixels wider than `side` on each side."""
    rng = np.random.default_rng(seed)
    size = side + 120
    image = 400 + 60 * gaussian_filter(rng.normal(size=(size, size)), 6) * 6
    for _ in range(size * size // 900):
        row, col = rng.integers(0, size, 2)
        height, width = rng.integers(6, 40, 2)
        image[row : row + height, col : col + width] = rng.uniform(150, 900)
    return gaussian_filter(image, 0.7)


def seen(image: np.ndarray, side: int, *, dy: float = 0.0, dx: float = 0.0, seed: int = 0) -> np.ndarray:
    """Return what a camera sees whose content lies dy rows lower and dx columns further right."""
    rows, cols = np.mgrid[60 : 60 + side, 60 : 60 + side]
    values = map_coordinates(image, [rows - dy, cols - dx], order=3)
    noise = np.random.default_rng(seed).normal(0, 8, (4, side, side))
    return (values * np.array([0.7, 0.9, 1.0, 1.3])[:, None, None] + noise).clip(1, 4000).round().astype(np.uint16)


def estimate(write: Write, before: np.ndarray, after: np.ndarray, **profile: object) -> Registration:
    return register(pair_scenes(open_scene(write("a.tif", before)), open_scene(write("b.tif", after, **profile))))


@pytest.mark.parametrize(("dy", "dx"), [(0.0, 0.0), (0.5, -0.5), (3.3, -7.8), (-19.6, 12.25), (20.0, 20.0)])
def test_known_shifts_are_found(write: Write, dy: float, dx: float) -> None:
    image = town(1, 400)
    found = estimate(write, seen(image, 400), seen(image, 400, dy=dy, dx=dx, seed=1))
    assert found.reliable
    assert (found.dy_px, found.dx_px) == pytest.approx((dy, dx), abs=0.15)
    assert found.residual_px is not None
    assert found.residual_px < 0.3
    assert found.windows_used <= found.windows_tried <= 9


def test_light_haze_and_reversed_contrast_do_not_matter(write: Write) -> None:
    image = town(2, 400)
    after = 3000 - 0.4 * seen(image, 400, dy=2.4, dx=-1.7, seed=1).astype(float)
    found = estimate(write, seen(image, 400), after.astype(np.uint16))
    assert found.reliable
    assert (found.dy_px, found.dx_px) == pytest.approx((2.4, -1.7), abs=0.2)


def test_changes_do_not_pull_the_estimate(write: Write) -> None:
    image, other = town(3, 600), town(4, 600)
    after = seen(image, 600, dy=-4.6, dx=5.2, seed=1)
    after[:, :250, 200:] = seen(other, 600, seed=2)[:, :250, 200:]
    found = estimate(write, seen(image, 600), after)
    assert found.reliable
    assert (found.dy_px, found.dx_px) == pytest.approx((-4.6, 5.2), abs=0.25)


def test_it_is_estimated_on_top_of_the_georeference(write: Write) -> None:
    image = town(5, 500)
    before = seen(image, 500)[:, :400, :400]
    after = seen(image, 500, dy=1.5, dx=-2.5, seed=1)[:, 30:, 45:]
    found = estimate(write, before, after, transform=ORIGIN @ Affine.translation(45, 30))
    assert found.reliable
    assert (found.dy_px, found.dx_px) == pytest.approx((1.5, -2.5), abs=0.2)


def test_taking_the_shift_out_brings_it_to_zero(write: Write) -> None:
    image = town(6, 400)
    pair = pair_scenes(
        open_scene(write("a.tif", seen(image, 400))),
        open_scene(write("b.tif", seen(image, 400, dy=6.4, dx=-3.7, seed=1))),
    )
    with align(pair, register(pair)) as aligned:
        block = aligned.read(aligned.grid.window)
    again = estimate(write, block.before, block.after)
    assert (again.dy_px, again.dx_px) == pytest.approx((0, 0), abs=0.1)


def test_the_result_is_the_same_each_time(write: Write) -> None:
    image = town(7, 300)
    first = estimate(write, seen(image, 300), seen(image, 300, dy=1.3, seed=1))
    assert first == estimate(write, seen(image, 300), seen(image, 300, dy=1.3, seed=1))


def test_without_texture_ground_or_room_nothing_is_moved(write: Write, ground: Ground) -> None:
    flat = np.full((4, 300, 300), 700, np.uint16)
    nothing = Registration(dy_px=0.0, dx_px=0.0, residual_px=None, windows_used=0, windows_tried=0, reliable=False)
    assert estimate(write, flat, flat) == nothing
    half = seen(town(8, 300), 300)
    half[:, :, 100:] = 0
    assert estimate(write, half, half) == nothing
    small = seen(town(8, 40), 40)
    assert estimate(write, small, small) == nothing


def test_two_places_are_not_aligned_at_random(write: Write) -> None:
    for seed in range(4):
        found = estimate(write, seen(town(20 + seed, 256), 256), seen(town(30 + seed, 256), 256))
        assert not found.reliable
        assert (found.dy_px, found.dx_px) == (0.0, 0.0)


def test_large_images_of_two_places_are_refused(write: Write) -> None:
    with pytest.raises(NotAlignable, match=r"'a' and 'b' overlap, but of \d+ places"):
        estimate(write, seen(town(9, 1600), 1600), seen(town(10, 1600), 1600))
