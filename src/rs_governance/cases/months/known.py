"""Known cases: what matching and rechecking need of the store."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from rs_governance.cases.life.asking import CHINA
from rs_governance.cases.months.matching import WORKS, Known
from rs_governance.cases.months.recheck import RECHECKED, Sign
from rs_governance.db import Case, Event, Finding

_AT_ONCE = 500


def read_known(session: Session, *, issue: str | None = None) -> list[Known]:
    """Read all cases as matching looks at them.

    Parameters
    ----------
    session
        Session of the store.
    issue
        Issue that is taken in: the cases that a former edition of it opened are told from the others.

    Returns
    -------
    list of Known
        In the order of their numbers.
    """
    rows = session.execute(
        sa.select(
            Case.number,
            Case.outline,
            Case.kind,
            Case.last_seen_on,
            Case.relation,
            Case.verdict,
            Case.resolution,
            Case.closed_at,
            Case.merged_into,
            Case.first_issue,
        ).order_by(Case.number)
    )
    return [
        Known(
            number=row.number,
            outline=row.outline,
            kind=row.kind,
            last_seen_on=row.last_seen_on,
            relation=row.relation,
            verdict=row.verdict,
            resolution=row.resolution,
            closed_on=None if row.closed_at is None else row.closed_at.astimezone(CHINA).date(),
            merged_into=row.merged_into,
            here=issue is not None and row.first_issue == issue,
        )
        for row in rows
    ]


def read_touched(session: Session, numbers: Iterable[str]) -> set[str]:
    """Tell which of some cases a person has acted on.

    Parameters
    ----------
    session
        Session of the store.
    numbers
        Numbers of cases.
    """
    wanted, touched = sorted(numbers), set[str]()
    for at in range(0, len(wanted), _AT_ONCE):
        some = wanted[at : at + _AT_ONCE]
        touched |= set(
            session.scalars(
                sa.select(Event.case_number).where(Event.case_number.in_(some), Event.role != "system").distinct()
            )
        )
    return touched


def read_signs(session: Session, case_ids: Mapping[int, str], *, issue: str) -> dict[str, list[Sign]]:
    """Read the findings on some cases that no new edition has replaced.

    Parameters
    ----------
    session
        Session of the store.
    case_ids
        Number of each case by its id.
    issue
        The newest issue.

    Returns
    -------
    dict
        Findings by number of the case, the oldest first.
    """
    signs: dict[str, list[Sign]] = defaultdict(list)
    wanted = sorted(case_ids)
    for at in range(0, len(wanted), _AT_ONCE):
        statement = sa.select(
            Finding.case_id,
            Finding.issue,
            Finding.kind,
            Finding.outline,
            Finding.after_on,
            Finding.severity,
            Finding.spot,
        ).where(Finding.case_id.in_(wanted[at : at + _AT_ONCE]), Finding.current)
        for row in session.execute(statement.order_by(Finding.after_on, Finding.id)):
            signs[case_ids[row.case_id]].append(
                Sign(
                    kind=row.kind,
                    outline=row.outline,
                    after_on=row.after_on,
                    work=row.severity != "green" or _is_known_work(row.kind, row.spot),
                    fresh=row.issue == issue,
                    ndvi_before=row.spot.get("ndvi_before"),
                    ndvi_after=row.spot.get("ndvi_after"),
                )
            )
    return signs


def _is_known_work(kind: str, spot: Mapping[str, Any]) -> bool:
    """Tell whether a finding is green only because the ledger knows its place: to the case of the ledger it is work."""
    return kind in WORKS and spot.get("suspicion") == "none" and spot.get("ledger_number") is not None


def read_disposal_starts(session: Session, numbers: Iterable[str]) -> dict[str, date]:
    """Read when the disposal of some cases began.

    Parameters
    ----------
    session
        Session of the store.
    numbers
        Numbers of cases in disposal.

    Returns
    -------
    dict
        Day in China by number; of a case that was in disposal when it was opened, the day on which it was first seen.
    """
    wanted, starts = sorted(numbers), dict[str, date]()
    for at in range(0, len(wanted), _AT_ONCE):
        statement = (
            sa
            .select(Event.case_number, Event.at, Event.action, Event.from_state, Case.first_seen_on)
            .join(Case, Case.number == Event.case_number)
            .where(Event.case_number.in_(wanted[at : at + _AT_ONCE]), Event.to_state.in_(RECHECKED))
        )
        for row in session.execute(statement.order_by(Event.id)):
            if row.action == "open":
                starts[row.case_number] = row.first_seen_on
            elif row.from_state not in RECHECKED:
                starts[row.case_number] = row.at.astimezone(CHINA).date()
    return starts
