"""The record and the log of a run."""

import hashlib
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyproj
import pytest
from affine import Affine

from rs_governance.errors import OutputFailed, SchemaViolation
from rs_governance.publish.input_files import InputFile, hash_files
from rs_governance.publish.run_record import (
    RunLog,
    RunRecord,
    software_versions,
    write_run_log,
    write_run_record,
)
from rs_governance.scenes import PixelGrid, Registration


def record_of(**changes) -> RunRecord:
    grid = PixelGrid(crs=pyproj.CRS(4545), transform=Affine(0.8, 0, 5e5, 0, -0.8, 25e5), height=100, width=200)
    shift = Registration(dy_px=0.5, dx_px=0.0, residual_px=0.2, windows_used=9, windows_tried=9, reliable=True)
    facts: dict[str, Any] = {
        "inputs": {"before": [InputFile(name="前.tif", size_bytes=3, sha256="ab")], "after": []},
        "parameters": {"detector": "spectral", "min_area_m2": 25.0},
        "device": "cpu",
        "grid": grid,
        "registration": shift,
        "observable_share": 0.975,
        "pixels": 19500,
        "findings": 12,
    }
    return RunRecord(**(facts | changes))


def test_files_are_hashed_in_order(tmp_path) -> None:
    contents = [b"", b"abc", bytes(range(256)) * 40_000]
    paths = [tmp_path / f"{index}.bin" for index in range(3)]
    for path, content in zip(paths, contents, strict=True):
        path.write_bytes(content)
    for threads in (1, 3):
        hashed = hash_files(paths, threads=threads)
        assert [file.name for file in hashed] == ["0.bin", "1.bin", "2.bin"]
        assert [file.size_bytes for file in hashed] == [len(content) for content in contents]
        assert [file.sha256 for file in hashed] == [hashlib.sha256(content).hexdigest() for content in contents]
    assert hash_files([]) == ()


def test_versions_of_all_that_decides_a_result() -> None:
    versions = software_versions()
    assert list(versions) == sorted(versions)
    wanted = {"python", "numpy", "numba", "rasterio", "gdal-raster", "gdal-vector", "proj", "geos", "shapely"}
    assert wanted | {"geopandas", "scikit-image", "rs-governance"} <= set(versions)
    assert all(version[0].isdigit() for version in versions.values())


def test_record_says_what_was_run_and_nothing_of_when_and_where(tmp_path) -> None:
    write_run_record(tmp_path / "run.json", record_of())
    write_run_record(tmp_path / "again.json", record_of())
    text = (tmp_path / "run.json").read_text(encoding="utf-8")
    assert (tmp_path / "again.json").read_text(encoding="utf-8") == text
    record = json.loads(text)
    assert record["kind"] == "rs-governance run"
    assert record["inputs"]["before"] == [{"name": "前.tif", "size_bytes": 3, "sha256": "ab"}]
    assert record["grid"]["crs"] == "EPSG:4545"
    assert record["grid"]["transform"] == [0.8, 0, 5e5, 0, -0.8, 25e5]
    assert record["registration"]["residual_px"] == 0.2
    assert record["findings_schema"]["version"] == "1.1"
    assert record["findings"] == 12
    assert record["pixels"] == 19500
    assert record["observable_share"] == 0.975
    assert str(tmp_path) not in text
    assert str(datetime.now(UTC).year) not in json.dumps(record["grid"] | record["inputs"])


def test_a_crs_without_a_code_is_recorded_whole(tmp_path, custom_crs) -> None:
    grid = PixelGrid(crs=custom_crs, transform=Affine(1, 0, 5e5, 0, -1, 25e5), height=9, width=9)
    write_run_record(tmp_path / "run.json", record_of(grid=grid))
    read = json.loads((tmp_path / "run.json").read_text(encoding="utf-8"))["grid"]["crs"]
    assert pyproj.CRS.from_wkt(read) == custom_crs
    local = PixelGrid(crs=None, transform=Affine(1, 0, 0, 0, -1, 0), height=9, width=9)
    write_run_record(tmp_path / "run.json", record_of(grid=local))
    assert json.loads((tmp_path / "run.json").read_text(encoding="utf-8"))["grid"]["crs"] is None


@pytest.mark.parametrize(
    "parameters", [{"aoi": "/data/aoi.gpkg"}, {"aoi": Path("aoi.gpkg")}, {"list": [{"a": "C:\\data\\aoi.gpkg"}]}]
)
def test_paths_are_kept_out(tmp_path, parameters) -> None:
    with pytest.raises(SchemaViolation, match="file names only"):
        write_run_record(tmp_path / "run.json", record_of(parameters=parameters))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("value", [float("nan"), float("inf"), object()])
def test_what_json_does_not_know_is_refused(tmp_path, value) -> None:
    with pytest.raises(SchemaViolation, match="JSON does not know"):
        write_run_record(tmp_path / "run.json", record_of(parameters={"threshold": value}))


def test_log_says_when_and_how_long(tmp_path) -> None:
    started = datetime(2024, 3, 1, 8, 0, tzinfo=UTC)
    log = RunLog(
        started_at=started,
        finished_at=started + timedelta(seconds=12.5),
        seconds={"open": 0.123456, "score": 9.0},
        device="cpu",
        workers=2,
        block_px=1024,
    )
    write_run_log(tmp_path / "run.log.json", log)
    read = json.loads((tmp_path / "run.log.json").read_text(encoding="utf-8"))
    assert read["started_at"] == "2024-03-01T08:00:00.000+00:00"
    assert read["seconds_total"] == 12.5
    assert read["seconds"] == {"open": 0.1235, "score": 9.0}
    assert list(read["seconds"]) == ["open", "score"]
    assert read["workers"] == 2
    assert read["block_px"] == 1024
    assert read["host"]


def test_a_place_that_cannot_be_written_is_one_line(tmp_path) -> None:
    with pytest.raises(OutputFailed, match="Cannot write"):
        write_run_record(tmp_path / "gone" / "run.json", record_of())
