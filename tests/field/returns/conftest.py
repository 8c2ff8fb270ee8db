"""Three cases that were handed to an inspector, and what makes returns of them."""

import base64
import hashlib
import io
import json
import shutil
import zipfile
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pyproj
import pytest
import shapely
import sqlalchemy as sa
from PIL import Image

from rs_governance.cases import SYSTEM, Act, Actor, Clocks, Opening, act, find_case, open_case, read_clocks
from rs_governance.db import Export, Person, Photo, Store, create_store, open_store
from rs_governance.field.returns import Taken, take_return

NOW = datetime(2026, 10, 20, 1, 0, tzinfo=UTC)
CLOCKS = Clocks(by_state=read_clocks())
OFFICE = Actor(login="wang", name="王", role="interpreter", prefix="450108")
CHECKER = Actor(login="qin", name="覃", role="quality_checker", prefix="450108")
FIELD = Actor(login="li", name="李", role="town_inspector", prefix="450108101")
NUMBERS = tuple(f"450108-202610-{number:04}" for number in range(1, 4))
PACKAGE = "E20261019-0001"
LON, LAT = 108.0, 22.7


@pytest.fixture(scope="session")
def empty_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Store that tests copy: making one takes longer than most of them."""
    folder = tmp_path_factory.mktemp("returns") / "store"
    make_store(folder).close()
    return folder


@pytest.fixture
def store(empty_folder: Path, tmp_path: Path) -> Iterator[Store]:
    opened = open_store(shutil.copytree(empty_folder, tmp_path / "store"))
    yield opened
    opened.close()


def make_store(folder: Path) -> Store:
    crs = pyproj.CRS.from_epsg(4545)
    x, y = pyproj.Transformer.from_crs(4326, crs, always_xy=True).transform(LON, LAT)
    made = create_store(folder, district_code="450108", district_name="良庆区", crs=crs, now=NOW, store_id="test")
    with made.write() as session:
        session.add(
            Person(
                login=FIELD.login, name=FIELD.name, role=FIELD.role, prefix=FIELD.prefix, themes=[], department=None,
                email=None, capacity=8, active=True,
            )
        )  # fmt: skip
        session.add(
            Export(
                number=PACKAGE, receiver=FIELD.login, purpose="field_tasks", actor=OFFICE.login, at=NOW,
                expires_on=date(2026, 11, 18), case_numbers=list(NUMBERS), files={}, facts={},
            )
        )  # fmt: skip
        for place, number in enumerate(NUMBERS):
            facts = {
                "channel": "satellite", "severity": "yellow", "suspicion": "suspected", "theme": "farmland",
                "kind": "new_building", "department": "agriculture", "district_code": "450108",
                "town_code": "450108101000", "village_code": "450108101001", "cell_code": "", "area_m2": 400.0,
                "first_seen_on": date(2026, 10, 14), "last_seen_on": date(2026, 10, 14), "lon": LON, "lat": LAT,
                "outline": shapely.box(x - 10 + 500 * place, y - 10, x + 10 + 500 * place, y + 10),
            }  # fmt: skip
            open_case(session, Opening(number=number, facts=facts), actor=SYSTEM, now=NOW, clocks=CLOCKS)
            for step in (Act(action="accept", actor=OFFICE), dispatch(number)):
                act(session, number, step, now=NOW, clocks=CLOCKS)
    return made


def dispatch(number: str) -> Act:
    return Act(action="dispatch", actor=OFFICE, values={"assignee": FIELD.login})


def photo(seed: int = 0) -> bytes:
    small = Image.frombytes("L", (9, 7), hashlib.sha512(bytes([seed])).digest()[:63])
    out = io.BytesIO()
    small.resize((360, 280), Image.Resampling.BICUBIC).convert("RGB").save(out, "JPEG")
    return out.getvalue()


def shown(data: bytes, name: str = "现场.jpg", **more: Any) -> dict[str, Any]:
    return {
        "name": name, "sha256": hashlib.sha256(data).hexdigest(), "type": "image/jpeg", "note": "",
        "data": base64.b64encode(data).decode(), "taken_at": (NOW + timedelta(hours=4)).isoformat(), "lon": LON,
        "lat": LAT, "heading_deg": None, "indoor": False, **more,
    }  # fmt: skip


def returned(number: str, *photos: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "number": number, "version": 3, "answers": {"progress": "under_way"}, "verdict": "illegal", "resolution": None,
        "note": "正在施工", "position": {"lon": LON, "lat": LAT, "accuracy_m": 8}, "done": True, "photos": list(photos),
        **more,
    }  # fmt: skip


def save(path: Path, *cases: Mapping[str, Any], **more: Any) -> Path:
    head = {
        "format": "rs_governance.return", "version": 1, "export": PACKAGE, "receiver": FIELD.login,
        "saved_at": (NOW + timedelta(hours=6)).isoformat(), **more,
    }  # fmt: skip
    path.write_text(json.dumps({**head, "cases": list(cases)}, ensure_ascii=False), "utf-8")
    return path


def take(store: Store, path: Path, *, hours: int = 8) -> Taken:
    now = NOW + timedelta(hours=hours)
    return take_return(store, path, importer=OFFICE, inspector=FIELD, now=now, clocks=CLOCKS)


def state_of(store: Store, number: str) -> str:
    with store.read() as session:
        return find_case(session, number).state


def photos_of(store: Store, number: str) -> list[Photo]:
    with store.read() as session:
        return list(session.scalars(sa.select(Photo).where(Photo.case_number == number).order_by(Photo.id)))


def zipped(path: Path, **members: bytes) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


def as_json(*cases: Mapping[str, Any]) -> bytes:
    content = {"format": "rs_governance.return", "version": 1, "cases": list(cases)}
    return json.dumps(content, ensure_ascii=False).encode()


def sheet(path: Path, *rows: list[Any]) -> bytes:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)  # type: ignore[union-attr]
    book.save(path)
    return path.read_bytes()
