"""Drawings: outlines that a person drew anew, read from GeoJSON into the store's CRS."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyproj
import shapely
from shapely.errors import GEOSException

from rs_governance.errors import UsageError

_MOST_BYTES = 5_000_000


def read_drawing(path: Path, crs: pyproj.CRS) -> list[shapely.Geometry]:
    """Read the outlines of a GeoJSON file.

    Parameters
    ----------
    path
        GeoJSON: a polygon, a feature, or a collection of either; WGS84 longitude and latitude, as RFC 7946 has it.
    crs
        CRS of the store.

    Returns
    -------
    list
        Valid polygons and multipolygons in `crs`, one a feature.

    Raises
    ------
    UsageError
        When the file cannot be read, holds no valid polygon, or its coordinates are no degrees in this order.
    """
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise UsageError(
                f"'{path.name}' is larger than {_MOST_BYTES // 1_000_000} MB; draw the outline alone.",
                zh=f"'{path.name}' 超过 {_MOST_BYTES // 1_000_000} MB；请只勾画范围。",
            )
        outlines = [shapely.from_geojson(json.dumps(each)) for each in _geometries(json.loads(path.read_bytes()))]
    except (OSError, ValueError, TypeError, KeyError, RecursionError, GEOSException) as error:
        raise UsageError(
            f"'{path.name}' is no GeoJSON that can be read: {error}; draw polygons and save them.",
            zh=f"'{path.name}' 不是可读的 GeoJSON（{error}）；请重新勾画并保存。",
        ) from None
    if not outlines:
        raise UsageError(
            f"'{path.name}' holds no outline; draw at least one polygon.",
            zh=f"'{path.name}' 中没有范围；请至少勾画一个面。",
        )
    transformer = pyproj.Transformer.from_crs("EPSG:4326", crs, always_xy=True)
    drawn: list[shapely.Geometry] = []
    for place, outline in enumerate(outlines, 1):
        if not isinstance(outline, shapely.Polygon | shapely.MultiPolygon) or not outline.is_valid or not outline.area:
            raise UsageError(
                f"Outline {place} of '{path.name}' is no valid polygon: {_why(outline)}; draw it again.",
                zh=f"'{path.name}' 的第 {place} 个范围不是有效的面（{_why(outline)}）；请重新勾画。",
            )
        west, south, east, north = outline.bounds
        if not (west >= -180 and east <= 180 and south >= -90 and north <= 90):
            raise UsageError(
                f"Outline {place} of '{path.name}' reaches from {west:g}, {south:g} to {east:g}, {north:g}; expected longitude, "
                "latitude in degrees (WGS84), in this order.",
                zh=f"'{path.name}' 的第 {place} 个范围从 {west:g}, {south:g} 到 {east:g}, {north:g}；应为先经度后纬度的十进制度（WGS84）。",
            )
        drawn.append(shapely.transform(shapely.force_2d(outline), transformer.transform, interleaved=False))
    return drawn


def _geometries(content: Any) -> Iterator[Any]:
    match content:
        case {"type": "FeatureCollection", "features": list(features)}:
            for feature in features:
                yield from _geometries(feature)
        case {"type": "Feature", "geometry": geometry}:
            yield geometry
        case {"type": "GeometryCollection", "geometries": list(geometries)}:
            yield from geometries
        case _:
            yield content


def _why(outline: Any) -> str:
    if not isinstance(outline, shapely.Polygon | shapely.MultiPolygon):
        return getattr(outline, "geom_type", "nothing")
    return str(shapely.is_valid_reason(outline)) if not outline.is_valid else "it is empty"
