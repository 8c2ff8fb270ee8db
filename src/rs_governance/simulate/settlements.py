"""Villages, houses along the road, and works: the buildings that stand on both dates."""

import numpy as np
from shapely import STRtree
from shapely.geometry import Point, Polygon

from rs_governance.simulate.board import stream
from rs_governance.simulate.buildings import (
    CEMENT,
    PALE,
    STEEL_BLUE,
    STEEL_GREY,
    STEEL_RED,
    STEEL_WHITE,
    TILE_DARK,
    TILE_RED,
    Building,
    Style,
)
from rs_governance.simulate.land import Land

_HOUSES: tuple[tuple[float, Style, tuple[float, float, float, float]], ...] = (
    (0.40, "flat", CEMENT),
    (0.58, "flat", PALE),
    (0.70, "gable", TILE_RED),
    (0.86, "gable", TILE_DARK),
    (0.93, "shed", STEEL_BLUE),
    (0.97, "shed", STEEL_RED),
    (1.01, "shed", STEEL_GREY),
)


def settle(land: Land) -> list[Building]:
    """Build the villages, the houses along the main road and the works of a land."""
    rng = stream(land.seed, "settlements")
    built: list[Building] = []
    for yard in land.works:  # first come, first kept: houses give way to sheds
        built += works(rng, yard)
    for village in land.villages:
        built += _village(rng, village)
    built += _roadside(rng, land)
    return _apart(land, built)


def house(rng: np.random.Generator, x: float, y: float, angle: float) -> Building:
    """Return one house about a place."""
    pick = rng.random()
    style, colour = next((style, colour) for bound, style, colour in _HOUSES if pick < bound)
    length, width = 8.5 + 6 * rng.random() ** 1.5, 7.8 + 4.2 * rng.random()
    height = 3.0 + 1.5 * rng.random() if style != "flat" else 3.2 * (1 + np.floor(3.6 * rng.random()))
    tint = (0.82 + 0.36 * rng.random()) * (1 + 0.05 * rng.standard_normal(4))
    blue, green, red, nir = (float(value) for value in np.array(colour) * tint)
    return Building(
        x=float(x),
        y=float(y),
        length_m=float(length),
        width_m=float(width),
        angle=float(angle),
        height_m=float(height),
        style=style,
        colour=(blue, green, red, nir),
        seed=draw_seed(rng),
    )


def draw_seed(rng: np.random.Generator) -> int:
    """Draw the seed of a roof's clutter."""
    return int(rng.integers(1 << 31))


def _village(rng: np.random.Generator, village: Polygon) -> list[Building]:
    """Rows of houses along one direction that turns slowly through the village."""
    found = []
    centre = village.centroid
    angle = np.pi * rng.random()
    reach = float(np.sqrt(village.area))
    turn = 0.5 * rng.standard_normal() / reach
    plot, row = 12.4 + 2 * rng.random(), 12.0 + 2 * rng.random()
    lattice = np.arange(-int(reach / 10), int(reach / 10) + 1)
    for j in lattice:
        slide = plot * rng.random()
        for i in lattice:
            if rng.random() < 0.09:
                continue
            u = i * plot + slide + 1.2 * rng.standard_normal()
            v = j * row + 3.4 * np.floor(j / 2) + 0.8 * rng.standard_normal()
            local = angle + turn * u
            x = centre.x + u * np.cos(angle) - v * np.sin(angle)
            y = centre.y + u * np.sin(angle) + v * np.cos(angle)
            if village.contains(Point(x, y)):
                tilt = 0.05 * rng.standard_normal() + (np.pi / 2 if rng.random() < 0.2 else 0)
                found.append(house(rng, x, y, local + tilt))
    return found


def _roadside(rng: np.random.Generator, land: Land) -> list[Building]:
    """Shops wall to wall along the main road where a village is near."""
    found = []
    road = land.main_road
    for at_m in np.arange(0, road.length, 11.0):
        at, ahead = road.interpolate(at_m), road.interpolate(at_m + 4)
        near = min((village.distance(at) for village in land.villages), default=1e9)
        angle = float(np.arctan2(ahead.y - at.y, ahead.x - at.x))
        for side in (-1, 1):
            if rng.random() < 0.75 and near < 60:
                off = side * (17.5 + 1.2 * rng.random())
                found.append(house(rng, at.x - off * np.sin(angle), at.y + off * np.cos(angle), angle))
    return found


def works(rng: np.random.Generator, yard: Polygon) -> list[Building]:
    """Return steel sheds side by side, and an office, on a yard."""
    corners = np.array(yard.exterior.coords)[:4]
    along, deep = corners[1] - corners[0], corners[3] - corners[0]
    angle = float(np.arctan2(along[1], along[0]))
    length, depth = float(np.hypot(*along)), float(np.hypot(*deep))
    unit_a, unit_d = along / length, deep / depth
    found = []
    left = 5.0
    main = STEEL_BLUE if rng.random() < 0.75 else STEEL_GREY
    while True:
        width = 17 + 15 * rng.random()
        if left + width > length - 4:
            break
        shed = depth * (0.45 + 0.35 * rng.random())
        x, y = corners[0] + unit_a * (left + width / 2) + unit_d * (4 + shed / 2)
        colour = main if rng.random() < 0.75 else (STEEL_WHITE, STEEL_GREY, STEEL_RED)[int(3 * rng.random())]
        tint = 0.85 + 0.25 * rng.random()
        blue, green, red, nir = (float(value * tint) for value in colour)
        found.append(
            Building(
                x=float(x),
                y=float(y),
                length_m=float(shed),
                width_m=float(width),
                angle=angle + np.pi / 2,
                height_m=float(7 + 3 * rng.random()),
                style="shed",
                colour=(blue, green, red, nir),
                seed=draw_seed(rng),
            )
        )
        left += width + (1.0 if rng.random() < 0.4 else 8.0)
    x, y = corners[0] + unit_a * (length * (0.2 + 0.5 * rng.random())) + unit_d * (depth - 9)
    found.append(
        Building(
            x=float(x),
            y=float(y),
            length_m=26.0,
            width_m=10.5,
            angle=angle,
            height_m=12.8,
            style="flat",
            colour=PALE,
            seed=draw_seed(rng),
        )
    )
    return found


def _apart(land: Land, built: list[Building]) -> list[Building]:
    """Drop what stands on roads or water, and what runs into an earlier building."""
    roads = [land.main_road.buffer(7), *(lane.buffer(3.4) for lane in land.lanes)]
    closed = STRtree([*roads, *land.ponds, land.river])
    outlines = [building.outline for building in built]
    tree = STRtree(outlines)
    keep: list[int] = []
    kept: set[int] = set()
    for number, outline in enumerate(outlines):
        rivals = tree.query(outline, predicate="intersects")
        if not len(closed.query(outline, predicate="intersects")) and not kept.intersection(rivals.tolist()):
            keep.append(number)
            kept.add(number)
    return [built[number] for number in keep]
