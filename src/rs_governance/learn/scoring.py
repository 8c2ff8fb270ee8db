"""Agreement between a found change mask and a reference mask, by pixel and by object.

Counts are taken pair by pair and pooled by addition; every ratio is then formed once from the
pooled counts, so a large tile weighs what it covers. The interval is a percentile bootstrap over
pairs: pixels of one tile are no independent draws, tiles nearly are.
"""

from collections.abc import Sequence
from dataclasses import astuple, dataclass, fields

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

HIT_SHARE = 0.30
"""Share of an object's area that must be covered by the other mask."""

MIN_OBJECT_M2 = 25.0
"""Objects below this area are counted apart: no one would be sent out for them."""

RESAMPLES = 1000
"""Bootstrap resamples."""

METRICS = ("precision", "recall", "f1", "iou", "object_precision", "object_recall", "object_f1")

_EIGHT = np.ones((3, 3), dtype=bool)


@dataclass(frozen=True, kw_only=True)
class Counts:
    """Raw counts of one pair, or of several added up."""

    true_positive: int
    """Scored pixels that are changed in both masks."""
    false_positive: int
    """Scored pixels found changed, unchanged in the reference."""
    false_negative: int
    """Scored pixels changed in the reference and not found."""
    true_negative: int
    """Scored pixels unchanged in both masks."""
    reference_objects: int
    """Reference objects of at least the minimum area."""
    reference_hit: int
    """Those of them that were hit."""
    found_objects: int
    """Found objects of at least the minimum area."""
    found_right: int
    """Those of them that were right."""
    small_reference_objects: int
    """Reference objects below the minimum area."""
    small_reference_hit: int
    """Those of them that were hit."""
    small_found_objects: int
    """Found objects below the minimum area."""
    small_found_right: int
    """Those of them that were right."""


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A pooled ratio with its bootstrap interval; None where it is not defined."""

    value: float | None
    """The ratio over all pairs."""
    low: float | None
    """Lower end of the 95 % interval; None with fewer than two pairs."""
    high: float | None
    """Upper end of the 95 % interval; None with fewer than two pairs."""


@dataclass(frozen=True, kw_only=True)
class Scores:
    """Pooled agreement of a detector with a dataset."""

    counts: Counts
    """Counts added over all pairs."""
    precision: Estimate
    """Share of found pixels that are changed."""
    recall: Estimate
    """Share of changed pixels that were found."""
    f1: Estimate
    """Harmonic mean of pixel precision and recall."""
    iou: Estimate
    """Changed in both over changed in either."""
    object_precision: Estimate
    """Share of found objects that are right."""
    object_recall: Estimate
    """Share of reference objects that were hit."""
    object_f1: Estimate
    """Harmonic mean of object precision and recall."""


def count_pair(
    reference: NDArray[np.bool_],
    found: NDArray[np.bool_],
    valid: NDArray[np.bool_],
    *,
    pixel_area_m2: float,
) -> Counts:
    """Compare one found mask with its reference.

    Objects are 8-connected. One is hit (right) when at least `HIT_SHARE` of its scored area lies on
    the other mask; objects below `MIN_OBJECT_M2` of scored area are counted apart, though both
    sizes count as cover for the other mask. A cloud across an object hides a part of it and does
    not split it; an object with no scored pixel does not count.

    Parameters
    ----------
    reference, found
        (y, x) masks, True = changed.
    valid
        (y, x) mask, True = scored. All other pixels are left out of every figure.
    pixel_area_m2
        Ground area of one pixel.

    Returns
    -------
    Counts
        The raw counts.

    Raises
    ------
    ValueError
        If the shapes differ or the pixel area is not positive.

    Examples
    --------
    >>> reference = np.array([[True, True, False, False]])
    >>> found = np.array([[True, False, False, True]])
    >>> counts = count_pair(reference, found, np.ones((1, 4), dtype=bool), pixel_area_m2=100.0)
    >>> counts.true_positive, counts.false_positive, counts.false_negative, counts.true_negative
    (1, 1, 1, 1)
    >>> counts.reference_hit, counts.found_objects, counts.found_right
    (1, 2, 1)
    """
    if not reference.shape == found.shape == valid.shape:
        raise ValueError(
            f"reference, found and valid must have one shape, got {reference.shape}, {found.shape}, {valid.shape}"
        )
    if not pixel_area_m2 > 0:
        raise ValueError(f"pixel_area_m2 must be positive, got {pixel_area_m2}")
    both = int(np.count_nonzero(reference & found & valid))
    changed = int(np.count_nonzero(reference & valid))
    marked = int(np.count_nonzero(found & valid))
    scored = int(np.count_nonzero(valid))
    reference_counts = _count_objects(reference, found, valid, pixel_area_m2)
    found_counts = _count_objects(found, reference, valid, pixel_area_m2)
    return Counts(
        true_positive=both,
        false_positive=marked - both,
        false_negative=changed - both,
        true_negative=scored - changed - marked + both,
        reference_objects=reference_counts[0],
        reference_hit=reference_counts[1],
        found_objects=found_counts[0],
        found_right=found_counts[1],
        small_reference_objects=reference_counts[2],
        small_reference_hit=reference_counts[3],
        small_found_objects=found_counts[2],
        small_found_right=found_counts[3],
    )


def pool(counts: Sequence[Counts], *, rng: np.random.Generator, resamples: int = RESAMPLES) -> Scores:
    """Add the counts of all pairs and form the ratios with their 95 % intervals.

    Parameters
    ----------
    counts
        One entry a pair.
    rng
        Source of the resamples; hand in an equal one for each detector, so that all are judged on
        the same resamples.
    resamples
        Number of bootstrap resamples.

    Returns
    -------
    Scores
        Pooled ratios. A ratio over nothing is None, and so is an interval over fewer than two pairs.

    Raises
    ------
    ValueError
        If there is no pair.

    References
    ----------
    Efron, B., Tibshirani, R. (1993). An Introduction to the Bootstrap, chapter 13 (percentile interval).
    """
    if not counts:
        raise ValueError("expected the counts of at least one pair, got none")
    table = np.array([astuple(one) for one in counts], dtype=np.int64)
    pairs = len(counts)
    draws = rng.multinomial(pairs, np.full(pairs, 1.0 / pairs), size=resamples)
    total = table.sum(axis=0, keepdims=True)
    values, resampled = _ratios(total), _ratios(draws @ table)
    names = [field.name for field in fields(Counts)]
    return Scores(
        counts=Counts(**dict(zip(names, total[0].tolist(), strict=True))),
        **{name: _estimate(float(values[name][0]), resampled[name], pairs) for name in METRICS},
    )


def compare(
    own: Sequence[Counts], other: Sequence[Counts], *, rng: np.random.Generator, resamples: int = RESAMPLES
) -> dict[str, Estimate]:
    """Form the differences of pooled ratios between two detectors, with their 95 % intervals.

    Both are drawn with the same pairs. What makes a pair hard makes it hard for both, so that their difference is
    known far better than two intervals side by side tell: it is clear where its interval does not hold 0.

    Parameters
    ----------
    own, other
        One entry a pair, of the same pairs in the same order.
    rng
        Source of the resamples.
    resamples
        Number of bootstrap resamples.

    Returns
    -------
    dict
        `own` less `other` for each name in `METRICS`.

    Raises
    ------
    ValueError
        If there is no pair or they are not equally many.

    References
    ----------
    Efron, B., Tibshirani, R. (1993). An Introduction to the Bootstrap, chapter 13 (percentile interval).
    """
    if not own or len(own) != len(other):
        raise ValueError(f"expected the counts of the same pairs, at least one, got {len(own)} and {len(other)}")
    tables = [np.array([astuple(one) for one in counts], dtype=np.int64) for counts in (own, other)]
    pairs = len(own)
    draws = rng.multinomial(pairs, np.full(pairs, 1.0 / pairs), size=resamples)
    (value, resampled), (value_other, resampled_other) = (
        (_ratios(table.sum(axis=0, keepdims=True)), _ratios(draws @ table)) for table in tables
    )
    return {
        name: _estimate(float(value[name][0] - value_other[name][0]), resampled[name] - resampled_other[name], pairs)
        for name in METRICS
    }


def ratios(counts: Counts) -> dict[str, float | None]:
    """Form the ratios of one pair, None where one is not defined.

    Parameters
    ----------
    counts
        Counts of a pair, or pooled ones.

    Returns
    -------
    dict
        A value in 0..1, or None, for each name in `METRICS`.
    """
    values = _ratios(np.array([astuple(counts)], dtype=np.int64))
    return {name: _defined(float(values[name][0])) for name in METRICS}


def _count_objects(
    objects: NDArray[np.bool_], cover: NDArray[np.bool_], valid: NDArray[np.bool_], pixel_area_m2: float
) -> tuple[int, int, int, int]:
    """Return (large, large covered, small, small covered) objects."""
    labels, number = ndimage.label(objects, structure=_EIGHT)
    pixels = np.bincount(labels[valid], minlength=number + 1)[1:]
    covered = np.bincount(labels[valid & cover], minlength=number + 1)[1:]
    present = pixels > 0
    hit = present & (covered >= HIT_SHARE * pixels)
    large = present & (pixels * pixel_area_m2 >= MIN_OBJECT_M2)
    small = present & ~large
    return (
        int(np.count_nonzero(large)),
        int(np.count_nonzero(hit & large)),
        int(np.count_nonzero(small)),
        int(np.count_nonzero(hit & small)),
    )


def _ratios(table: NDArray[np.int64]) -> dict[str, NDArray[np.float64]]:
    """Form the ratios of each row of counts; NaN where one is over nothing."""
    column = {field.name: table[:, i].astype(np.float64) for i, field in enumerate(fields(Counts))}
    tp, fp, fn = column["true_positive"], column["false_positive"], column["false_negative"]
    hit, reference = column["reference_hit"], column["reference_objects"]
    right, found = column["found_right"], column["found_objects"]
    return {
        "precision": _share(tp, tp + fp),
        "recall": _share(tp, tp + fn),
        "f1": _share(2 * tp, 2 * tp + fp + fn),
        "iou": _share(tp, tp + fp + fn),
        "object_precision": _share(right, found),
        "object_recall": _share(hit, reference),
        # 2PR / (P + R) over a common denominator: 0, not undefined, when one side is empty.
        "object_f1": np.where(
            right * hit > 0,
            _share(2 * right * hit, right * reference + hit * found),
            _share(0 * found, found + reference),
        ),
    }


def _share(part: NDArray[np.float64], whole: NDArray[np.float64]) -> NDArray[np.float64]:
    share: NDArray[np.float64] = np.divide(part, whole, out=np.full(whole.shape, np.nan), where=whole > 0)
    return share


def _estimate(value: float, resampled: NDArray[np.float64], pairs: int) -> Estimate:
    defined = resampled[np.isfinite(resampled)]
    if pairs < 2 or defined.size == 0:
        return Estimate(value=_defined(value), low=None, high=None)
    low, high = np.percentile(defined, [2.5, 97.5])
    return Estimate(value=_defined(value), low=_defined(float(low)), high=_defined(float(high)))


def _defined(value: float) -> float | None:
    """Round to six places: the last digits of a float say nothing, and differ between BLAS builds."""
    return round(value, 6) if np.isfinite(value) else None
