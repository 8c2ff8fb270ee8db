"""Labels and statistics: each like its slow twin, on every device."""

import dataclasses

import numpy as np
import pytest
from numba import config, cuda
from scipy import ndimage

from benchmarks.comparisons import OBJECT_COMPARISONS
from benchmarks.planes import label
from rs_kernels import label_listed, object_stats
from rs_kernels.reference import objects as reference

DEVICES = ["cpu", "cuda"] if cuda.is_available() else ["cpu"]
SIMULATED = bool(config.ENABLE_CUDASIM)
SHAPES = [(1, 1), (1, 70), (7, 61)] if SIMULATED else [(1, 1), (1, 70), (70, 1), (40, 131), (130, 200)]
DENSITIES = [0.0, 0.3, 0.6, 1.0]


def assert_same(found, expected):
    for field in dataclasses.fields(expected):
        a, b = getattr(found, field.name), getattr(expected, field.name)
        assert a.dtype == b.dtype, field.name
        np.testing.assert_array_equal(a, b, strict=True, err_msg=field.name)


def random_mask(shape, density, seed=0):
    return np.random.default_rng(seed).random(shape) < density


def meander(size):
    """One object that runs back and forth through the whole square, one pixel wide."""
    mask = np.zeros((size, size), bool)
    mask[::2] = True
    mask[1::4, -1] = True
    mask[3::4, 0] = True
    return mask


@pytest.mark.simulator
@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("case", OBJECT_COMPARISONS, ids=lambda case: case.name)
def test_comparison(case, device, rng):
    inputs = case.make(rng, 13, 19)
    case.check(case.call(**inputs, device=device), case.reference(**inputs))


@pytest.mark.simulator
@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("density", DENSITIES)
def test_label_and_stats_are_their_twins(shape, density, device):
    mask = random_mask(shape, density)
    labels, count = label(mask)
    expected_labels, expected_count = reference.label(mask)
    assert count == expected_count
    np.testing.assert_array_equal(labels, expected_labels, strict=True)

    values = np.random.default_rng(1).integers(0, 2**16, (2, *shape)).astype(np.uint16)
    stats = object_stats(labels, count, values, row=1000, col=70_000, device=device)
    assert_same(stats, reference.object_stats(labels, count, values, row=1000, col=70_000))


@pytest.mark.simulator
def test_label_follows_one_long_object():
    size = 15 if SIMULATED else 61
    for mask in (meander(size), meander(size).T, np.indices((9, 9)).sum(0) % 2 == 0):
        labels, count = label(mask)
        assert count == ndimage.label(mask, np.ones((3, 3)))[1] == 1
        np.testing.assert_array_equal(labels, mask)


@pytest.mark.parametrize("density", [0.05, 0.3, 0.41, 0.6, 0.9])
def test_label_is_that_of_scipy_at_size(density):
    mask = random_mask((700, 801), density, seed=3)
    labels, count = label(mask)
    expected, expected_count = ndimage.label(mask, np.ones((3, 3)))
    assert count == expected_count
    # SciPy numbers by the first pixel as well, so the labels are the same, not merely the partition.
    np.testing.assert_array_equal(labels, expected)


@pytest.mark.simulator
@pytest.mark.parametrize("device", DEVICES)
def test_stats_of_several_layers_are_those_of_one(device):
    rng = np.random.default_rng(2)
    labels, count = label(random_mask((9, 31), 0.5))
    score = rng.integers(0, 251, (1, 9, 31)).astype(np.uint8)
    # Layers need not be contiguous: a block is cut out of what was read with its halo.
    bands = rng.integers(0, 2**16, (3, 13, 40)).astype(np.uint16)[:, 2:11, 5:36]
    far = rng.integers(-(2**40), 2**40, (2, 9, 31))
    stats = object_stats(labels, count, (score, bands, far), row=3, device=device)
    together = np.concatenate([score, bands, far], dtype=np.int64)
    assert_same(stats, object_stats(labels, count, together, row=3, device=device))
    assert_same(stats, reference.object_stats(labels, count, (score, bands, far), row=3))


@pytest.mark.simulator
def test_label_listed_follows_a_meander_and_refuses_disorder():
    labels, count = label_listed(np.flatnonzero(meander(15)), (15, 15))
    assert count == 1
    assert (labels == 1).all()
    for wrong in ([1, 0], [0, 0], [-1, 2], [3, 6]):
        with pytest.raises(ValueError, match="ascending"):
            label_listed(np.array(wrong), (2, 3))


@pytest.mark.simulator
def test_stats_hold_extreme_integers():
    values = np.array([[[2**62, 2**62 - 1, -(2**62)]]])
    stats = object_stats(np.array([[1, 1, 2]], np.int32), 2, values)
    assert stats.total.tolist() == [[2**63 - 1, -(2**62)]]
    assert stats.minimum.tolist() == [[2**62 - 1, -(2**62)]]
    assert stats.maximum.tolist() == [[2**62, -(2**62)]]


@pytest.mark.simulator
@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize(("labels", "count"), [([[1, 3]], 2), ([[1, -1]], 1), ([[1, 0]], 2), ([[1, 1]], 0)])
def test_stats_refuse_labels_that_are_not_1_to_count(labels, count, device):
    with pytest.raises(ValueError, match="each of 1 to"):
        object_stats(np.array(labels, np.int32), count, np.zeros((1, 1, 2), np.uint8), device=device)


@pytest.mark.simulator
def test_refuses_what_it_cannot_read():
    mask = np.ones((3, 4), bool)
    labels = mask.astype(np.int32)
    with pytest.raises(TypeError, match="quantise"):
        object_stats(labels, 1, np.ones((1, 3, 4), np.float32))
    with pytest.raises(ValueError, match="on the pixels of"):
        object_stats(labels, 1, np.ones((1, 4, 3), np.int32))
    with pytest.raises(ValueError, match="at least one array"):
        object_stats(labels, 1, ())
