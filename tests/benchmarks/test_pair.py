"""The maker of large pairs, the decoder and the peer, on small pairs."""

from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import rasterio
from numpy.typing import NDArray

from benchmarks.decode_only import SHAPES, decode
from benchmarks.make_pair import BANDS, Paths, make_pair
from benchmarks.peer import MIN_AREA_M2, detect, mad

SIZE = 1024


@pytest.fixture(scope="module")
def paths(tmp_path_factory: pytest.TempPathFactory) -> Paths:
    """Return a pair of 1024 x 1024 pixels."""
    return make_pair(tmp_path_factory.mktemp("pair"), SIZE)


def read(path: Path) -> NDArray[np.uint16]:
    with rasterio.open(path) as dataset:
        pixels: NDArray[np.uint16] = dataset.read()
    return pixels


def test_the_files_are_as_promised(paths: Paths) -> None:
    for path in (paths["before"], paths["after"]):
        with rasterio.open(path) as dataset:
            assert dataset.shape == (SIZE, SIZE)
            assert dataset.dtypes == ("uint16",) * 4
            assert dataset.descriptions == BANDS
            assert dataset.crs.to_epsg() == 4545
            assert dataset.res == (0.8, 0.8)
            assert dataset.block_shapes == [(512, 512)] * 4
            assert dataset.profile["compress"] == "zstd"
            assert dataset.profile["interleave"] == "pixel"
            assert dataset.tags(ns="IMAGE_STRUCTURE")["PREDICTOR"] == "2"


def test_the_files_compress_like_satellite_images(paths: Paths) -> None:
    raw = SIZE * SIZE * len(BANDS) * 2
    for path in (paths["before"], paths["after"]):
        assert 1.6 < raw / path.stat().st_size < 2.6


def test_the_dates_are_alike_but_not_the_same(paths: Paths) -> None:
    before, after = read(paths["before"]), read(paths["after"])
    for band in range(len(BANDS)):
        assert 0.6 < np.corrcoef(before[band].ravel(), after[band].ravel())[0, 1] < 0.999


def test_there_is_no_seam_between_strips(paths: Paths) -> None:
    steps = np.abs(np.diff(read(paths["before"]).astype(int), axis=1)).mean(axis=(0, 2))
    assert steps[511] < 1.5 * np.median(steps)


def test_a_pair_is_made_once_and_again_after_a_change_of_settings(tmp_path: Path) -> None:
    first = make_pair(tmp_path, 512)["before"]
    content, made = first.read_bytes(), first.stat().st_mtime_ns
    make_pair(tmp_path, 512)
    assert first.stat().st_mtime_ns == made
    make_pair(tmp_path, 512, seed=5)
    assert first.read_bytes() != content
    make_pair(tmp_path, 512)
    assert first.read_bytes() == content


@pytest.mark.parametrize("size", [0, -512, 1000])
def test_odd_sizes_are_refused(tmp_path: Path, size: int) -> None:
    with pytest.raises(ValueError, match="multiple of 512"):
        make_pair(tmp_path, size)


@pytest.mark.parametrize("by", SHAPES)
def test_every_pixel_is_decoded_once(paths: Paths, by: str) -> None:
    assert decode([paths["before"], paths["after"]], by=by, threads=2) == 2 * SIZE * SIZE * len(BANDS) * 2


def test_the_peer_writes_polygons(paths: Paths, tmp_path: Path) -> None:
    number = detect(paths["before"], paths["after"], tmp_path / "peer.gpkg")
    found = gpd.read_file(tmp_path / "peer.gpkg")
    # 1,500 on 8192 x 8192 are 23 on 1024 x 1024.
    assert 12 <= number == len(found) <= 40
    assert found.crs.to_epsg() == 4545
    assert found.is_valid.all()
    assert (found["area_m2"] >= MIN_AREA_M2).all()
    assert (found["score"] > 0).all()


def test_mad_does_not_see_gain_and_offset() -> None:
    rng = np.random.default_rng(0)
    before = rng.normal(500, 80, size=(4, 20_000)).astype(np.float32)
    after = (1.2 * before + 40 + rng.normal(0, 5, size=before.shape)).astype(np.float32)
    after[:, :50] += 600
    score = mad(before, after)
    assert score[:50].min() > score[50:].max()
    # The sum of squares of four standard normal variates, hence about 4.
    assert np.mean(score**2) == pytest.approx(4.0, rel=0.01)
