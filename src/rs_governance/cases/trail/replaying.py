"""Comparing every case with what its events say, to the byte."""

import itertools
import json
from collections.abc import Iterator, Mapping
from operator import itemgetter
from typing import Any

import shapely
import sqlalchemy as sa
from sqlalchemy.orm import Session

from rs_governance.cases.life.record import CASE_FIELDS
from rs_governance.db import Case, Event, Outline, Plain, canonical_json
from rs_governance.db.chain import as_stored
from rs_governance.db.defects import Defect
from rs_governance.db.recording import NO_CASE
from rs_governance.db.types import to_gpkg_blob

_TYPES = {column.name: column.type for column in Case.__table__.columns}


def find_differing_cases(session: Session) -> Iterator[Defect]:
    """Find the cases whose row is not what replaying their events gives.

    Parameters
    ----------
    session
        Any session; cases and events are read one after the other, never all at once.

    Yields
    ------
    Defect
        For each case that differs, has no events, or is gone.
    """
    try:
        yield from _compare(session)
    except (sa.exc.OperationalError, shapely.errors.ShapelyError, ValueError, TypeError) as error:
        yield Defect(kind="case_differs", where="cases", detail=f"a row cannot be read: {error}")


def _compare(session: Session) -> Iterator[Defect]:
    cases = _rows(session, [as_stored(Case.__table__.c[name]) for name in CASE_FIELDS], Case.number)
    columns = [as_stored(Event.__table__.c[name]) for name in ("case_number", "changes")]
    rows = _rows(session, columns, Event.case_number, Event.id)
    events = itertools.groupby((row for row in rows if row["case_number"] != NO_CASE), key=itemgetter("case_number"))
    case, group = next(cases, None), next(events, None)
    while case is not None or group is not None:
        if group is None or (case is not None and case["number"] < group[0]):
            assert case is not None
            yield Defect(kind="case_differs", where=f"case {case['number']}", detail="no event tells of it")
            case = next(cases, None)
        elif case is None or group[0] < case["number"]:
            yield Defect(kind="case_differs", where=f"case {group[0]}", detail="there are events of it and no case")
            group = next(events, None)
        else:
            if odd := _differing(case, group[1]):
                detail = f"{', '.join(odd)} is not what its events say"
                yield Defect(kind="case_differs", where=f"case {case['number']}", detail=detail)
            case, group = next(cases, None), next(events, None)


def _differing(case: Mapping[Any, Any], events: Iterator[Mapping[Any, Any]]) -> list[str]:
    plain: dict[str, Any] = {}
    for event in events:
        plain |= json.loads(event["changes"])
    return [name for name in CASE_FIELDS if name not in plain or _stored(name, plain[name]) != case[name]]


def _stored(name: str, value: Any) -> Any:
    if value is None:
        return None
    if isinstance(_TYPES[name], Outline):
        return to_gpkg_blob(shapely.from_wkb(value))
    return canonical_json(value) if isinstance(_TYPES[name], Plain) else value


def _rows(session: Session, columns: list[Any], *order: Any) -> Iterator[Mapping[Any, Any]]:
    query = sa.select(*columns).order_by(*order).execution_options(yield_per=1000)
    yield from session.execute(query).mappings()
