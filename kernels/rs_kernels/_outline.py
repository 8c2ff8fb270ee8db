"""The outlines of objects in a block, as directed unit edges; `link_rings` joins those of all blocks into rings.

Vertices are pixel corners: pixel (row, col) lies between the vertices (row, col) and (row + 1, col + 1). Edges run with
the object on their left when north is up, so that exteriors turn counter-clockwise and holes clockwise.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import cuda, njit, prange

from rs_kernels._check import check_plane
from rs_kernels._device import LOOP, RULE, Device, launch_grid, resolve_device

# Directions 0 east, 1 south, 2 west, 3 north are those of the bottom, left, top and right side of a pixel.
_NEIGHBOUR_ROW, _NEIGHBOUR_COL = (1, 0, -1, 0), (0, -1, 0, 1)
_START_ROW, _START_COL = (1, 0, 0, 1), (0, 0, 1, 1)
_MOST_VERTICES = 2**30


@dataclass(frozen=True, kw_only=True)
class Edges:
    """Directed unit edges between pixel corners, shape (n,) each."""

    label: npt.NDArray[np.int32]
    """Object whose pixel lies to the left of the edge."""
    row: npt.NDArray[np.int32]
    """Row of the vertex where it starts."""
    col: npt.NDArray[np.int32]
    """Column of the vertex where it starts."""
    direction: npt.NDArray[np.uint8]
    """0 east, 1 south, 2 west, 3 north."""

    def relabelled(self, ids: npt.NDArray[np.int32]) -> Edges:
        """Give each edge the id of its label; the edges of labels with the id 0 are dropped.

        Parameters
        ----------
        ids : numpy.ndarray
            int32, indexed by label, such as an entry of `MergedObjects.ids_by_block`, zeroed where an object is unwanted.

        Returns
        -------
        Edges
            With ids for labels.
        """
        label = ids[self.label]
        kept = label > 0
        return Edges(label=label[kept], row=self.row[kept], col=self.col[kept], direction=self.direction[kept])

    @staticmethod
    def concatenate(parts: Sequence[Edges]) -> Edges:
        """Put the edges of several blocks together.

        Parameters
        ----------
        parts : sequence of Edges
            At least one.

        Returns
        -------
        Edges
            All of them.
        """
        return Edges(
            label=np.concatenate([part.label for part in parts]),
            row=np.concatenate([part.row for part in parts]),
            col=np.concatenate([part.col for part in parts]),
            direction=np.concatenate([part.direction for part in parts]),
        )


@njit(**RULE)
def _is_boundary(mask: Any, y: Any, x: Any, side: Any) -> Any:
    """Whether this side of core pixel (y, x) parts object and background."""
    return mask[y + 1, x + 1] and not mask[y + 1 + _NEIGHBOUR_ROW[side], x + 1 + _NEIGHBOUR_COL[side]]


@njit(**LOOP)
def _count_sides(mask: Any, counts: Any) -> None:
    for y in prange(counts.size):
        count = 0
        for x in range(1, mask.shape[1] - 1):
            # Without branches, for the vector unit.
            around = np.int64(mask[y, x]) + mask[y + 2, x] + mask[y + 1, x - 1] + mask[y + 1, x + 1]
            count += mask[y + 1, x] * (4 - around)
        counts[y] = count


@njit(**LOOP)
def _list_sides(mask: Any, starts: Any, sides: Any) -> None:
    width = mask.shape[1] - 2
    for y in prange(mask.shape[0] - 2):
        slot = starts[y]
        for x in range(width):
            if mask[y + 1, x + 1]:
                for side in range(4):
                    if _is_boundary(mask, y, x, side):
                        sides[slot] = 4 * (y * width + x) + side
                        slot += 1


@njit(**LOOP)
def _place(sides: Any, labels: Any, row: Any, col: Any, label: Any, rows: Any, cols: Any, direction: Any) -> None:
    """Take apart sides, numbered 4 * pixel + side, into labels, start vertices and directions."""
    width = labels.shape[1]
    for i in prange(sides.size):
        pixel, side = sides[i] >> 2, sides[i] & 3
        y, x = pixel // width, pixel % width
        label[i] = labels[y, x]
        rows[i] = row + y + _START_ROW[side]
        cols[i] = col + x + _START_COL[side]
        direction[i] = side


@cuda.jit(cache=True)
def _count_sides_cuda(mask: Any, count: Any) -> None:
    x, y = cuda.grid(2)
    if y < mask.shape[0] - 2 and x < mask.shape[1] - 2:
        for side in range(4):
            if _is_boundary(mask, y, x, side):
                cuda.atomic.add(count, 0, 1)


@cuda.jit(cache=True)
def _list_sides_cuda(mask: Any, used: Any, sides: Any) -> None:
    x, y = cuda.grid(2)
    width = mask.shape[1] - 2
    if y < mask.shape[0] - 2 and x < width:
        for side in range(4):
            if _is_boundary(mask, y, x, side):
                sides[cuda.atomic.add(used, 0, 1)] = 4 * (y * width + x) + side


def boundary_edges(
    mask: npt.NDArray[np.bool_],
    labels: npt.NDArray[np.int32],
    *,
    row: int = 0,
    col: int = 0,
    device: Device = "cpu",
) -> Edges:
    """List the sides of labelled pixels that lie on the boundary of the mask.

    Parameters
    ----------
    mask : numpy.ndarray
        Boolean, shape (y + 2, x + 2): the mask of a block with a halo of one pixel, False outside the scene.
    labels : numpy.ndarray
        int32, shape (y, x): labels of the block without halo, positive where the mask is True.
    row, col : int
        Position of the first pixel of `labels` in the scene; vertices in the result are in the scene, with rows and
        columns from 0 to below 2**30.
    device : {'cpu', 'cuda'}
        Where to compute.

    Returns
    -------
    Edges
        In the reading order of their pixels, then by direction.

    Raises
    ------
    ValueError
        If `mask` is not `labels` with a halo of one pixel, or the block sticks out of the range of vertices.

    Examples
    --------
    >>> edges = boundary_edges(np.pad([[True]], 1), np.array([[1]], np.int32))
    >>> edges.row, edges.col, edges.direction
    (array([1, 0, 0, 1], dtype=int32), array([0, 0, 1, 1], dtype=int32), array([0, 1, 2, 3], dtype=uint8))
    """
    mask = check_plane("mask", mask, (np.dtype(np.bool_),))
    labels = check_plane("labels", labels, (np.dtype(np.int32),))
    if mask.shape != (labels.shape[0] + 2, labels.shape[1] + 2):
        raise ValueError(f"'mask' must be 'labels' {labels.shape} with a halo of one pixel, not {mask.shape}.")
    if min(row, col) < 0 or max(row + labels.shape[0], col + labels.shape[1]) >= _MOST_VERTICES:
        raise ValueError(f"The block must lie within rows and columns 0 to 2**30, not start at ({row}, {col}).")

    sides = _sides_on_cuda(mask) if resolve_device(device) == "cuda" else _sides_on_cpu(mask)
    edges = Edges(
        label=np.empty(sides.size, np.int32),
        row=np.empty(sides.size, np.int32),
        col=np.empty(sides.size, np.int32),
        direction=np.empty(sides.size, np.uint8),
    )
    _place(sides, labels, row, col, edges.label, edges.row, edges.col, edges.direction)
    return edges


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
    """List the sides of listed pixels that lie on the boundary of one level of a plane.

    Parameters
    ----------
    ys, xs : numpy.ndarray
        int64, shape (n,): rows and columns of the pixels in `depth`, in reading order.
    labels : numpy.ndarray
        int32, shape (n,): their labels.
    depth : numpy.ndarray
        uint8, shape (y, x), with a halo of one pixel around them or more, except at the edge of the scene: a pixel is
        inside where it exceeds `level`, and nothing outside of the array is.
    level : int
        From 0.
    row, col : int
        Position of the first pixel of `depth` in the scene; no listed pixel may be left of or above the scene's first.

    Returns
    -------
    Edges
        As `boundary_edges` gives them: in the order of the pixels, then by direction.

    Raises
    ------
    ValueError
        If a pixel does not lie in `depth` or the block sticks out of the range of vertices.

    Examples
    --------
    >>> at = np.array([0])
    >>> edges = listed_edges(at, at, np.array([1], np.int32), np.array([[2, 1]], np.uint8), 1)
    >>> edges.row, edges.col, edges.direction
    (array([1, 0, 0, 1], dtype=int32), array([0, 0, 1, 1], dtype=int32), array([0, 1, 2, 3], dtype=uint8))
    """
    depth = check_plane("depth", depth, (np.dtype(np.uint8),))
    for name, axis, length in (("ys", ys, depth.shape[0]), ("xs", xs, depth.shape[1])):
        if axis.size and (axis.min() < 0 or axis.max() >= length):
            raise ValueError(f"'{name}' must be 0 to {length - 1}, as 'depth' is {depth.shape}.")
    if max(row + depth.shape[0], col + depth.shape[1]) >= _MOST_VERTICES:
        raise ValueError(f"The block must lie within rows and columns 0 to 2**30, not start at ({row}, {col}).")
    # NumPy's lookups in a plane taken whole are as fast as compiled loops, and there is one kernel less to load.
    places = ys * depth.shape[1] + xs
    outside = np.empty((places.size, 4), np.bool_)
    for side, (down, right) in enumerate(zip(_NEIGHBOUR_ROW, _NEIGHBOUR_COL, strict=True)):
        np.less_equal(
            depth.ravel().take(places + (down * depth.shape[1] + right), mode="clip"), level, out=outside[:, side]
        )
    for side, at_end in enumerate((ys == depth.shape[0] - 1, xs == 0, ys == 0, xs == depth.shape[1] - 1)):
        outside[:, side] |= at_end
    pixel, direction = np.divmod(np.flatnonzero(outside), 4)
    return Edges(
        label=labels.take(pixel),
        row=(ys.take(pixel) + (row + np.array(_START_ROW)).take(direction)).astype(np.int32),
        col=(xs.take(pixel) + (col + np.array(_START_COL)).take(direction)).astype(np.int32),
        direction=direction.astype(np.uint8),
    )


def _sides_on_cpu(mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
    starts = np.zeros(mask.shape[0] - 1, np.int64)
    _count_sides(mask, starts[1:])
    np.cumsum(starts, out=starts)
    sides = np.empty(starts[-1], np.int64)
    _list_sides(mask, starts, sides)
    return sides


def _sides_on_cuda(mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
    blocks, threads = launch_grid(*mask.shape)
    mask_there, used = cuda.to_device(mask), cuda.to_device(np.zeros(1, np.int64))
    _count_sides_cuda[blocks, threads](mask_there, used)
    count = int(used.copy_to_host()[0])
    if count == 0:
        return np.zeros(0, np.int64)
    sides = cuda.device_array(count, np.int64)
    _list_sides_cuda[blocks, threads](mask_there, cuda.to_device(np.zeros(1, np.int64)), sides)
    return np.sort(sides.copy_to_host())
