"""Files that were copied in part, or are not what their name says: one line, and no advice of libraries."""

import pytest

from rs_governance.district import LayerSource
from rs_governance.errors import LayerUnreadable
from rs_governance.grids.sources import read_rows

from .conftest import Folder, land_use
from .test_reading import read, refused


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("land.gpkg", b"", "is empty (0 bytes); copy it again"),
        ("land.gpkg", b"no database at all\n" * 200, "it is no GeoPackage, or damaged"),
        ("land.geojson", b'{"type": "FeatureCollection", "features": [', "Failed to read GeoJSON data"),
        ("land.geojson", b'{"a": 1}', "it is no GeoJSON, or damaged"),
        ("land.csv", b"", "is empty (0 bytes)"),
        ("land.csv", b"\n \n", "there is no line in it"),
        ("land.csv", b"\xff\xfe\x00\x81\n", "lines that are neither UTF-8 nor GB 18030"),
        ("land.xlsx", b"nonsense", "is no Excel workbook, or damaged"),
    ],
)
def test_damaged_files_are_named_in_one_line_without_advice_of_libraries(
    folder: Folder, name: str, content: bytes, words: str, capfd: pytest.CaptureFixture[str]
) -> None:
    (folder.path / name).write_bytes(content)
    folder.units().source("layers.land_use", name, None, 'preset = "dltb"')
    message = refused(folder, LayerUnreadable)
    assert message.startswith("[layers.land_use] ")
    assert name in message or "neither" in words
    assert words in message
    for advice in ("It might help", "SHAPE_RESTORE", "engine", "sqlite3", "DRIVER"):
        assert advice not in message
    assert capfd.readouterr().err == "", "nothing of GDAL's own"


def test_a_geopackage_that_was_copied_in_part(folder: Folder) -> None:
    folder.units().source("layers.land_use", "land.gpkg", land_use(), 'preset = "dltb"')
    path = folder.path / "land.gpkg"
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    assert "damaged" in refused(folder, LayerUnreadable)


@pytest.mark.parametrize("suffix", [".dbf", ".shx"])
def test_a_shapefile_that_lacks_a_part(folder: Folder, suffix: str) -> None:
    folder.units().source("layers.land_use", "land.shp", land_use(), 'preset = "dltb"')
    (folder.path / "land").with_suffix(suffix).unlink()
    assert f"has no {suffix} beside it: a Shapefile is .shp, .shx, .dbf and .prj" in refused(folder, LayerUnreadable)


def test_a_file_that_is_not_there(folder: Folder) -> None:
    with pytest.raises(LayerUnreadable, match=r"there is no file '.*permits\.csv'; check the path") as refusal:
        read_rows(LayerSource(path=folder.path / "permits.csv"), "registers.building_permit")
    assert "没有文件" in refusal.value.told("zh")


def test_a_folder_is_no_layer(folder: Folder) -> None:
    (folder.path / "layers").mkdir()
    folder.units().source("layers.land_use", "layers", None, 'preset = "dltb"')
    assert "is a folder; name one of its files" in refused(folder, LayerUnreadable)


def test_texts_that_are_not_what_they_were_declared_to_be(folder: Folder) -> None:
    lines = "number,lon,lat,holder\n甲一,108.4,22.7,张三\n"
    (folder.path / "spots.csv").write_bytes(lines.encode("gbk"))
    folder.units().source("ledger", "spots.csv", None, 'encoding = "UTF-8"')
    ledger = read(folder).ledger
    assert ledger is not None
    assert ledger.frame["number"].tolist() == ["甲一"]
    assert ledger.problems[0].message_en.startswith("district.toml says UTF-8, which it is not")
    folder.text = folder.text.replace('"UTF-8"', '"KLINGON"')
    assert "unknown encoding 'KLINGON'" in refused(folder, LayerUnreadable)


def test_a_row_of_a_table_with_too_many_fields_is_left_out_and_the_others_are_kept(folder: Folder) -> None:
    lines = [
        "number,lon,lat,lat",
        "1,108.4,22.7,0",
        "2,108.4,22.7,0,what,is,this",
        "",
        '3,108.4,22.7,"0',
        '0"',
        "4,108.4",
    ]
    (folder.path / "spots.csv").write_text("\n".join(lines), encoding="utf-8")
    folder.units().source("ledger", "spots.csv")
    ledger = read(folder).ledger
    assert ledger is not None
    assert ledger.frame["number"].tolist() == ["1", "3"]
    assert [(p.row, p.message_en) for p in ledger.problems] == [
        (2, "7 fields under a header of 4; left out"), (5, "no geometry; left out")
    ]  # fmt: skip
