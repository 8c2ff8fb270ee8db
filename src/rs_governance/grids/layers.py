"""Reading reference layers."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyproj
from numpy.typing import NDArray

from rs_governance.district import LayerSource
from rs_governance.errors import LayerUnreadable
from rs_governance.grids.carriers import LAYER_COLUMNS, Layer, RowProblem, make_frame
from rs_governance.grids.codes import Scheme, find_scheme, packaged_schemes
from rs_governance.grids.placement import place, problem
from rs_governance.grids.presets import LayerPreset, layer_preset
from rs_governance.grids.sources import Objects, Rows, read_rows
from rs_governance.grids.values import numbers, pick, texts

# Where more of the labels than this contradict the codes, the codes are of another scheme.
_CONTRADICTED_SHARE = 0.5


def read_layer(name: str, source: LayerSource, crs: pyproj.CRS, folder: Path) -> Layer:
    """Read one reference layer.

    A row whose code the scheme does not know is left out and listed: what it is cannot be told.

    Parameters
    ----------
    name
        Name that rules use.
    source
        The file and its fields.
    crs
        CRS of the district.
    folder
        Folder of `district.toml`, from which a code table's path goes.

    Raises
    ------
    LayerUnreadable
        If the file cannot be read, lacks a field that is needed, has rows but none that is usable, or its codes are
        those of another scheme.
    CrsRefused
        If it cannot be placed.
    ConfigInvalid
        If the preset or the scheme does not exist.
    """
    where = f"layers.{name}"
    preset = layer_preset(name, preset=source.preset)
    _check_fields(source.fields, {"code", "label", *preset.extras}, where)
    rows = place(read_rows(source, where), crs, towgs84=source.towgs84)
    scheme_name = source.scheme or preset.scheme
    rows, columns = _coded(rows, source, preset, find_scheme(scheme_name, folder) if scheme_name else None)
    if rows.problems and not len(rows):
        first = rows.problems[0]
        raise LayerUnreadable(
            f"[{where}] '{source.path}' has not one usable row; row {first.row}, {first.field} '{first.value}': "
            f"{first.message_en}."
        )
    extras: dict[str, str] = {}
    found: list[RowProblem] = []
    for extra, wanted in preset.extras.items():
        field = pick(rows, extra, wanted, source.fields.get(extra))
        if field is None:
            continue
        extras[extra] = "float64" if extra in preset.numbers else "str"
        columns[extra] = texts(rows, field)
        if extra in preset.numbers:
            columns[extra], bad = numbers(rows, field)
            found += bad
        elif extra in preset.schemes:
            columns[extra], bad = _known(rows, field, columns[extra], find_scheme(preset.schemes[extra]))
            found += bad
    problems = [*rows.problems, *found, *about_source(where, len(rows), dated=source.as_of is not None)]
    return Layer(
        name=name,
        title_zh=source.title_zh or preset.title_zh,
        title_en=source.title_en or preset.title_en,
        scheme=scheme_name if columns["code"].any() or preset.code else None,
        as_of=source.as_of,
        frame=make_frame({**LAYER_COLUMNS, **extras}, columns, rows.geometry, crs),
        problems=tuple(problems),
        file_crs=rows.crs,
    )


def about_source(where: str, count: int, *, dated: bool) -> list[RowProblem]:
    """List what is remarkable about a source as a whole: no rows, no date."""
    found = []
    if not count:
        found.append(("空图层：没有可用的行", "the layer is empty: it has no usable row"))
    if not dated:
        found.append(("未注明数据日期（as_of）", "nobody says to which day the data hold (as_of)"))
    return [
        RowProblem(source=where, row="file", field="", value="", message_zh=zh, message_en=en, kept=True)
        for zh, en in found
    ]


def _check_fields(fields: Mapping[str, str], known: set[str], where: str) -> None:
    if unknown := sorted(set(fields) - known - {"wkt", "lon", "lat"}):
        raise LayerUnreadable(
            f"[{where}] maps the field '{unknown[0]}', which nobody reads; known: {', '.join(sorted(known))}."
        )


def mapped_field(rows: Rows, name: str, wanted: tuple[str, ...], fields: Mapping[str, str]) -> str | None:
    """Return the field that holds `name`; None where there is none.

    Raises
    ------
    LayerUnreadable
        If a field was mapped to it that the file does not have.
    """
    field = pick(rows, name, wanted, fields.get(name))
    if field is None and name in fields:
        raise LayerUnreadable(
            f"[{rows.where}] '{rows.path}' has no field '{fields[name]}' (for {name}); it has {_listed(rows)}."
        )
    return field


def needed_field(rows: Rows, name: str, wanted: tuple[str, ...], fields: Mapping[str, str]) -> str:
    """Return the field that holds `name`.

    Raises
    ------
    LayerUnreadable
        If there is none.
    """
    field = mapped_field(rows, name, wanted, fields)
    if field is None:
        names = " or ".join(wanted or (name,))
        raise LayerUnreadable(
            f"[{rows.where}] '{rows.path}' lacks a field for {name}: expected {names}, it has {_listed(rows)}; map it: "
            f"fields = {{ {name} = '...' }}."
        )
    return field


def _listed(rows: Rows) -> str:
    return ", ".join(rows.columns) or "none"


def _coded(
    rows: Rows, source: LayerSource, preset: LayerPreset, scheme: Scheme | None
) -> tuple[Rows, dict[str, NDArray[Any]]]:
    """Read codes and labels; leave out what has no known code."""
    label_field = mapped_field(rows, "label", preset.label, source.fields)
    code_field = mapped_field(rows, "code", preset.code, source.fields)
    if preset.code and code_field is None:
        needed_field(rows, "code", preset.code, source.fields)
    if code_field is not None and scheme is None:
        raise LayerUnreadable(f"[{rows.where}] has codes in '{code_field}' but no scheme; name it: scheme = '...'.")
    labels, codes = texts(rows, label_field), texts(rows, code_field)
    if code_field is not None and scheme is not None:
        rows, codes = _with_zeros(rows, codes, code_field, scheme)
        _check_scheme(rows, codes, labels, scheme)
        meanings = {code: scheme.find(code) for code in {code for code in codes if code is not None}}
        good = np.array([code is not None and meanings[code] is not None for code in codes], dtype=bool)
        zh, en = f"代码不在 {scheme.name} 中，已略去", f"no code of {scheme.name}; left out"
        found = [
            problem(rows, i, zh + hint[0], en + hint[1], field=code_field, value=codes[i])
            for i in np.flatnonzero(~good)
            for hint in [_zero_hint(codes[i], scheme)]
        ]
        rows, codes = rows.taken(good, found), codes[good]
        known = {code: meaning.label for code, meaning in meanings.items() if meaning is not None}
        labels = np.array([known[code] for code in codes], dtype=object)
    return rows, {"feature": rows.numbers.astype(str).astype(object), "code": codes, "label": labels}


def _with_zeros(rows: Rows, codes: Objects, field: str, scheme: Scheme) -> tuple[Rows, Objects]:
    """Give codes back the zero that they lost where they were kept as numbers, 101 for 0101, and tell of it.

    Only where the whole column lost it: no code begins with a zero, and every one that is unknown is known with it.
    """
    present = {code for code in codes if code is not None}
    lost = {code: f"0{code}" for code in present if _lost_zero(code, scheme)}
    unknown = {code for code in present if scheme.find(code) is None}
    if not lost or unknown != set(lost) or any(code.startswith("0") for code in present):
        return rows, codes
    count = sum(code in lost for code in codes)
    first = min(lost)
    zh = f"代码按数字保存，丢失了前导零，已补回 {count} 行（如 {first} → {lost[first]}）；请把该字段改为文本"
    en = (
        f"the codes were kept as numbers and lost their leading zero; given back in {count} rows (such as {first} to {lost[first]}); "
        "make it a field of texts"
    )
    told = RowProblem(source=rows.where, row="file", field=field, value=first, message_zh=zh, message_en=en, kept=True)
    restored = np.array([lost.get(code, code) for code in codes], dtype=object)
    return replace(rows, problems=(*rows.problems, told)), restored


def _lost_zero(code: str, scheme: Scheme) -> bool:
    return code.isdecimal() and scheme.find(code) is None and scheme.find(f"0{code}") is not None


def _zero_hint(code: str | None, scheme: Scheme) -> tuple[str, str]:
    """Return what to add where a code would be known with a zero before it, in Chinese and in English."""
    if code is None or not _lost_zero(code, scheme):
        return "", ""
    return f"；疑为丢失前导零的 0{code}", f"; perhaps 0{code} that lost its leading zero"


def _check_scheme(rows: Rows, codes: Objects, labels: Objects, scheme: Scheme) -> None:
    """Refuse codes whose own labels say that they are of another packaged scheme."""
    pairs = pd.Series(
        [pair for pair in zip(codes, labels, strict=True) if None not in pair], dtype=object
    ).value_counts()
    if not len(pairs):
        return
    agreed = {other.name: _agreed(pairs, other) for other in (scheme, *packaged_schemes().values())}
    best = max(agreed, key=lambda name: agreed[name])
    if agreed[scheme.name] >= (1 - _CONTRADICTED_SHARE) * pairs.sum() or agreed[best] <= agreed[scheme.name]:
        return
    code, label = next(pair for pair in pairs.index if not _fits(pair, scheme))
    meaning = scheme.find(code)
    raise LayerUnreadable(
        f"[{rows.where}] '{rows.path}' calls {code} '{label}', in {scheme.name} it is "
        f"'{'unknown' if meaning is None else meaning.label}'; {agreed[best]} of {pairs.sum()} rows fit '{best}': "
        f"scheme = '{best}'."
    )


def _agreed(pairs: "pd.Series[int]", scheme: Scheme) -> int:
    return int(sum(count for pair, count in pairs.items() if _fits(pair, scheme)))


def _fits(pair: tuple[str, str], scheme: Scheme) -> bool:
    code, label = pair
    meaning = scheme.find(code)
    return meaning is not None and (meaning.label in label or label in meaning.label)


def _known(rows: Rows, field: str, codes: Objects, scheme: Scheme) -> tuple[Objects, list[RowProblem]]:
    """Set codes to None that the scheme does not know; the rows stay, since the main code is known."""
    bad = [i for i, code in enumerate(codes) if code is not None and scheme.find(code) is None]
    zh, en = f"代码不在 {scheme.name} 中，视为空", f"no code of {scheme.name}; taken as missing"
    found = [problem(rows, i, zh, en, field=field, value=codes[i], kept=True) for i in bad]
    cleaned = codes.copy()
    cleaned[bad] = None
    return cleaned, found
