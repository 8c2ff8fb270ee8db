"""Tables of the report: themes, kinds, units, departments, and what could not be seen."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from rs_governance.publish.report.blocks import Block, Paragraph, Picture, Side, TableBlock, TableColumn
from rs_governance.publish.report.charts import NARROW, WIDE, Bar, bars_chart
from rs_governance.publish.report.chips import Language
from rs_governance.publish.report.words import WORDS
from rs_governance.publish.style import SEVERITY_RGB
from rs_governance.publish.titles import titles_of
from rs_governance.rules.amounts import in_mu

_LISTED_VILLAGES = 30


def theme_blocks(statistics: Mapping[str, Any], lang: Language) -> list[Block]:
    """Return what the issue found, by theme and by kind of change.

    Parameters
    ----------
    statistics
        Figures of the issue, from `statistics.summarise`.
    lang
        Language of the words.
    """
    words = WORDS[lang]
    groups = [row for row in statistics["by"]["theme"] if row["count"]]
    bars = [
        Bar(
            label=row[f"title_{lang}"],
            counts=(row["red"], row["yellow"], row["green"]),
            note=f"{mu(row['area_m2'])} {'亩' if lang == 'zh' else 'mu'}",
        )
        for row in groups
    ]
    blocks: list[Block] = []
    if bars:
        charts = {width: bars_chart(bars, words=severity_words(lang), width=width).encode() for width in (WIDE, NARROW)}
        blocks.append(
            Picture(name="themes.svg", content=charts[WIDE], narrow=charts[NARROW], caption=words["severity_note"])
        )
    blocks.append(_group_table(statistics, "theme", words["by_theme"], lang))
    blocks.append(_group_table(statistics, "kind", words["by_kind"], lang))
    return blocks


def unit_blocks(statistics: Mapping[str, Any], names: Mapping[str, str], lang: Language) -> list[Block]:
    """Return what the issue found, by town and by department.

    Parameters
    ----------
    statistics
        Figures of the issue, from `statistics.summarise`.
    names
        What units are called, from `issue.unit_names`.
    lang
        Language of the words.
    """
    words = WORDS[lang]
    towns = [row for row in statistics["units"] if row["level"] == "town"]
    columns = (
        column(words["columns"]["town"], share=2.2),
        *_severity_columns(lang),
        column(words["columns"]["mu_inside"], "right", 1.6),
        column(words["columns"]["share"], "right", 1.1),
    )
    rows = [
        (
            names.get(row["code"], words["outside"]),
            *(f"{row[name]:,}" for name in ("count", "red", "yellow", "green")),
            mu(row["area_m2"]),
            percent(row["observed_share"]),
        )
        for row in towns
    ]
    total = statistics["total"]
    rows.append((
        words["total"],
        *(f"{total[name]:,}" for name in ("count", "red", "yellow", "green")),
        mu(sum(row["area_m2"] for row in towns)),
        percent(statistics["observed_share"]),
    ))
    table = TableBlock(title=words["by_town"], columns=columns, rows=tuple(rows), total=True, note=words["unit_note"])
    return [table, _group_table(statistics, "department", words["by_department"], lang)]


def unseen_blocks(statistics: Mapping[str, Any], names: Mapping[str, str], lang: Language) -> list[Block]:
    """Return what could not be compared, by town and by village.

    Parameters
    ----------
    statistics
        Figures of the issue, from `statistics.summarise`.
    names
        What units are called, from `issue.unit_names`.
    lang
        Language of the words.
    """
    words = WORDS[lang]
    units = [row for row in statistics["units"] if row["observed_share"] is not None and row["observed_share"] < 1]
    towns = sorted(
        (row for row in units if row["level"] == "town"), key=lambda row: (row["observed_share"], row["code"])
    )
    villages = sorted(
        (row for row in units if row["level"] == "village"), key=lambda row: (row["observed_share"], row["code"])
    )
    if not towns and not villages:
        return [Paragraph(text=words["all_seen"])]
    columns = (
        column(words["columns"]["town"], share=2.0),
        column(words["columns"]["share"], "right"),
        column(words["columns"]["unseen_mu"], "right"),
    )
    rows = tuple(
        (names[row["code"]], percent(row["observed_share"]), mu(row["unit_area_m2"] - row["observed_m2"]))
        for row in towns
    )
    blocks: list[Block] = [Paragraph(text=words["unseen_text"])]
    if rows:
        blocks.append(TableBlock(title=words["unseen_table"], columns=columns, rows=rows))
    if villages:
        separator = "、" if lang == "zh" else ", "
        named = "{name}（{share}）" if lang == "zh" else "{name} ({share})"
        listed = separator.join(
            named.format(name=names[row["code"]], share=percent(row["observed_share"]))
            for row in villages[:_LISTED_VILLAGES]
        )
        if len(villages) > _LISTED_VILLAGES:
            listed += words["and_more"].format(n=len(villages) - (_LISTED_VILLAGES if lang == "en" else 0))
        blocks.append(Paragraph(text=words["unseen_villages"].format(names=listed)))
    return blocks


def severity_words(lang: Language) -> list[str]:
    """Return the words for red, yellow and green."""
    return [getattr(titles_of("severity", each), lang) for each in SEVERITY_RGB]


def column(title: str, side: Side = "left", share: float = 1.0) -> TableColumn:
    """Return a column of a table."""
    return TableColumn(title=title, side=side, share=share)


def mu(area_m2: float | None) -> str:
    """Return an area in mu, a dash where it is unknown."""
    return "—" if area_m2 is None else in_mu(area_m2)


def percent(share: float | None) -> str:
    """Return a share in percent; less than everything never reads 100.

    Examples
    --------
    >>> percent(0.99999), percent(1.0), percent(None)
    ('99.9%', '100%', '—')
    """
    if share is None:
        return "—"
    return "100%" if share >= 1 else f"{np.floor(share * 1000) / 10:.1f}%"


def _group_table(statistics: Mapping[str, Any], name: str, title: str, lang: Language) -> TableBlock:
    words = WORDS[lang]
    columns = (column(words["columns"][name], share=3.1), *_severity_columns(lang), *_area_columns(lang))
    rows = [_figures(row[f"title_{lang}"], row) for row in statistics["by"][name] if row["count"]]
    rows.append(_figures(words["total"], statistics["total"]))
    return TableBlock(title=title, columns=columns, rows=tuple(rows), total=True)


def _severity_columns(lang: Language) -> list[TableColumn]:
    heads = [WORDS[lang]["columns"]["count"], *severity_words(lang)]
    return [column(head, "right", 0.8) for head in heads]


def _area_columns(lang: Language) -> list[TableColumn]:
    return [column(WORDS[lang]["columns"][name], "right", 1.3) for name in ("mu", "cropland", "basic")]


def _figures(title: str, row: Mapping[str, Any]) -> tuple[str, ...]:
    counts = (f"{row[name]:,}" for name in ("count", "red", "yellow", "green"))
    return (title, *counts, *(mu(row[name]) for name in ("area_m2", "cropland_m2", "basic_cropland_m2")))
