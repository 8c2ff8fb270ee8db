"""Small charts as SVG: the same file in the web page and in the PDF."""

from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

from rs_governance.publish.style import CASING_RGB, SEVERITY_RGB, Rgb

FONTS = "Noto Sans SC, PingFang SC, Microsoft YaHei, sans-serif"
"""Fonts of the letters: the packaged one in the PDF, the reader's own in a browser."""

_WIDTH = 720.0
_INK, _MUTED, _RULE = "#181d26", "#68707c", "#d6dae0"


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


def trend_chart(bars: Sequence[Bar], *, note_title: str) -> str:
    """Draw upright bars side by side, one an issue.

    Parameters
    ----------
    bars
        At least one, oldest first.
    note_title
        What the notes beneath the bars say.
    """
    top, foot, left = 26.0, 190.0, 64.0
    height = 250.0
    tallest = max(1, *(sum(bar.counts) for bar in bars))
    step = _round_step(tallest)
    scale = (foot - top) / (step * -(-tallest // step))
    parts = []
    for level in range(0, tallest + step, step):
        y = foot - level * scale
        if y < top - 1:
            break
        parts.append(_line(left, y, _WIDTH - 10, y, _RULE))
        parts.append(_text(left - 10, y + 4, str(level), 12, _MUTED, "end"))
    room = (_WIDTH - 10 - left) / len(bars)
    wide = min(46.0, room * 0.6)
    for index, bar in enumerate(bars):
        x = left + (index + 0.5) * room
        y = foot
        for severity, count in zip(("green", "yellow", "red"), reversed(bar.counts), strict=True):
            if count:
                y -= count * scale
                parts.append(_rect(x - wide / 2, y, wide, count * scale, hexed(SEVERITY_RGB[severity])))
        parts.append(_text(x, y - 6, str(sum(bar.counts)), 13, _INK, "middle", strong=bar.strong))
        parts.append(_text(x, foot + 20, bar.label, 13, _INK, "middle", strong=bar.strong))
        parts.append(_text(x, foot + 40, bar.note, 12, _MUTED, "middle"))
    parts.append(_line(left, foot, _WIDTH - 10, foot, _INK))
    parts.append(_text(left - 10, foot + 40, note_title, 12, _MUTED, "end"))
    return _svg(height, parts)


def bars_chart(bars: Sequence[Bar]) -> str:
    """Draw lying bars one under the other.

    Parameters
    ----------
    bars
        Bars in the order in which they are read.
    """
    left, row = 176.0, 30.0
    most = max(1, *(sum(bar.counts) for bar in bars)) if bars else 1
    scale = (_WIDTH - left - 190) / most
    parts = []
    for index, bar in enumerate(bars):
        y = 6 + index * row
        parts.append(_text(left - 12, y + 16, bar.label, 14, _INK, "end"))
        x = left
        for severity, count in zip(("red", "yellow", "green"), bar.counts, strict=True):
            if count:
                parts.append(_rect(x, y, count * scale, 21, hexed(SEVERITY_RGB[severity])))
                x += count * scale
        text = f"{sum(bar.counts)}　{bar.note}" if bar.note else str(sum(bar.counts))
        parts.append(_text(x + 8, y + 16, text, 13, _MUTED, "start"))
    parts.append(_line(left, 2, left, 6 + len(bars) * row, _INK))
    return _svg(10 + len(bars) * row, parts)


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


def _rect(x: float, y: float, width: float, height: float, fill: str) -> str:
    edge = hexed(CASING_RGB)
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" fill="{fill}" '
        f'stroke="{edge}" stroke-width="0.6"/>'
    )


def _line(x: float, y: float, to_x: float, to_y: float, colour: str) -> str:
    return f'<line x1="{x:.1f}" y1="{y:.1f}" x2="{to_x:.1f}" y2="{to_y:.1f}" stroke="{colour}" stroke-width="1"/>'


def _text(x: float, y: float, text: str, size: int, fill: str, anchor: str, *, strong: bool = False) -> str:
    edge = f' stroke="{fill}" stroke-width="0.4"' if strong else ""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" fill="{fill}" text-anchor="{anchor}"{edge}>'
        f"{escape(text)}</text>"
    )
