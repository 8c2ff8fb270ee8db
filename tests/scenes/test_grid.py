"""Windows and pixel grids."""

import numpy as np
import pyproj
import pytest
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st

from rs_governance.scenes import PixelGrid, Window

sizes = st.integers(1, 40)
windows = st.builds(
    Window, row=st.integers(-30, 30), col=st.integers(-30, 30), height=st.integers(0, 40), width=st.integers(0, 40)
)


@given(height=sizes, width=sizes, block=st.integers(1, 50))
def test_windows_tile_the_grid_exactly_once(height: int, width: int, block: int) -> None:
    grid = PixelGrid(crs=None, transform=Affine.identity(), height=height, width=width)
    seen = np.zeros((height, width), int)
    for window in grid.windows(block):
        seen[window.slices] += 1
        assert max(window.height, window.width) <= block
    assert (seen == 1).all()


@given(window=windows, height=sizes, width=sizes)
def test_clipped_keeps_exactly_the_pixels_inside(window: Window, height: int, width: int) -> None:
    grown = window.grown(40)
    canvas = np.zeros((grown.height, grown.width), bool)
    canvas[window.within(grown)] = True
    inside = np.zeros_like(canvas)
    whole = Window(row=0, col=0, height=height, width=width)
    rows, cols = np.ogrid[grown.row : grown.row + grown.height, grown.col : grown.col + grown.width]
    inside[:] = (rows >= 0) & (rows < height) & (cols >= 0) & (cols < width)
    clipped = window.clipped(height, width)
    assert clipped.height * clipped.width == (canvas & inside).sum()
    assert clipped.is_empty or clipped.intersection(whole) == clipped


def test_a_window_refuses_a_negative_size_and_a_grid_no_pixels() -> None:
    with pytest.raises(ValueError, match="0 or more"):
        Window(row=0, col=0, height=-1, width=3)
    with pytest.raises(ValueError, match="at least one pixel"):
        PixelGrid(crs=None, transform=Affine.identity(), height=0, width=3)
    with pytest.raises(ValueError, match="1 pixel or more"):
        list(PixelGrid(crs=None, transform=Affine.identity(), height=2, width=3).windows(0))


@pytest.mark.parametrize(
    ("epsg", "x", "y", "pixel", "expected"),
    [
        (4545, 500_000, 2_500_000, 0.8, (0.8, 0.8)),
        (4524, 36_500_000, 2_500_000, 2.0, (2.0, 2.0)),
        # Web Mercator metres are not ground metres: at 22.6 N they are about cos(22.6) of one.
        (3857, 12_022_000, 2_584_000, 1.0, (0.918, 0.924)),
        # A degree of longitude at 22.5 N is 102.9 km, one of latitude 110.7 km.
        (4490, 108.0, 22.5, 1e-5, (1.107, 1.029)),
    ],
)
def test_pixel_size_is_geodesic(epsg: int, x: float, y: float, pixel: float, expected: tuple[float, float]) -> None:
    grid = PixelGrid(crs=pyproj.CRS.from_epsg(epsg), transform=Affine(pixel, 0, x, 0, -pixel, y), height=100, width=100)
    assert grid.pixel_size_m == pytest.approx(expected, rel=2e-3)


def test_pixel_size_without_crs_is_as_declared() -> None:
    grid = PixelGrid(crs=None, transform=Affine.scale(0.5, -0.5), height=4, width=8)
    assert grid.pixel_size_m == (0.5, 0.5)
    assert grid.bounds == (0.0, -2.0, 4.0, 0.0)


def test_cropping_keeps_the_ground_in_place() -> None:
    grid = PixelGrid(crs=None, transform=Affine(2, 0, 100, 0, -2, 900), height=50, width=60)
    part = grid.cropped(Window(row=10, col=20, height=5, width=6))
    assert part.bounds == (140.0, 870.0, 152.0, 880.0)
    assert grid.footprint.contains(part.footprint)
    assert not PixelGrid(crs=None, transform=Affine.rotation(10), height=5, width=5).is_north_up
