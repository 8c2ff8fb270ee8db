"""Reading registers of what makes change lawful, muted zones and the ledger of known spots."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pyproj
import shapely
from numpy.typing import NDArray

from rs_governance.district import LayerSource
from rs_governance.grids.backdrops import METRES_PER_DEGREE
from rs_governance.grids.carriers import (
    LEDGER_COLUMNS,
    REGISTER_COLUMNS,
    ZONE_COLUMNS,
    Dtypes,
    Ledger,
    Register,
    RowProblem,
    Zones,
    make_frame,
)
from rs_governance.grids.layers import about_source, mapped_field, needed_field
from rs_governance.grids.placement import place, polygonal, problem
from rs_governance.grids.presets import closed_words, field_names, register_stages, register_titles
from rs_governance.grids.sources import Rows, read_rows
from rs_governance.grids.values import days, numbers, texts

_APART_M = 100.0  # lots of one permit lie beside each other, across a road at most


def read_register(name: str, source: LayerSource, crs: pyproj.CRS) -> Register:
    """Read one register.

    An entry without a number, or with a day or a stage that cannot be read, is left out: it must not make anything lawful.

    Parameters
    ----------
    name
        Name that rules use.
    source
        The file and its fields.
    crs
        CRS of the district.

    Raises
    ------
    LayerUnreadable
        If the file cannot be read or has no field of numbers.
    CrsRefused
        If it cannot be placed.
    """
    where = f"registers.{name}"
    rows, columns = _read(source, where, crs, REGISTER_COLUMNS, "registers", needed=("number",))
    backwards = np.array([
        None not in pair and pair[0] > pair[1] for pair in zip(columns["valid_from"], columns["valid_to"], strict=True)
    ], dtype=bool)  # fmt: skip
    zh, en = "有效期起晚于有效期止，已略去", "valid_from is after valid_to; left out"
    rows, columns = _without(rows, columns, backwards, "valid_from", zh, en)
    rows, columns = _with_stages(rows, columns)
    rows, columns = _one_row_each(rows, columns, ("number", "stage"), crs)
    title_zh, title_en = register_titles(name)
    return Register(
        name=name,
        title_zh=source.title_zh or title_zh,
        title_en=source.title_en or title_en,
        as_of=source.as_of,
        frame=make_frame(REGISTER_COLUMNS, columns, rows.geometry, crs),
        problems=(*rows.problems, *about_source(where, len(rows), dated=source.as_of is not None)),
        file_crs=rows.crs,
    )


def read_zones(source: LayerSource, crs: pyproj.CRS) -> Zones:
    """Read the zones in which findings are muted; one without reason or expiry is left out.

    Raises
    ------
    LayerUnreadable
        If the file cannot be read or lacks a field.
    CrsRefused
        If it cannot be placed.
    """
    needed = ("zone", "reason", "expires_on")
    rows, columns = _read(source, "zones", crs, ZONE_COLUMNS, "zones", needed=needed)
    rows, columns = _one_row_each(rows, columns, ("zone",), crs)
    problems = (*rows.problems, *about_source("zones", len(rows), dated=True))
    return Zones(frame=make_frame(ZONE_COLUMNS, columns, rows.geometry, crs), problems=problems, file_crs=rows.crs)


def read_ledger(source: LayerSource, crs: pyproj.CRS) -> Ledger:
    """Read the spots that were known before; points will do.

    Raises
    ------
    LayerUnreadable
        If the file cannot be read or has no field of numbers.
    CrsRefused
        If it cannot be placed.
    """
    rows, columns = _read(source, "ledger", crs, LEDGER_COLUMNS, "ledger", needed=("number",), points=True)
    rows, columns = _one_row_each(rows, columns, ("number",), crs)
    closed = closed_words()
    columns["status"] = np.array(["closed" if s in closed else s for s in columns["status"]], dtype=object)
    problems = (*rows.problems, *about_source("ledger", len(rows), dated=True))
    return Ledger(frame=make_frame(LEDGER_COLUMNS, columns, rows.geometry, crs), problems=problems, file_crs=rows.crs)


def _read(
    source: LayerSource,
    where: str,
    crs: pyproj.CRS,
    declared: Dtypes,
    kind: str,
    *,
    needed: Sequence[str],
    points: bool = False,
) -> tuple[Rows, dict[str, NDArray[Any]]]:
    """Read the declared columns; leave out rows without what is needed, or with a day that is none."""
    rows = place(read_rows(source, where), crs, towgs84=source.towgs84, points=points)
    wanted = field_names(kind)
    fields = {
        name: needed_field(rows, name, wanted[name], source.fields)
        if name in needed
        else mapped_field(rows, name, wanted[name], source.fields)
        for name in declared
    }
    bad_day = np.zeros(len(rows), dtype=bool)
    columns: dict[str, NDArray[Any]] = {}
    found: list[RowProblem] = []
    for name, dtype in declared.items():
        if dtype == "float64":
            columns[name], bad = numbers(rows, fields[name])
            found += bad
        elif dtype == "str":
            columns[name] = texts(rows, fields[name])
        else:
            columns[name], wrong = days(rows, fields[name])
            bad_day |= wrong
            found += _bad_days(rows, wrong, str(fields[name]))
    good = ~bad_day
    for name in needed:
        absent = good & np.array([value is None for value in columns[name]], dtype=bool)
        zh, en = f"缺少 {name}，已略去", f"no {name}; left out"
        found += [problem(rows, i, zh, en, field=str(fields[name])) for i in np.flatnonzero(absent)]
        good &= ~absent
    return rows.taken(good, found), {name: values[good] for name, values in columns.items()}


def _bad_days(rows: Rows, wrong: NDArray[np.bool_], field: str) -> list[RowProblem]:
    zh, en = "不是日期，已略去", "not a day; left out"
    return [problem(rows, i, zh, en, field=field, value=rows.columns[field][i]) for i in np.flatnonzero(wrong)]


def _without(
    rows: Rows, columns: Mapping[str, NDArray[Any]], bad: NDArray[np.bool_], name: str, zh: str, en: str
) -> tuple[Rows, dict[str, NDArray[Any]]]:
    found = [problem(rows, i, zh, en, field=name, value=columns[name][i]) for i in np.flatnonzero(bad)]
    return rows.taken(~bad, found), {key: values[~bad] for key, values in columns.items()}


def _with_stages(rows: Rows, columns: Mapping[str, NDArray[Any]]) -> tuple[Rows, dict[str, NDArray[Any]]]:
    """Return entries with the stage that their word stands for; leave out those whose word is none: nobody guesses."""
    stages = register_stages()
    known = [None if word is None else stages.get(word.casefold()) for word in columns["stage"]]
    unknown = np.array([(a is None) != (b is None) for a, b in zip(columns["stage"], known, strict=True)], dtype=bool)
    each = ", ".join(dict.fromkeys(stages.values()))
    zh = f"不是施工阶段（推填土、地基、主体、封顶，或 {each}），已略去"
    rows, columns = _without(rows, columns, unknown, "stage", zh, f"no stage of construction ({each}); left out")
    return rows, columns | {"stage": np.array(known, dtype=object)[~unknown]}


def _one_row_each(
    rows: Rows, columns: Mapping[str, NDArray[Any]], key: Sequence[str], crs: pyproj.CRS
) -> tuple[Rows, dict[str, NDArray[Any]]]:
    """Keep the first row of each number; rows that say the same are parts of one entry and are united.

    Parts far from each other may be one entry of several lots, or two whose number was copied: that is told.
    """
    unit_m = METRES_PER_DEGREE if crs.is_geographic else 1.0
    first: dict[tuple[Any, ...], int] = {}
    repeated, part = np.zeros(len(rows), dtype=bool), np.zeros(len(rows), dtype=bool)
    outlines = rows.geometry.copy()
    far: list[RowProblem] = []
    for i, number in enumerate(zip(*(columns[name] for name in key), strict=True)):
        at = first.setdefault(number, i)
        if at == i:
            continue
        flat = shapely.get_dimensions(outlines[at]) == 2
        alike = flat == (shapely.get_dimensions(outlines[i]) == 2)  # an outline and a point are two ways of telling
        part[i] = alike and all(_same(values[i], values[at]) for values in columns.values())
        repeated[i] = not part[i]
        if part[i]:
            gap_m = float(shapely.distance(outlines[at], outlines[i])) * unit_m
            far += _far_apart(rows, i, at, gap_m, number[0])
            united = shapely.union(outlines[at], outlines[i])
            outlines[at] = polygonal(np.array([united], dtype=object))[0] if flat else united
    rows = replace(rows, geometry=outlines).taken(~part, far)
    columns = {name: values[~part] for name, values in columns.items()}
    zh, en = (
        "编号重复且内容不同，保留第一行，已略去此行",
        "repeats a number with other contents; the first row is kept, this one left out",
    )
    return _without(rows, columns, repeated[~part], key[0], zh, en)


def _far_apart(rows: Rows, index: int, first: int, gap_m: float, number: object) -> list[RowProblem]:
    """Say that a number stands for places that are far from each other."""
    if gap_m <= _APART_M:
        return []
    zh = f"与第 {rows.numbers[first]} 行编号、内容相同，但相距 {gap_m:,.0f} 米；两处均按此编号采用，请核对是否录错编号"
    en = (
        f"has the number and contents of row {rows.numbers[first]}, but lies {gap_m:,.0f} m away; both places are taken "
        "under this number: check that it was not copied"
    )
    return [problem(rows, index, zh, en, field="number", value=number, kept=True)]


def _same(one: Any, other: Any) -> bool:
    return bool(one == other) or bool(pd.isna(one) and pd.isna(other))
