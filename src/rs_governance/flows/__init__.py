"""The order of things: the only place where one room's result becomes the next room's input."""

from rs_governance.flows.detect import RESULT_FILES, RunSummary, detect, opened_pair, preview, run_detect
from rs_governance.flows.evaluate import run_evaluate

__all__ = ["RESULT_FILES", "RunSummary", "detect", "opened_pair", "preview", "run_detect", "run_evaluate"]
