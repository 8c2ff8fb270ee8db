"""The JSON Schemas of what goes out to the field and comes back, and the check by them."""

import json
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import fastjsonschema

from rs_governance.errors import SchemaViolation

SCHEMA_FOLDER = Path(__file__).with_name("schemas")
"""Folder of the schemas, part of the package: `field-tasks` (of a package) and `return` (of what comes back)."""


def check_document(document: Mapping[str, Any], name: str) -> None:
    """Check a document against its schema.

    Parameters
    ----------
    document
        What would be read from the JSON file.
    name
        Name of the schema: field-tasks, return.

    Raises
    ------
    SchemaViolation
        With the place and the reason of the first violation.
    """
    try:
        _validator(name)(document)
    except fastjsonschema.JsonSchemaValueException as error:
        place = "/".join(str(step) for step in error.path[1:]) or "the document"
        reason = error.message.removeprefix(error.name or "").strip()
        raise SchemaViolation(f"The {name} document breaks its schema at {place}: {reason:.200}.") from error


def schema_text(name: str) -> str:
    """Read the newest version of a schema."""
    return max(SCHEMA_FOLDER.glob(f"{name}-*.json")).read_text(encoding="utf-8")


@cache
def _validator(name: str) -> Callable[[Any], Any]:
    validator: Callable[[Any], Any] = fastjsonschema.compile(json.loads(schema_text(name)), use_default=False)
    return validator
