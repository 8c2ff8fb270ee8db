"""Codes of units, who is around whom, and outlines that do not fit together."""

from typing import Any

import geopandas as gpd
import pytest
import shapely

from rs_governance.district import read_district
from rs_governance.errors import LayerUnreadable
from rs_governance.grids import RowProblem, Units, read_references

from .conftest import SIDE, SOUTH, WEST, Folder, frame, grid, unit_frames


def read(folder: Folder, frames: dict[str, gpd.GeoDataFrame] | None = None) -> Units:
    return read_references(read_district(folder.units(frames).toml())).units


def left_out(units: Units) -> list[RowProblem]:
    return [problem for problem in units.problems if not problem.kept]


def test_units_that_fit_have_full_codes_parents_and_keepers(folder: Folder) -> None:
    units = read(folder)
    assert units.problems == ()
    assert units.levels == ("district", "town", "village", "cell")
    frame = units.frame.set_index("code")
    assert frame.index.tolist()[:4] == ["450108000000", "450108100000", "450108101000", "450108100201"]
    assert frame.loc["450108101202", "parent"] == "450108101000"
    assert frame.loc["450108101202002", ["parent", "keeper"]].tolist() == ["450108101202", "李四"]
    assert frame["parent"].isna().tolist() == [True] + [False] * 14


@pytest.mark.parametrize(
    ("level", "code", "words"),
    [
        ("town", "450109100", "does not start with the district's code 450108"),
        ("town", "45010810", "expected 9 or 12 digits, zeros after the first 9"),
        ("town", "450108100001", "zeros after the first 9"),
        ("town", "450108000", "digits 7 to 9 cannot be 000"),
        ("town", None, "no code"),
        ("village", "4501081002", "expected 12 digits"),
        ("village", "450108100000", "digits 10 to 12 cannot be 000"),
        ("village", "450108999201", "there is no unit 450108999000 around it"),
        ("village", "45010810020x", "expected 12 digits"),
        ("cell", "450109100201001", "does not start with the district's code"),
        ("cell", "GRID-7", "there is no unit GRID-7"),
    ],
)
def test_a_code_that_cannot_be_is_left_out(folder: Folder, level: str, code: str | None, words: str) -> None:
    frames = unit_frames()
    frames[level].loc[0, "code"] = code
    units = read(folder, {name: frames[name] for name in ("district", "town", "village", "cell")})
    first = left_out(units)[0]
    assert (first.source, first.row, first.value) == (f"units.{level}", 1, code or "")
    assert words in first.message_en
    assert first.message_zh.endswith("已略去")
    assert (units.frame["level"] == level).sum() == len(frames[level]) - 1


def test_a_cell_may_say_where_it_belongs(folder: Folder) -> None:
    frames = unit_frames()
    frames["cell"]["parent"] = frames["cell"]["code"].str[:12]
    frames["cell"].loc[0, "code"] = "GRID-7"
    units = read(folder, frames)
    assert units.problems == ()
    assert units.frame.set_index("code").loc["GRID-7", "parent"] == "450108100201"


def test_a_parent_that_contradicts_the_code_is_told(folder: Folder) -> None:
    frames = unit_frames()
    frames["village"]["parent"] = ["450108101", *frames["village"]["code"].str[:9].iloc[1:]]
    problem = read(folder, frames).problems[0]
    assert (problem.row, problem.field, problem.value, problem.kept) == (1, "parent", "450108101000", True)


def test_a_second_unit_of_a_code_and_parts_of_one(folder: Folder) -> None:
    frames = unit_frames()
    villages = frames["village"]
    more = villages.iloc[[0, 1]].copy()
    more.loc[0, "name"] = "冒名村"
    more = more.set_geometry(more.geometry.translate(100_000))
    frames["village"] = gpd.GeoDataFrame(gpd.pd.concat([villages, more], ignore_index=True), crs=villages.crs)
    units = read(folder, frames)
    assert [(p.row, p.kept) for p in units.problems[:2]] == [(5, False), (6, True)]
    own = units.frame[units.frame["level"] == "village"].set_index("code")
    assert len(own) == 4
    assert own.geometry.area["450108100202"] == pytest.approx(2 * villages.geometry.area[1])


def test_overlaps_and_gaps_are_named_with_their_area(folder: Folder) -> None:
    boxes = grid(2, 2)
    boxes[0] = shapely.box(WEST, SOUTH, WEST + SIDE / 2 + 10, SOUTH + SIDE / 2)  # 10 m into its neighbour
    boxes[3] = shapely.box(WEST + SIDE / 2, SOUTH + SIDE / 2, WEST + SIDE - 5, SOUTH + SIDE)  # 5 m short
    names = ["甲村", "乙村", "丙村", "丁村"]
    codes = ["450108100201", "450108100202", "450108100203", "450108100204"]
    whole = [shapely.box(WEST, SOUTH, WEST + SIDE, SOUTH + SIDE)]
    units = read(
        folder,
        {
            "district": frame({"code": ["450108"], "name": ["良庆区"]}, whole),
            "town": frame({"code": ["450108100"], "name": ["良庆镇"]}, whole),
            "village": frame({"code": codes, "name": names}, boxes),
        },
    )
    messages = [problem.message_en for problem in units.problems]
    assert messages == [
        "'甲村' and '丙村' overlap by 19,999 m2, which counts for the former",
        "10,000 m2 of '良庆镇' belong to none of its parts",
    ]
    assert all(problem.kept for problem in units.problems)


def test_parts_that_reach_beyond(folder: Folder) -> None:
    frames = unit_frames()
    wider = frames["village"].geometry.copy()
    wider[0] = shapely.union(wider[0], shapely.box(WEST - 100, SOUTH, WEST, SOUTH + 100))
    frames["village"] = frames["village"].set_geometry(wider)
    messages = [problem.message_en for problem in read(folder, frames).problems]
    assert "the parts of '良庆镇' reach 10,000 m2 beyond it" in messages


def test_no_units_at_all_is_said(folder: Folder) -> None:
    units = read_references(read_district(folder.toml())).units
    assert len(units.frame) == 0
    assert units.problems[0].message_en == "no units: nothing can be counted by unit"


@pytest.mark.parametrize(("level", "title"), [("district", "outline"), ("town", "towns"), ("village", "villages")])
def test_a_level_that_was_named_and_has_no_unit_is_refused(folder: Folder, level: str, title: str) -> None:
    frames = unit_frames()
    frames[level] = frames[level].iloc[:0]
    with pytest.raises(LayerUnreadable) as caught:
        read(folder, frames)
    message = str(caught.value)
    assert f"[units.{level}] " in message
    assert "has not one usable unit (the file has no row)" in message
    assert f"leave units.{level} out of district.toml if the district has no {title}" in message


def test_the_first_bad_row_says_why_a_level_has_no_unit(folder: Folder) -> None:
    frames = unit_frames()
    frames["district"]["code"] = "450109"
    with pytest.raises(LayerUnreadable, match=r"row 1, code '450109': does not start with the district's code 450108"):
        read(folder, frames)


def test_a_district_needs_no_cells(folder: Folder) -> None:
    frames = unit_frames()
    frames["cell"] = frames["cell"].iloc[:0]
    units = read(folder, frames)
    assert [(p.source, p.message_en) for p in units.problems] == [
        ("units.cell", "the layer is empty: it has no usable row")
    ]
    assert units.levels == ("district", "town", "village")


@pytest.mark.parametrize(("level", "title"), [("town", "towns"), ("village", "villages")])
def test_a_district_without_towns_or_villages_is_told_what_it_cannot_have(
    folder: Folder, level: str, title: str
) -> None:
    frames = unit_frames()
    del frames[level]
    frames["cell"]["parent"] = [code[:12] for code in frames["cell"]["code"]]
    units = read(folder, frames)
    assert [p.message_en for p in units.problems] == [
        f"district.toml names no {title} (units.{level}): figures and task lists cannot be by {level}"
    ]
    assert level not in units.levels


@pytest.mark.parametrize(("old", "new"), [("name", "title"), ("code", "id")])
def test_a_field_that_is_missing(folder: Folder, old: str, new: str) -> None:
    frames: dict[str, Any] = unit_frames()
    frames["town"] = frames["town"].rename(columns={old: new})
    with pytest.raises(LayerUnreadable, match=f"has no field '{old}'"):
        read(folder, frames)
