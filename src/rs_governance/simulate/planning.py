"""The plan of a district's changes: what is added when, and the permits that go with it."""

from datetime import date, timedelta

import numpy as np
import shapely
from shapely.geometry import Polygon

from rs_governance.simulate.buildings import Building
from rs_governance.simulate.changes import STAGES, Case, Change, Kind, Permit, Register, Stage
from rs_governance.simulate.land import Cover, Land
from rs_governance.simulate.outlines import Shape, rectangle, sides
from rs_governance.simulate.sites import Sites

_NUMBERS: dict[Register, str] = {
    "planning_permit": "建字第4501082026{:05d}号",
    "building_permit": "4501082026{:04d}0101",
    "land_conversion": "南自然资转〔2026〕{}号",
    "land_supply": "450108 2026 让{:04d}",
    "harvest_permit": "良林采字〔2026〕{:04d}号",
    "woodland_use": "桂林审字〔2026〕{}号",
    "temporary_land": "良临用〔2026〕{}号",
    "facility_farmland": "良设农备〔2026〕{:03d}",
    "homestead": "农宅字450108{:06d}号",
    "major_project": "2026-450108-{:02d}-01",
}
# How far the plot granted reaches beyond the work: a building stands inside its plot, a felling fills it.
_AROUND_M: dict[Register, float] = {
    "planning_permit": 5.0,
    "building_permit": 7.0,
    "land_conversion": 7.0,
    "land_supply": 7.0,
    "harvest_permit": 3.0,
    "woodland_use": 3.0,
    "temporary_land": 3.0,
    "facility_farmland": 5.0,
    "homestead": 7.0,
    "major_project": 8.0,
}
_FIRMS = (
    "良庆富绿农业",
    "桂南通达建设",
    "五象恒基置业",
    "那马光伏能源",
    "大塘水产养殖",
    "玉洞物流",
    "邕江桥梁工程",
    "八尺江林业",
)
_FAMILIES = "韦黄李陈梁覃农卢陆莫"
_PERSONAL: tuple[Register, ...] = ("homestead", "harvest_permit", "facility_farmland")


class Plan:
    """The changes and permits planned so far."""

    def __init__(self, land: Land, sites: Sites, dates: tuple[date, ...]) -> None:
        self.land, self.sites, self.rng = land, sites, sites.rng
        self.dates = dates
        self.last = len(dates) - 2
        """Number of the last interval; the first is 0, and what is below lies before the first image."""
        self.changes: list[Change] = []
        self.permits: list[Permit] = []
        self.projects: list[tuple[Permit, Shape]] = []

    def between(self, low: float, high: float) -> float:
        """Draw a number."""
        return low + (high - low) * float(self.rng.random())

    def day(self, interval: int) -> date:
        """Draw a day of an interval: after its first image, and by its second."""
        if interval < 0:
            return self.dates[0] + timedelta(days=31 * interval + int(20 * self.rng.random()))
        start, end = self.dates[interval], self.dates[interval + 1]
        return start + timedelta(days=1 + int((end - start).days * self.rng.random()))

    def shuffle(self, count: int) -> list[int]:
        """Return the numbers below a count in a random order."""
        return [int(number) for number in self.rng.permutation(count)]

    def take(self, outline: Shape) -> None:
        """Keep a place for a site."""
        self.sites.taken.append(outline)

    def add(
        self,
        kind: Kind,
        outline: Shape,
        interval: int,
        cover: Cover | None = None,
        *,
        on: date | None = None,
        adds: tuple[Building, ...] = (),
        removes: tuple[Building, ...] = (),
        details: tuple[tuple[Shape, Cover], ...] = (),
        stage: Stage | None = None,
        permit: Permit | None = None,
        case: Case = "none",
        project: str | None = None,
    ) -> None:
        """Add a change that happens in an interval; nothing that would happen after the last image."""
        if interval <= self.last:
            change = Change(
                kind=kind,
                outline=outline,
                happened_on=on or self.day(interval),
                cover=cover,
                adds=adds,
                removes=removes,
                details=details,
                stage=stage,
                permit=permit,
                case=case if permit else "none",
                project=project,
            )
            self.changes.append(change)

    def grant(
        self,
        register: Register,
        site: Shape,
        use: str,
        case: Case,
        interval: int,
        stage: Stage | None = None,
    ) -> Permit | None:
        """Enter a permit for work on a site in an interval; None in the case of none."""
        if case == "none":
            return None
        start = self.dates[0] + timedelta(days=31 * interval)
        issued = start - timedelta(days=int(self.between(40, 120)))
        until = issued + timedelta(days=730)
        outline = site.buffer(_AROUND_M[register], join_style="mitre", mitre_limit=1.5)
        if case == "part":
            outline = _part_of(outline, self.between(0.42, 0.62))
        if case == "expired":
            issued -= timedelta(days=500)
            until = start - timedelta(days=int(self.between(20, 60)))
        if case == "exceeded":
            stage = STAGES[0]
        permit = Permit(
            register=register,
            number=self._number(register),
            holder=self._holder(register),
            use=use,
            stage=stage,
            outline=outline,
            valid_from=issued,
            valid_to=until,
            issued_on=issued,
        )
        self.permits.append(permit)
        return permit

    def _number(self, register: Register) -> str:
        serial = 1 + sum(permit.register == register for permit in self.permits)
        return _NUMBERS[register].format(3 * serial + 4)

    def _holder(self, register: Register) -> str:
        if register in _PERSONAL:
            return f"{_FAMILIES[int(len(_FAMILIES) * self.rng.random())]}某某"
        return f"{_FIRMS[int(len(_FIRMS) * self.rng.random())]}有限公司（虚构）"


def _part_of(outline: Shape, share: float) -> Shape:
    """Return about a share of an outline: what lies on one side of a line across its long side."""
    box = shapely.minimum_rotated_rectangle(outline)
    x, y, length, width, angle = sides(box)
    if width > length:
        length, width, angle = width, length, angle + np.pi / 2
    back = (share - 1) * length / 2
    half = Polygon(rectangle(x + back * np.cos(angle), y + back * np.sin(angle), share * length, width + 2, angle))
    return outline.intersection(half)
