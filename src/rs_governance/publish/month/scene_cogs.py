"""Scenes as others read them: as they are in the district's CRS, and as pictures for web maps."""

import contextlib
import io
import math
import shutil
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyproj
import rasterio
import rasterio.shutil
from affine import Affine
from rasterio._err import CPLE_BaseError
from rasterio.enums import ColorInterp
from rasterio.errors import NotGeoreferencedWarning, RasterioError
from rasterio.windows import Window as RasterioWindow

from rs_governance.errors import CrsRefused, OutputFailed
from rs_governance.publish.output_folder import writing
from rs_governance.publish.pictures.imagery import Imagery, metres_of_unit
from rs_governance.scenes import PixelGrid, Scene, Window
from rs_governance.scenes.ground import bring
from rs_governance.scenes.placement import place
from rs_governance.scenes.reader import SceneReader

_BLOCK = 512
_STRIPE = 1024  # side of the windows that are read
_LEVEL = 4  # of a 5120 x 5120 scene of 4 bands: 4.2 s and 128 MB; the default 6 takes 10.8 s of CPU for 126 MB
_ROOM = 2.5  # bytes for each byte of pixels: the flat file, its overviews, and the COG
_THUMBNAIL_PX = 512
_COLOURS = (ColorInterp.red, ColorInterp.green, ColorInterp.blue)


@dataclass(frozen=True, kw_only=True)
class SceneFiles:
    """What was written of one scene."""

    data: Path
    """Its pixels as a COG in the district's CRS."""
    visual: Path
    """Its picture as a COG on the grid of web maps."""
    thumbnail: Path
    """Its picture, small."""


def write_scene(imagery: Imagery, image_id: str, folder: Path, *, crs: pyproj.CRS, threads: int = 2) -> SceneFiles:
    """Write a scene as `<id>.tif`, `<id>_web.tif` and `<id>_thumbnail.jpg`.

    Parameters
    ----------
    imagery
        Where the scene comes from.
    image_id
        Identifier of the scene.
    folder
        Where to write; it exists.
    crs
        CRS of the district.
    threads
        Threads that compress; they do not change the bytes.

    Raises
    ------
    CrsRefused
        When the scene has no place on the ground.
    SceneUnreadable
        When it cannot be read.
    OutputFailed
        When a file cannot be written.
    """
    files = SceneFiles(
        data=folder / f"{image_id}.tif",
        visual=folder / f"{image_id}_web.tif",
        thumbnail=folder / f"{image_id}_thumbnail.jpg",
    )
    write_data_cog(imagery.scenes[image_id], files.data, crs=crs, threads=threads)
    write_visual_cog(imagery, image_id, files.visual, threads=threads)
    write_thumbnail(imagery, image_id, files.thumbnail)
    return files


def write_data_cog(scene: Scene, path: Path, *, crs: pyproj.CRS, threads: int = 2) -> None:
    """Write a scene's own numbers as a cloud optimised GeoTIFF in the district's CRS.

    A file that already is one is copied as it is. Sheets become one file. In the CRS of the scene no pixel changes;
    from another CRS they are warped by cubic convolution. What is not usable is 0 and masked.

    Parameters
    ----------
    scene
        Any scene with a CRS.
    path
        File to create.
    crs
        CRS of the district.
    threads
        Threads that compress; they do not change the bytes.

    Raises
    ------
    CrsRefused
        When the scene has no place on the ground.
    SceneUnreadable
        When it cannot be read.
    OutputFailed
        When the file cannot be written.
    """
    grid = _in_crs(_placed(scene), crs)
    if _is_ready(scene, crs):
        with writing(path):
            shutil.copyfile(scene.files[0], path)
        return
    reader = SceneReader(scene, roles=scene.roles, dtype=scene.dtype)
    names = scene.roles
    placed = place(reader, grid)
    try:
        with _flat(path, grid, len(names), scene.dtype) as flat:
            for index, name in enumerate(names, start=1):
                flat.set_band_description(index, name)
            seen = []
            for window in grid.windows(_STRIPE):
                pixels, valid = placed.finish(placed.read(window))
                flat.write(pixels, window=_target(window))
                seen.append(np.packbits(valid, axis=1))
            _write_mask(flat, grid, seen)
            _finish(flat, path, threads=threads, COMPRESS="DEFLATE", LEVEL=_LEVEL, PREDICTOR="YES", BLOCKSIZE=_BLOCK)
    finally:
        placed.close()


def write_visual_cog(imagery: Imagery, image_id: str, path: Path, *, threads: int = 2) -> None:
    """Write a scene's picture as a cloud optimised GeoTIFF whose tiles are those of web maps (WebMercatorQuad).

    Parameters
    ----------
    imagery
        Where the picture comes from.
    image_id
        Identifier of the scene.
    path
        File to create: 8-bit red, green and blue, JPEG, masked where nothing was observed.
    threads
        Threads that compress; they do not change the bytes.

    Raises
    ------
    CrsRefused
        When the scene has no place on the ground.
    SceneUnreadable
        When it cannot be read.
    OutputFailed
        When the file cannot be written.
    """
    grid = _placed(imagery.scenes[image_id])
    with _flat(path, grid, 3, np.dtype(np.uint8)) as flat:
        flat.colorinterp = _COLOURS
        seen = []
        for window in grid.windows(_STRIPE):
            pixels, valid = imagery.pixels(image_id, grid.cropped(window))
            flat.write(np.where(valid, np.moveaxis(pixels, 2, 0), 0), window=_target(window))
            seen.append(np.packbits(valid, axis=1))
        _write_mask(flat, grid, seen)
        # The next finer level: no detail is lost, and tiles are cut without resampling.
        _finish(
            flat,
            path,
            threads=threads,
            TILING_SCHEME="GoogleMapsCompatible",
            ZOOM_LEVEL_STRATEGY="UPPER",
            COMPRESS="JPEG",
            QUALITY=80,
            OVERVIEW_QUALITY=80,
            RESAMPLING="CUBIC",
            WARP_RESAMPLING="CUBIC",
        )


def write_thumbnail(imagery: Imagery, image_id: str, path: Path) -> None:
    """Write a scene's picture as a JPEG of at most 512 pixels.

    Parameters
    ----------
    imagery
        Where the picture comes from.
    image_id
        Identifier of the scene.
    path
        File to create.

    Raises
    ------
    SceneUnreadable
        When the scene cannot be read.
    OutputFailed
        When the file cannot be written.
    """
    grid = imagery.scenes[image_id].grid
    factor = max(1.0, max(grid.height, grid.width) / _THUMBNAIL_PX)
    height, width = max(1, round(grid.height / factor)), max(1, round(grid.width / factor))
    transform = grid.transform @ Affine.scale(grid.width / width, grid.height / height)
    picture = imagery.picture(image_id, PixelGrid(crs=grid.crs, transform=transform, height=height, width=width))
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=85)
    with writing(path):
        path.write_bytes(file.getvalue())


def _placed(scene: Scene) -> PixelGrid:
    if scene.grid.crs is None:
        raise CrsRefused(
            f"'{scene.image_id}' has no georeference, so it cannot be published as a map; georeference it."
        )
    return scene.grid


def _in_crs(grid: PixelGrid, crs: pyproj.CRS) -> PixelGrid:
    """Return the grid itself, or the one of about the same pixels in another CRS."""
    if grid.crs is None or grid.crs == crs:
        return grid
    left, bottom, right, top = bring(grid.footprint, grid.crs, crs).bounds
    east, north = metres_of_unit(crs, (left + right) / 2, (bottom + top) / 2)
    height_m, width_m = grid.pixel_size_m
    wide, high = width_m / east, height_m / north
    return PixelGrid(
        crs=crs,
        transform=Affine(wide, 0, left, 0, -high, top),
        height=math.ceil((top - bottom) / high),
        width=math.ceil((right - left) / wide),
    )


def _is_ready(scene: Scene, crs: pyproj.CRS) -> bool:
    """Whether the scene is one file that already is what would be written."""
    if len(scene.files) > 1 or scene.grid.crs != crs or scene.files[0].suffix.lower() not in (".tif", ".tiff"):
        return False
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        with rasterio.open(scene.files[0]) as dataset:
            is_cog = dataset.tags(ns="IMAGE_STRUCTURE").get("LAYOUT") == "COG"
            small = max(dataset.shape) <= _BLOCK
            return is_cog and dataset.count == len(scene.roles) and (small or bool(dataset.overviews(1)))


@contextlib.contextmanager
def _flat(path: Path, grid: PixelGrid, bands: int, dtype: np.dtype[np.generic]) -> Iterator[rasterio.io.DatasetWriter]:
    """Open an uncompressed file beside the one to make; both are gone when the block fails.

    Yields
    ------
    DatasetWriter
        The file to fill.
    """
    flat = path.with_name(f".{path.stem}.flat.tif")
    needed = int(grid.height * grid.width * bands * dtype.itemsize * _ROOM)
    crs = grid.crs
    assert crs is not None
    try:
        with writing(path), rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True):
            free = shutil.disk_usage(path.parent).free
            if free < needed:
                raise OutputFailed(
                    f"Cannot write {str(path)!r}: {-(-needed >> 10):,} KiB are needed, {free >> 10:,} KiB are free; "
                    "free some room or choose another disk."
                )
            with rasterio.open(
                flat,
                "w",
                driver="GTiff",
                height=grid.height,
                width=grid.width,
                count=bands,
                dtype=dtype.name,
                crs=rasterio.CRS.from_wkt(crs.to_wkt()),
                transform=grid.transform,
                tiled=True,
                blockxsize=_BLOCK,
                blockysize=_BLOCK,
                interleave="pixel",
                photometric="MINISBLACK",
                BIGTIFF="IF_SAFER",
            ) as dataset:
                yield dataset
    except BaseException as error:
        path.unlink(missing_ok=True)
        if not isinstance(error, (RasterioError, CPLE_BaseError)):
            raise
        reason = " ".join(str(error).split())
        raise OutputFailed(
            f"Cannot write {str(path)!r}: {reason}; check that the disk has room and the folder is writable."
        ) from error
    finally:
        for leftover in (flat, flat.with_name(f"{flat.name}.msk"), flat.with_name(f"{flat.name}.aux.xml")):
            leftover.unlink(missing_ok=True)


def _target(window: Window) -> RasterioWindow:
    return RasterioWindow(window.col, window.row, window.width, window.height)


def _write_mask(flat: rasterio.io.DatasetWriter, grid: PixelGrid, seen: list[npt.NDArray[np.uint8]]) -> None:
    """Write what is usable, packed in bits window by window; nothing where all of it is."""
    windows = list(grid.windows(_STRIPE))
    if all(np.unpackbits(bits, axis=1, count=w.width).all() for w, bits in zip(windows, seen, strict=True)):
        return
    for window, bits in zip(windows, seen, strict=True):
        flat.write_mask(np.unpackbits(bits, axis=1, count=window.width).astype(bool), window=_target(window))


def _finish(flat: rasterio.io.DatasetWriter, path: Path, *, threads: int, **settings: str | int) -> None:
    """Close the flat file and make the COG of it."""
    name = flat.name
    flat.close()
    rasterio.shutil.copy(
        name,
        path,
        driver="COG",
        OVERVIEW_RESAMPLING="AVERAGE",
        BIGTIFF="IF_SAFER",
        NUM_THREADS=threads,
        **settings,
    )
