"""Small pairs made on the fly, as files, so that they pass through the same reading as real ones."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from affine import Affine
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from rs_governance.scenes import UNREGISTERED, AlignedPair, align, open_scene, pair_scenes

ORIGIN = Affine(1.0, 0, 500_000, 0, -1.0, 2_500_000)
ROLES = {1: ("pan",), 3: ("red", "green", "blue"), 4: ("blue", "green", "red", "nir")}
RANGES = {"uint8": (20, 120), "uint16": (300, 1500), "float32": (0.05, 0.3)}


@pytest.fixture
def ground() -> Callable[..., NDArray[Any]]:
    """Return a maker of unchanged ground (band, y, x): ground(seed, bands=..., height=..., width=..., dtype=...)."""

    def make(seed: int, *, bands: int = 4, height: int = 200, width: int = 220, dtype: str = "uint16") -> NDArray[Any]:
        rng = np.random.default_rng(seed)
        texture = sum(gaussian_filter(rng.normal(size=(height, width)), sigma) * sigma for sigma in (1.5, 6, 20))
        texture = (texture - texture.min()) / np.ptp(texture)
        low, high = RANGES[dtype]
        stack = [low + (high - low) * texture * (0.8 + 0.1 * band) for band in range(bands)]
        return np.stack(stack).astype(dtype)

    return make


@pytest.fixture
def pair_of(tmp_path: Path) -> Iterator[Callable[..., AlignedPair]]:
    """Return a function that puts two arrays (band, y, x) onto one grid, without registration."""
    opened: list[AlignedPair] = []

    def make(
        before: NDArray[Any],
        after: NDArray[Any],
        *,
        crs: str = "EPSG:4545",
        transform: Affine = ORIGIN,
        roles: tuple[str, ...] | None = None,
        aoi: Path | None = None,
        **profile: Any,
    ) -> AlignedPair:
        paths = [tmp_path / f"{name}_{len(opened)}.tif" for name in ("before", "after")]
        for path, pixels in zip(paths, (before, after), strict=True):
            count, height, width = pixels.shape
            options = {"count": count, "height": height, "width": width, "dtype": pixels.dtype.name, **profile}
            with rasterio.open(path, "w", driver="GTiff", crs=crs, transform=transform, **options) as dataset:
                dataset.write(pixels)
        roles = roles or ROLES.get(len(before)) or tuple(f"band_{band}" for band in range(1, len(before) + 1))
        scenes = [open_scene(path, roles=roles) for path in paths]
        opened.append(align(pair_scenes(*scenes, aoi=aoi), UNREGISTERED))
        return opened[-1]

    yield make
    for pair in opened:
        pair.close()
