"""The object half in plain NumPy and Python: slow, and the specification of the compiled one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from rs_kernels._object_stats import ObjectStats
from rs_kernels._outline import Edges
from rs_kernels._rings import Rings

_STEPS = ((0, 1), (1, 0), (0, -1), (-1, 0))  # (row, col) of east, south, west, north


def label(mask: npt.NDArray[np.bool_]) -> tuple[npt.NDArray[np.int32], int]:
    """Label a mask by filling from each first pixel in reading order."""
    labels = np.zeros(mask.shape, np.int32)
    count = 0
    for start in np.argwhere(mask):
        if labels[tuple(start)]:
            continue
        count += 1
        waiting = [tuple(start)]
        while waiting:
            y, x = waiting.pop()
            inside = 0 <= y < mask.shape[0] and 0 <= x < mask.shape[1]
            if inside and mask[y, x] and labels[y, x] == 0:
                labels[y, x] = count
                waiting += [(y + dy, x + dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1)]
    return labels, count


def label_listed(places: npt.NDArray[np.int64], shape: tuple[int, int]) -> tuple[npt.NDArray[np.int32], int]:
    """Label as `rs_kernels.label_listed` does, on the plane."""
    mask = np.zeros(shape, np.bool_)
    mask.ravel()[places] = True
    labels, count = label(mask)
    return labels.ravel()[places], count


def object_stats(
    labels: npt.NDArray[np.int32],
    count: int,
    values: npt.NDArray[np.integer[Any]] | Sequence[npt.NDArray[np.integer[Any]]],
    *,
    row: int = 0,
    col: int = 0,
) -> ObjectStats:
    """Describe objects as `rs_kernels.object_stats` does, one after another."""
    values = values if isinstance(values, np.ndarray) else np.concatenate(values, dtype=np.int64)
    bands = values.shape[0]
    pixels = np.zeros(count, np.int64)
    total, minimum, maximum = (np.zeros((bands, count), np.int64) for _ in range(3))
    bbox, first = np.zeros((count, 4), np.int64), np.zeros((count, 2), np.int64)
    for n in range(count):
        places = np.argwhere(labels == n + 1)
        inside = values[:, labels == n + 1].astype(np.int64)
        pixels[n] = len(places)
        total[:, n], minimum[:, n], maximum[:, n] = inside.sum(axis=1), inside.min(axis=1), inside.max(axis=1)
        bbox[n] = np.add([*places.min(axis=0), *places.max(axis=0) + 1], [row, col, row, col])
        first[n] = places[0] + (row, col)
    return ObjectStats(pixels=pixels, total=total, minimum=minimum, maximum=maximum, bbox=bbox, first=first)


def boundary_edges(mask: npt.NDArray[np.bool_], labels: npt.NDArray[np.int32], *, row: int = 0, col: int = 0) -> Edges:
    """List the edges of a mask with a halo of one pixel, side by side."""
    found = []
    for y, x in np.argwhere(mask[1:-1, 1:-1]):
        # Neighbour below, left, above, right, and where the side that faces it starts.
        for direction, (dy, dx, start_y, start_x) in enumerate((
            (1, 0, 1, 0),
            (0, -1, 0, 0),
            (-1, 0, 0, 1),
            (0, 1, 1, 1),
        )):
            if not mask[1 + y + dy, 1 + x + dx]:
                found.append((labels[y, x], row + y + start_y, col + x + start_x, direction))
    label, rows, cols, directions = np.array(found, np.int32).reshape(-1, 4).T
    return Edges(label=label, row=rows, col=cols, direction=directions.astype(np.uint8))


def listed_edges(
    ys: npt.NDArray[np.int64],
    xs: npt.NDArray[np.int64],
    labels: npt.NDArray[np.int32],
    depth: npt.NDArray[np.uint8],
    level: int,
    *,
    row: int = 0,
    col: int = 0,
) -> Edges:
    """List edges as `rs_kernels.listed_edges` does, as those of the whole plane of which the others are left out."""
    label = np.zeros(depth.shape, np.int32)
    label[ys, xs] = labels
    edges = boundary_edges(np.pad(depth > level, 1), label, row=row, col=col)
    return edges.relabelled(np.arange(label.max() + 1, dtype=np.int32))


def link_rings(edges: Edges) -> Rings:
    """Link edges as `rs_kernels.link_rings` does, with a dictionary of the edges that start at each vertex."""
    leaving: dict[tuple[int, int], dict[int, int]] = defaultdict(dict)
    columns = (edges.row, edges.col, edges.direction, edges.label)
    for row, col, direction, label in zip(*(column.tolist() for column in columns), strict=True):
        leaving[row, col][direction] = label
    followed = set()
    rings = []
    for vertex in sorted(leaving):
        for direction in sorted(leaving[vertex]):
            ring, label = [vertex], leaving[vertex][direction]
            while (vertex, direction) not in followed:
                followed.add((vertex, direction))
                vertex = (vertex[0] + _STEPS[direction][0], vertex[1] + _STEPS[direction][1])
                ring.append(vertex)
                right = (direction + 1) % 4
                direction = right if right in leaving[vertex] else min(leaving[vertex])
            if len(ring) > 1:
                rings.append((label, _doubled_area(ring) < 0, ring))
    rings.sort(key=lambda found: found[:2])
    return _as_rings([(label, [(float(c), float(r)) for r, c in ring]) for label, _, ring in rings])


def smooth_rings(rings: Rings) -> Rings:
    """Smooth rings as `rs_kernels.smooth_rings` does, dropping each midpoint that is halfway between its neighbours."""
    smoothed = []
    ring_ids = np.repeat(rings.ids, np.diff(rings.object_offsets)).tolist()
    for label, (start, stop) in zip(ring_ids, pairwise(rings.ring_offsets.tolist()), strict=True):
        corners = rings.coordinates[start:stop]
        middles = (corners[:-1] + corners[1:]) / 2
        straight = (np.roll(middles, 1, 0) + np.roll(middles, -1, 0) == 2 * middles).all(axis=1)
        kept = middles[~straight].tolist()
        smoothed.append((label, [tuple(point) for point in [*kept, kept[0]]]))
    return _as_rings(smoothed)


def _doubled_area(ring: list[tuple[int, int]]) -> int:
    """Twice the signed area of a ring of (row, col), positive when counter-clockwise with north up."""
    return sum(y0 * x1 - y1 * x0 for (y0, x0), (y1, x1) in pairwise(ring))


def _as_rings(rings: list[tuple[int, list[tuple[float, float]]]]) -> Rings:
    ids, object_starts = np.unique(np.array([label for label, _ in rings], np.int32), return_index=True)
    return Rings(
        coordinates=np.array([point for _, ring in rings for point in ring], np.float64).reshape(-1, 2),
        ring_offsets=np.cumsum([0, *(len(ring) for _, ring in rings)]),
        object_offsets=np.append(object_starts, len(rings)),
        ids=ids,
    )
