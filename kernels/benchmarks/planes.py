"""Whole masks, labelled and outlined by the kernels for listed pixels: inputs of comparisons and of tests."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from rs_kernels import BlockBorder, Edges, label_listed, listed_edges

Mask = npt.NDArray[np.bool_]
Labels = npt.NDArray[np.int32]


def label(mask: Mask) -> tuple[Labels, int]:
    """Label the components of a mask (y, x): labels of the same shape, 0 for background, and how many there are."""
    places = np.flatnonzero(mask)
    labels = np.zeros(mask.shape, np.int32)
    listed, count = label_listed(places, (mask.shape[0], mask.shape[1]))
    labels.ravel()[places] = listed
    return labels, count


def boundary_edges(mask: Mask, labels: Labels, *, row: int = 0, col: int = 0) -> Edges:
    """List the edges of labels (y, x) at (row, col) of a scene, given their mask with a halo of one pixel."""
    ys, xs = np.nonzero(mask[1:-1, 1:-1])
    return listed_edges(ys + 1, xs + 1, labels[ys, xs], mask.astype(np.uint8), 0, row=row - 1, col=col - 1)


def block_border(labels: Labels, *, row: int, col: int) -> BlockBorder:
    """List the labelled pixels on the border of a block that lies at (row, col) of a scene."""
    inside = np.zeros(labels.shape, np.bool_)
    inside[1:-1, 1:-1] = True
    ys, xs = np.nonzero((labels > 0) & ~inside)
    return BlockBorder(row=row, col=col, rows=ys + row, cols=xs + col, labels=labels[ys, xs])
