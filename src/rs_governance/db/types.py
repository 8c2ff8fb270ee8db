"""Types of columns that mean the same in a GeoPackage and, later, in PostgreSQL with PostGIS."""

import json
import struct
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import shapely
import sqlalchemy as sa
from sqlalchemy.types import TypeDecorator, UserDefinedType

STORE_SRS_ID = 100000
"""srs_id of the district's CRS in every store: one number, whatever the CRS is."""

_HEADER = struct.Struct("<2sBBi4d")
# Little endian, an envelope of four numbers, not empty: OGC 12-128r15, clause 2.1.3.
_MAGIC, _VERSION, _FLAGS, _FLAGS_EMPTY = b"GP", 0, 0b0000_0011, 0b0001_0011
_ENVELOPE_BYTES = {0: 0, 1: 32, 2: 48, 3: 48, 4: 64}


def to_gpkg_blob(outline: shapely.Geometry) -> bytes:
    """Encode a geometry as GeoPackage keeps it: header with envelope, then WKB.

    Parameters
    ----------
    outline
        Any geometry in the store's CRS.

    Returns
    -------
    bytes
        Blob of OGC 12-128r15, clause 2.1.3.

    Examples
    --------
    >>> from_gpkg_blob(to_gpkg_blob(shapely.Point(3, 4))).wkt
    'POINT (3 4)'
    """
    bounds = outline.bounds
    xmin, ymin, xmax, ymax = bounds if len(bounds) == 4 else (0.0,) * 4
    flags = _FLAGS_EMPTY if outline.is_empty else _FLAGS
    header = _HEADER.pack(_MAGIC, _VERSION, flags, STORE_SRS_ID, xmin, xmax, ymin, ymax)
    wkb: bytes = shapely.to_wkb(outline, byte_order=1)
    return header + wkb


def from_gpkg_blob(blob: bytes) -> shapely.Geometry:
    """Decode a geometry of a GeoPackage, whoever wrote it.

    Parameters
    ----------
    blob
        Header and WKB.

    Returns
    -------
    shapely.Geometry
        The geometry.

    Raises
    ------
    ValueError
        When the header is none of a GeoPackage.
    """
    if blob[:2] != _MAGIC:
        raise ValueError("A geometry of a GeoPackage begins with 'GP'.")
    return shapely.from_wkb(blob[8 + _ENVELOPE_BYTES[blob[3] >> 1 & 0b111] :])


def envelope_of(blob: bytes | None) -> tuple[float, float, float, float] | None:
    """Read xmin, xmax, ymin, ymax of a geometry; None where it is missing or empty."""
    if blob is None or blob[3] >> 4 & 1:
        return None
    if blob[3] >> 1 & 0b111:
        return struct.unpack_from("<4d" if blob[3] & 1 else ">4d", blob, 8)
    xmin, ymin, xmax, ymax = from_gpkg_blob(blob).bounds
    return xmin, xmax, ymin, ymax


class _Named(UserDefinedType[Any]):
    """A type that is only a name to the database."""

    cache_ok = True

    def __init__(self, name: str) -> None:
        self.name = name

    def get_col_spec(self, **_: object) -> str:
        return self.name


class Outline(TypeDecorator[shapely.Geometry]):
    """A geometry in the store's CRS, in Python a shapely geometry."""

    impl = sa.LargeBinary
    cache_ok = True

    def __init__(self, kind: str = "GEOMETRY") -> None:
        super().__init__()
        self.kind = kind

    def load_dialect_impl(self, dialect: sa.Dialect) -> Any:
        """Give the column the type's name, by which GeoPackage knows it."""
        return dialect.type_descriptor(_Named(self.kind))

    def process_bind_param(self, value: shapely.Geometry | None, dialect: sa.Dialect) -> bytes | None:
        """Encode."""
        return None if value is None else to_gpkg_blob(value)

    def process_result_value(self, value: bytes | None, dialect: sa.Dialect) -> shapely.Geometry | None:
        """Decode."""
        return None if value is None else from_gpkg_blob(value)


class Moment(TypeDecorator[datetime]):
    """An aware time in UTC, kept to the millisecond as GeoPackage does."""

    impl = sa.DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: sa.Dialect) -> Any:
        """Keep text in SQLite, `timestamptz` elsewhere."""
        if dialect.name == "sqlite":
            return dialect.type_descriptor(_Named("DATETIME"))
        return dialect.type_descriptor(sa.DateTime(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> Any:
        """Refuse a naive time, write the rest as UTC."""
        if value is None or dialect.name != "sqlite":
            return value
        return moment_text(value)

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> datetime | None:
        """Read as UTC."""
        return datetime.fromisoformat(value) if isinstance(value, str) else value


def moment_text(at: datetime) -> str:
    """Write an aware time as UTC to the millisecond.

    Parameters
    ----------
    at
        Aware time.

    Returns
    -------
    str
        Such as `2026-10-01T08:30:00.000Z`.

    Raises
    ------
    ValueError
        When the time is naive.

    Examples
    --------
    >>> moment_text(datetime(2026, 10, 1, 8, 30, tzinfo=UTC))
    '2026-10-01T08:30:00.000Z'
    """
    if at.tzinfo is None:
        raise ValueError("A time without a zone was given; times are aware, in UTC.")
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def canonical_json(value: object) -> str:
    """Write plain values as JSON in the one form that is hashed.

    Examples
    --------
    >>> canonical_json({"b": 1, "a": "图斑"})
    '{"a":"图斑","b":1}'
    """
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)


class Plain(TypeDecorator[Any]):
    """Lists and dictionaries of plain values, as canonical JSON."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: sa.Dialect) -> str | None:
        """Write."""
        return None if value is None else canonical_json(value)

    def process_result_value(self, value: str | None, dialect: sa.Dialect) -> Any:
        """Read."""
        return None if value is None else json.loads(value)


FUNCTIONS: dict[str, Callable[[bytes | None], float | int | None]] = {
    "ST_IsEmpty": lambda blob: None if blob is None else int(envelope_of(blob) is None),
    "ST_MinX": lambda blob: (envelope_of(blob) or (None,) * 4)[0],
    "ST_MaxX": lambda blob: (envelope_of(blob) or (None,) * 4)[1],
    "ST_MinY": lambda blob: (envelope_of(blob) or (None,) * 4)[2],
    "ST_MaxY": lambda blob: (envelope_of(blob) or (None,) * 4)[3],
}
"""Functions that the R-tree triggers of a GeoPackage call, by name."""
