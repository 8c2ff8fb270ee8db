"""Textbook detectors to be compared with, from another implementation.

Plain numpy, scipy and scikit-image over the whole image; no code is shared with `rs_kernels` or
`rs_governance.detect`, so an error there cannot hide in the comparison. Pixels that are not valid
take no part in any statistic and are never marked. There is no morphological clean-up except in
`cva_otsu_clean`.
"""

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, special
from skimage.filters import threshold_otsu
from skimage.measure import label

from rs_governance.learn.detection import Detection, Detector
from rs_governance.learn.scoring import MIN_OBJECT_M2
from rs_governance.scenes import AlignedPair

IRMAD_ITERATIONS = 30
"""Most reweighting rounds of IR-MAD."""

IRMAD_SAMPLE = 20_000
"""IR-MAD takes its statistics from a regular sample of at most so many pixels, then scores all."""

IRMAD_TOLERANCE = 1e-3
"""IR-MAD stops when no canonical correlation moves by more than this."""

_RIDGE = 1e-6
_MIN_PIXELS = 16
_FLAT = 1e-9  # less than this is rounding, not contrast


def cva_otsu(pair: AlignedPair) -> Detection:
    """Threshold the magnitude of the standardised change vector.

    Each band of each date is brought to mean 0 and standard deviation 1 over the valid pixels; the
    magnitude of the difference vector is split by Otsu's threshold over the image.

    Parameters
    ----------
    pair
        An aligned pair.

    Returns
    -------
    Detection
        Mask, and the magnitude over twice the threshold clipped to 0..1 (0.5 = at the threshold).

    References
    ----------
    Malila, W. (1980). Change vector analysis: an approach for detecting forest changes with Landsat.
    Otsu, N. (1979). A threshold selection method from gray-level histograms.
    """
    before, after, valid = _read_whole(pair)
    return _paint(change_vector(before[:, valid], after[:, valid]), valid)


def cva_otsu_clean(pair: AlignedPair) -> Detection:
    """Run `cva_otsu` and drop 8-connected objects under the minimum area.

    Parameters
    ----------
    pair
        An aligned pair.

    Returns
    -------
    Detection
        As `cva_otsu`, without objects under `MIN_OBJECT_M2`.
    """
    raw = cva_otsu(pair)
    height_m, width_m = pair.grid.pixel_size_m
    labels = label(raw.mask, connectivity=2)
    large = np.bincount(labels.ravel()) * height_m * width_m >= MIN_OBJECT_M2
    large[0] = False
    return Detection(mask=large[labels], score=raw.score)


def irmad(pair: AlignedPair) -> Detection:
    """Threshold the square root of the IR-MAD chi-square statistic by Otsu.

    Otsu on the root, not a fixed probability: with sub-metre images nearly every pixel is
    "significant" at p = 0.999, and the mask would be the image.

    Parameters
    ----------
    pair
        An aligned pair.

    Returns
    -------
    Detection
        Mask, and the statistic's root over twice the threshold clipped to 0..1.

    References
    ----------
    Nielsen, A. A. (2007). The regularized iteratively reweighted MAD method for change detection in
    multi- and hyperspectral data. IEEE Transactions on Image Processing 16(2), 463-478.
    """
    before, after, valid = _read_whole(pair)
    return _paint(np.sqrt(chi_square(before[:, valid], after[:, valid])), valid)


PEERS: Mapping[str, Detector] = MappingProxyType({
    "cva_otsu": cva_otsu,
    "cva_otsu_clean": cva_otsu_clean,
    "irmad": irmad,
})
"""The peers by name, as they appear in reports."""


def change_vector(before: NDArray[np.float64], after: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the length of the standardised change vector of each pixel.

    Parameters
    ----------
    before, after
        (band, pixel).

    Returns
    -------
    numpy.ndarray
        (pixel,), not negative.
    """
    difference = _standardise(after) - _standardise(before)
    magnitude: NDArray[np.float64] = np.sqrt(np.sum(difference**2, axis=0))
    return magnitude


def chi_square(before: NDArray[np.float64], after: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the IR-MAD chi-square statistic of each pixel.

    Every round solves the canonical correlation problem under the weights of the last one (the
    probability that a pixel has not changed), forms the MAD variates and standardises them by their
    no-change variance 2 (1 - rho).

    Parameters
    ----------
    before, after
        (band, pixel).

    Returns
    -------
    numpy.ndarray
        (pixel,), not negative; all zero where fewer than 16 pixels are given.
    """
    bands, pixels = before.shape
    if pixels < _MIN_PIXELS:
        return np.zeros(pixels)
    # Standardising changes no variate (they are affine invariant) and keeps the ridge meaningful.
    stacked = np.vstack([_standardise(before), _standardise(after)])
    sample = stacked[:, :: -(-pixels // IRMAD_SAMPLE)]
    weights = np.ones(sample.shape[1])
    last = np.full(bands, np.inf)
    for _ in range(IRMAD_ITERATIONS):
        mean = (sample @ weights / weights.sum())[:, None]
        centred = sample - mean
        correlation, projection = _canonical((centred * weights) @ centred.T / weights.sum())
        scaled = projection / np.sqrt(np.maximum(2.0 * (1.0 - correlation), _RIDGE))[:, None]
        if np.max(np.abs(correlation - last)) < IRMAD_TOLERANCE:
            break
        last = correlation
        weights = special.chdtrc(bands, np.sum((scaled @ centred) ** 2, axis=0))
        if weights.sum() < _MIN_PIXELS:
            break
    statistic: NDArray[np.float64] = np.sum((scaled @ (stacked - mean)) ** 2, axis=0)
    return statistic


def _canonical(covariance: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Solve the canonical correlation problem of two halves of a covariance matrix.

    Returns the correlations, and the matrix that takes both dates' centred bands to the differences
    of their canonical variates, each variate of unit variance.
    """
    bands = covariance.shape[0] // 2
    # A flat or repeated band (a grey image saved as RGB) makes the covariance singular.
    covariance = covariance + _RIDGE * np.eye(2 * bands)
    sxx, sxy, syy = covariance[:bands, :bands], covariance[:bands, bands:], covariance[bands:, bands:]
    squared, a = linalg.eigh(sxy @ linalg.solve(syy, sxy.T, assume_a="pos"), sxx)
    b = linalg.solve(syy, sxy.T @ a, assume_a="pos")
    length = np.sqrt(np.sum(b * (syy @ b), axis=0))
    b = np.divide(b, length, out=np.zeros_like(b), where=length > 0)
    return np.sqrt(np.clip(squared, 0.0, 1.0)), np.hstack([a.T, -b.T])


def _standardise(values: NDArray[np.float64]) -> NDArray[np.float64]:
    if values.shape[1] == 0:
        return values
    spread = values.std(axis=1, keepdims=True)
    centred = values - values.mean(axis=1, keepdims=True)
    standard: NDArray[np.float64] = np.divide(centred, spread, out=np.zeros_like(centred), where=spread > 0)
    return standard


def _read_whole(pair: AlignedPair) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]]:
    block = pair.read(pair.grid.window)
    return block.before.astype(np.float64), block.after.astype(np.float64), block.valid


def _paint(values: NDArray[np.float64], valid: NDArray[np.bool_]) -> Detection:
    """Threshold the values of the valid pixels by Otsu and put them back into the image."""
    mask = np.zeros(valid.shape, dtype=bool)
    score = np.zeros(valid.shape, dtype=np.float32)
    if values.size and np.ptp(values) > _FLAT:
        threshold = float(threshold_otsu(values))
        mask[valid] = values > threshold
        score[valid] = np.clip(values / (2.0 * threshold), 0.0, 1.0)
    return Detection(mask=mask, score=score)
