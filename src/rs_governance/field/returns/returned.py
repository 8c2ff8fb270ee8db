"""What came back from the field, whatever carried it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self

from rs_governance.errors import RsgError, UsageError

PHOTO_BYTES = 60_000_000
"""Largest photo that is taken: a phone's originals have 3 to 15 MB."""


@dataclass(frozen=True, kw_only=True)
class Problem:
    """A row or a file that was not taken, and why."""

    row: str
    """Where: the case's number, the row or the file's name."""
    text: str
    """What was expected, what came, what to do."""
    text_zh: str = ""
    """The same in Chinese."""

    @classmethod
    def of(cls, row: str, error: RsgError) -> Self:
        """Make one of an error."""
        return cls(row=row, text=error.told("en"), text_zh=error.told("zh"))

    def __str__(self) -> str:
        """Write it as one line."""
        return f"{self.row}: {self.text}"


@dataclass(frozen=True, kw_only=True)
class ReturnedPhoto:
    """A photo as it came back."""

    name: str
    """Name of its file, safe to show."""
    load: Callable[[], bytes] = field(repr=False)
    """Reads the original."""
    sha256: str | None = None
    """SHA-256 that the phone computed."""
    taken_at: datetime | None = None
    """When the form says that it was taken."""
    lon: float | None = None
    """Longitude of the form in WGS 84."""
    lat: float | None = None
    """Latitude of the form in WGS 84."""
    heading_deg: float | None = None
    """Heading of the form."""
    indoor: bool | None = None
    """Taken indoors."""
    note: str = ""
    """Words."""


@dataclass(frozen=True, kw_only=True)
class ReturnedCase:
    """What came back on one case."""

    number: str
    """Number of the case."""
    version: int | None = None
    """Version of the case in the package."""
    answers: Mapping[str, Any] = field(default_factory=dict)
    """Answers by question."""
    verdict: str | None = None
    """Verdict that the inspector proposes."""
    resolution: str | None = None
    """Resolution that the inspector proposes."""
    note: str = ""
    """Words."""
    position: tuple[float, float] | None = None
    """Longitude and latitude of the inspector in WGS 84."""
    done: bool = True
    """False where the inspector is not finished."""
    photos: tuple[ReturnedPhoto, ...] = ()
    """Photos."""


@dataclass(frozen=True, kw_only=True)
class Return:
    """A return as it was read."""

    export: str | None
    """Number of the package that it answers."""
    receiver: str | None
    """Login of the inspector."""
    saved_at: datetime | None
    """When it was saved, by the phone's clock."""
    cases: tuple[ReturnedCase, ...]
    """What came back, case by case."""
    problems: tuple[Problem, ...]
    """Rows and files that could not be read."""


class Odd(UsageError):
    """A row or a photo that cannot be used."""


def too_large(name: str, size_bytes: int) -> Odd:
    """Return the error of a photo that is left out because of its size."""
    size, most = f"{size_bytes / 1e6:.0f} MB", f"{PHOTO_BYTES / 1e6:.0f} MB"
    return Odd(
        f"the photo '{name}' has {size}, at most {most} are taken; take it again with the phone's usual quality.",
        zh=f"照片 '{name}' 有 {size}，最多 {most}；请用手机普通画质重拍后补传。",
    )


def leave_out(number: str, error: Odd) -> Problem:
    """Tell of a photo that was left out, and that the rest of its case was taken."""
    zh, en = "该照片未接收，其余已接收。", "It was left out, the rest was taken."
    return Problem(row=number, text=f"{error} {en}", text_zh=f"{error.told('zh')}{zh}")
