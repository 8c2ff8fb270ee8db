"""The manifest of an issue: a digest of all that went in and came out; nothing that differs between equal runs."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from rs_governance.errors import SchemaViolation
from rs_governance.publish.input_files import InputFile, hash_files
from rs_governance.publish.issue import MonthlyIssue
from rs_governance.publish.json_file import refuse_absolute_paths, write_json
from rs_governance.publish.output_folder import MANIFEST as MARK
from rs_governance.publish.run_record import software_versions
from rs_governance.publish.schema import SCHEMA_FOLDER, closed_object, document_schema, schema_id, validate

MANIFEST = "manifest"
"""Name of the schema of `manifest.json`."""

MANIFEST_FILE = "manifest.json"
"""Name of the file in the folder of an issue."""

VERSION = "1.0"
"""Version of the schema."""

LOG_SUFFIX = ".log.json"
"""End of the names of files that may differ between equal runs; they are not in the manifest."""

_LIBRARIES = ("fastjsonschema", "pyarrow", "pylopdf-fonts-zh-cn", "pystac", "typst", "xlsxwriter")


def write_manifest(
    month: MonthlyIssue,
    folder: Path,
    *,
    inputs: Mapping[str, Sequence[Path]],
    parameters: Mapping[str, Any],
    device: str,
) -> None:
    """Write `manifest.json` into a folder that is complete but for it.

    Parameters
    ----------
    month
        The issue.
    folder
        Folder of the issue.
    inputs
        Files by their part: `scene 20260912`, `layer land_use`, `rules`, ... A folder stands for the files in it.
    parameters
        Settings that the issue depends on; no paths, workers or block sizes.
    device
        Device that computed it: cpu or cuda.

    Raises
    ------
    SchemaViolation
        When the manifest breaks its schema, or would show where files lie on this machine.
    OutputFailed
        When the file cannot be written.
    """
    document = {
        "schema_id": schema_id(MANIFEST, VERSION),
        "schema_version": VERSION,
        "district": {"code": month.district_code, "name": month.district_name, "name_en": month.district_name_en},
        "issue": month.issue,
        "inputs": {part: [asdict(file) for path in paths for file in _hashed(path)] for part, paths in inputs.items()},
        "outputs": [asdict(file) for file in _hashed(folder, but=_not_listed)],
        "parameters": dict(parameters),
        "device": device,
        "schemas": sorted(file.stem for file in SCHEMA_FOLDER.glob("*.json")),
        "versions": software_versions(*_LIBRARIES),
    }
    refuse_absolute_paths(document, MANIFEST_FILE)
    validate(document, MANIFEST)
    write_json(folder / MANIFEST_FILE, document)


def check_manifest(folder: Path) -> tuple[str, ...]:
    """Return what in a folder is not as its manifest says: `missing`, `changed` or `unknown`, and the file.

    Raises
    ------
    SchemaViolation
        When there is no manifest that can be read.
    """
    try:
        document = json.loads((folder / MANIFEST_FILE).read_text(encoding="utf-8"))
        validate(document, MANIFEST)
    except (OSError, ValueError) as error:
        raise SchemaViolation(f"{folder.name} has no manifest that can be read: {error}.") from error
    told = {file["name"]: file for file in document["outputs"]}
    found = {file.name: asdict(file) for file in _hashed(folder, but=_not_listed)}
    return (
        *(f"missing {name}" for name in told if name not in found),
        *(f"changed {name}" for name in told if name in found and found[name] != told[name]),
        *(f"unknown {name}" for name in found if name not in told),
    )


def manifest_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 7) of `manifest.json`."""
    text = {"type": "string"}
    files = {
        "type": "array",
        "items": closed_object({
            "name": text,
            "size_bytes": {"type": "integer", "minimum": 0},
            "sha256": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
        }),
    }
    return document_schema(
        MANIFEST,
        VERSION,
        title="Manifest of an issue",
        description="Digests of every input and output, settings and versions. Names are relative, without folders of the machine.",
        members={
            "district": closed_object({"code": text, "name": text, "name_en": {"type": ["string", "null"]}}),
            "issue": text,
            "inputs": {"type": "object", "additionalProperties": files},
            "outputs": files,
            "parameters": {"type": "object"},
            "device": {"enum": ["cpu", "cuda"]},
            "schemas": {"type": "array", "items": text},
            "versions": {"type": "object", "additionalProperties": text},
        },
    )


def _hashed(path: Path, *, but: Callable[[str], bool] | None = None) -> tuple[InputFile, ...]:
    """Return the digest of a file, or of all files in a folder by their names relative to it, in order."""
    if not path.is_dir():
        return hash_files([path])
    names = sorted(file.relative_to(path).as_posix() for file in path.rglob("*") if file.is_file())
    names = [name for name in names if but is None or not but(name)]
    return tuple(
        replace(file, name=name) for name, file in zip(names, hash_files([path / name for name in names]), strict=True)
    )


def _not_listed(name: str) -> bool:
    return name in {MANIFEST_FILE, MARK} or name.endswith(LOG_SUFFIX)
