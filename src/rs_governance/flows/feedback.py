"""From closed cases back to the months: labels for training, figures for the next report."""

from collections.abc import Mapping
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from rs_governance.cases import CHINA, RESOLUTIONS
from rs_governance.cases.feedback.answers import RESPONDENTS
from rs_governance.cases.feedback.cropland import ACCOUNTABLE_SHARE, CroplandWatch, watch_cropland
from rs_governance.cases.feedback.outcomes import SpotOutcome, gather_outcomes
from rs_governance.cases.feedback.shares import FeedbackRow, Ratings, count_feedback, count_ratings, plain_row
from rs_governance.db import Case, Coverage, Event, open_store
from rs_governance.flows.setup import PathLike
from rs_governance.learn.labels import Label, Written, find_scenes, write_labels
from rs_governance.publish.feedback import write_feedback as write_file
from rs_governance.publish.output_folder import OutputFolder
from rs_governance.publish.titles import titles_of
from rs_governance.rules import Word


def export_labels(
    store: PathLike,
    *,
    out: PathLike,
    issues: PathLike | None = None,
    scenes: PathLike | None = None,
    replace: bool = False,
) -> Written:
    """Export the labels of closed cases: outlines with verdicts, and before / after chips.

    Parameters
    ----------
    store
        Folder of the store.
    out
        Folder to write; whole or not at all.
    issues
        Folder of the published issues, whose images the chips are cut from.
    scenes
        Folder of further images, such as the one that the first issue was compared with: no issue published it.
    replace
        True to replace a former export.

    Returns
    -------
    Written
        How many labels and chips.

    Raises
    ------
    RsgError
        When the store cannot be read or the folder not be written.
    """
    with closing(open_store(Path(store))) as opened:
        crs = opened.crs
        with opened.read() as session:
            outcomes = gather_outcomes(session)
    labels = [label for spot in outcomes if (label := _label(spot)) is not None]
    images = {} if scenes is None else find_scenes(Path(scenes), crs)
    images |= {} if issues is None else find_images(Path(issues))
    meanings = {
        code: {"zh": outcome.zh, "en": outcome.en, "meaning_zh": outcome.meaning_zh, "meaning_en": outcome.meaning_en}
        for code, outcome in RESOLUTIONS.items()
    }
    with OutputFolder(Path(out), replace=replace) as part:
        return write_labels(labels, part, crs=crs, images=images, meanings=meanings)


def _label(spot: SpotOutcome) -> Label | None:
    if spot.label is None or spot.resolution is None:
        return None
    return Label(
        spot_no=spot.spot_no,
        case_number=spot.case_number,
        issue=spot.issue,
        label=spot.label,
        kind=spot.kind,
        machine_kind=spot.machine_kind,
        verdict=spot.verdict,
        resolution=spot.resolution,
        score=spot.score,
        before_image=spot.before_image,
        after_image=spot.after_image,
        before_on=spot.before_on,
        after_on=spot.after_on,
        outline=spot.outline,
    )


def find_images(issues: Path) -> dict[str, Path]:
    """Find the images that were published with issues, by their identifier.

    Parameters
    ----------
    issues
        Folder of the issues.

    Returns
    -------
    dict
        COGs in the district's CRS; of several issues with one image the earliest issue's.
    """
    found: dict[str, Path] = {}
    for path in sorted(issues.glob("*/scenes/*.tif")):
        if not path.stem.endswith("_web"):
            found.setdefault(path.stem, path)
    return found


@dataclass(frozen=True, kw_only=True)
class Feedback:
    """What became of what was published, as far as it is known."""

    district_code: str
    """Six digits of the district."""
    as_of: date | None
    """Day of the last act on a case; None where there was none."""
    rows: tuple[FeedbackRow, ...]
    """Spots by issue and class."""
    ratings: tuple[Ratings, ...]
    """Ratings by month and by who rated."""
    cropland: tuple[CroplandWatch, ...]
    """Watch on cropland by year."""
    towns: Mapping[str, str]
    """Names of the towns by code."""

    def title(self, row: FeedbackRow) -> Word:
        """Return the words for the class of a row."""
        if row.dimension == "all":
            return Word("全部", "all")
        if row.dimension == "town":
            name = self.towns.get(row.key, row.key) or "—"
            return Word(name, name)
        return titles_of(row.dimension, row.key)


def read_feedback(store: PathLike, *, year: int | None = None, limit: float = ACCOUNTABLE_SHARE) -> Feedback:
    """Count what became of the spots of every issue.

    Parameters
    ----------
    store
        Folder of the store.
    year
        Year of the watch on cropland; None for every year in which an image showed a case.
    limit
        Share of cropland from which the district is brought to account.

    Returns
    -------
    Feedback
        Figures, by issue, month and year.

    Raises
    ------
    StoreInvalid
        When the store cannot be read.
    """
    with closing(open_store(Path(store))) as opened:
        district_code = opened.setting("district_code")
        with opened.read() as session:
            last = session.scalar(sa.select(sa.func.max(Event.at)).where(Event.case_number != ""))
            years = [year] if year is not None else _years(session)
            towns = sa.select(Coverage.code, Coverage.name).where(Coverage.level == "town").order_by(Coverage.issue)
            return Feedback(
                district_code=district_code,
                as_of=None if last is None else last.astimezone(CHINA).date(),
                rows=tuple(count_feedback(gather_outcomes(session))),
                ratings=tuple(count_ratings(session)),
                cropland=tuple(watch_cropland(session, each, limit=limit) for each in years),
                towns={row.code: row.name for row in session.execute(towns)},
            )


def _years(session: Session) -> list[int]:
    return sorted({day.year for day in session.scalars(sa.select(Case.first_seen_on).distinct())})


def plain_feedback(feedback: Feedback) -> dict[str, Any]:
    """Return feedback as JSON can carry it, with the words for its codes; shares to four digits."""
    codes = sorted({code for row in feedback.rows for code in row.why_not})
    return {
        "district_code": feedback.district_code,
        "as_of": None if feedback.as_of is None else feedback.as_of.isoformat(),
        "rows": [_plain_row(row, feedback.title(row)) for row in feedback.rows],
        "reasons": {code: {"zh": RESOLUTIONS[code].zh, "en": RESOLUTIONS[code].en} for code in codes},
        "ratings": [
            {"month": each.month, "by": _plain_word(rater(each.by)), "count": each.count, "mean": each.mean}
            for each in feedback.ratings
        ],
        "cropland": [
            {**asdict(each), "share": _ratio(each.share), "highest": _ratio(each.highest)} for each in feedback.cropland
        ],
    }


def rater(by: str) -> Word:
    """Return the words for who rated."""
    return RESPONDENTS.get(by, Word("未注明", "not said"))


def _plain_row(row: FeedbackRow, title: Word) -> dict[str, Any]:
    plain = plain_row(row)
    return {"issue": plain.pop("issue"), "dimension": plain.pop("dimension"), "key": plain.pop("key"),
            "title": _plain_word(title), **plain}  # fmt: skip


def _plain_word(word: Word) -> dict[str, str]:
    return {"zh": word.zh, "en": word.en}


def _ratio(share: float | None) -> float | None:
    return None if share is None else round(share, 4)


def write_feedback(feedback: Feedback, path: Path) -> None:
    """Write feedback as JSON, for `rsg run --feedback`.

    Parameters
    ----------
    feedback
        As `read_feedback` gives it.
    path
        File to write.

    Raises
    ------
    OutputFailed
        When it cannot be written.
    """
    write_file(path, plain_feedback(feedback))
