"""Backups, bringing one back, and copies for analysts."""

import contextlib
import json
import sqlite3
from datetime import timedelta

import geopandas as gpd
import pytest
import shapely
import sqlalchemy as sa

from rs_governance.db import STORE_FILE, Case, Finding, open_store
from rs_governance.db.copying import MANIFEST, back_up, read_backup, restore_store, snapshot
from rs_governance.db.evidence import evidence_files
from rs_governance.db.store import connect
from rs_governance.errors import OutputFailed, StoreInvalid


def numbers(folder) -> list[str]:
    with open_store(folder).read() as session:
        return list(session.scalars(sa.select(Case.number).order_by(Case.id)))


def test_a_backup_made_in_use_is_one_state_and_whole(store, make_case, tmp_path, now) -> None:
    (store.folder / "clocks.toml").write_text("# our own terms")
    with store.write() as session:
        session.add(make_case("C9"))
        session.flush()
        made = back_up(store, tmp_path / "backups", now=now)
    assert made == read_backup(made.folder)
    assert (made.store_id, made.events, made.originals) == ("450108-store", 5, 1)
    assert made.folder.name == "store-20261020T083000Z"
    assert sorted(path.name for path in made.folder.iterdir()) == ["clocks.toml", "evidence", MANIFEST, STORE_FILE]
    restore_store(made.folder, tmp_path / "again", now=now)
    assert numbers(tmp_path / "again") == ["C0", "C1", "C2"]
    assert numbers(store.folder) == ["C0", "C1", "C2", "C9"]
    assert [file.read_bytes() for file in evidence_files(tmp_path / "again" / "evidence")] == [b"a photo"]
    assert (tmp_path / "again" / "clocks.toml").read_text() == "# our own terms"
    assert not (tmp_path / "again" / MANIFEST).exists()


def test_two_backups_of_a_second_are_not_mixed(store, tmp_path, now) -> None:
    back_up(store, tmp_path, now=now)
    with pytest.raises(OutputFailed, match="already"):
        back_up(store, tmp_path, now=now)


def test_a_backup_that_fails_is_not_there(store, tmp_path, now, monkeypatch) -> None:
    def no_room(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("rs_governance.db.copying.shutil.copyfile", no_room)
    with pytest.raises(OutputFailed, match="No space left"):
        back_up(store, tmp_path / "backups", now=now)
    assert list((tmp_path / "backups").iterdir()) == []


def test_what_a_killed_backup_left_is_removed_by_the_next_one(store, tmp_path, now) -> None:
    (tmp_path / "backups" / ".store-20261019T000000Z.partial" / "evidence").mkdir(parents=True)
    made = back_up(store, tmp_path / "backups", now=now)
    assert list((tmp_path / "backups").iterdir()) == [made.folder]


@pytest.mark.parametrize("what", [STORE_FILE, "evidence", MANIFEST, "gone", "climbs", "more"])
def test_a_backup_that_was_changed_is_refused(store, tmp_path, now, what) -> None:
    folder = back_up(store, tmp_path / "backups", now=now).folder
    manifest = json.loads((folder / MANIFEST).read_text("utf-8"))
    if what == MANIFEST:
        (folder / MANIFEST).write_text("{")
    elif what == "more":
        (folder / "more.txt").write_text("more")
    elif what == "climbs":
        manifest["files"]["../../letter.txt"] = "0" * 64
        (folder / MANIFEST).write_text(json.dumps(manifest))
    else:
        file = folder / STORE_FILE if what != "evidence" else next(evidence_files(folder / "evidence"))
        if what == "gone":
            file.unlink()
        else:
            content = bytearray(file.read_bytes())
            content[len(content) // 2] ^= 1
            file.write_bytes(bytes(content))
    with pytest.raises(StoreInvalid):
        restore_store(folder, tmp_path / "again", now=now)
    assert not (tmp_path / "again").exists()


def test_a_store_is_replaced_only_when_asked_and_kept(store, make_case, tmp_path, now) -> None:
    made = back_up(store, tmp_path / "backups", now=now)
    with store.write() as session:
        session.add(make_case("C9"))
    with pytest.raises(StoreInvalid, match="--replace"):
        restore_store(made.folder, store.folder, now=now)
    store.close()
    kept = restore_store(made.folder, store.folder, now=now, replace=True)
    assert kept is not None
    assert numbers(store.folder) == ["C0", "C1", "C2"]
    assert numbers(kept) == ["C0", "C1", "C2", "C9"]


def test_a_store_in_use_is_not_replaced(store, tmp_path, now, monkeypatch) -> None:
    made = back_up(store, tmp_path / "backups", now=now)
    monkeypatch.setattr("rs_governance.db.copying._WAIT_S", 0.05)
    with store.read() as session:
        session.scalars(sa.select(Case.number)).all()
        with pytest.raises(StoreInvalid, match="in use"):
            restore_store(made.folder, store.folder, now=now, replace=True)
    assert numbers(store.folder) == ["C0", "C1", "C2"]
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_who_came_in_between_writes_nothing_into_the_former_store(store, make_case, tmp_path, now) -> None:
    made = back_up(store, tmp_path / "backups", now=now)
    with pytest.raises(StoreInvalid, match="replaced meanwhile"):
        _write_while_replaced(store, make_case, made, tmp_path, now)
    with store.write() as session:
        session.add(make_case("C9"))
    assert numbers(store.folder) == ["C0", "C1", "C2", "C9"]


def _write_while_replaced(store, make_case, made, tmp_path, now) -> None:
    with store.write() as session:
        session.add(make_case("C8"))
        session.flush()
        store.folder.rename(tmp_path / "former")
        restore_store(made.folder, store.folder, now=now)


def test_a_damaged_store_can_be_replaced(store, tmp_path, now) -> None:
    made = back_up(store, tmp_path / "backups", now=now)
    store.close()
    (store.folder / STORE_FILE).write_bytes(b"damaged" * 1000)
    restore_store(made.folder, store.folder, now=now, replace=True)
    assert numbers(store.folder) == ["C0", "C1", "C2"]


def test_what_is_no_store_is_not_replaced(store, tmp_path, now) -> None:
    made = back_up(store, tmp_path / "backups", now=now)
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "letter.txt").write_text("mine")
    with pytest.raises(StoreInvalid, match="no store"):
        restore_store(made.folder, tmp_path / "home", now=now, replace=True)
    assert (tmp_path / "home" / "letter.txt").read_text() == "mine"


def test_a_snapshot_opens_everywhere_and_names_nobody(store, gdal, tmp_path, now) -> None:
    with store.write() as session:
        days = {"before_on": now.date(), "after_on": now.date()}
        session.add(
            Finding(
                issue="2026-10", spot_no="S1", edition=1, current=True, kind="", theme="", suspicion="", severity="",
                area_m2=1.0, score=1.0, town_code="", village_code="", before_image="", after_image="", **days,
                spot={"keeper": "李四", "kind": "earthwork"}, decision=[], outline=shapely.MultiPolygon([shapely.box(0, 0, 1, 1)]),
            )
        )  # fmt: skip
    path = snapshot(store, tmp_path, now=now)
    assert path.name == "store-20261020T083000Z.gpkg"
    said = gdal("ogrinfo", "-ro", "-so", "-al", path)
    assert (said.returncode, said.stderr) == (0, "")
    assert len(gpd.read_file(path, layer="cases")) == 3
    content = path.read_bytes()
    for personal in ("张三", "李四", "13800138000"):
        assert personal.encode() not in content
        assert personal.encode() in (store.folder / STORE_FILE).read_bytes() + _log_of(store)
    columns = set(gpd.read_file(path, layer="clues").columns)
    assert {"channel", "number", "case_number"} <= columns
    assert not {"reporter", "contact", "content", "fields"} & columns
    assert gpd.read_file(path, layer="findings")["spot"].tolist() == ['{"kind":"earthwork"}']


def test_a_snapshot_can_be_edited(store, gdal, tmp_path, now) -> None:
    path = snapshot(store, tmp_path, now=now)
    said = gdal("ogrinfo", path, "-sql", "UPDATE cases SET state = 'mine'")
    assert said.stderr == ""
    cases = gpd.read_file(path, layer="cases")
    assert set(cases["state"]) == {"mine"}
    cases.geometry = cases.geometry.translate(10, 10)
    cases[["state", "geometry"]].to_file(path, layer="moved", driver="GPKG")
    with contextlib.closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        assert connection.execute("PRAGMA journal_mode").fetchall() == [("delete",)]


def test_a_snapshot_is_no_store(store, tmp_path, now) -> None:
    path = snapshot(store, tmp_path, now=now + timedelta(days=1))
    (tmp_path / "copy").mkdir()
    path.rename(tmp_path / "copy" / STORE_FILE)
    with pytest.raises(StoreInvalid, match="no store of this program"):
        open_store(tmp_path / "copy")


def test_a_copy_to_hand_out_has_no_log_beside_it(tmp_path) -> None:
    engine = connect(tmp_path / "copy.gpkg", journal="DELETE")
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE t (a)")
        assert not list(tmp_path.glob("*-wal"))
    engine.dispose()


def _log_of(store) -> bytes:
    log = store.folder / f"{STORE_FILE}-wal"
    return log.read_bytes() if log.exists() else b""
