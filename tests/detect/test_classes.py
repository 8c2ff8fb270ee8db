"""What the indices say a place is, measured by its scene."""

import numpy as np
import pytest

from rs_governance.detect.classes import land_classes
from rs_governance.detect.raw_numbers import RawNumbers, find_raw_numbers

ROLES = ("blue", "green", "red", "nir")


def one(**indices: float) -> dict[str, np.ndarray]:
    """Return the indices of one place, NaN where they are not given."""
    names = ("ndvi", "ndwi", "excess", "red", "infrared", "brightness")
    return {name: np.array([indices.get(name, np.nan)]) for name in names}


def test_green_is_measured_by_the_greenest_of_the_scene() -> None:
    none = np.full(3, np.nan)
    indices = {
        "ndvi": np.array([0.2, 0.3, 0.45]),
        "ndwi": np.full(3, -0.3),
        "excess": none,
        "red": none,
        "infrared": np.full(3, 2000.0),
        "brightness": np.full(3, 100.0),
    }

    def names(lush: float) -> list[bool]:
        return [name == "vegetation" for name in land_classes(indices, typical=100.0, infrared=2000.0, lush=lush)]

    assert names(0.5) == [False, True, True]
    assert names(0.7) == [False, False, True]
    assert names(0.1) == [False, True, True], "a scene without green does not make its concrete green"
    assert names(1.0) == [False, False, True], "in a forest, half as green as the forest is green"


def test_turbid_water_is_told_by_its_dark_infrared() -> None:
    indices = {
        "ndvi": np.zeros(3),
        "ndwi": np.array([0.0, 0.0, -0.1]),
        "excess": np.full(3, np.nan),
        "red": np.full(3, np.nan),
        "infrared": np.array([900.0, 1100.0, 900.0]),
        "brightness": np.full(3, 100.0),
    }
    classes = land_classes(indices, typical=100.0, infrared=2000.0, lush=0.5)
    assert classes == ["water", "bare_or_built", "bare_or_built"]
    assert "water" not in land_classes(indices, typical=100.0, lush=0.5)


def test_classes_by_index() -> None:
    none = np.full(5, np.nan)
    indices = {
        "ndvi": none,
        "ndwi": none,
        "excess": np.array([0.2, 0.0, np.nan, 0.0, -0.1]),
        "red": np.full(5, np.nan),
        "infrared": np.full(5, np.nan),
        "brightness": np.array([100.0, 100.0, 100.0, 20.0, 300.0]),
    }
    classes = land_classes(indices, typical=100.0)
    assert classes == ["vegetation", "bare_or_built", "other", "dark", "bare_or_built"]
    alone = {name: values[3:4] for name, values in indices.items()}
    assert land_classes(alone, typical=100.0) == ["dark"], "a class does not depend on the other findings"
    assert land_classes({name: np.zeros(0) for name in indices}, typical=100.0) == []


@pytest.mark.parametrize(
    ("ndwi", "infrared", "brightness", "expected"),
    [
        (0.16, 0.3, 0.9, "water"),
        (0.12, 0.55, 0.9, "water"),
        (0.12, 0.55, 1.6, "bare_or_built"),  # a blue factory roof
        (0.12, 0.9, 0.9, "bare_or_built"),  # raw numbers: green is above near infrared almost everywhere
        (0.35, 0.9, 0.9, "water"),  # a scene that is all water has no brighter ground to be measured by
        (0.02, 0.4, 1.1, "water"),
        (0.02, 0.55, 1.1, "bare_or_built"),
    ],
)
def test_water_is_dark_in_the_near_infrared_of_its_scene(
    ndwi: float, infrared: float, brightness: float, expected: str
) -> None:
    indices = one(ndvi=0.1, ndwi=ndwi, infrared=2000.0 * infrared, brightness=800.0 * brightness)
    assert land_classes(indices, typical=800.0, infrared=2000.0, lush=0.6) == [expected]


def samples_of(*, added: float, plants: float) -> np.ndarray:
    """A scene of soil, water and a share of plants, with the same added to all of its numbers."""
    rng = np.random.default_rng(4)
    colours = np.array([[14.0, 18.0, 22.0, 26.0], [6.0, 5.0, 3.0, 2.0], [5.0, 9.0, 5.0, 50.0]])
    kinds = rng.choice(3, size=20_000, p=(0.9 - plants, 0.1, plants))
    return colours[kinds].T * rng.uniform(0.9, 1.1, 20_000) + added


@pytest.mark.parametrize(("added", "plants", "raw"), [(0.0, 0.3, False), (100.0, 0.02, True), (0.0, 0.02, False)])
def test_numbers_are_raw_where_nothing_is_dark_and_nothing_green(added: float, plants: float, raw: bool) -> None:
    samples = samples_of(added=added, plants=plants)
    red, nir = samples[2], samples[3]
    lush = float(np.percentile((nir - red) / (nir + red), 95))
    found = find_raw_numbers(samples, ROLES, lush)
    assert (found is not None) is raw
    if found is not None:
        assert found.red == pytest.approx(added + 3, abs=0.5)
        assert found.nir == pytest.approx(added + 2, abs=0.5)
        wheat = found.ndvi(np.array([added + 5.0]), np.array([added + 50.0]))
        assert wheat.item() > 0.8
    assert find_raw_numbers(samples[:3], ROLES[:3], lush) is None


def test_raw_numbers_need_no_division_by_nothing() -> None:
    raw = RawNumbers(red=50.0, nir=20.0, lush=0.5)
    assert raw.ndvi(np.array([50.0, np.nan]), np.array([20.0, 30.0])).tolist()[0] == 0.0
