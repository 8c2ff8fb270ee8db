"""Outlines on the ground: areas of interest, clouds and footprints, in any CRS."""

import warnings
from pathlib import Path

import numpy as np
import pyproj
import shapely
from shapely.geometry.base import BaseGeometry

from rs_governance.errors import CrsRefused, SceneUnreadable
from rs_governance.scenes.crs import Remedies, read_crs, transformer

Outline = tuple[BaseGeometry, pyproj.CRS]
"""A polygon or multipolygon, and the CRS of its coordinates."""

OUTLINE = Remedies(
    assign="ogr2ogr -a_srs",
    swap="exchange the two (ogr2ogr -ct '+proj=axisswap +order=2,1' right.gpkg wrong.gpkg)",
    parameters=(
        "for images there is an option, an area or clouds have to be brought over first: ogr2ogr -t_srs EPSG:4490 "
        "-s_srs '+proj=... +towgs84=dx,dy,dz,rx,ry,rz,ds' right.gpkg old.gpkg"
    ),
)
"""For areas and clouds on the command line."""

# A straight edge is cut into this many pieces before it is bent by a change of CRS.
_PIECES = 64


def read_outline(path: Path, *, towgs84: tuple[float, ...] | None = None) -> Outline:
    """Return the union of all polygons of a vector file's first layer and its CRS.

    Raises
    ------
    SceneUnreadable
        If GDAL cannot read the file, or it has no polygon.
    CrsRefused
        If it has no CRS, or one whose datum needs parameters.
    """
    # Imported here: it brings tables along, half a second, which who asks what an image is has no use for.
    import pyogrio.raw
    from pyogrio.errors import DataLayerError, DataSourceError

    if not path.exists():
        raise SceneUnreadable(f"No such file: '{path}'; check the path.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # of files that are then refused
            meta, _, blobs, _ = pyogrio.raw.read(path, columns=[], force_2d=True)
    except (DataSourceError, DataLayerError, ValueError, OSError) as error:
        if "malformed" in str(error) or "not a database" in str(error):
            raise SceneUnreadable(f"'{path}' is a damaged GeoPackage; copy it again or export it anew.") from error
        raise SceneUnreadable(
            f"Cannot read '{path}' as a vector file: {_without_hints(error, path)}; convert it to GeoPackage or GeoJSON."
        ) from error
    if not meta["crs"]:
        raise CrsRefused(f"'{path}' has no CRS, so its place is unknown; add one (for a shapefile, its .prj).")
    crs = read_crs(meta["crs"], path, towgs84=towgs84, remedies=OUTLINE)
    geometries = shapely.get_parts(shapely.make_valid(shapely.from_wkb(blobs))) if blobs is not None else np.array([])
    polygons = [g for g in geometries if shapely.get_dimensions(g) == 2 and not g.is_empty]
    if not polygons:
        raise SceneUnreadable(f"'{path}' has no polygon; expected the outline of an area.")
    return shapely.union_all(polygons), crs


def _without_hints(error: Exception, path: Path) -> str:
    """Return what GDAL says is wrong without what it advises, which is for people who call GDAL themselves."""
    return " ".join(str(error).partition(";")[0].removeprefix(f"'{path}' ").split()).rstrip(".")


def bring(outline: BaseGeometry, source: pyproj.CRS, target: pyproj.CRS) -> BaseGeometry:
    """Return an outline in another CRS, its edges bent as the change of CRS bends them.

    Raises
    ------
    CrsRefused
        If it has no place in the other CRS.
    """
    if source == target:
        return outline
    left, bottom, right, top = outline.bounds
    fine = shapely.segmentize(outline, max(right - left, top - bottom, 1e-9) / _PIECES)
    way = transformer(source, target)
    moved = shapely.transform(fine, lambda xy: np.column_stack(way.transform(xy[:, 0], xy[:, 1])))
    if not np.isfinite(moved.bounds).all():
        raise CrsRefused("An outline lies outside the area of the CRS it is brought to; check its CRS.")
    return shapely.make_valid(moved)


def lonlat(outline: BaseGeometry, crs: pyproj.CRS) -> BaseGeometry:
    """Return an outline in longitude and latitude of its CRS's own datum, for messages and distances."""
    base = crs.geodetic_crs
    return outline if base is None else bring(outline, crs, base)
