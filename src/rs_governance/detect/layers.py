"""What is summed over the pixels of a region: whole numbers, so that sums of blocks are sums of the whole."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from rs_governance.detect.blocks import ScoredBlock
from rs_governance.detect.change import Standard
from rs_governance.detect.model import VISIBLE_ROLES, SpectralModel
from rs_governance.scenes import Window
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
    """Pixels of a block that may belong to regions, one after the other in reading order."""

    at: npt.NDArray[np.int64]
    """(n,): number of each pixel in its window."""
    values: IntArray
    """(layer, n): what is summed."""
    scale: float | None
    """Steps that float samples are counted in; None for whole numbers."""

    def where(self, chosen: npt.NDArray[np.bool_]) -> "Listed":
        """Return the chosen pixels."""
        if chosen.all():
            return self
        kept = np.flatnonzero(chosen)  # one search for all rows, not one each
        return Listed(at=self.at[kept], values=self.values.take(kept, axis=1), scale=self.scale)

    def whole(self, samples: npt.NDArray[Any]) -> IntArray:
        """Return samples as whole numbers."""
        if self.scale is None:
            return samples
        return np.rint(samples * self.scale).astype(np.int64)

    def sum_over(self, of: npt.NDArray[np.int32], count: int, window: Window, *, device: Device = "cpu") -> ObjectStats:
        """Sum up the layers of each region; only listed pixels, a tenth or so, are looked at.

        Parameters
        ----------
        of
            (n,): region of each pixel, from 1.
        count
            Number of regions.
        window
            Of the block.
        device
            Where the kernels run.
        """
        if count == 0:
            none, empty = np.zeros(0, np.int64), np.zeros((self.values.shape[0], 0), np.int64)
            box, first = np.zeros((0, 4), np.int64), np.zeros((0, 2), np.int64)
            return ObjectStats(pixels=none, total=empty, minimum=empty, maximum=empty, bbox=box, first=first)
        places = np.stack([self.at, self.at // window.width, self.at % window.width]).astype(self.values.dtype)
        layers = (self.values[:, np.newaxis], places[:, np.newaxis])
        listed = object_stats(of[np.newaxis], count, layers, device=device)
        (first, top, left), (bottom, right) = listed.minimum[-3:], listed.maximum[-2:]
        corner = (top + window.row, left + window.col, bottom + window.row + 1, right + window.col + 1)
        return ObjectStats(
            pixels=listed.pixels,
            total=listed.total[:-3],
            minimum=listed.minimum[:-3],
            maximum=listed.maximum[:-3],
            bbox=np.stack(corner, axis=1),
            first=np.stack([first // window.width + window.row, first % window.width + window.col], axis=1),
        )


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
        window = block.window
        core = block.depth[window.within(block.read.window)]
        at = np.flatnonzero(core)
        rows, cols = at // window.width, at % window.width
        rows += window.row - block.read.window.row
        cols += window.col - block.read.window.col
        listed = Listed(at=at, values=np.zeros((0, at.size), np.int32), scale=self.scale)
        layers: list[IntArray] = [layer.ravel()[at] for layer in (block.score, block.observed, block.mad)]
        images = (block.read.before, block.read.after)
        lights = [self._bright(image, rows, cols, *light) for image, light in zip(images, self._light, strict=True)]
        layers += lights
        layers += [light * light for light in lights]
        layers += [
            self._rough(image, block.read.valid, rows, cols, *light)
            for image, light in zip(images, self._light, strict=True)
        ]
        for image in images:
            samples = image.reshape(image.shape[0], -1).take(rows * image.shape[2] + cols, axis=1)
            layers += list(listed.whole(samples))
        values: IntArray = np.array(layers, dtype=np.int32 if self.scale is None else np.int64)
        return Listed(at=at, values=values, scale=self.scale)

    def _bright(
        self, image: npt.NDArray[Any], rows: npt.NDArray[Any], cols: npt.NDArray[Any], factor: float, base: float
    ) -> npt.NDArray[np.int32]:
        """Brightness of pixels in steps."""
        # One index into a band taken whole takes half the time of a row and a column.
        at = rows * image.shape[2] + cols
        light: npt.NDArray[np.float32] = image[self._bands[0]].ravel().take(at).astype(np.float32)
        for band in self._bands[1:]:
            light += image[band].ravel().take(at)
        light *= np.float32(factor)
        light += np.float32(base)
        return np.rint(np.clip(light, -_MOST_STEPS, _MOST_STEPS)).astype(np.int32)

    def _rough(
        self,
        image: npt.NDArray[Any],
        valid: npt.NDArray[np.bool_],
        rows: npt.NDArray[Any],
        cols: npt.NDArray[Any],
        factor: float,
        base: float,
    ) -> npt.NDArray[np.int32]:
        """Differences of the brightness on either side of pixels, along both axes; their own where a side is not usable."""
        rough = np.zeros(rows.size, np.int32)
        height, width = valid.shape
        for row_step, col_step in ((0, 1), (1, 0)):
            ends = []
            for sign in (-1, 1):
                y = np.clip(rows + sign * row_step, 0, height - 1)
                x = np.clip(cols + sign * col_step, 0, width - 1)
                usable = valid[y, x]
                ends.append(self._bright(image, np.where(usable, y, rows), np.where(usable, x, cols), factor, base))
            rough += np.abs(ends[1] - ends[0])
        return rough


def _widest(standard: Standard) -> float:
    """Return the largest contrast of a band: an empty band, which has none, must not make the sums overflow."""
    return float(np.max(np.maximum(1.0, 1.0 / standard.gain) / standard.weight))
