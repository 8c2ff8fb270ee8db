"""What every part of a package says of itself."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from rs_governance.cases import CHINA
from rs_governance.db import moment_text
from rs_governance.field.assignments import Receiver


@dataclass(frozen=True, kw_only=True)
class Handout:
    """A package: its number, for whom, until when."""

    number: str
    """Number in the ledger of exports."""
    receiver: Receiver
    """For whom it is."""
    at: datetime
    """When it was made, aware."""
    expires_on: date
    """Last day on which it may be used."""
    district: str
    """Name of the district."""

    @property
    def day(self) -> date:
        """Day on which it was made, in China."""
        return self.at.astimezone(CHINA).date()

    @property
    def mark(self) -> str:
        """What the pictures carry: receiver, day, number."""
        return f"{self.receiver.name} {self.day.isoformat()} {self.number}"

    @property
    def facts(self) -> Mapping[str, str]:
        """What the files carry."""
        return {
            "number": self.number,
            "receiver": self.receiver.code,
            "receiver_name": self.receiver.name,
            "district": self.district,
            "made_at": moment_text(self.at),
            "expires_on": self.expires_on.isoformat(),
        }


@dataclass(frozen=True, kw_only=True)
class Order:
    """Where a task comes in a visit plan."""

    place: int
    """From 1."""
    audit: bool
    """True where it was drawn at random."""
