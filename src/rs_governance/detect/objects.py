"""Objects of a whole pair, gathered block by block; what does not cross a border is judged at once."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from rs_kernels import (
    BlockMerger,
    Device,
    Edges,
    ObjectStats,
    Rings,
    block_border,
    boundary_edges,
    label,
    link_rings,
    object_stats,
    smooth_rings,
)

from rs_governance.detect.blocks import OBSERVED_STEPS, SCORE_STEPS, ScoredBlock
from rs_governance.detect.model import SpectralModel

Int64Array = npt.NDArray[np.int64]

_FLOAT_STEPS = 2**20
"""Steps of float samples, in contrasts of the scene, so that their sums are whole numbers."""


@dataclass(frozen=True, kw_only=True)
class ChangeObjects:
    """The objects that are kept, one entry each, in the reading order of their first pixels."""

    pixels: Int64Array
    """(n,): number of pixels."""
    score: npt.NDArray[np.float64]
    """(n,): mean score, 0..1."""
    score_max: npt.NDArray[np.float64]
    """(n,): highest score, 0..1."""
    before: npt.NDArray[np.float64]
    """(band, n): mean of every band of the pair on the earlier date."""
    after: npt.NDArray[np.float64]
    """(band, n): the same on the later date."""
    observed_share: npt.NDArray[np.float64]
    """(n,): share of the surroundings that was usable on both dates, 0..1."""
    rings: Rings
    """Smoothed outlines in pixels (col, row) of the pair's grid."""
    ids_by_block: dict[tuple[int, int], npt.NDArray[np.int32]]
    """For the block at (row, col): which entry, from 1, each of its labels is; 0 for none."""


class ObjectCollector:
    """Takes scored blocks in any order and gives the objects of the whole.

    Parameters
    ----------
    model
        Model of the pair.
    dtype
        Of the pair's samples.
    device
        Where the kernels run.
    """

    def __init__(self, model: SpectralModel, dtype: np.dtype[np.generic], *, device: Device = "cpu") -> None:
        parameters = model.parameters
        self._smallest_px = parameters.smallest_m2 / model.pixel_m2
        self._strong = SCORE_STEPS * parameters.strong / parameters.full
        self._scale = _FLOAT_STEPS * model.standard.weight.mean() if np.dtype(dtype).kind == "f" else None
        self._device = device
        self._merger = BlockMerger()
        self._edges: dict[tuple[int, int], Edges] = {}

    def add(self, block: ScoredBlock) -> npt.NDArray[np.int32]:
        """Take in a block.

        Returns
        -------
        numpy.ndarray
            (y, x) int32: labels of its objects, which `ChangeObjects.ids_by_block` turns into entries.
        """
        window = block.window
        labels, count = label(np.ascontiguousarray(block.mask[1:-1, 1:-1]), device=self._device)
        border = block_border(labels, row=window.row, col=window.col)
        stats = self._stats(block, labels, count)
        self._merger.add(border, stats)
        # What lies wholly inside and is not kept needs no outline: most of what a block holds is noise.
        open_ended = np.zeros(count + 1, np.bool_)
        open_ended[border.labels] = True
        wanted = np.arange(count + 1, dtype=np.int32)
        wanted[1:][~(open_ended[1:] | self._kept(stats))] = 0
        edges = boundary_edges(block.mask, labels, row=window.row, col=window.col, device=self._device)
        self._edges[window.row, window.col] = edges.relabelled(wanted)
        return labels

    def finish(self) -> ChangeObjects:
        """Merge what crosses borders, keep what is large and strong enough, and link its outlines."""
        merged = self._merger.finish()
        kept = np.flatnonzero(self._kept(merged.stats))
        entry = np.zeros(merged.stats.count + 1, np.int32)
        entry[kept + 1] = np.arange(1, kept.size + 1)
        ids = {place: entry[block_ids] for place, block_ids in merged.ids_by_block.items()}
        edges = Edges.concatenate([self._edges[place].relabelled(ids[place]) for place in sorted(self._edges)])
        return self._describe(merged.stats, kept, ids, smooth_rings(link_rings(edges)))

    def _kept(self, stats: ObjectStats) -> npt.NDArray[np.bool_]:
        kept: npt.NDArray[np.bool_] = (stats.pixels >= self._smallest_px) & (
            stats.total[0] >= self._strong * stats.pixels
        )
        return kept

    def _stats(self, block: ScoredBlock, labels: npt.NDArray[np.int32], count: int) -> ObjectStats:
        layers = (block.score[np.newaxis], block.observed[np.newaxis], self._whole(block.before), self._whole(block.after))
        row, col = block.window.row, block.window.col
        parts = [object_stats(labels, count, layer, row=row, col=col, device=self._device) for layer in layers]
        return replace(
            parts[0],
            total=np.concatenate([part.total for part in parts]),
            minimum=np.concatenate([part.minimum for part in parts]),
            maximum=np.concatenate([part.maximum for part in parts]),
        )

    def _whole(self, image: npt.NDArray[Any]) -> npt.NDArray[np.integer[Any]]:
        """Return samples as whole numbers."""
        if self._scale is None:
            return image
        return np.rint(image * self._scale).astype(np.int64)

    def _describe(
        self, stats: ObjectStats, kept: Int64Array, ids: dict[tuple[int, int], npt.NDArray[np.int32]], rings: Rings
    ) -> ChangeObjects:
        pixels = stats.pixels[kept]
        means = stats.total[:, kept] / pixels
        before, after = np.split(means[2:] / (self._scale or 1.0), 2)
        return ChangeObjects(
            pixels=pixels,
            score=means[0] / SCORE_STEPS,
            score_max=stats.maximum[0, kept] / SCORE_STEPS,
            before=before,
            after=after,
            observed_share=means[1] / OBSERVED_STEPS,
            rings=rings,
            ids_by_block=ids,
        )
