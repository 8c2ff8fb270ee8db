"""Clues: rows of many kinds in, each counted once, each bad one told of by itself."""

import csv
import json
from datetime import date

import openpyxl
import pytest
import shapely
import sqlalchemy as sa
import xlsxwriter

from rs_governance.cases.months.clues import DEFAULT_CLUES, CaseFinder, kind_of, read_clue_settings
from rs_governance.cases.months.matching import Known
from rs_governance.db import Case, Clue, Event, Intake
from rs_governance.district import LayerSource
from rs_governance.errors import ConfigInvalid, LayerUnreadable, UsageError
from rs_governance.flows.clues import list_clues, show_clue, take_clues
from rs_governance.grids import wgs84_to_gcj02
from rs_governance.grids.sources import read_rows

HEADER = ["工单编号", "受理日期", "诉求内容", "来电人", "联系电话", "经度", "纬度"]


@pytest.fixture
def bring(loop, tmp_path, people, moment, places):
    """Return a function that writes a table and takes it in; a spot lies at the beginning of the ground."""
    loop.take("2026-07", loop.spot("2026-07", 1, places(0, 0)))

    def take(rows, *, header=HEADER, encoding="utf-8", name="clues.csv", channel="hotline", on="2026-10-12", **more):
        path = tmp_path / name
        with path.open("w", encoding=encoding, newline="") as file:
            csv.writer(file).writerows([header, *rows])
        return take_clues(loop.store.folder, path, channel=channel, now=moment(on), actor=people["manager"], **more)

    return take


@pytest.fixture
def lonlat(places, to_degrees):
    """Return a function from a corner in metres to longitude and latitude as texts."""

    def degrees(x, y):
        lon, lat = to_degrees(shapely.Point(places(x, y).bounds[:2]))
        return [str(lon), str(lat)]

    return degrees


def row(number, where, content="有人建房", day="2026-10-08"):
    return [number, day, content, "周某", "13800000000", *where]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_report_on_the_ground_of_a_case_is_a_clue_for_it_and_any_other_opens_one(bring, loop, lonlat, encoding):
    taken = bring([row("A1", lonlat(10, 10)), row("A2", lonlat(600, 0))], encoding=encoding)
    assert [(one.outcome, one.case_number) for one in taken.rows] == [
        ("matched", "450108-202607-0001"),
        ("opened", "450108-202610-H0001"),
    ]
    case = loop.case("450108-202610-H0001")
    assert (case["channel"], case["state"], case["area_m2"]) == ("hotline", "detected", 0)
    with loop.store.read() as session:
        clue = show_clue(session, "hotline", "A2")
    assert (clue["content"], clue["reporter"], clue["answer_by"]) == ("有人建房", "周某", "2026-10-15")


def test_the_event_of_a_case_names_the_clue_but_nobody(bring, loop, lonlat):
    bring([row("A1", lonlat(10, 10))])
    event = loop.events("450108-202607-0001")[-1]
    assert event.facts == {"clue": {"channel": "hotline", "number": "A1", "reported_on": "2026-10-08"}}
    assert "周某" not in json.dumps([event.note, event.facts, event.changes], ensure_ascii=False)


def counts(session) -> list[int]:
    """Count cases, clues and the events of cases; that a file was read again is on record besides."""
    events = sa.select(Event.id).where(Event.case_number != "")
    return [session.scalar(sa.select(sa.func.count()).select_from(each)) for each in (Case, Clue, events.subquery())]


def test_reading_twice_counts_once_and_other_contents_are_told(bring, loop, lonlat):
    bring([row("A1", lonlat(600, 0))])
    with loop.store.read() as session:
        before = counts(session)
    again = bring([row("A1", lonlat(600, 0))], on="2026-10-13")
    other = bring([row("A1", lonlat(600, 0), "已经封顶")], name="other.csv")
    assert [one.outcome for one in (*again.rows, *other.rows)] == ["known", "differs"]
    with loop.store.read() as session:
        after = counts(session)
        assert show_clue(session, "hotline", "A1")["content"] == "有人建房"
        assert (
            session.scalar(sa.select(sa.func.count()).select_from(Intake).where(Intake.purpose == "clues:hotline")) == 2
        )
    assert before == after


def test_many_reports_of_one_place_open_one_case(bring, lonlat):
    taken = bring([row("A1", lonlat(600, 0)), row("A2", lonlat(620, 10)), row("A3", lonlat(700, 0))])
    assert [one.case_number[-5:] for one in taken.rows] == ["H0001", "H0001", "H0002"]


def test_a_case_that_no_spot_numbered_has_the_district_the_month_and_a_serial_of_its_channel(bring, loop, lonlat):
    """So that it never takes the number of a spot; that of the report stays with the clue and in the record."""
    first = bring([row("450108-202610-0001", lonlat(600, 0)), row("A2", lonlat(800, 0))])
    bring([row("A2", lonlat(1000, 0))], channel="patrol", name="patrol.csv")
    later = bring([row("A2", lonlat(800, 0)), row("A3", lonlat(1200, 0))], name="b.csv", on="2026-10-13")
    next_month = bring([row("A4", lonlat(1400, 0))], name="c.csv", on="2026-11-01")
    numbers = [one.case_number for taken in (first, later, next_month) for one in taken.rows]
    serials = ("202610-H0001", "202610-H0002", "202610-H0002", "202610-H0003", "202611-H0001")
    assert numbers == [f"450108-{serial}" for serial in serials]
    assert loop.case("450108-202610-P0001")["channel"] == "patrol"
    (event,) = loop.events(numbers[1])
    assert event.facts["clue"] == {"channel": "hotline", "number": "A2"}


def test_geojson_in_gb18030_with_a_list_and_open_rings_is_read(
    loop, lonlat, tmp_path, people, moment, to_degrees, places
):
    def feature(number, place, **more):
        return {"type": "Feature", "id": 1, "properties": {"编号": number, "受理日期": "2026-10-08", "内容": "已动工", **more},
                "geometry": place}  # fmt: skip

    def corners(x):
        return [to_degrees(shapely.Point(one)) for one in places(x, 0).exterior.coords]

    features = [
        feature("D1", {"type": "Polygon", "coordinates": [corners(600)[:-1]]}),
        feature(["D2"], {"type": "Polygon", "coordinates": [corners(800)]}),
        feature(3, {"type": "Polygon", "coordinates": [corners(1000)]}, 备注=["甲", "乙"]),
        feature("D4", {"type": "Point", "coordinates": []}),
    ]
    path = tmp_path / "down_gbk.geojson"
    text = json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False)
    path.write_bytes(text.encode("gb18030"))
    given = {"channel": "handed_down", "now": moment("2026-10-12"), "actor": people["manager"]}
    loop.take("2026-07", loop.spot("2026-07", 1, places(0, 0)))
    taken = take_clues(loop.store.folder, path, **given)
    assert [(one.number, one.outcome) for one in taken.rows] == [("D2", "opened"), ("3", "opened")]
    assert [(error.row, error.field) for error in taken.errors] == [(1, "geometry"), (4, "geometry")]
    with loop.store.read() as session:
        clue = show_clue(session, "handed_down", "3")
    assert (clue["content"], clue["fields"]["备注"]) == ("已动工", "甲、乙")
    assert (clue["lon"], clue["lat"]) == pytest.approx(to_degrees(places(1000, 0).centroid), abs=1e-6)
    path.write_bytes(text.encode("gb18030").replace("已".encode("gb18030"), b"\xff\xff"))
    with pytest.raises(LayerUnreadable, match="cannot read"):
        take_clues(loop.store.folder, path, **given)


def test_bad_rows_are_told_of_one_by_one_and_the_good_ones_taken(bring, loop, lonlat):
    lon, lat = lonlat(600, 0)
    rows = [
        row("A1", (lat, lon)),
        row("A2", ("113.3", "23.1")),
        row("A3", (lon, lat), day="昨天"),
        row("A4", (lon, lat), content='=HYPERLINK("http://x","y")'),
        row("A5", (lon, lat), content="@SUM(1)"),
        row("", (lon, lat)),
        row("A7", ("", "")),
        row("A8", ("36541600", "2511000")),
        row("A9", (lon, lat), content="-- 邻居反映，+86 电话"),
    ]
    taken = bring(rows)
    assert [one.number for one in taken.rows] == ["A9"]
    said = {error.row: (error.field, error.message_en) for error in taken.errors}
    # As a spreadsheet numbers them: the header is row 1.
    assert "exchanged" in said[2][1]
    assert "outside the district" in said[3][1]
    assert said[4] == ("受理日期", "not a day; write it as 2026-10-08")
    assert said[5] == said[6] == ("诉求内容", "the cell begins a formula; write it as text")
    assert said[7][0] == "工单编号"
    assert "no place" in said[8][1]
    assert "zone" in said[9][1]
    with loop.store.read() as session:
        intake = session.scalars(sa.select(Intake).where(Intake.purpose == "clues:hotline")).one()
    assert (intake.taken, intake.refused) == (1, 8)
    assert [error["row"] for error in intake.result["errors"]] == list(range(2, 10))


def test_a_day_to_come_is_refused_and_that_of_today_taken(bring, lonlat):
    taken = bring([row("A1", lonlat(600, 0), day="2027-10-08"), row("A2", lonlat(600, 0), day="2026-10-12")])
    assert [(one.row, one.number) for one in taken.rows] == [(3, "A2")]
    assert [(error.row, error.field, error.value) for error in taken.errors] == [(2, "reported_on", "2027-10-08")]
    assert "2026-10-12" in taken.errors[0].message_en


def test_rows_are_numbered_as_in_a_spreadsheet_and_too_long_ones_are_told(bring, lonlat):
    taken = bring([row("A1", lonlat(600, 0)), [], [*row("A2", lonlat(700, 0)), "", "多"], row("A3", ("", ""))])
    assert [one.row for one in taken.rows] == [2]
    assert [error.row for error in taken.errors] == [4, 5]


def test_formulas_of_a_workbook_are_refused_by_the_name_of_their_column(loop, lonlat, tmp_path, people, moment):
    lon, lat = map(float, lonlat(600, 0))
    book = openpyxl.Workbook()
    book.active.append([*HEADER, "备注"])
    book.active.append(["A1", "2026-10-08", "有人建房", "=1+1", "1", lon, lat, ""])
    book.active.append(["A2", "2026-10-08", '=HYPERLINK("http://x","y")', "周", "1", lon, lat, ""])
    book.active.append(["A3", "2026-10-08", "有人建房", "周", "1", lon, "=A1", ""])
    book.active.append(["A4", "2026-10-08", "有人建房", "周", "1", lon, lat, "=1+1"])
    book.active.append(["A5", "2026-10-08", "有人建房", "周", "1", lon, lat, "好"])
    book.save(tmp_path / "clues.xlsx")
    given = {"channel": "hotline", "now": moment("2026-10-12"), "actor": people["manager"]}
    taken = take_clues(loop.store.folder, tmp_path / "clues.xlsx", **given)
    assert [one.number for one in taken.rows] == ["A5"]
    assert [(error.row, error.field) for error in taken.errors] == [
        (2, "来电人"),
        (3, "诉求内容"),
        (4, "纬度"),
        (5, "备注"),
    ]
    assert taken.errors[0].value == "=1+1"
    read = read_rows(LayerSource(path=tmp_path / "clues.xlsx"), "registers.homestead")
    assert {(one.row, one.field, one.kept) for one in read.problems} == {
        (1, "来电人", True),
        (2, "诉求内容", True),
        (3, "纬度", True),
        (4, "备注", True),
    }
    assert {error.message_en for error in taken.errors} == {
        "the cell holds a formula without a result; write its value"
    }


def test_of_formulas_of_a_workbook_the_saved_results_are_taken(loop, lonlat, tmp_path, people, moment):
    lon, lat = map(float, lonlat(600, 0))
    book = xlsxwriter.Workbook(tmp_path / "clues.xlsx")
    sheet = book.add_worksheet()
    sheet.write_row(0, 0, HEADER)
    for row, caller in enumerate(("周明", "#REF!"), 1):
        sheet.write_row(row, 0, [f"A{row}", "2026-10-08", "有人建房", "", "1", lon, lat])
        sheet.write_formula(row, 2, '="有人"&"建房"', None, "有人建房")
        sheet.write_formula(row, 3, '="周"&"明"', None, caller)
        sheet.write_formula(row, 6, "=A1", None, lat)
    book.close()
    taken = take_clues(
        loop.store.folder, tmp_path / "clues.xlsx", channel="hotline", now=moment("2026-10-12"), actor=people["manager"]
    )
    assert [one.number for one in taken.rows] == ["A1"]
    with loop.store.read() as session:
        assert session.scalars(sa.select(Clue)).one().content == "有人建房"
    assert [(error.row, error.field) for error in taken.errors] == [(3, "来电人")]


def test_coordinates_of_a_phone_map_are_converted(bring, loop, lonlat):
    lon, lat = map(float, lonlat(10, 10))
    shifted = [f"{float(value):.8f}" for value in wgs84_to_gcj02(lon, lat)]
    assert bring([row("A1", shifted)], crs="GCJ-02").rows[0].outcome == "matched"
    assert bring([row("A2", shifted)], name="raw.csv").rows[0].outcome == "opened", "half a kilometre away"


def test_excel_and_geojson_are_read_too(bring, loop, lonlat, tmp_path, people, moment):
    book = openpyxl.Workbook()
    book.active.append(HEADER)
    book.active.append([*row("A1", ())[:5], *map(float, lonlat(600, 0))])
    book.save(tmp_path / "clues.xlsx")
    point = {"type": "Point", "coordinates": list(map(float, lonlat(800, 0)))}
    feature = {"type": "Feature", "properties": {"id": "P1", "巡查日期": "2026-10-09"}, "geometry": point}
    (tmp_path / "p.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    given = {"now": moment("2026-10-12"), "actor": people["manager"]}
    taken = take_clues(loop.store.folder, tmp_path / "clues.xlsx", channel="hotline", **given)
    patrol = take_clues(loop.store.folder, tmp_path / "p.geojson", channel="patrol", **given)
    assert [one.case_number[-5:] for one in (*taken.rows, *patrol.rows)] == ["H0001", "P0001"]
    with loop.store.read() as session:
        listed = list_clues(session)
    assert [(one["number"], one["answer_by"]) for one in listed] == [("P1", "2026-10-14"), ("A1", "2026-10-15")]


def test_columns_that_are_missing_are_named_and_can_be_mapped(bring, lonlat):
    header = ["工单流水", "受理日期", "经度", "纬度"]
    rows = [["A1", "2026-10-08", *lonlat(600, 0)]]
    with pytest.raises(LayerUnreadable, match="no column number"):
        bring(rows, header=header)
    assert bring(rows, header=header, mapped={"number": "工单流水"}).rows[0].outcome == "opened"


def test_channels_are_known(bring, lonlat):
    with pytest.raises(UsageError, match="satellite"):
        bring([row("A1", lonlat(0, 0))], channel="satellite")


def test_a_ledger_begins_where_its_status_says_and_brings_nothing_up_again(loop, places, tmp_path, people, moment):
    def feature(number, outline, status, day):
        return {"type": "Feature", "properties": {"number": number, "状态": status, "found_on": day, "kind": "推填土"},
                "geometry": shapely.geometry.mapping(outline)}  # fmt: skip

    features = [
        feature("L1", places(0, 0), "处置中", "2026-05-02"),
        feature("L2", places(100, 0), "已拆除", "2026-05-03"),
        feature("L3", places(200, 0), "看过", "2026-05-04"),
    ]
    crs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::4545"}}
    path = tmp_path / "ledger.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "crs": crs, "features": features}), encoding="utf-8")
    given = {"channel": "ledger", "actor": people["manager"]}
    take_clues(loop.store.folder, path, now=moment("2026-07-01"), **given)
    first, second, third = (f"450108-202607-L000{n}" for n in (1, 2, 3))
    states = [(loop.case(n)["state"], loop.case(n)["verdict"]) for n in (first, second, third)]
    assert states == [("disposing", "illegal"), ("closed", "illegal"), ("screened", "suspected")]
    assert loop.case(first)["kind"] == "earthwork"
    assert loop.case(first)["area_m2"] == pytest.approx(900, rel=0.01)
    spots = [loop.spot("2026-07", n, places(100 * (n - 1), 0)) for n in (1, 2, 3)]
    taken = loop.take("2026-07", *spots)
    assert taken.opened == ()
    assert taken.reopened == (second,)
    assert taken.rechecked == {first: "going_on"}


def test_settings_of_a_store_take_the_place_of_the_usual_ones(bring, loop, lonlat):
    own = DEFAULT_CLUES.read_text("utf-8").replace("days = 5\n", "days = 1\n")
    (loop.store.folder / "clues.toml").write_text(own, "utf-8")
    bring([row("A1", lonlat(600, 0))])
    with loop.store.read() as session:
        assert list_clues(session)[0]["answer_by"] == "2026-10-09"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('unit = "working"', 'unit = "weeks"'),
        ("[answer.hotline]", "[answer.satellite]"),
        ('resolution = "demolished"', 'resolution = "gone"'),
        ("near_m = 50.0", "near = 50.0"),
    ],
)
def test_settings_that_cannot_be_are_refused(tmp_path, old, new):
    path = tmp_path / "clues.toml"
    path.write_text(DEFAULT_CLUES.read_text("utf-8").replace(old, new), "utf-8")
    with pytest.raises(ConfigInvalid, match=r"clues\.toml"):
        read_clue_settings(path)


def test_words_of_kinds():
    assert [kind_of(word) for word in ("推填土", "road or linear work", "x")] == ["earthwork", "road", "other"]


def test_the_finder_puts_open_cases_first_and_follows_mergers(places):
    day = date(2026, 9, 1)
    cases = [
        Known(number="C1", outline=places(0, 0), kind="other", last_seen_on=day, closed_on=day, verdict="illegal", resolution="demolished"),
        Known(number="C2", outline=places(45, 0), kind="other", last_seen_on=day),
        Known(number="C3", outline=places(0, 40), kind="other", last_seen_on=day, closed_on=day, resolution="merged", merged_into="C2"),
    ]  # fmt: skip
    finder = CaseFinder(cases, near_m=50.0)
    found = finder.find(places(10, 10).representative_point())
    assert [case.number for case in found] == ["C2", "C1"]
    assert finder.find(places(500, 500)) == []
