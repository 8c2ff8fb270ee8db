"""`rsg permits`: registers that arrive later, and what they make lawful."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from rs_governance.cli import options
from rs_governance.cli.case_clocks import warn_of_this_year
from rs_governance.cli.console import print_columns, print_json
from rs_governance.cli.grids import print_problems
from rs_governance.cli.intakes import Crs, Fields, File, print_answered, read_mapping
from rs_governance.cli.language import language_code, say, speak

app = typer.Typer(help="审批手续：后到的名册 / Permits: registers that arrive later.", no_args_is_help=True)

_COUNTED = {"added": ("新增", "added"), "changed": ("更改", "changed"), "same": ("不变", "same")}

_RegisterName = typer.Option(
    "--register",
    metavar="NAME",
    help="名册，如 building_permit\n\nRegister, such as building_permit.",
    show_default=False,
)


@app.command("import")
def import_(
    file: File,
    register: Annotated[str, _RegisterName],
    actor: options.As,
    as_of: Annotated[
        str | None,
        typer.Option(
            "--as-of",
            metavar="DATE",
            help="名册截至日期，默认为今天\n\nDay to which the register holds; today by default.",
            show_default=False,
        ),
    ] = None,
    store: options.Store = options.DEFAULT_STORE,
    rules: Annotated[
        Path | None,
        typer.Option("--rules", metavar="FILE", help="规则文件\n\nRules file.", show_default=False),
    ] = None,
    layer: Annotated[
        str | None,
        typer.Option("--layer", metavar="NAME", help="图层或工作表\n\nLayer or sheet.", show_default=False),
    ] = None,
    crs: Crs = None,
    field: Fields = None,
    at: options.At = None,
    lang: options.Lang = None,
    as_json: options.Json = False,
) -> None:
    """导入审批手续，按规则核对未认定的案件：合法的撤回，不足的提出建议 / Take in permits and judge the open cases by them.

    已由人认定的案件不动，只提建议 / What a person has judged is left alone; it is proposed.
    """
    speak(lang)
    from rs_governance.cases import CHINA
    from rs_governance.cases.people.register import read_actor
    from rs_governance.db import open_store
    from rs_governance.flows.papers import take_permits

    opened, now = open_store(store), options.time_of(at)
    with opened.read() as session:
        person = read_actor(session, actor)
    warn_of_this_year(opened, now)
    taken = take_permits(
        store,
        file,
        register=register,
        as_of=now.astimezone(CHINA).date() if as_of is None else options.read_day("--as-of", as_of),
        now=now,
        actor=person,
        rules=rules,
        crs=crs,
        layer=layer,
        mapped=read_mapping(field),
    )
    if as_json:
        print_json(asdict(taken))
        return
    typer.echo(say("，", ", ").join(f"{say(*_COUNTED[name])} {count}" for name, count in taken.counts.items()) or "-")
    print_answered(taken.cases)
    print_problems(taken.problems)


@app.command("list")
def list_(
    store: options.Store = options.DEFAULT_STORE,
    register: Annotated[str | None, _RegisterName] = None,
    valid_on: Annotated[
        str | None,
        typer.Option("--valid-on", metavar="DATE", help="此日有效的\n\nIn force on this day.", show_default=False),
    ] = None,
    lang: options.Lang = None,
    as_json: options.Json = False,
) -> None:
    """列出审批手续 / List permits."""
    speak(lang)
    from rs_governance.db import open_store
    from rs_governance.flows.papers import list_permits
    from rs_governance.rules import STAGES
    from rs_governance.rules.fields import REGISTERS

    day = None if valid_on is None else options.read_day("--valid-on", valid_on)
    with open_store(store).read() as session:
        permits = list_permits(session, register=register, valid_on=day)
    if as_json:
        print_json({"permits": permits})
        return
    language = language_code()
    rows = []
    for one in permits:
        name, stage = REGISTERS.get(one["register"]), STAGES.get(one["stage"])
        rows.append([
            one["register"] if name is None else str(getattr(name, language)),
            one["number"],
            one["stage"] or "-" if stage is None else str(getattr(stage, language)),
            one["approved_use"] or "-",
            one["valid_from"] or "…",
            one["valid_to"] or "…",
            f"{one['area_m2']:,.0f}",
        ])
    header = say("名册|文号|阶段|用途|起|止|面积", "register|number|stage|use|from|to|area m²").split("|")
    print_columns(header, rows, title=say(f"手续 {len(rows)} 件", f"{len(rows)} permits"))
