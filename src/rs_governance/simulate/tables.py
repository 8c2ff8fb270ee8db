"""Vector files of a simulated district, byte for byte the same each time."""

import contextlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyogrio
import pyproj
import shapely

from rs_governance.simulate.outlines import Shape

_WRITTEN_ON = date(2026, 10, 20)
WGS84 = 4326

Value = str | int | float | date | None


@dataclass(frozen=True, kw_only=True)
class Table:
    """Rows with geometry, and the file that they go to."""

    path: str
    """Below the district's folder; the suffix tells the format."""
    columns: Mapping[str, Sequence[Value]]
    shapes: Sequence[Shape]
    """In the district's CRS."""
    layer: str | None = None
    """Name of the layer in a GeoPackage; several tables may share a file."""
    encoding: str | None = None
    """Of a Shapefile."""


def write_tables(folder: Path, tables: Sequence[Table], epsg: int) -> list[str]:
    """Write tables below a folder and return the paths of all files made, sorted."""
    made: set[str] = set()
    with _reproducible_gdal():
        for table in tables:
            path = folder / table.path
            path.parent.mkdir(parents=True, exist_ok=True)
            if path.suffix == ".geojson":
                _write_geojson(path, table, epsg)
            elif path.suffix == ".csv":
                _write_csv(path, table)
            else:
                _write_with_gdal(path, table, epsg, append=table.path in made)
            made.add(table.path)
    stems = {path.rsplit(".", 1)[0] for path in made if path.endswith(".shp")}
    sides = [
        file.relative_to(folder).as_posix() for stem in stems for file in folder.glob(f"{stem}.*") if file.is_file()
    ]
    return sorted(made | set(sides))


def to_lonlat(shape: Shape, epsg: int) -> Shape:
    """Return a geometry of a projected CRS in WGS84, exteriors counter-clockwise, eight decimals."""
    transformer = _to_wgs84(epsg)
    turned = shapely.transform(shape, lambda xy: np.column_stack(transformer.transform(xy[:, 0], xy[:, 1])))
    return shapely.orient_polygons(shapely.set_precision(turned, 1e-8))


@cache
def _to_wgs84(epsg: int) -> pyproj.Transformer:
    return pyproj.Transformer.from_crs(epsg, WGS84, always_xy=True)


def _write_with_gdal(path: Path, table: Table, epsg: int, *, append: bool) -> None:
    geopackage = path.suffix == ".gpkg"
    layer_options = {"SPATIAL_INDEX": "YES"} if geopackage else {"DBF_DATE_LAST_UPDATE": _WRITTEN_ON.isoformat()}
    shapes = [shapely.multipolygons([shape]) if shape.geom_type == "Polygon" else shape for shape in table.shapes]
    values = {name: _column(column) for name, column in table.columns.items()}
    pyogrio.raw.write(
        str(path),
        geometry=shapely.to_wkb(np.array(shapes, dtype=object)),
        field_data=[value for value, _ in values.values()],
        field_mask=[missing for _, missing in values.values()],
        fields=list(values),
        layer=table.layer or path.stem,
        driver="GPKG" if geopackage else "ESRI Shapefile",
        geometry_type="MultiPolygon" if geopackage else "Polygon",
        crs=pyproj.CRS.from_epsg(epsg).to_wkt(),
        encoding=table.encoding,
        append=append,
        dataset_options={"VERSION": "1.2"} if geopackage and not append else None,
        layer_options=layer_options,
    )


def _column(values: Sequence[Value]) -> tuple[npt.NDArray[np.generic], npt.NDArray[np.bool_] | None]:
    """Return a column as an array of one type, and where nothing is known."""
    missing = np.array([value is None for value in values], dtype=bool)
    known = [value for value in values if value is not None]
    if known and all(isinstance(value, date) for value in known):
        return np.array([value or date(1970, 1, 1) for value in values], dtype="datetime64[D]"), missing
    if known and all(isinstance(value, int) for value in known):
        return np.array([value or 0 for value in values], np.int64), missing
    if known and all(isinstance(value, int | float) for value in known):
        return np.array([value or 0.0 for value in values], np.float64), missing
    return np.array([None if value is None else str(value) for value in values], dtype=object), None


def _write_geojson(path: Path, table: Table, epsg: int) -> None:
    """Write RFC 7946 GeoJSON, a feature a line."""
    lines = []
    for number, shape in enumerate(table.shapes):
        properties = {
            name: value.isoformat() if isinstance(value := column[number], date) else value
            for name, column in table.columns.items()
        }
        feature = {
            "type": "Feature",
            "properties": properties,
            "geometry": shapely.geometry.mapping(to_lonlat(shape, epsg)),
        }
        lines.append(json.dumps(feature, ensure_ascii=False))
    path.write_text(
        '{"type": "FeatureCollection", "features": [\n' + ",\n".join(lines) + "\n]}\n", encoding="utf-8", newline="\n"
    )


def _write_csv(path: Path, table: Table) -> None:
    """Write CSV with the outline as well-known text in the column WKT, in the district's CRS."""
    rows = [["WKT", *table.columns]]
    for number, shape in enumerate(table.shapes):
        values = ["" if (value := column[number]) is None else str(value) for column in table.columns.values()]
        rows.append([shapely.to_wkt(shape, rounding_precision=3), *values])
    quoted = [",".join('"' + value.replace('"', '""') + '"' for value in row) for row in rows]
    path.write_text("\n".join(quoted) + "\n", encoding="utf-8", newline="\n")


@contextlib.contextmanager
def _reproducible_gdal() -> Iterator[None]:
    settings = {
        "OGR_CURRENT_DATE": f"{_WRITTEN_ON}T00:00:00.000Z",
        "OGR_GPKG_ALLOW_THREADED_RTREE": "NO",
    }
    before = {name: pyogrio.get_gdal_config_option(name) for name in settings}
    pyogrio.set_gdal_config_options(settings)
    try:
        yield
    finally:
        pyogrio.set_gdal_config_options(before)
