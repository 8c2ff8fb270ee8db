"""`rsg grids check`: what is read and what is wrong, for people and for programs."""

import json

import pytest
import shapely
import typer

from rs_governance.cli import grids
from rs_governance.cli.language import Language, speak
from rs_governance.errors import CrsRefused

from .conftest import SOUTH, WEST, Folder, frame, land_use

app = typer.Typer()
app.add_typer(grids.app, name="grids")


def check(folder: Folder, *more: str) -> None:
    app(["grids", "check", str(folder.toml()), *more], standalone_mode=False)


def test_a_table_of_sources_and_of_problems(folder: Folder, capsys: pytest.CaptureFixture[str]) -> None:
    table = land_use()
    table.loc[[2, 5], "DLBM"] = "9999"
    check(folder.units().source("layers.land_use", "land.gpkg", table, 'preset = "dltb"'))
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "良庆区 450108 EPSG:4545"
    row = next(line.split() for line in lines if line.startswith("layers.land_use"))
    assert row == [
        "layers.land_use",
        "土地利用现状（地类图斑）",
        "142",
        "2",
        "1",
        "-",
        "GB/T",
        "21010-2017",
        "EPSG:4545",
    ]
    assert "问题 3 处" in lines
    assert sum("略去" in line for line in lines) == 3, "the head and two rows"


def test_the_screen_speaks_one_language(folder: Folder, capsys: pytest.CaptureFixture[str]) -> None:
    table = land_use()
    table.loc[[2, 5], "DLBM"] = "9999"
    check(folder.units().source("layers.land_use", "land.gpkg", table, 'preset = "dltb"'), "--lang", "en")
    said = capsys.readouterr().out
    assert "3 problems" in said.splitlines()
    assert said.count("no code of GB/T 21010-2017; left out") == 2
    assert {letter for letter in said if "\u2e80" < letter < "\uffa0"} <= set("良庆区"), (
        "a district without English name"
    )
    speak(Language.zh)


def test_the_same_for_programs(folder: Folder, capsys: pytest.CaptureFixture[str]) -> None:
    check(folder.units().source("layers.land_use", "land.gpkg", land_use(), 'preset = "dltb"'), "--json")
    content = json.loads(capsys.readouterr().out)
    assert [source["features"] for source in content["sources"]] == [1, 2, 4, 8, 144]
    assert content["problems"][0]["source"] == "layers.land_use"
    assert (content["district"], content["crs"]) == ("450108", "EPSG:4545")


def test_a_register_that_is_too_old_for_the_newest_image_is_told(
    folder: Folder, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder.path / "image.tif").write_bytes(b"no image, but named")
    folder.text += '[[scene]]\nid = "20261014"\npath = "image.tif"\nacquired_on = 2026-10-14\n'
    lot = shapely.box(WEST + 10, SOUTH + 10, WEST + 60, SOUTH + 60)
    for name, as_of in (("building_permit", "2026-08-14"), ("land_supply", "2026-08-16")):  # 61 and 59 days
        folder.source(f"registers.{name}", f"{name}.gpkg", frame({"number": ["A1"]}, [lot]), f"as_of = {as_of}")
    folder.units()
    check(folder)
    told = next(line for line in capsys.readouterr().out.splitlines() if line.startswith("名册过期"))
    assert "施工许可 2026-08-14" in told
    assert "供地" not in told
    assert "超过 60 天" in told
    check(folder, "--json")
    content = json.loads(capsys.readouterr().out)
    assert [one["name"] for one in content["outdated"]["registers"]] == ["building_permit"]


def test_a_district_without_sources_and_one_with_an_unusable_one(
    folder: Folder, capsys: pytest.CaptureFixture[str]
) -> None:
    check(folder)
    assert "没有参考数据" in capsys.readouterr().out
    folder.units().source("layers.land_use", "land.shp", land_use(), 'preset = "dltb"')
    (folder.path / "land.prj").unlink()
    with pytest.raises(CrsRefused) as caught:
        check(folder)
    assert caught.value.exit_code == 3
