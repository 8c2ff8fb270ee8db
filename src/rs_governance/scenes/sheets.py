"""The files of one scene (分幅): which they are, whether they fit, where each lies."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from affine import Affine

from rs_governance.errors import BandsMismatch, CrsRefused, SceneUnreadable
from rs_governance.scenes.grid import PixelGrid, Window
from rs_governance.scenes.header import FileHeader

# A folder is a delivery of one kind of file; the first kind found is the image, the rest are pictures of it.
_KINDS = (
    (".tif", ".tiff"),
    (".jp2", ".j2k"),
    (".img",),
    (".dat", ".bsq", ".bil", ".bip"),
    (".png",),
    (".jpg", ".jpeg"),
    (".vrt",),
)
_NOT_A_SHEET = re.compile(
    r"thumb|browse|preview|quicklook|overview|(?<![a-z])(ql|udm\d*|qa|mask|cloud|label)(?![a-z])|缩略|快视|云掩",
    re.IGNORECASE,
)


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """One file of a scene."""

    path: Path
    """The file."""
    window: Window
    """Where its pixels lie in the scene's grid."""
    dtype: str
    """Type of its samples."""
    block_shape: tuple[int, int]
    """Rows and columns of the tiles or strips that the file is stored in."""
    nodata: tuple[float | None, ...]
    """Declared nodata value of each band that is used, in the order of `Scene.roles`."""
    alpha_index: int | None
    """Number (from 1) of the alpha band."""
    has_mask: bool
    """Whether the file carries a mask for all its bands."""


def sheet_files(folder: Path) -> tuple[Path, ...]:
    """Return the image files of a folder in the order of their names, without thumbnails and masks.

    Raises
    ------
    SceneUnreadable
        If the folder cannot be listed or has no image.
    """
    try:
        entries = sorted(entry for entry in folder.iterdir() if entry.is_file() and not entry.name.startswith("."))
    except OSError as error:
        raise SceneUnreadable(f"Cannot list the folder '{folder}': {error.strerror}; check its permissions.") from error
    for suffixes in _KINDS:
        kind = [entry for entry in entries if entry.suffix.lower() in suffixes]
        sheets = [entry for entry in kind if not _NOT_A_SHEET.search(entry.stem)]
        if sheets:
            return tuple(sheets)
    bare = [entry.with_suffix("") for entry in entries if entry.suffix.lower() == ".hdr"]
    if sheets := [entry for entry in bare if entry in entries]:
        return tuple(sheets)
    raise SceneUnreadable(
        f"No image in the folder '{folder}'; expected GeoTIFF, JPEG 2000, IMG, ENVI, PNG or JPEG sheets directly in it."
    )


def check_alike(first: FileHeader, other: FileHeader) -> None:
    """Check that two sheets belong to one product.

    Raises
    ------
    BandsMismatch
        If they differ in bands or sample type.
    CrsRefused
        If they differ in CRS or pixel size, or have no place on the ground.
    """
    if (other.count, other.dtype, other.alpha_index) != (first.count, first.dtype, first.alpha_index):
        raise BandsMismatch(
            f"The sheets differ: '{first.path.name}' has {first.count} bands of {first.dtype}, '{other.path.name}' "
            f"{other.count} of {other.dtype}; put the sheets of one product into a folder of their own."
        )
    if first.grid.crs is None or other.grid.crs is None:
        raise CrsRefused(
            f"The folder '{first.path.parent}' holds several images without georeference, so their places are "
            "unknown; give one of the files instead."
        )
    if first.grid.crs != other.grid.crs:
        raise CrsRefused(
            f"The sheets differ: '{first.path.name}' is in {first.grid.crs.name}, '{other.path.name}' in "
            f"{other.grid.crs.name}; bring them into one CRS (gdalwarp -t_srs)."
        )
    sizes = zip(first.grid.pixel_size, other.grid.pixel_size, strict=True)
    if not (first.grid.is_north_up and other.grid.is_north_up) or any(
        not math.isclose(a, b, rel_tol=1e-6) for a, b in sizes
    ):
        raise CrsRefused(
            f"The sheets differ: '{first.path.name}' has pixels of {first.grid.pixel_size}, '{other.path.name}' of "
            f"{other.grid.pixel_size}; expected north-up sheets of one pixel size (gdalwarp -tr)."
        )


def mosaic(grids: Sequence[PixelGrid]) -> tuple[PixelGrid, list[Window]]:
    """Return the grid around all sheets and each sheet's window in it."""
    if len(grids) == 1:
        return grids[0], [grids[0].window]
    transform = grids[0].transform
    to_pixels = ~transform
    windows = []
    for grid in grids:
        col, row = to_pixels @ (grid.transform.c, grid.transform.f)
        windows.append(Window(row=round(row), col=round(col), height=grid.height, width=grid.width))
    top, left = min(w.row for w in windows), min(w.col for w in windows)
    height = max(w.row + w.height for w in windows) - top
    width = max(w.col + w.width for w in windows) - left
    whole = PixelGrid(crs=grids[0].crs, transform=transform @ Affine.translation(left, top), height=height, width=width)
    return whole, [w.shifted(-top, -left) for w in windows]
