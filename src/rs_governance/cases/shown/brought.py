"""What came back from the ground with an event, in words: answers, proposed verdict, position, photos and how far they can be trusted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import pyproj
import shapely

from rs_governance.cases.shown.sheet import Sheet
from rs_governance.cases.shown.showing import Language, show_word, trust_words
from rs_governance.db import Event, Photo
from rs_governance.rules import Word
from rs_governance.scenes.crs import transformer

_WGS84 = pyproj.CRS.from_epsg(4326)
_YES_NO = {True: Word("是", "yes"), False: Word("否", "no")}


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A question that was asked on the ground."""

    words: Word
    """The question."""
    choices: Mapping[str, Word] = field(default_factory=dict)
    """Words of the codes that can be answered; empty for every other kind of question."""


class Line(NamedTuple):
    """Something that came back."""

    label: str
    """What it is."""
    text: str
    """What came."""


def brought_lines(
    event: Event, sheet: Sheet, questions: Mapping[str, Asked], *, crs: pyproj.CRS, language: Language
) -> list[Line]:
    """Say what came back from the ground with an event; nothing for an event that brought none of it.

    Parameters
    ----------
    event
        Event of the case.
    sheet
        What there is about the case, for its photos and its outline.
    questions
        What is asked, by identifier, in the order in which it is asked; an answer to anything else is shown as it came.
    crs
        CRS of the store.
    language
        Language of the words.
    """
    lines = _proposed(event.facts, language)
    answers = event.facts.get("answers")
    if isinstance(answers, Mapping):
        known = [name for name in questions if name in answers]
        for name in [*known, *(name for name in answers if name not in questions)]:
            lines.append(_answer(name, answers[name], questions.get(name), language))
    if (place := _position(event.facts.get("position"), sheet.case["outline"], crs, language)) is not None:
        lines.append(place)
    photos = {photo.sha256: photo for photo in sheet.photos}
    for place_in_row, photo in enumerate((photos[sha] for sha in event.evidence if sha in photos), 1):
        lines.append(_photo(place_in_row, photo, language))
    return lines


def _proposed(facts: Mapping[str, Any], language: Language) -> list[Line]:
    labels = {"verdict": Word("认定建议", "proposed verdict"), "resolution": Word("结论建议", "proposed resolution")}
    return [
        Line(getattr(word, language), show_word(name, facts[f"proposed_{name}"], language))
        for name, word in labels.items()
        if isinstance(facts.get(f"proposed_{name}"), str)
    ]


def _answer(name: str, answer: Any, asked: Asked | None, language: Language) -> Line:
    if isinstance(answer, bool):
        text = getattr(_YES_NO[answer], language)
    elif asked is not None and answer in asked.choices:
        text = getattr(asked.choices[answer], language)
    elif isinstance(answer, float):
        text = f"{answer:,.10g}"
    else:
        text = "、".join(map(str, answer)) if isinstance(answer, list) else str(answer)
    return Line(name if asked is None else getattr(asked.words, language), text)


def _position(position: Any, outline: shapely.Geometry, crs: pyproj.CRS, language: Language) -> Line | None:
    if not isinstance(position, Sequence) or len(position) != 2:
        return None
    lon, lat = position
    distance = shapely.Point(*transformer(_WGS84, crs).transform(lon, lat)).distance(outline)
    if language == "zh":
        return Line("核查位置", f"距图斑 {distance:,.0f} m（{lon:.6f}, {lat:.6f}）")
    return Line("position", f"{distance:,.0f} m from the spot ({lon:.6f}, {lat:.6f})")


def _photo(place: int, photo: Photo, language: Language) -> Line:
    colon = "；" if language == "zh" else "; "
    label = f"照片 {place}" if language == "zh" else f"photo {place}"
    return Line(label, colon.join(filter(None, (photo.name, *trust_words(photo, language), photo.note))))
