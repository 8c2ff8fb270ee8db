"""Workbooks: every row there is, with what a spreadsheet shows, and formulas that show nothing told by their cell."""

import io
import re
import zipfile

import openpyxl
import pytest
import xlsxwriter

from rs_governance.errors import LayerUnreadable
from rs_governance.grids.workbook import Formula, read_sheets


def read(data: bytes) -> list[list[tuple[object, ...]]]:
    return [list(rows) for rows in read_sheets(data, "a.xlsx", most_bytes=1_000_000)]


def test_what_a_formula_showed_is_its_value_and_one_that_was_never_worked_out_is_told() -> None:
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"strings_to_formulas": False})
    sheet = book.add_worksheet()
    sheet.write_row(0, 0, ["a", None, 3, "=1+1"])
    sheet.write_formula(2, 0, "=1+1", None, 2)
    sheet.write_formula(2, 1, '="a"&"b"', None, "ab")
    sheet.write_formula(2, 2, "=1/0", None, "#DIV/0!")
    book.close()
    assert read(out.getvalue()) == [
        [("a", None, 3, "=1+1"), (), (2, "ab", Formula(cell="C3", text="=1/0", result="#DIV/0!"))]
    ]
    book = openpyxl.Workbook()
    book.active.append(["x", "=1+1"])
    out = io.BytesIO()
    book.save(out)
    assert read(out.getvalue()) == [[("x", Formula(cell="B1", text="=1+1"))]]


def test_a_formula_that_gives_an_empty_text_is_empty() -> None:
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out)
    book.add_worksheet().write_formula(0, 0, '=""', None, "to be cut")
    book.close()
    assert read(_changed(out.getvalue(), rb"<v>to be cut</v>", b"<v></v>")) == [[(None,)]]


def test_rows_beyond_a_wrong_dimension_are_read() -> None:
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out)
    sheet = book.add_worksheet()
    sheet.write_column(0, 0, ["a", "b", "c"])
    book.close()
    assert read(_changed(out.getvalue(), rb'<dimension ref="[^"]*"/>', b'<dimension ref="A1"/>')) == [
        [("a",), ("b",), ("c",)]
    ]


def test_what_is_no_workbook_or_unpacks_to_too_much_is_refused() -> None:
    with pytest.raises(LayerUnreadable, match="is no Excel workbook"):
        read(b"PK nothing")
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("xl/workbook.xml", bytes(2_000_000))
    with pytest.raises(LayerUnreadable, match="unpacks to 2 MB"):
        read(out.getvalue())


def _changed(data: bytes, pattern: bytes, by: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name == "xl/worksheets/sheet1.xml":
                content, times = re.subn(pattern, by, content)
                assert times == 1
            new.writestr(name, content)
    return out.getvalue()
