"""The figures of an issue as an Excel workbook that can be printed and handed on."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

import xlsxwriter
from xlsxwriter.exceptions import FileCreateError
from xlsxwriter.format import Format
from xlsxwriter.workbook import Workbook
from xlsxwriter.worksheet import Worksheet

from rs_governance.publish.issue import LEVELS, IssueFigures
from rs_governance.publish.month.statistics import FIGURES, GROUPING_TITLES, UNIT_FIGURES, sum_urgent
from rs_governance.publish.output_folder import writing
from rs_governance.publish.style import SEVERITY_RGB
from rs_governance.publish.titles import TITLES, titles_of
from rs_governance.table import Column

_FONT = "宋体"  # every Chinese office has it
_INK, _RULE, _HEAD, _TOTAL = "#1F2933", "#C5CDD6", "#1F4E79", "#EAF0F6"
_TINT = 0.82
_TITLE_ROW, _NOTE_ROW, HEAD_ROW = 0, 1, 3
"""Rows of the title, of the note and of the heads of a table."""
_NOTE = "图斑为卫星影像比对所得线索，只表示疑似，须现场核查；1 亩 = 2000/3 平方米。"


def write_statistics_xlsx(statistics: Mapping[str, Any], path: Path, *, trend: Sequence[IssueFigures] = ()) -> None:
    """Write the figures by `summarise` as a workbook: an overview, a sheet for each grouping and level, the trend.

    Heads are Chinese and stay in sight, numbers are numbers, sheets fit A4 across. The workbook says that it was made on
    the day of the issue's last image, so equal figures give equal bytes.

    Parameters
    ----------
    statistics
        Figures by `summarise`.
    path
        File to create or replace.
    trend
        Figures of former issues, oldest first.

    Raises
    ------
    OutputFailed
        When the file cannot be written.
    """
    with writing(path):
        path.unlink(missing_ok=True)
        path.touch()  # the library hides the reason why a file cannot be made
        book = xlsxwriter.Workbook(
            path, {"strings_to_formulas": False, "strings_to_urls": False, "nan_inf_to_errors": False}
        )
        made_on = datetime.fromisoformat(statistics["last_image_on"] or "2000-01-01")
        title = f"{statistics['district']['name']} {statistics['issue']} 期图斑统计"
        book.set_properties({"title": title, "created": made_on, "comments": _NOTE})
        _fill(Sheets(book, title), statistics, trend)
        try:
            book.close()
        except FileCreateError as error:
            raise error.args[0] if error.args and isinstance(error.args[0], OSError) else OSError(str(error)) from error


def _fill(sheets: "Sheets", statistics: Mapping[str, Any], trend: Sequence[IssueFigures]) -> None:
    sheets.add_overview(statistics)
    for name, title in GROUPING_TITLES.items():
        rows = [{"name": row["title_zh"], **row} for row in statistics["by"][name]]
        coloured = [SEVERITY_RGB.get(row["code"]) for row in rows] if name == "severity" else None
        sheets.add_table(f"按{title}", title, FIGURES, rows, total=statistics["total"], tints=coloured)
    for level in LEVELS[1:]:
        rows = [unit for unit in statistics["units"] if unit["level"] == level]
        named = [row | {"name": row["name"] or "（范围以外）"} for row in rows if row["code"] or row["touching"]]
        word = titles_of("level", level).zh
        if named:
            sheets.add_table(f"按{word}", word, UNIT_FIGURES, named, total=None, codes=True)
    if trend:
        sheets.add_trend(statistics, trend)


class Sheets:
    """The sheets of one workbook and their formats."""

    def __init__(self, book: Workbook, title: str) -> None:
        self.book, self.title = book, title
        self._formats: dict[tuple[tuple[str, Any], ...], Format] = {}

    def format(self, **settings: Any) -> Format:
        """Return the format with these settings, made once."""
        settings = {"font_name": _FONT, "font_size": 10, "font_color": _INK, "valign": "vcenter"} | settings
        key = tuple(sorted(settings.items()))
        if key not in self._formats:
            self._formats[key] = self.book.add_format(settings)
        return self._formats[key]

    def cell(self, column: Column | None = None, **settings: Any) -> Format:
        """Return the format of a cell of a table, by what the column holds."""
        number = {} if column is None else _number_format(column)
        return self.format(border=1, border_color=_RULE, **{**number, **settings})

    def start(self, name: str, *, note: str = _NOTE, landscape: bool = True) -> Worksheet:
        """Add a sheet with its title and note."""
        sheet = self.book.add_worksheet(name)
        sheet.hide_gridlines(2)
        sheet.set_row(_TITLE_ROW, 26)
        sheet.write_string(
            _TITLE_ROW, 0, f"{self.title} · {name}", self.format(bold=True, font_size=14, font_color=_HEAD)
        )
        sheet.write_string(_NOTE_ROW, 0, note, self.format(font_color="#5B6770", font_size=9))
        sheet.set_paper(9)
        if landscape:
            sheet.set_landscape()
        sheet.fit_to_pages(1, 0)
        sheet.set_margins(left=0.4, right=0.4, top=0.5, bottom=0.6)
        sheet.set_footer("&C&9第 &P 页，共 &N 页")
        return sheet

    def heads(self, sheet: Worksheet, row: int, texts: Sequence[str]) -> None:
        """Write the heads of a table."""
        sheet.set_row(row, 30)
        style = self.cell(bold=True, font_color="#FFFFFF", bg_color=_HEAD, align="center", text_wrap=True)
        for at, text in enumerate(texts):
            sheet.write_string(row, at, text, style)

    def add_table(
        self,
        sheet_name: str,
        first_head: str,
        columns: Sequence[Column],
        rows: Sequence[Mapping[str, Any]],
        *,
        total: Mapping[str, Any] | None,
        tints: Sequence[tuple[int, int, int] | None] | None = None,
        codes: bool = False,
    ) -> None:
        """Add a sheet with one row for each group or unit."""
        heads = [*(["代码"] if codes else []), first_head, *(column.alias_zh for column in columns)]
        sheet = self.start(sheet_name)
        self.heads(sheet, HEAD_ROW, heads)
        first = 2 if codes else 1
        if codes:
            sheet.set_column(0, 0, 17)
        sheet.set_column(first - 1, first - 1, max(12, *(_width(row["name"]) for row in rows)) + 2 if rows else 14)
        for at, column in enumerate(columns, start=first):
            sheet.set_column(at, at, _column_width(column))
        for at, row in enumerate(rows, start=HEAD_ROW + 1):
            fill = tint_of(tints[at - HEAD_ROW - 1]) if tints else {}
            if codes:
                sheet.write_string(at, 0, row["code"], self.cell(**fill))
            sheet.write_string(at, first - 1, row["name"], self.cell(**fill))
            self._write_row(sheet, at, first, columns, row, fill)
        last = HEAD_ROW + len(rows)
        if total is not None:
            fill = {"bold": True, "bg_color": _TOTAL}
            sheet.write_string(last + 1, 0, "合计", self.cell(**fill))
            self._write_row(sheet, last + 1, first, columns, total, fill)
        if rows:
            sheet.autofilter(HEAD_ROW, 0, last, len(heads) - 1)
            bar = {"type": "data_bar", "bar_color": "#9CC3E6"}
            sheet.conditional_format(HEAD_ROW + 1, first, last, first, bar)
        sheet.freeze_panes(HEAD_ROW + 1, first)
        sheet.repeat_rows(HEAD_ROW)

    def add_overview(self, statistics: Mapping[str, Any]) -> None:
        """Add the first sheet: what the issue is, its main figures, and severity by theme."""
        sheet = self.start("概况", landscape=False)
        sheet.set_column(0, 0, 24)
        sheet.set_column(1, 6, 14)
        total, share, urgent = statistics["total"], statistics["observed_share"], sum_urgent(statistics)
        days = [statistics["first_image_on"], statistics["last_image_on"]]
        whole: dict[str, Any] = {"num_format": "#,##0"}
        money: dict[str, Any] = {"num_format": "#,##0.00"}
        facts: list[tuple[str, Any, dict[str, Any]]] = [
            ("行政区", f"{statistics['district']['name']}（{statistics['district']['code']}）", {}),
            ("期号", statistics["issue"], {}),
            ("本期影像日期", " 至 ".join(dict.fromkeys(day for day in days if day)) or "—", {}),
            ("可观测比例", share, {"num_format": "0.0%"}),
            ("需核查图斑（红、黄）", urgent["count"], whole),
            ("　面积（平方米）", urgent["area_m2"], money),
            ("　面积（亩）", urgent["area_mu"], money),
            ("　占耕地（平方米）", urgent["cropland_m2"], money),
            ("　占永久基本农田（平方米）", urgent["basic_cropland_m2"], money),
            ("全部变化图斑（含绿色）", total["count"], whole),
            ("　面积（平方米）", total["area_m2"], money),
            ("　面积（亩）", total["area_mu"], money),
            ("　其中疑似", total["suspected"], whole),
        ]
        for at, (label, value, number) in enumerate(facts, start=HEAD_ROW):
            sheet.write_string(at, 0, label, self.cell(bold=True, bg_color=_TOTAL))
            sheet.merge_range(at, 1, at, 3, "", self.cell(align="left", **number))
            write_cell(sheet, at, 1, value, self.cell(align="left", **number))
        row = HEAD_ROW + len(facts) + 1
        sheet.write_string(row, 0, "专题与等级", self.format(bold=True, font_size=12, font_color=_HEAD))
        self.heads(
            sheet,
            row + 1,
            ["专题", *(f"{word.zh}（个）" for word in TITLES["severity"].values()), "合计（个）", "面积（亩）"],
        )
        cells = {(cell["theme"], cell["severity"]): cell for cell in statistics["severity_by_theme"]}
        for at, theme in enumerate(statistics["by"]["theme"], start=row + 2):
            sheet.write_string(at, 0, theme["title_zh"], self.cell())
            for place, severity in enumerate(TITLES["severity"], start=1):
                tint = tint_of(SEVERITY_RGB.get(severity))
                sheet.write_number(at, place, cells[theme["code"], severity]["count"], self.cell(**whole, **tint))
            sheet.write_number(at, 4, theme["count"], self.cell(**whole, bold=True))
            sheet.write_number(at, 5, theme["area_mu"], self.cell(**money))

    def add_trend(self, statistics: Mapping[str, Any], trend: Sequence[IssueFigures]) -> None:
        """Add a sheet with the former issues and this one, and how much each could see."""
        severities = list(TITLES["severity"])
        heads = [
            "期号",
            "影像最早",
            "影像最晚",
            "图斑数",
            "面积（亩）",
            *(TITLES["severity"][each].zh for each in severities),
            "可观测比例",
        ]
        note = "各期云量不同，可观测比例相差较大的期不宜直接比较。"
        sheet = self.start("历期", note=note)
        self.heads(sheet, HEAD_ROW, heads)
        sheet.set_column(0, len(heads) - 1, 13)
        this = {each["code"]: each["count"] for each in statistics["by"]["severity"]}
        rows = [
            (
                each.issue,
                each.first_image_on,
                each.last_image_on,
                each.count,
                each.area_m2,
                each.severity,
                each.observed_share,
            )
            for each in trend
        ]
        total = statistics["total"]
        days = (statistics["first_image_on"], statistics["last_image_on"])
        rows.append((statistics["issue"], *days, total["count"], total["area_m2"], this, statistics["observed_share"]))
        for at, (issue, first, last, count, area_m2, counts, share) in enumerate(rows, start=HEAD_ROW + 1):
            fill: dict[str, Any] = {"bold": True, "bg_color": _TOTAL} if at == HEAD_ROW + len(rows) else {}
            for place, text in enumerate((issue, first, last)):
                sheet.write_string(at, place, str(text or "—"), self.cell(align="center", **fill))
            sheet.write_number(at, 3, count, self.cell(num_format="#,##0", **fill))
            sheet.write_number(at, 4, round(area_m2 * 3 / 2000, 2), self.cell(num_format="#,##0.00", **fill))
            for place, severity in enumerate(severities, start=5):
                sheet.write_number(at, place, counts.get(severity, 0), self.cell(num_format="#,##0", **fill))
            rounded = None if share is None else round(share, 4)
            write_cell(sheet, at, 5 + len(severities), rounded, self.cell(num_format="0.0%", **fill))
        sheet.freeze_panes(HEAD_ROW + 1, 1)

    def _write_row(
        self,
        sheet: Worksheet,
        at: int,
        first: int,
        columns: Sequence[Column],
        row: Mapping[str, Any],
        fill: Mapping[str, Any],
    ) -> None:
        for place, column in enumerate(columns, start=first):
            write_cell(sheet, at, place, row[column.name], self.cell(column, **fill))


def write_cell(sheet: Worksheet, row: int, column: int, value: Any, style: Format) -> None:
    """Write a text, a number, a day, or a dash for what is missing."""
    if value is None:
        sheet.write_string(row, column, "—", style)
    elif isinstance(value, date):
        sheet.write_datetime(row, column, datetime(value.year, value.month, value.day), style)  # noqa: DTZ001
    elif isinstance(value, str):
        sheet.write_string(row, column, value, style)
    else:
        sheet.write_number(row, column, value, style)


def _number_format(column: Column) -> dict[str, Any]:
    if column.dtype == "int64":
        return {"num_format": "#,##0", "align": "right"}
    if column.dtype == "float64":
        return {"num_format": "0.0%" if column.name.endswith("_share") else "#,##0.00", "align": "right"}
    return {"align": "center"}


def _column_width(column: Column) -> float:
    return 8.0 if column.dtype == "int64" and len(column.alias_zh) < 4 else 13.0 if column.dtype != "float64" else 15.0


def _width(text: str) -> int:
    """Return the width of a text in narrow characters."""
    return sum(2 if ord(character) > 0x2E7F else 1 for character in text)


def tint_of(rgb: tuple[int, int, int] | None) -> dict[str, Any]:
    """Return the settings of a cell tinted by a colour."""
    if rgb is None:
        return {}
    light = (round(part + (255 - part) * _TINT) for part in rgb)
    return {"bg_color": "#" + "".join(f"{part:02X}" for part in light)}
