"""Whose a return is, and the package that it answers."""

import contextlib
import io
import json
import sqlite3
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import sqlalchemy as sa

from rs_governance.cases import Actor, events_of
from rs_governance.db import Export, Intake, Store
from rs_governance.errors import ActionRefused, LayerUnreadable, UsageError
from rs_governance.field.package import Wanted, export_tasks
from rs_governance.field.questions import read_questions
from rs_governance.field.returns import Taken, take_return

from .conftest import CLOCKS, NOW, NUMBERS, OFFICE, PACKAGE, photo, returned, save, sheet, shown, state_of, take, zipped


def test_the_inspector_is_the_one_whom_the_file_names(store: Store, tmp_path: Path) -> None:
    path = save(tmp_path / "a.json", returned(NUMBERS[0], shown(photo())))
    take_return(store, path, importer=OFFICE, inspector=None, now=NOW + timedelta(hours=8), clocks=CLOCKS)
    with store.read() as session:
        assert events_of(session, NUMBERS[0])[-1].actor == "li"


def test_nobody_of_the_field_takes_in_what_another_one_brought(store: Store, tmp_path: Path) -> None:
    path = save(tmp_path / "a.json", returned(NUMBERS[0], shown(photo())))
    other = Actor(login="zhang", name="张", role="town_inspector", prefix="450108")
    with pytest.raises(ActionRefused, match="own"):
        take_return(store, path, importer=other, inspector=None, now=NOW, clocks=CLOCKS)
    assert state_of(store, NUMBERS[0]) == "dispatched"


def test_a_package_that_nobody_handed_out_is_noticed(store: Store, tmp_path: Path) -> None:
    path = save(tmp_path / "a.json", returned(NUMBERS[0], shown(photo())), export="E20990101-9999")
    taken = take_return(store, path, importer=OFFICE, inspector=None, now=NOW + timedelta(hours=8), clocks=CLOCKS)
    assert taken.submitted == (NUMBERS[0],)
    assert "E20990101-9999 is in no ledger" in taken.problems[0].text


def test_a_table_that_does_not_say_whose_it_is_asks(store: Store, tmp_path: Path) -> None:
    sheet(tmp_path / "t.xlsx", ["案件号", "说明"], [NUMBERS[0], "看过"])
    with pytest.raises(UsageError, match="--by"):
        take_return(store, tmp_path / "t.xlsx", importer=OFFICE, inspector=None, now=NOW, clocks=CLOCKS)
    with store.read() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(Intake)) == 0


def change_package(store: Store, **facts: Any) -> None:
    with store.write() as session:
        entry = session.scalar(sa.select(Export).where(Export.number == PACKAGE))
        for name, value in facts.items():
            setattr(entry, name, value)


@pytest.mark.parametrize(
    ("facts", "more", "said"),
    [
        ({"expires_on": date(2026, 10, 19)}, {}, "was good until 2026-10-19, this is of 2026-10-20"),
        ({"facts": {"void": {"by": "wang"}}}, {}, "was made void"),
        ({}, {"receiver": "zhang"}, "was handed to li, this says zhang; taken as li's"),
        ({"case_numbers": list(NUMBERS[1:])}, {}, "is not in the package E20261019-0001"),
    ],
)
def test_what_is_odd_about_a_package_is_told_and_what_came_back_is_taken(
    store: Store, tmp_path: Path, facts: dict[str, Any], more: dict[str, Any], said: str
) -> None:
    change_package(store, **facts)
    path = save(tmp_path / "a.json", returned(NUMBERS[0], shown(photo())), **more)
    taken = take(store, path)
    assert taken.submitted == (NUMBERS[0],)
    assert said in taken.problems[0].text
    assert len(taken.problems) == 1
    assert PACKAGE in taken.problems[0].text_zh


@pytest.fixture
def handed(store: Store, tmp_path: Path) -> Path:
    """Folder of a package that was handed to `li`; its tables are filled in and returned."""
    wanted = Wanted(to="li", formats=("xlsx", "gpkg", "geojson"))
    export_tasks(store, wanted, tmp_path / "out", actor=OFFICE, now=NOW, clocks=CLOCKS, questions=read_questions())
    return tmp_path / "out"


def fill_sheet(path: Path, *rows: dict[str, Any]) -> bytes:
    book = openpyxl.load_workbook(path)
    page = book.worksheets[0]
    header = [cell.value for cell in page[3]]
    for row, cells in enumerate(rows, 4):
        for name, value in cells.items():
            page.cell(row=row, column=header.index(name) + 1, value=value)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


FILLED = {"认定建议*": "违法用地", "核查说明": "正在施工", "照片文件名*": "a.jpg"}


def take_as_told(store: Store, path: Path) -> Taken:
    now = NOW + timedelta(hours=8)
    return take_return(store, path, importer=OFFICE, inspector=None, now=now, clocks=CLOCKS)


@pytest.mark.parametrize("kind", ["xlsx", "gpkg", "geojson"])
def test_every_table_of_a_package_comes_back_with_its_number(
    store: Store, handed: Path, tmp_path: Path, kind: str
) -> None:
    (path,) = handed.glob(f"*.{kind}")
    if kind == "xlsx":
        data = fill_sheet(path, FILLED)
    elif kind == "gpkg":
        with contextlib.closing(sqlite3.connect(path)) as connection, connection:
            for name in ("ST_IsEmpty", "ST_MinX", "ST_MaxX", "ST_MinY", "ST_MaxY"):  # of the triggers of its index
                connection.create_function(name, 1, lambda _: 0)
            connection.execute("UPDATE tasks SET note = '正在施工', photo = 'a.jpg', verdict = 'illegal' WHERE fid = 1")
        data = path.read_bytes()
    else:
        content = json.loads(path.read_text("utf-8"))
        content["features"][0]["properties"] |= {"note": "正在施工", "photos": "a.jpg", "verdict": "illegal"}
        data = json.dumps(content).encode()
    taken = take_as_told(store, zipped(tmp_path / "r.zip", **{f"t.{kind}": data, "a.jpg": photo()}))
    assert (taken.submitted, taken.problems) == ((NUMBERS[0],), ())
    with store.read() as session:
        last = events_of(session, NUMBERS[0])[-1]
    assert (last.actor, last.facts["export"], last.facts["proposed_verdict"]) == ("li", path.stem, "illegal")


def test_a_sheet_with_a_case_of_another_package_says_so(store: Store, handed: Path, tmp_path: Path) -> None:
    (path,) = handed.glob("*.xlsx")
    with store.write() as session:
        session.execute(sa.update(Export).where(Export.number == path.stem).values(case_numbers=list(NUMBERS[1:])))
    taken = take_as_told(store, zipped(tmp_path / "r.zip", **{"t.xlsx": fill_sheet(path, FILLED), "a.jpg": photo()}))
    assert [(problem.row, problem.text[:22]) for problem in taken.problems] == [(NUMBERS[0], "is not in the package ")]


def test_rows_of_two_packages_in_one_sheet_are_refused(store: Store, handed: Path, tmp_path: Path) -> None:
    (path,) = handed.glob("*.xlsx")
    (tmp_path / "t.xlsx").write_bytes(fill_sheet(path, FILLED, {**FILLED, "任务包": "E20200101-0001"}))
    with pytest.raises(LayerUnreadable, match="rows of the packages E20200101-0001, E20261020-0001") as refused:
        take_as_told(store, tmp_path / "t.xlsx")
    assert "请按任务包分别回传" in refused.value.told("zh")


def test_the_number_of_the_package_is_readable_and_its_column_out_of_the_way(handed: Path) -> None:
    (path,) = handed.glob("*.xlsx")
    page = openpyxl.load_workbook(path).worksheets[0]
    assert path.stem in page["A1"].value
    header = [cell.value for cell in page[3]]
    letter = openpyxl.utils.get_column_letter(header.index("任务包") + 1)
    assert page.column_dimensions[letter].hidden
    assert {row[header.index("任务包")].value for row in page.iter_rows(min_row=4)} == {path.stem}
