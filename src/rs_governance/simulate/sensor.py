"""Air and instrument: haze, cloud, blur, sampling, gain, offset and noise."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse

from rs_governance.simulate.board import Board, Floats, white
from rs_governance.simulate.light import DIFFUSE

_AIRLIGHT = np.array((620, 430, 290, 120), np.float32)
_CLOUD = np.array((5900, 5800, 5750, 5600), np.float32)


@dataclass(frozen=True, kw_only=True)
class Sensor:
    """How one date was taken."""

    haze: float
    """Mean thickness of the haze, about 0 to 1."""
    shift_px: tuple[float, float]
    """Rows and columns by which the image content lies off its georeference."""
    blur_px: float
    """Standard deviation of the point spread in pixels."""
    gain: tuple[float, float, float, float]
    offset: tuple[float, float, float, float]
    noise: float
    """Standard deviation of the noise in digital numbers, where it is darkest."""


def sample(image: Floats, fine: Board, pixels: Board, sensor: Sensor) -> Floats:
    """Blur and sample `image` (4, rows, columns) on a fine board to the pixels of a board inside it."""
    down = _sampling(fine.row0, fine.rows, pixels.row0, pixels.rows, fine, pixels, sensor, 0)
    across = _sampling(fine.column0, fine.columns, pixels.column0, pixels.columns, fine, pixels, sensor, 1)
    return np.stack([(across @ np.ascontiguousarray((down @ band).T)).T for band in image])


def _sampling(
    fine0: int, fine_count: int, first: int, count: int, fine: Board, pixels: Board, sensor: Sensor, axis: int
) -> sparse.csr_array:
    """Return the matrix of the point spread that takes cells of the fine board to pixels, along one axis."""
    oversample = round(pixels.cell_m / fine.cell_m)
    sigma = sensor.blur_px * oversample
    reach = int(np.ceil(2.4 * sigma))
    centre = (np.arange(first, first + count) + 0.5 - sensor.shift_px[axis]) * oversample - 0.5 - fine0
    cells = np.floor(centre).astype(np.int64)[:, None] + np.arange(-reach, reach + 2)
    weights = np.exp(-0.5 * ((cells - centre[:, None]) / sigma) ** 2)
    weights /= weights.sum(axis=1, keepdims=True)
    rows = np.repeat(np.arange(count), cells.shape[1])
    return sparse.csr_array(
        (weights.astype(np.float32).ravel(), (rows, np.clip(cells, 0, fine_count - 1).ravel())),
        shape=(count, fine_count),
    )


def shade(image: Floats, darkness: Floats) -> None:
    """Take the direct sunlight from `image` (4, rows, columns) where a cloud stands before the sun, in place."""
    for band in range(4):
        image[band] *= 1 - (0.88 - DIFFUSE[band]) * darkness


def veil(image: Floats, pixels: Board, take: str, haze: float) -> None:
    """Lay a haze of varying thickness over `image` (4, rows, columns), in place."""
    uneven = 1 + 0.35 * pixels.noise(f"haze 420 {take}", 420) + 0.12 * pixels.noise(f"haze 130 {take}", 130)
    thickness = haze * np.clip(uneven, 0.2, 2.5)
    for band in range(4):
        image[band] *= 1 - 0.22 * thickness * (1.0, 0.9, 0.8, 0.5)[band]
        image[band] += _AIRLIGHT[band] * thickness


def cover_with_cloud(image: Floats, thickness: Floats, lumps: Floats) -> None:
    """Lay cloud of a thickness from 0 to 1 over `image` (4, rows, columns), in place; `lumps` shade its top."""
    for band in range(4):
        top = _CLOUD[band] * (0.6 + 0.4 * thickness) * (1 + 0.11 * lumps)
        image[band] += thickness * (top - image[band])


def expose(image: Floats, pixels: Board, take: str, sensor: Sensor) -> npt.NDArray[np.uint16]:
    """Read `image` (4, rows, columns) out as uint16 with the gain, offset and noise of the instrument."""
    rows = range(pixels.row0, pixels.row0 + pixels.rows)
    columns = range(pixels.column0, pixels.column0 + pixels.columns)
    read = np.empty(image.shape, np.uint16)
    for band in range(4):
        value = sensor.gain[band] * image[band] + sensor.offset[band]
        spread = sensor.noise * np.sqrt(1 + np.maximum(value, 0) / 12000)
        value += spread * white(pixels.seed, f"noise {take} {band}", rows, columns)
        read[band] = np.clip(np.rint(value), 1, 12000).astype(np.uint16)
    return read
