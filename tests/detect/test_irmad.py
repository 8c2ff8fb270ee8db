"""The fit agrees with the iteration written down plainly, and does not care for units."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats
from threadpoolctl import threadpool_limits

from rs_governance.detect.irmad import MadModel, fit_irmad
from rs_governance.errors import NothingObserved

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]


def dates(seed: int, *, pixels: int = 4000, bands: int = 4, changed: float = 0.1) -> tuple[Array, Array, Flags]:
    """Two dates of correlated bands with gains, offsets and noise; the first pixels are changed."""
    rng = np.random.default_rng(seed)
    ground = rng.normal(size=(pixels, bands)) @ rng.normal(size=(bands, bands)) * 100 + 1000
    before = ground + rng.normal(0, 40, ground.shape)
    after = (ground + rng.normal(0, 40, ground.shape)) * rng.uniform(0.7, 1.4, bands) + rng.uniform(-50, 50, bands)
    is_changed = np.arange(pixels) < changed * pixels
    after[is_changed] += rng.normal(0, 900, (int(is_changed.sum()), bands))
    return before, after, is_changed


def chi_square(model: MadModel, before: Array, after: Array) -> Array:
    return np.asarray(np.square(before @ model.a.T - after @ model.b.T - model.c).sum(axis=1))


def plain_irmad(before: Array, after: Array, rounds: int) -> tuple[Array, Array]:
    """Iterate by the book, with the same ridge and least weight: whiten both dates, take the singular values. Returns chi-squares and correlations."""
    weight = np.ones(len(before))
    total, correlations = np.zeros(len(before)), np.zeros(before.shape[1])
    for _ in range(rounds):
        x, y = (date - np.average(date, axis=0, weights=weight) for date in (before, after))
        covariance = np.cov(np.hstack([x, y]).T, aweights=weight, ddof=0)
        covariance += 1e-6 * np.diag(np.diag(covariance))
        bands = x.shape[1]
        white_x = np.linalg.inv(np.linalg.cholesky(covariance[:bands, :bands]))
        white_y = np.linalg.inv(np.linalg.cholesky(covariance[bands:, bands:]))
        left, correlations, right = np.linalg.svd(white_x @ covariance[:bands, bands:] @ white_y.T)
        variates = x @ (left.T @ white_x).T - y @ (right @ white_y).T
        total = (variates**2 / (2 * (1 - correlations))).sum(axis=1)
        weight = np.maximum(stats.chi2.sf(total, bands), 1e-6)
    return total, correlations


@pytest.mark.parametrize("bands", [1, 3, 4, 8])
def test_fit_is_the_plain_iteration(bands: int) -> None:
    before, after, is_changed = dates(bands, bands=bands)
    model = fit_irmad(before, after)
    expected, correlations = plain_irmad(before, after, model.rounds)
    np.testing.assert_allclose(model.correlations, np.sort(correlations), rtol=1e-6)
    found = chi_square(model, before, after)
    unchanged = ~is_changed
    np.testing.assert_allclose(found[unchanged], expected[unchanged], rtol=1e-4, atol=1e-4)
    assert 1 < model.rounds < 30


def test_changes_stand_out_of_unchanged_ground() -> None:
    before, after, is_changed = dates(0)
    model = fit_irmad(before, after)
    found = chi_square(model, before, after)
    assert np.median(found[is_changed]) > 50 * np.median(found[~is_changed])
    # Weights that favour the likest pixels shrink the spread: unchanged ground lies below the textbook distribution.
    assert stats.chi2.median(4) * 0.8 < np.median(found[~is_changed]) < stats.chi2.median(4) * 4


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_linear_transforms_of_either_date_change_nothing(seed: int) -> None:
    rng = np.random.default_rng(seed)
    before, after, _ = dates(seed, pixels=1500, bands=3)
    mixing = [np.linalg.qr(rng.normal(size=(3, 3)))[0] @ np.diag(rng.uniform(0.5, 2, 3)) for _ in range(2)]
    other = before @ mixing[0] + rng.uniform(-10, 10, 3), after @ mixing[1] * 0.01
    plain, mixed = fit_irmad(before, after, tolerance=1e-9), fit_irmad(*other, tolerance=1e-9)
    np.testing.assert_allclose(mixed.correlations, plain.correlations, rtol=5e-3)
    np.testing.assert_allclose(chi_square(mixed, *other), chi_square(plain, before, after), rtol=0.05, atol=0.05)


@pytest.mark.parametrize("spoil", ["constant", "zero", "doubled"])
@pytest.mark.parametrize("both", [True, False])
def test_a_band_that_tells_nothing_does_no_harm(spoil: str, both: bool) -> None:
    before, after, is_changed = dates(3)
    for date in (before, after) if both else (after,):
        date[:, 2] = date[:, 1] if spoil == "doubled" else {"constant": 700.0, "zero": 0.0}[spoil]
    model = fit_irmad(before, after)
    found = chi_square(model, before, after)
    assert np.isfinite(found).all()
    assert np.median(found[is_changed]) > 20 * np.median(found[~is_changed])


def test_identical_dates_have_no_change() -> None:
    before, _, _ = dates(4)
    model = fit_irmad(before, before.copy())
    assert np.isfinite(model.a).all()
    assert chi_square(model, before, before).max() < 1


def test_a_scene_that_changed_everywhere_still_has_a_model() -> None:
    rng = np.random.default_rng(5)
    model = fit_irmad(rng.normal(size=(2000, 4)), rng.normal(size=(2000, 4)))
    for values in (model.a, model.b, model.c, model.correlations):
        assert np.isfinite(values).all()


def test_the_largest_weight_of_each_variate_is_positive() -> None:
    before, after, _ = dates(6)
    a = fit_irmad(before, after).a
    assert (a[np.arange(4), np.abs(a).argmax(axis=1)] > 0).all()


def test_threads_of_the_algebra_change_no_digit() -> None:
    before, after, _ = dates(7, pixels=20_001)
    models = []
    for threads in (1, 2, 3):
        with threadpool_limits(threads):
            models.append(fit_irmad(before, after))
    for model in models[1:]:
        for name in ("a", "b", "c", "correlations"):
            np.testing.assert_array_equal(getattr(model, name), getattr(models[0], name))


def test_too_few_pixels_are_refused() -> None:
    before, after, _ = dates(8)
    fit_irmad(before[:40], after[:40])
    with pytest.raises(NothingObserved, match="at least 40 pixels"):
        fit_irmad(before[:39], after[:39])
