"""`rsg tasks plan`: who goes where on a day."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rs_governance.cli import options
from rs_governance.cli.console import print_columns, print_json
from rs_governance.cli.language import say, speak
from rs_governance.cli.options import OUTPUT
from rs_governance.cli.tasks import split_list, word_of
from rs_governance.errors import UsageError

if TYPE_CHECKING:
    from rs_governance.field import KeptPlan


def plan(
    town: Annotated[
        str, typer.Option("--town", metavar="CODE", help="街镇区划代码\n\nCode of the town.", show_default=False)
    ],
    on: Annotated[
        datetime, typer.Option("--date", formats=["%Y-%m-%d"], help="核查日期\n\nThe day.", show_default=False)
    ],
    seed: Annotated[
        int,
        typer.Option(
            "--seed", metavar="N", help="抽取种子，记入台账\n\nSeed of the draw, on record.", show_default=False
        ),
    ],
    login: options.As,
    inspectors: Annotated[
        str | None,
        typer.Option(
            "--inspectors",
            metavar="LOGINS",
            help="核查员账号，逗号分隔；默认该街镇的核查员和网格员"
            "\n\nWho is sent, by commas; the town's inspectors and grid keepers by default.",
            show_default=False,
        ),
    ] = None,
    officers: Annotated[
        bool,
        typer.Option("--officers", help="执法人员也排入\n\nPlan for enforcement officers too."),
    ] = False,
    audit_share: Annotated[
        float, typer.Option("--audit-share", metavar="SHARE", help="双随机抽查比例\n\nShare drawn at random.")
    ] = 0.05,
    geojson: Annotated[
        Path | None,
        typer.Option(
            "--geojson",
            metavar="FILE",
            help="另存路线（GeoJSON）\n\nAlso write stops and ways as GeoJSON.",
            show_default=False,
            rich_help_panel=OUTPUT,
        ),
    ] = None,
    at: options.At = None,
    store: options.Store = options.DEFAULT_STORE,
    lang: options.Lang = None,
    as_json: options.Json = False,
) -> None:
    """安排一天的核查：按等级、可能性、距离和人力，另按种子双随机抽查 / Plan a day: by severity, chance, distance, capacity, and a random share.

    距离为直线距离，不是道路 / Distances are straight lines, not roads.
    """
    speak(lang)
    from rs_governance.cases import clocks_of, read_actor
    from rs_governance.db import open_store
    from rs_governance.field import make_plan, plan_document
    from rs_governance.publish.json_file import write_json

    opened = open_store(store)
    with opened.read() as session:
        actor = read_actor(session, login)
    if geojson is not None and geojson.exists():
        raise UsageError(f"'{geojson}' is there already; name another file.", zh=f"'{geojson}' 已存在；请换一个文件。")
    kept = make_plan(
        opened,
        town=town,
        on=on.date(),
        logins=split_list(inspectors),
        seed=seed,
        share=audit_share,
        officers=officers,
        actor=actor,
        now=options.time_of(at),
        clocks=clocks_of(opened),
    )
    if geojson is not None:
        places = {number: (round(task.lon, 7), round(task.lat, 7)) for number, task in kept.tasks.items()}
        write_json(geojson, plan_document(kept, places))
    if as_json:
        print_json(plan_document(kept) | {"again": kept.again})
        return
    _tell_plan(kept)


def _tell_plan(kept: "KeptPlan") -> None:
    facts = kept.facts
    again = say("（与此前相同，沿用原编号）", " (as planned before)") if kept.again else ""
    typer.echo(
        say(
            f"核查路线 {kept.number}{again}：{facts['date']}，{len(kept.tasks)} 件待核查，抽查 {len(facts['drawn'])} 件（种子 {facts['seed']}）",
            f"Visit plan {kept.number}{again}: {facts['date']}, {len(kept.tasks)} cases wait, {len(facts['drawn'])} drawn (seed {facts['seed']})",
        )
    )
    header = say(
        "次序|案件|等级|类型|价值|距上一处（米，直线）|备注",
        "order|case|level|kind|worth|metres from the last, straight|note",
    ).split("|")
    for login, visits in kept.plan.visits.items():
        rows = [
            [
                str(order),
                visit.number,
                word_of("severity", kept.tasks[visit.number].severity),
                word_of("kind", kept.tasks[visit.number].kind),
                f"{visit.worth:.2f}",
                f"{visit.leg_m:.0f}",
                " ".join(
                    filter(
                        None,
                        (
                            say("双随机", "drawn") if visit.audit else "",
                            say("须先转办", "transfer first") if visit.needs_transfer else "",
                        ),
                    )
                ),
            ]
            for order, visit in enumerate(visits, 1)
        ]
        inspector = kept.inspectors[login]
        total = sum(visit.leg_m for visit in visits) / 1000
        title = say(
            f"{inspector.name}（{login}）{len(visits)}/{inspector.capacity} 件，{total:.1f} 公里",
            f"{inspector.name} ({login}): {len(visits)} of {inspector.capacity}, {total:.1f} km",
        )
        print_columns(header, rows, title=title)
    why_left_out = {
        "capacity": say("人力已满", "nobody who may see them has room"),
        "nobody": say("无人有权核查，或已派给他人", "nobody of these may see them, or they were handed to others"),
    }
    for why, told in why_left_out.items():
        if count := sum(reason == why for reason in kept.plan.left_out.values()):
            typer.echo(say(f"未排入 {count} 件：{told}", f"{count} cases are left out: {told}"))
    why_idle = {
        "no_capacity": say("每日可核查数为 0", "their capacity is 0"),
        "not_theirs": say(
            "没有由其核查的案件（辖区、专题、部门不符，或已派给他人）",
            "no case is theirs to see (place, theme or department, or it was handed to others)",
        ),
        "enough": say("其可核查的案件他人已排完", "the others have room for all that is theirs"),
    }
    for login, reason in kept.plan.idle.items():
        name = kept.inspectors[login].name
        typer.echo(say(f"{name}（{login}）未安排：{why_idle[reason]}", f"{name} ({login}) stays: {why_idle[reason]}"))
