"""`rsg cases calendar`, `clocks` and `remind`: terms, working days, and who is told when a term runs out."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rs_governance.cli import options
from rs_governance.cli.console import print_columns, print_json
from rs_governance.cli.language import language_code, say, speak
from rs_governance.cli.options import OUTPUT
from rs_governance.errors import OutputFailed

if TYPE_CHECKING:
    from rs_governance.cases import Clocks
    from rs_governance.cases.people.intake import Refusal
    from rs_governance.cases.people.mailing import Unsent
    from rs_governance.db import Store

calendar = typer.Typer(help="节假日表 / The table of holidays.", no_args_is_help=True)

Table = Annotated[
    Path, typer.Argument(metavar="FILE", help="CSV 或 Excel 文件\n\nA CSV or Excel file.", show_default=False)
]


def warn_of_holidays(clocks: "Clocks", moments: Iterable[datetime] = (), due: Iterable[date | str] = ()) -> list[str]:
    """Warn on stderr of years whose holidays nobody loaded, and return what was said.

    Parameters
    ----------
    clocks
        With the calendar.
    moments, due
        Times and days between which terms were computed.
    """
    from rs_governance.cases import CHINA

    days = [moment.astimezone(CHINA).date() for moment in moments]
    ends = [date.fromisoformat(each) if isinstance(each, str) else each for each in due]
    if not ends:
        return []
    years = clocks.years_without_holidays(min([*days, *ends]), max([*days, *ends]))
    told = [
        say(
            f"{year} 年的节假日尚未导入，工作日只按周一至周五计算（rsg cases calendar import）",
            f"the holidays of {year} are not loaded: working days are but Monday to Friday (rsg cases calendar import)",
        )
        for year in years
    ]
    for line in told:
        typer.secho(say("提醒：", "Warning: ") + line, err=True, fg=typer.colors.YELLOW)
    return told


def warn_of_this_year(store: "Store", now: datetime) -> None:
    """Warn on stderr where the holidays of the year, by which the terms that now begin are counted, were not loaded."""
    from rs_governance.cases import CHINA, clocks_of

    warn_of_holidays(clocks_of(store), [now], [now.astimezone(CHINA).date()])


def tell_intake(counts: dict[str, int], refused: "Sequence[Refusal]", *, as_json: bool, noun: tuple[str, str]) -> None:
    """Print what a table brought, row by row where it was refused."""
    if as_json:
        print_json({**counts, "refused": [asdict(each) for each in refused]})
    else:
        zh = f"{noun[0]}：新增 {counts['added']}，更改 {counts['changed']}，不变 {counts['same']}，退回 {len(refused)}"
        en = f"{noun[1]}: {counts['added']} added, {counts['changed']} changed, {counts['same']} as before, {len(refused)} refused"
        typer.echo(say(zh, en))
        for each in refused:
            typer.echo(say(f"第 {each.row} 行：{each.problem_zh}", f"row {each.row}: {each.problem}"), err=True)


@calendar.command("import")
def import_(
    file: Table,
    login: options.AsKeeper = None,
    store: options.Store = options.DEFAULT_STORE,
    at: options.At = None,
    lang: options.Lang = None,
    as_json: options.Json = False,
) -> None:
    """导入节假日与调休（列：date, working, name）/ Take in holidays and weekend days that are worked."""
    speak(lang)
    from rs_governance.cases.life.calendars import take_holidays
    from rs_governance.cases.people.register import read_keeper
    from rs_governance.db import open_store

    with open_store(store).write() as session:
        keeper = read_keeper(session, login, "holidays")
        counts, refused = take_holidays(session, file, actor=keeper, now=options.time_of(at))
    tell_intake(counts, refused, as_json=as_json, noun=("节假日", "days"))


@calendar.command("list")
def list_(
    store: options.Store = options.DEFAULT_STORE,
    year: Annotated[int | None, typer.Option("--year", help="年份\n\nYear.", show_default=False)] = None,
    lang: options.Lang = None,
    as_json: options.Json = False,
) -> None:
    """列出节假日表 / List the table of holidays."""
    speak(lang)
    import sqlalchemy as sa

    from rs_governance.db import Holiday, open_store

    with open_store(store).read() as session:
        days = session.execute(sa.select(Holiday.day, Holiday.working, Holiday.name).order_by(Holiday.day)).all()
    days = [each for each in days if year in (None, each.day.year)]
    if as_json:
        print_json({"days": [{"date": each.day, "working": each.working, "name": each.name} for each in days]})
        return
    rows = [[str(each.day), say("上班", "worked") if each.working else say("放假", "off"), each.name] for each in days]
    print_columns(
        say("日期|类型|名称", "date|type|name").split("|"), rows, title=say(f"{len(rows)} 天", f"{len(rows)} days")
    )


def clocks(
    store: options.Store = options.DEFAULT_STORE,
    at: options.At = None,
    lang: options.Lang = None,
    as_json: options.Json = False,
) -> None:
    """显示各状态的办理期限，及从今天算起的到期日 / Show the terms of each state, and when they would end from today on."""
    speak(lang)
    from rs_governance.cases import CHINA, STATES, clocks_of
    from rs_governance.db import open_store
    from rs_governance.rules import SEVERITIES

    read = clocks_of(open_store(store))
    now = options.time_of(at)
    today = now.astimezone(CHINA).date()
    dues = {
        state: {severity: read.due_on(state, severity, today) for severity in SEVERITIES} for state in read.by_state
    }
    working = [due for state, each in dues.items() if read.by_state[state].unit == "working" for due in each.values()]
    warnings = warn_of_holidays(read, [now], [due for due in working if due is not None])
    if as_json:
        content: dict[str, Any] = {
            state: {"unit": clock.unit, "days": dict(clock.days), "due_from_today": dues[state]}
            for state, clock in read.by_state.items()
        }
        years = sorted({day.year for day in read.calendar.days})
        print_json({
            "clocks": content,
            "second_opinion": read.second_opinion,
            "holidays_of": years,
            "warnings": warnings,
        })
        return
    language = language_code()
    rows = []
    for state, word in STATES.items():
        clock = read.by_state.get(state)
        if clock is None:
            rows.append([getattr(word, language), *["-"] * 4])
            continue
        unit = say("工作日", "working") if clock.unit == "working" else say("自然日", "calendar")
        cells = [f"{clock.days[each]} → {dues[state][each]:%m-%d}" for each in SEVERITIES]
        rows.append([getattr(word, language), unit, *cells])
    header = [say("状态", "state"), say("单位", "days"), *(getattr(word, language) for word in SEVERITIES.values())]
    print_columns(header, rows, title=say(f"办理期限（自 {today} 起）", f"Terms (from {today})"))


def remind(
    store: options.Store = options.DEFAULT_STORE,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            metavar="DIR",
            help="每人一份提醒（文本和网页）的文件夹\n\nFolder for one digest a person, as text and as a page.",
            show_default=False,
            rich_help_panel=OUTPUT,
        ),
    ] = None,
    mail: Annotated[
        Path | None,
        typer.Option(
            "--mail",
            metavar="TOML",
            help="邮件服务器设置；默认为案件库中的 mail.toml，没有则不发\n\nSettings of the mail server; mail.toml in the store by default, none without it.",
            show_default=False,
        ),
    ] = None,
    at: options.At = None,
    lang: options.Lang = None,
    as_json: options.Json = False,
) -> None:
    """催办与升级：到期前提醒，超期升级，一周后再次升级 / Remind before a term ends, escalate after it, and a week later."""
    speak(lang)
    from rs_governance.cases import clocks_of
    from rs_governance.cases.people.digests import keep_digest, to_message, write_digest
    from rs_governance.cases.people.mailing import MAIL_FILE, OUTBOX, put_into_outbox, read_mail_server, send_outbox
    from rs_governance.cases.people.reminding import read_recipients, sort_by_person, warn_of_terms
    from rs_governance.cases.shown.names import read_names
    from rs_governance.db import open_store

    opened = open_store(store)
    settings = mail if mail is not None else opened.folder / MAIL_FILE
    server = read_mail_server(settings) if mail is not None or settings.is_file() else None
    read, now = clocks_of(opened), options.time_of(at)
    outbox = opened.folder / OUTBOX
    with opened.write() as session:
        warned = warn_of_terms(session, now=now, clocks=read)
        names = read_names(session, [each.case for each in warned])
        digests = [
            write_digest(person, theirs, now=now, names=names)
            for person, theirs in sort_by_person(warned, read_recipients(session))
        ]
        # Before the record says that they were told: a crash leaves letters that are written once more, never none.
        for digest in digests:
            if out is not None:
                keep_digest(digest, out)
            if server is not None and digest.address is not None:
                message = to_message(digest, sender=server.sender, now=now)
                put_into_outbox(message, outbox, f"{now:%Y%m%dT%H%M%S}-{digest.login}")
    sent, unsent = ([], []) if server is None else send_outbox(outbox, server)
    warnings = warn_of_holidays(read, [now], [each.case["due_on"] for each in warned])
    if as_json:
        print_json({
            "warned": [
                {"number": each.case["number"], "level": each.level, "due_on": each.case["due_on"]} for each in warned
            ],
            "digests": [digest.login for digest in digests],
            "sent": sent,
            "unsent": [{"file": each.file, "to": each.to, "problem": each.problem} for each in unsent],
            "warnings": warnings,
        })
    else:
        _tell_warned([each.level for each in warned], digests=len(digests), sent=len(sent))
    _fail_unsent(unsent)


def _tell_warned(levels: Sequence[int], *, digests: int, sent: int) -> None:
    from rs_governance.cases.people.reminding import LEVELS

    for level, word in LEVELS.items():
        typer.echo(f"{getattr(word, language_code())}  {levels.count(level)}")
    typer.echo(say(f"提醒 {digests} 人，已发邮件 {sent} 封", f"{digests} people told, {sent} e-mails sent"))


def _fail_unsent(unsent: "Sequence[Unsent]") -> None:
    if unsent:
        told = "; ".join(f"{each.to}: {each.problem}" for each in unsent)
        raise OutputFailed(
            f"{len(unsent)} e-mail(s) were not sent ({told}); they wait in the store's outbox for the next 'rsg cases remind'.",
            zh=f"{len(unsent)} 封邮件未发出（{told}）；已留在案件库的 outbox，下次 'rsg cases remind' 再发。",
        )
