"""The global shift."""

import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from affine import Affine
from scipy.ndimage import gaussian_filter, map_coordinates

from rs_governance.errors import NotAlignable, SceneUnreadable
from rs_governance.scenes import AlignedPair, Registration, align, open_scene, pair_scenes, register

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
    strip = seen(town(8, 300), 300)
    strip[:, :, 60:] = 0
    assert estimate(write, strip, strip) == nothing
    small = seen(town(8, 40), 40)
    assert estimate(write, small, small) == nothing


def test_a_small_image_with_a_slanting_border_is_measured(write: Write) -> None:
    image = town(11, 300)
    before, after = seen(image, 300), seen(image, 300, dy=3.4, dx=-5.2, seed=1)
    rows, cols = np.mgrid[:300, :300]
    # Each date has its own border, and neither may be taken for a thing on the ground.
    before[:, rows < 90 - 0.3 * cols] = 0
    after[:, cols + 0.2 * rows > 270] = 0
    found = estimate(write, before, after)
    assert found.reliable
    assert (found.dy_px, found.dx_px) == pytest.approx((3.4, -5.2), abs=0.2)


def test_a_border_alone_is_no_likeness(write: Write) -> None:
    frame = np.ones((256, 256), bool)
    frame[30:-30, 20:-40] = False
    images = [seen(town(seed, 256), 256) for seed in (20, 30)]
    for image in images:
        image[:, frame] = 0
    with pytest.raises(NotAlignable):
        estimate(write, *images)


@pytest.mark.parametrize(("dy", "dx"), [(30, 0), (-45, 20), (0, -60), (55, 55)])
def test_shifts_beyond_the_near_search_are_found(write: Write, dy: float, dx: float) -> None:
    image = town(12, 300)
    found = estimate(write, seen(image, 300), seen(image, 300, dy=dy, dx=dx, seed=1))
    assert found.reliable
    assert (found.dy_px, found.dx_px) == pytest.approx((dy, dx), abs=0.2)


def test_repetition_does_not_hide_a_large_shift(write: Write) -> None:
    rows, cols = np.mgrid[:420, :420]
    image = town(13, 300) + 120 * (((rows // 10) % 2) ^ ((cols // 10) % 2))
    found = estimate(write, seen(image, 300), seen(image, 300, dy=40, dx=0, seed=1))
    assert (found.dy_px, found.dx_px) == pytest.approx((40, 0), abs=0.2)


def unlike(kind: str, seed: int, side: int) -> np.ndarray:
    """Return an image that does not belong to the town of the same seed."""
    own = seen(town(seed, side), side)
    return {
        "another place": lambda: seen(town(seed + 100, side), side),
        "noise": lambda: np.random.default_rng(seed).integers(200, 3000, own.shape).astype(np.uint16),
        "rotated": lambda: np.rot90(own, axes=(1, 2)).copy(),
        "flipped": own[:, :, ::-1].copy,
    }[kind]()


@pytest.mark.parametrize("kind", ["another place", "noise", "rotated", "flipped"])
@pytest.mark.parametrize("side", [200, 320])
def test_images_that_do_not_belong_together_are_refused(write: Write, kind: str, side: int) -> None:
    with pytest.raises(NotAlignable, match=r"'a' and 'b' overlap, but .* of 9 places.*--unaligned"):
        estimate(write, seen(town(40, side), side), unlike(kind, 40, side))


def test_a_refused_pair_is_taken_as_delivered_when_asked(write: Write) -> None:
    pair = pair_scenes(
        open_scene(write("a.tif", seen(town(41, 256), 256))), open_scene(write("b.tif", unlike("noise", 41, 256)))
    )
    found = register(pair, allow_unaligned=True)
    assert found.unaligned_allowed
    assert not found.reliable
    assert (found.dy_px, found.dx_px) == (0.0, 0.0)
    # What can be measured still is, and needed no allowance.
    image = town(42, 256)
    good = pair_scenes(
        open_scene(write("a.tif", seen(image, 256))), open_scene(write("b.tif", seen(image, 256, dy=3, seed=1)))
    )
    assert register(good, allow_unaligned=True) == register(good)
    assert not register(good).unaligned_allowed


def test_what_shows_too_little_to_tell_is_not_refused(write: Write) -> None:
    for seed in range(4):
        images = [seen(town(20 + seed, 256), 256), seen(town(30 + seed, 256), 256)]
        # Plain pictures: nothing claims that they are of one place.
        before, after = (
            write(f"{name}.png", image[:3], transform=None) for name, image in zip("ab", images, strict=True)
        )
        plain = pair_scenes(open_scene(before, assume_gsd_m=0.8), open_scene(after, assume_gsd_m=0.8))
        # Fifty metres: one building site, changed all over.
        close = {"transform": Affine(0.2, 0, 500_000, 0, -0.2, 2_500_000)}
        before, after = (write(f"{name}.tif", image, **close) for name, image in zip("ab", images, strict=True))
        for pair in (plain, pair_scenes(open_scene(before), open_scene(after))):
            found = register(pair)
            assert not found.reliable
            assert not found.unaligned_allowed
            assert (found.dy_px, found.dx_px) == (0.0, 0.0)


def test_a_like_layout_is_enough_to_go_on(write: Write) -> None:
    """Two years of different crops in the same fields: no edge within them agrees, their outlines hardly do."""
    rng = np.random.default_rng(3)
    fields = np.kron(rng.uniform(300, 900, (8, 8)), np.ones((32, 32)))
    images = [
        (fields + 1500 * gaussian_filter(rng.normal(size=(256, 256)), 1)).clip(1, 4000)[None].astype(np.uint16)
        for _ in range(2)
    ]
    found = estimate(write, *images)
    assert not found.unaligned_allowed


def test_large_images_of_two_places_are_refused(write: Write) -> None:
    with pytest.raises(NotAlignable, match=r"'a' and 'b' overlap, but no shift of up to 64 pixels.*of \d+ places"):
        estimate(write, seen(town(9, 1600), 1600), seen(town(10, 1600), 1600))


def test_files_stay_open_until_every_window_is_done(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    from rs_governance.scenes import registration

    read, closed = threading.Event(), threading.Event()
    late: list[bool] = []
    whole = AlignedPair.close

    def look(aligned: object, window: object) -> None:
        if not read.is_set():
            read.set()
            raise SceneUnreadable("torn")
        time.sleep(0.2)
        late.append(closed.is_set())

    def close(self: AlignedPair) -> None:
        closed.set()
        whole(self)

    monkeypatch.setattr(registration, "_place", look)
    monkeypatch.setattr(AlignedPair, "close", close)
    ground = seen(town(1, 1200), 1200)
    pair = pair_scenes(open_scene(write("a.tif", ground)), open_scene(write("b.tif", ground)))
    with pytest.raises(SceneUnreadable):
        register(pair, workers=4)
    assert late
    assert not any(late)
