"""Rows besides cases: who changes one behind the back of the service is found, and which it was is said."""

import pytest

from rs_governance.cases import SYSTEM, Act, act
from rs_governance.db import Holiday, Person, chain, recording

from .conftest import CLOCKS, EVENTS, LATER, NOW, ROWS


def found(audited) -> list[tuple[str, str]]:
    return [(each.kind, each.where) for each in audited.audit().defects]


@pytest.mark.parametrize(
    ("statement", "kind", "where", "which"),
    [
        ("UPDATE people SET role = 'district_manager'", "row_changed", "people 1", "chen"),
        (
            "UPDATE settings SET value = '450109' WHERE name = 'district_code'",
            "row_changed",
            "settings 2",
            "district_code",
        ),
        (
            "UPDATE settings SET value = replace(value, '108', '111') WHERE name = 'crs'",
            "row_changed",
            "settings 4",
            "crs",
        ),
        ("DELETE FROM settings WHERE name = 'crs'", "row_missing", "settings 4", "event 1"),
        ("UPDATE people SET active = 0", "row_changed", "people 1", "chen"),
        ("UPDATE holidays SET working = 1", "row_changed", "holidays 1", "2026-10-20"),
        ("UPDATE holidays SET day = '2026-10-21'", "row_changed", "holidays 1", "2026-10-21"),
        ("UPDATE clues SET content = '没有占地'", "row_changed", "clues 1", "hotline H1"),
        ("UPDATE permits SET valid_to = '2030-01-01'", "row_changed", "permits 1", "homestead P1"),
        ("UPDATE findings SET area_m2 = area_m2 / 2", "row_changed", "findings 1", "450108-202610-0001"),
        ("UPDATE findings SET outline = (SELECT outline FROM permits)", "row_changed", "findings 1", "2026-10"),
        ("UPDATE findings SET case_id = 2", "row_changed", "findings 1", "2026-10"),
        ("UPDATE photos SET trust = 'doubtful' WHERE id = 2", "row_changed", "photos 2", "C1"),
        ("DELETE FROM people", "row_missing", "people 1", "event"),
        ("UPDATE people SET name = CAST(x'ff' AS TEXT)", "row_changed", "people", "unreadable"),
        ("UPDATE permits SET outline = hex(outline)", "row_changed", "permits 1", "P1"),
        (
            "INSERT INTO people (login, name, role, prefix, themes, capacity, active) VALUES ('x', 'x', 'leader', '', '[]', 0, 1)",
            "row_unrecorded",
            "people 2",
            "x was not written",
        ),
    ],
)
def test_says_which_row_was_changed(audited, statement, kind, where, which) -> None:
    audited.tamper(statement)
    (defect,) = audited.audit().defects
    assert (defect.kind, defect.where) == (kind, where)
    assert which in defect.detail


def test_the_last_word_on_a_row_counts(audited) -> None:
    for role in ("grid_keeper", "leader"):
        with audited.opened() as store, store.write() as session:
            session.get(Person, 1).role = role
    audit = audited.audit()
    assert (audit.defects, audit.rows, audit.events) == ((), sum(ROWS.values()), EVENTS + 2)
    audited.tamper("UPDATE people SET role = 'grid_keeper'")
    assert found(audited) == [("row_changed", "people 1")], "what it once was is not what it is"


def test_a_row_that_the_service_removed_is_not_missed_and_does_not_come_back(audited) -> None:
    with audited.opened() as store, store.write() as session:
        session.delete(session.get(Holiday, 1))
    audit = audited.audit()
    assert (audit.defects, audit.rows) == ((), sum(ROWS.values()) - 1)
    audited.tamper("INSERT INTO holidays VALUES (1, '2026-10-20', 0, '休息')")
    assert found(audited) == [("row_changed", "holidays 1")]


def test_what_the_chain_says_of_rows_cannot_be_changed_with_them(audited) -> None:
    """Who makes the record fit the row has to seal the chain anew, and the anchor knows its head."""
    with audited.database() as connection:
        (facts,) = connection.execute("SELECT facts FROM events WHERE id = ?", (EVENTS,)).fetchone()
        assert '"people"' in facts
        connection.execute("UPDATE people SET role = 'leader'")
        connection.execute("UPDATE events SET facts = '{}' WHERE id = ?", (EVENTS,))
        audited.reseal(connection)
    assert ("resealed", "event 5") in found(audited)


def change_role(audited, role: str) -> None:
    with audited.opened() as store, store.write() as session:
        session.get(Person, 1).role = role


def test_columns_that_came_later_are_not_missed(audited, monkeypatch) -> None:
    monkeypatch.setattr(recording, "columns_of", lambda _: ["id", "login", "role"])
    change_role(audited, "leader")
    audited.tamper("UPDATE people SET email = 'x@y'")
    assert found(audited) == []
    audited.tamper("UPDATE people SET login = 'x'")
    assert found(audited) == [("row_changed", "people 1")]


def test_columns_that_are_gone_are_told_until_the_row_is_recorded_anew(audited, monkeypatch) -> None:
    monkeypatch.setattr(recording, "columns_of", lambda _: ["id", "gone"])
    monkeypatch.setattr(recording, "digest_rows", lambda *_: {"1": "0"})
    change_role(audited, "leader")
    (defect,) = audited.audit().defects
    assert (defect.kind, defect.where) == ("row_changed", "people")
    assert "does not know" in defect.detail
    monkeypatch.undo()
    change_role(audited, "auditor")
    assert found(audited) == []


def test_a_clock_that_was_set_back_is_a_remark(audited, monkeypatch) -> None:
    def respond() -> None:
        with audited.opened() as store, store.write() as session:
            act(session, "C0", Act(action="respond", actor=SYSTEM, note="later"), now=LATER, clocks=CLOCKS)

    respond()
    former = chain.machine_time()
    monkeypatch.setattr(chain, "machine_time", lambda: former.replace(year=former.year - 1))
    respond()
    respond()
    audit = audited.audit()
    assert audit.defects == ()
    (remark,) = audit.remarks
    assert f"event {EVENTS + 2} " in remark
    assert str(NOW.year) not in remark or former.year in (NOW.year, NOW.year + 1)


def test_a_clock_that_sets_itself_right_is_none(audited, monkeypatch) -> None:
    from datetime import timedelta

    former = chain.machine_time()
    monkeypatch.setattr(chain, "machine_time", lambda: former - timedelta(seconds=50))
    with audited.opened() as store, store.write() as session:
        act(session, "C0", Act(action="respond", actor=SYSTEM, note="later"), now=LATER, clocks=CLOCKS)
    audit = audited.audit()
    assert (audit.defects, audit.remarks) == ((), ())
