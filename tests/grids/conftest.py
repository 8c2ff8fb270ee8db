"""A small made-up district that fits together, in files."""

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import geopandas as gpd
import numpy as np
import pyproj
import pytest
import shapely

CRS = pyproj.CRS.from_epsg(4545)
WEST, SOUTH, SIDE = 540_000.0, 2_510_000.0, 4_000.0
"""Lower left corner and side of the district, metres."""


def frame(columns: dict[str, Any], outlines: Any) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(columns, geometry=list(outlines), crs=CRS)


def grid(columns: int, rows: int) -> list[shapely.Polygon]:
    """Return the district cut into equal boxes, columns first."""
    dx, dy = SIDE / columns, SIDE / rows
    return [
        shapely.box(WEST + i * dx, SOUTH + j * dy, WEST + (i + 1) * dx, SOUTH + (j + 1) * dy)
        for i in range(columns)
        for j in range(rows)
    ]


def crooked(columns: int, rows: int, seed: int) -> list[shapely.Polygon]:
    """Return the district cut into quadrilaterals with shared, moved corners."""
    rng = np.random.default_rng(seed)
    step = np.array([SIDE / columns, SIDE / rows])
    nodes = np.stack(np.meshgrid(np.arange(columns + 1), np.arange(rows + 1), indexing="ij"), axis=-1) * step
    nodes[1:-1, 1:-1] += rng.uniform(-0.3, 0.3, nodes[1:-1, 1:-1].shape) * step
    nodes += (WEST, SOUTH)
    return [
        shapely.Polygon([nodes[i, j], nodes[i + 1, j], nodes[i + 1, j + 1], nodes[i, j + 1]])
        for i in range(columns)
        for j in range(rows)
    ]


def unit_frames() -> dict[str, gpd.GeoDataFrame]:
    """Return units of four levels; villages are crooked, cells are the villages' halves."""
    villages = crooked(2, 2, seed=3)
    village_codes = ["450108100201", "450108100202", "450108101201", "450108101202"]
    cells, cell_codes = [], []
    for code, village in zip(village_codes, villages, strict=True):
        middle = village.centroid.y
        halves = (shapely.box(WEST, SOUTH, WEST + SIDE, middle), shapely.box(WEST, middle, WEST + SIDE, SOUTH + SIDE))
        cells += [village.intersection(half) for half in halves]
        cell_codes += [f"{code}001", f"{code}002"]
    towns = [shapely.union_all(villages[:2]), shapely.union_all(villages[2:])]
    names = ["甲村", "乙村", "丙村", "丁村"]
    return {
        "district": frame({"code": ["450108"], "name": ["良庆区"]}, [shapely.union_all(towns)]),
        "town": frame({"code": ["450108100", "450108101000"], "name": ["良庆镇", "那马镇"]}, towns),
        "village": frame({"code": village_codes, "name": names}, villages),
        "cell": frame({"code": cell_codes, "name": cell_codes, "keeper": ["张三", "李四"] * 4}, cells),
    }


@cache
def whole_units() -> bytes:
    """Return the file of `unit_frames`."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "units.gpkg"
        for level, table in unit_frames().items():
            table.to_file(path, layer=level)
        return path.read_bytes()


def land_use(seed: int = 5) -> gpd.GeoDataFrame:
    outlines = crooked(12, 12, seed=seed)
    codes = [("0101", "0301", "0702")[number % 3] for number in range(len(outlines))]
    return frame({"DLBM": codes, "KCXS": [0.1] * len(codes)}, outlines)


class Folder:
    """Files of a district, written one by one, and its `district.toml`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.text = '[district]\ncode = "450108"\nname = "良庆区"\ncrs = "EPSG:4545"\n'

    def units(self, frames: dict[str, gpd.GeoDataFrame] | None = None) -> "Folder":
        self.text += "[units]\n"
        if frames is None:
            (self.path / "units.gpkg").write_bytes(whole_units())
        for level, table in (frames or unit_frames()).items():
            if frames is not None:
                table.to_file(self.path / "units.gpkg", layer=level)
            self.text += f'{level} = {{ path = "units.gpkg", layer = "{level}" }}\n'
        return self

    def source(
        self, key: str, name: str, table: gpd.GeoDataFrame | None = None, more: str = "", **options: Any
    ) -> "Folder":
        """Write a table to a file and name it under a key such as `layers.land_use`."""
        if table is not None:
            table.to_file(self.path / name, **options)
        self.text += f'[{key}]\npath = "{name}"\n{more}\n'
        return self

    def toml(self) -> Path:
        path = self.path / "district.toml"
        path.write_text(self.text, encoding="utf-8")
        return path


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)
