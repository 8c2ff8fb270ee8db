"""Making and opening a store; who writes, writes alone."""

import sqlite3
import threading

import pytest
import sqlalchemy as sa

from rs_governance.db import STORE_FILE, Case, Setting, open_store
from rs_governance.errors import StoreInvalid


def test_a_new_store_knows_itself(make_store) -> None:
    store = make_store("district")
    assert store.setting("store_id") == "450108-district"
    assert store.setting("district_name") == "良庆区"
    assert store.crs.to_epsg() == 4545
    with pytest.raises(StoreInvalid, match="'nothing'"):
        store.setting("nothing")


def test_a_folder_that_holds_something_is_left_alone(make_store, tmp_path) -> None:
    (tmp_path / "store").mkdir()
    (tmp_path / "store" / "letter.txt").write_text("mine")
    with pytest.raises(StoreInvalid, match="not empty"):
        make_store()
    assert [path.name for path in tmp_path.rglob("*")] == ["store", "letter.txt"]


def test_a_store_that_fails_half_way_is_not_there(make_store, tmp_path, monkeypatch) -> None:
    def fail(_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr("rs_governance.db.creating.set_guards", fail)
    with pytest.raises(RuntimeError):
        make_store()
    assert list(tmp_path.iterdir()) == []


def test_what_is_no_store_is_said_plainly(tmp_path) -> None:
    with pytest.raises(StoreInvalid, match="rsg db init"):
        open_store(tmp_path)
    (tmp_path / STORE_FILE).write_bytes(b"no database at all" * 100)
    with pytest.raises(StoreInvalid, match="rsg db restore"):
        open_store(tmp_path)
    (tmp_path / STORE_FILE).unlink()
    sqlite3.connect(tmp_path / STORE_FILE).execute("CREATE TABLE t (a)").connection.close()
    with pytest.raises(StoreInvalid, match="no store of this program"):
        open_store(tmp_path)


def test_all_of_a_write_or_nothing(store, make_case) -> None:
    def half() -> None:
        with store.write() as session:
            session.add(make_case("C7"))
            session.flush()
            raise KeyError("half-way")

    with pytest.raises(KeyError):
        half()
    with store.read() as session:
        assert session.scalars(sa.select(Case.number)).all() == ["C0", "C1", "C2"]


def test_a_reader_sees_one_state(store, make_case) -> None:
    with store.read() as reading:
        before = reading.scalar(sa.select(sa.func.count()).select_from(Case))
        with store.write() as writing:
            writing.add(make_case("C7"))
        assert reading.scalar(sa.select(sa.func.count()).select_from(Case)) == before == 3


def test_no_count_is_lost_between_threads(store) -> None:
    with store.write() as session:
        session.add(Setting(name="count", value="0"))

    def count() -> None:
        for _ in range(20):
            with store.write() as session:
                setting = session.scalars(sa.select(Setting).where(Setting.name == "count")).one()
                setting.value = str(int(setting.value) + 1)

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert store.setting("count") == "80"
