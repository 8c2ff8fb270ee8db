"""Keeping what a month was judged on, so that other rules can be tried on it later without its layers."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from io import BytesIO
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pyproj

from rs_governance.errors import RulesInvalid
from rs_governance.grids import Joined, Layer, References, Register, Units
from rs_governance.grids.carriers import LAYER_COLUMNS, REGISTER_COLUMNS, UNIT_COLUMNS, make_frame
from rs_governance.rules.ruleset import Rules

KEPT_FOLDER = "judged_on"
"""Folder in a published issue that holds the kept tables."""

_TABLES = ("in_units", "in_layers", "in_registers", "in_zones", "in_ledger")
_REFERENCES = "references.json"
_RULES = "rules.toml"
_ENTRIES = "entries"
_SHAPES = "shapes"
_ENTRY_COLUMNS = {"register": "str", **REGISTER_COLUMNS}


@dataclass(frozen=True, kw_only=True)
class Kept:
    """What a published issue was judged on."""

    joined: Joined
    """The joined month; its layers have no shapes, its registers only the approvals that were met."""
    rules: Path
    """The rules that it was judged by."""
    district_code: str
    """Six digits."""
    issue: str
    """The issue."""
    as_of: date
    """Day of judging."""


def keep_judged(joined: Joined, rules: Rules, *, district_code: str, issue: str, as_of: date) -> Mapping[str, bytes]:
    """Return the files that `read_kept` needs: the findings, the rows of the join, the dates of the layers, the rules.

    Parameters
    ----------
    joined, rules, district_code, issue, as_of
        As given to `judge`.

    Returns
    -------
    Mapping
        Content of each file by its name; equal for equal input.
    """
    references = joined.references
    about = {
        "district_code": district_code,
        "issue": issue,
        "as_of": as_of.isoformat(),
        "crs": references.crs.to_wkt(),
        **{
            part: [
                {
                    "name": one.name,
                    "title_zh": one.title_zh,
                    "title_en": one.title_en,
                    "as_of": None if one.as_of is None else one.as_of.isoformat(),
                }
                for one in getattr(references, part).values()
            ]
            for part in ("layers", "registers")
        },
        "keepers": {code: keeper for code, keeper in _keepers(joined).items() if isinstance(keeper, str)},
    }
    tables = {
        "findings": joined.findings,
        _ENTRIES: _entries(joined),
        _SHAPES: gpd.GeoDataFrame(
            {"row": list(joined.shapes)}, geometry=list(joined.shapes.values()), crs=references.crs
        ).astype({"row": "int64"}),
        **{name: getattr(joined, name) for name in _TABLES},
    }
    return {
        _REFERENCES: (json.dumps(about, ensure_ascii=False, indent=1) + "\n").encode(),
        _RULES: rules.path.read_bytes(),
        **{f"{name}.parquet": _parquet(table) for name, table in tables.items()},
    }


def _parquet(table: pd.DataFrame) -> bytes:
    buffer = BytesIO()
    table.to_parquet(buffer, index=False, compression="zstd")
    return buffer.getvalue()


def _entries(joined: Joined) -> gpd.GeoDataFrame:
    """Return the approvals that some finding meets, with their outlines."""
    met = joined.in_registers.groupby("register")["number"].unique()
    frames = [
        one.frame[one.frame["number"].isin(met[name])].assign(register=name)
        for name, one in joined.references.registers.items()
        if name in met.index
    ]
    empty = make_frame(_ENTRY_COLUMNS, {name: [] for name in _ENTRY_COLUMNS}, [], joined.references.crs)
    return pd.concat(frames, ignore_index=True)[[*_ENTRY_COLUMNS, "geometry"]] if frames else empty


def read_kept(folder: Path) -> Kept:
    """Read what `keep_judged` kept.

    Parameters
    ----------
    folder
        Folder with its files.

    Returns
    -------
    Kept
        All that `judge` needs.

    Raises
    ------
    RulesInvalid
        If a file is missing or damaged.
    """
    try:
        about = json.loads((folder / _REFERENCES).read_text(encoding="utf-8"))
        crs = pyproj.CRS(about["crs"])
        shapes = gpd.read_parquet(folder / f"{_SHAPES}.parquet")
        return Kept(
            joined=Joined(
                findings=gpd.read_parquet(folder / "findings.parquet"),
                **{name: pd.read_parquet(folder / f"{name}.parquet") for name in _TABLES},
                references=_references(about, crs, gpd.read_parquet(folder / f"{_ENTRIES}.parquet")),
                shapes=dict(zip(shapes["row"].tolist(), shapes.geometry, strict=True)),
            ),
            rules=folder / _RULES,
            district_code=about["district_code"],
            issue=about["issue"],
            as_of=date.fromisoformat(about["as_of"]),
        )
    except (OSError, ValueError, KeyError) as error:
        raise RulesInvalid(
            f"'{folder}' does not hold what the issue was judged on ({error}); publish the issue again to try rules on it."
        ) from error


def _keepers(joined: Joined) -> dict[str, object]:
    units = joined.references.units.frame
    cells = units[units["level"] == "cell"]
    return dict(zip(cells["code"], cells["keeper"], strict=True))


def _references(about: Mapping[str, Any], crs: pyproj.CRS, entries: gpd.GeoDataFrame) -> References:
    def day(one: Mapping[str, str | None]) -> date | None:
        return None if (text := one["as_of"]) is None else date.fromisoformat(text)

    keepers: Mapping[str, str] = about["keepers"]
    values = {name: [""] * len(keepers) for name in UNIT_COLUMNS}
    values |= {"level": ["cell"] * len(keepers), "code": list(keepers), "keeper": list(keepers.values())}
    no_layer = make_frame(LAYER_COLUMNS, {name: [] for name in LAYER_COLUMNS}, [], crs)
    return References(
        crs=crs,
        units=Units(frame=make_frame(UNIT_COLUMNS, values, [None] * len(keepers), crs)),
        layers={
            one["name"]: Layer(
                name=one["name"],
                title_zh=one["title_zh"],
                title_en=one["title_en"],
                scheme=None,
                as_of=day(one),
                frame=no_layer,
            )
            for one in about["layers"]
        },
        registers={
            one["name"]: Register(
                name=one["name"],
                title_zh=one["title_zh"],
                title_en=one["title_en"],
                as_of=day(one),
                frame=entries[entries["register"] == one["name"]].drop(columns="register"),
            )
            for one in about["registers"]
        },
    )
