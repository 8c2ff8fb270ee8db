"""The score raster: values, order, threads, format, and what happens when it fails."""

import contextlib
import random
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pyproj
import pytest
import rasterio
from affine import Affine
from rio_cogeo.cogeo import cog_validate

from rs_governance.errors import OutputFailed
from rs_governance.publish.pictures.score import NOT_OBSERVED, SCORE_STEP, ScoreWriter
from rs_governance.scenes import PixelGrid, Window

CGCS2000 = pyproj.CRS(4545)
NORTH_UP = Affine(0.5, 0, 5e5, 0, -0.5, 25e5)


def grid_of(height: int, width: int, crs: pyproj.CRS | None = CGCS2000) -> PixelGrid:
    return PixelGrid(crs=crs, transform=NORTH_UP, height=height, width=width)


def scores_of(height: int, width: int) -> np.ndarray:
    """Smooth ground with noise, and a corner that was not observed."""
    rows, cols = np.indices((height, width))
    score = (
        125 + 100 * np.sin(rows / 50) * np.cos(cols / 70) + np.random.default_rng(1).integers(0, 25, (height, width))
    )
    score = score.clip(0, 250).astype(np.uint8)
    score[: height // 5, : width // 5] = NOT_OBSERVED
    return score


def write(path: Path, grid: PixelGrid, score: np.ndarray, *, block: int = 512, seed: int = 0, threads: int = 1) -> None:
    windows = list(grid.windows(block))
    random.Random(seed).shuffle(windows)
    with ScoreWriter(path, grid, threads=threads) as writer:
        for window in windows:
            writer.write(window, score[window.slices])


@pytest.fixture(scope="module")
def written(tmp_path_factory) -> tuple[Path, np.ndarray]:
    path, score = tmp_path_factory.mktemp("score") / "score.tif", scores_of(1300, 1700)
    write(path, grid_of(1300, 1700), score)
    return path, score


def test_values_and_what_they_mean(written) -> None:
    path, score = written
    with rasterio.open(path) as raster:
        assert (raster.read(1) == score).all()
        assert raster.dtypes == ("uint8",)
        assert raster.nodata == NOT_OBSERVED
        assert raster.scales == (SCORE_STEP,)
        assert raster.offsets == (0.0,)
        assert 250 * raster.scales[0] == 1.0
        assert raster.units == ("1",)
        assert "change score" in raster.descriptions[0]
        assert raster.crs.to_epsg() == 4545
        assert raster.transform == NORTH_UP


def test_it_is_a_cog_that_every_reader_can_inflate(written) -> None:
    path, _ = written
    valid, errors, warnings = cog_validate(path, strict=True)
    assert valid
    assert not errors
    assert not warnings
    with rasterio.open(path) as raster:
        assert raster.profile["compress"] == "deflate"
        assert raster.block_shapes == [(512, 512)]
        assert raster.overviews(1) == [2, 4]


def test_overviews_average_the_observed_pixels_only(written) -> None:
    path, score = written
    with rasterio.open(path, overview_level=0) as raster:
        small = raster.read(1)
    cells = score.reshape(650, 2, 850, 2).swapaxes(1, 2).reshape(650, 850, 4).astype(float)
    seen = cells != NOT_OBSERVED
    mean = np.where(seen, cells, 0).sum(-1) / np.maximum(seen.sum(-1), 1)
    assert (small[~seen.any(-1)] == NOT_OBSERVED).all()
    assert np.abs(small - mean)[seen.any(-1)].max() <= 0.51


@pytest.mark.parametrize(("block", "seed", "threads"), [(512, 5, 1), (1024, 0, 2), (512, 9, 4), (1700, 0, 2)])
def test_bytes_depend_on_neither_order_nor_block_nor_threads(written, tmp_path, block, seed, threads) -> None:
    path, score = written
    write(tmp_path / "score.tif", grid_of(1300, 1700), score, block=block, seed=seed, threads=threads)
    assert (tmp_path / "score.tif").read_bytes() == path.read_bytes()
    assert [file.name for file in tmp_path.iterdir()] == ["score.tif"]


@pytest.mark.parametrize(("height", "width"), [(1, 1), (3, 700), (512, 512), (513, 511)])
def test_odd_sizes(tmp_path, height, width) -> None:
    score = scores_of(height, width)
    write(tmp_path / "score.tif", grid_of(height, width), score)
    assert cog_validate(tmp_path / "score.tif")[0]
    with rasterio.open(tmp_path / "score.tif") as raster:
        assert (raster.read(1) == score).all()


def test_what_no_window_covers_was_not_observed(tmp_path) -> None:
    with ScoreWriter(tmp_path / "score.tif", grid_of(600, 600)) as writer:
        writer.write(Window(row=0, col=512, height=512, width=88), np.zeros((512, 88), np.uint8))
    with rasterio.open(tmp_path / "score.tif") as raster:
        score = raster.read(1)
    assert (score[:512, 512:] == 0).all()
    assert (score[512:] == NOT_OBSERVED).all()
    assert (score[:, :512] == NOT_OBSERVED).all()


@pytest.mark.parametrize("code", [4524, 4326, 2154, 32649, None])
def test_crs_and_place_survive(tmp_path, code) -> None:
    crs = None if code is None else pyproj.CRS(code)
    write(tmp_path / "score.tif", grid_of(40, 30, crs), scores_of(40, 30))
    with rasterio.open(tmp_path / "score.tif") as raster:
        assert (raster.crs.to_epsg() if raster.crs else None) == code
        assert raster.transform == NORTH_UP


def test_a_crs_without_a_code_survives_in_the_file_itself(tmp_path, custom_crs) -> None:
    write(tmp_path / "score.tif", grid_of(40, 30, custom_crs), scores_of(40, 30))
    assert [file.name for file in tmp_path.iterdir()] == ["score.tif"]
    with rasterio.open(tmp_path / "score.tif") as raster:
        read = pyproj.CRS.from_wkt(raster.crs.to_wkt())
    moved, expected = (
        pyproj.Transformer.from_crs(crs, 4490, always_xy=True).transform(5e5, 25e5) for crs in (read, custom_crs)
    )
    assert moved == pytest.approx(expected, abs=1e-12)


def test_a_window_that_does_not_fit_is_a_mistake(tmp_path) -> None:
    grid = grid_of(100, 100)
    window = Window(row=64, col=64, height=36, width=36)
    with ScoreWriter(tmp_path / "score.tif", grid) as writer:
        with pytest.raises(ValueError, match="expected uint8"):
            writer.write(window, np.zeros((36, 35), np.uint8))
        with pytest.raises(ValueError, match="expected uint8"):
            writer.write(window, np.zeros((36, 36), np.float32))
        with pytest.raises(ValueError, match="sticks out"):
            writer.write(window.shifted(1, 0), np.zeros((36, 36), np.uint8))
    with pytest.raises(ValueError, match="with block"):
        ScoreWriter(tmp_path / "other.tif", grid).write(window, np.zeros((36, 36), np.uint8))


def test_an_error_in_the_block_leaves_nothing(tmp_path) -> None:
    with pytest.raises(RuntimeError, match="stop"), ScoreWriter(tmp_path / "score.tif", grid_of(100, 100)):
        raise RuntimeError("stop")
    assert not list(tmp_path.iterdir())


def test_it_can_be_finished_early_in_another_thread(written, tmp_path) -> None:
    path, score = written
    grid = grid_of(*score.shape)
    with ScoreWriter(tmp_path / "score.tif", grid) as writer, ThreadPoolExecutor() as pool:
        for window in grid.windows(512):
            writer.write(window, score[window.slices])
        pool.submit(writer.finish).result()
        assert (tmp_path / "score.tif").read_bytes() == path.read_bytes()
        with pytest.raises(ValueError, match="not open"):
            writer.write(grid.window, score)
    assert [file.name for file in tmp_path.iterdir()] == ["score.tif"]


def test_an_error_after_finishing_leaves_nothing(tmp_path) -> None:
    writer = ScoreWriter(tmp_path / "score.tif", grid_of(100, 100))
    with contextlib.suppress(RuntimeError), writer:
        writer.finish()
        assert writer.path.exists()
        raise RuntimeError
    assert not list(tmp_path.iterdir())


def test_a_disk_without_room_is_refused_before_the_work(tmp_path, monkeypatch) -> None:
    usage = type("usage", (), {"free": 1 << 20})
    monkeypatch.setattr("rs_governance.publish.pictures.score.shutil.disk_usage", lambda _: usage)
    with (
        pytest.raises(OutputFailed, match=r"[0-9,]+ KiB are needed, 1,024 KiB are free"),
        ScoreWriter(tmp_path / "s.tif", grid_of(1000, 1000)),
    ):
        pass
    assert not list(tmp_path.iterdir())


def test_a_folder_that_is_gone_is_one_line(tmp_path) -> None:
    with (
        pytest.raises(OutputFailed, match="Cannot write") as caught,
        ScoreWriter(tmp_path / "gone" / "s.tif", grid_of(9, 9)),
    ):
        pass
    assert "\n" not in str(caught.value)


LIMITED = """
import resource, signal, sys
from pathlib import Path
import numpy as np
from affine import Affine
from rs_governance.errors import OutputFailed
from rs_governance.publish.pictures.score import ScoreWriter
from rs_governance.scenes import PixelGrid

folder = Path(sys.argv[1])
grid = PixelGrid(crs=None, transform=Affine(1, 0, 0, 0, -1, 0), height=700, width=700)
score = np.random.default_rng(0).integers(0, 251, (700, 700), dtype=np.uint8)
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
for limit in (1_000, 200_000, 500_000, 900_000, 1_100_000, 4_000_000):
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
    path = folder / f"{limit}.tif"
    try:
        with ScoreWriter(path, grid) as writer:
            for window in grid.windows(512):
                writer.write(window, score[window.slices])
    except OutputFailed as error:
        assert "\\n" not in str(error)
"""


def test_a_file_that_may_not_grow_is_whole_or_absent(tmp_path) -> None:
    done = subprocess.run([sys.executable, "-c", LIMITED, str(tmp_path)], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    files = sorted(tmp_path.iterdir())
    assert 1 <= len(files) < 6
    assert "4000000.tif" in {file.name for file in files}
    for file in files:
        assert cog_validate(file)[0]
        with rasterio.open(file) as raster:
            assert (raster.read(1) <= 250).all()
