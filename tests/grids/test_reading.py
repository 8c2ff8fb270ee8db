"""Files of every kind, whole and broken: good rows are kept, bad ones listed."""

from datetime import date
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from rs_governance.district import read_district
from rs_governance.errors import ConfigInvalid, CrsRefused, LayerUnreadable, RsgError
from rs_governance.grids import References, RowProblem, read_references

from .conftest import CRS, SIDE, SOUTH, WEST, Folder, frame, land_use


def read(folder: Folder) -> References:
    return read_references(read_district(folder.toml()))


def refused(folder: Folder, error: type[RsgError]) -> str:
    with pytest.raises(error) as caught:
        read(folder)
    assert caught.value.exit_code == 3
    return str(caught.value)


def about(references: References, source: str) -> list[RowProblem]:
    return [problem for problem in references.problems if problem.source == source]


def box(east: float = 100.0, north: float = 100.0, side: float = 100.0) -> shapely.Polygon:
    return shapely.box(WEST + east, SOUTH + north, WEST + east + side, SOUTH + north + side)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("land.gpkg", {"layer": "DLTB"}),
        ("land.geojson", {}),
        ("land.gdb", {"driver": "OpenFileGDB", "layer": "DLTB"}),
        ("land.shp", {"encoding": "UTF-8"}),
        ("land.shp", {"encoding": "GBK"}),
    ],
)
def test_every_format_gives_the_same_layer(folder: Folder, name: str, options: dict[str, Any]) -> None:
    table = land_use()
    if name == "land.geojson":
        table = table.to_crs(4326)
    folder.units().source("layers.land_use", name, table, 'preset = "dltb"\nas_of = 2025-12-31', **options)
    layer = read(folder).layers["land_use"]
    assert layer.problems == ()
    assert (layer.title_zh, layer.scheme, layer.as_of) == (
        "土地利用现状（地类图斑）",
        "GB/T 21010-2017",
        date(2025, 12, 31),
    )
    assert list(layer.frame.columns) == ["feature", "code", "label", "ridge_share", "geometry"]
    assert layer.frame["label"].head(3).tolist() == ["水田", "乔木林地", "农村宅基地"]
    assert layer.frame["feature"].tolist() == [str(number) for number in range(1, 145)]
    assert layer.frame["ridge_share"].eq(0.1).all()
    assert shapely.area(layer.frame.geometry).sum() == pytest.approx(SIDE**2, rel=1e-6)
    assert layer.file_crs == ("EPSG:4326" if name == "land.geojson" else "EPSG:4545")


@pytest.mark.parametrize("encoding", ["GBK", "UTF-8"])
@pytest.mark.parametrize("cpg", [None, "right", "wrong"])
def test_shapefile_texts_are_read_whatever_the_cpg_says(folder: Folder, encoding: str, cpg: str | None) -> None:
    names = ["良庆镇那平村水源地", "联通", "大塘"]
    table = frame({"HXMC": names, "n": [1, 2, 3]}, [box(number * 200) for number in range(3)])
    folder.units().source("layers.ecological_red_line", "red.shp", table, encoding=encoding)
    page = folder.path / "red.cpg"
    page.unlink()
    if cpg is not None:
        page.write_text(encoding if cpg == "right" else {"GBK": "UTF-8", "UTF-8": "GBK"}[encoding])
    layer = read(folder).layers["ecological_red_line"]
    assert layer.frame["label"].tolist() == names
    told = [problem for problem in layer.problems if ".cpg" in problem.message_en]
    assert [problem.value for problem in told] == ([page.read_text()] if cpg == "wrong" else [])


def test_mixed_encodings_are_read_row_by_row_and_told(folder: Folder) -> None:
    names = ["良庆丘陵水源涵养", "八尺江水源地保护", "大王滩水库水源地"]
    table = frame({"HXMC": names}, [box(number * 200) for number in range(3)])
    folder.units().source("layers.ecological_red_line", "red.shp", table, encoding="UTF-8")
    dbf = folder.path / "red.dbf"
    gbk = names[1].encode("gbk").ljust(len(names[1].encode()))
    dbf.write_bytes(dbf.read_bytes().replace(names[1].encode(), gbk))
    layer = read(folder).layers["ecological_red_line"]
    assert layer.frame["label"].tolist() == names
    told = about(read(folder), "layers.ecological_red_line")
    assert any("mixed encodings" in problem.message_en and problem.row == 2 for problem in told)


def test_declared_encoding_and_chinese_field_names(folder: Folder) -> None:
    table = frame({"地类编码": ["0101"], "备注": ["甲"]}, [box()])
    more = 'preset = "dltb"\nencoding = "GBK"\nfields = { code = "地类编码" }'
    folder.units().source("layers.land_use", "land.shp", table, more, encoding="GBK")
    (folder.path / "land.cpg").unlink()
    assert read(folder).layers["land_use"].frame["label"].tolist() == ["水田"]
    folder.text = folder.text.replace('"GBK"', '"KLINGON"')
    assert "unknown encoding 'KLINGON'" in refused(folder, LayerUnreadable)


def test_a_row_with_an_unknown_code_is_left_out_and_listed(folder: Folder) -> None:
    codes = ["0101", "9999", None, "101", "05H1"]
    table = frame({"DLBM": codes}, [box(number * 200) for number in range(5)])
    folder.units().source("layers.land_use", "land.gpkg", table, 'preset = "dltb"\nas_of = 2025-12-31')
    references = read(folder)
    layer = references.layers["land_use"]
    assert layer.frame["code"].tolist() == ["0101"]
    assert [(p.row, p.field, p.value, p.kept) for p in layer.problems] == [
        (2, "DLBM", "9999", False), (3, "DLBM", "", False), (4, "DLBM", "101", False), (5, "DLBM", "05H1", False),
    ]  # fmt: skip
    assert "no code of GB/T 21010-2017" in layer.problems[0].message_en
    assert references.problems == (*layer.problems, *references.notes)
    assert "layers.land_use" in references.unproved, "one box in the corner of the district is too little to tell"
    assert layer.problems[2].message_zh.endswith("已略去；疑为丢失前导零的 0101")


def test_the_same_code_means_another_thing_in_another_scheme(folder: Folder) -> None:
    table = frame({"DLBM": ["0602", "0101"], "KCXS": [0.0, 0.0]}, [box(), box(300)])
    folder.units().source("layers.land_use", "land.gpkg", table, 'preset = "dltb"\nscheme = "用地用海分类 2023"')
    layer = read(folder).layers["land_use"]
    assert layer.scheme == "用地用海分类 2023"
    assert layer.frame["label"].tolist() == ["农业设施建设用地", "水田"]
    folder.text = folder.text.replace("用地用海分类 2023", "GB/T 21010-2017")
    assert read(folder).layers["land_use"].frame["label"].tolist() == ["采矿用地", "水田"]


def test_labels_that_belong_to_another_scheme_are_refused(folder: Folder) -> None:
    columns = {"DLBM": ["0504", "0601", "1001"], "DLMC": ["湿地", "农业设施建设用地", "工矿用地"]}
    table = frame(columns, [box(number * 200) for number in range(3)])
    folder.units().source("layers.land_use", "land.gpkg", table, 'preset = "dltb"')
    message = refused(folder, LayerUnreadable)
    assert "0504 '湿地'" in message or "0601 '农业设施建设用地'" in message or "1001 '工矿用地'" in message
    assert "scheme = '用地用海分类 2023'" in message


def test_a_code_table_of_ones_own(folder: Folder) -> None:
    (folder.path / "ours.csv").write_text("code,label\nA1,菜地\n", encoding="utf-8")
    table = frame({"kind": ["A1", "B2"]}, [box(), box(300)])
    more = 'scheme = "ours.csv"\nfields = { code = "kind" }\ntitle_zh = "自查"'
    folder.units().source("layers.own", "own.gpkg", table, more)
    layer = read(folder).layers["own"]
    assert (layer.frame["label"].tolist(), layer.title_zh, layer.scheme) == (["菜地"], "自查", "ours.csv")
    folder.text = folder.text.replace('scheme = "ours.csv"', "")
    assert "no scheme" in refused(folder, LayerUnreadable)
    folder.text += 'scheme = "ISO 1"'
    assert "no code scheme 'ISO 1'" in refused(folder, ConfigInvalid)


def test_outlines_are_repaired_left_out_and_told(folder: Folder) -> None:
    crossing = shapely.Polygon(np.array([[0, 0], [100, 100], [100, 0], [0, 100]]) + np.array([WEST, SOUTH]))
    almost = shapely.Polygon(
        np.array([[0, 0], [300, 0], [300, 300], [0.2, 300], [0.1, -0.1]]) + np.array([WEST + 500, SOUTH + 500])
    )
    assert not almost.is_valid
    line = shapely.LineString([(WEST, SOUTH), (WEST + 10, SOUTH)])
    outlines = [crossing, almost, None, shapely.Polygon(), line, box(1500, 1500)]
    table = gpd.GeoDataFrame({"DLBM": ["0101"] * 6}, geometry=outlines, crs=CRS)
    folder.units().source("layers.land_use", "land.gpkg", table, 'preset = "dltb"\nas_of = 2025-12-31')
    layer = read(folder).layers["land_use"]
    assert layer.frame["feature"].tolist() == ["1", "2", "6"]
    assert layer.frame.geometry.is_valid.all()
    assert layer.frame.geometry.area.iloc[0] == pytest.approx(5000)
    listed = {problem.row: (problem.kept, problem.message_en) for problem in layer.problems}
    assert sorted(listed) == [1, 3, 4, 5]
    assert listed[1][0]
    assert "crosses itself" in listed[1][1]
    assert "no geometry" in listed[3][1]
    assert "not a polygon" in listed[5][1]


def test_an_empty_layer_and_one_without_a_date_are_said(folder: Folder) -> None:
    folder.units().source(
        "layers.land_use", "land.gpkg", frame({"DLBM": np.array([], dtype=str)}, []), 'preset = "dltb"'
    )
    messages = [problem.message_en for problem in read(folder).layers["land_use"].problems]
    assert messages == ["the layer is empty: it has no usable row", "nobody says to which day the data hold (as_of)"]


def test_a_layer_of_bad_rows_only_is_refused(folder: Folder) -> None:
    # Taken as empty, it would say that nothing is cropland.
    table = frame({"DLBM": ["9998", "9999"]}, [box(), box(300)])
    folder.units().source("layers.land_use", "land.gpkg", table, 'preset = "dltb"')
    assert "has not one usable row; row 1, DLBM '9998'" in refused(folder, LayerUnreadable)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ('preset = "dltb"', "lacks a field for code: expected DLBM or 地类编码, it has KIND"),
        ('preset = "dltb"\nfields = { code = "DL" }', "has no field 'DL' (for code)"),
        ('preset = "dltb"\nfields = { kode = "KIND" }', "maps the field 'kode', which nobody reads"),
        ('preset = "dltb"\nlayer = "nowhere"', "has no layer 'nowhere'; it has land"),
    ],
)
def test_fields_that_are_not_there(folder: Folder, more: str, words: str) -> None:
    folder.units().source("layers.land_use", "land.gpkg", frame({"KIND": ["0101"]}, [box()]), more)
    assert words in refused(folder, LayerUnreadable)


def test_files_that_are_no_layers(folder: Folder) -> None:
    folder.units().source("layers.land_use", "district.toml", None, 'preset = "dltb"')
    assert "[layers.land_use] cannot read" in refused(folder, LayerUnreadable)
    two = Folder(folder.path)
    land_use().to_file(folder.path / "two.gpkg", layer="a")
    two.source("layers.land_use", "two.gpkg", land_use(), 'preset = "dltb"', layer="b")
    assert "has the layers a, b; name one: layer = 'a'" in refused(two, LayerUnreadable)
    two.text = two.text.replace("dltb", "nothing")
    assert "unknown preset 'nothing'" in refused(two, ConfigInvalid)


def test_presets_read_codes_and_extras(folder: Folder) -> None:
    forest = {"XIAO_BAN": ["1", "2"], "DI_LEI": ["0111", "0161"], "BH_DJ": [2, 7], "SEN_LIN_LB": ["11", "21"]}
    water = {"MC": ["八尺江", "八尺江"], "JB": ["一级", "二级保护区"]}
    folder.units().source("layers.forest", "forest.gpkg", frame(forest, [box(), box(300)]), 'preset = "forest"')
    folder.source("layers.water_source", "water.gpkg", frame(water, [box(), box(300)]))
    references = read(folder)
    woods, sources = references.layers["forest"].frame, references.layers["water_source"].frame
    assert woods["label"].tolist() == ["乔木林", "采伐迹地"]
    assert woods["protection"].fillna("").tolist() == ["2", ""]
    assert woods["category"].tolist() == ["11", "21"]
    assert sources["label"].tolist() == ["一级保护区", "二级保护区"]
    assert [p.value for p in about(references, "layers.forest") if p.field == "BH_DJ"] == ["7"]


def permits(**changes: list[Any]) -> gpd.GeoDataFrame:
    columns: dict[str, list[Any]] = {
        "number": ["A1", "A2", "A3", "A4"],
        "stage": ["基础", None, "主体", None],
        "area_m2": ["100", "一亩", None, "5.5"],
        "valid_from": ["2026-01-01", "2026/1/5", "20260105", "2026年1月5日"],
        "valid_to": ["2027-01-01", None, "2027-01-05 00:00:00", "2027.1.5"],
    }
    return frame(columns | changes, [box(number * 300) for number in range(4)])


def test_a_register_reads_numbers_and_days_as_people_write_them(folder: Folder) -> None:
    folder.units().source("registers.building_permit", "permit.gpkg", permits(), "as_of = 2026-10-20")
    register = read(folder).registers["building_permit"]
    assert (register.title_zh, register.as_of) == ("施工许可", date(2026, 10, 20))
    assert register.frame["valid_from"].dt.strftime("%m%d").tolist() == ["0101", "0105", "0105", "0105"]
    assert register.frame["valid_to"].isna().tolist() == [False, True, False, False]
    assert register.frame["area_m2"].fillna(-1).tolist() == [100, -1, -1, 5.5]
    assert [(p.row, p.value, p.kept) for p in register.problems] == [(2, "一亩", True)]


def test_an_entry_that_cannot_be_read_makes_nothing_lawful(folder: Folder) -> None:
    table = permits(number=["A1", None, "A3", "A4"], valid_to=["soon", None, "2025-01-01", "2026-13-40"])
    folder.units().source("registers.building_permit", "permit.gpkg", table, "as_of = 2026-10-20")
    register = read(folder).registers["building_permit"]
    assert len(register.frame) == 0
    told = {p.row: p.message_en for p in register.problems if not p.kept}
    assert told == {1: "not a day; left out", 2: "no number; left out", 3: "valid_from is after valid_to; left out",
                    4: "not a day; left out"}  # fmt: skip


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk"])
def test_registers_in_tables(folder: Folder, encoding: str) -> None:
    text = f"编号,有效期止,WKT\n备1,2027-01-01,{box().wkt!r}\n备2,,\n".replace("'", '"')
    (folder.path / "filing.csv").write_bytes(text.encode(encoding))
    folder.units().source("registers.facility_farmland", "filing.csv")
    register = read(folder).registers["facility_farmland"]
    assert register.frame["number"].tolist() == ["备1"]
    assert register.frame.geometry.iloc[0].equals(box())
    assert register.problems[0].message_en == "no geometry; left out"


def test_a_ledger_in_excel_with_points_and_in_csv_of_mixed_encodings(folder: Folder) -> None:
    table = pd.DataFrame({"图斑编号": [101, 102, 103], "经度": [108.4, 108.41, None], "纬度": [22.7, 22.7, 22.7],
                          "状态": ["已销号", "处置中", None]})  # fmt: skip
    table.to_excel(folder.path / "spots.xlsx", index=False)
    folder.source("ledger", "spots.xlsx")
    ledger = read(folder).ledger
    assert ledger is not None
    assert ledger.frame["number"].tolist() == ["101", "102"]
    assert ledger.frame["status"].tolist() == ["closed", "处置中"]
    assert set(ledger.frame.geometry.geom_type) == {"Point"}
    assert WEST - 1e5 < ledger.frame.geometry.x.iloc[0] < WEST + 1e5
    lines = [b"number,status,lon,lat", "甲,处置中,108.4,22.7".encode("gbk"), "乙,已销号,108.4,22.7".encode()]
    (folder.path / "spots.csv").write_bytes(b"\n".join(lines))
    folder.text = folder.text.replace("spots.xlsx", "spots.csv")
    assert read(folder).ledger.frame["number"].tolist() == ["甲", "乙"]  # type: ignore[union-attr]
    (folder.path / "spots.csv").write_text("number\n1\n")
    assert "expected a field WKT, or lon and lat" in refused(folder, LayerUnreadable)


def test_a_zone_without_reason_or_expiry_mutes_nothing(folder: Folder) -> None:
    columns = {
        "zone": ["Z1", "Z2", "Z3"],
        "reason": ["采石场", None, "填埋场"],
        "expires_on": ["2027-01-01", "2027-01-01", None],
    }
    folder.units().source("zones", "zones.geojson", frame(columns, [box(n * 200) for n in range(3)]).to_crs(4326))
    zones = read(folder).zones
    assert zones is not None
    assert zones.frame["zone"].tolist() == ["Z1"]
    assert [(p.row, p.field) for p in zones.problems] == [(2, "reason"), (3, "expires_on")]


@pytest.mark.parametrize(
    ("crs", "dx", "words"),
    [
        ("EPSG:4545", 36_000_000.0, "the easting carries the zone number 36, the CRS has none; assign EPSG:4524"),
        ("EPSG:4524", 0.0, "the CRS has the zone number 36 in its easting, the data have none; assign EPSG:4545"),
        ("EPSG:2433", 0.0, "Beijing 1954, which cannot be brought to CGCS2000"),
        ("EPSG:4544", 0.0, "shares no ground with the district"),
    ],
)
def test_wrong_zones_and_old_datums_are_named(folder: Folder, crs: str, dx: float, words: str) -> None:
    table = land_use()
    table = table.set_geometry(table.geometry.translate(dx)).set_crs(crs, allow_override=True)
    folder.units().source("layers.land_use", "land.gpkg", table, 'preset = "dltb"')
    message = refused(folder, CrsRefused)
    assert words in message
    assert "land.gpkg" in message or "[layers.land_use]" in message
    assert "gdal_edit" not in message
    if crs == "EPSG:4544":
        assert "read as EPSG:4545 it would lie inside" in message


@pytest.mark.parametrize("crs", ["EPSG:4545", "EPSG:4326"])
def test_swapped_axes_are_named(folder: Folder, crs: str) -> None:
    table = land_use().to_crs(crs)
    swapped = shapely.transform(table.geometry.to_numpy(), lambda xy: xy[:, ::-1])
    folder.units().source("layers.land_use", "land.gpkg", table.set_geometry(swapped, crs=crs), 'preset = "dltb"')
    message = refused(folder, CrsRefused)
    assert "the axes are swapped" in message
    assert "exchange the two" in message


def test_seven_parameters_and_a_declared_crs(folder: Folder) -> None:
    old = land_use().set_crs("EPSG:2433", allow_override=True)
    more = 'preset = "dltb"\ntowgs84 = [0, 0, 0, 0, 0, 0, 0.001]'
    folder.units().source("layers.land_use", "land.gpkg", old, more)
    assert len(read(folder).layers["land_use"].frame) == 144
    folder.text = folder.text.replace("towgs84 = [0, 0, 0, 0, 0, 0, 0.001]", 'crs = "EPSG:4545"')
    layer = read(folder).layers["land_use"]
    assert (layer.file_crs, len(layer.frame)) == ("EPSG:4545", 144)


def test_a_file_without_crs_is_refused(folder: Folder) -> None:
    folder.units().source("layers.land_use", "land.shp", land_use(), 'preset = "dltb"')
    (folder.path / "land.prj").unlink()
    assert "has no CRS, so its place is unknown; say it: crs =" in refused(folder, CrsRefused)


def test_a_row_of_another_zone_is_listed(folder: Folder) -> None:
    table = land_use()
    table.loc[7, "geometry"] = table.geometry.translate(36_000_000.0).iloc[7]
    folder.units().source("layers.land_use", "land.gpkg", table, 'preset = "dltb"\nas_of = 2025-12-31')
    problems = read(folder).layers["land_use"].problems
    assert [(p.row, p.kept) for p in problems] == [(8, False)]
    assert "more than 1,000 km from the other rows" in problems[0].message_en


def test_a_register_elsewhere_is_only_told_of(folder: Folder) -> None:
    table = permits()
    folder.units().source("registers.building_permit", "p.gpkg", table.set_geometry(table.geometry.translate(9_000)))
    told = [p.message_en for p in about(read(folder), "registers.building_permit")]
    assert any("shares no ground with the district, 5.0 km away" in message for message in told)


def test_a_district_of_an_old_datum_is_refused(folder: Folder) -> None:
    folder.text = folder.text.replace("EPSG:4545", "EPSG:2433")
    assert "towgs84 =" in refused(folder, CrsRefused)


def test_a_district_in_degrees_reads_the_same(folder: Folder, tmp_path: Path) -> None:
    folder.units().source("layers.land_use", "land.gpkg", land_use(), 'preset = "dltb"\nas_of = 2025-12-31')
    folder.text = folder.text.replace("EPSG:4545", "EPSG:4490")
    references = read(folder)
    assert references.problems == ()
    back = references.layers["land_use"].frame.to_crs(CRS)
    assert back.geometry.area.sum() == pytest.approx(SIDE**2, rel=1e-6)
