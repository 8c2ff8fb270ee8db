"""Acting on many cases at once gives what acting one by one gives."""

from datetime import UTC, date, datetime

import pyproj
import pytest
import shapely
import sqlalchemy as sa

from rs_governance.cases import CASE_FIELDS, SYSTEM, Act, Clocks, Opening, act, open_case, read_clocks, to_plain
from rs_governance.cases.life.many import Batch
from rs_governance.db import Case, Event, chain, create_store
from rs_governance.db.recording import NO_CASE
from rs_governance.errors import ActionRefused, UsageError

NOW = datetime(2026, 10, 20, 8, 30, 0, 123456, tzinfo=UTC)
CLOCKS = Clocks(by_state=read_clocks())


@pytest.fixture
def stores(tmp_path, monkeypatch):
    monkeypatch.setattr(chain, "machine_time", lambda: NOW)
    made = [
        create_store(
            tmp_path / name,
            district_code="450108",
            district_name="良庆区",
            crs=pyproj.CRS(4545),
            now=NOW,
            store_id="450108-many",
        )
        for name in ("one", "many")
    ]
    yield made
    for store in made:
        store.close()


def opening(number: str) -> Opening:
    facts = {
        "channel": "satellite", "severity": "red", "suspicion": "suspected", "theme": "farmland", "kind": "earthwork",
        "department": "agriculture", "district_code": "450108", "town_code": "", "village_code": "", "cell_code": "",
        "first_seen_on": date(2026, 10, 14), "last_seen_on": date(2026, 10, 14), "area_m2": 300.0, "lon": 108.4,
        "lat": 22.7, "outline": shapely.box(0, 0, 20, 15),
    }  # fmt: skip
    return Opening(number=number, facts=facts, note="因", key=f"open:{number}")


def observed(number: str) -> Act:
    fields = {"relation": "growing", "area_m2": 400.0, "outline": shapely.box(0, 0, 20, 20)}
    return Act(
        action="observe", actor=SYSTEM, note="长", values={"fields": fields, "facts": {"n": 1}}, key=f"see:{number}"
    )


WITHDRAWN = Act(action="withdraw", actor=SYSTEM, values={"resolution": "homestead"})


def rows(store):
    with store.read() as session:
        cases = [
            {name: to_plain(getattr(one, name)) for name in CASE_FIELDS} for one in session.scalars(sa.select(Case))
        ]
        wanted = sa.select(*Event.__table__.columns).where(Event.case_number != NO_CASE).order_by(Event.id)
        events = [tuple(row) for row in session.execute(wanted)]
    return cases, events


def test_the_rows_and_the_seals_are_the_same(stores):
    one, many = stores
    with one.write() as session:
        for number in ("A", "B"):
            open_case(session, opening(number), actor=SYSTEM, now=NOW, clocks=CLOCKS)
    with one.write() as session:
        act(session, "A", observed("A"), now=NOW, clocks=CLOCKS)
        act(session, "B", observed("B"), now=NOW, clocks=CLOCKS)
        act(session, "B", WITHDRAWN, now=NOW, clocks=CLOCKS)
    with many.write() as session:
        batch = Batch(session=session, actor=SYSTEM, now=NOW, clocks=CLOCKS)
        for number in ("A", "B"):
            batch.open(opening(number))
        assert batch.write() == 2
    with many.write() as session:
        batch = Batch(session=session, actor=SYSTEM, now=NOW, clocks=CLOCKS)
        batch.load(["A", "B"])
        batch.act("A", observed("A"))
        batch.act("B", observed("B"))
        batch.act("B", WITHDRAWN)
        assert batch.write() == 3
    assert rows(one) == rows(many)


def test_what_was_opened_in_the_same_batch_can_be_acted_on(stores):
    store = stores[1]
    with store.write() as session:
        batch = Batch(session=session, actor=SYSTEM, now=NOW, clocks=CLOCKS)
        batch.open(opening("A"))
        batch.act("A", observed("A"))
        batch.write()
    cases, events = rows(store)
    assert (cases[0]["relation"], cases[0]["version"], len(events)) == ("growing", 2, 2)


def test_a_key_counts_once(stores):
    store = stores[1]
    for _ in range(2):
        with store.write() as session:
            batch = Batch(session=session, actor=SYSTEM, now=NOW, clocks=CLOCKS)
            batch.load(["A"], ["open:A", "see:A"])
            batch.open(opening("A"))
            batch.act("A", observed("A"))
            batch.act("A", observed("A"))
            batch.write()
    assert len(rows(store)[1]) == 2


def test_what_the_table_forbids_is_refused_here_too(stores):
    with stores[1].write() as session:
        batch = Batch(session=session, actor=SYSTEM, now=NOW, clocks=CLOCKS)
        batch.open(opening("A"))
        with pytest.raises(ActionRefused):
            batch.act("A", Act(action="reopen", actor=SYSTEM, note="x"))
        with pytest.raises(UsageError, match="no case Z"):
            batch.act("Z", WITHDRAWN)
