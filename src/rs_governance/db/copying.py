"""Copies of a store: backups, bringing one back, and snapshots for analysts.

SQLite's own backup reads one state of the database while others go on writing; copying the file would tear it.
"""

import contextlib
import fcntl
import json
import os
import shutil
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from rs_governance.db.base import Base
from rs_governance.db.evidence import evidence_files
from rs_governance.db.files import sha256_of, whole_file, whole_folder
from rs_governance.db.guards import VERSION_TABLE, drop_guards
from rs_governance.db.store import STORE_FILE, Store, connect
from rs_governance.db.types import moment_text
from rs_governance.errors import OutputFailed, StoreInvalid

MANIFEST = "manifest.json"
"""File of a backup that says what is in it."""

_FORMAT = "rs_governance.backup"
# Seconds that a restore waits for the others to close the store.
_WAIT_S = 5.0


@dataclass(frozen=True, kw_only=True)
class Backup:
    """A copy of a store."""

    folder: Path
    """Folder of the copy."""
    store_id: str
    """Store that it is a copy of."""
    schema: str
    """Version of its schema."""
    events: int
    """Number of events in it."""
    originals: int
    """Number of originals of evidence in it."""


def back_up(store: Store, into: Path, *, now: datetime) -> Backup:
    """Copy a store, database and evidence, while it is in use; the copy appears whole or not at all.

    Parameters
    ----------
    store
        The store.
    into
        Folder in which the copy gets a folder of its own, named after the store and the time.
    now
        Aware time.

    Returns
    -------
    Backup
        The copy.

    Raises
    ------
    OutputFailed
        When it cannot be written, or there is one of the same second.
    """
    target = into / f"{store.folder.resolve().name}-{_stamp(now)}"
    if target.exists():
        raise OutputFailed(
            f"There is a backup '{target}' already; wait a second.", zh=f"已有备份 '{target}'；请一秒后重试。"
        )
    with _telling(target), _alone_in(into), whole_folder(target) as partial:
        for left in into.glob(f".{store.folder.resolve().name}-*.partial"):
            if left != partial:
                shutil.rmtree(left)  # of a backup that was killed
        # The database first: what it names was kept before it was named.
        _copy_database(store.folder / STORE_FILE, partial / STORE_FILE)
        (partial / "evidence").mkdir()
        files = {STORE_FILE: sha256_of(partial / STORE_FILE)}
        for file in (*_settings_files(store.folder), *evidence_files(store.evidence)):
            name = file.relative_to(store.folder).as_posix()
            (partial / name).parent.mkdir(exist_ok=True)
            shutil.copyfile(file, partial / name)
            files[name] = sha256_of(partial / name)
        facts = _facts(partial / STORE_FILE)
        manifest = {"format": _FORMAT, "version": 1, "made_at": moment_text(now), **facts, "files": files}
        (partial / MANIFEST).write_text(json.dumps(manifest, ensure_ascii=False, indent=2) + "\n", "utf-8")
    return _backup(target, manifest)


def read_backup(folder: Path) -> Backup:
    """Check a backup: every file is there and is what it was.

    Parameters
    ----------
    folder
        Folder that `back_up` made.

    Returns
    -------
    Backup
        What it says of itself.

    Raises
    ------
    StoreInvalid
        When it is none, or is not whole.
    """
    try:
        manifest: Any = json.loads((folder / MANIFEST).read_text("utf-8"))
        if (manifest["format"], manifest["version"]) != (_FORMAT, 1):
            raise StoreInvalid(
                f"'{folder}' is a backup of another kind ({manifest['format']} {manifest['version']}).",
                zh=f"'{folder}' 是另一种备份（{manifest['format']} {manifest['version']}）；请换一个备份。",
            )
        files: Mapping[str, str] = manifest["files"]
        if any(Path(name).is_absolute() or ".." in Path(name).parts for name in files):
            raise StoreInvalid(
                f"'{folder}' names files outside of itself; it is no backup of this program.",
                zh=f"'{folder}' 的清单指到了文件夹之外，不是本程序的备份；请换一个备份。",
            )
        wrong = [name for name, sha256 in files.items() if sha256_of(folder / name) != sha256]
        there = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
        wrong += sorted(there - {MANIFEST, *files})
        backup = _backup(folder, manifest)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise StoreInvalid(
            f"'{folder}' is no whole backup: {error}; name a folder that 'rsg db backup' made.",
            zh=f"'{folder}' 不是完整的备份（{error}）；请指定 'rsg db backup' 生成的文件夹。",
        ) from error
    if wrong:
        raise StoreInvalid(
            f"'{folder}' was changed since it was made: {wrong[0]} is not what its manifest says; use another backup.",
            zh=f"'{folder}' 生成后被改动过：{wrong[0]} 与其清单不符；请换一个备份。",
        )
    return backup


def restore_store(backup: Path, folder: Path, *, now: datetime, replace: bool = False) -> Path | None:
    """Make a store from a backup.

    Parameters
    ----------
    backup
        Folder that `back_up` made.
    folder
        Folder of the store to be.
    now
        Aware time.
    replace
        Take the place of a store that is there; it is kept beside under a dated name.

    Returns
    -------
    pathlib.Path or None
        Where the former store was kept.

    Raises
    ------
    StoreInvalid
        When the backup is not whole, there is something in the folder, or somebody uses the store that is there. Who
        comes in between has his commit refused (`connect`), so nothing is written to the former store unseen.
    OutputFailed
        When the disk takes it not.
    """
    read_backup(backup)
    there = folder.exists() and any(folder.iterdir())
    if there and not replace:
        raise StoreInvalid(
            f"'{folder}' is not empty; add --replace to put the backup there, what is there is kept.",
            zh=f"'{folder}' 不是空的；加 --replace 恢复到此处，原有内容会保留。",
        )
    if there and not (folder / STORE_FILE).is_file():
        raise StoreInvalid(
            f"'{folder}' holds something that is no store; name another folder.",
            zh=f"'{folder}' 中是别的东西，不是案件库；请换一个文件夹。",
        )
    kept = folder.with_name(f"{folder.name}.replaced-{_stamp(now)}") if there else None
    alone = _nobody_in(folder) if there else contextlib.nullcontext()
    with _telling(folder), alone, whole_folder(folder, former=kept) as partial:
        shutil.copytree(backup, partial, dirs_exist_ok=True, ignore=shutil.ignore_patterns(MANIFEST))
    return kept


def snapshot(store: Store, out: Path, *, now: datetime) -> Path:
    """Write a dated copy for analysts: a GeoPackage without guards, and without what names or describes persons.

    Parameters
    ----------
    store
        The store.
    out
        Folder for the copy.
    now
        Aware time.

    Returns
    -------
    pathlib.Path
        The copy, such as `store-20261122T073000Z.gpkg`.

    Raises
    ------
    OutputFailed
        When it cannot be written.
    """
    target = out / f"{store.folder.resolve().name}-{_stamp(now)}.gpkg"
    with _telling(target), whole_file(target) as partial:
        _copy_database(store.folder / STORE_FILE, partial)
        engine = connect(partial, journal="DELETE")
        with engine.begin() as connection:
            drop_guards(connection)
            connection.exec_driver_sql(f"DROP TABLE {VERSION_TABLE}")
            _leave_out_personal(connection)
        engine.dispose()
        with contextlib.closing(sqlite3.connect(partial)) as raw:
            raw.execute("VACUUM")  # what was left out is still in free pages
    return target


def _leave_out_personal(connection: sa.Connection) -> None:
    for column in (column for each in Base.metadata.sorted_tables for column in each.columns):
        table, personal = column.table, column.info.get("personal", ())
        if personal is True:
            connection.exec_driver_sql(f'ALTER TABLE "{table}" DROP COLUMN "{column.name}"')
            connection.execute(
                sa.text("DELETE FROM gpkg_data_columns WHERE table_name = :table AND column_name = :column"),
                {"table": str(table), "column": column.name},
            )
            continue
        for key in personal:
            connection.execute(
                sa.text(f'UPDATE "{table}" SET "{column.name}" = json_remove("{column.name}", :path)'),
                {"path": f"$.{key}"},
            )


def _settings_files(folder: Path) -> list[Path]:
    # Files that a district lays beside the database, such as its own clocks.toml.
    return sorted(
        file for file in folder.iterdir() if file.is_file() and not file.name.startswith((".", STORE_FILE, MANIFEST))
    )


def _copy_database(source: Path, target: Path) -> None:
    with contextlib.closing(sqlite3.connect(source)) as live, contextlib.closing(sqlite3.connect(target)) as copy:
        live.backup(copy)  # all pages in one step: one state, and no writer is kept waiting
        copy.execute("PRAGMA journal_mode = DELETE")  # one file, without a log beside it


def _facts(database: Path) -> dict[str, Any]:
    with contextlib.closing(sqlite3.connect(database)) as copy:
        (store_id,) = copy.execute("SELECT value FROM settings WHERE name = 'store_id'").fetchone()
        (schema,) = copy.execute(f"SELECT version_num FROM {VERSION_TABLE}").fetchone()
        events, head = copy.execute("SELECT id, hash FROM events ORDER BY id DESC LIMIT 1").fetchone() or (0, None)
    return {"store_id": store_id, "schema": schema, "events": events, "head": head}


def _backup(folder: Path, manifest: Mapping[str, Any]) -> Backup:
    return Backup(
        folder=folder,
        store_id=manifest["store_id"],
        schema=manifest["schema"],
        events=manifest["events"],
        originals=sum(name.startswith("evidence/") for name in manifest["files"]),
    )


@contextlib.contextmanager
def _nobody_in(folder: Path) -> Iterator[None]:
    with contextlib.closing(sqlite3.connect(folder / STORE_FILE, timeout=_WAIT_S, isolation_level=None)) as connection:
        try:
            # Leaving the write-ahead log takes that nobody else has the file open.
            connection.execute("PRAGMA journal_mode = DELETE")
            connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            raise StoreInvalid(
                f"'{folder}' is in use ({error}); stop the other programs that have it open.",
                zh=f"'{folder}' 正在使用（{error}）；请关闭其他打开它的程序。",
            ) from error
        except sqlite3.DatabaseError:
            pass  # damaged: the reason for bringing back a backup
        yield


@contextlib.contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    folder.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def _telling(target: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, sqlite3.OperationalError, sa.exc.OperationalError) as error:
        raise OutputFailed(
            f"'{target}' cannot be written: {error}; make room or allow writing there.",
            zh=f"'{target}' 写不进去（{error}）；请腾出空间或开放写权限。",
        ) from error


def _stamp(now: datetime) -> str:
    return f"{now.astimezone(UTC):%Y%m%dT%H%M%SZ}"
