"""The lie of the land: relief, river, roads, blocks of fields and woods, sites of villages and works.

What is laid out here stays for all dates. `Cover` says what a cell is; how that looks on a date is told
in `surfaces` and `crops`.
"""

from dataclasses import dataclass
from enum import IntEnum
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry import LineString, MultiPoint, Polygon, box

from rs_governance.simulate.frame import Bytes, Flags, Floats, Frame, Ints, bezier, blob, rectangle, stream


class Cover(IntEnum):
    """What the ground of a cell is."""

    SCRUB = 0
    FIELD = 1
    PLANTATION = 2
    BROADLEAF = 3
    BANK = 4
    VERGE = 5
    TRACK = 6
    LANE = 7
    ASPHALT = 8
    VILLAGE = 9
    YARD = 10
    POND = 11
    RIVER = 12
    SAND = 13
    EARTH = 14
    RUBBLE = 15
    SLASH = 16
    DYKE = 17
    MARKING = 18
    SHED_FLOOR = 19


class Use(IntEnum):
    """What a block is mostly used for."""

    PADDY = 0
    CANE = 1
    VEGETABLE = 2
    DRYLAND = 3
    FALLOW = 4
    ORCHARD = 5
    PLANTATION = 6
    BROADLEAF = 7
    SCRUB = 8


@dataclass(frozen=True, kw_only=True)
class Blocks:
    """Blocks of fields or woods; the arrays have one row for each block."""

    outlines: npt.NDArray[np.object_]
    """Polygons in local metres."""
    centre: npt.NDArray[np.float64]
    """(n, 2) x, y."""
    use: npt.NDArray[np.int64]
    """`Use` codes."""
    angle: npt.NDArray[np.float64]
    """Direction of the parcels' long sides in radians."""
    label: Ints
    """(side, side) block number of every cell."""


@dataclass(frozen=True, kw_only=True)
class Land:
    """All that does not change between the dates."""

    frame: Frame
    elevation: Floats
    """Ground height in metres."""
    hill: Floats
    """About -1 at the low side to 1 in the hills."""
    blocks: Blocks
    river: Polygon
    main_road: LineString
    lanes: tuple[LineString, ...]
    villages: tuple[Polygon, ...]
    works: tuple[Polygon, ...]
    """Factory yards."""
    ponds: tuple[Polygon, ...]
    cover: Bytes
    """(side, side) `Cover` codes."""


def lay_out(seed: int, frame: Frame) -> Land:
    """Lay out the land of a seed."""
    rng = stream(seed, "land")
    half = frame.size_m / 2
    phi = 2 * np.pi * rng.random()
    uphill, along = np.array([np.cos(phi), np.sin(phi)]), np.array([-np.sin(phi), np.cos(phi)])
    slope = ((frame.axis - half)[None, :] * uphill[0] + (frame.axis - half)[:, None] * uphill[1]) / half
    hill = (slope + 0.26 * frame.noise(rng, 420) + 0.1 * frame.noise(rng, 150)).astype(np.float32)
    relief = np.clip((hill - 0.3) / 0.9, 0, 1.2)
    elevation = relief * (34 + 18 * frame.noise(rng, 170) + 7 * frame.noise(rng, 60)) + 1.2 * frame.noise(rng, 220)

    def curve(level: float, sway: float) -> LineString:
        t = np.linspace(-1.7, 1.7, 240)
        s = np.full_like(t, level)
        for wave in (0.9, 1.9, 3.4):
            s += sway / wave * np.sin(wave * np.pi * t + 2 * np.pi * rng.random())
        return LineString(half + half * (s[:, None] * uphill + t[:, None] * along))

    river_line = curve(-0.66, 0.10)
    river = _ribbon(river_line, 17 + 5 * rng.random(), rng)
    main_road = curve(-0.02, 0.05)
    crossing = curve(0.0, 0.06)
    crossing = shapely.affinity.rotate(crossing, 82 + 16 * rng.random(), origin=(half, half))
    crossing = shapely.affinity.translate(crossing, *(along * half * (rng.random() - 0.5) * 0.7))

    blocks = _blocks(rng, frame, hill, phi)
    villages = _villages(rng, frame, hill, river, main_road)
    works = _works(rng, frame, main_road, (river, crossing.buffer(6), *villages))
    ponds = _ponds(rng, frame, blocks, villages, [river, main_road.buffer(14), crossing.buffer(7), *works])
    lanes = [crossing]
    for village in villages:
        centre = village.centroid
        if centre.distance(crossing) < 45:
            continue
        foot = main_road.interpolate(main_road.project(centre))
        bend = rng.standard_normal(2) * 18
        middle = ((centre.x + foot.x) / 2 + bend[0], (centre.y + foot.y) / 2 + bend[1])
        lanes.append(LineString(bezier((foot.x, foot.y), middle, (centre.x, centre.y))))
    tracks = _tracks(rng, blocks, [river, *villages, *works, *ponds])

    cover = _cover(rng, frame, blocks, river, main_road, lanes, tracks, villages, works, ponds)
    return Land(
        frame=frame,
        elevation=elevation.astype(np.float32),
        hill=hill,
        blocks=blocks,
        river=river,
        main_road=main_road,
        lanes=tuple(lanes),
        villages=villages,
        works=works,
        ponds=ponds,
        cover=cover,
    )


def _ribbon(line: LineString, half_width_m: float, rng: np.random.Generator) -> Polygon:
    """Return a river bed of varying width about a line."""
    points = shapely.get_coordinates(line)
    tangent = np.gradient(points, axis=0)
    normal = np.stack([-tangent[:, 1], tangent[:, 0]], axis=1) / np.linalg.norm(tangent, axis=1)[:, None]
    t = np.linspace(0, 1, len(points))
    sides = []
    for sign in (1, -1):
        width = np.full_like(t, half_width_m)
        for wave in (3, 7, 13, 29):
            width += half_width_m * 0.5 / np.sqrt(wave) * np.sin(2 * np.pi * (wave * t + rng.random()))
        sides.append(points + sign * width[:, None] * normal)
    return Polygon(np.concatenate([sides[0], sides[1][::-1]])).buffer(0)


def _blocks(rng: np.random.Generator, frame: Frame, hill: Floats, phi: float) -> Blocks:
    """Divide the land into blocks: warped Voronoi cells of a jittered, turned lattice."""
    spacing, half = 118.0, frame.size_m / 2
    count = int(np.ceil((frame.size_m + 2 * frame.margin_m) * 0.75 / spacing)) + 1
    lattice = np.arange(-count, count + 1.0)
    u, v = np.meshgrid(lattice * spacing, lattice * spacing * 0.8)
    u = u + spacing * 0.62 * (rng.random(u.shape) - 0.5)
    v = v + spacing * 0.55 * (rng.random(v.shape) - 0.5) + 0.5 * spacing * (lattice[None, :] % 2)
    theta = phi + 0.5 * (rng.random() - 0.5)
    cos, sin = np.cos(theta), np.sin(theta)
    x, y = half + u * cos - v * sin, half + u * sin + v * cos
    reach = half + frame.margin_m + 1.5 * spacing
    near = (abs(x - half) < reach) & (abs(y - half) < reach)
    seeds = np.stack([x[near], y[near]], axis=1)
    cells = shapely.get_parts(shapely.voronoi_polygons(MultiPoint(seeds), ordered=True))
    bend = [10 * frame.noise(rng, 150) + 2.5 * frame.noise(rng, 40) for _ in range(2)]

    def warp(points: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        rows, columns = frame.indices(points[:, 1]), frame.indices(points[:, 0])
        moved: npt.NDArray[np.float64] = points + np.stack([field[rows, columns] for field in bend], axis=1)
        return moved

    kept = np.array([cell.intersects(box(-reach, -reach, 3 * reach, 3 * reach)) for cell in cells])
    outlines = shapely.transform(shapely.segmentize(cells[kept], 7.0), warp)
    seeds = seeds[kept]
    rows, columns = frame.indices(seeds[:, 1]), frame.indices(seeds[:, 0])
    height = hill[rows, columns] + 0.06 * rng.standard_normal(len(seeds))
    pick = rng.random(len(seeds))
    low = np.select(
        [pick < 0.44, pick < 0.62, pick < 0.80, pick < 0.91],
        [Use.PADDY, Use.VEGETABLE, Use.CANE, Use.DRYLAND],
        Use.FALLOW,
    )
    middle = np.select(
        [pick < 0.42, pick < 0.62, pick < 0.76, pick < 0.86, pick < 0.94],
        [Use.CANE, Use.DRYLAND, Use.ORCHARD, Use.FALLOW, Use.PLANTATION],
        Use.BROADLEAF,
    )
    high = np.select([pick < 0.68, pick < 0.88, pick < 0.95], [Use.PLANTATION, Use.BROADLEAF, Use.SCRUB], Use.ORCHARD)
    use = np.where(height < 0.26, low, np.where(height < 0.58, middle, high)).astype(np.int64)
    angle = theta + 0.16 * rng.standard_normal(len(seeds)) + np.pi / 2 * (rng.random(len(seeds)) < 0.4)
    numbers = np.arange(len(seeds), dtype=np.int32)
    # Up to a few thousand blocks for a district: two bytes, burnt one after the other.
    label = frame.burn(zip(outlines, (numbers % 256).tolist(), strict=True)).astype(np.int32)
    label += 256 * frame.burn(zip(outlines, (numbers // 256).tolist(), strict=True)).astype(np.int32)
    return Blocks(outlines=outlines, centre=seeds, use=use, angle=angle, label=label)


def _spots(rng: np.random.Generator, frame: Frame, count: int) -> npt.NDArray[np.float64]:
    """Return candidate places inside the image."""
    return frame.size_m * (0.06 + 0.88 * rng.random((count, 2)))


def _villages(
    rng: np.random.Generator, frame: Frame, hill: Floats, river: Polygon, road: LineString
) -> tuple[Polygon, ...]:
    found: list[Polygon] = []
    wanted = max(1, round(3.4 * frame.area_km2))
    for x, y in _spots(rng, frame, 600):
        radius = 56 + 48 * rng.random()
        site = Polygon(blob(rng, x, y, radius, 0.2)).buffer(0)
        height = hill[frame.indices(y), frame.indices(x)]
        apart = all(site.distance(other) > 130 for other in found)
        if -0.55 < height < 0.45 and site.distance(river) > 30 and 10 < site.distance(road) < 210 and apart:
            found.append(site)
        if len(found) == wanted:
            break
    return tuple(found)


def _works(
    rng: np.random.Generator, frame: Frame, road: LineString, keep_off: tuple[Polygon, ...]
) -> tuple[Polygon, ...]:
    found: list[Polygon] = []
    wanted = round(2.0 * frame.area_km2)
    for place in rng.random((400, 3)):
        if len(found) == wanted:
            break
        at = road.interpolate(place[0], normalized=True)
        ahead = road.interpolate(min(place[0] + 0.01, 1.0), normalized=True)
        angle = float(np.arctan2(ahead.y - at.y, ahead.x - at.x))
        length, depth = 90 + 60 * rng.random(), 70 + 35 * rng.random()
        off = (depth / 2 + 13) * (1 if place[1] < 0.5 else -1)
        x, y = at.x - off * np.sin(angle), at.y + off * np.cos(angle)
        site = Polygon(rectangle(x, y, length, depth, angle))
        inside = site.within(box(25, 25, frame.size_m - 25, frame.size_m - 25))
        if inside and all(site.distance(other) > 25 for other in (*keep_off, *found)):
            found.append(site)
    return tuple(found)


def _ponds(
    rng: np.random.Generator, frame: Frame, blocks: Blocks, villages: tuple[Polygon, ...], keep_off: list[Polygon]
) -> tuple[Polygon, ...]:
    """Lay fish ponds in rows inside a few low blocks, and lone ones near the villages."""
    taken = list(keep_off)
    found: list[Polygon] = []
    low = np.flatnonzero(np.isin(blocks.use, (Use.PADDY, Use.VEGETABLE)))
    inside = [b for b in low if blocks.centre[b].min() > 0 and blocks.centre[b].max() < frame.size_m]
    for block in rng.permutation(np.array(inside, dtype=np.int64))[: max(1, round(3.0 * frame.area_km2))]:
        outline, angle = blocks.outlines[block].buffer(-5), blocks.angle[block]
        wide, long = 26 + 14 * rng.random(), 42 + 26 * rng.random()
        for i in range(-2, 3):
            for j in range(-2, 3):
                x = blocks.centre[block, 0] + i * (long + 4.5) * np.cos(angle) - j * (wide + 4.5) * np.sin(angle)
                y = blocks.centre[block, 1] + i * (long + 4.5) * np.sin(angle) + j * (wide + 4.5) * np.cos(angle)
                pond = Polygon(rectangle(x, y, long, wide, angle)).intersection(outline).buffer(-4).buffer(2.6)
                clear = all(pond.distance(o) > 6 for o in (*taken, *villages))
                if isinstance(pond, Polygon) and pond.area > 350 and clear and rng.random() < 0.85:
                    found.append(pond)
    taken += found
    for x, y in _spots(rng, frame, 300):
        if len(found) >= len(taken) - len(keep_off) + round(5 * frame.area_km2):
            break
        pond = Polygon(blob(rng, x, y, 9 + 13 * rng.random(), 0.28)).buffer(0)
        near = any(pond.distance(village) < 160 for village in villages)
        if (
            near
            and all(pond.distance(o) > 10 for o in (*taken, *found))
            and all(pond.distance(v) > 4 for v in villages)
        ):
            found.append(pond)
    return tuple(found)


def _tracks(rng: np.random.Generator, blocks: Blocks, keep_off: list[Polygon]) -> list[LineString]:
    """Return the field tracks: a good half of the edges between blocks."""
    seen: set[tuple[int, int]] = set()
    found = []
    closed = shapely.union_all(keep_off)
    for outline in blocks.outlines:
        points = shapely.get_coordinates(outline.exterior)
        turn = np.diff(np.unwrap(np.arctan2(*np.diff(points, axis=0).T[::-1])))
        corners = np.flatnonzero(abs((turn + np.pi) % (2 * np.pi) - np.pi) > 0.45) + 1
        for first, last in pairwise(corners):
            middle = points[(first + last) // 2]
            key = (round(middle[0] / 4), round(middle[1] / 4))
            neighbours = {(key[0] + i, key[1] + j) for i in (-1, 0, 1) for j in (-1, 0, 1)}
            if last - first > 2 and not neighbours & seen and rng.random() < 0.5:
                found.append(LineString(points[first : last + 1]).difference(closed))
            seen.add(key)
    return [part for line in found for part in shapely.get_parts(line).tolist() if part.length > 12]


def _cover(
    rng: np.random.Generator,
    frame: Frame,
    blocks: Blocks,
    river: Polygon,
    main_road: LineString,
    lanes: list[LineString],
    tracks: list[LineString],
    villages: tuple[Polygon, ...],
    works: tuple[Polygon, ...],
    ponds: tuple[Polygon, ...],
) -> Bytes:
    table = np.full(len(blocks.use), Cover.FIELD, np.uint8)
    for use, code in ((Use.PLANTATION, Cover.PLANTATION), (Use.BROADLEAF, Cover.BROADLEAF), (Use.SCRUB, Cover.SCRUB)):
        table[blocks.use == use] = code
    base = table[np.minimum(blocks.label, len(table) - 1)]
    rough: Flags = frame.noise(rng, 34) + 0.5 * frame.noise(rng, 11) > 1.75
    base[rough & (base == Cover.PLANTATION)] = Cover.BROADLEAF
    shapes = [(river.buffer(13), Cover.BANK)]
    shapes += [(main_road.buffer(10.5), Cover.VERGE)]
    shapes += [(lane.buffer(4.6), Cover.VERGE) for lane in lanes]
    shapes += [(track.buffer(0.9 + 0.8 * rng.random()), Cover.TRACK) for track in tracks]
    shapes += [(village, Cover.VILLAGE) for village in villages]
    shapes += [(pond.buffer(2.4), Cover.DYKE) for pond in ponds] + [(pond, Cover.POND) for pond in ponds]
    shapes += [(river, Cover.RIVER)]
    shapes += [(yard, Cover.YARD) for yard in works]
    shapes += [(lane.buffer(2.6), Cover.LANE) for lane in lanes]
    shapes += [(main_road.buffer(6.2), Cover.ASPHALT)]
    shapes += [(main_road.buffer(0.25), Cover.MARKING)]
    shapes += [(main_road.buffer(5.0).exterior.buffer(0.2), Cover.MARKING)]
    over = frame.burn(shapes, background=255)
    return np.where(over == 255, base, over)
