"""Feedback on former issues: a file of figures that the report of an issue prints; publishing reads no store."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from rs_governance.errors import ConfigInvalid, SchemaViolation
from rs_governance.publish.json_file import write_json
from rs_governance.publish.schema import DAY, closed_object, document_schema, schema_id, validate
from rs_governance.rules import Word

FEEDBACK = "feedback"
"""Name of the schema of a file of feedback."""

VERSION = "1.0"
"""Version of the schema."""

_DIMENSIONS = ("all", "kind", "theme", "severity", "town", "department")


@dataclass(frozen=True, kw_only=True)
class FeedbackShare:
    """A share of a number of spots, with its interval."""

    part: int
    """Number of spots that it is true of."""
    whole: int
    """Number of spots that it is a share of."""
    share: float | None
    """Their ratio, 0..1; None without any."""
    low: float | None
    """Lower end of the 95 % interval."""
    high: float | None
    """Upper end of the 95 % interval."""


@dataclass(frozen=True, kw_only=True)
class FeedbackRow:
    """What became of the spots of an issue, or of a class of them."""

    issue: str
    """Issue that published them."""
    dimension: str
    """By what they are classed: all, kind, theme, severity, town or department."""
    key: str
    """Code of the class; empty for all."""
    title: Word
    """Words for the class."""
    spots: int
    """Spots that showed a case for the first time."""
    judged: FeedbackShare
    """Share on which somebody has said what it is."""
    changed: FeedbackShare
    """Share of the judged that was a true change, lawful or not."""
    confirmed: FeedbackShare
    """Share of the judged that was illegal."""
    closed: FeedbackShare
    """Share whose case is closed."""
    why_not: Mapping[str, int]
    """Number by reason of those that were not illegal."""
    days_to_verdict: float | None
    """Median of the days from the image to the verdict."""
    days_to_closing: float | None
    """Median of the days from the verdict to closing."""


@dataclass(frozen=True, kw_only=True)
class FeedbackRating:
    """How those concerned rated what was done, in a month."""

    month: str
    """Month of the ratings."""
    by: Word
    """Who rated."""
    count: int
    """Number of ratings."""
    mean: float
    """Their mean, 1..5."""


@dataclass(frozen=True, kw_only=True)
class FeedbackCropland:
    """Cropland that construction took in a year, by what it turned out to be; areas in m2."""

    year: int
    """The year."""
    illegal_m2: float
    """Judged illegal."""
    put_right_m2: float
    """Part of it that was demolished or restored."""
    lawful_m2: float
    """Judged lawful."""
    permitted_m2: float
    """Covered by permits."""
    open_m2: float
    """Not judged yet."""
    cases: int
    """Number of cases that were counted."""
    permitted: int
    """Number of places that were counted by their permits."""
    limit: float
    """Share from which the district is brought to account."""
    share: float | None
    """Illegal part of all of which is known what it is; None without any."""
    highest: float | None
    """The same if all that is open turned out illegal."""


@dataclass(frozen=True, kw_only=True)
class IssueFeedback:
    """What a file of feedback says."""

    district_code: str
    """Six digits of the district."""
    as_of: date | None
    """Day of the last act on a case; None where there was none."""
    rows: tuple[FeedbackRow, ...]
    """By issue and class."""
    reasons: Mapping[str, Word]
    """Words for the reasons of `FeedbackRow.why_not`."""
    ratings: tuple[FeedbackRating, ...]
    """By month and by who rated."""
    cropland: tuple[FeedbackCropland, ...]
    """By year."""


def read_feedback(path: Path, *, district_code: str) -> IssueFeedback:
    """Read a file that `rsg feedback --out` wrote.

    Parameters
    ----------
    path
        The file.
    district_code
        District whose issue is made with it.

    Raises
    ------
    ConfigInvalid
        When it cannot be read, is no such file, or is of another district.
    """
    make = "write it anew with 'rsg feedback --out'"
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigInvalid(f"There is no file of feedback '{path}'; {make}.") from None
    except (OSError, ValueError) as error:
        raise ConfigInvalid(f"'{path.name}' cannot be read as feedback (JSON): {error}; {make}.") from error
    found = document.get("schema_id") if isinstance(document, dict) else None
    if found != (expected := schema_id(FEEDBACK, VERSION)):
        raise ConfigInvalid(f"'{path.name}' was expected to say that it is {expected}, it says {found!r}; {make}.")
    try:
        validate(document, FEEDBACK)
    except SchemaViolation as error:
        raise ConfigInvalid(f"'{path.name}' is damaged: {error} Do not edit it; {make}.") from error
    if document["district_code"] != district_code:
        raise ConfigInvalid(
            f"'{path.name}' is the feedback of district {document['district_code']}, the issue is of {district_code}; "
            "name the file of that district."
        )
    return _parse(document)


def write_feedback(path: Path, document: Mapping[str, Any]) -> None:
    """Write a file of feedback.

    Parameters
    ----------
    path
        File to write.
    document
        Its members but for `schema_id` and `schema_version`, as `feedback_schema` declares them.

    Raises
    ------
    SchemaViolation
        When it breaks the schema: a defect of the program.
    OutputFailed
        When it cannot be written.
    """
    whole = {"schema_id": schema_id(FEEDBACK, VERSION), "schema_version": VERSION, **document}
    validate(whole, FEEDBACK)
    write_json(path, whole)


def _parse(document: Mapping[str, Any]) -> IssueFeedback:
    def word(member: Mapping[str, str]) -> Word:
        return Word(member["zh"], member["en"])

    shares = ("judged", "changed", "confirmed", "closed")
    rows = [
        FeedbackRow(**{
            **row,
            "title": word(row["title"]),
            "why_not": dict(row["why_not"]),
            **{name: FeedbackShare(**row[name]) for name in shares},
        })
        for row in document["rows"]
    ]
    return IssueFeedback(
        district_code=document["district_code"],
        as_of=None if document["as_of"] is None else date.fromisoformat(document["as_of"]),
        rows=tuple(rows),
        reasons={code: word(each) for code, each in document["reasons"].items()},
        ratings=tuple(FeedbackRating(**{**each, "by": word(each["by"])}) for each in document["ratings"]),
        cropland=tuple(FeedbackCropland(**each) for each in document["cropland"]),
    )


def feedback_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 7) of a file of feedback."""
    text = {"type": "string"}
    count = {"type": "integer", "minimum": 0}
    ratio = {"type": ["number", "null"], "minimum": 0, "maximum": 1}
    area = {"type": "number", "minimum": 0}
    days = {"type": ["number", "null"]}
    word = closed_object({"zh": text, "en": text})
    share = closed_object({"part": count, "whole": count, "share": ratio, "low": ratio, "high": ratio})
    row = closed_object({
        "issue": text,
        "dimension": {"enum": list(_DIMENSIONS)},
        "key": text,
        "title": word,
        "spots": count,
        **dict.fromkeys(("judged", "changed", "confirmed", "closed"), share),
        "why_not": {"type": "object", "additionalProperties": count},
        "days_to_verdict": days,
        "days_to_closing": days,
    })
    rating = closed_object({
        "month": text,
        "by": word,
        "count": count,
        "mean": {"type": "number", "minimum": 1, "maximum": 5},
    })
    cropland = closed_object({
        "year": {"type": "integer"},
        **dict.fromkeys(("illegal_m2", "put_right_m2", "lawful_m2", "permitted_m2", "open_m2"), area),
        **dict.fromkeys(("cases", "permitted"), count),
        "limit": {"type": "number", "exclusiveMinimum": 0, "maximum": 1},
        "share": ratio,
        "highest": ratio,
    })
    return document_schema(
        FEEDBACK,
        VERSION,
        title="Feedback on former issues",
        description="What became of the published spots, by issue and class; written by rsg feedback, printed by rsg run. 核查反馈。",
        members={
            "district_code": text,
            "as_of": {"anyOf": [DAY, {"type": "null"}]},
            "rows": {"type": "array", "items": row},
            "reasons": {"type": "object", "additionalProperties": word},
            "ratings": {"type": "array", "items": rating},
            "cropland": {"type": "array", "items": cropland},
        },
    )
