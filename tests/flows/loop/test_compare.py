"""Did we see it first? Lists from above against what was published."""

import json
from datetime import date

import openpyxl
import pytest
import shapely

from rs_governance.errors import UsageError
from rs_governance.flows.compare import compare_list, write_comparison


@pytest.fixture
def listed(loop, places, tmp_path):
    """Two issues, and a function that compares a list of outlines with them."""
    loop.take(
        "2026-07",
        loop.spot("2026-07", 1, places(0, 0)),
        loop.spot("2026-07", 2, places(100, 0), severity="green", suspicion="lawful", rule="exempt_lawful"),
        loop.spot("2026-07", 3, places(200, 0, 10), severity="green", suspicion="none", rule="exempt_small"),
        loop.spot("2026-07", 4, places(300, 0), severity="green", suspicion="none", rule="exempt_crop_rotation"),
        unseen=places(390, -10, 60),
    )
    loop.take("2026-08", loop.spot("2026-08", 1, places(0, 0)), unseen=places(390, -10, 60))

    def compare(rows, **more):
        features = [
            {"type": "Feature", "properties": {"TBBH": number, "下发日期": day},
             "geometry": shapely.geometry.mapping(outline)}
            for number, day, outline in rows
        ]  # fmt: skip
        crs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::4545"}}
        path = tmp_path / "city.geojson"
        path.write_text(json.dumps({"type": "FeatureCollection", "crs": crs, "features": features}), "utf-8")
        return compare_list(loop.store.folder, path, **more)

    return compare


def test_every_spot_is_hit_late_known_or_missed_for_a_reason(listed, places):
    day = "2026-09-01"
    found = listed([
        ("hit", day, places(5, 5)),
        ("late", "2026-07-01", places(5, 5)),
        ("lawful", day, places(100, 0)),
        ("small", day, places(200, 0, 12)),
        ("crops", day, places(300, 0)),
        ("cloud", day, places(400, 0)),
        ("tiny", day, places(500, 0, 9)),
        ("nothing", day, places(600, 0)),
        ("partly", day, places(25, 25, 60)),
        ("beside", day, places(-30, 0, 30)),
        ("before", "2025-01-01", places(600, 0)),
        ("point", day, places(0, 0).centroid),
    ])
    told = {one.number: (one.status, one.cause, one.days_ahead) for one in found.rows}
    assert told == {
        "hit": ("hit", None, 49),
        "late": ("late", None, -13),
        "lawful": ("missed", "lawful", 49),
        "small": ("missed", "below_size", 49),
        "crops": ("missed", "judged_green", 49),
        "cloud": ("missed", "unseen", None),
        "tiny": ("missed", "below_size", None),
        "nothing": ("missed", "not_detected", None),
        "partly": ("missed", "partly", 49),
        "beside": ("missed", "partly", 49),
        "before": ("missed", "no_issue", None),
        "point": ("hit", None, 49),
    }
    by_number = {one.number: one for one in found.rows}
    assert by_number["hit"].published_ahead == 43
    assert by_number["hit"].case_number == "450108-202607-0001"
    assert by_number["crops"].rule == "exempt_crop_rotation"
    assert by_number["cloud"].issue == "2026-07, 2026-08"
    assert found.counts["status"] == {"hit": 2, "late": 1, "known": 0, "missed": 9}
    assert by_number["partly"].spot_no == "450108-202607-0001"
    assert found.counts["median_days_ahead"] == 49


def test_what_a_report_told_first_is_known_from_elsewhere(listed, loop, places, tmp_path, people, moment, to_degrees):
    from rs_governance.flows.clues import take_clues

    lon, lat = to_degrees(places(700, 0).centroid)
    (tmp_path / "h.csv").write_text(f"编号,受理日期,lon,lat\nH1,2026-08-10,{lon},{lat}\n", "utf-8")
    take_clues(
        loop.store.folder, tmp_path / "h.csv", channel="patrol", now=moment("2026-08-11"), actor=people["manager"]
    )
    found = listed([("x", "2026-09-01", places(700, 0))])
    assert [(one.status, one.case_number, one.days_ahead) for one in found.rows] == [
        ("known", "450108-202608-P0001", 22)
    ]


def test_a_list_without_days_takes_the_one_that_is_given(listed, places):
    rows = [("x", None, places(0, 0))]
    with pytest.raises(UsageError, match="--date"):
        listed(rows)
    assert listed(rows, dated=date(2026, 9, 1)).rows[0].status == "hit"


def test_the_comparison_is_written_as_a_workbook(listed, places, tmp_path):
    found = listed([("=cmd()", "2026-09-01", places(0, 0)), ("T2", "2026-09-01", places(600, 0))])
    assert [error.row for error in found.errors] == [1]
    write_comparison(found.rows, tmp_path / "a.xlsx")
    write_comparison(found.rows, tmp_path / "b.xlsx")
    assert (tmp_path / "a.xlsx").read_bytes() == (tmp_path / "b.xlsx").read_bytes()
    cells = [
        cell for row in openpyxl.load_workbook(tmp_path / "a.xlsx").active.iter_rows(values_only=True) for cell in row
    ]
    assert {"T2", "漏检", "已观测，变化得分或面积未达检测下限"} <= set(cells)
