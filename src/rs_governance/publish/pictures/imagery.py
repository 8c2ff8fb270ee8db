"""Pictures of any ground from an issue's scenes, every scene in tones of its own that never change."""

from collections import OrderedDict
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pyproj
from affine import Affine
from PIL import Image

from rs_governance.errors import UsageError
from rs_governance.publish.pictures.overview import picture_bands
from rs_governance.publish.pictures.tones import Tones, choose_tones
from rs_governance.scenes import PixelGrid, Scene, Window
from rs_governance.scenes.mapping import PixelMapping
from rs_governance.scenes.masks import cloud_mask
from rs_governance.scenes.reader import SceneReader

Shift = tuple[float, float]
"""Offset on the ground (east, north) in units of the CRS: what lies at (x, y) is read at (x + east, y + north)."""

STAY: Shift = (0.0, 0.0)
"""No offset."""

_OPEN_AT_MOST = 2  # scenes whose tiles are kept: before and after
_SAMPLED_PLACES = 6  # windows along each axis by which the tones are chosen
_SAMPLED_SIDE = 160
_SOURCE_SIDE = 1280  # source pixels along a side that are held at once
_MARGIN_PX = 3  # reach of the cubic kernel, and a bit
_PALE, _HATCH = 236, 202  # grey levels of ground that was not observed


class Imagery:
    """Draws ground as one scene shows it, from files, folders of sheets and VRTs in any CRS.

    At most two scenes are held open, so ask scene by scene, or pair by pair. One thread may use it.

    Parameters
    ----------
    scenes
        Scenes by the identifiers that the spots name.
    """

    def __init__(self, scenes: Mapping[str, Scene]) -> None:
        self.scenes = scenes
        self._readers: OrderedDict[str, SceneReader] = OrderedDict()
        self._tones: dict[str, Tones] = {}
        self._colours: dict[str, npt.NDArray[np.uint8]] = {}

    def picture(self, image_id: str, grid: PixelGrid, *, shift: Shift = STAY) -> Image.Image:
        """Draw the ground of a grid; what was not observed is hatched.

        Parameters
        ----------
        image_id
            Identifier of the scene.
        grid
            Pixels of the picture on the ground.
        shift
            Where the scene has moved to, against the CRS of `grid`.

        Returns
        -------
        Image
            RGB, one pixel for each of the grid.

        Raises
        ------
        UsageError
            If there is no such scene.
        SceneUnreadable
            If a file cannot be read.
        """
        pixels, seen = self.pixels(image_id, grid, shift=shift)
        rows, cols = np.indices(seen.shape)
        hatch = np.where((rows + cols) % 12 < 3, _HATCH, _PALE).astype(np.uint8)
        pixels[~seen] = hatch[~seen][:, None]
        return Image.fromarray(pixels)

    def pixels(
        self, image_id: str, grid: PixelGrid, *, shift: Shift = STAY
    ) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.bool_]]:
        """Return the tones of a grid's ground and which of its pixels were observed.

        Returns
        -------
        tuple
            Tones (y, x, 3) uint8, and observed (y, x).

        Raises
        ------
        UsageError
            If there is no such scene.
        SceneUnreadable
            If a file cannot be read.
        """
        reader, tones = self._reader(image_id), self.tones(image_id)
        moved = PixelGrid(
            crs=grid.crs,
            transform=Affine.translation(*shift) @ grid.transform,
            height=grid.height,
            width=grid.width,
        )
        mapping = PixelMapping(moved, reader.scene.grid)
        pixels = np.zeros((grid.height, grid.width, 3), np.uint8)
        seen = np.zeros((grid.height, grid.width), np.bool_)
        for window in grid.windows(_block_side(mapping, grid)):
            affine = mapping.affine(window)
            if grid.crs == reader.scene.grid.crs:  # exact: a pixel has one tone whatever the window
                affine = ~reader.scene.grid.transform @ moved.window_transform(window)
            pixels[window.slices], seen[window.slices] = _draw(reader, tones, window, affine)
        return pixels, seen

    def tones(self, image_id: str) -> Tones:
        """Return the stretch of a scene, chosen by windows spread all over it."""
        if image_id not in self._tones:
            self._take_sample(image_id)
        return self._tones[image_id]

    def colours(self, image_id: str) -> npt.NDArray[np.uint8]:
        """Return (n, 3) uint8 tones of pixels spread all over a scene."""
        if image_id not in self._colours:
            self._take_sample(image_id)
        return self._colours[image_id]

    def _take_sample(self, image_id: str) -> None:
        reader = self._reader(image_id)
        height, width = reader.scene.grid.height, reader.scene.grid.width
        clouds = cloud_mask(reader.scene, reader.scene.grid)  # so bright that the ground would be left in the dark
        parts = []
        for row in np.linspace(0, max(0, height - _SAMPLED_SIDE), _SAMPLED_PLACES).astype(int):
            for col in np.linspace(0, max(0, width - _SAMPLED_SIDE), _SAMPLED_PLACES).astype(int):
                window = Window(row=int(row), col=int(col), height=_SAMPLED_SIDE, width=_SAMPLED_SIDE)
                part = window.clipped(height, width)
                pixels, valid = reader.read(part)
                if clouds is not None:
                    valid &= ~clouds.read(part)
                parts.append(pixels[:, valid])
        if clouds is not None:
            clouds.close()
        sample = np.concatenate(parts, axis=1)
        tones = self._tones[image_id] = choose_tones(sample)
        self._colours[image_id] = _coloured(tones.apply(sample[:, None]))[0]

    def close(self) -> None:
        """Close the files."""
        while self._readers:
            self._readers.popitem()[1].close()

    def _reader(self, image_id: str) -> SceneReader:
        if image_id not in self._readers:
            if image_id not in self.scenes:
                known = ", ".join(sorted(self.scenes)) or "none"
                raise UsageError(f"No image {image_id!r}; the issue has {known}. Give every image that a spot names.")
            while len(self._readers) >= _OPEN_AT_MOST:
                self._readers.popitem(last=False)[1].close()
            scene = self.scenes[image_id]
            shown = tuple(scene.roles[band] for band in picture_bands(scene.roles))
            self._readers[image_id] = SceneReader(scene, roles=shown, dtype=scene.dtype)
        self._readers.move_to_end(image_id)
        return self._readers[image_id]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def metres_of_unit(crs: pyproj.CRS, x: float, y: float) -> tuple[float, float]:
    """Return the ground length (east, north) in metres of one unit of a CRS at a place."""
    tiny = 1.0 if crs.is_projected else 1e-5
    grid = PixelGrid(crs=crs, transform=Affine(tiny, 0, x - tiny / 2, 0, -tiny, y + tiny / 2), height=1, width=1)
    north, east = grid.pixel_size_m
    return east / tiny, north / tiny


def square_grid(crs: pyproj.CRS, x: float, y: float, *, side_m: float, side_px: int) -> PixelGrid:
    """Return the north-up grid of a square of ground around a place.

    Parameters
    ----------
    crs
        CRS of the place and of the grid.
    x, y
        Middle.
    side_m
        Side on the ground in metres.
    side_px
        Pixels along a side.
    """
    east, north = metres_of_unit(crs, x, y)
    wide, high = side_m / east, side_m / north
    transform = Affine(wide / side_px, 0, x - wide / 2, 0, -high / side_px, y + high / 2)
    return PixelGrid(crs=crs, transform=transform, height=side_px, width=side_px)


def _block_side(mapping: PixelMapping, grid: PixelGrid) -> int:
    """Return the side of blocks that need an affordable piece of the source."""
    scale = max(1.0, *_scales(mapping.affine(grid.window)))
    return max(16, int(_SOURCE_SIDE / scale))


def _scales(affine: Affine) -> tuple[float, float]:
    """Return source pixels for one of the picture's, along x and y."""
    return float(np.hypot(affine.a, affine.d)), float(np.hypot(affine.b, affine.e))


def _draw(
    reader: SceneReader, tones: Tones, window: Window, affine: Affine
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.bool_]]:
    """Draw one block: area means where the picture is coarser than the scene, then cubic convolution."""
    size = (window.width, window.height)
    step = max(1, int(min(_scales(affine)) + 1e-6))
    corners = [affine @ corner for corner in ((0, 0), (size[0], 0), (0, size[1]), size)]
    if not np.isfinite(corners).all():
        return _nothing(window)
    left, top = np.floor(np.min(corners, axis=0) / step).astype(int) - _MARGIN_PX
    right, bottom = np.ceil(np.max(corners, axis=0) / step).astype(int) + _MARGIN_PX
    source = Window(
        row=int(top) * step, col=int(left) * step, height=int(bottom - top) * step, width=int(right - left) * step
    )
    grid = reader.scene.grid
    if source.clipped(grid.height, grid.width).is_empty:
        return _nothing(window)
    means, usable = _means(*reader.read(source), step)
    to_source = Affine.scale(1 / step) @ Affine.translation(-source.col, -source.row) @ affine
    coefficients = (to_source.a, to_source.b, to_source.c, to_source.d, to_source.e, to_source.f)
    toned = Image.fromarray(_coloured(tones.apply(means)))
    rows, cols = round(to_source.f), round(to_source.c)
    if to_source.almost_equals(Affine.translation(cols, rows), 1e-6):  # pixel on pixel
        part = (slice(rows, rows + window.height), slice(cols, cols + window.width))
        return np.asarray(toned)[part].copy(), usable[part].copy()
    picture = toned.transform(size, Image.Transform.AFFINE, coefficients, Image.Resampling.BICUBIC)
    if usable.all():
        return np.asarray(picture).copy(), np.ones((window.height, window.width), np.bool_)
    flags = Image.fromarray(np.where(usable, 255, 0).astype(np.uint8))
    seen = np.asarray(flags.transform(size, Image.Transform.AFFINE, coefficients, Image.Resampling.NEAREST)) > 0
    return np.asarray(picture).copy(), seen


def _coloured(toned: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Return (y, x, 3) of (y, x, 1 or 3)."""
    return toned if toned.shape[2] == 3 else np.repeat(toned, 3, axis=2)


def _nothing(window: Window) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.bool_]]:
    return (
        np.zeros((window.height, window.width, 3), np.uint8),
        np.zeros((window.height, window.width), np.bool_),
    )


def _means(
    pixels: npt.NDArray[Any], valid: npt.NDArray[np.bool_], step: int
) -> tuple[npt.NDArray[Any], npt.NDArray[np.bool_]]:
    """Return the means of the usable ones of each `step` x `step` pixels, and where there were any."""
    if step == 1:
        return pixels, valid
    bands, height, width = pixels.shape
    cells = (height // step, step, width // step, step)
    counts = valid.reshape(cells).sum(axis=(1, 3), dtype=np.uint32)
    sums = pixels.reshape(bands, *cells).sum(axis=(2, 4), dtype=np.float64)  # what is not valid is 0
    return sums / np.maximum(counts, 1), counts > 0
