"""`rsg cases take`, `open` and `lineage`: issues in, a case from a single spot, and cases through the issues."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from rs_governance.cli import audit, options
from rs_governance.cli.case_clocks import warn_of_this_year
from rs_governance.cli.console import print_json, print_table
from rs_governance.cli.intakes import print_answered
from rs_governance.cli.language import Language, language_code, say, speak, spoken


def take(
    issue: Annotated[
        Path,
        typer.Argument(
            metavar="ISSUE", help="期的文件夹，如 issues/2026-10\n\nFolder of a published issue.", show_default=False
        ),
    ],
    actor: options.As,
    store: options.Store = options.DEFAULT_STORE,
    rules: Annotated[
        Path | None,
        typer.Option(
            "--rules",
            metavar="FILE",
            help="规则文件，用于按库中手续核对\n\nRules file, for judging by the permits in the store.",
            show_default=False,
        ),
    ] = None,
    key: audit.Key = None,
    anchors: audit.Anchors = None,
    at: options.At = None,
    lang: options.Lang = None,
    as_json: options.Json = False,
) -> None:
    """接收一期成果：与已有案件对应，新增立案，处置中的案件复核 / Take in an issue: match it to the cases, open new ones, recheck those in disposal.

    同时按库中已有的手续核对所涉案件：合法的撤回，不足的提出建议 / The cases are judged by the permits in the store: lawful ones are
    withdrawn, of the others something is proposed.

    同一版只收一次；重新发布的期为新的一版，不改动任何人已作的认定 / An edition is taken in once; one that was published again
    never changes what a person has said.
    """
    speak(lang)
    from rs_governance.cases import RELATIONS
    from rs_governance.cases.months.recheck import OUTLOOKS
    from rs_governance.cases.people.register import read_actor
    from rs_governance.cases.shown.showing import show_word
    from rs_governance.db import open_store
    from rs_governance.flows.take_issue import take_issue

    opened, now = open_store(store), options.time_of(at)
    with opened.read() as session:
        person = read_actor(session, actor)
    taken = take_issue(store, issue, now=now, actor=person, rules=rules)
    warn_of_this_year(opened, now)
    if taken.news:
        audit.set_anchor(opened, f"publish {taken.issue}", audit.find_place(opened, key, anchors), now)
    if as_json:
        print_json(asdict(taken))
        return
    at_word = 0 if spoken() is Language.zh else 1
    rows = [(say("期", "issue"), f"{taken.issue} ({say('第', 'edition ')}{taken.edition}{say(' 版', '')})")]
    if not taken.news:
        rows.append((say("此前已接收", "taken in before"), say("未作改动", "nothing was changed")))
        print_table(rows)
        return
    rows.append((say("图斑", "spots"), str(taken.spots)))
    rows += [
        (RELATIONS[name][at_word], say(f"{n} 件", f"{n} cases"))  # type: ignore[index]
        for name, n in taken.relations.items()
        if n
    ]
    rows += [
        (word, say(f"{len(numbers)} 件", f"{len(numbers)} cases"))
        for word, numbers in (
            (say("上一版已立案，本版有改动", "opened by the former edition, changed now"), taken.revised),
            (say("与上一版相同，未作改动", "as in the former edition, nothing written"), taken.same),
        )
        if numbers
    ]
    if taken.later:
        filed = say(f"；{len(taken.filed)} 件只归档，不改动", f"; {len(taken.filed)} cases filed, not changed")
        rows.append((say("此前已收更晚的期", "later issues were taken before"), ", ".join(taken.later) + filed))
    language = language_code()
    for action, numbers in taken.proposed.items():
        label = f"{say('系统建议', 'proposed')} {show_word('action', action, language)}"
        rows += [(label if at == 0 else "", number) for at, number in enumerate(numbers)]
    rows += [(number, OUTLOOKS[outlook][at_word]) for number, outlook in taken.rechecked.items()]  # type: ignore[index]
    rows += [(number, say("撤回：重发后不再列出", "withdrawn: no longer published")) for number in taken.withdrawn]
    print_table(rows)
    print_answered(taken.permitted)


def open_(
    spot: Annotated[
        str, typer.Argument(metavar="SPOT", help="图斑号\n\nNumber of a published spot.", show_default=False)
    ],
    actor: options.As,
    note: Annotated[str, typer.Option("--note", help="理由\n\nWhy.", show_default=False)],
    store: options.Store = options.DEFAULT_STORE,
    at: options.At = None,
    lang: options.Lang = None,
    as_json: options.Json = False,
) -> None:
    """由免查图斑立案（如抽查所见） / Open a case from a spot that the rules exempted, such as one of the random look."""
    speak(lang)
    from rs_governance.cases.people.register import read_actor
    from rs_governance.db import open_store
    from rs_governance.flows.open_spot import open_spot

    with open_store(store).read() as session:
        person = read_actor(session, actor)
    number = open_spot(store, spot, note=note, now=options.time_of(at), actor=person)
    if as_json:
        print_json({"case_number": number})
        return
    print_table([(say("案件", "case"), number)])


def lineage(
    number: Annotated[str, typer.Argument(metavar="NUMBER", help="案件号\n\nNumber of the case.", show_default=False)],
    store: options.Store = options.DEFAULT_STORE,
    svg: Annotated[
        Path | None,
        typer.Option(
            "--svg",
            metavar="FILE",
            help="另存为图\n\nAlso draw it into a file.",
            show_default=False,
            rich_help_panel=options.OUTPUT,
        ),
    ] = None,
    lang: options.Lang = None,
    as_json: options.Json = False,
) -> None:
    """案件的来龙去脉：各期所见、拆分、并案 / A case through the issues: what was seen, splits and mergers."""
    speak(lang)
    from rs_governance.cases.months.lineage import draw_lineage, lineage_lines, trace_lineage
    from rs_governance.db import open_store
    from rs_governance.errors import OutputFailed

    with open_store(store).read() as session:
        found = trace_lineage(session, number)
    chinese = spoken() is Language.zh
    if svg is not None:
        try:
            svg.write_text(draw_lineage(found, chinese=chinese), encoding="utf-8")
        except OSError as error:
            raise OutputFailed(
                f"'{svg}' cannot be written: {error.strerror}; name a file in a folder that is there.",
                zh=f"'{svg}' 写不进去（{error.strerror}）；请指定已有文件夹中的文件。",
            ) from error
    if as_json:
        print_json({**asdict(found), "issues": found.issues})
        return
    for line in lineage_lines(found, chinese=chinese):
        typer.echo(line)
