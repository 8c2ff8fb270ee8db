"""Buildings: what stands where, and how its roof, height and clutter are drawn."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from shapely.geometry import Polygon

from rs_governance.simulate.board import Board, Flags, Floats
from rs_governance.simulate.outlines import rectangle

Style = Literal["flat", "gable", "shed", "skeleton", "tunnel", "panels", "net", "tanks", "footing"]

# Reflectance times 10,000 in blue, green, red, near infrared.
CEMENT = (1500.0, 1580.0, 1640.0, 1800.0)
PALE = (2050.0, 2120.0, 2140.0, 2300.0)
TILE_RED = (850.0, 940.0, 1380.0, 1700.0)
TILE_DARK = (720.0, 780.0, 830.0, 950.0)
STEEL_BLUE = (2250.0, 1520.0, 880.0, 1300.0)
STEEL_RED = (830.0, 850.0, 1420.0, 1800.0)
STEEL_GREY = (1950.0, 2000.0, 2000.0, 2100.0)
STEEL_WHITE = (2550.0, 2620.0, 2620.0, 2750.0)
FILM = (2150.0, 2250.0, 2250.0, 2900.0)
SOLAR = (760.0, 640.0, 560.0, 620.0)
SHADE_NET = (420.0, 440.0, 450.0, 700.0)
SLAB = (1850.0, 1900.0, 1930.0, 2080.0)


@dataclass(frozen=True, kw_only=True)
class Building:
    """A rectangular building, or one wing of a larger one."""

    x: float
    """Centre, local metres to the east."""
    y: float
    """Centre, local metres to the south."""
    length_m: float
    """Along the ridge."""
    width_m: float
    angle: float
    """Direction of the ridge in radians from the x axis."""
    height_m: float
    """Height of the eaves."""
    style: Style
    colour: tuple[float, float, float, float]
    seed: int
    """Picks the roof's clutter."""

    @property
    def outline(self) -> Polygon:
        """The roof's outline in local metres."""
        return Polygon(rectangle(self.x, self.y, self.length_m, self.width_m, self.angle))


def raise_buildings(
    board: Board,
    buildings: Iterable[Building],
    image: Floats,
    above: Floats,
    texture: Floats,
    day: int,
) -> Flags:
    """Draw roofs into `image` (4, rows, columns) and their heights into `above` (rows, columns), in place.

    `day` decides how rain and dust have left each roof. Returns the cells that are roof.
    """
    roofs = np.zeros(above.shape, bool)
    west, north, east, south = board.bounds
    for building in buildings:
        reach = float(np.hypot(building.length_m, building.width_m) / 2 + board.cell_m)
        if not (west - reach < building.x < east + reach and north - reach < building.y < south + reach):
            continue
        columns = board.column_of([building.x - reach, building.x + reach])
        rows = board.row_of([building.y - reach, building.y + reach])
        window = (slice(int(rows[0]), int(rows[1]) + 1), slice(int(columns[0]), int(columns[1]) + 1))
        dx = board.x[window[1]][None, :] - building.x
        dy = board.y[window[0]][:, None] - building.y
        cos, sin = np.cos(building.angle), np.sin(building.angle)
        a, b = dx * cos + dy * sin, -dx * sin + dy * cos
        inside = (abs(a) <= building.length_m / 2) & (abs(b) <= building.width_m / 2)
        if not inside.any():
            continue
        rng = np.random.Generator(np.random.PCG64(building.seed))
        height, colour = _ROOFS[building.style](building, a, b, rng)
        inside &= height > 0
        dirt = np.random.Generator(np.random.PCG64([building.seed, day])).random()
        colour *= (1 - 0.10 * dirt) * (1 + 0.05 * texture[window])
        above[window] = np.where(inside, height, above[window])
        image[(slice(None), *window)] = np.where(inside, colour, image[(slice(None), *window)])
        roofs[window] |= inside
    return roofs


def _plain(building: Building, a: Floats) -> Floats:
    return np.broadcast_to(np.array(building.colour, np.float32)[:, None, None], (4, *a.shape)).copy()


def _patch(a: Floats, b: Floats, x: float, y: float, length: float, width: float) -> Flags:
    return (abs(a - x) <= length / 2) & (abs(b - y) <= width / 2)


def _flat(building: Building, a: Floats, b: Floats, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Concrete roof with parapet, stair hut, water tank, and now and then a tin canopy."""
    half_a, half_b = building.length_m / 2, building.width_m / 2
    colour, height = _plain(building, a), np.full(a.shape, building.height_m, np.float32)
    colour *= 1 - 0.14 * rng.random() * (a * (rng.random() - 0.5) + b * 0.3 > 0)
    rim = np.minimum(half_a - abs(a), half_b - abs(b)) < 0.55
    colour[:, rim] *= 1.22
    height[rim] += 0.9
    draws = rng.random(8)
    if draws[0] < 0.4:
        tin = np.array([STEEL_BLUE, STEEL_RED, STEEL_GREY, STEEL_RED][int(4 * draws[1])], np.float32)
        deep = building.width_m * (0.4 + 0.4 * draws[2])
        part = _patch(a, b, half_a * (draws[3] - 0.5) * 0.5, half_b - deep / 2 - 0.5, half_a * 1.3, deep)
        colour[:, part] = tin[:, None]
        height[part] = building.height_m + 2.4 - 0.12 * b[part]
    hut = _patch(a, b, (draws[4] - 0.5) * half_a, (half_b - 2.2) * (1 if draws[5] < 0.5 else -1), 3.4, 3.2)
    colour[:, hut] = np.array(PALE, np.float32)[:, None] * 0.95
    height[hut] = building.height_m + 2.7
    tank = np.hypot(a - half_a * (draws[6] - 0.5) * 1.2, b - half_b * (draws[7] - 0.5) * 1.2) < 0.8
    colour[:, tank] = 3600.0
    height[tank] = building.height_m + 1.6
    return height, colour


def _gable(building: Building, a: Floats, b: Floats, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Two tiled slopes; every third one is hipped."""
    half_a, half_b = building.length_m / 2, building.width_m / 2
    rise = half_b - abs(b)
    if rng.random() < 0.33:
        rise = np.minimum(rise, half_a - abs(a))
    colour = _plain(building, a)
    colour *= 1 + 0.06 * np.sin(2 * np.pi * b / 1.3) + 0.1 * (rise < 0.45)
    mended = _patch(a, b, half_a * (rng.random() - 0.5) * 1.4, half_b * (rng.random() - 0.5), 3.5, half_b)
    colour[:, mended] *= 1.16
    return (building.height_m + 0.5 * rise).astype(np.float32), colour.astype(np.float32)


def _shed(building: Building, a: Floats, b: Floats, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Profiled steel: ribs, translucent strips, streaks of rust and a ridge vent."""
    half_b = building.width_m / 2
    colour = _plain(building, a)
    ribs = 0.035 * np.sin(2 * np.pi * a / 2.1) + 0.05 * np.sin(2 * np.pi * a / 6.3 + 6 * rng.random())
    colour *= 1 + ribs
    bay = 7.0 + 4 * rng.random()
    if rng.random() < 0.6:
        strip = (abs((a + bay / 2) % bay - bay / 2) < 0.5) & (abs(b) > 0.15 * half_b) & (abs(b) < 0.85 * half_b)
        colour[:, strip] = colour[:, strip] * 0.6 + 900.0
    faded = _patch(
        a,
        b,
        building.length_m * (rng.random() - 0.5) * 0.7,
        half_b * 0.5 * np.sign(rng.random() - 0.5),
        bay * 1.4,
        half_b,
    )
    colour[:, faded] *= 1.16
    colour[:, abs(b) < 0.5] *= 1.18
    return (building.height_m + 0.16 * (half_b - abs(b))).astype(np.float32), colour.astype(np.float32)


def _skeleton(building: Building, a: Floats, b: Floats, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """A storey in the making: slab, columns, timber forms, and a green net about it."""
    half_a, half_b = building.length_m / 2, building.width_m / 2
    colour, height = _plain(building, a), np.full(a.shape, building.height_m, np.float32)
    timber = np.sin(a / 3.1 + 6 * rng.random()) + np.sin(b / 2.3 + 6 * rng.random()) > 0.5
    colour[:, timber] = np.array((700.0, 950.0, 1350.0, 1900.0), np.float32)[:, None]
    beams = (abs((a + 2) % 4 - 2) < 0.35) | (abs((b + 2) % 4 - 2) < 0.35)
    colour[:, beams & ~timber] *= 1.25
    columns = (abs((a + 2) % 4 - 2) < 0.4) & (abs((b + 2) % 4 - 2) < 0.4)
    height[columns] += 2.5
    open_bay = _patch(a, b, half_a * (rng.random() - 0.5), half_b * (rng.random() - 0.5), half_a * 0.7, half_b * 0.7)
    height[open_bay & ~beams] = max(building.height_m - 3.3, 0.3)
    colour[:, open_bay & ~beams] *= 0.75
    net = np.minimum(half_a - abs(a), half_b - abs(b)) < 0.7
    colour[:, net] = np.array((600.0, 1150.0, 700.0, 1900.0), np.float32)[:, None]
    height[net] = building.height_m + 1.4
    return height, colour


def _tunnel(building: Building, a: Floats, b: Floats, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """A film tunnel: an arch with hoops showing through."""
    arch = np.sqrt(np.clip(1 - (2 * b / building.width_m) ** 2, 0, 1))
    colour = _plain(building, a) * (0.86 + 0.2 * rng.random())
    colour *= 0.8 + 0.25 * arch + 0.04 * np.sin(2 * np.pi * a / 2.0)
    return (building.height_m * (0.25 + 0.75 * arch)).astype(np.float32), colour.astype(np.float32)


def _panels(building: Building, a: Floats, b: Floats, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Rows of tilted solar panels with the ground between them; 0 height where there is none."""
    pitch = 5.2
    row = (b + building.width_m / 2) % pitch
    panel = (row < 3.3) & (abs((a + 1.5) % 22 - 11) < 10.4)
    colour = _plain(building, a)
    frames = (abs(a % 2.2 - 1.1) > 1.0) | (abs(row - 1.65) < 0.12)
    colour *= 1 + 0.16 * frames + 0.07 * rng.standard_normal() * np.sin(a / 9)
    height = np.where(panel, 0.9 + 0.35 * row, 0).astype(np.float32)
    return height, colour.astype(np.float32)


def _net(building: Building, a: Floats, b: Floats, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Black shade net on posts, sagging between them."""
    sag = np.cos(2 * np.pi * a / 6.0) * np.cos(2 * np.pi * b / 6.0)
    colour = _plain(building, a)
    seams = abs((b + 3) % 6 - 3) < 0.25
    colour *= 0.92 + 0.06 * sag + 0.3 * seams + 0.12 * rng.random()
    return (building.height_m + 0.15 * sag).astype(np.float32), colour.astype(np.float32)


def _tanks(building: Building, a: Floats, b: Floats, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Upright round tanks side by side; 0 height between them."""
    pitch = building.width_m
    count = max(1, int(building.length_m / pitch))
    along = (a + count * pitch / 2) % pitch - pitch / 2
    away = np.hypot(along, b) / (0.46 * pitch)
    on = (away < 1) & (abs(a) < count * pitch / 2)
    colour = _plain(building, a)
    # A cone: the side towards the morning sun is the brighter one.
    colour *= 1 + 0.1 * (along + b) / pitch + 0.06 * rng.standard_normal() + 0.2 * (away < 0.15)
    return np.where(on, building.height_m + 0.8 * (1 - away), 0).astype(np.float32), colour.astype(np.float32)


def _footing(building: Building, a: Floats, b: Floats, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """A foundation: pale slab with darker beams of steel and forms, and a pit along one side."""
    half_a, half_b = building.length_m / 2, building.width_m / 2
    colour, height = _plain(building, a), np.full(a.shape, building.height_m, np.float32)
    beams = (abs((a + 2) % 4 - 2) < 0.45) | (abs((b + 2) % 4 - 2) < 0.45)
    colour[:, beams] = np.array((1180.0, 1180.0, 1230.0, 1350.0), np.float32)[:, None]
    steel = _patch(a, b, half_a * (rng.random() - 0.5), half_b * (rng.random() - 0.5), half_a * 0.8, half_b * 0.9)
    colour[:, steel & ~beams] = np.array((760.0, 800.0, 950.0, 1150.0), np.float32)[:, None]
    height[beams] += 0.5
    return height, colour


_ROOFS = {
    "flat": _flat,
    "gable": _gable,
    "shed": _shed,
    "skeleton": _skeleton,
    "tunnel": _tunnel,
    "panels": _panels,
    "net": _net,
    "tanks": _tanks,
    "footing": _footing,
}
