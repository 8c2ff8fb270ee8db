"""The store: one folder with the GeoPackage of the three databases and the originals of the evidence.

What is SQLite's alone lies in this module (`connect`), in `types`, `geopackage`, `guards`, `recording` and `copying`. With PostgreSQL
`connect` makes another engine (the write lock of `Store.write` is then an advisory lock of the transaction, so that the
chain of events grows by one writer at a time), `types` gives `geometry` and `timestamptz`, and copies are made by `pg_dump`.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pyproj
import sqlalchemy as sa
from sqlalchemy.orm import Session

from rs_governance.db.business import Setting
from rs_governance.db.guards import VERSION_TABLE, WRITER
from rs_governance.db.recording import record_rows, watch
from rs_governance.db.types import FUNCTIONS
from rs_governance.errors import StoreInvalid

STORE_FILE = "store.gpkg"
"""Name of the database in the store's folder."""

SCHEMA = "0001"
"""Revision of the schema that this program reads and writes: the last one in `db/migrations/versions`."""

# Milliseconds that a writer waits for another one.
_BUSY_MS = 30_000


@dataclass(frozen=True, kw_only=True)
class Store:
    """An open store."""

    folder: Path
    """Folder of the store."""
    engine: sa.Engine
    """Connections to the database."""

    @contextmanager
    def read(self) -> Iterator[Session]:
        """Open a session that sees one state of the store and writes nothing.

        Yields
        ------
        Session
            Session of SQLAlchemy.
        """
        with Session(self.engine, autoflush=False, expire_on_commit=False) as session:
            session.connection(execution_options={"writing": False})
            # Closing rolls back and leaves what was read usable; a rollback of the session would forget it.
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """Open a session that alone may write: all of it is kept at the end, nothing of it after an error.

        What was written besides cases goes on record in the chain of events with it (`recording`).

        Yields
        ------
        Session
            Session of SQLAlchemy.
        """
        with Session(self.engine, expire_on_commit=False) as session, session.begin():
            session.connection(execution_options={"writing": True})
            watch(session)
            yield session
            session.flush()
            record_rows(session)

    def close(self) -> None:
        """Close the connections; the store opens new ones when it is used again."""
        self.engine.dispose()

    @property
    def evidence(self) -> Path:
        """Folder of the originals, each under its SHA-256."""
        return self.folder / "evidence"

    def setting(self, name: str) -> str:
        """Read a fact of the store: `store_id`, `district_code`, `district_name`, `crs` (WKT)."""
        with self.read() as session:
            value = session.scalar(sa.select(Setting.value).where(Setting.name == name))
        if value is None:
            raise StoreInvalid(
                f"'{self.folder}' has no setting {name!r}; make the store with 'rsg db init'.",
                zh=f"'{self.folder}' 缺少设置 {name!r}；请用 'rsg db init' 建库。",
            )
        return value

    @cached_property
    def crs(self) -> pyproj.CRS:
        """CRS of every outline in the store: the district's, in metres."""
        return pyproj.CRS.from_user_input(self.setting("crs"))


def open_store(folder: Path) -> Store:
    """Open a store for reading and writing.

    The same process must not read it with GDAL (geopandas, pyogrio) meanwhile, other processes may: see `connect`.

    Parameters
    ----------
    folder
        Folder of the store, made by `rsg db init`.

    Returns
    -------
    Store
        The store; several processes may open it at once.

    Raises
    ------
    StoreInvalid
        When the folder holds no store, one that is damaged, or one of another version of the program.
    """
    store = open_any_store(folder)
    found = schema_of(store)
    if found != SCHEMA:
        store.close()
        raise refuse_schema(folder, found)
    return store


def open_any_store(folder: Path) -> Store:
    """Open a store of whatever version, to copy or upgrade it.

    Parameters
    ----------
    folder
        Folder of the store.

    Returns
    -------
    Store
        The store; its tables may not be those of the models.

    Raises
    ------
    StoreInvalid
        When the folder holds no store.
    """
    path = folder / STORE_FILE
    if not path.is_file():
        raise StoreInvalid(
            f"'{folder}' holds no store ({STORE_FILE}); make one with 'rsg db init --store {folder}'.",
            zh=f"'{folder}' 中没有案件库（{STORE_FILE}）；请核对 --store，或用 'rsg db init --store {folder}' 建库。",
        )
    return Store(folder=folder, engine=connect(path))


def schema_of(store: Store) -> str | None:
    """Read the revision of a store's schema; None where the file is a GeoPackage but no store.

    Raises
    ------
    StoreInvalid
        When the file is damaged.
    """
    try:
        with store.read() as session:
            connection = session.connection()
            if not sa.inspect(connection).has_table(VERSION_TABLE):
                return None
            return str(connection.scalar(sa.text(f"SELECT version_num FROM {VERSION_TABLE}")))
    except sa.exc.DatabaseError as error:
        raise StoreInvalid(
            f"'{store.folder / STORE_FILE}' cannot be read: {error.orig}; bring back a backup with 'rsg db restore'.",
            zh=f"'{store.folder / STORE_FILE}' 读不出来（{error.orig}）；请用 'rsg db restore' 恢复备份。",
        ) from error


def refuse_schema(folder: Path, found: str | None) -> StoreInvalid:
    """Say why a store of this revision cannot be opened, and what to do."""
    if found is None:
        message = f"'{folder / STORE_FILE}' is no store of this program; make one with 'rsg db init' in another folder."
        zh = f"'{folder / STORE_FILE}' 不是本程序的案件库；请用 'rsg db init' 在别的文件夹建库。"
    elif found < SCHEMA:
        message = (
            f"'{folder}' is a store of the older version {found}, this program needs {SCHEMA}; "
            f"run 'rsg db upgrade --store {folder}'."
        )
        zh = f"'{folder}' 是旧版 {found} 的案件库，本程序需要 {SCHEMA}；请运行 'rsg db upgrade --store {folder}'。"
    else:
        message = f"'{folder}' is a store of the newer version {found}, this program knows {SCHEMA}; install the newer program."
        zh = f"'{folder}' 是新版 {found} 的案件库，本程序只认得 {SCHEMA}；请安装新版程序。"
    return StoreInvalid(message, zh=zh)


def connect(path: Path, *, journal: str = "WAL") -> sa.Engine:
    """Connect to a database file as the service: with the functions that its triggers call.

    Parameters
    ----------
    path
        GeoPackage; created when first written.
    journal
        How SQLite makes writes whole: `WAL`, with readers while one writes, or `DELETE`, for a file to hand out.

    Returns
    -------
    sqlalchemy.Engine
        Engine whose transactions take the write lock at their begin, so that none fails half-way. A commit is refused
        (StoreInvalid) where the log that it would go to is no longer the file's: the store was replaced by a restore,
        or GDAL read it in this same process.
    """
    path = path.absolute()
    # SQLAlchemy begins transactions itself (below): Python's own way begins them too late.
    engine = sa.create_engine(f"sqlite:///{path}", connect_args={"timeout": _BUSY_MS / 1000, "isolation_level": None})

    @sa.event.listens_for(engine, "connect")
    def _prepare(connection: sqlite3.Connection, record: sa.pool.ConnectionPoolEntry) -> None:
        connection.execute(f"PRAGMA journal_mode = {journal}")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        # Without it INSERT OR REPLACE would remove rows behind the back of the guards.
        connection.execute("PRAGMA recursive_triggers = ON")
        connection.create_function(WRITER, 0, lambda: 1, deterministic=True)
        for name, function in FUNCTIONS.items():
            connection.create_function(name, 1, function, deterministic=True)
        if journal == "WAL":
            connection.execute("SELECT count(*) FROM sqlite_master").fetchall()  # opens the log
            record.info["log"] = _identity_of_log(path)

    @sa.event.listens_for(engine, "checkout")
    def _renew(_connection: sqlite3.Connection, record: sa.pool.ConnectionPoolEntry, _proxy: object) -> None:
        if record.info.get("log") != (_identity_of_log(path) if journal == "WAL" else None):
            raise sa.exc.DisconnectionError  # the pool makes a new one

    @sa.event.listens_for(engine, "commit")
    def _refuse_lost_log(connection: sa.Connection) -> None:
        if journal == "WAL" and connection.connection.info.get("log") != _identity_of_log(path):
            raise StoreInvalid(
                f"'{path}' was replaced meanwhile, or read by GDAL in this process; nothing was written, do it again. "
                "Read a store with GDAL in another process, or read a snapshot of it ('rsg db snapshot').",
                zh=f"'{path}' 已被替换，或在本进程中被 GDAL 读取；未写入任何内容，请重试。",
            )

    @sa.event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        # Deferred transactions that write later lose against another writer; immediate ones wait for it.
        writing = connection.get_execution_options().get("writing", True)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")

    return engine


def _identity_of_log(database: Path) -> tuple[int, int] | None:
    # Two SQLite libraries in one process undo each other's locks: the other one, closing, takes the log for its own and
    # removes it. What is written to it afterwards would be lost, so each commit looks whether it is still there.
    try:
        status = database.with_name(f"{database.name}-wal").stat()
    except FileNotFoundError:
        return None
    return status.st_dev, status.st_ino
