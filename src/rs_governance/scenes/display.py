"""Pictures of scenes for people: true colour where there is one, brightness stretched."""

import math
from typing import overload

import numpy as np
from affine import Affine
from numpy.typing import NDArray

from rs_governance.scenes.aligned import AlignedPair
from rs_governance.scenes.grid import PixelGrid
from rs_governance.scenes.mapping import PixelMapping
from rs_governance.scenes.masks import cloud_mask
from rs_governance.scenes.reduced import reduce_pixels
from rs_governance.scenes.scene import Scene
from rs_governance.scenes.tiles import Pixels, Valid

RgbPicture = NDArray[np.uint8]
_PERCENTILES = (1.0, 99.0)
# Darker tones are lifted: satellite images are dark.
_GAMMA = 1 / 1.3


@overload
def preview(source: Scene, max_px: int = 1024) -> RgbPicture: ...
@overload
def preview(source: AlignedPair, max_px: int = 1024) -> tuple[RgbPicture, RgbPicture]: ...
def preview(source: Scene | AlignedPair, max_px: int = 1024) -> RgbPicture | tuple[RgbPicture, RgbPicture]:
    """Return a small picture of a scene, or of both scenes of a pair on their common grid.

    Every pixel is read and averaged; overviews are not used, they may be missing or made otherwise.

    Parameters
    ----------
    source
        A scene or an aligned pair.
    max_px
        Length of the longer side in pixels.

    Returns
    -------
    ndarray or tuple of two
        (y, x, 3) uint8; black where nothing was observed, under a supplied cloud mask as well.

    Raises
    ------
    SceneUnreadable
        If a file cannot be read.
    """
    if isinstance(source, Scene):
        return _picture(source, source.roles, _decimated(source.grid, max_px))
    grid, shift = _decimated(source.grid, max_px), source.registration
    factor = grid.height / source.grid.height, grid.width / source.grid.width
    return (
        _picture(source.before, source.roles, grid),
        _picture(source.after, source.roles, grid, dy_px=shift.dy_px * factor[0], dx_px=shift.dx_px * factor[1]),
    )


def to_rgb(pixels: Pixels, valid: Valid, roles: tuple[str, ...]) -> RgbPicture:
    """Stretch pixels for the eye.

    Red, green and blue where all three are there, else the first three bands, else the first in grey. Each colour is
    stretched from its 1st to its 99th percentile of the valid pixels.

    Parameters
    ----------
    pixels
        (band, y, x).
    valid
        (y, x), True where usable.
    roles
        Role of each band.

    Returns
    -------
    ndarray
        (y, x, 3) uint8; black where not valid.
    """
    bands = [roles.index(role) for role in _shown(roles)]
    picture = np.zeros((*valid.shape, 3), np.uint8)
    if not valid.any():
        return picture
    for channel, band in enumerate(bands):
        low, high = np.percentile(pixels[band][valid], _PERCENTILES)
        scaled = np.clip((pixels[band].astype(np.float32) - low) / max(high - low, 1e-6), 0, 1)
        # 1 is the darkest tone of what was observed; 0 says that nothing was.
        picture[..., channel] = np.where(valid, np.maximum(np.round(255 * scaled**_GAMMA), 1), 0)
    return picture


def _decimated(grid: PixelGrid, max_px: int) -> PixelGrid:
    if max_px < 1:
        raise ValueError(f"max_px must be 1 or more, got {max_px}")
    factor = max(1.0, max(grid.height, grid.width) / max_px)
    height, width = max(1, round(grid.height / factor)), max(1, round(grid.width / factor))
    return PixelGrid(
        crs=grid.crs,
        transform=grid.transform @ Affine.scale(grid.width / width, grid.height / height),
        height=height,
        width=width,
    )


def _shown(roles: tuple[str, ...]) -> tuple[str, str, str]:
    """Return the bands shown as red, green and blue."""
    if {"red", "green", "blue"} <= set(roles):
        return "red", "green", "blue"
    return (roles[0], roles[1], roles[2]) if len(roles) >= 3 else (roles[0], roles[0], roles[0])


def _picture(
    scene: Scene, roles: tuple[str, ...], grid: PixelGrid, *, dy_px: float = 0.0, dx_px: float = 0.0
) -> RgbPicture:
    """Look up the reduced pixel under each pixel of the picture."""
    shown = tuple(dict.fromkeys(_shown(roles)))
    step = max(1, round(math.sqrt(math.prod(grid.pixel_size_m) / math.prod(scene.grid.pixel_size_m))))
    pixels, valid = reduce_pixels(scene, shown, step)
    cols, rows = np.meshgrid(np.arange(grid.width) + 0.5, np.arange(grid.height) + 0.5)
    at = PixelMapping(grid, scene.grid, dy_px=dy_px, dx_px=dx_px)(rows, cols)
    at_rows, at_cols = (np.nan_to_num(np.floor(part / step), nan=-1, posinf=-1, neginf=-1) for part in at)
    inside = (at_rows >= 0) & (at_rows < valid.shape[0]) & (at_cols >= 0) & (at_cols < valid.shape[1])
    at_rows = np.where(inside, at_rows, 0).astype(np.intp)
    at_cols = np.where(inside, at_cols, 0).astype(np.intp)
    seen = valid[at_rows, at_cols] & inside
    clouds = cloud_mask(scene, grid, dy_px=dy_px, dx_px=dx_px)
    if clouds is not None:
        # Left in, they would take the brightest tones and leave the ground in the dark.
        seen &= ~clouds.read(grid.window)
        clouds.close()
    return to_rgb(pixels[:, at_rows, at_cols], seen, shown)
