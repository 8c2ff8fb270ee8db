"""Tables of polygons whose columns are declared once.

Readers, writers, JSON Schemas and the documentation of a table are all derived from its `Table`; a column that
is not declared there does not exist.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyproj
import shapely

from rs_governance.errors import SchemaViolation

Dtype = Literal["str", "int64", "float64", "date"]

_PANDAS_DTYPES: Mapping[Dtype, str] = {
    "str": "str",
    "int64": "int64",
    "float64": "float64",
    "date": "datetime64[ms]",  # what GDAL's DATE comes back as; always midnight, no time zone
}


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column of the findings table."""

    name: str
    """Name in every format."""
    alias_zh: str
    """Chinese name, shown by desktop GIS."""
    dtype: Dtype
    """Type of the values; a date is kept as midnight without a time zone."""
    meaning_en: str
    """What the value says, in English."""
    meaning_zh: str
    """What the value says, in Chinese."""
    unit: str | None = None
    """Unit of a number; "1" for a ratio, None for text and dates."""
    nullable: bool = False
    """True where a missing value is allowed."""
    minimum: float | None = None
    """Smallest allowed value."""
    maximum: float | None = None
    """Largest allowed value."""
    decimals: int | None = None
    """Digits after the point that are published."""
    values: tuple[str, ...] | None = None
    """The only allowed texts, where they are few."""
    pattern: str | None = None
    """Regular expression that a text matches from end to end."""
    short: str | None = None
    """Name of at most 10 characters, for Shapefile; None where the name itself is that short."""


@dataclass(frozen=True, kw_only=True)
class Table:
    """A table of polygons, one row a thing, and what its columns may hold."""

    name: str
    """Name of the table and of its files, in English, plural."""
    key: str
    """Column whose values are unique."""
    version: str
    """Version of the declaration: the second number grows with an added column, the first with a broken one."""
    columns: tuple[Column, ...]
    """Every column but `geometry`, in order."""

    @cached_property
    def by_name(self) -> Mapping[str, Column]:
        """Columns by name."""
        return {column.name: column for column in self.columns}

    def make(
        self,
        values: Mapping[str, Sequence[Any] | npt.NDArray[Any]],
        geometry: Sequence[shapely.Geometry] | npt.NDArray[Any],
        crs: pyproj.CRS | None,
    ) -> gpd.GeoDataFrame:
        """Build a table with the declared column order and types.

        Parameters
        ----------
        values
            One sequence of n values for each declared column; None or NaN is a missing value.
        geometry
            n polygons or multipolygons in `crs`.
        crs
            CRS of the geometry; None for a local grid.

        Returns
        -------
        GeoDataFrame
            n rows, checked by `validate`.

        Raises
        ------
        SchemaViolation
            When a column is missing, unknown, or holds a value that its declaration forbids.
        """
        if set(values) != set(self.by_name):
            raise SchemaViolation(self._columns_differ(list(values)))
        try:
            data = {c.name: pd.Series(list(values[c.name])).astype(_PANDAS_DTYPES[c.dtype]) for c in self.columns}
        except (TypeError, ValueError) as error:
            raise SchemaViolation(f"A {self.name} column holds a value of another type: {error}.") from error
        return self.validate(gpd.GeoDataFrame(data, geometry=np.asarray(geometry, dtype=object), crs=crs))

    def empty(self, crs: pyproj.CRS | None) -> gpd.GeoDataFrame:
        """Return a table without rows."""
        return self.make({column.name: () for column in self.columns}, (), crs)

    def published_values(self, frame: gpd.GeoDataFrame) -> dict[str, npt.NDArray[Any]]:
        """Return the columns as arrays of plain values, rounded to the declared decimals.

        Parameters
        ----------
        frame
            Table of n rows that `validate` accepts.

        Returns
        -------
        dict
            Column name to an array of length n: object (str or None), int64, float64 (NaN where missing) or
            datetime64[D] (NaT where missing).
        """
        arrays: dict[str, npt.NDArray[Any]] = {}
        for column in self.columns:
            series = frame[column.name]
            if column.dtype == "str":
                arrays[column.name] = series.astype(object).where(series.notna(), None).to_numpy(dtype=object)
            elif column.dtype == "date":
                arrays[column.name] = series.to_numpy(dtype="datetime64[D]")
            elif column.decimals is not None:
                rounded = np.round(series.to_numpy(dtype="float64"), column.decimals)
                arrays[column.name] = rounded + 0.0  # -0.0 becomes 0.0
            else:
                arrays[column.name] = series.to_numpy()
        return arrays

    def validate(self, frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
        """Check a table against its declaration and return it.

        Parameters
        ----------
        frame
            Table in any CRS, or in none.

        Returns
        -------
        GeoDataFrame
            `frame` itself.

        Raises
        ------
        SchemaViolation
            At the first column or outline that breaks the declaration, with the row where it was seen.
        """
        expected = [column.name for column in self.columns] + ["geometry"]
        if list(frame.columns) != expected:
            raise SchemaViolation(self._columns_differ([str(name) for name in frame.columns if name != "geometry"]))
        for column in self.columns:
            _check_column(frame[column.name], column)
        keys = frame[self.key]
        if keys.duplicated().any():
            row = int(np.flatnonzero(keys.duplicated())[0])
            raise SchemaViolation(f"{self.key} must be unique; row {row} repeats {keys.iloc[row]!r}.")
        _check_outlines(frame.geometry.to_numpy())
        return frame

    def _columns_differ(self, names: list[str]) -> str:
        expected = list(self.by_name)
        missing = [name for name in expected if name not in names]
        unknown = [name for name in names if name not in expected]
        if missing or unknown:
            return (
                f"The {self.name} lack the columns {missing} and have undeclared {unknown}; build them by Table.make."
            )
        return (
            f"The columns of {self.name} are out of order: expected {expected} then geometry; build it by Table.make."
        )


def ratio(name: str, alias_zh: str, en: str, zh: str, *, low: float = 0.0, nullable: bool = False) -> Column:
    """Declare a share, or another number of which 1 is the largest."""
    return Column(
        name=name,
        alias_zh=alias_zh,
        dtype="float64",
        unit="1",
        meaning_en=en,
        meaning_zh=zh,
        nullable=nullable,
        minimum=low,
        maximum=1.0,
        decimals=4,
    )


def measure(name: str, alias_zh: str, unit: str, en: str, zh: str) -> Column:
    """Declare a length, an area or another number that is not negative."""
    return Column(
        name=name,
        alias_zh=alias_zh,
        dtype="float64",
        unit=unit,
        meaning_en=en,
        meaning_zh=zh,
        minimum=0.0,
        decimals=2,
    )


def text(
    name: str,
    alias_zh: str,
    en: str,
    zh: str,
    *,
    nullable: bool = False,
    values: tuple[str, ...] | None = None,
    pattern: str | None = None,
) -> Column:
    """Declare a text."""
    return Column(
        name=name,
        alias_zh=alias_zh,
        dtype="str",
        meaning_en=en,
        meaning_zh=zh,
        nullable=nullable,
        values=values,
        pattern=pattern,
    )


def day(name: str, alias_zh: str, en: str, zh: str) -> Column:
    """Declare a date that may be missing."""
    return Column(name=name, alias_zh=alias_zh, dtype="date", meaning_en=en, meaning_zh=zh, nullable=True)


def _check_column(series: "pd.Series[Any]", column: Column) -> None:
    dtype_fits = {
        "str": pd.api.types.is_string_dtype(series.dtype),
        "int64": series.dtype == np.int64,
        "float64": series.dtype == np.float64,
        "date": pd.api.types.is_datetime64_dtype(series.dtype),
    }[column.dtype]
    if not dtype_fits and len(series):
        raise SchemaViolation(f"Column {column.name!r} must be {column.dtype}, it is {series.dtype}.")
    missing = series.isna()
    if not column.nullable:
        _refuse(missing, series, column, "has no missing values")
    present = series[~missing]
    if column.dtype == "float64":
        _refuse(~np.isfinite(present.to_numpy()), present, column, "is finite")
    if column.minimum is not None:
        _refuse(present < column.minimum, present, column, f"is at least {column.minimum:g}")
    if column.maximum is not None:
        _refuse(present > column.maximum, present, column, f"is at most {column.maximum:g}")
    if column.values is not None:
        _refuse(~present.isin(column.values), present, column, f"is one of {', '.join(column.values)}")
    if column.pattern is not None:
        _refuse(~present.str.fullmatch(column.pattern), present, column, f"matches {column.pattern}")
    if column.dtype == "date":
        _refuse(present != present.dt.normalize(), present, column, "is a day without a time")


def _refuse(bad: Any, series: "pd.Series[Any]", column: Column, rule: str) -> None:
    bad = np.asarray(bad, dtype=bool)
    if bad.any():
        row = int(np.flatnonzero(bad)[0])
        raise SchemaViolation(f"Column {column.name!r} {rule}, but row {series.index[row]} has {series.iloc[row]!r}.")


def _check_outlines(outlines: npt.NDArray[Any]) -> None:
    kinds = shapely.get_type_id(outlines)
    polygonal = np.isin(kinds, (shapely.GeometryType.POLYGON, shapely.GeometryType.MULTIPOLYGON))
    for bad, rule in (
        (~polygonal, "a Polygon or MultiPolygon"),
        (shapely.is_empty(outlines), "not empty"),
        (~shapely.is_valid(outlines), "valid"),
    ):
        if bad.any():
            row = int(np.flatnonzero(bad)[0])
            raise SchemaViolation(f"Every outline is {rule}; row {row} is {shapely.to_wkt(outlines[row])!r:.120}.")
