"""Arguments that do not fit are refused in a sentence, before anything compiled reads them."""

from typing import Any

import numpy as np
import pytest
from numba import cuda

import rs_kernels

IMAGE = np.zeros((3, 8, 9), np.uint8)
SCORE: Any = np.zeros((8, 9), np.uint8)
CHANGE = np.zeros((8, 9), np.float32)
USABLE = np.ones((8, 9), bool)
EYE, ONES, ZEROS = np.eye(3), [1.0] * 3, [0.0] * 3


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (
            lambda: rs_kernels.mad_score(IMAGE.astype(int), IMAGE, USABLE, EYE, EYE, ZEROS),
            TypeError,
            "'before' must be",
        ),
        (lambda: rs_kernels.mad_score(IMAGE, IMAGE[:2], USABLE, EYE, EYE, ZEROS), ValueError, "one shape"),
        (lambda: rs_kernels.mad_score(IMAGE, IMAGE, USABLE[1:], EYE, EYE, ZEROS), ValueError, "'valid' must have"),
        (lambda: rs_kernels.mad_score(IMAGE, IMAGE, SCORE, EYE, EYE, ZEROS), TypeError, "'valid' must be bool"),
        (lambda: rs_kernels.mad_score(IMAGE, IMAGE, USABLE, EYE[:2], EYE, ZEROS), ValueError, "'a' must have shape"),
        (lambda: rs_kernels.mad_score(IMAGE, IMAGE, USABLE, EYE * np.nan, EYE, ZEROS), ValueError, "finite"),
        (lambda: rs_kernels.mad_score(IMAGE, IMAGE, USABLE, EYE, EYE, [0] * 4), ValueError, "1 to 3 numbers"),
        (lambda: rs_kernels.mad_score(IMAGE, IMAGE, USABLE, EYE, EYE, 0.0), ValueError, "1 to 3 numbers"),
        (lambda: rs_kernels.mad_score(IMAGE[0], IMAGE[0], USABLE, EYE, EYE, ZEROS), ValueError, "band, y, x"),
        (lambda: rs_kernels.band_index(np.zeros((17, 2, 2), np.uint8), USABLE, [(0, 1)]), ValueError, "1 to 16 bands"),
        (lambda: rs_kernels.band_index(IMAGE[:, :0], USABLE[:0], [(0, 1)]), ValueError, "at least one pixel"),
        (lambda: rs_kernels.band_index(IMAGE, USABLE, [(0, 3)]), ValueError, "bands 0 to 2"),
        (lambda: rs_kernels.band_index(IMAGE, USABLE, [(-1, 0)]), ValueError, "bands 0 to 2"),
        (lambda: rs_kernels.band_index(IMAGE, USABLE, []), ValueError, "one or more"),
        (
            lambda: rs_kernels.change_vector(IMAGE, IMAGE, USABLE, ONES, ZEROS, ONES, radius=3),
            ValueError,
            "0 to 2 pixels",
        ),
        (
            lambda: rs_kernels.change_vector(IMAGE, IMAGE, USABLE, ONES, ZEROS, ONES, radius=1, steps=0.0),
            ValueError,
            "'steps' must be more than 0",
        ),
        (lambda: rs_kernels.local_norm(SCORE, USABLE, radius=2, floor=0.0), ValueError, "more than 0"),
        (lambda: rs_kernels.local_norm(SCORE, USABLE, radius=101, floor=1.0), ValueError, "0 to 100"),
        (lambda: rs_kernels.local_mean(SCORE.astype(np.float32), USABLE, 1), TypeError, "uint8 or uint16"),
        (lambda: rs_kernels.local_mean(IMAGE, USABLE, 1), ValueError, "must be .y, x."),
        (lambda: rs_kernels.local_mean(SCORE, USABLE, 1, unit=np.inf), ValueError, "'unit' must be more than 0"),
        (lambda: rs_kernels.levels_reached(CHANGE, [1], radius=1), TypeError, "'score' must be uint8"),
        (lambda: rs_kernels.levels_reached(SCORE, [251], radius=1), ValueError, "from 0 to 250"),
        (lambda: rs_kernels.levels_reached(SCORE, np.array([0.5]), radius=1), ValueError, "whole numbers"),
        (lambda: rs_kernels.levels_reached(SCORE, [1], radius=5), ValueError, "0 to 4"),
        (
            lambda: rs_kernels.mean_difference(IMAGE, IMAGE, USABLE, ONES, ZEROS, ONES, radius=101),
            ValueError,
            "0 to 100 pixels",
        ),
        (
            lambda: rs_kernels.mean_difference(IMAGE, IMAGE, USABLE, ONES, ZEROS, [np.inf] * 3, radius=1),
            ValueError,
            "'weight' must be finite",
        ),
        (lambda: rs_kernels.context_score(SCORE, CHANGE, USABLE, full=1.0), TypeError, "'here' must be float32"),
        (lambda: rs_kernels.context_score(CHANGE, CHANGE[1:], USABLE, full=1.0), ValueError, "the shape of 'here'"),
        (lambda: rs_kernels.context_score(CHANGE, CHANGE, USABLE, full=0.0), ValueError, "more than 0"),
        (lambda: rs_kernels.context_score(CHANGE, CHANGE, USABLE, full=np.nan), ValueError, "more than 0"),
        (lambda: rs_kernels.histogram(SCORE.astype(np.float32), USABLE, 9), ValueError, "must be given"),
        (lambda: rs_kernels.histogram(SCORE, USABLE, 0), ValueError, "1 to 65536"),
        (lambda: rs_kernels.histogram(SCORE, USABLE, 9, lo=1, hi=1), ValueError, "lo < hi"),
        (lambda: rs_kernels.translate(IMAGE, 0.0, 0.0, margin=2), ValueError, "at least 3"),
        (lambda: rs_kernels.translate(IMAGE, 0.0, 0.0, margin=4), ValueError, "larger than its margins"),
        (lambda: rs_kernels.translate(IMAGE, 1.1, 0.0, margin=3), ValueError, "-1 to 1 pixels"),
        (lambda: rs_kernels.translate(IMAGE, 0.0, float("nan"), margin=3), ValueError, "-1 to 1 pixels"),
        (lambda: rs_kernels.resolve_device("gpu"), ValueError, "'auto', 'cpu' or 'cuda'"),
    ],
)
def test_refusals(call: Any, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        call()


@pytest.mark.skipif(cuda.is_available(), reason="a CUDA device is here")
def test_cuda_is_refused_without_a_device() -> None:
    assert rs_kernels.resolve_device("auto") == "cpu"
    with pytest.raises(rs_kernels.DeviceUnavailable, match="use device 'cpu' or 'auto'"):
        rs_kernels.resolve_device("cuda")
    with pytest.raises(rs_kernels.DeviceUnavailable):
        rs_kernels.translate(IMAGE, 0.0, 0.0, margin=3, device="cuda")
    assert issubclass(rs_kernels.DeviceUnavailable, RuntimeError)


def test_threads_are_driven_by_openmp() -> None:
    """The layer that Numba brings itself aborts the process when two threads call kernels."""
    assert rs_kernels.threading_layer() == "omp"
    assert rs_kernels.device_name("cpu").endswith("CPU threads")
