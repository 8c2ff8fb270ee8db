"""Reading windows of one scene in its own pixels, each with its validity."""

import math
from functools import partial

import numpy as np

from rs_governance.scenes.gdal import Handles, readable
from rs_governance.scenes.grid import Window
from rs_governance.scenes.samples import read_samples
from rs_governance.scenes.scene import Scene
from rs_governance.scenes.sheets import Sheet
from rs_governance.scenes.tiles import Pixels, Tile, TileCache, Valid, assemble

# Enough for the four rows of tiles that a row of blocks with a halo touches, 8192 pixels wide, 4 bands of uint16.
_CACHE_BYTES = 192 * 2**20
_TILE_SIDE = 512
_STRIP_BYTES = 16 * 2**20


class SceneReader:
    """Windows of some bands of one scene, in the scene's own pixels; any thread may read."""

    def __init__(self, scene: Scene, *, roles: tuple[str, ...], dtype: np.dtype[np.generic]) -> None:
        self.scene = scene
        self.roles = roles
        self.dtype = dtype
        self._handles = Handles()
        self._cache = TileCache(_CACHE_BYTES)

    @property
    def bands(self) -> int:
        """Number of bands that are read."""
        return len(self.roles)

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
            self._cache.get((number, tile.row, tile.col), partial(self._decode, sheet, tile))
            for number, sheet in enumerate(self.scene.sheets)
            for tile in tiles_of(sheet, window, self.bands)
        ]
        return assemble(tiles, window, bands=self.bands, dtype=self.dtype)

    def forget_above(self, row: int) -> None:
        """Forget the pixels of tiles that end above a row of the scene."""
        self._cache.forget_above(row)

    def close(self) -> None:
        """Close the files and forget their pixels."""
        self._handles.close()
        self._cache.clear()

    def _decode(self, sheet: Sheet, window: Window) -> Tile:
        inner = window.shifted(-sheet.window.row, -sheet.window.col)
        with readable(sheet.path):
            data, valid = read_samples(self._handles.get(sheet.path), self.scene, sheet, self.roles, inner)
        data = data.astype(self.dtype, copy=False)
        return Tile(window=window, data=data, valid=None if valid.all() else valid)


def tiles_of(sheet: Sheet, window: Window, bands: int) -> list[Window]:
    """Return the windows (scene pixels) that are decoded as one and that meet `window`.

    They follow the file's own tiles or strips, so that nothing is decoded twice.
    """
    part = sheet.window.intersection(window)
    if part.is_empty:
        return []
    block_height, block_width = sheet.block_shape
    width = min(block_width * math.ceil(_TILE_SIDE / block_width), sheet.window.width)
    affordable = _STRIP_BYTES // (width * bands * np.dtype(sheet.dtype).itemsize) // block_height * block_height
    height = min(
        block_height * math.ceil(_TILE_SIDE / block_height), max(affordable, block_height), sheet.window.height
    )
    top, left = part.row - sheet.window.row, part.col - sheet.window.col
    return [
        Window(row=row, col=col, height=height, width=width)
        .clipped(sheet.window.height, sheet.window.width)
        .shifted(sheet.window.row, sheet.window.col)
        for row in range(top // height * height, top + part.height, height)
        for col in range(left // width * width, left + part.width, width)
    ]
