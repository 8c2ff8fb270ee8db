"""One scene put onto the common grid: by windows where it only has to be moved, by warping otherwise."""

import math
from dataclasses import dataclass
from functools import partial, reduce
from typing import Protocol

import numpy as np
from affine import Affine
from rasterio.crs import CRS
from rasterio.enums import Resampling
from rasterio.warp import reproject

from rs_governance.scenes.gdal import gdal_settings
from rs_governance.scenes.grid import PixelGrid, Window
from rs_governance.scenes.mapping import PixelMapping
from rs_governance.scenes.reader import SceneReader
from rs_governance.scenes.tiles import Pixels, Tile, TileCache, Valid, assemble

# A smaller fraction of a pixel is not worth the smoothing that resampling brings.
_NEGLIGIBLE_PX = 0.05
_MARGIN_PX = 3
_CACHE_BYTES = 96 * 2**20
# Only whether a pixel was computed from valid pixels alone matters, not how much of it.
_FULLY = 0.999
# reproject() asks for a CRS; both sides are plain pixels here. Scaled by ten, since GDAL takes a geotransform of ones
# for none at all.
_PLANE = CRS.from_epsg(3857)
_TO_PLANE = Affine.scale(10, -10)


@dataclass(frozen=True, kw_only=True)
class RawPixels:
    """Decoded pixels, with a margin where they still have to be moved by a fraction of a pixel."""

    data: Pixels
    """(band, y + 2 margin, x + 2 margin)."""
    valid: Valid
    """(y + 2 margin, x + 2 margin)."""


class PlacedScene(Protocol):
    """A scene on the common grid."""

    def read(self, window: Window) -> RawPixels:
        """Decode a window of the grid; safe in any thread."""

    def finish(self, raw: RawPixels) -> tuple[Pixels, Valid]:
        """Return pixels and validity of the window; runs compiled kernels."""

    def forget_above(self, row: int) -> None:
        """Forget what only windows above a row of the grid would need."""

    def close(self) -> None:
        """Close the files."""


def place(reader: SceneReader, grid: PixelGrid, *, dy_px: float = 0.0, dx_px: float = 0.0) -> PlacedScene:
    """Return a scene on a grid, read `dy_px` rows below and `dx_px` columns right of where its georeference says."""
    mapping = PixelMapping(grid, reader.scene.grid, dy_px=dy_px, dx_px=dx_px)
    shift = mapping.as_shift()
    if shift is None:
        return WarpedScene(reader, mapping)
    return ShiftedScene(reader, rows=shift.rows, cols=shift.cols)


class ShiftedScene:
    """A scene whose pixels are the grid's up to a translation.

    Whole pixels are moved by the window that is read, the rest by cubic convolution.
    """

    def __init__(self, reader: SceneReader, *, rows: float, cols: float) -> None:
        self._reader = reader
        self._rows, self._dy = _split(rows)
        self._cols, self._dx = _split(cols)
        self._margin = _MARGIN_PX if self._dy or self._dx else 0

    def read(self, window: Window) -> RawPixels:
        """Decode a window of the grid, with its margin."""
        data, valid = self._reader.read(window.shifted(self._rows, self._cols).grown(self._margin))
        return RawPixels(data=data, valid=valid)

    def finish(self, raw: RawPixels) -> tuple[Pixels, Valid]:
        """Resample by the fraction of a pixel; usable is what comes from usable pixels alone."""
        if not self._margin:
            return raw.data, raw.valid
        # Imported here: Numba takes half a second, and who asks what an image is moves no pixels.
        from rs_kernels import translate

        margin = self._margin
        data = translate(raw.data, self._dy, self._dx, margin=margin)
        if raw.valid.all():
            return data, raw.valid[margin:-margin, margin:-margin].copy()
        valid = _supported(_supported(raw.valid, self._dy, margin, axis=0), self._dx, margin, axis=1)
        if not valid.all():
            np.copyto(data, 0, where=~valid)  # a third of the time of an assignment by mask
        return data, valid

    def forget_above(self, row: int) -> None:
        """Forget the tiles that only windows above a row of the grid would need."""
        self._reader.forget_above(row + self._rows - self._margin)

    def close(self) -> None:
        """Close the files."""
        self._reader.close()


class WarpedScene:
    """A scene of another CRS, pixel size or direction, warped by cubic convolution.

    The grid is cut into chunks that do not depend on what is asked for, so a pixel has one value whatever the
    window. Over a chunk the mapping is affine to 1/50 of a pixel.
    """

    def __init__(self, reader: SceneReader, mapping: PixelMapping) -> None:
        self._reader = reader
        self._mapping = mapping
        self._cache = TileCache(_CACHE_BYTES)

    def read(self, window: Window) -> RawPixels:
        """Warp the chunks that meet a window of the grid."""
        tiles = [
            self._cache.get((chunk.row, chunk.col), partial(self._warp, chunk))
            for chunk in self._mapping.chunks(window)
        ]
        data, valid = assemble(tiles, window, bands=self._reader.bands, dtype=self._reader.dtype)
        return RawPixels(data=data, valid=valid)

    def finish(self, raw: RawPixels) -> tuple[Pixels, Valid]:
        """Return what was read; nothing is left to do."""
        return raw.data, raw.valid

    def forget_above(self, row: int) -> None:
        """Forget the chunks that end above a row of the grid."""
        self._cache.forget_above(row)

    def close(self) -> None:
        """Close the files and forget their pixels."""
        self._reader.close()
        self._cache.clear()

    def _warp(self, chunk: Window) -> Tile:
        shape = (chunk.height, chunk.width)
        affine = self._mapping.affine(chunk)
        scene = self._reader.scene.grid
        # Source pixels for each pixel of the grid: the cubic kernel reaches two of the larger ones on each side.
        reach = max(1, math.ceil(max(math.hypot(affine.a, affine.b), math.hypot(affine.d, affine.e)) - 1e-6))
        if not all(map(math.isfinite, affine)):
            return _empty(chunk, self._reader)
        across, down = (0, chunk.width, 0, chunk.width), (0, 0, chunk.height, chunk.height)
        cols, rows = zip(*(affine @ corner for corner in zip(across, down, strict=True)), strict=True)
        source = Window(
            row=math.floor(min(rows)) - 2 * reach - 1,
            col=math.floor(min(cols)) - 2 * reach - 1,
            height=math.ceil(max(rows)) - math.floor(min(rows)) + 4 * reach + 2,
            width=math.ceil(max(cols)) - math.floor(min(cols)) + 4 * reach + 2,
        )
        if source.clipped(scene.height, scene.width).is_empty:
            return _empty(chunk, self._reader)
        pixels, usable = self._reader.read(source)
        to_source = Affine.translation(-source.col, -source.row) @ affine
        data = np.zeros((self._reader.bands, *shape), self._reader.dtype)
        _resample(pixels, data, to_source, Resampling.cubic)
        if usable.all():
            return Tile(window=chunk, data=data, valid=None)
        valid = _warped_validity(usable, shape, to_source, reach)
        data[:, ~valid] = 0
        return Tile(window=chunk, data=data, valid=valid)


def _empty(chunk: Window, reader: SceneReader) -> Tile:
    return Tile(
        window=chunk,
        data=np.zeros((reader.bands, chunk.height, chunk.width), reader.dtype),
        valid=np.zeros((chunk.height, chunk.width), np.bool_),
    )


def _resample(source: Pixels, out: Pixels, to_source: Affine, resampling: Resampling) -> None:
    # Left to itself GDAL takes a rotation for a reduction and smooths.
    across, down = math.hypot(to_source.a, to_source.b), math.hypot(to_source.d, to_source.e)
    with gdal_settings():
        reproject(
            source,
            out,
            src_transform=_TO_PLANE,
            src_crs=_PLANE,
            dst_transform=_TO_PLANE @ to_source,
            dst_crs=_PLANE,
            resampling=resampling,
            XSCALE=1 / max(1, across),
            YSCALE=1 / max(1, down),
        )


def _warped_validity(usable: Valid, shape: tuple[int, int], to_source: Affine, reach: int) -> Valid:
    """Tell the pixels that come from usable pixels alone: erosion and linear weights make up the cubic's reach."""
    # Imported here: it takes a third of a second, and most pairs lie on one grid.
    from scipy.ndimage import minimum_filter

    eroded = minimum_filter(usable.astype(np.float32), size=2 * reach + 1, mode="constant", cval=0.0)
    weight = np.zeros(shape, np.float32)
    _resample(eroded, weight, to_source, Resampling.bilinear)
    full: Valid = weight > _FULLY
    return full


def _split(offset: float) -> tuple[int, float]:
    """Split an offset into whole pixels and a fraction of at most half a pixel, 0 where it is negligible."""
    whole = round(offset)
    fraction = offset - whole
    return whole, fraction if abs(fraction) >= _NEGLIGIBLE_PX else 0.0


def _supported(valid: Valid, fraction: float, margin: int, *, axis: int) -> Valid:
    """Cut the margin off one axis; true where the four pixels of the cubic kernel along it are valid."""
    size = valid.shape[axis] - 2 * margin
    offsets = range(math.floor(fraction) - 1, math.floor(fraction) + 3) if fraction else range(1)
    lines = np.moveaxis(valid, axis, 0)
    # One after the other: `reduce` would first put them into one array.
    supported: Valid = reduce(np.logical_and, (lines[margin + offset :][:size] for offset in offsets))
    return np.moveaxis(supported, 0, axis)
