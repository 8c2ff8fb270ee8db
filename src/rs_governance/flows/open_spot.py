"""Opening a case from a published spot that became none: what somebody saw in the random look at green ones."""

from contextlib import closing
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa

from rs_governance.cases import Actor, Opening, open_case
from rs_governance.cases.life.calendars import clocks_of
from rs_governance.cases.life.rights import stem
from rs_governance.cases.months.observing import first_fields
from rs_governance.db import Case, Finding, open_store
from rs_governance.errors import ActionRefused, UsageError

OPENERS = ("interpreter", "quality_checker", "district_manager")
"""Roles that may open a case from a spot."""


def open_spot(store_folder: Path, spot_no: str, *, note: str, now: datetime, actor: Actor) -> str:
    """Open a case from a spot that the rules exempted.

    Parameters
    ----------
    store_folder
        Folder of the store.
    spot_no
        Number of the spot, of an issue that was taken in.
    note
        Why, in words.
    now
        Aware time.
    actor
        Who opens it.

    Returns
    -------
    str
        Number of its case; of the one that there is where it has one already.

    Raises
    ------
    UsageError
        When there is no such spot, or no reason is given.
    ActionRefused
        When the person has another role, or the spot lies in another area.
    """
    if actor.role not in OPENERS:
        raise ActionRefused(f"Opening a case is not for the role {actor.role}; it is for {', '.join(OPENERS)}.")
    if not note.strip():
        raise UsageError(f"Opening a case from spot {spot_no} needs a reason, since the rules saw none; give --note.")
    with closing(open_store(store_folder)) as store:
        clocks = clocks_of(store)
        with store.write() as session:
            finding = session.scalar(sa.select(Finding).where(Finding.spot_no == spot_no, Finding.current))
            if finding is None:
                raise UsageError(
                    f"There is no spot {spot_no} in an issue that was taken in; look at its list of spots."
                )
            if finding.case_id is not None:
                return str(session.scalar(sa.select(Case.number).where(Case.id == finding.case_id)))
            spot = {**finding.spot, "after_on": finding.after_on}
            if not (spot["village_code"] or spot["town_code"] or spot["district_code"]).startswith(stem(actor.prefix)):
                raise ActionRefused(
                    f"Spot {spot_no} lies in {spot['village_code']}, {actor.login} acts for {actor.prefix}."
                )
            taken = session.scalar(sa.select(Case.id).where(Case.number == spot_no)) is not None
            opening = Opening(
                number=f"{spot_no}R{finding.edition}" if taken else spot_no,
                facts={**first_fields(spot, finding.outline), "channel": "satellite"},
                note=note,
                evidence={
                    "issue": finding.issue,
                    "edition": finding.edition,
                    "spots": [spot_no],
                    "rule": spot.get("rule"),
                },
                key=f"spot:{finding.issue}:{finding.edition}:{spot_no}",
            )
            case = open_case(session, opening, actor=actor, now=now, clocks=clocks)
            session.flush()
            finding.case_id, finding.relation = case.id, "new"
            return case.number
