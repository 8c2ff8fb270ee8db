"""Clouds without a mask are noticed, what is bright otherwise is not."""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from rs_governance.detect.clouds import clouded_shares
from rs_governance.scenes import PairBlock, Window

Draw = Callable[[NDArray[np.float64]], None]
PIXEL_M = 5.0


def block_of(
    before: NDArray[np.float64], after: NDArray[np.float64], valid: NDArray[np.bool_] | None = None
) -> PairBlock:
    side = before.shape[1]
    seen = np.ones((side, side), np.bool_) if valid is None else valid
    return PairBlock(
        window=Window(row=0, col=0, height=side, width=side),
        before=np.clip(before, 0, 65535).astype(np.uint16),
        after=np.clip(after, 0, 65535).astype(np.uint16),
        valid=seen,
    )


def ground(seed: int, side: int = 400) -> NDArray[np.float64]:
    rng = np.random.default_rng(seed)
    return 900 + 150 * rng.normal(size=(3, side, side))


def cloud(image: NDArray[np.float64]) -> None:
    soft = gaussian_filter(np.pad(np.full((60, 60), 5000.0), 40), 8)
    image[:, 100:240, 100:240] += soft


def roofs(image: NDArray[np.float64]) -> None:
    """White roofs of 15 by 15 m with gaps of 10 m, on as much ground as the cloud."""
    for row in range(100, 220, 5):
        for col in range(100, 220, 5):
            image[:, row : row + 3, col : col + 3] += 4000


def one_hall(image: NDArray[np.float64]) -> None:
    image[:, 100:107, 100:107] += 4000  # 35 by 35 m


def road(image: NDArray[np.float64]) -> None:
    image[:, 100:104, 40:360] += 4000  # new concrete, 20 m wide


def soil(image: NDArray[np.float64]) -> None:
    image[2, 100:200, 100:200] += 4000  # red, not white


@pytest.mark.parametrize("date", [0, 1])
def test_a_cloud_is_noticed_on_its_date(date: int) -> None:
    images = [ground(1), ground(2)]
    cloud(images[date])
    shares = clouded_shares([block_of(*images)], (0, 1, 2), PIXEL_M)
    assert shares[date] == pytest.approx(0.03, rel=0.3)
    assert shares[1 - date] == 0


@pytest.mark.parametrize("draw", [roofs, one_hall, road, soil])
def test_what_is_bright_otherwise_is_not(draw: Draw) -> None:
    later = ground(2)
    draw(later)
    assert clouded_shares([block_of(ground(1), later)], (0, 1, 2), PIXEL_M) == (0, 0)


def test_what_is_bright_on_both_dates_is_not() -> None:
    images = ground(1), ground(2)
    for image in images:
        cloud(image)
    assert clouded_shares([block_of(*images)], (0, 1, 2), PIXEL_M) == (0, 0)


def test_a_masked_cloud_is_not() -> None:
    later = ground(2)
    cloud(later)
    valid = np.ones((400, 400), np.bool_)
    valid[90:250, 90:250] = False
    assert clouded_shares([block_of(ground(1), later, valid)], (0, 1, 2), PIXEL_M) == (0, 0)
    nothing = block_of(ground(1), later, np.zeros_like(valid))
    assert clouded_shares([nothing], (0, 1, 2), PIXEL_M) == (0, 0)
