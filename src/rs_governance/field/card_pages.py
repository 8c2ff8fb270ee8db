"""Check cards of a package (图斑核查表): one A4 page a task, for those who prefer paper."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from PIL import Image

from rs_governance.cases import STATES
from rs_governance.field.assignments import FieldTask
from rs_governance.field.describing import area_words, file_stem, navigation_of, place_of, reason_of
from rs_governance.field.handout import Handout
from rs_governance.field.questions import Question
from rs_governance.publish.output_folder import writing
from rs_governance.publish.report.cards import CARD_WORDS, for_print, navigation_link, qr_png
from rs_governance.publish.report.typesetting import Typesetter
from rs_governance.publish.style import SEVERITY_MARK, SEVERITY_RGB
from rs_governance.publish.titles import titles_of


def write_card_pages(
    tasks: Sequence[FieldTask],
    folder: Path,
    *,
    handout: Handout,
    chips: Mapping[str, bytes],
    locate: Callable[[FieldTask], Image.Image],
    questions: Sequence[Question],
) -> None:
    """Write the check card of every task as `<number>.pdf`.

    Parameters
    ----------
    tasks
        The tasks.
    folder
        Where to write; it is made.
    handout
        For whom, until when.
    chips
        Before and after as JPEG with watermark, by the case's number.
    locate
        Draws where a task lies, with watermark.
    questions
        What is asked: the boxes for the state of the work are those of the form.

    Raises
    ------
    OutputFailed
        When a page cannot be set or a file cannot be written.
    """
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
    with Typesetter("card.typ") as pages:
        for task in tasks:
            data = _data(task, handout, questions)
            data["chip"] = pages.add_picture("chip.jpg", chips[task.number])
            data["location"] = pages.add_picture("location.jpg", for_print(locate(task)))
            data["qr"]["file"] = pages.add_picture("qr.png", qr_png(navigation_link(*navigation_of(task), task.number)))
            path = folder / f"{file_stem(task.number)}.pdf"
            content = pages.pdf(data)
            with writing(path):
                path.write_bytes(content)


def _data(task: FieldTask, handout: Handout, questions: Sequence[Question]) -> dict[str, Any]:
    words = CARD_WORDS["zh"]
    red, green, blue = SEVERITY_RGB[task.severity]
    lon, lat = navigation_of(task)
    issue = "—" if task.issue is None else task.issue
    return {
        "title": words["title"],
        "author": handout.district,
        "number": task.number,
        "subtitle": f"{handout.district} · 任务包 {handout.number} · {handout.receiver.name}",
        "severity": {
            "word": titles_of("severity", task.severity).zh,
            "mark": SEVERITY_MARK[task.severity],
            "colour": f"#{red:02x}{green:02x}{blue:02x}",
        },
        "kind": titles_of("kind", task.kind).zh,
        "rows": _rows(task, words["labels"]),
        "sections": words["sections"],
        "location-note": words["location_note"].format(town=task.town_name or task.town_code),
        "reason": reason_of(task).zh,
        "caution": words["caution"],
        "form": words["form"] | _progress(questions),
        "qr": {"lines": [words["scan"], f"{lon:.6f}", f"{lat:.6f}", "GCJ-02"]},
        "footer": {
            "left": f"案件 {task.number} · 版本 {task.version} · 期号 {issue}",
            "right": f"有效期至 {handout.expires_on.isoformat()}",
        },
    }


def _progress(questions: Sequence[Question]) -> dict[str, Any]:
    """Return the boxes for the state of the work; the card's own where nobody asks for it."""
    asked = next((each for each in questions if each.id == "progress"), None)
    if asked is None:
        return {}
    return {"progress": {"label": asked.zh, "choices": [word.zh for _, word in asked.choices]}}


def _rows(task: FieldTask, label: Mapping[str, str]) -> list[list[str]]:
    spot = task.spot
    sent_back = [] if task.return_words is None else [["上次退回", f"举证被退回：{task.return_words.zh}"]]
    return [
        *sent_back,
        [label["unit"], place_of(task) or "—", label["cell"], _joined(task.cell_code, task.keeper)],
        [label["kind"], titles_of("kind", task.kind).zh, label["theme"], titles_of("theme", task.theme).zh],
        [label["before"], _observed(task, "before"), label["after"], _observed(task, "after")],
        [
            label["area"],
            area_words(task.area_m2).zh,
            label["land"],
            _joined(spot.get("land_label"), spot.get("land_code")),
        ],
        [label["cropland"], area_words(task.cropland_m2).zh, label["basic"], area_words(task.basic_cropland_m2).zh],
        [label["protected"], area_words(task.protected_m2).zh, "办理状态", STATES[task.state].zh],  # type: ignore[index]
        [label["permit"], task.permit_number or "—"],
        [
            label["department"],
            titles_of("department", task.department).zh,
            "办理期限",
            "—" if task.due_on is None else task.due_on.isoformat(),
        ],
        [label["place"], f"{task.lon:.6f}°E，{task.lat:.6f}°N"],
    ]


def _joined(*parts: str | None) -> str:
    return " · ".join(part for part in parts if part) or "—"


def _observed(task: FieldTask, side: str) -> str:
    return _joined(str(task.spot.get(f"{side}_on") or "")[:10], task.spot.get(f"{side}_image"))
