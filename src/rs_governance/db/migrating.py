"""Bringing a store to the version of the program."""

from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pyproj
import sqlalchemy as sa

from rs_governance.db.base import Base
from rs_governance.db.business import Setting
from rs_governance.db.copying import Backup, back_up
from rs_governance.db.geopackage import describe_tables, drop_place_indices, index_places
from rs_governance.db.guards import drop_guards, set_guards
from rs_governance.db.store import SCHEMA, STORE_FILE, connect, open_any_store, refuse_schema, schema_of
from rs_governance.errors import StoreInvalid

MIGRATIONS = "rs_governance.db:migrations"
"""Where the steps lie, as alembic names a folder inside a package."""


@dataclass(frozen=True, kw_only=True)
class Upgrade:
    """What an upgrade did."""

    found: str
    """Version before it."""
    made: str
    """Version after it."""
    backup: Backup | None
    """Backup that was made before; None where there was nothing to do."""


def upgrade_store(
    folder: Path, *, backups: Path, now: datetime, migrations: str = MIGRATIONS, schema: str = SCHEMA
) -> Upgrade:
    """Bring a store to the version of the program, after a backup; one transaction, so all of it or nothing.

    Parameters
    ----------
    folder
        Folder of the store.
    backups
        Folder for the backup.
    now
        Aware time.
    migrations, schema
        Steps, and the version that they lead to.

    Returns
    -------
    Upgrade
        What was done.

    Raises
    ------
    StoreInvalid
        When there is no store, it is newer than the program, or an upgraded row would refer to nothing.
    OutputFailed
        When the backup cannot be written.
    """
    with closing(open_any_store(folder)) as store:
        found = schema_of(store)
        if found is None or found > schema:
            raise refuse_schema(folder, found)
        if found == schema:
            return Upgrade(found=found, made=schema, backup=None)
        backup = back_up(store, backups, now=now)
    engine = connect(folder / STORE_FILE)
    # Tables are rebuilt by copying: with references enforced, dropping the former one would be refused.
    sa.event.listen(engine, "connect", lambda connection, _: connection.execute("PRAGMA foreign_keys = OFF"))
    try:
        with engine.begin() as connection:
            crs = connection.scalar(sa.select(Setting.value).where(Setting.name == "crs"))
            drop_guards(connection)
            drop_place_indices(connection)
            run_migrations(connection, migrations)
            if lost := connection.exec_driver_sql("PRAGMA foreign_key_check").first():
                raise StoreInvalid(
                    f"The upgrade of '{folder}' was given up: a row of {lost[0]} refers to nothing; the store is as it was.",
                    zh=f"'{folder}' 的升级已放弃：{lost[0]} 有一行的引用不存在；案件库保持原样。",
                )
            describe_tables(connection, crs=pyproj.CRS.from_wkt(str(crs)), now=now)
            index_places(connection)
            set_guards(connection)
    finally:
        engine.dispose()
    return Upgrade(found=found, made=schema, backup=backup)


def run_migrations(connection: sa.Connection, migrations: str = MIGRATIONS) -> None:
    """Take all steps that a database has not taken yet, inside the transaction of the connection."""
    from alembic import command

    command.upgrade(_config(connection, migrations), "head")


def write_revision(message: str) -> str:
    """Write the next step from the difference between the steps so far and the models.

    Parameters
    ----------
    message
        What changes, in a few words.

    Returns
    -------
    str
        Path of the file.
    """
    from alembic import command

    engine = sa.create_engine("sqlite://")
    with engine.begin() as connection:
        run_migrations(connection)
        script: Any = command.revision(
            _config(connection, MIGRATIONS), message, autogenerate=True, rev_id=f"{int(SCHEMA) + 1:04}"
        )
    return str(script.path)


def differences(connection: sa.Connection) -> list[Any]:
    """Compare a database with the models.

    Returns
    -------
    list
        Alembic's operations that would make it what the models say; empty where it is.
    """
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    # Not types: SQLite tells them by names that the reflection does not all know.
    options = {
        "compare_type": False,
        "include_name": lambda name, kind, _: kind != "table" or name in Base.metadata.tables,
    }
    return list(compare_metadata(MigrationContext.configure(connection, opts=options), Base.metadata))


def _config(connection: sa.Connection, migrations: str) -> Any:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", migrations.replace("%", "%%"))
    config.attributes["connection"] = connection
    return config
