"""Samples of one sheet and which of them are usable."""

import math

import numpy as np
import rasterio
from rasterio.windows import Window as RasterWindow

from rs_governance.scenes.grid import Window
from rs_governance.scenes.header import KEPT_DTYPES
from rs_governance.scenes.scene import Scene
from rs_governance.scenes.sheets import Sheet
from rs_governance.scenes.tiles import Pixels, Valid

# No measurement is this large: infinity and the -3.4e38 that stands for nodata, declared or not, are.
_LARGEST = 1e30


def read_samples(
    dataset: rasterio.DatasetReader,
    scene: Scene,
    sheet: Sheet,
    roles: tuple[str, ...],
    window: Window,
) -> tuple[Pixels, Valid]:
    """Read bands of a sheet with their validity.

    Parameters
    ----------
    dataset
        The open sheet.
    scene, sheet
        What it belongs to.
    roles
        Bands to read.
    window
        Pixels of the sheet, inside it.

    Returns
    -------
    tuple
        Samples (band, y, x) as uint8, uint16 or float32, and valid (y, x).
    """
    area = RasterWindow(window.col, window.row, window.width, window.height)
    positions = [scene.roles.index(role) for role in roles]
    indexes = [scene.band_indexes[position] for position in positions]
    data: Pixels = dataset.read(indexes, window=area)
    if data.dtype.name not in KEPT_DTYPES:
        with np.errstate(over="ignore"):
            data = data.astype(np.float32)
    valid = _valid_values(data, scene, sheet, [sheet.nodata[position] for position in positions])
    if sheet.alpha_index is not None:
        valid &= dataset.read(sheet.alpha_index, window=area) != 0
    if sheet.has_mask:
        valid &= dataset.read_masks(indexes[0], window=area) != 0
    return data, valid


def _valid_values(data: Pixels, scene: Scene, sheet: Sheet, nodata: list[float | None]) -> Valid:
    """Tell usable pixels by their values.

    One band at nodata spoils the pixel, except that in an image of integers a real dark pixel may be 0 in one band:
    there nodata 0 means 0 in all bands.
    """
    zero_in_all = np.dtype(sheet.dtype).kind in "ui" and all(value == 0 for value in nodata)
    valid: Valid
    if not (scene.zero_is_nodata or zero_in_all):
        valid = np.ones(data.shape[1:], np.bool_)
    elif data.dtype.kind == "u" and data[0].min(initial=1) > 0:
        # What has no dark pixel in its first band is usable all over: told in a tenth of the time.
        valid = np.ones(data.shape[1:], np.bool_)
    elif data.dtype.kind == "u":
        valid = np.bitwise_or.reduce(data, axis=0) != 0
    else:
        valid = (data != 0).any(axis=0)
    for band, value in zip(data, nodata, strict=True):
        if value is not None and not zero_in_all and _fits(value, data.dtype):
            valid &= band != value
        if data.dtype.kind == "f":
            valid &= np.abs(band) < _LARGEST
    return valid


def _fits(value: float, dtype: np.dtype[np.generic]) -> bool:
    """Whether samples of `dtype` can hold a nodata value at all (a -9999 on a uint16 image means nothing)."""
    if not abs(value) < _LARGEST:
        return False
    if dtype.kind == "f":
        return True
    largest = 255 if dtype == np.uint8 else 65535
    return value == math.floor(value) and 0 <= value <= largest
