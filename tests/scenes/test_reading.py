"""Reading windows: any window gives the same pixels, shifted and warped ones too."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pyproj
import pytest
from affine import Affine
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter, map_coordinates

from rs_governance.scenes import AlignedPair, PixelGrid, Registration, Window, align, open_scene, pair_scenes
from rs_governance.scenes.mapping import PixelMapping
from rs_governance.scenes.placement import ShiftedScene, WarpedScene
from rs_governance.scenes.reader import SceneReader
from rs_governance.scenes.tiles import Tile, TileCache

Write = Callable[..., Path]
Ground = Callable[..., np.ndarray]
Aligned = Callable[..., AlignedPair]

ORIGIN = Affine(0.8, 0, 500_000, 0, -0.8, 2_500_000)


def moved(dy: float, dx: float) -> Registration:
    return Registration(dy_px=dy, dx_px=dx, residual_px=0.1, windows_used=9, windows_tried=9, reliable=True)


def smooth(seed: int, height: int = 200, width: int = 220) -> np.ndarray:
    """Return an image that cubic convolution reproduces well, as float64 (y, x)."""
    rng = np.random.default_rng(seed)
    image = gaussian_filter(rng.normal(size=(height, width)), 4)
    return 1000 + 800 * image / np.abs(image).max()


def at(image: np.ndarray, rows: np.ndarray, cols: np.ndarray) -> np.ndarray:
    """Return the image at pixel-centre coordinates."""
    return map_coordinates(image, [rows, cols], order=3)


def same_everywhere(pair: AlignedPair) -> None:
    """Check that every window, inside or sticking out, holds the pixels of the whole read at once."""
    whole = pair.read(pair.grid.window)
    for block, halo in ((61, 0), (64, 9), (150, 30)):
        for window in pair.grid.windows(block):
            grown = window.grown(halo)
            part = pair.read(grown)
            inside = grown.clipped(pair.grid.height, pair.grid.width)
            assert part.before.shape == (len(pair.roles), grown.height, grown.width)
            for name in ("before", "after"):
                pixels = getattr(part, name)
                assert pixels.flags.c_contiguous
                np.testing.assert_array_equal(pixels[:, *inside.within(grown)], getattr(whole, name)[:, *inside.slices])
            np.testing.assert_array_equal(part.valid[inside.within(grown)], whole.valid[inside.slices])
            outside = np.ones(part.valid.shape, bool)
            outside[inside.within(grown)] = False
            assert not part.valid[outside].any()


def test_windows_of_the_same_grid(write: Write, ground: Ground, aligned: Aligned) -> None:
    before, after = ground(1), ground(2)
    tiled = {"tiled": True, "blockxsize": 64, "blockysize": 64, "compress": "zstd"}
    pair = aligned(write("a.tif", before, **tiled), write("b.tif", after))
    block = pair.read(pair.grid.window)
    np.testing.assert_array_equal(block.before, before)
    np.testing.assert_array_equal(block.after, after)
    same_everywhere(pair)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.integers(-60, 60), cols=st.integers(-60, 60))
def test_whole_pixels_are_moved_by_the_window(
    write: Write, ground: Ground, aligned: Aligned, rows: int, cols: int
) -> None:
    # What is 0.03 of a pixel off is not resampled.
    before, after = ground(1), ground(2)
    place = ORIGIN @ Affine.translation(cols + 0.03, rows - 0.03)
    pair = aligned(write("a.tif", before), write("b.tif", after, transform=place))
    block = pair.read(pair.grid.window)
    top, left = max(0, rows), max(0, cols)
    for row, col in ((0, 0), (10, 20), (130, 140)):
        np.testing.assert_array_equal(block.before[:, row, col], before[:, top + row, left + col])
        np.testing.assert_array_equal(block.after[:, row, col], after[:, top + row - rows, left + col - cols])


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_fractions_of_a_pixel(write: Write, aligned: Aligned, dtype: str) -> None:
    image = smooth(1) / (8 if dtype == "uint8" else 1)
    stack = np.stack([image] * 3).round(0 if dtype != "float32" else 6).astype(dtype)
    place = ORIGIN @ Affine.translation(-7.4, 3.3)
    pair = aligned(write("a.tif", stack), write("b.tif", stack, transform=place))
    block = pair.read(pair.grid.window)
    rows, cols = np.mgrid[: pair.grid.height, : pair.grid.width]
    top = round((2_500_000 - pair.grid.transform.f) / 0.8)
    expected = at(image, rows + top - 3.3, cols + 7.4)
    error = np.abs(block.after[0] - expected)[block.valid]
    assert error.max() <= (2.0 if dtype != "uint8" else 1.2)
    assert error.mean() <= 0.4
    same_everywhere(pair)


def test_a_registered_shift_is_taken_out(write: Write, ground: Ground) -> None:
    image = smooth(2, 260, 280)
    before = np.stack([image[30:230, 30:250]] * 4).astype(np.uint16)
    rows, cols = np.mgrid[30:230, 30:250]
    # The content of `after` lies 4.4 rows lower and 2.7 columns further left than its georeference says.
    after = np.stack([at(image, rows - 4.4, cols + 2.7)] * 4).round().astype(np.uint16)
    pair = pair_scenes(open_scene(write("a.tif", before)), open_scene(write("b.tif", after)))
    with align(pair, moved(4.4, -2.7)) as aligned_pair:
        block = aligned_pair.read(aligned_pair.grid.window)
        error = np.abs(block.after[0].astype(float) - block.before[0])[block.valid]
        assert error.max() <= 3
        assert block.valid.mean() > 0.9
        same_everywhere(aligned_pair)


def test_resampling_spoils_what_it_cannot_know(write: Write) -> None:
    image = np.stack([smooth(3)] * 4).astype(np.float32)
    image[:, 100, 120] = np.nan
    pair = pair_scenes(
        open_scene(write("a.tif", np.stack([smooth(3)] * 4).astype(np.float32))), open_scene(write("b.tif", image))
    )
    with align(pair, moved(0.5, 0.0)) as aligned_pair:
        block = aligned_pair.read(aligned_pair.grid.window)
    spoilt = np.argwhere(~block.valid[5:-5, 5:-5]) + 5
    assert {tuple(at) for at in spoilt.tolist()} == {(row, 120) for row in (98, 99, 100, 101)}
    assert np.isfinite(block.after).all()


CASES = {
    "utm": (32649, 10_000),
    "web mercator": (3857, None),
    "wgs 84": (4326, None),
    "cgcs2000 degrees": (4490, None),
    "next zone": (4546, None),
    "old style without a code": ("+proj=tmerc +lat_0=0 +lon_0=108.5 +k=0.9999 +x_0=300000 +ellps=GRS80 +units=m", None),
}


@pytest.mark.parametrize("crs", [case[0] for case in CASES.values()], ids=list(CASES))
def test_other_crs_are_warped(write: Write, crs: int | str, aligned: Aligned) -> None:
    image = smooth(4)
    before = np.stack([image] * 4).astype(np.uint16)
    target = pyproj.CRS.from_user_input(crs)
    there = pyproj.Transformer.from_crs(4545, target, always_xy=True)
    back = pyproj.Transformer.from_crs(target, 4545, always_xy=True)
    x, y = there.transform(500_000 + 0.8 * np.array([0, 1, 110]), 2_500_000 - 0.8 * np.array([0, 1, 100]))
    pixel = abs(x[1] - x[0]), abs(y[1] - y[0])
    place = Affine(pixel[0], 0, x[2] - 120 * pixel[0], 0, -pixel[1], y[2] + 110 * pixel[1])
    rows, cols = np.mgrid[:220, :240] + 0.5
    ground_x, ground_y = back.transform(*(place @ (cols, rows)))
    resampled = at(image, (2_500_000 - ground_y) / 0.8 - 0.5, (ground_x - 500_000) / 0.8 - 0.5)
    inside = (abs(ground_x - 500_088) < 86) & (abs(ground_y - 2_499_920) < 78)
    after = np.where(inside, np.stack([resampled] * 4), 0).round().astype(np.uint16)
    pair = aligned(write("a.tif", before), write("b.tif", after, crs=target, transform=place))
    assert pair.grid.crs == pyproj.CRS.from_epsg(4545)
    block = pair.read(pair.grid.window)
    error = np.abs(block.after[0].astype(float) - block.before[0])[block.valid]
    assert block.valid.mean() > 0.85
    assert error.max() <= 6
    assert error.mean() <= 1
    same_everywhere(pair)


def test_zones_with_and_without_number_are_one_grid(write: Write, ground: Ground, aligned: Aligned) -> None:
    # A change of CRS that is a translation is read by windows, without resampling.
    pixels = ground(5)
    place = Affine(0.8, 0, 36_500_000, 0, -0.8, 2_500_000)
    pair = aligned(write("a.tif", pixels), write("b.tif", pixels, crs="EPSG:4524", transform=place))
    assert isinstance(pair._after, ShiftedScene)
    np.testing.assert_array_equal(pair.read(pair.grid.window).after, pixels)


@pytest.mark.parametrize("turned", ["before", "after"])
def test_rotated_scenes_are_warped_north_up(write: Write, turned: str, aligned: Aligned) -> None:
    image = smooth(6)
    upright = write("a.tif", np.stack([image] * 4).astype(np.uint16))
    place = ORIGIN @ Affine.translation(110, 100) @ Affine.rotation(12) @ Affine.translation(-90, -80)
    rows, cols = np.mgrid[:160, :180] + 0.5
    ground_cols, ground_rows = ~ORIGIN @ (place @ (cols, rows))
    rotated = np.stack([at(image, ground_rows - 0.5, ground_cols - 0.5)] * 4).round().astype(np.uint16)
    other = write("b.tif", rotated, transform=place)
    pair = aligned(other, upright) if turned == "before" else aligned(upright, other)
    assert pair.grid.is_north_up
    assert pair.grid.pixel_size == pytest.approx((0.8, 0.8))
    block = pair.read(pair.grid.window)
    error = np.abs(block.after[0].astype(float) - block.before[0])[block.valid]
    assert 0.5 < block.valid.mean() < 1
    assert error.max() <= 5
    same_everywhere(pair)


def test_warping_leaves_out_what_touches_nodata(write: Write, ground: Ground, aligned: Aligned) -> None:
    pixels = ground(7, dtype="float32")
    spoilt = pixels.copy()
    spoilt[:, 100:103, 120:123] = np.inf
    place = Affine(0.81, 0, 499_999, 0, -0.81, 2_500_001)
    pair = aligned(write("a.tif", pixels), write("b.tif", spoilt, transform=place))
    assert isinstance(pair._after, WarpedScene)
    clean = aligned(write("a.tif", pixels), write("c.tif", pixels, transform=place))
    block, expected = pair.read(pair.grid.window), clean.read(clean.grid.window)
    lost = expected.valid & ~block.valid
    assert 9 <= lost.sum() <= 120
    np.testing.assert_allclose(block.after[:, block.valid], expected.after[:, block.valid], rtol=1e-6)
    same_everywhere(pair)


def test_threads_read_the_same_and_decode_each_tile_once(
    write: Write, ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    tiled = {"tiled": True, "blockxsize": 512, "blockysize": 512, "compress": "zstd"}
    scenes = [open_scene(write(f"{i}.tif", ground(i, height=1100, width=1200), **tiled)) for i in (1, 2)]
    pair = pair_scenes(*scenes)
    decoded: list[tuple[int, ...]] = []
    lock = threading.Lock()
    decode = SceneReader._decode

    def counted(self: SceneReader, sheet: object, window: Window) -> Tile:
        with lock:
            decoded.append((id(self), window.row, window.col))
        return decode(self, sheet, window)  # type: ignore[arg-type]

    monkeypatch.setattr(SceneReader, "_decode", counted)
    with align(pair, moved(0, 0)) as one, align(pair, moved(0, 0)) as many:
        windows = [window.grown(20) for window in one.grid.windows(256)]
        expected = [one.read(window) for window in windows]
        decoded.clear()
        with ThreadPoolExecutor(4) as threads:
            raw = list(threads.map(many.read_raw, windows))
        assert len(decoded) == len(set(decoded)) == 2 * 3 * 3
        for block, other in zip(expected, map(many.finish, raw), strict=True):
            np.testing.assert_array_equal(block.before, other.before)
            np.testing.assert_array_equal(block.after, other.after)
            np.testing.assert_array_equal(block.valid, other.valid)


def test_the_cache_forgets_the_oldest_and_passes_errors_on() -> None:
    window = Window(row=0, col=0, height=10, width=10)
    made: list[int] = []

    def make(key: int) -> Tile:
        made.append(key)
        return Tile(window=window, data=np.zeros((1, 10, 10), np.uint8), valid=None)

    cache = TileCache(250)
    for key in (1, 2, 1, 3, 1, 2):
        cache.get((key,), lambda key=key: make(key))
    assert made == [1, 2, 3, 2]

    def fail() -> Tile:
        raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        cache.get((9,), fail)
    assert cache.get((9,), lambda: make(9)).nbytes == 100


@pytest.mark.parametrize("pixel_m", [0.8, 0.808])
def test_what_lies_above_is_forgotten_and_can_be_read_again(
    write: Write, ground: Ground, aligned: Aligned, pixel_m: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoded: list[Window] = []
    decode = SceneReader._decode

    def counted(self: SceneReader, sheet: object, window: Window) -> Tile:
        decoded.append(window)
        return decode(self, sheet, window)  # type: ignore[arg-type]

    monkeypatch.setattr(SceneReader, "_decode", counted)
    pixels, tiled = ground(5, height=1100, width=40), {"tiled": True, "blockxsize": 512, "blockysize": 512}
    place = ORIGIN @ Affine.scale(pixel_m / 0.8)
    pair = aligned(write("a.tif", pixels, **tiled), write("b.tif", pixels, transform=place, **tiled))
    whole = pair.read(pair.grid.window)
    once = len(decoded)
    pair.forget_above(600)
    pair.read(Window(row=600, col=0, height=500, width=40))
    assert len(decoded) == once == 2 * 3  # what is still needed was kept
    again = pair.read(pair.grid.window)
    assert once < len(decoded) < 2 * once
    for block in (again, pair.read(pair.grid.window)):
        np.testing.assert_array_equal(block.before, whole.before)
        np.testing.assert_array_equal(block.after, whole.after)
        np.testing.assert_array_equal(block.valid, whole.valid)
        pair.forget_above(2000)


def test_chunks_are_small_enough_to_be_affine() -> None:
    wide = open_grid(4326, Affine(2.7e-4, 0, 106, 0, -2.7e-4, 23), 3000)
    utm = open_grid(32649, Affine(30, 0, 200_000, 0, -30, 2_550_000), 3000)
    mapping = PixelMapping(wide, utm)
    for chunk in mapping.chunks(wide.window)[::37]:
        affine = mapping.affine(chunk)
        rows = np.linspace(chunk.row, chunk.row + chunk.height, 7)
        cols = np.linspace(chunk.col, chunk.col + chunk.width, 7)
        grid_rows, grid_cols = (axis.ravel() for axis in np.meshgrid(rows, cols))
        true_rows, true_cols = mapping(grid_rows, grid_cols)
        near_cols, near_rows = affine @ (grid_cols - chunk.col, grid_rows - chunk.row)
        assert np.hypot(near_rows - true_rows, near_cols - true_cols).max() < 0.03


def open_grid(code: int, transform: Affine, side: int) -> PixelGrid:
    return PixelGrid(crs=pyproj.CRS.from_epsg(code), transform=transform, height=side, width=side)
