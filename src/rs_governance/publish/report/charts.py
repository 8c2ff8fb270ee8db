"""Small charts as SVG: the same file in the web page and in the PDF."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

from rs_governance.publish.style import CASING_RGB, SEVERITY_RGB, Rgb

FONTS = "Noto Sans SC, PingFang SC, Microsoft YaHei, sans-serif"
"""Fonts of the letters: the packaged one, which both the PDF and the web page bring."""

WIDE, NARROW = 720.0, 360.0
"""Widths of drawings, for a page or a desk and for a phone: letters are never drawn smaller to fit."""
_ROOM_FOR_COUNT = 13  # height of a part that can say its count
INK, MUTED, RULE = "#181d26", "#68707c", "#d6dae0"
"""Colours of text, of what explains, and of grid lines."""


@dataclass(frozen=True, kw_only=True)
class Bar:
    """A bar cut into the severities."""

    label: str
    """What it stands for."""
    counts: tuple[int, int, int]
    """Red, yellow and green."""
    note: str = ""
    """What stands beneath or behind it."""
    strong: bool = False
    """True for the one that the report is about."""


def trend_chart(bars: Sequence[Bar], *, note_title: str, words: Sequence[str]) -> str:
    """Draw upright bars side by side, one an issue.

    Parameters
    ----------
    bars
        At least one, oldest first.
    note_title
        What the notes beneath the bars say.
    words
        Words for red, yellow and green: colours alone say nothing to some readers.
    """
    top, foot, left = 44.0, 182.0, max(64.0, text_width(note_title, 12) + 12)
    height = 230.0
    tallest = max(1, *(sum(bar.counts) for bar in bars))
    step = _round_step(tallest)
    scale = (foot - top) / (step * -(-tallest // step))
    parts, _ = draw_legend(_colours(words), WIDE)
    for level in range(0, tallest + step, step):
        y = foot - level * scale
        if y < top - 1:
            break
        parts.append(draw_line(left, y, WIDE - 10, y, RULE))
        parts.append(draw_text(left - 10, y + 4, str(level), 12, MUTED, "end"))
    room = (WIDE - 10 - left) / len(bars)
    wide = min(46.0, room * 0.6)
    widest = max(text_width(bar.label, 13) for bar in bars)
    smaller = 0 if widest < room - 6 else 3  # a year of issues is a crowd
    for index, bar in enumerate(bars):
        x = left + (index + 0.5) * room
        y = foot
        for severity, count in zip(("green", "yellow", "red"), reversed(bar.counts), strict=True):
            if count:
                y -= count * scale
                parts.append(draw_rect(x - wide / 2, y, wide, count * scale, hexed(SEVERITY_RGB[severity])))
                if count * scale >= _ROOM_FOR_COUNT:
                    parts.append(draw_text(x, y + count * scale / 2 + 4, str(count), 11, INK, "middle"))
        parts.append(draw_text(x, y - 6, str(sum(bar.counts)), 13, INK, "middle", strong=bar.strong))
        parts.append(draw_text(x, foot + 20, bar.label, 13 - smaller, INK, "middle", strong=bar.strong))
        parts.append(draw_text(x, foot + 40, bar.note, 12 - smaller, MUTED, "middle"))
    parts.append(draw_line(left, foot, WIDE - 10, foot, INK))
    parts.append(draw_text(left - 10, foot + 40, note_title, 12, MUTED, "end"))
    return draw_frame(WIDE, height, parts)


def bars_chart(bars: Sequence[Bar], *, words: Sequence[str], width: float = WIDE) -> str:
    """Draw lying bars one under the other.

    Parameters
    ----------
    bars
        Bars in the order in which they are read.
    words
        Words for red, yellow and green.
    width
        Width of the drawing; labels that would take a third of it stand above their bars.
    """
    parts, top = draw_legend(_colours(words), width)
    widest = max([0.0, *(text_width(bar.label, 14) for bar in bars)])
    above = widest > width / 3
    left, row, lower = (4.0, 48.0, 20.0) if above else (max(80.0 * width / WIDE, widest) + 14, 30.0, 0.0)
    texts = [f"{sum(bar.counts)}\u00a0\u00a0{bar.note}" if bar.note else str(sum(bar.counts)) for bar in bars]
    most = max(1, *(sum(bar.counts) for bar in bars)) if bars else 1
    scale = (width - left - max([0.0, *(text_width(text, 13) for text in texts)]) - 16) / most
    for index, (bar, text) in enumerate(zip(bars, texts, strict=True)):
        y = top + index * row + lower
        label = (left, y - 5, "start") if above else (left - 12, y + 16, "end")
        parts.append(draw_text(label[0], label[1], bar.label, 14, INK, label[2], strong=bar.strong))
        x = left
        for severity, count in zip(("red", "yellow", "green"), bar.counts, strict=True):
            if count:
                wide = count * scale
                parts.append(draw_rect(x, y, wide, 21, hexed(SEVERITY_RGB[severity])))
                if wide >= text_width(str(count), 11) + 6:
                    parts.append(draw_text(x + wide / 2, y + 15, str(count), 11, INK, "middle"))
                x += wide
        parts.append(draw_text(x + 8, y + 16, text, 13, MUTED, "start"))
    if not above:
        parts.append(draw_line(left, top - 4, left, top + len(bars) * row, INK))
    return draw_frame(width, top + 4 + len(bars) * row, parts)


def hexed(rgb: Rgb) -> str:
    """Return a colour as #rrggbb.

    Examples
    --------
    >>> hexed((255, 190, 0))
    '#ffbe00'
    """
    return "#{:02x}{:02x}{:02x}".format(*rgb)


def _round_step(tallest: int) -> int:
    """Return the distance of grid lines: 1, 2 or 5 times a power of ten, four lines or so."""
    step, factors = 1, (2, 2.5, 2)
    turn = 0
    while tallest / step > 5:
        step = int(step * factors[turn % 3])
        turn += 1
    return step


def draw_frame(width: float, height: float, parts: Sequence[str]) -> str:
    """Return parts as one drawing."""
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" font-family="{FONTS}">'
    return head + "".join(parts) + "</svg>"


def draw_legend(colours: Mapping[str, str], width: float) -> tuple[list[str], float]:
    """Return colours and their words, side by side from the top left, and how far down they reach.

    Parameters
    ----------
    colours
        Colour of each word, as #rrggbb.
    width
        Width of the drawing; what has no room in a line stands in the next.
    """
    parts: list[str] = []
    x, y = 4.0, 4.0
    for word, colour in colours.items():
        room = text_width(word, 12) + 18
        if x > 4 and x + room > width:
            x, y = 4.0, y + 20
        parts += [draw_rect(x, y, 13, 13, colour), draw_text(x + 18, y + 11, word, 12, INK, "start")]
        x += room + 18
    return parts, y + 28


def _colours(words: Sequence[str]) -> dict[str, str]:
    return {word: hexed(rgb) for word, rgb in zip(words, SEVERITY_RGB.values(), strict=True)}


def text_width(text: str, size: int) -> float:
    """Return about how wide a text is: the font is the reader's own."""
    return size * sum(1.0 if ord(character) > 0x2E7F else 0.56 for character in text)


def draw_rect(x: float, y: float, width: float, height: float, fill: str) -> str:
    """Return a filled rectangle with a thin edge."""
    edge = hexed(CASING_RGB)
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" fill="{fill}" '
        f'stroke="{edge}" stroke-width="0.6"/>'
    )


def draw_line(x: float, y: float, to_x: float, to_y: float, colour: str) -> str:
    """Return a line of one pixel."""
    return f'<line x1="{x:.1f}" y1="{y:.1f}" x2="{to_x:.1f}" y2="{to_y:.1f}" stroke="{colour}" stroke-width="1"/>'


def draw_text(x: float, y: float, text: str, size: int, fill: str, anchor: str, *, strong: bool = False) -> str:
    """Return a line of text."""
    edge = f' stroke="{fill}" stroke-width="0.4"' if strong else ""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" fill="{fill}" text-anchor="{anchor}"{edge}>'
        f"{escape(text)}</text>"
    )
