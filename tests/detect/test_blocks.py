"""What is told of each pixel of a block."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rs_governance.detect.blocks import _opened
from rs_kernels import open_close


@given(
    st.integers(0, 2**32 - 1), st.integers(1, 12), st.integers(1, 70), st.integers(0, 4), st.sampled_from([3, 100, 255])
)
def test_one_opening_is_that_of_every_level(seed: int, height: int, width: int, radius: int, most: int) -> None:
    rng = np.random.default_rng(seed)
    plane = rng.integers(0, most, (height, width), np.uint8, endpoint=True)
    rows, cols = (rng.integers(1, 4, length) for length in plane.shape)  # patches large enough to survive
    plane = plane.repeat(rows, axis=0).repeat(cols, axis=1)
    opened = _opened(plane, radius)
    for level in (0, 1, 2, most // 2, most - 1):
        masks = open_close(plane > level, open_radius=radius, close_radius=0, shape="square")
        np.testing.assert_array_equal(opened > level, masks)


@pytest.mark.parametrize("radius", [0, 1, 4])
def test_an_opening_changes_nothing_that_it_was_given(radius: int) -> None:
    plane = np.full((9, 9), 7, np.uint8)
    opened = _opened(plane, radius)
    assert (opened == 7).all()
    opened[:] = 0
    assert (plane == 7).all()
