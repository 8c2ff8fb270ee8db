"""Outlines: like their twins, of exactly the area of the pixels, valid once smoothed."""

import dataclasses

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from numba import config
from rasterio.features import shapes

from benchmarks.planes import boundary_edges, label
from rs_kernels import Edges, link_rings, listed_edges, smooth_rings
from rs_kernels.reference import objects as reference

SIMULATED = bool(config.ENABLE_CUDASIM)
MASKS = arrays(bool, array_shapes(min_dims=2, max_dims=2, max_side=12), elements=st.booleans(), fill=st.nothing())


def assert_same(found, expected):
    for field in dataclasses.fields(expected):
        a, b = getattr(found, field.name), getattr(expected, field.name)
        np.testing.assert_array_equal(a, b, strict=True, err_msg=field.name)


def outline(mask):
    labels, _ = label(mask)
    return link_rings(boundary_edges(np.pad(mask, 1), labels))


def polygons(rings):
    return shapely.from_ragged_array(shapely.GeometryType.POLYGON, rings.coordinates, rings.offsets)


def pixels_of(mask):
    labels, count = label(mask)
    return np.bincount(labels[mask], minlength=count + 1)[1:]


def assert_sound(mask):
    rings = outline(mask)
    assert_same(rings, reference.link_rings(reference.boundary_edges(np.pad(mask, 1), label(mask)[0])))
    np.testing.assert_array_equal(shapely.area(polygons(rings)), pixels_of(mask))

    smooth = smooth_rings(rings)
    assert_same(smooth, reference.smooth_rings(rings))
    found = polygons(smooth)
    assert shapely.is_valid(found).all()
    holes = np.diff(rings.object_offsets) - 1
    np.testing.assert_array_equal(shapely.get_num_interior_rings(found), holes)
    np.testing.assert_array_equal(shapely.area(found), pixels_of(mask) - 0.5 + 0.5 * holes)
    exteriors = shapely.get_exterior_ring(found)
    # Coordinates are (col, row): counter-clockwise with north up is clockwise to shapely.
    assert not shapely.is_ccw(exteriors).any()
    assert not shapely.overlaps(found[:, None], found[None, :]).any()


@pytest.mark.simulator
@given(mask=MASKS)
@settings(deadline=None, max_examples=15 if SIMULATED else 40)
def test_any_mask(mask):
    assert_sound(mask)


@pytest.mark.parametrize("density", [0.1, 0.4, 0.6, 0.9])
def test_areas_are_those_of_gdal(density):
    mask = np.random.default_rng(5).random((83, 119)) < density
    assert_same(smooth_rings(outline(mask)), reference.smooth_rings(reference.link_rings(edges_of(mask))))
    labels, count = label(mask)
    expected = np.zeros(count)
    parts = np.zeros(count, int)
    for polygon, value in shapes(labels, mask=mask, connectivity=8):
        expected[int(value) - 1] += shapely.area(shapely.geometry.shape(polygon))
        parts[int(value) - 1] += 1
    found = polygons(outline(mask))
    np.testing.assert_array_equal(shapely.area(found), expected)
    np.testing.assert_array_equal(parts, 1)
    assert shapely.area(found).sum() == mask.sum()


def edges_of(mask):
    return boundary_edges(np.pad(mask, 1), label(mask)[0])


@pytest.mark.simulator
@pytest.mark.parametrize("shape", [(1, 1), (6, 11)] if SIMULATED else [(1, 1), (1, 33), (50, 77)])
@pytest.mark.parametrize("density", [0.0, 0.5, 1.0])
def test_edges_are_their_twin(shape, density):
    mask = np.random.default_rng(1).random((shape[0] + 2, shape[1] + 2)) < density
    labels, _ = label(mask[1:-1, 1:-1])
    found = boundary_edges(mask, labels, row=70_000, col=3)
    assert_same(found, reference.boundary_edges(mask, labels, row=70_000, col=3))


@pytest.mark.simulator
@pytest.mark.parametrize("density", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("level", [0, 1])
def test_listed_edges_are_those_of_the_mask(density, level):
    """Two thirds of the pixels are listed; beyond the array is the edge of the scene."""
    rng = np.random.default_rng(level)
    depth = (rng.random((6, 9)) < density) * rng.integers(1, 4, (6, 9), np.uint8)
    labels = label(depth > level)[0]
    ys, xs = np.nonzero((depth > level) & (labels % 3 > 0))
    found = listed_edges(ys, xs, labels[ys, xs], depth, level, row=7, col=3)
    assert_same(found, reference.listed_edges(ys, xs, labels[ys, xs], depth, level, row=7, col=3))
    whole = boundary_edges(np.pad(depth > level, 1), labels, row=7, col=3)
    kept = np.arange(labels.max() + 1, dtype=np.int32)
    kept[kept % 3 == 0] = 0
    assert_same(found, whole.relabelled(kept))


@pytest.mark.simulator
def test_saddle_joins_the_diagonal():
    rings = outline(np.array([[True, False], [False, True]]))
    assert rings.ring_offsets.tolist() == [0, 9]
    rings = outline(np.array([[False, True], [True, False]]))
    assert rings.ring_offsets.tolist() == [0, 9]


@pytest.mark.simulator
def test_hole_that_touches_the_exterior_by_corners():
    diamond = np.array([[False, True, False], [True, False, True], [False, True, False]])
    rings = outline(diamond)
    assert rings.object_offsets.tolist() == [0, 2]
    assert_sound(diamond)
    (polygon,) = polygons(smooth_rings(rings))
    hole = shapely.Polygon(polygon.interiors[0])
    assert hole.area == 0.5
    assert not shapely.get_exterior_ring(polygon).intersects(hole)


@pytest.mark.simulator
def test_object_in_the_hole_of_another():
    mask = np.maximum(*np.abs(np.indices((9, 9)) - 4)) % 2 == 0
    assert_sound(mask)
    assert np.diff(outline(mask).object_offsets).tolist() == [2, 2, 1]


@pytest.mark.simulator
def test_staircase_becomes_straight():
    mask = np.tri(20, dtype=bool)
    (polygon,) = polygons(smooth_rings(outline(mask)))
    # Three sides, each with its two ends, one of them a cut corner.
    assert shapely.get_num_coordinates(polygon) - 1 == 6


@pytest.mark.simulator
def test_order_of_edges_does_not_matter():
    mask = np.random.default_rng(3).random((12, 14)) < 0.6
    edges = edges_of(mask)
    order = np.random.default_rng(4).permutation(edges.row.size)
    shuffled = Edges(**{field.name: getattr(edges, field.name)[order] for field in dataclasses.fields(edges)})
    assert_same(link_rings(shuffled), link_rings(edges))


@pytest.mark.simulator
def test_refuses_edges_that_are_no_outlines():
    edges = edges_of(np.ones((2, 2), bool))
    missing = Edges(**{field.name: getattr(edges, field.name)[1:] for field in dataclasses.fields(edges)})
    with pytest.raises(ValueError, match="open"):
        link_rings(missing)
    with pytest.raises(ValueError, match="twice"):
        link_rings(Edges.concatenate([edges, edges]))
    with pytest.raises(ValueError, match="changes its label"):
        link_rings(dataclasses.replace(edges, label=np.arange(8, dtype=np.int32)))
    apart = edges_of(np.array([[True, False, True]]))
    with pytest.raises(ValueError, match="one exterior"):
        link_rings(dataclasses.replace(apart, label=np.ones(8, np.int32)))


@pytest.mark.simulator
def test_refuses_pixels_outside_of_the_plane():
    at, one = np.array([3]), np.ones(1, np.int32)
    with pytest.raises(ValueError, match="'ys' must be 0 to 2"):
        listed_edges(at, at, one, np.ones((3, 4), np.uint8), 0)
    with pytest.raises(ValueError, match="must lie within"):
        listed_edges(at, at, one, np.ones((4, 4), np.uint8), 0, row=2**30)
