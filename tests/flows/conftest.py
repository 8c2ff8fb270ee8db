"""Pairs for whole runs: small crops, cut on the fly."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import rasterio
from rasterio.windows import Window

SAMPLE = Path(__file__).resolve().parents[2] / "sample_tiles"


@dataclass(frozen=True, kw_only=True)
class Pair:
    """Two images of one place."""

    before: Path
    after: Path


@pytest.fixture(scope="session")
def sample() -> Pair:
    """The pair that comes with the project."""
    return Pair(before=next(SAMPLE.glob("before_*.tif")), after=next(SAMPLE.glob("after_*.tif")))


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
            "transform": dataset.window_transform(window),
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
