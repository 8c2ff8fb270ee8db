"""`rsg tasks import`: what comes back from the field."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rs_governance.cli import options
from rs_governance.cli.case_clocks import warn_of_this_year
from rs_governance.cli.console import print_columns, print_json
from rs_governance.cli.language import language_code, say, speak
from rs_governance.errors import LayerUnreadable, RsgError

if TYPE_CHECKING:
    from rs_governance.field.returns import Taken


def import_(
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE...",
            help="回传文件：表单保存的 .json、.geojson、.xlsx、.gpkg，或其与照片的 .zip"
            "\n\nReturns: .json of the form, .geojson, .xlsx, .gpkg, or a .zip of one with photos.",
            show_default=False,
        ),
    ],
    login: options.As,
    by: Annotated[
        str | None,
        typer.Option(
            "--by",
            metavar="LOGIN",
            help="谁做的外业（文件和任务包都没有写明时）\n\nWho was in the field, where neither the file nor its package says.",
            show_default=False,
        ),
    ] = None,
    at: options.At = None,
    store: options.Store = options.DEFAULT_STORE,
    lang: options.Lang = None,
    as_json: options.Json = False,
) -> None:
    """导入外业回传：同一文件只计一次，冲突逐条列出，照片原件按哈希保存 / Take in returns: once, conflicts listed, originals kept by hash.

    有文件无法读取时，其余照收，退出码为 3 / Where a file cannot be read the others are taken, and the exit code is 3.
    """
    speak(lang)
    from rs_governance.cases import clocks_of, read_actor
    from rs_governance.db import open_store
    from rs_governance.field.returns import take_return

    opened, now = open_store(store), options.time_of(at)
    with opened.read() as session:
        importer = read_actor(session, login)
        inspector = None if by is None else read_actor(session, by)
    warn_of_this_year(opened, now)
    taken, unread = [], []
    for file in files:
        try:
            taken.append(
                take_return(opened, file, importer=importer, inspector=inspector, now=now, clocks=clocks_of(opened))
            )
        except RsgError as error:
            if len(files) == 1:
                raise
            unread.append((file, error))
    if as_json:
        print_json({
            "files": [asdict(one) for one in taken],
            "unread": [
                {"file": file.name, "message": error.told("en"), "message_zh": error.told("zh")}
                for file, error in unread
            ],
        })
    else:
        for one in taken:
            _tell(one)
        for file, failure in unread:
            typer.echo(f"{file.name}: {failure.told(language_code())}", err=True)
    if unread:
        raise LayerUnreadable(
            f"{len(unread)} of {len(files)} files could not be taken in, see above; the others were.",
            zh=f"{len(files)} 个文件中有 {len(unread)} 个未能导入（见上），其余已导入。",
        )


def _tell(taken: "Taken") -> None:
    new = [len(set(numbers) - set(taken.before)) for numbers in (taken.submitted, taken.noted)]
    head = say(
        f"{taken.name}：提交 {new[0]} 件，部分回传 {new[1]} 件，冲突 {len(taken.conflicts)} 件，问题 {len(taken.problems)} 条",
        f"{taken.name}: {new[0]} submitted, {new[1]} in part, {len(taken.conflicts)} conflicts, {len(taken.problems)} problems",
    )
    known = say(
        f"此前已收的 {len(taken.before)} 件不重复计：{'、'.join(taken.before)}",
        f"{len(taken.before)} taken before and not counted again: {', '.join(taken.before)}",
    )
    if taken.again:
        head = say(
            f"{taken.name}：没有新内容，此文件以前已导入，未作改动",
            f"{taken.name}: nothing new, it was taken in before",
        )
    elif not taken.is_news and taken.before:
        head = say(f"{taken.name}：没有新内容", f"{taken.name}: nothing new")
    typer.secho(head, bold=True)
    if taken.before:
        typer.echo(known)
    if taken.photos:
        from rs_governance.cases.shown.trust_words import TRUSTS

        counts = (f"{say(*word)} {taken.photos[trust]}" for trust, word in TRUSTS.items() if trust in taken.photos)
        typer.echo(say("新照片：", "New photos: ") + say("，", ", ").join(counts))
    for title, rows in ((say("冲突", "Conflicts"), taken.conflicts), (say("问题", "Problems"), taken.problems)):
        if rows:
            print_columns(
                [say("位置", "where"), say("说明", "what")],
                [[row.row, say(row.text_zh, row.text)] for row in rows],
                title=title,
            )
