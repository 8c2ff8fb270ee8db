"""Regions of one level of the score, gathered block by block, and what lies beside them."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rs_governance.detect.blocks import ScoredBlock
from rs_governance.detect.layers import SCORE, Listed
from rs_kernels import (
    BlockBorder,
    BlockMerger,
    Device,
    Edges,
    ObjectStats,
    label_listed,
    listed_edges,
)

Place = tuple[int, int]
BoolArray = npt.NDArray[np.bool_]
Int32Array = npt.NDArray[np.int32]
Int64Array = npt.NDArray[np.int64]

# Sides of a pixel as `Edges` numbers them (bottom, left, top, right): where a side starts, and where it looks.
_START_ROW, _START_COL = np.array([1, 0, 0, 1]), np.array([0, 0, 1, 1])
_OUT_ROW, _OUT_COL = np.array([1, 0, -1, 0]), np.array([0, -1, 0, 1])


@dataclass(frozen=True, kw_only=True)
class Regions:
    """The regions of a level over the whole pair, in the reading order of their first pixels."""

    stats: ObjectStats
    """Sums of the layers over each."""
    beside: Int64Array
    """(1 + 2 band, n): number of looks at what lies beside each, and the sums of their samples on both dates."""
    ids_by_block: dict[Place, Int32Array]
    """For the block at (row, col): the number, from 1, of the region that each of its labels belongs to."""


class Level:
    """Connected regions above one level of the score.

    Only pixels that reach the lowest level are looked at, a few in a hundred: passing over the planes of a block for
    every level took 1.7 s of processor time for 67 Mpx, their lists take 0.5 (measured on 2 cores).

    Parameters
    ----------
    index
        Number of the level, from 0.
    least_px
        Regions of fewer pixels are forgotten,
    least_peak
        and those whose highest score is below this one, unless they touch the edge of their block.
    beside_px
        How far outside a region it is looked up what lies beside it.
    device
        Where the kernels run.
    """

    def __init__(self, index: int, *, least_px: float, least_peak: float, beside_px: int, device: Device) -> None:
        self.edges: dict[Place, Edges] = {}
        self._index, self._least_px, self._least_peak = index, least_px, least_peak
        self._beside_px = beside_px
        self._device = device
        self._merger = BlockMerger()
        self._beside: dict[Place, Int64Array] = {}

    def add(self, block: ScoredBlock, listed: Listed, below: Int32Array | None) -> tuple[Int32Array, Int32Array]:
        """Take in a block.

        Parameters
        ----------
        block
            With its score.
        listed
            Its pixels that reach the lowest level.
        below
            (n,): their regions of the level below, 0 for none; None for the lowest level.

        Returns
        -------
        of : numpy.ndarray
            (n,): the region, from 1, that each listed pixel belongs to, 0 for none or one that is forgotten.
        parents : numpy.ndarray
            (1 + region,): the region of the level below that each of them lies in; 0 for entry 0.
        """
        window, inside = block.window, listed.depth > self._index
        if below is not None:
            inside &= below > 0
        at = np.flatnonzero(inside)
        labels, count = label_listed(listed.places.take(at), (window.height, window.width))
        viable = self._viable(labels, count, listed, at)
        labels = np.where(viable, np.cumsum(viable), 0).astype(np.int32).take(labels)
        at, labels = at[labels > 0], labels[labels > 0]
        of = np.zeros(listed.places.size, np.int32)
        of[at] = labels
        stats, first = listed.sum_over(of, int(viable.sum()), device=self._device)
        parents = np.zeros(stats.count + 1, np.int32)
        if below is not None:
            parents[1:] = below[first]
        place = window.row, window.col
        border = at[listed.on_border[at]]
        self._merger.add(
            BlockBorder(
                row=window.row,
                col=window.col,
                rows=listed.rows[border],
                cols=listed.cols[border],
                labels=of[border],
            ),
            stats,
        )
        self.edges[place] = listed_edges(
            listed.rows.take(at) - block.read.window.row,
            listed.cols.take(at) - block.read.window.col,
            labels,
            block.depth,
            self._index,
            row=block.read.window.row,
            col=block.read.window.col,
        )
        self._beside[place] = self._look_beside(block, self.edges[place], stats.count, listed)
        return of, parents

    def merge(self) -> Regions:
        """Unite what crosses borders."""
        merged = self._merger.finish()
        bands = next(iter(self._beside.values())).shape[0]
        beside = np.zeros((bands, merged.stats.count), np.int64)
        for place, sums in self._beside.items():
            np.add.at(beside.T, merged.ids_by_block[place][1:] - 1, sums.T)
        return Regions(stats=merged.stats, beside=beside, ids_by_block=merged.ids_by_block)

    def _viable(self, labels: Int32Array, count: int, listed: Listed, at: npt.NDArray[np.intp]) -> BoolArray:
        """Tell what may be kept: most of what a block holds is noise that lies wholly inside and is forgotten here."""
        peaks = np.zeros(count + 1, np.bool_)
        peaks[labels[listed.values[SCORE].take(at) >= self._least_peak]] = True
        viable: BoolArray = peaks & (np.bincount(labels, minlength=count + 1) >= self._least_px)
        viable[labels[listed.on_border[at]]] = True
        return viable

    def _look_beside(self, block: ScoredBlock, edges: Edges, count: int, listed: Listed) -> Int64Array:
        """Sum the samples that lie `beside_px` outside of each side of a region, where nothing is of this level."""
        read = block.read
        side = edges.direction
        rows = edges.row + (self._beside_px * _OUT_ROW - _START_ROW - read.window.row).take(side)
        cols = edges.col + (self._beside_px * _OUT_COL - _START_COL - read.window.col).take(side)
        there = np.flatnonzero((rows >= 0) & (rows < read.window.height) & (cols >= 0) & (cols < read.window.width))
        # One index into a plane taken whole takes half the time of a row and a column.
        places = rows[there] * read.window.width + cols[there]
        plain = np.flatnonzero(read.valid.ravel().take(places) & (block.depth.ravel().take(places) <= self._index))
        places, of = places[plain], edges.label[there[plain]] - 1
        sums = [np.bincount(of, minlength=count)]
        for image in (read.before, read.after):
            # Whole numbers far below 2**53: their sums are exact in any order.
            samples = listed.whole(image.reshape(image.shape[0], -1).take(places, axis=1)).astype(np.float64)
            sums += [np.bincount(of, band, minlength=count) for band in samples]
        return np.stack(sums).astype(np.int64)
