"""The store: three spatial databases (imagery, monitoring, business) in one GeoPackage.

`open_store` opens it, `Store.read` and `Store.write` give sessions of SQLAlchemy. The classes are the tables.
"""

from rs_governance.db.base import Base
from rs_governance.db.business import (
    AnchorNote,
    Case,
    Clue,
    Event,
    Export,
    Holiday,
    Intake,
    Permit,
    Person,
    Photo,
    Setting,
)
from rs_governance.db.creating import create_store
from rs_governance.db.evidence import find_evidence, keep_evidence
from rs_governance.db.guards import WRITER
from rs_governance.db.imagery import Coverage, Scene
from rs_governance.db.monitoring import Finding, Issue
from rs_governance.db.store import SCHEMA, STORE_FILE, Store, connect, open_store
from rs_governance.db.types import STORE_SRS_ID, Moment, Outline, Plain, canonical_json, moment_text

__all__ = [
    "SCHEMA",
    "STORE_FILE",
    "STORE_SRS_ID",
    "WRITER",
    "AnchorNote",
    "Base",
    "Case",
    "Clue",
    "Coverage",
    "Event",
    "Export",
    "Finding",
    "Holiday",
    "Intake",
    "Issue",
    "Moment",
    "Outline",
    "Permit",
    "Person",
    "Photo",
    "Plain",
    "Scene",
    "Setting",
    "Store",
    "canonical_json",
    "connect",
    "create_store",
    "find_evidence",
    "keep_evidence",
    "moment_text",
    "open_store",
]
