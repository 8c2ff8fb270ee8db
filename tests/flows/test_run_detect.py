"""Whole runs: results that others can open, and the same bytes whatever the workers and blocks."""

import hashlib
import importlib
import json
import os
import re
import socket
import subprocess
import sys
import threading
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import shapely
from rasterio.errors import NotGeoreferencedWarning
from rasterio.warp import Resampling, calculate_default_transform, reproject

import rs_kernels
from rs_governance import flows
from rs_governance.cli import run
from rs_governance.errors import NotAlignable, OutputFailed, UsageError
from rs_governance.flows import RESULT_FILES, detect, preview, run_detect
from rs_governance.publish import input_files

LOG = "run.log.json"


def digests(folder: Path) -> dict[str, str]:
    """Return what is in a result, but for the log, file by file."""
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.iterdir())
        if path.name != LOG
    }


def read(folder: Path) -> gpd.GeoDataFrame:
    return gpd.read_file(folder / "findings.gpkg", layer="findings")


def reprojected(source: Path, target: Path, crs: str) -> Path:
    """Write a raster in another CRS, with nodata around it."""
    with rasterio.open(source) as dataset, warnings.catch_warnings():
        warnings.simplefilter("ignore", PendingDeprecationWarning)  # rasterio multiplies transforms the old way
        transform, width, height = calculate_default_transform(
            dataset.crs, crs, dataset.width, dataset.height, *dataset.bounds
        )
        pixels = np.zeros((dataset.count, height, width), dataset.dtypes[0])
        reproject(
            dataset.read(),
            pixels,
            src_transform=dataset.transform,
            src_crs=dataset.crs,
            dst_transform=transform,
            dst_crs=crs,
            dst_nodata=0,
            resampling=Resampling.bilinear,
        )
        profile = {"count": dataset.count, "height": height, "width": width, "dtype": pixels.dtype, "nodata": 0}
        with rasterio.open(target, "w", driver="GTiff", crs=crs, transform=transform, **profile) as copy:
            copy.write(pixels)
            copy.descriptions = dataset.descriptions
    return target


def without_crs(source: Path, target: Path) -> Path:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        with rasterio.open(source) as dataset:
            profile = {"count": dataset.count, "height": dataset.height, "width": dataset.width}
            with rasterio.open(target, "w", driver="GTiff", dtype=dataset.dtypes[0], **profile) as copy:
                copy.write(dataset.read())
                copy.descriptions = dataset.descriptions
    return target


@pytest.fixture(scope="module")
def area(small: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two polygons, in degrees, within the small pair."""
    with rasterio.open(small.before) as dataset:
        left, bottom, right, top = dataset.bounds
    width, height = right - left, top - bottom
    boxes = [
        shapely.box(left, bottom + height / 2, left + width / 2.1, top),
        shapely.Point(right - width / 4, bottom + height / 3).buffer(height / 4),
    ]
    path = tmp_path_factory.mktemp("area") / "area.geojson"
    gpd.GeoDataFrame(geometry=boxes, crs="EPSG:4545").to_crs(4326).to_file(path)
    return path


@pytest.fixture(scope="module")
def plain_run(small: Any, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, flows.RunSummary]:
    out = tmp_path_factory.mktemp("plain") / "out"
    return out, run_detect(small.before, small.after, out)


@pytest.fixture(
    scope="module", params=["shifted", "13_bands_in_degrees", "reprojected_utm", "reprojected_degrees", "area"]
)
def case(
    request: pytest.FixtureRequest, small: Any, area: Path, cut_pair: Callable[..., Any], tmp_path_factory: Any
) -> dict[str, Any]:
    """Return pairs that are resampled in different ways."""
    place = tmp_path_factory.mktemp(request.param)
    match request.param:
        case "shifted":
            return {"before": small.before, "after": small.after}
        case "13_bands_in_degrees":
            folder = request.getfixturevalue("shared_data") / "oscd"
            name = min(path.name for path in (folder / "A").glob("*.tif"))
            whole = type(small)(before=folder / "A" / name, after=folder / "B" / name)
            pair = cut_pair(whole, row=40, col=30, height=200, width=261)
            return {"before": pair.before, "after": pair.after}
        case "reprojected_utm":
            return {"before": small.before, "after": reprojected(small.after, place / "after.tif", "EPSG:32649")}
        case "reprojected_degrees":
            return {"before": small.before, "after": reprojected(small.after, place / "after.tif", "EPSG:4490")}
        case _:
            return {"before": small.before, "after": small.after, "aoi": area}


def test_bytes_depend_on_nothing_but_the_input(case: dict[str, Any], tmp_path: Path) -> None:
    results = []
    for number, (block, workers) in enumerate(((1024, 1), (1024, 1), (256, 2), (64, 3))):
        summary = run_detect(**case, out=tmp_path / f"out{number}", block=block, workers=workers)
        results.append(digests(summary.out))
        assert set(summary.files) == set(RESULT_FILES)
    assert set(results[0]) == {*RESULT_FILES, ".rsg-result"} - {LOG}
    assert summary.findings > 0
    for result in results[1:]:
        assert result == results[0]


@pytest.mark.parametrize("anew", [True, False])
def test_compiling_is_announced(small: Any, anew: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(rs_kernels, "compiles_anew", lambda: anew)
    stages: list[str] = []
    run_detect(small.before, small.after, tmp_path / "out", progress=lambda stage, _share: stages.append(stage))
    assert ("compiling kernels, once" in stages) is anew
    assert list(dict.fromkeys(stages))[-4:] == ["learn", "detect", "outline", "publish"]


def test_all_stages_are_told_in_one_language(
    small: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Also those that are told by a thread."""
    monkeypatch.setattr(rs_kernels, "compiles_anew", lambda: True)
    before, after = str(small.before), str(small.after)
    assert run(["--lang", "en", "detect", before, after, "--out", str(tmp_path / "out")]) == 0
    told = capsys.readouterr().err
    assert "compiling kernels, once ..." in told
    assert told.isascii()


def test_a_refused_pair_does_not_wait_for_its_hashes(
    small: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    stops: list[threading.Event] = []

    def never_ends(*_: Any, stop: threading.Event, **__: Any) -> tuple[()]:
        stops.append(stop)
        assert stop.wait(60)
        return ()

    def refuse(*_: Any, **__: Any) -> None:
        raise NotAlignable("not of one place")

    monkeypatch.setattr(input_files, "hash_files", never_ends)
    monkeypatch.setattr(importlib.import_module("rs_governance.flows.detect"), "register", refuse)
    with pytest.raises(NotAlignable):
        run_detect(small.before, small.after, tmp_path / "out")
    assert stops
    assert not (tmp_path / "out").exists()


def test_bytes_of_the_whole_sample_are_the_same(sample: Any, tmp_path: Path) -> None:
    one = run_detect(sample.before, sample.after, tmp_path / "one", workers=1)
    other = run_detect(sample.before, sample.after, tmp_path / "other", block=320, workers=2)
    assert one.findings == other.findings > 5
    assert digests(one.out) == digests(other.out)


def test_another_process_with_other_threads_writes_the_same_bytes(
    small: Any, plain_run: tuple[Path, flows.RunSummary], tmp_path: Path
) -> None:
    threads = "1" if len(os.sched_getaffinity(0)) > 1 else "2"
    environment = os.environ | {
        "NUMBA_NUM_THREADS": threads,
        "OMP_NUM_THREADS": threads,
        "OPENBLAS_NUM_THREADS": threads,
        "PYTHONHASHSEED": "7",
        "TZ": "Asia/Shanghai",
        "LC_ALL": "C",
    }
    command = [sys.executable, "-m", "rs_governance", "detect", small.before, small.after, "--out", "out", "--json"]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["findings"] == plain_run[1].findings
    assert digests(tmp_path / "out") == digests(plain_run[0])


def strings(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [text for item in value.items() for part in item for text in strings(part)]
    if isinstance(value, list):
        return [text for item in value for text in strings(item)]
    return [value] if isinstance(value, str) else []


def test_the_record_has_no_times_places_or_hosts(small: Any, plain_run: tuple[Path, flows.RunSummary]) -> None:
    out, summary = plain_run
    record = json.loads((out / "run.json").read_text(encoding="utf-8"))
    for text in strings(record):
        assert not text.startswith(("/", "~", "."))
        assert str(small.before.parent) not in text
        assert not re.search(r"\d{4}-\d\d-\d\dT|\d\d:\d\d:\d\d", text)
        assert socket.gethostname() not in text.split()
    assert not {"started_at", "finished_at", "seconds", "host", "workers", "block_px"} & set(strings(record))
    assert record["inputs"]["before"][0]["sha256"] == hashlib.sha256(small.before.read_bytes()).hexdigest()
    assert record["inputs"]["after"][0]["name"] == small.after.name
    assert record["parameters"]["detector"] == "spectral"
    assert record["findings"] == summary.findings


def test_the_log_has_them(plain_run: tuple[Path, flows.RunSummary]) -> None:
    log = json.loads((plain_run[0] / LOG).read_text(encoding="utf-8"))
    assert log["started_at"] < log["finished_at"]
    assert log["host"] == socket.gethostname()
    assert set(log["seconds"]) == {"open", "detect", "publish"}
    assert log["block_px"] == 1024
    assert log["workers"] >= 1


def test_the_summary_is_what_was_written(plain_run: tuple[Path, flows.RunSummary]) -> None:
    out, summary = plain_run
    findings = read(out)
    assert summary.out == out
    assert summary.findings == len(findings) > 0
    assert summary.area_m2 == pytest.approx(findings["area_m2"].sum(), rel=1e-4)
    assert 0.97 < summary.observable_share < 1  # a fraction of a pixel of shift costs the edges
    assert summary.registration.reliable
    assert summary.files == RESULT_FILES
    assert (findings["before_on"].astype(str).str[:10] == "2024-03-01").all()


def test_nothing_is_found_outside_the_area(small: Any, area: Path, tmp_path: Path) -> None:
    summary = run_detect(small.before, small.after, tmp_path / "out", aoi=area)
    allowed = gpd.read_file(area).to_crs(4545).union_all()
    findings = read(tmp_path / "out")
    assert len(findings) > 0
    assert findings.within(allowed.buffer(2.0)).all()
    with rasterio.open(tmp_path / "out" / "score.tif") as dataset:
        observed = dataset.read(1) != 255
        pixel_m2 = abs(dataset.transform.determinant)
    assert observed.sum() * pixel_m2 == pytest.approx(allowed.area, rel=0.02)
    assert summary.observable_share == pytest.approx(observed.mean(), abs=1e-9)
    record = json.loads((tmp_path / "out" / "run.json").read_text(encoding="utf-8"))
    assert [part["name"] for part in record["inputs"]["aoi"]] == [area.name]


def test_pictures_without_georeference(small: Any, tmp_path: Path) -> None:
    images = [without_crs(source, tmp_path / source.name) for source in (small.before, small.after)]
    options = {"before_options": {"assume_gsd_m": 0.8}, "after_options": {"assume_gsd_m": 0.8}}
    summary = run_detect(*images, tmp_path / "out", **options)
    assert set(summary.files) == set(RESULT_FILES) - {"findings.geojson"}
    assert not (tmp_path / "out" / "findings.geojson").exists()
    findings = read(tmp_path / "out")
    assert len(findings) == summary.findings > 0
    assert findings["area_m2"].to_numpy() == pytest.approx(findings.area.to_numpy(), rel=1e-3)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        with rasterio.open(tmp_path / "out" / "score.tif") as dataset:
            assert dataset.crs is None
            assert dataset.shape == (333, 410)


def test_a_former_result_is_replaced_only_when_told(small: Any, plain_run: Any, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run_detect(small.before, small.after, out, block=256)
    with pytest.raises(OutputFailed, match="not empty"):
        run_detect(small.before, small.after, out)
    run_detect(small.before, small.after, out, replace=True)
    assert digests(out) == digests(plain_run[0])
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_the_notebook_gets_the_same_findings(small: Any, plain_run: tuple[Path, flows.RunSummary]) -> None:
    told: list[tuple[str, float]] = []
    findings = detect(small.before, small.after, progress=lambda stage, share: told.append((stage, share)))
    written = read(plain_run[0])
    assert findings.crs == written.crs
    assert findings["finding_id"].tolist() == written["finding_id"].tolist()
    np.testing.assert_allclose(findings["area_m2"], written["area_m2"], atol=0.01)
    assert shapely.hausdorff_distance(findings.geometry.to_numpy(), written.geometry.to_numpy()).max() < 0.01
    assert told[-1][1] == 1.0
    picture = preview(small.before, small.after, findings)
    assert picture._repr_png_() == (plain_run[0] / "overview.png").read_bytes()
    assert preview(small.before, small.after).png.startswith(b"\x89PNG")


@pytest.mark.parametrize(
    "wrong",
    [{"detector": "magic"}, {"device": "tpu"}, {"block": 100}, {"workers": -1}],
    ids=lambda wrong: next(iter(wrong)),
)
def test_wrong_settings_are_refused_and_leave_nothing(small: Any, tmp_path: Path, wrong: dict[str, Any]) -> None:
    with pytest.raises(UsageError) as caught:
        run_detect(small.before, small.after, tmp_path / "out", **wrong)
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("masked", [False, True])
def test_clouds_without_a_mask_are_spoken_of(sample: Any, masked: bool, tmp_path: Path) -> None:
    options = [
        {"cloud_mask": scene.with_name(f"{scene.stem}_clouds.gpkg")} if masked else {}
        for scene in (sample.before, sample.after)
    ]
    summary = run_detect(
        sample.before, sample.after, tmp_path / "out", before_options=options[0], after_options=options[1]
    )
    codes = [] if masked else ["perhaps_clouds_before", "perhaps_clouds_after"]
    assert [note.code for note in summary.notes] == codes
    written = json.loads((tmp_path / "out" / "run.json").read_text(encoding="utf-8"))["notes"]
    assert [note["code"] for note in written] == codes
    for note, option in zip(written, ("--clouds-before", "--clouds-after"), strict=False):
        assert option in note["message_zh"]
        assert option in note["message_en"]


def test_a_pair_too_small_to_judge_says_so(sample: Any, cut_pair: Callable[..., Any], tmp_path: Path) -> None:
    tiny = cut_pair(sample, row=300, col=200, height=8, width=8)
    summary = run_detect(tiny.before, tiny.after, tmp_path / "out", allow_unaligned=True)
    assert [note.code for note in summary.notes] == ["too_small_to_judge"]
    assert "64" in summary.notes[0].message_en
