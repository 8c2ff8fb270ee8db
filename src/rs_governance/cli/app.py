"""All commands put together, and the one place where their failures end."""

from collections.abc import Sequence
from typing import Annotated

import typer

import rs_governance
from rs_governance.cli import detect, doctor, evaluate, scenes, schema, simulate
from rs_governance.cli.failures import EXIT_INTERRUPTED, report

app = typer.Typer(
    name="rsg",
    help="卫星影像变化监测：输入前后两期影像，输出疑似变化图斑。"
    "\n\nSatellite change detection: two images in, suspected changes out. A finding is a clue, never a verdict.",
    no_args_is_help=False,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("detect")(detect.detect)
app.command("evaluate")(evaluate.evaluate)
app.command("simulate")(simulate.simulate)
app.add_typer(scenes.app, name="scenes")
app.command("doctor")(doctor.doctor)
app.command("schema")(schema.schema)


@app.command("version")
def version() -> None:
    """显示版本号 / Show the version."""
    typer.echo(f"rs-governance {rs_governance.__version__}")


@app.callback()
def options(
    debug: Annotated[
        bool, typer.Option("--debug", help="出错时显示完整调用栈 / Show the full traceback of a failure.")
    ] = False,
) -> None:
    """Options before the command; `run` looks for `--debug` itself."""


def run(arguments: Sequence[str]) -> int:
    """Run one command line and return its exit code, having printed at most one line about a failure.

    Parameters
    ----------
    arguments
        The command line without the program's name; empty prints the help.
    """
    try:
        result = app(list(arguments) or ["--help"], prog_name="rsg", standalone_mode=False)
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    except Exception as error:  # noqa: BLE001 -- nothing may reach a person as a traceback
        return report(error, arguments)
    return result if isinstance(result, int) else 0
