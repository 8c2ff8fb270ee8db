"""The plan of a district and its pixels: the same from the same seed, and consistent in itself."""

from datetime import date
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pytest
import shapely
from affine import Affine
from rasterio.features import rasterize

from rs_governance.errors import UsageError
from rs_governance.simulate import Kind, SimulatedDistrict, draw_images, monthly_dates, simulate_district
from rs_governance.simulate.board import Board
from rs_governance.simulate.district import draw_windows
from rs_governance.simulate.layers import Layers, survey
from rs_governance.simulate.truth import Truth, observe
from rs_governance.simulate.units import Unit, divide_district

Image = npt.NDArray[np.uint16]


def cells_of(*shapes: shapely.Geometry, size: int = 560) -> npt.NDArray[np.bool_]:
    """Return the pixels (size, size) whose centres lie in shapes of local metres."""
    drawn = [(shape, 1) for shape in shapes if not shape.is_empty]
    if not drawn:
        return np.zeros((size, size), bool)
    return rasterize(drawn, out_shape=(size, size), transform=Affine.scale(0.8), dtype=np.uint8) > 0


@pytest.fixture(scope="module")
def images(district: SimulatedDistrict) -> tuple[Image, ...]:
    return draw_images(district)


@pytest.fixture(scope="module")
def units(district: SimulatedDistrict) -> list[Unit]:
    return divide_district(district.land)


@pytest.fixture(scope="module")
def layers(district: SimulatedDistrict, units: list[Unit]) -> Layers:
    return survey(district.land, units[0].outline, [permit.outline for permit in district.permits])


@pytest.fixture(scope="module")
def truth(district: SimulatedDistrict, layers: Layers) -> Truth:
    return observe(district, layers)


# --- images -----------------------------------------------------------------------------------------


def test_shapes_types_and_range(district: SimulatedDistrict, images: tuple[Image, ...]) -> None:
    assert [take.name for take in district.takes] == ["20260814", "20260912", "20261014"]
    for image, clouded in zip(images, district.clouded, strict=True):
        assert image.shape == (4, 560, 560)
        assert image.dtype == np.uint16
        assert (image > 0).all()
        clear = ~cells_of(clouded)
        low, high = np.percentile(image[:, clear], (0.5, 99.5))
        assert 50 < low < high < 7000
        assert np.median(image[3][clear].astype(float) - image[2][clear]) > 500  # green in the infrared


def test_windows_and_workers_change_nothing(district: SimulatedDistrict, images: tuple[Image, ...]) -> None:
    for window, parts in draw_windows(district, workers=2, window_px=320):
        rows = slice(window.row0, window.row0 + window.rows)
        columns = slice(window.column0, window.column0 + window.columns)
        for image, part in zip(images, parts, strict=True):
            assert np.array_equal(image[:, rows, columns], part)


def test_same_seed_same_district_other_seed_another(district: SimulatedDistrict) -> None:
    again = simulate_district(3, size_px=560, dates=tuple(take.on for take in district.takes))
    assert again.changes == district.changes
    assert again.permits == district.permits
    assert again.takes == district.takes
    other = simulate_district(4, size_px=64, dates=monthly_dates(2))
    assert other.takes != simulate_district(5, size_px=64, dates=monthly_dates(2)).takes


def test_dates_lie_off_each_other_by_half_a_pixel_to_two() -> None:
    for seed in range(2):
        takes = simulate_district(seed, size_px=64).takes
        shifts = np.array([take.sensor.shift_px for take in takes])
        apart = np.hypot(*np.diff(shifts, axis=0).T)
        assert apart.min() > 0.5
        assert apart.max() < 2.0


def test_one_date_is_clear_and_clouds_are_bright_and_told(
    district: SimulatedDistrict, images: tuple[Image, ...]
) -> None:
    hidden = [float(clouded.area) / district.size_m**2 for clouded in district.clouded]
    assert hidden[0] == 0.0
    assert 0.02 < max(hidden[1:]) < 0.6
    pixels = Board(seed=3, cell_m=0.8, column0=0, row0=0, columns=560, rows=560)
    for take, clouded, image in zip(district.takes, district.clouded, images, strict=True):
        opaque, told = take.sky.thickness(pixels) > 0.9, cells_of(clouded)
        assert told[opaque].all()
        assert (image[0][opaque] > 3000).all()
        assert (image[0][~told] > 4500).mean() < 0.002


def test_bad_parameters_are_refused() -> None:
    with pytest.raises(UsageError, match="later"):
        simulate_district(1, size_px=160, dates=(date(2026, 10, 14), date(2026, 9, 12)))
    with pytest.raises(UsageError, match="two or more"):
        simulate_district(1, size_px=160, dates=(date(2026, 10, 14),))
    with pytest.raises(UsageError, match="64 pixels"):
        simulate_district(1, size_px=10)
    with pytest.raises(UsageError, match="monthly dates"):
        monthly_dates(1)


# --- changes and truth ------------------------------------------------------------------------------


def test_outlines_are_valid_inside_and_disjoint_on_each_date(district: SimulatedDistrict) -> None:
    dates = [take.on for take in district.takes]
    for first, second in pairwise(dates):
        outlines = [change.outline for change in district.changes if first < change.happened_on <= second]
        assert outlines
        assert all(outline.is_valid and outline.area > 40 for outline in outlines)
        assert all(min(o.bounds) > 0 and max(o.bounds) < district.size_m for o in outlines)
        total = sum(outline.area for outline in outlines)
        assert shapely.union_all(outlines).area == pytest.approx(total, rel=1e-6)
    assert all(change.happened_on <= dates[-1] for change in district.changes)


def test_a_building_goes_through_its_stages_in_order() -> None:
    found = simulate_district(7, size_px=900)
    seen: dict[str, list[str]] = {}
    for change in found.changes:
        if change.stage is not None:
            at = change.outline.centroid
            seen.setdefault(f"{at.x:.0f} {at.y:.0f}", []).append(change.stage)
    order = ["earthwork", "foundation", "main_structure", "topped_out"]
    rows = [stages for stages in seen.values() if len(stages) > 1]
    assert order in rows
    # The centre of the earthwork is not always that of what is built on it.
    assert all(stages in (order[: len(stages)], order[1 : 1 + len(stages)]) for stages in rows)


def test_truth_is_what_a_clear_scene_shows_first(district: SimulatedDistrict, truth: Truth) -> None:
    assert len(truth.rasters) == len(district.takes) - 1
    names = [take.name for take in district.takes]
    for change, first in zip(district.changes, truth.seen_from, strict=True):
        inside = cells_of(change.outline)
        if first is None:
            continue
        number = names.index(first)
        assert change.happened_on <= district.takes[number].on
        assert (truth.rasters[number - 1][inside] == int(change.kind)).any()
    for raster, clouded in zip(truth.rasters, district.clouded[1:], strict=True):
        hidden = cells_of(clouded)
        assert not raster[hidden].any()
        assert set(np.unique(raster)) - {0} <= {int(kind) for kind in Kind}


def test_what_happened_before_the_first_image_is_no_finding(district: SimulatedDistrict, truth: Truth) -> None:
    old = [
        first
        for change, first in zip(district.changes, truth.seen_from, strict=True)
        if change.happened_on <= district.takes[0].on
    ]
    assert old
    assert set(old) == {None}


def test_large_changes_can_be_seen(district: SimulatedDistrict, images: tuple[Image, ...], truth: Truth) -> None:
    """Nearly every large change differs from its own past by much more than quiet ground does."""
    seen = []
    for number, raster in enumerate(truth.rasters):
        before, after = (image.astype(float) for image in images[number : number + 2])
        clear = ~cells_of(*district.clouded[number : number + 2])
        step = (after - before) / before[:, clear].std(axis=1)[:, None, None]
        length = np.sqrt(((step - np.median(step[:, clear], axis=1)[:, None, None]) ** 2).sum(axis=0))
        quiet = np.median(length[(raster == 0) & clear])
        for change in district.changes:
            inside = cells_of(change.outline)
            own = inside & (raster == int(change.kind)) & clear
            if own.sum() * 0.64 >= 200:
                seen.append(np.median(length[own]) > 1.4 * quiet)
    assert len(seen) >= 5
    assert np.mean(seen) >= 0.8


# --- units, layers, permits -------------------------------------------------------------------------


def test_units_of_a_level_fill_the_one_above(units: list[Unit]) -> None:
    by_code = {unit.code: unit for unit in units}
    assert len(by_code) == len(units)
    for level, digits in (("town", 12), ("village", 12), ("cell", 15)):
        own = [unit for unit in units if unit.level == level]
        assert len(own) >= 2
        assert all(len(unit.code) == digits and unit.parent in by_code for unit in own)
        total = sum(unit.outline.area for unit in own)
        assert total == pytest.approx(units[0].outline.area, rel=1e-6)
        assert shapely.union_all([unit.outline for unit in own]).area == pytest.approx(total, rel=1e-6)
    assert all(unit.keeper for unit in units if unit.level == "cell")


def test_the_images_show_the_district(district: SimulatedDistrict, units: list[Unit]) -> None:
    shown, outline = shapely.box(0, 0, district.size_m, district.size_m), units[0].outline
    assert shapely.intersection(outline, shown).area > 0.85 * outline.area
    assert shapely.intersection(outline, shown).area > 0.7 * shown.area


def test_land_use_covers_the_district_once(layers: Layers, units: list[Unit]) -> None:
    outlines = [parcel.outline for parcel in layers.land_use]
    total = sum(outline.area for outline in outlines)
    assert total == pytest.approx(units[0].outline.area, rel=0.005)
    assert shapely.union_all(outlines).area == pytest.approx(total, rel=0.002)
    assert {parcel.code for parcel in layers.land_use} >= {"0101", "1003", "0702"}


def test_no_permit_lies_on_protected_land(district: SimulatedDistrict, layers: Layers) -> None:
    protected = shapely.union_all([*layers.basic_cropland, layers.red_line])
    assert protected.area > 0
    assert all(permit.outline.intersection(protected).area < 1.0 for permit in district.permits)


def test_permits_cover_what_they_are_said_to(district: SimulatedDistrict) -> None:
    cases = {change.case for change in district.changes}
    assert {"none", "full"} <= cases
    for change in district.changes:
        if change.permit is None:
            continue
        share = change.permit.outline.intersection(change.outline).area / change.outline.area
        in_time = change.permit.valid_from <= change.happened_on <= change.permit.valid_to
        if change.case == "full":
            assert share > 0.99
            assert in_time
        if change.case == "part":
            assert share < 0.9
        if change.case == "expired":
            assert not in_time
