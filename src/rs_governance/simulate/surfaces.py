"""The ground on a date: colours of everything that is not a roof or a crown."""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from rs_governance.simulate.board import Board, Bytes, Floats, Ints, stream
from rs_governance.simulate.crops import colour_fields, grow
from rs_governance.simulate.land import Cover
from rs_governance.simulate.parcels import Parcels
from rs_governance.simulate.textures import Textures

# For each cover: two colours (blue, green, red, near infrared; reflectance times 10,000), mixed by a
# texture; contrast of the fine texture; height of the bumps in metres.
Look: TypeAlias = tuple[tuple[float, float, float, float], tuple[float, float, float, float], float, float]
_LOOKS: dict[Cover, Look] = {
    Cover.SCRUB: ((360, 640, 480, 2700), (640, 960, 960, 2450), 0.13, 0.5),
    Cover.PLANTATION: ((330, 500, 470, 1700), (720, 900, 1150, 1900), 0.12, 0.3),
    Cover.BROADLEAF: ((300, 480, 380, 1900), (420, 640, 520, 2200), 0.12, 0.3),
    Cover.BANK: ((400, 740, 500, 2900), (620, 960, 820, 2700), 0.13, 0.4),
    Cover.VERGE: ((420, 720, 560, 2600), (900, 1080, 1180, 2000), 0.10, 0.1),
    Cover.TRACK: ((860, 1110, 1400, 2150), (1130, 1330, 1500, 2150), 0.09, 0.0),
    Cover.LANE: ((1720, 1860, 1950, 2200), (1480, 1600, 1690, 2000), 0.04, 0.0),
    Cover.ASPHALT: ((860, 910, 950, 1080), (1010, 1070, 1110, 1240), 0.03, 0.0),
    Cover.VILLAGE: ((1250, 1390, 1500, 1950), (520, 760, 700, 2400), 0.12, 0.1),
    Cover.YARD: ((1500, 1600, 1650, 1900), (1280, 1380, 1440, 1720), 0.05, 0.0),
    Cover.POND: ((560, 760, 520, 330), (560, 760, 520, 330), 0.0, 0.0),
    Cover.RIVER: ((690, 930, 800, 420), (690, 930, 800, 420), 0.0, 0.0),
    Cover.SAND: ((1250, 1480, 1650, 1950), (900, 1130, 1250, 1700), 0.08, 0.05),
    Cover.EARTH: ((930, 1300, 2020, 2700), (820, 1060, 1480, 2100), 0.05, 0.5),
    Cover.RUBBLE: ((1480, 1570, 1680, 1900), (900, 1060, 1290, 1750), 0.18, 0.3),
    Cover.SLASH: ((640, 880, 1280, 1900), (480, 680, 800, 1750), 0.2, 0.35),
    Cover.DYKE: ((700, 1020, 1000, 2300), (1050, 1330, 1520, 2250), 0.10, 0.1),
    Cover.MARKING: ((1700, 1760, 1780, 1900), (1500, 1560, 1580, 1700), 0.05, 0.0),
    Cover.SAPLING: ((400, 760, 560, 2900), (700, 920, 1050, 2100), 0.16, 0.7),
    Cover.TERRACE: ((820, 1130, 1750, 2450), (640, 920, 1180, 2200), 0.08, 0.3),
    Cover.FOOTING: ((1080, 1330, 1850, 2450), (900, 1080, 1450, 2000), 0.08, 0.3),
    Cover.SHED_FLOOR: ((850, 1050, 1150, 2100), (900, 1150, 1400, 2100), 0.08, 0.0),
}

_GRASSY = (Cover.SCRUB, Cover.BANK, Cover.VERGE, Cover.DYKE, Cover.SAPLING)

_BATCH = 1 << 16  # cells coloured at once: small enough for the processor's cache


@dataclass(frozen=True, kw_only=True)
class Season:
    """What the date does to the ground."""

    day_of_year: int
    wetness: float
    """0 dry to 1 soaked soil."""
    turbidity: float
    """0 clear to 1 brown river."""
    drawdown_m: float
    """How far the river has drawn back from its banks."""

    @property
    def lushness(self) -> float:
        """How green grass and weeds are: 1 in the rains of July, 0 in January."""
        return 0.5 + 0.5 * float(np.cos(2 * np.pi * (self.day_of_year - 200) / 365))


def colour_ground(
    board: Board, cover: Bytes, ponds: Ints, parcels: Parcels, textures: Textures, season: Season
) -> tuple[Floats, Floats]:
    """Return the ground's colours (4, rows, columns) and its bumps and crops in metres (rows, columns)."""
    image = np.zeros((4, *cover.shape), np.float32)
    height = np.zeros(cover.shape, np.float32)
    flat, flat_height = image.reshape(4, -1), height.ravel()
    grain, fine, clump, patch, broad = (
        texture.ravel() for texture in (textures.grain, textures.fine, textures.clump, textures.patch, textures.broad)
    )
    codes = cover.ravel()
    order = np.argsort(codes, kind="stable")
    bounds = np.searchsorted(codes[order], np.arange(len(Cover) + 1))
    dry = 1.0 - 0.16 * season.wetness
    for code in Cover:
        cells = order[bounds[code] : bounds[code + 1]]
        if not len(cells):
            continue
        rough = 0.6 * fine[cells] + 0.4 * grain[cells]
        if code == Cover.FIELD:
            crops = grow(parcels, season.day_of_year, season.wetness)
            for start in range(0, len(cells), _BATCH):
                part = cells[start : start + _BATCH]
                patchy = 0.55 * clump[part] + 0.35 * fine[part] + 0.55 * patch[part]
                flat[:, part], flat_height[part] = colour_fields(parcels, crops, part, patchy, broad[part])
            continue
        first, second, contrast, bump = _LOOKS[code]
        mix = np.clip(0.5 + 0.32 * patch[cells] + 0.28 * clump[cells] + 0.2 * broad[cells], 0, 1)
        if code in (Cover.VILLAGE, Cover.PLANTATION):
            mix = np.clip(0.42 + 1.1 * patch[cells] + 0.6 * clump[cells], 0, 1)
        if code in _GRASSY:
            mix = np.clip(mix + 0.5 * (0.75 - season.lushness), 0, 1)
        tone = (1 + contrast * rough) * (dry if bump else 1.0)
        if code == Cover.EARTH:
            # Tracks of the bulldozers: stripes along a direction that wanders with the broad texture.
            rows, columns = np.divmod(cells, cover.shape[1])
            rows, columns = rows + board.row0, columns + board.column0
            swing = 0.9 * broad[cells]
            stripes = np.sin(0.5 * (columns * np.cos(swing) + rows * np.sin(swing)) + 1.2 * clump[cells])
            tone *= 1 + 0.06 * stripes
        if code == Cover.TERRACE:  # young trees in rows along the contour
            rows, columns = np.divmod(cells, cover.shape[1])
            dots = np.sin(0.72 * (columns + board.column0) + 2 * broad[cells]) * np.sin(0.72 * (rows + board.row0))
            mix = np.clip(mix + 0.9 * (dots > 0.45), 0, 1.6)
        for band in range(4):
            flat[band, cells] = (first[band] + mix * (second[band] - first[band])) * tone
        flat_height[cells] = bump * (0.6 * clump[cells] + 0.4 * fine[cells])
        if code == Cover.EARTH:  # heaps and cuts, smoothed by the blade
            flat_height[cells] = bump * (
                1.6 * np.maximum(patch[cells], -0.4) + 0.35 * clump[cells] + 0.08 * fine[cells]
            )
        if code == Cover.POND:
            flat[:, cells] = _pond_water(board.seed, season, ponds.ravel()[cells], patch[cells], broad[cells])
        if code == Cover.RIVER:
            mud = np.array((150, 330, 620, 260), np.float32)[:, None] * (season.turbidity * (1 + 0.18 * broad[cells]))
            flat[:, cells] += mud + 14 * patch[cells] + 9 * fine[cells]
    return image, height


def _pond_water(seed: int, season: Season, number: npt.NDArray[np.int32], patch: Floats, broad: Floats) -> Floats:
    """Return pond colours: each has its own algae, and they come and go."""
    own = stream(seed, "ponds").random((256, 2), dtype=np.float32)
    now = stream(seed, f"ponds on {season.day_of_year}").random((256, 2), dtype=np.float32)
    bloom = np.clip(0.6 * own[:, 0] + 0.4 * now[:, 0] - 0.1, 0, 1)[number]
    mud = np.clip(0.6 * own[:, 1] + 0.5 * now[:, 1] - 0.25, 0, 1)[number]
    clear = np.array((480, 560, 400, 240), np.float32)[:, None]
    algae = np.array((60, 460, 130, 420), np.float32)[:, None]
    silt = np.array((330, 520, 620, 260), np.float32)[:, None]
    return (clear + algae * bloom * (1 + 0.15 * broad) + silt * mud) * (1 + 0.025 * patch)
