"""Small charts as SVG: the same file in the web page and in the PDF."""

from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

from rs_governance.publish.style import CASING_RGB, SEVERITY_RGB, Rgb

FONTS = "Noto Sans SC, PingFang SC, Microsoft YaHei, sans-serif"
"""Fonts of the letters: the packaged one in the PDF, the reader's own in a browser."""

_WIDTH = 720.0
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
    parts = _legend(words)
    for level in range(0, tallest + step, step):
        y = foot - level * scale
        if y < top - 1:
            break
        parts.append(draw_line(left, y, _WIDTH - 10, y, RULE))
        parts.append(draw_text(left - 10, y + 4, str(level), 12, MUTED, "end"))
    room = (_WIDTH - 10 - left) / len(bars)
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
    parts.append(draw_line(left, foot, _WIDTH - 10, foot, INK))
    parts.append(draw_text(left - 10, foot + 40, note_title, 12, MUTED, "end"))
    return _svg(height, parts)


def bars_chart(bars: Sequence[Bar], *, words: Sequence[str]) -> str:
    """Draw lying bars one under the other.

    Parameters
    ----------
    bars
        Bars in the order in which they are read.
    words
        Words for red, yellow and green.
    """
    row = 30.0
    left = max([80.0, *(text_width(bar.label, 14) for bar in bars)]) + 14
    most = max(1, *(sum(bar.counts) for bar in bars)) if bars else 1
    scale = (_WIDTH - left - 130) / most
    parts = _legend(words)
    top = 32.0
    for index, bar in enumerate(bars):
        y = top + index * row
        parts.append(draw_text(left - 12, y + 16, bar.label, 14, INK, "end"))
        x = left
        for severity, count in zip(("red", "yellow", "green"), bar.counts, strict=True):
            if count:
                wide = count * scale
                parts.append(draw_rect(x, y, wide, 21, hexed(SEVERITY_RGB[severity])))
                if wide >= text_width(str(count), 11) + 6:
                    parts.append(draw_text(x + wide / 2, y + 15, str(count), 11, INK, "middle"))
                x += wide
        text = f"{sum(bar.counts)}\u00a0\u00a0{bar.note}" if bar.note else str(sum(bar.counts))
        parts.append(draw_text(x + 8, y + 16, text, 13, MUTED, "start"))
    parts.append(draw_line(left, top - 4, left, top + len(bars) * row, INK))
    return _svg(top + 4 + len(bars) * row, parts)


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


def _svg(height: float, parts: Sequence[str]) -> str:
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH:g} {height:g}" font-family="{FONTS}">'
    return head + "".join(parts) + "</svg>"


def _legend(words: Sequence[str]) -> list[str]:
    """Return the colours and their words, side by side at the top left, where narrow screens begin."""
    parts: list[str] = []
    x = 4.0
    for word, rgb in zip(words, SEVERITY_RGB.values(), strict=True):
        parts += [draw_rect(x, 4, 13, 13, hexed(rgb)), draw_text(x + 18, 15, word, 12, INK, "start")]
        x += text_width(word, 12) + 36
    return parts


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
