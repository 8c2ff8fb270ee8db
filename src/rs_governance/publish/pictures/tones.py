"""How an image's numbers become tones for the eye."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

_SAMPLE = 100_000  # pixels by which the tones are chosen
_STEPS = 1024


@dataclass(frozen=True, kw_only=True)
class Tones:
    """A stretch that is chosen once for an image, so that all its pictures are comparable."""

    low: npt.NDArray[np.float64]
    """Number of each band that becomes black."""
    gain: npt.NDArray[np.float64]
    """Steps of the curve for each unit of each band."""
    curve: npt.NDArray[np.uint8]
    """Tone of each step."""

    def apply(self, pixels: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
        """Return (y, x, band) uint8 of (band, y, x) numbers."""
        picture = np.empty((*pixels.shape[1:], len(pixels)), dtype=np.uint8)
        for index, band in enumerate(pixels):
            steps = (band - self.low[index]) * self.gain[index]
            picture[..., index] = self.curve[np.clip(steps, 0, _STEPS - 1).astype(np.uint16)]
        return picture


def choose_tones(sample: npt.NDArray[Any]) -> Tones:
    """Choose tones that show dark and bright ground alike.

    Parameters
    ----------
    sample
        (band, n) usable numbers of the image; without any, everything is black.
    """
    if not sample.shape[1]:
        bands = len(sample)
        return Tones(low=np.zeros(bands), gain=np.zeros(bands), curve=np.zeros(_STEPS, np.uint8))
    sample = sample[:, :: -(-sample.shape[1] // _SAMPLE)]
    low, high = np.percentile(sample, (0.5, 99.5), axis=1)
    # each band loses its own haze, but only half of its contrast is evened out: green ground stays green
    span = high - low
    gain = (_STEPS - 1) / np.maximum((span + span.mean()) / 2, 1e-6)
    # a few bright roofs must not leave the rest in the dark: brighten until the median is no darker than 0.36
    median = float(np.median((sample - low[:, None]) * gain[:, None])) / (_STEPS - 1)
    gamma = float(np.clip(np.log(0.36) / np.log(np.clip(median, 0.01, 0.99)), 0.5, 1.0))
    curve = np.round(255 * np.linspace(0, 1, _STEPS) ** gamma).astype(np.uint8)
    return Tones(low=low, gain=gain, curve=curve)
