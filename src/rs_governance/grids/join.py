"""Joining findings to units, layers, registers, zones and known spots."""

from collections.abc import Mapping
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely
from numpy.typing import ArrayLike, NDArray

from rs_governance.errors import CrsRefused
from rs_governance.grids.carriers import (
    IN_LAYERS_COLUMNS,
    IN_LEDGER_COLUMNS,
    IN_REGISTERS_COLUMNS,
    IN_UNITS_COLUMNS,
    IN_ZONES_COLUMNS,
    Dtypes,
    Joined,
    References,
    make_table,
)
from rs_governance.grids.ellipsoid import FloatArray, geodesic_area_m2
from rs_governance.grids.pieces import SLIVER_M2, Outlines
from rs_governance.grids.sources import Objects

_METRES_PER_DEGREE = 111_320.0

Columns = Mapping[str, Any]


def join(findings: gpd.GeoDataFrame, references: References, *, shrink_m: ArrayLike) -> Joined:
    """Find out what each finding lies in, and how much of it.

    Areas are geodesic, in the measure of the finding's own `area_m2`: a piece has the share of it that it has of the
    outline.

    Parameters
    ----------
    findings
        Table with `finding_id`, `area_m2` and valid polygons, in any CRS.
    references
        What to join to.
    shrink_m
        Metres by which outlines are shrunk before their cover by a register is measured: how far the images may be
        displaced against each other. One number, or one for each finding. Of an outline that would shrink to nothing the
        whole counts.

    Returns
    -------
    Joined
        Findings in the CRS of the references, and what they lie in.

    Raises
    ------
    CrsRefused
        If the findings have no CRS.
    """
    if findings.crs is None:
        raise CrsRefused(
            "The findings have no CRS, so they cannot be joined to units and layers; detect on georeferenced images."
        )
    findings = findings if findings.crs == references.crs else findings.to_crs(references.crs)
    ids = findings["finding_id"].to_numpy(dtype=object)
    area_m2 = findings["area_m2"].to_numpy(dtype=np.float64)
    outlines = Outlines(findings.geometry.to_numpy(), references.crs, area_m2)
    metres = np.broadcast_to(np.asarray(shrink_m, dtype=np.float64), ids.shape)
    in_registers = _in_registers(ids, _shrunk(outlines, metres, references), references)
    partly = in_registers["finding_id"][in_registers["covered_share"] < 1]
    in_layers, shapes = _in_layers(ids, outlines, references, divided=np.isin(ids, partly.to_numpy(dtype=object)))
    return Joined(
        findings=findings.assign(shrink_m=metres),
        in_units=_in_units(ids, outlines, references),
        in_layers=in_layers,
        in_registers=in_registers,
        in_zones=_in_zones(ids, outlines, references),
        in_ledger=_in_ledger(ids, outlines, references),
        references=references,
        shapes=shapes,
    )


def _in_units(ids: Objects, outlines: Outlines, references: References) -> pd.DataFrame:
    frame = references.units.frame
    levels = frame["level"].to_numpy(dtype=object)
    codes, names = (frame[name].to_numpy(dtype=object) for name in ("code", "name"))
    parts = []
    for order, level in enumerate(references.units.levels):
        own = np.flatnonzero(levels == level)
        pieces = outlines.cut(frame.geometry.to_numpy()[own]).claimed_once()
        inside = np.bincount(pieces.outline, weights=pieces.area_m2, minlength=len(ids)).astype(np.float64)
        rest = outlines.area_m2 - inside
        # What is less than a sliver is rounding: the units share it in proportion.
        outside = np.flatnonzero(rest > SLIVER_M2)
        inside[outside] += rest[outside]
        scale = np.divide(outlines.area_m2, inside, out=np.ones_like(inside), where=inside > 0)
        finding = np.concatenate([pieces.outline, outside])
        parts.append({
            "finding": finding,
            "order": np.full(len(finding), order),
            "level": np.full(len(finding), level, dtype=object),
            "code": np.concatenate([codes[own][pieces.feature], np.full(len(outside), "", dtype=object)]),
            "name": np.concatenate([names[own][pieces.feature], np.full(len(outside), "", dtype=object)]),
            "area_in_unit_m2": np.concatenate([pieces.area_m2, rest[outside]]) * scale[finding],
        })
    return _table(IN_UNITS_COLUMNS, ids, parts)


def _in_layers(
    ids: Objects, outlines: Outlines, references: References, *, divided: NDArray[np.bool_]
) -> tuple[pd.DataFrame, dict[int, shapely.Geometry]]:
    """Return the table, and the shapes of the rows of findings that may be divided."""
    parts = []
    for order, layer in enumerate(references.layers.values()):
        pieces = outlines.cut(layer.frame.geometry.to_numpy()).claimed_once()
        parts.append({
            "finding": pieces.outline,
            "order": np.full(len(pieces), order),
            "layer": np.full(len(pieces), layer.name, dtype=object),
            **_taken(layer.frame, ("feature", "code", "label"), pieces.feature),
            "area_m2": pieces.area_m2,
            "shape": pieces.geometry,
        })
    table = _table(IN_LAYERS_COLUMNS, ids, parts)
    if not len(table):
        return table, {}
    finding, rows = _in_order(parts)
    shapes = np.concatenate([part["shape"] for part in parts])[rows]
    return table, {int(row): shapes[row] for row in np.flatnonzero(divided[finding[rows]])}


def _in_registers(ids: Objects, shrunk: Outlines, references: References) -> pd.DataFrame:
    parts = []
    for order, register in enumerate(references.registers.values()):
        pieces = shrunk.cut(register.frame.geometry.to_numpy())
        parts.append({
            "finding": pieces.outline,
            "order": np.full(len(pieces), order),
            "register": np.full(len(pieces), register.name, dtype=object),
            **_taken(register.frame, ("number", "use", "stage", "valid_from", "valid_to"), pieces.feature),
            "covered_share": pieces.share,
            "outside_m2": np.maximum(0.0, shrunk.area_m2[pieces.outline] - pieces.area_m2),
        })
    return _table(IN_REGISTERS_COLUMNS, ids, parts)


def _in_zones(ids: Objects, outlines: Outlines, references: References) -> pd.DataFrame:
    if references.zones is None:
        return _table(IN_ZONES_COLUMNS, ids, [])
    frame = references.zones.frame
    pieces = outlines.cut(frame.geometry.to_numpy())
    part = {
        "finding": pieces.outline,
        "order": np.zeros(len(pieces)),
        **_taken(frame, ("zone", "reason", "expires_on"), pieces.feature),
        "covered_share": pieces.share,
    }
    return _table(IN_ZONES_COLUMNS, ids, [part])


def _in_ledger(ids: Objects, outlines: Outlines, references: References) -> pd.DataFrame:
    if references.ledger is None:
        return _table(IN_LEDGER_COLUMNS, ids, [])
    frame = references.ledger.frame
    known = frame.geometry.to_numpy()
    polygons = np.flatnonzero(shapely.get_dimensions(known) == 2)
    points = np.flatnonzero(shapely.get_dimensions(known) == 0)
    pieces = outlines.cut(known[polygons])
    smaller = np.minimum(
        geodesic_area_m2(known[polygons], references.crs)[pieces.feature], outlines.area_m2[pieces.outline]
    )
    spot, finding = outlines.tree.query(known[points], predicate="intersects")
    part = {
        "finding": np.concatenate([pieces.outline, finding]),
        "order": np.concatenate([polygons[pieces.feature], points[spot]]),
        **_taken(frame, ("number", "status"), np.concatenate([polygons[pieces.feature], points[spot]])),
        "overlap_share": np.concatenate([np.minimum(1.0, pieces.area_m2 / smaller), np.ones(len(finding))]),
    }
    return _table(IN_LEDGER_COLUMNS, ids, [part])


def _taken(frame: gpd.GeoDataFrame, names: tuple[str, ...], rows: NDArray[np.intp]) -> dict[str, Any]:
    return {name: frame[name].array[rows] for name in names}


def _table(columns: Dtypes, ids: Objects, parts: list[dict[str, Any]]) -> pd.DataFrame:
    """Put parts together, in the order of findings, then of parts, then as they are."""
    filled = [part for part in parts if len(part["finding"])]
    if not filled:
        return make_table(columns, dict.fromkeys(columns, ()))
    finding, order = _in_order(filled)
    joined = {
        name: pd.concat([pd.Series(part[name], dtype=dtype) for part in filled], ignore_index=True)
        for name, dtype in columns.items()
        if name != "finding_id"
    }
    return make_table(columns, {"finding_id": ids[finding], **joined}).iloc[order].reset_index(drop=True)


def _in_order(parts: list[dict[str, Any]]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the finding of each row of the parts, and the order of the rows: by finding, then part."""
    finding = np.concatenate([part["finding"] for part in parts]).astype(np.intp)
    return finding, np.lexsort((np.concatenate([part["order"] for part in parts]), finding))


def _shrunk(outlines: Outlines, metres: FloatArray, references: References) -> Outlines:
    """Shrink those outlines that meet an entry of any register."""
    entries = [register.frame.geometry.to_numpy() for register in references.registers.values()]
    near = np.unique(outlines.tree.query(np.concatenate([*entries, np.array([], dtype=object)]))[1])
    near = near[metres[near] > 0]
    geometry, area_m2 = outlines.geometry.copy(), outlines.area_m2.copy()
    smaller = buffered(geometry[near], -metres[near], references.crs)
    left = ~shapely.is_empty(smaller)
    at = near[left]
    area_m2[at] *= geodesic_area_m2(smaller[left], references.crs) / outlines.ellipsoidal_m2(at)
    geometry[at] = smaller[left]
    return Outlines(geometry, references.crs, area_m2)


def buffered(geometry: Objects, metres: FloatArray, crs: pyproj.CRS) -> Objects:
    """Grow outlines, or shrink them, by (n,) metres."""
    if not len(geometry):
        return geometry
    scale = np.array([1.0, 1.0])
    if crs.is_geographic:
        lat = float(np.median(shapely.get_coordinates(geometry)[:, 1]))
        scale = _METRES_PER_DEGREE * np.array([np.cos(np.radians(lat)), 1.0])
    grown = shapely.buffer(shapely.transform(geometry, lambda xy: xy * scale), metres, join_style="mitre")
    result: Objects = shapely.transform(grown, lambda xy: xy / scale)
    return result
