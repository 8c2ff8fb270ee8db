"""Fields through the season: each parcel's cover, ripeness and soil on a day of the year.

The calendar is that of south Guangxi: two crops of rice, flooded and planted in April and again at the
turn of July, ripe in July and from mid October; cane that closes by July and is cut in winter;
vegetables that turn over all the time; dry land cleared in July and in autumn. None of it is a finding.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rs_governance.simulate.blocks import Use
from rs_governance.simulate.board import Floats
from rs_governance.simulate.parcels import Parcels

_GREEN = np.array(
    [
        (400, 710, 470, 3400),  # paddy
        (440, 800, 560, 3700),  # cane
        (430, 770, 520, 3500),  # vegetables
        (420, 760, 530, 3100),  # dry land
        (490, 780, 660, 2800),  # fallow: weeds
        (430, 760, 600, 2900),  # orchard floor
    ],
    np.float32,
)
_RIPE = np.array((560, 1120, 1080, 2900), np.float32)
_STRAW = np.array((900, 1300, 1560, 2350), np.float32)
_RED_SOIL = np.array((640, 980, 1800, 2450), np.float32)
_BROWN_SOIL = np.array((760, 1010, 1290, 1800), np.float32)
_FLOOD = np.array((620, 860, 900, 520), np.float32)
_FILM = np.array((2100, 2250, 2300, 2700), np.float32)
_BUND = np.array((620, 960, 960, 2500), np.float32)
_FIRST_WOOD = int(Use.PLANTATION)


@dataclass(frozen=True, kw_only=True)
class Crops:
    """State of every parcel on a date; arrays are (uses of fields, parcels)."""

    green: npt.NDArray[np.float32]
    """Share of the ground under leaves."""
    ripe: npt.NDArray[np.float32]
    """0 green to 1 golden."""
    straw: npt.NDArray[np.float32]
    """Share of straw and stubble on the open ground."""
    wet: npt.NDArray[np.float32]
    """How moist the open soil is."""
    flood: npt.NDArray[np.float32]
    """1 where the open ground stands under water."""
    tall: npt.NDArray[np.float32]
    """Height of the crop as a share of the full-grown one."""
    film: npt.NDArray[np.float32]
    """1 where plastic mulch lies."""


def grow(parcels: Parcels, day_of_year: int, wetness: float) -> Crops:
    """Return the state of all parcels on a day of the year."""
    d = parcels.draws
    day = np.float32(day_of_year)
    shape = (_FIRST_WOOD, d.shape[1])
    green, ripe, straw, film, flood = (np.zeros(shape, np.float32) for _ in range(5))
    tall = np.ones(shape, np.float32)
    wet = np.clip(wetness + 0.5 * (d[3] - 0.5), 0, 1)[None, :].repeat(_FIRST_WOOD, 0)

    _grow_paddy(d, day, green, ripe, straw, flood)

    cut = (335 + 105 * d[1]) % 365  # from December to mid March
    stands = np.where(cut > 300, (day < cut) & (day > 100), (day < cut) | (day > 100))
    closing = np.interp(day, (95, 175), (0.15, 0.97)).astype(np.float32)
    green[Use.CANE] = np.where(stands, closing if 100 < day < 300 else 0.97, 0.12) * np.where(d[2] < 0.09, 0.6, 1)
    straw[Use.CANE] = np.where(stands, 0.05, 0.7)
    tall[Use.CANE] = np.where(stands, np.interp(day, (100, 180, 270), (0.15, 0.7, 1.1)) if day > 100 else 1.1, 0.05)
    ripe[Use.CANE] = 0.06 + 0.1 * d[0] + 0.0012 * np.maximum(day - 200, 0)

    turn = (day / (75 + 70 * d[0]) + d[1]) % 1
    green[Use.VEGETABLE] = np.interp(turn, (0, 0.12, 0.5, 0.86, 1), (0.05, 0.12, 0.95, 0.97, 0.3))
    film[Use.VEGETABLE] = (turn < 0.25) & (d[2] < 0.3)

    # Peanuts or maize from March to July, then sweet potatoes or maize again until autumn.
    first, second = 196 + 24 * (d[1] - 0.5), 300 + 56 * (d[1] - 0.5)
    spring, autumn = day - (72 + 20 * d[0]), day - (first + 12 + 14 * d[0])
    grown = np.where(day < first, np.clip(spring / 55, 0, 1), np.clip(autumn / 38, 0, 1))
    cleared = day > second
    green[Use.DRYLAND] = np.where(cleared, 0.1 + 0.25 * d[5], 0.06 + (0.69 + 0.2 * d[5]) * grown)
    before = np.where(day < first, first, second)
    ripe[Use.DRYLAND] = np.where(cleared, 0.3, np.clip((day - before + 38) / 70, 0, 0.7))
    straw[Use.DRYLAND] = np.where(cleared, 0.35 * d[6], 0.1)

    ploughed = (day > 262 + 150 * d[1]) | (d[2] < 0.1)
    green[Use.FALLOW] = np.where(ploughed, 0.05, 0.55 + 0.4 * d[0])
    ripe[Use.FALLOW] = np.clip(0.15 + 0.25 * d[5] + 0.005 * np.maximum(day - 255, 0), 0, 1)

    green[Use.ORCHARD] = 0.35 + 0.5 * d[0]
    ripe[Use.ORCHARD] = 0.3
    return Crops(green=green, ripe=ripe, straw=straw, wet=wet.astype(np.float32), film=film, flood=flood, tall=tall)


def _grow_paddy(
    d: npt.NDArray[np.float32],
    day: np.float32,
    green: npt.NDArray[np.float32],
    ripe: npt.NDArray[np.float32],
    straw: npt.NDArray[np.float32],
    flood: npt.NDArray[np.float32],
) -> None:
    """Fill in the rows of the paddy: two crops a year, neighbours a week or two apart."""
    late = 8 * (d[0] - 0.5) - 30 * (d[2] < 0.03)
    planted = (98 + 14 * (d[1] - 0.5), 213 + 13 * (d[1] - 0.5))
    reaped = (198 + 12 * (d[6] - 0.5) + late / 2, 298 + 36 * (d[1] - 0.5) + late)
    golden = (np.clip((day - 183 - late) / 18, 0, 1), np.clip((day - 280 - 2.2 * late) / 24, 0, 1))
    green[Use.PADDY], straw[Use.PADDY] = 0.16 + 0.2 * d[5], 0.55
    for crop in range(2):
        grown = np.clip((day - planted[crop]) / 34, 0, 1)
        stands = (day >= planted[crop]) & (day < reaped[crop])
        green[Use.PADDY] = np.where(stands, 0.08 + (0.82 + 0.1 * d[5]) * grown, green[Use.PADDY])
        ripe[Use.PADDY] = np.where(stands, golden[crop], ripe[Use.PADDY])
        straw[Use.PADDY] = np.where(stands, 0.1 * (grown > 0.9), straw[Use.PADDY])
        # Ploughed under water for ten days before it is planted, and shallow water under the young rice.
        puddled = (day >= planted[crop] - 10) & (day < planted[crop])
        green[Use.PADDY] = np.where(puddled, 0.03, green[Use.PADDY])
        flood[Use.PADDY] = np.where(puddled | (stands & (grown < 0.9)), 0.9, flood[Use.PADDY])
    straw[Use.PADDY] *= 1 - flood[Use.PADDY]


def colour_fields(
    parcels: Parcels, crops: Crops, cells: npt.NDArray[np.intp], patchy: Floats, broad: Floats
) -> tuple[Floats, Floats]:
    """Return colours (4, n) and crop heights (n) of the field cells; `patchy` and `broad` are textures (n)."""
    key = parcels.key.ravel()[cells]
    use = np.minimum(parcels.use.ravel()[cells], Use.ORCHARD)
    draws = parcels.draws
    across, along, edge = (board.ravel()[cells] for board in (parcels.across_m, parcels.along_m, parcels.edge_m))

    spacing = (1.9 + 1.5 * draws[6])[key]
    rows = np.sin(2 * np.pi * across / spacing)
    strength = np.array([0.03, 0.10, 0.20, 0.12, 0.03, 0.0], np.float32)[use]
    rough = np.array([0.05, 0.09, 0.08, 0.11, 0.16, 0.12], np.float32)[use]
    green = crops.green[use, key]
    # The middle of its growth is where a stand is most uneven.
    uneven = 1.0 + 1.5 * np.minimum(green, 1 - green)
    green = np.clip(green + uneven * (strength * rows + rough * (0.7 * patchy + 0.5 * broad)), 0, 1)
    ripe = np.clip(crops.ripe[use, key] * (1 + 0.35 * broad) + 0.05 * patchy, 0, 1)
    tree, tree_height = _orchard(use, across, along, patchy)

    tone = (0.72 + 0.46 * draws[5] + 0.14 * (draws[6] - 0.5))[key] * (1 + 0.09 * patchy + 0.05 * broad)
    warm = 0.42 * (draws[4] - 0.45)[key]
    # Ripening and lodging show as streaks along the rows; the soil's redness belongs to the place.
    redness = np.clip(0.35 + 0.9 * (draws[3][key] - 0.5) + 0.2 * broad, 0, 1)
    wet = 1 - 0.42 * crops.wet[use, key]
    flood = crops.flood[use, key]
    straw, film = crops.straw[use, key], crops.film[use, key] * (rows > -0.35)
    bund = np.clip((0.75 - edge) / 0.45, 0, 1) * np.where(use == Use.CANE, 0.6, 0.9)

    image = np.empty((4, len(cells)), np.float32)
    for band in range(4):
        leaf = _GREEN[:, band][use]
        leaf = leaf + ripe * (_RIPE[band] - leaf)
        leaf *= tone * (1 + warm * (0.3, 0.5, 1.0, 0.15)[band])
        soil = (
            (_BROWN_SOIL[band] + redness * (_RED_SOIL[band] - _BROWN_SOIL[band]))
            * wet
            * (1 + 0.08 * patchy + 0.06 * rows)
        )
        soil += straw * (_STRAW[band] - soil)
        soil += film * (_FILM[band] - soil)
        soil += flood * (_FLOOD[band] * (1 + 0.25 * warm) - soil)
        value = soil + green * (leaf - soil)
        value += bund * (_BUND[band] * (1 + 0.15 * patchy + 0.1 * broad) - value)
        image[band] = value + tree * ((330, 620, 400, 3300)[band] - value)
    height = np.where(use == Use.CANE, 2.1 * green * crops.tall[use, key], 0.5 * green * (use != Use.PADDY))
    height = height * (1 - bund) * (1 + 0.12 * rows + 0.15 * patchy) + tree_height
    return image, height.astype(np.float32)


def _orchard(use: npt.NDArray[np.uint8], across: Floats, along: Floats, patchy: Floats) -> tuple[Floats, Floats]:
    """Return the share of crown and its height for orchard cells: round trees on a 4.5 m lattice."""
    if not (use == Use.ORCHARD).any():
        return np.zeros(use.shape, np.float32), np.zeros(use.shape, np.float32)
    u, v = (across + 2.25) % 4.5 - 2.25, (along + 2.25) % 4.5 - 2.25
    inner = np.clip(1 - (u * u + v * v) / (2.6 + 0.9 * patchy), 0, 1) * (use == Use.ORCHARD)
    return (inner > 0.05).astype(np.float32), (2.6 * np.sqrt(inner)).astype(np.float32)
