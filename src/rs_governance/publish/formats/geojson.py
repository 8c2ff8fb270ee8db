"""Tables of polygons as GeoJSON: RFC 7946, WGS84 longitude and latitude."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely

from rs_governance.detect.findings import FINDINGS
from rs_governance.publish.formats.wgs84 import nested_coordinates, to_wgs84_outlines
from rs_governance.publish.output_folder import writing
from rs_governance.publish.schema import schema_id, validate, validate_feature
from rs_governance.table import Table

_PORTION = 1024
_ENCODE = json.JSONEncoder(ensure_ascii=False, allow_nan=False).encode


def write_geojson(
    frame: gpd.GeoDataFrame, path: Path, *, table: Table = FINDINGS, outlines: npt.NDArray[Any] | None = None
) -> None:
    """Write a table as an RFC 7946 feature collection, one feature a line.

    Outlines are moved to WGS84, rounded to 7 decimals so that they stay valid, and wound with the outer ring
    counter-clockwise. Missing values are null. Beside `features` the collection says `schema_id` and
    `schema_version`. The bytes depend on nothing but the table and the versions of the libraries.

    Parameters
    ----------
    frame
        Rows that `table.validate` accepts, in any CRS that can be moved to WGS84.
    path
        File to create or replace.
    table
        Declaration of the columns.
    outlines
        What `to_wgs84_outlines` made of `frame`, where it is known already.

    Raises
    ------
    CrsRefused
        When the table has no CRS, one that cannot be moved to WGS84 safely, or crosses the antimeridian.
    SchemaViolation
        When the table or the document breaks the declared schema.
    OutputFailed
        When the file cannot be written.

    References
    ----------
    H. Butler et al., "The GeoJSON Format", RFC 7946, IETF, 2016.
    """
    table.validate(frame)
    if outlines is None:
        outlines = to_wgs84_outlines(frame, key=table.key)
    head = collection_head(table, outlines)
    validate({**head, "features": []}, table.name)
    write_collection(path, head, encode_features(table, frame, outlines))


def encode_features(table: Table, frame: gpd.GeoDataFrame, outlines: npt.NDArray[Any]) -> list[str]:
    """Return the rows of a table as GeoJSON features, each a line of JSON that was checked against the schema.

    Parameters
    ----------
    table
        Declaration of the columns.
    frame
        n rows by that declaration.
    outlines
        n outlines by `to_wgs84_outlines`.

    Raises
    ------
    SchemaViolation
        At the first feature that breaks the schema.
    """
    lines: list[str] = []
    for properties, polygons in rows_and_polygons(table, frame, outlines):
        key = properties[table.key]
        feature = {"type": "Feature", "id": key, "geometry": _geometry(polygons), "properties": properties}
        validate_feature(feature, table.name, len(lines))
        lines.append(_ENCODE(feature))
    return lines


def rows_and_polygons(
    table: Table, frame: gpd.GeoDataFrame, outlines: npt.NDArray[Any]
) -> Iterator[tuple[dict[str, Any], list[list[list[list[float]]]]]]:
    """Give each row of a table as JSON knows it (dates as texts, null for what is missing) and its outline as lists.

    Parameters
    ----------
    table
        Declaration of the columns.
    frame
        n rows by that declaration.
    outlines
        n outlines by `to_wgs84_outlines`.

    Yields
    ------
    tuple
        Values by column name, and polygons of rings of points.
    """
    # In portions: a million small lists alive at once keep the garbage collector busier than the work itself.
    for start in range(0, len(frame), _PORTION):
        portion = slice(start, start + _PORTION)
        yield from zip(_rows(table, frame.iloc[portion]), nested_coordinates(outlines[portion]), strict=True)


def collection_head(table: Table, outlines: npt.NDArray[Any]) -> dict[str, Any]:
    """Return a feature collection without its features: type, schema and, where there is something, the bbox."""
    head: dict[str, Any] = {
        "type": "FeatureCollection",
        "schema_id": schema_id(table.name, table.version),
        "schema_version": table.version,
    }
    if len(outlines):
        head["bbox"] = [float(edge) for edge in shapely.total_bounds(outlines)]
    return head


def write_collection(path: Path, head: Mapping[str, Any], lines: Sequence[str]) -> None:
    """Write a feature collection.

    Parameters
    ----------
    path
        File to create or replace.
    head
        Members of the collection but `features`.
    lines
        Features by `encode_features`.

    Raises
    ------
    OutputFailed
        When the file cannot be written.
    """
    separator = ",\n"
    text = f'{_ENCODE(head)[:-1]}, "features": [\n{separator.join(lines)}\n]}}\n'
    with writing(path):
        path.write_text(text, encoding="utf-8", newline="\n")


def _rows(table: Table, frame: gpd.GeoDataFrame) -> list[dict[str, Any]]:
    columns: dict[str, list[Any]] = {}
    for name, values in table.published_values(frame).items():
        if values.dtype.kind == "M":
            columns[name] = [None if day == "NaT" else day for day in np.datetime_as_string(values).tolist()]
        elif values.dtype.kind == "f":
            columns[name] = [None if value != value else value for value in values.tolist()]
        else:
            columns[name] = values.tolist()
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _geometry(polygons: list[list[list[list[float]]]]) -> dict[str, Any]:
    if len(polygons) == 1:
        return {"type": "Polygon", "coordinates": polygons[0]}
    return {"type": "MultiPolygon", "coordinates": polygons}
