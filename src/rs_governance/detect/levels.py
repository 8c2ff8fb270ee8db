"""Regions of one level of the score, gathered block by block, and what lies beside them."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rs_governance.detect.blocks import ScoredBlock
from rs_governance.detect.layers import SCORE, Listed
from rs_kernels import (
    BlockMerger,
    Device,
    Edges,
    ObjectStats,
    block_border,
    boundary_edges,
    label,
    object_stats,
    relabel,
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

    def add(self, block: ScoredBlock, listed: Listed) -> tuple[Int32Array, ObjectStats, Listed]:
        """Take in a block.

        Parameters
        ----------
        block
            With its score.
        listed
            Its pixels that may be of this level.

        Returns
        -------
        labels : numpy.ndarray
            (y, x) of the window: labels of the regions that may be kept.
        stats : ObjectStats
            Sums over their pixels in this block.
        listed : Listed
            What of `listed` belongs to them.
        """
        window = block.window
        inside = block.depth > self._index
        core = np.ascontiguousarray(inside[window.within(block.read.window)])
        labels, count = label(core, device=self._device)
        listed = listed.where(core.ravel()[listed.at])
        of = labels.ravel()[listed.at]
        viable = self._viable(labels, of, count, listed)
        renumbered = np.where(viable, np.cumsum(viable), 0).astype(np.int32)
        labels = relabel(labels, renumbered)
        listed, of = listed.where(viable[of]), renumbered[of[viable[of]]]
        stats = listed.sum_over(of, int(viable.sum()), window, device=self._device)
        place = window.row, window.col
        self._merger.add(block_border(labels, row=window.row, col=window.col), stats)
        ring = window.grown(1)
        ringed = np.zeros((ring.height, ring.width), np.bool_)
        seen = ring.intersection(block.read.window)
        ringed[seen.within(ring)] = inside[seen.within(block.read.window)]
        np.greater(labels, 0, out=ringed[1:-1, 1:-1])
        edges = boundary_edges(ringed, labels, row=window.row, col=window.col, device=self._device)
        self.edges[place] = edges
        self._beside[place] = self._look_beside(block, inside, edges, stats.count, listed)
        return labels, stats, listed

    def merge(self) -> Regions:
        """Unite what crosses borders."""
        merged = self._merger.finish()
        bands = next(iter(self._beside.values())).shape[0]
        beside = np.zeros((bands, merged.stats.count), np.int64)
        for place, sums in self._beside.items():
            np.add.at(beside.T, merged.ids_by_block[place][1:] - 1, sums.T)
        return Regions(stats=merged.stats, beside=beside, ids_by_block=merged.ids_by_block)

    def _viable(self, labels: Int32Array, of: Int32Array, count: int, listed: Listed) -> BoolArray:
        """Tell what may be kept: most of what a block holds is noise that lies wholly inside and is forgotten here."""
        viable = np.zeros(count + 1, np.bool_)
        if count and of.size:
            # Regions of higher levels inside of forgotten ones have no listed pixel left.
            present = np.bincount(of, minlength=count + 1) > 0
            dense = np.cumsum(present, dtype=np.int32)
            stats = object_stats(
                dense[of][np.newaxis],
                int(present.sum()),
                listed.values[SCORE : SCORE + 1, np.newaxis],
                device=self._device,
            )
            viable[present] = (stats.pixels >= self._least_px) & (stats.maximum[0] >= self._least_peak)
        for edge in (labels[0], labels[-1], labels[:, 0], labels[:, -1]):
            viable[edge] = True
        viable[0] = False
        return viable

    def _look_beside(
        self, block: ScoredBlock, inside: BoolArray, edges: Edges, count: int, listed: Listed
    ) -> Int64Array:
        """Sum the samples that lie `beside_px` outside of each side of a region, where nothing is of this level."""
        read = block.read
        side = edges.direction
        rows = edges.row - _START_ROW[side] + self._beside_px * _OUT_ROW[side] - read.window.row
        cols = edges.col - _START_COL[side] + self._beside_px * _OUT_COL[side] - read.window.col
        there = (rows >= 0) & (rows < read.window.height) & (cols >= 0) & (cols < read.window.width)
        rows, cols, of = rows[there], cols[there], edges.label[there] - 1
        plain = read.valid[rows, cols] & ~inside[rows, cols]
        rows, cols, of = rows[plain], cols[plain], of[plain]
        sums = [np.bincount(of, minlength=count)]
        for image in (read.before, read.after):
            # Whole numbers far below 2**53: their sums are exact in any order.
            samples = listed.whole(image[:, rows, cols]).astype(np.float64)
            sums += [np.bincount(of, band, minlength=count) for band in samples]
        return np.stack(sums).astype(np.int64)
