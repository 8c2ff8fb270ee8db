"""What the report of an issue says: figures, tables, pictures, from the issue and its statistics."""

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from PIL import Image

from rs_governance.publish.issue import MonthlyIssue, place_name, unit_names
from rs_governance.publish.month.statistics import sum_urgent, summarise
from rs_governance.publish.report.blocks import (
    Block,
    Bullets,
    Headline,
    Paragraph,
    Picture,
    PlaceEntry,
    Report,
    Section,
)
from rs_governance.publish.report.cards import for_print
from rs_governance.publish.report.charts import hexed
from rs_governance.publish.report.chips import Language, tiles_of
from rs_governance.publish.report.feedback import feedback_blocks
from rs_governance.publish.report.sources import source_blocks
from rs_governance.publish.report.tables import mu, percent, theme_blocks, unit_blocks, unseen_blocks
from rs_governance.publish.report.trend import ROTATION, issue_bar, trend_picture
from rs_governance.publish.report.words import WORDS
from rs_governance.publish.style import SEVERITY_MARK, SEVERITY_RGB
from rs_governance.publish.titles import titles_of
from rs_governance.rules.amounts import in_m2, in_mu
from rs_governance.rules.decisions import say_unfound

_TREND_ISSUES = 11
_NUMERALS: Mapping[Language, Sequence[str]] = {
    "zh": [f"{numeral}、" for numeral in "一二三四五六七八九"],
    "en": [f"{number}. " for number in range(1, 10)],
}
_COMPARABLE = 0.1  # shares of compared ground that differ by more are not compared


def compose_report(
    issue: MonthlyIssue,
    overview_map: bytes,
    chips: Mapping[str, Path],
    *,
    listed: Sequence[str],
    lang: Language = "zh",
) -> Report:
    """Compose the report of an issue.

    Parameters
    ----------
    issue
        Published month.
    overview_map
        PNG of the district, its numbers those of `listed`.
    chips
        Chip of every listed spot.
    listed
        The worst spots, from `worst_spots`.
    lang
        Language of the report.
    """
    words = WORDS[lang]
    statistics = summarise(issue)
    district = issue.district_name if lang == "zh" else issue.district_name_en or issue.district_code
    names = {"district": district, "issue": issue.issue, "days": _days(issue, lang)}
    sections: dict[str, list[Block]] = {
        "map": [Picture(name="map.jpg", content=map_for_page(overview_map), caption=words["map_caption"])],
        "themes": theme_blocks(statistics, lang),
        "units": unit_blocks(statistics, unit_names(issue.units, lang), lang),
        "trend": _trend(issue, statistics, lang),
        "feedback": [] if issue.feedback is None else feedback_blocks(issue.feedback, issue.issue, lang),
        "worst": _worst(issue, chips, listed, lang),
        "unseen": unseen_blocks(statistics, unit_names(issue.units, lang), lang),
        "sources": source_blocks(issue, lang),
        "reading": [Bullets(items=words["reading"])],
    }
    return Report(
        lang=lang,
        title=words["title"].format(**names),
        subtitle=words["subtitle"].format(**names),
        author=district,
        running=words["running"].format(**names),
        caution=words["caution"],
        headlines=_headlines(statistics, lang),
        summary=_summary(statistics, lang),
        sections=tuple(
            Section(title=f"{_NUMERALS[lang][place]}{words['sections'][key]}", blocks=tuple(sections[key]))
            for place, key in enumerate(key for key in sections if sections[key])
        ),
    )


def worst_spots(spots: gpd.GeoDataFrame, *, count: int = 10) -> list[str]:
    """Return the numbers of the red and yellow spots to show first.

    Parameters
    ----------
    spots
        Spots of an issue.
    count
        How many at most.

    Returns
    -------
    list
        Red before yellow, then by basic cropland, cropland and area, the larger first, then by number.
    """
    order = {severity: index for index, severity in enumerate(SEVERITY_RGB)}
    urgent = spots[spots["severity"].isin(["red", "yellow"])]
    keys = [urgent["spot_no"].to_numpy(dtype=str)]
    keys += [-urgent[name].fillna(0).to_numpy() for name in ("area_m2", "cropland_m2", "basic_cropland_m2")]
    keys.append(urgent["severity"].map(order).to_numpy())
    return [str(number) for number in urgent["spot_no"].to_numpy()[np.lexsort(keys)][:count]]


def _days(issue: MonthlyIssue, lang: Language) -> str:
    first, last = issue.first_image_on, issue.last_image_on
    if first is None or first == last:
        return "—" if first is None else str(first)
    text: str = WORDS[lang]["between"].format(first=first, last=last)
    return text


def _headlines(statistics: Mapping[str, Any], lang: Language) -> tuple[Headline, ...]:
    words, urgent = WORDS[lang]["headline"], sum_urgent(statistics)
    return (
        *(
            Headline(value=str(urgent[each]), label=words[each], colour=hexed(SEVERITY_RGB[each]))
            for each in ("red", "yellow")
        ),
        Headline(value=mu(urgent["area_m2"]), label=words["area"], colour="#181d26"),
        Headline(value=mu(urgent["cropland_m2"]), label=words["cropland"], colour="#181d26"),
        Headline(value=percent(statistics["observed_share"]), label=words["observed"], colour="#68707c"),
    )


def _summary(statistics: Mapping[str, Any], lang: Language) -> str:
    words, total, urgent = WORDS[lang], statistics["total"], sum_urgent(statistics)
    protected = ""
    if urgent["cropland_m2"] is not None and urgent["basic_cropland_m2"] is not None:
        protected = words["protected"].format(cropland=mu(urgent["cropland_m2"]), basic=mu(urgent["basic_cropland_m2"]))
    share = statistics["observed_share"]
    text: str = words["summary"].format(
        urgent=urgent["count"],
        red=urgent["red"],
        yellow=urgent["yellow"],
        mu=mu(urgent["area_m2"]),
        m2=in_m2(urgent["area_m2"]),
        protected=protected,
        others=_others(statistics, lang) if total["green"] else "",
        observed=words["unobserved"] if share is None else words["observed"].format(share=percent(share)),
    )
    return text


def _others(statistics: Mapping[str, Any], lang: Language) -> str:
    """Say what is green, and how many changes there are in all: most of them are crops in many months."""
    words, total = WORDS[lang], statistics["total"]
    rotation = _rotation(statistics)
    unclear = total["suspected"] - sum_urgent(statistics)["suspected"]
    rest = total["green"] - rotation["green"] - unclear
    parts = [
        words[name].format(count=count, mu=mu(rotation["area_m2"]))
        for name, count in (("rotation", rotation["green"]), ("unclear", unclear), ("rest", rest))
        if count > 0
    ]
    text: str = words["others"].format(
        green=total["green"], parts=words["and"].join(parts), count=total["count"], mu=mu(total["area_m2"])
    )
    return text


def _rotation(statistics: Mapping[str, Any]) -> Mapping[str, Any]:
    row: Mapping[str, Any] = next(row for row in statistics["by"]["kind"] if row["code"] == ROTATION)
    return row


def _trend(issue: MonthlyIssue, statistics: Mapping[str, Any], lang: Language) -> list[Block]:
    words = WORDS[lang]
    former = issue.trend[-_TREND_ISSUES:]
    if not former:
        return [Paragraph(text=words["no_trend"])]
    total, share = statistics["total"], statistics["observed_share"]
    bars = [issue_bar(each.issue, each.severity, each.kind, each.observed_share) for each in former]
    kinds = {row["code"]: row["count"] for row in statistics["by"]["kind"]}
    bars.append(issue_bar(issue.issue, total, kinds, share, strong=True))
    last = former[-1]
    before, after = (counts["red"] + counts["yellow"] for counts in (last.severity, total))
    difference = after - before
    change = words["same"] if not difference else words["more" if difference > 0 else "fewer"].format(n=abs(difference))
    text = words["compared"].format(issue=last.issue, before=before, after=after, change=change)
    if share is not None and last.observed_share is not None and abs(share - last.observed_share) > _COMPARABLE:
        text += ("" if lang == "zh" else " ") + words["compared_less"].format(
            points=f"{100 * abs(share - last.observed_share):.0f}"
        )
    return [
        Paragraph(text=text),
        Paragraph(text=words["trend_note"], tone="note"),
        trend_picture(bars, "trend.svg", words["trend_caption"], lang),
    ]


def _worst(issue: MonthlyIssue, chips: Mapping[str, Path], listed: Sequence[str], lang: Language) -> list[Block]:
    words = WORDS[lang]
    if not listed:
        return [Paragraph(text=words["no_worst"])]
    rows = issue.spots.set_index("spot_no", drop=False)
    entries = [
        _entry(issue, rows.loc[number], place, chips[number], lang) for place, number in enumerate(listed, start=1)
    ]
    return [Paragraph(text=words["worst_note"].format(n=len(listed)), tone="note"), *entries]


def _entry(issue: MonthlyIssue, spot: "pd.Series[Any]", place: int, chip: Path, lang: Language) -> PlaceEntry:
    words = WORDS[lang]

    def word(name: str) -> str:
        text: str = getattr(titles_of(name, spot[name]), lang)
        return text

    facts = [words["fact_area"].format(m2=in_m2(spot["area_m2"]), mu=in_mu(spot["area_m2"]))]
    if pd.notna(spot["cropland_m2"]) and pd.notna(spot["basic_cropland_m2"]):
        facts.append(
            words["fact_farm"].format(cropland=in_m2(spot["cropland_m2"]), basic=in_m2(spot["basic_cropland_m2"]))
        )
    if pd.isna(spot["permit_register"]):
        unfound = getattr(say_unfound(issue.decisions[spot["spot_no"]]), lang)
        facts.append(words["fact_permit"].format(permit=unfound))
    else:
        register = str(spot["permit_register"])
        title = next((getattr(one, f"title_{lang}") for one in issue.sources if one.name == register), register)
        number = "" if pd.isna(spot["permit_number"]) else f" {spot['permit_number']}"
        facts.append(words["fact_permit"].format(permit=title + number))
    facts.append(words["fact_department"].format(department=word("department")))
    where = place_name(unit_names(issue.units, lang), spot, lang)
    return PlaceEntry(
        number=place,
        name=spot["spot_no"],
        colour=hexed(SEVERITY_RGB[spot["severity"]]),
        mark=SEVERITY_MARK[spot["severity"]],
        title=" · ".join(part for part in (word("severity"), word("kind"), where) if part),
        facts=tuple(facts),
        reason=spot[f"reason_{lang}"],
        pictures=place_pictures(
            place, _tiles(chip), (words["before"], words["after"]), (spot["before_on"], spot["after_on"])
        ),
    )


def map_for_page(overview_map: bytes) -> bytes:
    """Return a map as it goes into a page."""
    with Image.open(io.BytesIO(overview_map)) as picture:
        return for_print(picture)


def place_pictures(
    place: int, tiles: Sequence[Image.Image], captions: Sequence[str], days: Sequence[Any]
) -> tuple[Picture, ...]:
    """Return what a place looked like on two days.

    Parameters
    ----------
    place
        Its number in the report.
    tiles
        The earlier and the later picture, without words: the page sets these, in its own language.
    captions
        What stands under them, with `{day}`.
    days
        Their days; a missing one is a dash.
    """
    return tuple(
        Picture(
            name=f"place{place}-{side}.jpg",
            content=for_print(tile),
            caption=caption.format(day="—" if pd.isna(day) else f"{day:%Y-%m-%d}"),
        )
        for side, tile, caption, day in zip(("before", "after"), tiles, captions, days, strict=True)
    )


def _tiles(chip: Path) -> tuple[Image.Image, ...]:
    with Image.open(chip) as picture:
        return tuple(tiles_of(picture.convert("RGB")))
