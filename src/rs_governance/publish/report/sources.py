"""What an issue rests on, as the report says it: images, pairs, layers, registers, and which are old or missing."""

from datetime import date

from rs_governance.grids.presets import layer_preset, register_titles
from rs_governance.publish.issue import MonthlyIssue, SourceFacts
from rs_governance.publish.report.blocks import Block, Paragraph, TableBlock
from rs_governance.publish.report.chips import Language
from rs_governance.publish.report.tables import column
from rs_governance.publish.report.words import WORDS
from rs_governance.publish.titles import titles_of

LAYERS = ("land_use", "basic_cropland", "ecological_red_line", "urban_boundary", "forest", "water_source")
"""Layers that a district usually has; those missing are said."""

REGISTERS = (
    "planning_permit",
    "building_permit",
    "land_conversion",
    "land_supply",
    "harvest_permit",
    "woodland_use",
    "temporary_land",
    "facility_farmland",
    "homestead",
    "major_project",
)
"""Registers that a district usually has; those missing are said."""

OLD_DAYS = {"layer": 730, "register": 60}
"""Age in days from which a reference is called old: surveys are yearly, registers ought to be monthly."""


def source_blocks(issue: MonthlyIssue, lang: Language) -> list[Block]:
    """Return the images, pairs and references of an issue.

    Parameters
    ----------
    issue
        Published month.
    lang
        Language of the words.
    """
    words = WORDS[lang]
    heads = words["columns"]
    images = TableBlock(
        title=words["images_table"],
        columns=(
            column(heads["image"], share=2.0),
            column(heads["day"]),
            column(heads["sensor"]),
            column(heads["gsd"], "right", 0.8),
            column(heads["role"], share=1.1),
        ),
        rows=tuple(
            (
                one.id,
                str(one.acquired_on),
                "—" if one.sensor == "unknown" else one.sensor,
                f"{one.gsd_m:g} m",
                getattr(titles_of("role", one.role), lang),
            )
            for one in issue.scenes
        ),
    )
    pairs = TableBlock(
        title=words["pairs_table"],
        columns=(
            column(heads["pair"], share=2.2),
            column(heads["basis"], share=1.8),
            column(heads["residual"], "right"),
        ),
        rows=tuple(
            (
                f"{one.before_image} → {one.after_image}",
                getattr(titles_of("basis", one.basis), lang),
                words["unmeasured"]
                if one.residual_px is None
                else words["residual"].format(px=f"{one.residual_px:.2f}"),
            )
            for one in issue.pairs
        ),
    )
    references = [one for one in issue.sources if one.kind in OLD_DAYS]
    sources = TableBlock(
        title=words["sources_table"],
        columns=(
            column(heads["source"], share=2.2),
            column(heads["as_of"]),
            column(heads["features"], "right", 0.8),
            column(heads["problems"], "right", 0.8),
            column(heads["remark"], share=2.0),
        ),
        rows=tuple(
            (
                getattr(one, f"title_{lang}"),
                "—" if one.as_of is None else str(one.as_of),
                f"{one.features:,}",
                f"{len(one.problems):,}",
                _remark(one, issue.last_image_on, lang),
            )
            for one in references
        ),
    )
    blocks: list[Block] = [images, pairs]
    if references:
        blocks.append(sources)
    given = {one.name for one in references}
    position = {"zh": 0, "en": 1}[lang]
    missing = [getattr(layer_preset(name, preset=None), f"title_{lang}") for name in LAYERS if name not in given]
    missing += [register_titles(name)[position] for name in REGISTERS if name not in given]
    if missing:
        names = ("、" if lang == "zh" else ", ").join(missing)
        blocks.append(Paragraph(text=words["missing"].format(names=names), tone="caution"))
    return blocks


def _remark(source: SourceFacts, day: date | None, lang: Language) -> str:
    words = WORDS[lang]
    if source.as_of is None:
        text: str = words["no_date"]
    elif day is not None and (day - source.as_of).days > OLD_DAYS[source.kind]:
        text = words["old"].format(days=OLD_DAYS[source.kind])
    else:
        text = words["fine"]
    return text
