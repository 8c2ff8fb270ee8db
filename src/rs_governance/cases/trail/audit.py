"""The audit: whether the record of what was done is still what was recorded."""

import contextlib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy.orm import Session

from rs_governance.cases.trail.anchors import Anchor, known_anchors
from rs_governance.cases.trail.missing_anchors import find_missing_anchors
from rs_governance.cases.trail.recorded_rows import check_rows
from rs_governance.cases.trail.replaying import find_differing_cases
from rs_governance.db import AnchorNote, Event, Intake, Store
from rs_governance.db.chain import GENESIS, SEALED, as_stored, seal
from rs_governance.db.checking import check_evidence
from rs_governance.db.defects import Defect
from rs_governance.db.evidence import evidence_files

RESTORE = "restore"
"""Purpose of an anchor that says: an older state was brought back, what came after it was given up."""

CLOCK_TOLERANCE = timedelta(minutes=1)
"""How far a machine's clock falls behind when it is set right by itself."""

_KEPT = ("clues", "permits", "answers")  # what the files of these purposes said is kept as it came


@dataclass(frozen=True, kw_only=True)
class Audit:
    """What the audit found."""

    events: int
    """Number of events."""
    rows: int
    """Number of rows that the chain tells of besides cases: people, holidays, clues, permits, findings, photos, ..."""
    anchors: int
    """Number of anchors that are good."""
    anchored: int
    """Number of events up to the last good anchor: no change of them goes unseen."""
    given_up: tuple[str, ...]
    """States that a restore gave up, in words: not wrong, but worth knowing."""
    remarks: tuple[str, ...]
    """What else is not wrong, but worth knowing: a clock that was set back, anchors in another file."""
    defects: tuple[Defect, ...]
    """What is wrong, in the order of the chain; the first one is where to look first."""

    @property
    def unanchored(self) -> int:
        """Number of events since the last good anchor: only the chain itself speaks for them."""
        return max(self.events - self.anchored, 0)


def audit_store(
    store: Store,
    anchors: Sequence[Anchor],
    keys: Mapping[str, Ed25519PublicKey],
    *,
    known: Sequence[AnchorNote] | None = None,
) -> Audit:
    """Verify the chain of events, the anchors, and that every case, row and original is what is on record.

    Parameters
    ----------
    store
        The store; others may write meanwhile.
    anchors
        Anchors, read before; those of a file in their order.
    keys
        Public keys that are trusted, by id.
    known
        `known_anchors(store)`, read before the anchors; None reads it now, when nobody sets anchors meanwhile.

    Returns
    -------
    Audit
        What was found. Any single change of an event, a case, a recorded row or an original before the last anchor is.
    """
    store_id = store.setting("store_id")
    missing, remarks = find_missing_anchors(
        [each for each in anchors if each.store_id == store_id], known_anchors(store) if known is None else known
    )
    defects = [*missing, *_check_anchors(anchors, keys, store_id)]
    good = [each for each in anchors if each.store_id == store_id and each.is_signed_by(keys)]
    kept, given_up = _split_at_restores(good)
    with store.read() as session:
        chain = _Chain(kept)
        defects += chain.check(session)
        rows, row_defects = check_rows(session)
        defects += row_defects
        defects += find_differing_cases(session)
        intakes = _read_intakes(session)
    defects += check_evidence(store)
    told = {each.where for each in defects} | {file.name[:64] for file in evidence_files(store.evidence)}
    for sha256 in sorted(set(intakes) - told):
        detail = f"the original of what was taken in ({intakes[sha256]}) is not there"
        defects.append(Defect(kind="evidence_missing", where=sha256, detail=detail))
    return Audit(
        events=chain.count,
        rows=rows,
        anchors=len(good),
        anchored=min(max((each.count for each in kept), default=0), chain.count),
        given_up=tuple(given_up),
        remarks=(*remarks, *chain.remarks),
        defects=tuple(defects),
    )


def _check_anchors(anchors: Sequence[Anchor], keys: Mapping[str, Ed25519PublicKey], store_id: str) -> Iterator[Defect]:
    last: dict[str, int] = {}
    for each in anchors:
        where = f"anchor {each.number}"
        if each.number != last.get(each.file, 0) + 1:
            yield Defect(kind="anchor_missing", where=where, detail="the anchor before it is not there")
        last[each.file] = each.number
        if each.store_id != store_id:
            yield Defect(kind="anchor_invalid", where=where, detail=f"it is about the store {each.store_id}")
        elif each.key not in keys:
            yield Defect(kind="anchor_invalid", where=where, detail=f"nobody gave the public key {each.key}")
        elif not each.is_signed_by(keys):
            yield Defect(kind="anchor_invalid", where=where, detail="its signature is wrong: it was changed")


def _read_intakes(session: Session) -> dict[str, str]:
    """Return what was taken in and kept with the evidence: purpose and name by SHA-256."""
    rows = session.execute(sa.select(Intake.sha256, Intake.purpose, Intake.name).order_by(Intake.id))
    return {row.sha256: f"{row.purpose} {row.name}" for row in rows if row.purpose.split(":")[0] in _KEPT}


def _split_at_restores(anchors: Sequence[Anchor]) -> tuple[list[Anchor], list[str]]:
    kept: list[Anchor] = []
    given_up: list[str] = []
    for each in anchors:
        if each.purpose.split(" ")[0] == RESTORE:
            gone = [former for former in kept if former.count > each.count]
            kept = [former for former in kept if former not in gone]
            given_up += [f"{former.count} events of {former.at}, given up at {each.at}" for former in gone]
        kept.append(each)
    return kept, given_up


class _Chain:
    """Walks the events from the first to the last."""

    def __init__(self, anchors: Sequence[Anchor]) -> None:
        self.count = 0
        self.remarks: list[str] = []
        self._head = GENESIS
        self._recorded_at = ""
        self._anchors: dict[int, list[Anchor]] = defaultdict(list)
        for each in anchors:
            self._anchors[each.count].append(each)
        self._good_up_to = 0

    def check(self, session: Session) -> Iterator[Defect]:
        """Compare each event with its hash, with the one before it, and with the anchors.

        Yields
        ------
        Defect
            In the order of the chain.
        """
        columns = [as_stored(Event.__table__.c[name]) for name in (*SEALED, "hash")]
        rows = session.execute(sa.select(*columns).order_by(Event.id).execution_options(yield_per=1000))
        yield from self._at_anchor()
        try:
            for row in rows.mappings():
                yield from self._next(row)
                yield from self._at_anchor()
        except sa.exc.OperationalError as error:
            yield Defect(
                kind="event_changed", where=f"event {self.count + 1}", detail=f"it cannot be read: {error.orig}"
            )
        if cut := [count for count in self._anchors if count > self.count]:
            detail = f"an anchor of {self._anchors[max(cut)][-1].at} knows {max(cut)} events, {self.count} are there"
            yield Defect(kind="events_cut", where=f"event {self.count + 1}", detail=detail)

    def _next(self, row: Mapping[Any, Any]) -> Iterator[Defect]:
        number, expected = row["id"], self.count + 1
        where = f"event {number}"
        if number != expected:
            what = f"event {expected}" if number == expected + 1 else f"events {expected} to {number - 1}"
            yield Defect(
                kind="event_missing", where=f"event {expected}", detail=f"{what} should come before event {number}"
            )
        elif row["previous"] != self._head:
            detail = f"it does not follow event {number - 1}: one of the two was replaced, moved or sealed anew"
            yield Defect(kind="event_order", where=where, detail=detail)
        if _seal_of(row) != row["hash"]:
            yield Defect(kind="event_changed", where=where, detail=f"of case {row['case_number']}: its hash is another")
        self._compare_clock(row)
        self.count, self._head = number, row["hash"]

    def _compare_clock(self, row: Mapping[Any, Any]) -> None:
        """Remark where the machine's clock fell behind: it was set, or somebody wanted an earlier time."""
        former, self._recorded_at = self._recorded_at, str(row["recorded_at"])
        # As texts in the order of time; only those few that fall are read.
        if self._recorded_at < former:
            with contextlib.suppress(ValueError):  # spoilt, and told by the hash
                fall = datetime.fromisoformat(former) - datetime.fromisoformat(self._recorded_at)
                if fall > CLOCK_TOLERANCE:
                    self.remarks.append(
                        f"event {row['id']} was recorded at {self._recorded_at}, the one before it at {former}: "
                        "the clock of the machine was set back"
                    )

    def _at_anchor(self) -> Iterator[Defect]:
        for each in self._anchors.get(self.count, ()):
            if each.head == self._head:
                self._good_up_to = self.count
                continue
            detail = (
                f"anchor {each.number} of {each.at} knows another hash: among events {self._good_up_to + 1} to "
                f"{self.count} something was changed, inserted or removed, and the rest sealed anew"
            )
            yield Defect(kind="resealed", where=f"event {self._good_up_to + 1}", detail=detail)


def _seal_of(row: Mapping[Any, Any]) -> str | None:
    try:
        return seal(row)
    except (TypeError, ValueError):  # bytes or infinity, where nobody wrote them
        return None
