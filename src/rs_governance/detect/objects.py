"""Objects of a whole pair, gathered block by block and judged when all is known."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rs_governance.detect.blocks import MAD_STEPS, OBSERVED_STEPS, SCORE_STEPS, ScoredBlock
from rs_governance.detect.layers import BANDS, LIGHT, LIGHT_STEPS, MAD, OBSERVED, SCORE, SQUARE, TEXTURE, Layers
from rs_governance.detect.levels import Int32Array, Level, Place, Regions
from rs_governance.detect.model import SpectralModel
from rs_governance.detect.parameters import SpectralParameters
from rs_kernels import Device, Edges, ObjectStats, Rings, link_rings, smooth_rings

BoolArray = npt.NDArray[np.bool_]
FloatArray = npt.NDArray[np.float64]

_LEAST_PX = 2  # what a single pixel of a coarse image shows has no shape, and may as well be its noise


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
    beside_before: FloatArray
    """(band, n): mean of what lies beside the object on the earlier date; NaN where nothing does."""
    beside_after: FloatArray
    """(band, n): the same on the later date."""
    spread: FloatArray
    """(2, n): standard deviation of the brightness inside on either date, in contrasts of the scene."""
    texture: FloatArray
    """(2, n): mean difference of the brightness of pixels two apart, along both axes, in contrasts of the scene."""
    rings: Rings
    """Smoothed outlines in pixels (col, row) of the pair's grid."""


@dataclass(frozen=True, kw_only=True)
class BlockLabels:
    """Regions of a block, before it is known which are kept."""

    shape: tuple[int, int]
    """Rows and columns of the block."""
    places: npt.NDArray[np.int64]
    """(n,): numbers of the pixels that may belong to regions."""
    levels: tuple[Int32Array, ...]
    """(n,) each: their regions of every level, 0 for none."""


@dataclass(frozen=True, kw_only=True)
class BlockEntries:
    """Which entry, from 1, the labels of a block became; 0 for none."""

    levels: tuple[Int32Array, ...]
    """Indexed by label, for every level."""

    def paint(self, labels: BlockLabels) -> Int32Array:
        """Return the entry of each pixel of the block, (y, x)."""
        painted = np.zeros(labels.shape, np.int32)
        painted.ravel()[labels.places] = np.maximum.reduce([
            entry[label] for entry, label in zip(self.levels, labels.levels, strict=True)
        ])
        return painted


class ObjectCollector:
    """Takes scored blocks in any order and gives the objects of the whole.

    The regions above each level of the score form trees: every region lies in one of the level below. A region may
    be an object where it has a strong mean and a peak, and a large one is divided into its regions of higher levels
    where these stand out more from what lies beside them: a building on a field that ripened is told from the field.
    All of it is decided on merged sums, so that it does not depend on blocks.

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
        self._model = model
        self._layers = Layers(model, dtype)
        parameters = model.parameters
        self._levels = [
            Level(
                index,
                least_px=parameters.smallest_m2 / model.pixel_m2,
                least_peak=parameters.peak * SCORE_STEPS / parameters.full,
                beside_px=model.beside_px,
                device=device,
            )
            for index in range(len(parameters.levels))
        ]
        self._parents: dict[Place, list[Int32Array]] = {}

    def add(self, block: ScoredBlock) -> BlockLabels:
        """Take in a block and return its labels, which `BlockEntries` turns into entries."""
        listed = self._layers.list_pixels(block)
        parents: list[Int32Array] = []
        labels: list[Int32Array] = []
        for level in self._levels:
            label, parent = level.add(block, listed, labels[-1] if labels else None)
            parents.append(parent)
            labels.append(label)
        self._parents[block.window.row, block.window.col] = parents
        return BlockLabels(shape=(block.window.height, block.window.width), places=listed.places, levels=tuple(labels))

    def finish(self) -> tuple[ChangeObjects, dict[Place, BlockEntries]]:
        """Merge what crosses borders, keep what is large and strong enough, and link its outlines."""
        merged = [level.merge() for level in self._levels]
        chosen = choose_regions(merged, self._link(merged), self._model, scale=self._layers.scale or 1.0)
        stats = _joined([regions.stats for regions in merged], chosen)
        beside = np.concatenate([regions.beside[:, kept] for regions, kept in zip(merged, chosen, strict=True)], axis=1)
        order = np.lexsort((stats.first[:, 1], stats.first[:, 0]))
        entry = np.empty(order.size, np.int32)
        entry[order] = np.arange(1, order.size + 1)
        spread, used = [], 0
        for kept in chosen:
            number = np.zeros(kept.size + 1, np.int32)
            number[1:][kept] = entry[used : used + int(kept.sum())]
            used += int(kept.sum())
            spread.append(number)
        entries = {
            place: BlockEntries(
                levels=tuple(
                    number[regions.ids_by_block[place]] for number, regions in zip(spread, merged, strict=True)
                )
            )
            for place in self._parents
        }
        edges = Edges.concatenate([
            level.edges[place].relabelled(entries[place].levels[index])
            for index, level in enumerate(self._levels)
            for place in sorted(level.edges)
        ])
        return self._describe(_taken(stats, order), beside[:, order], smooth_rings(link_rings(edges))), entries

    def _link(self, merged: list[Regions]) -> list[npt.NDArray[np.int64]]:
        """Return the region of the level below, from 0, that each region of a level lies in."""
        links = [np.full(merged[0].stats.count, -1, np.int64)]
        for index in range(1, len(merged)):
            link = np.full(merged[index].stats.count, -1, np.int64)
            for place, parents in self._parents.items():
                below = merged[index - 1].ids_by_block[place][parents[index][1:]]
                link[merged[index].ids_by_block[place][1:] - 1] = below.astype(np.int64) - 1
            links.append(link)
        return links

    def _describe(self, stats: ObjectStats, beside: npt.NDArray[np.int64], rings: Rings) -> ChangeObjects:
        means = stats.total / stats.pixels
        scale = self._layers.scale or 1.0
        before, after = np.split(means[BANDS:] / scale, 2)
        beside_before, beside_after = np.split(_per_look(beside) / scale, 2)
        light, square = means[LIGHT : LIGHT + 2], means[SQUARE : SQUARE + 2]
        return ChangeObjects(
            pixels=stats.pixels,
            score=means[SCORE] / SCORE_STEPS,
            score_max=stats.maximum[SCORE] / SCORE_STEPS,
            mad=means[MAD] / MAD_STEPS,
            observed_share=means[OBSERVED] / OBSERVED_STEPS,
            before=before,
            after=after,
            beside_before=beside_before,
            beside_after=beside_after,
            spread=np.sqrt(np.maximum(square - light * light, 0.0)) / LIGHT_STEPS,
            texture=means[TEXTURE : TEXTURE + 2] / LIGHT_STEPS,
            rings=rings,
        )


def choose_regions(
    merged: list[Regions], links: list[npt.NDArray[np.int64]], model: SpectralModel, *, scale: float = 1.0
) -> list[BoolArray]:
    """Choose the regions that become objects, none of them inside of another.

    Parameters
    ----------
    merged
        Regions of every level, the lowest first.
    links
        The region of the level below that each lies in; -1 at the lowest.
    model
        Model of the pair.
    scale
        Steps that samples were counted in.

    Returns
    -------
    list of numpy.ndarray
        For every level, True for the regions that are chosen.
    """
    parameters = model.parameters
    usual_px = max(parameters.usual_m2 / model.pixel_m2, parameters.usual_px)
    whole: list[BoolArray] = []
    weight: FloatArray = np.zeros(0)
    covered: FloatArray = np.zeros(0)
    weighted: FloatArray = np.zeros(0)
    for level in range(len(merged) - 1, -1, -1):
        stats = merged[level].stats
        if level == len(merged) - 1:
            weight, weighted, covered = np.zeros(stats.count), np.zeros(stats.count), np.zeros(stats.count)
        parts = np.divide(weighted, weight, out=np.full(stats.count, -np.inf), where=weight > 0)
        if parameters.leftover:
            parts *= np.where(weight > 0, covered / stats.pixels, 1.0) ** parameters.leftover
        own = stands_out(merged[level], model, scale=scale)
        # A region twice as long and wide as usual has to stand out twice as much as its parts.
        stays = is_strong(stats, parameters, model.pixel_m2) & (own * np.sqrt(usual_px / stats.pixels) >= parts)
        whole.insert(0, stays)
        best = np.where(stays, own, parts)
        counts = (best > -np.inf).astype(np.float64) * stats.pixels
        if level:
            below = merged[level - 1].stats.count
            weight, weighted, covered = (
                np.bincount(links[level], values, minlength=below).astype(np.float64)
                for values in (counts, np.where(counts > 0, best, 0.0) * counts, np.where(stays, stats.pixels, covered))
            )
    taken = np.zeros(0, np.bool_)
    chosen: list[BoolArray] = []
    for stays, link in zip(whole, links, strict=True):
        inside = taken[link] if taken.size else np.zeros(stays.size, np.bool_)
        chosen.append(stays & ~inside)
        taken = inside | stays
    return chosen


def is_strong(stats: ObjectStats, parameters: SpectralParameters, pixel_m2: float) -> BoolArray:
    """Tell the regions that are large and strong enough to be objects."""
    step = SCORE_STEPS / parameters.full
    strong: BoolArray = (
        (stats.pixels >= _LEAST_PX)
        & (stats.pixels * pixel_m2 >= parameters.smallest_m2)
        & (stats.total[SCORE] >= parameters.strong * step * stats.pixels)
        & (stats.maximum[SCORE] >= parameters.peak * step)
    )
    return strong


def stands_out(regions: Regions, model: SpectralModel, *, scale: float = 1.0) -> FloatArray:
    """Measure how much regions stand out from what lies beside them, (n,): 0 where nothing does.

    It is how far they differ from it now, and by how much more they changed, over how much it changed itself.
    """
    standard, stats = model.standard, regions.stats
    bands = list(model.bands)
    inside = np.split(stats.total[BANDS:] / np.maximum(stats.pixels, 1), 2)
    outside = np.split(_per_look(regions.beside), 2)
    gain, offset, weight = (factor[:, np.newaxis] for factor in (standard.gain, standard.offset, standard.weight))
    before, after, before_beside, after_beside = (image[bands] / scale for image in (*inside, *outside))
    contrast = gain * (after - after_beside)
    now = root_mean_square(contrast * weight)
    more = root_mean_square((contrast - (before - before_beside)) * weight)
    around = root_mean_square((gain * after_beside + offset - before_beside) * weight)
    return np.nan_to_num((now + more) / (model.parameters.calm + around), nan=0.0)


def root_mean_square(differences: FloatArray) -> FloatArray:
    """Return the root mean square over bands, (band, n) to (n,)."""
    length: FloatArray = np.sqrt(np.square(differences).mean(axis=0))
    return length


def _per_look(beside: npt.NDArray[np.int64]) -> FloatArray:
    looks = np.where(beside[0] > 0, beside[0], np.nan)
    means: FloatArray = beside[1:] / looks
    return means


def _taken(stats: ObjectStats, chosen: npt.NDArray[np.int64] | BoolArray) -> ObjectStats:
    return ObjectStats(
        pixels=stats.pixels[chosen],
        total=stats.total[:, chosen],
        minimum=stats.minimum[:, chosen],
        maximum=stats.maximum[:, chosen],
        bbox=stats.bbox[chosen],
        first=stats.first[chosen],
    )


def _joined(levels: list[ObjectStats], chosen: list[BoolArray]) -> ObjectStats:
    parts = [_taken(stats, kept) for stats, kept in zip(levels, chosen, strict=True)]
    return ObjectStats(
        pixels=np.concatenate([part.pixels for part in parts]),
        total=np.concatenate([part.total for part in parts], axis=1),
        minimum=np.concatenate([part.minimum for part in parts], axis=1),
        maximum=np.concatenate([part.maximum for part in parts], axis=1),
        bbox=np.concatenate([part.bbox for part in parts]),
        first=np.concatenate([part.first for part in parts]),
    )
