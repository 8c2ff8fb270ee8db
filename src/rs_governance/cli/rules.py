"""`rsg rules`."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rs_governance.cli import options
from rs_governance.cli.console import print_columns, print_json
from rs_governance.cli.language import say, speak
from rs_governance.cli.options import INPUT
from rs_governance.errors import RulesInvalid, UsageError

if TYPE_CHECKING:
    from rs_governance.rules import Comparison, Step

app = typer.Typer(
    help="规则：查看判定理由，检查和试用规则 / Rules: why a spot was judged so, checking and trying rules.",
    no_args_is_help=True,
)

_Issue = typer.Option(
    "--issue",
    metavar="DIR",
    help="已发布的一期的文件夹，如 issues/2026-10\n\nFolder of a published issue, such as issues/2026-10.",
    rich_help_panel=INPUT,
)
_SHOWN = 40


@app.command("explain")
def explain(
    spot: Annotated[
        str,
        typer.Argument(metavar="SPOT", help="图斑号，如 450108-202610-0001\n\nNumber of a spot.", show_default=False),
    ],
    issue: Annotated[Path, _Issue],
    lang: options.Lang = None,
    as_json: options.Json = False,
) -> None:
    """说明一个图斑为何如此判定：规则、数值、图层及其日期 / Say why a spot was judged so: rules, numbers, layers, dates."""
    speak(lang)
    from rs_governance.publish.month.decisions import read_decisions

    path = issue / "decisions.json"
    if not path.is_file():
        raise UsageError(
            f"'{issue}' is no published issue: it has no decisions.json; name a folder such as issues/2026-10.",
            zh=f"'{issue}' 不是已发布的一期：没有 decisions.json；请指定 issues/2026-10 之类的文件夹。",
        )
    decisions = read_decisions(path)
    if spot not in decisions:
        known = ", ".join(list(decisions)[:3])
        raise UsageError(
            f"Issue '{issue.name}' has no spot {spot}; its {len(decisions)} spots begin with {known}.",
            zh=f"{issue.name} 期没有图斑 {spot}；其 {len(decisions)} 个图斑从 {known} 开始。",
        )
    steps = decisions[spot]
    if as_json:
        print_json({"spot_no": spot, "steps": [asdict(step) for step in steps]})
        return
    typer.secho(spot, bold=True)
    for step in steps:
        typer.echo(_line(step))


def _line(step: "Step") -> str:
    return f"{'✓' if step.holds else '·'} {say(step.text_zh, step.text_en)}"


@app.command("check")
def check(
    rules: Annotated[
        Path | None,
        typer.Argument(
            metavar="[RULES.toml]",
            help="规则文件；不写则为自带规则\n\nFile of rules; without it, those that come with the program.",
            show_default=False,
        ),
    ] = None,
    issue: Annotated[Path | None, _Issue] = None,
    lang: options.Lang = None,
    as_json: options.Json = False,
) -> None:
    """检查规则文件；给出一期时，试算各等级增减多少 / Check a file of rules; with an issue, say what they would change.

    有错误时退出码为 3 / The exit code is 3 when there are mistakes.
    """
    speak(lang)
    from rs_governance.rules import DEFAULT_RULES, examine_rules, find_contradictions, try_rules

    path = DEFAULT_RULES if rules is None else rules
    read, problems = examine_rules(path)
    if read is not None:
        problems = find_contradictions(read)
    comparison = try_rules(issue, read) if read is not None and not problems and issue is not None else None
    if as_json:
        content = {"rules": path.name, "problems": [asdict(problem) for problem in problems]}
        print_json(
            content | ({} if comparison is None else {"issue": issue.name if issue else None, **asdict(comparison)})
        )
    else:
        for problem in problems:
            typer.echo(f"{problem.where}: {say(problem.message_zh, problem.message_en)}")
        if comparison is not None:
            _print_comparison(comparison)
    if problems:
        raise RulesInvalid(f"'{path.name}' has {len(problems)} mistake(s), listed above; correct them and check again.")
    if not as_json:
        typer.echo(say(f"{path.name}：没有发现问题。", f"{path.name}: no mistakes found."))


_QUESTIONS = {
    "severity": ("等级", "severity"),
    "theme": ("专题", "theme"),
    "kind": ("变化类型", "kind"),
    "suspicion": ("疑似情况", "suspicion"),
    "department": ("责任部门", "department"),
}


def _print_comparison(comparison: "Comparison") -> None:
    from rs_governance.publish.titles import titles_of
    from rs_governance.rules.amounts import in_m2

    def word(question: str, answer: str) -> str:
        return say(*titles_of(question, answer))

    for question, answers in comparison.counts.items():
        rows = [
            [word(question, answer), str(old), str(new), f"{new - old:+d}"]
            for answer, (old, new) in answers.items()
            if old != new
        ]
        if rows:
            header = ["", say("已发布", "published"), say("试用", "tried"), say("增减", "change")]
            print_columns(header, rows, title=say(*_QUESTIONS[question]))
    typer.secho(
        say(f"改变的图斑：{len(comparison.changes)}", f"spots that change: {len(comparison.changes)}"), bold=True
    )
    for change in comparison.changes[:_SHOWN]:
        pairs = (
            f"{say(*_QUESTIONS[name])} {word(name, old)} → {word(name, change.after[name])}"
            for name, old in change.before.items()
            if name != "rule"  # a rule's id is a word of the file: its reason says it to people
        )
        typer.echo(f"{change.spot_no}  {in_m2(change.area_m2)} m²  {say('，', ', ').join(pairs)}")
        typer.echo(f"    {say(change.reason['zh'], change.reason['en'])}")
    if len(comparison.changes) > _SHOWN:
        more = len(comparison.changes) - _SHOWN
        typer.echo(say(f"… 另有 {more} 个，见 --json", f"... {more} more, see --json"))
