"""Whatever the blocks and their order: the objects, statistics and rings of the whole, bit for bit."""

import dataclasses
import pickle
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from numba import config

from benchmarks.planes import block_border, boundary_edges, label
from rs_kernels import BlockMerger, Edges, link_rings, object_stats, smooth_rings

SIMULATED = bool(config.ENABLE_CUDASIM)
MASKS = arrays(bool, array_shapes(min_dims=2, max_dims=2, max_side=11), elements=st.booleans(), fill=st.nothing())


def assert_same(found, expected):
    for field in dataclasses.fields(expected):
        a, b = getattr(found, field.name), getattr(expected, field.name)
        np.testing.assert_array_equal(a, b, strict=True, err_msg=field.name)


def values_of(mask):
    return np.random.default_rng(7).integers(-100, 250, (2, *mask.shape)).astype(np.int16)


def as_whole(mask):
    labels, count = label(mask)
    edges = boundary_edges(np.pad(mask, 1), labels)
    rings = link_rings(edges)
    return object_stats(labels, count, values_of(mask)), rings, smooth_rings(rings)


def by_blocks(mask, row_cuts, col_cuts, rng):
    height, width = mask.shape
    windows = [
        (top, left, bottom, right)
        for top, bottom in pairwise(sorted({0, *row_cuts, height}))
        for left, right in pairwise(sorted({0, *col_cuts, width}))
    ]
    rng.shuffle(windows)
    padded, values = np.pad(mask, 1), values_of(mask)
    merger, edges = BlockMerger(), {}
    for top, left, bottom, right in windows:
        labels, count = label(mask[top:bottom, left:right])
        stats = object_stats(labels, count, values[:, top:bottom, left:right], row=top, col=left)
        # As from a worker process.
        merger.add(*pickle.loads(pickle.dumps((block_border(labels, row=top, col=left), stats))))
        halo = padded[top : bottom + 2, left : right + 2]
        edges[top, left] = boundary_edges(halo, labels, row=top, col=left)
    merged = merger.finish()
    assert merged.ids_by_block.keys() == edges.keys()
    whole = Edges.concatenate([part.relabelled(merged.ids_by_block[place]) for place, part in edges.items()])
    rings = link_rings(whole)
    return merged.stats, rings, smooth_rings(rings)


def assert_blocks_are_the_whole(mask, row_cuts, col_cuts, seed=0):
    for found, expected in zip(
        by_blocks(mask, row_cuts, col_cuts, np.random.default_rng(seed)), as_whole(mask), strict=True
    ):
        assert_same(found, expected)


@pytest.mark.simulator
@given(mask=MASKS, data=st.data())
@settings(deadline=None, max_examples=15 if SIMULATED else 40)
def test_any_mask_in_any_blocks(mask, data):
    row_cuts = data.draw(st.sets(st.integers(0, mask.shape[0])))
    col_cuts = data.draw(st.sets(st.integers(0, mask.shape[1])))
    assert_blocks_are_the_whole(mask, row_cuts, col_cuts, data.draw(st.integers(0, 5)))


def spiral(size):
    """One object that winds inwards, one pixel wide with gaps as wide: it crosses each block border many times."""
    mask = np.zeros((size, size), bool)
    place, step = np.array([0, -1]), np.array([0, 1])
    turned = False
    while True:
        ahead, beyond = place + step, place + 2 * step
        is_wall = not (ahead.min() >= 0 and ahead.max() < size)
        if not is_wall and beyond.min() >= 0 and beyond.max() < size:
            is_wall = bool(mask[tuple(beyond)])
        if is_wall and turned:
            return mask
        if is_wall:
            step = np.array([step[1], -step[0]])
        else:
            place = ahead
            mask[tuple(place)] = True
        turned = is_wall


SHAPES = {
    "empty": np.zeros((9, 8), bool),
    "full": np.ones((9, 8), bool),
    "checkerboard": np.indices((9, 8)).sum(0) % 2 == 0,
    "diagonals": np.eye(9, dtype=bool) | np.eye(9, dtype=bool)[::-1],
    "spiral": spiral(15),
    "nested rings": np.maximum(*np.abs(np.indices((13, 13)) - 6)) % 2 == 0,
}


@pytest.mark.simulator
@pytest.mark.parametrize("mask", SHAPES.values(), ids=SHAPES.keys())
@pytest.mark.parametrize("step", [1, 3, 4])
def test_known_shapes(mask, step):
    assert_blocks_are_the_whole(mask, range(0, mask.shape[0], step), range(0, mask.shape[1], step))


@pytest.mark.parametrize("density", [0.05, 0.35, 0.41, 0.7])
def test_a_larger_scene(density):
    mask = np.random.default_rng(2).random((97, 120)) < density
    for step in (13, 64):
        assert_blocks_are_the_whole(mask, range(0, 97, step), range(3, 120, step))


@pytest.mark.simulator
def test_corners_of_blocks_touch():
    mask = np.array([[True, False], [False, True]])
    stats, _, _ = by_blocks(mask, [1], [1], np.random.default_rng(0))
    assert stats.pixels.tolist() == [2]
    stats, _, _ = by_blocks(mask[::-1], [1], [1], np.random.default_rng(0))
    assert stats.pixels.tolist() == [2]


@pytest.mark.simulator
def test_merger_refuses_what_does_not_fit():
    labels, count = label(np.ones((2, 2), bool))
    stats = object_stats(labels, count, labels[np.newaxis])
    merger = BlockMerger()
    with pytest.raises(ValueError, match="no block"):
        merger.finish()
    merger.add(block_border(labels, row=0, col=0), stats)
    with pytest.raises(ValueError, match="added before"):
        merger.add(block_border(labels, row=0, col=0), stats)
    with pytest.raises(ValueError, match="more labels"):
        merger.add(block_border(labels + 1, row=0, col=2), stats)


@pytest.mark.simulator
def test_unwanted_objects_are_left_out():
    mask = np.array([[True, False, True, True]])
    labels, _ = label(mask)
    edges = boundary_edges(np.pad(mask, 1), labels).relabelled(np.array([0, 0, 5], np.int32))
    rings = link_rings(edges)
    assert rings.ids.tolist() == [5]
    assert edges.label.size == 6
