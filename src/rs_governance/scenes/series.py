"""A series of observations of one district: which two images are to be compared, and where."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Literal

import shapely
from shapely.geometry.base import BaseGeometry

from rs_governance.errors import UsageError

# Less than half a smallest finding: a sliver between two outlines of clouds, not a place.
_SLIVER_M2 = 100.0


@dataclass(frozen=True, kw_only=True)
class Observation:
    """What one scene shows."""

    image_id: str
    """Identifier of the scene, unique in the series."""
    acquired_on: date
    """Day of acquisition."""
    issue: str
    """Issue that the scene belongs to."""
    look: Callable[[], BaseGeometry]
    """Gives the ground that can be seen, in the CRS of the district; asked at most once, and only if it matters."""

    @cached_property
    def area(self) -> BaseGeometry:
        """Ground that can be seen, in the CRS of the district."""
        return self.look()


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Two scenes, and the ground on which they are the ones to compare."""

    before: Observation
    """The earlier scene."""
    after: Observation
    """The later scene."""
    area: BaseGeometry
    """Where `after` is the newest view of the issue and `before` the last usable one ahead of it."""


@dataclass(frozen=True, kw_only=True)
class Unseen:
    """Ground about which an issue can say nothing."""

    reason: Literal["not_observed", "no_earlier_image"]
    """Nothing usable in this issue, or nothing to compare it with."""
    area: BaseGeometry
    """Where, in the CRS of the district."""


@dataclass(frozen=True, kw_only=True)
class ComparisonPlan:
    """What is compared in an issue; comparisons and what is unseen cover the district without overlap."""

    comparisons: tuple[Comparison, ...]
    """Newest scenes first."""
    unseen: tuple[Unseen, ...]
    """One entry a reason, at most."""


def plan_comparisons(observations: Iterable[Observation], *, issue: str, district: BaseGeometry) -> ComparisonPlan:
    """Decide for every place of a district which two scenes are compared in an issue.

    *After* is the newest usable view of a place among the scenes of the issue. *Before* is the last usable view of that
    place among the older scenes of all other issues, so that a place under cloud last month is compared with the month
    before.

    Parameters
    ----------
    observations
        Of all scenes of the district, in any order; those of later issues are not looked at.
    issue
        The issue to publish.
    district
        Ground that matters, in the CRS of the observations.

    Returns
    -------
    ComparisonPlan
        Areas without slivers.

    Raises
    ------
    UsageError
        If the issue has no scene, or nothing older to compare it with.

    Examples
    --------
    >>> from datetime import date
    >>> from shapely import box
    >>> september = Observation(
    ...     image_id="s", acquired_on=date(2026, 9, 12), issue="2026-09", look=lambda: box(0, 0, 90, 90)
    ... )
    >>> october = Observation(
    ...     image_id="o", acquired_on=date(2026, 10, 14), issue="2026-10", look=lambda: box(0, 0, 60, 90)
    ... )
    >>> plan = plan_comparisons([september, october], issue="2026-10", district=box(0, 0, 90, 90))
    >>> [(c.before.image_id, c.after.image_id, c.area.area) for c in plan.comparisons], plan.unseen[0].area.area
    ([('s', 'o', 5400.0)], 2700.0)
    """
    ordered = sorted(observations, key=lambda one: (one.acquired_on, one.image_id), reverse=True)
    current = [one for one in ordered if one.issue == issue]
    if not current:
        known = ", ".join(sorted({one.issue for one in ordered})) or "none"
        raise UsageError(f"No scene belongs to issue '{issue}'; the district has issues {known}.")
    comparisons: list[Comparison] = []
    unmatched: list[BaseGeometry] = []
    unseen = district
    for after in current:
        left = _solid(shapely.intersection(unseen, after.area))
        unseen = shapely.difference(unseen, after.area)
        for before in older_than(after, ordered):
            if left.is_empty:
                break
            shared = _solid(shapely.intersection(left, before.area))
            if not shared.is_empty:
                comparisons.append(Comparison(before=before, after=after, area=shared))
                left = _solid(shapely.difference(left, before.area))
        unmatched.append(left)
    if not comparisons and not any(older_than(after, ordered) for after in current):
        raise UsageError(
            f"Issue '{issue}' has nothing to compare with: its oldest scene is of {current[-1].acquired_on} and no other "
            "issue has an older one; add an earlier [[scene]]."
        )
    rest = {"not_observed": _solid(unseen), "no_earlier_image": _solid(shapely.union_all(unmatched))}
    return ComparisonPlan(
        comparisons=tuple(comparisons),
        unseen=tuple(Unseen(reason=reason, area=area) for reason, area in rest.items() if not area.is_empty),  # type: ignore[arg-type]
    )


def older_than(after: Observation, observations: Sequence[Observation]) -> list[Observation]:
    """Return the scenes of other issues that are older than `after`, in the order given."""
    return [one for one in observations if one.issue != after.issue and one.acquired_on < after.acquired_on]


def _solid(area: BaseGeometry) -> BaseGeometry:
    """Drop slivers, and the points and lines that cutting leaves."""
    parts = shapely.get_parts(area)
    return shapely.union_all(parts[shapely.area(parts) >= _SLIVER_M2])
