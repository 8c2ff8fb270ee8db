"""What can be wrong with a store."""

from dataclasses import dataclass
from typing import Literal

DefectKind = Literal[
    "damaged",
    "foreign_key",
    "guard",
    "index",
    "evidence_missing",
    "evidence_changed",
    "event_changed",
    "event_missing",
    "event_order",
    "events_cut",
    "resealed",
    "row_changed",
    "row_missing",
    "row_unrecorded",
    "case_differs",
    "anchor_invalid",
    "anchor_missing",
]
"""What is wrong: the file, a reference, a guard, a spatial index, an original, the chain, a row, a case, an anchor."""


@dataclass(frozen=True, kw_only=True)
class Defect:
    """Something that is not as it was written."""

    kind: DefectKind
    """What is wrong."""
    where: str
    """Which: an event's number, a case, a hash, a table."""
    detail: str
    """What was expected and what came."""
