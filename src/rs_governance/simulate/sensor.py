"""Air and instrument: haze, blur, sampling, gain, offset and noise."""

from dataclasses import dataclass

import numpy as np

from rs_governance.simulate.frame import Floats, Frame

_AIRLIGHT = np.array((620, 430, 290, 120), np.float32)


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


def veil(image: Floats, frame: Frame, rng: np.random.Generator, haze: float) -> None:
    """Lay a haze of varying thickness over `image` (4, side, side), in place."""
    thickness = haze * np.clip(1 + 0.35 * frame.noise(rng, 420) + 0.12 * frame.noise(rng, 130), 0.2, 2.5)
    for band in range(4):
        image[band] *= 1 - 0.22 * thickness * (1.0, 0.9, 0.8, 0.5)[band]
        image[band] += _AIRLIGHT[band] * thickness


def expose(
    image: Floats, frame: Frame, rng: np.random.Generator, sensor: Sensor
) -> np.ndarray[tuple[int, ...], np.dtype[np.uint16]]:
    """Sample the board into pixels: (4, side, side) to (4, size, size) uint16."""
    rows = _sampling(frame, sensor.shift_px[0], sensor.blur_px)
    columns = _sampling(frame, sensor.shift_px[1], sensor.blur_px)
    pixels = np.empty((4, frame.size_px, frame.size_px), np.uint16)
    for band in range(4):
        board = _sample(_sample(image[band], frame, rows).T, frame, columns).T
        value = sensor.gain[band] * board + sensor.offset[band]
        spread = sensor.noise * np.sqrt(1 + np.maximum(value, 0) / 12000)
        value += spread * rng.standard_normal(value.shape, dtype=np.float32)
        pixels[band] = np.clip(np.rint(value), 1, 12000).astype(np.uint16)
    return pixels


def _sampling(frame: Frame, shift_px: float, blur_px: float) -> tuple[list[int], Floats]:
    """Return first cells and weights of the point spread that makes pixel 0 of an axis."""
    centre = (frame.margin_px + 0.5 - shift_px) * frame.oversample - 0.5
    sigma = blur_px * frame.oversample
    reach = int(np.ceil(3 * sigma))
    cells = np.arange(int(np.floor(centre)) - reach, int(np.floor(centre)) + reach + 2)
    weights = np.exp(-0.5 * ((cells - centre) / sigma) ** 2)
    return cells.tolist(), (weights / weights.sum()).astype(np.float32)


def _sample(board: Floats, frame: Frame, sampling: tuple[list[int], Floats]) -> Floats:
    """Blur and thin out the rows of a board to the rows of the image."""
    total = np.zeros((frame.size_px, board.shape[1]), np.float32)
    for cell, weight in zip(*sampling, strict=True):
        total += weight * board[cell : cell + frame.size_px * frame.oversample : frame.oversample]
    return total
