"""The peers find what is plainly there, and only in pixels that are valid."""

from dataclasses import dataclass

import numpy as np
import pytest
from affine import Affine
from numpy.typing import NDArray

from rs_governance.learn.peers import PEERS, change_vector, chi_square, cva_otsu, cva_otsu_clean, irmad
from rs_governance.scenes import PairBlock, PixelGrid, Window

SIDE = 64


@dataclass
class PlainPair:
    """What a peer needs of an aligned pair, in memory."""

    before: NDArray[np.uint16]
    after: NDArray[np.uint16]
    valid: NDArray[np.bool_]

    @property
    def grid(self) -> PixelGrid:
        """Grid of 1 m pixels without a CRS."""
        height, width = self.valid.shape
        return PixelGrid(crs=None, transform=Affine.scale(1.0, -1.0), height=height, width=width)

    def read(self, window: Window) -> PairBlock:
        """Read the whole image."""
        assert (window.row, window.col, window.height, window.width) == (0, 0, *self.valid.shape)
        return PairBlock(window=window, before=self.before, after=self.after, valid=self.valid)


@pytest.fixture
def truth() -> NDArray[np.bool_]:
    """Two changed places: 100 m2 and 4 m2."""
    changed = np.zeros((SIDE, SIDE), dtype=bool)
    changed[10:20, 30:40] = True
    changed[50:52, 5:7] = True
    return changed


@pytest.fixture
def pair(truth: NDArray[np.bool_]) -> PlainPair:
    """Three correlated bands; the after date has another gain and offset, and the changes."""
    rng = np.random.default_rng(1)
    common = rng.normal(size=(SIDE, SIDE))
    ground = np.stack([2000 + 300 * common + 60 * rng.normal(size=(SIDE, SIDE)) for _ in range(3)])
    later = 1.3 * ground + 200 + 15 * rng.normal(size=ground.shape)
    later[:, truth] += np.array([[2500.0], [-1500.0], [2000.0]])
    valid = np.ones((SIDE, SIDE), dtype=bool)
    return PlainPair(before=ground.astype(np.uint16), after=later.astype(np.uint16), valid=valid)


@pytest.mark.parametrize("name", ["cva_otsu", "irmad"])
def test_a_plain_change_is_found(name: str, pair: PlainPair, truth: NDArray[np.bool_]) -> None:
    detection = PEERS[name](pair)  # type: ignore[arg-type]
    assert detection.mask[truth].all()
    assert np.count_nonzero(detection.mask & ~truth) <= 2
    assert detection.score.dtype == np.float32
    assert detection.score.min() >= 0.0
    assert detection.score.max() <= 1.0
    np.testing.assert_array_equal(detection.score > 0.5, detection.mask)


def test_the_clean_variant_only_drops_small_objects(pair: PlainPair, truth: NDArray[np.bool_]) -> None:
    clean = cva_otsu_clean(pair)  # type: ignore[arg-type]
    expected = truth.copy()
    expected[50:52, 5:7] = False
    np.testing.assert_array_equal(clean.mask, expected)
    np.testing.assert_array_equal(clean.score, cva_otsu(pair).score)  # type: ignore[arg-type]


@pytest.mark.parametrize("detect", PEERS.values(), ids=PEERS.keys())
def test_invalid_pixels_are_neither_marked_nor_counted(
    detect: object, pair: PlainPair, truth: NDArray[np.bool_]
) -> None:
    assert callable(detect)
    pair.valid[:, 48:] = False
    without = detect(pair)
    pair.after[:, :, 48:] = 65535
    with_glare = detect(pair)
    assert not with_glare.mask[:, 48:].any()
    np.testing.assert_array_equal(with_glare.mask, without.mask)
    np.testing.assert_array_equal(with_glare.score, without.score)
    assert with_glare.mask[10:20, 30:40].all()


@pytest.mark.parametrize("detect", PEERS.values(), ids=PEERS.keys())
def test_nothing_to_compare_finds_nothing(detect: object, pair: PlainPair) -> None:
    assert callable(detect)
    for empty in (
        PlainPair(before=pair.before, after=pair.after, valid=np.zeros_like(pair.valid)),
        PlainPair(before=pair.before, after=pair.before, valid=pair.valid),
        PlainPair(before=np.full_like(pair.before, 7), after=np.full_like(pair.after, 9), valid=pair.valid),
    ):
        assert not detect(empty).mask.any()


def test_the_change_vector_ignores_gain_and_offset() -> None:
    bands = np.random.default_rng(2).normal(size=(4, 500))
    np.testing.assert_allclose(change_vector(bands, 3.0 * bands + 5.0), 0.0, atol=1e-12)


def test_chi_square_is_invariant_under_affine_maps_of_the_bands() -> None:
    rng = np.random.default_rng(3)
    before = rng.normal(size=(3, 4000))
    after = 0.8 * before + 0.4 * rng.normal(size=before.shape)
    after[:, :200] += 4.0
    mixing = np.array([[1.0, 0.3, 0.0], [0.2, 2.0, 0.1], [0.0, -0.4, 0.7]])
    plain = chi_square(before, after)
    mixed = chi_square(mixing @ before + 10.0, mixing.T @ after - 3.0)
    np.testing.assert_allclose(mixed, plain, rtol=2e-3)


def test_chi_square_sets_changed_pixels_apart() -> None:
    rng = np.random.default_rng(4)
    before = rng.normal(size=(4, 40_000))
    after = before + 0.3 * rng.normal(size=before.shape)
    after[:, :2000] += rng.normal(scale=6.0, size=(4, 2000))
    statistic = chi_square(before, after)
    assert np.percentile(statistic[:2000], 10) > np.percentile(statistic[2000:], 90)


def test_a_grey_image_saved_as_colour_does_not_break_irmad(pair: PlainPair, truth: NDArray[np.bool_]) -> None:
    grey = PlainPair(
        before=np.repeat(pair.before[:1], 3, axis=0), after=np.repeat(pair.after[:1], 3, axis=0), valid=pair.valid
    )
    found = irmad(grey).mask  # type: ignore[arg-type]
    assert found[truth].mean() > 0.9
    assert found[~truth].mean() < 0.05


def test_cva_matches_a_pixel_by_pixel_computation(pair: PlainPair) -> None:
    before, after = pair.before.reshape(3, -1).astype(float), pair.after.reshape(3, -1).astype(float)
    expected = np.zeros(before.shape[1])
    for x in range(expected.size):
        total = 0.0
        for b in range(3):
            z_before = (before[b, x] - before[b].mean()) / before[b].std()
            z_after = (after[b, x] - after[b].mean()) / after[b].std()
            total += (z_after - z_before) ** 2
        expected[x] = total**0.5
    np.testing.assert_allclose(change_vector(before, after), expected, rtol=1e-9)
    order = np.argsort(expected)
    assert np.all(np.diff(cva_otsu(pair).score.ravel()[order]) >= -1e-6)  # type: ignore[arg-type]
