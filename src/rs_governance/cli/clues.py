"""`rsg clues`: reports from hotline, patrol, the public, higher levels and the ledger of known spots."""

from dataclasses import asdict
from typing import Annotated

import typer

from rs_governance.cli import options
from rs_governance.cli.case_clocks import warn_of_this_year
from rs_governance.cli.console import print_columns, print_json, print_table
from rs_governance.cli.intakes import (
    Crs,
    District,
    Fields,
    File,
    Gcj02,
    crs_of,
    print_counts,
    print_row_errors,
    read_mapping,
)
from rs_governance.cli.language import language_code, say, speak

app = typer.Typer(
    help="线索：热线、巡查、举报、交办与存量台账 / Clues from elsewhere, and the ledger of known spots.",
    no_args_is_help=True,
)

_OUTCOMES = {
    "opened": ("立案", "opened"),
    "matched": ("归入已有案件", "matched to a case"),
    "known": ("此前已收", "known before"),
    "differs": ("此前已收且内容不同", "known before with other contents"),
}

_LABELS = {
    "channel": ("渠道", "channel"),
    "number": ("来源编号", "number of the source"),
    "case_number": ("案件", "case"),
    "relation": ("与案件的关系", "what it is to the case"),
    "reported_on": ("受理日期", "reported on"),
    "answer_by": ("答复期限", "answer by"),
    "content": ("内容", "content"),
    "reporter": ("反映人", "reporter"),
    "contact": ("联系方式", "contact"),
    "place": ("中心点（经度, 纬度）", "centre (lon, lat)"),
    "area_m2": ("面积", "area"),
    "taken_in": ("来自文件（SHA-256）", "from the file (SHA-256)"),
}

_ChannelOption = typer.Option(
    "--channel",
    metavar="CHANNEL",
    help="渠道：hotline、patrol、public_report、handed_down、ledger\n\nChannel, one of these.",
    show_default=False,
)


@app.command("import")
def import_(
    file: File,
    channel: Annotated[str, _ChannelOption],
    actor: options.As,
    store: options.Store = options.DEFAULT_STORE,
    district: District = None,
    gcj02: Gcj02 = False,
    crs: Crs = None,
    field: Fields = None,
    at: options.At = None,
    lang: options.Lang = None,
    as_json: options.Json = False,
) -> None:
    """导入线索，按渠道和编号去重，与卫星所见对应或立案 / Take in clues; known by channel and number, matched to cases or opened.

    有问题的行逐行说明，其余照收 / Rows with a problem are told of one by one, the others are taken.
    """
    speak(lang)
    from rs_governance.cases.people.register import read_actor
    from rs_governance.db import open_store
    from rs_governance.flows.clues import take_clues

    opened, now = open_store(store), options.time_of(at)
    with opened.read() as session:
        person = read_actor(session, actor)
    warn_of_this_year(opened, now)
    taken = take_clues(
        store,
        file,
        channel=channel,  # type: ignore[arg-type]  # checked there
        now=now,
        actor=person,
        district=district,
        crs=crs_of(gcj02, crs),
        mapped=read_mapping(field),
    )
    if as_json:
        print_json(asdict(taken))
        return
    print_counts(taken.counts, _OUTCOMES, len(taken.errors))
    told = [one for one in taken.rows if one.outcome in ("opened", "matched", "differs")]
    if told:
        rows = [[str(one.row), one.number, say(*_OUTCOMES[one.outcome]), one.case_number] for one in told]
        print_columns(say("行|编号|结果|案件", "row|number|outcome|case").split("|"), rows, title=say("线索", "Clues"))
    print_row_errors(taken.errors)


@app.command("list")
def list_(
    store: options.Store = options.DEFAULT_STORE,
    channel: Annotated[str | None, _ChannelOption] = None,
    unanswered: Annotated[
        bool, typer.Option("--open", help="只列案件未销号的\n\nOnly those whose case is open.")
    ] = False,
    lang: options.Lang = None,
    as_json: options.Json = False,
) -> None:
    """按答复期限列出线索 / List clues by the day of their answer."""
    speak(lang)
    from rs_governance.cases.shown.showing import show_word
    from rs_governance.db import open_store
    from rs_governance.flows.clues import list_clues

    with open_store(store).read() as session:
        clues = list_clues(session, channel=channel, open_only=unanswered)
    if as_json:
        print_json({"clues": clues})
        return
    language = language_code()
    rows = [
        [
            show_word("channel", one["channel"], language),
            one["number"],
            one["reported_on"],
            one["answer_by"] or "-",
            one["case_number"] or "-",
            "-" if one["state"] is None else show_word("state", one["state"], language),
            one["content"][:30],
        ]
        for one in clues
    ]
    header = say(
        "渠道|编号|受理|答复期限|案件|状态|内容", "channel|number|reported|answer by|case|state|content"
    ).split("|")
    print_columns(header, rows, title=say(f"线索 {len(rows)} 条", f"{len(rows)} clues"))


@app.command("show")
def show(
    channel: Annotated[str, typer.Argument(metavar="CHANNEL", help="渠道\n\nChannel.", show_default=False)],
    number: Annotated[str, typer.Argument(metavar="NUMBER", help="线索编号\n\nNumber.", show_default=False)],
    store: options.Store = options.DEFAULT_STORE,
    lang: options.Lang = None,
    as_json: options.Json = False,
) -> None:
    """查看一条线索的全部内容 / Show a clue with all its fields."""
    speak(lang)
    from rs_governance.cases.shown.showing import show_word
    from rs_governance.db import open_store
    from rs_governance.flows.clues import show_clue

    with open_store(store).read() as session:
        clue = show_clue(session, channel, number)
    if as_json:
        print_json(clue)
        return
    language = language_code()
    shown = {
        **clue,
        "channel": show_word("channel", clue["channel"], language),
        "relation": None if clue["relation"] is None else show_word("relation", clue["relation"], language),
        "place": f"{clue['lon']:.6f}, {clue['lat']:.6f}",
        "area_m2": f"{clue['area_m2']:,.0f} m²" if clue["area_m2"] else None,
    }
    print_table([(say(*words), str(shown[name] or "-")) for name, words in _LABELS.items()])
    if clue["fields"]:
        typer.echo(say("原始字段", "Fields of the file"))
        print_table([(f"  {name}", "-" if value is None else str(value)) for name, value in clue["fields"].items()])
