"""Spots issue by issue, as a picture: for reports of a month and of a quarter."""

import dataclasses
from collections.abc import Mapping, Sequence

from rs_governance.publish.report.blocks import Picture
from rs_governance.publish.report.charts import NARROW, Bar, bars_chart, trend_chart
from rs_governance.publish.report.chips import Language
from rs_governance.publish.report.tables import percent, severity_words

SHARE_WORD: Mapping[Language, str] = {"zh": "可比对", "en": "compared"}
"""What the shares beneath the bars are."""


ROTATION = "crop_rotation"
"""Kind that comes and goes with the seasons, and would hide what matters."""


def issue_bar(
    issue: str,
    severity: Mapping[str, int],
    kind: Mapping[str, int],
    observed_share: float | None,
    *,
    strong: bool = False,
) -> Bar:
    """Return the bar of an issue, without crop rotation.

    Parameters
    ----------
    issue
        Its name.
    severity
        Spots of each severity.
    kind
        Spots of each kind.
    observed_share
        Share of the district that could be compared, 0..1; None where it is unknown.
    strong
        True for the issue that the report is about.
    """
    green = max(0, severity.get("green", 0) - kind.get(ROTATION, 0))
    counts = (severity.get("red", 0), severity.get("yellow", 0), green)
    return Bar(label=issue, counts=counts, note=percent(observed_share), strong=strong)


def trend_picture(bars: Sequence[Bar], name: str, caption: str, lang: Language) -> Picture:
    """Draw issues side by side, for narrow screens one under the other.

    Parameters
    ----------
    bars
        Bars of `issue_bar`, oldest first; at least one.
    name
        Name of the picture, ending in svg.
    caption
        What stands under it.
    lang
        Language of the words.
    """
    words, share = severity_words(lang), SHARE_WORD[lang]
    told = [dataclasses.replace(bar, note=f"{share} {bar.note}") for bar in bars]
    return Picture(
        name=name,
        content=trend_chart(bars, note_title=share, words=words).encode(),
        narrow=bars_chart(told, words=words, width=NARROW).encode(),
        caption=caption,
    )
