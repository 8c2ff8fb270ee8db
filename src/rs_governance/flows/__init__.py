"""The order of things: the only place where one room's result becomes the next room's input."""

from typing import TYPE_CHECKING, Any

from rs_governance.flows.detect import RESULT_FILES, RunSummary, detect, opened_pair, preview, run_detect

if TYPE_CHECKING:
    from rs_governance.flows.evaluate import run_evaluate

__all__ = ["RESULT_FILES", "RunSummary", "detect", "opened_pair", "preview", "run_detect", "run_evaluate"]


def __getattr__(name: str) -> Any:
    """Import `run_evaluate` when it is asked for: `rsg detect` imports tables and kernels beside its first work, not before."""
    if name != "run_evaluate":
        raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
    from rs_governance.flows.evaluate import run_evaluate

    return run_evaluate
