"""Showing: what the fields of a case are called and how their values read, in both languages."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Literal

import shapely

from rs_governance.cases.life.asking import CHINA
from rs_governance.cases.life.pending import read_pending
from rs_governance.cases.life.record import from_plain, recorded_apart
from rs_governance.cases.life.steps import STEPS
from rs_governance.cases.life.transitions import ACTIONS
from rs_governance.cases.life.words import (
    CHANNELS,
    MEASURES,
    REFERRALS,
    RELATIONS,
    RESOLUTIONS,
    RETURN_REASONS,
    ROLES,
    STATES,
    VERDICTS,
)
from rs_governance.cases.shown.machine_notes import note_words
from rs_governance.cases.shown.names import NO_NAMES, Names
from rs_governance.cases.shown.trust_words import REASONS, TRUSTS
from rs_governance.db import Case, Event, Photo
from rs_governance.rules import DEPARTMENTS, KINDS, SEVERITIES, SUSPICIONS, THEMES, Word

Language = Literal["zh", "en"]

_ENGLISH = {
    "number": "case", "version": "version", "channel": "channel", "state": "state", "verdict": "verdict",
    "measure": "measure", "step": "step", "resolution": "resolution", "severity": "severity", "suspicion": "suspicion",
    "theme": "theme", "kind": "kind", "department": "department", "district_code": "district", "town_code": "town",
    "village_code": "village", "cell_code": "grid cell", "holder": "holder", "assignee": "handed to",
    "pending": "waiting for", "entered_at": "in this state since", "due_on": "due", "warned": "warnings",
    "extended": "extensions", "recurrence": "recurrences", "relation": "relation", "first_issue": "first issue",
    "last_issue": "last issue", "first_seen_on": "first seen", "last_seen_on": "last seen", "opened_at": "opened",
    "closed_at": "closed", "area_m2": "area (m2)", "cropland_m2": "cropland (m2)",
    "basic_cropland_m2": "basic cropland (m2)", "protected_m2": "protected (m2)", "permit_number": "permit",
    "machine": "machine's figures", "parents": "comes from", "merged_into": "merged into", "lon": "longitude",
    "lat": "latitude", "outline": "outline",
}  # fmt: skip

FIELD_WORDS: Mapping[str, Word] = {
    column.name: Word(str(column.doc), _ENGLISH[column.name])
    for column in Case.__table__.columns
    if column.name != "id"
}
"""What the fields of a case are called."""

_LISTS: Mapping[str, Mapping[Any, Any]] = {
    "state": STATES,
    "verdict": VERDICTS,
    "channel": CHANNELS,
    "measure": MEASURES,
    "resolution": RESOLUTIONS,
    "relation": RELATIONS,
    "severity": SEVERITIES,
    "suspicion": SUSPICIONS,
    "theme": THEMES,
    "kind": KINDS,
    "department": DEPARTMENTS,
    "role": ROLES,
    "action": ACTIONS,
    "referral": REFERRALS,
    "reason": {**RESOLUTIONS, **RETURN_REASONS},
    "trust": TRUSTS,
    "trust_reason": REASONS,
    "step": {code: word for steps in STEPS.values() for code, word in steps.items()},
}


def show_word(name: str, code: Any, language: Language) -> str:
    """Show a code of a list as its word; what is in no list as it is.

    Examples
    --------
    >>> show_word("state", "closed", "zh"), show_word("reason", "photo_missing", "en")
    ('销号', 'ground photo missing')
    """
    word = _LISTS.get(name, {}).get(code)
    return str(code) if word is None else str(getattr(word, language))


def show_value(name: str, value: Any, language: Language, names: Names = NO_NAMES) -> str:
    """Show the value of a case's field in a few characters.

    Parameters
    ----------
    name
        Field of the case.
    value
        Its value.
    language
        Language of the words.
    names
        What people and places are called; whoever is in it is shown by name alone.

    Examples
    --------
    >>> show_value("assignee", "department:forestry", "zh"), show_value("pending", "refer:court:li", "en")
    ('林业局', 'refer: to the court, for enforcement (li)')
    """
    if value is None or value == "" or value == []:
        return "-"
    if isinstance(value, datetime):
        return f"{value.astimezone(CHINA):%Y-%m-%d %H:%M}"
    if isinstance(value, shapely.Geometry):
        return f"{value.area:,.1f} m²"
    if (called := names.of(name, value)) is not None:
        return called
    if name == "assignee" and value.startswith("department:"):
        return show_word("department", value.removeprefix("department:"), language)
    if name == "assignee" and value.startswith("town:"):
        return f"{'街镇' if language == 'zh' else 'town'} {value.removeprefix('town:')}"
    if name == "pending" and (pending := read_pending(value)) is not None:
        code = show_word("referral" if pending.action == "refer" else "resolution", pending.code, language)
        actor = names.person(pending.actor) or pending.actor
        return f"{show_word('action', pending.action, language)}{'：' if language == 'zh' else ': '}{code} ({actor})"
    if isinstance(value, list):
        return ", ".join(map(str, value))
    if isinstance(value, float):
        return f"{value:.7g}" if name in ("lon", "lat") else f"{value:,.1f}"
    return str(value) if isinstance(value, date) else show_word(name, value, language)


def show_code(name: str, value: Any, names: Names) -> str:
    """Return the code under which a value is known, where `show_value` shows a name instead of it; else nothing.

    Examples
    --------
    >>> show_code("town_code", "450108101000", Names(places={"450108101": "良庆镇"})), show_code("state", "closed", NO_NAMES)
    ('450108101000', '')
    """
    return value.removeprefix("town:") if names.of(name, value) is not None else ""


def event_words(
    event: Event, language: Language, names: Names = NO_NAMES, reasons: Mapping[str, Word] | None = None
) -> list[str]:
    """Say in a few phrases what an event brought besides its action and state.

    Parameters
    ----------
    event
        Event of a case.
    language
        Language of the words.
    names
        What people and places are called.
    reasons
        Why the rules took each spot for what it is, by its number, for what the machine said in English.
    """
    colon = "：" if language == "zh" else ": "
    phrases = [show_word("reason", event.reason, language)] if event.reason else []
    phrases += [
        f"{getattr(FIELD_WORDS[name], language)}{colon}{show_value(name, event.facts[name], language, names)}"
        for name in ("verdict", "assignee", "measure", "step")
        if isinstance(event.facts.get(name), str)
    ]
    if isinstance(referral := event.facts.get("referral"), str):
        phrases.append(show_word("referral", referral, language))
    if event.action == "correct":
        changed = [name for name in FIELD_WORDS if name in event.changes and name not in ("machine", "version")]
        former = event.facts.get("former", {})
        phrases.append(
            ("、" if language == "zh" else ", ").join(
                getattr(FIELD_WORDS[name], language)
                + (
                    f"{colon}{show_value(name, from_plain(name, former[name]), language)} → "
                    f"{show_value(name, from_plain(name, event.changes[name]), language)}"
                    if name in former
                    else ""
                )
                for name in changed
            )
        )
    if event.note:
        phrases.append(note_words(event, reasons or {}, language))
    if (recorded_at := recorded_apart(event)) is not None:
        at = show_value("recorded_at", recorded_at, language)
        phrases.append(f"登记于 {at}" if language == "zh" else f"recorded {at}")
    return phrases


def trust_words(photo: Photo, language: Language) -> list[str]:
    """Say in a few phrases how far a photo can be trusted, why, from where it was taken, and where else it was handed in.

    Parameters
    ----------
    photo
        Photo of a case.
    language
        Language of the words.
    """
    zh = language == "zh"
    phrases = [f"{'可信度：' if zh else 'trust: '}{show_word('trust', photo.trust, language)}"]
    phrases += [show_word("trust_reason", reason, language) for reason in photo.reasons]
    if (distance := photo.facts.get("distance_m")) is not None:
        phrases.append(f"距图斑 {distance:,.0f} m" if zh else f"{distance:,.0f} m from the spot")
    if same := photo.facts.get("same_as"):
        phrases.append(f"{'另见案件 ' if zh else 'also in case '}{', '.join(same)}")
    return phrases
