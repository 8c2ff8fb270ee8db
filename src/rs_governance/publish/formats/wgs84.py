"""Outlines in WGS84 longitude and latitude, as files for everyone hold them."""

import itertools
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pyproj
import shapely
from pyproj.exceptions import ProjError

from rs_governance.errors import CrsRefused, SchemaViolation

DECIMALS = 7
"""Digits of a published degree: about one centimetre."""

_GEOCENTRIC_AXIS_M = 6378137.0
"""Semi-major axis shared by WGS84, CGCS2000 and GRS80: datums on it agree to about a metre."""

_OLD_CHINESE_DATUMS = ("beijing1954", "xian1980")


def to_wgs84_outlines(frame: gpd.GeoDataFrame, *, key: str = "finding_id") -> npt.NDArray[Any]:
    """Return the outlines in WGS84, rounded, valid and wound as RFC 7946 asks.

    Parameters
    ----------
    frame
        Table of n polygons with a CRS.
    key
        Column by which an outline is named when it is refused.

    Returns
    -------
    ndarray
        n Polygons or MultiPolygons, longitude before latitude, 7 decimals, outer rings counter-clockwise.

    Raises
    ------
    CrsRefused
        When the table has no CRS, one that cannot be moved to WGS84 safely, or crosses the antimeridian.
    SchemaViolation
        When an outline vanishes in the rounding.
    """
    transformer = to_wgs84(frame.crs)

    def transform(xy: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        return np.column_stack(transformer.transform(xy[:, 0], xy[:, 1]))

    outlines = shapely.transform(shapely.force_2d(frame.geometry.to_numpy()), transform)
    _check_degrees(outlines, frame, key)
    rounded = shapely.transform(outlines, _rounded)
    # snapping keeps an outline valid where plain rounding crosses its edges, but is slow
    broken = ~shapely.is_valid(rounded)
    snapped = shapely.set_precision(_mended(outlines[broken]), 10.0**-DECIMALS)
    rounded[broken] = shapely.transform(_mended(snapped), _rounded)
    gone = np.flatnonzero(shapely.is_empty(rounded))
    if gone.size:
        raise SchemaViolation(
            f"Finding {frame[key].iloc[gone[0]]} is thinner than a centimetre and cannot be published; "
            "drop such findings when objects are cleaned."
        )
    return np.asarray(shapely.orient_polygons(rounded, exterior_cw=False), dtype=object)


def nested_coordinates(outlines: npt.NDArray[Any]) -> list[list[list[list[list[float]]]]]:
    """Return outlines as plain lists: of each its polygons, of each its rings, of each its points.

    Parameters
    ----------
    outlines
        n Polygons or MultiPolygons.

    Examples
    --------
    >>> nested_coordinates(np.array([shapely.box(0, 0, 1, 1)]))
    [[[[[1.0, 0.0], [1.0, 1.0], [0.0, 1.0], [0.0, 0.0], [1.0, 0.0]]]]]
    """
    if not len(outlines):
        return []
    # One conversion of all points; asking ring by ring takes several times as long.
    kind, coordinates, offsets = shapely.to_ragged_array(outlines, include_z=False)
    nested: list[Any] = coordinates.tolist()
    for cuts in offsets:
        edges = cuts.tolist()
        nested = [nested[start:end] for start, end in itertools.pairwise(edges)]
    return nested if kind == shapely.GeometryType.MULTIPOLYGON else [[polygon] for polygon in nested]


def to_wgs84(crs: pyproj.CRS | None) -> pyproj.Transformer:
    """Return the transformation to WGS84 longitude and latitude.

    Parameters
    ----------
    crs
        CRS to move from.

    Raises
    ------
    CrsRefused
        When there is none, or it cannot be moved safely.
    """
    if crs is None:
        raise CrsRefused(
            "GeoJSON is WGS84, but these findings have no CRS; use the GeoPackage, or give the images a CRS."
        )
    if crs.is_bound:  # seven parameters were given for it: PROJ uses them
        return pyproj.Transformer.from_crs(crs, 4326, always_xy=True)
    geodetic = crs.geodetic_crs
    datum = "" if geodetic is None or geodetic.datum is None else geodetic.datum.name
    plain_name = "".join(letter for letter in datum.lower() if letter.isalnum())
    if geodetic is None or geodetic.ellipsoid is None or any(old in plain_name for old in _OLD_CHINESE_DATUMS):
        raise CrsRefused(
            f"GeoJSON is WGS84, but {crs.name!r} cannot be moved there safely; transform the images to CGCS2000 first."
        )
    # PROJ knows no operation from CGCS2000 to WGS84 but the "ballpark" one, which is right for it.
    geocentric = geodetic.ellipsoid.semi_major_metre == _GEOCENTRIC_AXIS_M
    try:
        return pyproj.Transformer.from_crs(crs, 4326, always_xy=True, allow_ballpark=geocentric)
    except ProjError as error:
        raise CrsRefused(
            f"GeoJSON is WGS84, but no transformation from {crs.name!r} is known; transform the images first."
        ) from error


def _check_degrees(outlines: npt.NDArray[Any], frame: gpd.GeoDataFrame, key: str) -> None:
    bounds = shapely.bounds(outlines)
    outside = ~np.isfinite(bounds).all(axis=1) | (np.abs(bounds) > (180, 90, 180, 90)).any(axis=1)
    if outside.any():
        name = frame[key].iloc[int(np.flatnonzero(outside)[0])]
        raise CrsRefused(f"Finding {name} lies outside the area of {frame.crs.name!r}; check the images' CRS.")
    if len(bounds) and bounds[:, 2].max() - bounds[:, 0].min() > 180:
        raise CrsRefused("The findings lie on both sides of the 180° meridian; cut the area of interest there.")


def _rounded(xy: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.round(xy, DECIMALS) + 0.0  # -0.0 becomes 0.0


def _mended(outlines: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return the outlines valid and polygonal; those that already are, unchanged."""
    polygonal = np.isin(
        shapely.get_type_id(outlines), (shapely.GeometryType.POLYGON, shapely.GeometryType.MULTIPOLYGON)
    )
    broken = np.flatnonzero(~(shapely.is_valid(outlines) & polygonal))
    mended = outlines.copy()
    for index in broken:
        parts = shapely.get_parts(shapely.get_parts(shapely.make_valid(outlines[index])))
        areas = parts[shapely.get_type_id(parts) == shapely.GeometryType.POLYGON]
        mended[index] = shapely.union_all(areas) if areas.size else shapely.Polygon()
    return mended
