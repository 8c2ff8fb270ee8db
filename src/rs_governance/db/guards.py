"""Guards: who is not the service writes nothing, and what was recorded stays as it is, for the service too.

Triggers on every table call `WRITER`, a function that only `connect` gives to a connection: elsewhere SQLite answers any
insert, update or delete with "no such function" and its name. It keeps out accidents and other programs, not an intruder
with the rights to the file: the anchored chain of events (`cases.audit`) finds what such a one did. In PostgreSQL the
same is said by roles (`GRANT`) and by triggers that raise an exception.
"""

import sqlalchemy as sa

from rs_governance.db.base import Base
from rs_governance.db.geopackage import GPKG_TABLES

WRITER = "only_rsg_writes_here__make_a_copy_with_rsg_db_snapshot"
"""Function that the guards call: who has it not is told by its name what to do."""

VERSION_TABLE = "alembic_version"
"""Table of the schema's revision."""

APPEND_ONLY = ("events", "photos", "anchors")
"""Tables whose rows can neither be changed nor removed."""

_PREFIX = "guard_"


def set_guards(connection: sa.Connection) -> None:
    """Guard every table.

    Parameters
    ----------
    connection
        Connection inside a transaction, without guards.
    """
    for name, text in _guards().items():
        connection.exec_driver_sql(f'CREATE TRIGGER "{name}" {text}')


def drop_guards(connection: sa.Connection) -> None:
    """Drop all guards, before tables are rebuilt or a copy is handed out."""
    for name in _present(connection):
        connection.exec_driver_sql(f'DROP TRIGGER "{name}"')


def missing_guards(connection: sa.Connection) -> list[str]:
    """List the guards that are not there, or are not what they were made as.

    Returns
    -------
    list of str
        Names of triggers.
    """
    present = _present(connection)
    return [
        name
        for name, text in _guards().items()
        if present.get(name, "").removeprefix(f'CREATE TRIGGER "{name}" ') != text
    ]


def _guards() -> dict[str, str]:
    guards: dict[str, str] = {}
    for table in (*(table.name for table in Base.metadata.sorted_tables), *GPKG_TABLES, VERSION_TABLE):
        for verb in ("insert", "update", "delete"):
            refusal = ""
            if table in APPEND_ONLY and verb != "insert":
                refusal = f" SELECT RAISE(ABORT, 'rows of {table} are never changed and never removed');"
            guards[f"{_PREFIX}{table}_{verb}"] = (
                f'BEFORE {verb.upper()} ON "{table}" BEGIN SELECT {WRITER}();{refusal} END'
            )
    return guards


def _present(connection: sa.Connection) -> dict[str, str]:
    rows = connection.exec_driver_sql(
        f"SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND name LIKE '{_PREFIX.rstrip('_')}\\_%' ESCAPE '\\'"
    )
    return {row.name: row.sql for row in rows}
