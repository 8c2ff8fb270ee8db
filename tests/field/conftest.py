"""A small store with tasks in two towns, and two published scenes of made-up ground."""

import shutil
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyproj
import pytest
import rasterio
import shapely

from rs_governance.cases import SYSTEM, Act, Actor, Clocks, Opening, act, open_case, read_actor, read_clocks
from rs_governance.db import Finding, Person, Store, create_store, open_store

NOW = datetime(2026, 10, 20, 1, 0, tzinfo=UTC)
CLOCKS = Clocks(by_state=read_clocks())
CRS = pyproj.CRS.from_epsg(4545)
LON, LAT = 108.4, 22.7
TOWN, OTHER = "450108100000", "450108101000"
NASTY = "<script>alert(1)</script>&\"'=1+1"


@pytest.fixture(scope="session")
def store_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Store that tests copy: making one takes longer than most of them."""
    folder = tmp_path_factory.mktemp("stores") / "store"
    make_store(folder).engine.dispose()
    return folder


@pytest.fixture
def tasks_store(store_folder: Path, tmp_path: Path) -> Store:
    """Six cases handed to the town 450108100, one of them to `w1` by name, and two to another town."""
    return open_store(shutil.copytree(store_folder, tmp_path / "tasks_store"))


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Issues with a scene before and a scene after; the after scene does not show the last cases."""
    folder = tmp_path_factory.mktemp("issues")
    x, y = pyproj.Transformer.from_crs(4326, 3857, always_xy=True).transform(LON, LAT)
    random = np.random.default_rng(3)
    for issue, name, shade in (("2026-09", "20260912", 60), ("2026-10", "20261014", 150)):
        path = folder / issue / "scenes" / f"{name}_web.tif"
        path.parent.mkdir(parents=True)
        pixels = np.clip(random.normal(shade, 12, (3, 900, 900)), 1, 255).astype(np.uint8)
        transform = rasterio.Affine(1.0, 0, x - 300, 0, -1.0, y + 450)
        with rasterio.open(
            path,
            "w",
            driver="GTiff",
            width=900,
            height=900,
            count=3,
            dtype="uint8",
            crs="EPSG:3857",
            transform=transform,
        ) as dataset:
            dataset.write(pixels)
    return folder


def make_store(folder: Path) -> Store:
    store = create_store(folder, district_code="450108", district_name="良庆区", crs=CRS, now=NOW, store_id="test")
    people = [
        ("w1", f"韦建国{NASTY}", "town_inspector", "450108100"),
        ("w2", "黄秀英", "town_inspector", "450108101"),
        ("w3", "陈志强", "town_inspector", "450108100"),
        ("m", "覃主任", "district_manager", "450108"),
        ("t", "镇里的判读员", "interpreter", "450108101"),
        ("l", "领导", "leader", "450108"),
    ]
    with store.write() as session:
        for login, name, role, prefix in people:
            session.add(
                Person(
                    login=login, name=name, role=role, prefix=prefix, themes=[], department=None, email=None,
                    capacity=3, active=True,
                )
            )  # fmt: skip
    with store.read() as session:
        manager = read_actor(session, "m")
    themes = ("farmland", "illegal_construction", "protected_woodland", "illegal_occupation", "major_project", "other")
    for place, theme in enumerate(themes):
        add_case(store, manager, place + 1, theme, TOWN, "w1" if place == 0 else f"town:{TOWN}")
    for place in (7, 8):
        add_case(store, manager, place, "farmland", OTHER, f"town:{OTHER}")
    return store


def add_case(store: Store, manager: Actor, place: int, theme: str, town: str, assignee: str) -> None:
    number = f"450108-202610-{place:04}"
    x, y = pyproj.Transformer.from_crs(4326, CRS, always_xy=True).transform(LON, LAT)
    x += 90 * place
    outline = shapely.Polygon([(x, y), (x + 30, y + 5), (x + 26, y + 28), (x - 2, y + 20)])
    severity = ("red", "yellow", "green")[place % 3]
    spot: dict[str, Any] = {
        "spot_no": number, "reason_zh": f"推填土占用耕地 {NASTY}", "reason_en": f"earthwork on cropland {NASTY}",
        "town_name": "良庆镇", "village_name": f"屯里村{NASTY}", "keeper": "陆文斌", "score": 0.3 + 0.05 * place,
        "before_image": "20260912", "after_image": "20261014", "before_on": "2026-09-12", "after_on": "2026-10-14",
        "land_label": "水田", "land_code": "0101",
    }  # fmt: skip
    facts = {
        "channel": "satellite", "severity": severity, "suspicion": "suspected", "theme": theme, "kind": "new_building",
        "department": "agriculture", "district_code": "450108", "town_code": town, "village_code": town[:9] + "201",
        "cell_code": "", "area_m2": outline.area, "cropland_m2": 120.0, "first_seen_on": date(2026, 10, 14),
        "last_seen_on": date(2026, 10, 14), "first_issue": "2026-10", "last_issue": "2026-10",
        "lon": LON + 0.0009 * place, "lat": LAT, "outline": outline, "permit_number": "=cmd|'/c calc'!A1",
    }  # fmt: skip
    with store.write() as session:
        case = open_case(session, Opening(number=number, facts=facts), actor=SYSTEM, now=NOW, clocks=CLOCKS)
        session.flush()
        same = {
            name: facts[name]
            for name in ("kind", "theme", "suspicion", "severity", "area_m2", "town_code", "village_code")
        }
        session.add(
            Finding(
                issue="2026-10", spot_no=number, case_id=case.id, relation="new", current=True, score=spot["score"],
                before_on=date(2026, 9, 12), after_on=date(2026, 10, 14), before_image="20260912",
                after_image="20261014", spot=spot, decision=[], outline=outline, **same,
            )
        )  # fmt: skip
        for step in (
            Act(action="accept", actor=manager),
            Act(action="dispatch", actor=manager, values={"assignee": assignee}),
        ):
            act(session, number, step, now=NOW, clocks=CLOCKS)
