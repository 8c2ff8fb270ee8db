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
from rs_governance.scenes import PairBlock, PixelGrid, Window

BANDS = 3
PARAMETERS = SpectralParameters(
    levels=(0.9, 1.15, 1.5), strong=1.1, peak=1.4, full=2.5, smallest_m2=6, usual_m2=60, usual_px=1, beside_m=2.0
)
LEVELS = (90, 115, 150)  # the same as stored scores
WEAK, STRONG, PEAK = LEVELS[0], 110, 140
BESIDE_PX = 2
EIGHT = np.ones((3, 3))


@dataclass(frozen=True, kw_only=True)
class Scene:
    """A whole scene's worth of what the detector says of blocks."""

    score: NDArray[np.uint8]
    before: NDArray[Any]
    after: NDArray[Any]

    def blocks(self, side: int) -> Iterator[ScoredBlock]:
        height, width = self.score.shape
        depth = sum((self.mask(level).astype(np.uint8) for level in LEVELS), np.zeros((height, width), np.uint8))
        steps = np.arange(self.score.size).reshape(self.score.shape)
        grid = PixelGrid(crs=None, transform=Affine.identity(), height=height, width=width)
        for window in grid.windows(side):
            grown = window.grown(BESIDE_PX).clipped(height, width)
            yield ScoredBlock(
                window=window,
                before=self.before[:, *window.slices],
                after=self.after[:, *window.slices],
                valid=self.valid[window.slices],
                score=self.score[window.slices],
                observed=(steps % 201).astype(np.uint8)[window.slices],
                places=(places := np.flatnonzero(depth[window.slices])),
                mad=(steps % 5000).astype(np.uint16)[window.slices].ravel()[places],
                read=PairBlock(
                    window=grown,
                    before=self.before[:, *grown.slices],
                    after=self.after[:, *grown.slices],
                    valid=self.valid[grown.slices],
                ),
                depth=depth[grown.slices],
            )

    @property
    def valid(self) -> NDArray[np.bool_]:
        return self.score != NOT_OBSERVED

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


def looks_beside(scene: Scene, region: NDArray[np.bool_], level: int) -> list[tuple[int, int]]:
    """Places that are looked up beside a region, pixel by pixel and side by side."""
    mask, places = scene.mask(level), []
    height, width = mask.shape
    for row, col in np.argwhere(region):
        for down, right in ((1, 0), (0, -1), (-1, 0), (0, 1)):
            near, far = (row + down, col + right), (row + BESIDE_PX * down, col + BESIDE_PX * right)
            if 0 <= near[0] < height and 0 <= near[1] < width and mask[near]:
                continue
            if 0 <= far[0] < height and 0 <= far[1] < width and scene.valid[far] and not mask[far]:
                places.append(far)
    return places


def stands_out(scene: Scene, region: NDArray[np.bool_], level: int, model: SpectralModel) -> float:
    places = looks_beside(scene, region, level)
    if not places:
        return 0.0
    rows, cols = np.array(places).T
    standard = model.standard
    before, after = (image[:, region].mean(axis=1, dtype=float) for image in (scene.before, scene.after))
    beside = [image[:, rows, cols].mean(axis=1, dtype=float) for image in (scene.before, scene.after)]
    after, beside[1] = (standard.gain * colour + standard.offset for colour in (after, beside[1]))

    def length(difference: NDArray[np.float64]) -> float:
        return float(np.sqrt(np.mean((difference * standard.weight) ** 2)))

    contrast = after - beside[1]
    return (length(contrast) + length(contrast - before + beside[0])) / (
        model.parameters.calm + length(beside[1] - beside[0])
    )


def ruled(scene: Scene, model: SpectralModel) -> NDArray[np.int32]:
    """Apply the rule to the whole scene, region by region."""
    usual = max(model.parameters.usual_m2 / model.pixel_m2, model.parameters.usual_px)

    def regions(index: int, within: NDArray[np.bool_]) -> list[NDArray[np.bool_]]:
        labels, count = ndimage.label(scene.mask(LEVELS[index]) & within, EIGHT)
        return [labels == number for number in range(1, count + 1)]

    def best(index: int, region: NDArray[np.bool_]) -> tuple[float, list[NDArray[np.bool_]]]:
        """How much what a region becomes stands out, and what it becomes."""
        parts = [] if index + 1 == len(LEVELS) else [best(index + 1, part) for part in regions(index + 1, region)]
        parts_px = [part.sum() for part in ([] if index + 1 == len(LEVELS) else regions(index + 1, region))]
        chosen = [(size, value, kept) for size, (value, kept) in zip(parts_px, parts, strict=True) if kept]
        weight = sum(size for size, _, _ in chosen)
        of_parts = sum(size * value for size, value, _ in chosen) / weight if chosen else -np.inf
        scores = scene.score[region].astype(float)
        large = region.sum() * model.pixel_m2 >= model.parameters.smallest_m2
        own = stands_out(scene, region, LEVELS[index], model)
        if (
            large
            and scores.mean() >= STRONG
            and scores.max() >= PEAK
            and own * np.sqrt(usual / region.sum()) >= of_parts
        ):
            return own, [region]
        return of_parts, [piece for _, _, kept in chosen for piece in kept]

    everywhere = np.ones(scene.score.shape, np.bool_)
    kept = [piece for region in regions(0, everywhere) for piece in best(0, region)[1]]
    painted = np.zeros(scene.score.shape, np.int32)
    for entry, mask in enumerate(sorted(kept, key=lambda mask: int(mask.ravel().argmax())), start=1):
        painted[mask] = entry
    return painted


def assert_same(one: ChangeObjects, other: ChangeObjects) -> None:
    names = ("pixels", "score", "score_max", "mad", "observed_share", "before", "after", "spread", "texture")
    for name in (*names, "beside_before", "beside_after"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name), err_msg=name)
    for name in ("coordinates", "ring_offsets", "object_offsets", "ids"):
        np.testing.assert_array_equal(getattr(one.rings, name), getattr(other.rings, name), err_msg=name)


seeds = st.integers(0, 2**32 - 1)


@settings(max_examples=15, deadline=None)
@given(seeds, st.integers(1, 40), st.integers(1, 50))
def test_objects_are_those_that_the_rule_names(seed: int, height: int, width: int) -> None:
    scene = random_scene(seed, height, width)
    objects, painted = collect(scene, 64)
    np.testing.assert_array_equal(painted, ruled(scene, model_of()))
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


def test_a_single_pixel_is_no_object_however_large() -> None:
    score = plain()
    score[4, 4] = score[10, 10:12] = 200
    objects, painted = collect(scene_of(score), 64, model=model_of(pixel_m2=900.0))
    assert objects.pixels.tolist() == [2]
    assert painted[4, 4] == 0


def test_not_observed_pixels_divide_objects() -> None:
    score = plain()
    score[5:10, 2:20] = 200
    score[:, 10] = NOT_OBSERVED
    assert collect(scene_of(score), 64)[0].pixels.tolist() == [40, 45]


def fields(*, beside: int, inside: int) -> Scene:
    """A field that ripened as a whole, with three yards on it that changed more."""
    score = plain(60, 60)
    score[4:56, 4:56] = 120
    scene = scene_of(score)
    scene.before[:], scene.after[:] = 300, 300
    scene.after[:, 4:56, 4:56] = beside
    for row, col in ((8, 8), (8, 30), (40, 44)):
        yard = (slice(row, row + 6), slice(col, col + 6))
        scene.score[yard] = 200
        scene.after[:, *yard] = inside
    return scene


@pytest.mark.parametrize("side", [7, 64])
def test_what_stands_out_from_a_field_is_told_from_the_field(side: int) -> None:
    objects, painted = collect(fields(beside=400, inside=900), side)
    assert objects.pixels.tolist() == [36, 36, 36]
    assert painted[20, 20] == 0
    assert [painted[row + 3, col + 3] for row, col in ((8, 8), (8, 30), (40, 44))] == [1, 2, 3]
    assert objects.beside_after.tolist() == [[400] * 3] * BANDS
    assert objects.beside_before.tolist() == [[300] * 3] * BANDS


def test_a_field_whose_parts_stand_out_no_more_than_itself_stays_whole() -> None:
    usual = replace(PARAMETERS, usual_m2=2704.0)
    objects, _ = collect(fields(beside=800, inside=820), 64, model=model_of(usual))
    assert objects.pixels.tolist() == [52 * 52]


def test_the_larger_a_region_the_sooner_it_is_divided() -> None:
    scene = fields(beside=500, inside=700)
    sizes = [
        collect(scene, 64, model=model_of(replace(PARAMETERS, usual_m2=usual)))[0].pixels.size for usual in (60.0, 1e5)
    ]
    assert sizes == [3, 1]


def test_an_object_without_surroundings_has_none() -> None:
    objects, _ = collect(scene_of(plain(20, 20) + 200), 8)
    assert np.isnan(objects.beside_before).all()
    assert np.isnan(objects.beside_after).all()


def test_spread_and_texture_are_those_of_the_brightness_inside() -> None:
    score = plain()
    score[4:24, 4:24] = 200
    scene = scene_of(score)
    scene.before[:] = 300
    scene.after[:, :, ::4], scene.after[:, :, 1::4], scene.after[:, :, 2::4], scene.after[:, :, 3::4] = (
        300,
        300,
        600,
        600,
    )
    objects, _ = collect(scene, 8)
    # Stripes two pixels wide, one contrast (300) apart: half a contrast of spread, one from either side of a pixel.
    assert objects.spread[:, 0].tolist() == [0, 0.5]
    assert objects.texture[:, 0].tolist() == [0, 1]


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
    rows, cols = np.divmod(labels.places, 14)
    assert labels.shape == (14, 14)
    for label in labels.levels:
        assert label.sum() == 36
        assert set(zip(rows[label > 0], cols[label > 0], strict=True)) == {
            (row, col) for row in range(4, 10) for col in range(6, 12)
        }
