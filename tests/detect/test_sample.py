"""Sample windows lie inside the grid, apart from each other, and depend on the grid alone."""

from itertools import pairwise

from affine import Affine
from hypothesis import given
from hypothesis import strategies as st

from rs_governance.detect.sample import sample_windows
from rs_governance.scenes import PixelGrid


def grid_of(height: int, width: int) -> PixelGrid:
    return PixelGrid(crs=None, transform=Affine.identity(), height=height, width=width)


sides = st.integers(1, 5000)


@given(sides, sides, st.integers(1, 40), st.integers(64, 600))
def test_windows_are_inside_apart_and_no_more_than_asked(height: int, width: int, count: int, side: int) -> None:
    windows = sample_windows(grid_of(height, width), count=count, side=side)
    assert 1 <= len(windows) <= count
    assert len({(window.row, window.col) for window in windows}) == len(windows)
    for window in windows:
        assert window.row // side == (window.row + window.height - 1) // side
        assert window.col // side == (window.col + window.width - 1) // side
        assert window == window.clipped(height, width)
        assert not window.is_empty


@given(st.integers(1, 3000), st.integers(1, 3000))
def test_a_grid_of_few_windows_is_taken_whole(height: int, width: int) -> None:
    windows = sample_windows(grid_of(height, width), count=36, side=512)
    assert sum(window.height * window.width for window in windows) == height * width


def test_a_large_grid_is_sampled_everywhere() -> None:
    windows = sample_windows(grid_of(40_000, 20_000), count=36, side=512)
    assert len(windows) >= 30
    for axis, length in (("row", 40_000), ("col", 20_000)):
        starts = sorted({getattr(window, axis) for window in windows})
        steps = [b - a for a, b in pairwise(starts)]
        assert max(steps) - min(steps) <= 512
        assert starts[0] < 1.5 * max(steps)
        assert length - starts[-1] < 1.5 * max(steps)


def test_a_ribbon_is_sampled_along_its_length() -> None:
    windows = sample_windows(grid_of(100, 100_000), count=36, side=512)
    assert len(windows) == 36
    assert windows[-1].col > 95_000
