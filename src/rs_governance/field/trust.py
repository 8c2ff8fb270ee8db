"""How far a photo of the ground can be trusted: a mark with its reasons, never a reason to drop it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import numpy as np
import shapely
import shapely.ops

from rs_governance.cases.shown.trust_words import REASONS, Reason, Trust
from rs_governance.field.photos import PhotoFacts, differing_bits

_DOUBTS: frozenset[Reason] = frozenset({
    "far_from_spot",
    "facing_away",
    "positions_differ",
    "before_dispatch",
    "after_return",
    "times_differ",
    "edited",
    "hash_differs",
    "same_elsewhere",
    "alike_elsewhere",
    "unreadable",
})

FAR_M = 100.0
"""Beyond this distance from the outline a photo shows something else: a phone's position is good to some 10-30 m."""

# A photo taken on the spot or beside it may look anywhere; from further off it has to look towards it.
_NEAR_M, _FACING_DEG = 30.0, 75.0
_POSITIONS_M = 200.0
_TIMES = timedelta(minutes=15)
# Of 64 bits; pictures of one scene from one hand differ in more, re-encoded copies in fewer.
_ALIKE_BITS = 5

_EDITORS = ("photoshop", "lightroom", "snapseed", "gimp", "meitu", "美图", "picsart", "vsco", "facetune", "醒图")


@dataclass(frozen=True, kw_only=True)
class Ground:
    """What a photo is held against."""

    outline: shapely.Geometry
    """Outline of the case, in a CRS of metres."""
    photo: shapely.Point | None
    """Position of the photo in that CRS; that of the form where the photo has none."""
    form: shapely.Point | None
    """Position of the form in that CRS."""
    dispatched_at: datetime | None
    """When the task was handed out."""
    returned_at: datetime
    """When the return was saved, or taken in where that was earlier: nothing that came with it is of later."""
    form_at: datetime | None = None
    """When the form says that the photo was taken; it is held against the same days as the photo's own time."""
    claimed_sha256: str | None = None
    """SHA-256 that the phone registered; None where it did not."""
    hashes_elsewhere: Mapping[str, str] = field(default_factory=dict)
    """SHA-256 of photos of other cases, with the case's number."""
    pictures_elsewhere: Mapping[str, str] = field(default_factory=dict)
    """Perceptual hashes of photos of other cases, with the case's number."""


@dataclass(frozen=True, kw_only=True)
class Marked:
    """A photo's trust, and why."""

    trust: Trust
    """The mark."""
    reasons: tuple[Reason, ...]
    """Why it is not simply good, in the order of `REASONS`."""
    distance_m: float | None
    """From the photo's position to the outline; 0 inside it."""
    off_heading_deg: float | None
    """Angle between the heading and the direction towards the outline, 0..180."""
    same_as: tuple[str, ...]
    """Numbers of the cases that have the same or nearly the same photo."""


def mark_photo(facts: PhotoFacts, ground: Ground) -> Marked:
    """Say how far a photo can be trusted, and why; a photo is never dropped for it.

    Parameters
    ----------
    facts
        What the photo says.
    ground
        What it is held against.

    Returns
    -------
    Marked
        The mark with all reasons.
    """
    distance, off = _distance(facts, ground)
    same = tuple(sorted({*_same(facts, ground), *_alike(facts, ground)}))
    holds: dict[Reason, bool] = {
        "no_exif": facts.width is not None and not facts.has_exif and not facts.exif_damaged,
        "exif_unreadable": facts.exif_damaged,
        "no_position": ground.photo is None,
        "position_of_form": facts.lon is None and ground.photo is not None,
        "no_time": facts.taken_at is None and facts.gps_at is None and ground.form_at is None,
        "time_of_form": facts.taken_at is None and facts.gps_at is None and ground.form_at is not None,
        "no_heading": ground.photo is not None and facts.heading_deg is None,
        "far_from_spot": distance is not None and distance > FAR_M,
        "facing_away": off is not None and distance is not None and distance > _NEAR_M and off > _FACING_DEG,
        "positions_differ": _positions_differ(facts, ground),
        "before_dispatch": _before(facts, ground),
        "after_return": any(at > ground.returned_at + _TIMES for at in _known_times(facts, ground)),
        "times_differ": len(_times(facts)) == 2 and abs(_times(facts)[0] - _times(facts)[1]) > _TIMES,
        "edited": any(name in (facts.software or "").casefold() for name in _EDITORS),
        "hash_differs": ground.claimed_sha256 not in (None, facts.sha256),
        "same_elsewhere": bool(_same(facts, ground)),
        "alike_elsewhere": bool(_alike(facts, ground)),
        "unreadable": facts.width is None,
    }
    reasons = tuple(reason for reason in REASONS if holds[reason])
    if any(reason in _DOUBTS for reason in reasons):
        trust: Trust = "doubtful"
    else:
        # A missing heading alone is usual: many phones write none.
        trust = "fair" if set(reasons) - {"no_heading"} else "good"
    return Marked(trust=trust, reasons=reasons, distance_m=distance, off_heading_deg=off, same_as=same)


def _times(facts: PhotoFacts) -> Sequence[datetime]:
    return [at for at in (facts.taken_at, facts.gps_at) if at is not None]


def _known_times(facts: PhotoFacts, ground: Ground) -> Sequence[datetime]:
    """Return when the photo says that it was taken; where it says nothing, when the form does."""
    return _times(facts) or [at for at in (ground.form_at,) if at is not None]


def _before(facts: PhotoFacts, ground: Ground) -> bool:
    start = ground.dispatched_at
    return start is not None and any(at < start - _TIMES for at in _known_times(facts, ground))


def _positions_differ(facts: PhotoFacts, ground: Ground) -> bool:
    if facts.lon is None or ground.photo is None or ground.form is None:
        return False
    return bool(ground.photo.distance(ground.form) > _POSITIONS_M)


def _distance(facts: PhotoFacts, ground: Ground) -> tuple[float | None, float | None]:
    if ground.photo is None:
        return None, None
    distance = float(ground.photo.distance(ground.outline))
    if facts.heading_deg is None or distance == 0:
        return distance, None
    target = shapely.ops.nearest_points(ground.photo, ground.outline)[1]
    east, north = target.x - ground.photo.x, target.y - ground.photo.y
    bearing = float(np.degrees(np.arctan2(east, north)))
    return distance, abs((facts.heading_deg - bearing + 180) % 360 - 180)


def _same(facts: PhotoFacts, ground: Ground) -> list[str]:
    return [ground.hashes_elsewhere[facts.sha256]] if facts.sha256 in ground.hashes_elsewhere else []


def _alike(facts: PhotoFacts, ground: Ground) -> list[str]:
    if facts.perceptual is None:
        return []
    same = set(_same(facts, ground))
    found = (
        number
        for other, number in ground.pictures_elsewhere.items()
        if differing_bits(facts.perceptual, other) <= _ALIKE_BITS
    )
    return [number for number in found if number not in same]
