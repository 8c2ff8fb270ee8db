"""What a report is made of, before it is set as a web page or as a PDF."""

from dataclasses import dataclass
from typing import Literal

from rs_governance.publish.report.chips import Language

Tone = Literal["plain", "note", "caution"]
"""How a paragraph is meant: to be read, to explain, to warn."""

Side = Literal["left", "right"]
"""Where the content of a column stands."""


@dataclass(frozen=True, kw_only=True)
class Headline:
    """A figure that is read first."""

    value: str
    """The number."""
    label: str
    """What it counts."""
    colour: str
    """Colour of its edge, #rrggbb."""


@dataclass(frozen=True, kw_only=True)
class Paragraph:
    """Running text."""

    text: str
    """The text."""
    tone: Tone = "plain"
    """How it is meant."""


@dataclass(frozen=True, kw_only=True)
class Bullets:
    """Short statements, one a line."""

    items: tuple[str, ...]
    """The statements."""


@dataclass(frozen=True, kw_only=True)
class TableColumn:
    """A column of a table."""

    title: str
    """Head of the column."""
    side: Side = "left"
    """Where its content stands: numbers on the right."""
    share: float = 1.0
    """Its part of the width, against the other columns."""


@dataclass(frozen=True, kw_only=True)
class TableBlock:
    """Rows and columns."""

    title: str
    """What stands over the table."""
    columns: tuple[TableColumn, ...]
    """The columns."""
    rows: tuple[tuple[str, ...], ...]
    """A text for each column."""
    total: bool = False
    """True where the last row is the sum of the others."""
    note: str | None = None
    """What stands under the table."""


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A picture over the whole width."""

    name: str
    """Name of its file, ending in png, jpg or svg."""
    content: bytes
    """The file."""
    caption: str
    """What stands under it; also read out by screen readers."""
    narrow: bytes | None = None
    """The same for a narrow screen; None where it can be made smaller."""


@dataclass(frozen=True, kw_only=True)
class PlaceEntry:
    """One of the worst places."""

    number: int
    """Its number on the map."""
    name: str
    """Number of the spot or site."""
    colour: str
    """Colour of its severity, #rrggbb."""
    mark: str
    """Mark of its severity, one letter."""
    title: str
    """Severity, kind and place."""
    facts: tuple[str, ...]
    """Areas, department, permit."""
    reason: str
    """Why it is suspected."""
    pictures: tuple[Picture, ...]
    """What it looked like, the earlier picture first; captions say which day it was."""


Block = Paragraph | Bullets | TableBlock | Picture | PlaceEntry
"""A piece of a section."""


@dataclass(frozen=True, kw_only=True)
class Section:
    """A chapter."""

    title: str
    """Its heading."""
    blocks: tuple[Block, ...]
    """What it holds, in order."""


@dataclass(frozen=True, kw_only=True)
class Report:
    """All that a report says, before it is set."""

    lang: Language
    """Language of the texts."""
    title: str
    """Title."""
    subtitle: str
    """District, issue and days of the images."""
    author: str
    """Who publishes it."""
    running: str
    """What stands at the foot of every page."""
    caution: str
    """That nothing here is a verdict."""
    headlines: tuple[Headline, ...]
    """Figures that are read first."""
    summary: str
    """The month in a few sentences."""
    sections: tuple[Section, ...]
    """The chapters."""
