"""Made-up findings and readers that share no code with the writers."""

import shutil
import subprocess
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import pytest
import rasterio
import shapely

from rs_governance.detect.findings import FINDINGS
from rs_governance.publish.issue import MonthlyIssue, PairFacts, SceneFacts, SourceFacts
from rs_governance.publish.pictures.imagery import Imagery
from rs_governance.rules import SPOTS, Step
from rs_governance.scenes import open_scene


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


_REASON = (
    "占用永久基本农田 356.20 m²（图层：永久基本农田，2025-12-31），超过 50 m²；疑似违法占地，请现场核查 & <拍照>。"
)
_AT = (5e5, 25e5)
_TOWN_M, _VILLAGE_M, _CELL_M = 9000.0, 3000.0, 1000.0
_KEEPERS = ("李明", "王芳", None, "韦小妹", "李明")


def _units() -> gpd.GeoDataFrame:
    """Make a district of 2 towns of 9 villages of 9 cells, squares in squares, each with its parent."""
    rows: list[tuple] = [("district", "450108000000", "良庆区", None, None, 0.0, 0.0, 2 * _TOWN_M, _TOWN_M)]
    for town in range(2):
        code = f"45010810{town}"
        x0 = town * _TOWN_M
        rows.append(("town", f"{code}000", ("良庆镇", "那马镇")[town], "450108000000", None, x0, 0.0, _TOWN_M, _TOWN_M))
        for village in range(9):
            x1, y1 = x0 + village % 3 * _VILLAGE_M, village // 3 * _VILLAGE_M
            name = f"第{village + 1}村"
            own = f"{code}{200 + village}"
            rows.append(("village", own, name, f"{code}000", None, x1, y1, _VILLAGE_M, _VILLAGE_M))
            for cell in range(9):
                keeper = _KEEPERS[(village + cell) % 5]
                x2, y2 = x1 + cell % 3 * _CELL_M, y1 + cell // 3 * _CELL_M
                rows.append(("cell", f"{own}{cell:02d}", f"{name}{cell + 1}格", own, keeper, x2, y2, _CELL_M, _CELL_M))
    rows.sort(key=lambda row: (("district", "town", "village", "cell").index(row[0]), row[1]))
    frame = pd.DataFrame([row[:5] for row in rows], columns=["level", "code", "name", "parent", "keeper"]).astype("str")
    boxes = [shapely.box(_AT[0] + x, _AT[1] + y, _AT[0] + x + w, _AT[1] + y + h) for *_, x, y, w, h in rows]
    return gpd.GeoDataFrame(frame, geometry=boxes, crs="EPSG:4545")


def _spots(count: int, issue: str, seed: int) -> tuple[gpd.GeoDataFrame, pd.DataFrame]:
    """Make spots on a raster over the units; each fifth reaches a third of its area into the next cell to the east."""
    rng = np.random.default_rng(seed)
    across = max(1, int(np.ceil(np.sqrt(count))))
    step = min(2 * _TOWN_M, _TOWN_M) / across
    index = np.arange(count)
    x, y = (index % across + 0.5) * step * 2 % (2 * _TOWN_M), (index // across + 0.5) * step
    outlines = []
    for at in range(count):
        angle = np.linspace(0, 2 * np.pi, int(rng.integers(8, 40)), endpoint=False)
        radius = rng.uniform(4, 9, angle.size)
        points = np.column_stack((_AT[0] + x[at] + radius * np.cos(angle), _AT[1] + y[at] + radius * np.sin(angle)))
        outlines.append(shapely.Polygon(points))
    area = np.round(shapely.area(np.array(outlines, dtype=object)), 2)
    units = _units()
    column, row = (x // _CELL_M).astype(int), (y // _CELL_M).astype(int)
    cell_of = {}
    for each in units[units["level"] == "cell"].itertuples():
        cell_of[
            int((each.geometry.bounds[0] - _AT[0] + 1) // _CELL_M),
            int((each.geometry.bounds[1] - _AT[1] + 1) // _CELL_M),
        ] = each
    names = dict(zip(units["code"], units["name"], strict=True))
    severity: list[object] = [("green", "red", "yellow", "green", "green")[at % 5] for at in range(count)]
    values: dict[str, list[object]] = {}
    for each in SPOTS.columns:
        if each.values is not None:
            values[each.name] = list(rng.choice(each.values, count))
        elif each.dtype == "str":
            values[each.name] = [f"说明 {each.name}"] * count
        elif each.dtype == "date":
            values[each.name] = [date(2026, 9, 12) if each.name == "before_on" else date(2026, 10, 9)] * count
        elif each.dtype == "int64":
            values[each.name] = list(rng.integers(1, 1000, count))
        else:
            numbers = rng.uniform(0, 1 if each.maximum == 1 else 500, count)
            values[each.name] = [None if each.nullable and n < 0.05 else n for n in numbers]
    cells = [cell_of[int(c), int(r)] for c, r in zip(column, row, strict=True)]
    geometry = gpd.GeoSeries(outlines, crs="EPSG:4545")
    points = gpd.GeoSeries(geometry.representative_point(), crs="EPSG:4545").to_crs(4326)
    values |= {
        "spot_no": [f"450108-{issue.replace('-', '')}-{at + 1:04d}" for at in range(count)],
        "finding_id": [f"f{at + 1:06d}" for at in range(count)],
        "issue": [issue] * count,
        "district_code": ["450108"] * count,
        "severity": severity,
        "suspicion": ["none" if each == "green" else "suspected" for each in severity],
        "rule": ["basic_cropland_over_50"] * count,
        "reason_zh": [_REASON] * count,
        "reason_en": ["356.20 m² of permanent basic cropland, more than 50 m²."] * count,
        "national_type": [None if at % 3 else "1A" for at in range(count)],
        "town_code": [f"{each.code[:9]}000" for each in cells],
        "town_name": [names[f"{each.code[:9]}000"] for each in cells],
        "village_code": [each.parent for each in cells],
        "village_name": [names[each.parent] for each in cells],
        "cell_code": [each.code for each in cells],
        "keeper": [each.keeper if isinstance(each.keeper, str) else None for each in cells],
        "area_m2": list(area),
        "area_mu": list(area * 3 / 2000),
        "permit_number": [None] * count,
        "lon": list(points.x),
        "lat": list(points.y),
        "before_image": ["20260912"] * count,
        "after_image": ["20261009"] * count,
    }
    spot_numbers, parts = values["spot_no"], list[tuple]()
    for at, cell in enumerate(cells):
        share = 1 / 3 if at % 5 == 0 else 0.0
        east = cell_of.get((int(column[at]) + 1, int(row[at])))
        for level, length in (("district", 6), ("town", 9), ("village", 12), ("cell", 14)):
            here, there = (f"{each.code[:length]:0<12}" if each else "" for each in (cell, east))
            pieces = {here: 1 - share}
            if share:
                pieces[there] = pieces.get(there, 0.0) + share
            parts.extend(
                (spot_numbers[at], level, code, names.get(code, ""), area[at] * part) for code, part in pieces.items()
            )
    in_units = pd.DataFrame(parts, columns=["spot_no", "level", "code", "name", "area_in_unit_m2"])
    return SPOTS.make(values, outlines, pyproj.CRS(4545)), in_units


def _month(count: int = 40, *, issue: str = "2026-10", seed: int = 0) -> MonthlyIssue:
    """Make an issue whose parts belong together."""
    spots, in_units = _spots(count, issue, seed)
    units = _units()
    days = {name: pd.Series([pd.Timestamp(2026, 9, 12)] * len(units)) for name in ("before_on_min", "before_on_max")}
    days |= {name: pd.Series([pd.Timestamp(2026, 10, 9)] * len(units)) for name in ("after_on_min", "after_on_max")}
    area = units.area.to_numpy()
    coverage = gpd.GeoDataFrame(
        {name: units[name] for name in ("level", "code", "name")}
        | {"area_m2": area, "observed_m2": area * 0.75, "observed_share": np.full(len(units), 0.75)}
        | days,
        geometry=units.geometry,
    )
    footprint = shapely.box(_AT[0], _AT[1], _AT[0] + 2 * _TOWN_M, _AT[1] + _TOWN_M)
    scenes = tuple(
        SceneFacts(
            id=f"{taken:%Y%m%d}",
            acquired_on=taken,
            issue=f"{taken:%Y-%m}",
            sensor="BJ-2",
            roles=("blue", "green", "red", "nir"),
            gsd_m=0.8,
            footprint=footprint,
            files=(Path(f"/somewhere/{taken:%Y%m%d}.tif"),),
            role="after" if taken.month == 10 else "before",
        )
        for taken in (date(2026, 9, 12), date(2026, 10, 9))
    )
    steps = [
        Step(
            step=name,
            rule=f"{name}_rule",
            holds=True,
            numbers={"area_m2": 356.2, "layer": "永久基本农田"},
            layer="basic_cropland" if name == "severity" else None,
            layer_as_of=date(2025, 12, 31) if name == "severity" else None,
            text_zh=_REASON,
            text_en="Why it is so.",
        )
        for name in ("kind", "permit", "theme", "severity", "department")
    ]
    return MonthlyIssue(
        district_code="450108",
        district_name="良庆区",
        district_name_en="Liangqing",
        issue=issue,
        crs=pyproj.CRS(4545),
        spots=spots,
        decisions={number: tuple(steps) for number in spots["spot_no"]},
        in_units=in_units,
        units=units,
        scenes=scenes,
        pairs=(PairFacts(before_image="20260912", after_image="20261009", basis="monthly", residual_px=0.31),),
        coverage=coverage,
        unseen=gpd.GeoDataFrame({"reason": ["not_observed"]}, geometry=[footprint.buffer(-4000)], crs="EPSG:4545"),
        sources=(
            SourceFacts(
                name="basic_cropland",
                title_zh="永久基本农田",
                title_en="permanent basic cropland",
                kind="layer",
                as_of=date(2025, 12, 31),
                scheme=None,
                features=12,
                problems=(),
            ),
        ),
        trend=(),
    )


@pytest.fixture(scope="session")
def make_month() -> Callable[..., MonthlyIssue]:
    """Function that makes an issue."""
    return _month


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


SHIFT_M = (30.0, -20.0)
"""How far the later of the made-up images lies from the earlier one: east, north."""


@pytest.fixture(scope="session")
def month_images(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Two images of the made-up month's ground at 10 m: fields, a bright mark at each spot, a corner without data."""
    folder = tmp_path_factory.mktemp("images")
    files = {}
    spots, _ = _spots(6, "2026-10", 0)
    for image_id, shift in (("20260912", (0.0, 0.0)), ("20261009", SHIFT_M)):
        rng = np.random.default_rng(5)
        fields = np.kron(rng.integers(300, 1500, (4, 45, 90)), np.ones((20, 20), np.int64))
        pixels = (fields + rng.integers(0, 60, fields.shape)).astype(np.uint16)
        transform = rasterio.Affine(10, 0, _AT[0], 0, -10, _AT[1] + _TOWN_M)
        for point in spots.geometry.centroid:
            col, row = ~transform @ (point.x + shift[0], point.y + shift[1])
            pixels[:, int(row) - 1 : int(row) + 2, int(col) - 1 : int(col) + 2] = 4000
        if image_id == "20261009":
            pixels[:, :100, -150:] = 0
        files[image_id] = folder / f"{image_id}.tif"
        with rasterio.open(
            files[image_id], "w", driver="GTiff", height=900, width=1800, count=4, dtype="uint16",
            crs="EPSG:4545", transform=transform, tiled=True, compress="deflate",
        ) as dataset:  # fmt: skip
            dataset.write(pixels)
            for index, name in enumerate(("blue", "green", "red", "nir"), start=1):
                dataset.set_band_description(index, name)
    return files


@pytest.fixture
def imagery(month_images: dict[str, Path]) -> Iterator[Imagery]:
    """Pictures of the made-up month."""
    with Imagery({image_id: open_scene(path) for image_id, path in month_images.items()}) as opened:
        yield opened
