"""The list of spots, read again by another library."""

import datetime

import openpyxl
import pytest

from rs_governance.publish.formats.list_excel import READ_FIRST, in_reading_order, write_list_xlsx
from rs_governance.rules import SPOTS
from rs_governance.rules.sites import SITES

HEAD = 4


@pytest.fixture(scope="module")
def spots(make_month):
    spots = make_month(20).spots.copy()
    spots["permit_register"] = "building_permit"
    spots.loc[spots.index[0], ["permit_register", "after_on"]] = [None, None]
    return spots


@pytest.fixture(scope="module")
def book(spots, tmp_path_factory):
    path = tmp_path_factory.mktemp("list") / "findings.xlsx"
    for _ in range(2):
        former = path.read_bytes() if path.exists() else None
        write_list_xlsx(spots, path, table=SPOTS, title="清单", made_on=datetime.date(2026, 10, 9), tint="severity")
    assert path.read_bytes() == former, "the same bytes again"
    return openpyxl.load_workbook(path)


@pytest.fixture(scope="module")
def columns(book):
    rows = list(book.active.iter_rows(min_row=HEAD))
    return {head.value: [row[at] for row in rows[1:]] for at, head in enumerate(rows[0])}


def test_a_person_finds_first_what_matters(columns):
    heads = list(columns)
    assert heads[:8] == ["图斑号", "等级", "变化类型", "专题", "乡镇", "村", "面积（亩）", "面积（平方米）"]
    assert heads.index("理由") < heads.index("占耕地（平方米）") < heads.index("经度") < heads.index("前植被指数")
    assert len(heads) == len(SPOTS.columns)
    for table in (SPOTS, SITES):
        assert sorted(each.name for each in in_reading_order(table)) == sorted(each.name for each in table.columns)


def test_codes_are_words_days_are_days_and_what_is_missing_is_a_dash(spots, columns):
    assert {cell.value for cell in columns["等级"]} == {"红", "黄", "绿"}
    first = [cell.value for cell in columns["图斑号"]].index(spots["spot_no"].iloc[0])
    registers = [cell.value for cell in columns["手续类别"]]
    assert (registers[first], registers.count("施工许可")) == ("—", len(spots) - 1)
    assert columns["后时相日期"][first].value == "—"
    day = columns["后时相日期"][0]
    assert (day.is_date, day.value.date()) == (True, datetime.date(2026, 10, 9))
    assert day.number_format == "yyyy-mm-dd"


def test_the_most_urgent_come_first(spots, columns):
    told = [cell.value for cell in columns["等级"]]
    assert told == sorted(told, key=["红", "黄", "绿"].index)
    numbers = [cell.value for cell in columns["图斑号"]]
    assert set(numbers) == set(spots["spot_no"])
    for severity, word in (("red", "红"), ("green", "绿")):
        own = [number for number, each in zip(numbers, told, strict=True) if each == word]
        assert own == spots["spot_no"][spots["severity"] == severity].tolist()


def test_numbers_are_written_as_people_read_them(spots, columns):
    formats = {head: columns[head][-1].number_format for head in columns}
    assert formats["面积（亩）"] == "#,##0.00"
    assert formats["经度"] == "0.000000"
    assert formats["手续覆盖比例"] == "0.0%"
    assert formats["前植被指数"] == formats["变化得分"] == "0.000", "an index is no share"
    row = [cell.value for cell in columns["图斑号"]].index(spots["spot_no"].iloc[3])
    assert columns["面积（平方米）"][row].value == pytest.approx(spots["area_m2"].iloc[3], abs=0.006)


def test_the_sheet_can_be_scrolled_filtered_and_printed(spots, book, columns):
    sheet = book.active
    assert sheet.freeze_panes == f"C{HEAD + 1}", "number and severity stay in sight"
    assert sheet.auto_filter.ref.startswith(f"A{HEAD}:")
    printed = sum(each.name in READ_FIRST for each in SPOTS.columns)
    assert sheet.print_area.endswith(f"${openpyxl.utils.get_column_letter(printed)}${HEAD + len(spots)}")
    reason = columns["理由"][0]
    assert reason.alignment.wrap_text
    widths = {letter: each.width for letter, each in sheet.column_dimensions.items()}
    assert max(widths.values()) <= 50
    assert sheet.row_dimensions[HEAD + 1].height > 30, "a long reason has its lines"
