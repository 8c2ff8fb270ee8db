"""Reference layers of a district, as surveyed before the first image: land use, cropland, woods, waters, lines."""

from dataclasses import dataclass

import numpy as np
import shapely
import shapely.ops
from shapely.geometry import Point

from rs_governance.simulate.blocks import Use
from rs_governance.simulate.board import noise_at, stream
from rs_governance.simulate.land import Land
from rs_governance.simulate.outlines import Shape, largest

# Codes and names of GB/T 21010-2017, and the share of the ridges in cropland.
_CLASSES = {
    Use.PADDY: ("0101", "水田"),
    Use.CANE: ("0103", "旱地"),
    Use.VEGETABLE: ("0102", "水浇地"),
    Use.DRYLAND: ("0103", "旱地"),
    Use.FALLOW: ("0103", "旱地"),
    Use.ORCHARD: ("0201", "果园"),
    Use.PLANTATION: ("0301", "乔木林地"),
    Use.BROADLEAF: ("0301", "乔木林地"),
    Use.SCRUB: ("0305", "灌木林地"),
}
_WOODS = (Use.PLANTATION, Use.BROADLEAF, Use.SCRUB)


@dataclass(frozen=True, kw_only=True)
class Parcel:
    """One parcel of the land-use survey."""

    code: str
    name: str
    use: Use | None
    """What the block is used for; None for roads, waters and built-up land."""
    ridges: float
    """Share of field ridges (田坎系数); 0 off cropland."""
    high: float
    """Where it lies, -1 low to 1 in the hills."""
    outline: Shape
    """Local metres."""

    @property
    def cropland(self) -> bool:
        """Whether it is cropland."""
        return self.code.startswith("01")


@dataclass(frozen=True, kw_only=True)
class Layers:
    """Everything that is surveyed; local metres."""

    land_use: tuple[Parcel, ...]
    basic_cropland: tuple[Shape, ...]
    red_line: Shape
    urban: Shape
    water_source: Shape
    """The inner protection zone."""
    water_source_outer: Shape

    @property
    def woods(self) -> tuple[Parcel, ...]:
        """The parcels of the forest map."""
        return tuple(parcel for parcel in self.land_use if parcel.use in _WOODS)


def survey(land: Land, within: Shape, lawful: list[Shape]) -> Layers:
    """Survey a land inside an outline; no protection is laid over the `lawful` sites."""
    rng = stream(land.seed, "layers")
    parcels = _land_use(land, within, rng)
    granted = shapely.union_all([site.buffer(12) for site in lawful])
    shapely.prepare(granted)

    middle = shapely.get_coordinates(shapely.centroid([parcel.outline for parcel in parcels])).T
    fertile, wild = noise_at(land.seed, "basic", 500, *middle), noise_at(land.seed, "red line", 700, *middle)
    basic, high = [], []
    for number, parcel in enumerate(parcels):
        if granted.intersects(parcel.outline):
            continue
        if parcel.cropland and parcel.high < 0.4 and fertile[number] > -0.35 and parcel.outline.area > 600:
            basic.append(parcel.outline)
        if parcel.use in _WOODS and parcel.high > 0.42:
            high.append((bool(wild[number] > 0), parcel.outline))
    chosen_woods = [outline for chosen, outline in high if chosen] or [outline for _, outline in high[:3]]
    red = shapely.union_all(chosen_woods, grid_size=0.01).buffer(3).buffer(-3) if chosen_woods else shapely.Polygon()
    return Layers(
        land_use=tuple(parcels),
        basic_cropland=tuple(basic),
        red_line=red.intersection(within),
        urban=_urban(land, within),
        **_water_source(land, within, granted),
    )


def _land_use(land: Land, within: Shape, rng: np.random.Generator) -> list[Parcel]:
    """Return the parcels: roads over yards over waters over villages over the blocks."""
    overlays = [
        ("1003", "公路用地", [land.main_road.buffer(10.0)]),
        ("1006", "农村道路", [lane.buffer(3.4) for lane in land.lanes]),
        ("0601", "工业用地", list(land.works)),
        ("1101", "河流水面", [land.river]),
        ("1104", "坑塘水面", list(land.ponds)),
        ("0702", "农村宅基地", list(land.villages)),
    ]
    shapely.prepare(within)
    taken: list[Shape] = []
    parcels: list[Parcel] = []
    for code, name, shapes in overlays:
        above = shapely.union_all(taken)
        for shape in shapes:
            rest = shape.intersection(within).difference(above)
            parcels += [
                Parcel(code=code, name=name, use=None, ridges=0.0, high=0.0, outline=part) for part in _parts(rest)
            ]
            above = above.union(shape) if code == "1006" else above
        taken += shapes
    tree = shapely.STRtree(taken)
    heights = land.relief.hill_at(*land.blocks.centre.T)
    own = np.sort(land.blocks.tree.query(within, predicate="intersects"))
    for number in own.tolist():
        use, outline = Use(land.blocks.use[number]), land.blocks.outlines[number].intersection(within)
        over = [taken[other] for other in np.sort(tree.query(outline, predicate="intersects")).tolist()]
        rest = outline.difference(shapely.union_all(over)) if over else outline
        code, name = _CLASSES[use]
        high = float(heights[number])
        ridges = round(0.06 + 0.07 * rng.random(), 4) if code.startswith("01") else 0.0
        parcels += [
            Parcel(code=code, name=name, use=use, ridges=ridges, high=high, outline=part) for part in _parts(rest)
        ]
    return parcels


def _parts(shape: Shape) -> list[Shape]:
    """Return the polygons of a geometry, less slivers."""
    tidy = shapely.set_precision(shape, 0.01)
    return [part for part in shapely.get_parts(tidy).tolist() if part.geom_type == "Polygon" and part.area > 15]


def _urban(land: Land, within: Shape) -> Shape:
    """Return the urban development boundary: along the middle of the main road, round the works."""
    near = shapely.ops.substring(land.main_road, 0.36, 0.58, normalized=True).buffer(0.1 * land.size_m)
    yards = [yard.buffer(40) for yard in land.works if yard.intersects(near)]
    return largest(shapely.union_all([near, *yards]).buffer(20).buffer(-20).simplify(4)).intersection(within)


def _water_source(land: Land, within: Shape, granted: Shape) -> dict[str, Shape]:
    """Return the protection zones of a waterworks: a reach of the river on which nothing was granted."""
    middle = shapely.box(0, 0, land.size_m, land.size_m).intersection(land.river)
    west, north, east, south = middle.bounds
    rng = stream(land.seed, "waterworks")
    best, clear = Point(middle.centroid), -1.0
    for x, y in rng.random((200, 2)):
        at = Point(west + (east - west) * x, north + (south - north) * y)
        if middle.contains(at) and (far := min(granted.distance(at), 330.0) if not granted.is_empty else 330.0) > clear:
            best, clear = at, far
    inner, outer = 0.5 * max(clear, 60.0), 0.95 * max(clear, 60.0)
    return {
        "water_source": best.buffer(inner, quad_segs=12).intersection(within),
        "water_source_outer": best
        .buffer(outer, quad_segs=12)
        .difference(best.buffer(inner, quad_segs=12))
        .intersection(within),
    }
