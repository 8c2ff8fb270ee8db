"""Findings as a GeoPackage in the images' own CRS."""

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import geopandas as gpd
import pyogrio
import pyogrio.raw
import shapely
from pyogrio.errors import DataLayerError, DataSourceError, FeatureError, GeometryError

from rs_governance.detect.findings import FINDINGS, LAND_CLASSES_ZH
from rs_governance.errors import OutputFailed
from rs_governance.publish.output_folder import writing
from rs_governance.publish.style import qgis_style

LAYER = "findings"
"""Name of the layer."""

_WRITTEN_AT = "1970-01-01T00:00:00.000Z"
"""Stands for the time of writing, which would make two equal results differ; run.log.json has the real one."""

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

_STYLE_TABLE = """
CREATE TABLE layer_styles (
  id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, f_table_catalog TEXT(256), f_table_schema TEXT(256),
  f_table_name TEXT(256), f_geometry_column TEXT(256), styleName TEXT(30), styleQML TEXT, styleSLD TEXT,
  useAsDefault BOOLEAN, description TEXT, owner TEXT(30), ui TEXT(30), update_time DATETIME);
"""


def write_gpkg(findings: gpd.GeoDataFrame, path: Path) -> None:
    """Write findings as a GeoPackage with Chinese column names and a default QGIS style.

    The layer `findings` holds MultiPolygons in the CRS of `findings`, with an R-tree. The aliases and meanings of
    the columns are in the GeoPackage's schema extension, the style in `layer_styles`, as QGIS keeps them. Two
    writes of equal findings give equal bytes: no time of writing is kept.

    Parameters
    ----------
    findings
        Table that `validate_findings` accepts. Without a CRS the layer gets GeoPackage's undefined Cartesian one.
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
    with writing(path), _failing_plainly(path):
        path.unlink(missing_ok=True)
        _write_layer(findings, path)
        with contextlib.closing(sqlite3.connect(path)) as connection:
            with connection:
                connection.executescript(_SCHEMA_TABLES + _STYLE_TABLE)
                _describe_columns(connection)
                _add_style(connection)
            connection.execute("VACUUM")


def _write_layer(findings: gpd.GeoDataFrame, path: Path) -> None:
    values = FINDINGS.published_values(findings)
    options = {"GEOMETRY_NAME": "geom", "IDENTIFIER": "疑似变化图斑", "DESCRIPTION": f"findings {FINDINGS.version}"}
    with _reproducible_gdal():
        pyogrio.raw.write(
            path,
            shapely.to_wkb(findings.geometry.to_numpy()),
            list(values.values()),
            list(values),
            layer=LAYER,
            driver="GPKG",
            geometry_type="MultiPolygon",
            promote_to_multi=True,
            crs=_LOCAL_GRID if findings.crs is None else findings.crs.to_wkt(),
            dataset_options={"VERSION": "1.2"},  # the newest that the GDAL of Debian 12 reads without complaint
            layer_options=options,
        )


@contextlib.contextmanager
def _reproducible_gdal() -> Iterator[None]:
    settings = {"OGR_CURRENT_DATE": _WRITTEN_AT, "OGR_GPKG_ALLOW_THREADED_RTREE": "NO"}
    before = {name: pyogrio.get_gdal_config_option(name) for name in settings}
    pyogrio.set_gdal_config_options(settings)
    try:
        yield
    finally:
        pyogrio.set_gdal_config_options(before)


def _describe_columns(connection: sqlite3.Connection) -> None:
    for column in FINDINGS.columns:
        unit = "" if column.unit is None else f" [{column.unit}]"
        connection.execute(
            "INSERT INTO gpkg_data_columns VALUES (?, ?, ?, ?, ?, NULL, ?)",
            (
                LAYER,
                column.name,
                column.alias_zh,
                column.alias_zh,
                f"{column.meaning_zh} {column.meaning_en}{unit}",
                "land_class" if column.values else None,
            ),
        )
    connection.executemany(
        "INSERT INTO gpkg_data_column_constraints VALUES ('land_class', 'enum', ?, NULL, NULL, NULL, NULL, ?)",
        LAND_CLASSES_ZH.items(),
    )


def _add_style(connection: sqlite3.Connection) -> None:
    connection.execute(
        "INSERT INTO gpkg_contents (table_name, data_type, identifier, description, last_change)"
        " VALUES ('layer_styles', 'attributes', 'layer_styles', '', ?)",
        (_WRITTEN_AT,),
    )
    connection.execute(
        "INSERT INTO layer_styles VALUES (1, '', '', ?, 'geom', ?, ?, NULL, 1, ?, '', NULL, ?)",
        (LAYER, LAYER, qgis_style(), "疑似变化图斑按得分着色 / outlines by score", _WRITTEN_AT),
    )


@contextlib.contextmanager
def _failing_plainly(path: Path) -> Iterator[None]:
    try:
        yield
    except (sqlite3.OperationalError, DataSourceError, DataLayerError, FeatureError, GeometryError) as error:
        reason = " ".join(str(error).split())
        raise OutputFailed(
            f"Cannot write {str(path)!r}: {reason}; check that the disk has room and the folder is writable."
        ) from error
