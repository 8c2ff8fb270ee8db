"""Check cards (图斑核查表): one A4 page for each spot, to take along and to fill in by hand."""

import io
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
import pandas as pd
import segno
from PIL import Image

from rs_governance.grids.gcj02 import wgs84_to_gcj02
from rs_governance.publish.issue import MonthlyIssue
from rs_governance.publish.output_folder import writing
from rs_governance.publish.pictures.imagery import Imagery
from rs_governance.publish.report.chips import Language
from rs_governance.publish.report.maps import LocationMaps
from rs_governance.publish.report.typesetting import Typesetter
from rs_governance.publish.style import SEVERITY_MARK, SEVERITY_RGB
from rs_governance.publish.titles import titles_of
from rs_governance.rules import Severity, Word
from rs_governance.rules.amounts import in_m2, in_mu
from rs_governance.rules.decisions import say_unfound

DEFAULT_DAYS: Mapping[Severity, int] = {"red": 7, "yellow": 15, "green": 20}
"""Working days within which a spot is verified once its task was accepted."""

_QR_SCALE = 6
_QR_BORDER = 2


def write_cards(
    issue: MonthlyIssue,
    imagery: Imagery,
    chips: Mapping[str, Path],
    folder: Path,
    *,
    days: Mapping[Severity, int] = DEFAULT_DAYS,
    lang: Language = "zh",
) -> dict[str, Path]:
    """Write the check card of every spot as `<spot number>.pdf`.

    Parameters
    ----------
    issue
        Published month.
    imagery
        Images of the issue, for the maps.
    chips
        Chip of every spot, as `chips.write_chips` returns them.
    folder
        Where to write; it is made.
    days
        Working days for the verification, by severity.
    lang
        Language of the words.

    Returns
    -------
    dict
        Spot number to file, in the order of the spots.

    Raises
    ------
    OutputFailed
        When a page cannot be set or a file cannot be written.
    """
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
    maps = LocationMaps(issue, imagery)
    files = {}
    titles = {source.name: getattr(source, f"title_{lang}") for source in issue.sources}
    with Typesetter("card.typ") as pages:
        for _, spot in issue.spots.iterrows():
            number = spot["spot_no"]
            lon, lat = (float(part) for part in wgs84_to_gcj02(spot["lon"], spot["lat"]))
            data = _data(issue, spot, titles, (lon, lat), days[spot["severity"]], lang)
            data["chip"] = pages.add_picture("chip.jpg", for_print(Image.open(chips[number])))
            data["location"] = pages.add_picture("location.jpg", for_print(maps.draw(spot)))
            data["qr"]["file"] = pages.add_picture("qr.png", qr_png(navigation_link(lon, lat, number)))
            path = files[number] = folder / f"{number}.pdf"
            content = pages.pdf(data)
            with writing(path):
                path.write_bytes(content)
    return files


def for_print(picture: Image.Image) -> bytes:
    """Return a picture as JPEG, which goes into a PDF as it is; a PNG would be packed again, larger and slowly."""
    file = io.BytesIO()
    picture.convert("RGB").save(file, "JPEG", quality=85, subsampling="4:2:2")
    return file.getvalue()


def navigation_link(lon: float, lat: float, name: str) -> str:
    """Return a link that opens a phone's map at a place.

    Parameters
    ----------
    lon, lat
        Place in GCJ-02.
    name
        What the map calls it.

    Examples
    --------
    >>> navigation_link(108.5, 22.7, "450108-202610-0001")
    'https://uri.amap.com/marker?position=108.500000,22.700000&name=450108-202610-0001&coordinate=gaode&callnative=1'
    """
    return f"https://uri.amap.com/marker?position={lon:.6f},{lat:.6f}&name={quote(name)}&coordinate=gaode&callnative=1"


def qr_png(link: str) -> bytes:
    """Return a QR code of one bit a pixel; any mask can be read, trying all eight takes nearly as long as the page."""
    rows = [bytes(row) for row in segno.make_qr(link, error="m", mask=2).matrix]
    dark = np.array([list(row) for row in rows], np.uint8) > 0
    dark = np.pad(dark, _QR_BORDER).repeat(_QR_SCALE, axis=0).repeat(_QR_SCALE, axis=1)
    file = io.BytesIO()
    Image.fromarray(~dark).save(file, "PNG")
    return file.getvalue()


def _data(
    issue: MonthlyIssue,
    spot: "pd.Series[Any]",
    titles: Mapping[str, str],
    navigation: tuple[float, float],
    days: int,
    lang: Language,
) -> dict[str, Any]:
    """Return all words and numbers of a card but the pictures' files."""
    words = CARD_WORDS[lang]
    district = issue.district_name if lang == "zh" else issue.district_name_en or issue.district_code
    severity = spot["severity"]
    red, green, blue = SEVERITY_RGB[severity]
    return {
        "title": words["title"],
        "author": words["author"].format(district=district),
        "number": spot["spot_no"],
        "subtitle": words["subtitle"].format(district=district, issue=issue.issue),
        "severity": {
            "word": getattr(titles_of("severity", severity), lang),
            "colour": f"#{red:02x}{green:02x}{blue:02x}",
            "mark": SEVERITY_MARK[severity],
        },
        "kind": getattr(titles_of("kind", spot["kind"]), lang),
        "rows": _rows(spot, say_unfound(issue.decisions[spot["spot_no"]]), titles, days, lang),
        "sections": words["sections"],
        "location-note": words["location_note"].format(town=_text(spot["town_name"])),
        "reason": spot[f"reason_{lang}"],
        "caution": words["caution"],
        "form": words["form"],
        "qr": {"lines": [words["scan"], f"{navigation[0]:.6f}", f"{navigation[1]:.6f}", "GCJ-02"]},
        "footer": {
            "left": words["footer"].format(number=spot["spot_no"], rule=spot["rule"]),
            "right": words["images"].format(before=spot["before_image"], after=spot["after_image"]),
        },
    }


def _rows(
    spot: "pd.Series[Any]", unfound: Word, titles: Mapping[str, str], days: int, lang: Language
) -> list[list[str]]:
    words = CARD_WORDS[lang]
    label = words["labels"]

    def word(name: str) -> str:
        text: str = getattr(titles_of(name, None if pd.isna(spot[name]) else spot[name]), lang)
        return text

    register = None if pd.isna(spot["permit_register"]) else str(spot["permit_register"])
    permit = getattr(unfound, lang)
    if register is not None:
        share = (
            "" if pd.isna(spot["permit_share"]) else words["covered"].format(share=_floor_percent(spot["permit_share"]))
        )
        permit = f"{titles.get(register, register)} {_text(spot['permit_number'])}{share}"
    kind = word("kind") + ("" if pd.isna(spot["stage"]) else words["stage"].format(stage=word("stage")))
    return [
        [
            label["unit"],
            _joined([spot["town_name"], spot["village_name"]]),
            label["cell"],
            _joined([spot["cell_code"], spot["keeper"]]),
        ],
        [label["kind"], kind, label["theme"], word("theme")],
        [
            label["before"],
            _observed(spot, "before", words["unknown"]),
            label["after"],
            _observed(spot, "after", words["unknown"]),
        ],
        [label["area"], _area(spot["area_m2"], lang), label["land"], _joined([spot["land_label"], spot["land_code"]])],
        [label["cropland"], _area(spot["cropland_m2"], lang), label["basic"], _area(spot["basic_cropland_m2"], lang)],
        [label["protected"], _area(spot["protected_m2"], lang), label["boundary"], word("built_up_boundary")],
        [label["permit"], permit],
        [label["department"], word("department"), label["deadline"], words["days"].format(days=days)],
        [label["place"], words["lonlat"].format(lon=spot["lon"], lat=spot["lat"]), label["basis"], word("basis")],
    ]


def _text(value: Any) -> str:
    return "—" if value is None or pd.isna(value) or value == "" else str(value)


def _joined(values: Sequence[Any]) -> str:
    return " · ".join(_text(value) for value in values if _text(value) != "—") or "—"


def _observed(spot: "pd.Series[Any]", side: str, unknown: str) -> str:
    day: date | None = spot[f"{side}_on"]
    return f"{unknown if day is None or pd.isna(day) else f'{day:%Y-%m-%d}'} · {spot[f'{side}_image']}"


def _area(area_m2: float, lang: Language) -> str:
    if pd.isna(area_m2):
        return {"zh": "无该图层", "en": "no such layer"}[lang]
    unit = {"zh": "{} 平方米（{} 亩）", "en": "{} m² ({} mu)"}[lang]
    return unit.format(in_m2(area_m2), in_mu(area_m2))


def _floor_percent(share: float) -> str:
    """Return a share so that less than everything never reads 100."""
    return "100" if share >= 1 else f"{np.floor(share * 1000) / 10:.1f}"


CARD_WORDS: Mapping[Language, Mapping[str, Any]] = {
    "zh": {
        "title": "图斑核查表",
        "author": "{district}",
        "subtitle": "{district} · {issue} 期 · 卫星遥感疑似变化图斑",
        "sections": {
            "facts": "基本信息",
            "pictures": "前后时相对比与位置",
            "reason": "疑似依据",
            "form": "外业核查（手工填写）",
        },
        "labels": {
            "unit": "所在地",
            "cell": "网格 · 网格员",
            "kind": "变化类型",
            "theme": "专题",
            "before": "前时相影像",
            "after": "后时相影像",
            "area": "图斑面积",
            "land": "现状地类",
            "cropland": "其中耕地",
            "basic": "永久基本农田",
            "protected": "保护区面积",
            "boundary": "城镇开发边界",
            "permit": "已有手续",
            "department": "责任部门",
            "deadline": "核查时限",
            "place": "中心点 WGS84",
            "basis": "对比方式",
        },
        "covered": "（覆盖 {share}%）",
        "stage": "（阶段：{stage}）",
        "unknown": "日期不详",
        "days": "接收任务后 {days} 个工作日内",
        "lonlat": "{lon:.6f}°E，{lat:.6f}°N",
        "location_note": "图斑在{town}的位置",
        "caution": "本表所列为卫星遥感发现的疑似线索，不作为处罚依据，以实地核查为准。",
        "scan": "扫码导航",
        "footer": "图斑 {number} · 定级规则 {rule}",
        "images": "影像 {before} → {after}",
        "form": {
            "verdict": {
                "label": "核查结论",
                "choices": ["合法新增建设用地", "其他用地", "违法用地", "伪变化"],
                "other": "说明：",
            },
            "progress": {
                "label": "现场状态",
                "choices": ["在建", "已建成", "已停工", "已拆除", "已复垦复绿", "无法到达"],
            },
            "use": "实际用途",
            "party": "用地单位（人）",
            "permit": "手续文号",
            "photos": "照片编号",
            "note": "现场说明",
            "inspector": "核查员签名",
            "reviewer": "复核人签名",
            "date": "日期",
            "date-blank": "　　　　年　　月　　日",
        },
    },
    "en": {
        "title": "Check card",
        "author": "{district}",
        "subtitle": "{district} · issue {issue} · suspected change seen by satellite",
        "sections": {
            "facts": "Facts",
            "pictures": "Before, after and place",
            "reason": "Why it is suspected",
            "form": "On the ground (fill in by hand)",
        },
        "labels": {
            "unit": "Place",
            "cell": "Cell · keeper",
            "kind": "Kind",
            "theme": "Theme",
            "before": "Before",
            "after": "After",
            "area": "Area",
            "land": "Land use",
            "cropland": "Cropland",
            "basic": "Basic cropland",
            "protected": "Protected",
            "boundary": "Urban boundary",
            "permit": "Permit",
            "department": "Department",
            "deadline": "Verify within",
            "place": "WGS84",
            "basis": "Compared",
        },
        "covered": " ({share}% covered)",
        "stage": " (stage: {stage})",
        "unknown": "date unknown",
        "days": "{days} working days after acceptance",
        "lonlat": "{lon:.6f}°E, {lat:.6f}°N",
        "location_note": "Where it lies in {town}",
        "caution": "A suspicion raised by satellite, no ground for a penalty: what is found on the ground counts.",
        "scan": "Navigate",
        "footer": "Spot {number} · rule {rule}",
        "images": "Images {before} → {after}",
        "form": {
            "verdict": {
                "label": "Verdict",
                "choices": ["lawful new construction", "other land", "illegal", "false change"],
                "other": "because ",
            },
            "progress": {
                "label": "State",
                "choices": ["under way", "finished", "stopped", "removed", "restored", "out of reach"],
            },
            "use": "Actual use",
            "party": "Land user",
            "permit": "Approval no.",
            "photos": "Photos",
            "note": "Notes",
            "inspector": "Inspector",
            "reviewer": "Reviewer",
            "date": "Date",
            "date-blank": "",
        },
    },
}
"""Words of a card by language: titles, labels, the form to fill in by hand."""
