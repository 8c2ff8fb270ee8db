"""Numbers that come twice in a register or in the ledger: what is one entry, what is told, what is left out."""

import pytest
import shapely

from .conftest import SOUTH, WEST, Folder, frame
from .test_reading import box, read


def test_a_number_that_repeats(folder: Folder) -> None:
    columns = {
        "number": ["A", "A", "A", "B", "B"],
        "stage": ["基础", "主体", "基础", None, None],
        "use": ["x"] * 3 + ["y", "z"],
    }
    table = frame(columns, [box(number * 200) for number in range(5)])
    folder.units().source("registers.planning_permit", "permit.gpkg", table, "as_of = 2026-10-20")
    register = read(folder).registers["planning_permit"]
    # A comes once for each stage, its first stage in two parts far from each other; the second B says something else.
    assert register.frame["number"].tolist() == ["A", "A", "B"]
    assert register.frame.geometry.area.tolist() == pytest.approx([20_000, 10_000, 10_000])
    assert [(p.row, p.value) for p in register.problems] == [(3, "A"), (5, "B")]


@pytest.mark.parametrize(("gap", "told"), [(90, False), (110, True), (2_000, True)])
def test_a_number_at_two_places_is_told_and_both_are_kept(folder: Folder, gap: float, told: bool) -> None:
    columns = {"number": ["宅1", "宅1", "宅2"], "use": ["住宅"] * 3}
    table = frame(columns, [box(0), box(100 + gap), box(3_000)])
    folder.units().source("registers.homestead", "home.gpkg", table, "as_of = 2026-10-20")
    register = read(folder).registers["homestead"]
    assert register.frame["number"].tolist() == ["宅1", "宅2"]
    assert register.frame.geometry.area.tolist() == pytest.approx([20_000, 10_000])
    assert [(p.row, p.field, p.value, p.kept) for p in register.problems] == [(2, "number", "宅1", True)] * told
    assert all(f"lies {gap:,} m away" in p.message_en and f"相距 {gap:,} 米" in p.message_zh for p in register.problems)


def test_points_of_a_ledger_that_repeat_a_number(folder: Folder) -> None:
    outlines = [shapely.Point(WEST + x, SOUTH + 500) for x in (100, 100, 900)]
    columns = {"number": ["甲", "甲", "甲"], "status": ["处置中"] * 3}
    folder.units().source("ledger", "spots.gpkg", frame(columns, outlines))
    ledger = read(folder).ledger
    assert ledger is not None
    assert shapely.get_coordinates(ledger.frame.geometry.iloc[0])[:, 0].tolist() == [WEST + 100, WEST + 900]
    assert [(p.row, p.kept) for p in ledger.problems] == [(3, True)]
    assert "800 m away" in ledger.problems[0].message_en
