"""Objects in pixels become findings on the ground: areas, sides, classes, sound outlines."""

import datetime
import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
import pyproj
import pytest
import shapely
from affine import Affine
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

import rs_kernels
from benchmarks.planes import boundary_edges, label
from rs_governance.detect import SpectralParameters
from rs_governance.detect.change import Standard
from rs_governance.detect.describe import describe
from rs_governance.detect.objects import ChangeObjects
from rs_governance.scenes import PixelGrid

ROLES = ("blue", "green", "red", "nir")
EXACT = SpectralParameters(simplify_px=0.0, smallest_m2=10.0)


@dataclass(frozen=True, kw_only=True)
class FakeScene:
    image_id: str
    acquired_on: datetime.date | None


EARLY, LATE = (
    FakeScene(image_id="early", acquired_on=datetime.date(2026, 9, 12)),
    FakeScene(image_id="late", acquired_on=None),
)


@dataclass(frozen=True, kw_only=True)
class FakePair:
    """What `describe` asks of a pair."""

    grid: PixelGrid
    roles: tuple[str, ...] = ROLES
    before: FakeScene = EARLY
    after: FakeScene = LATE


def pair_on(
    crs: int | None, *, pixel: float = 1.0, at: tuple[float, float] = (5e5, 25e5), side: int = 1000
) -> FakePair:
    transform = Affine(pixel, 0, at[0], 0, -pixel, at[1])
    return FakePair(grid=PixelGrid(crs=pyproj.CRS(crs) if crs else None, transform=transform, height=side, width=side))


@dataclass(frozen=True, kw_only=True)
class FakeModel:
    """What `describe` asks of a model."""

    parameters: SpectralParameters
    pixel_m2: float
    standard: Standard
    bands: tuple[int, ...]
    brightness: tuple[float, float] = (500.0, 500.0)
    infrared: tuple[float, float] = (2000.0, 2000.0)
    lush: tuple[float, float] = (0.5, 0.5)
    raw: tuple[None, None] = (None, None)


def model_on(pair: FakePair, parameters: SpectralParameters = EXACT) -> FakeModel:
    bands = len(pair.roles)
    standard = Standard(
        gain=np.full(bands, 2.0),
        offset=np.full(bands, 10.0),
        weight=np.full(bands, 0.01),
        here_px=1,
        around_px=2,
        tolerance_px=1,
    )
    return FakeModel(
        parameters=parameters, pixel_m2=math.prod(pair.grid.pixel_size_m), standard=standard, bands=tuple(range(bands))
    )


def rings_of(*outlines: shapely.Polygon) -> rs_kernels.Rings:
    """Lay polygons in pixels (col, row) out as rings."""
    none = shapely.Polygon([(0, 0), (1, 0), (1, 1)])  # so that there is one to take apart
    _, coordinates, (ring_offsets, object_offsets) = shapely.to_ragged_array([*outlines, none])
    ring_offsets, object_offsets = ring_offsets[:-1], object_offsets[:-1]
    coordinates = coordinates[: ring_offsets[-1]]
    ids = np.arange(1, len(outlines) + 1, dtype=np.int32)
    return rs_kernels.Rings(coordinates=coordinates, ring_offsets=ring_offsets, object_offsets=object_offsets, ids=ids)


def objects_of(
    rings: rs_kernels.Rings, *, before: NDArray[np.float64] | None = None, after: NDArray[np.float64] | None = None
) -> ChangeObjects:
    count = len(rings.ids)
    grey = np.full((len(ROLES), count), 500.0)
    half = np.full(count, 0.5)
    before = grey if before is None else before
    after = grey if after is None else after
    return ChangeObjects(
        pixels=np.full(count, 100),
        score=half,
        score_max=half + 0.25,
        mad=half * 6,
        observed_share=half * 2,
        before=before,
        after=after,
        beside_before=before + 100.0,
        beside_after=after - 100.0,
        spread=np.full((2, count), 0.5),
        texture=np.stack([np.full(count, 0.75), np.zeros(count)]),
        rings=rings,
    )


def described(pair: FakePair, *outlines: shapely.Polygon, parameters: SpectralParameters = EXACT) -> dict[str, Any]:
    table = describe(objects_of(rings_of(*outlines)), pair, model_on(pair, parameters), detector="spectral")
    return dict(table.iloc[0])


@pytest.mark.parametrize(
    ("crs", "at"),
    [
        (4545, (500_000.0, 2_500_000.0)),
        (4545, (620_000.0, 2_500_000.0)),  # far from the central meridian
        (32649, (300_000.0, 2_500_000.0)),
        (3857, (12_000_000.0, 2_600_000.0)),  # a metre of this CRS is 0.92 m here
    ],
)
def test_area_is_that_of_the_ellipsoid(crs: int, at: tuple[float, float]) -> None:
    pair = pair_on(crs, pixel=20.0, at=at)
    row = described(pair, shapely.box(0, 0, 1000, 1000))
    outline = row["geometry"]
    assert outline.area == pytest.approx(20_000.0**2)
    lonlat = shapely.transform(
        shapely.segmentize(outline, 100.0),
        lambda xy: np.stack(pyproj.Transformer.from_crs(crs, 4326, always_xy=True).transform(*xy.T), axis=1),
    )
    geod = pyproj.Geod(ellps="WGS84")
    assert row["area_m2"] == pytest.approx(abs(geod.geometry_area_perimeter(lonlat)[0]), rel=2e-5)
    assert row["perimeter_m"] == pytest.approx(geod.geometry_length(lonlat.exterior), rel=2e-5)
    assert row["area_m2"] != pytest.approx(20_000.0**2, rel=2e-5) or crs == 4545
    assert row["compactness"] == pytest.approx(math.pi / 4, rel=1e-3)
    scale = math.sqrt(row["area_m2"] / outline.area)
    assert row["length_m"] == pytest.approx(20_000 * scale, rel=1e-2)


def test_pixels_in_degrees_are_measured_in_metres() -> None:
    pair = pair_on(4326, pixel=1e-4, at=(2.31, 48.84), side=100)
    row = described(pair, shapely.box(30, 40, 60, 50))
    height = pyproj.Geod(ellps="WGS84").inv(2.31, 48.835, 2.31, 48.834)[2]
    width = pyproj.Geod(ellps="WGS84").inv(2.31, 48.835, 2.313, 48.835)[2]
    assert row["area_m2"] == pytest.approx(width * height, rel=1e-3)
    assert row["length_m"] == pytest.approx(width, rel=1e-3)
    assert row["width_m"] == pytest.approx(height, rel=1e-3)
    assert row["perimeter_m"] == pytest.approx(2 * (width + height), rel=1e-3)


def test_without_a_crs_the_declared_pixel_counts() -> None:
    row = described(pair_on(None, pixel=0.5, at=(0.0, 0.0)), shapely.box(0, 0, 20, 10))
    assert (row["area_m2"], row["perimeter_m"], row["length_m"], row["width_m"]) == (50.0, 30.0, 10.0, 5.0)


def test_a_hole_is_no_area_but_has_an_edge() -> None:
    outline = shapely.box(0, 0, 20, 20).difference(shapely.box(5, 5, 15, 15))
    row = described(pair_on(None), outline)
    assert row["area_m2"] == 300.0
    assert row["perimeter_m"] == 120.0
    assert row["length_m"] == row["width_m"] == 20.0
    assert len(row["geometry"].interiors) == 1


def test_sides_follow_the_object_and_not_the_axes() -> None:
    row = described(pair_on(None), shapely.Polygon([(0, 20), (5, 15), (35, 45), (30, 50)]))
    assert row["length_m"] == pytest.approx(30 * math.sqrt(2))
    assert row["width_m"] == pytest.approx(5 * math.sqrt(2))


def test_numbers_dates_and_names_are_handed_on() -> None:
    row = described(pair_on(4545), shapely.box(0, 0, 10, 10))
    assert row["finding_id"] == "f000001"
    assert (row["score"], row["score_max"], row["mad"], row["observed_share"], row["pixels"]) == (0.5, 0.75, 3, 1, 100)
    assert (row["before_image"], row["after_image"], row["detector"]) == ("early", "late", "spectral")
    assert str(row["before_on"])[:10] == "2026-09-12"
    assert str(row["after_on"]) == "NaT"
    assert pd.isna(row["kind"])
    assert (row["ndvi_before"], row["ndwi_before"], row["brightness_before"]) == (0.0, 0.0, 500.0)


def test_indices_are_null_where_a_band_is_missing() -> None:
    pair = FakePair(grid=pair_on(4545).grid, roles=("red", "green", "blue"))
    one = np.full((3, 1), 80.0)
    objects = objects_of(rings_of(shapely.box(0, 0, 10, 10)), before=one, after=one)
    row = describe(objects, pair, model_on(pair), detector="spectral").iloc[0]
    assert np.isnan(row["ndvi_before"])
    assert np.isnan(row["ndwi_after"])
    assert row["brightness_after"] == 80.0


def test_black_objects_have_indices_of_zero() -> None:
    nothing = np.zeros((4, 1))
    objects = objects_of(rings_of(shapely.box(0, 0, 10, 10)), before=nothing, after=nothing)
    row = describe(objects, pair_on(4545), model_on(pair_on(4545)), detector="spectral").iloc[0]
    assert (row["ndvi_before"], row["ndwi_after"], row["brightness_before"]) == (0.0, 0.0, 0.0)


def test_direction_is_told_by_the_indices() -> None:
    #                 vegetation, water, soil; blue, green, red, nir in rows
    colours = np.array([[300.0, 600, 900], [500.0, 700, 1100], [350.0, 400, 1300], [3000.0, 150, 1700]])
    boxes = [shapely.box(20 * number, 0, 20 * number + 10, 10) for number in range(3)]
    objects = objects_of(rings_of(*boxes), before=colours, after=np.roll(colours, 1, axis=1))
    table = describe(objects, pair_on(4545), model_on(pair_on(4545)), detector="spectral")
    assert table["before_class"].tolist() == ["vegetation", "water", "bare_or_built"]
    assert table["after_class"].tolist() == ["bare_or_built", "vegetation", "water"]


def test_contrast_is_measured_on_the_earlier_scale() -> None:
    pair = pair_on(4545)
    row = described(pair, shapely.box(0, 0, 10, 10))
    # 100 lower than beside it, and then 100 higher, which the gain doubles; a contrast is 100.
    assert (row["contrast_before"], row["contrast_after"], row["contrast_gain"]) == (1.0, 2.0, 1.0)
    # Beside it 600 became 400, which is 810 on the earlier scale.
    assert row["beside_change"] == pytest.approx(2.1)
    assert (row["grain_before"], row["grain_after"]) == (1.5, 0.0)
    assert row["rectangularity"] == pytest.approx(1.0, abs=0.01)


def test_what_nothing_lies_beside_has_no_contrast() -> None:
    pair = pair_on(4545)
    rings = rings_of(shapely.box(0, 0, 10, 10))
    objects = objects_of(rings)
    nothing = np.full_like(objects.before, np.nan)
    table = describe(
        replace(objects, beside_before=nothing, beside_after=nothing), pair, model_on(pair), detector="spectral"
    )
    names = ["contrast_before", "contrast_after", "contrast_gain", "beside_change"]
    assert table[names].isna().all(axis=None)


def test_no_object_is_an_empty_table() -> None:
    table = describe(objects_of(rings_of()), pair_on(4545), model_on(pair_on(4545)), detector="spectral")
    assert table.empty
    assert table.crs == pyproj.CRS(4545)


@pytest.mark.parametrize("tolerance_px", [0.0, 0.75, 3.0])
@pytest.mark.parametrize("crs", [4545, 4326])
@pytest.mark.parametrize("seed", range(3))
def test_outlines_are_sound_and_cover_their_pixels(seed: int, crs: int, tolerance_px: float) -> None:
    noise = np.random.default_rng(seed).normal(size=(120, 150))
    mask = gaussian_filter(noise, 1.0 + seed) > 0.02
    labels, count = label(mask)
    edges = boundary_edges(np.pad(mask, 1), labels)
    rings = rs_kernels.smooth_rings(rs_kernels.link_rings(edges))
    pair = pair_on(crs, pixel=1e-5, at=(108.0, 22.0)) if crs == 4326 else pair_on(crs)
    grey = np.full((4, count), 500.0)
    table = describe(
        objects_of(rings, before=grey, after=grey),
        pair,
        model_on(pair, SpectralParameters(simplify_px=tolerance_px)),
        detector="spectral",
    )
    assert len(table) == count
    assert table.is_valid.all()
    assert set(table.geom_type) <= {"Polygon", "MultiPolygon"}
    pixel_m2 = math.prod(pair.grid.pixel_size_m)
    large = np.bincount(labels.ravel(), minlength=count + 1)[1:] > 50
    covered = table["area_m2"].to_numpy()[large] / (np.bincount(labels.ravel())[1:][large] * pixel_m2)
    slack = 0.2 + 0.1 * tolerance_px
    assert 1 - slack < covered.min() <= covered.max() < 1 + slack


def rings_around(mask: NDArray[np.bool_]) -> rs_kernels.Rings:
    labels, _ = label(mask)
    return rs_kernels.smooth_rings(rs_kernels.link_rings(boundary_edges(np.pad(mask, 1), labels)))


@pytest.mark.parametrize(
    "shape",
    [
        "##",
        "##\n##",
        "#.\n.#",
        "###\n#..\n#..",
        "####\n####\n####",
        "#####\n#####\n#####\n#####\n.####\n..###",
        ".#.\n###\n.#.",
    ],
)
@pytest.mark.parametrize(("crs", "pixel"), [(32630, 10.0), (4326, 1e-4)])
def test_small_objects_have_the_ground_of_their_pixels(shape: str, crs: int, pixel: float) -> None:
    mask = np.array([[letter == "#" for letter in row] for row in shape.split("\n")])
    pair = pair_on(crs, pixel=pixel, at=(2.31, 47.2) if crs == 4326 else (5e5, 52e5), side=20)
    rings = rings_around(mask)
    objects = objects_of(rings)
    table = describe(objects, pair, model_on(pair, SpectralParameters()), detector="spectral")
    # Corners of pixels that meet are cut and joined alike: the ring encloses what the pixels do.
    assert table["area_m2"].item() == pytest.approx(mask.sum() * math.prod(pair.grid.pixel_size_m), rel=1e-3)
    assert table.is_valid.all()
    reach = shapely.box(-0.5, -0.5, mask.shape[1] + 0.5, mask.shape[0] + 0.5)
    inside = shapely.transform(table.geometry.item(), lambda xy: np.stack(~pair.grid.transform @ tuple(xy.T), axis=1))
    assert reach.covers(inside), "no outline reaches the next object, a pixel away"


def test_no_outline_has_less_ground_than_an_object_may() -> None:
    parameters = SpectralParameters()
    pair = pair_on(4545, pixel=0.8)
    rows, cols = np.indices((12, 12))
    mask = np.hypot(rows - 5.3, cols - 5.4) < 5.5  # a disc: simplifying takes from all sides
    assert parameters.smallest_m2 <= mask.sum() * 0.64 < parameters.smallest_m2 + 1.5
    objects = objects_of(rings_around(mask))
    table = describe(objects, pair, model_on(pair, parameters), detector="spectral")
    assert table["area_m2"].item() >= parameters.smallest_m2
    lenient = model_on(pair, replace(parameters, smallest_m2=1.0))
    simple = describe(objects, pair, lenient, detector="spectral")
    assert simple["area_m2"].item() < parameters.smallest_m2, "or the test tells nothing"


def test_raw_numbers_are_classed_without_what_the_air_added() -> None:
    from rs_governance.detect.raw_numbers import RawNumbers

    pair = pair_on(4545)
    #                    wheat, soil, water: digital numbers of 8 bits, most of them the air's; blue, green, red, nir
    colours = np.array([[96.0, 98, 97], [75.0, 78, 73], [61.0, 78, 62], [85.0, 62, 28]])
    boxes = [shapely.box(20 * number, 0, 20 * number + 10, 10) for number in range(3)]
    objects = objects_of(rings_of(*boxes), before=colours, after=colours)
    raw = RawNumbers(red=57.0, nir=25.0, lush=0.7)
    model = replace(model_on(pair), brightness=(83.0, 83.0), infrared=(60.0, 60.0), lush=(0.1, 0.1), raw=(raw, None))
    table = describe(objects, pair, model, detector="spectral")
    assert table["before_class"].tolist() == ["vegetation", "bare_or_built", "water"]
    assert table["after_class"].tolist() == ["bare_or_built", "bare_or_built", "water"], "soil is no water either way"
    assert table["ndvi_before"].tolist() == table["ndvi_after"].tolist(), "the numbers told are those of the image"
