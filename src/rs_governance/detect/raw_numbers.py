"""Raw digital numbers: what the air and the sensor add to every pixel hides all plants from a ratio."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

LEAST_GREEN = 0.22
"""NDVI below which nothing is vegetation."""

# Share of its median from which on the darkest red of a scene is no shadow and no water, but added to all of it.
_NEVER_DARK = 0.6
_DARKEST, _LUSHEST = 0.1, 95.0  # percentiles


@dataclass(frozen=True, kw_only=True)
class RawNumbers:
    """What is taken off raw numbers before plants are told by them."""

    red: float
    """Darkest red of the scene."""
    nir: float
    """Darkest near infrared of the scene."""
    lush: float
    """NDVI, with these taken off, that only a twentieth of the scene exceeds."""

    def ndvi(self, red: npt.NDArray[Any], nir: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
        """Return the vegetation index of samples, (n,) each; 0 where both are as dark as can be.

        Examples
        --------
        >>> RawNumbers(red=40.0, nir=20.0, lush=0.5).ndvi(np.array([50, 40]), np.array([60, 10])).tolist()
        [0.6, 0.0]
        """
        low, high = np.maximum(red - self.red, 0.0), np.maximum(nir - self.nir, 0.0)
        total = low + high
        index: npt.NDArray[np.float64] = np.divide(high - low, total, out=np.zeros(total.shape), where=total > 0)
        return index


def find_raw_numbers(samples: npt.NDArray[Any], roles: tuple[str, ...], lush: float) -> RawNumbers | None:
    """Learn what to take off a date, None where its numbers are good for ratios as they are.

    They are raw where nothing is green by the ratio and nothing dark in red: on the ground some shadow, water or wet
    soil always is, so that what even these have was added by the air and the sensor.

    Parameters
    ----------
    samples
        (band, n), n > 0.
    roles
        Of the bands.
    lush
        NDVI that only a twentieth of the scene exceeds.

    References
    ----------
    Chavez, P. S. (1988). An improved dark-object subtraction technique for atmospheric scattering correction of
    multispectral data. Remote Sensing of Environment 24, 459-479.
    """
    if not {"red", "nir"} <= set(roles) or not lush < LEAST_GREEN:
        return None
    red, nir = (samples[roles.index(role)].astype(np.float64) for role in ("red", "nir"))
    darkest, middle = np.percentile(red, (_DARKEST, 50.0))
    if darkest <= _NEVER_DARK * middle:
        return None
    without = RawNumbers(red=float(darkest), nir=float(np.percentile(nir, _DARKEST)), lush=0.0)
    return RawNumbers(red=without.red, nir=without.nir, lush=float(np.percentile(without.ndvi(red, nir), _LUSHEST)))
