"""Clues: reports from elsewhere, by when they are answered, and which case they belong to."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, get_args

import numpy as np
import shapely

from rs_governance.cases.life.clocks import Calendar, Unit
from rs_governance.cases.life.words import RESOLUTIONS, STATES, VERDICTS, Channel
from rs_governance.cases.months.matching import TERMS, Known, standing_grounds
from rs_governance.errors import ConfigInvalid
from rs_governance.rules import KINDS

DEFAULT_CLUES = Path(__file__).with_name("clues.toml")
"""Settings of clues that come with the program; `clues.toml` in the folder of a store takes their place."""

CLUE_CHANNELS: tuple[Channel, ...] = tuple(name for name in get_args(Channel) if name != "satellite")
"""Channels from which clues come."""


CHANNEL_LETTERS: Mapping[Channel, str] = {
    "hotline": "H",
    "patrol": "P",
    "public_report": "R",
    "handed_down": "D",
    "ledger": "L",
}
"""Letter before the serial of a case that no spot gave its number, by channel."""


@dataclass(frozen=True, kw_only=True)
class Standing:
    """Where the case of a ledger's spot begins."""

    state: str = "screened"
    """State; one that nobody understood waits for the office to send it out."""
    verdict: str = "suspected"
    """Verdict."""
    resolution: str | None = None
    """Resolution of a closed one."""


@dataclass(frozen=True, kw_only=True)
class ClueSettings:
    """How clues are read."""

    near_m: float
    """How far from a case a point is the same place."""
    answer: Mapping[str, tuple[int, Unit]]
    """Days and unit of the answer by channel; a channel without them has no term."""
    columns: Mapping[str, tuple[str, ...]]
    """Columns of texts and what they may be called."""
    days: Mapping[str, tuple[str, ...]]
    """Columns of days and what they may be called."""
    standing: Mapping[str, Standing]
    """Where a case of the ledger begins, by the word of its status."""

    def answer_by(self, channel: str, reported_on: date, calendar: Calendar) -> date | None:
        """Say by when a clue is answered; None where its channel has no term."""
        if channel not in self.answer:
            return None
        days, unit = self.answer[channel]
        return calendar.add(reported_on, days, unit)

    def standing_of(self, status: str) -> Standing:
        """Say where the case of a ledger's spot begins, by the word of its status."""
        return self.standing.get(status.strip().casefold(), Standing())


@cache
def read_clue_settings(path: Path = DEFAULT_CLUES) -> ClueSettings:
    """Read the settings of clues.

    Parameters
    ----------
    path
        TOML file such as `clues.toml` beside this module.

    Returns
    -------
    ClueSettings
        What it says.

    Raises
    ------
    ConfigInvalid
        When it cannot be read, or names something that does not exist.
    """
    try:
        content = tomllib.loads(path.read_text("utf-8"))
        answer = {name: (int(one["days"]), one["unit"]) for name, one in content["answer"].items()}
        standing = {
            word.casefold(): Standing(**{name: value for name, value in one.items() if name != "words"})
            for one in content["standing"]
            for word in one["words"]
        }
        settings = ClueSettings(
            near_m=float(content["near_m"]),
            answer=answer,
            columns={name: tuple(words) for name, words in content["columns"].items()},
            days={name: tuple(words) for name, words in content["days"].items()},
            standing=standing,
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ConfigInvalid(f"'{path}' cannot be read as settings of clues: {error}; write it as clues.toml.") from None
    odd = [name for name, (days, unit) in answer.items() if unit not in get_args(Unit) or days < 1]
    odd += [name for name in answer if name not in CLUE_CHANNELS]
    odd += [
        word
        for word, one in standing.items()
        if one.state not in STATES
        or one.verdict not in VERDICTS
        or (one.state == "closed") != (one.resolution in RESOLUTIONS)
    ]
    if odd:
        raise ConfigInvalid(
            f"'{path.name}' says of {odd[0]!r} what cannot be: channels are {', '.join(CLUE_CHANNELS)}, units "
            f"{', '.join(get_args(Unit))}, and a closed case needs a resolution; correct it."
        )
    return settings


def kind_of(text: str) -> str:
    """Return the kind of change that a word of a report names; `other` where it is none of them.

    Examples
    --------
    >>> kind_of("新增建筑物"), kind_of("earthwork"), kind_of("噪音")
    ('new_building', 'earthwork', 'other')
    """
    wanted = text.strip().casefold()
    return next((code for code, word in KINDS.items() if wanted in (code, word.zh, word.en)), "other")


class CaseFinder:
    """Finds the case that a reported place belongs to."""

    def __init__(self, known: Sequence[Known], near_m: float) -> None:
        """Prepare to search.

        Parameters
        ----------
        known
            All cases.
        near_m
            How far from a case a point is the same place.
        """
        self._near_m = near_m
        self._known = {one.number: one for one in known}
        self._stands_for = standing_grounds(self._known)
        self._grounds = sorted(self._stands_for)
        self._tree = shapely.STRtree([self._known[number].outline for number in self._grounds])

    def find(self, outline: shapely.Geometry) -> list[Known]:
        """List the cases on a place: open ones first, then the nearest, then by number.

        Parameters
        ----------
        outline
            Point or polygon in the store's CRS. A point belongs to what is near, a polygon to what shares its ground.
        """
        reach = self._near_m if outline.area == 0 else TERMS.point_m
        found: dict[str, tuple[Any, ...]] = {}
        for at in self._tree.query(outline, predicate="dwithin", distance=reach).tolist():
            ground = self._known[self._grounds[at]].outline
            if outline.area > 0 and ground.area > 0 and not _is_same(outline, ground):
                continue
            case = self._known[self._stands_for[self._grounds[at]]]
            rank = (case.closed_on is not None, round(ground.distance(outline), 2), case.number)
            found[case.number] = min(rank, found.get(case.number, rank))
        return [self._known[number] for number in sorted(found, key=found.__getitem__)]


class NewPlaces:
    """Places for which cases were opened from the same file, so that ten reports of one site open one case."""

    def __init__(self, near_m: float) -> None:
        """Begin with none."""
        self._near_m = near_m
        self._numbers: list[str] = []
        self._outlines: list[shapely.Geometry] = []

    def add(self, number: str, outline: shapely.Geometry) -> None:
        """Add a place."""
        self._numbers.append(number)
        self._outlines.append(outline)

    def find(self, outline: shapely.Geometry) -> str | None:
        """Return the number of the nearest case on a place, None where there is none."""
        if not self._outlines:
            return None
        distances = shapely.distance(np.array(self._outlines, dtype=object), outline)
        at = int(np.argmin(distances))
        both_areas = outline.area > 0 and self._outlines[at].area > 0
        is_near = _is_same(outline, self._outlines[at]) if both_areas else distances[at] <= self._near_m
        return self._numbers[at] if is_near else None


def _is_same(one: shapely.Geometry, other: shapely.Geometry) -> bool:
    return bool(one.intersection(other).area >= TERMS.same_share * min(one.area, other.area))
