"""`rsg tasks`: who has what, packages for the field, and who goes where."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rs_governance.cli import audit, options
from rs_governance.cli.console import print_columns, print_json, progress
from rs_governance.cli.language import language_code, say, speak
from rs_governance.cli.options import OUTPUT
from rs_governance.cli.widths import fit_columns

if TYPE_CHECKING:
    from rs_governance.field import FieldTask, Package

app = typer.Typer(
    help="外业任务：清单、任务包、核查路线 / Tasks in the field: list, packages, visit plans.", no_args_is_help=True
)

WHOM = "范围 / Whose"

To = Annotated[
    str | None,
    typer.Option(
        "--to", metavar="LOGIN", help="核查员账号\n\nAccount of an inspector.", show_default=False, rich_help_panel=WHOM
    ),
]
Town = Annotated[
    str | None,
    typer.Option(
        "--town",
        metavar="CODE",
        help="街镇（或村）区划代码\n\nCode of a town or village.",
        show_default=False,
        rich_help_panel=WHOM,
    ),
]
Theme = Annotated[
    str | None,
    typer.Option(
        "--theme", metavar="THEME", help="专题，如 farmland\n\nTheme.", show_default=False, rich_help_panel=WHOM
    ),
]


def split_list(text: str | None) -> list[str]:
    """Split what was given by commas."""
    return [part.strip() for part in (text or "").split(",") if part.strip()]


@app.command("list")
def list_(
    to: To = None,
    town: Town = None,
    theme: Theme = None,
    at: options.At = None,
    store: options.Store = options.DEFAULT_STORE,
    lang: options.Lang = None,
    as_json: options.Json = False,
) -> None:
    """列出外业任务：谁经办、何时到期 / List what waits on the ground: who has it, when it is due."""
    speak(lang)
    from rs_governance.cases import CHINA, STATES
    from rs_governance.db import open_store
    from rs_governance.field import read_receiver, read_tasks

    with open_store(store).read() as session:
        wanted = to or town or theme
        receiver = read_receiver(session, to=to, town=town, theme=theme) if wanted else None
        tasks = read_tasks(session, receiver)
    today = options.time_of(at).astimezone(CHINA).date()
    if as_json:
        print_json({"date": today, "tasks": [_plain(task, today) for task in tasks]})
        return
    rows = [
        [
            task.number,
            word_of("severity", task.severity),
            word_of("kind", task.kind),
            " ".join(filter(None, (task.town_name or task.town_code, task.village_name))),
            getattr(STATES[task.state], language_code()),  # type: ignore[index]
            task.holder or "-",
            task.assignee or "-",
            "-" if task.due_on is None else task.due_on.isoformat(),
            _days_left(task, today),
        ]
        for task in tasks
    ]
    header = say(
        "案件|等级|类型|所在地|状态|经办|派给|期限|剩余天数",
        "case|level|kind|place|state|held by|handed to|due|days left",
    ).split("|")
    late = sum(task.due_on is not None and task.due_on < today for task in tasks)
    title = say(f"外业任务 {len(tasks)} 件，逾期 {late} 件", f"{len(tasks)} tasks, {late} overdue")
    fitted = fit_columns([header, *rows], _WIDTHS)
    print_columns(fitted[0], fitted[1:], title=title)


_WIDTHS = (None, None, 10, 10, 8, 6, 17, None, None)


def word_of(column: str, code: str) -> str:
    """Return the word of a coded value in the language that is printed."""
    from rs_governance.publish.titles import titles_of

    text: str = getattr(titles_of(column, code), language_code())
    return text


def _days_left(task: "FieldTask", today: date) -> str:
    return "-" if task.due_on is None else str((task.due_on - today).days)


def _plain(task: "FieldTask", today: date) -> dict[str, Any]:
    names = ("number", "version", "state", "severity", "theme", "kind", "town_code", "town_name", "village_code",
             "village_name", "holder", "assignee", "due_on", "area_m2", "lon", "lat")  # fmt: skip
    days = None if task.due_on is None else (task.due_on - today).days
    return {**{name: getattr(task, name) for name in names}, "days_left": days}


@app.command("export")
def export(
    out: Annotated[
        Path,
        typer.Option(
            "--out",
            metavar="DIR",
            help="任务包文件夹，须不存在或为空\n\nFolder of the package; absent or empty.",
            show_default=False,
            rich_help_panel=OUTPUT,
        ),
    ],
    login: options.As,
    to: To = None,
    town: Town = None,
    theme: Theme = None,
    issues: Annotated[
        Path | None,
        typer.Option(
            "--issues",
            metavar="DIR",
            help="各期成果文件夹，取其影像；不写则只有范围\n\nFolder of the issues, for the pictures; without it outlines alone.",
            show_default=False,
        ),
    ] = None,
    plan: Annotated[
        str | None,
        typer.Option(
            "--plan",
            metavar="NUMBER",
            help="核查路线编号（rsg tasks plan）：只含其中该人的各站，按次序"
            "\n\nNumber of a visit plan: the receiver's stops in it alone, in their order.",
            show_default=False,
        ),
    ] = None,
    formats: Annotated[
        str | None,
        typer.Option(
            "--format",
            metavar="LIST",
            help="内容，逗号分隔：html,geojson,cards,kmz,xlsx,gpkg；默认全部\n\nParts, by commas; all by default.",
            show_default=False,
            rich_help_panel=OUTPUT,
        ),
    ] = None,
    days: Annotated[
        int, typer.Option("--days", metavar="N", help="有效天数\n\nDays for which it is good.", rich_help_panel=OUTPUT)
    ] = 30,
    zipped: Annotated[
        bool, typer.Option("--zip", help="打成一个 zip\n\nOne zip instead of files.", rich_help_panel=OUTPUT)
    ] = False,
    questions: Annotated[
        Path | None,
        typer.Option(
            "--questions",
            metavar="FILE",
            help="核查问题（TOML）；不写则用自带的\n\nFile of questions; without it those of the program.",
            show_default=False,
        ),
    ] = None,
    key: audit.Key = None,
    anchors: audit.Anchors = None,
    at: options.At = None,
    store: options.Store = options.DEFAULT_STORE,
    quiet: options.Quiet = False,
    lang: options.Lang = None,
    as_json: options.Json = False,
) -> None:
    """生成外业任务包并登记台账：手机表单、核查表、清单、KMZ、Excel、QField / Make a package for the field, and enter it in the ledger.

    只含接收人有权核查的案件；图上有接收人和日期水印 / Holds only what is the receiver's; its pictures carry receiver and date.
    """
    speak(lang)
    from rs_governance.cases import clocks_of, read_actor
    from rs_governance.db import open_store
    from rs_governance.field import DEFAULT_QUESTIONS, FORMATS, Wanted, export_tasks, read_questions

    opened, now = open_store(store), options.time_of(at)
    with opened.read() as session:
        actor = read_actor(session, login)
    wanted = Wanted(
        to=to, town=town, theme=theme, formats=split_list(formats) or FORMATS, days=days, plan=plan, zipped=zipped
    )
    with progress(quiet=quiet or as_json) as tell:
        package = export_tasks(
            opened,
            wanted,
            out,
            actor=actor,
            now=now,
            clocks=clocks_of(opened),
            questions=read_questions(questions or DEFAULT_QUESTIONS),
            issues=issues,
            progress=tell,
        )
    anchor = audit.set_anchor(opened, f"export {package.handout.number}", audit.find_place(opened, key, anchors), now)
    _tell_package(package, out, issues=issues, anchor=anchor, as_json=as_json)


def _tell_package(
    package: "Package", out: Path, *, issues: Path | None, anchor: dict[str, Any] | None, as_json: bool
) -> None:
    handout = package.handout
    if as_json:
        print_json({
            **handout.facts,
            "cases": list(package.numbers),
            "with_pictures": package.pictured,
            "not_theirs": list(package.not_theirs),
            "files": dict(package.files),
            "size_bytes": dict(package.size_bytes),
            "anchor": anchor,
        })
        return
    size = sum(package.size_bytes.values()) / 1e6
    typer.secho(
        say(
            f"任务包 {handout.number} 已生成：{handout.receiver.name}，{len(package.numbers)} 件，有效期至 {handout.expires_on}，{size:.1f} MB",
            f"Package {handout.number}: {handout.receiver.name}, {len(package.numbers)} cases, valid until {handout.expires_on}, {size:.1f} MB",
        ),
        bold=True,
    )
    for name in sorted(name for name in package.files if "/" not in name):
        typer.echo(f"  {out / name}")
    if package.not_theirs:
        told = say("、", ", ").join(package.not_theirs)
        typer.echo(
            say(
                f"路线中 {told} 未放入：须先转办，或已不待核查。",
                f"Of the plan {told} are not in it: transfer them first, or they no longer wait for a visit.",
            )
        )
    missing = len(package.numbers) - package.pictured
    if missing and issues is None:
        typer.echo(
            say(
                f"{missing} 件没有影像，只有范围；请用 --issues 指定已发布的各期成果。",
                f"{missing} cases have outlines only; name the folder of the published issues with --issues.",
            )
        )
    elif missing:
        typer.echo(
            say(
                f"{missing} 件没有影像，只有范围：'{issues}' 中没有其所在各期的影像，或发布时用了 --no-pictures；请不带 --no-pictures 重新发布这些月份。",
                f"{missing} cases have outlines only: '{issues}' has no pictures of their months, or they were published with --no-pictures; publish those months again without it.",
            )
        )


@app.command("exports")
def exports(
    store: options.Store = options.DEFAULT_STORE,
    lang: options.Lang = None,
    as_json: options.Json = False,
) -> None:
    """列出导出台账；生成中断、无人收到的任务包先行作废 / List the ledger; a package whose making was cut off is made void first."""
    speak(lang)
    import sqlalchemy as sa

    from rs_governance.cases import clocks_of
    from rs_governance.db import Export, open_store
    from rs_governance.field import settle_exports

    names = ("number", "purpose", "receiver", "actor", "at", "expires_on", "case_numbers", "files", "facts")
    opened = open_store(store)
    settle_exports(opened, now=options.time_of(None), clocks=clocks_of(opened))
    with opened.read() as session:
        entries = session.execute(sa.select(*(getattr(Export, name) for name in names)).order_by(Export.id)).all()
    if as_json:
        print_json({"exports": [dict(entry._mapping) for entry in entries]})
        return
    purposes = {"field_tasks": say("外业任务", "tasks"), "visit_plan": say("核查路线", "visit plan")}
    rows = [
        [
            entry.number,
            purposes.get(entry.purpose, entry.purpose),
            entry.receiver,
            entry.actor,
            f"{entry.at:%Y-%m-%d %H:%M}Z",
            str(entry.expires_on),
            str(len(entry.case_numbers)),
            _note_on(entry.facts),
        ]
        for entry in entries
    ]
    header = say(
        "编号|用途|接收人|办理人|时间|有效期|件数|备注", "number|purpose|receiver|by|at|valid until|cases|note"
    ).split("|")
    print_columns(header, rows, title=say(f"导出 {len(rows)} 次", f"{len(rows)} exports"))


def _note_on(facts: Mapping[str, Any]) -> str:
    if "void" in facts:
        return say("作废", "void")
    if "making" in facts:  # being made right now, or its folder was moved away before it was told
        return say("未确认完成；如无人收到请作废", "not known to be whole; make it void if nobody got it")
    return ""


@app.command("void")
def void(
    number: Annotated[
        str,
        typer.Argument(metavar="NUMBER", help="任务包编号\n\nNumber of the package.", show_default=False),
    ],
    note: Annotated[
        str, typer.Option("--note", metavar="TEXT", help="作废原因\n\nWhy it is void.", show_default=False)
    ],
    login: options.As,
    at: options.At = None,
    store: options.Store = options.DEFAULT_STORE,
    lang: options.Lang = None,
    as_json: options.Json = False,
) -> None:
    """作废无人收到的任务包，如生成中断的：台账保留并注明 / Mark a package that nobody got as void; the entry stays."""
    speak(lang)
    from rs_governance.cases import clocks_of, read_actor
    from rs_governance.db import open_store
    from rs_governance.field import void_export

    opened = open_store(store)
    clocks = clocks_of(opened)
    with opened.write() as session:
        actor = read_actor(session, login)
        entry = void_export(session, number, note, actor=actor, now=options.time_of(at), clocks=clocks)
        facts, cases = dict(entry.facts), list(entry.case_numbers)
    if as_json:
        print_json({"number": number, "cases": cases, **facts})
        return
    typer.echo(say(f"任务包 {number} 已作废（{len(cases)} 件）。", f"Package {number} is void ({len(cases)} cases)."))
