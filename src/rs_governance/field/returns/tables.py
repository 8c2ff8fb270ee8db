"""Tables that come back filled in: an Excel sheet or a GeoPackage of QField, as rows of a return."""

import json
import math
import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from rs_governance.cases import RESOLUTIONS, VERDICTS
from rs_governance.errors import LayerUnreadable
from rs_governance.field.questions import Question, read_questions
from rs_governance.field.returns.returned import Odd
from rs_governance.grids.workbook import Formula, read_sheets

_ROWS = 50_000
_SHEET_BYTES = 400_000_000

_NAMES: Mapping[str, tuple[str, ...]] = {
    "number": ("案件号", "图斑号", "编号"),
    "version": ("版本",),
    "export": ("任务包",),
    "verdict": ("认定建议", "认定"),
    "resolution": ("结论建议", "结论"),
    "note": ("说明", "备注", "核查说明"),
    "photos": ("照片", "照片文件名", "photo"),
    "done": ("完成", "已完成"),
    "lon": ("经度", "核查经度"),
    "lat": ("纬度", "核查纬度"),
}
"""Columns of a return by the names that people see."""

# What the package itself says; a row that holds nothing else was not filled in.
_GIVEN = {"number", "version", "export", "done"}
_EXPORT = re.compile(r"E\d{8}-\d{4,}")
_NO = {"否", "no", "n", "false", "0", "×", "未完成"}


def read_rows(name: str, suffix: str, data: bytes) -> Sequence[Mapping[str, Any] | Odd | None]:
    """Read the filled-in rows of a table; a row that nobody filled in is left out.

    Parameters
    ----------
    name
        Name of the file, for messages.
    suffix
        `.xlsx` or `.gpkg`.
    data
        The file.

    Returns
    -------
    sequence
        Rows as in a return file of the form; an `Odd` for one with a formula that shows nothing.

    Raises
    ------
    LayerUnreadable
        When the file cannot be read, or has no column of case numbers.
    """
    table = list(_sheet(name, data) if suffix == ".xlsx" else _layer(name, data))
    rows = map(_row_or_odd, table)
    return [row for row in rows if not isinstance(row, Mapping) or filled_in(row)]


def _row_or_odd(values: Mapping[str, Any]) -> Mapping[str, Any] | Odd | None:
    try:
        return to_row(values)
    except Odd as odd:
        return odd


def filled_in(row: Mapping[str, Any]) -> bool:
    """Tell whether somebody wrote anything into a row."""
    return bool(set(row) - _GIVEN)


def to_row(values: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Turn a row with the headers that people see into a row of a return.

    Parameters
    ----------
    values
        Values by header; headers may be Chinese, English or the identifiers of questions.

    Returns
    -------
    mapping or None
        Row of a return; None where it names no case.

    Raises
    ------
    Odd
        When a cell that counts holds a formula that shows nothing.
    """
    by_name = {_plain(header): value for header, value in values.items() if not _empty(value)}
    row: dict[str, Any] = {}
    for field, names in _NAMES.items():
        for header in (field, *names):
            if header in by_name:
                row.setdefault(field, by_name.pop(header))
    if "number" not in row:
        return None
    number, answered = row["number"], [header for question in read_questions() for header in _headers(question)]
    cells = (*row.values(), *(by_name[header] for header in answered if header in by_name))
    if (formula := next((cell for cell in cells if isinstance(cell, Formula)), None)) is not None:
        raise _odd(formula, number)
    answers: dict[str, Any] = _json(by_name.pop("answers", None))
    for question in read_questions():
        for header in _headers(question):
            if header in by_name:
                answers[question.id] = question.code_of(by_name.pop(header))
    if answers:
        row["answers"] = answers
    row |= _coded(row)
    # QField keeps one file a field, so that a form has several.
    more = [str(by_name.pop(name)) for name in sorted(by_name) if re.fullmatch(r"photo_\d", name)]
    if more:
        row["photos"] = ";".join([*([str(row["photos"])] if "photos" in row else []), *more])
    if "photos" in row:
        row["photos"] = [{"name": part.strip()} for part in re.split(r"[;；,，\n]", str(row["photos"])) if part.strip()]
    if "lon" in row and "lat" in row:
        row["position"] = {"lon": _number(row.pop("lon")), "lat": _number(row.pop("lat"))}
    if "version" in row:
        row["version"] = int(_number(row["version"]) or 0) or None
    return row


def _headers(question: Question) -> tuple[str, ...]:
    return (question.id, f"q_{question.id}", question.zh, question.en)


def _odd(formula: Formula, number: Any) -> Odd:
    refusal = formula.refusal()
    case = "" if isinstance(number, Formula) else f" {number}"
    return Odd(
        f"case{case}: {refusal} and return the sheet again.", zh=f"案件{case}：{refusal.told('zh')}，然后重新回传。"
    )


def _coded(row: Mapping[str, Any]) -> dict[str, Any]:
    verdicts = {word.zh: code for code, word in VERDICTS.items()} | {word.en: code for code, word in VERDICTS.items()}
    resolutions = {word.zh: code for code, word in RESOLUTIONS.items()} | {
        word.en: code for code, word in RESOLUTIONS.items()
    }
    coded: dict[str, Any] = {}
    for field, words in (("verdict", verdicts), ("resolution", resolutions)):
        if field in row:
            coded[field] = words.get(str(row[field]).strip(), str(row[field]).strip())
    if "done" in row:
        coded["done"] = str(row["done"]).strip().casefold() not in _NO
    return coded


def _json(value: Any) -> dict[str, Any]:
    try:
        content = json.loads(value) if isinstance(value, str) else value
    except ValueError:
        return {}
    return dict(content) if isinstance(content, Mapping) else {}


def _plain(header: Any) -> str:
    return str(header).strip().rstrip("*＊").strip()


def _empty(value: Any) -> bool:
    return value is None or value == "" or (isinstance(value, float) and math.isnan(value))


def _number(value: Any) -> float | None:
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None


def _sheet(name: str, data: bytes) -> Iterator[Mapping[str, Any]]:
    for sheet in read_sheets(data, name, most_bytes=_SHEET_BYTES):
        headers: list[str] | None = None
        for count, cells in enumerate(sheet):
            if count > _ROWS:
                raise LayerUnreadable(
                    f"'{name}' has more than {_ROWS} rows; return it in parts.",
                    zh=f"'{name}' 超过 {_ROWS} 行；请分批回传。",
                )
            if headers is None:
                seen = {_plain(cell) for cell in cells if cell is not None}
                if seen & {"number", *_NAMES["number"]}:
                    headers = [_plain(cell) if cell is not None else "" for cell in cells]
                continue
            if any(not _empty(cell) for cell in cells):
                yield dict(zip(headers, cells, strict=False))
        if headers is not None:
            return
    raise LayerUnreadable(
        f"'{name}' has no column {' / '.join(_NAMES['number'])}; fill in the sheet of the package.",
        zh=f"'{name}' 没有案件号一列；请填写任务包中的表格。",
    )


def _layer(name: str, data: bytes) -> Iterator[Mapping[str, Any]]:
    import pyogrio
    from pyogrio.errors import DataLayerError, DataSourceError

    try:
        # GDAL warns of a GeoPackage whose name says something else, as bytes in memory do.
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "return.gpkg"
            path.write_bytes(data)
            for layer in [str(layer) for layer, _ in pyogrio.list_layers(path)]:
                frame = pyogrio.read_dataframe(path, layer=layer, read_geometry=False)
                if {"number", *_NAMES["number"]} & set(frame.columns):
                    export = _export_of(path, layer)
                    for _, row in frame.iterrows():
                        yield {"export": export, **dict(row)}
                    return
    except (DataSourceError, DataLayerError):
        raise LayerUnreadable(
            f"'{name}' is no GeoPackage that can be read; return the one of the package.",
            zh=f"'{name}' 不是可读的 GeoPackage；请回传任务包中的那一个。",
        ) from None
    raise LayerUnreadable(
        f"'{name}' has no layer with a column {' / '.join(_NAMES['number'])}; return that of the package.",
        zh=f"'{name}' 没有带案件号的图层；请回传任务包中的那一个。",
    )


def _export_of(path: Path, layer: str) -> str | None:
    """Read the number of the package from what a layer calls itself, as the package was written."""
    import pyogrio

    told = pyogrio.read_info(path, layer=layer)["layer_metadata"] or {}
    found = _EXPORT.search(str(told.get("IDENTIFIER", "")))
    return None if found is None else found[0]
