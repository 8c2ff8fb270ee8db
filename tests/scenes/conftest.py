"""Small rasters made on the fly."""

import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from affine import Affine
from numpy.typing import NDArray
from rasterio.errors import NotGeoreferencedWarning
from scipy.ndimage import gaussian_filter

from rs_governance.scenes import UNREGISTERED, AlignedPair, Scene, align, open_scene, pair_scenes

ORIGIN = Affine(0.8, 0, 500_000, 0, -0.8, 2_500_000)

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Return a writer of rasters: write(name, pixels, crs=..., transform=..., **profile)."""

    def write_raster(
        name: str,
        pixels: NDArray[Any],
        *,
        crs: Any = "EPSG:4545",
        transform: Affine | None = ORIGIN,
        colours: tuple[Any, ...] | None = None,
        descriptions: tuple[str, ...] | None = None,
        tags: dict[str, str] | None = None,
        mask: NDArray[np.bool_] | None = None,
        driver: str | None = None,
        **profile: Any,
    ) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels = pixels if pixels.ndim == 3 else pixels[np.newaxis]
        kinds = {".png": "PNG", ".jpg": "JPEG", ".jp2": "JP2OpenJPEG", ".dat": "ENVI"}
        options = {
            "driver": driver or kinds.get(path.suffix, "GTiff"),
            "count": pixels.shape[0],
            "height": pixels.shape[1],
            "width": pixels.shape[2],
            "dtype": pixels.dtype.name,
            **profile,
        }
        if transform is not None:
            options |= {"crs": crs, "transform": transform}
        elif "gcps" in profile:
            options |= {"crs": crs}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", NotGeoreferencedWarning)
            with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True), rasterio.open(path, "w", **options) as dataset:
                if colours:
                    dataset.colorinterp = colours
                for index, text in enumerate(descriptions or (), start=1):
                    dataset.set_band_description(index, text)
                if tags:
                    dataset.update_tags(**tags)
                dataset.write(pixels)
                if mask is not None:
                    dataset.write_mask(mask)
        return path

    return write_raster


@pytest.fixture
def ground() -> Callable[..., NDArray[Any]]:
    """Return a maker of textured images (band, y, x) without zeros: ground(seed, bands=..., dtype=...)."""

    def make(seed: int, *, bands: int = 4, height: int = 200, width: int = 220, dtype: str = "uint16") -> NDArray[Any]:
        rng = np.random.default_rng(seed)
        shape = (height, width)
        scene = gaussian_filter(rng.normal(size=shape), 1.5) * 6 + gaussian_filter(rng.normal(size=shape), 8) * 20
        stack = np.stack([scene * (0.8 + 0.1 * band) + rng.normal(0, 0.05, shape) for band in range(bands)])
        stack = (stack - stack.min()) / np.ptp(stack)
        low, high = {"uint8": (10, 250), "uint16": (200, 3000), "float32": (0.05, 0.6)}.get(dtype, (10, 120))
        return (low + stack * (high - low)).astype(dtype)

    return make


@pytest.fixture
def aligned() -> Iterator[Callable[..., AlignedPair]]:
    """Return a function that puts two files onto one grid, without registration."""
    opened: list[AlignedPair] = []

    def make(before: Path | Scene, after: Path | Scene, *, aoi: Path | None = None) -> AlignedPair:
        scenes = [item if isinstance(item, Scene) else open_scene(item) for item in (before, after)]
        opened.append(align(pair_scenes(*scenes, aoi=aoi), UNREGISTERED))
        return opened[-1]

    yield make
    for pair in opened:
        pair.close()
