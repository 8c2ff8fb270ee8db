"""Comparing: whether the district saw it first, spot by spot of somebody else's list."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from statistics import median
from typing import Literal

import shapely

from rs_governance.cases.months.matching import TERMS, unseen_share
from rs_governance.rules import Word

Status = Literal["hit", "late", "known", "missed"]
"""What their spot is to ours: published before their day, published after it, known from elsewhere, or missed."""

STATUSES: Mapping[Status, Word] = {
    "hit": Word("先于下发", "seen first"),
    "late": Word("晚于下发", "seen later"),
    "known": Word("其他渠道已知", "known from elsewhere"),
    "missed": Word("漏检", "missed"),
}
"""The word shown for each `Status`."""

Cause = Literal["judged_green", "lawful", "unseen", "no_issue", "below_size", "partly", "not_detected"]
"""Why a spot was missed. An issue keeps what was found, not the score of every pixel: of what was seen and not found it cannot
be told whether the score stayed below the level or the ground that reached it was too small."""

CAUSES: Mapping[Cause, Word] = {
    "judged_green": Word("已发现但规则判为免查", "found, but a rule exempted it"),
    "lawful": Word("已发现但判为有合法手续", "found, but judged lawful by a permit"),
    "unseen": Word("云或缺影像，未能观测", "could not be seen: cloud or no image"),
    "no_issue": Word("该时段没有发布过期次", "no issue of that time"),
    "below_size": Word("小于最小上图面积", "smaller than the smallest area"),
    "partly": Word("只检出其一小部分，或相邻处的变化", "found on a small part of it only, or beside it"),
    "not_detected": Word(
        "已观测，变化得分或面积未达检测下限", "seen, below the level or smallest size of the detector"
    ),
}
"""The word shown for each `Cause`."""

# An issue that may have shown their spot: their day is the end of their work, the change is up to so much older.
_BEFORE_DAYS, _AFTER_DAYS = 120, 31
# What was seen on the same ground longer ago than a year's campaign is another story.
_SAME_STORY = timedelta(days=366)


@dataclass(frozen=True, kw_only=True)
class Theirs:
    """A spot of somebody else's list."""

    row: int
    """Number of its row."""
    number: str
    """Its number in their list."""
    on: date
    """Their day: of their image or of their list."""
    outline: shapely.Geometry
    """Polygon or point in the store's CRS."""
    area_m2: float
    """Area; 0 for a point without one."""


@dataclass(frozen=True, kw_only=True)
class Ours:
    """A finding of a published issue, or a case that came from elsewhere."""

    number: str
    """Number of the spot, or of the case."""
    outline: shapely.Geometry
    """Polygon or point in the store's CRS."""
    seen_on: date
    """Day of the later image, or of the report."""
    published_on: date
    """Day on which it was taken into the store."""
    case_number: str | None
    """Its case."""
    issue: str | None
    """Its issue; None for a case from elsewhere."""
    channel: str = "satellite"
    """How it was discovered."""
    severity: str = "red"
    """Severity as published."""
    suspicion: str = "suspected"
    """Suspicion as published."""
    rule: str = ""
    """Rule that gave the severity."""
    reason_zh: str = ""
    """Its words."""


@dataclass(frozen=True, kw_only=True)
class IssueSeen:
    """An issue, as far as it says what it could see."""

    name: str
    """Name."""
    image_on: date
    """Day of its newest image."""
    unseen: shapely.Geometry | None
    """Ground that it could not compare."""


@dataclass(frozen=True, kw_only=True)
class Compared:
    """Their spot and what we had of it."""

    row: int
    """Number of the row in their list."""
    number: str
    """Their number."""
    on: date
    """Their day."""
    area_m2: float
    """Their area."""
    status: Status
    """What it is to ours."""
    cause: Cause | None = None
    """Why it was missed."""
    days_ahead: int | None = None
    """Their day minus the day of our image; negative where ours is later."""
    published_ahead: int | None = None
    """Their day minus the day on which ours was taken in."""
    spot_no: str | None = None
    """Our spot."""
    case_number: str | None = None
    """Our case."""
    issue: str | None = None
    """Issue of our spot; for `unseen` the issues that could not see it."""
    rule: str | None = None
    """Rule that exempted it."""
    reason_zh: str | None = None
    """Its words."""


def compare_spots(
    theirs: Sequence[Theirs], ours: Sequence[Ours], issues: Sequence[IssueSeen], *, smallest_m2: float
) -> list[Compared]:
    """Say of each of their spots whether we had it, how long before, and if not, why not.

    Parameters
    ----------
    theirs
        Their list.
    ours
        Findings of all issues that no new edition has replaced, and cases from elsewhere.
    issues
        Issues by name.
    smallest_m2
        Smallest area that is published as suspected.

    Returns
    -------
    list of Compared
        In the order of their list.
    """
    if not theirs:
        return []
    places = [one.outline for one in theirs]
    unseen = {issue.name: unseen_share(places, issue.unseen) for issue in issues}
    tree = shapely.STRtree([one.outline for one in ours])
    result = []
    for at, one in enumerate(theirs):
        near = tree.query(one.outline, predicate="dwithin", distance=TERMS.point_m) if ours else []
        around = [ours[i] for i in sorted(int(i) for i in near) if ours[i].seen_on >= one.on - _SAME_STORY]
        shares = {name: float(share[at]) for name, share in unseen.items()}
        result.append(_compare(one, around, issues, shares, smallest_m2))
    return result


def _is_same(one: shapely.Geometry, other: shapely.Geometry) -> bool:
    if one.area == 0 or other.area == 0:
        return bool(one.distance(other) <= TERMS.point_m)
    return bool(one.intersection(other).area >= TERMS.same_share * min(one.area, other.area))


def _compare(
    one: Theirs, around: Sequence[Ours], issues: Sequence[IssueSeen], unseen: Mapping[str, float], smallest_m2: float
) -> Compared:
    there = [ours for ours in around if _is_same(one.outline, ours.outline)]
    about = {"row": one.row, "number": one.number, "on": one.on, "area_m2": one.area_m2}
    suspected = [ours for ours in there if ours.issue is not None and ours.severity != "green"]
    if suspected:
        first = min(suspected, key=lambda ours: (ours.seen_on, ours.number))
        return Compared(**about, status="hit" if first.seen_on <= one.on else "late", **_ahead(one, first))  # type: ignore[arg-type]
    elsewhere = [ours for ours in there if ours.issue is None]
    if elsewhere:
        first = min(elsewhere, key=lambda ours: (ours.seen_on, ours.number))
        return Compared(**about, status="known" if first.seen_on <= one.on else "late", **_ahead(one, first))  # type: ignore[arg-type]
    green = [ours for ours in there if ours.issue is not None]
    if green:
        # The one nearest to their day is what their spot is about.
        last = min(green, key=lambda ours: (abs((ours.seen_on - one.on).days), ours.number))
        cause: Cause = "lawful" if last.suspicion == "lawful" else "judged_green"
        cause = "below_size" if last.rule == "exempt_small" else cause
        grounds = {"rule": last.rule, "reason_zh": last.reason_zh}
        return Compared(**about, status="missed", cause=cause, **_ahead(one, last), **grounds)  # type: ignore[arg-type]
    cause, names = _why_nothing(one, issues, unseen, smallest_m2)
    touching = [ours for ours in around if ours.issue is not None and ours.outline.intersects(one.outline)]
    if cause == "not_detected" and touching:
        largest = min(
            touching, key=lambda ours: (-ours.outline.intersection(one.outline).area, ours.seen_on, ours.number)
        )
        return Compared(**about, status="missed", cause="partly", **_ahead(one, largest))  # type: ignore[arg-type]
    return Compared(**about, status="missed", cause=cause, issue=names)  # type: ignore[arg-type]


def _ahead(one: Theirs, ours: Ours) -> dict[str, object]:
    return {
        "days_ahead": (one.on - ours.seen_on).days,
        "published_ahead": (one.on - ours.published_on).days,
        "spot_no": ours.number if ours.issue is not None else None,
        "case_number": ours.case_number,
        "issue": ours.issue,
    }


def _why_nothing(
    one: Theirs, issues: Sequence[IssueSeen], unseen: Mapping[str, float], smallest_m2: float
) -> tuple[Cause, str | None]:
    start, end = one.on - timedelta(days=_BEFORE_DAYS), one.on + timedelta(days=_AFTER_DAYS)
    of_time = [issue.name for issue in issues if start <= issue.image_on <= end]
    if not of_time:
        return "no_issue", None
    if 0 < one.area_m2 < smallest_m2:
        return "below_size", None
    blind = [name for name in of_time if unseen[name] >= TERMS.whole_share]
    if len(blind) == len(of_time):
        return "unseen", ", ".join(blind)
    return "not_detected", None


def count_compared(rows: Sequence[Compared]) -> dict[str, object]:
    """Count a comparison: spots by status and cause, share seen first, median of the days ahead.

    Parameters
    ----------
    rows
        As from `compare_spots`.
    """
    statuses, causes = Counter(one.status for one in rows), Counter(one.cause for one in rows if one.cause)
    ahead = [one.days_ahead for one in rows if one.status == "hit" and one.days_ahead is not None]
    return {
        "spots": len(rows),
        "status": {name: statuses[name] for name in STATUSES},
        "cause": {name: causes[name] for name in CAUSES if causes[name]},
        "seen_first_share": round(statuses["hit"] / len(rows), 4) if rows else None,
        "median_days_ahead": median(ahead) if ahead else None,
    }
