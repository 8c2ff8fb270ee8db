"""Changes of the ground: felling and regrowth, earthwork, hardening, ponds."""

from shapely.geometry import LineString, Point, Polygon

from rs_governance.simulate.board import Flags
from rs_governance.simulate.changes import Case, Kind
from rs_governance.simulate.land import Cover
from rs_governance.simulate.outlines import Shape, bezier, largest
from rs_governance.simulate.planning import Plan


def fell(plan: Plan, interval: int, case: Case, then: str) -> None:
    """Clear a piece of wood up to the edge of its compartment.

    `then` tells what comes of it: "nothing", "regrowth", "orchard" at once or "earth" a month later.
    """
    patch, blocks = plan.sites.patch(22, 46), plan.land.blocks

    def make(x: float, y: float) -> Shape:
        whole = patch(x, y)
        return largest(whole.intersection(blocks.outlines[blocks.at(x, y)].buffer(-3))) or whole

    area = plan.sites.find(make, plan.sites.woods)
    if area is None or area.area < 500:
        return
    plan.take(area)
    permit = plan.grant("harvest_permit", area, "皆伐：桉树工业原料林", case, interval)
    cover = Cover.TERRACE if then == "orchard" else Cover.SLASH
    plan.add(Kind.VEGETATION_LOSS, area, interval, cover, permit=permit, case=case)
    if then == "regrowth":
        plan.add(Kind.REGROWTH, area, interval + 2, Cover.SAPLING)
    if then == "earth":
        pad = largest(area.buffer(-6))
        if pad.area > 300:
            plan.add(Kind.EARTHWORK, pad, interval + 1, Cover.EARTH)


def regrow(plan: Plan, interval: int) -> None:
    """Let a clearing of last winter grow over."""
    area = plan.sites.find(plan.sites.patch(20, 42), plan.sites.plantations, 0.9)
    if area is not None:
        plan.take(area)
        plan.add(Kind.VEGETATION_LOSS, area, -5, Cover.SLASH)
        plan.add(Kind.REGROWTH, area, interval, Cover.SAPLING)


def move_earth(plan: Plan, interval: int, ground: Flags, case: Case) -> None:
    """Bulldoze a piece of ground."""
    area = plan.sites.find(plan.sites.patch(14, 32), ground, 0.93)
    if area is not None:
        plan.take(area)
        wood = ground is plan.sites.woods
        permit = plan.grant(
            "woodland_use" if wood else "temporary_land",
            area,
            "临时使用林地：取土" if wood else "临时用地：施工便道与堆场",
            case,
            interval,
        )
        plan.add(Kind.EARTHWORK, area, interval, Cover.EARTH, permit=permit, case=case)


def harden(plan: Plan, interval: int, cover: Cover, case: Case) -> None:
    """Concrete a plot; yards lie beside a village."""
    near = plan.land.villages if cover == Cover.YARD else ()
    make = plan.sites.plot(plan.between(22, 46), plan.between(22, 46))
    plot = plan.sites.find(make, plan.sites.fields, near=near)
    if plot is not None:
        plan.take(plot)
        permit = plan.grant("planning_permit", plot, "村级晒场与停车场", case, interval)
        plan.add(Kind.HARDENED_GROUND, plot, interval, cover, permit=permit, case=case)


def dig_pond(plan: Plan, interval: int, case: Case) -> None:
    """Dig a pond with a bare dyke about it."""
    plot = plan.sites.plot(plan.between(40, 60), plan.between(27, 36))
    pond = plan.sites.find(lambda x, y: plot(x, y).buffer(-5).buffer(5), plan.sites.fields)
    if pond is not None:
        plan.take(pond)
        permit = plan.grant("facility_farmland", pond, "水产养殖坑塘", case, interval)
        details = ((pond.buffer(-3), Cover.POND),)
        plan.add(Kind.WATER_GAINED, pond, interval, Cover.EARTH, details=details, permit=permit, case=case)


def fill_pond(plan: Plan, interval: int) -> None:
    """Fill one of the larger ponds that is left."""
    sites = plan.sites
    ponds = [pond for pond in plan.land.ponds if 400 < pond.area < 3500 and sites.inside(pond, 8.0)]
    for number in plan.shuffle(len(ponds)):
        if sites.free(ponds[number]):
            plan.take(ponds[number])
            plan.add(Kind.WATER_LOST, ponds[number], interval, Cover.EARTH)
            return


def build_road(plan: Plan, interval: int, cover: Cover, case: Case) -> None:
    """Lead a road from the main road or a lane across the fields."""
    roads = [plan.land.main_road, *plan.land.lanes]

    def make(x: float, y: float) -> Shape:
        road = min(roads, key=lambda line: line.distance(Point(x, y)))
        start = road.interpolate(road.project(Point(x, y)))
        off = 0.12 * start.distance(Point(x, y)) * float(plan.rng.standard_normal())
        line = bezier((start.x, start.y), ((start.x + x) / 2 + off, (start.y + y) / 2 - off), (x, y))
        kerb = 6.2 if road is plan.land.main_road else 2.6
        strip = largest(LineString(line).buffer(3.4, cap_style="flat").difference(road.buffer(kerb)))
        return strip if 600 < strip.area < 2600 else Polygon()

    for _ in range(4):
        strip = plan.sites.find(make, plan.sites.open, 0.9)
        if strip is not None:
            plan.take(strip)
            permit = plan.grant("planning_permit", strip, "农村道路", case, interval)
            plan.add(Kind.ROAD, strip, interval, cover, permit=permit, case=case)
            return
