"""What is out of step in the file is found."""

import contextlib
import sqlite3

import pytest

from rs_governance.db import STORE_FILE
from rs_governance.db.checking import check_database


@pytest.mark.parametrize(
    ("statement", "kind", "where"),
    [
        ("DELETE FROM rtree_cases_outline WHERE id = 2", "index", "cases"),
        ("UPDATE rtree_cases_outline SET minx = 0, maxx = 1 WHERE id = 2", "index", "cases"),
        ("INSERT INTO rtree_cases_outline VALUES (99, 0, 1, 0, 1)", "index", "cases"),
        ("DROP TABLE rtree_cases_outline", "index", "cases"),
        ("DROP TRIGGER rtree_cases_outline_update1", "index", "cases"),
        ("DROP TRIGGER guard_settings_update", "guard", "guard_settings_update"),
    ],
)
def test_an_index_or_guard_that_is_not_what_it_was_is_found(store, statement, kind, where) -> None:
    assert check_database(store) == []
    store.close()
    with contextlib.closing(sqlite3.connect(store.folder / STORE_FILE)) as connection:
        connection.execute(statement)
        connection.commit()
    assert [(each.kind, each.where) for each in check_database(store)] == [(kind, where)]


def test_a_reference_to_nothing_is_found(store) -> None:
    with contextlib.closing(sqlite3.connect(store.folder / STORE_FILE)) as connection:
        connection.execute("DROP TRIGGER guard_findings_insert")
        names = [row[1] for row in connection.execute("PRAGMA table_info('findings')") if row[3] and row[1] != "id"]
        for trigger in ("insert", "update1", "update2", "update3", "update4", "delete"):
            connection.execute(f"DROP TRIGGER rtree_findings_outline_{trigger}")
        values = ", ".join("x'47500013a0860100'" if name == "outline" else "0" for name in names)
        connection.execute(f"INSERT INTO findings (case_id, {', '.join(names)}) VALUES (99, {values})")
        connection.commit()
    assert "foreign_key" in {each.kind for each in check_database(store)}


def test_a_damaged_page_is_found(store) -> None:
    store.close()
    path = store.folder / STORE_FILE
    with contextlib.closing(sqlite3.connect(path)) as connection:
        (page,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'cases_by_state'").fetchone()
        (size,) = connection.execute("PRAGMA page_size").fetchone()
    content = bytearray(path.read_bytes())
    content[(page - 1) * size + 8 : (page - 1) * size + 12] = b"\xff\x00\xff\x00"
    path.write_bytes(bytes(content))
    assert "damaged" in {each.kind for each in check_database(store)}
