"""What a person sees when a command fails: one line, and an exit code that means something."""

import json
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import typer

from rs_governance.cli.language import language_code, say
from rs_governance.errors import CaseConflict, RsgError

EXIT_USAGE = 2
EXIT_UNEXPECTED = 70
EXIT_INTERRUPTED = 130
EXIT_PIPE_CLOSED = 141
"""What a shell makes of a program that ends because nobody reads on."""


@dataclass(frozen=True, kw_only=True)
class Failure:
    """A failed command in the words that are printed."""

    code: str
    """Stable name for programs, `RsgError.code`."""
    message: str
    """One line in English: what was expected, what came, what to do."""
    told: str
    """The same in the language that is printed."""
    exit_code: int
    """Exit code of the process."""
    details: Mapping[str, object] = field(default_factory=dict)
    """What programs can read besides: the fields of a conflict from both sides."""


def describe(error: Exception) -> Failure:
    """Put an exception into one line.

    Parameters
    ----------
    error
        What a command raised.
    """
    if isinstance(error, RsgError):
        details = {"differences": error.differences} if isinstance(error, CaseConflict) else {}
        return Failure(
            code=error.code,
            message=_one_line(str(error)),
            told=_one_line(error.told(language_code())),
            exit_code=error.exit_code,
            details=details,
        )
    if isinstance(error, typer.TyperException):
        context = getattr(error, "ctx", None)
        command = "rsg" if context is None else context.command_path
        message = _one_line(error.format_message()).rstrip(".")
        told = say(f"命令或选项有误，请看 {command} --help：{message}", f"{message}; see {command} --help")
        return Failure(code="usage", message=f"{message}; see {command} --help", told=told, exit_code=EXIT_USAGE)
    if isinstance(error, MemoryError):
        message = "Not enough memory; use fewer --workers or a smaller --block, or close other programs."
        told = say("内存不足：请减小 --workers 或 --block，或关闭其他程序。", message)
        return Failure(code="out_of_memory", message=message, told=told, exit_code=EXIT_UNEXPECTED)
    message = (
        f"Unexpected {type(error).__name__}: {_one_line(str(error))} -- this is a defect of the program. "
        "Please report it with the output of `rsg --debug ...` (the same command) and `rsg doctor`."
    )
    told = say("程序缺陷，请连同 `rsg --debug ...`（同一命令）和 `rsg doctor` 的输出一起报告。", "") + message
    return Failure(code="unexpected", message=message, told=told, exit_code=EXIT_UNEXPECTED)


def report(error: Exception, arguments: Sequence[str]) -> int:
    """Print one line about `error` to stderr and return the exit code.

    It is in the language that is printed. With `--debug` among the arguments the traceback goes before it, with `--json` the line is a JSON object.

    Parameters
    ----------
    error
        What a command raised.
    arguments
        The command line without the program's name.
    """
    failure = describe(error)
    if "--debug" in arguments:
        typer.echo("".join(traceback.format_exception(error)).rstrip(), err=True)
    if "--json" in arguments:
        told = {"code": failure.code, "message": failure.message, "told": failure.told, "exit_code": failure.exit_code}
        content = {"error": {**told, **failure.details}}
        typer.echo(json.dumps(content, ensure_ascii=False), err=True)
    else:
        typer.secho(f"错误 Error: {failure.told}", err=True, fg=typer.colors.RED)
    return failure.exit_code


def _one_line(text: str) -> str:
    return " ".join(text.split())
