"""Results out: the formats that others read, the overview, the record of a run, and the folder they go to.

A name is imported when it is first asked for: tables and pictures take half a second, and a run needs its folder first.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rs_governance.publish.formats.geojson import write_geojson
    from rs_governance.publish.formats.geopackage import write_gpkg
    from rs_governance.publish.input_files import InputFile, hash_files
    from rs_governance.publish.output_folder import OutputFolder, writing
    from rs_governance.publish.pictures.map_view import Picture, preview
    from rs_governance.publish.pictures.overview import Overview
    from rs_governance.publish.pictures.score import NOT_OBSERVED, SCORE_STEP, ScoreWriter
    from rs_governance.publish.run_record import (
        RunLog,
        RunRecord,
        software_versions,
        write_run_log,
        write_run_record,
    )

__all__ = [
    "NOT_OBSERVED",
    "SCORE_STEP",
    "InputFile",
    "OutputFolder",
    "Overview",
    "Picture",
    "RunLog",
    "RunRecord",
    "ScoreWriter",
    "hash_files",
    "preview",
    "software_versions",
    "write_geojson",
    "write_gpkg",
    "write_run_log",
    "write_run_record",
    "writing",
]

_HOMES = {
    "formats.geojson": ("write_geojson",),
    "formats.geopackage": ("write_gpkg",),
    "input_files": ("InputFile", "hash_files"),
    "output_folder": ("OutputFolder", "writing"),
    "pictures.map_view": ("Picture", "preview"),
    "pictures.overview": ("Overview",),
    "pictures.score": ("NOT_OBSERVED", "SCORE_STEP", "ScoreWriter"),
    "run_record": ("RunLog", "RunRecord", "software_versions", "write_run_log", "write_run_record"),
}


def __getattr__(name: str) -> Any:
    """Import the module that a name is from."""
    home = next((home for home, names in _HOMES.items() if name in names), None)
    if home is None:
        raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
    return getattr(import_module(f"{__name__}.{home}"), name)
