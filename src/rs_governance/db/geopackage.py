"""What makes the SQLite file a GeoPackage: its header, its tables about tables, its spatial index.

PostgreSQL keeps all of this itself (PostGIS: `geometry_columns`, GiST indices, `COMMENT ON`): there, this module and
`guards` have nothing to do.

References
----------
OGC 12-128r15, "GeoPackage Encoding Standard" 1.2: clause 1.1.1 (file), 2.1 (features), 2.4 (attributes), annex F.3
(R-tree spatial indices), annex F.9 (schema extension).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import pyproj
import sqlalchemy as sa

from rs_governance.db.base import Base
from rs_governance.db.types import STORE_SRS_ID, Outline, moment_text

GPKG_TABLES = (
    "gpkg_spatial_ref_sys",
    "gpkg_contents",
    "gpkg_geometry_columns",
    "gpkg_extensions",
    "gpkg_data_columns",
    "gpkg_data_column_constraints",
)
"""Tables about tables."""

_APPLICATION_ID = 0x47504B47  # "GPKG"
# 1.2 is the newest that the GDAL of Debian 12 reads without complaint.
_VERSION = 10200

_TABLES = """
CREATE TABLE IF NOT EXISTS gpkg_spatial_ref_sys (
  srs_name TEXT NOT NULL, srs_id INTEGER NOT NULL PRIMARY KEY, organization TEXT NOT NULL,
  organization_coordsys_id INTEGER NOT NULL, definition TEXT NOT NULL, description TEXT);
CREATE TABLE IF NOT EXISTS gpkg_contents (
  table_name TEXT NOT NULL PRIMARY KEY, data_type TEXT NOT NULL, identifier TEXT UNIQUE, description TEXT DEFAULT '',
  last_change DATETIME NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')),
  min_x DOUBLE, min_y DOUBLE, max_x DOUBLE, max_y DOUBLE, srs_id INTEGER,
  CONSTRAINT fk_gc_r_srs_id FOREIGN KEY (srs_id) REFERENCES gpkg_spatial_ref_sys (srs_id));
CREATE TABLE IF NOT EXISTS gpkg_geometry_columns (
  table_name TEXT NOT NULL, column_name TEXT NOT NULL, geometry_type_name TEXT NOT NULL, srs_id INTEGER NOT NULL,
  z TINYINT NOT NULL, m TINYINT NOT NULL,
  CONSTRAINT pk_geom_cols PRIMARY KEY (table_name, column_name), CONSTRAINT uk_gc_table_name UNIQUE (table_name),
  CONSTRAINT fk_gc_tn FOREIGN KEY (table_name) REFERENCES gpkg_contents (table_name),
  CONSTRAINT fk_gc_srs FOREIGN KEY (srs_id) REFERENCES gpkg_spatial_ref_sys (srs_id));
CREATE TABLE IF NOT EXISTS gpkg_extensions (
  table_name TEXT, column_name TEXT, extension_name TEXT NOT NULL, definition TEXT NOT NULL, scope TEXT NOT NULL,
  CONSTRAINT ge_tce UNIQUE (table_name, column_name, extension_name));
CREATE TABLE IF NOT EXISTS gpkg_data_columns (
  table_name TEXT NOT NULL, column_name TEXT NOT NULL, name TEXT, title TEXT, description TEXT, mime_type TEXT,
  constraint_name TEXT,
  CONSTRAINT pk_gdc PRIMARY KEY (table_name, column_name), CONSTRAINT gdc_tn UNIQUE (table_name, name));
CREATE TABLE IF NOT EXISTS gpkg_data_column_constraints (
  constraint_name TEXT NOT NULL, constraint_type TEXT NOT NULL, value TEXT, min NUMERIC, min_is_inclusive BOOLEAN,
  max NUMERIC, max_is_inclusive BOOLEAN, description TEXT,
  CONSTRAINT gdcc_ntv UNIQUE (constraint_name, constraint_type, value))
"""

_WORLD = (
    ("Undefined Cartesian SRS", -1, "NONE", -1, "undefined", "undefined Cartesian coordinate reference system"),
    ("Undefined geographic SRS", 0, "NONE", 0, "undefined", "undefined geographic coordinate reference system"),
    (
        "WGS 84 geodetic",
        4326,
        "EPSG",
        4326,
        pyproj.CRS(4326).to_wkt("WKT1_GDAL", output_axis_rule=True),
        "longitude and latitude",
    ),
)

_RTREE_SPEC = "http://www.geopackage.org/spec120/#extension_rtree"
_SCHEMA_SPEC = "http://www.geopackage.org/spec120/#extension_schema"

# Names and bodies are the standard's, so that other programs know and use them.
_RTREE_TRIGGERS = {
    "insert": """AFTER INSERT ON "{t}" WHEN (NEW."{c}" NOTNULL AND NOT ST_IsEmpty(NEW."{c}"))
BEGIN INSERT OR REPLACE INTO "{r}" VALUES ({new}); END""",
    "update1": """AFTER UPDATE OF "{c}" ON "{t}" WHEN OLD."{i}" = NEW."{i}" AND (NEW."{c}" NOTNULL AND NOT ST_IsEmpty(NEW."{c}"))
BEGIN INSERT OR REPLACE INTO "{r}" VALUES ({new}); END""",
    "update2": """AFTER UPDATE OF "{c}" ON "{t}" WHEN OLD."{i}" = NEW."{i}" AND (NEW."{c}" ISNULL OR ST_IsEmpty(NEW."{c}"))
BEGIN DELETE FROM "{r}" WHERE id = OLD."{i}"; END""",
    "update3": """AFTER UPDATE ON "{t}" WHEN OLD."{i}" != NEW."{i}" AND (NEW."{c}" NOTNULL AND NOT ST_IsEmpty(NEW."{c}"))
BEGIN DELETE FROM "{r}" WHERE id = OLD."{i}"; INSERT OR REPLACE INTO "{r}" VALUES ({new}); END""",
    "update4": """AFTER UPDATE ON "{t}" WHEN OLD."{i}" != NEW."{i}" AND (NEW."{c}" ISNULL OR ST_IsEmpty(NEW."{c}"))
BEGIN DELETE FROM "{r}" WHERE id IN (OLD."{i}", NEW."{i}"); END""",
    "delete": """AFTER DELETE ON "{t}" WHEN OLD."{c}" NOT NULL
BEGIN DELETE FROM "{r}" WHERE id = OLD."{i}"; END""",
}


@dataclass(frozen=True, kw_only=True)
class Place:
    """A column of outlines."""

    table: str
    """Table."""
    column: str
    """Column."""
    kind: str
    """Geometry type as GeoPackage names it."""

    @property
    def rtree(self) -> str:
        """Name of the column's spatial index."""
        return f"rtree_{self.table}_{self.column}"


def places() -> Iterator[Place]:
    """List the columns of outlines of the three databases.

    Yields
    ------
    Place
        One a table that has outlines.
    """
    for table in Base.metadata.sorted_tables:
        for column in table.columns:
            if isinstance(column.type, Outline):
                yield Place(table=table.name, column=column.name, kind=column.type.kind)


def describe_tables(connection: sa.Connection, *, crs: pyproj.CRS, now: datetime) -> None:
    """Write the tables about tables anew from the models.

    Parameters
    ----------
    connection
        Connection inside a transaction, with the tables of the models there.
    crs
        CRS of the outlines.
    now
        Aware time, told as the last change of the contents.
    """
    connection.exec_driver_sql(f"PRAGMA application_id = {_APPLICATION_ID}")
    connection.exec_driver_sql(f"PRAGMA user_version = {_VERSION}")
    for statement in _TABLES.split(";"):
        connection.exec_driver_sql(statement)
    for table in reversed(GPKG_TABLES):
        connection.exec_driver_sql(f"DELETE FROM {table}")
    _insert(connection, "gpkg_spatial_ref_sys", [*_WORLD, _district_srs(crs)])
    spatial = {place.table: place for place in places()}
    tables = Base.metadata.sorted_tables
    names = {mapper.local_table.name: mapper.class_ for mapper in Base.registry.mappers}  # type: ignore[attr-defined]
    _insert(
        connection,
        "gpkg_contents",
        [
            (
                table.name,
                "features" if table.name in spatial else "attributes",
                names[table.name].__alias_zh__,
                " ".join((names[table.name].__doc__ or "").split()),
                moment_text(now),
                *(None,) * 4,
                STORE_SRS_ID if table.name in spatial else None,
            )
            for table in tables
        ],
    )
    _insert(
        connection,
        "gpkg_geometry_columns",
        [(place.table, place.column, place.kind, STORE_SRS_ID, 0, 0) for place in spatial.values()],
    )
    described = [
        (table.name, column.name, column.doc, column.doc, *(None,) * 3)
        for table in tables
        for column in table.columns
        if column.doc
    ]
    _insert(connection, "gpkg_data_columns", described)
    _insert(
        connection,
        "gpkg_extensions",
        [
            ("gpkg_data_columns", None, "gpkg_schema", _SCHEMA_SPEC, "read-write"),
            ("gpkg_data_column_constraints", None, "gpkg_schema", _SCHEMA_SPEC, "read-write"),
            *((place.table, place.column, "gpkg_rtree_index", _RTREE_SPEC, "write-only") for place in spatial.values()),
        ],
    )


def index_places(connection: sa.Connection) -> None:
    """Make the spatial indices, filled from the tables, and the triggers that keep them.

    Parameters
    ----------
    connection
        Connection of `connect` inside a transaction, without spatial indices.
    """
    for place in places():
        bounds = _bounds(place, "")
        connection.exec_driver_sql(f'CREATE VIRTUAL TABLE "{place.rtree}" USING rtree(id, minx, maxx, miny, maxy)')
        connection.exec_driver_sql(
            f'INSERT INTO "{place.rtree}" SELECT id, {bounds} FROM "{place.table}"'
            f' WHERE "{place.column}" NOTNULL AND NOT ST_IsEmpty("{place.column}")'
        )
        for name, text in place_triggers(place).items():
            connection.exec_driver_sql(f'CREATE TRIGGER "{name}" {text}')


def place_triggers(place: Place) -> dict[str, str]:
    """Say which triggers keep a spatial index.

    Returns
    -------
    dict
        What follows `CREATE TRIGGER "name"`, by name.
    """
    new = f'NEW."id", {_bounds(place, "NEW.")}'
    names = {"t": place.table, "c": place.column, "i": "id", "r": place.rtree, "new": new}
    return {f"{place.rtree}_{name}": body.format(**names) for name, body in _RTREE_TRIGGERS.items()}


def _bounds(place: Place, row: str) -> str:
    return ", ".join(f'ST_{bound}({row}"{place.column}")' for bound in ("MinX", "MaxX", "MinY", "MaxY"))


def drop_place_indices(connection: sa.Connection) -> None:
    """Drop the spatial indices and their triggers, before tables are rebuilt."""
    rows = connection.exec_driver_sql(
        "SELECT type, name FROM sqlite_master WHERE name LIKE 'rtree\\_%' ESCAPE '\\'"
        " AND (type = 'trigger' OR sql LIKE 'CREATE VIRTUAL TABLE%') ORDER BY type DESC"
    ).all()
    for kind, name in rows:
        connection.exec_driver_sql(f'DROP {kind} "{name}"')


def _district_srs(crs: pyproj.CRS) -> tuple[object, ...]:
    authority = crs.to_authority(min_confidence=100)
    organization, code = (authority[0], int(authority[1])) if authority and authority[1].isdigit() else ("NONE", None)
    definition = crs.to_wkt("WKT1_GDAL", output_axis_rule=True)
    return (
        crs.name,
        STORE_SRS_ID,
        organization,
        STORE_SRS_ID if code is None else code,
        definition,
        "CRS of the district",
    )


def _insert(connection: sa.Connection, table: str, rows: Sequence[tuple[object, ...]]) -> None:
    marks = ", ".join("?" * len(rows[0]))
    connection.exec_driver_sql(f"INSERT INTO {table} VALUES ({marks})", list(rows))
