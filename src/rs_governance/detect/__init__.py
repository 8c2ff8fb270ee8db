"""Detection: a pair of scenes in, change scores, objects and findings out."""

from rs_governance.detect.blocks import NOT_OBSERVED, ScoredBlock
from rs_governance.detect.findings import FINDINGS
from rs_governance.detect.loading import load_kernels
from rs_governance.detect.model import SpectralModel, learn_model
from rs_governance.detect.objects import BlockEntries, BlockLabels
from rs_governance.detect.parameters import SpectralParameters
from rs_governance.detect.spectral import DETECTOR, SpectralResult, find_changes

__all__ = [
    "DETECTOR",
    "FINDINGS",
    "NOT_OBSERVED",
    "BlockEntries",
    "BlockLabels",
    "ScoredBlock",
    "SpectralModel",
    "SpectralParameters",
    "SpectralResult",
    "find_changes",
    "learn_model",
    "load_kernels",
]
