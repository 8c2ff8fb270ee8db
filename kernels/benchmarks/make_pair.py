"""Make a pair of large GeoTIFFs that compress and change like satellite images.

    python make_pair.py .cache/bench --size 8192

Two dates of four bands (blue, green, red, near infrared), uint16, 0.8 m, EPSG:4545, zstd, predictor 2,
blocks of 512, pixel-interleaved. The ground is fractal noise in several scales under slanting fields; the
later date has another gain and offset in each band, lies half a pixel off, has its own sensor noise, and
about 1,500 changed objects on 8192 x 8192 pixels. Strips are made one after the other from the seed and
the strip's number, so memory stays small and the result does not depend on the number of threads.
"""

import argparse
import json
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypedDict

import numpy as np
import rasterio
from affine import Affine
from numpy.typing import NDArray
from rasterio.windows import Window
from scipy import ndimage

_Field = NDArray[np.float32]

BANDS = ("blue", "green", "red", "nir")
CHANGES_PER_MPX = 1500 / 8192**2 * 1e6

_MAKER = 1  # raise when the picture changes, so that old files are made anew
_BLOCK = 512
_PIXEL_M = 0.8
_ORIGIN = (540_000.0, 2_520_000.0)
_NOISE_DN = 7.0
_GAIN = np.array([1.06, 1.09, 1.05, 0.93], dtype=np.float32)
_OFFSET_DN = np.array([35.0, 20.0, 28.0, -15.0], dtype=np.float32)
_SHIFT_PX = 0.5
# Mean level of four covers in each band: vegetation, soil, built, water.
_COVERS = np.array(
    [[330, 420, 350, 1500], [520, 640, 760, 1050], [700, 780, 830, 960], [410, 430, 330, 190]], dtype=np.float32
)
_BUILT = 2
_FIELD_PX = (150.0, 62.0)
# A field of random numbers this size, wrapped around, is the ground of every scale.
_LATTICE = 512


class Paths(TypedDict):
    """Files of a pair."""

    before: Path
    after: Path


def make_pair(folder: Path, size: int, *, seed: int = 20260101) -> Paths:
    """Write `before_<size>.tif` and `after_<size>.tif` unless they are there with the same settings.

    Parameters
    ----------
    folder
        Made if it does not exist.
    size
        Rows and columns, a multiple of 512.
    seed
        Everything random follows from it.

    Returns
    -------
    Paths
        The two files.

    Raises
    ------
    ValueError
        If the size is not a positive multiple of 512.
    """
    if size <= 0 or size % _BLOCK:
        raise ValueError(f"size must be a positive multiple of {_BLOCK}, got {size}")
    folder.mkdir(parents=True, exist_ok=True)
    paths = Paths(before=folder / f"before_{size}.tif", after=folder / f"after_{size}.tif")
    note = folder / f"pair_{size}.json"
    settings = {"size": size, "seed": seed, "maker": _MAKER}
    if note.exists() and json.loads(note.read_text(encoding="utf-8")) == settings:
        return paths
    note.unlink(missing_ok=True)
    ground = _Ground(size, seed)
    profile = {
        "driver": "GTiff", "width": size, "height": size, "count": len(BANDS), "dtype": "uint16", "crs": "EPSG:4545",
        "transform": Affine(_PIXEL_M, 0.0, _ORIGIN[0], 0.0, -_PIXEL_M, _ORIGIN[1]), "tiled": True,
        "blockxsize": _BLOCK, "blockysize": _BLOCK, "interleave": "pixel", "compress": "zstd", "predictor": 2,
        "BIGTIFF": "IF_SAFER", "NUM_THREADS": "ALL_CPUS",
    }  # fmt: skip
    with (
        rasterio.open(paths["before"], "w", **profile) as before,
        rasterio.open(paths["after"], "w", **profile) as after,
        ThreadPoolExecutor() as pool,
    ):
        for dataset in (before, after):
            dataset.descriptions = BANDS
        strips = range(0, size, _BLOCK)
        at_once = os.cpu_count() or 1
        for start in range(0, len(strips), at_once):
            tops = strips[start : start + at_once]
            for top, (first, second) in zip(tops, pool.map(ground.strip, tops), strict=True):
                window = Window(0, top, size, _BLOCK)
                before.write(first, window=window)
                after.write(second, window=window)
    note.write_text(json.dumps(settings), encoding="utf-8")
    return paths


class _Ground:
    """The scene as a function of row and column, so that any strip can be made by itself."""

    def __init__(self, size: int, seed: int) -> None:
        rng = np.random.default_rng(seed)
        self.size = size
        self.seed = seed
        # Smooth noise between lattice points: without it a zoomed lattice shows its squares.
        self.lattices = [
            ndimage.gaussian_filter(rng.normal(size=(_LATTICE, _LATTICE)).astype(np.float32), 1.0, mode="wrap")
            for _ in range(6)
        ]
        self.lattices = [lattice / lattice.std() for lattice in self.lattices]
        self.crops = rng.normal(size=(_LATTICE, _LATTICE)).astype(np.float32)
        number = max(round(CHANGES_PER_MPX * size * size / 1e6), 1)
        self.centres = rng.uniform(24, size - 24, size=(number, 2))
        # From sheds of 60 m2 to sites of 20,000 m2, small ones by far the most.
        area_px = np.exp(rng.normal(5.9, 1.0, size=number)).clip(90, 32_000)
        aspect = rng.uniform(0.45, 1.0, size=number)
        self.half = np.stack([np.sqrt(area_px * aspect), np.sqrt(area_px / aspect)], axis=1) / 2
        self.angles = rng.uniform(0, np.pi, size=number)
        self.levels = _COVERS[_BUILT] * rng.uniform(1.1, 2.4, size=(number, 1)).astype(np.float32)

    def strip(self, top: int) -> tuple[NDArray[np.uint16], NDArray[np.uint16]]:
        """Return both dates of the 512 rows from `top`, (band, y, x)."""
        rng = np.random.default_rng([self.seed, top])
        before = self._covers(top, 0.0)
        after = self._covers(top, _SHIFT_PX)
        self._build(after, top)
        after *= _GAIN[:, None, None]
        after += _OFFSET_DN[:, None, None]
        return _sense(before, rng), _sense(after, rng)

    def _covers(self, top: int, shift_px: float) -> _Field:
        cover = self._noise(0, top, 900.0, shift_px) + 0.35 * self._noise(1, top, 150.0, shift_px)
        settled = self._noise(2, top, 38.0, shift_px)
        crop, lane = self._fields(top, shift_px)
        texture = 0.08 * self._noise(3, top, 9.0, shift_px) + 0.07 * self._noise(4, top, 2.7, shift_px) + 0.08 * crop
        built = np.maximum(_ramp(settled - 1.1), lane)
        soil = _ramp(0.6 * cover + 0.7 * crop - 0.2)
        water = _ramp(-cover - 1.55)
        land = (1 - built) * (1 - water)
        share = np.stack([(1 - soil) * land, soil * land, built * (1 - water), water])
        bands = np.tensordot(_COVERS.T, share, axes=1).astype(np.float32)
        bands *= 1.0 + texture * (1.0 - 0.85 * water)
        return bands

    def _fields(self, top: int, shift_px: float) -> tuple[_Field, _Field]:
        """Return a level for each of many slanting, slightly bent fields, and the lanes between them."""
        bend = 14.0 * self._noise(5, top, 400.0, shift_px)
        y = (np.arange(top, top + _BLOCK, dtype=np.float32) + np.float32(shift_px))[:, None] + bend
        x = (np.arange(self.size, dtype=np.float32) + np.float32(shift_px))[None, :] - bend
        along, across = (0.94 * x + 0.34 * y) / _FIELD_PX[0], (0.94 * y - 0.34 * x) / _FIELD_PX[1]
        i, j = np.floor(along), np.floor(across)
        border_px = np.minimum(
            (0.5 - np.abs(along - i - 0.5)) * _FIELD_PX[0], (0.5 - np.abs(across - j - 0.5)) * _FIELD_PX[1]
        )
        crop = self.crops[i.astype(np.intp) % _LATTICE, j.astype(np.intp) % _LATTICE]
        return crop, np.clip(2.0 - border_px, 0.0, 1.0).astype(np.float32)

    def _noise(self, which: int, top: int, scale_px: float, shift_px: float) -> _Field:
        """Sample a lattice, wrapped around, at `scale_px` pixels for a lattice step."""
        lattice = self.lattices[which]
        rows = (np.arange(top, top + _BLOCK, dtype=np.float64) + shift_px) / scale_px
        cols = (np.arange(self.size, dtype=np.float64) + shift_px) / scale_px
        return _between(_between(lattice, rows).T, cols).T

    def _build(self, bands: _Field, top: int) -> None:
        reach = np.hypot(self.half[:, 0], self.half[:, 1]) + 2
        near = (self.centres[:, 0] + reach > top) & (self.centres[:, 0] - reach < top + _BLOCK)
        for i in np.nonzero(near)[0]:
            row, col = self.centres[i]
            first, last = max(int(row - reach[i]), top), min(int(row + reach[i]) + 1, top + _BLOCK)
            left, right = max(int(col - reach[i]), 0), min(int(col + reach[i]) + 1, self.size)
            y, x = np.mgrid[first:last, left:right]
            cos, sin = np.cos(self.angles[i]), np.sin(self.angles[i])
            across = np.abs((y - row) * cos - (x - col) * sin) - self.half[i, 0]
            along = np.abs((y - row) * sin + (x - col) * cos) - self.half[i, 1]
            inside = np.clip(0.5 - np.maximum(across, along), 0.0, 1.0).astype(np.float32)
            part = bands[:, first - top : last - top, left:right]
            part += inside * (self.levels[i][:, None, None] * (0.9 + 0.1 * part / part.mean()) - part)


def _between(lattice: _Field, places: NDArray[np.float64]) -> _Field:
    """Interpolate along the first axis, wrapped around."""
    low = np.floor(places).astype(np.intp)
    part = (places - low).astype(np.float32)[:, None]
    values: _Field = lattice[low % _LATTICE] * (1 - part) + lattice[(low + 1) % _LATTICE] * part
    return values


def _ramp(values: NDArray[np.floating[Any]]) -> _Field:
    """Go from 0 to 1 within a narrow band around 0: an edge a pixel or two wide."""
    ramp: _Field = np.clip(values * 12.0 + 0.5, 0.0, 1.0).astype(np.float32, copy=False)
    return ramp


def _sense(bands: _Field, rng: np.random.Generator) -> NDArray[np.uint16]:
    """Add sensor noise (a floor and a part that grows with the root of the signal) and quantise."""
    noise = rng.standard_normal(bands.shape, dtype=np.float32)
    noise *= np.sqrt(_NOISE_DN**2 + 0.05 * bands)
    return np.clip(np.round(bands + noise), 1, 65535).astype(np.uint16)


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description="Make a pair of large images for benchmarks.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--size", type=int, default=8192, help="rows and columns, a multiple of 512")
    parser.add_argument("--seed", type=int, default=20260101)
    arguments = parser.parse_args()
    for path in make_pair(arguments.folder, arguments.size, seed=arguments.seed).values():
        assert isinstance(path, Path)
        print(f"{path}  {path.stat().st_size / 1e6:.0f} MB")


if __name__ == "__main__":
    main()
