"""Counts against hand-made masks and against a slow reference."""

from collections import deque
from dataclasses import astuple, fields

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from rs_governance.learn.scoring import HIT_SHARE, MIN_OBJECT_M2, Counts, compare, count_pair, pool, ratios

Mask = NDArray[np.bool_]


def mask(*rows: str) -> Mask:
    """Read rows of `#` (True) and `.` (False)."""
    return np.array([[letter == "#" for letter in row] for row in rows])


def everywhere(like: Mask) -> Mask:
    """Return a mask that is True everywhere."""
    return np.ones_like(like)


def make_counts(**given: int) -> Counts:
    """Return counts that are 0 but for those given."""
    return Counts(**{field.name: given.get(field.name, 0) for field in fields(Counts)})


def slow_counts(reference: Mask, found: Mask, valid: Mask, pixel_area_m2: float) -> Counts:
    """Count by visiting pixel after pixel."""

    def objects(one: Mask) -> list[set[tuple[int, int]]]:
        seen: set[tuple[int, int]] = set()
        groups = []
        for start in zip(*np.nonzero(one), strict=True):
            if start in seen:
                continue
            group, queue = {start}, deque([start])
            while queue:
                y, x = queue.popleft()
                for ny in range(max(y - 1, 0), min(y + 2, one.shape[0])):
                    for nx in range(max(x - 1, 0), min(x + 2, one.shape[1])):
                        if one[ny, nx] and (ny, nx) not in group:
                            group.add((ny, nx))
                            queue.append((ny, nx))
            seen |= group
            groups.append(group)
        return groups

    def judge(one: Mask, other: Mask) -> tuple[int, int, int, int]:
        large = large_hit = small = small_hit = 0
        for group in objects(one):
            scored = [pixel for pixel in group if valid[pixel]]
            if not scored:
                continue
            hit = 10 * sum(bool(other[pixel]) for pixel in scored) >= 3 * len(scored)
            if len(scored) * pixel_area_m2 >= MIN_OBJECT_M2:
                large, large_hit = large + 1, large_hit + hit
            else:
                small, small_hit = small + 1, small_hit + hit
        return large, large_hit, small, small_hit

    pixels = [(bool(r), bool(f)) for r, f, v in zip(reference.flat, found.flat, valid.flat, strict=True) if v]
    from_reference, from_found = judge(reference, found), judge(found, reference)
    return Counts(
        true_positive=pixels.count((True, True)),
        false_positive=pixels.count((False, True)),
        false_negative=pixels.count((True, False)),
        true_negative=pixels.count((False, False)),
        reference_objects=from_reference[0],
        reference_hit=from_reference[1],
        found_objects=from_found[0],
        found_right=from_found[1],
        small_reference_objects=from_reference[2],
        small_reference_hit=from_reference[3],
        small_found_objects=from_found[2],
        small_found_right=from_found[3],
    )


SHAPES = hnp.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=9)


@given(st.data(), SHAPES, st.sampled_from([1.0, 6.25, 12.5, 25.0]))
def test_counts_equal_the_slow_reference(data: st.DataObject, shape: tuple[int, ...], pixel_area_m2: float) -> None:
    reference, found, valid = (data.draw(hnp.arrays(bool, shape)) for _ in range(3))
    counts = count_pair(reference, found, valid, pixel_area_m2=pixel_area_m2)
    assert counts == slow_counts(reference, found, valid, pixel_area_m2)


@given(st.data(), SHAPES)
def test_swapping_the_masks_swaps_the_sides(data: st.DataObject, shape: tuple[int, ...]) -> None:
    reference, found, valid = (data.draw(hnp.arrays(bool, shape)) for _ in range(3))
    forth = ratios(count_pair(reference, found, valid, pixel_area_m2=9.0))
    back = ratios(count_pair(found, reference, valid, pixel_area_m2=9.0))
    assert (forth["precision"], forth["object_precision"]) == (back["recall"], back["object_recall"])
    for symmetric in ("f1", "iou", "object_f1"):
        assert forth[symmetric] == back[symmetric]


@given(st.data(), SHAPES)
def test_what_lies_under_invalid_pixels_does_not_matter(data: st.DataObject, shape: tuple[int, ...]) -> None:
    reference, found, valid, noise = (data.draw(hnp.arrays(bool, shape)) for _ in range(4))
    counts = count_pair(reference, found, valid, pixel_area_m2=100.0)
    pixel_part = astuple(counts)[:4]
    assert astuple(count_pair(reference, found ^ (noise & ~valid), valid, pixel_area_m2=100.0))[:4] == pixel_part
    assert sum(pixel_part) == np.count_nonzero(valid)


def test_an_object_is_hit_from_exactly_thirty_percent() -> None:
    reference = mask("##########")
    three, two = mask("###......."), mask("##........")
    valid = everywhere(reference)
    assert count_pair(reference, three, valid, pixel_area_m2=25.0).reference_hit == 1
    assert count_pair(reference, two, valid, pixel_area_m2=25.0).reference_hit == 0
    # The found object lies on the reference as a whole, so it is right either way.
    assert count_pair(reference, two, valid, pixel_area_m2=25.0).found_right == 1


def test_the_share_is_not_lost_to_rounding() -> None:
    tens = np.arange(10, 1_000_000, 10)
    assert np.all(3 * tens // 10 >= HIT_SHARE * tens)


def test_objects_join_over_corners() -> None:
    reference = mask("#..", ".#.", "..#")
    counts = count_pair(reference, reference, everywhere(reference), pixel_area_m2=25.0)
    assert (counts.reference_objects, counts.found_objects) == (1, 1)


def test_small_objects_are_counted_apart_and_still_cover() -> None:
    reference = mask("##########", "..........", "#.........")
    found = mask("#.#.#.....", "..........", "#.........")
    counts = count_pair(reference, found, everywhere(reference), pixel_area_m2=2.5)
    assert (counts.reference_objects, counts.reference_hit) == (1, 1)
    assert (counts.small_reference_objects, counts.small_reference_hit) == (1, 1)
    assert (counts.found_objects, counts.found_right) == (0, 0)
    assert (counts.small_found_objects, counts.small_found_right) == (4, 4)


def test_an_object_of_exactly_the_minimum_area_counts() -> None:
    one = np.zeros((20, 20), dtype=bool)
    one[:10, :10] = True
    assert count_pair(one, one, everywhere(one), pixel_area_m2=0.25).reference_objects == 1
    one[0, 0] = False
    counts = count_pair(one, one, everywhere(one), pixel_area_m2=0.25)
    assert (counts.reference_objects, counts.small_reference_objects) == (0, 1)


def test_a_cloud_hides_part_of_an_object_without_splitting_it() -> None:
    reference = mask("###..###", "########")[:1] | mask("########")
    valid = mask("##....##")
    found = mask("##......")
    counts = count_pair(reference, found, valid, pixel_area_m2=25.0)
    assert (counts.reference_objects, counts.reference_hit) == (1, 1)
    assert (counts.true_positive, counts.false_negative) == (2, 2)


def test_an_object_that_nobody_could_see_does_not_count() -> None:
    reference = mask("##......")
    valid = mask("..######")
    counts = count_pair(reference, ~everywhere(reference), valid, pixel_area_m2=100.0)
    assert (counts.reference_objects, counts.small_reference_objects, counts.false_negative) == (0, 0, 0)


def test_ratios_by_hand() -> None:
    counts = make_counts(
        true_positive=6, false_positive=2, false_negative=4, reference_objects=5, reference_hit=4, found_objects=8,
        found_right=2,
    )  # fmt: skip
    values = ratios(counts)
    assert values["precision"] == 0.75
    assert values["recall"] == 0.6
    assert values["f1"] == pytest.approx(12 / 18, abs=1e-6)
    assert values["iou"] == 0.5
    assert values["object_precision"] == 0.25
    assert values["object_recall"] == 0.8
    assert values["object_f1"] == pytest.approx(2 * 0.25 * 0.8 / 1.05, abs=1e-6)


def test_ratios_over_nothing_are_undefined_and_missing_everything_is_zero() -> None:
    assert set(ratios(make_counts(true_negative=9)).values()) == {None}
    missed = ratios(make_counts(false_negative=5, reference_objects=2))
    assert (missed["precision"], missed["recall"], missed["f1"]) == (None, 0.0, 0.0)
    assert (missed["object_precision"], missed["object_recall"], missed["object_f1"]) == (None, 0.0, 0.0)


def test_pooling_adds_counts_before_dividing() -> None:
    large = make_counts(true_positive=90, false_positive=10)
    small = make_counts(true_positive=0, false_positive=1)
    scores = pool([large, small], rng=np.random.default_rng(0))
    assert scores.counts.true_positive == 90
    assert scores.precision.value == pytest.approx(90 / 101, abs=1e-6)


def test_the_interval_is_the_percentile_bootstrap_over_pairs() -> None:
    rng = np.random.default_rng(7)
    hits = rng.integers(0, 40, size=12)
    counts = [make_counts(true_positive=int(hit), false_positive=40 - int(hit)) for hit in hits]
    scores = pool(counts, rng=np.random.default_rng(3))

    draws = np.random.default_rng(3).multinomial(12, np.full(12, 1 / 12), size=1000)
    resampled = [sum(n * hit for n, hit in zip(draw, hits, strict=True)) / (12 * 40) for draw in draws]
    low, high = np.percentile(resampled, [2.5, 97.5])
    assert scores.precision.low == pytest.approx(low, abs=1e-6)
    assert scores.precision.high == pytest.approx(high, abs=1e-6)
    assert low < sum(hits) / (12 * 40) < high


def test_the_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    rng = np.random.default_rng(11)
    covered = 0
    for _ in range(100):
        hits = rng.binomial(50, rng.beta(6, 4, size=60))
        counts = [make_counts(true_positive=int(hit), false_positive=50 - int(hit)) for hit in hits]
        precision = pool(counts, rng=rng).precision
        assert precision.low is not None
        assert precision.high is not None
        covered += precision.low <= 0.6 <= precision.high
    assert 88 <= covered <= 100


def test_equal_generators_give_equal_intervals() -> None:
    counts = [make_counts(true_positive=i, false_negative=9 - i) for i in range(10)]
    assert pool(counts, rng=np.random.default_rng(5)) == pool(counts, rng=np.random.default_rng(5))


def test_one_pair_has_no_interval() -> None:
    recall = pool([make_counts(true_positive=1, false_negative=1)], rng=np.random.default_rng(0)).recall
    assert (recall.value, recall.low, recall.high) == (0.5, None, None)


def test_wrong_arguments_are_refused() -> None:
    one = np.zeros((2, 2), dtype=bool)
    with pytest.raises(ValueError, match="one shape"):
        count_pair(one, one[:1], one, pixel_area_m2=1.0)
    with pytest.raises(ValueError, match="positive"):
        count_pair(one, one, one, pixel_area_m2=0.0)
    with pytest.raises(ValueError, match="at least one pair"):
        pool([], rng=np.random.default_rng(0))
    with pytest.raises(ValueError, match="same pairs"):
        compare([make_counts()], [], rng=np.random.default_rng(0))


def test_differences_are_paired() -> None:
    # Pairs differ far more from each other than the detectors do: apart, the intervals overlap; paired, they do not.
    rng = np.random.default_rng(2)
    hits = rng.integers(5, 90, size=40)
    own, other = (
        [make_counts(true_positive=int(hit) + more, false_positive=100 - int(hit) - more) for hit in hits]
        for more in (4, 0)
    )
    apart = [pool(counts, rng=np.random.default_rng(3)).precision for counts in (own, other)]
    assert apart[0].low is not None
    assert apart[1].high is not None
    assert apart[0].low < apart[1].high
    lead = compare(own, other, rng=np.random.default_rng(3))["precision"]
    assert lead.value == lead.low == lead.high == pytest.approx(0.04)
    back = compare(other, own, rng=np.random.default_rng(3))["precision"]
    assert back.value == pytest.approx(-0.04)


def test_one_pair_has_a_difference_without_interval() -> None:
    own, other = make_counts(true_positive=3, false_positive=1), make_counts(true_positive=1, false_positive=3)
    lead = compare([own], [other], rng=np.random.default_rng(0))["precision"]
    assert (lead.value, lead.low, lead.high) == (0.5, None, None)
