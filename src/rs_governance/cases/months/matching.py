"""Matching: which findings of an issue belong to which cases, from ground, kind and time alone."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

from rs_governance.cases.life.words import Relation

WORKS = frozenset({
    "new_building",
    "new_structure",
    "earthwork",
    "hardened_ground",
    "road",
    "photovoltaic",
    "greenhouse",
})
"""Kinds of change that are stages or parts of one piece of work."""

ENDINGS = frozenset({"demolition", "regrowth"})
"""Kinds of change that end an occupation of land."""

HARMLESS = ENDINGS | {"crop_rotation"}
"""Kinds of change that never reopen a case."""


@dataclass(frozen=True, kw_only=True)
class Terms:
    """From when on a finding and a case are the same place."""

    same_share: float = 0.3
    """Share of the smaller outline that has to be common; as for the sites of a quarter."""
    near_m: float = 3.0
    """Work that goes on beside a case, no farther than this, belongs to it ..."""
    contact_share: float = 0.15
    """... where this share of the finding's border runs along the case ..."""
    recent_days: int = 200
    """... and the case was seen no longer ago than this."""
    point_m: float = 30.0
    """How far from a finding a case may lie that is known by a point only."""
    grown_share: float = 0.2
    """New ground in parts of the case's area from which on a case grows ..."""
    grown_m2: float = 60.0
    """... and the least new ground that counts."""
    whole_share: float = 0.5
    """Share of an outline that stands for all of it: merged, demolished, unseen."""


TERMS = Terms()
"""Terms that are used where nobody says otherwise."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen:
    """A finding of the issue."""

    key: str
    """Number of the spot."""
    outline: shapely.Geometry
    """Polygon in the store's CRS."""
    kind: str
    """Kind of change."""
    work: bool
    """Whether somebody has to look: red or yellow."""
    after_on: date
    """Day of the later image."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Known:
    """A case, as far as matching looks at it."""

    number: str
    """Number of the case."""
    outline: shapely.Geometry
    """Polygon, or a point where only a place is known."""
    kind: str
    """Kind of change."""
    last_seen_on: date
    """Last day on which change was seen."""
    relation: str = "new"
    """What it was to the issue before."""
    verdict: str = "unverified"
    """What it was judged to be."""
    resolution: str | None = None
    """Why it was closed."""
    closed_on: date | None = None
    """Day on which it was closed; None for an open case."""
    merged_into: str | None = None
    """Case in which it is followed."""
    here: bool = False
    """Whether a former edition of the same issue opened it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Pair:
    """A finding and a case on the same ground."""

    share: float
    """Share of the smaller outline that is common; for neighbours the share of the border."""
    of_case: float
    """Share of the case's outline that the finding covers."""
    of_finding: float
    """Share of the finding that the case covers."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CaseMatch:
    """What an issue shows of a case."""

    relation: Relation
    """What the case is to the issue."""
    findings: tuple[str, ...]
    """Spots on it, by number; the one that speaks for it first."""
    grown_m2: float = 0.0
    """Ground of its work that lay outside the case before."""
    reopens: bool = False
    """Whether a closed case is to be taken up again."""
    merged_with: tuple[str, ...] = ()
    """Cases that the same finding covers."""


@dataclass(frozen=True, kw_only=True)
class Matches:
    """What an issue is to the cases."""

    of_finding: Mapping[str, str]
    """Spot number to the number of its case."""
    of_case: Mapping[str, CaseMatch]
    """Number of the case to what the issue shows of it."""
    fresh: Mapping[str, tuple[str, ...]]
    """Spots that need a new case, with the closed cases on their ground that they do not reopen."""
    pairs: Mapping[tuple[str, str], Pair] = field(default_factory=dict)
    """Every finding and case on the same ground."""


def match(seen: Sequence[Seen], known: Sequence[Known], terms: Terms = TERMS) -> Matches:
    """Match the findings of an issue to open and closed cases.

    A finding belongs to one case: an open one before a closed one, then the one with most ground in common. It stands for
    several only where it covers most of each (`merged`). Work on the ground of a case that was closed as illegal or
    lawful reopens it when the later image is younger than the closing; where the case was closed as anything else, the
    work is a new case that names the old one. The ground of a merged case counts for the case that it was merged into.

    Parameters
    ----------
    seen
        Findings, all of one issue.
    known
        Cases, open and closed.
    terms
        From when on two outlines are the same place.

    Returns
    -------
    Matches
        The same for any order of the two.
    """
    seen = sorted(seen, key=lambda one: one.key)
    by_number = {one.number: one for one in sorted(known, key=lambda one: one.number)}
    findings = {one.key: one for one in seen}
    pairs = dict(_pairs(seen, standing_grounds(by_number), by_number, terms))
    candidates: dict[str, list[str]] = defaultdict(list)
    for key, number in pairs:
        candidates[key].append(number)
    of_finding: dict[str, str] = {}
    fresh: dict[str, tuple[str, ...]] = {}
    members: dict[str, list[str]] = defaultdict(list)
    merged: dict[str, set[str]] = defaultdict(set)
    for one in seen:
        numbers = candidates.get(one.key, [])
        joined = [number for number in numbers if not _is_old_story(one, by_number[number])]
        if not joined:
            if one.work:
                fresh[one.key] = tuple(sorted(numbers))
            continue
        best = min(joined, key=lambda number: _rank(pairs[one.key, number], by_number[number], terms))
        of_finding[one.key] = best
        covered = [number for number in joined if _covers(one, by_number[number], pairs[one.key, number], terms)]
        for number in {best, *(covered if best in covered else ())}:
            members[number].append(one.key)
            merged[number] |= set(covered) - {number} if number in covered else set()
    return Matches(
        of_finding=of_finding,
        of_case={
            number: _relate(by_number[number], [findings[key] for key in keys], pairs, sorted(merged[number]), terms)
            for number, keys in sorted(members.items())
        },
        fresh=fresh,
        pairs=pairs,
    )


def find_stalled(known: Sequence[Known], matches: Matches, unseen: shapely.Geometry | None) -> list[str]:
    """List the open cases of work on which an issue shows no change though it saw their ground.

    Parameters
    ----------
    known
        Cases.
    matches
        What the issue shows.
    unseen
        Ground that it could not see; None for nothing.

    Returns
    -------
    list of str
        Their numbers, in order.
    """
    quiet = [one for one in known if one.closed_on is None and one.kind in WORKS and one.number not in matches.of_case]
    shares = unseen_share([one.outline for one in quiet], unseen)
    return sorted(one.number for one, share in zip(quiet, shares, strict=True) if share < TERMS.whole_share)


def unseen_share(outlines: Sequence[shapely.Geometry], unseen: shapely.Geometry | None) -> npt.NDArray[np.float64]:
    """Measure which share of each outline could not be seen; a point counts as 0 or 1.

    Parameters
    ----------
    outlines
        (n,) polygons or points.
    unseen
        Ground that could not be seen, in the same CRS; None for nothing.
    """
    ground = _array(outlines)
    if unseen is None or unseen.is_empty or not len(ground):
        return np.zeros(len(ground))
    shapely.prepare(unseen)
    shares: npt.NDArray[np.float64] = shapely.intersects(ground, unseen).astype(np.float64)
    cut = (shares > 0) & (shapely.area(ground) > 0)
    shares[cut] = shapely.area(shapely.intersection(ground[cut], unseen)) / shapely.area(ground[cut])
    return shares


def standing_grounds(known: Mapping[str, Known]) -> dict[str, str]:
    """Return for each case whose ground counts the case that it counts for: itself, or the one it was merged into."""
    standing = {}
    for number in known:
        at, passed = number, {number}
        while (into := known[at].merged_into) is not None and into in known and into not in passed:
            at = into
            passed.add(at)
        if known[at].resolution not in ("split", "superseded", "merged"):
            standing[number] = at
    return standing


def _pairs(
    seen: Sequence[Seen], standing: Mapping[str, str], known: Mapping[str, Known], terms: Terms
) -> Iterator[tuple[tuple[str, str], Pair]]:
    grounds = list(standing)
    found, there = _array([one.outline for one in seen]), _array([known[number].outline for number in grounds])
    if not len(found) or not len(there):
        return
    is_point = shapely.area(there) == 0
    best: dict[tuple[str, str], Pair] = {}
    for some, reach in ((~is_point, terms.near_m), (is_point, terms.point_m)):
        own = np.flatnonzero(some)
        f, c = shapely.STRtree(there[own]).query(found, predicate="dwithin", distance=reach)
        c = own[c]
        common = shapely.area(shapely.intersection(found[f], there[c]))
        near = 1 - shapely.distance(found[f], there[c]) / reach
        for i, j, m2, nearness in zip(f.tolist(), c.tolist(), common.tolist(), near.tolist(), strict=True):
            one, case, ground = seen[i], known[standing[grounds[j]]], there[j]
            pair = _near(one, case, nearness) if is_point[j] else _overlap(one, ground, m2, terms)
            if pair is None and not is_point[j]:
                pair = _beside(one, case, ground, terms)
            key = (one.key, case.number)
            if pair is not None and (key not in best or best[key].share < pair.share):
                best[key] = pair
    yield from sorted(best.items())


def _overlap(one: Seen, ground: shapely.Geometry, common_m2: float, terms: Terms) -> Pair | None:
    of_case, of_finding = common_m2 / ground.area, common_m2 / one.outline.area
    pair = Pair(share=max(of_case, of_finding), of_case=of_case, of_finding=of_finding)
    # A whole field that is harvested says nothing of a shed at its border unless it covers the shed.
    share = of_case if one.kind == "crop_rotation" else pair.share
    return pair if share >= terms.same_share else None


def _near(one: Seen, case: Known, nearness: float) -> Pair | None:
    """Return the pair of a finding and a case of which only a point is known; a closed one has to lie inside."""
    if one.kind == "crop_rotation" or not one.work or (case.closed_on is not None and nearness < 1):
        return None
    return Pair(share=max(nearness, 0.0), of_case=0.0, of_finding=0.0)


def _beside(one: Seen, case: Known, ground: shapely.Geometry, terms: Terms) -> Pair | None:
    """Return the pair of work that goes on along the border of an open case."""
    if case.closed_on is not None or one.kind not in WORKS or case.kind not in WORKS or not one.work:
        return None
    if abs(one.after_on - case.last_seen_on) > timedelta(days=terms.recent_days):
        return None
    border = one.outline.boundary
    share = border.intersection(ground.buffer(terms.near_m)).length / border.length
    if share < terms.contact_share:
        return None
    # Always after those that share ground, whatever the share of the border.
    return Pair(share=share * terms.same_share / 2, of_case=0.0, of_finding=0.0)


def _is_old_story(one: Seen, case: Known) -> bool:
    """Tell whether a closed case leaves work on its ground to a new case: its end said nothing about such work."""
    return _is_work_after(one, case) and case.verdict not in ("illegal", "lawful")


def _is_work_after(one: Seen, case: Known) -> bool:
    return case.closed_on is not None and one.work and one.kind not in HARMLESS and one.after_on > case.closed_on


def _rank(pair: Pair, case: Known, terms: Terms) -> tuple[Any, ...]:
    beside = pair.share < terms.same_share
    return (beside, case.closed_on is not None, -round(pair.share, 6), -case.last_seen_on.toordinal(), case.number)


def _covers(one: Seen, case: Known, pair: Pair, terms: Terms) -> bool:
    return case.closed_on is None and one.work and one.kind not in HARMLESS and pair.of_case >= terms.whole_share


def _relate(
    case: Known, findings: Sequence[Seen], pairs: Mapping[tuple[str, str], Pair], merged: Sequence[str], terms: Terms
) -> CaseMatch:
    first = sorted(findings, key=lambda one: (not one.work, -pairs[one.key, case.number].share, one.key))
    keys = tuple(one.key for one in first)
    if case.closed_on is not None:
        reopens = any(_is_work_after(one, case) for one in findings)
        return CaseMatch(relation="reappeared" if reopens else "continuing", findings=keys, reopens=reopens)
    work = [one for one in findings if one.work and one.kind not in HARMLESS]
    grown = _grown_m2(case, work)
    if merged:
        return CaseMatch(relation="merged", findings=keys, grown_m2=grown, merged_with=tuple(merged))
    if not work:
        ends = sum(pairs[one.key, case.number].of_case for one in findings if one.kind in ENDINGS)
        return CaseMatch(relation="demolished" if ends >= terms.whole_share else "continuing", findings=keys)
    if case.here:
        return CaseMatch(relation="new", findings=keys, grown_m2=grown)
    inside = [
        one
        for one in work
        if pairs[one.key, case.number].of_finding >= terms.whole_share
        and pairs[one.key, case.number].of_case >= terms.grown_share
    ]
    if len(inside) > 1:
        return CaseMatch(relation="split", findings=keys, grown_m2=grown)
    grows = case.outline.area > 0 and grown >= max(terms.grown_m2, terms.grown_share * case.outline.area)
    return CaseMatch(relation="growing" if grows else "continuing", findings=keys, grown_m2=grown)


def _grown_m2(case: Known, work: Sequence[Seen]) -> float:
    if not work:
        return 0.0
    return float(shapely.union_all([one.outline for one in work]).difference(case.outline).area)


def _array(outlines: Sequence[shapely.Geometry]) -> npt.NDArray[np.object_]:
    array = np.empty(len(outlines), dtype=object)
    array[:] = list(outlines)
    return array
