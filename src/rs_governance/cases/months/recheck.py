"""Rechecking: whether the next image shows that a case in disposal is really over."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

import shapely

from rs_governance.cases.months.matching import ENDINGS, HARMLESS, TERMS
from rs_governance.rules import Word

Outlook = Literal["gone", "partly", "going_on", "unchanged", "unseen"]
"""What the image says of a case in disposal."""

OUTLOOKS: Mapping[Outlook, Word] = {
    "gone": Word("影像显示已拆除或恢复", "the image shows it gone or restored"),
    "partly": Word("影像显示只有一部分拆除或恢复", "the image shows a part of it gone or restored"),
    "going_on": Word("影像显示仍在施工", "the image shows that work goes on"),
    "unchanged": Word("影像显示没有变化，未见整改", "the image shows no change: not rectified"),
    "unseen": Word("本期未能观测到该处", "the place could not be seen in this issue"),
}
"""The word shown for each `Outlook`."""

RECHECKED = frozenset({"disposing", "rectified"})
"""States in which a case is looked at again on every image."""

_STANDING = frozenset({"new_building", "new_structure", "hardened_ground", "road", "photovoltaic", "greenhouse"})
# The vegetation index of ground that is green, and its rise from ground that was not.
_GREEN, _GREENER = 0.35, 0.15
# Share of an outline from which on a part of it is worth a word.
_PARTLY = 0.1


@dataclass(frozen=True, kw_only=True)
class Sign:
    """A finding on the case's ground."""

    kind: str
    """Kind of change."""
    outline: shapely.Geometry
    """Polygon in the store's CRS."""
    after_on: date
    """Day of the later image."""
    work: bool
    """Whether it is suspected work."""
    fresh: bool = False
    """Whether it is of the newest issue."""
    ndvi_before: float | None = None
    """Vegetation index before, where it is known."""
    ndvi_after: float | None = None
    """Vegetation index after."""


@dataclass(frozen=True, kw_only=True)
class Recheck:
    """What an image says of a case in disposal."""

    outlook: Outlook
    """In one word."""
    share: float
    """Share of the case's outline that is gone or restored."""
    resolution: str | None
    """Resolution that is proposed, for `gone`."""
    image_on: date
    """Day of the image."""

    @property
    def proposal(self) -> str | None:
        """Action that is proposed: `pass`, `fail`, or None where nothing could be seen."""
        return {"gone": "pass", "unseen": None}.get(self.outlook, "fail")

    def as_facts(self) -> dict[str, Any]:
        """Write it as facts of an event."""
        facts = {"recheck": self.outlook, "share": round(self.share, 3), "image_on": self.image_on.isoformat()}
        if self.proposal is not None:
            facts["proposal"] = self.proposal
        if self.resolution is not None:
            facts["resolution"] = self.resolution
        return facts


def recheck(
    *,
    kind: str,
    outline: shapely.Geometry,
    disposed_since: date,
    state_since: date,
    signs: Sequence[Sign],
    image_on: date,
    unseen_0_1: float,
) -> Recheck | None:
    """Look at a case in disposal on the newest image.

    What ended in a former issue has ended: the signs of all issues count, from the last work on.

    Parameters
    ----------
    kind
        Kind of change of the case.
    outline
        Its outline.
    disposed_since
        Day on which its disposal began: what an image of before shows is what people judged on the ground later.
    state_since
        Day on which it came into its state; an image of that day or before says nothing against it.
    signs
        Findings on it, of this and of former issues.
    image_on
        Day of the newest image.
    unseen_0_1
        Share of the outline that the issue could not see.

    Returns
    -------
    Recheck or None
        None where the image is too old to say anything.
    """
    share, resolution = _ended(kind, outline, [sign for sign in signs if sign.after_on > disposed_since])
    if share >= TERMS.whole_share:
        return Recheck(outlook="gone", share=share, resolution=resolution, image_on=image_on)
    if image_on <= state_since:
        return None
    if any(sign.fresh and _is_work(sign, kind) for sign in signs):
        return Recheck(outlook="going_on", share=share, resolution=None, image_on=image_on)
    if unseen_0_1 >= TERMS.whole_share:
        return Recheck(outlook="unseen", share=share, resolution=None, image_on=image_on)
    outlook: Outlook = "partly" if share >= _PARTLY else "unchanged"
    return Recheck(outlook=outlook, share=share, resolution=None, image_on=image_on)


def _ended(kind: str, outline: shapely.Geometry, signs: Sequence[Sign]) -> tuple[float, str]:
    """Return the share of the outline on which the work has ended since it was last seen, and how."""
    last_work = max((sign.after_on for sign in signs if _is_work(sign, kind)), default=date.min)
    ends = [sign for sign in signs if _is_end(sign, kind) and sign.after_on > last_work]
    taken_down = any(sign.kind == "demolition" or _is_bared(sign, kind) for sign in ends)
    resolution = "demolished" if taken_down else "restored"
    if not ends or outline.area == 0:
        return (1.0 if ends else 0.0), resolution
    cleared = shapely.union_all([sign.outline for sign in ends]).intersection(outline)
    return float(cleared.area / outline.area), resolution


def _is_work(sign: Sign, kind: str) -> bool:
    return sign.work and sign.kind not in HARMLESS and not _is_end(sign, kind)


def _is_end(sign: Sign, kind: str) -> bool:
    return sign.kind in ENDINGS or _is_green_again(sign) or _is_bared(sign, kind)


def _is_bared(sign: Sign, kind: str) -> bool:
    """Tell whether soil shows where something stood."""
    return kind in _STANDING and sign.kind == "earthwork"


def _is_green_again(sign: Sign) -> bool:
    if sign.ndvi_before is None or sign.ndvi_after is None:
        return False
    return sign.ndvi_after >= _GREEN and sign.ndvi_after - sign.ndvi_before >= _GREENER
