"""Objects gathered block by block are those of the whole, and those that the rule names."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import ndimage

from rs_governance.detect import NOT_OBSERVED, ScoredBlock, SpectralModel, SpectralParameters
from rs_governance.detect.change import Standard
from rs_governance.detect.irmad import MadModel
from rs_governance.detect.objects import ChangeObjects, ObjectCollector
from rs_governance.scenes import PixelGrid, Window

BANDS = 3
PARAMETERS = SpectralParameters(
    weak=0.9, strong=1.1, peak=1.4, firm=1.15, full=2.5, smallest_m2=6, sprawl_m2=60, sprawl_fill=0.45, sprawl_firm=0.8
)
WEAK, STRONG, FIRM, PEAK = 90, 110, 115, 140  # the same as stored scores
EIGHT = np.ones((3, 3))


@dataclass(frozen=True, kw_only=True)
class Scene:
    """A whole scene's worth of what the detector says of blocks."""

    score: NDArray[np.uint8]
    before: NDArray[Any]
    after: NDArray[Any]

    def blocks(self, side: int) -> Iterator[ScoredBlock]:
        height, width = self.score.shape
        weak, firm = (np.pad(self.mask(level), 1) for level in (WEAK, FIRM))
        steps = np.arange(self.score.size).reshape(self.score.shape)
        grid = PixelGrid(crs=None, transform=Affine.identity(), height=height, width=width)
        for window in grid.windows(side):
            ringed = slice(window.row, window.row + window.height + 2), slice(window.col, window.col + window.width + 2)
            yield ScoredBlock(
                window=window,
                before=self.before[:, *window.slices],
                after=self.after[:, *window.slices],
                valid=self.score[window.slices] != NOT_OBSERVED,
                score=self.score[window.slices],
                observed=(steps % 201).astype(np.uint8)[window.slices],
                mad=(steps % 5000).astype(np.uint16)[window.slices],
                weak=weak[ringed],
                firm=firm[ringed],
            )

    def mask(self, level: int) -> NDArray[np.bool_]:
        return (self.score >= level) & (self.score != NOT_OBSERVED)


def scene_of(score: NDArray[Any], *, seed: int = 0, dtype: str = "uint16") -> Scene:
    rng = np.random.default_rng(seed)
    before, after = rng.uniform(1, 1000, (2, BANDS, *score.shape)).astype(dtype)
    return Scene(score=score.astype(np.uint8), before=before, after=after)


def random_scene(seed: int, height: int, width: int, *, dtype: str = "uint16") -> Scene:
    rng = np.random.default_rng(seed)
    smooth = ndimage.gaussian_filter(rng.normal(size=(height, width)), rng.uniform(0.5, 3))
    score = np.clip(80 + 60 * smooth / max(smooth.std(), 1e-9), 0, 250)
    score[rng.random(score.shape) < 0.01] = NOT_OBSERVED
    return scene_of(score, seed=seed, dtype=dtype)


def model_of(parameters: SpectralParameters = PARAMETERS, *, pixel_m2: float = 1.0) -> SpectralModel:
    ones, eye = np.ones(BANDS), np.eye(BANDS)
    return SpectralModel(
        parameters=parameters,
        bands=tuple(range(BANDS)),
        roles=("red", "green", "blue"),
        standard=Standard(gain=ones, offset=ones, weight=ones / 300, here_px=1, around_px=2, tolerance_px=1),
        mad=MadModel(a=eye, b=eye, c=ones, correlations=ones * 0.5, typical=1.0, rounds=1),
        level=1.0,
        pixel_m2=pixel_m2,
        brightness=(500.0, 500.0),
    )


def collect(
    scene: Scene, side: int, *, model: SpectralModel | None = None, order: int = 0
) -> tuple[ChangeObjects, NDArray[np.int32]]:
    """Return the objects and the entry of every pixel; `order` shuffles the blocks."""
    collector = ObjectCollector(model or model_of(), scene.before.dtype)
    blocks = list(scene.blocks(side))
    if order:
        np.random.default_rng(order).shuffle(blocks)
    labels = {block.window: collector.add(block) for block in blocks}
    objects, entries = collector.finish()
    painted = np.zeros(scene.score.shape, np.int32)
    for window, label in labels.items():
        painted[window.slices] = entries[window.row, window.col].paint(label)
    return objects, painted


def ruled(scene: Scene, parameters: SpectralParameters = PARAMETERS, pixel_m2: float = 1.0) -> NDArray[np.int32]:
    """Apply the rule to the whole scene, object by object."""

    def objects(level: int) -> list[NDArray[np.bool_]]:
        labels, count = ndimage.label(scene.mask(level), EIGHT)
        return [labels == number for number in range(1, count + 1)]

    def is_kept(mask: NDArray[np.bool_]) -> bool:
        scores = scene.score[mask].astype(float)
        return bool(
            mask.sum() * pixel_m2 >= parameters.smallest_m2 and scores.mean() >= STRONG and scores.max() >= PEAK
        )

    kept = []
    firm = [part for part in objects(FIRM) if is_kept(part)]
    for whole in filter(is_kept, objects(WEAK)):
        parts = [part for part in firm if (part & whole).any()]
        rows, cols = np.nonzero(whole)
        box = (np.ptp(rows) + 1) * (np.ptp(cols) + 1)
        sprawls = whole.sum() * pixel_m2 > parameters.sprawl_m2 and whole.sum() < parameters.sprawl_fill * box
        firm_pixels = sum(int(part.sum()) for part in parts)
        if sprawls and 0 < firm_pixels < parameters.sprawl_firm * whole.sum():
            kept += parts
        else:
            kept.append(whole)
    painted = np.zeros(scene.score.shape, np.int32)
    for entry, mask in enumerate(sorted(kept, key=lambda mask: int(mask.ravel().argmax())), start=1):
        painted[mask] = entry
    return painted


def assert_same(one: ChangeObjects, other: ChangeObjects) -> None:
    for name in ("pixels", "score", "score_max", "mad", "observed_share", "before", "after"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name), err_msg=name)
    for name in ("coordinates", "ring_offsets", "object_offsets", "ids"):
        np.testing.assert_array_equal(getattr(one.rings, name), getattr(other.rings, name), err_msg=name)


seeds = st.integers(0, 2**32 - 1)


@settings(max_examples=40, deadline=None)
@given(seeds, st.integers(1, 50), st.integers(1, 60))
def test_objects_are_those_that_the_rule_names(seed: int, height: int, width: int) -> None:
    scene = random_scene(seed, height, width)
    objects, painted = collect(scene, 64)
    np.testing.assert_array_equal(painted, ruled(scene))
    entries = range(1, painted.max() + 1)
    np.testing.assert_array_equal(objects.pixels, [(painted == entry).sum() for entry in entries])
    np.testing.assert_allclose(objects.score, [scene.score[painted == entry].mean() / 250 for entry in entries])
    np.testing.assert_allclose(objects.score_max, [scene.score[painted == entry].max() / 250 for entry in entries])
    for found, image in ((objects.before, scene.before), (objects.after, scene.after)):
        assert found.shape == (BANDS, len(entries))
        for entry in entries:
            np.testing.assert_allclose(found[:, entry - 1], image[:, painted == entry].mean(axis=1))


@settings(max_examples=40, deadline=None)
@given(seeds, st.integers(1, 50), st.integers(1, 60), st.integers(3, 40), st.sampled_from(["uint16", "float32"]))
def test_blocks_are_the_whole_in_any_order(seed: int, height: int, width: int, side: int, dtype: str) -> None:
    scene = random_scene(seed, height, width, dtype=dtype)
    whole, painted_whole = collect(scene, 64)
    parts, painted_parts = collect(scene, side, order=seed % 1000)
    np.testing.assert_array_equal(painted_parts, painted_whole)
    assert_same(parts, whole)


def plain(height: int = 30, width: int = 30) -> NDArray[np.int64]:
    return np.zeros((height, width), np.int64)


@pytest.mark.parametrize(
    ("weak", "peak", "found"),
    [
        (109, PEAK, 0),  # a single peak does not lift the mean
        (120, PEAK - 1, 0),  # strong, but without a peak
        (120, PEAK, 1),
        (STRONG, PEAK, 1),
    ],
)
def test_an_object_needs_a_strong_mean_and_a_peak(weak: int, peak: int, found: int) -> None:
    score = plain()
    score[5:15, 5:15] = weak
    score[10, 10] = peak
    assert len(collect(scene_of(score), 8)[0].pixels) == found


def test_weak_pixels_that_touch_belong_to_the_object_and_others_do_not() -> None:
    score = plain()
    score[5:10, 5:10] = 200
    score[10, 10] = WEAK  # by a corner
    score[11, 12] = WEAK  # a gap of one
    objects, painted = collect(scene_of(score), 64)
    assert objects.pixels.tolist() == [26]
    assert painted[10, 10] == 1
    assert painted[11, 12] == 0


@pytest.mark.parametrize(("pixel_m2", "found"), [(1.0, 1), (0.25, 0)])
def test_size_is_measured_on_the_ground(pixel_m2: float, found: int) -> None:
    score = plain()
    score[3:7, 3:7] = 200  # 16 pixels: 16 m² or 4 m², where 6 are needed
    assert len(collect(scene_of(score), 64, model=model_of(pixel_m2=pixel_m2))[0].pixels) == found


def test_not_observed_pixels_divide_objects() -> None:
    score = plain()
    score[5:10, 2:20] = 200
    score[:, 10] = NOT_OBSERVED
    assert collect(scene_of(score), 64)[0].pixels.tolist() == [40, 45]


def sprawling() -> NDArray[np.int64]:
    """Three firm yards on a weak path, wide of the rectangle around them."""
    score = plain(60, 60)
    score[10, 5:55] = 112
    score[10:50, 54] = 112
    for row, col in ((8, 5), (8, 30), (40, 50)):
        score[row : row + 6, col : col + 6] = 200
    return score


def test_what_sprawls_is_taken_apart_into_firm_parts() -> None:
    for side in (7, 64):
        objects, painted = collect(scene_of(sprawling()), side)
        assert objects.pixels.tolist() == [36, 36, 36]
        assert painted[10, 20] == 0
        assert [painted[row + 3, col + 3] for row, col in ((8, 5), (8, 30), (40, 50))] == [1, 2, 3]


@pytest.mark.parametrize(
    "change", [{"sprawl_m2": 500.0}, {"sprawl_fill": 0.05}, {"sprawl_firm": 0.3}], ids=lambda change: next(iter(change))
)
def test_each_limit_of_sprawl_spares_the_whole(change: dict[str, float]) -> None:
    objects, _ = collect(scene_of(sprawling()), 64, model=model_of(replace(PARAMETERS, **change)))
    assert objects.pixels.size == 1
    assert objects.pixels[0] > 150


def test_what_sprawls_without_a_firm_part_large_enough_stays_whole() -> None:
    score = sprawling()
    score[score == 200] = 114
    score[10, 6] = 250
    objects, _ = collect(scene_of(score), 64)
    assert objects.pixels.size == 1


def test_nothing_at_all() -> None:
    objects, painted = collect(scene_of(plain(20, 20)), 8)
    assert not painted.any()
    assert objects.pixels.size == objects.score.size == 0
    assert objects.before.shape == (BANDS, 0)
    assert objects.rings.object_offsets.tolist() == [0]


def test_everything() -> None:
    objects, painted = collect(scene_of(plain(20, 23) + 250), 8)
    assert painted.all()
    assert objects.pixels.tolist() == [460]
    assert objects.score.tolist() == objects.score_max.tolist() == [1.0]


def test_an_empty_float_band_does_not_spoil_the_others() -> None:
    scene = scene_of(plain(20, 20) + 200, dtype="float32")
    scene.before[1] = scene.after[1] = 0
    weight = np.array([1 / 300, 1e12, 1 / 300])  # one over the contrast of a band that has none
    model = model_of()
    objects, _ = collect(scene, 8, model=replace(model, standard=replace(model.standard, weight=weight)))
    for found, image in ((objects.before, scene.before), (objects.after, scene.after)):
        np.testing.assert_allclose(found[:, 0], image.mean(axis=(1, 2), dtype=float), rtol=1e-5)


def test_windows_are_where_the_labels_say() -> None:
    score = plain()
    score[20:26, 22:28] = 200
    block = list(scene_of(score).blocks(16))[-1]
    assert block.window == Window(row=16, col=16, height=14, width=14)
    labels = ObjectCollector(model_of(), np.dtype(np.uint16)).add(block)
    assert labels.weak.shape == labels.firm.shape == (14, 14)
    assert labels.weak[4:10, 6:12].all()
    assert labels.weak.sum() == 36
