"""A scene: one date's image, from a file, a VRT or a folder of sheets."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Literal

import numpy as np

from rs_governance.errors import CrsRefused, UsageError
from rs_governance.scenes.bands import check_roles, find_sensor, guess_sensor, infer_roles
from rs_governance.scenes.crs import RASTER
from rs_governance.scenes.dates import find_acquired_on, find_date
from rs_governance.scenes.grid import PixelGrid, Window
from rs_governance.scenes.header import KEPT_DTYPES, FileHeader, read_header
from rs_governance.scenes.sheets import Sheet, check_alike, mosaic, sheet_files


@dataclass(frozen=True, kw_only=True)
class Scene:
    """One image of one date, opened and checked but not read."""

    path: Path
    """What was asked for: a file or a folder."""
    image_id: str
    """Stem of the file's or name of the folder."""
    grid: PixelGrid
    """Pixels on the ground."""
    roles: tuple[str, ...]
    """Role of each band, see `bands.ROLES`."""
    band_indexes: tuple[int, ...]
    """Number (from 1) in the file of each role's band."""
    dtype: np.dtype[np.generic]
    """uint8, uint16 or float32: the type that blocks are read as."""
    sheets: tuple[Sheet, ...]
    """The files; where sheets overlap the earlier one in this order is on top."""
    acquired_on: date | None
    """Day of acquisition."""
    sensor: str | None
    """Name in the sensor table."""
    cloud_mask: Path | None
    """Raster (non-zero is cloud) or polygons of cloud."""
    zero_is_nodata: bool
    """Whether a pixel that is 0 in every band that is read counts as not observed."""

    @property
    def files(self) -> tuple[Path, ...]:
        """The image files, without the cloud mask."""
        return tuple(sheet.path for sheet in self.sheets)

    @property
    def nodata(self) -> float | None:
        """The declared nodata value of the first band, None where there is none."""
        return self.sheets[0].nodata[0]


def open_scene(
    path: Path | str,
    *,
    roles: Sequence[str] | None = None,
    sensor: str | None = None,
    acquired_on: date | None = None,
    cloud_mask: Path | str | None = None,
    assume_gsd_m: float | None = None,
    zero_is_nodata: bool | None = None,
    towgs84: tuple[float, float, float, float, float, float, float] | None = None,
    which: Literal["before", "after"] | None = None,
) -> Scene:
    """Open one image and check that it can be placed on the ground.

    Only headers are read. Everything that is guessed (band roles, sensor, date) can be said instead.

    Parameters
    ----------
    path
        A raster that GDAL reads (GeoTIFF, COG, JPEG 2000, ENVI, PNG, JPEG, VRT ...) or a folder of sheets:
        files of one CRS, pixel size, type and band count. Sheets are placed to the nearest whole pixel.
    roles
        Role of each band in the order of the file, see `bands.ROLES`. Naming the alpha band too makes it a band.
    sensor
        Name in the sensor table, which gives the order of the bands.
    acquired_on
        Day of acquisition.
    cloud_mask
        Raster whose non-zero pixels are cloud, or a vector file of cloud polygons; any grid, any CRS.
    assume_gsd_m
        Pixel size in metres for an image without georeference; ignored where there is one.
    zero_is_nodata
        Whether a pixel that is 0 in all bands is outside the image. When not given it is taken to be so for
        uint8 and uint16 images of three bands or more that declare neither nodata nor alpha nor mask: such
        images have black corners more often than pixels of perfect black.
    towgs84
        Seven parameters to WGS 84 for Beijing 54 or Xian 80 data (`dx, dy, dz` in metres, `rx, ry, rz` in arc
        seconds, scale in ppm; position vector rotation).
    which
        Which of two images it is, so that a message names that one's option.

    Raises
    ------
    SceneUnreadable
        If there is nothing readable at `path`.
    CrsRefused
        If the image cannot be placed on the ground safely.
    BandsMismatch
        If the bands cannot be told, or the sheets of a folder differ.
    UsageError
        If `roles` or `sensor` name what does not exist, or `roles` are not as many as the bands.
    """
    path = Path(path)
    ending = "" if which is None else f"-{which}"
    bands_option = f"--bands{ending}"
    remedies = replace(RASTER, parameters=f"--towgs84{ending} dx,dy,dz,rx,ry,rz,ds")
    if assume_gsd_m is not None and not (math.isfinite(assume_gsd_m) and assume_gsd_m > 0):
        raise UsageError(
            f"--gsd (assume_gsd_m) must be a positive number of metres, got {assume_gsd_m}.",
            zh=f"--gsd 应为大于 0 的米数；给出的是 {assume_gsd_m}。",
        )
    files = sheet_files(path) if path.is_dir() else (path,)
    headers = [read_header(file, assume_gsd_m=assume_gsd_m, towgs84=towgs84, remedies=remedies) for file in files]
    first = headers[0]
    for other in headers[1:]:
        check_alike(first, other)
    grid, windows = mosaic([header.grid for header in headers])

    # As many roles as bands: the user says that what looks like an alpha band is a band.
    alpha = None if roles is not None and len(roles) == first.count else first.alpha_index
    indexes = tuple(index for index in range(1, first.count + 1) if index != alpha)
    descriptions = [first.descriptions[index - 1] for index in indexes]
    hints = [path.name, *(file.name for file in files), *first.tags.values()]
    camera = find_sensor(sensor, bands_option=bands_option) if sensor is not None else guess_sensor(hints, descriptions)
    if roles is None:
        colours = [first.colours[index - 1] for index in indexes]
        band_roles = infer_roles(
            descriptions=descriptions,
            colours=colours,
            sensor=camera,
            sensor_is_given=sensor is not None,
            bands_option=bands_option,
        )
    else:
        band_roles = check_roles(roles)
        if len(band_roles) != len(indexes):
            raise UsageError(
                f"'{path}' has {len(indexes)} bands, but {bands_option} names {len(band_roles)}; name each band once, in "
                "the order of the file."
            )
    sheets = tuple(
        _sheet(header, window, indexes=indexes, alpha_index=alpha)
        for header, window in zip(headers, windows, strict=True)
    )
    if zero_is_nodata is None:
        declared = any(s.has_mask or s.alpha_index or any(v is not None for v in s.nodata) for s in sheets)
        zero_is_nodata = first.dtype in ("uint8", "uint16") and len(indexes) >= 3 and not declared
    around = path.resolve()
    names = [path.name] if find_date(path.name) else [file.stem for file in files]
    return Scene(
        path=path,
        image_id=around.name if path.is_dir() else path.stem,
        grid=grid,
        roles=band_roles,
        band_indexes=indexes,
        dtype=np.dtype(first.dtype if first.dtype in KEPT_DTYPES else "float32"),
        sheets=sheets,
        acquired_on=acquired_on or find_acquired_on(tags=first.tags, names=names, folder=around.parent.name),
        sensor=camera.name if camera is not None else None,
        cloud_mask=Path(cloud_mask) if cloud_mask is not None else None,
        zero_is_nodata=zero_is_nodata,
    )


def open_mask(path: Path, grid: PixelGrid) -> Scene:
    """Open the first band of a raster of flags that belongs to an image on `grid`.

    Raises
    ------
    SceneUnreadable
        If it is not readable.
    CrsRefused
        If it cannot be placed: without georeference it must have the size of the image.
    """
    # The size is not used: where nothing is known of its place it lies on the image.
    header = read_header(path, assume_gsd_m=1.0, is_mask=True)
    own = header.grid
    if own.crs is None or grid.crs is None:
        if (own.height, own.width) != (grid.height, grid.width):
            raise CrsRefused(
                f"'{path}' has {own.height} x {own.width} pixels and no common georeference with its image of "
                f"{grid.height} x {grid.width}; georeference it or give it the image's size."
            )
        own = grid
    return Scene(
        path=path,
        image_id=path.stem,
        grid=own,
        roles=("band_1",),
        band_indexes=(1,),
        dtype=np.dtype(header.dtype if header.dtype in KEPT_DTYPES else "float32"),
        sheets=(_sheet(header, own.window, indexes=(1,), alpha_index=None),),
        acquired_on=None,
        sensor=None,
        cloud_mask=None,
        zero_is_nodata=False,
    )


def _sheet(header: FileHeader, window: Window, *, indexes: Sequence[int], alpha_index: int | None) -> Sheet:
    return Sheet(
        path=header.path,
        window=window,
        dtype=header.dtype,
        block_shape=header.block_shape,
        nodata=tuple(header.nodata[index - 1] for index in indexes),
        alpha_index=alpha_index,
        has_mask=header.has_mask,
    )
