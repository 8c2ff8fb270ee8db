"""The chapter on feedback: what became of the spots of former issues."""

from collections import Counter
from collections.abc import Sequence

from rs_governance.publish.feedback import FeedbackCropland, FeedbackRow, FeedbackShare, IssueFeedback
from rs_governance.publish.report.blocks import Block, Paragraph, Picture, TableBlock, TableColumn
from rs_governance.publish.report.charts import NARROW, WIDE
from rs_governance.publish.report.chips import Language
from rs_governance.publish.report.feedback_chart import feedback_chart
from rs_governance.publish.report.feedback_words import WORDS
from rs_governance.publish.report.tables import column, mu, percent
from rs_governance.publish.style import SEVERITY_RGB

_CHART_ISSUES = 12
_CLASS_ISSUES = 3  # issues whose classes are listed one by one
_REASON_ISSUES = 4
_CLASSES = ("kind", "theme", "severity", "town", "department")
_WIDTHS = {"spots": 0.8, "confirmed": 2.6, "changed": 2.6}  # against 1
_CHANGED = 3  # place of the true changes among the cells
_TIMED = ("town", "department")


def feedback_blocks(feedback: IssueFeedback, issue: str, lang: Language) -> list[Block]:
    """Return what became of the spots of the issues before one.

    Parameters
    ----------
    feedback
        What a file of feedback says.
    issue
        Issue that is published; only what came before it is told.
    lang
        Language of the words.
    """
    words = WORDS[lang]
    rows = [row for row in feedback.rows if row.issue < issue and row.spots]
    months = [row for row in rows if row.dimension == "all"]
    if not months:
        return [Paragraph(text=words["empty"])]
    shown = months[-_CHART_ISSUES:]
    labels = [row.issue for row in shown]
    charts = {width: feedback_chart(shown, labels, words["chart"], width=width).encode() for width in (WIDE, NARROW)}
    blocks: list[Block] = [
        Paragraph(text=words["intro"].format(day=feedback.as_of or "—", n=_CLASS_ISSUES), tone="note"),
        Picture(name="feedback.svg", content=charts[WIDE], narrow=charts[NARROW], caption=words["chart_caption"]),
        _issue_table(shown, lang),
    ]
    latest = {row.issue for row in months[-_CLASS_ISSUES:]}
    recent = [row for row in rows if row.issue in latest]
    blocks += [_class_table(recent, dimension, lang) for dimension in _CLASSES]
    if any(row.why_not for row in months):
        blocks.append(_reason_table(feedback, months[-_REASON_ISSUES:], lang))
    if feedback.ratings:
        blocks.append(_rating_table(feedback, lang))
    blocks += [_cropland(one, lang) for one in feedback.cropland if one.year == int(issue[:4])]
    return blocks


def _issue_table(rows: Sequence[FeedbackRow], lang: Language) -> TableBlock:
    words = WORDS[lang]
    columns = (column(words["columns"]["issue"], share=1.0), *_columns(lang, timed=True))
    cells = tuple((row.issue, *_cells(row, lang, timed=True)) for row in rows)
    return TableBlock(title=words["by"]["all"], columns=columns, rows=cells, note=words["days_note"])


def _class_table(rows: Sequence[FeedbackRow], dimension: str, lang: Language) -> TableBlock:
    """Return a row for each class and issue, severities by urgency, else those with most spots first; the name of a class stands once."""
    words, timed = WORDS[lang], dimension in _TIMED
    mine = [row for row in rows if row.dimension == dimension]
    most = Counter[str]()
    for row in mine:
        most[row.key] += row.spots
    cells, former = [], None
    urgent = list(SEVERITY_RGB) if dimension == "severity" else []
    order = list(dict.fromkeys([*urgent, *sorted(most, key=lambda key: (-most[key], key))]))
    for row in sorted(mine, key=lambda row: (order.index(row.key), row.issue)):
        name = getattr(row.title, lang) if row.key != former else ""
        former = row.key
        told = _cells(row, lang, timed=timed)
        if timed:
            told[_CHANGED] = str(row.changed.part)
        cells.append((name, row.issue, *told))
    columns = _columns(lang, timed=timed)
    if timed:
        columns[_CHANGED] = column(words["columns"]["changed"], "right", 1.3)
    heads = (
        column(words["columns"][dimension], share=1.8 if timed else 2.3),
        column(words["columns"]["issue"], "right", 1.15),
    )
    return TableBlock(title=words["by"][dimension], columns=(*heads, *columns), rows=tuple(cells))


def _columns(lang: Language, *, timed: bool) -> list[TableColumn]:
    heads = WORDS[lang]["columns"]
    names = ["spots", "judged", "confirmed", "changed", "closed", *(["to_verdict", "to_closing"] if timed else [])]
    return [column(heads[name], "right", _WIDTHS.get(name, 1.0)) for name in names]


def _cells(row: FeedbackRow, lang: Language, *, timed: bool) -> list[str]:
    cells = [
        str(row.spots),
        str(row.judged.part),
        _share(row.confirmed, lang),
        _share(row.changed, lang),
        str(row.closed.part),
    ]
    return [*cells, _days(row.days_to_verdict), _days(row.days_to_closing)] if timed else cells


def _share(share: FeedbackShare, lang: Language) -> str:
    if share.share is None or share.low is None or share.high is None:
        return "—"
    text: str = WORDS[lang]["share"].format(
        part=share.part, share=f"{share.share:.0%}", low=f"{100 * share.low:.0f}", high=f"{share.high:.0%}"
    )
    return text


def _days(days: float | None) -> str:
    return "—" if days is None else f"{days:g}"


def _reason_table(feedback: IssueFeedback, months: Sequence[FeedbackRow], lang: Language) -> TableBlock:
    words = WORDS[lang]
    total = Counter[str]()
    for row in months:
        total.update(row.why_not)
    cells = [
        (getattr(feedback.reasons[code], lang), *(str(row.why_not.get(code, 0)) for row in months), str(count))
        for code, count in sorted(total.items(), key=lambda item: (-item[1], item[0]))
    ]
    columns = (
        column(words["columns"]["reason"], share=2.4),
        *(column(row.issue, "right") for row in months),
        column(words["columns"]["total"], "right"),
    )
    return TableBlock(title=words["why_not"], columns=columns, rows=tuple(cells))


def _rating_table(feedback: IssueFeedback, lang: Language) -> TableBlock:
    words = WORDS[lang]
    heads = words["columns"]
    columns = (
        column(heads["month"]),
        column(heads["by"], share=1.6),
        column(heads["ratings"], "right"),
        column(heads["mean"], "right"),
    )
    latest = sorted({each.month for each in feedback.ratings})[-_CHART_ISSUES:]
    cells = [
        (each.month, getattr(each.by, lang), str(each.count), f"{each.mean:.2f}")
        for each in feedback.ratings
        if each.month in latest
    ]
    return TableBlock(title=words["ratings"], columns=columns, rows=tuple(cells))


def _cropland(watch: FeedbackCropland, lang: Language) -> Paragraph:
    words = WORDS[lang]
    text = words["cropland"].format(
        year=watch.year,
        illegal=mu(watch.illegal_m2),
        right=mu(watch.put_right_m2),
        lawful=mu(watch.lawful_m2),
        permitted=mu(watch.permitted_m2),
        open=mu(watch.open_m2),
        share=percent(watch.share),
        highest=percent(watch.highest),
        limit=f"{watch.limit:.0%}",
    )
    over = watch.share is not None and watch.share >= watch.limit
    return Paragraph(text=text + words["cropland_over"] if over else text, tone="caution" if over else "plain")
