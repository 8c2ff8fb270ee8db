"""Labels, accuracy and the detectors to be compared with."""

from rs_governance.learn.accuracy import write_accuracy
from rs_governance.learn.dataset import LabelledDataset, LabelledPair, OpenedPair, open_dataset, open_pair
from rs_governance.learn.detection import Detection, Detector
from rs_governance.learn.detectors import own_detectors
from rs_governance.learn.evaluate import Evaluation, PairRow, evaluate_dataset
from rs_governance.learn.peers import PEERS
from rs_governance.learn.provenance import Provenance, gather_provenance
from rs_governance.learn.report import describe, write_joint_report, write_report
from rs_governance.learn.scoring import Counts, Estimate, Scores, count_pair, pool
from rs_governance.learn.sheet import draw_sheet

__all__ = [
    "PEERS",
    "Counts",
    "Detection",
    "Detector",
    "Estimate",
    "Evaluation",
    "LabelledDataset",
    "LabelledPair",
    "OpenedPair",
    "PairRow",
    "Provenance",
    "Scores",
    "count_pair",
    "describe",
    "draw_sheet",
    "evaluate_dataset",
    "gather_provenance",
    "open_dataset",
    "open_pair",
    "own_detectors",
    "pool",
    "write_accuracy",
    "write_joint_report",
    "write_report",
]
