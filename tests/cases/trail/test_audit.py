"""The audit finds any single change before the last anchor, and says what it cannot vouch for."""

import contextlib
import shutil
import sqlite3
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rs_governance.cases import SYSTEM, Act, act
from rs_governance.cases.trail.anchors import anchor, public_file
from rs_governance.db import Intake, find_evidence, keep_evidence, open_store
from rs_governance.db.chain import SEALED
from rs_governance.db.copying import back_up, restore_store
from rs_governance.db.evidence import evidence_files

from .conftest import CASES, CLOCKS, EVENTS, LATER, NOW, ROWS, copy_of


def test_a_store_that_nobody_touched_is_good(audited) -> None:
    found = audited.audit()
    assert found.defects == ()
    assert (found.events, found.rows, found.anchors, found.anchored) == (EVENTS, sum(ROWS.values()), 2, EVENTS)
    assert found.unanchored == 0


def test_what_is_not_yet_anchored_is_counted(audited) -> None:
    store = open_store(audited.folder)
    with store.write() as session:
        act(session, "C0", Act(action="respond", actor=SYSTEM, note="later"), now=LATER, clocks=CLOCKS)
    store.close()
    found = audited.audit()
    assert found.defects == ()
    assert (found.events, found.anchored, found.unanchored) == (EVENTS + 1, EVENTS, 1)
    # What comes after the last anchor is only as good as the chain: sealed anew, it is believed.
    with audited.database() as connection:
        connection.execute("UPDATE events SET note = 'other' WHERE id = ?", (EVENTS + 1,))
        audited.reseal(connection)
    assert [(each.kind, each.where) for each in audited.audit().defects] == []
    assert audited.audit().unanchored == 1


@pytest.mark.parametrize("how", ["removed", "emptied"])
def test_anchors_that_were_lost_are_missed(audited, how) -> None:
    assert audited.audit().defects == ()
    if how == "removed":
        audited.place.file.unlink()
    else:
        audited.place.file.write_bytes(b"")
    found = audited.audit()
    assert [each.kind for each in found.defects] == ["anchor_missing"]
    assert (found.anchors, found.anchored) == (0, 0)


def test_the_original_of_an_intake_that_was_removed_is_missed(audited) -> None:
    store = open_store(audited.folder)
    clues, issue = keep_evidence(store, b"clues", ".csv"), "f" * 64
    with store.write() as session:
        for purpose, sha256 in (("clues:hotline", clues), ("issue", issue)):
            session.add(
                Intake(purpose=purpose, sha256=sha256, name="a.csv", actor="li", at=NOW, taken=1, refused=0, result={})
            )
    store.close()
    assert audited.audit().defects == ()
    find_evidence(store, clues).unlink()
    found = audited.audit().defects
    assert [(each.kind, each.where) for each in found] == [("evidence_missing", clues)]
    assert "clues:hotline a.csv" in found[0].detail


@pytest.mark.parametrize(
    ("statements", "kind", "where"),
    [
        (["UPDATE events SET note = 'other' WHERE id = 5"], "event_changed", "event 5"),
        (["DELETE FROM events WHERE id = 5"], "event_missing", "event 5"),
        (["DELETE FROM events WHERE id > 9"], "events_cut", "event 10"),
        (["DELETE FROM events"], "events_cut", "event 1"),
        (
            ["UPDATE events SET id = -5 WHERE id = 5", "UPDATE events SET id = 5 WHERE id = 6", "UPDATE events SET id = 6 WHERE id = -5"],
            "event_order",
            "event 5",
        ),
        (["UPDATE cases SET state = 'closed' WHERE number = 'C1'"], "case_differs", "case C1"),
        (["DELETE FROM cases WHERE number = 'C1'"], "case_differs", "case C1"),
        (["UPDATE photos SET lon = lon + 1e-9 WHERE id = 2"], "row_changed", "photos 2"),
        (["DELETE FROM photos WHERE id = 3"], "row_missing", "photos 3"),
        (["UPDATE photos SET id = 9 WHERE id = 3"], "row_unrecorded", "photos 9"),
        (["UPDATE events SET note = CAST(x'ff' AS TEXT) WHERE id = 5"], "event_changed", "event 1"),
    ],
)  # fmt: skip
def test_says_what_was_done_and_where(audited, statements, kind, where) -> None:
    audited.tamper(*statements)
    found = audited.audit().defects
    assert (found[0].kind, found[0].where) == (kind, where) or kind == "row_unrecorded"
    assert (kind, where) in {(each.kind, each.where) for each in found}


def test_sealing_all_anew_is_found_between_two_anchors(audited) -> None:
    with audited.database() as connection:
        connection.execute("UPDATE events SET note = 'other' WHERE id = 7")
        audited.reseal(connection)
    first = audited.audit().defects[0]
    assert (first.kind, first.where) == ("resealed", f"event {CASES + 2}")
    assert f"events {CASES + 2} to {EVENTS}" in first.detail


@pytest.mark.parametrize("what", ["changed", "gone", "another"])
def test_originals_are_held_to_their_hash(audited, what) -> None:
    file = next(evidence_files(audited.folder / "evidence"))
    file.chmod(0o644)
    if what == "changed":
        file.write_bytes(file.read_bytes() + b"!")
    elif what == "gone":
        file.unlink()
    else:
        file.rename(file.with_name("0" * 64 + ".jpg"))
    kinds = {(each.kind, each.where) for each in audited.audit().defects}
    expected = "evidence_changed" if what == "changed" else "evidence_missing"
    assert (expected, file.name[:64]) in kinds


def test_anchors_themselves_are_held_to_their_signature(audited) -> None:
    lines = audited.place.file.read_text().splitlines(keepends=True)
    audited.place.file.write_text(lines[0].replace('"count":4', '"count":3') + lines[1])
    assert [(each.kind, each.where) for each in audited.audit().defects] == [("anchor_invalid", "anchor 1")]
    audited.place.file.write_text(lines[1])
    found = [(each.kind, each.where) for each in audited.audit().defects]
    assert found == [("anchor_missing", "anchor 1"), ("anchor_missing", "anchor 2")]
    audited.place.file.write_text("".join(lines))
    public_file(audited.place.key).write_text("")
    found = audited.audit()
    assert {each.kind for each in found.defects} == {"anchor_invalid"}
    assert (found.anchors, found.unanchored) == (0, EVENTS)


def test_a_restore_is_told_and_not_called_a_crime(audited, tmp_path) -> None:
    store = open_store(audited.folder)
    made = back_up(store, tmp_path / "backups", now=NOW)
    with store.write() as session:
        act(session, "C0", Act(action="respond", actor=SYSTEM, note="later"), now=LATER, clocks=CLOCKS)
    anchor(store, "export E1", now=NOW, place=audited.place)
    store.close()
    restore_store(made.folder, audited.folder, now=NOW, replace=True)
    assert [each.kind for each in audited.audit().defects] == ["events_cut"]
    store = open_store(audited.folder)
    anchor(store, "restore", now=NOW, place=audited.place)
    store.close()
    found = audited.audit()
    assert found.defects == ()
    assert len(found.given_up) == 1
    assert f"{EVENTS + 1} events" in found.given_up[0]


def _columns(table: str) -> list[str]:
    from rs_governance.db import Base

    return [column.name for column in Base.metadata.tables[table].columns]


# The id of a case is the database's own: no event tells it, references hold it.
PLACES = [
    (table, column, count)
    for table, count in {"events": EVENTS, "cases": CASES, **ROWS}.items()
    for column in _columns(table)
    if (table, column) != ("cases", "id")
]


def _another(value: Any, draw: Callable[[st.SearchStrategy], Any]) -> Any:
    if value is None:
        return "x"
    if isinstance(value, int | float):
        return value + draw(st.sampled_from([1, -1, 1000]))
    content = bytearray(value if isinstance(value, bytes) else value.encode())
    if not content:
        return b"x" if isinstance(value, bytes) else "x"
    place = draw(st.integers(0, len(content) - 1))
    content[place] ^= draw(st.sampled_from([1, 2, 4, 8, 16, 32]))
    return bytes(content)


@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_any_single_change_before_the_last_anchor_is_found(pristine, tmp_path_factory, data) -> None:
    audited = copy_of(pristine, tmp_path_factory.mktemp("example") / "copy")
    deed = data.draw(st.sampled_from(["change", "change", "change", "delete", "swap", "insert", "cut", "reseal"]))
    table, column, count = data.draw(st.sampled_from(PLACES))
    row = data.draw(st.integers(1, count))
    with audited.database() as connection:
        connection.execute("PRAGMA ignore_check_constraints = ON")
        if deed in {"change", "reseal"}:
            if deed == "reseal":
                table, column = "events", data.draw(st.sampled_from([*SEALED[1:-1]]))
            (value,) = connection.execute(f"SELECT {column} FROM {table} WHERE id = ?", (row,)).fetchone()
            other = _another(value, data.draw)
            text = isinstance(value, str) and isinstance(other, bytes)
            connection.execute(
                f"UPDATE OR REPLACE {table} SET {column} = {'CAST(? AS TEXT)' if text else '?'} WHERE id = ?",
                (other, row),
            )
            if deed == "reseal":
                with contextlib.suppress(sqlite3.OperationalError):  # a text that cannot be read cannot be sealed
                    audited.reseal(connection)
        elif deed == "delete":
            connection.execute(f"DELETE FROM {table} WHERE id = ?", (row,))
        elif deed == "cut":
            connection.execute("DELETE FROM events WHERE id >= ?", (row,))
        elif deed == "swap":
            other = data.draw(st.integers(1, EVENTS).filter(lambda number: number != row))
            for before, after in ((row, -1), (other, row), (-1, other)):
                connection.execute("UPDATE events SET id = ? WHERE id = ?", (after, before))
        else:
            connection.execute("UPDATE events SET id = -id WHERE id >= ?", (row,))
            connection.execute("UPDATE events SET id = 1 - id WHERE id < 0")
            names = ", ".join(name for name in _columns("events") if name not in {"id", "key"})
            connection.execute(
                f"INSERT INTO events (id, key, {names}) SELECT {row}, NULL, {names} FROM events WHERE id = {row + 1}"
            )
    assert audited.audit().defects, f"{deed} of {table}.{column} in row {row} was not found"
    shutil.rmtree(audited.folder.parent)
