"""Every georeferenced pair of the real images through a run; each result opened by others."""

import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import jsonschema
import numpy as np
import pyogrio
import pyproj
import pytest
import rasterio
import shapely

from rs_governance.flows import RESULT_FILES, RunSummary, run_detect
from rs_governance.publish.schema import schema_file

ROOT = Path(__file__).resolve().parents[2]
DATA = Path(os.environ.get("RSG_SHARED_DATA", ROOT / "../shared/data")).resolve()


def found_pairs() -> list[Any]:
    """Pairs of GeoTIFFs with one name in A and B, and folders with two ENVI images."""
    pairs = [(early, early.parents[1] / "B" / early.name) for early in sorted(DATA.glob("*/A/*.tif"))]
    folders = sorted({header.parent for header in DATA.rglob("*.[hH][dD][rR]")})
    pairs += [tuple(header.with_suffix("") for header in sorted(folder.glob("*.[hH][dD][rR]"))) for folder in folders]
    return [pytest.param(pair, id=f"{pair[0].relative_to(DATA).parts[0]}-{pair[0].stem}") for pair in pairs]


PAIRS = found_pairs() or [
    pytest.param(None, marks=pytest.mark.skip(reason=f"no real images: '{DATA}' does not exist (set RSG_SHARED_DATA)"))
]


@dataclass(frozen=True, kw_only=True)
class Result:
    """A run on a real pair."""

    before: Path
    summary: RunSummary

    @property
    def out(self) -> Path:
        return self.summary.out


@pytest.fixture(scope="module", params=PAIRS)
def result(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Result:
    before, after = request.param
    out = tmp_path_factory.mktemp("real") / "out"
    return Result(before=before, summary=run_detect(before, after, out))


def crs_of(raster: Path) -> pyproj.CRS:
    with rasterio.open(raster) as dataset:
        return pyproj.CRS.from_user_input(dataset.crs.to_wkt())


def gdal(program: str, *arguments: str) -> str:
    """Run a program of gdal-bin, another GDAL than those in the wheels."""
    path = shutil.which(program)
    if path is None:
        pytest.skip(f"no {program}: apt-get install gdal-bin")
    done = subprocess.run([path, *arguments], check=True, capture_output=True, text=True, encoding="utf-8")
    assert "ERROR" not in done.stderr, done.stderr
    return done.stdout


def test_all_known_pairs_are_there() -> None:
    if not DATA.is_dir():
        pytest.skip(f"no real images: '{DATA}' does not exist (set RSG_SHARED_DATA)")
    names = [case.id for case in PAIRS]
    for folder, count in (("fotbcd_geotiff", 7), ("oscd", 5), ("landsat_cd", 1)):
        assert sum(name.startswith(folder) for name in names) >= count


def test_the_run_is_whole(result: Result) -> None:
    assert result.summary.files == RESULT_FILES
    assert {path.name for path in result.out.iterdir()} == {*RESULT_FILES, ".rsg-result"}
    assert result.summary.observable_share > 0.9
    assert result.summary.findings > 0
    record = json.loads((result.out / "run.json").read_text(encoding="utf-8"))
    assert record["findings"] == result.summary.findings
    assert (result.out / "overview.png").read_bytes().startswith(b"\x89PNG")


def test_vectors_open_with_pyogrio(result: Result) -> None:
    native = pyogrio.read_dataframe(result.out / "findings.gpkg", layer="findings")
    world = pyogrio.read_dataframe(result.out / "findings.geojson")
    assert len(native) == len(world) == result.summary.findings
    assert native.crs.equals(crs_of(result.before), ignore_axis_order=True)
    assert world.crs == pyproj.CRS("OGC:CRS84") or world.crs == pyproj.CRS(4326)
    for table in (native, world):
        assert table.is_valid.all()
        assert set(table.geom_type) <= {"Polygon", "MultiPolygon"}
        for column in ("score", "score_max", "observed_share", "compactness"):
            assert table[column].between(0, 1).all()
        assert (table["score"] <= table["score_max"] + 1e-4).all()
        assert (table["area_m2"] > 0).all()
        assert table["finding_id"].is_unique
    # The outlines are the same ones: WGS84 is rounded to a centimetre, the datums differ by less.
    back = world.to_crs(native.crs)
    near = 0.5 if native.crs.is_projected else 5e-6
    assert shapely.hausdorff_distance(back.geometry.to_numpy(), native.geometry.to_numpy()).max() < near
    lonlat = np.array(native.to_crs(4326).total_bounds)
    np.testing.assert_allclose(world.total_bounds, lonlat, atol=1e-5)


def test_findings_lie_in_the_image(result: Result) -> None:
    with rasterio.open(result.before) as dataset:
        left, bottom, right, top = dataset.bounds
    minx, miny, maxx, maxy = gpd.read_file(result.out / "findings.gpkg", layer="findings").total_bounds
    slack = 1e-6 * max(abs(value) for value in (left, bottom, right, top))
    assert left - slack <= minx < maxx <= right + slack
    assert bottom - slack <= miny < maxy <= top + slack


def test_geojson_fits_its_schema(result: Result) -> None:
    schema = json.loads(schema_file("findings").read_text(encoding="utf-8"))
    document = json.loads((result.out / "findings.geojson").read_text(encoding="utf-8"))
    validator = jsonschema.Draft7Validator(schema)
    validator.check_schema(schema)
    # All at the top, and features up to two hundred: 2 ms each.
    some = document["features"][:: max(1, len(document["features"]) // 100)]
    assert not list(validator.iter_errors({**document, "features": some}))
    assert len(document["features"]) == result.summary.findings


def test_score_opens_with_rasterio(result: Result) -> None:
    with rasterio.open(result.out / "score.tif") as dataset:
        stored = dataset.read(1)
        assert dataset.dtypes == ("uint8",)
        assert dataset.nodata == 255
        assert dataset.scales == (0.004,)
        assert dataset.block_shapes == [(512, 512)]
        assert pyproj.CRS.from_user_input(dataset.crs.to_wkt()).equals(crs_of(result.before), ignore_axis_order=True)
    seen = stored[stored != 255]
    assert seen.size / stored.size == pytest.approx(result.summary.observable_share, abs=1e-9)
    assert 0 <= seen.min() < seen.max() <= 250
    findings = gpd.read_file(result.out / "findings.gpkg", layer="findings")
    assert findings["score_max"].max() <= 0.004 * seen.max() + 1e-9


def test_gdal_bin_opens_all(result: Result) -> None:
    for name in ("findings.gpkg", "findings.geojson"):
        listed = gdal("ogrinfo", "-ro", "-so", "-al", str(result.out / name))
        assert f"Feature Count: {result.summary.findings}\n" in listed
        assert "score_max: Real" in listed
    info = json.loads(gdal("gdalinfo", "-json", str(result.out / "score.tif")))
    assert info["metadata"]["IMAGE_STRUCTURE"]["LAYOUT"] == "COG"
    assert info["bands"][0]["scale"] == 0.004
    assert info["bands"][0]["noDataValue"] == 255
    assert "coordinateSystem" in info
    picture = json.loads(gdal("gdalinfo", "-json", str(result.out / "overview.png")))
    assert picture["driverShortName"] == "PNG"
