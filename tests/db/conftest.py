"""A store with a few cases, and other programs that open it."""

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyproj
import pytest
import shapely

from rs_governance.db import AnchorNote, Case, Clue, Event, Photo, Store, create_store, keep_evidence

NOW = datetime(2026, 10, 20, 8, 30, tzinfo=UTC)


@pytest.fixture
def now() -> datetime:
    return NOW


@pytest.fixture
def make_store(tmp_path: Path) -> Iterator[Callable[..., Store]]:
    """Function that makes an empty store, in EPSG:4545 unless told."""
    made: list[Store] = []

    def make(name: str = "store", crs: Any = 4545) -> Store:
        made.append(
            create_store(
                tmp_path / name,
                district_code="450108",
                district_name="良庆区",
                crs=pyproj.CRS.from_user_input(crs),
                now=NOW,
                store_id=f"450108-{name}",
            )
        )
        return made[-1]

    yield make
    for store in made:
        store.close()


@pytest.fixture
def make_case() -> Callable[..., Case]:
    """Function that makes a case at a place; nobody adds it."""

    def make(number: str, x: float = 500_000.0, y: float = 2_500_000.0, **fields: Any) -> Case:
        facts: dict[str, Any] = {}
        for column in Case.__table__.columns:
            kind = column.type.python_type if hasattr(column.type, "python_type") else str
            if column.name != "id" and not column.nullable:
                facts[column.name] = {int: 0, float: 0.0, date: NOW.date()}.get(kind, "")
        facts |= {"entered_at": NOW, "opened_at": NOW, "machine": {}, "parents": [], "version": 1}
        return Case(**(facts | {"number": number, "outline": shapely.box(x, y, x + 20, y + 15)} | fields))

    return make


@pytest.fixture
def make_event() -> Callable[..., Event]:
    """Function that makes an event; its hashes are no chain."""

    def make(number: int, case_number: str, **fields: Any) -> Event:
        facts: dict[str, Any] = {
            "id": number, "case_number": case_number, "version": 1, "action": "open", "actor": "system", "role": "system",
            "at": NOW, "recorded_at": NOW, "to_state": "detected", "note": "", "evidence": [], "facts": {}, "changes": {}, "previous": "",
            "hash": f"{number:064x}",
        }  # fmt: skip
        return Event(**(facts | fields))

    return make


@pytest.fixture
def store(make_store: Callable[..., Store], make_case: Any, make_event: Any) -> Store:
    """A store with three cases, three events of them, a photo with its original, and a clue."""
    made = make_store()
    photo = keep_evidence(made, b"a photo", ".jpg")
    with made.write() as session:
        for place in range(3):
            session.add(make_case(f"C{place}", 500_000.0 + 1000 * place))
            session.add(make_event(place + 2, f"C{place}", evidence=[photo] if place == 0 else [], note="张三在场"))
        session.add(
            Photo(
                case_number="C0",
                sha256=photo,
                name="张三.jpg",
                note="",
                trust="good",
                reasons=[],
                facts={},
                taken_in="0",
            )
        )
        session.add(AnchorNote(series="first", number=1, at=NOW, signature="first"))
        session.add(
            Clue(
                channel="hotline", number="H1", reported_on=NOW.date(), reporter="李四", contact="13800138000", content="李四说",
                fields={"电话": "13800138000"}, taken_in="0", outline=shapely.Point(500_010, 2_500_010),
            )
        )  # fmt: skip
    return made


@pytest.fixture(scope="session")
def gdal() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Function that runs a program of gdal-bin, another GDAL than those in the wheels; skips where it is missing."""
    if shutil.which("ogrinfo") is None:
        pytest.skip("no ogrinfo: apt-get install gdal-bin")
    # The PROJ inside a wheel may have told where its data are.
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("PROJ_", "GDAL_"))}

    def run(*arguments: Any) -> subprocess.CompletedProcess[str]:
        command = [str(argument) for argument in arguments]
        return subprocess.run(command, check=False, capture_output=True, encoding="utf-8", env=environ)

    return run


@pytest.fixture
def dump() -> Callable[[Path], list[str]]:
    """Function that writes all of a database as statements."""

    def write(path: Path) -> list[str]:
        with closing(sqlite3.connect(path)) as connection:
            return list(connection.iterdump())

    return write
