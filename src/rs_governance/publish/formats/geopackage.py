"""Findings, or the spots of an issue, as a GeoPackage in their own CRS."""

import contextlib
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pyogrio
import pyogrio.raw
import pyproj
import shapely
from pyogrio.errors import DataLayerError, DataSourceError, FeatureError, GeometryError

from rs_governance.detect.findings import FINDINGS
from rs_governance.errors import OutputFailed
from rs_governance.publish.issue import LEVELS, MonthlyIssue
from rs_governance.publish.output_folder import writing
from rs_governance.publish.style import score_style, severity_style, unseen_style
from rs_governance.publish.titles import TITLES
from rs_governance.rules import SPOTS
from rs_governance.rules.sites import SITES
from rs_governance.table import Column, measure, text

UNITS_OF_SPOTS = (
    text("spot_no", "图斑号", "Number of the spot.", "图斑号。"),
    text("level", "级别", "Level of the unit.", "单元级别。", values=LEVELS),
    text("code", "代码", "Code of the unit; empty outside every unit.", "单元代码；不在任何单元内时为空字符串。"),
    text("name", "名称", "Name of the unit; empty outside every unit.", "单元名称；不在任何单元内时为空字符串。"),
    measure(
        "area_in_unit_m2",
        "单元内面积（平方米）",
        "m2",
        "Area of the spot inside the unit; add up this one, never area_m2, over units.",
        "图斑在该单元内的面积；按单元汇总时只累加此列，不累加 area_m2。",
    ),
)
"""Columns of the layer `units_of_spots`: one row a spot and a unit that it touches."""

UNSEEN = (text("reason", "原因", "Why it could not be compared.", "无法比对的原因。", values=tuple(TITLES["reason"])),)
"""Columns of the layer `unseen`: one row a polygon that could not be compared."""

WRITTEN_AT = "1970-01-01T00:00:00.000Z"
"""Stands for the time of writing, which would make two equal results differ; a log beside the file has the real one."""

_LOCAL_GRID = 'LOCAL_CS["Undefined Cartesian SRS"]'
"""The name by which GDAL knows the GeoPackage's reserved srs_id -1."""

_SCHEMA_TABLES = """
CREATE TABLE gpkg_data_columns (
  table_name TEXT NOT NULL, column_name TEXT NOT NULL, name TEXT, title TEXT, description TEXT, mime_type TEXT,
  constraint_name TEXT,
  CONSTRAINT pk_gdc PRIMARY KEY (table_name, column_name), CONSTRAINT gdc_tn UNIQUE (table_name, name));
CREATE TABLE gpkg_data_column_constraints (
  constraint_name TEXT NOT NULL, constraint_type TEXT NOT NULL, value TEXT, min NUMERIC, min_is_inclusive BOOLEAN,
  max NUMERIC, max_is_inclusive BOOLEAN, description TEXT,
  CONSTRAINT gdcc_ntv UNIQUE (constraint_name, constraint_type, value));
INSERT INTO gpkg_extensions VALUES
  ('gpkg_data_columns', NULL, 'gpkg_schema', 'http://www.geopackage.org/spec120/#extension_schema', 'read-write'),
  ('gpkg_data_column_constraints', NULL, 'gpkg_schema', 'http://www.geopackage.org/spec120/#extension_schema',
   'read-write');
"""

STYLE_TABLE = """
CREATE TABLE layer_styles (
  id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, f_table_catalog TEXT(256), f_table_schema TEXT(256),
  f_table_name TEXT(256), f_geometry_column TEXT(256), styleName TEXT(30), styleQML TEXT, styleSLD TEXT,
  useAsDefault BOOLEAN, description TEXT, owner TEXT(30), ui TEXT(30), update_time DATETIME);
"""
"""Table in which QGIS keeps the styles of layers."""
# QGIS looks for this table as a layer, so it must be registered: readers that warn of several layers see it too.


@dataclass(frozen=True, kw_only=True)
class _Layer:
    """A layer to write."""

    name: str
    """Name of the layer."""
    title_zh: str
    """Chinese name of the layer, shown by desktop GIS."""
    description: str
    """What it is."""
    columns: Sequence[Column]
    """Declarations of the columns, in order."""
    values: Sequence[npt.NDArray[Any]]
    """One array for each column."""
    outlines: npt.NDArray[Any] | None = None
    """Polygons, one a row; None for a plain table."""
    style: tuple[str, str] | None = None
    """Default QGIS style and what it says."""


def write_gpkg(findings: gpd.GeoDataFrame, path: Path) -> None:
    """Write findings as a GeoPackage with Chinese column names and a default QGIS style.

    The layer `findings` holds MultiPolygons in the CRS of `findings`, with an R-tree. The aliases and meanings of
    the columns are in the GeoPackage's schema extension, the style in `layer_styles`, as QGIS keeps them. Two
    writes of equal findings give equal bytes: no time of writing is kept.

    Parameters
    ----------
    findings
        Table that `FINDINGS.validate` accepts. Without a CRS the layer gets GeoPackage's undefined Cartesian one.
    path
        File to create or replace.

    Raises
    ------
    SchemaViolation
        When the findings break the declared schema.
    OutputFailed
        When the file cannot be written.

    References
    ----------
    OGC 12-128r15, "GeoPackage Encoding Standard" 1.2, annex F.9 (schema extension).
    """
    FINDINGS.validate(findings)
    layer = _Layer(
        name=FINDINGS.name,
        title_zh="疑似变化图斑",
        description=f"{FINDINGS.name} {FINDINGS.version}",
        columns=FINDINGS.columns,
        values=list(FINDINGS.published_values(findings).values()),
        outlines=findings.geometry.to_numpy(),
        style=(score_style(), "疑似变化图斑按得分着色 / outlines by score"),
    )
    _write([layer], findings.crs, path)


def write_issue_gpkg(month: MonthlyIssue, path: Path) -> None:
    """Write the spots of an issue as a GeoPackage: aliases, words of the codes and styles inside.

    The layer `spots` is drawn by severity; the table `units_of_spots` has the area of each spot in each unit; the
    layer `unseen` is what could not be compared. Otherwise as `write_gpkg`.

    Parameters
    ----------
    month
        The issue.
    path
        File to create or replace.

    Raises
    ------
    OutputFailed
        When the file cannot be written.
    """
    layers = [
        _Layer(
            name=SPOTS.name,
            title_zh=f"{month.district_name}{month.issue}期图斑",
            description=f"{SPOTS.name} {SPOTS.version}",
            columns=SPOTS.columns,
            values=list(SPOTS.published_values(month.spots).values()),
            outlines=month.spots.geometry.to_numpy(),
            style=(severity_style(), "图斑按等级着色 / outlines by severity"),
        ),
        _Layer(
            name="units_of_spots",
            title_zh="图斑分单元面积",
            description="parts of the spots in units",
            columns=UNITS_OF_SPOTS,
            values=[
                *(month.in_units[name].to_numpy(dtype=object) for name in ("spot_no", "level", "code", "name")),
                _rounded_parts(month),
            ],
        ),
        _Layer(
            name="unseen",
            title_zh="未能比对的范围",
            description="what could not be compared",
            columns=UNSEEN,
            values=[month.unseen["reason"].to_numpy(dtype=object)],
            outlines=month.unseen.geometry.to_numpy(),
            style=(unseen_style(), "未能比对的范围 / what could not be compared"),
        ),
    ]
    _write(layers, month.crs, path)


def _rounded_parts(month: MonthlyIssue) -> npt.NDArray[np.float64]:
    """Round the parts of the spots so that those of a level still add up to the published area of their spot.

    What rounding each by itself leaves over, a cent or two, goes to the largest part.
    """
    parts = month.in_units[["spot_no", "level", "area_in_unit_m2"]].reset_index(drop=True)
    cents = (parts["area_in_unit_m2"] * 100).round().astype("int64")
    published = (month.spots.set_index("spot_no")["area_m2"] * 100).round().astype("int64")
    groups = [parts["spot_no"], parts["level"]]
    left = parts["spot_no"].map(published) - cents.groupby(groups).transform("sum")
    largest = parts.groupby(["spot_no", "level"])["area_in_unit_m2"].idxmax().to_numpy()
    cents.loc[largest] += left.loc[largest]
    rounded: npt.NDArray[np.float64] = cents.to_numpy(dtype=np.float64) / 100
    return rounded


def write_sites_gpkg(sites: gpd.GeoDataFrame, path: Path, *, title_zh: str) -> None:
    """Write the sites of a quarter as a GeoPackage, drawn by severity. Otherwise as `write_gpkg`.

    Parameters
    ----------
    sites
        Table that `SITES.validate` accepts.
    path
        File to create or replace.
    title_zh
        Chinese name of the layer.

    Raises
    ------
    SchemaViolation
        When the sites break the declared schema.
    OutputFailed
        When the file cannot be written.
    """
    SITES.validate(sites)
    layer = _Layer(
        name=SITES.name,
        title_zh=title_zh,
        description=f"{SITES.name} {SITES.version}",
        columns=SITES.columns,
        values=list(SITES.published_values(sites).values()),
        outlines=sites.geometry.to_numpy(),
        style=(severity_style(), "点位按等级着色 / outlines by severity"),
    )
    _write([layer], sites.crs, path)


def _write(layers: Sequence[_Layer], crs: pyproj.CRS | None, path: Path) -> None:
    with writing(path), failing_plainly(path):
        path.unlink(missing_ok=True)
        with reproducible_gdal():
            for index, layer in enumerate(layers):
                _write_layer(layer, crs, path, append=index > 0)
        with contextlib.closing(sqlite3.connect(path)) as connection:
            with connection:
                connection.executescript(_SCHEMA_TABLES + STYLE_TABLE)
                _describe_columns(connection, layers)
                _add_styles(connection, layers)
            connection.execute("VACUUM")


def _write_layer(layer: _Layer, crs: pyproj.CRS | None, path: Path, *, append: bool) -> None:
    options = {"IDENTIFIER": layer.title_zh, "DESCRIPTION": layer.description}
    spatial: dict[str, Any] = {"geometry": None, "geometry_type": None}
    if layer.outlines is not None:
        options["GEOMETRY_NAME"] = "geom"
        spatial = {
            "geometry": shapely.to_wkb(layer.outlines),
            "geometry_type": "MultiPolygon",
            "promote_to_multi": True,
            "crs": _LOCAL_GRID if crs is None else crs.to_wkt(),
        }
    pyogrio.raw.write(
        path,
        field_data=list(layer.values),
        fields=[column.name for column in layer.columns],
        layer=layer.name,
        driver="GPKG",
        append=append,
        # 1.2 is the newest that the GDAL of Debian 12 reads without complaint
        dataset_options=None if append else {"VERSION": "1.2"},
        layer_options=options,
        **spatial,
    )


@contextlib.contextmanager
def reproducible_gdal() -> Iterator[None]:
    """Let GDAL write the same bytes whenever it writes the same."""
    settings = {"OGR_CURRENT_DATE": WRITTEN_AT, "OGR_GPKG_ALLOW_THREADED_RTREE": "NO"}
    before = {name: pyogrio.get_gdal_config_option(name) for name in settings}
    pyogrio.set_gdal_config_options(settings)
    try:
        yield
    finally:
        pyogrio.set_gdal_config_options(before)


def _describe_columns(connection: sqlite3.Connection, layers: Sequence[_Layer]) -> None:
    constraints: dict[str, str] = {}
    for layer in layers:
        for column in layer.columns:
            unit = "" if column.unit is None else f" [{column.unit}]"
            constraint = None
            if column.values is not None:
                constraint = "land_class" if column.name.endswith("_class") else column.name
                constraints[constraint] = column.name
            connection.execute(
                "INSERT INTO gpkg_data_columns VALUES (?, ?, ?, ?, ?, NULL, ?)",
                (
                    layer.name,
                    column.name,
                    column.alias_zh,
                    column.alias_zh,
                    f"{column.meaning_zh} {column.meaning_en}{unit}",
                    constraint,
                ),
            )
    connection.executemany(
        "INSERT INTO gpkg_data_column_constraints VALUES (?, 'enum', ?, NULL, NULL, NULL, NULL, ?)",
        [
            (constraint, value, word.zh)
            for constraint, column_name in constraints.items()
            for value, word in TITLES[column_name].items()
        ],
    )


def _add_styles(connection: sqlite3.Connection, layers: Sequence[_Layer]) -> None:
    connection.execute(
        "INSERT INTO gpkg_contents (table_name, data_type, identifier, description, last_change)"
        " VALUES ('layer_styles', 'attributes', 'layer_styles', '', ?)",
        (WRITTEN_AT,),
    )
    for layer in layers:
        if layer.style is not None:
            connection.execute(
                "INSERT INTO layer_styles VALUES (NULL, '', '', ?, 'geom', ?, ?, NULL, 1, ?, '', NULL, ?)",
                (layer.name, layer.name, *layer.style, WRITTEN_AT),
            )


@contextlib.contextmanager
def failing_plainly(path: Path) -> Iterator[None]:
    """Turn errors of GDAL and SQLite while a file is written into one `OutputFailed`."""
    try:
        yield
    except (sqlite3.OperationalError, DataSourceError, DataLayerError, FeatureError, GeometryError) as error:
        reason = " ".join(str(error).split())
        raise OutputFailed(
            f"Cannot write {str(path)!r}: {reason}; check that the disk has room and the folder is writable."
        ) from error
