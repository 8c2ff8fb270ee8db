"""Opening and closing, labels, statistics: each like its slow twin, on every device."""

import dataclasses
from typing import Any

import numpy as np
import pytest
from numba import config, cuda
from scipy import ndimage

from benchmarks.comparisons import OBJECT_COMPARISONS
from rs_kernels import label, label_listed, morphology_halo, object_stats, open_close
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
def test_open_close_is_its_twin(shape, device):
    mask = random_mask(shape, 0.75)
    cases = [(1, 1, "disc"), (3, 4, "disc"), (0, 2, "square"), (4, 0, "square")]
    for open_radius, close_radius, element in cases[: 2 if SIMULATED else 4]:
        for order in ("open-close", "close-open"):
            parameters: dict[str, Any] = {
                "open_radius": open_radius,
                "close_radius": close_radius,
                "shape": element,
                "order": order,
            }
            found = open_close(mask, **parameters, device=device)
            np.testing.assert_array_equal(found, reference.open_close(mask, **parameters), strict=True)


@pytest.mark.simulator
def test_open_close_is_that_of_scipy_away_from_the_edge():
    mask = random_mask((60, 90), 0.8)
    disc = np.hypot(*np.mgrid[-2:3, -2:3]) <= 2
    expected = ndimage.binary_closing(ndimage.binary_opening(mask, disc), np.ones((3, 3)))
    halo = morphology_halo(2, 2)
    opened = open_close(mask, open_radius=2, close_radius=0)
    found = open_close(opened, open_radius=0, close_radius=1, shape="square")
    np.testing.assert_array_equal(found[halo:-halo, halo:-halo], expected[halo:-halo, halo:-halo])


@pytest.mark.simulator
@pytest.mark.parametrize("order", ["open-close", "close-open"])
@pytest.mark.parametrize("clipped", [True, False])
def test_block_with_halo_is_the_crop_of_the_whole(order, clipped):
    parameters: dict[str, Any] = {"open_radius": 1, "close_radius": 2, "order": order}
    halo = morphology_halo(1, 2)
    mask = random_mask((23, 37), 0.7)
    whole = open_close(mask, **parameters)
    for row in range(0, 23, 9):
        for col in range(0, 37, 16):
            inner = np.s_[row : row + 9, col : col + 16]
            if clipped:
                top, left = max(row - halo, 0), max(col - halo, 0)
                block = mask[top : row + 9 + halo, left : col + 16 + halo]
            else:
                top, left = row - halo, col - halo
                block = np.pad(mask, halo)[row : row + 9 + 2 * halo, col : col + 16 + 2 * halo]
            found = open_close(block, **parameters)[row - top :, col - left :][:9, :16]
            height, width = whole[inner].shape
            np.testing.assert_array_equal(found[:height, :width], whole[inner])


@pytest.mark.simulator
def test_open_close_removes_specks_and_fills_gaps():
    mask = np.zeros((12, 12), bool)
    mask[1, 1] = True
    mask[4:10, 4:10] = True
    mask[6, 4:10] = False
    result = open_close(mask, open_radius=0, close_radius=1)
    assert result[6, 6]
    result = open_close(mask, open_radius=1, close_radius=0, shape="square")
    assert not result[1, 1]
    assert result[8, 6]
    assert open_close(mask[::2, ::2], open_radius=0, close_radius=0).flags.c_contiguous


@pytest.mark.simulator
@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("density", DENSITIES)
def test_label_and_stats_are_their_twins(shape, density, device):
    mask = random_mask(shape, density)
    labels, count = label(mask, device=device)
    expected_labels, expected_count = reference.label(mask)
    assert count == expected_count
    np.testing.assert_array_equal(labels, expected_labels, strict=True)

    values = np.random.default_rng(1).integers(0, 2**16, (2, *shape)).astype(np.uint16)
    stats = object_stats(labels, count, values, row=1000, col=70_000, device=device)
    assert_same(stats, reference.object_stats(labels, count, values, row=1000, col=70_000))


@pytest.mark.simulator
@pytest.mark.parametrize("device", DEVICES)
def test_label_follows_one_long_object(device):
    size = 15 if SIMULATED else 61
    for mask in (meander(size), meander(size).T, np.indices((9, 9)).sum(0) % 2 == 0):
        labels, count = label(mask, device=device)
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
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("density", DENSITIES)
def test_label_listed_is_label(shape, density):
    mask = random_mask(shape, density)
    places = np.flatnonzero(mask)
    labels, count = label(mask)
    found = label_listed(places, shape)
    np.testing.assert_array_equal(found[0], labels.ravel()[places], strict=True)
    assert found[1] == count
    if not SIMULATED:
        np.testing.assert_array_equal(found[0], reference.label_listed(places, shape)[0], strict=True)


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
    with pytest.raises(TypeError, match="bool"):
        open_close(mask.astype(np.uint8), open_radius=1, close_radius=1)
    with pytest.raises(ValueError, match="open_radius"):
        open_close(mask, open_radius=5, close_radius=1)
    with pytest.raises(ValueError, match="'shape' must be"):
        open_close(mask, open_radius=1, close_radius=1, shape="star")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="'order' must be"):
        open_close(mask, open_radius=1, close_radius=1, order="close")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="bool"):
        label(mask.astype(np.int32))
    labels = mask.astype(np.int32)
    with pytest.raises(TypeError, match="quantise"):
        object_stats(labels, 1, np.ones((1, 3, 4), np.float32))
    with pytest.raises(ValueError, match="on the pixels of"):
        object_stats(labels, 1, np.ones((1, 4, 3), np.int32))
    with pytest.raises(ValueError, match="at least one array"):
        object_stats(labels, 1, ())
