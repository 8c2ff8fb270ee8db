"""`rsg cases` and `rsg people` from end to end, as somebody at a terminal meets them."""

import json
import re
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyproj
import pytest
import shapely
import sqlalchemy as sa
from rich.cells import cell_len

from rs_governance.cases import SYSTEM, Opening, clocks_of, open_case
from rs_governance.cli import run
from rs_governance.db import Intake, create_store, open_store

NUMBER = "450108-202610-0001"
OTHER_NUMBER = "450108-202610-0002"
THURSDAY = "2026-10-15T09:00+08:00"
PEOPLE = """账号,姓名,角色,辖区,专题,部门,邮箱
wang,王判读,判读员,450108,,,wang@example.org
zhao,赵质检,质检员,450108,,,
li,李主任,区级管理员,450108,,,li@example.org
chen,陈核查,街镇核查员,450108101000,,,
"""


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "store"
    now = datetime(2026, 10, 15, 1, tzinfo=UTC)
    made = create_store(
        folder, district_code="450108", district_name="良庆区", crs=pyproj.CRS.from_epsg(4545), now=now, store_id="x"
    )
    with made.write() as session:
        for place in range(3):
            facts: dict[str, Any] = {
                "channel": "satellite", "severity": "red" if place == 0 else "yellow", "suspicion": "suspected",
                "theme": "illegal_construction", "kind": "greenhouse", "department": "agriculture",
                "district_code": "450108", "town_code": "450108101000", "village_code": "450108101001", "cell_code": "",
                "first_seen_on": date(2026, 10, 14), "last_seen_on": date(2026, 10, 14), "area_m2": 300.0, "lon": 108.4,
                "lat": 22.7, "outline": shapely.box(541_000, 2_511_000, 541_020, 2_511_015),
            }  # fmt: skip
            opening = Opening(number=f"450108-202610-000{place + 1}", facts=facts, note="大棚")
            open_case(session, opening, actor=SYSTEM, now=now, clocks=clocks_of(made))
    made.engine.dispose()
    (tmp_path / "people.csv").write_text(PEOPLE, encoding="utf-8")
    monkeypatch.setenv("RSG_STORE", str(folder))
    assert run(["people", "import", str(tmp_path / "people.csv")]) == 0
    return folder


@pytest.fixture
def say(store, capsys):
    """Run a command; give back its exit code, what it printed, and what it complained of."""
    capsys.readouterr()

    def command(*words: str, at: str | None = None) -> tuple[int, str, str]:
        code = run([*words, *(["--at", at] if at else [])])
        said = capsys.readouterr()
        return code, said.out, said.err

    return command


def plain(said: tuple[int, str, str]) -> Any:
    assert said[0] == 0, said[2]
    return json.loads(said[1])


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_list_fits_a_terminal(say, lang, monkeypatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    code, out, _ = say("cases", "list", "--lang", lang, at="2026-10-22T09:00+08:00")
    assert code == 0
    lines = out.splitlines()
    assert len(lines) == 6
    assert max(map(cell_len, lines)) <= 100
    assert lines[-1].startswith("!N")
    assert "10-20 !2" in lines[2]
    assert {"zh": "大棚或临时棚房", "en": "greenhouse or temp"}[lang] in out
    # The columns stand under each other although a Chinese character is two wide.
    assert len({cell_len(line.split("10-20")[0]) for line in lines[2:5]}) == 1


def test_list_as_data_and_by_the_page(say) -> None:
    found = plain(say("cases", "list", "--sort", "number", "--size", "2", "--page", "2", "--json"))
    assert (found["total"], [row["number"] for row in found["cases"]]) == (3, ["450108-202610-0003"])
    assert plain(say("cases", "list", "--severity", "red", "--json"))["total"] == 1
    assert plain(say("cases", "list", "--overdue", "--json", at="2026-10-20T09:00+08:00"))["total"] == 0
    assert plain(say("cases", "list", "--due", "2026-10-20", "--json"))["total"] == 3
    assert say("cases", "list", "--due", "soon")[0] == 2
    code, _, err = say("cases", "list", "--state", "lost")
    assert code == 2
    assert "detected (疑似（机检）)" in err


def test_an_act_and_its_refusals(say, tmp_path) -> None:
    code, out, err = say("cases", "act", NUMBER, "reject", "--as", "wang", "--resolution", "season", at=THURSDAY)
    assert (code, err) == (0, "")
    assert "待第二人复核" in out
    assert say("cases", "act", NUMBER, "agree", "--as", "wang")[0] == 6
    code, _, err = say("cases", "act", NUMBER, "accept", "--as", "zhao", "--version", "1", "--json")
    told = json.loads(err)["error"]
    assert (code, told["code"], told["exit_code"]) == (7, "case_conflict", 7)
    assert told["differences"][0] | {"at": ""} == {
        "field": "pending", "seen": None, "now": "reject:season:wang", "actor": "wang", "at": ""
    }  # fmt: skip
    assert say("cases", "act", NUMBER, "dance", "--as", "wang")[0] == 2
    assert say("cases", "act", NUMBER, "agree", "--as", "nobody")[0] == 2
    assert say("cases", "act", "x", "agree", "--as", "zhao")[0] == 2
    assert say("cases", "act", NUMBER, "agree", "--as", "zhao", "--at", "yesterday")[0] == 2
    assert say("cases", "act", NUMBER, "agree", "--as", "zhao", "--at", "2026-10-15T09:00")[0] == 2


def test_a_case_by_hand(say, store, tmp_path) -> None:
    proof = tmp_path / "现场.JPG"
    proof.write_bytes(b"a photo")
    drawn = tmp_path / "drawn.geojson"
    to_degrees = pyproj.Transformer.from_crs(4545, 4326, always_xy=True)
    box = shapely.transform(
        shapely.box(541_000, 2_511_000, 541_030, 2_511_015), to_degrees.transform, interleaved=False
    )
    drawn.write_text(json.dumps({"type": "Feature", "properties": {}, "geometry": json.loads(shapely.to_geojson(box))}))
    second = "450108-202610-0002"
    code, _, err = say("cases", "act", second, "accept", "--as", "wang", "--key", "k1", at=THURSDAY)
    assert code == 0
    code, _, err = say(
        "cases", "act", second, "dispatch", "--as", "wang", "--assignee", "town:450108101000", at=THURSDAY
    )
    assert "2026 年的节假日尚未导入" in err
    assert (
        plain(say("cases", "act", second, "accept", "--as", "wang", "--key", "k1", "--json"))["events"][0]["version"]
        == 2
    )
    assert say("cases", "act", second, "start", "--as", "chen", at=THURSDAY)[0] == 0
    assert (
        say(
            "cases",
            "act",
            second,
            "correct",
            "--as",
            "chen",
            "--outline",
            str(drawn),
            "--kind",
            "new_structure",
            at=THURSDAY,
        )[0]
        == 0
    )
    done = plain(say("cases", "act", second, "submit", "--as", "chen", "--evidence", str(proof), "--json", at=THURSDAY))
    sha256 = done["events"][0]["evidence"][0]
    assert (store / "evidence" / sha256[:2] / f"{sha256}.jpg").read_bytes() == b"a photo"
    assert len(done["warnings"]) == 1
    shown = plain(say("cases", "show", second, "--json"))
    assert shown["case"]["area_m2"] == pytest.approx(450, rel=2e-3)
    assert [each["action"] for each in shown["events"]] == ["open", "accept", "dispatch", "start", "correct", "submit"]
    code, out, _ = say("cases", "show", second)
    for piece in ("新增构筑物", "机器与人工的差异", "陈核查", "可办理", "confirm 认定"):
        assert piece in out
    page = tmp_path / "pages" / "sheet.html"
    assert say("cases", "show", second, "--html", str(page), "--lang", "en")[0] == 0
    assert "Case sheet" in page.read_text(encoding="utf-8")
    assert "data:font/woff;base64," in page.read_text(encoding="utf-8"), "its letters are inside"
    assert "submit evidence" in say("cases", "history", second, "--lang", "en")[1]
    assert plain(say("cases", "history", second, "--json"))["events"][-1]["hash"] == done["events"][0]["hash"]


def test_drawings_and_evidence_that_make_no_sense(say, tmp_path) -> None:
    for content, match in (
        ("nothing", "no GeoJSON"),
        ('{"type": "FeatureCollection", "features": []}', "holds no outline"),
        ('{"type": "Point", "coordinates": [108.4, 22.7]}', "Point"),
        ('{"type": "Polygon", "coordinates": [[[22.7, 108.4], [22.8, 108.4], [22.8, 108.5], [22.7, 108.4]]]}', "in this order"),
        ('{"type": "Polygon", "coordinates": [[[108, 22], [109, 23], [109, 22], [108, 23], [108, 22]]]}', "no valid polygon"),
        ('{"type": "Polygon", "coordinates": [[[108, 22], [108.1, 22], [108.1, 22.1], [108, 22]]]}', "m away from case"),
        ('{"type": "Feature"}', "no GeoJSON"),
    ):  # fmt: skip
        (tmp_path / "drawn.geojson").write_text(content)
        drawn = ("--outline", str(tmp_path / "drawn.geojson"))
        code, _, err = say("cases", "act", NUMBER, "correct", "--as", "wang", *drawn, "--lang", "en")
        assert code == 2, content
        assert match in err
    (tmp_path / "empty.jpg").write_bytes(b"")
    for path in ("empty.jpg", "missing.jpg"):
        assert (
            say("cases", "act", NUMBER, "comment", "--as", "wang", "--note", "x", "--evidence", str(tmp_path / path))[0]
            == 2
        )


def test_a_return_tells_its_due_day_though_it_is_that_of_before(say, tmp_path) -> None:
    (tmp_path / "proof.txt").write_text("x")
    proof = ("--evidence", str(tmp_path / "proof.txt"))
    for words in (
        ("accept", "--as", "wang"),
        ("dispatch", "--as", "wang", "--assignee", "town:450108101000"),
        ("start", "--as", "chen"),
        ("submit", "--as", "chen", *proof),
    ):
        assert say("cases", "act", OTHER_NUMBER, *words, at=THURSDAY)[0] == 0
    due = plain(say("cases", "show", OTHER_NUMBER, "--json"))["case"]["due_on"]
    back = ("return", "--as", "zhao", "--reason", "photo_missing")
    assert f"期限 {due}" in say("cases", "act", OTHER_NUMBER, *back, at=THURSDAY)[1], "both states have three days"
    assert plain(say("cases", "show", OTHER_NUMBER, "--json"))["case"]["due_on"] == due


def test_english_output_holds_no_chinese_but_what_people_wrote(say, store) -> None:
    for words in (
        ("cases", "show", NUMBER),
        ("cases", "history", NUMBER),
        ("cases", "list"),
        ("cases", "list", "--state", "lost"),
        ("cases", "act", NUMBER, "dance", "--as", "wang"),
    ):
        _, out, err = say(*words, "--lang", "en")
        told = (out + err).replace("大棚", "").removeprefix("错误 Error:")
        assert not re.search(r"[\u4e00-\u9fff]", told), (words, told)


def test_assigning_all_or_none(say) -> None:
    numbers = [f"450108-202610-000{place}" for place in (1, 2, 3)]
    assert say("cases", "assign", *numbers, "nowhere", "--to", "wang", "--as", "li")[0] == 2
    assert plain(say("cases", "list", "--holder", "wang", "--json"))["total"] == 0
    done = plain(say("cases", "assign", *numbers, "--to", "wang", "--as", "li", "--key", "k", "--json"))
    assert len(done["events"]) == 3
    again = plain(say("cases", "assign", *numbers, "--to", "wang", "--as", "li", "--key", "k", "--json"))
    assert [each["id"] for each in again["events"]] == [each["id"] for each in done["events"]]
    assert plain(say("cases", "list", "--holder", "wang", "--json"))["total"] == 3


def test_calendar_and_clocks(say, tmp_path) -> None:
    table = tmp_path / "holidays.csv"
    table.write_text("date,working,name\n2026-10-16,holiday,测试\nnever,holiday,x\n", encoding="utf-8")
    code, out, err = say("cases", "calendar", "import", str(table), "--as", "li")
    assert (code, "新增 1" in out, "第 3 行" in err) == (0, True, True)
    assert plain(say("cases", "calendar", "list", "--json"))["days"] == [
        {"date": "2026-10-16", "working": False, "name": "测试"}
    ]
    assert "放假" in say("cases", "calendar", "list", "--year", "2026")[1]
    assert "0 天" in say("cases", "calendar", "list", "--year", "2027")[1]
    content = plain(say("cases", "clocks", "--json", at=THURSDAY))
    assert content["clocks"]["dispatched"]["due_from_today"]["red"] == "2026-10-19"
    assert (content["holidays_of"], content["warnings"], content["second_opinion"]) == ([2026], [], ["red"])
    assert "工作日" in say("cases", "clocks", at=THURSDAY)[1]
    assert "2027" in say("cases", "clocks", at="2026-12-30T09:00+08:00")[2]


def test_reminding_writes_and_mails_once(say, store, tmp_path) -> None:
    (store / "mail.toml").write_text('host = "127.0.0.1"\nport = 9\nfrom = "cases@example.org"\ntls = "none"\n')
    out = tmp_path / "digests"
    code, printed, err = say("cases", "remind", "--out", str(out), "--json", at="2026-10-22T09:00+08:00")
    assert code == 4
    content = json.loads(printed)
    assert [each["level"] for each in content["warned"]] == [2, 2, 2]
    assert (content["digests"], content["sent"], [each["to"] for each in content["unsent"]]) == (
        ["li", "wang", "zhao"],
        [],
        ["li@example.org", "wang@example.org"],
    )
    assert "2 e-mail(s) were not sent" in json.loads(err.splitlines()[-1])["error"]["message"]
    assert sorted(file.name for file in out.iterdir()) == [
        "li.html",
        "li.txt",
        "wang.html",
        "wang.txt",
        "zhao.html",
        "zhao.txt",
    ]
    assert len(list((store / "outbox").iterdir())) == 2
    (store / "mail.toml").unlink()
    again = plain(say("cases", "remind", "--json", at="2026-10-22T10:00+08:00"))
    assert (again["warned"], again["digests"]) == ([], [])
    code, printed, _ = say("cases", "remind", "--lang", "en", at="2026-10-30T09:00+08:00")
    assert "overdue for a week, escalated again  3" in printed


def test_people(say) -> None:
    people = plain(say("people", "list", "--json"))["people"]
    assert [each["login"] for each in people] == ["chen", "li", "wang", "zhao"]
    assert "街镇核查员" in say("people", "list")[1]
    assert "town inspector" in say("people", "list", "--lang", "en")[1]


def test_people_and_holidays_are_taken_in_by_a_manager_who_is_on_record(say, store, tmp_path) -> None:
    """The first people come in when there is nobody yet; after that a manager of the district answers for it."""
    (tmp_path / "more.csv").write_text("login,name,role,prefix\nqin,秦,interpreter,450108\n", "utf-8")
    (tmp_path / "days.csv").write_text("date,working,name\n2026-10-16,holiday,x\n", "utf-8")
    people, days = (
        ("people", "import", str(tmp_path / "more.csv")),
        ("cases", "calendar", "import", str(tmp_path / "days.csv")),
    )
    for words in (people, days):
        code, _, err = say(*words)
        assert (code, "请用 --as 写明由谁导入（区级管理员：li）" in err) == (2, True)
        assert say(*words, "--as", "nobody")[0] == 2
        code, _, err = say(*words, "--as", "wang")
        assert (code, "判读员（interpreter）不能导入" in err) == (6, True)
        assert plain(say(*words, "--as", "li", "--json"))["added"] == 1
        assert plain(say(*words, "--as", "li", "--json"))["same"] == 1
    with closing(open_store(store)) as opened, opened.read() as session:
        intakes = [(one.purpose, one.name, one.actor, one.taken) for one in session.scalars(sa.select(Intake))]
    assert intakes == [
        ("people", "people.csv", "system", 4),
        ("people", "more.csv", "li", 1),
        ("holidays", "days.csv", "li", 1),
    ]


def test_a_clue_is_shown_in_words(say, tmp_path) -> None:
    x, y = pyproj.Transformer.from_crs(4545, 4326, always_xy=True).transform(541_300, 2_511_000)
    (tmp_path / "h.csv").write_text(f"编号,受理日期,诉求内容,lon,lat\n工单7,2026-10-14,有人建房,{x},{y}\n", "utf-8")
    assert say("clues", "import", str(tmp_path / "h.csv"), "--channel", "hotline", "--as", "li", at=THURSDAY)[0] == 0
    code, out, _ = say("clues", "show", "hotline", "工单7")
    assert code == 0
    for words in ("12345 热线", "来源编号", "工单7", "450108-202610-H0001", "新增", f"{x:.6f}, {y:.6f}", "原始字段"):
        assert words in out
    assert not re.search("POINT|hotline|case_number|reported_on", out)
    assert plain(say("clues", "show", "hotline", "工单7", "--json"))["outline"].startswith("POINT")


def test_a_time_to_come_is_refused(say, monkeypatch) -> None:
    monkeypatch.delenv("RSG_SIMULATE")
    code, _, complaint = say("cases", "act", NUMBER, "accept", "--as", "wang", at="2126-01-01T09:00+08:00")
    assert (code, "晚于现在" in complaint) == (2, True)


@pytest.mark.parametrize(
    "words",
    [
        ("permits", "import", "p.csv", "--register", "homestead"),
        ("clues", "import", "p.csv", "--channel", "hotline"),
        ("cases", "answers", "p.csv"),
    ],
)
def test_a_leader_takes_nothing_in(store, say, tmp_path, monkeypatch, words) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "leader.csv").write_text("login,name,role,prefix\nling,凌,leader,450108\n", "utf-8")
    assert say("people", "import", "leader.csv", "--as", "li")[0] == 0
    (tmp_path / "p.csv").write_text("number\n1\n", "utf-8")
    code, _, complaint = say(*words, "--as", "ling")
    assert (code, "（leader）不能导入" in complaint) == (6, True), complaint


def test_a_referral_waits_for_the_body_that_receives_it(say, tmp_path) -> None:
    (tmp_path / "proof.txt").write_text("x")
    proof = ("--evidence", str(tmp_path / "proof.txt"))
    for words in (
        ("accept", "--as", "wang"),
        ("dispatch", "--as", "wang", "--assignee", "town:450108101000"),
        ("start", "--as", "chen"),
        ("submit", "--as", "chen", *proof),
        ("confirm", "--as", "zhao", "--verdict", "illegal"),
        ("plan", "--as", "li", "--measure", "refer"),
    ):
        code, _, complaint = say("cases", "act", OTHER_NUMBER, *words)
        assert code == 0, complaint
    refer = ("refer", "--as", "li", "--referral", "court", *proof)
    assert "waits for the answer of the receiving body" in say("cases", "act", OTHER_NUMBER, *refer, "--lang", "en")[1]
    assert "agree" not in json.loads(say("cases", "show", OTHER_NUMBER, "--json")[1])["actions"]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("act", NUMBER, "close", "--as", "li", "--resolution", "season"), "不能销号（close）；"),
        (("act", NUMBER, "accept", "--as", "chen"), "街镇核查员（town_inspector）不能判读通过（accept）；由 判读员（interpreter）"),
        (("act", NUMBER, "reject", "--as", "wang"), "须给出销号结论（resolution）：阴影或视角（shadow_or_view）"),
        (("act", NUMBER, "accept", "--as", "wang", "--version", "9"), "已是第 1 版"),
        (("act", "nowhere", "accept", "--as", "wang"), "没有案件 nowhere"),
        (("act", NUMBER, "accept", "--as", "nobody"), "没有账号 'nobody'"),
        (("list", "--store", "nowhere"), "'nowhere' 中没有案件库"),
    ],
)  # fmt: skip
def test_a_clerk_reads_in_chinese_what_is_wrong_and_what_to_do(say, words, told) -> None:
    code, _, err = say("cases", *words)
    assert code != 0
    assert told in err
    words_alone = re.sub(r"'rsg [^']*'", "", err)
    assert re.search(r"[A-Za-z]{2,} [A-Za-z]{2,} [A-Za-z]{2,}", words_alone) is None, err
