"""The report of an issue: the map, a web page in one file, and a PDF."""

from collections.abc import Mapping
from pathlib import Path

from rs_governance.publish.issue import MonthlyIssue
from rs_governance.publish.output_folder import writing
from rs_governance.publish.pictures.imagery import Imagery
from rs_governance.publish.report.blocks import Report
from rs_governance.publish.report.chips import Language
from rs_governance.publish.report.content import compose_report, worst_spots
from rs_governance.publish.report.html import report_html
from rs_governance.publish.report.maps import draw_map
from rs_governance.publish.report.pdf import report_pdf

SUFFIX: Mapping[Language, str] = {"zh": "", "en": ".en"}
"""What the names of files of each language end in, before the dot."""


def write_report(
    issue: MonthlyIssue, imagery: Imagery, chips: Mapping[str, Path], folder: Path, *, lang: Language = "zh"
) -> tuple[Path, ...]:
    """Write `map.png`, `report.html` and `report.pdf`; in English `map.en.png` and so on.

    Parameters
    ----------
    issue
        Published month.
    imagery
        Images of the issue.
    chips
        Chip of every spot, as `chips.write_chips` returns them.
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
    OutputFailed
        When a page cannot be set or a file cannot be written.
    """
    listed = worst_spots(issue.spots)
    overview = draw_map(issue, imagery, numbered=listed, lang=lang)
    report = compose_report(issue, overview, chips, listed=listed, lang=lang)
    return write_pages(report, overview, folder)


def write_pages(report: Report, overview: bytes, folder: Path) -> tuple[Path, ...]:
    """Write a report of a month or of a quarter and its map; see `write_report`.

    Parameters
    ----------
    report
        What it says.
    overview
        PNG of its map.
    folder
        Where to write; it exists.
    """
    suffix = SUFFIX[report.lang]
    contents = {
        folder / f"map{suffix}.png": overview,
        folder / f"report{suffix}.html": report_html(report).encode(),
        folder / f"report{suffix}.pdf": report_pdf(report),
    }
    for path, content in contents.items():
        with writing(path):
            path.write_bytes(content)
    return tuple(contents)
