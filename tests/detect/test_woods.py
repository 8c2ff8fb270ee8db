"""Trees that go or grow back, found by their greenness on ground that is known to be wooded."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from rs_governance.detect import MONTHLY, SpectralModel, SpectralParameters, find_changes, learn_model
from rs_governance.detect.change import Standard
from rs_governance.detect.woods import measure_greening
from rs_governance.scenes import AlignedPair, PairBlock, Window

Grounds = Callable[..., NDArray[Any]]
Pairs = Callable[..., AlignedPair]

NIR, RED = 3, 2


def standard(**given: Any) -> Standard:
    ones = np.ones(2)
    return Standard(**{
        "gain": ones,
        "offset": 0 * ones,
        "weight": ones,
        "here_px": 1,
        "around_px": 2,
        "tolerance_px": 1,
        **given,
    })


def block(before: tuple[float, float], after: tuple[float, float]) -> PairBlock:
    images = [np.stack([np.full((9, 9), band, np.float32) for band in bands]) for bands in (before, after)]
    whole = Window(row=0, col=0, height=9, width=9)
    return PairBlock(window=whole, before=images[0], after=images[1], valid=np.ones((9, 9), np.bool_))


def test_greening_is_the_change_of_the_index() -> None:
    greening = measure_greening(block((100, 300), (100, 700)), ("red", "nir"), standard())
    assert greening is not None
    np.testing.assert_allclose(greening, 0.75 - 0.5, atol=1e-3)


def test_greening_is_measured_after_the_gains_are_matched() -> None:
    matched = standard(gain=np.array([0.5, 0.5]))
    greening = measure_greening(block((100, 300), (200, 600)), ("red", "nir"), matched)
    np.testing.assert_allclose(greening, 0.0, atol=1e-3)


def test_a_dark_place_has_no_index_and_no_greening() -> None:
    np.testing.assert_array_equal(measure_greening(block((0, 0), (0, 0)), ("red", "nir"), standard()), 0.0)


def test_without_near_infrared_nothing_is_measured() -> None:
    assert measure_greening(block((1, 2), (3, 4)), ("red", "green"), standard()) is None


def clearing(ground: Grounds) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return a scene and, a month later, the same with a clearing that greens."""
    before = ground(3, height=320, width=360)
    after = before.copy()
    after[RED, 60:110, 260:310] = before[RED, 60:110, 260:310] * 0.7
    after[NIR, 60:110, 260:310] = before[NIR, 60:110, 260:310] * 1.2
    return before, after


def ripening(pair: AlignedPair) -> SpectralModel:
    """Return a model as of a scene whose fields change far more than the clearing."""
    model = learn_model(pair, SpectralParameters())
    return replace(model, level=20 * model.level)


def over_clearing(findings: Any) -> float:
    """Return the share of the clearing that findings cover."""
    place = shapely.box(500_260, 2_499_890, 500_310, 2_499_940)
    return float(
        shapely.area(shapely.intersection(shapely.union_all(findings.geometry.to_numpy()), place)) / place.area
    )


def test_a_clearing_that_greens_is_found_where_the_ground_is_known_to_be_wooded(
    ground: Grounds, pair_of: Pairs
) -> None:
    pair = pair_of(*clearing(ground))
    model = ripening(pair)
    wood, elsewhere = (shapely.box(left, 2_499_680, left + 175, 2_500_000) for left in (500_185, 500_000))
    assert over_clearing(find_changes(pair, model=model).findings) == 0
    assert over_clearing(find_changes(pair, model=model, woods=wood).findings) > 0.8
    assert over_clearing(find_changes(pair, model=model, woods=elsewhere).findings) == 0


def test_blocks_never_change_what_is_found_in_woods(ground: Grounds, pair_of: Pairs) -> None:
    pair = pair_of(*clearing(ground))
    wood = shapely.Polygon([(500_171.3, 2_499_690), (500_351, 2_499_700.7), (500_340, 2_499_999), (500_180, 2_499_980)])
    whole, cut = (find_changes(pair, model=ripening(pair), woods=wood, block_px=side).findings for side in (512, 64))
    assert len(whole)
    assert whole.equals(cut)


def test_monthly_settings_do_not_depend_on_blocks(ground: Grounds, pair_of: Pairs) -> None:
    pair = pair_of(*clearing(ground))
    whole, cut = (find_changes(pair, MONTHLY, block_px=side).findings for side in (512, 64))
    assert len(whole)
    assert whole.equals(cut)
