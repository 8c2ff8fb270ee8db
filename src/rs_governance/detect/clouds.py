"""Whether a date looks clouded: enough to ask for a cloud mask, far too coarse to be one."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from rs_governance.scenes import PairBlock

_CELL_M = 10.0
_LOOKS = 3  # pixels along a cell that are averaged: single ones are too rough
# In robust deviations of the scene in every visible band: as bright as this on one date, at most half of it on the other.
_BRIGHT = 4.0
_LEAST_M2 = 2_000.0
# Half the distance between the quartiles of a normal distribution, in its standard deviations, twice.
_QUARTILES = 1.349


def clouded_shares(blocks: Sequence[PairBlock], visible: Sequence[int], pixel_m: float) -> tuple[float, float]:
    """Return the share of a sample that is very bright, white, even and large on one date alone, for either date.

    One pixel in sixteen is looked at where pixels are 0.8 m, averaged over cells of 10 m. Bright means far above the median of the scene in all visible
    bands, measured by its quartiles, which clouds on less than a quarter of the scene hardly move. An opening over
    three of them along both axes leaves what is bright all over, and drops roofs with gaps between them.

    Parameters
    ----------
    blocks
        Windows of the pair.
    visible
        Bands whose mean is the brightness.
    pixel_m
        Side of a pixel on the ground in metres.

    Returns
    -------
    tuple of float
        Shares of the usable sample, 0..1, before and after.
    """
    bands, looks = list(visible), min(_LOOKS, max(1, round(_CELL_M / pixel_m)))
    step = max(1, round(_CELL_M / pixel_m / looks))
    seen = [_cells(block.valid[np.newaxis, ::step, ::step], looks)[0] == 1 for block in blocks]
    dates = [
        [_cells(getattr(block, date)[:, ::step, ::step][bands], looks) for block in blocks]
        for date in ("before", "after")
    ]
    usable = sum(int(np.count_nonzero(valid)) for valid in seen)
    if not usable:
        return 0.0, 0.0
    before, after = (_deviations(images, seen) for images in dates)
    least = max(9.0, _LEAST_M2 / (looks * step * pixel_m) ** 2)
    first, second = (
        sum(
            _large(valid & (own.min(axis=0) > _BRIGHT) & (other.max(axis=0) < _BRIGHT / 2), least)
            for own, other, valid in zip(here, there, seen, strict=True)
        )
        for here, there in ((before, after), (after, before))
    )
    return first / usable, second / usable


def _cells(image: npt.NDArray[Any], looks: int) -> npt.NDArray[np.float64]:
    """Return the means of cells of so many samples along both axes, (band, y, x); what fills none is left out."""
    height, width = (length // looks for length in image.shape[1:])
    cells = image[:, : height * looks, : width * looks].reshape(len(image), height, looks, width, looks)
    means: npt.NDArray[np.float64] = cells.mean(axis=(2, 4), dtype=np.float64)
    return means


def _deviations(
    images: Sequence[npt.NDArray[Any]], seen: Sequence[npt.NDArray[np.bool_]]
) -> list[npt.NDArray[np.float64]]:
    """Put samples (band, y, x) into robust deviations from the median of the date."""
    samples = np.concatenate([image[:, valid] for image, valid in zip(images, seen, strict=True)], axis=1)
    low, middle, high = np.percentile(samples, (25, 50, 75), axis=1)[..., np.newaxis, np.newaxis]
    deviation = np.maximum((high - low) / _QUARTILES, 1e-3 * np.maximum(np.abs(middle), 1e-6))
    return [(image - middle) / deviation for image in images]


def _large(bright: npt.NDArray[np.bool_], least: float) -> int:
    """Count the cells of connected regions of at least so many."""
    if not bright.any():
        return 0
    labels, count = ndimage.label(ndimage.binary_opening(bright, np.ones((3, 3), np.bool_)))
    sizes = np.bincount(labels.ravel(), minlength=count + 1)[1:]
    return int(sizes[sizes >= least].sum())
