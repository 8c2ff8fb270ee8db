"""`rsg schema`."""

import json
from importlib.resources.abc import Traversable
from typing import Annotated

import typer

from rs_governance.cli import options
from rs_governance.cli.console import print_columns, print_json
from rs_governance.cli.language import say, speak
from rs_governance.errors import UsageError

_TITLES = {
    "findings": ("rsg detect 的图斑（findings.geojson）", "findings of rsg detect (findings.geojson)"),
    "spots": ("一期的图斑（findings.geojson）", "spots of an issue (findings.geojson)"),
    "task-list": ("任务清单（tasks/*/*.geojson）", "task lists (tasks/*/*.geojson)"),
    "task-index": ("任务清单目录（tasks/index.json）", "index of the task lists (tasks/index.json)"),
    "statistics": ("统计（statistics.json）", "figures of an issue (statistics.json)"),
    "decisions": ("判定依据（decisions.json）", "grounds of the decisions (decisions.json)"),
    "manifest": ("输入与成果清单（manifest.json）", "digests of inputs and outputs (manifest.json)"),
    "feedback": ("核查反馈（rsg feedback --out）", "feedback on former issues (rsg feedback --out)"),
    "sites": ("季度点位（sites.geojson）", "sites of a quarter (sites.geojson)"),
    "quarter": ("季度统计（quarter.json）", "figures of a quarter (quarter.json)"),
}


def schema(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="NAME",
            help="名称，如 spots；不写则列出全部\n\nWhich one, such as spots; without it all are listed.",
            show_default=False,
        ),
    ] = None,
    lang: options.Lang = None,
    as_json: options.Json = False,
) -> None:
    """列出或输出所发布文件的 JSON Schema / List or print the JSON Schemas of what is published."""
    speak(lang)
    files = _newest()
    if name is not None:
        if name not in files:
            raise UsageError(
                f"There is no schema '{name}'; choose one of {', '.join(files)}.",
                zh=f"没有格式 '{name}'；可选 {'、'.join(files)}。",
            )
        typer.echo(files[name][1].read_text(encoding="utf-8").rstrip())
    elif as_json:
        content = {each: json.loads(file.read_text(encoding="utf-8"))["$id"] for each, (_, file) in files.items()}
        print_json(content)
    else:
        rows = [(each, version, say(*_TITLES.get(each, (each, each)))) for each, (version, _) in files.items()]
        header = (say("名称", "name"), say("版本", "version"), say("内容", "of"))
        print_columns(header, rows, title=say("用 rsg schema 名称 输出其中一个", "rsg schema NAME prints one of them"))


def _newest() -> dict[str, tuple[str, Traversable]]:
    """Return the newest schema of each name: its version and its file."""
    from importlib import resources

    # Found as data: importing the room that made them would load every library for a few lines of text.
    folder = resources.files("rs_governance") / "publish" / "schemas"
    found: dict[str, tuple[str, Traversable]] = {}
    for file in folder.iterdir():
        name, _, version = file.name.removesuffix(".json").rpartition("-")
        if name and (name not in found or _ranked(version) > _ranked(found[name][0])):
            found[name] = version, file
    order = list(_TITLES)
    return dict(sorted(found.items(), key=lambda each: (order.index(each[0]) if each[0] in order else 99, each[0])))


def _ranked(version: str) -> list[int]:
    return [int(part) for part in version.split(".")]
