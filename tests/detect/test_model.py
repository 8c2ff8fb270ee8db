"""What is learnt from a sample: the bands, the normalisation, and the level that divides a scene."""

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from rs_governance.detect import SpectralParameters
from rs_governance.detect.model import _spread, compared_bands, dividing_level, learn_model, percentiles
from rs_governance.errors import NothingObserved
from rs_governance.scenes import AlignedPair

Ground = Callable[..., NDArray[Any]]
PairOf = Callable[..., AlignedPair]
LOWEST = 0.02


def two_kinds(seed: int, *, changed: int = 500) -> NDArray[np.float32]:
    rng = np.random.default_rng(seed)
    quiet, loud = rng.lognormal(np.log(0.3), 0.4, 5000), rng.lognormal(np.log(4), 0.4, changed)
    return np.concatenate([quiet, loud]).astype(np.float32)


@given(
    st.integers(0, 2**32 - 1), st.integers(1, 300), st.sampled_from([1, 7, 255]), st.tuples(*[st.floats(0, 100)] * 2)
)
def test_percentiles_by_counting_are_those_of_numpy(seed: int, size: int, most: int, shares: tuple[float, ...]) -> None:
    samples = np.random.default_rng(seed).integers(0, most, (3, size), endpoint=True)
    for kind, factor in ((np.uint8, 1), (np.uint16, 257), (np.float32, 0.3)):
        numbers: NDArray[Any] = (samples * factor).astype(kind)
        found = percentiles(numbers, (5.0, *shares))
        np.testing.assert_array_equal(found, np.percentile(numbers, (5.0, *shares), axis=1), strict=True)


def test_the_level_lies_between_two_kinds() -> None:
    assert 0.5 < dividing_level(two_kinds(0)) < 3


@given(st.floats(0.5, 1000), st.integers(0, 20))
def test_the_level_follows_the_unit(factor: float, seed: int) -> None:
    strengths = two_kinds(seed) + np.float32(LOWEST)
    # One of 256 bins of the logarithm may tip over.
    assert dividing_level(strengths * np.float32(factor)) == pytest.approx(factor * dividing_level(strengths), rel=0.05)


def test_a_few_glints_do_not_pull_the_level_up() -> None:
    strengths = two_kinds(1)
    glints = np.full(10, 1e4, np.float32)
    assert dividing_level(np.concatenate([strengths, glints])) < 1.5 * dividing_level(strengths)


def test_the_order_of_pixels_does_not_matter() -> None:
    strengths = two_kinds(2)
    assert dividing_level(strengths[::-1]) == dividing_level(strengths)


@pytest.mark.parametrize("value", [0.0, 1e-9, 0.3, 50.0])
@pytest.mark.parametrize("count", [1, 1000])
def test_the_level_of_constant_strength_is_above_it(value: float, count: int) -> None:
    level = dividing_level(np.full(count, value, np.float32))
    assert level >= LOWEST
    assert level > value


def test_rounding_alone_does_not_make_a_level() -> None:
    assert dividing_level(np.random.default_rng(3).uniform(0, 1e-3, 5000).astype(np.float32)) == LOWEST


@pytest.mark.parametrize(
    ("roles", "expected"),
    [
        (("red", "green", "blue"), ("red", "green", "blue")),
        (("nir", "red", "green", "blue"), ("nir", "red", "green", "blue")),
        (("pan",), ("pan",)),
        (("red",), ("red",)),
        (("red", "swir1"), ("red", "swir1")),
        (("red", "nir", "swir1"), ("red", "nir")),
        (("band_1", "band_2", "band_3"), ("band_1", "band_2", "band_3")),
        (tuple(f"band_{band}" for band in range(1, 14)), ("band_1", "band_2", "band_3", "band_4")),
        (("coastal", "blue", "green", "red", "rededge1", "nir", "nir_narrow"), ("blue", "green", "red", "nir")),
    ],
)
def test_sharp_bands_are_compared(roles: tuple[str, ...], expected: tuple[str, ...]) -> None:
    assert tuple(roles[band] for band in compared_bands(roles)) == expected


def test_gains_and_offsets_bring_the_later_date_to_the_earlier(ground: Ground, pair_of: PairOf) -> None:
    before = ground(0, dtype="float32")
    after = (before - 0.03) / np.array([0.8, 1.0, 1.25, 2.0], np.float32)[:, None, None]
    model = learn_model(pair_of(before, after), SpectralParameters())
    np.testing.assert_allclose(model.standard.gain, [0.8, 1.0, 1.25, 2.0], rtol=1e-3)
    np.testing.assert_allclose(model.standard.offset, 0.03, atol=1e-3)
    np.testing.assert_allclose(1 / model.standard.weight, before.std(axis=(1, 2)), rtol=1e-3)


def test_the_model_is_recorded_as_json(ground: Ground, pair_of: PairOf) -> None:
    model = learn_model(pair_of(ground(0), ground(1)), SpectralParameters())
    record = json.loads(json.dumps(model.as_record(), allow_nan=False))
    assert record["learnt"]["bands"] == ["blue", "green", "red", "nir"]
    assert record["learnt"]["level"] == model.level
    assert record["smallest_m2"] == SpectralParameters().smallest_m2


def test_a_pair_without_a_usable_pixel_is_refused(ground: Ground, pair_of: PairOf) -> None:
    empty = np.zeros((4, 100, 100), np.uint16)
    with pytest.raises(NothingObserved, match="Not one pixel"):
        learn_model(pair_of(empty, ground(0, height=100, width=100), nodata=0), SpectralParameters())


@pytest.mark.parametrize(("share", "off"), [(0.005, 0.05), (0.02, 0.1), (0.04, 0.2)])
def test_a_bright_patch_hardly_moves_the_gains(share: float, off: float) -> None:
    # Mean and deviation would be off by 0.42, 0.66 and 0.75.
    rng = np.random.default_rng(5)
    before = rng.normal(1000, 150, (4, 300, 300)).astype(np.float64)
    after = before + rng.normal(0, 30, before.shape)
    side = round(300 * share**0.5)
    after[:, 20 : 20 + side, 40 : 40 + side] += 3000
    spread = _spread(before.reshape(4, -1)), _spread(after.reshape(4, -1))
    assert spread[0][1] / spread[1][1] == pytest.approx(1.0, abs=off)
    assert spread[1][0] - spread[0][0] == pytest.approx(0.0, abs=15.0)
