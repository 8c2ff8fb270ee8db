"""The tasks of a package as an Excel sheet: what is known is protected, what was found is filled in by lists."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import xlsxwriter

from rs_governance.cases import RESOLUTIONS, VERDICTS
from rs_governance.field.assignments import FieldTask
from rs_governance.field.describing import navigation_of, place_of, reason_of
from rs_governance.field.handout import Handout
from rs_governance.field.questions import Question
from rs_governance.publish.output_folder import writing
from rs_governance.publish.report.cards import navigation_link
from rs_governance.publish.style import SEVERITY_RGB
from rs_governance.publish.titles import titles_of

OFFERED_VERDICTS = ("illegal", "lawful", "other", "false_change")
"""Verdicts that an inspector can propose."""

OFFERED_RESOLUTIONS = tuple(
    code
    for code, outcome in RESOLUTIONS.items()
    if outcome.verdict in OFFERED_VERDICTS and outcome.verdict != "illegal"
)
"""Resolutions that an inspector can propose: those of a case that is not disposed of."""

_HEAD_ROW = 2
_LISTS = "选项"
_PACKAGE = "任务包"
_YES_NO = ("是", "否")


@dataclass(frozen=True, kw_only=True)
class _Field:
    """A column to fill in."""

    head: str
    """Name over the column."""
    width: int
    """Width in letters."""
    hint: str
    """What is shown beside a cell that is chosen."""
    words: tuple[str, ...] = ()
    """What can be chosen; empty for a text or a number."""
    limits: tuple[float, float] | None = None
    """Smallest and largest number."""
    question: Question | None = None
    """Question that it answers."""


def write_sheet(tasks: Sequence[FieldTask], path: Path, *, handout: Handout, questions: Sequence[Question]) -> None:
    """Write the tasks as a workbook to be filled in.

    The heads of the columns are those that `rsg tasks import` knows. Nothing in a cell is ever a formula.

    Parameters
    ----------
    tasks
        The tasks, one row each.
    path
        File to create.
    handout
        For whom, until when.
    questions
        What is asked; a question of another theme is grey and protected.

    Raises
    ------
    OutputFailed
        When the file cannot be written.
    """
    fields = _fields(questions)
    with writing(path):
        path.touch()  # the library hides the reason why a file cannot be made
        book = xlsxwriter.Workbook(
            path, {"strings_to_formulas": False, "strings_to_urls": False, "nan_inf_to_errors": False}
        )
        title = f"外业核查 {handout.number} {handout.receiver.name}"
        day = handout.day
        book.set_properties({"title": title, "created": datetime(day.year, day.month, day.day)})  # noqa: DTZ001
        _fill(book, tasks, fields, title, handout)
        book.close()


def _fields(questions: Sequence[Question]) -> list[_Field]:
    verdicts = tuple(VERDICTS[code].zh for code in OFFERED_VERDICTS)  # type: ignore[index]
    resolutions = tuple(RESOLUTIONS[code].zh for code in OFFERED_RESOLUTIONS)
    return [
        _Field(head="认定建议*", width=18, hint="现场看是什么", words=verdicts),
        _Field(head="结论建议", width=20, hint="不违法时填写理由", words=resolutions),
        *(_asked(question) for question in questions),
        _Field(head="核查说明", width=36, hint="现场情况"),
        _Field(head="照片文件名*", width=30, hint="与本表放在同一个 zip 里的照片，多张用分号隔开"),
        _Field(head="核查经度", width=13, hint="站立位置，WGS 84，十进制度", limits=(70.0, 140.0)),
        _Field(head="核查纬度", width=13, hint="站立位置，WGS 84，十进制度", limits=(0.0, 60.0)),
        _Field(head="完成", width=8, hint="核查完毕填“是”", words=_YES_NO),
    ]


def _asked(question: Question) -> _Field:
    kinds: dict[str, Any] = {
        "choice": {"words": tuple(word.zh for _, word in question.choices), "hint": "从列表选择"},
        "yes_no": {"words": _YES_NO, "hint": "是或否"},
        "number": {"limits": (0.0, 1e9), "hint": "数字"},
        "text": {"hint": "文字"},
    }
    head = f"{question.zh}*" if question.required else question.zh
    return _Field(head=head, width=max(12, 2 * len(head) + 2), question=question, **kinds[question.type])


def _fill(
    book: xlsxwriter.Workbook, tasks: Sequence[FieldTask], fields: Sequence[_Field], title: str, handout: Handout
) -> None:
    base = {
        "font_name": "Microsoft YaHei",
        "font_size": 11,
        "valign": "vcenter",
        "border": 1,
        "border_color": "#c5cad1",
    }
    known = book.add_format({**base, "bg_color": "#f1f3f5", "text_wrap": True})
    link = book.add_format({**base, "bg_color": "#f1f3f5", "font_color": "#0b57d0", "underline": 1})
    number = book.add_format({**base, "bg_color": "#f1f3f5", "num_format": "#,##0"})
    degrees = book.add_format({**base, "bg_color": "#f1f3f5", "num_format": "0.000000"})
    free = book.add_format({**base, "locked": False, "text_wrap": True})
    grey = book.add_format({**base, "bg_color": "#c5cad1"})
    head = book.add_format({**base, "bold": True, "bg_color": "#101418", "font_color": "#ffffff", "text_wrap": True})
    asked = book.add_format({**base, "bold": True, "bg_color": "#0b57d0", "font_color": "#ffffff", "text_wrap": True})
    severities = {
        severity: book.add_format({**base, "bg_color": f"#{red:02x}{green:02x}{blue:02x}", "align": "center"})
        for severity, (red, green, blue) in SEVERITY_RGB.items()
    }
    sheet = book.add_worksheet("核查")
    sheet.write_string(0, 0, title, book.add_format({"font_name": "Microsoft YaHei", "font_size": 15, "bold": True}))
    note = f"有效期至 {handout.expires_on.isoformat()}；只填蓝色列，带 * 的必填；照片与本表压缩成一个 zip 发回。卫星所见只是疑似，以现场为准。"
    sheet.write_string(1, 0, note, book.add_format({"font_name": "Microsoft YaHei", "font_color": "#4a525c"}))
    columns: list[tuple[str, int, Literal["known", "number", "degrees", "link", "severity"]]] = [
        ("案件号", 22, "known"), ("版本", 6, "number"), ("等级", 6, "severity"), ("变化类型", 14, "known"),
        ("专题", 20, "known"), ("所在地", 20, "known"), ("面积（平方米）", 12, "number"), ("疑似依据", 36, "known"),
        ("已知手续", 20, "known"), ("办理期限", 12, "known"), ("图斑经度", 12, "degrees"), ("图斑纬度", 12, "degrees"),
        ("导航", 10, "link"), (_PACKAGE, 18, "known"),
    ]  # fmt: skip
    formats = {"known": known, "number": number, "degrees": degrees, "link": link}
    for at, (name, width, _) in enumerate(columns):
        sheet.write_string(_HEAD_ROW, at, name, head)
        # A row that was copied into another workbook takes the number along.
        sheet.set_column(at, at, width, None, {"hidden": name == _PACKAGE})
    for row, task in enumerate(tasks, _HEAD_ROW + 1):
        values = _known(task, handout)
        for at, (name, _, kind) in enumerate(columns):
            value = values[name]
            if kind == "severity":
                sheet.write_string(row, at, value, severities[task.severity])
            elif kind == "link":
                sheet.write_url(row, at, value, link, string="高德导航")
            elif kind == "known":
                sheet.write_string(row, at, value, known)
            else:
                sheet.write_number(row, at, value, formats[kind])
    first, last = _HEAD_ROW + 1, _HEAD_ROW + max(1, len(tasks))
    lists = book.add_worksheet(_LISTS)
    for at, field in enumerate(fields, len(columns)):
        sheet.write_string(_HEAD_ROW, at, field.head, asked)
        sheet.set_column(at, at, field.width)
        for row, task in enumerate(tasks, first):
            fits = field.question is None or field.question.fits(task.theme)
            sheet.write_blank(row, at, None, free if fits else grey)
        sheet.data_validation(first, at, last, at, _validation(lists, field, at - len(columns)))
    lists.hide()
    sheet.autofilter(_HEAD_ROW, 0, last, len(columns) + len(fields) - 1)
    sheet.freeze_panes(_HEAD_ROW + 1, 1)
    sheet.set_row(_HEAD_ROW, 34)
    sheet.set_landscape()
    sheet.protect("", {"format_columns": True, "format_rows": True, "sort": True, "autofilter": True})


def _known(task: FieldTask, handout: Handout) -> dict[str, Any]:
    return {
        "案件号": task.number,
        "版本": task.version,
        "等级": titles_of("severity", task.severity).zh,
        "变化类型": titles_of("kind", task.kind).zh,
        "专题": titles_of("theme", task.theme).zh,
        "所在地": place_of(task),
        "面积（平方米）": round(task.area_m2),
        "疑似依据": reason_of(task).zh,
        "已知手续": task.permit_number or "",
        "办理期限": "" if task.due_on is None else task.due_on.isoformat(),
        "图斑经度": round(task.lon, 7),
        "图斑纬度": round(task.lat, 7),
        "导航": navigation_link(*navigation_of(task), task.number),
        _PACKAGE: handout.number,
    }


def _validation(lists: Any, field: _Field, column: int) -> dict[str, Any]:
    """Say what a cell takes; the words lie on a sheet of their own, for a list in the rule itself is cut at 255 letters."""
    told = {"input_title": field.head.rstrip("*")[:32], "input_message": field.hint, "ignore_blank": True}
    if field.words:
        for row, word in enumerate(field.words):
            lists.write_string(row, column, word)
        letter = xlsxwriter.utility.xl_col_to_name(column, col_abs=True)
        source = f"='{_LISTS}'!{letter}$1:{letter}${len(field.words)}"
        wrong = {"error_title": "请从列表选择", "error_message": "只能选择列表中的一项。"}
        return {"validate": "list", "source": source, **told, **wrong}
    if field.limits is not None:
        low, high = field.limits
        wrong = {"error_title": "请填数字", "error_message": f"{low:g} 到 {high:g} 之间的数字。"}
        return {"validate": "decimal", "criteria": "between", "minimum": low, "maximum": high, **told, **wrong}
    return {"validate": "any", **told}
