"""The JSON Schemas of what is published, and the check used on every write."""

import json
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import fastjsonschema

from rs_governance.errors import SchemaViolation
from rs_governance.table import Column, Table

SCHEMA_FOLDER = Path(__file__).parent / "schemas"
"""Folder of the generated schemas, part of the package; `schema_files` writes them."""

DRAFT = "http://json-schema.org/draft-07/schema#"
"""The dialect of every schema here."""

_JSON_TYPES = {"str": "string", "int64": "integer", "float64": "number", "date": "string"}

DAY = {"type": "string", "pattern": r"^\d{4}-\d{2}-\d{2}$"}
"""Schema of a date."""

DAY_OR_NULL = {"type": ["string", "null"], "pattern": r"^\d{4}-\d{2}-\d{2}$"}
"""Schema of a date that may be missing."""


def schema_id(name: str, version: str) -> str:
    """Return the identifier of a schema, repeated in every document that follows it.

    Examples
    --------
    >>> schema_id("findings", "1.0")
    'urn:rs-governance:schema:findings:1.0'
    """
    return f"urn:rs-governance:schema:{name}:{version}"


def schema_file(name: str) -> Path:
    """Return the file of the newest version of a schema.

    Parameters
    ----------
    name
        Name of a table or document: findings, spots, task-list, statistics, ...
    """
    files = [
        file for file in SCHEMA_FOLDER.glob(f"{name}-*.json") if file.stem[len(name) + 1 :].replace(".", "").isdigit()
    ]
    return max(files, key=lambda file: [int(part) for part in file.stem[len(name) + 1 :].split(".")])


def table_schema(
    table: Table, *, title: str, description: str, members: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Return the JSON Schema (draft 7) of a table as a GeoJSON feature collection.

    Parameters
    ----------
    table
        Declaration of the columns.
    title
        What the document is.
    description
        What a feature is.
    members
        Schemas of further members that the collection must have beside `features`.
    """
    members = members or {}
    position = {
        "type": "array",
        "items": [
            {"type": "number", "minimum": -180, "maximum": 180},
            {"type": "number", "minimum": -90, "maximum": 90},
        ],
        "additionalItems": False,
        "minItems": 2,
    }
    # Written out where it is used: the validator takes twice as long to follow a reference for every point.
    ring = {"type": "array", "minItems": 4, "items": position}
    polygon = {"type": "array", "minItems": 1, "items": ring}
    return {
        "$schema": DRAFT,
        "$id": schema_id(table.name, table.version),
        "title": title,
        "description": description,
        "type": "object",
        "required": ["type", "schema_id", "schema_version", *members, "features"],
        "properties": {
            "type": {"const": "FeatureCollection"},
            "schema_id": {"const": schema_id(table.name, table.version)},
            "schema_version": {"const": table.version},
            "crs": False,
            "bbox": {"type": "array", "minItems": 4, "maxItems": 4, "items": {"type": "number"}},
            **members,
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
                        "required": [column.name for column in table.columns],
                        "additionalProperties": False,
                        "properties": {column.name: _property_schema(column) for column in table.columns},
                    },
                },
            },
            "polygon": _geometry_schema("Polygon", polygon),
            "multipolygon": _geometry_schema("MultiPolygon", {"type": "array", "minItems": 1, "items": polygon}),
        },
    }


def document_schema(
    name: str, version: str, *, title: str, description: str, members: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the JSON Schema (draft 7) of a document that is no feature collection.

    Parameters
    ----------
    name, version
        What the schema's identifier and file are called by.
    title
        What the document is.
    description
        What is in it.
    members
        Schemas of its members beside `schema_id` and `schema_version`; all are required, others refused.
    """
    identifier = schema_id(name, version)
    return {
        "$schema": DRAFT,
        "$id": identifier,
        "title": title,
        "description": description,
        **closed_object({"schema_id": {"const": identifier}, "schema_version": {"const": version}, **members}),
    }


def closed_object(members: Mapping[str, Any]) -> dict[str, Any]:
    """Return the schema of an object that has all of the members and no others."""
    return {
        "type": "object",
        "required": list(members),
        "additionalProperties": False,
        "properties": dict(members),
    }


def validate(document: Mapping[str, Any], name: str) -> None:
    """Check a document against the newest version of a schema, every feature of it.

    Parameters
    ----------
    document
        What would be read from the JSON file.
    name
        Name of the schema: findings, spots, task-list, statistics, ...

    Raises
    ------
    SchemaViolation
        With the place and the reason of the first violation.
    """
    _check(_validator(name), document, name, "")


def validate_feature(feature: Mapping[str, Any], name: str, index: int) -> None:
    """Check one feature of a collection, so that a long one need not be held in memory.

    Parameters
    ----------
    feature
        The feature.
    name
        Name of the collection's schema.
    index
        Place of the feature in the collection, for the message.

    Raises
    ------
    SchemaViolation
        With the place and the reason of the first violation.
    """
    _check(_validator(name, "feature"), feature, name, f"features/{index}/")


def _check(validator: Callable[[Any], Any], document: Mapping[str, Any], name: str, place: str) -> None:
    try:
        validator(document)
    except fastjsonschema.JsonSchemaValueException as error:
        place = f"{place}{'/'.join(str(step) for step in error.path[1:])}".rstrip("/") or "the document"
        reason = error.message.removeprefix(error.name or "").strip()
        raise SchemaViolation(f"The {name} document breaks its schema at {place}: {reason:.200}.") from error


@cache
def _validator(name: str, definition: str | None = None) -> Callable[[Any], Any]:
    schema = json.loads(schema_file(name).read_text(encoding="utf-8"))
    if definition is not None:
        schema = {"$schema": DRAFT, "definitions": schema["definitions"], "$ref": f"#/definitions/{definition}"}
    validator: Callable[[Any], Any] = fastjsonschema.compile(schema, use_default=False)
    return validator


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
        schema["pattern"] = DAY["pattern"]
    if column.pattern is not None:
        schema["pattern"] = f"^(?:{column.pattern})$"
    if column.values is not None:
        schema["enum"] = [*column.values, None] if column.nullable else list(column.values)
    if column.minimum is not None:
        schema["minimum"] = column.minimum
    if column.maximum is not None:
        schema["maximum"] = column.maximum
    if column.unit is not None:
        schema["x-unit"] = column.unit
    return schema
