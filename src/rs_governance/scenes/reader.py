"""Reading windows of one scene in its own pixels, each with its validity."""

import math
from collections.abc import Iterator

import numpy as np
from rasterio.windows import Window as RasterWindow

from rs_governance.scenes.gdal import Handles, readable
from rs_governance.scenes.grid import Window
from rs_governance.scenes.header import KEPT_DTYPES
from rs_governance.scenes.scene import Scene
from rs_governance.scenes.sheets import Sheet
from rs_governance.scenes.tiles import Pixels, Tile, TileCache, Valid, assemble

# Enough for the four rows of tiles that a row of blocks with a halo touches, 8192 pixels wide, 4 bands of uint16.
_CACHE_BYTES = 192 * 2**20
_TILE_SIDE = 512
_STRIP_BYTES = 16 * 2**20
# No measurement is this large: infinity and the -3.4e38 that stands for nodata, declared or not, are.
_LARGEST = 1e30


class SceneReader:
    """Windows of some bands of one scene, in the scene's own pixels; any thread may read."""

    def __init__(self, scene: Scene, *, roles: tuple[str, ...], dtype: np.dtype[np.generic]) -> None:
        self.scene = scene
        self.dtype = dtype
        self._positions = [scene.roles.index(role) for role in roles]
        self._indexes = [scene.band_indexes[position] for position in self._positions]
        self._handles = Handles()
        self._cache = TileCache(_CACHE_BYTES)

    @property
    def bands(self) -> int:
        """Number of bands that are read."""
        return len(self._indexes)

    def read(self, window: Window) -> tuple[Pixels, Valid]:
        """Read a window that may stick out of the scene.

        Returns
        -------
        tuple
            Pixels (band, y, x), C-contiguous, in the reader's dtype, and valid (y, x). Pixels that are not valid are 0.

        Raises
        ------
        SceneUnreadable
            If the file cannot be read there.
        """
        tiles = [
            self._cache.get((number, tile.row, tile.col), lambda sheet=sheet, tile=tile: self._decode(sheet, tile))
            for number, sheet in enumerate(self.scene.sheets)
            for tile in _tiles_of(sheet, window, self.bands)
        ]
        return assemble(tiles, window, bands=self.bands, dtype=self.dtype)

    def close(self) -> None:
        """Close the files and forget their pixels."""
        self._handles.close()
        self._cache.clear()

    def _decode(self, sheet: Sheet, window: Window) -> Tile:
        inner = window.shifted(-sheet.window.row, -sheet.window.col)
        area = RasterWindow(inner.col, inner.row, inner.width, inner.height)
        with readable(sheet.path):
            dataset = self._handles.get(sheet.path)
            data: Pixels = dataset.read(self._indexes, window=area)
            if data.dtype.name not in KEPT_DTYPES:
                with np.errstate(over="ignore"):
                    data = data.astype(np.float32)
            valid = self._validity(sheet, data)
            if sheet.alpha_index is not None:
                valid &= dataset.read(sheet.alpha_index, window=area) != 0
            if sheet.has_mask:
                valid &= dataset.read_masks(self._indexes[0], window=area) != 0
        data = data.astype(self.dtype, copy=False)
        return Tile(window=window, data=data, valid=None if valid.all() else valid)

    def _validity(self, sheet: Sheet, data: Pixels) -> Valid:
        """Tell usable pixels by their values.

        One band at nodata spoils the pixel, except that in an image of integers a real dark pixel may be 0 in one
        band: there nodata 0 means 0 in all bands.
        """
        nodata = [sheet.nodata[position] for position in self._positions]
        zero_in_all = np.dtype(sheet.dtype).kind in "ui" and all(value == 0 for value in nodata)
        valid: Valid
        if not (self.scene.zero_is_nodata or zero_in_all):
            valid = np.ones(data.shape[1:], np.bool_)
        elif data.dtype.kind == "u":
            valid = np.bitwise_or.reduce(data, axis=0) != 0
        else:
            valid = (data != 0).any(axis=0)
        for band, value in zip(data, nodata, strict=True):
            if value is not None and not zero_in_all and _fits(value, data.dtype):
                valid &= band != data.dtype.type(value)
            if data.dtype.kind == "f":
                valid &= np.abs(band) < _LARGEST
        return valid


def _tiles_of(sheet: Sheet, window: Window, bands: int) -> Iterator[Window]:
    """Yield the windows (scene pixels) that are decoded as one and that meet `window`.

    They follow the file's own tiles or strips, so that nothing is decoded twice.
    """
    part = sheet.window.intersection(window)
    if part.is_empty:
        return
    block_height, block_width = sheet.block_shape
    height = block_height * math.ceil(_TILE_SIDE / block_height)
    width = min(block_width * math.ceil(_TILE_SIDE / block_width), sheet.window.width)
    affordable = _STRIP_BYTES // (width * bands * np.dtype(sheet.dtype).itemsize) // block_height * block_height
    height = min(height, max(affordable, block_height), sheet.window.height)
    top, left = part.row - sheet.window.row, part.col - sheet.window.col
    for row in range(top // height * height, top + part.height, height):
        for col in range(left // width * width, left + part.width, width):
            tile = Window(row=row, col=col, height=height, width=width)
            yield tile.clipped(sheet.window.height, sheet.window.width).shifted(sheet.window.row, sheet.window.col)


def _fits(value: float, dtype: np.dtype[np.generic]) -> bool:
    """Whether samples of `dtype` can hold a nodata value at all (a -9999 on a uint16 image means nothing)."""
    if dtype.kind == "f":
        return abs(value) < _LARGEST
    limits = np.iinfo(dtype)
    return math.isfinite(value) and value == int(value) and limits.min <= value <= limits.max
