"""Pairs for whole runs, small crops cut on the fly, and the check that a run fails as it should."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import rasterio
from affine import Affine
from rasterio.windows import Window

from rs_governance.cli import run

SAMPLE = Path(__file__).resolve().parents[2] / "sample_tiles"


@dataclass(frozen=True, kw_only=True)
class Pair:
    """Two images of one place."""

    before: Path
    after: Path


@pytest.fixture(scope="session")
def sample() -> Pair:
    """The pair that comes with the project."""
    return Pair(before=SAMPLE / "scenes" / "20260912.tif", after=SAMPLE / "scenes" / "20261014.tif")


def cut(source: Path, target: Path, *, row: int, col: int, height: int, width: int) -> Path:
    """Copy a window of a raster."""
    window = Window(col, row, width, height)
    with rasterio.open(source) as dataset:
        profile = {
            "driver": "GTiff",
            "count": dataset.count,
            "dtype": dataset.dtypes[0],
            "height": height,
            "width": width,
            "crs": dataset.crs,
            "transform": dataset.transform @ Affine.translation(col, row),
            "compress": "deflate",
            "tiled": True,
            "blockxsize": 128,
            "blockysize": 128,
        }
        with rasterio.open(target, "w", **profile) as copy:
            copy.write(dataset.read(window=window))
            copy.descriptions = dataset.descriptions
    return target


@pytest.fixture(scope="session")
def cut_pair(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Pair]:
    """Return a function that copies the same window of both images: cut_pair(pair, row=..., height=...)."""

    def make(pair: Pair, *, row: int = 0, col: int = 0, height: int = 333, width: int = 410) -> Pair:
        folder = tmp_path_factory.mktemp("cut")
        where = {"row": row, "col": col, "height": height, "width": width}
        return Pair(
            before=cut(pair.before, folder / "before_20240301.tif", **where),
            after=cut(pair.after, folder / "after_20240401.tif", **where),
        )

    return make


@pytest.fixture(scope="session")
def small(sample: Pair, cut_pair: Callable[..., Pair]) -> Pair:
    """A corner of the project's pair."""
    return cut_pair(sample, row=300, col=200)


@pytest.fixture
def refused(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Return a function that runs `rsg detect`, checks that it fails as it should, and returns the line."""

    def check(first: Path, second: Path, *options: str, out: Path | None = None, exit_code: int = 3) -> str:
        target = out or tmp_path / "result" / "out"
        capfd.readouterr()
        code = run(["detect", str(first), str(second), "--out", str(target), "--quiet", *options])
        printed = capfd.readouterr()
        assert printed.out == ""
        lines = printed.err.splitlines()
        assert len(lines) == 1, printed.err
        assert lines[0].startswith("错误 Error: ")
        assert "Traceback" not in lines[0]
        assert "defect" not in lines[0]
        assert code == exit_code
        assert_nothing_at(target)
        return lines[0]

    return check


def assert_nothing_at(out: Path) -> None:
    assert not out.exists()
    assert not out.parent.exists() or not list(out.parent.glob(".*rsg-part"))
