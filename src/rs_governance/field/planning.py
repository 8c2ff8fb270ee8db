"""Who goes where on a day: the worth of a visit, a random share, the inspectors' capacity and a short way round."""

import hashlib
from collections import deque
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Literal

import numpy as np
import numpy.typing as npt

from rs_governance.publish.month.tasks import draw_audit

SEVERITY_WEIGHT: Mapping[str, float] = {"red": 4.0, "yellow": 2.0, "green": 1.0}
"""What a visit is worth by severity."""

PRIOR_STRENGTH = 8.0
"""How many judged cases the score of a finding counts for."""

UNKNOWN_SCORE = 0.5
"""Score of a case that no image saw."""

_LATE, _SOON, _SOON_DAYS = 2.0, 1.5, 2
_DETOUR_M = 5000.0  # a detour of this length halves what a visit is worth


Idle = Literal["no_capacity", "not_theirs", "enough"]
"""Why somebody is sent nowhere: their capacity is 0, none of the cases is theirs to see (by place, theme and department, or
because it was handed to others), or the others have room for all that are."""


@dataclass(frozen=True, kw_only=True)
class Inspector:
    """Somebody who can be sent."""

    login: str
    """Account."""
    name: str
    """Name as shown."""
    capacity: int
    """Visits a day."""


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A case that can be visited."""

    number: str
    """Number of the case."""
    place: tuple[float, float]
    """Easting and northing in metres."""
    severity: str
    """How urgent it is."""
    chance: float
    """Chance that it is confirmed, 0..1, by `chance_of`."""
    due_on: date | None
    """Last day of the term."""
    may_go: frozenset[str]
    """Accounts of those who can start it as it is handed out now."""
    may_be_drawn: frozenset[str]
    """Accounts of those who have the right to see it, whoever has it now."""


@dataclass(frozen=True, kw_only=True)
class Visit:
    """A stop of an inspector."""

    number: str
    """Number of the case."""
    audit: bool
    """True where case and inspector were drawn at random."""
    worth: float
    """Severity times chance times urgency."""
    leg_m: float
    """Straight-line metres from the stop before; 0 at the first."""
    needs_transfer: bool
    """True where the case has to be handed to the inspector first."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The visits of a day."""

    visits: Mapping[str, tuple[Visit, ...]]
    """Stops by account, in the order in which they are made."""
    left_out: Mapping[str, str]
    """Cases that nobody visits, and why: `capacity` or `nobody`."""
    idle: Mapping[str, Idle]
    """Those who are sent nowhere, by account, and why."""


def chance_of(score: float | None, *, confirmed: int, judged: int) -> float:
    """Say how likely a suspicion is confirmed: the score as a Beta prior, moved by what was judged of its kind.

    Parameters
    ----------
    score
        Score of the finding, 0..1; None for a case that no image saw.
    confirmed
        Cases of its kind that were judged illegal.
    judged
        Cases of its kind that were judged at all.

    Returns
    -------
    float
        Mean of the posterior, 0..1.

    Examples
    --------
    >>> chance_of(0.5, confirmed=0, judged=0), chance_of(0.5, confirmed=8, judged=8)
    (0.5, 0.75)
    """
    prior = UNKNOWN_SCORE if score is None else min(max(score, 0.0), 1.0)
    return (PRIOR_STRENGTH * prior + confirmed) / (PRIOR_STRENGTH + judged)


def worth_of(candidate: Candidate, on: date) -> float:
    """Say what a visit on a day is worth: severity times chance, more when the term is near or over."""
    urgency = 1.0
    if candidate.due_on is not None:
        days = (candidate.due_on - on).days
        urgency = _LATE if days < 0 else _SOON if days <= _SOON_DAYS else 1.0
    return SEVERITY_WEIGHT[candidate.severity] * candidate.chance * urgency


def draw_pairs(
    candidates: Sequence[Candidate], inspectors: Sequence[Inspector], *, seed: int, share: float
) -> list[tuple[str, str]]:
    """Draw cases and, for each, an inspector, both at random and so that anybody can repeat it (双随机).

    Cases are drawn as `draw_audit` does; of the inspectors who have the right and room left, the smallest SHA-256
    digest of `seed/case/login` wins.

    Parameters
    ----------
    candidates
        Cases to draw from.
    inspectors
        Those who can be drawn.
    seed
        Makes the draw.
    share
        Share of the cases, 0..1, rounded up.

    Returns
    -------
    list
        Case and account, in the order of the cases' numbers. A case for which nobody has room is left out.
    """
    by_number = {candidate.number: candidate for candidate in candidates}
    numbers = sorted(by_number)
    room = {inspector.login: inspector.capacity for inspector in inspectors}
    pairs = []
    for index in draw_audit(numbers, seed=seed, share=share):
        number = numbers[index]
        able = [login for login in sorted(by_number[number].may_be_drawn) if room.get(login, 0) > 0]
        if not able:
            continue
        login = min(able, key=lambda each: hashlib.sha256(f"{seed}/{number}/{each}".encode()).digest())
        room[login] -= 1
        pairs.append((number, login))
    return pairs


def plan_visits(
    candidates: Sequence[Candidate], inspectors: Sequence[Inspector], *, on: date, pairs: Sequence[tuple[str, str]]
) -> Plan:
    """Fill the inspectors' day: what was drawn first, then the visits that are worth most for their detour.

    Where a case finds no room with those who may see it, they hand visits on to others who may see those and have room: one
    that is still left out would take another's place.

    Parameters
    ----------
    candidates
        Cases that can be visited.
    inspectors
        Those who can be sent.
    on
        The day.
    pairs
        Cases and accounts that were drawn.

    Returns
    -------
    Plan
        The same for the same arguments.
    """
    by_number = {candidate.number: candidate for candidate in candidates}
    routes: dict[str, list[str]] = {inspector.login: [] for inspector in inspectors}
    room = {inspector.login: inspector.capacity for inspector in inspectors}
    drawn = dict(pairs)
    for number, login in pairs:
        routes[login].append(number)
        room[login] -= 1
    worth = {number: worth_of(candidate, on) for number, candidate in by_number.items()}
    waiting = sorted(
        (number for number in by_number if number not in drawn), key=lambda number: (-worth[number], number)
    )

    def gain(number: str, login: str) -> float:
        places = np.array([by_number[stop].place for stop in routes[login]])
        return worth[number] / (1 + _detour(places, by_number[number].place) / _DETOUR_M)

    while True:
        options = [
            (-gain(number, login), number, login)
            for number in waiting
            for login in sorted(by_number[number].may_go)
            if room.get(login, 0) > 0
        ]
        if not options:
            break
        _, number, login = min(options)
        routes[login].append(number)
        room[login] -= 1
        waiting.remove(number)
    for number in list(waiting):
        handed_on = _hand_on(number, by_number, routes, room, fixed=drawn)
        if handed_on:
            for each, login in handed_on:
                for route in routes.values():
                    if each in route:
                        route.remove(each)
                routes[login].append(each)
            room[handed_on[0][1]] -= 1
            waiting.remove(number)
    visits = {}
    for login, numbers in routes.items():
        if not numbers:
            continue
        places = np.array([by_number[number].place for number in numbers])
        order = shortest_path(places)
        legs = [0.0, *(float(np.hypot(*(places[here] - places[there]))) for here, there in pairwise(order))]
        visits[login] = tuple(
            Visit(
                number=numbers[stop],
                audit=numbers[stop] in drawn,
                worth=worth[numbers[stop]],
                leg_m=leg,
                needs_transfer=login not in by_number[numbers[stop]].may_go,
            )
            for stop, leg in zip(order, legs, strict=True)
        )
    known = {inspector.login for inspector in inspectors}
    left_out = {number: "capacity" if by_number[number].may_go & known else "nobody" for number in sorted(waiting)}
    idle = {
        inspector.login: _why_idle(inspector, candidates) for inspector in inspectors if not routes[inspector.login]
    }
    return Plan(visits=visits, left_out=left_out, idle=idle)


def _hand_on(
    number: str,
    by_number: Mapping[str, Candidate],
    routes: Mapping[str, Sequence[str]],
    room: Mapping[str, int],
    *,
    fixed: Collection[str],
) -> list[tuple[str, str]]:
    """Find how visits are handed on until a case finds room: cases and who gets them, the last first; empty where there is no way."""
    came: dict[str, tuple[str, str | None]] = {
        login: (number, None) for login in sorted(by_number[number].may_go) if login in routes
    }
    waiting = deque(came)
    while waiting:
        login = waiting.popleft()
        if room[login] > 0:
            handed_on: list[tuple[str, str]] = []
            here: str | None = login
            while here is not None:
                case, former = came[here]
                handed_on.append((case, here))
                here = former
            return handed_on
        for case in (each for each in routes[login] if each not in fixed):
            for other in sorted(by_number[case].may_go):
                if other in routes and other not in came:
                    came[other] = (case, login)
                    waiting.append(other)
    return []


def _why_idle(inspector: Inspector, candidates: Sequence[Candidate]) -> Idle:
    if inspector.capacity <= 0:
        return "no_capacity"
    return "enough" if any(inspector.login in candidate.may_go for candidate in candidates) else "not_theirs"


def shortest_path(places: npt.NDArray[np.float64]) -> list[int]:
    """Find a short open way through places: the best of all nearest-neighbour ways, improved by 2-opt.

    Parameters
    ----------
    places
        (n, 2) metres.

    Returns
    -------
    list of int
        Every place once. Distances are straight lines: roads are longer.

    Examples
    --------
    >>> shortest_path(np.array([[0.0, 0], [20, 0], [10, 0]]))
    [0, 2, 1]
    """
    if len(places) < 3:
        return list(range(len(places)))
    apart = np.hypot(*(places[:, None] - places[None]).transpose(2, 0, 1))
    ways = [_nearest_neighbours(apart, start) for start in range(len(places))]
    way = min(ways, key=lambda each: (round(_length(apart, each), 3), each))
    improved = True
    while improved:
        improved = False
        for first in range(len(way) - 1):
            for last in range(first + 1, len(way)):
                turned = way[:first] + way[first : last + 1][::-1] + way[last + 1 :]
                if _length(apart, turned) < _length(apart, way) - 1e-6:
                    way, improved = turned, True
    return way if way[0] < way[-1] else way[::-1]


def _nearest_neighbours(apart: npt.NDArray[np.float64], start: int) -> list[int]:
    way, left = [start], set(range(len(apart))) - {start}
    while left:
        here = way[-1]
        following = min(left, key=lambda each: (apart[here, each], each))
        way.append(following)
        left.remove(following)
    return way


def _length(apart: npt.NDArray[np.float64], way: Sequence[int]) -> float:
    return float(apart[list(way[:-1]), list(way[1:])].sum())


def _detour(places: npt.NDArray[np.float64], place: tuple[float, float]) -> float:
    """Return the metres that a further stop adds at least: to the nearest stop and on."""
    if len(places) == 0:
        return 0.0
    return float(np.hypot(*(places - place).T).min())
