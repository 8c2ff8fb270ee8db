"""What comes back from the field: once, in part or whole, with every conflict listed and nothing lost."""

import base64
import hashlib
import io
import json
import zipfile
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import geopandas as gpd
import openpyxl
import pyproj
import pytest
import shapely
import sqlalchemy as sa
from PIL import Image

from rs_governance.cases import SYSTEM, Act, Actor, Clocks, Opening, act, events_of, find_case, open_case, read_clocks
from rs_governance.db import Intake, Person, Photo, Store, create_store, find_evidence
from rs_governance.errors import ActionRefused, LayerUnreadable, UsageError
from rs_governance.field.returns import Taken, read_return, take_return
from rs_governance.grids import wgs84_to_gcj02

NOW = datetime(2026, 10, 20, 1, 0, tzinfo=UTC)
CLOCKS = Clocks(by_state=read_clocks())
OFFICE = Actor(login="wang", name="王", role="interpreter", prefix="450108")
CHECKER = Actor(login="qin", name="覃", role="quality_checker", prefix="450108")
FIELD = Actor(login="li", name="李", role="town_inspector", prefix="450108101")
NUMBERS = tuple(f"450108-202610-{number:04}" for number in range(1, 4))
LON, LAT = 108.0, 22.7


@pytest.fixture
def store(tmp_path: Path) -> Store:
    crs = pyproj.CRS.from_epsg(4545)
    x, y = pyproj.Transformer.from_crs(4326, crs, always_xy=True).transform(LON, LAT)
    made = create_store(
        tmp_path / "store", district_code="450108", district_name="良庆区", crs=crs, now=NOW, store_id="test"
    )
    with made.write() as session:
        session.add(
            Person(
                login=FIELD.login, name=FIELD.name, role=FIELD.role, prefix=FIELD.prefix, themes=[], department=None,
                email=None, capacity=8, active=True,
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
        "format": "rs_governance.return", "version": 1, "export": "E20261019-0001", "receiver": FIELD.login,
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


def test_a_return_of_the_form_is_submitted_by_the_inspector(store: Store, tmp_path: Path) -> None:
    data = photo()
    taken = take(store, save(tmp_path / "回传.json", returned(NUMBERS[0], shown(data))))
    assert (taken.submitted, taken.conflicts, taken.problems) == ((NUMBERS[0],), (), ())
    with store.read() as session:
        last = events_of(session, NUMBERS[0])[-1]
    assert (last.action, last.actor, last.to_state) == ("submit", "li", "evidenced")
    assert last.evidence == [hashlib.sha256(data).hexdigest()]
    assert last.facts["answers"] == {"progress": "under_way"}
    assert last.facts["proposed_verdict"] == "illegal"
    assert last.facts["imported_by"] == "wang"
    (kept,) = photos_of(store, NUMBERS[0])
    assert find_evidence(store, kept.sha256).read_bytes() == data
    assert (kept.trust, kept.reasons) == ("fair", ["no_exif", "position_of_form", "time_of_form", "no_heading"])
    assert kept.facts["distance_m"] == 0


def test_reading_it_twice_counts_once(store: Store, tmp_path: Path) -> None:
    path = save(tmp_path / "a.json", returned(NUMBERS[0], shown(photo())))
    first = take(store, path)
    again = take(store, path)
    assert not first.again
    assert again.again
    assert again.submitted == first.submitted
    with store.read() as session:
        assert len([event for event in events_of(session, NUMBERS[0]) if event.action == "submit"]) == 1
        assert session.scalar(sa.select(sa.func.count()).select_from(Intake)) == 1


def test_the_same_case_saved_into_another_file_counts_once(store: Store, tmp_path: Path) -> None:
    one, two = returned(NUMBERS[0], shown(photo(0))), returned(NUMBERS[1], shown(photo(1)))
    take(store, save(tmp_path / "first.json", one))
    taken = take(store, save(tmp_path / "both.json", one, two))
    assert taken.submitted == (NUMBERS[0], NUMBERS[1])
    assert taken.conflicts == ()
    with store.read() as session:
        assert len([event for event in events_of(session, NUMBERS[0]) if event.action == "submit"]) == 1


def test_a_partial_return_is_kept_and_the_rest_follows(store: Store, tmp_path: Path) -> None:
    taken = take(store, save(tmp_path / "part.json", returned(NUMBERS[0], shown(photo()), done=False)))
    assert (taken.submitted, taken.noted) == ((), (NUMBERS[0],))
    assert state_of(store, NUMBERS[0]) == "dispatched"
    assert len(photos_of(store, NUMBERS[0])) == 1
    taken = take(store, save(tmp_path / "rest.json", returned(NUMBERS[0], shown(photo()), shown(photo(1)))))
    assert taken.submitted == (NUMBERS[0],)
    assert len(photos_of(store, NUMBERS[0])) == 2


def test_a_case_that_has_moved_on_is_a_conflict_and_nothing_is_lost(store: Store, tmp_path: Path) -> None:
    take(store, save(tmp_path / "first.json", returned(NUMBERS[0], shown(photo()))))
    data = photo(5)
    taken = take(store, save(tmp_path / "late.json", returned(NUMBERS[0], shown(data), note="后来补的")))
    assert taken.submitted == ()
    assert "is evidenced" in taken.conflicts[0].text
    assert hashlib.sha256(data).hexdigest() in {one.sha256 for one in photos_of(store, NUMBERS[0])}
    with store.read() as session:
        assert events_of(session, NUMBERS[0])[-1].note == "后来补的"


def test_without_a_photo_nothing_is_submitted_and_the_answers_stay(store: Store, tmp_path: Path) -> None:
    taken = take(store, save(tmp_path / "bare.json", returned(NUMBERS[0])))
    assert taken.submitted == ()
    assert taken.conflicts, taken
    assert "evidence" in taken.conflicts[0].text
    assert state_of(store, NUMBERS[0]) == "dispatched"
    with store.read() as session:
        assert events_of(session, NUMBERS[0])[-1].facts["answers"] == {"progress": "under_way"}


def test_work_sent_back_is_submitted_again(store: Store, tmp_path: Path) -> None:
    take(store, save(tmp_path / "first.json", returned(NUMBERS[0], shown(photo()))))
    with store.write() as session:
        back = Act(action="return", actor=CHECKER, reason="photo_missing")
        act(session, NUMBERS[0], back, now=NOW + timedelta(hours=9), clocks=CLOCKS)
    taken = take(store, save(tmp_path / "second.json", returned(NUMBERS[0], shown(photo(2)))), hours=30)
    assert taken.submitted == (NUMBERS[0],)
    assert state_of(store, NUMBERS[0]) == "evidenced"


def test_the_same_photo_for_two_cases_is_marked(store: Store, tmp_path: Path) -> None:
    data = photo()
    take(store, save(tmp_path / "two.json", returned(NUMBERS[0], shown(data)), returned(NUMBERS[1], shown(data))))
    (second,) = photos_of(store, NUMBERS[1])
    assert second.trust == "doubtful"
    assert "same_elsewhere" in second.reasons
    assert second.facts["same_as"] == [NUMBERS[0]]


def test_a_photo_that_is_not_the_one_of_the_phone_is_marked(store: Store, tmp_path: Path) -> None:
    take(store, save(tmp_path / "a.json", returned(NUMBERS[0], shown(photo(), sha256="0" * 64))))
    assert "hash_differs" in photos_of(store, NUMBERS[0])[0].reasons


def test_unknown_cases_and_bad_rows_are_listed_and_the_good_ones_taken(store: Store, tmp_path: Path) -> None:
    rows: list[Any] = [returned("450108-202610-9999", shown(photo(3))), "nonsense", {"note": "no number"}]
    taken = take(store, save(tmp_path / "mixed.json", *rows, returned(NUMBERS[0], shown(photo()))))
    assert taken.submitted == (NUMBERS[0],)
    assert [problem.row for problem in taken.problems] == [
        "mixed.json, row 2",
        "mixed.json, row 3",
        "450108-202610-9999",
    ]


def zipped(path: Path, **members: bytes) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


def as_json(*cases: Mapping[str, Any]) -> bytes:
    content = {"format": "rs_governance.return", "version": 1, "cases": list(cases)}
    return json.dumps(content, ensure_ascii=False).encode()


def test_a_zip_with_photos_beside_is_read(store: Store, tmp_path: Path) -> None:
    row = returned(NUMBERS[0], {"name": "IMG_1.JPG"})
    path = zipped(tmp_path / "r.zip", **{"return.json": as_json(row), "photos/img_1.jpg": photo()})
    taken = take(store, path)
    assert (taken.submitted, taken.problems) == ((NUMBERS[0],), ())


def test_photos_that_nobody_names_and_names_without_photo_are_listed(store: Store, tmp_path: Path) -> None:
    row = returned(NUMBERS[0], {"name": "missing.jpg"}, {"name": "there.jpg"})
    members = {"return.json": as_json(row), "there.jpg": photo(), "odd.jpg": photo(1), "virus.exe": b"MZ"}
    taken = take(store, zipped(tmp_path / "r.zip", **members))
    assert taken.submitted == (NUMBERS[0],)
    assert {problem.row for problem in taken.problems} == {NUMBERS[0], "odd.jpg", "virus.exe"}


def test_paths_that_climb_out_stay_in(store: Store, tmp_path: Path) -> None:
    row = returned(NUMBERS[0], {"name": "../../../evil.jpg"})
    path = zipped(tmp_path / "r.zip", **{"../../return.json": as_json(row), "../../../evil.jpg": photo()})
    before = {file for file in tmp_path.parent.rglob("*") if "evil" in file.name}
    taken = take(store, path)
    assert taken.submitted == (NUMBERS[0],)
    assert photos_of(store, NUMBERS[0])[0].name == "evil.jpg"
    assert {file for file in tmp_path.parent.rglob("*") if "evil" in file.name} == before


def test_a_zip_bomb_is_refused(tmp_path: Path) -> None:
    path = zipped(tmp_path / "bomb.zip", **{"return.json": as_json(), "a.jpg": bytes(50_000_000)})
    with pytest.raises(LayerUnreadable, match="unpacks to"):
        read_return(path)


def test_a_photo_that_is_too_large_is_left_out_and_the_rest_taken(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rs_governance.field.returns.reading.PHOTO_BYTES", 50_000)
    row = returned(NUMBERS[0], shown(bytes(60_000), name="huge.jpg"), shown(photo()))
    taken = take(store, save(tmp_path / "a.json", row))
    assert taken.submitted == (NUMBERS[0],)
    assert "huge.jpg" in taken.problems[0].text


@pytest.mark.parametrize(
    ("name", "data", "expected"),
    [
        ("a.json", b'{"format": "rs_governance.return", "vers', "no JSON"),
        ("a.json", b"[1, 2]", "neither a return file"),
        ("a.json", b'{"format": "rs_governance.return", "version": 9, "cases": []}', "version 9"),
        ("a.json", b"[" * 100_000, "no JSON"),
        ("a.txt", b"hello", "is no return file"),
        ("a.xlsx", b"PK\x03\x04 broken", "no Excel workbook"),
        ("a.gpkg", b"nothing", "no GeoPackage"),
    ],
)
def test_a_file_that_is_no_return_says_so(tmp_path: Path, name: str, data: bytes, expected: str) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(LayerUnreadable, match=expected):
        read_return(tmp_path / name)


def test_a_missing_file_says_so(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such file"):
        read_return(tmp_path / "nowhere.json")


def sheet(path: Path, *rows: list[Any]) -> bytes:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)  # type: ignore[union-attr]
    book.save(path)
    return path.read_bytes()


def test_an_excel_sheet_with_photos_in_a_zip_is_read(store: Store, tmp_path: Path) -> None:
    header = ["案件号", "现场状态", "认定建议", "说明", "照片", "完成", "经度", "纬度"]
    data = sheet(
        tmp_path / "t.xlsx",
        ["核查任务表"],
        header,
        [NUMBERS[0], "在建", "违法用地", "正在施工", "a.jpg；b.jpg", "是", LON, LAT],
        [NUMBERS[1], None, None, None, None, None, None, None],
        [NUMBERS[2], "没有变化", None, "=HYPERLINK(1)", "c.jpg", "否", None, None],
    )
    members = {"任务.xlsx": data, "a.jpg": photo(0), "b.jpg": photo(1), "c.jpg": photo(2)}
    taken = take(store, zipped(tmp_path / "r.zip", **members))
    assert (taken.submitted, taken.noted, taken.problems) == ((NUMBERS[0],), (NUMBERS[2],), ())
    with store.read() as session:
        facts = events_of(session, NUMBERS[0])[-1].facts
        assert facts["answers"] == {"progress": "under_way"}
        assert facts["proposed_verdict"] == "illegal"
        assert len(events_of(session, NUMBERS[1])) == 3


def test_a_geopackage_of_qfield_with_several_photos_is_read(store: Store, tmp_path: Path) -> None:
    frame = gpd.GeoDataFrame(
        {
            "number": [NUMBERS[0], NUMBERS[1]],
            "q_progress": ["under_way", None],
            "verdict": ["illegal", None],
            "photo": ["DCIM/a.jpg", None],
            "photo_2": ["DCIM/b.jpg", None],
        },
        geometry=[shapely.Point(LON, LAT), shapely.Point(LON, LAT)],
        crs=4326,
    )
    frame.to_file(tmp_path / "tasks.gpkg", layer="tasks")
    members = {"tasks.gpkg": (tmp_path / "tasks.gpkg").read_bytes(), "DCIM/a.jpg": photo(0), "DCIM/b.jpg": photo(1)}
    taken = take(store, zipped(tmp_path / "r.zip", **members))
    assert (taken.submitted, taken.noted, taken.problems) == ((NUMBERS[0],), (), ())
    assert len(photos_of(store, NUMBERS[0])) == 2


def test_the_inspector_is_the_one_whom_the_file_names(store: Store, tmp_path: Path) -> None:
    path = save(tmp_path / "a.json", returned(NUMBERS[0], shown(photo())))
    take_return(store, path, importer=OFFICE, inspector=None, now=NOW + timedelta(hours=8), clocks=CLOCKS)
    with store.read() as session:
        assert events_of(session, NUMBERS[0])[-1].actor == "li"


def test_nobody_of_the_field_takes_in_what_another_one_brought(store: Store, tmp_path: Path) -> None:
    path = save(tmp_path / "a.json", returned(NUMBERS[0], shown(photo())))
    other = Actor(login="zhang", name="张", role="town_inspector", prefix="450108")
    with pytest.raises(ActionRefused, match="own"):
        take_return(store, path, importer=other, inspector=None, now=NOW, clocks=CLOCKS)
    assert state_of(store, NUMBERS[0]) == "dispatched"


def test_a_conflict_that_was_put_right_is_submitted_by_the_same_file(store: Store, tmp_path: Path) -> None:
    path = save(tmp_path / "a.json", returned(NUMBERS[0], shown(photo())))
    with store.write() as session:
        find_case(session, NUMBERS[0]).holder = "somebody"
    assert take(store, path).conflicts
    with store.write() as session:
        find_case(session, NUMBERS[0]).holder = None
    again = take(store, path)
    assert (again.submitted, again.conflicts) == ((NUMBERS[0],), ())
    assert len(photos_of(store, NUMBERS[0])) == 1
    assert take(store, path).again


def test_two_photos_of_one_name_are_told_apart_by_their_folder(store: Store, tmp_path: Path) -> None:
    one = returned(NUMBERS[0], {"name": "a/b.jpg"})
    two = returned(NUMBERS[1], {"name": "c/b.jpg"})
    three = returned(NUMBERS[2], {"name": "b.jpg"})
    members = {"return.json": as_json(one, two, three), "a/b.jpg": photo(0), "c/b.jpg": photo(1)}
    taken = take(store, zipped(tmp_path / "r.zip", **members))
    assert taken.submitted == (NUMBERS[0], NUMBERS[1])
    assert photos_of(store, NUMBERS[0])[0].sha256 != photos_of(store, NUMBERS[1])[0].sha256
    assert "2 photos named" in taken.problems[0].text


def test_names_of_windows_in_chinese_are_read(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "r.zip"
    raw = "现场1.jpg".encode("gb18030").decode("cp437")
    with zipfile.ZipFile(path, "w") as archive:
        info = zipfile.ZipInfo("placeholder.jpg")
        archive.writestr(info, photo())
        archive.writestr("return.json", as_json(returned(NUMBERS[0], {"name": "现场1.jpg"})))
    data = path.read_bytes().replace(b"placeholder.jpg", raw.encode("cp437").ljust(15, b"_")[:15])
    path.write_bytes(data)
    with zipfile.ZipFile(path) as archive:
        named = next(name for name in archive.namelist() if not name.endswith(".json"))
    assert named.startswith(raw)
    taken = take(store, path)
    assert any("现场1.jpg" in problem.row or "现场1.jpg" in problem.text for problem in taken.problems)


@pytest.mark.parametrize("harm", ["crc", "encrypted"])
def test_a_damaged_photo_in_a_zip_is_left_out_and_the_rest_taken(store: Store, tmp_path: Path, harm: str) -> None:
    row = returned(NUMBERS[0], {"name": "bad.jpg"}, {"name": "good.jpg"})
    path = tmp_path / "r.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("return.json", as_json(row))
        archive.writestr("bad.jpg", photo(7))
        archive.writestr("good.jpg", photo(8))
    data = bytearray(path.read_bytes())
    if harm == "crc":
        data[data.index(photo(7)) + 100] ^= 0xFF
    else:
        for magic, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
            at = data.index(b"bad.jpg", data.index(magic)) if magic == b"PK\x03\x04" else data.rindex(b"bad.jpg")
            start = data.rindex(magic, 0, at)
            data[start + offset] |= 1
    path.write_bytes(bytes(data))
    taken = take(store, path)
    assert taken.submitted == (NUMBERS[0],)
    assert "bad.jpg" in taken.problems[0].text
    assert len(photos_of(store, NUMBERS[0])) == 1


def test_unknown_codes_and_odd_positions_are_told_and_the_rest_taken(store: Store, tmp_path: Path) -> None:
    odd = returned(NUMBERS[0], shown(photo(0)), verdict="乱写", answers={"progress": "不知道"})
    swapped = returned(NUMBERS[1], shown(photo(1)), position={"lon": LAT, "lat": LON})
    moved = returned(NUMBERS[2], shown(photo(2)), position={"lon": LON + 0.0098, "lat": LAT})
    taken = take(store, save(tmp_path / "a.json", odd, swapped, moved))
    assert taken.submitted == NUMBERS
    told = " ".join(f"{problem.row} {problem.text}" for problem in taken.problems)
    assert "verdict '乱写' is none of" in told
    assert "the answer '不知道' to progress" in told
    assert "swapped?" in told


def test_a_position_copied_from_a_phone_map_is_noticed(store: Store, tmp_path: Path) -> None:
    lon, lat = (float(part) for part in wgs84_to_gcj02(LON, LAT))
    path = save(tmp_path / "a.json", returned(NUMBERS[0], shown(photo()), position={"lon": lon, "lat": lat}))
    taken = take(store, path)
    assert taken.submitted == (NUMBERS[0],)
    assert "GCJ-02" in taken.problems[-1].text


def test_a_package_that_nobody_handed_out_is_noticed(store: Store, tmp_path: Path) -> None:
    path = save(tmp_path / "a.json", returned(NUMBERS[0], shown(photo())), export="E20990101-9999")
    taken = take_return(store, path, importer=OFFICE, inspector=None, now=NOW + timedelta(hours=8), clocks=CLOCKS)
    assert taken.submitted == (NUMBERS[0],)
    assert "E20990101-9999 is in no ledger" in taken.problems[0].text


def test_a_table_that_does_not_say_whose_it_is_asks(store: Store, tmp_path: Path) -> None:
    sheet(tmp_path / "t.xlsx", ["案件号", "说明"], [NUMBERS[0], "看过"])
    with pytest.raises(UsageError, match="--by"):
        take_return(store, tmp_path / "t.xlsx", importer=OFFICE, inspector=None, now=NOW, clocks=CLOCKS)
    with store.read() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(Intake)) == 0


def test_an_untouched_list_of_the_package_is_nothing(store: Store, tmp_path: Path) -> None:
    features = [
        {"type": "Feature", "geometry": None, "properties": {"number": NUMBERS[0], "version": 3, "kind": "road"}},
        {
            "type": "Feature",
            "geometry": None,
            "properties": {"number": NUMBERS[1], "progress": "在建", "photos": "a.jpg"},
        },
    ]
    data = json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False).encode()
    taken = take(store, zipped(tmp_path / "r.zip", **{"tasks.geojson": data, "a.jpg": photo()}))
    assert (taken.submitted, taken.noted, taken.conflicts, taken.problems) == ((NUMBERS[1],), (), (), ())


def test_geojson_edited_by_hand_is_read(store: Store, tmp_path: Path) -> None:
    feature = {"type": "Feature", "geometry": None, "properties": returned(NUMBERS[0], shown(photo()))}
    path = tmp_path / "tasks.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature, {"type": "Feature"}]}), "utf-8")
    taken = take(store, path)
    assert taken.submitted == (NUMBERS[0],)
    assert len(taken.problems) == 1


def test_a_stop_between_two_cases_is_finished_by_reading_again(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = save(tmp_path / "two.json", returned(NUMBERS[0], shown(photo())), returned(NUMBERS[1], shown(photo(1))))
    from rs_governance.field.returns import taking

    whole = taking._Taking.take

    def stop(self: Any, session: Any, case: Any, seen: Any) -> None:
        whole(self, session, case, seen)
        if case.number == NUMBERS[1]:
            raise KeyboardInterrupt

    monkeypatch.setattr(taking._Taking, "take", stop)
    with pytest.raises(KeyboardInterrupt):
        take(store, path)
    assert (state_of(store, NUMBERS[0]), state_of(store, NUMBERS[1])) == ("evidenced", "dispatched")
    monkeypatch.undo()
    taken = take(store, path)
    assert taken.submitted == (NUMBERS[0], NUMBERS[1])
    assert len(photos_of(store, NUMBERS[1])) == 1
