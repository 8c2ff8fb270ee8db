"""`rsg doctor`."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rs_governance.cli import options
from rs_governance.cli.console import print_json, print_table
from rs_governance.cli.language import say, speak

if TYPE_CHECKING:
    from rs_governance.doctor import Check

_MARKS = {"ok": "✓", "note": "·", "missing": "✗"}


def doctor(
    folder: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="将要写入结果的文件夹 / Folder that results will go to.")
    ] = Path(),
    lang: options.Lang = None,
    as_json: options.Json = False,
) -> None:
    """检查本机环境，缺什么、怎么补 / Check this machine: what is missing, and how to get it.

    缺少必需项时退出码为 1 / The exit code is 1 when something needed is missing.
    """
    speak(lang)
    from rs_governance.doctor import examine, is_fit

    checks = examine(folder)
    fit = is_fit(checks)
    if as_json:
        print_json({"fit": fit, "checks": [asdict(check) for check in checks]})
    else:
        print_table([_row(check) for check in checks])
        ready, lacking = (
            say("可以运行。", "Ready."),
            say("缺少必需项（✗），见上。", "Something needed is missing (✗ above)."),
        )
        typer.echo(ready if fit else lacking)
    if not fit:
        raise typer.Exit(1)


def _row(check: "Check") -> tuple[str, str]:
    value = check.value if check.remedy is None else f"{check.value} → {check.remedy}"
    return f"{_MARKS[check.verdict]} {say(check.name_zh, check.name)}", value
