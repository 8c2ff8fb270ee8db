"""The course of events in a district: how many changes of each sort, when, and with which permit."""

from collections.abc import Callable
from datetime import date

from rs_governance.simulate import construction as build
from rs_governance.simulate import groundworks as ground
from rs_governance.simulate.board import stream
from rs_governance.simulate.buildings import Building
from rs_governance.simulate.changes import Case, Change, Permit, Register
from rs_governance.simulate.land import Cover, Land
from rs_governance.simulate.planning import Plan
from rs_governance.simulate.sites import Sites

Work = Callable[[Plan, int, int], None]
"""Plans one change of a sort: the plan, the number of the change within its sort, the interval."""


def _pick(number: int, *cases: Case) -> Case:
    return cases[number % len(cases)]


def _fell(plan: Plan, number: int, interval: int) -> None:
    fates = ("nothing", "regrowth", "orchard", "regrowth", "earth", "nothing")
    ground.fell(plan, interval, _pick(number, "none", "full", "none", "full", "none"), fates[number % len(fates)])


def _earth(plan: Plan, number: int, interval: int) -> None:
    place = plan.sites.woods if number % 4 == 1 else plan.sites.fields
    # In the woods every other one has leave; on the fields all cases come in turn.
    wood = _pick(number // 4, "full", "none")
    field = _pick(number, "none", "none", "full", "none", "part", "expired")
    ground.move_earth(plan, interval, place, wood if number % 4 == 1 else field)


def _stages(plan: Plan, number: int, interval: int) -> None:
    # The number decides which of the four stages falls into the interval.
    build.build_in_stages(plan, interval - (2, 0, 3, 1)[number % 4], _pick(number, "exceeded", "none", "full", "part"))


def _road(plan: Plan, number: int, interval: int) -> None:
    cover = (Cover.LANE, Cover.TRACK, Cover.ASPHALT)[number % 3]
    ground.build_road(plan, interval, cover, _pick(number, "none", "full", "none"))


def _harden(plan: Plan, number: int, interval: int) -> None:
    cover = Cover.YARD if number % 2 else Cover.LANE
    ground.harden(plan, interval, cover, _pick(number, "none", "full", "none", "part"))


def _shed(plan: Plan, number: int, interval: int) -> None:
    colour = build.SHED_COLOURS[number % len(build.SHED_COLOURS)]
    case = _pick(number, "none", "full", "expired", "none", "part")
    build.build_shed(plan, interval, colour, case, in_yard=number % 3 == 2)


# Sorts in the order of planning, the largest first as they are the hardest to find room for, and how many
# to the square kilometre in five images; two in five of them fall into the last interval.
_SORTS: tuple[tuple[Work, float], ...] = (
    (_fell, 6.0),
    (lambda plan, number, interval: build.build_solar(plan, interval, _pick(number, "none", "full")), 0.8),
    (lambda plan, number, interval: build.build_works(plan, interval, _pick(number, "full", "none", "exceeded")), 1.2),
    (
        lambda plan, number, interval: build.build_greenhouses(
            plan, interval, _pick(number, "full", "none", "none"), net=number % 3 == 2
        ),
        2.0,
    ),
    (_stages, 4.5),
    (_earth, 7.0),
    (_road, 1.5),
    (lambda plan, _, interval: ground.regrow(plan, interval), 2.0),
    (lambda plan, number, interval: ground.dig_pond(plan, interval, _pick(number, "none", "full")), 1.2),
    (lambda plan, _, interval: ground.fill_pond(plan, interval), 1.2),
    (_harden, 3.5),
    (lambda plan, number, interval: build.build_tanks(plan, interval, _pick(number, "none", "full")), 1.0),
    (_shed, 4.5),
    (
        lambda plan, number, interval: build.build_house(
            plan, interval, _pick(number, "none", "full", "none", "full", "expired"), in_village=number % 3 == 2
        ),
        9.0,
    ),
    (lambda plan, number, interval: build.demolish(plan, interval, large=number % 4 == 3), 5.0),
)


def run_events(land: Land, standing: list[Building], dates: tuple[date, ...]) -> tuple[list[Change], list[Permit]]:
    """Plan all changes of a land up to the last date, in the order of their days, and the registers' rows.

    The changes before the first date belong to the land as it is found; they are not findings.
    """
    plan = Plan(land, Sites(land, standing, stream(land.seed, "changes")), dates)
    intervals = len(dates) - 1
    back = [0, 1, 0, 2, 3, *range(4, intervals)] if intervals > 3 else list(range(intervals))
    for number in range(1 if land.area_km2 < 4 else 2):
        _major_project(plan, number)
    for work, per_km2 in _SORTS:
        for number in range(max(1, round(per_km2 * land.area_km2 * len(back) / 5))):
            work(plan, number, plan.last - back[number % len(back)])
    for number in range(max(1, round(land.area_km2))):  # things that have long been there
        build.build_greenhouses(plan, -2, "none", net=number % 3 == 1)
        ground.move_earth(plan, -2, plan.sites.fields, "none")
        ground.fell(plan, -2, "none", "nothing")
    _unused_permits(plan)
    return sorted(plan.changes, key=lambda change: change.happened_on), plan.permits


def _major_project(plan: Plan, number: int) -> None:
    """Reserve the site of a registered project, and build on it month by month."""
    site = None
    for length, width in ((230, 170), (190, 140), (150, 110)):
        site = site or plan.sites.find(plan.sites.plot(length, width), plan.sites.open, 0.8)
    if site is None:
        return
    plan.take(site)
    use = ("五象新材料产业园一期（虚构）", "那马农产品冷链中心（虚构）")[number % 2]
    permit = plan.grant("major_project", site, use, "full", -4)
    if permit is None:
        return
    for step in range(4):
        if step % 2:
            build.build_works(plan, plan.last - step + 1, "none", site, permit.number)
        else:
            build.build_in_stages(plan, plan.last - 2 - step // 2 + number, "none", site, permit.number)


def _unused_permits(plan: Plan) -> None:
    """Grant permits that nobody has used yet."""
    unused: tuple[tuple[Register, str, float], ...] = (
        ("homestead", "农村宅基地", 12.0),
        ("building_permit", "农产品仓储", 38.0),
        ("temporary_land", "临时用地：施工营地", 45.0),
    )
    for register, use, size in unused:
        plot = plan.sites.find(plan.sites.plot(size, 0.8 * size), plan.sites.fields)
        if plot is not None:
            plan.take(plot)
            plan.grant(register, plot, use, "full", plan.last)
