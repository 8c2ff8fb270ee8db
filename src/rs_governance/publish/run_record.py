"""What a run was: `run.json`, equal for equal runs, and `run.log.json`, how it went this time."""

import importlib.metadata
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pyogrio
import pyproj
import rasterio
import shapely

from rs_governance.detect.findings import FINDINGS
from rs_governance.publish.input_files import InputFile
from rs_governance.publish.json_file import refuse_absolute_paths, write_json
from rs_governance.publish.schema import schema_id
from rs_governance.scenes import PixelGrid, Registration

RECORD_VERSION = "1.0"
"""Version of the form of `run.json`."""

_LIBRARIES = (
    "geopandas",
    "numba",
    "numpy",
    "pandas",
    "pillow",
    "pyogrio",
    "pyproj",
    "rasterio",
    "rs-governance",
    "scikit-image",
    "scipy",
    "shapely",
)


@dataclass(frozen=True, kw_only=True)
class RunRecord:
    """Everything that decides a result, and its main figures; nothing that differs between equal runs."""

    inputs: Mapping[str, Sequence[InputFile]]
    """Files by their part in the run: before, after, aoi, ..."""
    parameters: Mapping[str, Any]
    """Settings that the result depends on; not workers, block size or paths."""
    device: str
    """Device that computed it: cpu or cuda."""
    grid: PixelGrid
    """Grid of the pair."""
    registration: Registration
    """Shift between the images."""
    observable_share: float
    """Share of the grid that was usable on both dates, 0..1."""
    pixels: int
    """Usable pixels."""
    findings: int
    """Number of findings."""
    notes: Sequence[Mapping[str, str]] = ()
    """What stands against believing them: code, message_zh, message_en."""


@dataclass(frozen=True, kw_only=True)
class RunLog:
    """How a run went on this machine."""

    started_at: datetime
    """Aware time of the start."""
    finished_at: datetime
    """Aware time of the end."""
    seconds: Mapping[str, float]
    """Wall-clock seconds of each stage, in order."""
    device: str
    """Name of the device that computed."""
    workers: int
    """Number of workers."""
    block_px: int
    """Side of a block in pixels."""
    host: str = platform.node()
    """Name of the machine."""


def software_versions(*more: str) -> dict[str, str]:
    """Return the versions that a result may depend on, by name.

    Parameters
    ----------
    *more
        Distributions beside those that every run uses.
    """
    versions = {name: importlib.metadata.version(name) for name in (*_LIBRARIES, *more)}
    versions |= {
        "python": platform.python_version(),
        "gdal-raster": str(rasterio.__gdal_version__),
        "gdal-vector": ".".join(str(part) for part in pyogrio.__gdal_version__),
        "geos": str(shapely.geos_version_string),
        "proj": str(pyproj.proj_version_str),
    }
    return dict(sorted(versions.items()))


def write_run_record(path: Path, record: RunRecord) -> None:
    """Write `run.json`: the same bytes for the same inputs, parameters, versions and device.

    Raises
    ------
    SchemaViolation
        When the record holds an absolute path or a number that JSON does not know.
    OutputFailed
        When the file cannot be written.
    """
    grid = record.grid
    document = {
        "kind": "rs-governance run",
        "version": RECORD_VERSION,
        "findings_schema": {"id": schema_id(FINDINGS.name, FINDINGS.version), "version": FINDINGS.version},
        "inputs": {part: [asdict(file) for file in files] for part, files in record.inputs.items()},
        "parameters": dict(record.parameters),
        "device": record.device,
        "grid": {
            "crs": None if grid.crs is None else _crs_name(grid.crs),
            "transform": list(grid.transform)[:6],
            "height": grid.height,
            "width": grid.width,
            "pixel_size_m": [round(size, 6) for size in grid.pixel_size_m],
        },
        "registration": asdict(record.registration),
        "observable_share": record.observable_share,
        "pixels": record.pixels,
        "findings": record.findings,
        "notes": [dict(note) for note in record.notes],
        "versions": software_versions(),
    }
    refuse_absolute_paths(document, path.name)
    write_json(path, document)


def write_run_log(path: Path, log: RunLog) -> None:
    """Write `run.log.json`, the one file of a result that differs between equal runs.

    Raises
    ------
    OutputFailed
        When the file cannot be written.
    """
    document = asdict(log) | {
        "started_at": log.started_at.isoformat(timespec="milliseconds"),
        "finished_at": log.finished_at.isoformat(timespec="milliseconds"),
        "seconds": {stage: round(seconds, 4) for stage, seconds in log.seconds.items()},
        "seconds_total": round((log.finished_at - log.started_at).total_seconds(), 4),
        "machine": platform.machine(),
        "system": platform.system(),
        "cpus": os.cpu_count(),
    }
    write_json(path, document)


def _crs_name(crs: pyproj.CRS) -> str:
    authority = crs.to_authority()
    return crs.to_wkt() if authority is None else ":".join(authority)
