"""How far former issues have been verified, as one drawing: counts on the left, shares with their intervals on the right."""

from collections.abc import Mapping, Sequence

from rs_governance.publish.feedback import FeedbackRow, FeedbackShare
from rs_governance.publish.report.charts import FONTS, INK, MUTED, RULE, draw_line, draw_rect, draw_text, text_width

PARTS: Mapping[str, str] = {
    "illegal": "#b01828",
    "lawful": "#3b6ea5",
    "false_change": "#a9b1bc",
    "open": "#ffffff",
}
"""Colours of what spots turned out to be; none of a severity, which says something else."""

_WIDTH = 720.0
_TOP, _ROW, _BAR = 58.0, 29.0, 17.0
_GAP = 44.0  # between the panels


def feedback_chart(rows: Sequence[FeedbackRow], labels: Sequence[str], words: Mapping[str, str]) -> str:
    """Draw what became of the spots of each row.

    Parameters
    ----------
    rows
        Rows of feedback in the order in which they are read; at least one.
    labels
        What each of them is called.
    words
        Words for the parts of `PARTS`, for `count` (the left panel) and for `share` (the right one).
    """
    left = max([64.0, *(text_width(each, 13) for each in labels)]) + 12
    room = _WIDTH - left - _GAP - 12
    bars, axis = room * 0.52, room * 0.48 - 62
    at = left + bars + _GAP
    most = max(1, *(row.spots for row in rows))
    foot = _TOP + len(rows) * _ROW
    drawn = _legend(words)
    drawn += [
        draw_text(left, _TOP - 12, words["count"], 12, MUTED, "start"),
        draw_text(at, _TOP - 12, words["share"], 12, MUTED, "start"),
    ]
    for index, label in enumerate(labels):
        y = _TOP + index * _ROW
        drawn.append(draw_text(left - 10, y + 18, label, 13, INK, "end"))
        drawn += _bar(rows[index], left, y + 5, bars / most)
    drawn.append(draw_line(left, _TOP, left, foot, INK))
    for percent in (0, 25, 50, 75, 100):
        x = at + axis * percent / 100
        drawn.append(draw_line(x, _TOP, x, foot + 4, INK if percent == 0 else RULE))
        drawn.append(draw_text(x, foot + 18, f"{percent}%", 11, MUTED, "middle"))
    for index, row in enumerate(rows):
        drawn += _whisker(row.confirmed, at, axis, _TOP + index * _ROW + 13.5)
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH:g} {foot + 24:g}" font-family="{FONTS}">'
    return head + "".join(drawn) + "</svg>"


def counts_of(row: FeedbackRow) -> dict[str, int]:
    """Return how many spots of a row turned out to be what, by the names of `PARTS`."""
    return {
        "illegal": row.confirmed.part,
        "lawful": row.changed.part - row.confirmed.part,
        "false_change": row.judged.part - row.changed.part,
        "open": row.spots - row.judged.part,
    }


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


def _legend(words: Mapping[str, str]) -> list[str]:
    drawn, x = [], 4.0
    for name, colour in PARTS.items():
        drawn += [draw_rect(x, 4, 13, 13, colour), draw_text(x + 18, 15, words[name], 12, INK, "start")]
        x += text_width(words[name], 12) + 36
    return drawn
