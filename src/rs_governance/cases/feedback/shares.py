"""Feedback: the shares and days of what became of published spots, counted by issue and by class."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import median
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy.orm import Session

from rs_governance.cases.feedback.outcomes import SpotOutcome
from rs_governance.cases.life.asking import CHINA
from rs_governance.db import Event

Dimension = Literal["all", "kind", "theme", "severity", "town", "department"]
"""By what feedback is counted."""

DIMENSIONS: tuple[Dimension, ...] = ("all", "kind", "theme", "severity", "town", "department")
"""Every `Dimension`, in the order in which they are shown."""

# 95 % of the normal distribution.
_Z = 1.959964


@dataclass(frozen=True, kw_only=True)
class Share:
    """A share of a number of cases, with its interval."""

    part: int
    """Number of cases that it is true of."""
    whole: int
    """Number of cases that were judged."""
    share: float | None
    """Their ratio, 0..1; None without any."""
    low: float | None
    """Lower end of the 95 % interval."""
    high: float | None
    """Upper end of the 95 % interval."""


@dataclass(frozen=True, kw_only=True)
class FeedbackRow:
    """The feedback on the spots of an issue, or of a part of them."""

    issue: str
    """Issue that published them."""
    dimension: Dimension
    """By what they are counted."""
    key: str
    """Which of them: a kind, a theme, ...; empty for all."""
    spots: int
    """Spots that showed a case for the first time; each place counts once, in the month that sent somebody out."""
    judged: Share
    """Share on which somebody has said what it is."""
    changed: Share
    """Share of the judged that was a true change, lawful or not."""
    confirmed: Share
    """Share of the judged that was illegal."""
    closed: Share
    """Share whose case is closed."""
    why_not: Mapping[str, int]
    """Number by resolution of those that were not illegal, the most frequent first."""
    days_to_verdict: float | None
    """Median of the days from the image to the verdict."""
    days_to_closing: float | None
    """Median of the days from the verdict to closing."""


def count_feedback(outcomes: Sequence[SpotOutcome]) -> list[FeedbackRow]:
    """Count what became of the spots, issue by issue and by every dimension.

    Parameters
    ----------
    outcomes
        Spots as `gather_outcomes` lists them.

    Returns
    -------
    list of FeedbackRow
        By issue, dimension and key. A spot whose case was merged or split is counted, but not as judged.
    """
    groups: dict[tuple[str, int, str], list[SpotOutcome]] = defaultdict(list)
    for spot in outcomes:
        if not spot.first:
            continue
        for place, dimension in enumerate(DIMENSIONS):
            groups[spot.issue, place, _KEYS[dimension](spot)].append(spot)
    return [_row(issue, DIMENSIONS[place], key, groups[issue, place, key]) for issue, place, key in sorted(groups)]


_KEYS: Mapping[Dimension, Callable[[SpotOutcome], str]] = {
    "all": lambda _: "",
    "kind": lambda spot: spot.kind,
    "theme": lambda spot: spot.theme,
    "severity": lambda spot: spot.severity,
    "town": lambda spot: spot.town_code,
    "department": lambda spot: spot.department,
}


def _row(issue: str, dimension: Dimension, key: str, spots: Sequence[SpotOutcome]) -> FeedbackRow:
    judged = [spot for spot in spots if spot.judged_at is not None]
    changed = [spot for spot in judged if spot.verdict in {"lawful", "other", "illegal"}]
    illegal = [spot for spot in judged if spot.verdict == "illegal"]
    why_not = Counter(spot.resolution for spot in judged if spot.verdict != "illegal" and spot.resolution)
    # A clue may have had it judged before the image that showed it.
    days = [(spot.judged_at.astimezone(CHINA).date() - spot.after_on).days for spot in judged if spot.judged_at]
    to_verdict = [each for each in days if each >= 0]
    to_closing = [
        (spot.closed_at - spot.judged_at).total_seconds() / 86_400
        for spot in judged
        if spot.closed_at is not None and spot.judged_at is not None
    ]
    return FeedbackRow(
        issue=issue,
        dimension=dimension,
        key=key,
        spots=len(spots),
        judged=share(len(judged), len(spots)),
        changed=share(len(changed), len(judged)),
        confirmed=share(len(illegal), len(judged)),
        closed=share(sum(spot.state == "closed" for spot in spots), len(spots)),
        why_not=dict(sorted(why_not.items(), key=lambda item: (-item[1], item[0]))),
        days_to_verdict=_median(to_verdict),
        days_to_closing=_median(to_closing),
    )


def _median(days: Iterable[float]) -> float | None:
    values = list(days)
    return round(float(median(values)), 1) if values else None


def share(part: int, whole: int) -> Share:
    """Give a share with Wilson's interval, which holds for few cases too.

    Parameters
    ----------
    part, whole
        Numbers of cases.

    Returns
    -------
    Share
        Share and 95 % interval.

    References
    ----------
    E. B. Wilson (1927), "Probable inference, the law of succession, and statistical inference", JASA 22, 209-212.

    Examples
    --------
    >>> found = share(8, 10)
    >>> found.share, round(found.low, 3), round(found.high, 3)
    (0.8, 0.49, 0.943)
    """
    if not whole:
        return Share(part=part, whole=whole, share=None, low=None, high=None)
    ratio, square = part / whole, _Z * _Z
    centre = (ratio + square / (2 * whole)) / (1 + square / whole)
    half = _Z * sqrt(ratio * (1 - ratio) / whole + square / (4 * whole * whole)) / (1 + square / whole)
    # Rounding may put an end a hair on the wrong side of 0, of 1 or of the share itself.
    low, high = min(max(centre - half, 0.0), ratio), max(min(centre + half, 1.0), ratio)
    return Share(part=part, whole=whole, share=ratio, low=low, high=high)


def plain_row(row: FeedbackRow) -> dict[str, Any]:
    """Write a row of feedback as JSON can carry it, shares to four digits."""

    def plain(part: Share) -> dict[str, Any]:
        ends = {name: getattr(part, name) for name in ("share", "low", "high")}
        rounded = {name: None if value is None else round(value, 4) for name, value in ends.items()}
        return {"part": part.part, "whole": part.whole, **rounded}

    return {
        "issue": row.issue,
        "dimension": row.dimension,
        "key": row.key,
        "spots": row.spots,
        **{name: plain(getattr(row, name)) for name in ("judged", "changed", "confirmed", "closed")},
        "why_not": dict(row.why_not),
        "days_to_verdict": row.days_to_verdict,
        "days_to_closing": row.days_to_closing,
    }


@dataclass(frozen=True, kw_only=True)
class Ratings:
    """How those concerned rated what was done, in a month."""

    month: str
    """Month of the ratings, such as 2026-11."""
    by: str
    """Who rated: reporter, enterprise, ...; empty where nobody said."""
    count: int
    """Number of ratings."""
    mean: float
    """Their mean, 1..5."""


def count_ratings(session: Session) -> list[Ratings]:
    """Count the ratings of all cases.

    Parameters
    ----------
    session
        Session of the store.

    Returns
    -------
    list of Ratings
        By month and by who rated.
    """
    rated: dict[tuple[str, str], list[int]] = defaultdict(list)
    for at, facts in session.execute(sa.select(Event.at, Event.facts).where(Event.action == "rate")):
        month = str(facts.get("on") or at.astimezone(CHINA).date())[:7]
        rated[month, facts.get("by", "")].append(facts["rating"])
    return [
        Ratings(month=month, by=by, count=len(values), mean=round(sum(values) / len(values), 2))
        for (month, by), values in sorted(rated.items())
    ]
