"""The changes that are findings: what they build, clear or dig, when, and their outlines."""

from dataclasses import dataclass
from datetime import date, timedelta
from enum import IntEnum

import numpy as np
import shapely
from shapely.geometry import LineString, Point, Polygon

from rs_governance.simulate.buildings import CEMENT, FILM, STEEL_BLUE, STEEL_RED, STEEL_WHITE, Building
from rs_governance.simulate.frame import Flags, Shape, bezier, blob, stream
from rs_governance.simulate.land import Cover, Land
from rs_governance.simulate.settlements import draw_seed, house, works
from rs_governance.simulate.sites import Sites, largest, sides


class Kind(IntEnum):
    """What a change is; the codes of `truth.tif`. 6 and 12 are kept for photovoltaic and regrowth."""

    NEW_BUILDING = 1
    BUILDING_IN_PROGRESS = 2
    EARTHWORK = 3
    HARDENED_GROUND = 4
    ROAD = 5
    GREENHOUSE = 7
    DEMOLITION = 8
    VEGETATION_LOSS = 9
    WATER_GAINED = 10
    WATER_LOST = 11


@dataclass(frozen=True, kw_only=True)
class Change:
    """One change; changes of one site lie side by side and do not overlap."""

    kind: Kind
    outline: Shape
    """What differs on the ground, local metres."""
    happened_on: date
    """The first day on which it can be seen."""
    cover: Cover | None = None
    """The new ground inside the outline."""
    adds: tuple[Building, ...] = ()
    removes: tuple[int, ...] = ()
    """Numbers of the standing buildings that go."""
    details: tuple[tuple[Shape, Cover], ...] = ()
    """Ground drawn over `cover`, inside the outline."""


def plan_changes(seed: int, land: Land, standing: list[Building], before_on: date, after_on: date) -> list[Change]:
    """Plan the changes between two dates on a land with its standing buildings."""
    plan = _Plan(land, Sites(land, standing, stream(seed, "changes")), before_on, after_on)
    # The large ones first: they are the hardest to find room for.
    for _ in range(plan.count(4)):
        plan.fell()
    for _ in range(plan.count(1)):
        plan.build_works()
    for _ in range(plan.count(2)):
        plan.build_greenhouses()
    for _ in range(plan.count(3)):
        plan.start_building()
    for number in range(plan.count(4)):
        plan.move_earth(plan.sites.woods if number % 4 == 1 else plan.sites.fields)
    for _ in range(plan.count(1)):
        plan.build_road()
    for _ in range(plan.count(1)):
        plan.dig_pond()
    plan.fill_ponds(plan.count(1))
    for number in range(plan.count(2)):
        plan.harden(Cover.YARD if number % 2 else Cover.LANE)
    for number in range(plan.count(3)):
        plan.build_shed((STEEL_BLUE, STEEL_RED, STEEL_WHITE)[number % 3])
    for _ in range(plan.count(7)):
        plan.build_house()
    plan.demolish(sheds=plan.count(1), houses=plan.count(3))
    return plan.changes


class _Plan:
    """The changes planned so far, and one method for each sort of them."""

    def __init__(self, land: Land, sites: Sites, before_on: date, after_on: date) -> None:
        self.land, self.sites, self.rng = land, sites, sites.rng
        self.before_on, self.after_on = before_on, after_on
        self.changes: list[Change] = []

    def count(self, per_km2: float) -> int:
        """Return how many of a sort fit the area; at least one."""
        return max(1, round(per_km2 * self.land.frame.area_km2))

    def between(self, low: float, high: float) -> float:
        return low + (high - low) * float(self.rng.random())

    def day(self) -> date:
        return self.before_on + timedelta(days=1 + int((self.after_on - self.before_on).days * self.rng.random()))

    def add(
        self,
        kind: Kind,
        outline: Shape,
        cover: Cover | None = None,
        *,
        on: date | None = None,
        adds: tuple[Building, ...] = (),
        removes: tuple[int, ...] = (),
        details: tuple[tuple[Shape, Cover], ...] = (),
    ) -> None:
        change = Change(
            kind=kind,
            outline=outline,
            happened_on=on or self.day(),
            cover=cover,
            adds=adds,
            removes=removes,
            details=details,
        )
        self.changes.append(change)
        self.sites.taken.append(outline)

    def add_site(self, plot: Shape, adds: tuple[Building, ...], roof_kind: Kind, kind: Kind, cover: Cover) -> None:
        """Add each roof as a change of its own, and the made ground between the roofs."""
        on = self.day()
        roofs = shapely.union_all([building.outline for building in adds])
        for roof in shapely.get_parts(roofs):
            own = tuple(building for building in adds if roof.contains(building.outline.centroid))
            self.add(roof_kind, roof, cover, on=on, adds=own)
        self.add(kind, plot.difference(roofs), cover, on=on)

    def fell(self) -> None:
        """Clear a piece of wood, up to the edge of its compartment."""
        patch = self.sites.patch(22, 46)

        def make(x: float, y: float) -> Shape:
            compartment = self.land.blocks.outlines[self.sites.block_at(x, y)].buffer(-3)
            return largest(patch(x, y).intersection(compartment))

        area = self.sites.find(lambda x, y: make(x, y) or patch(x, y), self.sites.woods)
        if area is not None and area.area > 500:
            self.add(Kind.VEGETATION_LOSS, area, Cover.SLASH)

    def build_works(self) -> None:
        """Harden a yard and put steel sheds on it."""
        yard = self.sites.find(self.sites.plot(self.between(66, 96), self.between(52, 66)), self.sites.fields, 0.9)
        if yard is not None:
            adds = tuple(works(self.rng, yard))
            self.add_site(yard, adds, Kind.NEW_BUILDING, Kind.HARDENED_GROUND, Cover.YARD)

    def build_greenhouses(self) -> None:
        """Put up a row of film tunnels."""
        count, length, pitch = int(self.between(4, 8)), self.between(32, 52), 8.4
        plot = self.sites.find(self.sites.plot(count * pitch + 1, length + 3), self.sites.fields, 0.9)
        if plot is None:
            return
        x, y, across, _, angle = sides(plot)
        offsets = -across / 2 + 4.7 + pitch * np.arange(count)
        adds = tuple(
            Building(
                x=x + off * float(np.cos(angle)),
                y=y + off * float(np.sin(angle)),
                length_m=length,
                width_m=7.4,
                angle=angle + np.pi / 2,
                height_m=2.8,
                style="tunnel",
                colour=FILM,
                seed=draw_seed(self.rng),
            )
            for off in offsets.tolist()
        )
        self.add(Kind.GREENHOUSE, plot, Cover.SHED_FLOOR, adds=adds)

    def start_building(self) -> None:
        """Strip the soil and raise the frame of a building."""
        length, width = self.between(20, 38), self.between(13, 19)
        plot = self.sites.find(self.sites.plot(length + 16, width + 15), self.sites.fields, 0.92)
        if plot is None:
            return
        x, y, _, _, angle = sides(plot)
        skeleton = Building(
            x=x,
            y=y,
            length_m=length,
            width_m=width,
            angle=angle,
            height_m=3.3 * int(self.between(1, 5)),
            style="skeleton",
            colour=CEMENT,
            seed=draw_seed(self.rng),
        )
        wider = plot.union(Polygon(blob(self.rng, x, y, (length + width) / 3, 0.3))).buffer(2).buffer(-2)
        site = wider if self.sites.free(wider, 4.0) else plot
        self.add_site(site, (skeleton,), Kind.BUILDING_IN_PROGRESS, Kind.EARTHWORK, Cover.EARTH)

    def move_earth(self, ground: Flags) -> None:
        """Bulldoze a piece of ground."""
        area = self.sites.find(self.sites.patch(14, 32), ground, 0.93)
        if area is not None:
            self.add(Kind.EARTHWORK, area, Cover.EARTH)

    def build_road(self) -> None:
        """Lead a road from the main road across the fields."""
        main = self.land.main_road

        def make(x: float, y: float) -> Shape:
            start = main.interpolate(main.project(Point(x, y)))
            off = 0.12 * start.distance(Point(x, y)) * float(self.rng.standard_normal())
            line = bezier((start.x, start.y), ((start.x + x) / 2 + off, (start.y + y) / 2 - off), (x, y))
            strip = largest(LineString(line).buffer(3.2, cap_style="flat").difference(main.buffer(6.2)))
            return strip if 700 < strip.area < 2600 else Polygon()

        ground = self.sites.fields | np.isin(self.land.cover, (Cover.VERGE, Cover.SCRUB))
        for _ in range(8):
            strip = self.sites.find(make, ground, 0.9)
            if strip is not None:
                self.add(Kind.ROAD, strip, Cover.LANE if self.rng.random() < 0.5 else Cover.TRACK)
                return

    def dig_pond(self) -> None:
        """Dig a pond with a bare dyke about it."""
        plot = self.sites.plot(46, 30)
        pond = self.sites.find(lambda x, y: plot(x, y).buffer(-5).buffer(5), self.sites.fields)
        if pond is not None:
            self.add(Kind.WATER_GAINED, pond, Cover.EARTH, details=((pond.buffer(-3), Cover.POND),))

    def fill_ponds(self, count: int) -> None:
        """Fill some of the larger ponds."""
        ponds = [pond for pond in self.land.ponds if pond.area < 3500 and self.sites.inside(pond, 8.0)]
        for pond in sorted(ponds, key=lambda pond: pond.area)[-count:]:
            if all(pond.distance(other) > 8 for other in self.sites.taken):
                self.add(Kind.WATER_LOST, pond, Cover.EARTH)

    def harden(self, cover: Cover) -> None:
        """Concrete a plot, every other one beside a village."""
        near = self.land.villages if cover == Cover.YARD else ()
        make = self.sites.plot(self.between(24, 46), self.between(24, 46))
        plot = self.sites.find(make, self.sites.fields, near=near)
        if plot is not None:
            self.add(Kind.HARDENED_GROUND, plot, cover)

    def build_shed(self, colour: tuple[float, float, float, float]) -> None:
        """Put a steel shed on a field."""
        plot = self.sites.find(self.sites.plot(self.between(26, 52), self.between(13, 21)), self.sites.fields)
        if plot is None:
            return
        x, y, length, width, angle = sides(plot)
        shed = Building(
            x=x,
            y=y,
            length_m=length,
            width_m=width,
            angle=angle,
            height_m=6.0,
            style="shed",
            colour=colour,
            seed=draw_seed(self.rng),
        )
        self.add(Kind.NEW_BUILDING, shed.outline, adds=(shed,))

    def build_house(self) -> None:
        """Put a house on a field beside a village; a few are small."""
        made: list[Building] = []

        def make(x: float, y: float) -> Shape:
            angle = float(self.land.blocks.angle[self.sites.block_at(x, y)])
            made[:] = [house(self.rng, x, y, angle)]
            return made[0].outline

        plot = self.sites.find(make, self.sites.fields, 0.97, near=self.land.villages)
        if plot is not None:
            self.add(Kind.NEW_BUILDING, plot, adds=tuple(made))

    def demolish(self, sheds: int, houses: int) -> None:
        """Tear down sheds, and houses with their neighbours."""
        roofs, tree = self.sites.roofs, self.sites.roof_tree
        inside = [number for number, roof in enumerate(roofs) if self.sites.inside(roof, 10.0)]
        large = np.array([number for number in inside if roofs[number].area > 500], dtype=np.int64)
        small = np.array([number for number in inside if roofs[number].area <= 300], dtype=np.int64)
        picks = [*self.rng.permutation(large)[:sheds].tolist(), *self.rng.permutation(small)[:houses].tolist()]
        for pick in picks:
            group = {pick}
            if roofs[pick].area <= 300:
                near = tree.query(roofs[pick].buffer(4.0), predicate="intersects").tolist()
                group |= {number for number in sorted(near)[:4] if roofs[number].area <= 300}
            torn = [roofs[number] for number in sorted(group)]
            if any(roof.distance(other) < 5 for roof in torn for other in self.sites.taken):
                continue
            outline = shapely.union_all([roof.buffer(1.5, join_style="mitre") for roof in torn])
            stay = [roofs[number] for number in tree.query(outline).tolist() if number not in group]
            outline = outline.difference(shapely.union_all(stay))
            self.add(Kind.DEMOLITION, outline, Cover.RUBBLE, removes=tuple(sorted(group)))
