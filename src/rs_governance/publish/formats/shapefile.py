"""Spots as a Shapefile in GBK, the form in which the desktop GIS of districts exchange files."""

import contextlib
import unicodedata
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy.typing as npt
import pyarrow as pa
import pyogrio
import shapely
from pyogrio.errors import DataLayerError, DataSourceError, FeatureError, GeometryError

from rs_governance.errors import OutputFailed, SchemaViolation
from rs_governance.publish.output_folder import writing
from rs_governance.table import Column, Table

ENCODING = "GBK"
"""Encoding of the texts, named in the .cpg file."""

NAME_CHARACTERS = 10
"""Longest name of a field."""

TEXT_BYTES = 254
"""Longest text of a field, in bytes of the encoding."""

SIDECARS = (".shp", ".shx", ".dbf", ".prj", ".cpg")
"""Files that make one Shapefile."""

_WRITTEN_ON = "1970-01-01"
"""Stands for the day of writing, which would make two equal results differ."""

_DIGITS = 15
"""Digits of a number, those after the point included: what a float64 holds for sure."""


def write_shapefile(frame: gpd.GeoDataFrame, path: Path, *, table: Table) -> None:
    """Write a table as a Shapefile: texts in GBK, short names, real dates, the declared decimals.

    Only what the format cannot hold is lost: a text is cut after at most 254 bytes, between two characters; a
    character that GBK lacks becomes its plain form (m² becomes m2), or a question mark where it has none.

    Parameters
    ----------
    frame
        Rows that `table.validate` accepts, in any CRS.
    path
        The .shp file to create or replace; its sidecars lie beside it.
    table
        Declaration of the columns; their `short` names the fields.

    Raises
    ------
    SchemaViolation
        When the table breaks its declaration, or its short names are too long or not unique.
    OutputFailed
        When the file cannot be written.

    References
    ----------
    Esri, "ESRI Shapefile Technical Description", 1998.
    """
    table.validate(frame)
    names = short_names(table)
    fields, arrays = [], []
    for name, values in table.published_values(frame).items():
        array, width = _arrow(values, table.by_name[name])
        # GDAL takes the width of a text from this key, and the width and decimals of a number from a decimal's type.
        fields.append(pa.field(names[name], array.type, metadata={"GDAL:OGR:width": str(width)} if width else None))
        arrays.append(array)
    fields.append(pa.field("geometry", pa.binary(), metadata={"ARROW:extension:name": "geoarrow.wkb"}))
    arrays.append(pa.array(shapely.to_wkb(shapely.force_2d(frame.geometry.to_numpy())), type=pa.binary()))
    with writing(path), _failing_plainly(path):
        for suffix in SIDECARS:
            path.with_suffix(suffix).unlink(missing_ok=True)
        pyogrio.write_arrow(
            pa.Table.from_arrays(arrays, schema=pa.schema(fields)),
            path,
            driver="ESRI Shapefile",
            geometry_name="geometry",
            geometry_type="Polygon",
            crs=frame.crs.to_wkt(),
            encoding=ENCODING,
            layer_options={"DBF_DATE_LAST_UPDATE": _WRITTEN_ON},
        )


def short_names(table: Table) -> Mapping[str, str]:
    """Return the name of each column's field in a Shapefile.

    Raises
    ------
    SchemaViolation
        When a name is longer than 10 characters, or two columns share one.

    Examples
    --------
    >>> from rs_governance.rules import SPOTS
    >>> short_names(SPOTS)["village_code"]
    'vill_code'
    """
    names = {column.name: column.short or column.name for column in table.columns}
    seen: dict[str, str] = {}
    for name, short in names.items():
        if len(short.encode()) > NAME_CHARACTERS:
            raise SchemaViolation(f"Column {name!r} of {table.name} needs a short name of at most 10 characters.")
        if short.lower() in seen:
            raise SchemaViolation(f"Columns {seen[short.lower()]!r} and {name!r} of {table.name} share the short name.")
        seen[short.lower()] = name
    return names


def fit_text(value: str) -> str:
    """Return a text as a Shapefile's field can hold it: characters of GBK, at most 254 bytes of them.

    Examples
    --------
    >>> fit_text("356 m²"), len(fit_text("田" * 200))
    ('356 m2', 127)
    """
    try:
        encoded = value.encode(ENCODING)
    except UnicodeEncodeError:
        encoded = "".join(map(_plain, value)).encode(ENCODING)
    if len(encoded) <= TEXT_BYTES:
        return encoded.decode(ENCODING)
    return encoded[:TEXT_BYTES].decode(ENCODING, errors="ignore")  # half a character at the end is dropped


@cache
def _plain(character: str) -> str:
    for candidate in (character, unicodedata.normalize("NFKC", character)):
        with contextlib.suppress(UnicodeEncodeError):
            candidate.encode(ENCODING)
            return candidate
    return "?"


def _arrow(values: npt.NDArray[Any], column: Column) -> tuple[pa.Array, int]:
    """Return a column as Arrow, and for a text its width in bytes, else 0."""
    if column.dtype == "date":
        return pa.array(values, type=pa.date32()), 0
    if column.dtype == "int64":
        return pa.array(values, type=pa.int64()), 0
    if column.dtype == "float64":
        decimals = 6 if column.decimals is None else column.decimals
        numbers = pa.array(values, type=pa.float64(), from_pandas=True)
        return numbers.cast(pa.decimal128(_DIGITS, decimals)), 0
    fitted = {value: fit_text(value) for value in set(values.tolist()) - {None}}
    width = max((len(text.encode(ENCODING)) for text in fitted.values()), default=1)
    return pa.array([fitted.get(value) for value in values], type=pa.string()), max(width, 1)


@contextlib.contextmanager
def _failing_plainly(path: Path) -> Iterator[None]:
    try:
        yield
    except (DataSourceError, DataLayerError, FeatureError, GeometryError) as error:
        reason = " ".join(str(error).split())
        raise OutputFailed(
            f"Cannot write {str(path)!r}: {reason}; check that the disk has room and the folder is writable."
        ) from error
