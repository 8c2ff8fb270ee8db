"""The simulated pair: the same from the same seed, exact in its truth, and not too easy."""

import hashlib
import json
import shutil
import subprocess
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import rasterio
import shapely
from affine import Affine
from rasterio.features import rasterize
from scipy import ndimage
from skimage.filters import threshold_otsu

from rs_governance.errors import OutputFailed, UsageError
from rs_governance.simulate import Kind, SimulatedPair, simulate_pair, write_pair
from rs_governance.simulate.frame import Frame, stream
from rs_governance.simulate.light import Sun, illuminate, lean, shifted, sun_at

SAMPLE = Path(__file__).resolve().parents[2] / "sample_tiles"
SMALLEST_M2 = 25.0
HIT = 0.3

Flags = npt.NDArray[np.bool_]


@pytest.fixture(scope="module")
def pair() -> SimulatedPair:
    return simulate_pair(3, size_px=480)


# --- the yardstick: change vector, Otsu's threshold, objects ---------------------------------------


def change_vector_otsu(before: npt.NDArray[np.uint16], after: npt.NDArray[np.uint16]) -> Flags:
    def standard(image: npt.NDArray[np.uint16]) -> npt.NDArray[np.float64]:
        value = image.astype(np.float64)
        low, high = np.percentile(value, (2, 98), axis=(1, 2), keepdims=True)
        kept = np.where((value >= low) & (value <= high), value, np.nan)
        spread = np.nanstd(kept, axis=(1, 2), keepdims=True)
        out: npt.NDArray[np.float64] = (value - np.nanmean(kept, axis=(1, 2), keepdims=True)) / spread
        return out

    length = np.sqrt(((standard(after) - standard(before)) ** 2).sum(axis=0))
    found: Flags = length > threshold_otsu(length)
    return found


def object_scores(found: Flags, truth: Flags, pixel_m2: float) -> tuple[float, float, float]:
    """Return recall, precision and F1 of objects; small found ones are dropped first."""

    def labelled(mask: Flags) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
        labels, _ = ndimage.label(mask, np.ones((3, 3)))
        return labels, np.bincount(labels.ravel())

    def share_hit(objects: Flags, by: Flags) -> float:
        labels, area = labelled(objects)
        on = np.bincount(labels.ravel(), weights=by.ravel().astype(float))
        counted = area[1:] * pixel_m2 >= SMALLEST_M2
        return float((on[1:] >= HIT * area[1:])[counted].mean()) if counted.any() else 0.0

    labels, area = labelled(found)
    large = area * pixel_m2 >= SMALLEST_M2
    large[0] = False
    kept = large[labels]
    recall, precision = share_hit(truth, kept), share_hit(kept, truth)
    return recall, precision, 2 * recall * precision / max(recall + precision, 1e-9)


def test_the_scorer_on_known_objects() -> None:
    truth, found = np.zeros((60, 60), bool), np.zeros((60, 60), bool)
    truth[5:15, 5:15] = truth[30:40, 30:40] = True
    found[5:15, 12:22] = True  # three tenths of the first, and three tenths of itself
    found[50:53, 50:53] = True  # 9 m2: dropped
    found[20:26, 45:51] = True  # wrong
    assert object_scores(found, truth, 1.0) == pytest.approx((0.5, 0.5, 0.5))


# --- the pair ---------------------------------------------------------------------------------------


def test_shapes_types_and_range(pair: SimulatedPair) -> None:
    assert pair.before.shape == pair.after.shape == (4, 480, 480)
    assert pair.before.dtype == pair.after.dtype == np.uint16
    assert pair.truth.shape == (480, 480)
    for image in (pair.before, pair.after):
        low, high = np.percentile(image, (0.5, 99.5))
        assert 50 < low < high < 7000
        assert (image > 0).all()
        vegetation = np.median(image[3].astype(float) - image[2])
        assert vegetation > 500  # the country is green in the infrared


def test_same_seed_same_pair_other_seed_another(pair: SimulatedPair) -> None:
    again = simulate_pair(3, size_px=480)
    assert again.before.tobytes() == pair.before.tobytes()
    assert again.after.tobytes() == pair.after.tobytes()
    assert again.truth.tobytes() == pair.truth.tobytes()
    assert again.changes == pair.changes
    assert not np.array_equal(simulate_pair(4, size_px=160).before, simulate_pair(5, size_px=160).before)


def test_truth_raster_is_the_outlines(pair: SimulatedPair) -> None:
    drawn = np.zeros_like(pair.truth)
    shapes = [(pair.outline_on_map(change), int(change.kind)) for change in pair.changes]
    rasterize(shapes, out=drawn, transform=pair.transform)
    assert np.mean(drawn != pair.truth) < 1e-4  # a pixel centre may lie on an edge
    assert set(np.unique(pair.truth)) - {0} <= {int(kind) for kind in Kind}


def test_outlines_are_valid_disjoint_and_inside(pair: SimulatedPair) -> None:
    outlines = [change.outline for change in pair.changes]
    assert len(outlines) >= 12
    assert all(outline.is_valid and outline.area > 40 for outline in outlines)
    total = sum(outline.area for outline in outlines)
    assert shapely.union_all(outlines).area == pytest.approx(total, rel=1e-6)
    assert all(min(o.bounds) > 0 and max(o.bounds) < 480 * 0.8 for o in outlines)
    assert all(pair.before_on < change.happened_on <= pair.after_on for change in pair.changes)
    large = [outline.area >= 200 for outline in outlines]
    assert np.mean(large) > 0.6


def test_changes_can_be_seen(pair: SimulatedPair) -> None:
    """Nearly every large change differs from its own past by much more than quiet ground does."""
    step = (pair.after.astype(float) - pair.before.astype(float)) / pair.before.std(axis=(1, 2), keepdims=True)
    length = np.sqrt(((step - np.median(step, axis=(1, 2), keepdims=True)) ** 2).sum(axis=0))
    quiet = np.median(length[pair.truth == 0])
    seen = []
    for change in pair.changes:
        if change.outline.area >= 200:
            inside = rasterize([(change.outline, 1)], out_shape=length.shape, transform=Affine.scale(0.8)) > 0
            seen.append(np.median(length[inside]) > 1.5 * quiet)
    assert np.mean(seen) >= 0.8


def test_the_second_image_lies_off_the_first(pair: SimulatedPair) -> None:
    down, right = pair.after_shift_px
    assert 0.4 <= down <= 0.5
    assert -0.5 <= right <= -0.4


def test_bad_parameters_are_refused() -> None:
    with pytest.raises(UsageError, match="later"):
        simulate_pair(1, size_px=160, before_on=date(2026, 10, 14), after_on=date(2026, 9, 12))
    with pytest.raises(UsageError, match="64 pixels"):
        simulate_pair(1, size_px=10)


# --- files ------------------------------------------------------------------------------------------


def test_written_files_hold_the_pair(pair: SimulatedPair, tmp_path: Path) -> None:
    manifest = write_pair(pair, tmp_path)
    assert json.loads((tmp_path / "manifest.json").read_text(encoding="utf-8")) == manifest
    for image, name, on in (
        (pair.before, "before_20260912.tif", "2026:09:12"),
        (pair.after, "after_20261014.tif", "2026:10:14"),
    ):
        with rasterio.open(tmp_path / name) as scene:
            assert scene.descriptions == ("blue", "green", "red", "nir")
            assert scene.crs.to_epsg() == 4545
            assert scene.res == (0.8, 0.8)
            assert scene.nodata is None
            assert scene.tags()["TIFFTAG_DATETIME"].startswith(on)
            assert abs(scene.read().astype(int) - image).max() < 0.5 * pair.noise_sigma
    with rasterio.open(tmp_path / "truth.tif") as truth:
        assert np.array_equal(truth.read(1), pair.truth)
    features = json.loads((tmp_path / "truth.geojson").read_text(encoding="utf-8"))["features"]
    assert len(features) == len(pair.changes)
    for feature in features:
        outline = shapely.geometry.shape(feature["geometry"])
        assert 108.3 < outline.centroid.x < 108.5
        assert 22.6 < outline.centroid.y < 22.8
        assert outline.is_valid
        assert feature["properties"]["kind"] in {kind.name.lower() for kind in Kind}


def test_writing_twice_gives_the_same_bytes(pair: SimulatedPair, tmp_path: Path) -> None:
    assert write_pair(pair, tmp_path / "a") == write_pair(pair, tmp_path / "b")


def test_a_folder_that_cannot_be_made_is_told(pair: SimulatedPair, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputFailed, match="Choose another folder"):
        write_pair(replace(pair, seed=0), tmp_path / "file" / "below")


# --- the sample that is shipped ---------------------------------------------------------------------


def test_sample_matches_its_manifest_and_is_small() -> None:
    manifest = json.loads((SAMPLE / "manifest.json").read_text(encoding="utf-8"))
    for name, entry in manifest["files"].items():
        content = (SAMPLE / name).read_bytes()
        assert len(content) == entry["bytes"]
        assert hashlib.sha256(content).hexdigest() == entry["sha256"]
    assert sum(path.stat().st_size for path in SAMPLE.iterdir()) <= 6_000_000
    assert manifest["max_z_error"] < 0.5 * manifest["noise_sigma"]


def test_sample_is_hard_for_a_change_vector_but_all_is_there() -> None:
    manifest = json.loads((SAMPLE / "manifest.json").read_text(encoding="utf-8"))
    with (
        rasterio.open(SAMPLE / manifest["before"]["file"]) as before,
        rasterio.open(SAMPLE / manifest["after"]["file"]) as after,
        rasterio.open(SAMPLE / "truth.tif") as truth,
    ):
        codes = truth.read(1)
        found = change_vector_otsu(before.read(), after.read())
    recall, _, f1 = object_scores(found, codes > 0, 0.64)
    assert f1 <= 0.40
    assert recall >= 0.7
    assert set(np.unique(codes)) - {0} == {int(kind) for kind in Kind}


@pytest.mark.skipif(shutil.which("gdalinfo") is None, reason="gdal-bin is not installed")
def test_sample_opens_with_gdal_bin() -> None:
    for path in sorted(SAMPLE.glob("*_20*.tif")):
        said = subprocess.run(["gdalinfo", "-checksum", str(path)], capture_output=True, text=True, check=True)
        assert said.stdout.count("Checksum=") == 4
        assert "ERROR" not in said.stderr


# --- parts ------------------------------------------------------------------------------------------


def test_sun_at_noon_and_in_the_morning() -> None:
    noon = sun_at(date(2026, 12, 21), 12.0, 22.7)
    assert noon.azimuth_deg == pytest.approx(180, abs=0.1)
    assert noon.elevation_deg == pytest.approx(90 - 22.7 - 23.45, abs=0.1)
    morning = sun_at(date(2026, 9, 23), 9.0, 22.7)
    assert 90 < morning.azimuth_deg < 135
    assert morning.toward[0] > 0  # east


def test_shadow_falls_away_from_the_sun_and_is_as_long_as_it_should() -> None:
    ground = np.zeros((80, 80), np.float32)
    ground[40:44, 40:44] = 10.0
    image = np.ones((4, 80, 80), np.float32)
    illuminate(image, ground, 12.0, Sun(azimuth_deg=180.0, elevation_deg=45.0), 0.5)
    shade = image[2] < 0.5
    column = np.flatnonzero(shade[:40, 42])  # north of the block: the sun is in the south
    assert len(column) * 0.5 == pytest.approx(10.0, abs=1.5)
    assert not shade[46:, :].any()


def test_lean_moves_tops_only() -> None:
    above = np.zeros((30, 30), np.float32)
    above[10:20, 10:20] = 10.0
    image = np.zeros((4, 30, 30), np.float32)
    image[:, 10:20, 10:20] = 5.0
    lean(image, above, above > 0, (0.2, 0.0), 0.5)  # 2 m to the east: 4 cells
    assert (image[0, 12, 14:24] == 5.0).all()
    assert image[0, 12, 24] == 0.0
    assert image[0, 5, 12] == 0.0


def test_shifted_takes_from_ahead() -> None:
    board = np.arange(12, dtype=np.float32).reshape(3, 4)
    assert shifted(board, 1, -1)[0, 1] == board[1, 0]
    assert shifted(board, 0, 2)[2, 1] == board[2, 3]


@pytest.mark.parametrize("scale_m", [0.3, 3.0, 50.0])
def test_noise_has_unit_variance(scale_m: float) -> None:
    frame = Frame(size_px=400, gsd_m=0.8)
    fields = [frame.noise(stream(seed, "noise"), scale_m) for seed in range(6)]
    assert np.mean([np.mean(field**2) for field in fields]) == pytest.approx(1.0, rel=0.35)
