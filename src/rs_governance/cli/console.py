"""Printing: results to stdout, progress to stderr, plain text where there is no terminal."""

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import typer

from rs_governance.cli.language import say

ProgressCallback = Callable[[str, float], None]
"""Takes the name of a stage and how much of it is done, 0..1."""

_STAGES = {
    "cards": "核查表",
    "chips": "对比图",
    "compare": "比对",
    "compiling kernels, once": "编译计算内核（仅首次，约一分钟）",
    "detect": "检测",
    "judge": "定级",
    "learn": "学习",
    "look": "查看影像",
    "outline": "图斑",
    "publish": "输出",
    "read": "读取",
    "report": "报告",
    "scenes": "影像",
    "tables": "制表",
}


def print_json(content: Mapping[str, Any]) -> None:
    """Print one JSON document to stdout."""
    typer.echo(json.dumps(content, ensure_ascii=False, indent=2, default=str))


def print_table(rows: Sequence[tuple[str, str]]) -> None:
    """Print names and values in two columns to stdout: folded on a terminal, one line a row elsewhere."""
    if not sys.stdout.isatty():
        _print_aligned(rows)
        return
    from rich.console import Console
    from rich.table import Table

    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True, style="cyan")
    table.add_column(overflow="fold")
    for row in rows:
        table.add_row(*row)
    Console(highlight=False, markup=False).print(table)


def print_columns(header: Sequence[str], rows: Sequence[Sequence[str]], *, title: str) -> None:
    """Print a titled table to stdout."""
    typer.secho(title, bold=True)
    _print_aligned([header, *rows])


def _print_aligned(rows: Sequence[Sequence[str]]) -> None:
    from rich.cells import cell_len  # a Chinese character is two columns wide

    widths = [max(map(cell_len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (cell + " " * (width - cell_len(cell)) for cell, width in zip(row, widths, strict=True))
        typer.echo("  ".join(cells).rstrip())


@contextmanager
def progress(*, quiet: bool) -> Iterator[ProgressCallback | None]:
    """Show how far the work inside is: bars on a terminal, else a line at the start of each stage.

    Parameters
    ----------
    quiet
        Show nothing.

    Yields
    ------
    ProgressCallback or None
        To be called by the work.
    """
    if quiet:
        yield None
    elif sys.stderr.isatty():
        with _bars() as callback:
            yield callback
    else:
        yield _lines()


@contextmanager
def _bars() -> Iterator[ProgressCallback]:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
        tasks: dict[str, TaskID] = {}

        def callback(stage: str, fraction: float) -> None:
            if stage not in tasks:
                tasks[stage] = bars.add_task(_name(stage), total=1.0)
            bars.update(tasks[stage], completed=fraction)

        yield callback


def _name(stage: str) -> str:
    return say(_STAGES.get(stage, stage), stage)


def _lines() -> ProgressCallback:
    seen: set[str] = set()

    def callback(stage: str, _fraction: float) -> None:
        if stage not in seen:
            seen.add(stage)
            typer.echo(f"{_name(stage)} ...", err=True)

    return callback
