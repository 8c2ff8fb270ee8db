"""A labelled dataset in a temporary folder."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine
from numpy.typing import NDArray
from PIL import Image

from rs_governance.learn.detection import Detection, Detector
from rs_governance.scenes import AlignedPair

SIDE = 96

MakePair = Callable[..., NDArray[np.bool_]]


@pytest.fixture
def make_pair(tmp_path: Path) -> MakePair:
    """Return a function that writes one pair of pictures into `tmp_path/town` and returns its truth."""

    def make(
        stem: str, *, seed: int = 0, suffixes: tuple[str, str, str] = (".png", ".png", ".png")
    ) -> NDArray[np.bool_]:
        rng = np.random.default_rng(seed)
        before = rng.normal(110, 12, size=(SIDE, SIDE, 1)) + rng.normal(0, 4, size=(SIDE, SIDE, 3))
        after = before + rng.normal(0, 2, size=before.shape)
        truth = np.zeros((SIDE, SIDE), dtype=bool)
        truth[20:50, 30 + seed : 60 + seed] = True
        after[truth] += 90
        pictures = (before, after, truth * 255)
        for folder, suffix, picture in zip(("A", "B", "label"), suffixes, pictures, strict=True):
            path = tmp_path / "town" / folder / f"{stem}{suffix}"
            path.parent.mkdir(parents=True, exist_ok=True)
            _save(np.clip(picture, 1 if picture.ndim == 3 else 0, 255).astype(np.uint8), path)
        return truth

    return make


def _save(picture: NDArray[np.uint8], path: Path) -> None:
    if path.suffix.lower() not in {".tif", ".tiff"}:
        Image.fromarray(picture).save(path, quality=95)
        return
    bands = picture[None] if picture.ndim == 2 else np.moveaxis(picture, 2, 0)
    with rasterio.open(
        path, "w", driver="GTiff", count=len(bands), height=SIDE, width=SIDE, dtype="uint8", crs="EPSG:4545",
        transform=Affine(2.0, 0.0, 540000.0, 0.0, -2.0, 2520000.0), compress="zstd",
    ) as dataset:  # fmt: skip
        dataset.write(bands)


def _bright(pair: AlignedPair) -> Detection:
    """Mark what became much brighter: right on the pairs of `make_pair`."""
    block = pair.read(pair.grid.window)
    gain = block.after.astype(np.float32).mean(axis=0) - block.before.astype(np.float32).mean(axis=0)
    score = np.clip(gain / 100, 0, 1).astype(np.float32)
    return Detection(mask=(score > 0.45) & block.valid, score=score)


def _blind(pair: AlignedPair) -> Detection:
    """Mark nothing."""
    shape = (pair.grid.height, pair.grid.width)
    return Detection(mask=np.zeros(shape, dtype=bool), score=np.zeros(shape, dtype=np.float32))


@pytest.fixture
def detectors() -> dict[str, Detector]:
    """A detector that is right on the pairs of `make_pair` and one that sees nothing."""
    return {"bright": _bright, "blind": _blind}
