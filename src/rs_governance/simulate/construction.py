"""Changes that build: houses, sheds, works in their stages, greenhouses, solar fields; and demolition."""

import numpy as np
import shapely
from shapely.geometry import Polygon

from rs_governance.simulate.buildings import (
    CEMENT,
    FILM,
    PALE,
    SHADE_NET,
    SLAB,
    SOLAR,
    STEEL_BLUE,
    STEEL_GREY,
    STEEL_WHITE,
    Building,
    Style,
)
from rs_governance.simulate.changes import STAGES, Case, Kind, Stage
from rs_governance.simulate.land import Cover
from rs_governance.simulate.outlines import Shape, blob, sides
from rs_governance.simulate.planning import Plan
from rs_governance.simulate.settlements import draw_seed, house, works

Colour = tuple[float, float, float, float]


def _block(plan: Plan, plot: Shape, style: Style, colour: Colour, height_m: float, inset_m: float = 0.0) -> Building:
    x, y, length, width, angle = sides(plot)
    return Building(
        x=x,
        y=y,
        length_m=length - 2 * inset_m,
        width_m=width - 2 * inset_m,
        angle=angle,
        height_m=height_m,
        style=style,
        colour=colour,
        seed=draw_seed(plan.rng),
    )


def build_works(plan: Plan, interval: int, case: Case, within: Shape | None = None, project: str | None = None) -> None:
    """Level a site, and a month later harden it and put steel sheds on it."""
    make = plan.sites.plot(plan.between(66, 96), plan.between(52, 66))
    yard = plan.sites.find(make, plan.sites.fields, 0.9, within=within)
    if yard is None:
        return
    plan.take(yard)
    adds = tuple(works(plan.rng, yard))
    permit = plan.grant("building_permit", yard, "工业厂房", case, interval, "topped_out")
    if permit and case == "full":
        plan.grant("planning_permit", yard, "工业厂房", case, interval - 1)
        plan.grant("land_conversion", yard, "工业用地", case, interval - 3)
        plan.grant("land_supply", yard, "工业用地", case, interval - 2)
    plan.add(
        Kind.EARTHWORK,
        yard,
        interval - 1,
        Cover.EARTH,
        stage="earthwork",
        permit=permit,
        case="full" if case == "exceeded" else case,
        project=project,
    )
    on = plan.day(min(interval, plan.last))
    roofs = shapely.union_all([building.outline for building in adds])
    for roof in shapely.get_parts(roofs):
        own = tuple(building for building in adds if roof.contains(building.outline.centroid))
        plan.add(
            Kind.NEW_BUILDING,
            roof,
            interval,
            Cover.YARD,
            on=on,
            adds=own,
            stage="topped_out",
            permit=permit,
            case=case,
            project=project,
        )
    plan.add(
        Kind.HARDENED_GROUND,
        yard.difference(roofs),
        interval,
        Cover.YARD,
        on=on,
        permit=permit,
        case=case,
        project=project,
    )


def build_in_stages(
    plan: Plan, interval: int, case: Case, within: Shape | None = None, project: str | None = None
) -> None:
    """Strip the soil, lay the foundation, raise the frame and roof it, an interval each from `interval` on."""
    length, width = plan.between(22, 40), plan.between(14, 20)
    plot = plan.sites.find(plan.sites.plot(length + 16, width + 15), plan.sites.fields, 0.92, within=within)
    if plot is None:
        return
    x, y, *_ = sides(plot)
    wider = plot.union(Polygon(blob(plan.rng, x, y, (length + width) / 3, 0.3))).buffer(2).buffer(-2)
    fits = plan.sites.free(wider, 4.0, within) and (within is None or within.contains(wider))
    site = wider if fits else plot
    plan.take(site)
    core = _block(plan, plot, "footing", SLAB, 0.4, 7.5)
    permit = plan.grant("building_permit", site, "工业厂房与仓储", case, interval, "topped_out")
    if permit and case == "full":
        plan.grant("planning_permit", site, "工业厂房与仓储", case, interval - 1)
    height_m = 3.3 * int(plan.between(2, 5))
    bodies = [
        core,
        _block(plan, core.outline, "skeleton", CEMENT, height_m),
        _block(plan, core.outline, "flat", PALE, height_m + 1.0),
    ]

    def case_of(stage: Stage) -> Case:
        return "full" if case == "exceeded" and stage == STAGES[0] else case

    plan.add(
        Kind.EARTHWORK,
        site,
        interval,
        Cover.EARTH,
        stage="earthwork",
        permit=permit,
        case=case_of("earthwork"),
        project=project,
    )
    kinds = (Kind.HARDENED_GROUND, Kind.NEW_BUILDING, Kind.NEW_BUILDING)
    for number, (stage, kind) in enumerate(zip(STAGES[1:], kinds, strict=True)):
        plan.add(
            kind,
            core.outline,
            interval + 1 + number,
            adds=(bodies[number],),
            removes=tuple(bodies[:number]),
            stage=stage,
            permit=permit,
            case=case_of(stage),
            project=project,
        )


def build_shed(plan: Plan, interval: int, colour: Colour, case: Case, *, in_yard: bool = False) -> None:
    """Put a steel shed on a field, or a smaller one in the yard of a factory."""
    sites = plan.sites
    if in_yard:
        yards = [yard for yard in plan.land.works if sites.inside(yard, 6.0)]
        make = sites.plot(plan.between(18, 26), plan.between(11, 14))
        found = (sites.find(make, sites.yards, within=yards[number], gap_m=2.5) for number in plan.shuffle(len(yards)))
        plot = next((shape for shape in found if shape is not None), None)
    else:
        plot = sites.find(sites.plot(plan.between(26, 52), plan.between(13, 21)), sites.fields)
    if plot is not None:
        plan.take(plot)
        permit = plan.grant("building_permit", plot, "农产品仓储", case, interval, "topped_out")
        shed = _block(plan, plot, "shed", colour, 6.0)
        plan.add(Kind.NEW_BUILDING, plot, interval, adds=(shed,), stage="topped_out", permit=permit, case=case)


def build_house(plan: Plan, interval: int, case: Case, *, in_village: bool = False) -> None:
    """Put a house on a field beside a village, or in a gap inside it; a few are small."""
    made: list[Building] = []

    def make(x: float, y: float) -> Shape:
        angle = float(plan.land.blocks.angle[plan.land.blocks.at(x, y)])
        made[:] = [house(plan.rng, x, y, angle)]
        return made[0].outline

    sites, villages = plan.sites, plan.land.villages
    plot = None
    if in_village:
        found = (
            sites.find(make, sites.villages, 0.9, within=villages[number], gap_m=1.2)
            for number in plan.shuffle(len(villages))
        )
        plot = next((shape for shape in found if shape is not None), None)
    if plot is None:
        plot = sites.find(make, sites.fields, 0.97, near=villages)
    if plot is not None:
        plan.take(plot)
        permit = plan.grant("homestead", plot, "农村宅基地", case, interval, "topped_out")
        plan.add(Kind.NEW_BUILDING, plot, interval, adds=tuple(made), stage="topped_out", permit=permit, case=case)


def build_greenhouses(plan: Plan, interval: int, case: Case, *, net: bool) -> None:
    """Put up a row of film tunnels, or a house of shade net."""
    count, length, pitch = int(plan.between(4, 8)), plan.between(32, 52), 8.4
    plot = plan.sites.find(plan.sites.plot(count * pitch + 1, length + 3), plan.sites.fields, 0.9)
    if plot is None:
        return
    plan.take(plot)
    x, y, across, _, angle = sides(plot)
    offsets = -across / 2 + 4.7 + pitch * np.arange(count)
    tunnels = tuple(
        Building(
            x=x + off * float(np.cos(angle)),
            y=y + off * float(np.sin(angle)),
            length_m=length,
            width_m=7.4,
            angle=angle + np.pi / 2,
            height_m=2.8,
            style="tunnel",
            colour=FILM,
            seed=draw_seed(plan.rng),
        )
        for off in offsets.tolist()
    )
    adds = (_block(plan, plot, "net", SHADE_NET, 3.0),) if net else tunnels
    permit = plan.grant("facility_farmland", plot, "种植设施大棚", case, interval)
    plan.add(Kind.GREENHOUSE, plot, interval, Cover.SHED_FLOOR, adds=adds, permit=permit, case=case)


def build_solar(plan: Plan, interval: int, case: Case) -> None:
    """Cover a piece of fields or scrub with rows of solar panels."""
    make = plan.sites.plot(plan.between(60, 110), plan.between(42, 62))
    plot = plan.sites.find(make, plan.sites.open, 0.93)
    if plot is not None:
        plan.take(plot)
        permit = plan.grant("planning_permit", plot, "光伏发电", case, interval)
        panels = _block(plan, plot, "panels", SOLAR, 2.0, 1.5)
        plan.add(Kind.PHOTOVOLTAIC, plot, interval, Cover.SHED_FLOOR, adds=(panels,), permit=permit, case=case)


def build_tanks(plan: Plan, interval: int, case: Case) -> None:
    """Put a row of round tanks on a concrete pad."""
    plot = plan.sites.find(plan.sites.plot(plan.between(26, 38), plan.between(11, 14)), plan.sites.fields)
    if plot is not None:
        plan.take(plot)
        permit = plan.grant("planning_permit", plot, "储罐", case, interval)
        colour = STEEL_WHITE if plan.rng.random() < 0.5 else STEEL_GREY
        tanks = _block(plan, plot, "tanks", colour, 7.0, 1.2)
        plan.add(Kind.NEW_STRUCTURE, plot, interval, Cover.LANE, adds=(tanks,), permit=permit, case=case)


def demolish(plan: Plan, interval: int, *, large: bool) -> None:
    """Tear down a shed, or a house with its neighbours."""
    sites, standing = plan.sites, plan.sites.standing
    roofs, tree = sites.roofs, sites.roof_tree
    fitting = [
        number
        for number, roof in enumerate(roofs)
        if (roof.area > 500 if large else roof.area <= 300) and sites.inside(roof, 10.0)
    ]
    taken = shapely.union_all(sites.taken)
    for pick in plan.rng.permutation(np.array(fitting, dtype=np.int64)).tolist()[:40]:
        group = {pick}
        if not large:
            near = tree.query(roofs[pick].buffer(4.0), predicate="intersects").tolist()
            group |= {number for number in sorted(near)[:4] if roofs[number].area <= 300}
        torn = [roofs[number] for number in sorted(group)]
        outline = shapely.union_all([roof.buffer(1.5, join_style="mitre") for roof in torn])
        if outline.distance(taken) < 5:
            continue
        stay = [roofs[number] for number in tree.query(outline).tolist() if number not in group]
        outline = outline.difference(shapely.union_all(stay))
        plan.take(outline)
        plan.add(
            Kind.DEMOLITION,
            outline,
            interval,
            Cover.RUBBLE,
            removes=tuple(standing[number] for number in sorted(group)),
        )
        return


SHED_COLOURS: tuple[Colour, ...] = (STEEL_BLUE, (830.0, 850.0, 1420.0, 1800.0), STEEL_WHITE)
