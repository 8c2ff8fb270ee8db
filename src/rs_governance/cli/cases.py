"""`rsg cases`: list cases, show them, act on them."""

from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rs_governance.cli import case_acts, case_clocks, options
from rs_governance.cli.console import print_columns, print_json, print_table
from rs_governance.cli.language import language_code, say, speak
from rs_governance.cli.options import OUTPUT
from rs_governance.cli.widths import fit_columns

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from rs_governance.cases.shown.brought import Asked
    from rs_governance.cases.shown.names import Names
    from rs_governance.cases.shown.sheet import Sheet
    from rs_governance.db import Photo, Store

app = typer.Typer(help="案件：查看与办理 / Cases: look at them and act on them.", no_args_is_help=True)
app.command("act")(case_acts.act)
app.command("assign")(case_acts.assign)
app.command("remind")(case_clocks.remind)
app.command("clocks")(case_clocks.clocks)
app.add_typer(case_clocks.calendar, name="calendar")

_FILTER = "筛选 / Which cases"


class Order(StrEnum):
    """What a list is sorted by."""

    due = "due"
    severity = "severity"
    number = "number"
    area = "area"
    seen = "seen"
    opened = "opened"
    state = "state"


def _many(name: str, zh: str, en: str) -> Any:
    return typer.Option(
        name, help=f"{zh}，可重复\n\n{en}; may be repeated.", show_default=False, rich_help_panel=_FILTER
    )


def _one(name: str, metavar: str, zh: str, en: str) -> Any:
    return typer.Option(name, metavar=metavar, help=f"{zh}\n\n{en}.", show_default=False, rich_help_panel=_FILTER)


Number = Annotated[str, typer.Argument(metavar="NUMBER", help="案件号\n\nNumber of the case.", show_default=False)]


@app.command("list")
def list_(
    store: options.Store = options.DEFAULT_STORE,
    state: Annotated[list[str] | None, _many("--state", "状态", "State")] = None,
    severity: Annotated[list[str] | None, _many("--severity", "等级", "Severity")] = None,
    theme: Annotated[list[str] | None, _many("--theme", "专题", "Theme")] = None,
    channel: Annotated[list[str] | None, _many("--channel", "发现渠道", "Channel")] = None,
    town: Annotated[str | None, _one("--town", "CODE", "街镇或村社代码", "Code of a town or village")] = None,
    holder: Annotated[
        str | None, _one("--holder", "LOGIN", "经办人，- 表示无人经办", "Holder; - for what nobody holds")
    ] = None,
    due: Annotated[str | None, _one("--due", "DATE", "期限不晚于", "Terms that end by this day")] = None,
    overdue: Annotated[
        bool, typer.Option("--overdue", help="只列已超期\n\nOverdue ones only.", rich_help_panel=_FILTER)
    ] = False,
    proposed: Annotated[
        bool,
        typer.Option(
            "--proposed",
            help="只列系统有建议而尚未处理的\n\nOnly those with a proposal of the machine that nobody has answered.",
            rich_help_panel=_FILTER,
        ),
    ] = False,
    text: Annotated[
        str | None,
        _one("--text", "TEXT", "案件号、经办人、派给、文号的一部分", "Piece of number, holder, receiver or permit"),
    ] = None,
    every: Annotated[
        bool, typer.Option("--all", help="包括已销号\n\nClosed ones too.", rich_help_panel=_FILTER)
    ] = False,
    order: Annotated[
        Order, typer.Option("--sort", help="排序\n\nWhat to sort by.", rich_help_panel=OUTPUT)
    ] = Order.due,
    descending: Annotated[
        bool, typer.Option("--descending", help="倒序\n\nThe other way round.", rich_help_panel=OUTPUT)
    ] = False,
    page: Annotated[int, typer.Option("--page", min=1, help="页\n\nPage.", rich_help_panel=OUTPUT)] = 1,
    size: Annotated[
        int, typer.Option("--size", min=1, max=1000, help="每页件数\n\nCases on a page.", rich_help_panel=OUTPUT)
    ] = 30,
    at: options.At = None,
    lang: options.Lang = None,
    as_json: options.Json = False,
) -> None:
    """列出案件 / List cases."""
    speak(lang)
    from rs_governance.cases import CHANNELS, CHINA, STATES
    from rs_governance.cases.shown.listing import Wanted, list_cases
    from rs_governance.cases.shown.names import read_names
    from rs_governance.db import open_store
    from rs_governance.rules import SEVERITIES, THEMES

    today = options.time_of(at).astimezone(CHINA).date()
    states = _known("--state", state, STATES)
    wanted = Wanted(
        states=states,
        open_only=not every and not states,
        severities=_known("--severity", severity, SEVERITIES),
        themes=_known("--theme", theme, THEMES),
        channels=_known("--channel", channel, CHANNELS),
        town=town,
        holder=holder,
        due_by=None if due is None else options.read_day("--due", due),
        overdue_on=today if overdue else None,
        proposed=proposed,
        text=text,
    )
    with open_store(store).read() as session:
        found = list_cases(
            session, wanted, order=order.value, descending=descending, limit=size, offset=(page - 1) * size
        )
        names = read_names(session, found.rows)
    if as_json:
        print_json({"total": found.total, "page": page, "size": size, "cases": found.rows})
        return
    first = (page - 1) * size + 1
    shown = say(f"，第 {first}–{first + len(found.rows) - 1} 件", f", {first} to {first + len(found.rows) - 1}")
    title = say(f"案件 {found.total} 件", f"{found.total} cases") + (shown if found.rows else "")
    header = say("案件号|等级|类型|专题|状态|经办|期限", "case|sev.|kind|theme|state|with|due").split("|")
    lines = [_line(row, today, names) for row in found.rows]
    if proposed:
        # What is proposed takes the place of the theme: a line has no room for more.
        header[3] = say("建议", "proposed")
        lines = [
            [*line[:3], _proposal(row["proposal"]), *line[4:]] for line, row in zip(lines, found.rows, strict=True)
        ]
    fitted = fit_columns([header, *lines], _WIDTHS)
    print_columns(fitted[0], fitted[1:], title=title)
    if any(row["due_on"] is not None and row["due_on"] < today for row in found.rows):
        typer.echo(say("!N：已超期 N 天", "!N: N days overdue"))


_WIDTHS = (None, None, 12, 12, 10, 17, None)


def _line(row: Mapping[str, Any], today: date, names: "Names") -> list[str]:
    from rs_governance.cases.shown.showing import show_value

    language = language_code()
    words = [show_value(name, row[name], language) for name in ("number", "severity", "kind", "theme", "state")]
    who = show_value("assignee", row["holder"] or row["assignee"], language, names)
    due = row["due_on"]
    # One mark for what is overdue: colours are lost where a list is piped or printed.
    return [*words, who, "-" if due is None else f"{due:%m-%d}{_days(due, today)}"]


def _proposal(action: str) -> str:
    from rs_governance.cases.shown.showing import show_word

    return say("再次核查", "look again") if action == "look_again" else show_word("action", action, language_code())


def _days(due: date, today: date) -> str:
    late = (today - due).days
    return f" !{late}" if late > 0 else ""


def _known(option: str, given: list[str] | None, words: Mapping[Any, Any]) -> tuple[str, ...]:
    from rs_governance.errors import UsageError

    if strange := [word for word in given or () if word not in words]:
        en, zh = (", ".join(f"{code} ({getattr(word, lang)})" for code, word in words.items()) for lang in ("en", "zh"))
        raise UsageError(
            f"{option} knows no {strange[0]!r}; it is one of {en}.",
            zh=f"{option} 不认得 {strange[0]!r}；可用 {zh}。",
        )
    return tuple(given or ())


@app.command("show")
def show(
    number: Number,
    store: options.Store = options.DEFAULT_STORE,
    html: Annotated[
        Path | None,
        typer.Option(
            "--html",
            metavar="FILE",
            help="写成一页案件单（含图片与时间线）\n\nWrite the case sheet: one page with pictures and timeline.",
            show_default=False,
            rich_help_panel=OUTPUT,
        ),
    ] = None,
    issues: Annotated[
        Path | None,
        typer.Option(
            "--issues",
            metavar="DIR",
            envvar="RSG_ISSUES",
            help="已发布各期所在文件夹，用于前后对比图\n\nFolder of the published issues, for the pictures before and after.",
            show_default=False,
        ),
    ] = None,
    lang: options.Lang = None,
    as_json: options.Json = False,
) -> None:
    """查看一个案件的全部内容 / Show everything about a case."""
    speak(lang)
    from rs_governance.cases.shown.sheet import gather_sheet, plain_sheet
    from rs_governance.db import open_store

    opened = open_store(store)
    with opened.read() as session:
        sheet = gather_sheet(session, number)
        if html is not None:
            _write_page(html, sheet, opened, session, issues)
        if as_json:
            print_json(plain_sheet(sheet))
        elif html is not None:
            typer.echo(say(f"已写入 {html}", f"wrote {html}"))
        else:
            _print_sheet(sheet, opened)


def _write_page(path: Path, sheet: "Sheet", store: "Store", session: "Session", issues: Path | None) -> None:
    from rs_governance.cases.shown.sheet_page import sheet_page
    from rs_governance.field.ground import PublishedGround
    from rs_governance.field.rechecks import draw_rechecks
    from rs_governance.publish.report.page_font import embed_fonts

    with PublishedGround(issues, crs=store.crs) as ground:
        rechecks = draw_rechecks(session, sheet, ground)
    page = sheet_page(sheet, store, issues=issues, language=language_code(), questions=_questions(), rechecks=rechecks)
    options.write_page(path, embed_fonts(page))


def _questions() -> "dict[str, Asked]":
    """Return what is asked on the ground, as the sheet shows it: the room of cases does not know the field's questions."""
    from rs_governance.cases.shown.brought import Asked
    from rs_governance.field import read_questions
    from rs_governance.rules import Word

    return {each.id: Asked(words=Word(each.zh, each.en), choices=dict(each.choices)) for each in read_questions()}


def _print_sheet(sheet: "Sheet", store: "Store") -> None:
    from rs_governance.cases.shown.machine_notes import note_words
    from rs_governance.cases.shown.showing import FIELD_WORDS, show_code, show_value, show_word

    language = language_code()
    hidden = {"machine", "district_code"}
    shown = {
        name: " ".join(
            filter(None, (show_value(name, value, language, sheet.names), show_code(name, value, sheet.names)))
        )
        for name, value in sheet.case.items()
        if name not in hidden
    }
    print_table([(getattr(FIELD_WORDS[name], language), text) for name, text in shown.items() if text != "-"])
    if sheet.differences:
        rows = [
            [
                getattr(FIELD_WORDS[each.field], language),
                show_value(each.field, each.machine, language, sheet.names),
                show_value(each.field, each.person, language, sheet.names),
            ]
            for each in sheet.differences
        ]
        typer.echo()
        header = say("字段|机器|人工", "field|machine|person").split("|")
        print_columns(header, rows, title=say("机器与人工的差异", "Machine and person"))
    proposals = [f"{each.at:%Y-%m-%d}  {note_words(each, sheet.reasons, language)}" for each in sheet.proposals]
    spots = [f"{each.issue}  {each.spot_no}  {_relation(each.relation)}".rstrip() for each in sheet.findings]
    clues = [f"{show_word('channel', each.channel, language)}  {each.number}  {each.content}" for each in sheet.clues]
    for title, lines in (
        (say("系统建议", "Proposed by the machine"), proposals),
        (say("图斑", "Spots"), spots),
        (say("照片", "Photos"), [_photo(each) for each in sheet.photos]),
        (say("线索", "Clues"), clues),
        (say("拆分为", "Split into"), list(sheet.parts)),
    ):
        if lines:
            typer.secho(f"\n{title}", bold=True)
            typer.echo("\n".join(lines))
    typer.echo()
    _print_events(sheet, store)
    possible = ", ".join(f"{action} {show_word('action', action, language)}" for action in sheet.actions)
    typer.echo(say(f"\n可办理：{possible}", f"\nWhat can be done: {', '.join(sheet.actions)}"))


def _relation(code: str | None) -> str:
    from rs_governance.cases.shown.showing import show_word

    return "" if code is None else show_word("relation", code, language_code())


def _photo(photo: "Photo") -> str:
    from rs_governance.cases.shown.showing import trust_words

    joined = say("；", "; ").join(trust_words(photo, language_code()))
    return f"{photo.name}  {photo.sha256[:12]}  {joined}"


@app.command("history")
def history(
    number: Number,
    store: options.Store = options.DEFAULT_STORE,
    lang: options.Lang = None,
    as_json: options.Json = False,
) -> None:
    """列出一个案件的办理记录 / List what was done to a case."""
    speak(lang)
    from rs_governance.cases.shown.sheet import gather_sheet, plain_event
    from rs_governance.db import open_store

    opened = open_store(store)
    with opened.read() as session:
        sheet = gather_sheet(session, number)
        if as_json:
            print_json({"number": number, "events": [plain_event(event) for event in sheet.events]})
        else:
            _print_events(sheet, opened)


def _print_events(sheet: "Sheet", store: "Store") -> None:
    from rs_governance.cases.shown.brought import brought_lines
    from rs_governance.cases.shown.showing import event_words, show_value, show_word

    language, questions = language_code(), _questions()
    colon = say("：", ": ")
    rows = []
    for event in sheet.events:
        rows.append([
            show_value("at", event.at, language),
            show_word("role", "system", language)
            if event.role == "system"
            else show_value("actor", event.actor, language, sheet.names),
            show_word("action", event.action, language),
            "" if event.from_state == event.to_state else show_word("state", event.to_state, language),
            "  ".join(event_words(event, language, sheet.names, sheet.reasons)),
        ])
        brought = brought_lines(event, sheet, questions, crs=store.crs, language=language)
        rows += [["", "", "", "", f"· {line.label}{colon}{line.text}"] for line in brought]
    header = say("时间|经办|动作|状态|说明", "time|by|action|state|words").split("|")
    print_columns(header, rows, title=say("办理记录", "What was done"))
