"""The case sheet as one web page that needs nothing else: no network, no scripts, pictures inside."""

import base64
import io
import warnings
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from pathlib import Path

import pyproj
import shapely
from PIL import Image, ImageOps

from rs_governance.cases.life.asking import CHINA
from rs_governance.cases.months.recheck import OUTLOOKS
from rs_governance.cases.shown.brought import Asked, brought_lines
from rs_governance.cases.shown.machine_notes import note_words
from rs_governance.cases.shown.sheet import Difference, Picture, Sheet
from rs_governance.cases.shown.showing import (
    FIELD_WORDS,
    Language,
    event_words,
    show_code,
    show_value,
    show_word,
    trust_words,
)
from rs_governance.db import Event, Store, find_evidence
from rs_governance.errors import StoreInvalid

_STYLE = Path(__file__).with_name("sheet.css")
_PICTURES = (".jpg", ".jpeg", ".png", ".webp")
_MOST_PX = 1000

_FACTS = (
    ("resolution", "measure", "step", "pending", "holder", "assignee", "due_on", "warned", "extended", "entered_at"),
    ("channel", "theme", "kind", "suspicion", "department", "relation", "recurrence", "first_seen_on", "last_seen_on",
     "first_issue", "last_issue"),
    ("district_code", "town_code", "village_code", "cell_code", "lon", "lat", "area_m2", "cropland_m2",
     "basic_cropland_m2", "protected_m2", "permit_number", "parents", "merged_into"),
)  # fmt: skip


def sheet_page(
    sheet: Sheet,
    store: Store,
    *,
    issues: Path | None,
    language: Language,
    questions: Mapping[str, Asked] | None = None,
    rechecks: Sequence[Picture] = (),
) -> str:
    """Set a case sheet as a web page.

    Parameters
    ----------
    sheet
        What there is about the case.
    store
        The store, for the originals of the photos.
    issues
        Folder of the published issues, for the pictures before and after; None leaves them out.
    language
        Language of the words.
    questions
        What is asked on the ground, by identifier; without it answers are shown as they came.
    rechecks
        Pictures of the rechecks that have no spot of their own.
    """
    case = sheet.case
    number = escape(case["number"])
    title = f"{_say('案件单', 'Case sheet', language)} {number}"
    heads = "".join(
        f'<div class="head {escape(str(case[name]))}"><span>{_field(name, language)}</span><b>{_value(sheet, name, language)}</b></div>'
        for name in ("state", "verdict", "severity")
    )
    tables = "".join(f'<dl class="facts">{_facts(sheet, names, language)}</dl>' for names in _FACTS)
    sections = [
        _section(
            _say("系统建议，待人决定", "Proposed by the machine, for people to decide", language),
            _proposals(sheet, language),
        ),
        _section(_say("机器与人工的差异", "Machine and person", language), _differences(sheet, language)),
        _section(_say("前后对比", "Before and after", language), _chips(sheet, issues, rechecks, language)),
        _section(_say("现场照片与证据", "Photos and evidence", language), _photos(sheet, store, language)),
        _section(_say("来自其他渠道", "From elsewhere", language), _clues(sheet, language)),
        _section(_say("办理过程", "What was done", language), _timeline(sheet, store.crs, questions or {}, language)),
    ]
    note = _say(
        "系统只提示线索，认定由人作出。", "The system only points to clues; what a case is, people decide.", language
    )
    return f"""\
<!DOCTYPE html>
<html lang="{"zh-CN" if language == "zh" else "en"}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
{_STYLE.read_text(encoding="utf-8")}</style>
</head>
<body>
<header><h1>{title}</h1><div class="heads">{heads}</div></header>
<main>
<div class="columns">{tables}</div>
{"".join(sections)}</main>
<footer>{note}</footer>
</body>
</html>
"""


def _say(zh: str, en: str, language: Language) -> str:
    return zh if language == "zh" else en


def _field(name: str, language: Language) -> str:
    return escape(getattr(FIELD_WORDS[name], language))


def _value(sheet: Sheet, name: str, language: Language) -> str:
    value = sheet.case[name]
    return escape(show_value(name, value, language, sheet.names)) + _small(show_code(name, value, sheet.names))


def _small(code: str) -> str:
    return f" <small>{escape(code)}</small>" if code else ""


def _facts(sheet: Sheet, names: Iterable[str], language: Language) -> str:
    return "".join(f"<dt>{_field(name, language)}</dt><dd>{_value(sheet, name, language)}</dd>" for name in names)


def _section(title: str, content: str) -> str:
    return f"<section><h2>{title}</h2>\n{content}</section>\n" if content else ""


def _proposals(sheet: Sheet, language: Language) -> str:
    items = "".join(
        f"<li>{each.at.astimezone(CHINA):%Y-%m-%d} {escape(note_words(each, sheet.reasons, language))}</li>\n"
        for each in sheet.proposals
    )
    return f"<ul>{items}</ul>" if items else ""


def _differences(sheet: Sheet, language: Language) -> str:
    if not sheet.differences:
        return ""
    heads = "".join(
        f"<th>{word}</th>"
        for word in (
            _say("字段", "field", language),
            _say("机器", "machine", language),
            _say("人工", "person", language),
        )
    )
    rows = "".join(
        f"<tr><td>{_field(each.field, language)}</td><td>{escape(show_value(each.field, each.machine, language))}</td>"
        f"<td>{escape(show_value(each.field, each.person, language))}</td></tr>\n"
        for each in sheet.differences
    )
    drawn = "".join(_outlines(each, language) for each in sheet.differences if each.field == "outline")
    return f"<table><thead><tr>{heads}</tr></thead><tbody>\n{rows}</tbody></table>{drawn}"


def _outlines(difference: Difference, language: Language) -> str:
    both = shapely.union_all([difference.machine, difference.person])
    xmin, ymin, xmax, ymax = both.bounds
    margin = 0.08 * max(xmax - xmin, ymax - ymin)
    width, height = xmax - xmin + 2 * margin, ymax - ymin + 2 * margin
    # Metres from the north-west corner: north is up on a page whose y grows downwards.
    paths = "".join(
        f'<path class="{who}" d="{_path(outline, xmin - margin, ymax + margin)}"/>'
        for who, outline in (("machine", difference.machine), ("person", difference.person))
    )
    caption = _say("虚线：机器；实线：人工。北在上。", "Dashed: machine; solid: person. North is up.", language)
    return (
        f'<figure class="drawn"><svg viewBox="0 0 {width:.2f} {height:.2f}" role="img" aria-label="{caption}">{paths}</svg>'
        f"<figcaption>{caption}</figcaption></figure>"
    )


def _path(outline: shapely.Geometry, west: float, north: float) -> str:
    rings = [ring for polygon in shapely.get_parts(outline) for ring in shapely.get_rings(polygon)]
    return " ".join(
        "M" + " L".join(f"{x - west:.2f},{north - y:.2f}" for x, y in shapely.get_coordinates(ring)) + " Z"
        for ring in rings
    )


def _chips(sheet: Sheet, issues: Path | None, rechecks: Sequence[Picture], language: Language) -> str:
    figures: list[tuple[str, str]] = []
    for finding in sheet.findings:
        file = None if issues is None else issues / finding.issue / "chips" / f"{finding.spot_no}.png"
        caption = f"{finding.issue} · {finding.spot_no} · {finding.before_on} → {finding.after_on} · {finding.area_m2:,.0f} m²"
        if finding.relation:
            caption += f" · {show_word('relation', finding.relation, language)}"
        picture = "" if file is None or not file.is_file() else _image("image/png", file.read_bytes(), caption)
        figures.append((finding.issue, f"<figure>{picture}<figcaption>{escape(caption)}</figcaption></figure>"))
    for each in rechecks:
        outlook = getattr(OUTLOOKS[each.outlook], language)
        caption = f"{each.issue} · {_say('复查', 'recheck', language)} · {each.before_on} → {each.after_on} · {outlook}"
        picture = _image("image/jpeg", each.content, caption)
        figures.append((each.issue, f"<figure>{picture}<figcaption>{escape(caption)}</figcaption></figure>"))
    in_order = "".join(figure for _, figure in sorted(figures, key=lambda each: each[0]))
    return f'<div class="chips">{in_order}</div>' if figures else ""


def _photos(sheet: Sheet, store: Store, language: Language) -> str:
    described = {photo.sha256: photo for photo in sheet.photos}
    named = dict.fromkeys(sha256 for event in sheet.events for sha256 in event.evidence)
    figures = []
    for sha256 in [*described, *(name for name in named if name not in described)]:
        photo = described.get(sha256)
        lines = [f"{sha256[:12]}…"]
        if photo is not None:
            taken = "-" if photo.taken_at is None else f"{photo.taken_at.astimezone(CHINA):%Y-%m-%d %H:%M}"
            lines = [photo.name, taken, *trust_words(photo, language), photo.note, *lines]
        caption = escape(" · ".join(filter(None, lines)))
        figures.append(f"<figure>{_photo(store, sha256, language)}<figcaption>{caption}</figcaption></figure>")
    return f'<div class="photos">{"".join(figures)}</div>' if figures else ""


def _photo(store: Store, sha256: str, language: Language) -> str:
    try:
        file = find_evidence(store, sha256)
    except StoreInvalid:
        return f'<p class="missing">{_say("原件缺失", "the original is missing", language)}</p>'
    if file.suffix not in _PICTURES:
        return f'<p class="missing">{_say("文件", "file", language)} {escape(file.suffix or "-")}</p>'
    try:
        with warnings.catch_warnings():
            # What unpacks to more pixels than a camera has is no photo.
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(file) as opened:
                opened.draft("RGB", (_MOST_PX, _MOST_PX))
                picture = ImageOps.exif_transpose(opened).convert("RGB")
        picture.thumbnail((_MOST_PX, _MOST_PX))
        buffer = io.BytesIO()
        picture.save(buffer, "JPEG", quality=82)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombWarning, Image.DecompressionBombError):
        return f'<p class="missing">{_say("无法显示", "cannot be shown", language)}</p>'
    return _image("image/jpeg", buffer.getvalue(), sha256[:12])


def _image(media_type: str, content: bytes, alt: str) -> str:
    data = base64.b64encode(content).decode("ascii")
    return f'<img alt="{escape(alt)}" src="data:{media_type};base64,{data}">'


def _clues(sheet: Sheet, language: Language) -> str:
    items = "".join(
        f"<li>{escape(show_word('channel', clue.channel, language))} {escape(clue.number)} · {clue.reported_on}<br>"
        f"{escape(clue.content)}</li>\n"
        for clue in sheet.clues
    )
    return f"<ul>{items}</ul>" if items else ""


def _timeline(sheet: Sheet, crs: pyproj.CRS, questions: Mapping[str, Asked], language: Language) -> str:
    events = "".join(_event(sheet, event, crs, questions, language) for event in sheet.events)
    return f'<ol class="timeline">{events}</ol>'


def _event(sheet: Sheet, event: Event, crs: pyproj.CRS, questions: Mapping[str, Asked], language: Language) -> str:
    who = [escape(show_word("role", event.role, language))]
    if event.role != "system":
        named = escape(show_value("actor", event.actor, language, sheet.names))
        who.insert(0, named + _small(show_code("actor", event.actor, sheet.names)))
    moved = ""
    if event.from_state != event.to_state:
        former = "" if event.from_state is None else show_word("state", event.from_state, language) + " → "
        moved = f'<span class="moved">{escape(former + show_word("state", event.to_state, language))}</span>'
    lines = event_words(event, language, sheet.names, sheet.reasons)
    if event.evidence:
        count = len(event.evidence)
        lines.append(_say(f"证据 {count} 件", f"evidence: {count}", language))
    text = "".join(f"<p>{escape(line)}</p>" for line in lines if line)
    brought = brought_lines(event, sheet, questions, crs=crs, language=language)
    if brought:
        rows = "".join(f"<dt>{escape(line.label)}</dt><dd>{escape(line.text)}</dd>" for line in brought)
        text += f'<dl class="brought">{rows}</dl>'
    return (
        f"<li><time>{event.at.astimezone(CHINA):%Y-%m-%d %H:%M}</time>"
        f"<b>{escape(show_word('action', event.action, language))}</b>{moved}"
        f'<span class="who">{" · ".join(who)}</span>{text}</li>\n'
    )
