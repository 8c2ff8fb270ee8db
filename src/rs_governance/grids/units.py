"""Reading administrative units and grid cells, and checking their codes and outlines against one another."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import pyproj
import shapely
from numpy.typing import NDArray

from rs_governance.district import District, Level, UnitSource, levels_above
from rs_governance.errors import LayerUnreadable
from rs_governance.grids.carriers import UNIT_COLUMNS, RowProblem, Units, make_frame
from rs_governance.grids.ellipsoid import geodesic_area_m2
from rs_governance.grids.layers import about_source, mapped_field, needed_field
from rs_governance.grids.placement import place, polygonal, problem
from rs_governance.grids.sources import Objects, Rows, read_rows
from rs_governance.grids.values import texts

CODE_LENGTH = 12
"""Digits of a unit's code: 2 province, 2 city, 2 county, 3 town, 3 village."""

_TITLES: Mapping[Level, tuple[str, str]] = {
    "district": ("区县", "outline"),
    "town": ("乡镇", "towns"),
    "village": ("村", "villages"),
}
_OWN_DIGITS: Mapping[Level, int] = {"district": 6, "town": 9, "village": 12, "cell": 12}
# Less than this, two outlines of one border were drawn by two hands.
_SLIVER_M2 = 10.0


@dataclass(frozen=True, kw_only=True)
class _Level:
    """Units of one level, checked on their own."""

    rows: Rows
    codes: Objects
    names: Objects
    names_en: Objects
    parents: Objects
    keepers: Objects

    def taken(self, which: NDArray[np.bool_ | np.intp], problems: Sequence[RowProblem] = ()) -> "_Level":
        return _Level(
            rows=self.rows.taken(which, problems),
            codes=self.codes[which],
            names=self.names[which],
            names_en=self.names_en[which],
            parents=self.parents[which],
            keepers=self.keepers[which],
        )


def read_units(district: District) -> Units:
    """Read the units of all levels that the district's file names.

    Units with a code that cannot be are left out and listed, so are the later ones of two with the same code and
    different names; rows with the same code and name are parts of one unit. Overlaps of two units, gaps, and what
    reaches beyond the unit around are listed with their area.

    Parameters
    ----------
    district
        The district's file.

    Raises
    ------
    LayerUnreadable
        If a file cannot be read or lacks a field, or a level other than the cells has no usable unit.
    CrsRefused
        If a file cannot be placed.
    """
    levels: dict[Level, _Level] = {}
    for level, source in district.units.items():
        levels[level] = _read_level(level, source, district, levels)
        if level != "cell" and not len(levels[level].rows):
            raise LayerUnreadable(_without_units(level, source, levels[level]))
    problems: list[RowProblem] = []
    for level, units in levels.items():
        problems += [*units.rows.problems, *about_source(f"units.{level}", len(units.rows), dated=True)]
        problems += _overlaps(level, units, district.crs)
        if len(units.rows) and (above := levels_above(level, levels)):
            problems += _misfits(level, units, levels[above[0]], district.crs)
    if not levels:
        zh, en = "没有行政区划，无法按单位统计", "no units: nothing can be counted by unit"
        problems.append(_about_units("units", "file", zh, en))
    for level in ("town", "village"):
        if levels and level not in levels:
            zh = f"district.toml 没有{_TITLES[level][0]}（units.{level}）：统计与任务清单不能按{_TITLES[level][0]}分"
            en = f"district.toml names no {_TITLES[level][1]} (units.{level}): figures and task lists cannot be by {level}"
            problems.append(_about_units("units", "file", zh, en))
    columns = {
        "level": np.concatenate([[level] * len(units.rows) for level, units in levels.items()] or [[]]),
        "code": _joined([units.codes for units in levels.values()]),
        "name": _joined([units.names for units in levels.values()]),
        "parent": _joined([units.parents for units in levels.values()]),
        "keeper": _joined([units.keepers for units in levels.values()]),
        "name_en": _joined([units.names_en for units in levels.values()]),
    }
    outlines = _joined([units.rows.geometry for units in levels.values()])
    return Units(
        frame=make_frame(UNIT_COLUMNS, columns, outlines, district.crs),
        problems=tuple(problems),
        file_crs={level: units.rows.crs for level, units in levels.items()},
    )


def _without_units(level: Level, source: UnitSource, units: _Level) -> str:
    """Return what to tell of a level that was named and has no unit."""
    first = next((problem for problem in units.rows.problems if not problem.kept), None)
    why = (
        "the file has no row"
        if first is None
        else f"row {first.row}, {first.field} '{first.value}': {first.message_en}"
    )
    return (
        f"[units.{level}] '{source.path}' has not one usable unit ({why}); name the right file or layer, or leave units.{level} out of "
        f"district.toml if the district has no {_TITLES[level][1]}."
    )


def _joined(parts: list[Objects]) -> Objects:
    return np.concatenate(parts) if parts else np.array([], dtype=object)


def _read_level(level: Level, source: UnitSource, district: District, known: Mapping[Level, _Level]) -> _Level:
    rows = place(read_rows(source, f"units.{level}"), district.crs, towgs84=source.towgs84)
    fields = {key: name for key, name in _fields(source).items() if name is not None}
    code_field = needed_field(rows, "code", (), fields)
    units = _Level(
        rows=rows,
        codes=texts(rows, code_field),
        names=texts(rows, needed_field(rows, "name", (), fields)),
        names_en=texts(rows, mapped_field(rows, "name_en", (), fields)),
        parents=texts(rows, mapped_field(rows, "parent", (), fields)),
        keepers=texts(rows, mapped_field(rows, "keeper", (), fields)),
    )
    units = _with_codes(level, units, code_field, district.code)
    units = _with_parents(level, units, known)
    return _one_row_each(units, code_field)


def _fields(source: UnitSource) -> Mapping[str, str | None]:
    return {"code": source.code, "name": source.name, "parent": source.parent, "keeper": source.keeper}


def _with_codes(level: Level, units: _Level, field: str, district_code: str) -> _Level:
    """Fill codes up to twelve digits; leave out those that cannot be."""
    codes, names = units.codes.copy(), units.names.copy()
    good, found = np.ones(len(codes), dtype=bool), []
    own = _OWN_DIGITS[level]
    for i, code in enumerate(codes):
        reason = _code_problem(code, level, district_code)
        if reason is not None:
            good[i] = False
            found.append(
                problem(units.rows, i, f"{reason[0]}，已略去", f"{reason[1]}; left out", field=field, value=code)
            )
            continue
        codes[i] = code if level == "cell" else code[:own].ljust(CODE_LENGTH, "0")
        if names[i] is None:
            names[i] = codes[i]
            zh, en = "缺少名称，以代码代替", "no name; the code stands for it"
            found.append(problem(units.rows, i, zh, en, field="name", kept=True))
    return replace(units, codes=codes, names=names).taken(good, found)


def _code_problem(code: str | None, level: Level, district_code: str) -> tuple[str, str] | None:
    own = _OWN_DIGITS[level]
    if code is None:
        return "缺少代码", "no code"
    if level == "cell":
        return None if code.startswith(district_code) or not code[:6].isdecimal() else _foreign(district_code)
    lengths = (own, CODE_LENGTH)
    if not (code.isascii() and code.isdecimal() and len(code) in lengths) or set(code[own:]) - {"0"}:
        digits = " or ".join(str(n) for n in dict.fromkeys(lengths))
        zero = "" if own == CODE_LENGTH else f"，第 {own} 位后为 0"
        return (
            f"应为 {digits.replace('or', '或')} 位数字{zero}",
            f"expected {digits} digits, zeros after the first {own}",
        )
    if own > len(district_code) and not int(code[own - 3 : own]):
        return f"第 {own - 2}–{own} 位不能为 000", f"digits {own - 2} to {own} cannot be 000"
    return None if code.startswith(district_code) else _foreign(district_code)


def _foreign(district_code: str) -> tuple[str, str]:
    return f"不以本区代码 {district_code} 开头", f"does not start with the district's code {district_code}"


def _with_parents(level: Level, units: _Level, known: Mapping[Level, _Level]) -> _Level:
    """Find the unit around each: by the code, for a cell else by what its row says."""
    above = levels_above(level, known)
    if not above:
        return replace(units, parents=np.full(len(units.codes), None, dtype=object))
    around, digits = set(known[above[0]].codes), _OWN_DIGITS[above[0]]
    parents, good, found = units.parents.copy(), np.ones(len(units.codes), dtype=bool), []
    for i, (code, said) in enumerate(zip(units.codes, units.parents, strict=True)):
        by_code = code[:digits].ljust(CODE_LENGTH, "0")
        said = None if said is None else said.ljust(CODE_LENGTH, "0")
        if level == "cell" and by_code not in around and said in around:
            by_code = said
        parents[i] = by_code
        if by_code not in around:
            good[i] = False
            zh, en = f"上级 {by_code} 不存在，已略去", f"there is no unit {by_code} around it; left out"
            found.append(problem(units.rows, i, zh, en, field="code", value=code))
        elif said is not None and not said.startswith(by_code[:digits]):  # it may name one of a level between
            zh, en = f"与代码所示上级 {by_code} 不一致，以代码为准", f"the code says {by_code}; the code holds"
            found.append(problem(units.rows, i, zh, en, field="parent", value=said, kept=True))
    return replace(units, parents=parents).taken(good, found)


def _one_row_each(units: _Level, field: str) -> _Level:
    """Unite the parts of a unit, leave out a second unit of the same code, put the rest in order of codes."""
    first: dict[str, int] = {}
    good, found, outlines = np.ones(len(units.codes), dtype=bool), [], units.rows.geometry.copy()
    for i, code in enumerate(units.codes):
        at = first.setdefault(code, i)
        if at == i:
            continue
        good[i] = False
        if units.names[i] == units.names[at]:
            outlines[at] = polygonal(np.array([shapely.union(outlines[at], outlines[i])], dtype=object))[0]
            zh, en = "代码与名称相同，已与前一行合并", "same code and name as an earlier row; united with it"
            found.append(problem(units.rows, i, zh, en, field=field, value=code, kept=True))
        else:
            zh, en = f"代码与“{units.names[at]}”重复，已略去", f"repeats the code of '{units.names[at]}'; left out"
            found.append(problem(units.rows, i, zh, en, field=field, value=code))
    single = replace(units, rows=replace(units.rows, geometry=outlines)).taken(good, found)
    return single.taken(np.argsort(single.codes.astype(str), kind="stable"))


def _overlaps(level: Level, units: _Level, crs: pyproj.CRS) -> list[RowProblem]:
    """List the pairs of units that claim the same ground."""
    outlines = units.rows.geometry
    one, other = shapely.STRtree(outlines).query(outlines, predicate="intersects")
    one, other = one[one < other], other[one < other]
    common = polygonal(shapely.intersection(outlines[one], outlines[other]))
    areas = geodesic_area_m2(common, crs)
    return [
        _about_units(
            f"units.{level}",
            f"{units.codes[i]} {units.codes[j]}",
            f"“{units.names[i]}”与“{units.names[j]}”重叠 {area:,.0f} 平方米，重叠处计入前者",
            f"'{units.names[i]}' and '{units.names[j]}' overlap by {area:,.0f} m2, which counts for the former",
        )
        for i, j, area in zip(one, other, areas, strict=True)
        if area > _SLIVER_M2
    ]


def _misfits(level: Level, units: _Level, around: _Level, crs: pyproj.CRS) -> list[RowProblem]:
    """List, for each unit around, the ground that its parts leave out and that they claim beyond it."""
    found = []
    # Units of one level are no coverage when drawn by several hands, so a plain union it is.
    groups = pd.Series(np.arange(len(units.codes))).groupby(units.parents).indices
    for code, name, outline in zip(around.codes, around.names, around.rows.geometry, strict=True):
        parts = units.rows.geometry[groups[code]] if code in groups else np.array([], dtype=object)
        together = shapely.union_all(parts)
        pieces = polygonal(np.array([outline.difference(together), together.difference(outline)], dtype=object))
        gap, beyond = geodesic_area_m2(pieces, crs)
        if gap > _SLIVER_M2:
            zh = f"“{name}”内有 {gap:,.0f} 平方米不属于任何下级单位"
            en = f"{gap:,.0f} m2 of '{name}' belong to none of its parts"
            found.append(_about_units(f"units.{level}", code, zh, en))
        if beyond > _SLIVER_M2:
            zh = f"“{name}”的下级单位超出其范围 {beyond:,.0f} 平方米"
            en = f"the parts of '{name}' reach {beyond:,.0f} m2 beyond it"
            found.append(_about_units(f"units.{level}", code, zh, en))
    return found


def _about_units(where: str, row: str, zh: str, en: str) -> RowProblem:
    return RowProblem(source=where, row=row, field="", value="", message_zh=zh, message_en=en, kept=True)
