"""The form: one HTML file that shows the tasks and takes the answers, with no network and no library."""

import base64
import hashlib
import html
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from string import Template
from typing import Any

import numpy as np
import shapely

from rs_governance.cases import RESOLUTIONS, STATES, VERDICTS
from rs_governance.field.assignments import FieldTask
from rs_governance.field.describing import facts_of_task, geo_link, navigation_of, place_of, reason_of
from rs_governance.field.ground import Bounds
from rs_governance.field.handout import Handout, Order
from rs_governance.field.questions import Question
from rs_governance.field.sheet import OFFERED_VERDICTS
from rs_governance.publish.report.cards import navigation_link
from rs_governance.publish.titles import titles_of

TEMPLATES = Path(__file__).with_name("form")
"""Folder of the form's page, style and scripts."""

_SCRIPTS = ("words", "sha256", "keeping", "places", "map", "slider", "list", "photos", "spot", "returning", "main")


@dataclass(frozen=True, kw_only=True)
class FormPair:
    """A place before and after, with watermark."""

    before: bytes
    """Earlier picture as JPEG."""
    after: bytes
    """Later picture as JPEG, of the same size and place."""
    bounds: Bounds
    """What they show."""
    width: int
    """Width in pixels."""
    outlined: bool
    """True where the outline is in the pictures already."""


@dataclass(frozen=True, kw_only=True)
class MapPicture:
    """A picture of the map, with watermark."""

    content: bytes
    """JPEG."""
    bounds: Bounds
    """What it shows."""
    width: int
    """Width in pixels."""


@dataclass(frozen=True, kw_only=True)
class FormPictures:
    """Pictures of a form."""

    pairs: Mapping[str, FormPair]
    """Before and after by the case's number; a task may lack them."""
    map: Sequence[MapPicture]
    """Pictures of the map."""


def make_form(
    handout: Handout,
    tasks: Sequence[FieldTask],
    outlines: Mapping[str, shapely.Geometry],
    questions: Sequence[Question],
    pictures: FormPictures,
    *,
    orders: Mapping[str, Order],
) -> str:
    """Put the form together.

    Parameters
    ----------
    handout
        For whom, until when.
    tasks
        What is to be looked at.
    outlines
        Outlines in WGS 84 by the case's number.
    questions
        What is asked.
    pictures
        Pictures of the tasks and of the map.
    orders
        Order of the visits by the case's number; empty without a plan.

    Returns
    -------
    str
        HTML; its scripts and styles are allowed by their digest, everything else is forbidden by a policy in it.
    """
    data = {
        "export": dict(handout.facts),
        "cases": [_case(task, outlines[task.number], pictures, orders.get(task.number)) for task in tasks],
        "questions": [_question(question) for question in questions],
        "verdicts": [{"code": code, **VERDICTS[code]._asdict()} for code in OFFERED_VERDICTS],  # type: ignore[index]
        "resolutions": [
            {
                "code": code,
                "zh": outcome.zh,
                "en": outcome.en,
                "meaning": {"zh": outcome.meaning_zh, "en": outcome.meaning_en},
                "verdict": outcome.verdict,
            }
            for code, outcome in RESOLUTIONS.items()
        ],
        "map": {
            "pictures": [
                {"url": _data_url(each.content), "bounds": _rounded(each.bounds), "width": each.width}
                for each in pictures.map
            ],
            "route": [
                [task.lon, task.lat]
                for task in sorted(
                    (task for task in tasks if task.number in orders), key=lambda task: orders[task.number].place
                )
            ],
        },
    }
    script, style = _script(), (TEMPLATES / "page.css").read_text(encoding="utf-8")
    policy = (
        f"default-src 'none'; script-src '{_digest(script)}'; style-src '{_digest(style)}'; img-src data: blob:; "
        "connect-src 'none'; base-uri 'none'; form-action 'none'; object-src 'none'"
    )
    return Template((TEMPLATES / "page.html").read_text(encoding="utf-8")).substitute(
        policy=policy, title=html.escape(f"外业核查 {handout.number}"), style=style, script=script, data=_inert(data)
    )


@cache
def _script() -> str:
    parts = [(TEMPLATES / f"{name}.js").read_text(encoding="utf-8") for name in _SCRIPTS]
    return '(() => {\n"use strict";\n' + "".join(parts) + "})();\n"


def _digest(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def _inert(data: Mapping[str, Any]) -> str:
    """Write data as JSON that cannot end the element that it stands in."""
    text = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _data_url(content: bytes) -> str:
    return f"data:image/jpeg;base64,{base64.b64encode(content).decode()}"


def _rounded(bounds: Sequence[float]) -> list[float]:
    return [round(float(edge), 2) for edge in bounds]


def _case(task: FieldTask, outline: shapely.Geometry, pictures: FormPictures, order: Order | None) -> dict[str, Any]:
    pair = None
    if task.number in pictures.pairs:
        placed = pictures.pairs[task.number]
        pair = {
            "before": _data_url(placed.before),
            "after": _data_url(placed.after),
            "bounds": _rounded(placed.bounds),
            "width": placed.width,
            "outlined": placed.outlined,
            "before_on": str(task.spot.get("before_on") or "")[:10],
            "after_on": str(task.spot.get("after_on") or "")[:10],
        }
    alerts = []
    if (word := task.return_words) is not None:
        alerts.append({"zh": f"上次举证被退回：{word.zh}", "en": f"Sent back: {word.en}"})
    return {
        "number": task.number,
        "version": task.version,
        "severity": task.severity,
        "theme": task.theme,
        "words": {
            "kind": titles_of("kind", task.kind)._asdict(),
            "theme": titles_of("theme", task.theme)._asdict(),
            "severity": titles_of("severity", task.severity)._asdict(),
            "state": STATES[task.state]._asdict(),  # type: ignore[index]
        },
        "place": place_of(task),
        "area": f"{task.area_m2:,.0f} m²",
        "due_on": None if task.due_on is None else task.due_on.isoformat(),
        "lon": round(task.lon, 7),
        "lat": round(task.lat, 7),
        "rings": [np.round(shapely.get_coordinates(ring), 7).tolist() for ring in _rings(outline)],
        "amap": navigation_link(*navigation_of(task), task.number),
        "geo": geo_link(task),
        "facts": [{"label": fact.label._asdict(), "value": fact.value._asdict()} for fact in facts_of_task(task)],
        "reason": reason_of(task)._asdict(),
        "alerts": alerts,
        "order": None if order is None else order.place,
        "audit": order is not None and order.audit,
        "pair": pair,
    }


def _rings(outline: shapely.Geometry) -> list[shapely.Geometry]:
    return [ring for polygon in shapely.get_parts(outline) for ring in (polygon.exterior, *polygon.interiors)]


def _question(question: Question) -> dict[str, Any]:
    return {
        "id": question.id,
        "zh": question.zh,
        "en": question.en,
        "type": question.type,
        "themes": list(question.themes),
        "required": question.required,
        "choices": [{"code": code, "zh": word.zh, "en": word.en} for code, word in question.choices],
    }
