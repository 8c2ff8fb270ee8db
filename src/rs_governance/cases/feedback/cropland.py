"""The year's watch on cropland: what was occupied illegally, against all construction on it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import shapely
import sqlalchemy as sa
from sqlalchemy.orm import Session

from rs_governance.db import Case, Finding

ACCOUNTABLE_SHARE = 0.15
"""Share from which a district is brought to account, where nobody says another."""

CONSTRUCTION = (
    "new_building",
    "new_structure",
    "earthwork",
    "hardened_ground",
    "road",
    "photovoltaic",
    "greenhouse",
)
"""Kinds of change that take land."""

_ELSEWHERE = ("merged", "split", "superseded")
_PUT_RIGHT = ("demolished", "restored")


@dataclass(frozen=True, kw_only=True)
class CroplandWatch:
    """Cropland that construction took in a year, by what it turned out to be; areas in m2."""

    year: int
    """Year in which the images first showed it."""
    illegal_m2: float
    """Judged illegal."""
    put_right_m2: float
    """Part of it that is closed as demolished or restored."""
    lawful_m2: float
    """Judged lawful."""
    permitted_m2: float
    """Covered by a permit of the registers, so that nobody had to judge it."""
    open_m2: float
    """Not judged yet; in none of the others."""
    cases: int
    """Number of cases that were counted, open ones too."""
    permitted: int
    """Number of places that were counted by their permits."""
    limit: float
    """Share from which the district is brought to account."""

    @property
    def construction_m2(self) -> float:
        """All construction on cropland of which is known what it is."""
        return self.illegal_m2 + self.lawful_m2 + self.permitted_m2

    @property
    def share(self) -> float | None:
        """Illegal part of all construction on cropland; None without any."""
        return self.illegal_m2 / self.construction_m2 if self.construction_m2 else None

    @property
    def highest(self) -> float | None:
        """The same if all that is open turned out illegal; None without any."""
        whole = self.construction_m2 + self.open_m2
        return (self.illegal_m2 + self.open_m2) / whole if whole else None


def watch_cropland(session: Session, year: int, *, limit: float = ACCOUNTABLE_SHARE) -> CroplandWatch:
    """Add up the cropland that construction took in a year.

    Cases count by their verdict: illegal; lawful; not judged yet. Other use and false changes are no construction, and what
    was merged, split or withdrawn with its issue counts where it lives on. Published places that a permit covers have no
    case: they count as permitted, each piece of ground once, however many months show it.

    Parameters
    ----------
    session
        Session of the store.
    year
        Year of the image that first showed it.
    limit
        Share from which the district is brought to account.

    Returns
    -------
    CroplandWatch
        Areas, to the hundredth of a square metre.
    """
    columns = (Case.verdict, Case.resolution, Case.cropland_m2, Case.first_seen_on, Case.outline)
    on_cropland = (Case.kind.in_(CONSTRUCTION), Case.cropland_m2 > 0)
    absorbed = Case.resolution.in_(_ELSEWHERE)
    chosen = sa.select(*columns).where(*on_cropland, sa.or_(Case.resolution.is_(None), ~absorbed)).order_by(Case.number)
    cases = session.execute(chosen).all()
    mine = [row for row in cases if row.first_seen_on.year == year]
    groups: dict[str, float] = dict.fromkeys(("illegal", "lawful", "open", "put_right"), 0.0)
    for row in mine:
        verdict = "open" if row.verdict in ("unverified", "suspected") else row.verdict
        if verdict in groups:
            groups[verdict] += row.cropland_m2
        if verdict == "illegal" and row.resolution in _PUT_RIGHT:
            groups["put_right"] += row.cropland_m2
    pieces = _permitted(session, year, [row.outline for row in cases])
    return CroplandWatch(
        year=year,
        illegal_m2=round(groups["illegal"], 2),
        put_right_m2=round(groups["put_right"], 2),
        lawful_m2=round(groups["lawful"], 2),
        permitted_m2=round(sum(pieces), 2),
        open_m2=round(groups["open"], 2),
        cases=sum(row.verdict not in ("other", "false_change") for row in mine),
        permitted=len(pieces),
        limit=limit,
    )


def _permitted(session: Session, year: int, cases: Sequence[shapely.Geometry]) -> list[float]:
    """List the cropland of the places that permits cover, each piece of ground in the first month that shows it."""
    columns = (Finding.after_on, Finding.spot, Finding.area_m2, Finding.outline)
    lawful = (Finding.current, Finding.suspicion == "lawful", Finding.kind.in_(CONSTRUCTION), Finding.case_id.is_(None))
    spots = session.execute(sa.select(*columns).where(*lawful).order_by(Finding.after_on, Finding.spot_no)).all()
    outlines = [*cases, *(row.outline for row in spots)]
    if not spots:
        return []
    earlier = _earlier(outlines)
    pieces = []
    for at, row in enumerate(spots, len(cases)):
        if row.after_on.year != year:
            continue
        rest = row.outline.difference(shapely.union_all([outlines[one] for one in earlier[at]]))
        # The layers of a spot are taken as spread evenly over it, as everywhere where no layer is at hand.
        taken = _cropland_m2(row.spot) * rest.area / row.outline.area
        if taken >= 1:
            pieces.append(taken)
    return pieces


def _earlier(outlines: Sequence[shapely.Geometry]) -> list[list[int]]:
    """Return for each outline those before it that share its ground."""
    found: list[list[int]] = [[] for _ in outlines]
    pairs: Iterable[tuple[int, int]] = zip(
        *shapely.STRtree(outlines).query(outlines, "intersects").tolist(), strict=True
    )
    for one, other in pairs:
        if other < one:
            found[one].append(other)
    return found


def _cropland_m2(spot: Any) -> float:
    return float(spot.get("cropland_m2") or 0.0)
