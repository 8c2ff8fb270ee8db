"""Words and codes that are none: error rows with a hint, and what may be given back."""

import shapely

from rs_governance.district import read_district
from rs_governance.grids import References, read_references
from rs_governance.grids.presets import register_stages
from rs_governance.rules import STAGES

from .conftest import SOUTH, WEST, Folder, frame


def read(folder: Folder) -> References:
    return read_references(read_district(folder.toml()))


def box(east: float) -> shapely.Polygon:
    return shapely.box(WEST + 100 + east, SOUTH + 100, WEST + 200 + east, SOUTH + 200)


def test_a_stage_that_is_none_is_an_error_row(folder: Folder) -> None:
    stages = ["foo", "主体结构", "Foundation", None]
    table = frame({"number": ["A1", "A2", "A3", "A4"], "stage": stages}, [box(300.0 * number) for number in range(4)])
    folder.units().source("registers.building_permit", "permit.gpkg", table, "as_of = 2026-10-20")
    register = read(folder).registers["building_permit"]
    assert register.frame["number"].tolist() == ["A2", "A3", "A4"]
    assert register.frame["stage"].fillna("-").tolist() == ["main_structure", "foundation", "-"]
    assert [(p.row, p.field, p.value, p.kept) for p in register.problems] == [(1, "stage", "foo", False)]
    assert "推填土" in register.problems[0].message_zh


def test_every_stage_of_the_rules_has_its_words() -> None:
    words = register_stages()
    assert set(words.values()) == set(STAGES)
    for stage, word in STAGES.items():
        assert words[stage] == words[word.zh] == words[word.en] == stage


def test_codes_kept_as_numbers_get_their_leading_zero_back(folder: Folder) -> None:
    table = frame({"DLBM": [101, 301, 1202, 101]}, [box(200.0 * number) for number in range(4)])
    folder.units().source("layers.land_use", "land.gpkg", table, 'preset = "dltb"\nas_of = 2025-12-31')
    layer = read(folder).layers["land_use"]
    assert layer.frame["code"].tolist() == ["0101", "0301", "1202", "0101"]
    assert [(p.row, p.field, p.value, p.kept) for p in layer.problems] == [("file", "DLBM", "101", True)]
    assert "已补回 3 行（如 101 → 0101）" in layer.problems[0].message_zh


def test_a_zero_is_given_back_only_where_the_whole_column_lost_it(folder: Folder) -> None:
    table = frame({"DLBM": [101, 9999, 1202]}, [box(200.0 * number) for number in range(3)])
    folder.units().source("layers.land_use", "land.gpkg", table, 'preset = "dltb"\nas_of = 2025-12-31')
    layer = read(folder).layers["land_use"]
    assert layer.frame["code"].tolist() == ["1202"]
    assert [(p.value, p.kept, "0101" in p.message_en) for p in layer.problems] == [
        ("101", False, True),
        ("9999", False, False),
    ]
