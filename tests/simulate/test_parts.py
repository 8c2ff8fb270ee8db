"""Sunlight, shadows, leaning tops and noise, each by itself."""

from datetime import date

import numpy as np
import pytest
import shapely

from rs_governance.simulate.blocks import Use
from rs_governance.simulate.board import Board, noise_at
from rs_governance.simulate.crops import grow
from rs_governance.simulate.light import Sun, illuminate, lean, shifted, sun_at
from rs_governance.simulate.parcels import Parcels


def board(seed: int, side: int = 400, column0: int = 0) -> Board:
    return Board(seed=seed, cell_m=0.4, column0=column0, row0=0, columns=side, rows=side)


def test_sun_at_noon_and_in_the_morning() -> None:
    noon = sun_at(date(2026, 12, 21), 12.0, 22.7)
    assert noon.azimuth_deg == pytest.approx(180, abs=0.1)
    assert noon.elevation_deg == pytest.approx(90 - 22.7 - 23.45, abs=0.1)
    morning = sun_at(date(2026, 9, 23), 9.0, 22.7)
    assert 90 < morning.azimuth_deg < 135
    assert morning.toward[0] > 0  # east


def test_shadow_falls_away_from_the_sun_and_is_as_long_as_it_should() -> None:
    ground = np.zeros((80, 80), np.float32)
    ground[40:44, 40:44] = 10.0
    image = np.ones((4, 80, 80), np.float32)
    illuminate(image, ground, 12.0, Sun(azimuth_deg=180.0, elevation_deg=45.0), 0.5)
    shade = image[2] < 0.5
    column = np.flatnonzero(shade[:40, 42])  # north of the block: the sun is in the south
    assert len(column) * 0.5 == pytest.approx(10.0, abs=1.5)
    assert not shade[46:, :].any()


def test_lean_moves_tops_only() -> None:
    above = np.zeros((30, 30), np.float32)
    above[10:20, 10:20] = 10.0
    image = np.zeros((4, 30, 30), np.float32)
    image[:, 10:20, 10:20] = 5.0
    lean(image, above, above > 0, (0.2, 0.0), 0.5)  # 2 m to the east: 4 cells
    assert (image[0, 12, 14:24] == 5.0).all()
    assert image[0, 12, 24] == 0.0
    assert image[0, 5, 12] == 0.0


def test_shifted_takes_from_ahead() -> None:
    board = np.arange(12, dtype=np.float32).reshape(3, 4)
    assert shifted(board, 1, -1)[0, 1] == board[1, 0]
    assert shifted(board, 0, 2)[2, 1] == board[2, 3]


@pytest.mark.parametrize("scale_m", [0.3, 3.0, 30.0])
def test_noise_has_unit_variance(scale_m: float) -> None:
    fields = [board(seed, 800).noise("noise", scale_m) for seed in range(6)]
    assert np.mean([np.mean(field**2) for field in fields]) == pytest.approx(1.0, rel=0.35)


@pytest.mark.parametrize("scale_m", [0.3, 3.0, 50.0])
def test_noise_belongs_to_the_place(scale_m: float) -> None:
    whole, part = board(1).noise("noise", scale_m), board(1, 200, column0=150).noise("noise", scale_m)
    assert np.array_equal(whole[:200, 150:350], part)


def test_noise_at_a_place_is_that_of_the_board() -> None:
    own = board(2)
    expected = own.noise("noise", 25.0)[10, [5, 200, 399]]
    found = noise_at(2, "noise", 25.0, own.x[[5, 200, 399]], np.repeat(own.y[10], 3))
    assert found == pytest.approx(expected, abs=1e-4)


def test_share_of_a_shape_on_flags() -> None:
    own = board(1, 100)
    flags = np.zeros(own.shape, bool)
    flags[:, :50] = True  # the western 20 m
    assert own.share(flags, shapely.box(10, 10, 30, 30)) == pytest.approx(0.5, abs=0.03)
    assert own.share(flags, shapely.box(30, 30, 50, 50)) == 0.0  # reaches beyond the board


def paddy(day: int) -> dict[str, float]:
    draws = np.random.default_rng(0).random((8, 2000), dtype=np.float32)
    empty = np.zeros((1, 1))
    parcels = Parcels(key=empty, edge_m=empty, across_m=empty, along_m=empty, use=empty, draws=draws)  # type: ignore[arg-type]
    crops = grow(parcels, day, 0.5)
    return {name: float(getattr(crops, name)[Use.PADDY].mean()) for name in ("green", "ripe", "straw", "flood")}


def test_paddy_bears_two_crops() -> None:
    june, july, august, october, december = (paddy(day) for day in (169, 194, 216, 284, 340))
    assert june["green"] > 0.8
    assert june["ripe"] < 0.1 < july["ripe"]
    assert august["flood"] > 0.5
    assert august["green"] < 0.4
    assert october["green"] > 0.8
    assert december["straw"] > 0.4
