"""The report of a quarter: its sites, each counted once, what became of them, the worst with first and last picture."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from rs_governance.publish.issue import IssueFigures, place_name, unit_names
from rs_governance.publish.pictures.imagery import Imagery
from rs_governance.publish.report.blocks import (
    Block,
    Bullets,
    Headline,
    Paragraph,
    Picture,
    PlaceEntry,
    Report,
    Section,
    TableBlock,
)
from rs_governance.publish.report.charts import hexed
from rs_governance.publish.report.chips import Language, draw_tiles
from rs_governance.publish.report.content import map_for_page, place_pictures
from rs_governance.publish.report.map_frame import MapContent
from rs_governance.publish.report.maps import draw_content, extent_of
from rs_governance.publish.report.quarter_words import WORDS
from rs_governance.publish.report.report import write_pages
from rs_governance.publish.report.tables import column, mu, severity_words
from rs_governance.publish.report.trend import issue_bar, trend_picture
from rs_governance.publish.style import SEVERITY_MARK, SEVERITY_RGB
from rs_governance.publish.titles import TITLES, titles_of
from rs_governance.rules.amounts import in_m2, in_mu
from rs_governance.rules.sites import Quarter

_LISTED = 6
_STATUS_RGB = {"new": "#b01828", "continuing": "#68707c", "grown": "#c46a00", "gone": "#2f7d4f"}


@dataclass(frozen=True, kw_only=True)
class QuarterContent:
    """What a quarter's report is made of."""

    district_name: str
    """Chinese name of the district."""
    district_name_en: str
    """English name of the district."""
    quarter: Quarter
    """The period."""
    sites: gpd.GeoDataFrame
    """Table by `rules.sites.SITES`."""
    spots: gpd.GeoDataFrame
    """Spots of all issues up to the quarter, in the CRS of the sites."""
    units: gpd.GeoDataFrame
    """Units of all levels as `grids.Units.frame`, in the same CRS."""
    issues: tuple[IssueFigures, ...]
    """Main figures of the quarter's issues, by name."""
    image_ids: tuple[str, ...]
    """New images of those issues, the newest first."""

    @property
    def days(self) -> tuple[date | None, date | None]:
        """Days of the first and of the last new image."""
        first = [each.first_image_on for each in self.issues if each.first_image_on is not None]
        last = [each.last_image_on for each in self.issues if each.last_image_on is not None]
        return min(first, default=None), max(last, default=None)

    def name(self, lang: Language) -> str:
        """Return the district's name in a language."""
        return self.district_name if lang == "zh" else self.district_name_en


def worst_sites(sites: gpd.GeoDataFrame, *, count: int = _LISTED) -> list[int]:
    """Return the rows of the red and yellow sites to show first.

    Parameters
    ----------
    sites
        Sites of a quarter.
    count
        How many at most.

    Returns
    -------
    list
        Rows, red before yellow, the larger first, then by number; what is gone is left out.
    """
    order = {severity: rank for rank, severity in enumerate(SEVERITY_RGB)}
    shown = np.flatnonzero(((sites["severity"] != "green") & (sites["status"] != "gone")).to_numpy())
    urgent = sites.iloc[shown]
    keys = (urgent["site_no"].to_numpy(dtype=str), -urgent["area_m2"].to_numpy(), urgent["severity"].map(order))
    return [int(row) for row in shown[np.lexsort(keys)][:count]]


def images_of(content: QuarterContent) -> list[str]:
    """Return the images that the report shows: those of the issues, and the first and last ones of the worst sites."""
    names = set(content.image_ids)
    for row in worst_sites(content.sites):
        first, last = _first_and_last(content, row)
        names |= {first["before_image"], last["after_image"]}
    return sorted(names)


def write_quarter_report(
    content: QuarterContent, imagery: Imagery, folder: Path, *, lang: Language = "zh"
) -> tuple[Path, ...]:
    """Write `map.png`, `report.html` and `report.pdf`; in English `map.en.png` and so on.

    Parameters
    ----------
    content
        What the report is made of.
    imagery
        The images that `images_of` names.
    folder
        Where to write; it exists.
    lang
        Language of all words.

    Returns
    -------
    tuple
        The three files.

    Raises
    ------
    SceneUnreadable
        When an image cannot be read.
    OutputFailed
        When a page cannot be set or a file cannot be written.
    """
    listed = worst_sites(content.sites)
    overview = draw_content(_map_content(content, listed, lang), imagery, lang=lang)
    report = compose_quarter(content, imagery, overview, listed=listed, lang=lang)
    return write_pages(report, overview, folder)


def compose_quarter(
    content: QuarterContent, imagery: Imagery, overview_map: bytes, *, listed: Sequence[int], lang: Language = "zh"
) -> Report:
    """Compose the report of a quarter.

    Parameters
    ----------
    content
        What the report is made of.
    imagery
        The images that `images_of` names.
    overview_map
        PNG of the district, its numbers those of `listed`.
    listed
        Rows of the worst sites, from `worst_sites`.
    lang
        Language of the report.
    """
    words, sites = WORDS[lang], content.sites
    first, last = content.days
    days = str(first) if first == last else words["between"].format(first=first, last=last)
    names = {"district": content.name(lang), "quarter": content.quarter.name, "days": days}
    names["issues"] = words["and"].join(each.issue for each in content.issues)
    counts = {status: int((sites["status"] == status).sum()) for status in TITLES["status"]}
    sections: dict[str, list[Block]] = {
        "map": [Picture(name="map.jpg", content=map_for_page(overview_map), caption=words["map_caption"])],
        "became": [
            _table(sites, "status", list(TITLES["status"]), lang),
            Paragraph(text=words["status_note"], tone="note"),
        ],
        "where": [
            _by_town(sites, unit_names(content.units, lang), lang),
            _table(sites, "theme", _there(sites, "theme"), lang),
        ],
        "issues": _issues(content.issues, lang),
        "worst": _worst(content, imagery, listed, lang),
        "reading": [Bullets(items=words["reading"])],
    }
    area = float(sites["area_m2"].sum())
    summary = words["summary"].format(
        **counts, count=len(sites), spots=int(sites["spot_count"].sum()), mu=mu(area), issues=len(content.issues)
    )
    if missing := content.quarter.missing(each.issue for each in content.issues):
        summary = words["incomplete"].format(months=words["and"].join(missing)) + summary
    return Report(
        lang=lang,
        title=words["title"].format(**names),
        subtitle=words["subtitle"].format(**names),
        author=content.name(lang),
        running=words["running"].format(**names),
        caution=words["caution"],
        headlines=(
            *(
                Headline(value=str(counts[status]), label=words["headline"][status], colour=_STATUS_RGB[status])
                for status in counts
            ),
            Headline(value=mu(area), label=words["headline"]["area"], colour="#181d26"),
        ),
        summary=summary,
        sections=tuple(Section(title=words["sections"][key], blocks=tuple(sections[key])) for key in sections),
    )


def _map_content(content: QuarterContent, listed: Sequence[int], lang: Language) -> MapContent:
    first, last = content.days
    return MapContent(
        name=content.name(lang),
        period=content.quarter.name,
        first_image_on=first,
        last_image_on=last,
        units=content.units,
        spots=content.sites,
        unseen=content.sites.iloc[:0][["geometry"]],
        image_ids=content.image_ids,
        bounds=extent_of(content.units, content.sites.geometry),
        numbered=listed,
    )


def _there(sites: gpd.GeoDataFrame, name: str) -> list[str]:
    return [code for code in TITLES[name] if (sites[name] == code).any()]


def _table(sites: gpd.GeoDataFrame, name: str, codes: Sequence[str], lang: Language) -> TableBlock:
    """Count sites by the values of a column and by severity."""
    words = WORDS[lang]
    heads = words["columns"]
    columns = (
        column(heads[name], share=2.4),
        column(heads["sites"], "right"),
        *(column(word, "right", 0.8) for word in severity_words(lang)),
        column(heads["spots"], "right"),
        column(heads["mu"], "right", 1.3),
    )
    rows = [_figures(getattr(titles_of(name, code), lang), sites[sites[name] == code]) for code in codes]
    rows.append(_figures(words["total"], sites))
    return TableBlock(title=words[f"by_{name}"], columns=columns, rows=tuple(rows), total=True)


def _figures(title: str, sites: gpd.GeoDataFrame) -> tuple[str, ...]:
    severities = (f"{(sites['severity'] == each).sum():,}" for each in SEVERITY_RGB)
    return (title, f"{len(sites):,}", *severities, f"{sites['spot_count'].sum():,}", mu(float(sites["area_m2"].sum())))


def _by_town(sites: gpd.GeoDataFrame, names: Mapping[str, str], lang: Language) -> TableBlock:
    words = WORDS[lang]
    statuses = TITLES["status"]
    towns = sites["town_code"].fillna("")
    told = {"": words["outside"], **dict(zip(towns, sites["town_name"].fillna(words["outside"]), strict=True)), **names}
    rows = []
    for town in [*sorted(set(towns) - {""}), *([""] if (towns == "").any() else []), None]:
        own = sites if town is None else sites[towns == town]
        name = words["total"] if town is None else told[town]
        counts = (f"{(own['status'] == status).sum():,}" for status in statuses)
        rows.append((name, f"{len(own):,}", *counts, mu(float(own["area_m2"].sum()))))
    columns = (
        column(words["columns"]["town"], share=2.4),
        column(words["columns"]["sites"], "right"),
        *(column(getattr(word, lang), "right") for word in statuses.values()),
        column(words["columns"]["mu"], "right", 1.3),
    )
    return TableBlock(title=words["by_town"], columns=columns, rows=tuple(rows), total=True)


def _issues(issues: Sequence[IssueFigures], lang: Language) -> list[Block]:
    words = WORDS[lang]
    bars = [issue_bar(each.issue, each.severity, each.kind, each.observed_share) for each in issues]
    return [Paragraph(text=words["issues_note"]), trend_picture(bars, "issues.svg", "", lang)]


def _worst(content: QuarterContent, imagery: Imagery, listed: Sequence[int], lang: Language) -> list[Block]:
    words = WORDS[lang]
    if not listed:
        return [Paragraph(text=words["no_worst"])]
    entries = [_entry(content, imagery, row, place, lang) for place, row in enumerate(listed, start=1)]
    return [Paragraph(text=words["worst_note"].format(n=len(listed)), tone="note"), *entries]


def _first_and_last(content: QuarterContent, row: int) -> tuple["pd.Series[Any]", "pd.Series[Any]"]:
    """Return the first and the last spot of a site."""
    numbers = content.sites["spots"].iloc[row].split("; ")
    spots = content.spots.set_index("spot_no", drop=False)
    return spots.loc[numbers[0]], spots.loc[numbers[-1]]


def _entry(content: QuarterContent, imagery: Imagery, row: int, place: int, lang: Language) -> PlaceEntry:
    words, site = WORDS[lang], content.sites.iloc[row]
    first, last = _first_and_last(content, row)
    rgb = SEVERITY_RGB[site["severity"]]
    tiles = draw_tiles(site.geometry, content.sites.crs, (first["before_image"], last["after_image"]), imagery, rgb=rgb)
    days = (first["before_on"], last["after_on"])
    where = place_name(unit_names(content.units, lang), site, lang)
    parts = [getattr(titles_of(name, site[name]), lang) for name in ("severity", "status", "kind")]
    facts = [words["fact_area"].format(m2=in_m2(site["area_m2"]), mu=in_mu(site["area_m2"]))]
    if site["earlier_m2"] > 0:
        facts.append(words["fact_earlier"].format(m2=in_m2(site["earlier_m2"])))
    facts.append(words["fact_issues"].format(first=site["first_issue"], last=site["last_issue"], n=site["spot_count"]))
    facts.append(words["fact_department"].format(department=getattr(titles_of("department", site["department"]), lang)))
    return PlaceEntry(
        number=place,
        name=site["site_no"],
        colour=hexed(rgb),
        mark=SEVERITY_MARK[site["severity"]],
        title=" · ".join(part for part in (*parts, where) if part),
        facts=tuple(facts),
        reason=_reason(content, row, lang),
        pictures=place_pictures(place, tiles, (words["first"], words["last"]), days),
    )


def _reason(content: QuarterContent, row: int, lang: Language) -> str:
    """Return why the site is as urgent as it is: the reason of its last spot of that severity."""
    site: Mapping[str, Any] = content.sites.iloc[row]
    own = content.spots[content.spots["spot_no"].isin(site["spots"].split("; "))]
    urgent = own[own["severity"] == site["severity"]].sort_values(["issue", "spot_no"])
    return str(urgent[f"reason_{lang}"].iloc[-1])
