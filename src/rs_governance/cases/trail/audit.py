"""The audit: whether the record of what was done is still what was recorded."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy.orm import Session

from rs_governance.cases.trail.anchors import Anchor, digest_photos, was_anchored
from rs_governance.cases.trail.chain import GENESIS, SEALED, as_stored, seal
from rs_governance.cases.trail.replaying import find_differing_cases
from rs_governance.db import Event, Intake, Store
from rs_governance.db.checking import check_evidence
from rs_governance.db.defects import Defect
from rs_governance.db.evidence import evidence_files

RESTORE = "restore"
"""Purpose of an anchor that says: an older state was brought back, what came after it was given up."""

_KEPT = ("clues", "permits", "answers")  # what the files of these purposes said is kept as it came


@dataclass(frozen=True, kw_only=True)
class Audit:
    """What the audit found."""

    events: int
    """Number of events."""
    photos: int
    """Number of photos."""
    anchors: int
    """Number of anchors that are good."""
    anchored: int
    """Number of events up to the last good anchor: no change of them goes unseen."""
    given_up: tuple[str, ...]
    """States that a restore gave up, in words: not wrong, but worth knowing."""
    defects: tuple[Defect, ...]
    """What is wrong, in the order of the chain; the first one is where to look first."""

    @property
    def unanchored(self) -> int:
        """Number of events since the last good anchor: only the chain itself speaks for them."""
        return max(self.events - self.anchored, 0)


def audit_store(store: Store, anchors: Sequence[Anchor], keys: Mapping[str, Ed25519PublicKey]) -> Audit:
    """Verify the chain of events, the anchors, the photos, and that every case is what its events say.

    Parameters
    ----------
    store
        The store; others may write meanwhile.
    anchors
        Anchors, read before.
    keys
        Public keys that are trusted, by id.

    Returns
    -------
    Audit
        What was found. Any single change of an event, a case, a photo or an original before the last anchor is.
    """
    store_id = store.setting("store_id")
    defects = list(_check_anchors(anchors, keys, store_id))
    if not any(each.store_id == store_id for each in anchors) and (since := was_anchored(store)) is not None:
        detail = f"the store was anchored first at {since}, no anchor of it was given: the file was removed or emptied, or is another"
        defects.append(Defect(kind="anchor_missing", where="anchors", detail=detail))
    good = [each for each in anchors if each.store_id == store_id and each.is_signed_by(keys)]
    kept, given_up = _split_at_restores(good)
    with store.read() as session:
        chain = _Chain(kept)
        defects += chain.check(session)
        photos, photo_defects = _check_photos(session, kept)
        defects += photo_defects
        defects += find_differing_cases(session)
        intakes = _read_intakes(session)
    defects += check_evidence(store)
    told = {each.where for each in defects} | {file.name[:64] for file in evidence_files(store.evidence)}
    for sha256 in sorted(set(intakes) - told):
        detail = f"the original of what was taken in ({intakes[sha256]}) is not there"
        defects.append(Defect(kind="evidence_missing", where=sha256, detail=detail))
    return Audit(
        events=chain.count,
        photos=photos,
        anchors=len(good),
        anchored=min(max((each.count for each in kept), default=0), chain.count),
        given_up=tuple(given_up),
        defects=tuple(defects),
    )


def _check_anchors(anchors: Sequence[Anchor], keys: Mapping[str, Ed25519PublicKey], store_id: str) -> Iterator[Defect]:
    for number, each in enumerate(anchors, 1):
        where = f"anchor {each.number}"
        if each.number != number and each.number != anchors[number - 2].number + 1:
            yield Defect(kind="anchor_missing", where=where, detail="the anchor before it is not there")
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
            gone = [former for former in kept if (former.count, former.photos) > (each.count, each.photos)]
            kept = [former for former in kept if former not in gone]
            given_up += [f"{former.count} events of {former.at}, given up at {each.at}" for former in gone]
        kept.append(each)
    return kept, given_up


class _Chain:
    """Walks the events from the first to the last."""

    def __init__(self, anchors: Sequence[Anchor]) -> None:
        self.count = 0
        self._head = GENESIS
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
        self.count, self._head = number, row["hash"]

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


def _check_photos(session: Session, anchors: Sequence[Anchor]) -> tuple[int, list[Defect]]:
    try:
        count, _, heads = digest_photos(session, at={each.photos for each in anchors})
    except (sa.exc.OperationalError, TypeError, ValueError) as error:
        return 0, [Defect(kind="photos_changed", where="photos", detail=f"a row cannot be read: {error}")]
    good_up_to, defects = 0, []
    for each in anchors:
        if heads.get(each.photos) == each.photos_head:
            good_up_to = each.photos
            continue
        what = f"{count} are there" if each.photos > count else "their rows are others now"
        detail = f"anchor {each.number} of {each.at} knows {each.photos} photos, {what}"
        defects.append(Defect(kind="photos_changed", where=f"photo {good_up_to + 1}", detail=detail))
    return count, defects
