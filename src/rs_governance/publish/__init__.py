"""Results out: the formats that others read, the overview, the record of a run, and the folder they go to."""

from rs_governance.publish.formats.geojson import write_geojson
from rs_governance.publish.formats.geopackage import write_gpkg
from rs_governance.publish.output_folder import OutputFolder, writing
from rs_governance.publish.pictures.map_view import Picture, preview
from rs_governance.publish.pictures.overview import Overview
from rs_governance.publish.pictures.score import NOT_OBSERVED, SCORE_STEP, ScoreWriter
from rs_governance.publish.run_record import (
    InputFile,
    RunLog,
    RunRecord,
    hash_files,
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
