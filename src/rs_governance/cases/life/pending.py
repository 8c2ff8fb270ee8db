"""What waits for an answer: a rejection for its second opinion, a referral for what the other body says."""

from collections.abc import Mapping
from typing import NamedTuple

from rs_governance.cases.life.transitions import Action


class Pending(NamedTuple):
    """A step of a case that somebody else has to answer."""

    action: Action
    """`reject` or `refer`."""
    code: str
    """Resolution of the rejection, or to whom the case was referred."""
    actor: str
    """Account of who did it."""

    @property
    def answers(self) -> tuple[Action, ...]:
        """Actions that answer it."""
        return _ANSWERS[self.action]


_ANSWERS: Mapping[Action, tuple[Action, ...]] = {
    "reject": ("agree", "disagree"),
    "refer": ("answer_referral", "decline_referral"),
}


def read_pending(text: str | None) -> Pending | None:
    """Read the field `pending` of a case.

    Examples
    --------
    >>> read_pending("reject:season:wang").code
    'season'
    """
    return None if text is None else Pending(*text.split(":", 2))  # type: ignore[arg-type]


def write_pending(pending: Pending) -> str:
    """Write the field `pending` of a case.

    Examples
    --------
    >>> write_pending(Pending("refer", "court", "li"))
    'refer:court:li'
    """
    return ":".join(pending)
