"""Reading what comes back, whatever carries it: the good rows and photos are taken, the others told of."""

import json
import struct
import zipfile
from pathlib import Path

import geopandas as gpd
import pytest
import shapely
import xlsxwriter

from rs_governance.cases import events_of
from rs_governance.db import Store
from rs_governance.errors import LayerUnreadable, UsageError
from rs_governance.field.returns import archive as archiving
from rs_governance.field.returns import read_return

from .conftest import LAT, LON, NUMBERS, as_json, photo, photos_of, returned, save, sheet, shown, state_of, take, zipped


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


def test_of_a_zip_with_a_bomb_all_but_the_bomb_is_taken(store: Store, tmp_path: Path) -> None:
    rows = [
        {**returned(NUMBERS[0]), "photos": [{"name": "a.jpg"}, {"name": "bomb.jpg"}]},
        {**returned(NUMBERS[1]), "photos": [{"name": "b.jpg"}]},
    ]
    members = {"return.json": as_json(*rows), "a.jpg": photo(), "b.jpg": photo(1), "bomb.jpg": bytes(50_000_000)}
    taken = take(
        store,
        zipped(tmp_path / "r.zip", **members, **{"other.json": bytes(30_000_000), "spare.jpg": bytes(20_000_000)}),
    )
    assert taken.submitted == NUMBERS[:2]
    assert [len(photos_of(store, number)) for number in NUMBERS[:2]] == [1, 1]
    told = {problem.row: problem.text for problem in taken.problems}
    assert set(told) == {NUMBERS[0], "other.json", "spare.jpg"}
    assert all("times its size" in text for text in told.values())


def test_a_zip_of_bombs_alone_is_refused(tmp_path: Path) -> None:
    path = zipped(tmp_path / "bomb.zip", **{"return.json": bytes(50_000_000)})
    with pytest.raises(LayerUnreadable, match="times its size"):
        read_return(path)


def test_a_photo_that_is_too_large_is_left_out_and_the_rest_taken(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for place in ("reading", "returned"):
        monkeypatch.setattr(f"rs_governance.field.returns.{place}.PHOTO_BYTES", 50_000)
    row = returned(NUMBERS[0], shown(bytes(60_000), name="huge.jpg"), shown(photo()))
    taken = take(store, save(tmp_path / "a.json", row))
    assert taken.submitted == (NUMBERS[0],)
    assert taken.problems[0].text.startswith("the photo 'huge.jpg' has 0 MB, at most 0 MB are taken")
    assert taken.problems[0].text.endswith("It was left out, the rest was taken.")
    assert taken.problems[0].text_zh.endswith("该照片未接收，其余已接收。")


def test_a_photo_of_500_mb_in_a_zip_is_not_even_unpacked(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = returned(NUMBERS[0], {"name": "huge.jpg"}, {"name": "good.jpg"})
    path = tmp_path / "r.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("return.json", as_json(row))
        archive.writestr("good.jpg", photo())
        archive.writestr("huge.jpg", bytes(100))
    data = bytearray(path.read_bytes())
    listed = data.rindex(b"PK\x01\x02", 0, data.rindex(b"huge.jpg"))
    data[listed + 20 : listed + 28] = struct.pack("<II", 500_000_000, 500_000_000)  # what the archive says of it
    path.write_bytes(bytes(data))
    read: list[str] = []
    unpack = archiving._unpack

    def note(path: Path, member: zipfile.ZipInfo) -> bytes:
        read.append(member.filename)
        return unpack(path, member)

    monkeypatch.setattr(archiving, "_unpack", note)
    taken = take(store, path)
    assert taken.submitted == (NUMBERS[0],)
    assert len(photos_of(store, NUMBERS[0])) == 1
    assert "huge.jpg" not in read
    assert taken.problems[0].text.startswith("the photo 'huge.jpg' has 500 MB, at most 60 MB are taken; take it again")


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


def test_an_excel_sheet_with_photos_in_a_zip_is_read(store: Store, tmp_path: Path) -> None:
    header = ["案件号", "现场状态", "认定建议", "说明", "照片", "完成", "经度", "纬度"]
    data = sheet(
        tmp_path / "t.xlsx",
        ["核查任务表"],
        header,
        [NUMBERS[0], "在建", "违法用地", "正在施工", "a.jpg；b.jpg", "是", LON, LAT],
        [NUMBERS[1], None, None, None, None, None, None, None],
        [NUMBERS[2], "没有变化", None, "没有变化", "c.jpg", "否", None, None],
    )
    members = {"任务.xlsx": data, "a.jpg": photo(0), "b.jpg": photo(1), "c.jpg": photo(2)}
    taken = take(store, zipped(tmp_path / "r.zip", **members))
    assert (taken.submitted, taken.noted, taken.problems) == ((NUMBERS[0],), (NUMBERS[2],), ())
    with store.read() as session:
        facts = events_of(session, NUMBERS[0])[-1].facts
        assert facts["answers"] == {"progress": "under_way"}
        assert facts["proposed_verdict"] == "illegal"
        assert len(events_of(session, NUMBERS[1])) == 3


def test_a_row_with_a_formula_that_shows_nothing_is_told_by_its_cell_and_the_others_are_taken(
    store: Store, tmp_path: Path
) -> None:
    data = sheet(
        tmp_path / "t.xlsx",
        ["案件号", "说明", "照片", "现场状态", "我的备注"],
        [NUMBERS[0], "正在施工", "a.jpg", "在建", "=1+1"],
        [NUMBERS[1], "=A1", "b.jpg", "在建", None],
        [NUMBERS[2], None, "c.jpg", "=A1", None],
        ["=A1", "看过", None, None, None],
    )
    taken = take(store, zipped(tmp_path / "r.zip", **{"任务.xlsx": data, "a.jpg": photo()}))
    assert taken.submitted == (NUMBERS[0],), "a formula in a column of nobody's is nobody's concern"
    told = [problem.text for problem in taken.problems]
    assert [text.partition(" that")[0] for text in told] == [
        f"case {NUMBERS[1]}: cell B3 holds a formula (=A1)",
        f"case {NUMBERS[2]}: cell D4 holds a formula (=A1)",
        "case: cell A5 holds a formula (=A1)",
    ]
    assert "单元格 B3 是公式" in taken.problems[0].text_zh
    assert (state_of(store, NUMBERS[1]), state_of(store, NUMBERS[2])) == ("dispatched", "dispatched")


def test_of_a_formula_that_was_worked_out_the_result_is_taken(store: Store, tmp_path: Path) -> None:
    book = xlsxwriter.Workbook(tmp_path / "t.xlsx")
    page = book.add_worksheet()
    page.write_row(0, 0, ["案件号", "说明", "照片"])
    page.write_row(1, 0, [NUMBERS[0], "", "a.jpg"])
    page.write_formula(1, 1, '="正在"&"施工"', None, "正在施工")
    book.close()
    members = {"t.xlsx": (tmp_path / "t.xlsx").read_bytes(), "a.jpg": photo()}
    assert take(store, zipped(tmp_path / "r.zip", **members)).submitted == (NUMBERS[0],)
    with store.read() as session:
        assert events_of(session, NUMBERS[0])[-1].note == "正在施工"


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
