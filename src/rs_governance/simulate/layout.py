"""Laying out a land: where river, roads, villages, works and ponds lie."""

from itertools import pairwise

import numpy as np
import shapely
import shapely.ops
from shapely.geometry import LineString, Polygon, box

from rs_governance.simulate.blocks import Blocks, Relief, Use, divide_blocks
from rs_governance.simulate.board import stream
from rs_governance.simulate.land import Cover, Land
from rs_governance.simulate.outlines import Points, Shape, bezier, blob, largest, rectangle


def lay_out(seed: int, size_m: float, margin_m: float) -> Land:
    """Lay out the land of a seed: a square image of `size_m`, and a margin about it."""
    rng = stream(seed, "land")
    half = size_m / 2
    phi = 2 * np.pi * rng.random()
    uphill, along = np.array([np.cos(phi), np.sin(phi)]), np.array([-np.sin(phi), np.cos(phi)])
    relief = Relief(seed=seed, size_m=size_m, uphill=(float(uphill[0]), float(uphill[1])))
    km = size_m / 1000

    def curve(level: float, sway: float) -> LineString:
        t = np.linspace(-1.7, 1.7, round(240 * max(1, km)))
        s = np.full_like(t, level)
        for wave in (0.9, 1.9, 3.4):
            s += sway / wave * np.sin(wave * np.pi * t + 2 * np.pi * rng.random())
        return LineString(half + half * (s[:, None] * uphill + t[:, None] * along))

    river = _ribbon(curve(-0.66, 0.10), 17 + 5 * rng.random(), rng)
    main_road = curve(-0.02, 0.05)
    lanes = []
    count = max(1, round(0.9 * km))
    for number in range(count):
        crossing = shapely.affinity.rotate(curve(0.0, 0.06), 82 + 16 * rng.random(), origin=(half, half))
        place = (2 * number + 1) / count - 1 + (rng.random() - 0.5) * 0.7 / count
        lanes.append(shapely.affinity.translate(crossing, *(along * half * place)))
    if km > 1.8:
        lanes += [curve(level, 0.05) for level in (-0.4, 0.4)]

    blocks = divide_blocks(seed, rng, relief, margin_m, phi)
    roads = shapely.union_all([main_road, *lanes])
    villages = _villages(rng, relief, river, main_road, roads)
    works = _works(rng, size_m, main_road, (river, *(lane.buffer(6) for lane in lanes), *villages))
    closed = shapely.union_all([river, main_road.buffer(14), *(lane.buffer(7) for lane in lanes), *works])
    ponds = _ponds(rng, size_m, blocks, villages, closed)
    for village in villages:
        centre = village.centroid
        if centre.distance(roads) < 45:
            continue
        foot = shapely.ops.nearest_points(roads, centre)[0]
        bend = rng.standard_normal(2) * 18
        middle = ((centre.x + foot.x) / 2 + bend[0], (centre.y + foot.y) / 2 + bend[1])
        lanes.append(LineString(bezier((foot.x, foot.y), middle, (centre.x, centre.y))))
    tracks = _tracks(rng, blocks, [river, *villages, *works, *ponds])
    return Land(
        seed=seed,
        size_m=size_m,
        margin_m=margin_m,
        relief=relief,
        blocks=blocks,
        river=river,
        main_road=main_road,
        lanes=tuple(lanes),
        tracks=tuple(tracks),
        villages=villages,
        works=works,
        ponds=ponds,
        drawn=_drawn(rng, river, main_road, lanes, tracks, villages, works, ponds),
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


def _spots(rng: np.random.Generator, size_m: float, count: int) -> Points:
    """Return candidate places inside the image."""
    return size_m * (0.06 + 0.88 * rng.random((count, 2)))


def _villages(
    rng: np.random.Generator, relief: Relief, river: Polygon, main_road: LineString, roads: Shape
) -> tuple[Polygon, ...]:
    found: list[Polygon] = []
    km2 = (relief.size_m / 1000) ** 2
    wanted = max(1, round(3.4 * km2**0.8))
    for x, y in _spots(rng, relief.size_m, round(600 * max(1, km2))):
        radius = 56 + 48 * rng.random()
        site = Polygon(blob(rng, x, y, radius, 0.2)).buffer(0)
        if not -0.55 < relief.hill_at(x, y)[0] < 0.45 or any(site.distance(other) < 130 for other in found):
            continue
        if site.distance(river) > 30 and site.distance(main_road) > 10 and site.distance(roads) < 210:
            found.append(site)
        if len(found) == wanted:
            break
    return tuple(found)


def _works(
    rng: np.random.Generator, size_m: float, road: LineString, keep_off: tuple[Polygon, ...]
) -> tuple[Polygon, ...]:
    found: list[Polygon] = []
    wanted = round(2.0 * (size_m / 1000) ** 1.3)
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
        inside = site.within(box(25, 25, size_m - 25, size_m - 25))
        if inside and all(site.distance(other) > 25 for other in (*keep_off, *found)):
            found.append(site)
    return tuple(found)


def _ponds(
    rng: np.random.Generator, size_m: float, blocks: Blocks, villages: tuple[Polygon, ...], closed: Shape
) -> tuple[Polygon, ...]:
    """Lay fish ponds in rows inside a few low blocks, and lone ones near the villages."""
    km2 = (size_m / 1000) ** 2
    closed = shapely.union_all([closed, *villages]).buffer(6)
    shapely.prepare(closed)
    found: list[Polygon] = []
    low = np.flatnonzero(np.isin(blocks.use, (Use.PADDY, Use.VEGETABLE)))
    inside = [b for b in low if blocks.centre[b].min() > 0 and blocks.centre[b].max() < size_m]
    for block in rng.permutation(np.array(inside, dtype=np.int64))[: max(1, round(3.0 * km2**0.85))]:
        outline, angle = blocks.outlines[block].buffer(-5), blocks.angle[block]
        wide, long = 26 + 14 * rng.random(), 42 + 26 * rng.random()
        row: list[Polygon] = []
        for i in range(-2, 3):
            for j in range(-2, 3):
                x = blocks.centre[block, 0] + i * (long + 4.5) * np.cos(angle) - j * (wide + 4.5) * np.sin(angle)
                y = blocks.centre[block, 1] + i * (long + 4.5) * np.sin(angle) + j * (wide + 4.5) * np.cos(angle)
                pond = Polygon(rectangle(x, y, long, wide, angle)).intersection(outline).buffer(-4).buffer(2.6)
                kept = rng.random() < 0.85
                if isinstance(pond, Polygon) and pond.area > 350 and kept and not closed.intersects(pond):
                    row.append(pond)
        found += row
    fish = len(found)
    for x, y in _spots(rng, size_m, round(300 * max(1, km2))):
        if len(found) - fish >= round(5 * km2**0.85):
            break
        pond = Polygon(blob(rng, x, y, 9 + 13 * rng.random(), 0.28)).buffer(0)
        near = any(pond.distance(village) < 160 for village in villages)
        if near and not closed.intersects(pond) and all(pond.distance(other) > 10 for other in found):
            found.append(pond)
    return tuple(found)


def _tracks(rng: np.random.Generator, blocks: Blocks, keep_off: list[Polygon]) -> list[LineString]:
    """Return the field tracks: a good half of the edges between blocks."""
    seen: set[tuple[int, int]] = set()
    found = []
    closed = shapely.union_all(keep_off)
    for outline in blocks.outlines:
        points = shapely.get_coordinates(largest(outline).exterior)
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


def _drawn(
    rng: np.random.Generator,
    river: Polygon,
    main_road: LineString,
    lanes: list[LineString],
    tracks: list[LineString],
    villages: tuple[Polygon, ...],
    works: tuple[Polygon, ...],
    ponds: tuple[Polygon, ...],
) -> tuple[tuple[Shape, Cover], ...]:
    shapes: list[tuple[Shape, Cover]] = [(river.buffer(13), Cover.BANK), (main_road.buffer(10.5), Cover.VERGE)]
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
    return tuple(shapes)
