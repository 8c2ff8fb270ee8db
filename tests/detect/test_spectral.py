"""The whole detector on small pairs: what is planted is found, what is not is not, and nothing depends on blocks."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import shapely
from affine import Affine
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from rs_governance.detect import NOT_OBSERVED, ScoredBlock, SpectralParameters, find_changes
from rs_governance.errors import NothingObserved, UsageError
from rs_governance.scenes import AlignedPair

Ground = Callable[..., NDArray[Any]]
PairOf = Callable[..., AlignedPair]

SIDE = 300
PLANTED = (slice(60, 100), slice(100, 140))
PLANTED_M2 = 1600.0
SCALE = {"uint8": 0.08, "uint16": 1.0, "float32": 2e-4}


@pytest.fixture
def dates(ground: Ground) -> Callable[..., tuple[NDArray[Any], NDArray[Any]]]:
    """Return a maker of two dates: another gain, fresh noise, and a square that got `step` brighter."""

    def make(
        seed: int = 0, *, bands: int = 4, dtype: str = "uint16", step: float = 700.0, side: int = SIDE
    ) -> tuple[NDArray[Any], NDArray[Any]]:
        rng = np.random.default_rng(seed)
        scene = ground(seed, bands=bands, height=side, width=side).astype(float)

        def noise() -> NDArray[Any]:
            return np.stack([gaussian_filter(rng.normal(size=(side, side)), 1) for _ in range(bands)]) * 105

        before, after = scene + noise(), scene * 1.1 + noise()
        after[:, *PLANTED] += step
        low, high = (1, np.iinfo(dtype).max) if np.dtype(dtype).kind == "u" else (1e-4, 1e3)
        before, after = (np.clip(date * SCALE[dtype], low, high).astype(dtype) for date in (before, after))
        return before, after

    return make


def planted_ground(pair: AlignedPair) -> shapely.Geometry:
    rows, cols = PLANTED
    corners = [pair.grid.transform @ (col, row) for col, row in ((cols.start, rows.start), (cols.stop, rows.stop))]
    return shapely.box(*np.sort(np.array(corners), axis=0).ravel())


def overlap(found: shapely.Geometry, truth: shapely.Geometry) -> float:
    return float(found.intersection(truth).area / found.union(truth).area)


@pytest.mark.parametrize("bands", [3, 4, 13])
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_a_planted_square_is_found(dates: Callable[..., Any], pair_of: PairOf, bands: int, dtype: str) -> None:
    pair = pair_of(*dates(bands=bands, dtype=dtype))
    findings = find_changes(pair).findings
    assert 1 <= len(findings) <= 2
    largest = findings.loc[findings["area_m2"].idxmax()]
    assert overlap(largest.geometry, planted_ground(pair)) > 0.6
    assert PLANTED_M2 < largest["area_m2"] < 1.6 * PLANTED_M2
    assert largest["brightness_after"] > 1.3 * largest["brightness_before"]
    assert 0.5 < largest["score"] <= largest["score_max"] <= 1
    assert largest["observed_share"] == 1
    assert largest["length_m"] == pytest.approx(45, abs=8)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_one_band_is_enough(dates: Callable[..., Any], pair_of: PairOf, dtype: str) -> None:
    pair = pair_of(*dates(bands=1, dtype=dtype))
    findings = find_changes(pair).findings
    assert len(findings) < 10  # a single band has little to tell noise by
    best = findings.loc[findings["score"].idxmax()].geometry
    assert best.intersection(planted_ground(pair)).area > 0.9 * PLANTED_M2


def test_the_direction_is_told(dates: Callable[..., Any], pair_of: PairOf) -> None:
    before, after = dates(step=0.0)
    grass, roof = np.array([300, 500, 300, 2500]), np.array([1800, 1900, 2000, 2100])
    for image, colour in ((before, grass), (after, roof)):
        image[:, *PLANTED] = colour[:, None, None]
    findings = find_changes(pair_of(before, after)).findings
    assert findings[["before_class", "after_class"]].to_numpy().tolist() == [["vegetation", "bare_or_built"]]
    back = find_changes(pair_of(after, before)).findings
    assert back[["before_class", "after_class"]].to_numpy().tolist() == [["bare_or_built", "vegetation"]]
    assert findings["ndvi_before"].iloc[0] == pytest.approx(back["ndvi_after"].iloc[0], abs=0.1)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize("seed", [0, 1])
def test_little_is_found_where_nothing_changed(
    dates: Callable[..., Any], pair_of: PairOf, dtype: str, seed: int
) -> None:
    findings = find_changes(pair_of(*dates(seed, dtype=dtype, step=0.0))).findings
    assert findings["pixels"].sum() < 0.02 * SIDE * SIDE


@pytest.mark.parametrize("bands", [1, 4])
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_identical_images_have_no_finding(ground: Ground, pair_of: PairOf, bands: int, dtype: str) -> None:
    image = ground(3, bands=bands, dtype=dtype)
    result = find_changes(pair_of(image, image))
    assert result.findings.empty
    assert result.model.level > 0


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_an_image_of_one_colour_is_refused(dates: Callable[..., Any], pair_of: PairOf, dtype: str) -> None:
    before, _ = dates(dtype=dtype)
    flat = np.full_like(before, 70)
    for pair in ((flat, flat), (before, flat), (flat, before)):
        with pytest.raises(NothingObserved, match="one value in all its usable pixels"):
            find_changes(pair_of(*pair))


def test_a_band_of_zeros_does_no_harm(dates: Callable[..., Any], pair_of: PairOf) -> None:
    before, after = dates(dtype="float32")
    before[1] = after[1] = 0
    findings = find_changes(pair_of(before, after)).findings
    largest = findings.loc[findings["area_m2"].idxmax()]
    inside = np.mean([image[:3, *PLANTED].mean() for image in (before, after)])
    assert np.mean(largest[["brightness_before", "brightness_after"]].astype(float)) == pytest.approx(inside, rel=0.2)


def test_gaps_are_not_observed_and_make_no_finding(dates: Callable[..., Any], pair_of: PairOf) -> None:
    before, after = dates(dtype="float32")
    before[:, :30] = np.nan
    after[0, 200:260, :50] = np.inf
    after[2, 280:] = -np.inf
    pair = pair_of(before, after)
    score = np.zeros((SIDE, SIDE), np.uint8)

    def keep(block: ScoredBlock, _labels: object) -> None:
        score[block.window.slices] = block.score

    findings = find_changes(pair, sink=keep).findings
    assert len(findings) == 1
    assert overlap(findings.geometry.iloc[0], planted_ground(pair)) > 0.6
    gaps = ~(np.isfinite(before) & np.isfinite(after)).all(axis=0)
    np.testing.assert_array_equal(score == NOT_OBSERVED, gaps)


@pytest.mark.parametrize("which", ["before", "after", "apart"])
def test_nothing_usable_is_refused(ground: Ground, pair_of: PairOf, which: str) -> None:
    before, after = ground(0), ground(1)
    if which == "apart":
        before[:, :100], after[:, 100:] = 0, 0
    else:
        (before if which == "before" else after)[:] = 0
    with pytest.raises(NothingObserved, match="usable on both dates"):
        find_changes(pair_of(before, after, nodata=0))


def test_next_to_nothing_usable_is_refused_in_words(ground: Ground, pair_of: PairOf) -> None:
    before = ground(0)
    before[:, 1:] = 0
    before[:, :, 5:] = 0
    with pytest.raises(NothingObserved, match="at least 40 pixels"):
        find_changes(pair_of(before, ground(1), nodata=0))


def test_degree_pixels_are_measured_on_the_ground(dates: Callable[..., Any], pair_of: PairOf) -> None:
    transform = Affine(1e-5, 0, 108.0, 0, -1e-5, 22.5)
    pair = pair_of(*dates(), crs="EPSG:4326", transform=transform)
    findings = find_changes(pair).findings
    pixel_m2 = float(np.prod(pair.grid.pixel_size_m))
    assert pixel_m2 == pytest.approx(1.14, abs=0.03)
    assert PLANTED_M2 * pixel_m2 < findings["area_m2"].max() < 1.6 * PLANTED_M2 * pixel_m2


@pytest.mark.parametrize("block_px", [64, 128, 192])
def test_blocks_and_workers_change_nothing(dates: Callable[..., Any], pair_of: PairOf, block_px: int) -> None:
    before, after = dates(side=331)
    after[:, 120:130, 20:310] += 600  # a road across blocks
    before[:, 200:210, 60:70] = 0
    pair = pair_of(before, after, nodata=0)
    whole, parts = find_changes(pair, block_px=1024, workers=1), find_changes(pair, block_px=block_px, workers=3)
    assert not whole.findings.empty
    assert whole.findings.equals(parts.findings)
    assert whole.model.as_record() == parts.model.as_record()


@pytest.mark.parametrize(("block_px", "workers"), [(1000, 1), (0, 1), (-64, 1), (63, 1), (64, 0), (64, -1)])
def test_blocks_that_pictures_would_notice_are_refused(
    ground: Ground, pair_of: PairOf, block_px: int, workers: int
) -> None:
    with pytest.raises(UsageError, match="--block must be a multiple of 64" if workers > 0 else "--workers must be 1"):
        find_changes(pair_of(ground(0), ground(1)), block_px=block_px, workers=workers)


def test_entries_paint_the_findings(dates: Callable[..., Any], pair_of: PairOf) -> None:
    pair = pair_of(*dates())
    labels: dict[tuple[int, int], Any] = {}

    def keep(block: ScoredBlock, block_labels: Any) -> None:
        labels[block.window.row, block.window.col] = block_labels

    result = find_changes(pair, block_px=128, sink=keep)
    painted = [result.entries[place].paint(labels[place]) for place in labels]
    counts = np.bincount(np.concatenate([part.ravel() for part in painted]), minlength=len(result.findings) + 1)
    np.testing.assert_array_equal(counts[1:], result.findings["pixels"])


def test_progress_is_told_from_start_to_end(ground: Ground, pair_of: PairOf) -> None:
    told: list[tuple[str, float]] = []
    find_changes(pair_of(ground(0), ground(1)), block_px=64, progress=lambda stage, share: told.append((stage, share)))
    stages = list(dict.fromkeys(stage for stage, _ in told))
    assert stages == ["learn", "detect", "outline"]
    for stage in stages:
        shares = [share for name, share in told if name == stage]
        assert shares == sorted(shares)
        assert shares[-1] == 1


def test_a_sink_that_fails_ends_the_detection(dates: Callable[..., Any], pair_of: PairOf) -> None:
    seen: list[tuple[int, int]] = []

    def sink(block: ScoredBlock, _labels: object) -> None:
        seen.append((block.window.row, block.window.col))
        if len(seen) == 3:
            raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        find_changes(pair_of(*dates(bands=4, dtype="uint16")), block_px=64, sink=sink)
    assert seen[:3] == [(0, 0), (0, 64), (0, 128)]
    assert len(seen) <= 6, "blocks that were waiting may pass, no more"


def test_small_objects_are_left_out(dates: Callable[..., Any], pair_of: PairOf) -> None:
    pair = pair_of(*dates())
    assert not find_changes(pair, SpectralParameters(smallest_m2=500)).findings.empty
    assert find_changes(pair, SpectralParameters(smallest_m2=5000)).findings.empty


@pytest.mark.parametrize("size", [(8, 200), (200, 9), (11, 8)])
def test_slivers_are_no_obstacle(ground: Ground, pair_of: PairOf, size: tuple[int, int]) -> None:
    before, after = (ground(seed)[:, : size[0], : size[1]] for seed in (0, 1))
    findings = find_changes(pair_of(before, after)).findings
    assert findings["pixels"].sum() <= size[0] * size[1]


def test_scattered_areas_of_interest_are_all_looked_at(ground: Ground, pair_of: PairOf, tmp_path: Path) -> None:
    before, after = ground(0, height=640, width=640), ground(0, height=640, width=640)
    after[:, 10:30, 10:30] += 900
    sites = [shapely.box(500_000, 2_499_950, 500_050, 2_500_000), shapely.box(500_590, 2_499_360, 500_640, 2_499_410)]
    gpd.GeoDataFrame(geometry=sites, crs="EPSG:4545").to_file(tmp_path / "sites.gpkg")
    pair = pair_of(before, after, aoi=tmp_path / "sites.gpkg")
    # One sample window of ten by ten, in the middle, where there is no site.
    findings = find_changes(pair, SpectralParameters(sample_windows=1, sample_px=64)).findings
    changed = shapely.box(500_010, 2_499_970, 500_030, 2_499_990)
    assert findings.intersects(changed).any()
    assert findings.intersects(shapely.union_all(sites)).all()
