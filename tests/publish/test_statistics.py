"""Figures of an issue, counted again by other means, in three formats."""

import csv
import dataclasses
import json
import zipfile
from datetime import date

import jsonschema
import openpyxl
import pandas as pd
import pytest

from rs_governance.errors import OutputFailed, SchemaViolation
from rs_governance.publish.month.statistics import (
    GROUPINGS,
    UNIT_FIGURES,
    read_figures,
    statistics_schema,
    sum_urgent,
    summarise,
    write_statistics_csv,
    write_statistics_json,
)
from rs_governance.publish.month.statistics_excel import write_statistics_xlsx


@pytest.fixture(scope="module")
def month(make_month):
    return make_month(300)


@pytest.fixture(scope="module")
def figures(month):
    return summarise(month)


def test_another_validator_accepts_it(figures) -> None:
    jsonschema.Draft7Validator(statistics_schema()).validate(figures)


@pytest.mark.parametrize("name", GROUPINGS)
def test_groups_are_counted_and_add_up(month, figures, name) -> None:
    spots, groups = month.spots, figures["by"][name]
    for group in groups:
        chosen = spots[spots[name] == group["code"]]
        assert group["count"] == len(chosen)
        assert group["area_m2"] == pytest.approx(chosen["area_m2"].sum(), abs=1e-6)
        assert group["area_mu"] == pytest.approx(chosen["area_m2"].sum() * 3 / 2000, abs=0.006)
        assert group["red"] + group["yellow"] + group["green"] == len(chosen)
        published = chosen["cropland_m2"].round(2)
        assert group["cropland_m2"] == pytest.approx(published.sum(), abs=1e-6), "as anybody adds up the findings"
    assert sum(group["count"] for group in groups) == figures["total"]["count"] == 300
    assert sum(group["area_m2"] for group in groups) == pytest.approx(spots["area_m2"].sum(), abs=0.1)


def test_severity_by_theme(month, figures) -> None:
    table = pd.crosstab(month.spots["theme"], month.spots["severity"])
    for cell in figures["severity_by_theme"]:
        assert cell["count"] == table.loc[cell["theme"], cell["severity"]]
    assert sum(cell["count"] for cell in figures["severity_by_theme"]) == 300


@pytest.mark.parametrize("level", ["district", "town", "village", "cell"])
def test_units_add_up_by_parts_and_never_by_whole_spots(month, figures, level) -> None:
    units = [unit for unit in figures["units"] if unit["level"] == level]
    whole = month.spots["area_m2"].sum()
    assert sum(unit["area_m2"] for unit in units) == pytest.approx(whole, abs=0.01 * len(units))
    assert sum(unit["count"] for unit in units) == 300, "each spot has one unit that it mainly lies in"
    assert {unit["code"] for unit in units} - {""} == set(month.units["code"][month.units["level"] == level])
    parts = month.in_units[month.in_units["level"] == level]
    assert sum(unit["touching"] for unit in units) == len(parts)
    if level != "district":
        mains = month.spots[f"{level}_code"].value_counts()
        assert {unit["code"]: unit["count"] for unit in units if unit["count"]} == mains.to_dict()
    for unit in units[:5]:
        inside = parts[parts["code"] == unit["code"]]
        assert unit["area_m2"] == pytest.approx(inside["area_in_unit_m2"].sum(), abs=0.006)
        assert unit["red"] + unit["yellow"] + unit["green"] == unit["count"]


def test_what_could_be_seen_is_with_the_figures(figures) -> None:
    assert figures["observed_share"] == 0.75
    for unit in figures["units"]:
        known = unit["code"] != ""
        assert (unit["observed_share"] == 0.75) == known
        assert unit["after_on_max"] == ("2026-10-09" if known else None)
        assert unit["observed_m2"] == (pytest.approx(0.75 * unit["unit_area_m2"]) if known else None)


def test_a_missing_layer_is_unknown_not_zero(make_month) -> None:
    month = make_month(20)
    month.spots["woodland_m2"] = float("nan")
    figures = summarise(month)
    assert figures["total"]["woodland_m2"] is None
    assert figures["by"]["theme"][0]["woodland_m2"] is None
    assert figures["total"]["cropland_m2"] > 0


def test_former_figures_are_read_back(month, figures, tmp_path) -> None:
    write_statistics_json(figures, tmp_path / "statistics.json")
    assert json.loads((tmp_path / "statistics.json").read_text(encoding="utf-8")) == figures
    former = read_figures(tmp_path / "statistics.json")
    assert (former.issue, former.count, former.last_image_on) == ("2026-10", 300, date(2026, 10, 9))
    assert former.severity == month.spots["severity"].value_counts().to_dict()
    (tmp_path / "statistics.json").write_text('{"schema_version": "0.9"}')
    with pytest.raises(SchemaViolation, match="statistics"):
        read_figures(tmp_path / "statistics.json")


def test_csv_opens_in_chinese_and_holds_the_same(figures, tmp_path) -> None:
    path = tmp_path / "statistics.csv"
    write_statistics_csv(figures, path)
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert rows[0]["分组"] == "合计"
    assert int(rows[0]["图斑数"]) == 300
    towns = {row["代码"]: row for row in rows if row["分组"] == "乡镇（街道）"}
    for unit in figures["units"]:
        if unit["level"] == "town":
            assert float(towns[unit["code"]]["面积（平方米）"]) == unit["area_m2"]
            assert towns[unit["code"]]["可观测比例"] == str(unit["observed_share"] or "")
    assert len(rows) == 1 + sum(map(len, figures["by"].values())) + len(figures["severity_by_theme"]) + len(
        figures["units"]
    )


@pytest.fixture(scope="module")
def workbook(figures, tmp_path_factory):
    path = tmp_path_factory.mktemp("xlsx") / "statistics.xlsx"
    write_statistics_json(figures, path.with_suffix(".json"))
    former = read_figures(path.with_suffix(".json"))
    write_statistics_xlsx(figures, path, trend=[former])
    return path, openpyxl.load_workbook(path)


def test_excel_has_its_sheets_with_heads_that_stay(workbook) -> None:
    _, book = workbook
    assert book.sheetnames[:4] == ["概况", "按等级", "按疑似情况", "按专题"]
    assert book.sheetnames[-4:] == ["按乡镇（街道）", "按村（社区）", "按网格", "历期"]
    for sheet in book.worksheets[1:]:
        assert sheet.freeze_panes in {"B5", "C5"}
        heads = [cell.value for cell in sheet[4]]
        assert all(heads)
        assert all(cell.font.b for cell in sheet[4])
        assert sheet.sheet_properties.pageSetUpPr.fitToPage
        for place in range(len(heads)):
            letter = openpyxl.utils.get_column_letter(place + 1)
            assert sheet.column_dimensions[letter].width >= 8 or letter not in sheet.column_dimensions


def test_excel_holds_the_same_figures_as_numbers(workbook, figures) -> None:
    _, book = workbook
    sheet = book["按专题"]
    heads = [cell.value for cell in sheet[4]]
    for group, row in zip(figures["by"]["theme"], sheet.iter_rows(min_row=5), strict=False):
        cells = dict(zip(heads, row, strict=True))
        assert cells["专题"].value == group["title_zh"]
        assert cells["图斑数"].value == group["count"]
        assert cells["面积（亩）"].value == group["area_mu"]
        assert cells["面积（亩）"].number_format == "#,##0.00"
    assert sheet.cell(sheet.max_row, 1).value == "合计"
    assert sheet.cell(sheet.max_row, 2).value == 300
    towns = book["按乡镇（街道）"]
    heads = [cell.value for cell in towns[4]]
    assert heads == ["代码", "乡镇（街道）", *(column.alias_zh for column in UNIT_FIGURES)]
    cells = dict(zip(heads, towns[5], strict=True))
    assert cells["代码"].value == "450108100000", "a code is a text"
    assert cells["可观测比例"].value == 0.75
    assert cells["可观测比例"].number_format == "0.0%"
    overview = {row[0].value: row[1].value for row in book["概况"].iter_rows(min_row=4, max_row=18)}
    assert overview["全部变化图斑（含绿色）"] == 300
    urgent = sum(row["count"] for row in figures["by"]["severity"] if row["code"] != "green")
    assert overview["需核查图斑（红、黄）"] == urgent == sum_urgent(figures)["count"]
    assert list(overview).index("需核查图斑（红、黄）") < list(overview).index("全部变化图斑（含绿色）")


def test_excel_rounds_the_figures_of_former_issues(figures, tmp_path) -> None:
    (tmp_path / "s.json").write_text(json.dumps(figures), encoding="utf-8")
    former = dataclasses.replace(read_figures(tmp_path / "s.json"), area_m2=1234.5678, observed_share=0.123456789)
    write_statistics_xlsx(figures, tmp_path / "s.xlsx", trend=[former])
    row = openpyxl.load_workbook(tmp_path / "s.xlsx")["历期"][5]
    assert row[4].value == 1.85
    assert row[-1].value == 0.1235


def test_excel_says_the_day_of_the_last_image_and_is_equal_when_written_again(workbook, figures, tmp_path) -> None:
    path, book = workbook
    assert book.properties.created.date() == date(2026, 10, 9)
    write_statistics_xlsx(figures, tmp_path / "again.xlsx", trend=[read_figures(path.with_suffix(".json"))])
    assert (tmp_path / "again.xlsx").read_bytes() == path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        assert {info.date_time[0] for info in archive.infolist()} == {1980}


def test_an_issue_without_spots(make_month, tmp_path) -> None:
    figures = summarise(make_month(0))
    assert figures["total"]["count"] == 0
    write_statistics_xlsx(figures, tmp_path / "s.xlsx")
    write_statistics_csv(figures, tmp_path / "s.csv")
    assert openpyxl.load_workbook(tmp_path / "s.xlsx")["按专题"]["B11"].value == 0


def test_a_place_that_cannot_be_written(figures, tmp_path) -> None:
    for write in (write_statistics_xlsx, write_statistics_csv, write_statistics_json):
        with pytest.raises(OutputFailed, match="Cannot write"):
            write(figures, tmp_path / "gone" / "statistics")
