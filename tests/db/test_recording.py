"""Whatever is written besides cases goes on record by itself: who writes it need not think of it."""

import pytest
import sqlalchemy as sa

from rs_governance.db import Clue, Event, Holiday, Person, chain
from rs_governance.db.recording import NO_CASE, NOT_RECORDED, RECORD, digest_rows, recorded_tables


def person(login: str, **fields) -> Person:
    known = {"name": "陈", "role": "leader", "prefix": "", "themes": [], "capacity": 8, "active": True}
    return Person(login=login, **(known | fields))


def records(store) -> list[dict]:
    with store.read() as session:
        wanted = sa.select(Event.facts).where(Event.case_number == NO_CASE, Event.action == RECORD)
        return list(session.scalars(wanted.order_by(Event.id)))


def test_every_table_is_recorded_but_those_that_are_named() -> None:
    assert {"settings", "people", "holidays", "clues", "permits", "findings", "issues", "intakes", "exports"} <= set(
        recorded_tables()
    )
    assert not set(NOT_RECORDED) & set(recorded_tables())
    for table in recorded_tables().values():
        assert any(isinstance(each, sa.UniqueConstraint) for each in table.constraints), f"{table}: known by what?"


def test_one_event_tells_of_all_rows_of_a_transaction(make_store, monkeypatch, now) -> None:
    monkeypatch.setattr(chain, "machine_time", lambda: now)
    store = make_store()
    with store.write() as session:
        session.add_all([person("a"), person("b"), Holiday(day=now.date(), working=False, name="")])
    with store.write() as session:
        session.execute(sa.insert(Person.__table__), [{**_plain(person("c"))}])
        session.execute(sa.update(Person.__table__).where(Person.login == "a").values(role="auditor"))
        session.execute(sa.delete(Holiday))
    made, first, second = records(store)
    assert {name: list(part["rows"]) for name, part in made.items()} == {"settings": ["1", "2", "3", "4", "5"]}
    assert {name: list(part["rows"]) for name, part in first.items()} == {"people": ["1", "2"], "holidays": ["1"]}
    assert {name: list(part["rows"]) for name, part in second.items()} == {"people": ["1", "3"], "holidays": ["1"]}
    assert second["holidays"]["rows"] == {"1": None}
    assert first["people"]["rows"]["1"] != second["people"]["rows"]["1"]
    with store.read() as session:
        table = recorded_tables()["people"]
        found = digest_rows(session, table, second["people"]["columns"], [1, 3])
        (_, event, _) = session.scalars(sa.select(Event).order_by(Event.id))
    assert found == second["people"]["rows"]
    assert (event.at, event.recorded_at, event.role, event.changes) == (now, now, "system", {})


def _plain(one: Person) -> dict:
    return {name: value for name, value in vars(one).items() if not name.startswith("_")}


def test_what_was_given_up_is_not_on_record(make_store) -> None:
    store = make_store()
    made = records(store)
    with pytest.raises(sa.exc.IntegrityError), store.write() as session:
        session.add_all([person("a"), person("a")])
    with store.write() as session, session.begin_nested() as nested:
        session.add(person("b"))
        session.flush()
        nested.rollback()
    assert records(store) == made
    with store.write() as session:
        session.add(person("c"))
    *_, record = records(store)
    assert list(record["people"]["rows"]) == ["1"]


def test_reading_and_writing_nothing_leaves_no_record(store) -> None:
    before = records(store)
    with store.write() as session:
        assert session.scalars(sa.select(Clue)).all()
    with store.write() as session:
        session.execute(sa.update(Clue).where(Clue.number == "nobody").values(content=""))
    assert records(store) == before


@pytest.mark.parametrize(("one", "other"), [(b"a", "61"), (1, 1.0), (None, "None"), ("1", 1)])
def test_values_that_look_alike_have_digests_of_their_own(make_store, one, other) -> None:
    """As an intruder could put them into a file in which every column takes every type."""
    store, digests = make_store(), []
    with store.write() as session:
        session.execute(sa.text("CREATE TABLE scratch (id INTEGER PRIMARY KEY, value)"))
        for value in (one, other):
            session.execute(sa.text("INSERT INTO scratch (value) VALUES (:value)"), {"value": value})
        scratch = sa.table("scratch", sa.column("id"), sa.column("value"))
        digests = list(digest_rows(session, scratch, ["value"], [1, 2]).values())
    assert len(set(digests)) == 2
