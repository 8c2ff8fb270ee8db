"""Checking a store: the file is sound, its parts are in step, the originals are what they were."""

import contextlib
import re
from collections.abc import Iterator

import sqlalchemy as sa
from sqlalchemy.orm import Session

from rs_governance.db.business import Event, Photo
from rs_governance.db.defects import Defect
from rs_governance.db.evidence import evidence_files
from rs_governance.db.files import sha256_of
from rs_governance.db.geopackage import Place, place_triggers, places
from rs_governance.db.guards import missing_guards
from rs_governance.db.store import Store

_SHA256 = re.compile(r"\b[0-9a-f]{64}\b")


def check_database(store: Store) -> list[Defect]:
    """Check the file: its pages, references, guards and spatial indices. The chain of events is `cases.audit`'s.

    Parameters
    ----------
    store
        The store; others may write meanwhile.

    Returns
    -------
    list of Defect
        Empty where all is well.
    """
    with store.read() as session:
        connection = session.connection()
        lines = connection.exec_driver_sql("PRAGMA integrity_check").scalars().all()
        defects = [Defect(kind="damaged", where=store.folder.name, detail=line) for line in lines if line != "ok"]
        for table, row, parent, _ in connection.exec_driver_sql("PRAGMA foreign_key_check"):
            detail = f"row {row} names a row of {parent} that is not there"
            defects.append(Defect(kind="foreign_key", where=table, detail=detail))
        defects += (
            Defect(kind="guard", where=name, detail="the guard is not there or was changed")
            for name in missing_guards(connection)
        )
        for place in places():
            defects.extend(_check_index(connection, place))
    return defects


def check_evidence(store: Store) -> Iterator[Defect]:
    """Compare the originals with their hashes and with the photos and events that name them.

    Parameters
    ----------
    store
        The store.

    Yields
    ------
    Defect
        For each original that is missing or changed.
    """
    with store.read() as session:
        named = _named_originals(session)
    for file in evidence_files(store.evidence):
        sha256 = file.name[:64]
        named.discard(sha256)
        if (found := sha256_of(file)) != sha256:
            yield Defect(kind="evidence_changed", where=sha256, detail=f"'{file.name}' now has the hash {found}")
    for sha256 in sorted(named):
        yield Defect(
            kind="evidence_missing", where=sha256, detail="the original that a photo or an event names is not there"
        )


def _named_originals(session: Session) -> set[str]:
    # As texts: what somebody spoilt is no list any more, and the chain's to report.
    columns = (sa.type_coerce(Photo.__table__.c.sha256, sa.Text), sa.type_coerce(Event.__table__.c.evidence, sa.Text))
    named: set[str] = set()
    for column in columns:
        with contextlib.suppress(sa.exc.OperationalError):
            for text in session.scalars(sa.select(column).where(column != "[]")):
                named.update(_SHA256.findall(str(text)))
    return named


def _check_index(connection: sa.Connection, place: Place) -> Iterator[Defect]:
    table, column, rtree = place.table, place.column, place.rtree
    if not sa.inspect(connection).has_table(rtree):
        yield Defect(kind="index", where=table, detail="there is no spatial index")
        return
    present = set(connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'trigger'").scalars())
    if gone := sorted(set(place_triggers(place)) - present):
        yield Defect(kind="index", where=table, detail=f"nothing keeps the spatial index: no trigger {', '.join(gone)}")
    if (said := connection.exec_driver_sql("SELECT rtreecheck(?)", (rtree,)).scalar()) != "ok":
        yield Defect(kind="index", where=table, detail=str(said))
    # The index keeps 32-bit numbers, rounded outwards: it holds an outline's bounds, and little more.
    wrong = connection.exec_driver_sql(
        f'SELECT count(*) FROM (SELECT id, "{column}" AS o FROM "{table}" WHERE "{column}" NOTNULL AND NOT ST_IsEmpty("{column}")) t'
        f' LEFT JOIN "{rtree}" r ON r.id = t.id WHERE r.id ISNULL OR r.minx > ST_MinX(o) OR r.maxx < ST_MaxX(o)'
        " OR r.miny > ST_MinY(o) OR r.maxy < ST_MaxY(o) OR r.minx < ST_MinX(o) - 1e-6 * abs(ST_MinX(o)) - 1"
    ).scalar_one()
    spare = connection.exec_driver_sql(
        f'SELECT count(*) FROM "{rtree}" WHERE id NOT IN (SELECT id FROM "{table}")'
    ).scalar_one()
    if wrong or spare:
        yield Defect(
            kind="index", where=table, detail=f"{wrong} rows are not or wrongly in the index, {spare} are gone"
        )
