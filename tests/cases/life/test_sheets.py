"""Lists, sheets and pages about cases; the documents that are generated."""

import io
from datetime import date, timedelta
from pathlib import Path

import pytest
import shapely
from PIL import Image

from rs_governance.cases import TRANSITIONS, find_case
from rs_governance.cases.document import BEGIN, END, FILES, main, put_tables_into
from rs_governance.cases.shown.listing import Wanted, list_cases
from rs_governance.cases.shown.sheet import gather_sheet, plain_sheet
from rs_governance.cases.shown.sheet_page import sheet_page
from rs_governance.cases.shown.showing import event_words
from rs_governance.db import Finding, Photo, chain, keep_evidence

from .conftest import NOW, NUMBER, OTHER_TOWN, TO_CLOSED, TO_VERIFYING, TOWN

DOCS = Path(__file__).parents[3] / "docs"


def test_the_documents_are_current(capsys) -> None:
    assert main([str(DOCS)]) == 0, "run: python -m rs_governance.cases.document docs --write"
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_action_is_in_the_documents(language) -> None:
    text = put_tables_into(f"{BEGIN}\n{END}\n", language)
    assert all(f"`{action}` |" in text for _, action in TRANSITIONS)
    assert "None" not in text


def test_stale_documents_are_told_and_written(tmp_path, capsys) -> None:
    for name in FILES.values():
        (tmp_path / name).write_text(f"x\n{BEGIN}\n{END}\n", encoding="utf-8")
    assert main([str(tmp_path)]) == 1
    assert main([str(tmp_path), "--write"]) == 0
    assert main([str(tmp_path)]) == 0
    assert "stale cases.md" in capsys.readouterr().out


@pytest.fixture
def many(play):
    play.open("a", severity="red", area_m2=10.0)
    play.open("b", theme="protected_woodland", area_m2=30.0)
    play.open("c", town_code=OTHER_TOWN, village_code="450108102003", area_m2=20.0, channel="hotline")
    play.open("d", severity="green", permit_number="良建 100%")
    for action, login, *more in TO_VERIFYING:
        play.do(action, login, "d", **(more[0] if more else {}))
    play.do("reject", "wang", "b", resolution="season")
    return play


@pytest.mark.parametrize(
    ("wanted", "numbers"),
    [
        ({}, "acdb"),
        ({"open_only": True}, "acd"),
        ({"states": ("closed",)}, "b"),
        ({"severities": ("red", "green")}, "ad"),
        ({"themes": ("protected_woodland",)}, "b"),
        ({"channels": ("hotline",)}, "c"),
        ({"town": TOWN}, "adb"),
        ({"town": "450108102003"}, "c"),
        ({"town": "450108"}, "acdb"),
        ({"holder": "chen"}, "d"),
        ({"holder": "-", "open_only": True}, "ac"),
        ({"due_by": date(2026, 10, 20)}, "ac"),
        ({"overdue_on": date(2026, 10, 20)}, ""),
        ({"overdue_on": date(2026, 10, 21)}, "ac"),
        ({"text": "100%"}, "d"),
        ({"text": "%"}, "d"),
        ({"text": "che"}, "d"),
    ],
)
def test_filters(many, wanted, numbers) -> None:
    with many.store.read() as session:
        page = list_cases(session, Wanted(**wanted))
    assert ("".join(row["number"] for row in page.rows), page.total) == (numbers, len(numbers))


@pytest.mark.parametrize(
    ("order", "numbers"),
    [
        ("due", "acdb"),
        ("severity", "abcd"),
        ("number", "abcd"),
        ("area", "acbd"),
        ("state", "acdb"),
        ("opened", "abcd"),
        ("seen", "abcd"),
    ],
)
def test_orders_and_pages(many, order, numbers) -> None:
    with many.store.read() as session:
        pages = [list_cases(session, Wanted(), order=order, limit=3, offset=offset) for offset in (0, 3)]
    assert "".join(row["number"] for page in pages for row in page.rows) == numbers
    assert {page.total for page in pages} == {4}


def jpeg() -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (1600, 900), (200, 30, 30)).save(buffer, "JPEG")
    return buffer.getvalue()


@pytest.fixture
def sheet_of(play, tmp_path):
    photo, broken, paper = (
        keep_evidence(play.store, data, suffix)
        for data, suffix in ((jpeg(), ".jpg"), (b"no picture", ".png"), (b"%PDF", ".pdf"))
    )
    play.open()
    steps = list(TO_CLOSED)
    steps[3] = ("submit", "chen", {"evidence": (photo, broken, paper, "c" * 64), "note": "<b>现场</b>"})
    play.run(*steps[:3])
    play.do(
        "correct", "chen", correction={"outline": shapely.box(541_000, 2_511_000, 541_030, 2_511_015), "kind": "road"}
    )
    play.run(*steps[3:])
    with play.store.write() as session:
        session.add(
            Photo(
                case_number=NUMBER,
                sha256=photo,
                name="IMG_1.jpg",
                taken_at=NOW,
                note="",
                trust="doubtful",
                reasons=["far_from_spot", "same_elsewhere"],
                facts={"distance_m": 412.4, "same_as": ["450108-202609-0007"]},
                taken_in="x",
            )
        )
        session.add(
            Finding(issue="2026-10", spot_no=NUMBER, case_id=find_case(session, NUMBER).id, relation="new", current=True, kind="new_building", theme="farmland",
                    suspicion="suspected", severity="yellow", area_m2=300.0, score=0.9, town_code=TOWN, village_code="450108101001", before_on=date(2026, 9, 12),
                    after_on=date(2026, 10, 14), before_image="a", after_image="b", spot={}, decision=[], outline=shapely.multipolygons([shapely.box(0, 0, 1, 1)]))
        )  # fmt: skip
    chips = tmp_path / "issues" / "2026-10" / "chips"
    chips.mkdir(parents=True)
    Image.new("RGB", (60, 40)).save(chips / f"{NUMBER}.png")

    def gather(language):
        with play.store.read() as session:
            sheet = gather_sheet(session, NUMBER)
            return plain_sheet(sheet), sheet_page(sheet, play.store, issues=tmp_path / "issues", language=language)

    return gather


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_sheet_holds_everything_and_loads_nothing(sheet_of, language) -> None:
    plain, page = sheet_of(language)
    words = {
        "zh": ("机器与人工的差异", "前后对比", "现场照片与证据", "办理过程", "销号", "无法显示", "原件缺失"),
        "en": (
            "Machine and person",
            "Before and after",
            "Photos and evidence",
            "What was done",
            "demolished and restored",
            "cannot be shown",
            "the original is missing",
        ),
    }[language]
    for word in (
        *words,
        NUMBER,
        "IMG_1.jpg",
        "Chen",
        "&lt;b&gt;现场&lt;/b&gt;",
        "2026-09-12 → 2026-10-14",
        'class="machine"',
    ):
        assert word in page, word
    assert page.count("data:image/") == 2
    assert "http" not in page
    assert "<script" not in page
    assert {each["field"] for each in plain["differences"]} >= {"outline", "kind", "area_m2"}
    assert [each["action"] for each in plain["events"]][:2] == ["open", "accept"]
    assert "reopen" in plain["actions"]
    assert "observe" not in plain["actions"]
    assert len(page) < 60_000


def test_a_photo_says_why_it_is_doubted(sheet_of) -> None:
    plain, page = sheet_of("zh")
    for words in ("可信度：存疑", "拍摄位置远离图斑", "距图斑 412 m", "另见案件 450108-202609-0007"):
        assert words in page
    assert "far_from_spot" not in page
    (photo,) = plain["photos"]
    assert (photo["reasons"], photo["distance_m"]) == (["far_from_spot", "same_elsewhere"], 412.4)
    assert photo["same_as"] == ["450108-202609-0007"]
    page = sheet_of("en")[1]
    assert "trust: doubtful · taken far from the spot" in page
    assert "412 m from the spot · also in case 450108-202609-0007" in page


def test_proposals_stand_until_the_case_moves_on(play) -> None:
    play.open()
    play.do("propose", "system", note="建议销号", facts={"proposal": "pass"})
    with play.store.read() as session:
        sheet = gather_sheet(session, NUMBER)
        assert [each["facts"]["proposal"] for each in plain_sheet(sheet)["proposals"]] == ["pass"]
        assert "建议销号" in sheet_page(sheet, play.store, issues=None, language="zh")
    play.do("accept", "wang")
    with play.store.read() as session:
        assert gather_sheet(session, NUMBER).proposals == []


def test_the_same_sheet_twice(sheet_of) -> None:
    assert sheet_of("zh") == sheet_of("zh")


def test_parts_are_listed(play) -> None:
    play.open()
    halves = [shapely.box(541_000, 2_511_000, 541_010, 2_511_015), shapely.box(541_010, 2_511_000, 541_020, 2_511_015)]
    play.do("split", "wang", parts=halves)
    play.open(f"{NUMBER}0")
    with play.store.read() as session:
        assert gather_sheet(session, NUMBER).parts == [f"{NUMBER}-1", f"{NUMBER}-2"]


def test_an_act_that_was_entered_later_shows_both_times(play, monkeypatch) -> None:
    monkeypatch.setattr(chain, "machine_time", lambda: play.now + timedelta(seconds=59))
    play.open()
    monkeypatch.setattr(chain, "machine_time", lambda: play.now + timedelta(days=3))
    play.do("comment", "wang", note="电话告知")
    with play.store.read() as session:
        sheet = gather_sheet(session, NUMBER)
    first, second = plain_sheet(sheet)["events"]
    assert "recorded_at" not in first
    assert (second["at"], second["recorded_at"]) == ("2026-10-15T01:00:00.000Z", "2026-10-18T01:00:00.000Z")
    assert event_words(sheet.events[0], "zh") == ["新增建筑物占用耕地"]
    assert event_words(sheet.events[1], "zh") == ["电话告知", "登记于 2026-10-18 09:00"]
    assert "recorded 2026-10-18 09:00" in sheet_page(sheet, play.store, issues=None, language="en")
