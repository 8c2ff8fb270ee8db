"""Iteratively reweighted multivariate alteration detection, fitted on a sample of pixels."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.linalg import eigh
from scipy.special import gammaincc
from threadpoolctl import threadpool_limits

from rs_governance.errors import NothingObserved

FloatArray = npt.NDArray[np.float64]

_RIDGE = 1e-6
"""Share of each band's variance added to the diagonal: a constant or doubled band must not make it singular."""


_LEAST_WEIGHT = 1e-6
"""A scene in which everything changed must still have a mean."""


_LEAST_TYPICAL = 1e-3
"""Two equal images have no alteration at all."""


@dataclass(frozen=True, kw_only=True)
class MadModel:
    """Canonical variates of two dates, scaled to unit variance over unchanged ground."""

    a: FloatArray
    """(k, band): rows applied to `before`."""
    b: FloatArray
    """(k, band): rows applied to `after`."""
    c: FloatArray
    """(k,): subtracted, so that unchanged ground is centred on 0."""
    correlations: FloatArray
    """(k,): canonical correlations of unchanged ground, ascending."""
    typical: float
    """Median over the sample of the sum of squares divided by k: what ground usually has in this scene."""
    rounds: int
    """Iterations until the canonical correlations stood still."""


def fit_irmad(before: FloatArray, after: FloatArray, *, tolerance: float = 1e-3, most_rounds: int = 30) -> MadModel:
    """Fit the transformation on paired pixels.

    Each round finds the linear combinations of both dates' bands with the highest weighted correlation, and gives
    every pixel the probability that its differences are those of unchanged ground as its next weight. The sum of the
    squared, standardised differences follows a chi-square distribution with k degrees of freedom there.

    Parameters
    ----------
    before, after
        (n, band) pixels usable on both dates, in any unit.
    tolerance
        The fit ends when no canonical correlation moves by more.
    most_rounds
        And in any case after so many rounds.

    Raises
    ------
    NothingObserved
        Fewer pixels than ten for each band.

    References
    ----------
    Nielsen, A. A. (2007). The regularized iteratively reweighted MAD method for change detection in multi- and
    hyperspectral data. IEEE Transactions on Image Processing 16 (2), 463-478.
    """
    pixels, bands = before.shape
    if pixels < 10 * bands:
        raise NothingObserved(
            f"Expected at least {10 * bands} pixels usable on both dates, found {pixels}; "
            "check nodata values, cloud masks and the area of interest."
        )
    both = np.concatenate([before, after], axis=1)
    weight = np.ones(pixels)
    former = np.zeros(bands)
    rounds = 0
    correlation = former
    # How many threads share a sum decides its last digits: one, on every machine.
    with threadpool_limits(limits=1, user_api="blas"):
        while rounds < most_rounds:
            rounds += 1
            a, b, c, correlation = _canonical_variates(both, weight, bands)
            variates = before @ a.T - after @ b.T - c
            squares = np.square(variates).sum(axis=1)
            weight = np.maximum(gammaincc(bands / 2, squares / 2), _LEAST_WEIGHT)
            if np.abs(correlation - former).max() < tolerance:
                break
            former = correlation
    typical = max(float(np.median(squares)) / bands, _LEAST_TYPICAL)
    return MadModel(a=a, b=b, c=c, correlations=correlation, typical=typical, rounds=rounds)


def _canonical_variates(
    both: FloatArray, weight: FloatArray, bands: int
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    total = weight.sum()
    mean = weight @ both / total
    centred = both - mean
    covariance = (centred * weight[:, None]).T @ centred / total
    covariance[np.diag_indices_from(covariance)] += _RIDGE * np.maximum(np.diag(covariance), 1e-12)
    s11, s22, s12 = covariance[:bands, :bands], covariance[bands:, bands:], covariance[:bands, bands:]

    squared, vectors = eigh(s12 @ np.linalg.solve(s22, s12.T), s11)
    correlation = np.sqrt(np.clip(squared, 0.0, 1.0 - 1e-9))
    a = vectors.T
    # eigh leaves signs open; the largest weight is made positive so that every machine gives the same rows.
    a *= np.sign(a[np.arange(bands), np.abs(a).argmax(axis=1)])[:, None]
    b = np.linalg.solve(s22, s12.T @ a.T).T / np.maximum(correlation, 1e-6)[:, None]
    scale = 1.0 / np.sqrt(2.0 * (1.0 - correlation))
    a, b = a * scale[:, None], b * scale[:, None]
    return a, b, a @ mean[:bands] - b @ mean[bands:], correlation
