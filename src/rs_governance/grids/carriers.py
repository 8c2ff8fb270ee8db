"""What is read from a district's references, and what joining findings to them gives."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely

Dtypes = Mapping[str, str]

UNIT_COLUMNS: Dtypes = MappingProxyType({
    "level": "str",
    "code": "str",
    "name": "str",
    "parent": "str",
    "keeper": "str",
    "name_en": "str",
})
"""Columns of `Units.frame` and their pandas types; geometry follows."""

LAYER_COLUMNS: Dtypes = MappingProxyType({"feature": "str", "code": "str", "label": "str"})
"""Columns of `Layer.frame`; extras of the preset and geometry follow."""

REGISTER_COLUMNS: Dtypes = MappingProxyType({
    "number": "str",
    "holder": "str",
    "use": "str",
    "stage": "str",
    "area_m2": "float64",
    "valid_from": "datetime64[ms]",
    "valid_to": "datetime64[ms]",
    "issued_on": "datetime64[ms]",
})
"""Columns of `Register.frame`; geometry follows."""

ZONE_COLUMNS: Dtypes = MappingProxyType({"zone": "str", "reason": "str", "expires_on": "datetime64[ms]"})
"""Columns of `Zones.frame`; geometry follows."""

LEDGER_COLUMNS: Dtypes = MappingProxyType({
    "number": "str",
    "kind": "str",
    "status": "str",
    "found_on": "datetime64[ms]",
})
"""Columns of `Ledger.frame`; geometry follows."""

IN_UNITS_COLUMNS: Dtypes = MappingProxyType({
    "finding_id": "str",
    "level": "str",
    "code": "str",
    "name": "str",
    "area_in_unit_m2": "float64",
})
"""Columns of `Joined.in_units`."""

IN_LAYERS_COLUMNS: Dtypes = MappingProxyType({
    "finding_id": "str",
    "layer": "str",
    "feature": "str",
    "code": "str",
    "label": "str",
    "area_m2": "float64",
})
"""Columns of `Joined.in_layers`."""

IN_REGISTERS_COLUMNS: Dtypes = MappingProxyType({
    "finding_id": "str",
    "register": "str",
    "number": "str",
    "use": "str",
    "stage": "str",
    "valid_from": "datetime64[ms]",
    "valid_to": "datetime64[ms]",
    "covered_share": "float64",
    "outside_m2": "float64",
})
"""Columns of `Joined.in_registers`."""

IN_ZONES_COLUMNS: Dtypes = MappingProxyType({
    "finding_id": "str",
    "zone": "str",
    "reason": "str",
    "expires_on": "datetime64[ms]",
    "covered_share": "float64",
})
"""Columns of `Joined.in_zones`."""

IN_LEDGER_COLUMNS: Dtypes = MappingProxyType({
    "finding_id": "str",
    "number": "str",
    "status": "str",
    "overlap_share": "float64",
})
"""Columns of `Joined.in_ledger`."""


@dataclass(frozen=True, kw_only=True)
class RowProblem:
    """Something wrong with one row, or with a source as a whole; what is good is kept."""

    source: str
    """Where: `units.town`, `layers.land_use`, `registers.building_permit`, `zones`, `ledger`; `references` where it is
    several of them."""
    row: int | str
    """Number of the row in the file, counted from 1; a name where no single row is to blame."""
    field: str
    """Field of the file, `geometry`, or empty where no field is to blame."""
    value: str
    """What was found there."""
    message_zh: str
    """What is wrong and what was done, in Chinese."""
    message_en: str
    """The same in English."""
    kept: bool = False
    """Whether the row is used all the same (repaired, or only remarkable)."""


@dataclass(frozen=True, kw_only=True)
class Units:
    """Administrative units and grid cells."""

    frame: gpd.GeoDataFrame
    """`UNIT_COLUMNS` and geometry (valid polygons in the district's CRS), by level, then code. Codes have 12 digits
    (cells: more may follow); `parent` is the code of the unit around at the next level that there is; `name_en` is missing where the file has
    no such field."""
    problems: tuple[RowProblem, ...] = ()
    """What was wrong."""
    file_crs: Mapping[str, str | None] = field(default_factory=dict)
    """CRS of the file of each level."""

    @property
    def levels(self) -> tuple[str, ...]:
        """Levels that there are, from the whole to the smallest."""
        return tuple(dict.fromkeys(self.frame["level"]))


@dataclass(frozen=True, kw_only=True)
class Layer:
    """A reference layer."""

    name: str
    """Name that rules use."""
    title_zh: str
    """Chinese name."""
    title_en: str
    """English name."""
    scheme: str | None
    """Scheme and edition of `code`; None where the layer has no codes."""
    as_of: date | None
    """Day to which the layer holds; None where nobody says."""
    frame: gpd.GeoDataFrame
    """`LAYER_COLUMNS`, extras and geometry (valid polygons in the district's CRS). `feature` is the number of the row
    in the file."""
    problems: tuple[RowProblem, ...] = ()
    """What was wrong."""
    file_crs: str | None = None
    """CRS of the file, from which the frame was brought to the district's."""


@dataclass(frozen=True, kw_only=True)
class Register:
    """A register of what makes change lawful."""

    name: str
    """Name that rules use."""
    title_zh: str
    """Chinese name."""
    title_en: str
    """English name."""
    as_of: date | None
    """Day to which the register holds; None where nobody says."""
    frame: gpd.GeoDataFrame
    """`REGISTER_COLUMNS` and geometry; a number may come once for each stage."""
    problems: tuple[RowProblem, ...] = ()
    """What was wrong."""
    file_crs: str | None = None
    """CRS of the file, from which the frame was brought to the district's."""


@dataclass(frozen=True, kw_only=True)
class Zones:
    """Zones in which findings are muted until a day."""

    frame: gpd.GeoDataFrame
    """`ZONE_COLUMNS` and geometry; expired ones are kept, since only who judges knows the day."""
    problems: tuple[RowProblem, ...] = ()
    """What was wrong."""
    file_crs: str | None = None
    """CRS of the file, from which the frame was brought to the district's."""


@dataclass(frozen=True, kw_only=True)
class Ledger:
    """Spots that were known before the first issue."""

    frame: gpd.GeoDataFrame
    """`LEDGER_COLUMNS` and geometry: polygons, or points where only a place is known."""
    problems: tuple[RowProblem, ...] = ()
    """What was wrong."""
    file_crs: str | None = None
    """CRS of the file, from which the frame was brought to the district's."""


@dataclass(frozen=True, kw_only=True)
class References:
    """Everything that findings are joined to."""

    crs: pyproj.CRS
    """CRS of every frame."""
    units: Units
    """Units and cells."""
    layers: Mapping[str, Layer] = field(default_factory=dict)
    """Reference layers by name."""
    registers: Mapping[str, Register] = field(default_factory=dict)
    """Registers by name."""
    zones: Zones | None = None
    """Muted zones; None where the district has no such file."""
    ledger: Ledger | None = None
    """Known spots; None where the district has no such file."""
    unproved: tuple[str, ...] = ()
    """Keys of the sources of which nobody could tell whether they are in GCJ-02, and whose CRS `district.toml` does not say."""
    notes: tuple[RowProblem, ...] = ()
    """What is remarkable about several of them together."""

    @property
    def problems(self) -> tuple[RowProblem, ...]:
        """What was wrong in all of them, in the order of the file."""
        parts: list[Units | Layer | Register | Zones | Ledger | None] = [
            self.units,
            *self.layers.values(),
            *self.registers.values(),
            self.zones,
            self.ledger,
        ]
        of_parts = [problem for part in parts if part is not None for problem in part.problems]
        return (*of_parts, *self.notes)


@dataclass(frozen=True, kw_only=True)
class Joined:
    """Findings and what each has to do with the references. Rows follow the order of the findings."""

    findings: gpd.GeoDataFrame
    """As they came, in the CRS of the references, and with `shrink_m`: the metres by which each may be displaced."""
    in_units: pd.DataFrame
    """`IN_UNITS_COLUMNS`: at each level the areas of a finding sum to its `area_m2`; what lies outside all units has
    code "" and name ""."""
    in_layers: pd.DataFrame
    """`IN_LAYERS_COLUMNS`: a row for each finding and feature; ground that two features of a layer claim counts for the
    first of them only."""
    in_registers: pd.DataFrame
    """`IN_REGISTERS_COLUMNS`: a row for each finding and entry. `covered_share` is of the outline shrunk by `shrink_m`,
    `outside_m2` the area of the shrunk outline that the entry does not cover."""
    in_zones: pd.DataFrame
    """`IN_ZONES_COLUMNS`: a row for each finding and zone."""
    in_ledger: pd.DataFrame
    """`IN_LEDGER_COLUMNS`: a row for each finding and known spot. `overlap_share` is the common area in parts of the
    smaller of the two; 1 for a known point inside."""
    references: References
    """What they were joined to."""
    shapes: Mapping[int, shapely.Geometry] = field(default_factory=dict)
    """Common ground of finding and feature by position in `in_layers`, of the findings that an approval covers in part."""


def make_table(columns: Dtypes, values: Mapping[str, Iterable[Any]]) -> pd.DataFrame:
    """Build a table with declared columns and types.

    Parameters
    ----------
    columns
        Type by name, in order.
    values
        One sequence of n values for each column; None and NaN are missing values.
    """
    return pd.DataFrame({name: pd.Series(_listed(values[name]), dtype=dtype) for name, dtype in columns.items()})


def make_frame(
    columns: Dtypes, values: Mapping[str, Iterable[Any]], geometry: Iterable[Any], crs: pyproj.CRS
) -> gpd.GeoDataFrame:
    """Build a table of geometries with declared columns and types."""
    outlines = np.array(list(geometry), dtype=object)
    return gpd.GeoDataFrame(make_table(columns, values), geometry=outlines, crs=crs)


def _listed(values: Iterable[Any]) -> Any:
    return values if isinstance(values, np.ndarray | pd.Series) else list(values)
