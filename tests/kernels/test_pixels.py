"""Per-pixel and small-window kernels against their twins, on any device, in any cut."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numba import config, cuda

import rs_kernels
from benchmarks.comparisons import COMPARISONS, PIXEL_COMPARISONS, Comparison
from rs_kernels.reference import pixels

SIMULATED = bool(config.ENABLE_CUDASIM)
SHAPE = (13, 19) if SIMULATED else (23, 37)
HALO_PX = 16

no_device = pytest.mark.skip(reason="no CUDA device here; test_simulator.py runs the same kernels in the simulator")


def named(cases: tuple[Comparison, ...]) -> list[Any]:
    return [pytest.param(case, id=case.name) for case in cases]


def on_cuda(cases: tuple[Comparison, ...]) -> list[Any]:
    return named(cases) if cuda.is_available() else [pytest.param(None, id="real device", marks=no_device)]


def test_names_are_unique() -> None:
    assert len({case.name for case in COMPARISONS}) == len(COMPARISONS)


@pytest.mark.simulator
@pytest.mark.parametrize("case", named(PIXEL_COMPARISONS))
def test_cpu_equals_reference(case: Comparison, rng: np.random.Generator) -> None:
    inputs = case.make(rng, *SHAPE)
    case.check(case.call(**inputs, device="cpu"), case.reference(**inputs))


@pytest.mark.simulator
@pytest.mark.parametrize("case", on_cuda(PIXEL_COMPARISONS))
def test_cuda_equals_reference(case: Comparison, rng: np.random.Generator) -> None:
    inputs = case.make(rng, *SHAPE)
    case.check(case.call(**inputs, device="cuda"), case.reference(**inputs))


@pytest.mark.parametrize("case", named(PIXEL_COMPARISONS))
@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (5, 1), (2, 2)])
def test_tiny_images(case: Comparison, shape: tuple[int, int], rng: np.random.Generator) -> None:
    inputs = case.make(rng, *shape)
    case.check(case.call(**inputs), case.reference(**inputs))


@pytest.mark.parametrize("case", named(PIXEL_COMPARISONS))
def test_nothing_valid(case: Comparison, rng: np.random.Generator) -> None:
    inputs = case.make(rng, *SHAPE)
    if "valid" in inputs:
        inputs["valid"][:] = False
        nothing = 255 if case.call is rs_kernels.context_score else 0
        assert (case.call(**inputs) == nothing).all()


def test_seams_of_tiles_and_strips(rng: np.random.Generator) -> None:
    cases = {case.name: case for case in PIXEL_COMPARISONS}
    for name, shape in (
        ("change_vector 4 bands, radius 2, uint16", (67, 2051)),
        ("local_norm radius 3, uint16", (259, 11)),
        ("local_norm radius 16, uint8", (131, 40)),
        ("local_mean radius 5, uint16", (3, 2055)),
        ("mean_difference 2 bands, radius 16, float32", (131, 40)),
        ("mean_difference 3 bands, radius 2, uint8", (3, 2055)),
    ):
        inputs = cases[name].make(rng, *shape)
        cases[name].check(cases[name].call(**inputs), cases[name].reference(**inputs))


@pytest.mark.parametrize("case", named(PIXEL_COMPARISONS))
@settings(max_examples=8, deadline=None)
@given(data=st.data())
def test_block_with_halo_equals_crop_of_whole(case: Comparison, data: st.DataObject) -> None:
    """Bit for bit: a result may not depend on where a block begins."""
    height, width = 150, 90
    inputs = case.make(np.random.default_rng(3), height, width)
    y0 = data.draw(st.integers(0, height - 1), label="y0")
    x0 = data.draw(st.integers(0, width - 1), label="x0")
    y1 = data.draw(st.integers(y0 + 1, height), label="y1")
    x1 = data.draw(st.integers(x0 + 1, width), label="x1")
    whole = case.call(**inputs)
    if case.call is rs_kernels.histogram:
        left, right = _cut(inputs, (0, height), (0, x0)), _cut(inputs, (0, height), (x0, width))
        parts = case.call(**right) + (case.call(**left) if x0 else 0)
        np.testing.assert_array_equal(parts, whole)
        return
    if case.call is rs_kernels.translate:
        margin = inputs["margin"]
        block = inputs | {"image": inputs["image"][:, y0 : y1 + 2 * margin, x0 : x1 + 2 * margin]}
        np.testing.assert_array_equal(case.call(**block), whole[:, y0:y1, x0:x1])
        return
    top, left_ = min(y0, HALO_PX), min(x0, HALO_PX)
    block = _cut(inputs, (y0 - top, y1 + HALO_PX), (x0 - left_, x1 + HALO_PX))
    part = case.call(**block)[..., top : top + y1 - y0, left_ : left_ + x1 - x0]
    np.testing.assert_array_equal(part, whole[..., y0:y1, x0:x1])


def _cut(inputs: dict[str, Any], rows: tuple[int, int], columns: tuple[int, int]) -> dict[str, Any]:
    """Cut the arrays that have pixels, and leave weights alone."""
    shape = inputs["score" if "score" in inputs else "valid"].shape
    return {
        name: value[..., slice(*rows), slice(*columns)]
        if isinstance(value, np.ndarray) and value.shape[-2:] == shape
        else value
        for name, value in inputs.items()
    }


def test_threads_do_not_show(rng: np.random.Generator) -> None:
    from numba import get_num_threads, set_num_threads

    threads = get_num_threads()
    for case in PIXEL_COMPARISONS:
        inputs = case.make(rng, *SHAPE)
        many = case.call(**inputs)
        set_num_threads(1)
        try:
            np.testing.assert_array_equal(case.call(**inputs), many)
        finally:
            set_num_threads(threads)


@pytest.mark.parametrize("case", named(PIXEL_COMPARISONS))
def test_out_is_filled_and_returned(case: Comparison, rng: np.random.Generator) -> None:
    inputs = case.make(rng, *SHAPE)
    expected = case.call(**inputs)
    out = np.full_like(expected, 7)
    assert case.call(**inputs, out=out) is out
    np.testing.assert_array_equal(out, expected)
    with pytest.raises(ValueError, match="'out' must be"):
        case.call(**inputs, out=out[..., 1:])


@pytest.mark.parametrize("case", named(PIXEL_COMPARISONS))
def test_strided_inputs_equal_contiguous_ones(case: Comparison, rng: np.random.Generator) -> None:
    inputs = case.make(rng, *SHAPE)
    strided = {
        name: np.asfortranarray(value) if isinstance(value, np.ndarray) else value for name, value in inputs.items()
    }
    np.testing.assert_array_equal(case.call(**strided), case.call(**inputs))


@settings(max_examples=30, deadline=None)
@given(dy=st.floats(-1, 1, width=32), dx=st.floats(-1, 1, width=32), seed=st.integers(0, 99))
def test_translate_any_shift(dy: float, dx: float, seed: int) -> None:
    image = np.random.default_rng(seed).integers(0, 65536, (1, 15, 14)).astype(np.uint16)
    mine = rs_kernels.translate(image, dy, dx, margin=3).astype(int)
    assert np.abs(mine - pixels.translate(image, dy, dx, margin=3).astype(int)).max() <= 1


def test_translate_moves_a_plane_exactly() -> None:
    y, x = np.mgrid[:20, :24].astype(np.float32)
    plane = (3 * y + 2 * x)[None]
    moved = rs_kernels.translate(plane, 0.25, -0.5, margin=4)
    np.testing.assert_allclose(moved, plane[:, 4:-4, 4:-4] + 3 * 0.25 - 2 * 0.5, atol=1e-5)


def test_translate_without_shift_copies_even_nan() -> None:
    image = np.arange(100, dtype=np.float32).reshape(1, 10, 10)
    image[0, 5, 5] = np.nan
    np.testing.assert_array_equal(rs_kernels.translate(image, 0.0, 0.0, margin=3), image[:, 3:-3, 3:-3])


def test_change_vector_forgives_a_shift_but_not_a_new_object(rng: np.random.Generator) -> None:
    scene = rng.integers(0, 4000, (4, 40, 40)).astype(np.uint16)
    usable = np.ones((40, 40), bool)
    for radius, shift in ((1, (1, 1)), (2, (-2, 1))):
        moved = np.roll(scene, shift, axis=(1, 2))
        length = rs_kernels.change_vector(scene, moved, usable, [1] * 4, [0] * 4, [1] * 4, radius=radius)
        assert not length[4:-4, 4:-4].any()
        assert rs_kernels.change_vector(scene, moved, usable, [1] * 4, [0] * 4, [1] * 4, radius=0).mean() > 1000
    built = np.zeros_like(scene)
    built[:, 10:20, 10:20] = 500
    length = rs_kernels.change_vector(np.zeros_like(scene), built, usable, [1] * 4, [0] * 4, [1] * 4, radius=2)
    np.testing.assert_array_equal(length[10:20, 10:20], 1000)
    assert np.count_nonzero(length) == 100


def test_change_vector_never_grows_with_the_radius(rng: np.random.Generator) -> None:
    before, after = rng.integers(0, 255, (2, 3, 30, 30)).astype(np.uint8)
    usable = rng.random((30, 30)) > 0.3
    lengths = [
        rs_kernels.change_vector(before, after, usable, [1] * 3, [0] * 3, [1] * 3, radius=radius) for radius in range(3)
    ]
    assert (lengths[0] >= lengths[1]).all()
    assert (lengths[1] >= lengths[2]).all()


def test_local_norm_of_the_widest_window_does_not_overflow() -> None:
    score = np.full((210, 210), 65535, np.uint16)
    score[::2] = 0
    norm = rs_kernels.local_norm(score, np.ones(score.shape, bool), radius=100, floor=1.0)
    window = score[4:205, 4:205].astype(float)
    assert norm[104, 104] == pytest.approx((0 - window.mean()) / window.std(), rel=1e-6)


def test_local_mean_of_the_widest_window_does_not_overflow() -> None:
    score = np.full((210, 210), 65535, np.uint16)
    mean = rs_kernels.local_mean(score, np.ones(score.shape, bool), 100)
    np.testing.assert_array_equal(mean, 65535)


def test_mean_difference_of_the_widest_window_does_not_overflow() -> None:
    before, after = np.zeros((2, 210, 210), np.uint16), np.full((2, 210, 210), 65535, np.uint16)
    usable = np.ones((210, 210), bool)
    for weight in (1.0, -1.0):
        length = rs_kernels.mean_difference(before, after, usable, [1] * 2, [0] * 2, [weight] * 2, radius=100)
        np.testing.assert_array_equal(length, 127)


def test_mean_difference_lets_noise_cancel_but_not_change(rng: np.random.Generator) -> None:
    before = rng.normal(0.0, 1.0, (3, 40, 40)).astype(np.float32)
    after = rng.normal(0.0, 1.0, (3, 40, 40)).astype(np.float32)
    usable = np.ones((40, 40), bool)
    factors = [1] * 3, [0] * 3, [1] * 3
    assert rs_kernels.mean_difference(before, after, usable, *factors, radius=5)[5:-5, 5:-5].max() < 0.6
    after += 2
    assert rs_kernels.mean_difference(before, after, usable, *factors, radius=5)[5:-5, 5:-5].min() > 1.4


def test_mean_difference_takes_differences_to_whole_steps() -> None:
    before, after = np.zeros((1, 1, 3), np.float32), np.array([[[0.4, 0.6, 300.0]]], np.float32)
    steps = after / np.array([256, 256, 1], np.float32)
    length = rs_kernels.mean_difference(before, steps, np.ones((1, 3), bool), [1], [0], [1], radius=0)
    np.testing.assert_array_equal(length, [[0, 1 / 256, 127]])


@pytest.mark.parametrize("case", [case for case in named(PIXEL_COMPARISONS) if "float32" in str(case.id)])
def test_what_is_not_valid_is_never_read(case: Any, rng: np.random.Generator) -> None:
    inputs = case.make(rng, *SHAPE)
    if "valid" not in inputs:
        return
    expected = case.call(**inputs)
    for name in ("before", "after", "image", "values"):
        if name in inputs:
            inputs[name][..., ~inputs["valid"]] = 0
    np.testing.assert_array_equal(case.call(**inputs), expected)


def test_histogram_keeps_every_valid_pixel(rng: np.random.Generator) -> None:
    values = rng.normal(0.5, 5.0, (50, 60)).astype(np.float32)
    values[0, :9] = [np.nan, np.inf, -np.inf, 1e30, -1e30, 0.0, 1.0, -0.0, 0.5]
    usable = rng.random(values.shape) > 0.2
    assert rs_kernels.histogram(values, usable, 17, lo=0.0, hi=1.0).sum() == np.count_nonzero(usable)


@pytest.mark.simulator
@settings(max_examples=60 if not config.DISABLE_JIT else 10, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    height=st.integers(1, 12),
    width=st.integers(1, 40),
    radius=st.integers(0, 4),
    most=st.sampled_from([3, 100, 255]),
)
def test_levels_are_those_of_masks(seed: int, height: int, width: int, radius: int, most: int) -> None:
    rng = np.random.default_rng(seed)
    score = rng.integers(0, most, (height, width), np.uint8, endpoint=True)
    rows, cols = (rng.integers(1, 4, length) for length in score.shape)  # patches large enough to survive
    score = score.repeat(rows, axis=0).repeat(cols, axis=1)
    levels = [0, 1, 2, most // 2, most - 5 if most > 5 else 3]
    mine = rs_kernels.levels_reached(score, levels, radius=radius)
    np.testing.assert_array_equal(mine, pixels.levels_reached(score, levels, radius=radius), strict=True)


def test_a_block_with_its_halo_reaches_the_levels_of_the_whole(rng: np.random.Generator) -> None:
    patches = rng.integers(0, 256, (70, 540), np.uint8)
    score = patches.repeat(4, axis=0).repeat(4, axis=1)  # more than a tile either way
    for radius in range(5):
        halo = rs_kernels.levels_halo(radius)
        whole = rs_kernels.levels_reached(score, [20, 100, 250], radius=radius)
        assert whole.any()
        for top, left in ((0, 0), (61, 2040), (130, 77)):
            up, back = min(halo, top), min(halo, left)
            block = score[top - up : top + 90 + halo, left - back : left + 100 + halo]
            found = rs_kernels.levels_reached(block, [20, 100, 250], radius=radius)
            np.testing.assert_array_equal(
                found[up : up + 90, back : back + 100], whole[top : top + 90, left : left + 100]
            )


def test_what_is_not_observed_reaches_no_level() -> None:
    score = np.full((9, 9), 255, np.uint8)
    assert not rs_kernels.levels_reached(score, [0, 250], radius=0).any()
    score[:] = 7
    assert (rs_kernels.levels_reached(score, [7, 8], radius=4) == 1).all()
    assert (score == 7).all()


def test_change_vector_counts_in_steps_up_to_the_largest() -> None:
    before, after = np.zeros((1, 1, 4), np.float32), np.array([[[0.25, 0.75, 3.0, 1e9]]], np.float32)
    usable = np.array([[True, True, False, True]])
    steps = rs_kernels.change_vector(before, after, usable, [1], [0], [1], radius=0, steps=2.0)
    np.testing.assert_array_equal(steps, [[0, 2, 0, 65535]])  # halves to the even number


def test_local_mean_is_in_its_unit() -> None:
    mean = rs_kernels.local_mean(np.array([[2, 4, 9]], np.uint8), np.ones((1, 3), bool), 1, unit=0.5)
    np.testing.assert_array_equal(mean, [[1.5, 2.5, 3.25]])
