"""Small joined months, put together row by row."""

from collections.abc import Mapping, Sequence
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
import pyproj
import pytest
import shapely

from rs_governance.detect.findings import FINDINGS
from rs_governance.grids import Joined, Layer, Ledger, References, Register, Units, Zones
from rs_governance.grids.carriers import (
    IN_LAYERS_COLUMNS,
    IN_LEDGER_COLUMNS,
    IN_REGISTERS_COLUMNS,
    IN_UNITS_COLUMNS,
    IN_ZONES_COLUMNS,
    LAYER_COLUMNS,
    LEDGER_COLUMNS,
    REGISTER_COLUMNS,
    UNIT_COLUMNS,
    ZONE_COLUMNS,
    make_frame,
    make_table,
)
from rs_governance.rules import DEFAULT_RULES, Judged, Rules, Step, judge, read_rules

CRS = pyproj.CRS("EPSG:4545")
AS_OF = date(2026, 10, 20)
LAYERS = ("land_use", "basic_cropland", "ecological_red_line", "urban_boundary", "forest", "water_source")
REGISTERS = ("building_permit", "planning_permit", "harvest_permit", "major_project", "homestead")

COMMON = {
    "area_m2": 2000.0,
    "perimeter_m": 180.0,
    "length_m": 50.0,
    "width_m": 40.0,
    "compactness": 0.78,
    "rectangularity": 0.9,
    "ndvi_before": 0.6,
    "brightness_before": 700.0,
    "brightness_after": 1100.0,
    "ndwi_before": -0.5,
    "ndwi_after": -0.3,
    "redness_before": 0.0,
    "contrast_before": 0.1,
    "texture_before": 0.4,
    "spread_before": 0.3,
    "grain_before": 1.2,
    "before_class": "vegetation",
    "after_class": "bare_or_built",
    "before_image": "20260912",
    "after_image": "20261014",
}
LOOKS = {
    "earthwork": {"ndvi_after": 0.15, "redness_after": 0.2, "contrast_after": 1.0, "contrast_gain": 0.9, "texture_after": 0.5, "spread_after": 0.5, "grain_after": 1.0},
    "building": {"ndvi_after": 0.08, "redness_after": -0.02, "contrast_after": 1.5, "contrast_gain": 1.4, "texture_after": 1.3, "spread_after": 1.2, "grain_after": 1.1},
    "felling": {"ndvi_after": 0.28, "redness_after": 0.1, "contrast_after": 0.7, "contrast_gain": 0.6, "texture_after": 0.5, "spread_after": 0.4, "grain_after": 1.2},
    "crop": {"ndvi_after": 0.5, "redness_after": 0.0, "contrast_after": 0.2, "contrast_gain": 0.1, "texture_after": 0.4, "spread_after": 0.3, "grain_after": 1.4, "after_class": "vegetation"},
}  # fmt: skip
"""Numbers as findings of a kind have them, far from every bound of the default rules."""


def make_finding(number: int, *, looks: str = "earthwork", **values: Any) -> dict[str, Any]:
    """One finding of 2000 m2 that looks like a kind, with some values changed."""
    defaults: dict[str, Any] = {
        "before_on": "2026-09-12",
        "after_on": "2026-10-14",
        "kind": None,
        "detector": "spectral",
    }
    for column in FINDINGS.columns:
        if column.dtype in {"float64", "int64"}:
            defaults.setdefault(column.name, 1)
    return defaults | COMMON | LOOKS[looks] | {"finding_id": f"f{number:06d}"} | values


def make_month(
    findings: Sequence[Mapping[str, Any]],
    *,
    layers: Sequence[tuple[str, str, str, float]] = (),
    registers: Sequence[Mapping[str, Any]] = (),
    zones: Sequence[tuple[str, str, str | None, float]] = (),
    ledger: Sequence[tuple[str, str, float]] = (),
    has_layers: Sequence[str] = LAYERS,
    has_registers: Sequence[str] = REGISTERS,
    as_of: date | None = AS_OF,
) -> Joined:
    """Join findings to rows as given: (finding, layer, code, m2), (finding, zone, expires_on, share), (finding, status, share)."""
    values = {column.name: [f[column.name] for f in findings] for column in FINDINGS.columns}
    outlines = [shapely.box(500_000 + 100 * n, 2_500_000, 500_032 + 100 * n, 2_500_032) for n in range(len(findings))]
    empty = References(
        crs=CRS,
        units=Units(frame=make_frame(UNIT_COLUMNS, {name: [] for name in UNIT_COLUMNS}, [], CRS)),
        layers={name: _layer(name) for name in has_layers},
        registers={name: _register(name, as_of) for name in has_registers},
        zones=Zones(frame=make_frame(ZONE_COLUMNS, {name: [] for name in ZONE_COLUMNS}, [], CRS)),
        ledger=Ledger(frame=make_frame(LEDGER_COLUMNS, {name: [] for name in LEDGER_COLUMNS}, [], CRS)),
    )
    ids = [f["finding_id"] for f in findings]
    return Joined(
        findings=FINDINGS.make(values, outlines, CRS),
        in_units=make_table(
            IN_UNITS_COLUMNS,
            {
                "finding_id": ids * 2,
                "level": ["town"] * len(ids) + ["village"] * len(ids),
                "code": ["450108100000"] * len(ids) + ["450108100201"] * len(ids),
                "name": ["良庆镇"] * len(ids) + ["那黄村"] * len(ids),
                "area_in_unit_m2": [f["area_m2"] for f in findings] * 2,
            },
        ),
        in_layers=make_table(
            IN_LAYERS_COLUMNS,
            {
                "finding_id": [row[0] for row in layers],
                "layer": [row[1] for row in layers],
                "feature": [str(n) for n in range(len(layers))],
                "code": [row[2] for row in layers],
                "label": [row[2] for row in layers],
                "area_m2": [row[3] for row in layers],
            },
        ),
        in_registers=make_table(
            IN_REGISTERS_COLUMNS,
            {
                "finding_id": [row["finding_id"] for row in registers],
                "register": [row.get("register", "building_permit") for row in registers],
                "number": [row.get("number", "P1") for row in registers],
                "use": [row.get("use", "工业厂房") for row in registers],
                "stage": [row.get("stage") for row in registers],
                "valid_from": [row.get("valid_from", pd.Timestamp("2026-01-01")) for row in registers],
                "valid_to": [row.get("valid_to", pd.Timestamp("2027-01-01")) for row in registers],
                "covered_share": [row.get("covered_share", 1.0) for row in registers],
                "outside_m2": [row.get("outside_m2", 0.0) for row in registers],
            },
        ),
        in_zones=make_table(
            IN_ZONES_COLUMNS,
            {
                "finding_id": [row[0] for row in zones],
                "zone": [row[1] for row in zones],
                "reason": ["quarry"] * len(zones),
                "expires_on": [pd.NaT if row[2] is None else pd.Timestamp(row[2]) for row in zones],
                "covered_share": [row[3] for row in zones],
            },
        ),
        in_ledger=make_table(
            IN_LEDGER_COLUMNS,
            {
                "finding_id": [row[0] for row in ledger],
                "number": [f"2025-{n:04d}" for n in range(len(ledger))],
                "status": [row[1] for row in ledger],
                "overlap_share": [row[2] for row in ledger],
            },
        ),
        references=empty,
    )


def _layer(name: str) -> Layer:
    frame = make_frame(LAYER_COLUMNS, {column: [] for column in LAYER_COLUMNS}, [], CRS)
    return Layer(name=name, title_zh=name, title_en=name, scheme=None, as_of=date(2025, 12, 31), frame=frame)


def _register(name: str, as_of: date | None) -> Register:
    frame = make_frame(REGISTER_COLUMNS, {column: [] for column in REGISTER_COLUMNS}, [], CRS)
    return Register(name=name, title_zh=name, title_en=name, as_of=as_of, frame=frame)


@cache
def default_rules() -> Rules:
    return read_rules()


def judge_month(joined: Joined, rules: Rules | None = None) -> Judged:
    """Judge a month by the default rules, or others."""
    return judge(joined, rules or default_rules(), district_code="450108", issue="2026-10", as_of=AS_OF)


@pytest.fixture(scope="session")
def default_text() -> str:
    return DEFAULT_RULES.read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def finding() -> Any:
    return make_finding


@pytest.fixture(scope="session")
def month() -> Any:
    return make_month


@pytest.fixture(scope="session")
def judged() -> Any:
    return judge_month


@pytest.fixture(scope="session")
def one(finding: Any) -> Any:
    """Judge a month of one finding and return its spot and its steps."""

    def judge_one(values: Mapping[str, Any] | None = None, **joined: Any) -> tuple[Any, tuple[Step, ...]]:
        rules = joined.pop("rules", None)
        result = judge_month(make_month([make_finding(1, **(values or {}))], **joined), rules)
        spot = result.spots.iloc[0]
        return spot, result.decisions[spot["spot_no"]]

    return judge_one


@pytest.fixture
def rules_with(tmp_path: Path, default_text: str) -> Any:
    """The default rules with text replaced."""

    def change(*replaced: tuple[str, str]) -> Rules:
        text = default_text
        for old, new in replaced:
            assert old in text, old
            text = text.replace(old, new)
        path = tmp_path / "rules.toml"
        path.write_text(text, encoding="utf-8")
        return read_rules(path)

    return change
