"""How far former issues have been verified, as one drawing: counts on the left, shares with their intervals on the right."""

from collections.abc import Mapping, Sequence

from rs_governance.publish.feedback import FeedbackRow, FeedbackShare
from rs_governance.publish.report.charts import (
    INK,
    MUTED,
    RULE,
    WIDE,
    draw_frame,
    draw_legend,
    draw_line,
    draw_rect,
    draw_text,
    text_width,
)

PARTS: Mapping[str, str] = {
    "illegal": "#b01828",
    "lawful": "#3b6ea5",
    "false_change": "#a9b1bc",
    "open": "#ffffff",
}
"""Colours of what spots turned out to be; none of a severity, which says something else."""

_ROW, _BAR = 29.0, 17.0
_GAP = 44.0  # between the panels, and between a panel and what stands behind its bars


def feedback_chart(
    rows: Sequence[FeedbackRow], labels: Sequence[str], words: Mapping[str, str], *, width: float = WIDE
) -> str:
    """Draw what became of the spots of each row.

    Parameters
    ----------
    rows
        Rows of feedback in the order in which they are read; at least one.
    labels
        What each of them is called.
    words
        Words for the parts of `PARTS`, for `count` and for `share`.
    width
        Width of the drawing; on a narrow one the shares stand under the counts.
    """
    drawn, top = draw_legend({words[name]: colour for name, colour in PARTS.items()}, width)
    left = max([64.0, *(text_width(each, 13) for each in labels)]) + 12
    top += 26
    if width < WIDE:
        drawn += _counts(rows, labels, words["count"], (left, top), width - left - _GAP)
        top += len(rows) * _ROW + 40
        drawn += _shares(rows, labels, words["share"], (left, top), width - left - _GAP - 10)
    else:
        room = width - left - _GAP - 12
        drawn += _counts(rows, labels, words["count"], (left, top), room * 0.52)
        drawn += _shares(rows, [], words["share"], (left + room * 0.52 + _GAP, top), room * 0.48 - 62)
    return draw_frame(width, top + len(rows) * _ROW + 24, drawn)


def counts_of(row: FeedbackRow) -> dict[str, int]:
    """Return how many spots of a row turned out to be what, by the names of `PARTS`."""
    return {
        "illegal": row.confirmed.part,
        "lawful": row.changed.part - row.confirmed.part,
        "false_change": row.judged.part - row.changed.part,
        "open": row.spots - row.judged.part,
    }


def _counts(
    rows: Sequence[FeedbackRow], labels: Sequence[str], title: str, at: tuple[float, float], wide: float
) -> list[str]:
    """Draw the panel of the counts, its corner at `at`."""
    x, top = at
    most = max(1, *(row.spots for row in rows))
    drawn = [draw_text(x, top - 12, title, 12, MUTED, "start"), *_labels(labels, x, top)]
    for index, row in enumerate(rows):
        drawn += _bar(row, x, top + index * _ROW + 5, wide / most)
    return [*drawn, draw_line(x, top, x, top + len(rows) * _ROW, INK)]


def _shares(
    rows: Sequence[FeedbackRow], labels: Sequence[str], title: str, at: tuple[float, float], wide: float
) -> list[str]:
    """Draw the panel of the shares with their intervals."""
    x, top = at
    foot = top + len(rows) * _ROW
    drawn = [draw_text(x, top - 12, title, 12, MUTED, "start"), *_labels(labels, x, top)]
    for percent in (0, 25, 50, 75, 100):
        on = x + wide * percent / 100
        drawn.append(draw_line(on, top, on, foot + 4, INK if percent == 0 else RULE))
        drawn.append(draw_text(on, foot + 18, f"{percent}%", 11, MUTED, "middle"))
    for index, row in enumerate(rows):
        drawn += _whisker(row.confirmed, x, wide, top + index * _ROW + 13.5)
    return drawn


def _labels(labels: Sequence[str], x: float, top: float) -> list[str]:
    return [draw_text(x - 10, top + index * _ROW + 18, label, 13, INK, "end") for index, label in enumerate(labels)]


def _bar(row: FeedbackRow, x: float, y: float, scale: float) -> list[str]:
    drawn = []
    for name, count in counts_of(row).items():
        if count:
            wide = count * scale
            drawn.append(draw_rect(x, y, wide, _BAR, PARTS[name]))
            if wide >= text_width(str(count), 11) + 5:
                ink = INK if name in ("open", "false_change") else "#ffffff"
                drawn.append(draw_text(x + wide / 2, y + 13, str(count), 11, ink, "middle"))
            x += wide
    drawn.append(draw_text(x + 6, y + 13, str(row.spots), 12, MUTED, "start"))
    return drawn


def _whisker(share: FeedbackShare, x: float, wide: float, y: float) -> list[str]:
    """Draw a share as a dot on the line of its interval; nothing is judged: a dash."""
    if share.share is None or share.low is None or share.high is None:
        return [draw_text(x + wide + 12, y + 4, "—", 12, MUTED, "start")]
    ends, colour = (x + wide * share.low, x + wide * share.high), PARTS["illegal"]
    caps = "".join(draw_line(end, y - 4, end, y + 4, colour) for end in ends)
    dot = f'<circle cx="{x + wide * share.share:.1f}" cy="{y:.1f}" r="4.5" fill="{colour}"/>'
    said = draw_text(x + wide + 12, y + 4, f"{share.part}/{share.whole}", 12, INK, "start")
    return [draw_line(ends[0], y, ends[1], y, colour), caps, dot, said]
