"""What the indices say a place is."""

import math

import numpy as np
import numpy.typing as npt

from rs_governance.detect.findings import LandClass
from rs_governance.detect.raw_numbers import LEAST_GREEN, RawNumbers

FloatArray = npt.NDArray[np.float64]

# NDVI above which a mean colour is vegetation: this share of what the greenest twentieth of the scene has, since haze
# and the season move it, within limits, since a city has no green and a forest nothing else. Likewise excess green.
_GREEN_SHARE = 0.55
_GREEN_NDVI = (LEAST_GREEN, 0.40)
_GREEN_EXCESS = (0.03, 0.08)
# NDWI from which on it is water wherever it lies, where the near infrared is not bright for the scene, and where it is
# dark for the scene. What is much brighter than the scene is a blue or white roof.
_SURELY_WET, _WET, _PERHAPS_WET = 0.30, 0.10, -0.05
_DIM_INFRARED, _DARK_INFRARED, _ROOF = 0.6, 0.5, 1.4
# Share of the scene's mean brightness below which a place is dark: shadow, asphalt, water without infrared.
_DARK = 0.45


def land_classes(
    indices: dict[str, FloatArray],
    *,
    typical: float,
    infrared: float = math.nan,
    lush: float = math.nan,
    raw: RawNumbers | None = None,
) -> list[LandClass]:
    """Name what the indices say of each object.

    Parameters
    ----------
    indices
        `ndvi`, `ndwi`, `excess`, `red`, `infrared` and `brightness`, (n,) each, NaN where a band is missing.
    typical
        Brightness of the scene.
    infrared
        Near infrared of the scene; NaN where it is not known.
    lush
        NDVI, or excess green without near infrared, of the greenest of the scene; NaN where it is not known.
    raw
        What to take off red and near infrared before plants are told.

    Returns
    -------
    list of str
        `other` where no index can be had.

    References
    ----------
    NDWI of built-up land is often above 0, so that it takes more than the sign to tell water: Xu, H. (2006),
    International Journal of Remote Sensing 27, 3025-3033; 0.3 for water beyond doubt: McFeeters, S. K. (2013), Remote
    Sensing 5, 3544-3561. The shares of the scene are our own.

    Examples
    --------
    >>> none = np.full(4, np.nan)
    >>> land_classes({"ndvi": np.array([0.6, 0.1, -0.4, 0.1]), "ndwi": np.array([-0.5, -0.2, 0.5, -0.1]), "excess": none,
    ...               "red": none, "infrared": none, "brightness": np.array([900.0, 1200.0, 300.0, 200.0])},
    ...              typical=1000.0, lush=0.6)
    ['vegetation', 'bare_or_built', 'water', 'dark']
    """
    ndvi, ndwi, excess, bright = (indices[name] for name in ("ndvi", "ndwi", "excess", "brightness"))
    if raw is not None:
        ndvi, lush = raw.ndvi(indices["red"], indices["infrared"]), raw.lush
    wet = np.nan_to_num(ndwi, nan=-1.0)
    share = np.nan_to_num(indices["infrared"] / infrared if infrared else indices["infrared"] * np.nan, nan=np.inf)
    green_ndvi, green_excess = (
        float(np.clip(np.nan_to_num(_GREEN_SHARE * lush, nan=high), low, high))
        for low, high in (_GREEN_NDVI, _GREEN_EXCESS)
    )
    water = (
        (wet >= _SURELY_WET)
        | ((wet >= _WET) & (share < _DIM_INFRARED))
        | ((wet >= _PERHAPS_WET) & (share < _DARK_INFRARED))
    ) & (bright < _ROOF * typical)
    rules: list[tuple[LandClass, npt.NDArray[np.bool_]]] = [
        ("water", water),
        ("vegetation", np.where(np.isnan(ndvi), excess >= green_excess, ndvi >= green_ndvi)),
        ("dark", bright < _DARK * typical),
        ("other", np.isnan(ndvi) & np.isnan(ndwi) & np.isnan(excess)),
    ]
    names: list[LandClass] = ["bare_or_built"] * len(ndvi)
    for index in range(len(names)):
        names[index] = next((name for name, holds in rules if holds[index]), "bare_or_built")
    return names
