"""Outlines on the ground: areas of interest, clouds and footprints, in any CRS."""

from pathlib import Path

import numpy as np
import pyogrio
import pyproj
import shapely
from pyogrio.errors import DataLayerError, DataSourceError
from shapely.geometry.base import BaseGeometry

from rs_governance.errors import CrsRefused, SceneUnreadable, UsageError
from rs_governance.scenes.crs import read_crs

Outline = tuple[BaseGeometry, pyproj.CRS]
"""A polygon or multipolygon, and the CRS of its coordinates."""

# A straight edge is cut into this many pieces before it is bent by a change of CRS.
_PIECES = 64


def read_outline(path: Path, *, towgs84: tuple[float, ...] | None = None) -> Outline:
    """Return the union of all polygons of a vector file's first layer and its CRS.

    Raises
    ------
    SceneUnreadable
        If GDAL cannot read the file.
    CrsRefused
        If it has no CRS, or one whose datum needs parameters.
    UsageError
        If it has no polygon.
    """
    if not path.exists():
        raise SceneUnreadable(f"No such file: '{path}'; check the path.")
    try:
        meta, _, blobs, _ = pyogrio.raw.read(path, columns=[], force_2d=True)
    except (DataSourceError, DataLayerError, ValueError, OSError) as error:
        raise SceneUnreadable(
            f"Cannot read '{path}' as a vector file: {' '.join(str(error).split())}; convert it to GeoJSON."
        ) from error
    if not meta["crs"]:
        raise CrsRefused(f"'{path}' has no CRS, so its place is unknown; add one (for a shapefile, its .prj).")
    crs = read_crs(meta["crs"], path, towgs84=towgs84)
    geometries = shapely.get_parts(shapely.make_valid(shapely.from_wkb(blobs))) if blobs is not None else np.array([])
    polygons = [g for g in geometries if shapely.get_dimensions(g) == 2 and not g.is_empty]
    if not polygons:
        raise UsageError(f"'{path}' has no polygon; expected the outline of an area.")
    return shapely.union_all(polygons), crs


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
    transformer = pyproj.Transformer.from_crs(source, target, always_xy=True)
    moved = shapely.transform(fine, lambda xy: np.column_stack(transformer.transform(xy[:, 0], xy[:, 1])))
    if not np.isfinite(moved.bounds).all():
        raise CrsRefused("An outline lies outside the area of the CRS it is brought to; check its CRS.")
    return shapely.make_valid(moved)


def lonlat(outline: BaseGeometry, crs: pyproj.CRS) -> BaseGeometry:
    """Return an outline in longitude and latitude of its CRS's own datum, for messages and distances."""
    base = crs.geodetic_crs
    return outline if base is None else bring(outline, crs, base)
