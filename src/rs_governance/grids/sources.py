"""Vector files and tables of the district, as they are: rows, texts, coordinates."""

import csv
import glob
import io
import warnings
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyogrio
import shapely
from numpy.typing import NDArray
from pyogrio.errors import DataLayerError, DataSourceError

from rs_governance.district import LayerSource, UnitSource
from rs_governance.errors import LayerUnreadable
from rs_governance.grids.carriers import RowProblem
from rs_governance.grids.encoding import decode_columns, decode_table, decode_text

Objects = NDArray[np.object_]

_TABLES = {".csv", ".tsv", ".txt", ".xlsx", ".xlsm"}
_WKT = ("wkt", "geometry", "geom", "the_geom", "shape", "图形", "范围")
_LON = ("lon", "lng", "long", "longitude", "x", "经度", "中心经度")
_LAT = ("lat", "latitude", "y", "纬度", "中心纬度")
_DEGREES = "EPSG:4490"
_KINDS = {".gpkg": "GeoPackage", ".shp": "Shapefile", ".geojson": "GeoJSON", ".json": "GeoJSON", ".gdb": "FileGDB"}


@dataclass(frozen=True, kw_only=True)
class Rows:
    """The rows of one layer of a file."""

    where: str
    """Key in `district.toml`: `layers.land_use`."""
    path: Path
    """The file."""
    numbers: NDArray[np.int64]
    """(n,) numbers of the rows in the file, from 1."""
    columns: Mapping[str, Objects]
    """(n,) values by field of the file: text, number, day or None."""
    geometry: Objects
    """(n,) geometries, None where there is none."""
    crs: str | None
    """CRS as the file or the district's file says it; None where nobody says and a table has no degrees."""
    own_crs: str | None = None
    """CRS that the file itself says, whatever the district's file says."""
    problems: tuple[RowProblem, ...] = ()
    """What was wrong so far."""
    formulas: Mapping[int, Mapping[str, str]] = field(default_factory=dict)
    """Formulas of an Excel sheet by number of the row and field; the values are what they gave when it was saved."""

    def __len__(self) -> int:
        return len(self.numbers)

    def taken(self, which: NDArray[np.bool_ | np.intp], problems: Sequence[RowProblem] = ()) -> "Rows":
        """Return some of the rows, with more problems."""
        return replace(
            self,
            numbers=self.numbers[which],
            columns={name: values[which] for name, values in self.columns.items()},
            geometry=self.geometry[which],
            problems=(*self.problems, *problems),
        )


def read_rows(source: LayerSource | UnitSource, where: str) -> Rows:
    """Read one layer of a vector file, or a table with coordinates.

    Texts of shapefiles and tables are decoded as declared, else by what the file says of itself, else as UTF-8 or
    GB 18030, whichever reads more of them.

    Parameters
    ----------
    source
        The file and how to read it.
    where
        Key in `district.toml`, for messages.

    Raises
    ------
    LayerUnreadable
        If no such layer can be read.
    """
    path = source.path
    _check_whole(path, where)
    if path.suffix.lower() in _TABLES:
        return _read_table(source, where)
    is_shapefile = path.suffix.lower() in {".shp", ".dbf"}
    try:
        with warnings.catch_warnings():
            # What GDAL puts right (rings left open, ids given twice) or leaves out (places, told of by row later).
            warnings.simplefilter("ignore", RuntimeWarning)
            meta, _, blobs, values = _read_layer(path, source.layer, where, bytewise=is_shapefile)
    except (DataSourceError, DataLayerError, ValueError, OSError, UnicodeError) as error:
        raise LayerUnreadable(
            f"[{where}] cannot read '{path}': {_reason(error, path)}; expected GeoPackage, Shapefile, GeoJSON, FileGDB, CSV or Excel."
        ) from error
    names = [str(name) for name in meta["fields"]]
    problems: tuple[RowProblem, ...] = ()
    columns = [_plain(column) for column in values]
    if is_shapefile:
        names, columns, problems = decode_columns(
            names, columns, where=where, declared=source.encoding, written=_code_page(path)
        )
    count = len(columns[0]) if columns else len(blobs) if blobs is not None else 0
    geometry = np.full(count, None, dtype=object)
    if blobs is not None:
        geometry[:] = shapely.from_wkb(blobs, on_invalid="ignore")
    return Rows(
        where=where,
        path=path,
        numbers=np.arange(1, count + 1),
        columns=dict(zip(names, columns, strict=True)),
        geometry=geometry,
        crs=source.crs or meta["crs"],
        own_crs=meta["crs"],
        problems=problems,
    )


def find_field(rows: Rows, wanted: Sequence[str]) -> str | None:
    """Return the first of the wanted fields that the file has, whatever the case of its letters."""
    by_folded = {name.strip().casefold(): name for name in reversed(list(rows.columns))}
    return next((by_folded[name.casefold()] for name in wanted if name.casefold() in by_folded), None)


def _check_whole(path: Path, where: str) -> None:
    """Refuse what was copied in part, before it is taken for something else."""
    if path.is_dir():
        if path.suffix.lower() != ".gdb":
            raise LayerUnreadable(f"[{where}] '{path}' is a folder; name one of its files, or a FileGDB (.gdb).")
        return
    if not path.exists():
        raise LayerUnreadable(
            f"[{where}] there is no file '{path}'; check the path.", zh=f"[{where}] 没有文件 '{path}'；请核对路径。"
        )
    if not path.stat().st_size:
        raise LayerUnreadable(f"[{where}] '{path}' is empty (0 bytes); copy it again from where it came.")
    if path.suffix.lower() == ".shp":
        beside = {other.suffix.lower() for other in path.parent.glob(f"{glob.escape(path.stem)}.*")}
        if absent := [suffix for suffix in (".shx", ".dbf") if suffix not in beside]:
            raise LayerUnreadable(
                f"[{where}] '{path}' has no {' and no '.join(absent)} beside it: a Shapefile is .shp, .shx, .dbf and .prj together; copy "
                "them all."
            )


def _read_layer(path: Path, wanted: str | None, where: str, *, bytewise: bool) -> tuple[Any, ...]:
    """Read a layer with GDAL; GeoJSON that was saved in GB 18030 as if it were UTF-8."""
    try:
        # ISO 8859-1 keeps every byte as it is, so that texts can be decoded one by one.
        encoding = "ISO-8859-1" if bytewise else None
        return tuple(pyogrio.raw.read(path, layer=_layer(path, wanted, where), force_2d=True, encoding=encoding))
    except UnicodeDecodeError:
        text = (
            None if path.suffix.lower() not in {".geojson", ".json"} else decode_text(path.read_bytes(), declared=None)
        )
        if text is None:
            raise
    return tuple(pyogrio.raw.read(text.encode("utf-8"), force_2d=True))  # its only layer


def _layer(path: Path, wanted: str | None, where: str) -> str | None:
    """Return the layer to read: the one that was named, else the only one."""
    layers = pyogrio.list_layers(path)
    if wanted is not None:
        known = [str(name) for name, _ in layers]
        if wanted not in known:
            raise LayerUnreadable(
                f"[{where}] '{path}' has no layer '{wanted}'; it has {', '.join(sorted(known)) or 'none'}."
            )
        return wanted
    spatial = [str(name) for name, kind in layers if kind is not None]
    if len(spatial) > 1:
        raise LayerUnreadable(
            f"[{where}] '{path}' has the layers {', '.join(sorted(spatial))}; name one: layer = '{spatial[0]}'."
        )
    return spatial[0] if spatial else None


def _reason(error: Exception, path: Path) -> str:
    """Return what GDAL says is wrong, without what it advises to those who call it themselves."""
    said = " ".join(str(error).replace(f"'{path}'", "it").split()).partition(" It might help")[0].strip(" ;.")
    if "not recognized" in said:
        return f"it is no {_KINDS.get(path.suffix.lower(), 'file of a known format')}, or damaged"
    if "sqlite3" in said or "malformed" in said:
        return "the file is damaged or was copied in part"
    return said


def _code_page(path: Path) -> str | None:
    beside = next((p for p in (path.with_suffix(".cpg"), path.with_suffix(".CPG")) if p.is_file()), None)
    return beside.read_text(encoding="ascii", errors="ignore").strip() if beside else None


def _plain(values: NDArray[Any]) -> Objects:
    """Return values as Python objects, missing ones as None.

    GeoJSON with a list among the values of a field makes lists of all: one value alone is itself again, several are a text.
    """
    if any(isinstance(value, np.ndarray) for value in values):
        plain = [value.tolist() if isinstance(value, np.ndarray) else value for value in values]
        alone = [value[0] if isinstance(value, list) and len(value) == 1 else value for value in plain]
        values = np.array([None] * len(alone), dtype=object)
        values[:] = ["、".join(map(str, value)) or None if isinstance(value, list) else value for value in alone]
    series = pd.Series(values)
    objects: Objects = series.astype(object).where(series.notna(), None).to_numpy(dtype=object)
    return objects


def _read_table(source: LayerSource | UnitSource, where: str) -> Rows:
    path = source.path
    problems: list[RowProblem] = []
    formulas: dict[int, dict[str, str]] = {}
    try:
        if path.suffix.lower() in {".xlsx", ".xlsm"}:
            table = pd.read_excel(path, sheet_name=source.layer or 0, dtype=object, engine="openpyxl")
            formulas = _read_formulas(path, source.layer, [str(name).strip() for name in table.columns])
        else:
            text, problems = decode_table(path.read_bytes(), where=where, declared=source.encoding)
            table, ragged = _parse(text, where)
            problems += ragged
    except zipfile.BadZipFile as error:
        raise LayerUnreadable(
            f"[{where}] '{path}' is no Excel workbook, or damaged; save it as .xlsx again."
        ) from error
    except (ValueError, OSError, KeyError, csv.Error) as error:
        reason = " ".join(str(error).split())
        raise LayerUnreadable(f"[{where}] cannot read '{path}': {reason}; expected a table with a header.") from error
    table.columns = [str(name).strip() for name in table.columns]
    for number, cells in formulas.items():
        zh, en = "公式没有存下结果，视为空", "a formula without a result; taken as empty"
        problems += [
            RowProblem(source=where, row=number, field=name, value=text, message_zh=zh, message_en=en, kept=True)
            for name, text in cells.items()
            if number in table.index + 1 and pd.isna(table.at[number - 1, name])
        ]
    rows = Rows(
        where=where,
        path=path,
        numbers=table.index.to_numpy(dtype=np.int64) + 1,
        columns={str(name): _plain(table[name].to_numpy(dtype=object)) for name in table.columns},
        geometry=np.full(len(table), None, dtype=object),
        crs=source.crs,
        problems=tuple(problems),
        formulas=formulas,
    )
    return _with_geometry(rows, source.fields if isinstance(source, LayerSource) else {})


def _read_formulas(path: Path, sheet: str | None, names: Sequence[str]) -> dict[int, dict[str, str]]:
    """Find the cells that hold a formula, whose results may never have been worked out or may be anything."""
    found: dict[int, dict[str, str]] = {}
    import openpyxl  # a tenth of a second, for layers in workbooks alone

    book = openpyxl.load_workbook(path, read_only=True, keep_links=False)
    try:
        for row in (book[sheet] if sheet else book.worksheets[0]).iter_rows(min_row=2, max_col=len(names)):
            for name, cell in zip(names, row, strict=False):
                if cell.data_type == "f":
                    found.setdefault(cell.row - 1, {})[name] = str(getattr(cell.value, "text", cell.value))
    finally:
        book.close()
    return found


def _parse(text: str, where: str) -> tuple[pd.DataFrame, list[RowProblem]]:
    """Read rows under a header; those with more fields than it has are left out, as nobody knows which is which."""
    separator = "\t" if "\t" in text.partition("\n")[0] else ","
    lines = enumerate(csv.reader(io.StringIO(text), delimiter=separator))
    filled = [(at, line) for at, line in lines if any(map(str.strip, line))]
    if not filled:
        raise ValueError("there is no line in it")
    header, rows = _distinct(filled[0][1]), filled[1:]
    found: list[RowProblem] = []
    kept: dict[int, list[str | None]] = {}
    for at, row in rows:
        number = at - filled[0][0] - 1  # empty lines count, as in a spreadsheet
        values = [value.strip() or None for value in row]
        if any(values[len(header) :]):
            zh, en = (
                f"有 {len(row)} 列，表头只有 {len(header)} 列，已略去",
                f"{len(row)} fields under a header of {len(header)}; left out",
            )
            found.append(RowProblem(source=where, row=number + 1, field="", value=row[0], message_zh=zh, message_en=en))
            continue
        kept[number] = (values + [None] * len(header))[: len(header)]
    return pd.DataFrame.from_dict(kept, orient="index", columns=header, dtype=object), found


def _distinct(names: Sequence[str]) -> list[str]:
    """Number the later ones of fields of the same name."""
    return [name if name not in names[:i] else f"{name}.{names[:i].count(name)}" for i, name in enumerate(names)]


def _with_geometry(rows: Rows, fields: Mapping[str, str]) -> Rows:
    wkt = find_field(rows, (fields["wkt"],) if "wkt" in fields else _WKT)
    lon = find_field(rows, (fields["lon"],) if "lon" in fields else _LON)
    lat = find_field(rows, (fields["lat"],) if "lat" in fields else _LAT)
    geometry = rows.geometry.copy()
    if wkt is not None:
        texts = np.array([value if isinstance(value, str) else None for value in rows.columns[wkt]], dtype=object)
        geometry[:] = shapely.from_wkt(texts, on_invalid="ignore")
    elif lon is not None and lat is not None:
        x, y = (pd.to_numeric(pd.Series(rows.columns[name]), errors="coerce").to_numpy(float) for name in (lon, lat))
        found = np.isfinite(x) & np.isfinite(y)
        geometry[found] = shapely.points(x[found], y[found])
    else:
        raise LayerUnreadable(
            f"[{rows.where}] '{rows.path}' has no coordinates in its fields {', '.join(rows.columns)}; expected a field "
            "WKT, or lon and lat; map them: fields = { lon = '...', lat = '...' }."
        )
    unused = {name for name in (wkt, *((lon, lat) if wkt is None else ())) if name is not None}
    columns = {name: values for name, values in rows.columns.items() if name not in unused}
    crs = rows.crs or (_DEGREES if _is_degrees(geometry) else None)
    return replace(rows, columns=columns, geometry=geometry, crs=crs)


def _is_degrees(geometry: Objects) -> bool:
    xy = np.abs(shapely.get_coordinates(geometry))
    return len(xy) > 0 and bool((xy[:, 0] <= 180).all() and (xy[:, 1] <= 180).all())
