"""Detection: a pair of scenes in, change scores, objects and findings out."""

from typing import TYPE_CHECKING, Any

from rs_governance.detect.blocks import NOT_OBSERVED, ScoredBlock
from rs_governance.detect.loading import load_kernels
from rs_governance.detect.model import SpectralModel, learn_model
from rs_governance.detect.objects import BlockEntries, BlockLabels
from rs_governance.detect.parameters import MONTHLY, SpectralParameters
from rs_governance.detect.spectral import DETECTOR, SpectralResult, find_changes

if TYPE_CHECKING:
    from rs_governance.detect.findings import FINDINGS

__all__ = [
    "DETECTOR",
    "FINDINGS",
    "MONTHLY",
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


def __getattr__(name: str) -> Any:
    """Import `FINDINGS` when it is asked for: tables take 0.4 s of processor time, and pixels come first."""
    if name != "FINDINGS":
        raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
    from rs_governance.detect.findings import FINDINGS

    return FINDINGS
