"""What one file says of itself, checked."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyproj
import rasterio
from affine import Affine
from rasterio.enums import ColorInterp, Interleaving, MaskFlags
from rasterio.windows import Window as RasterWindow

from rs_governance.errors import BandsMismatch, CrsRefused, SceneUnreadable
from rs_governance.scenes.crs import RASTER, Remedies, check_placement, read_crs
from rs_governance.scenes.gdal import open_raster, readable
from rs_governance.scenes.grid import PixelGrid

# Samples of the other types become float32.
KEPT_DTYPES = ("uint8", "uint16", "float32")
_AS_FLOAT32 = ("int8", "int16", "uint32", "int32", "float16", "float64")


@dataclass(frozen=True, kw_only=True)
class FileHeader:
    """What one file says of itself."""

    path: Path
    """The file."""
    grid: PixelGrid
    """Pixels on the ground."""
    count: int
    """Number of bands, alpha included."""
    dtype: str
    """Type of the samples."""
    block_shape: tuple[int, int]
    """Rows and columns of the tiles or strips that the file is stored in."""
    nodata: tuple[float | None, ...]
    """Declared nodata value of each band."""
    descriptions: tuple[str | None, ...]
    """Name of each band."""
    colours: tuple[str, ...]
    """Colour interpretation of each band."""
    alpha_index: int | None
    """Number (from 1) of the alpha band."""
    has_mask: bool
    """Whether the file carries a mask for all its bands."""
    tags: dict[str, str]
    """Metadata items."""


def read_header(
    path: Path,
    *,
    assume_gsd_m: float | None = None,
    towgs84: tuple[float, ...] | None = None,
    is_mask: bool = False,
    remedies: Remedies = RASTER,
) -> FileHeader:
    """Read and check the header of one raster.

    Parameters
    ----------
    path
        The file.
    assume_gsd_m
        Pixel size in metres to assume where there is no georeference.
    towgs84
        Seven parameters to WGS 84 for an old datum.
    is_mask
        Whether the samples are flags; then a palette is no obstacle.
    remedies
        What messages about the CRS advise.

    Raises
    ------
    SceneUnreadable
        If GDAL cannot open the file.
    CrsRefused
        If it cannot be placed on the ground.
    BandsMismatch
        If its samples are no brightness.
    """
    with open_raster(path) as dataset, readable(path):
        dtypes = Counter(dataset.dtypes)
        dtype = dtypes.most_common(1)[0][0]
        if len(dtypes) > 1 or dtype not in (*KEPT_DTYPES, *_AS_FLOAT32):
            raise BandsMismatch(
                f"'{path}' holds samples of type {', '.join(sorted(dtypes))}; expected uint8, uint16 or float32 for "
                "all bands. Convert it (gdal_translate -ot)."
            )
        if ColorInterp.palette in dataset.colorinterp and not is_mask:
            raise BandsMismatch(
                f"'{path}' is a palette picture, its numbers are no brightness; expand it (gdal_translate -expand rgb)."
            )
        _check_length(dataset, path)
        flags = dataset.mask_flag_enums[0]
        return FileHeader(
            path=path,
            grid=_read_grid(dataset, path, assume_gsd_m=assume_gsd_m, towgs84=towgs84, remedies=remedies),
            count=dataset.count,
            dtype=dtype,
            block_shape=dataset.block_shapes[0],
            nodata=tuple(dataset.nodatavals),
            descriptions=tuple(dataset.descriptions),
            colours=tuple(colour.name for colour in dataset.colorinterp),
            alpha_index=_alpha_index(dataset),
            has_mask=MaskFlags.per_dataset in flags and MaskFlags.alpha not in flags,
            tags={**dataset.tags(), **dataset.tags(ns="IMAGERY")},
        )


def _read_grid(
    dataset: rasterio.DatasetReader,
    path: Path,
    *,
    assume_gsd_m: float | None,
    towgs84: tuple[float, ...] | None,
    remedies: Remedies,
) -> PixelGrid:
    height, width = dataset.shape
    crs: pyproj.CRS | None = None
    if dataset.crs is not None and not dataset.transform.is_identity:
        crs = read_crs(dataset.crs.to_wkt(), path, towgs84=towgs84, remedies=remedies)
        check_placement(crs, dataset.transform, height, width, path)
        return PixelGrid(crs=crs, transform=dataset.transform, height=height, width=width)
    if assume_gsd_m is not None:
        return PixelGrid(crs=None, transform=Affine.scale(assume_gsd_m, -assume_gsd_m), height=height, width=width)
    if dataset.gcps[0] or dataset.rpcs:
        raise CrsRefused(
            f"'{path}' is a raw image (control points or RPCs only); orthorectify it first (gdalwarp -rpc or -tps)."
        )
    what = "a CRS but no position" if dataset.crs is not None else "no CRS"
    raise CrsRefused(
        f"'{path}' has {what}; expected a georeferenced image. Assign it (gdal_edit -a_srs, -a_ullr), or give its "
        "pixel size in metres (--gsd) to compare two pictures of the same size pixel by pixel."
    )


def _alpha_index(dataset: rasterio.DatasetReader) -> int | None:
    """Return the alpha band's number; a fourth band that only GDAL's default calls alpha is none.

    A four-band uint8 GeoTIFF written without care is RGBA by default while its last band is near infrared. A mask is
    nearly all black and white, a band is not: a few windows tell.
    """
    if ColorInterp.alpha not in dataset.colorinterp:
        return None
    index: int = dataset.colorinterp.index(ColorInterp.alpha) + 1
    if dataset.dtypes[0] != "uint8":
        return index
    height, width = dataset.shape
    parts = []
    for at in (0.25, 0.5, 0.75):
        row, col = int(height * at), int(width * at)
        window = RasterWindow(col, row, min(64, width - col), min(64, height - row))
        parts.append(dataset.read(index, window=window).ravel())
    samples = np.concatenate(parts)
    grey = (samples > 10) & (samples < 245)
    return None if grey.mean() > 0.5 else index


def _check_length(dataset: rasterio.DatasetReader, path: Path) -> None:
    """Check that a file is as long as its header says.

    GDAL reads what is missing of an ENVI file as 0, and its LERC decoder dies of a block that was cut off.
    """
    length = path.stat().st_size
    expected = _promised_length(dataset)
    if length < expected:
        raise SceneUnreadable(
            f"'{path}' has {length} bytes, its header promises {expected}: it is truncated; copy it again."
        )


def _promised_length(dataset: rasterio.DatasetReader) -> int:
    if dataset.driver == "ENVI":
        tags = dataset.tags(ns="ENVI")
        samples = dataset.count * dataset.height * dataset.width
        stored = samples * np.dtype(dataset.dtypes[0]).itemsize
        return int(tags.get("header_offset", 0)) + stored if tags.get("file_compression", "0") == "0" else 0
    if dataset.driver != "GTiff":
        return 0
    ends = [0]
    bands = (1,) if dataset.interleaving is Interleaving.pixel else dataset.indexes
    for band in bands:
        rows, columns = dataset.block_shapes[band - 1]
        for row in range(-(-dataset.height // rows)):
            for column in range(-(-dataset.width // columns)):
                # Half a microsecond each; a block that was never written has none.
                start, size = (
                    dataset.get_tag_item(f"BLOCK_{what}_{column}_{row}", "TIFF", bidx=band)
                    for what in ("OFFSET", "SIZE")
                )
                if start is not None and size is not None:
                    ends.append(int(start) + int(size))
    return max(ends)
