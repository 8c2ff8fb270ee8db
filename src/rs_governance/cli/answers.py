"""`rsg cases answers`: what the reporter and those concerned say of cases."""

import typer

from rs_governance.cli import options
from rs_governance.cli.case_clocks import Table
from rs_governance.cli.console import print_columns, print_json
from rs_governance.cli.language import language_code, say, speak


def answers(
    file: Table,
    actor: options.As,
    store: options.Store = options.DEFAULT_STORE,
    at: options.At = None,
    lang: options.Lang = None,
    as_json: options.Json = False,
) -> None:
    """导入反映人、企业等的答复与评价，重复导入只计一次 / Take in answers and ratings of those concerned; twice counts once.

    列 / Columns: case (案件号) 或 / or channel + clue (渠道、线索编号)；who (身份：反映人、企业…)；text (内容)；permit (手续文号)；rating
    (评分 1..5)；on (日期).
    """
    speak(lang)
    from dataclasses import asdict

    from rs_governance.cases.feedback.answers import RESPONDENTS
    from rs_governance.cases.people.register import read_actor
    from rs_governance.db import open_store
    from rs_governance.flows.answers import take_answer_file

    with open_store(store).read() as session:
        person = read_actor(session, actor)
    taken = take_answer_file(store, file, actor=person, now=options.time_of(at))
    if as_json:
        print_json(asdict(taken))
        return
    counts, refused = taken.counts, len(taken.refused)
    zh = f"答复 {counts['answers']}，评价 {counts['ratings']}，此前已收 {counts['known']}，退回 {refused}"
    en = f"{counts['answers']} answers, {counts['ratings']} ratings, {counts['known']} known, {refused} refused"
    typer.echo(say(zh, en))
    shown = [one for one in taken.rows if one.permit is not None and one.done]
    if shown:
        found = {
            "on_it": say("涉及本案", "on this ground"),
            "elsewhere": say("不在此处", "elsewhere"),
            "unknown": say("名册中未查到", "in no register"),
        }
        rows = [
            [
                one.case_number,
                getattr(RESPONDENTS[one.by], language_code()),
                found[str(one.permit)],
                say("是", "yes") if one.before_visit else say("否", "no"),
            ]
            for one in shown
        ]
        header = say("案件号|身份|手续|核查前", "case|who|permit|before a visit").split("|")
        print_columns(header, rows, title=say("出示手续的答复", "Answers with a permit"))
    for each in taken.refused:
        typer.echo(say(f"第 {each.row} 行：{each.problem_zh}", f"row {each.row}: {each.problem}"), err=True)
