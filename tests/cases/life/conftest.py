"""A district of two towns, its people, and a store to play cases in."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyproj
import pytest
import shapely
import sqlalchemy as sa

from rs_governance.cases import (
    SYSTEM,
    Act,
    Actor,
    Clocks,
    Opening,
    act,
    actor_of,
    clocks_of,
    events_of,
    facts_of,
    find_case,
    open_case,
)
from rs_governance.db import Event, Person, Store, create_store, open_store
from rs_governance.errors import ActionRefused

NUMBER = "450108-202610-0001"
NOW = datetime(2026, 10, 15, 1, tzinfo=UTC)  # a Thursday, nine o'clock in China
TOWN, OTHER_TOWN = "450108101000", "450108102000"
PROOF = "a" * 64

PEOPLE: dict[str, tuple[str, str, list[str], str | None]] = {
    "wang": ("interpreter", "450108", [], None),
    "xu": ("interpreter", "450108", ["protected_woodland"], None),
    "zhao": ("quality_checker", "450108", [], None),
    "li": ("district_manager", "450108", [], None),
    "chen": ("town_inspector", "450108101", [], None),
    "liu": ("town_inspector", OTHER_TOWN, [], None),
    "yu": ("grid_keeper", "450108101001", [], None),
    "sun": ("enforcement_officer", "450108", [], "agriculture"),
    "lin": ("enforcement_officer", "450108", [], "forestry"),
    "ling": ("leader", "450108", [], None),
    "shen": ("auditor", "450108", [], None),
}


def opening(number: str = NUMBER, **facts: Any) -> Opening:
    known = {
        "channel": "satellite",
        "severity": "yellow",
        "suspicion": "suspected",
        "theme": "farmland",
        "kind": "new_building",
        "department": "agriculture",
        "district_code": "450108",
        "town_code": TOWN,
        "village_code": "450108101001",
        "cell_code": "",
        "first_seen_on": date(2026, 10, 14),
        "last_seen_on": date(2026, 10, 14),
        "area_m2": 300.0,
        "cropland_m2": 150.0,
        "lon": 108.4,
        "lat": 22.7,
        "outline": shapely.box(541_000, 2_511_000, 541_020, 2_511_015),
    }
    return Opening(number=number, facts=known | facts, note="新增建筑物占用耕地")


@dataclass(kw_only=True)
class Play:
    """Cases being played, one act a transaction."""

    store: Store
    clocks: Clocks
    actors: dict[str, Actor]
    now: datetime = NOW

    def open(self, number: str = NUMBER, **facts: Any) -> None:
        with self.store.write() as session:
            open_case(session, opening(number, **facts), actor=SYSTEM, now=self.now, clocks=self.clocks)

    def do(self, action: str, login: str, number: str = NUMBER, **more: Any) -> Event:
        known = ("version", "reason", "note", "evidence", "key", "values")
        values = {name: value for name, value in more.items() if name not in known}
        asked = Act(
            action=action,
            actor=self.actors[login],
            values=values or more.pop("values", {}),
            **{name: value for name, value in more.items() if name in known and name != "values"},
        )
        with self.store.write() as session:
            return act(session, number, asked, now=self.now, clocks=self.clocks)

    def run(self, *steps: tuple[Any, ...]) -> None:
        """Do one step after the other: (action, login) or (action, login, {what it needs})."""
        for action, login, *more in steps:
            self.do(action, login, **(more[0] if more else {}))

    def case(self, number: str = NUMBER) -> dict[str, Any]:
        with self.store.read() as session:
            return facts_of(find_case(session, number))

    def events(self, number: str = NUMBER) -> list[Event]:
        with self.store.read() as session:
            events = events_of(session, number)
            session.expunge_all()
        return events

    def pass_days(self, days: float) -> None:
        self.now += timedelta(days=days)


def make_store(folder: Path) -> None:
    """Make a store with the people in it."""
    store = create_store(
        folder,
        district_code="450108",
        district_name="良庆区",
        crs=pyproj.CRS.from_epsg(4545),
        now=NOW,
        store_id="test",
    )
    with store.write() as session:
        for login, (role, prefix, themes, department) in PEOPLE.items():
            session.add(
                Person(
                    login=login,
                    name=login.title(),
                    role=role,
                    prefix=prefix,
                    themes=themes,
                    department=department,
                    email=f"{login}@example.org",
                    capacity=8,
                    active=True,
                )
            )
    store.engine.dispose()


def open_play(folder: Path) -> Play:
    store = open_store(folder)

    @sa.event.listens_for(store.engine, "connect")
    def _hurry(connection: Any, _: object) -> None:
        connection.execute("PRAGMA synchronous = OFF")  # these tests pull no plug

    with store.read() as session:
        actors = {person.login: actor_of(person) for person in session.scalars(sa.select(Person))}
    return Play(store=store, clocks=clocks_of(store), actors=actors | {"system": SYSTEM})


@pytest.fixture(scope="session")
def empty_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("people") / "store"
    make_store(folder)
    return folder


@pytest.fixture
def play(tmp_path: Path, empty_store: Path) -> Iterator[Play]:
    copied = open_play(Path(shutil.copytree(empty_store, tmp_path / "store")))
    yield copied
    copied.store.engine.dispose()


TO_VERIFYING: tuple[tuple[Any, ...], ...] = (
    ("accept", "wang"),
    ("dispatch", "wang", {"assignee": f"town:{TOWN}"}),
    ("start", "chen"),
)
TO_EVIDENCED = (*TO_VERIFYING, ("submit", "chen", {"evidence": (PROOF,)}))
TO_CONFIRMED = (*TO_EVIDENCED, ("confirm", "zhao", {"verdict": "illegal"}))
TO_DISPOSING = (*TO_CONFIRMED, ("plan", "sun", {"measure": "rectify"}))
TO_RECTIFIED = (*TO_DISPOSING, ("report_done", "sun", {"evidence": (PROOF,)}))
TO_CLOSED = (*TO_RECTIFIED, ("pass", "zhao", {"resolution": "demolished"}))


def refused(
    play: Play, match: str, action: str, login: str, error: type[Exception] = ActionRefused, **more: Any
) -> None:
    """Try an act that is refused, and see that it leaves no trace."""
    before, count = play.case(), len(play.events())
    with pytest.raises(error, match=match or None):
        play.do(action, login, **more)
    assert (play.case(), len(play.events())) == (before, count), "a refused act leaves no trace"
