"""What is summed over the pixels of a region: whole numbers, so that sums of blocks are sums of the whole."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from rs_governance.detect.blocks import ScoredBlock
from rs_governance.detect.change import Standard
from rs_governance.detect.model import VISIBLE_ROLES, SpectralModel
from rs_kernels import Device, ObjectStats, object_stats

IntArray = npt.NDArray[np.integer[Any]]

SCORE, OBSERVED, MAD, LIGHT, SQUARE, TEXTURE, BANDS = 0, 1, 2, 3, 5, 7, 9
"""Rows of the sums; from LIGHT on before and after: two rows each, and then all bands of either date."""

LIGHT_STEPS = 64
"""Steps of the brightness in a contrast of the scene."""

_MOST_STEPS = np.float32(30_000)
_FLOAT_STEPS = 2**20
"""Steps of float samples, in contrasts of the widest band, so that their sums are whole numbers."""


@dataclass(frozen=True, kw_only=True)
class Listed:
    """Pixels of a block that reach the lowest level, one after the other in reading order."""

    places: npt.NDArray[np.int64]
    """(n,): number of each pixel in the window of the block."""
    rows: npt.NDArray[np.int64]
    """(n,): its row in the grid."""
    cols: npt.NDArray[np.int64]
    """(n,): its column in the grid."""
    on_border: npt.NDArray[np.bool_]
    """(n,): whether it lies on the border of the window."""
    depth: npt.NDArray[np.uint8]
    """(n,): how many levels it reaches."""
    values: IntArray
    """(layer, n): what is summed."""
    scale: float | None
    """Steps that float samples are counted in; None for whole numbers."""

    def whole(self, samples: npt.NDArray[Any]) -> IntArray:
        """Return samples as whole numbers."""
        return _whole(samples, self.scale)

    def sum_over(
        self, of: npt.NDArray[np.int32], count: int, *, device: Device = "cpu"
    ) -> tuple[ObjectStats, npt.NDArray[np.int64]]:
        """Sum up the layers of each region.

        Parameters
        ----------
        of
            (n,): region of each pixel, from 1; 0 for none.
        count
            Number of regions.
        device
            Where the kernels run.

        Returns
        -------
        stats : ObjectStats
            One entry a region, placed in the grid.
        first : numpy.ndarray
            (region,): which of the listed pixels is the first of each.
        """
        if count == 0:
            none, empty = np.zeros(0, np.int64), np.zeros((self.values.shape[0], 0), np.int64)
            box, corner = np.zeros((0, 4), np.int64), np.zeros((0, 2), np.int64)
            return ObjectStats(pixels=none, total=empty, minimum=empty, maximum=empty, bbox=box, first=corner), none
        cols = self.cols.astype(self.values.dtype)
        layers = (self.values[:, np.newaxis], cols[np.newaxis, np.newaxis])
        found = object_stats(of[np.newaxis], count, layers, device=device)
        first, last = found.first[:, 1], found.bbox[:, 3] - 1
        corners = (self.rows[first], found.minimum[-1], self.rows[last] + 1, found.maximum[-1] + 1)
        stats = ObjectStats(
            pixels=found.pixels,
            total=found.total[:-1],
            minimum=found.minimum[:-1],
            maximum=found.maximum[:-1],
            bbox=np.stack(corners, axis=1),
            first=np.stack([self.rows[first], self.cols[first]], axis=1),
        )
        return stats, first


class Layers:
    """Lists the pixels of blocks with all that is summed over them.

    Parameters
    ----------
    model
        Model of the pair.
    dtype
        Of the pair's samples.
    roles
        Of the pair's bands.
    """

    def __init__(self, model: SpectralModel, dtype: np.dtype[np.generic]) -> None:
        standard = model.standard
        self.scale = _FLOAT_STEPS / _widest(standard) if np.dtype(dtype).kind == "f" else None
        visible = [i for i, role in enumerate(model.roles) if role in VISIBLE_ROLES] or list(range(len(model.roles)))
        self._bands = [model.bands[i] for i in visible]
        contrast = float(np.mean(1 / standard.weight[visible]))
        gain, offset = float(np.mean(standard.gain[visible])), float(np.mean(standard.offset[visible]))
        # Brightness of either date in steps of the earlier date's contrast.
        self._light = (
            (LIGHT_STEPS / contrast / len(visible), 0.0),
            (LIGHT_STEPS * gain / contrast / len(visible), LIGHT_STEPS * offset / contrast),
        )

    def list_pixels(self, block: ScoredBlock) -> Listed:
        """List the pixels of a block that reach the lowest level."""
        window, read = block.window, block.read
        down, right = np.divmod(block.places, window.width)
        on_border = (down == 0) | (down == window.height - 1) | (right == 0) | (right == window.width - 1)
        rows, cols = down + window.row, right + window.col
        y, x = rows - read.window.row, cols - read.window.col
        there = y * read.window.width + x
        layers: list[IntArray] = [
            block.score.ravel().take(block.places),
            block.observed.ravel().take(block.places),
            block.mad,
        ]
        images = (read.before, read.after)
        lights = [self._bright(image, there, *light) for image, light in zip(images, self._light, strict=True)]
        layers += lights
        layers += [light * light for light in lights]
        layers += [
            self._rough(image, read.valid, y, x, *light) for image, light in zip(images, self._light, strict=True)
        ]
        for image in images:
            layers += list(_whole(image.reshape(image.shape[0], -1).take(there, axis=1), self.scale))
        return Listed(
            places=block.places,
            rows=rows,
            cols=cols,
            on_border=on_border,
            depth=block.depth.ravel().take(there),
            values=np.array(layers, dtype=np.int32 if self.scale is None else np.int64),
            scale=self.scale,
        )

    def _bright(
        self, image: npt.NDArray[Any], there: npt.NDArray[Any], factor: float, base: float
    ) -> npt.NDArray[np.int32]:
        """Brightness of pixels in steps."""
        light: npt.NDArray[np.float32] = image[self._bands[0]].ravel().take(there).astype(np.float32)
        for band in self._bands[1:]:
            light += image[band].ravel().take(there)
        light *= np.float32(factor)
        light += np.float32(base)
        return np.rint(np.clip(light, -_MOST_STEPS, _MOST_STEPS)).astype(np.int32)

    def _rough(
        self,
        image: npt.NDArray[Any],
        valid: npt.NDArray[np.bool_],
        y: npt.NDArray[Any],
        x: npt.NDArray[Any],
        factor: float,
        base: float,
    ) -> npt.NDArray[np.int32]:
        """Differences of the brightness on either side of pixels, along both axes; their own where a side is not usable."""
        rough = np.zeros(y.size, np.int32)
        height, width = valid.shape
        here = y * width + x
        for step, at, length in ((1, x, width), (width, y, height)):
            ends = []
            for there in (np.where(at > 0, here - step, here), np.where(at < length - 1, here + step, here)):
                usable = valid.ravel().take(there)
                ends.append(self._bright(image, np.where(usable, there, here), factor, base))
            rough += np.abs(ends[1] - ends[0])
        return rough


def _whole(samples: npt.NDArray[Any], scale: float | None) -> IntArray:
    """Count samples in steps; whole numbers as they are."""
    return samples if scale is None else np.rint(samples * scale).astype(np.int64)


def _widest(standard: Standard) -> float:
    """Return the largest contrast of a band: an empty band, which has none, must not make the sums overflow."""
    return float(np.max(np.maximum(1.0, 1.0 / standard.gain) / standard.weight))
