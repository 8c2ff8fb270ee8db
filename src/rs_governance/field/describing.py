"""What is said of a task, in the words of both languages."""

import hashlib
import re
from collections.abc import Sequence
from typing import NamedTuple
from urllib.parse import quote

from rs_governance.cases import CHANNELS, STATES
from rs_governance.field.assignments import FieldTask
from rs_governance.grids.gcj02 import wgs84_to_gcj02
from rs_governance.publish.titles import titles_of
from rs_governance.rules import Word
from rs_governance.rules.amounts import in_m2, in_mu


class Fact(NamedTuple):
    """Something known of a task."""

    label: Word
    value: Word


def file_stem(number: str) -> str:
    """Make a name of a file from a case's number, whatever somebody numbered it.

    Parameters
    ----------
    number
        Number of a case; those of clues come from elsewhere.

    Examples
    --------
    >>> file_stem("450108-202610-0001"), file_stem("../12345/7")
    ('450108-202610-0001', '12345_7-5e7ef407')
    """
    safe = re.sub(r"[^\w-]+", "_", number).strip("_") or "case"
    if safe == number:
        return number
    return f"{safe[:80]}-{hashlib.sha256(number.encode()).hexdigest()[:8]}"


def place_of(task: FieldTask) -> str:
    """Say where a task lies: town and village by name, their codes where nobody named them.

    Parameters
    ----------
    task
        The task.
    """
    return " ".join([task.town_name or task.town_code, task.village_name or task.village_code]).strip()


def area_words(area_m2: float) -> Word:
    """Write an area in square metres and mu.

    Examples
    --------
    >>> area_words(1000.0).zh
    '1,000 平方米（1.50 亩）'
    """
    m2, mu = in_m2(area_m2), in_mu(area_m2)
    return Word(f"{m2} 平方米（{mu} 亩）", f"{m2} m² ({mu} mu)")


def reason_of(task: FieldTask) -> Word:
    """Say why a task is looked at: by the rules, or by the channel that it came from."""
    if task.spot:
        return Word(task.spot["reason_zh"], task.spot["reason_en"])
    channel = CHANNELS[task.channel]  # type: ignore[index]
    return Word(f"来源：{channel.zh}", f"Reported by: {channel.en}")


def navigation_of(task: FieldTask) -> tuple[float, float]:
    """Return the point to navigate to in GCJ-02, the frame of phone maps in China; good for nothing else."""
    lon, lat = wgs84_to_gcj02(task.lon, task.lat)
    return round(float(lon), 6), round(float(lat), 6)


def geo_link(task: FieldTask) -> str:
    """Return a `geo:` link to the task, in WGS 84 as RFC 5870 has it: a map program shifts it to its own map."""
    place = f"{task.lat:.6f},{task.lon:.6f}"
    return f"geo:{place}?q={place}({quote(task.number)})"


def facts_of_task(task: FieldTask) -> Sequence[Fact]:
    """List what is known of a task and worth reading on the ground; what is zero or unknown is left out."""
    spot = task.spot
    facts = [
        Fact(Word("所在地", "Place"), _same(place_of(task))),
        Fact(Word("网格 · 网格员", "Cell · keeper"), _same(" · ".join(filter(None, (task.cell_code, task.keeper))))),
        Fact(Word("面积", "Area"), area_words(task.area_m2)),
        *(
            Fact(label, area_words(area))
            for label, area in (
                (Word("其中耕地", "Cropland"), task.cropland_m2),
                (Word("永久基本农田", "Basic cropland"), task.basic_cropland_m2),
                (Word("保护区", "Protected"), task.protected_m2),
            )
            if area > 0
        ),
        Fact(Word("专题", "Theme"), titles_of("theme", task.theme)),
        Fact(Word("疑似情况", "Suspicion"), titles_of("suspicion", task.suspicion)),
        Fact(Word("责任部门", "Department"), titles_of("department", task.department)),
        Fact(Word("已知手续", "Known approval"), _same(task.permit_number or "")),
        Fact(
            Word("现状地类", "Land use"), _same(" ".join(filter(None, (spot.get("land_label"), spot.get("land_code")))))
        ),
        Fact(Word("发现渠道", "Found by"), CHANNELS[task.channel]),  # type: ignore[index]
        Fact(Word("前时相", "Before"), _same(str(spot.get("before_on") or "")[:10])),
        Fact(Word("后时相", "After"), _same(str(spot.get("after_on") or "")[:10])),
        Fact(Word("办理状态", "State"), STATES[task.state]),  # type: ignore[index]
        Fact(Word("办理期限", "Due"), _same("" if task.due_on is None else task.due_on.isoformat())),
        Fact(Word("中心点 WGS 84", "Centre, WGS 84"), _same(f"{task.lon:.6f}, {task.lat:.6f}")),
    ]
    return [fact for fact in facts if fact.value.zh]


def _same(text: str) -> Word:
    return Word(text, text)
