"""Objects of a whole pair, gathered block by block and judged when all is known."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from rs_governance.detect.blocks import MAD_STEPS, OBSERVED_STEPS, SCORE_STEPS, ScoredBlock
from rs_governance.detect.change import Standard
from rs_governance.detect.model import SpectralModel
from rs_governance.detect.parameters import SpectralParameters
from rs_kernels import (
    BlockMerger,
    Device,
    Edges,
    MergedObjects,
    ObjectStats,
    Rings,
    block_border,
    boundary_edges,
    label,
    link_rings,
    object_stats,
    smooth_rings,
)

Place = tuple[int, int]
BoolArray = npt.NDArray[np.bool_]
Int32Array = npt.NDArray[np.int32]
FloatArray = npt.NDArray[np.float64]

_FLOAT_STEPS = 2**20
"""Steps of float samples, in contrasts of the widest band, so that their sums are whole numbers."""

# What is summed over each object, before the bands of both dates.
_SCORE, _OBSERVED, _MAD, _BANDS = 0, 1, 2, 3


@dataclass(frozen=True, kw_only=True)
class ChangeObjects:
    """The objects that are kept, one entry each, in the reading order of their first pixels."""

    pixels: npt.NDArray[np.int64]
    """(n,): number of pixels."""
    score: FloatArray
    """(n,): mean score, 0..1."""
    score_max: FloatArray
    """(n,): highest score, 0..1."""
    mad: FloatArray
    """(n,): mean multivariate alteration, in multiples of what ground usually has in the scene."""
    observed_share: FloatArray
    """(n,): share of the surroundings that was usable on both dates, 0..1."""
    before: FloatArray
    """(band, n): mean of every band of the pair on the earlier date."""
    after: FloatArray
    """(band, n): the same on the later date."""
    rings: Rings
    """Smoothed outlines in pixels (col, row) of the pair's grid."""


@dataclass(frozen=True, kw_only=True)
class BlockLabels:
    """Objects of a block, before it is known which are kept."""

    weak: Int32Array
    """(y, x): whole objects, 0 for none."""
    firm: Int32Array
    """(y, x): their firm parts, 0 for none."""


@dataclass(frozen=True, kw_only=True)
class BlockEntries:
    """Which entry, from 1, the labels of a block became; 0 for none."""

    weak: Int32Array
    """Indexed by label of a whole object."""
    firm: Int32Array
    """Indexed by label of a firm part."""

    def paint(self, labels: BlockLabels) -> Int32Array:
        """Return the entry of each pixel of the block, (y, x)."""
        return np.maximum(self.weak[labels.weak], self.firm[labels.firm])


class ObjectCollector:
    """Takes scored blocks in any order and gives the objects of the whole.

    An object is a connected region above the weak level with a strong mean and a peak: hysteresis, exact because it
    is decided on merged statistics and not in a window. A large object that sprawls, as fields do that ripened
    together, is taken apart into its firm parts.

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
        self._rule = _KeepRule(parameters=model.parameters, pixel_m2=model.pixel_m2)
        self._scale = _FLOAT_STEPS / _widest(model.standard) if np.dtype(dtype).kind == "f" else None
        self._weak, self._firm = _Level(self._rule, device), _Level(self._rule, device)
        self._parents: dict[Place, Int32Array] = {}

    def add(self, block: ScoredBlock) -> BlockLabels:
        """Take in a block and return its labels, which `BlockEntries` turns into entries."""
        layers = (
            block.score[np.newaxis],
            block.observed[np.newaxis],
            block.mad[np.newaxis],
            self._whole(block.before),
            self._whole(block.after),
        )
        row, col = block.window.row, block.window.col
        weak, _ = self._weak.add(block.weak, layers, row=row, col=col)
        firm, parts = self._firm.add(block.firm, layers, row=row, col=col)
        parents = np.zeros(parts.count + 1, np.int32)
        parents[1:] = weak[parts.first[:, 0] - row, parts.first[:, 1] - col]
        self._parents[row, col] = parents
        return BlockLabels(weak=weak, firm=firm)

    def finish(self) -> tuple[ChangeObjects, dict[Place, BlockEntries]]:
        """Merge what crosses borders, keep what is large and strong enough, and link its outlines."""
        weak, firm = self._weak.merge(), self._firm.merge()
        parent = np.zeros(firm.stats.count, np.int64)
        for place, ids in firm.ids_by_block.items():
            parent[ids[1:] - 1] = weak.ids_by_block[place][self._parents[place][1:]] - 1
        whole = self._rule.keeps(weak.stats)
        part = self._rule.keeps(firm.stats) & (parent >= 0)
        cut = whole & self._rule.sprawls(weak.stats, np.bincount(parent[part], firm.stats.pixels[part], whole.size))
        whole &= ~cut
        part &= np.append(cut, False)[parent]

        stats = _concatenate(_taken(weak.stats, whole), _taken(firm.stats, part))
        order = np.lexsort((stats.first[:, 1], stats.first[:, 0]))
        entry = np.empty(order.size, np.int32)
        entry[order] = np.arange(1, order.size + 1)
        weak_entries, firm_entries = _spread(entry[: whole.sum()], whole), _spread(entry[whole.sum() :], part)
        entries = {
            place: BlockEntries(
                weak=weak_entries[weak.ids_by_block[place]], firm=firm_entries[firm.ids_by_block[place]]
            )
            for place in weak.ids_by_block
        }
        edges = Edges.concatenate([
            level.edges[place].relabelled(getattr(entries[place], name))
            for level, name in ((self._weak, "weak"), (self._firm, "firm"))
            for place in sorted(level.edges)
        ])
        return self._describe(_taken(stats, order), smooth_rings(link_rings(edges))), entries

    def _whole(self, image: npt.NDArray[Any]) -> npt.NDArray[np.integer[Any]]:
        """Return samples as whole numbers."""
        if self._scale is None:
            return image
        return np.rint(image * self._scale).astype(np.int64)

    def _describe(self, stats: ObjectStats, rings: Rings) -> ChangeObjects:
        means = stats.total / stats.pixels
        before, after = np.split(means[_BANDS:] / (self._scale or 1.0), 2)
        return ChangeObjects(
            pixels=stats.pixels,
            score=means[_SCORE] / SCORE_STEPS,
            score_max=stats.maximum[_SCORE] / SCORE_STEPS,
            mad=means[_MAD] / MAD_STEPS,
            observed_share=means[_OBSERVED] / OBSERVED_STEPS,
            before=before,
            after=after,
            rings=rings,
        )


@dataclass(frozen=True, kw_only=True)
class _KeepRule:
    parameters: SpectralParameters
    pixel_m2: float

    def keeps(self, stats: ObjectStats) -> BoolArray:
        """Tell the objects that are large and strong enough."""
        step = SCORE_STEPS / self.parameters.full
        kept: BoolArray = (
            (stats.pixels * self.pixel_m2 >= self.parameters.smallest_m2)
            & (stats.total[_SCORE] >= self.parameters.strong * step * stats.pixels)
            & (stats.maximum[_SCORE] >= self.parameters.peak * step)
        )
        return kept

    def sprawls(self, stats: ObjectStats, firm_pixels: npt.NDArray[Any]) -> BoolArray:
        """Tell the objects to take apart; one without firm parts stays whole."""
        box = (stats.bbox[:, 2] - stats.bbox[:, 0]) * (stats.bbox[:, 3] - stats.bbox[:, 1])
        sprawling: BoolArray = (
            (stats.pixels * self.pixel_m2 > self.parameters.sprawl_m2)
            & (stats.pixels < self.parameters.sprawl_fill * box)
            & (firm_pixels > 0)
            & (firm_pixels < self.parameters.sprawl_firm * stats.pixels)
        )
        return sprawling


class _Level:
    """Objects of one level of the score, block by block."""

    def __init__(self, rule: _KeepRule, device: Device) -> None:
        self.edges: dict[Place, Edges] = {}
        self._rule = rule
        self._device = device
        self._merger = BlockMerger()

    def add(
        self, ringed: BoolArray, layers: Sequence[npt.NDArray[Any]], *, row: int, col: int
    ) -> tuple[Int32Array, ObjectStats]:
        labels, count = self._viable(ringed[1:-1, 1:-1], layers[_SCORE])
        stats = _stats(labels, count, layers, row=row, col=col, device=self._device)
        self._merger.add(block_border(labels, row=row, col=col), stats)
        mask = ringed.copy()
        np.greater(labels, 0, out=mask[1:-1, 1:-1])
        self.edges[row, col] = boundary_edges(mask, labels, row=row, col=col, device=self._device)
        return labels, stats

    def _viable(self, mask: BoolArray, score: npt.NDArray[np.uint8]) -> tuple[Int32Array, int]:
        """Label what may be kept: most of what a block holds is noise that lies wholly inside and is forgotten here."""
        labels, count = label(np.ascontiguousarray(mask), device=self._device)
        viable = np.zeros(count + 1, np.bool_)
        viable[1:] = self._rule.keeps(object_stats(labels, count, score, device=self._device))
        for edge in (labels[0], labels[-1], labels[:, 0], labels[:, -1]):
            viable[edge] = True
        viable[0] = False
        renumbered = np.where(viable, np.cumsum(viable), 0).astype(np.int32)
        return renumbered[labels], int(viable.sum())

    def merge(self) -> MergedObjects:
        return self._merger.finish()


def _widest(standard: Standard) -> float:
    """Return the largest contrast of a band: an empty band, which has none, must not make the sums overflow."""
    return float(np.max(np.maximum(1.0, 1.0 / standard.gain) / standard.weight))


def _stats(
    labels: Int32Array, count: int, layers: Sequence[npt.NDArray[Any]], *, row: int, col: int, device: Device
) -> ObjectStats:
    """Sum the layers over objects; positions are layers too, since only labelled pixels, a tenth or so, are looked at."""
    width = labels.shape[1]
    at = np.flatnonzero(labels)
    if count == 0:
        none, bands = np.zeros(0, np.int64), sum(layer.shape[0] for layer in layers)
        empty = np.zeros((bands, 0), np.int64)
        return ObjectStats(
            pixels=none,
            total=empty,
            minimum=empty,
            maximum=empty,
            bbox=np.zeros((0, 4), np.int64),
            first=np.zeros((0, 2), np.int64),
        )
    values = [layer.reshape(layer.shape[0], -1)[:, at] for layer in layers]
    values.append(np.stack([at, at // width, at % width]))
    listed = object_stats(
        labels.reshape(1, -1)[:, at], count, np.concatenate(values).astype(np.int64)[:, np.newaxis], device=device
    )
    (first, top, left), (bottom, right) = listed.minimum[-3:], listed.maximum[-2:]
    return ObjectStats(
        pixels=listed.pixels,
        total=listed.total[:-3],
        minimum=listed.minimum[:-3],
        maximum=listed.maximum[:-3],
        bbox=np.stack([top + row, left + col, bottom + row + 1, right + col + 1], axis=1),
        first=np.stack([first // width + row, first % width + col], axis=1),
    )


def _taken(stats: ObjectStats, chosen: npt.NDArray[Any]) -> ObjectStats:
    return ObjectStats(
        pixels=stats.pixels[chosen],
        total=stats.total[:, chosen],
        minimum=stats.minimum[:, chosen],
        maximum=stats.maximum[:, chosen],
        bbox=stats.bbox[chosen],
        first=stats.first[chosen],
    )


def _concatenate(one: ObjectStats, other: ObjectStats) -> ObjectStats:
    return ObjectStats(
        pixels=np.concatenate([one.pixels, other.pixels]),
        total=np.concatenate([one.total, other.total], axis=1),
        minimum=np.concatenate([one.minimum, other.minimum], axis=1),
        maximum=np.concatenate([one.maximum, other.maximum], axis=1),
        bbox=np.concatenate([one.bbox, other.bbox]),
        first=np.concatenate([one.first, other.first]),
    )


def _spread(entry: Int32Array, kept: BoolArray) -> Int32Array:
    """Return entries indexed by id, 0 for the background and for what is not kept."""
    spread = np.zeros(kept.size + 1, np.int32)
    spread[1:][kept] = entry
    return spread
