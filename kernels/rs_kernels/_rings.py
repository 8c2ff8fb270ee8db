"""Rings of objects: unit edges of all blocks linked into closed rings, and rings rid of their staircase."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit, prange

from rs_kernels._device import LOOP, RULE
from rs_kernels._outline import Edges

# An edge packed into one integer that sorts by start vertex in reading order, then by direction (0 east, 1 south,
# 2 west, 3 north; one further is a right turn).
_ROW_SHIFT, _COL_SHIFT, _COL_MASK, _DIRECTION_MASK = 32, 2, (1 << 30) - 1, 3
_STEP_ROW, _STEP_COL = (0, 1, 0, -1), (1, 0, -1, 0)


@dataclass(frozen=True, kw_only=True)
class Rings:
    """Closed rings of objects, laid out as ``shapely.from_ragged_array(POLYGON, coordinates, offsets)`` takes them."""

    coordinates: npt.NDArray[np.float64]
    """Shape (m, 2): (col, row) of vertices in pixel corners of the scene; the first of a ring is repeated at its end."""
    ring_offsets: npt.NDArray[np.int64]
    """Shape (rings + 1,): where each ring starts in `coordinates`."""
    object_offsets: npt.NDArray[np.int64]
    """Shape (objects + 1,): where each object starts in the rings: first its exterior, then its holes."""
    ids: npt.NDArray[np.int32]
    """Shape (objects,): their ids, ascending."""

    @property
    def offsets(self) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """The offsets of rings and of objects."""
        return self.ring_offsets, self.object_offsets


@njit(**LOOP)
def _find_next(key: Any, first_row: Any, row_starts: Any, following: Any) -> None:
    """For each edge, in sorted order, find where the edge after it stands; -1 if there is none."""
    for i in prange(key.size):
        direction = key[i] & _DIRECTION_MASK
        row = (key[i] >> _ROW_SHIFT) + _STEP_ROW[direction]
        col = ((key[i] >> _COL_SHIFT) & _COL_MASK) + _STEP_COL[direction]
        vertex = (row << _ROW_SHIFT) + (col << _COL_SHIFT)
        following[i] = -1
        line = row - first_row
        if line < 0 or line + 1 >= row_starts.size:
            continue
        low, end = row_starts[line], row_starts[line + 1]
        high = end
        while low < high:
            middle = (low + high) // 2
            if key[middle] < vertex:
                low = middle + 1
            else:
                high = middle
        if low < end and key[low] >> _COL_SHIFT == vertex >> _COL_SHIFT:
            following[i] = low
            # Two edges start where two pixels of an object meet only by their corners. The right turn passes from one
            # pixel to the other and so keeps the object, 8-connected, in one piece.
            if low + 1 < end and key[low + 1] == vertex + ((direction + 1) & _DIRECTION_MASK):
                following[i] = low + 1


@njit(**RULE, nogil=True)
def _trace(key: Any, label: Any, following: Any, sequence: Any, ring_starts: Any, is_exterior: Any) -> Any:
    """Follow the edges ring by ring; returns the number of rings, or -1 if one does not close with its own label."""
    seen = np.zeros(key.size, np.bool_)
    rings, slot = 0, 0
    for first in range(key.size):
        if seen[first]:
            continue
        ring_starts[rings] = slot
        area = 0
        edge = first
        while True:
            seen[edge] = True
            sequence[slot] = edge
            slot += 1
            area -= _STEP_ROW[key[edge] & _DIRECTION_MASK] * ((key[edge] >> _COL_SHIFT) & _COL_MASK)
            edge = following[edge]
            if edge == first:
                break
            if edge < 0 or seen[edge] or label[edge] != label[first]:
                return -1
        is_exterior[rings] = area > 0
        rings += 1
    ring_starts[rings] = slot
    return rings


@njit(**LOOP)
def _write_vertices(key: Any, sequence: Any, starts: Any, offsets: Any, coordinates: Any) -> None:
    for ring in prange(starts.size):
        length = offsets[ring + 1] - offsets[ring] - 1
        for i in range(length + 1):
            edge = key[sequence[starts[ring] + i % length]]
            coordinates[offsets[ring] + i, 0] = (edge >> _COL_SHIFT) & _COL_MASK
            coordinates[offsets[ring] + i, 1] = edge >> _ROW_SHIFT


def link_rings(edges: Edges) -> Rings:
    """Link the unit edges of whole objects into rings.

    Each object, 8-connected, has one exterior, counter-clockwise when north is up, and clockwise holes, 4-connected.
    An exterior may touch itself and its holes at vertices; after `smooth_rings` no ring touches anything. The result
    does not depend on the order of the edges: a ring starts at its first vertex in reading order, holes are in the
    order of their starts. This runs on the CPU: following a ring is one step after another.

    Parameters
    ----------
    edges : Edges
        From `listed_edges`, of every block that the objects reach, with the same label throughout an object.

    Returns
    -------
    Rings
        A vertex for each edge, on whole numbers.

    Raises
    ------
    ValueError
        If an edge occurs twice, a ring does not close or changes its label, or a label has not one exterior.

    Examples
    --------
    >>> from rs_kernels import listed_edges
    >>> at = np.array([0])
    >>> edges = listed_edges(at, at, np.array([1], np.int32), np.ones((1, 1), np.uint8), 0)
    >>> link_rings(edges).coordinates.tolist()
    [[0.0, 0.0], [0.0, 1.0], [1.0, 1.0], [1.0, 0.0], [0.0, 0.0]]
    """
    key = (edges.row.astype(np.int64) << _ROW_SHIFT) | (edges.col.astype(np.int64) << _COL_SHIFT) | edges.direction
    order = np.argsort(key)
    key, label = key[order], edges.label[order]
    if (key[1:] == key[:-1]).any():
        raise ValueError("An edge occurs twice; give the edges of each block once.")
    first_row, last_row = (key[0] >> _ROW_SHIFT, key[-1] >> _ROW_SHIFT) if key.size else (0, 0)
    row_starts = np.searchsorted(key, np.arange(first_row, last_row + 2) << _ROW_SHIFT)
    following = np.empty(key.size, np.int64)
    _find_next(key, first_row, row_starts, following)

    sequence = np.empty(key.size, np.int64)
    ring_starts, is_exterior = np.empty(key.size // 2 + 1, np.int64), np.empty(key.size // 2, np.bool_)
    count = _trace(key, label, following, sequence, ring_starts, is_exterior)
    if count < 0:
        raise ValueError("A ring is open or changes its label; give the edges of all blocks, relabelled by their ids.")
    starts, lengths = ring_starts[:count], np.diff(ring_starts[: count + 1])

    ids, is_exterior = label[sequence[starts]], is_exterior[:count]
    by_object = np.lexsort((~is_exterior, ids))
    object_ids, object_starts = np.unique(ids[by_object], return_index=True)
    if is_exterior.sum() != object_ids.size or not is_exterior[by_object[object_starts]].all():
        raise ValueError("A label has not one exterior; give labels of 8-connected objects, relabelled by their ids.")

    offsets = _offsets(lengths[by_object] + 1)
    coordinates = np.empty((offsets[-1], 2), np.float64)
    _write_vertices(key, sequence, starts[by_object], offsets, coordinates)
    return Rings(
        coordinates=coordinates,
        ring_offsets=offsets,
        object_offsets=np.append(object_starts, count).astype(np.int64),
        ids=object_ids,
    )


def _offsets(lengths: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    return np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)])


@njit(**RULE)
def _turns(vertices: Any, start: Any, length: Any, i: Any) -> Any:
    """Whether a ring through the midpoints of its edges turns at edge i: the edges before and after it differ."""
    before, after = start + (i - 1) % length, start + (i + 1) % length
    return (
        vertices[before + 1, 0] - vertices[before, 0] != vertices[after + 1, 0] - vertices[after, 0]
        or vertices[before + 1, 1] - vertices[before, 1] != vertices[after + 1, 1] - vertices[after, 1]
    )


@njit(**LOOP)
def _count_turns(vertices: Any, offsets: Any, counts: Any) -> None:
    for ring in prange(counts.size):
        start, length = offsets[ring], offsets[ring + 1] - offsets[ring] - 1
        count = 0
        for i in range(length):
            count += _turns(vertices, start, length, i)
        counts[ring] = count


@njit(**LOOP)
def _write_midpoints(vertices: Any, offsets: Any, new_offsets: Any, midpoints: Any) -> None:
    for ring in prange(offsets.size - 1):
        start, length = offsets[ring], offsets[ring + 1] - offsets[ring] - 1
        slot = new_offsets[ring]
        for i in range(length):
            if _turns(vertices, start, length, i):
                for axis in range(2):
                    midpoints[slot, axis] = (vertices[start + i, axis] + vertices[start + i + 1, axis]) / 2
                slot += 1
        for axis in range(2):
            midpoints[slot, axis] = midpoints[new_offsets[ring], axis]


def smooth_rings(rings: Rings) -> Rings:
    """Replace each ring by the midpoints of its unit edges, without those on a straight line.

    A staircase at 45 degrees becomes a straight line, a corner is cut by half a pixel. No two unit edges share a
    midpoint and the cuts at a vertex where two pixels meet run side by side, so the rings touch neither themselves nor
    each other: the polygons are valid. Each ring encloses exactly half a pixel's area less than before.

    Parameters
    ----------
    rings : Rings
        From `link_rings`.

    Returns
    -------
    Rings
        With the same rings, objects and order; coordinates are multiples of a half, hence exact.

    Examples
    --------
    >>> from rs_kernels import listed_edges
    >>> at = np.array([0])
    >>> edges = listed_edges(at, at, np.array([1], np.int32), np.ones((1, 1), np.uint8), 0)
    >>> smooth_rings(link_rings(edges)).coordinates.tolist()
    [[0.0, 0.5], [0.5, 1.0], [1.0, 0.5], [0.5, 0.0], [0.0, 0.5]]
    """
    counts = np.empty(rings.ring_offsets.size - 1, np.int64)
    _count_turns(rings.coordinates, rings.ring_offsets, counts)
    offsets = _offsets(counts + 1)
    midpoints = np.empty((offsets[-1], 2), np.float64)
    _write_midpoints(rings.coordinates, rings.ring_offsets, offsets, midpoints)
    return Rings(coordinates=midpoints, ring_offsets=offsets, object_offsets=rings.object_offsets, ids=rings.ids)
