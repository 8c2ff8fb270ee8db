"""People: read from tables, row by row."""

import zipfile

import openpyxl
import pytest
import sqlalchemy as sa
import xlsxwriter

from rs_governance.cases import read_actor
from rs_governance.cases.life.calendars import take_holidays
from rs_governance.cases.people.register import take_people
from rs_governance.db import Person
from rs_governance.errors import LayerUnreadable, UsageError

HEADER = "账号,姓名,角色,辖区,专题,部门,邮箱,每日可核查数,在岗\n"


def take(play, path):
    with play.store.write() as session:
        return take_people(session, path)


def write(tmp_path, rows, encoding="utf-8-sig"):
    path = tmp_path / "people.csv"
    path.write_bytes((HEADER + rows).encode(encoding))
    return path


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_twice_counts_once(play, tmp_path, encoding) -> None:
    path = write(tmp_path, "qin,秦核查,街镇核查员,450108101000,耕地保护变化；farmland,,q@example.org,6,是\n", encoding)
    assert take(play, path) == ({"added": 1, "changed": 0, "same": 0}, ())
    assert take(play, path) == ({"added": 0, "changed": 0, "same": 1}, ())
    with play.store.read() as session:
        person = session.scalar(sa.select(Person).where(Person.login == "qin"))
        assert (person.role, person.themes, person.capacity) == ("town_inspector", ["farmland"], 6)


def test_a_change_is_a_change(play, tmp_path) -> None:
    take(play, write(tmp_path, "qin,秦,interpreter,,,,,,\n"))
    assert take(play, write(tmp_path, "qin,秦,interpreter,450108,,,,,否\n")) == (
        {"added": 0, "changed": 1, "same": 0},
        (),
    )
    with play.store.read() as session, pytest.raises(UsageError, match="no longer acts"):
        read_actor(session, "qin")
    with play.store.read() as session, pytest.raises(UsageError, match="nobody with the account 'no'"):
        read_actor(session, "no")


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ("a b,x,interpreter,,,,,,", "no account"),
        ("town:1,x,interpreter,,,,,,", "no account"),
        ("system,x,interpreter,,,,,,", "choose another account"),
        ("ab,,interpreter,,,,,,", "no name"),
        ("ab,x,king,,,,,,", "'king' is no role; write one of interpreter 判读员"),
        ("ab,x,system,,,,,,", "no role; write one of"),
        ("ab,x,interpreter,45x,,,,,", "no administrative code"),
        ("ab,x,interpreter,450109,,,,,", "not in the district 450108"),
        ("ab,x,街镇核查员,450108,,,,,", "no area of a town_inspector"),
        ("ab,x,interpreter,,fishing,,,,", "no theme"),
        ("ab,x,interpreter,,,navy,,,", "no department"),
        ("ab,x,interpreter,,,,mail,,", "no e-mail"),
        ("ab,x,interpreter,,,,,many,", "no number of visits"),
        ("ab,x,interpreter,,,,,,maybe", "neither yes nor no"),
    ],
)
def test_rows_that_make_no_sense_are_told_and_the_good_ones_taken(play, tmp_path, row, problem) -> None:
    counts, refused = take(play, write(tmp_path, f"{row}\n\nok,好,interpreter,,,,,,\n"))
    assert counts["added"] == 1
    assert [each.row for each in refused] == [2]
    assert problem in refused[0].problem


def test_the_same_account_in_two_rows(play, tmp_path) -> None:
    counts, refused = take(play, write(tmp_path, "qin,秦,interpreter,,,,,,\nqin,王,interpreter,,,,,,\n"))
    assert counts["added"] == 1
    assert "is in row 2 already" in refused[0].problem


def test_excel(play, tmp_path) -> None:
    workbook = openpyxl.Workbook()
    workbook.active.append(["login", "name", "role", "prefix", "capacity"])
    workbook.active.append(["qin", "秦", "town_inspector", 450108101, 6])
    workbook.save(tmp_path / "people.xlsx")
    assert take(play, tmp_path / "people.xlsx") == ({"added": 1, "changed": 0, "same": 0}, ())
    with play.store.read() as session:
        assert read_actor(session, "qin").prefix == "450108101"


def test_formulas_of_a_workbook_give_their_saved_results_and_one_without_is_told_by_its_cell(play, tmp_path) -> None:
    book = xlsxwriter.Workbook(tmp_path / "people.xlsx")
    sheet = book.add_worksheet()
    for row, (login, shown) in enumerate([("login", "name"), ("qin", "秦"), ("wang", ""), ("zhou", "#NAME?")]):
        sheet.write_row(row, 0, [login, shown, "role" if row == 0 else "interpreter"])
        if row:
            sheet.write_formula(row, 1, '=B9&""', None, shown)
    book.close()
    counts, refused = take(play, tmp_path / "people.xlsx")
    assert counts["added"] == 1
    assert [(each.row, each.problem.partition(";")[0]) for each in refused] == [
        (3, 'cell B3 holds a formula (=B9&"") that has no result'),
        (4, 'cell B4 holds a formula (=B9&"") that shows #NAME?'),
    ]
    assert refused[0].problem_zh.startswith("单元格 B3 是公式")


def test_holidays_with_a_formula_that_was_never_worked_out(play, tmp_path) -> None:
    workbook = openpyxl.Workbook()
    workbook.active.append(["date", "working", "name"])
    workbook.active.append(["2027-10-01", "holiday", "=A1"])
    workbook.active.append(["2027-10-02", "holiday", "国庆"])
    workbook.save(tmp_path / "holidays.xlsx")
    with play.store.write() as session:
        counts, refused = take_holidays(session, tmp_path / "holidays.xlsx")
    assert (counts["added"], [each.row for each in refused]) == (1, [2])
    assert "C2" in refused[0].problem


@pytest.mark.parametrize(
    ("name", "content", "match"),
    [
        ("people.xlsx", b"no workbook", "no Excel workbook"),
        ("people.txt", b"", "neither .csv nor .xlsx"),
        ("people.csv", b"a,b\n", "has no column login"),
        ("people.csv", b"", "holds nothing"),
        ("people.csv", b"\xff\xfe\x00\x81", "neither UTF-8 nor GB 18030"),
    ],
)
def test_files_that_are_no_table(play, tmp_path, name, content, match) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(LayerUnreadable, match=match):
        take(play, tmp_path / name)
    with pytest.raises(LayerUnreadable, match="There is no file"):
        take(play, tmp_path / "missing.csv")


def test_a_workbook_that_unpacks_to_too_much(play, tmp_path) -> None:
    with (
        zipfile.ZipFile(tmp_path / "bomb.xlsx", "w", zipfile.ZIP_DEFLATED) as packed,
        packed.open("xl/worksheets/sheet1.xml", "w") as member,
    ):
        for _ in range(201):
            member.write(b"0" * 1_000_000)
    with pytest.raises(LayerUnreadable, match="unpacks to 201 MB"):
        take(play, tmp_path / "bomb.xlsx")
