"""A store with everything that the audit looks at, and an intruder's ways into it."""

import contextlib
import shutil
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyproj
import pytest
import shapely

from rs_governance.cases import SYSTEM, Act, Clocks, Opening, act, open_case, read_clocks
from rs_governance.cases.trail.anchors import (
    AnchorPlace,
    anchor,
    in_order,
    known_anchors,
    make_key,
    public_file,
    read_anchors,
    read_public_keys,
)
from rs_governance.cases.trail.audit import Audit, audit_store
from rs_governance.db import (
    STORE_FILE,
    Clue,
    Finding,
    Holiday,
    Permit,
    Person,
    Photo,
    Store,
    create_store,
    keep_evidence,
    open_store,
)
from rs_governance.db.chain import SEALED, seal

NOW = datetime(2026, 10, 20, 8, 30, tzinfo=UTC)
LATER = NOW + timedelta(hours=3)
CLOCKS = Clocks(by_state=read_clocks())
CASES, PHOTOS, EVENTS = 3, 3, 17
ROWS = {"settings": 5, "photos": PHOTOS, "people": 1, "holidays": 1, "clues": 1, "permits": 1, "findings": 1}
"""Rows on record, by table."""


@dataclass
class Audited:
    """A store with everything that the audit looks at."""

    folder: Path
    place: AnchorPlace

    def audit(self, *others: Path) -> Audit:
        """Audit the store with its own file of anchors, or with others."""
        with self.opened() as store:
            keys, known = read_public_keys(public_file(self.place.key)), known_anchors(store)
            anchors = in_order([read_anchors(file) for file in others or [self.place.file]])
            return audit_store(store, anchors, keys, known=known)

    def anchor(self, file: Path | None = None, purpose: str = "backup", now: datetime = NOW) -> None:
        place = AnchorPlace(key=self.place.key, file=file or self.place.file)
        with self.opened() as store:
            anchor(store, purpose, now=now, place=place)

    @contextlib.contextmanager
    def opened(self) -> Iterator[Store]:
        with contextlib.closing(open_store(self.folder)) as store:
            yield store

    def tamper(self, *statements: tuple[str, Sequence[Any]] | str) -> None:
        with self.database() as connection:
            for each in statements:
                connection.execute(*((each,) if isinstance(each, str) else each))

    @contextlib.contextmanager
    def database(self):
        """The database as an intruder has it: without guards, without references."""
        with contextlib.closing(sqlite3.connect(self.folder / STORE_FILE)) as connection:
            triggers = connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall()
            for (name,) in triggers:
                connection.execute(f'DROP TRIGGER "{name}"')
            yield connection
            connection.commit()

    def reseal(self, connection: sqlite3.Connection) -> None:
        """Seal the whole chain anew, as somebody could who knows how."""
        connection.row_factory = sqlite3.Row
        previous = "0" * 64
        for row in connection.execute("SELECT * FROM events ORDER BY id").fetchall():
            content = {name: row[name] for name in SEALED} | {"previous": previous}
            connection.execute(
                "UPDATE events SET previous = ?, hash = ? WHERE id = ?", (previous, seal(content), row["id"])
            )
            previous = seal(content)
        connection.row_factory = None


def fill(store: Store, place: AnchorPlace) -> None:
    for number in range(CASES):
        facts = {
            "channel": "satellite", "severity": "red", "suspicion": "suspected", "theme": "farmland", "kind": "new_building",
            "department": "agriculture", "district_code": "450108", "town_code": "450108101",
            "village_code": "450108101001", "cell_code": "", "first_seen_on": date(2026, 10, 1),
            "last_seen_on": date(2026, 10, 1), "area_m2": 300.5, "lon": 108.25, "lat": 22.75,
            "outline": shapely.box(500_000 + number, 2_500_000, 500_020, 2_500_015),
        }  # fmt: skip
        with store.write() as session:
            open_case(session, Opening(number=f"C{number}", facts=facts), actor=SYSTEM, now=NOW, clocks=CLOCKS)
    anchor(store, "publish 2026-10", now=NOW, place=place)
    for step in range(3):
        for number in range(CASES):
            with store.write() as session:
                photo = keep_evidence(store, f"photo {number}".encode(), ".jpg")
                asked = Act(action="respond", actor=SYSTEM, note=f"第 {step} 次", evidence=(photo,))
                act(session, f"C{number}", asked, now=NOW + timedelta(hours=step), clocks=CLOCKS)
                if step == 0:
                    session.add(
                        Photo(
                            case_number=f"C{number}", sha256=photo, name="p.jpg", note="", trust="good", reasons=[],
                            facts={}, taken_in="0", lon=108.25, lat=22.75, taken_at=NOW,
                        )
                    )  # fmt: skip
    with store.write() as session:
        session.add_all(taken_in())
    anchor(store, "backup", now=NOW, place=place)


def taken_in() -> list[Any]:
    """Make a row of each table that people take in from files."""
    outline, day = shapely.box(500_000, 2_500_000, 500_020, 2_500_015), NOW.date()
    return [
        Person(login="chen", name="陈", role="town_inspector", prefix="450108101", themes=[], capacity=8, active=True),
        Holiday(day=day, working=False, name="休息"),
        Clue(
            channel="hotline", number="H1", case_number="C0", relation="new", reported_on=day, reporter="李四",
            contact="1", content="占地", fields={}, taken_in="0", outline=outline.centroid,
        ),
        Permit(
            register="homestead", number="P1", holder="王五", valid_from=day, valid_to=day, as_of=day, taken_in="0",
            outline=outline,
        ),
        Finding(
            issue="2026-10", spot_no="450108-202610-0001", case_id=1, relation="new", current=True, kind="new_building",
            theme="farmland", suspicion="suspected", severity="red", area_m2=300.5, score=0.9, town_code="450108101",
            village_code="", before_on=day, after_on=day, before_image="a", after_image="b", spot={"keeper": "赵"},
            decision=[], outline=shapely.MultiPolygon([outline]),
        ),
    ]  # fmt: skip


@pytest.fixture(scope="module")
def pristine(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("audited")
    make_key(folder / "anchor.key")
    store = create_store(
        folder / "store",
        district_code="450108",
        district_name="良庆区",
        crs=pyproj.CRS(4545),
        now=NOW,
        store_id="450108-audit",
    )
    fill(store, AnchorPlace(key=folder / "anchor.key", file=folder / "anchors.jsonl"))
    store.close()
    return folder


@pytest.fixture
def audited(pristine, tmp_path) -> Audited:
    return copy_of(pristine, tmp_path / "copy")


def copy_of(pristine: Path, folder: Path) -> Audited:
    shutil.copytree(pristine, folder)
    return Audited(folder=folder / "store", place=AnchorPlace(key=folder / "anchor.key", file=folder / "anchors.jsonl"))
