"""All commands put together, and the one place where their failures end."""

import os
import sys
from collections.abc import Sequence
from typing import Annotated

import typer

import rs_governance
from rs_governance.cli import (
    answers,
    audit,
    case_issues,
    cases,
    clues,
    compare,
    db,
    detect,
    doctor,
    evaluate,
    feedback,
    grids,
    people,
    permits,
    publish,
    rules,
    scenes,
    schema,
    simulate,
    task_plans,
    task_returns,
    tasks,
)
from rs_governance.cli import run as month
from rs_governance.cli.failures import EXIT_INTERRUPTED, EXIT_PIPE_CLOSED, report
from rs_governance.cli.language import Language, speak

app = typer.Typer(
    name="rsg",
    help="卫星影像变化监测：比对各期影像，发布月度疑似变化图斑、任务清单与报告。"
    "\n\nSatellite change detection: images in, a month of suspected changes, task lists and a report out. A finding is a clue, never a verdict.",
    no_args_is_help=False,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("run")(month.run)
app.command("detect")(detect.detect)
app.command("evaluate")(evaluate.evaluate)
app.command("simulate")(simulate.simulate)
app.add_typer(db.app, name="db")
app.add_typer(cases.app, name="cases")
cases.app.command("take")(case_issues.take)
cases.app.command("open")(case_issues.open_)
cases.app.command("lineage")(case_issues.lineage)
cases.app.command("answers")(answers.answers)
app.add_typer(people.app, name="people")
app.add_typer(clues.app, name="clues")
app.add_typer(permits.app, name="permits")
app.command("compare")(compare.compare)
app.add_typer(tasks.app, name="tasks")
tasks.app.command("plan")(task_plans.plan)
tasks.app.command("import")(task_returns.import_)
app.add_typer(audit.app, name="audit")
app.add_typer(publish.app, name="publish")
app.add_typer(rules.app, name="rules")
app.add_typer(grids.app, name="grids")
app.add_typer(scenes.app, name="scenes")
app.command("feedback")(feedback.feedback)
app.add_typer(feedback.labels, name="labels")
app.command("doctor")(doctor.doctor)
app.command("schema")(schema.schema)


@app.command("version")
def version() -> None:
    """显示版本号 / Show the version."""
    typer.echo(f"rs-governance {rs_governance.__version__}")


def _show_version(asked: bool) -> None:
    if asked:
        version()
        raise typer.Exit


@app.callback()
def options(
    debug: Annotated[  # noqa: ARG001 -- `report` looks for it itself: it must work where reading options fails
        bool, typer.Option("--debug", help="出错时显示完整调用栈 / Show the full traceback of a failure.")
    ] = False,
    lang: Annotated[
        Language,
        typer.Option("--lang", envvar="RSG_LANG", help="显示的语言 / Language of what is printed."),
    ] = Language.zh,
    show_version: Annotated[  # noqa: ARG001 -- its callback has shown it and left
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="显示版本号 / Show the version.")
    ] = False,
) -> None:
    """Options before the command."""
    speak(lang)


def run(arguments: Sequence[str]) -> int:
    """Run one command line and return its exit code, having printed at most one line about a failure.

    Parameters
    ----------
    arguments
        The command line without the program's name; empty prints the help.
    """
    try:
        result = app(list(arguments) or ["--help"], prog_name="rsg", standalone_mode=False)
        sys.stdout.flush()
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    except SystemExit:
        # How the libraries below leave when nobody reads on (`rsg ... | head -1`), having silenced what is left.
        return EXIT_PIPE_CLOSED
    except BrokenPipeError:
        # The same at the end: what is left would be refused once more at the exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_PIPE_CLOSED
    except Exception as error:  # noqa: BLE001 -- nothing may reach a person as a traceback
        return report(error, arguments)
    return result if isinstance(result, int) else 0
