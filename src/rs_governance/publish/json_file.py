"""JSON files whose bytes depend on their content alone."""

import json
from collections.abc import Mapping
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

from rs_governance.errors import SchemaViolation
from rs_governance.publish.output_folder import writing


def write_json(path: Path, document: Mapping[str, Any]) -> None:
    """Write a document, indented, in the order of its members.

    Parameters
    ----------
    path
        File to create or replace.
    document
        What to write; numbers must be finite.

    Raises
    ------
    SchemaViolation
        When it holds a value that JSON does not know.
    OutputFailed
        When the file cannot be written.
    """
    try:
        text = json.dumps(document, ensure_ascii=False, indent=2, allow_nan=False) + "\n"
    except (TypeError, ValueError) as error:
        raise SchemaViolation(f"{path.name} holds a value that JSON does not know: {error}.") from error
    with writing(path):
        path.write_text(text, encoding="utf-8", newline="\n")


def refuse_absolute_paths(value: object, place: str) -> None:
    """Refuse a document that would show where files lie on this machine.

    Parameters
    ----------
    value
        The document, or a part of it.
    place
        Where in the document the part is, for the message; first the name of the file.

    Raises
    ------
    SchemaViolation
        When it holds an absolute path, or any `Path`.
    """
    if isinstance(value, Mapping):
        for key, member in value.items():
            refuse_absolute_paths(member, f"{place}/{key}")
    elif isinstance(value, (list, tuple)):
        for index, member in enumerate(value):
            refuse_absolute_paths(member, f"{place}/{index}")
    elif isinstance(value, Path) or (
        isinstance(value, str) and (PurePosixPath(value).is_absolute() or PureWindowsPath(value).is_absolute())
    ):
        raise SchemaViolation(f"It must hold file names only, but {place} is {str(value)!r}.")
