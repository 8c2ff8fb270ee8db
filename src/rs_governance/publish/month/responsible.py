"""Who is responsible for a task: the lists by town, department, theme and inspector."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import pandas as pd

from rs_governance.publish.titles import titles_of
from rs_governance.rules import Word

OUTSIDE = "outside"
"""Key of the list of what lies in no unit."""

GROUPINGS = ("town", "department", "theme", "inspector")
"""Ways in which the tasks are dealt out; each has every task exactly once."""

UNASSIGNED = "unassigned"
"""Stands for the keeper where a cell has none."""

_OUTSIDE_NAME = Word("乡镇范围以外", "outside all towns")


@dataclass(frozen=True, kw_only=True)
class TaskList:
    """One list of one grouping."""

    grouping: str
    """town, department, theme, inspector, or a list of greens."""
    key: str
    """What the list is called by: a code, or a town and a name."""
    title_zh: str
    """Chinese name of the list."""
    title_en: str
    """English name of the list, Chinese where it is a name."""
    responsible: str | None
    """Who has to do it; None for a list that cuts across."""


def assign(grouping: str, tasks: gpd.GeoDataFrame, units: gpd.GeoDataFrame) -> list[TaskList]:
    """Return the list of each task in one grouping.

    Parameters
    ----------
    grouping
        One of `GROUPINGS`.
    tasks
        n tasks with the columns of the spots.
    units
        Units of the issue.

    Returns
    -------
    list
        n lists; equal ones are one list.
    """
    if grouping == "town":
        towns = [_town(code, name) for code, name in zip(tasks["town_code"], tasks["town_name"], strict=True)]
        return [
            TaskList(grouping="town", key=code, title_zh=name.zh, title_en=name.en, responsible=name.zh)
            for code, name in towns
        ]
    if grouping == "inspector":
        return _by_keeper(tasks, units)
    words = [(code, titles_of(grouping, code)) for code in tasks[grouping]]
    return [
        TaskList(
            grouping=grouping,
            key=code,
            title_zh=word.zh,
            title_en=word.en,
            responsible=word.zh if grouping == "department" else None,
        )
        for code, word in words
    ]


def _by_keeper(tasks: gpd.GeoDataFrame, units: gpd.GeoDataFrame) -> list[TaskList]:
    """Group by keeper and the town of the keeper's cell: the same name in two towns is two people."""
    parents = dict(zip(units["code"], units["parent"], strict=True))
    levels = dict(zip(units["code"], units["level"], strict=True))
    names = dict(zip(units["code"], units["name"], strict=True))
    lists = []
    for row in zip(tasks["cell_code"], tasks["keeper"], tasks["town_code"], tasks["town_name"], strict=True):
        cell, keeper, code, name = (None if pd.isna(value) else value for value in row)
        around = cell
        while levels.get(around, "town") not in {"town", "district"}:
            around = parents[around]
        if levels.get(around) == "town":
            code, name = around, names[around]
        code, town = _town(code, name)
        lists.append(
            TaskList(
                grouping="inspector",
                key=f"{code}-{keeper or UNASSIGNED}",
                title_zh=f"{town.zh} {keeper or '未分配网格员'}",
                title_en=f"{town.en} {keeper or 'no keeper'}",
                responsible=keeper or town.zh,
            )
        )
    return lists


def _town(code: Any, name: Any) -> tuple[str, Word]:
    """Return a town's code and name; the registers know its Chinese name only, which stands in English texts too."""
    return (OUTSIDE, _OUTSIDE_NAME) if pd.isna(code) else (str(code), Word(str(name), str(name)))


def file_names(keys: Sequence[str]) -> list[str]:
    """Return a file name for each key that every system can hold; no two are the same, also where case is ignored.

    Examples
    --------
    >>> file_names(["450108100000-李 明", "450108100000-李/明"])
    ['450108100000-李_明', '450108100000-李_明-2']
    """
    names: list[str] = []
    taken: set[str] = set()
    for key in keys:
        plain = re.sub(r"[^\w-]", "_", key).encode()[:120].decode(errors="ignore")
        name, copies = plain, 1
        while name.casefold() in taken:
            copies += 1
            name = f"{plain}-{copies}"
        taken.add(name.casefold())
        names.append(name)
    return names
