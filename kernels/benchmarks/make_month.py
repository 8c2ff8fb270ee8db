"""A month of a whole district, made up: findings, units, cells, layers and registers of the size that has to be handled."""

from dataclasses import dataclass
from datetime import date

import geopandas as gpd
import numpy as np
import pyproj
import shapely
from numpy.typing import NDArray

from rs_governance.grids import Layer, References, Register, Units
from rs_governance.grids.carriers import LAYER_COLUMNS, REGISTER_COLUMNS, UNIT_COLUMNS, make_frame
from rs_governance.grids.ellipsoid import geodesic_area_m2

CRS = pyproj.CRS.from_epsg(4545)
CORNER_M = (520_000.0, 2_480_000.0)
SIDE_M = 37_000.0
"""Side of the square district: 1,369 km²."""

AS_OF = date(2026, 10, 20)
_LEVELS = (
    ("district", (1, 1), 4000),
    ("town", (2, 4), 800),
    ("village", (9, 10), 200),
    ("cell", (40, 50), 30),
)
_CODES = ("0101", "0103", "0201", "0301", "0307", "0404", "0601", "0702", "1003", "1104")


@dataclass(frozen=True, kw_only=True)
class Size:
    """How much of everything."""

    findings: int = 20_000
    layers: int = 8
    features: tuple[int, int] = (250, 200)
    registers: int = 9
    entries: int = 500


def make_findings(size: Size, seed: int) -> gpd.GeoDataFrame:
    """Return findings of 200 to 6,000 m² with 8 to 40 corners, strewn over the district."""
    rng = np.random.default_rng([seed, 1])
    centres = rng.uniform(100, SIDE_M - 100, (size.findings, 2)) + CORNER_M
    outlines = [_blob(rng, centre) for centre in centres]
    area_m2 = geodesic_area_m2(outlines, CRS)
    ids = [f"f{number:06d}" for number in range(1, size.findings + 1)]
    return gpd.GeoDataFrame({"finding_id": ids, "area_m2": area_m2}, geometry=outlines, crs=CRS)


def make_references(size: Size, seed: int) -> References:
    """Return units that fit together, layers that cover the district, and registers."""
    return References(
        crs=CRS,
        units=_units(seed),
        layers={f"layer_{number}": _layer(number, size, seed) for number in range(1, size.layers + 1)},
        registers={f"register_{number}": _register(number, size, seed) for number in range(1, size.registers + 1)},
    )


def jigsaw(shape: tuple[int, int], points: int, rng: np.random.Generator) -> NDArray[np.object_]:
    """Cut the district into columns x rows pieces with crooked borders of `points` vertices between corners."""
    columns, rows = shape
    step = np.array([SIDE_M / columns, SIDE_M / rows])
    nodes = np.stack(np.meshgrid(np.arange(columns + 1), np.arange(rows + 1), indexing="ij"), axis=-1) * step
    inner = (slice(1, columns), slice(1, rows))
    nodes[inner] += rng.uniform(-0.25, 0.25, nodes[inner].shape) * step
    along = np.linspace(0, 1, points + 1)[:-1, None]
    wiggle = 0.1 * step.min() * np.sin(np.pi * along)

    def border(start: NDArray[np.float64], end: NDArray[np.float64], *, straight: bool) -> NDArray[np.float64]:
        line = start + (end - start) * along
        if straight:
            return line
        bend = np.sin(along * rng.uniform(3, 30) + rng.uniform(0, 6)) + 0.3 * rng.standard_normal(along.shape)
        return line + wiggle * bend * np.array([1.0, -1.0]) * rng.choice([-1, 1])

    right = {
        (i, j): border(nodes[i, j], nodes[i + 1, j], straight=j in {0, rows})
        for i in range(columns)
        for j in range(rows + 1)
    }
    up = {
        (i, j): border(nodes[i, j], nodes[i, j + 1], straight=i in {0, columns})
        for i in range(columns + 1)
        for j in range(rows)
    }
    pieces = []
    for i in range(columns):
        for j in range(rows):
            top = np.vstack([right[i, j + 1], nodes[i + 1, j + 1]])[::-1][:-1]
            left = np.vstack([up[i, j], nodes[i, j + 1]])[::-1][:-1]
            ring = np.vstack([right[i, j], up[i + 1, j], top, left])
            pieces.append(shapely.Polygon(ring + CORNER_M))
    outlines = np.array(pieces, dtype=object)
    broken = ~shapely.is_valid(outlines)
    outlines[broken] = shapely.buffer(outlines[broken], 0)
    return outlines


def _blob(rng: np.random.Generator, centre: NDArray[np.float64]) -> shapely.Polygon:
    corners = int(rng.integers(8, 41))
    angles = np.sort(rng.uniform(0, 2 * np.pi, corners))
    radius = rng.uniform(9, 45) * rng.uniform(0.7, 1.0, corners)
    ring = centre + radius[:, None] * np.column_stack([np.cos(angles), np.sin(angles)])
    return shapely.Polygon(ring).buffer(0) if corners > 8 else shapely.box(*(centre - radius[0]), *(centre + radius[0]))


def _units(seed: int) -> Units:
    columns: dict[str, list[str | None]] = {name: [] for name in UNIT_COLUMNS}
    outlines: list[shapely.Geometry] = []
    for order, (level, shape, points) in enumerate(_LEVELS):
        for number, outline in enumerate(jigsaw(shape, points, np.random.default_rng([seed, 2, order])), start=1):
            code = f"450108{order}{number:05d}"
            values = {"level": level, "code": code, "name": f"{level} {number}", "parent": None, "keeper": None}
            for name, column in columns.items():
                column.append(values.get(name))
            outlines.append(outline)
    return Units(frame=make_frame(UNIT_COLUMNS, columns, outlines, CRS))


def _layer(number: int, size: Size, seed: int) -> Layer:
    rng = np.random.default_rng([seed, 3, number])
    outlines = jigsaw(size.features, 5, rng)
    codes = rng.choice(_CODES, len(outlines))
    columns = {"feature": np.arange(1, len(outlines) + 1).astype(str), "code": codes, "label": codes}
    name = f"layer_{number}"
    frame = make_frame(LAYER_COLUMNS, columns, outlines, CRS)
    return Layer(name=name, title_zh=name, title_en=name, scheme="GB/T 21010-2017", as_of=AS_OF, frame=frame)


def _register(number: int, size: Size, seed: int) -> Register:
    rng = np.random.default_rng([seed, 4, number])
    low = rng.uniform(0, SIDE_M - 300, (size.entries, 2)) + CORNER_M
    outlines = shapely.box(*low.T, *(low + rng.uniform(20, 300, low.shape)).T)
    numbers = [f"{number}-{entry:05d}" for entry in range(1, size.entries + 1)]
    columns = {name: [None] * size.entries for name in REGISTER_COLUMNS} | {"number": numbers}
    name = f"register_{number}"
    frame = make_frame(REGISTER_COLUMNS, columns, outlines, CRS)
    return Register(name=name, title_zh=name, title_en=name, as_of=AS_OF, frame=frame)
