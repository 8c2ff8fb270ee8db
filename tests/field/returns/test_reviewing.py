"""What the reviewer sees of a return: the answers in words, what is proposed, from where, and how far the photos can be trusted."""

import re
from html import unescape
from pathlib import Path

import pytest

from rs_governance.cases.shown.brought import brought_lines
from rs_governance.cases.shown.sheet import gather_sheet
from rs_governance.cli import run
from rs_governance.db import Coverage, Store

from .conftest import LAT, LON, NUMBERS, photo, returned, save, shown, take

ANSWERS = {
    "party": "张三 <b>",
    "topsoil_damaged": True,
    "progress": "under_way",
    "occupied_m2": 1250.5,
    "own": ["a", "b"],
}


@pytest.fixture
def reviewed(store: Store, tmp_path: Path) -> Store:
    far = {"lon": LON + 0.01, "lat": LAT}
    row = returned(
        NUMBERS[0], shown(photo()), shown(photo(1), "远处.jpg", **far), answers=ANSWERS, resolution="demolished"
    )
    assert take(store, save(tmp_path / "r.json", row)).submitted == (NUMBERS[0],)
    with store.write() as session:
        session.add(
            Coverage(issue="2026-10", level="town", code="450108101000", name="良庆镇", area_m2=1.0, observed_m2=1.0, observed_share=1.0)
        )  # fmt: skip
    return store


def page_of(store: Store, tmp_path: Path, lang: str) -> str:
    path = tmp_path / f"{lang}.html"
    assert run(["cases", "show", NUMBERS[0], "--html", str(path), "--store", str(store.folder), "--lang", lang]) == 0
    return path.read_text("utf-8")


def test_the_answers_stand_under_the_submission(reviewed: Store, tmp_path: Path) -> None:
    page = page_of(reviewed, tmp_path, "zh")
    event = page[page.index('class="timeline"') :]
    rows = [(unescape(label), unescape(text)) for label, text in re.findall(r"<dt>([^<]*)</dt><dd>([^<]*)</dd>", event)]
    said: dict[str, str] = dict(rows)
    assert said["用地单位（人）"] == "张三 <b>"
    assert said["耕作层是否被破坏"] == "是"
    assert said["现场状态"] == "在建"
    assert said["实际占用面积（平方米）"] == "1,250.5"
    assert said["own"] == "a、b", "what nobody asked is shown as it came"
    assert (said["认定建议"], said["结论建议"]) == ("违法用地", "已拆除复垦")
    assert said["核查位置"].startswith("距图斑 0 m")
    assert "可信度：存疑" in said["照片 2"]
    assert "拍摄位置远离图斑" in said["照片 2"]
    # In the order in which it was asked, not in that of the file.
    names = [label for label, _ in rows]
    assert names.index("现场状态") < names.index("用地单位（人）") < names.index("耕作层是否被破坏")


def test_english_words_on_an_english_sheet(reviewed: Store, tmp_path: Path) -> None:
    said: dict[str, str] = dict(re.findall(r"<dt>([^<]*)</dt><dd>([^<]*)</dd>", page_of(reviewed, tmp_path, "en")))
    assert (said["State of the work"], said["Is the topsoil damaged?"]) == ("under way", "yes")
    assert said["proposed verdict"] == "illegal"
    assert "taken far from the spot" in said["photo 2"]


def test_the_terminal_says_the_same(reviewed: Store, capsys: pytest.CaptureFixture[str]) -> None:
    for words in (("show",), ("history",)):
        assert run(["cases", *words, NUMBERS[0], "--store", str(reviewed.folder)]) == 0
        out = capsys.readouterr().out
        for told in (
            "· 认定建议：违法",
            "· 耕作层是否被破坏：是",
            "· 核查位置：距图斑 0 m",
            "· 照片 2：远处.jpg；可信度：存疑",
        ):
            assert told in out, (words, told)


def test_people_and_towns_are_called_by_their_names(reviewed: Store, tmp_path: Path, capsys) -> None:
    page = page_of(reviewed, tmp_path, "zh")
    assert "<dd>良庆镇 <small>450108101000</small></dd>" in page
    assert "<dd>李 <small>li</small></dd>" in page, "to whom it was handed"
    assert '<span class="who">李 <small>li</small> · 街镇核查员</span>' in page
    capsys.readouterr()
    assert run(["cases", "show", NUMBERS[0], "--store", str(reviewed.folder)]) == 0
    assert "良庆镇 450108101000" in capsys.readouterr().out


def test_events_without_a_visit_say_nothing_of_one(reviewed: Store) -> None:
    with reviewed.read() as session:
        sheet = gather_sheet(session, NUMBERS[0])
        lines = {
            event.action: brought_lines(event, sheet, {}, crs=reviewed.crs, language="zh") for event in sheet.events
        }
    assert [action for action, told in lines.items() if told] == ["submit"]


def test_a_part_of_a_return_is_shown_with_its_answers(store: Store, tmp_path: Path) -> None:
    take(store, save(tmp_path / "r.json", returned(NUMBERS[0], shown(photo()), answers={"party": "李四"}, done=False)))
    assert "李四" in page_of(store, tmp_path, "zh")
