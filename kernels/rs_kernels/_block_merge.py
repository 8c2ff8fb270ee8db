"""Objects that cross blocks: unite what touches, merge the statistics, number the whole in reading order.

Only the labelled pixels on the border of each block are kept, so memory grows with borders and objects.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from rs_kernels._device import RULE
from rs_kernels._object_stats import ObjectStats

# Positions in a scene packed into one integer that sorts in reading order.
_ROW_SHIFT = 32
_COL_MASK = (1 << _ROW_SHIFT) - 1


@dataclass(frozen=True, kw_only=True)
class BlockBorder:
    """The labelled pixels on the border of a block, in the scene."""

    row: int
    """Row of the first pixel of the block."""
    col: int
    """Column of the first pixel of the block."""
    rows: npt.NDArray[np.int64]
    """Shape (m,): their rows."""
    cols: npt.NDArray[np.int64]
    """Shape (m,): their columns."""
    labels: npt.NDArray[np.int32]
    """Shape (m,): their labels in the block, from 1."""


@dataclass(frozen=True, kw_only=True)
class MergedObjects:
    """The objects of a scene, in the reading order of their first pixels; the one with id ``i`` is entry ``i - 1``."""

    stats: ObjectStats
    """Statistics of the whole objects."""
    ids_by_block: dict[tuple[int, int], npt.NDArray[np.int32]]
    """For the block at (row, col): the id in the scene of each of its labels; entry 0, the background, is 0."""


@njit(**RULE, nogil=True)
def _root(parent: Any, node: Any) -> Any:
    while parent[node] != node:
        parent[node] = parent[parent[node]]
        node = parent[node]
    return node


@njit(**RULE, nogil=True)
def _unite(parent: Any, a: Any, b: Any) -> None:
    for pair in range(a.size):
        first, second = _root(parent, a[pair]), _root(parent, b[pair])
        parent[max(first, second)] = min(first, second)


@njit(**RULE, nogil=True)
def _flatten(parent: Any) -> None:
    for node in range(parent.size):
        parent[node] = _root(parent, node)


class BlockMerger:
    """Collect the objects of blocks, in any order, and merge those that touch across borders, corners included.

    The blocks tile the scene without overlap; they need not be of one size. The result depends neither on the layout
    nor on the order of arrival.

    Examples
    --------
    >>> from rs_kernels import object_stats
    >>> labels, merger = np.ones((1, 1), np.int32), BlockMerger()
    >>> for col in (0, 1, 3):
    ...     at = np.array([0]), np.array([col])
    ...     border = BlockBorder(row=0, col=col, rows=at[0], cols=at[1], labels=labels[0])
    ...     merger.add(border, object_stats(labels, 1, labels[np.newaxis], col=col))
    >>> merger.finish().stats.pixels
    array([2, 1])
    """

    def __init__(self) -> None:
        self._blocks: dict[tuple[int, int], tuple[BlockBorder, ObjectStats]] = {}

    def add(self, border: BlockBorder, stats: ObjectStats) -> None:
        """Add a block.

        Parameters
        ----------
        border : BlockBorder
            Its labelled pixels that lie on its border.
        stats : ObjectStats
            From `object_stats` of the same labels, with the same `row` and `col`.

        Raises
        ------
        ValueError
            If a block at this place was added before, or the statistics are not those of these labels.
        """
        place = (border.row, border.col)
        if place in self._blocks:
            raise ValueError(f"The block at {place} was added before; add each block once.")
        if border.labels.size and border.labels.max() > stats.count:
            raise ValueError(f"The block at {place} has more labels than the {stats.count} objects of its statistics.")
        self._blocks[place] = (border, stats)

    def finish(self) -> MergedObjects:
        """Merge the blocks added so far.

        Returns
        -------
        MergedObjects
            Statistics and ids of the objects of the whole scene.

        Raises
        ------
        ValueError
            If no block was added.
        """
        if not self._blocks:
            raise ValueError("There is no block to merge; add one, be it empty, for each window of the scene.")
        places = sorted(self._blocks)
        borders = [self._blocks[place][0] for place in places]
        stats = [self._blocks[place][1] for place in places]
        offsets = np.cumsum([0, *(part.count for part in stats)])

        parent = np.arange(offsets[-1])
        _unite(parent, *_touching(borders, offsets))
        _flatten(parent)

        joined = _concatenate(stats)
        group, merged = _merge_groups(parent, joined)
        ids = (group + 1).astype(np.int32)
        zero = np.zeros(1, np.int32)
        by_block = {
            place: np.concatenate([zero, ids[start:stop]])
            for place, start, stop in zip(places, offsets[:-1], offsets[1:], strict=True)
        }
        return MergedObjects(stats=merged, ids_by_block=by_block)


def _touching(
    borders: list[BlockBorder], offsets: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Pairs of objects, numbered through all blocks, that have 8-connected border pixels."""
    key = np.concatenate([(border.rows << _ROW_SHIFT) + border.cols for border in borders])
    node = np.concatenate([border.labels + (offset - 1) for border, offset in zip(borders, offsets[:-1], strict=True)])
    order = np.argsort(key)
    key, node = key[order], node[order]
    pairs = []
    for row_step, col_step in ((0, 1), (1, -1), (1, 0), (1, 1)):
        neighbour = key + ((row_step << _ROW_SHIFT) + col_step)
        at = np.searchsorted(key, neighbour)
        at[at == key.size] = 0
        met = key[at] == neighbour if key.size else np.zeros(0, np.bool_)
        pairs.append((node[met], node[at[met]]))
    a, b = (np.concatenate(side) for side in zip(*pairs, strict=True))
    return a, b


def _concatenate(stats: list[ObjectStats]) -> ObjectStats:
    return ObjectStats(
        pixels=np.concatenate([part.pixels for part in stats]),
        total=np.concatenate([part.total for part in stats], axis=1),
        minimum=np.concatenate([part.minimum for part in stats], axis=1),
        maximum=np.concatenate([part.maximum for part in stats], axis=1),
        bbox=np.concatenate([part.bbox for part in stats]),
        first=np.concatenate([part.first for part in stats]),
    )


def _merge_groups(root: npt.NDArray[np.int64], parts: ObjectStats) -> tuple[npt.NDArray[np.int64], ObjectStats]:
    """Merge the parts that share a root; returns the rank of each part's object in reading order as well."""
    if root.size == 0:
        return root, parts
    key = (parts.first[:, 0] << _ROW_SHIFT) + parts.first[:, 1]
    earliest = np.full(root.size, np.iinfo(np.int64).max)
    np.minimum.at(earliest, root, key)
    # First pixels of different objects differ, so sorting by them puts the parts of each object side by side.
    order = np.argsort(earliest[root], kind="stable")
    sorted_key = earliest[root][order]
    new = np.concatenate([[True], sorted_key[1:] != sorted_key[:-1]])
    starts = np.flatnonzero(new)
    group = np.empty_like(root)
    group[order] = np.cumsum(new) - 1

    first = sorted_key[starts]
    low, high = parts.bbox[order, :2], parts.bbox[order, 2:]
    return group, ObjectStats(
        pixels=np.add.reduceat(parts.pixels[order], starts),
        total=np.add.reduceat(parts.total[:, order], starts, axis=1),
        minimum=np.minimum.reduceat(parts.minimum[:, order], starts, axis=1),
        maximum=np.maximum.reduceat(parts.maximum[:, order], starts, axis=1),
        bbox=np.concatenate([np.minimum.reduceat(low, starts), np.maximum.reduceat(high, starts)], axis=1),
        first=np.stack([first >> _ROW_SHIFT, first & _COL_MASK], axis=1),
    )
