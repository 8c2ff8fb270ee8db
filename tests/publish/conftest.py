"""Made-up findings and readers that share no code with the writers."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import numpy as np
import pyproj
import pytest
import shapely

from rs_governance.detect.findings import FINDINGS


def _findings(
    count: int = 3,
    *,
    crs: pyproj.CRS | None = None,
    outlines: list[shapely.Geometry] | None = None,
    at: tuple[float, float] = (5e5, 25e5),
    unit: float = 1.0,
    seed: int = 0,
) -> gpd.GeoDataFrame:
    """Make findings with stars (every seventh with a hole) on a 30-unit raster, missing values among them."""
    rng = np.random.default_rng(seed)
    if outlines is None:
        outlines = []
        for index in range(count):
            corners = int(rng.integers(5, 30))
            angle = np.linspace(0, 2 * np.pi, corners, endpoint=False)
            radius = rng.uniform(5, 12, corners) * unit
            x, y = at[0] + unit * 30 * (index % 100), at[1] + unit * 30 * (index // 100)
            star = shapely.Polygon(np.column_stack((x + radius * np.cos(angle), y + radius * np.sin(angle))))
            outlines.append(star.difference(shapely.Point(x, y).buffer(2 * unit, 4)) if index % 7 == 0 else star)
    count = len(outlines)
    values: dict[str, list[object]] = {}
    for column in FINDINGS.columns:
        if column.pattern is not None:
            values[column.name] = [f"f{index + 1:06d}" for index in range(count)]
        elif column.values is not None:
            values[column.name] = list(rng.choice(column.values, count))
        elif column.dtype == "str":
            values[column.name] = [None if column.name == "kind" else f"影像 {column.name}"] * count
        elif column.dtype == "date":
            values[column.name] = [np.datetime64("2024-03-31") if index % 3 else None for index in range(count)]
        elif column.dtype == "int64":
            values[column.name] = list(rng.integers(1, 1000, count))
        else:
            numbers = rng.uniform(0, 1 if column.maximum == 1 else 1e5, count)
            values[column.name] = [None if column.nullable and n < 0.2 else n for n in numbers]
    return FINDINGS.make(values, outlines, crs)


@pytest.fixture(scope="session")
def make() -> Callable[..., gpd.GeoDataFrame]:
    """Function that makes findings."""
    return _findings


@pytest.fixture(scope="session")
def custom_crs() -> pyproj.CRS:
    """CGCS2000 with a central meridian of its own: no EPSG code."""
    base = pyproj.CRS.from_epsg(4545).to_wkt().replace("108E", "108.3E").replace('longitude of natural origin",108', "")
    wkt = base.replace('"Longitude of natural origin",108,', '"Longitude of natural origin",108.3,')
    wkt = wkt[: wkt.index(",USAGE")] + "]"
    crs = pyproj.CRS.from_wkt(wkt)
    assert crs.to_authority(min_confidence=100) is None
    return crs


@pytest.fixture(scope="session")
def ogrinfo() -> Callable[..., str]:
    """Function that runs gdal-bin's ogrinfo, another GDAL than those in the wheels; skips where it is missing."""
    program = shutil.which("ogrinfo")
    if program is None:
        pytest.skip("no ogrinfo: apt-get install gdal-bin")

    def run(path: Path, *arguments: str) -> str:
        done = subprocess.run(
            [program, "-ro", "-al", *arguments, str(path)], check=True, capture_output=True, text=True, encoding="utf-8"
        )
        assert "ERROR" not in done.stderr, done.stderr
        return done.stdout

    return run
