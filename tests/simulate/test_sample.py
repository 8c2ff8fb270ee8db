"""The sample that is shipped: as its manifest says, small, and too hard for a change vector."""

import hashlib
import json
import shutil
import subprocess
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import rasterio
from scipy import ndimage
from skimage.filters import threshold_otsu

from rs_governance.simulate import Kind

SAMPLE = Path(__file__).resolve().parents[2] / "sample_tiles"
SMALLEST_M2 = 25.0
HIT = 0.3

Flags = npt.NDArray[np.bool_]


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


# --- the sample -------------------------------------------------------------------------------------


def test_sample_matches_its_manifest_and_is_small() -> None:
    manifest = json.loads((SAMPLE / "manifest.json").read_text(encoding="utf-8"))
    for name, entry in manifest["files"].items():
        content = (SAMPLE / name).read_bytes()
        assert len(content) == entry["bytes"], name
        assert hashlib.sha256(content).hexdigest() == entry["sha256"], name
    assert sum(path.stat().st_size for path in SAMPLE.rglob("*") if path.is_file()) <= 20_000_000
    assert manifest["max_z_error"] < 0.5 * manifest["noise_sigma"]


def test_sample_is_hard_for_a_change_vector_but_all_is_there() -> None:
    names = sorted(json.loads((SAMPLE / "manifest.json").read_text(encoding="utf-8"))["scenes"])
    assert len(names) >= 5
    kinds: set[int] = set()
    for earlier, later in pairwise(names):
        with (
            rasterio.open(SAMPLE / "scenes" / f"{earlier}.tif") as before,
            rasterio.open(SAMPLE / "scenes" / f"{later}.tif") as after,
            rasterio.open(SAMPLE / "truth" / f"truth_{later}.tif") as truth,
        ):
            codes = truth.read(1)
            found = change_vector_otsu(before.read(), after.read())
        _, _, f1 = object_scores(found, codes > 0, 0.64)
        assert f1 <= 0.30
        kinds |= set(np.unique(codes).tolist()) - {0}
    assert kinds == {int(kind) for kind in Kind}


@pytest.mark.skipif(shutil.which("gdalinfo") is None, reason="gdal-bin is not installed")
def test_sample_opens_with_gdal_bin() -> None:
    for path in sorted((SAMPLE / "scenes").glob("*.tif")):
        said = subprocess.run(["gdalinfo", "-checksum", str(path)], capture_output=True, text=True, check=True)
        assert said.stdout.count("Checksum=") == 4
        assert "ERROR" not in said.stderr
