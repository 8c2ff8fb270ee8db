"""Findings as GeoJSON: RFC 7946, WGS84 longitude and latitude."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pyproj
import shapely
from pyproj.exceptions import ProjError

from rs_governance.detect.findings import FINDINGS
from rs_governance.errors import CrsRefused, SchemaViolation
from rs_governance.publish.output_folder import writing
from rs_governance.publish.schema import SCHEMA_ID, validate_geojson

DECIMALS = 7
"""Digits of a published degree: about one centimetre."""

_GEOCENTRIC_AXIS_M = 6378137.0
"""Semi-major axis shared by WGS84, CGCS2000 and GRS80: datums on it agree to about a metre."""

_OLD_CHINESE_DATUMS = ("beijing1954", "xian1980")


def write_geojson(findings: gpd.GeoDataFrame, path: Path) -> None:
    """Write findings as an RFC 7946 feature collection, one feature a line.

    Outlines are moved to WGS84, rounded to 7 decimals so that they stay valid, and wound with the outer ring
    counter-clockwise. Missing values are null. Beside `features` the collection says `schema_id` and
    `schema_version`. The bytes depend on nothing but the findings and the versions of the libraries.

    Parameters
    ----------
    findings
        Table that `validate_findings` accepts, in any CRS that can be moved to WGS84.
    path
        File to create or replace.

    Raises
    ------
    CrsRefused
        When the findings have no CRS, one that cannot be moved to WGS84 safely, or cross the antimeridian.
    SchemaViolation
        When the findings or the document break the declared schema.
    OutputFailed
        When the file cannot be written.

    References
    ----------
    H. Butler et al., "The GeoJSON Format", RFC 7946, IETF, 2016.
    """
    FINDINGS.validate(findings)
    outlines = to_wgs84_outlines(findings)
    geometries = [_geometry(outline) for outline in outlines]
    features = [
        {"type": "Feature", "id": properties["finding_id"], "geometry": geometry, "properties": properties}
        for properties, geometry in zip(_properties(findings), geometries, strict=True)
    ]
    head: dict[str, Any] = {
        "type": "FeatureCollection",
        "schema_id": SCHEMA_ID,
        "schema_version": FINDINGS.version,
    }
    if len(outlines):
        head["bbox"] = [float(edge) for edge in shapely.total_bounds(outlines)]
    validate_geojson({**head, "features": features})
    opening = json.dumps(head, ensure_ascii=False)[:-1]
    with writing(path), path.open("w", encoding="utf-8", newline="\n") as file:
        file.write(f'{opening}, "features": [\n')
        for index, feature in enumerate(features):
            file.write(",\n" if index else "")
            file.write(json.dumps(feature, ensure_ascii=False, allow_nan=False))
        file.write("\n]}\n")


def to_wgs84_outlines(findings: gpd.GeoDataFrame) -> npt.NDArray[Any]:
    """Return the outlines in WGS84, rounded, valid and wound as RFC 7946 asks.

    Parameters
    ----------
    findings
        Table of n findings with a CRS.

    Returns
    -------
    ndarray
        n Polygons or MultiPolygons, longitude before latitude, 7 decimals, outer rings counter-clockwise.

    Raises
    ------
    CrsRefused
        As `write_geojson`.
    SchemaViolation
        When an outline vanishes in the rounding.
    """
    to_wgs84 = _transformer(findings.crs)

    def transform(xy: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        return np.column_stack(to_wgs84.transform(xy[:, 0], xy[:, 1]))

    outlines = shapely.transform(shapely.force_2d(findings.geometry.to_numpy()), transform)
    _check_degrees(outlines, findings)
    rounded = shapely.transform(outlines, _rounded)
    # snapping keeps an outline valid where plain rounding crosses its edges, but is slow
    broken = ~shapely.is_valid(rounded)
    snapped = shapely.set_precision(_mended(outlines[broken]), 10.0**-DECIMALS)
    rounded[broken] = shapely.transform(_mended(snapped), _rounded)
    gone = np.flatnonzero(shapely.is_empty(rounded))
    if gone.size:
        raise SchemaViolation(
            f"Finding {findings['finding_id'].iloc[gone[0]]} is thinner than a centimetre and cannot be published; "
            "drop such findings when objects are cleaned."
        )
    return np.asarray(shapely.orient_polygons(rounded, exterior_cw=False), dtype=object)


def _transformer(crs: pyproj.CRS | None) -> pyproj.Transformer:
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


def _check_degrees(outlines: npt.NDArray[Any], findings: gpd.GeoDataFrame) -> None:
    bounds = shapely.bounds(outlines)
    outside = ~np.isfinite(bounds).all(axis=1) | (np.abs(bounds) > (180, 90, 180, 90)).any(axis=1)
    if outside.any():
        name = findings["finding_id"].iloc[int(np.flatnonzero(outside)[0])]
        raise CrsRefused(f"Finding {name} lies outside the area of {findings.crs.name!r}; check the images' CRS.")
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


def _geometry(outline: shapely.Geometry) -> dict[str, Any]:
    parts = [
        [shapely.get_coordinates(ring).tolist() for ring in (part.exterior, *part.interiors)]
        for part in shapely.get_parts(outline)
    ]
    if len(parts) == 1:
        return {"type": "Polygon", "coordinates": parts[0]}
    return {"type": "MultiPolygon", "coordinates": parts}


def _properties(findings: gpd.GeoDataFrame) -> Iterator[dict[str, Any]]:
    columns: dict[str, list[Any]] = {}
    for name, values in FINDINGS.published_values(findings).items():
        if values.dtype.kind == "M":
            columns[name] = [None if np.isnat(day) else str(day) for day in values]
        elif values.dtype.kind == "f":
            columns[name] = [None if np.isnan(value) else value for value in values.tolist()]
        else:
            columns[name] = values.tolist()
    for row in zip(*columns.values(), strict=True):
        yield dict(zip(columns, row, strict=True))
