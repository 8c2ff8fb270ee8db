"""A published issue: its tables, task lists, figures, catalogue and manifest."""

from rs_governance.publish.feedback import IssueFeedback, read_feedback, write_feedback
from rs_governance.publish.formats.geojson import write_geojson
from rs_governance.publish.formats.geopackage import write_gpkg, write_issue_gpkg
from rs_governance.publish.formats.geoparquet import write_geoparquet
from rs_governance.publish.formats.kml import write_kml
from rs_governance.publish.formats.list_excel import write_list_xlsx
from rs_governance.publish.formats.shapefile import write_shapefile
from rs_governance.publish.input_files import InputFile, hash_files
from rs_governance.publish.issue import MonthlyIssue, PairFacts, SceneFacts, SceneRole, SourceFacts, SourceKind
from rs_governance.publish.month.decisions import read_decisions, write_decisions
from rs_governance.publish.month.former import FINDINGS_PARQUET, STATISTICS_JSON, FormerIssue, find_issues, outlines_of
from rs_governance.publish.month.manifest import check_manifest, write_manifest
from rs_governance.publish.month.scene_cogs import write_scene
from rs_governance.publish.month.stac import IssueAsset, write_catalogue
from rs_governance.publish.month.statistics import (
    summarise,
    write_statistics_csv,
    write_statistics_json,
)
from rs_governance.publish.month.statistics_excel import write_statistics_xlsx
from rs_governance.publish.month.tasks import write_task_lists
from rs_governance.publish.output_folder import OutputFolder, writing
from rs_governance.publish.pictures.imagery import Imagery
from rs_governance.publish.pictures.map_view import Picture, preview
from rs_governance.publish.pictures.overview import Overview
from rs_governance.publish.pictures.score import NOT_OBSERVED, SCORE_STEP, ScoreWriter
from rs_governance.publish.report.cards import write_cards
from rs_governance.publish.report.chips import LANGUAGES, write_chips
from rs_governance.publish.report.report import write_report
from rs_governance.publish.run_record import (
    RunLog,
    RunRecord,
    software_versions,
    write_run_log,
    write_run_record,
)

__all__ = [
    "FINDINGS_PARQUET",
    "LANGUAGES",
    "NOT_OBSERVED",
    "SCORE_STEP",
    "STATISTICS_JSON",
    "FormerIssue",
    "Imagery",
    "InputFile",
    "IssueAsset",
    "IssueFeedback",
    "MonthlyIssue",
    "OutputFolder",
    "Overview",
    "PairFacts",
    "Picture",
    "RunLog",
    "RunRecord",
    "SceneFacts",
    "SceneRole",
    "ScoreWriter",
    "SourceFacts",
    "SourceKind",
    "check_manifest",
    "find_issues",
    "hash_files",
    "outlines_of",
    "preview",
    "read_decisions",
    "read_feedback",
    "software_versions",
    "summarise",
    "write_cards",
    "write_catalogue",
    "write_chips",
    "write_decisions",
    "write_feedback",
    "write_geojson",
    "write_geoparquet",
    "write_gpkg",
    "write_issue_gpkg",
    "write_kml",
    "write_list_xlsx",
    "write_manifest",
    "write_report",
    "write_run_log",
    "write_run_record",
    "write_scene",
    "write_shapefile",
    "write_statistics_csv",
    "write_statistics_json",
    "write_statistics_xlsx",
    "write_task_lists",
    "writing",
]
