"""Packages: only what is the receiver's, in every format, entered in the ledger, whole or not at all."""

import hashlib
import io
import json
import re
import shutil
import sqlite3
import zipfile
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import openpyxl
import pyogrio
import pypdf
import pyproj
import pytest
import shapely
import sqlalchemy as sa
from PIL import Image

from rs_governance.cases import SYSTEM, Actor, Opening, events_of, facts_of, find_case, open_case, read_actor
from rs_governance.db import Export, Store, open_store
from rs_governance.errors import ActionRefused, OutputFailed, UsageError
from rs_governance.field import (
    FORMATS,
    Package,
    Wanted,
    check_document,
    export_tasks,
    package,
    read_questions,
    read_receiver,
    read_tasks,
)
from rs_governance.field.assignments import Receiver
from rs_governance.field.card_pages import write_card_pages
from rs_governance.field.chips import draw_chip
from rs_governance.field.ground import PublishedGround, jpeg
from rs_governance.field.handout import Handout
from rs_governance.field.returns import read_return
from rs_governance.field.returns.tables import to_row
from rs_governance.field.task_list import FIELD_TASKS, field_tasks_schema
from rs_governance.grids.gcj02 import gcj02_to_wgs84

from .conftest import CLOCKS, NOW, OTHER, TOWN

QUESTIONS = read_questions()


def actor_of(store: Store, login: str) -> Actor:
    with store.read() as session:
        return read_actor(session, login)


def export(
    store: Store, out: Path, login: str = "m", issues: Path | None = None, now: datetime = NOW, **wanted: Any
) -> Package:
    return export_tasks(
        store,
        Wanted(**wanted),
        out,
        actor=actor_of(store, login),
        now=now,
        clocks=CLOCKS,
        questions=QUESTIONS,
        issues=issues,
    )


def ledger(store: Store) -> list[Export]:
    with store.read() as session:
        return list(session.scalars(sa.select(Export).order_by(Export.id)))


def page_data(path: Path) -> dict[str, Any]:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', path.read_text("utf-8"), re.DOTALL)
    assert found is not None
    return json.loads(found.group(1))


def test_everything_in_a_package(tasks_store: Store, published: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    made = export(tasks_store, out, to="w1", issues=published)
    assert made.handout.number == "E20261020-0001"
    assert sorted(made.numbers) == [f"450108-202610-{n:04}" for n in range(1, 7)]
    assert made.pictured == 6
    stem = out / made.handout.number

    listed = json.loads(stem.with_suffix(".geojson").read_text("utf-8"))
    check_document(listed, "field-tasks")
    first = listed["features"][0]["properties"]
    lon, lat = gcj02_to_wgs84(first["nav_gcj02_lon"], first["nav_gcj02_lat"])
    assert (float(lon), float(lat)) == pytest.approx((first["spot_lon"], first["spot_lat"]), abs=2e-6)
    assert abs(first["nav_gcj02_lon"] - first["spot_lon"]) > 1e-3
    assert not {"lon", "lat", "note", "verdict", "photos"} & set(first)  # those are the inspector's in what comes back

    pages = sorted((out / "cards").glob("*.pdf"))
    assert [page.stem for page in pages] == sorted(made.numbers)
    text = pypdf.PdfReader(pages[0]).pages[0].extract_text()
    assert made.handout.number in text
    assert made.handout.expires_on.isoformat() in text

    with zipfile.ZipFile(stem.with_suffix(".kmz")) as archive:
        root = ElementTree.fromstring(archive.read("doc.kml"))
        chips = [name for name in archive.namelist() if name.startswith("chips/")]
        assert Image.open(io.BytesIO(archive.read(chips[0]))).format == "JPEG"
    assert len(root.findall(".//{http://www.opengis.net/kml/2.2}Placemark")) == len(chips) == 6

    for name, digest in made.files.items():
        assert hashlib.sha256((out / name).read_bytes()).hexdigest() == digest
    (entry,) = ledger(tasks_store)
    assert (entry.receiver, entry.purpose, entry.actor) == ("w1", "field_tasks", "m")
    assert entry.expires_on == date(2026, 11, 19)
    assert entry.files == dict(made.files)
    assert entry.case_numbers == list(made.numbers)


def test_the_same_twice_gives_the_same_bytes(
    tmp_path: Path, published: Path, tasks_store: Store, store_folder: Path
) -> None:
    again = open_store(shutil.copytree(store_folder, tmp_path / "again"))
    one = export(tasks_store, tmp_path / "one", to="w1", issues=published)
    other = export(again, tmp_path / "other", to="w1", issues=published)
    assert one.files == other.files


def test_each_case_notes_that_it_was_handed_out(tasks_store: Store, tmp_path: Path) -> None:
    made = export(tasks_store, tmp_path / "out", to="w1", formats=["html"])
    versions = {case["number"]: case["version"] for case in page_data(next((tmp_path / "out").glob("*.html")))["cases"]}
    with tasks_store.read() as session:
        for number in made.numbers:
            case, last = find_case(session, number), events_of(session, number)[-1]
            assert case.state == "dispatched"
            assert case.version == versions[number]
            assert (last.action, last.actor, last.facts["export"]) == ("observe", "system", made.handout.number)


def test_only_what_is_theirs(tasks_store: Store, tmp_path: Path) -> None:
    with tasks_store.read() as session:
        of = {
            login: {task.number[-1] for task in read_tasks(session, read_receiver(session, to=login))}
            for login in ("w1", "w2", "w3")
        }
        town = {task.number[-1] for task in read_tasks(session, read_receiver(session, town=OTHER[:9]))}
        theme = {task.number[-1] for task in read_tasks(session, read_receiver(session, town=TOWN, theme="farmland"))}
    assert of == {"w1": set("123456"), "w2": set("78"), "w3": set("23456")}
    assert town == set("78")
    assert theme == {"1"}


@pytest.mark.parametrize(
    ("login", "wanted", "error"),
    [
        ("w3", {"to": "w1"}, ActionRefused),  # an inspector takes their own alone
        ("l", {"town": TOWN}, ActionRefused),  # a leader looks
        ("t", {"town": TOWN}, ActionRefused),  # not their town
        ("m", {}, UsageError),
        ("m", {"to": "m"}, UsageError),
        ("m", {"to": "nobody"}, UsageError),
        ("m", {"town": "450108999"}, UsageError),
        ("m", {"theme": "weather"}, UsageError),
        ("m", {"to": "w1", "formats": ["docx"]}, UsageError),
        ("m", {"to": "w1", "days": 0}, UsageError),
        ("m", {"to": "w1", "plan": "E20261020-0009"}, UsageError),
    ],
)
def test_refused(
    tasks_store: Store, tmp_path: Path, login: str, wanted: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error):
        export(tasks_store, tmp_path / "out", login, **wanted)
    assert not (tmp_path / "out").exists()
    assert ledger(tasks_store) == []


def test_an_inspector_takes_their_own(tasks_store: Store, tmp_path: Path) -> None:
    assert len(export(tasks_store, tmp_path / "out", "w2", to="w2", formats=["xlsx"]).numbers) == 2


def test_nothing_is_there_or_on_record_after_a_failure(
    tasks_store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> int:
        raise OutputFailed("the disk is full")

    monkeypatch.setattr(package, "write_parts", fail)
    with pytest.raises(OutputFailed):
        export(tasks_store, tmp_path / "out", to="w1")
    assert not (tmp_path / "out").exists()
    assert ledger(tasks_store) == []
    with tasks_store.read() as session:
        assert [event.action for event in events_of(session, "450108-202610-0001")][-1] == "dispatch"


def test_a_number_taken_meanwhile_is_not_given_twice(
    tasks_store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = package.write_parts
    between: list[Package] = []

    def overtaken(*arguments: Any, **named: Any) -> int:
        if not between:
            between.append(None)
            between[0] = export(tasks_store, tmp_path / "between", to="w2", formats=["geojson"])
        return plain(*arguments, **named)

    monkeypatch.setattr(package, "write_parts", overtaken)
    made = export(tasks_store, tmp_path / "out", to="w1", formats=["html"])
    assert between[0].handout.number == "E20261020-0001"
    assert made.handout.number == "E20261020-0002"
    assert page_data(tmp_path / "out" / "E20261020-0002.html")["export"]["number"] == "E20261020-0002"
    assert [entry.number for entry in ledger(tasks_store)] == ["E20261020-0001", "E20261020-0002"]


def test_never_over_what_is_there(tasks_store: Store, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("mine")
    with pytest.raises(OutputFailed, match="never overwritten"):
        export(tasks_store, tmp_path / "out", to="w1")
    assert ledger(tasks_store) == []


def test_one_zip_holds_what_the_folder_would(tasks_store: Store, published: Path, tmp_path: Path) -> None:
    made = export(tasks_store, tmp_path / "out", to="w2", issues=published, zipped=True)
    names = [path.name for path in (tmp_path / "out").iterdir() if not path.name.startswith(".")]
    assert names == [f"{made.handout.number}.zip"]
    with zipfile.ZipFile(tmp_path / "out" / names[0]) as archive:
        inside = {name.removeprefix(made.handout.number) for name in archive.namelist()}
    assert inside >= {".html", ".geojson", ".kmz", ".xlsx", ".gpkg", "README.txt"}


def test_without_issues_it_says_so(tasks_store: Store, tmp_path: Path) -> None:
    made = export(tasks_store, tmp_path / "out", to="w2", formats=FORMATS)
    assert made.pictured == 0
    assert "只有范围" in (tmp_path / "out" / "README.txt").read_text("utf-8")
    data = page_data(next((tmp_path / "out").glob("*.html")))
    assert [case["pair"] for case in data["cases"]] == [None, None]
    assert data["map"]["pictures"] == []
    assert len(list((tmp_path / "out" / "cards").glob("*.pdf"))) == 2


def test_a_wrong_folder_of_issues(tasks_store: Store, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no folder of issues"):
        export(tasks_store, tmp_path / "out", to="w2", issues=tmp_path / "none")


def test_pictures_carry_receiver_and_day(tasks_store: Store, published: Path, tmp_path: Path) -> None:
    one = export(tasks_store, tmp_path / "one", to="w3", issues=published, formats=["html"])
    later = export(
        tasks_store, tmp_path / "later", to="w3", issues=published, formats=["html"], now=NOW + timedelta(days=1)
    )
    assert one.handout.mark == "陈志强 2026-10-20 E20261020-0001"
    first = page_data(tmp_path / "one" / f"{one.handout.number}.html")["cases"][0]["pair"]
    second = page_data(tmp_path / "later" / f"{later.handout.number}.html")["cases"][0]["pair"]
    assert first["bounds"] == second["bounds"]
    assert first["after"] != second["after"]  # the same ground, another mark


def test_the_sheet_is_safe_and_comes_back(tasks_store: Store, tmp_path: Path) -> None:
    made = export(tasks_store, tmp_path / "out", to="w1", formats=["xlsx"])
    path = tmp_path / "out" / f"{made.handout.number}.xlsx"
    book = openpyxl.load_workbook(path)
    sheet = book["核查"]
    assert sheet.protection.sheet
    assert not [cell for row in sheet.iter_rows() for cell in row if cell.data_type == "f"]
    heads = {cell.value: cell.column for cell in sheet[3]}
    row = next(index for index in range(4, 10) if sheet.cell(index, 1).value == "450108-202610-0001")
    assert sheet.cell(row, heads["案件号"]).protection.locked
    assert not sheet.cell(row, heads["认定建议*"]).protection.locked
    assert sheet.cell(row, heads["建筑结构*"]).protection.locked  # asked under another theme
    assert "list" in {rule.type for rule in sheet.data_validations.dataValidation}
    for head, value in {"认定建议*": "违法用地", "现场状态*": "在建", "耕作层是否被破坏*": "是", "核查说明": "已取证",
                        "照片文件名*": "a.jpg；b.jpg", "核查经度": 108.4, "核查纬度": 22.7, "完成": "是"}.items():  # fmt: skip
        sheet.cell(row, heads[head]).value = value
    book.save(tmp_path / "filled.xlsx")
    (case,) = read_return(tmp_path / "filled.xlsx").cases
    assert (case.number, case.verdict, case.done, case.position) == (
        "450108-202610-0001",
        "illegal",
        True,
        (108.4, 22.7),
    )
    assert case.answers == {"progress": "under_way", "topsoil_damaged": True}
    with tasks_store.read() as session:
        assert case.version == find_case(session, case.number).version


def test_the_geopackage_has_a_form_and_comes_back(tasks_store: Store, tmp_path: Path) -> None:
    made = export(tasks_store, tmp_path / "out", to="w1", formats=["gpkg"])
    path = tmp_path / "out" / f"{made.handout.number}.gpkg"
    frame = pyogrio.read_dataframe(path, layer="tasks")
    assert pyproj.CRS(frame.crs).to_epsg() == 4545
    assert list(frame["number"]) == list(made.numbers)
    assert {tuple(sorted(to_row(row._asdict()))) for row in frame.itertuples()} == {
        ("number", "version")
    }  # nothing filled in
    with sqlite3.connect(path) as connection:
        style = connection.execute("SELECT styleQML FROM layer_styles WHERE useAsDefault = 1").fetchone()[0]
    root = ElementTree.fromstring(style.split("\n", 1)[1])
    widgets = {
        field.get("name"): widget.get("type")
        for field in root.findall("fieldConfiguration/field")
        if (widget := field.find("editWidget")) is not None
    }
    assert (widgets["verdict"], widgets["photo"], widgets["floors"]) == ("ValueMap", "ExternalResource", "Range")
    editable = {field.get("name"): field.get("editable") for field in root.findall("editable/field")}
    assert {name for name, value in editable.items() if value == "0"} == {"fid", *FIELD_TASKS.by_name}
    assert set(frame.columns) - {"geometry"} == set(editable) - {"fid"}
    frame.loc[frame["number"] == "450108-202610-0001", ["verdict", "progress", "photo", "done"]] = [
        "lawful",
        "finished",
        "DCIM/a.jpg",
        "yes",
    ]
    row = to_row(frame[frame["number"] == "450108-202610-0001"].iloc[0].to_dict())
    assert row is not None
    assert (row["verdict"], row["answers"], row["done"]) == ("lawful", {"progress": "finished"}, True)
    assert row["photos"] == [{"name": "DCIM/a.jpg"}]


def test_a_clue_with_a_point_and_a_number_that_climbs_out(tasks_store: Store, tmp_path: Path) -> None:
    number = "../../12345/<7>"
    with tasks_store.read() as session:
        like = facts_of(find_case(session, "450108-202610-0007"))
    facts = {
        name: value for name, value in like.items() if name not in ("number", "version", "entered_at", "opened_at")
    }
    facts |= {"outline": like["outline"].centroid, "channel": "hotline"}
    with tasks_store.write() as session:
        open_case(session, Opening(number=number, facts=facts), actor=SYSTEM, now=NOW, clocks=CLOCKS)
    out = tmp_path / "deep" / "out"
    made = export(tasks_store, out, to="w2")
    assert number in made.numbers
    assert sorted(path.name for path in tmp_path.iterdir()) == ["deep", "tasks_store"]
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["out"]
    assert len(list((out / "cards").iterdir())) == 3
    listed = json.loads((out / f"{made.handout.number}.geojson").read_text("utf-8"))
    (feature,) = (feature for feature in listed["features"] if feature["id"] == number)
    assert feature["geometry"]["type"] == "Polygon"
    assert feature["properties"]["reason_zh"] == "来源：12345 热线"


def test_schemas_are_those_of_the_code() -> None:
    from rs_governance.field import SCHEMA_FOLDER

    written = json.loads((SCHEMA_FOLDER / "field-tasks-1.0.json").read_text("utf-8"))
    assert written == json.loads(json.dumps(field_tasks_schema()))


def test_a_returned_case_says_why(tasks_store: Store) -> None:
    with tasks_store.read() as session:
        task = read_tasks(session)[0]
    assert task.return_words is None
    assert replace(task, returned="photo_missing").return_words == ("缺实地照片", "ground photo missing")


def test_the_card_says_why_it_came_back_and_has_a_box_for_no_change(
    tasks_store: Store, published: Path, tmp_path: Path
) -> None:
    with tasks_store.read() as session:
        task = read_tasks(session)[0]
    receiver = Receiver(code="w1", name="韦建国")
    handout = Handout(number="E1", receiver=receiver, at=NOW, expires_on=date(2026, 11, 19), district="良庆区")
    chip = jpeg(Image.new("RGB", (864, 510), (90, 140, 60)))
    for folder, returned in (("new", None), ("back", "photo_missing")):
        write_card_pages(
            [replace(task, returned=returned)], tmp_path / folder, handout=handout, chips={task.number: chip},
            locate=lambda _: Image.new("RGB", (480, 480)), questions=QUESTIONS,
        )  # fmt: skip
    new, back = (pypdf.PdfReader(next((tmp_path / folder).iterdir())) for folder in ("new", "back"))
    texts = [document.pages[0].extract_text() for document in (new, back)]
    assert all("没有变化" in text and "无法到达" in text for text in texts)
    assert ["举证被退回：缺实地照片" in text for text in texts] == [False, True]
    assert len(new.pages) == len(back.pages) == 1


def test_a_published_chip_serves_where_a_scene_is_missing(tasks_store: Store, published: Path, tmp_path: Path) -> None:
    issues = shutil.copytree(published, tmp_path / "issues")
    (issues / "2026-09" / "scenes" / "20260912_web.tif").unlink()
    (issues / "2026-10" / "chips").mkdir()
    Image.new("RGB", (864, 510), (90, 140, 60)).save(issues / "2026-10" / "chips" / "450108-202610-0007.png")
    with tasks_store.read() as session:
        seven, eight = sorted(read_tasks(session, read_receiver(session, to="w2")), key=lambda task: task.number)
    with PublishedGround(issues, crs=tasks_store.crs) as ground:
        pair = ground.pair(seven)
        assert pair is not None
        assert pair.outlined
        assert pair.before.size == (420, 420)
        west, _, east, _ = pair.bounds
        assert west < ground.web_rings(seven.outline)[0][:, 0].min() < east
        assert east - west == pytest.approx(120 / np.cos(np.radians(22.7)), rel=0.02)
        assert ground.pair(eight) is None
        moved = replace(seven, outline=shapely.buffer(seven.outline, 6))
        redrawn = ground.pair(moved)
        assert redrawn is not None
        assert not redrawn.outlined  # the chip has the former outline, the new one is drawn over it
        assert redrawn.bounds == pair.bounds
        assert draw_chip(seven, ground, pair).size == (864, 510)
        assert draw_chip(moved, ground, redrawn).size != (864, 510)
