"""Detection: a pair of scenes in, change scores, objects and findings out."""

from rs_governance.detect.blocks import NOT_OBSERVED, ScoredBlock
from rs_governance.detect.findings import COLUMNS, SCHEMA_VERSION, empty_findings, make_findings, validate_findings
from rs_governance.detect.model import SpectralModel
from rs_governance.detect.objects import BlockEntries, BlockLabels
from rs_governance.detect.parameters import SpectralParameters
from rs_governance.detect.spectral import DETECTOR, SpectralResult, find_changes

__all__ = [
    "COLUMNS",
    "DETECTOR",
    "NOT_OBSERVED",
    "SCHEMA_VERSION",
    "BlockEntries",
    "BlockLabels",
    "ScoredBlock",
    "SpectralModel",
    "SpectralParameters",
    "SpectralResult",
    "empty_findings",
    "find_changes",
    "make_findings",
    "validate_findings",
]
