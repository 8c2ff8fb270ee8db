"""The JSON Schema of the findings, and the check used on every write."""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema

from rs_governance.detect.findings import FINDINGS
from rs_governance.errors import SchemaViolation
from rs_governance.table import Column

SCHEMA_ID = f"urn:rs-governance:schema:findings:{FINDINGS.version}"
"""Identifier of the JSON Schema, repeated in every `findings.geojson`."""

SCHEMA_FILE = Path(__file__).parent / "schemas" / f"findings-{FINDINGS.version}.json"
"""The generated file, part of the package; `schema_files` writes it."""

_JSON_TYPES = {"str": "string", "int64": "integer", "float64": "number", "date": "string"}


def findings_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 7) of `findings.geojson`."""
    position = {
        "type": "array",
        "items": [
            {"type": "number", "minimum": -180, "maximum": 180},
            {"type": "number", "minimum": -90, "maximum": 90},
        ],
        "additionalItems": False,
        "minItems": 2,
    }
    ring = {"type": "array", "minItems": 4, "items": {"$ref": "#/definitions/position"}}
    polygon = {"type": "array", "minItems": 1, "items": {"$ref": "#/definitions/ring"}}
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "$id": SCHEMA_ID,
        "title": "Findings of rsg detect",
        "description": "A GeoJSON FeatureCollection (RFC 7946, WGS84 longitude and latitude), one feature a finding.",
        "type": "object",
        "required": ["type", "schema_id", "schema_version", "features"],
        "properties": {
            "type": {"const": "FeatureCollection"},
            "schema_id": {"const": SCHEMA_ID},
            "schema_version": {"const": FINDINGS.version},
            "crs": False,
            "bbox": {"type": "array", "minItems": 4, "maxItems": 4, "items": {"type": "number"}},
            "features": {"type": "array", "items": {"$ref": "#/definitions/feature"}},
        },
        "definitions": {
            "feature": {
                "type": "object",
                "required": ["type", "id", "geometry", "properties"],
                "additionalProperties": False,
                "properties": {
                    "type": {"const": "Feature"},
                    "id": {"type": "string"},
                    "geometry": {"oneOf": [{"$ref": "#/definitions/polygon"}, {"$ref": "#/definitions/multipolygon"}]},
                    "properties": {
                        "type": "object",
                        "required": [column.name for column in FINDINGS.columns],
                        "additionalProperties": False,
                        "properties": {column.name: _property_schema(column) for column in FINDINGS.columns},
                    },
                },
            },
            "polygon": _geometry_schema("Polygon", polygon),
            "multipolygon": _geometry_schema("MultiPolygon", {"type": "array", "minItems": 1, "items": polygon}),
            "ring": ring,
            "position": position,
        },
    }


def _geometry_schema(name: str, coordinates: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "required": ["type", "coordinates"],
        "additionalProperties": False,
        "properties": {"type": {"const": name}, "coordinates": coordinates},
    }


def _property_schema(column: Column) -> dict[str, Any]:
    json_type = _JSON_TYPES[column.dtype]
    schema: dict[str, Any] = {
        "title": column.alias_zh,
        "description": f"{column.meaning_en} {column.meaning_zh}",
        "type": [json_type, "null"] if column.nullable else json_type,
    }
    if column.dtype == "date":
        schema["pattern"] = r"^\d{4}-\d{2}-\d{2}$"
    if column.pattern is not None:
        schema["pattern"] = f"^{column.pattern}$"
    if column.values is not None:
        schema["enum"] = [*column.values, None] if column.nullable else list(column.values)
    if column.minimum is not None:
        schema["minimum"] = column.minimum
    if column.maximum is not None:
        schema["maximum"] = column.maximum
    if column.unit is not None:
        schema["x-unit"] = column.unit
    return schema


@cache
def _validator() -> jsonschema.Draft7Validator:
    return jsonschema.Draft7Validator(json.loads(SCHEMA_FILE.read_text(encoding="utf-8")))


def validate_geojson(document: Mapping[str, Any], *, features_at_most: int = 64) -> None:
    """Check a feature collection against the JSON Schema.

    A schema takes 2 ms a feature, so of a long collection evenly spaced features are checked, first and last
    among them. `rs_governance.detect.findings.validate_findings` checks every row by the same declaration.

    Parameters
    ----------
    document
        The collection, as it would be read from JSON.
    features_at_most
        How many features to check.

    Raises
    ------
    SchemaViolation
        With the place and the reason of the first violation.
    """
    features = document.get("features")
    if isinstance(features, list) and len(features) > features_at_most:
        last = len(features) - 1
        chosen = (features[index * last // (features_at_most - 1)] for index in range(features_at_most))
        document = {**document, "features": list(chosen)}
    error = next(_validator().iter_errors(document), None)
    if error is not None:
        place = "/".join(str(step) for step in error.absolute_path) or "the collection"
        raise SchemaViolation(f"findings.geojson breaks its schema at {place}: {error.message:.200}.")
