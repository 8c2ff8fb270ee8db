"""The chain: each event seals all before it, to the byte."""

import hashlib
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pyproj
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rs_governance.db import Event, chain, create_store
from rs_governance.db.chain import GENESIS, SEALED, append_event, append_events, as_stored, seal

NOW = datetime(2026, 10, 20, 8, 30, tzinfo=UTC)


@pytest.fixture
def empty_store(tmp_path):
    store = create_store(
        tmp_path / "store",
        district_code="450108",
        district_name="良庆区",
        crs=pyproj.CRS(4545),
        now=NOW,
        store_id="450108-chain",
    )
    yield store
    store.close()


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
plain = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
events = st.fixed_dictionaries(
    {
        "case_number": texts, "version": st.integers(1, 99), "action": texts, "actor": texts, "role": texts,
        "from_state": st.none() | texts, "to_state": texts, "reason": st.none() | texts, "note": texts,
        "evidence": st.lists(texts, max_size=2), "facts": st.dictionaries(texts, plain, max_size=3),
        "changes": st.dictionaries(texts, plain, max_size=3), "key": st.none(),
    }
)  # fmt: skip
moments = st.datetimes(
    datetime(2000, 1, 1),  # noqa: DTZ001 -- the strategy wants bounds without a zone
    datetime(2100, 1, 1),  # noqa: DTZ001
    timezones=st.sampled_from([UTC, timezone(timedelta(hours=8))]),
)


def stored(session) -> list:
    columns = [as_stored(Event.__table__.c[name]) for name in (*SEALED, "hash")]
    return list(session.execute(sa.select(*columns).order_by(Event.id)).mappings())


def test_everything_but_the_hash_is_sealed() -> None:
    assert {*SEALED, "hash"} == set(Event.__table__.columns.keys())


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.tuples(events, moments), min_size=1, max_size=5), many=st.booleans())
def test_what_is_stored_gives_the_hash_again(empty_store, rows, many) -> None:
    with empty_store.write() as session:
        start = session.scalar(sa.select(sa.func.count()).select_from(Event))
        for fields, at in rows:
            if many:
                append_events(session, [fields], at=at)
            else:
                append_event(session, at=at, **fields)
    with empty_store.read() as session:
        found = stored(session)
    assert len(found) == start + len(rows)
    previous = GENESIS
    for number, row in enumerate(found, 1):
        assert (row["id"], row["previous"], row["hash"]) == (number, previous, seal(row))
        previous = row["hash"]


@pytest.mark.parametrize("many", [False, True])
def test_when_it_happened_is_one_thing_and_when_it_was_recorded_another(empty_store, monkeypatch, many) -> None:
    written = NOW + timedelta(days=2)
    monkeypatch.setattr(chain, "machine_time", lambda: written)
    fields: dict[str, Any] = dict.fromkeys(("case_number", "action", "actor", "role", "to_state", "note"), "C")
    fields |= {
        "version": 1,
        "from_state": None,
        "reason": None,
        "evidence": [],
        "facts": {},
        "changes": {},
        "key": None,
    }
    with empty_store.write() as session:
        if many:
            append_events(session, [fields], at=NOW)
        else:
            append_event(session, at=NOW, **fields)
    with empty_store.read() as session:
        *_, row = stored(session)
        *_, event = session.scalars(sa.select(Event).order_by(Event.id))
    assert (event.at, event.recorded_at) == (NOW, written)
    assert seal({**row, "recorded_at": row["at"]}) != row["hash"], "it can be changed under the seal"


def test_the_clock_of_the_machine_is_read() -> None:
    before = datetime.now(UTC)
    assert before <= chain.machine_time() <= datetime.now(UTC)


def test_the_seal_is_a_fixed_function() -> None:
    row = dict.fromkeys(SEALED, "") | {"id": 1, "version": 1, "from_state": None, "note": "图斑", "facts": '{"a":1}'}
    content = (
        '{"action":"","actor":"","at":"","case_number":"","changes":"","evidence":"","facts":"{\\"a\\":1}","from_state":null,'
        '"id":1,"key":"","note":"图斑","previous":"","reason":"","recorded_at":"","role":"","to_state":"","version":1}'
    )
    assert seal(row) == hashlib.sha256(content.encode()).hexdigest()


def test_a_piece_cannot_move_from_one_column_to_the_next() -> None:
    row = dict.fromkeys(SEALED, "")
    assert seal(row | {"actor": 'a","at":"b'}) != seal(row | {"actor": "a", "at": "b"})
    assert seal(row | {"key": None}) != seal(row | {"key": "null"})


def test_one_event_at_a_time_or_many_at_once_is_the_same(empty_store, monkeypatch) -> None:
    monkeypatch.setattr(chain, "machine_time", lambda: NOW)
    fields: dict[str, Any] = {name: "" for name in SEALED if name not in {"id", "previous", "at", "recorded_at"}}
    fields |= {"version": 1, "evidence": [], "facts": {"b": 1, "a": [2.5]}, "changes": {}, "key": None}
    with empty_store.write() as session:
        one = append_event(session, at=NOW, **fields).hash
    with empty_store.write() as session:
        append_events(session, [fields], at=NOW)
    with empty_store.read() as session:
        made, first, second = stored(session)
    assert first["hash"] == one
    assert second["previous"] == one
    assert {**second, "id": 2, "previous": made["hash"], "hash": one} == dict(first)
