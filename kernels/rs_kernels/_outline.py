"""The outlines of objects in a block, as directed unit edges; `link_rings` joins those of all blocks into rings.

Vertices are pixel corners: pixel (row, col) lies between the vertices (row, col) and (row + 1, col + 1). Edges run with
the object on their left when north is up, so that exteriors turn counter-clockwise and holes clockwise.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rs_kernels._check import check_plane

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
        In the order of the pixels, then by direction.

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
