"""`rsg tasks`: list, export, plan and the ledger, as programs and as people read them."""

import json
from datetime import UTC, date, datetime
from pathlib import Path

import pyproj
import pytest
import shapely

from rs_governance.cases import SYSTEM, Act, Actor, Clocks, Opening, act, open_case, read_clocks
from rs_governance.cli.app import run
from rs_governance.db import Person, create_store

NOW = datetime(2026, 10, 20, 1, 0, tzinfo=UTC)
AT = "2026-10-20T09:00+08:00"


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "store"
    crs = pyproj.CRS.from_epsg(4545)
    made = create_store(folder, district_code="450108", district_name="良庆区", crs=crs, now=NOW, store_id="t")
    clocks = Clocks(by_state=read_clocks())
    office = Actor(login="m", name="覃", role="district_manager", prefix="450108")
    with made.write() as session:
        for login, role in (("m", "district_manager"), ("w", "town_inspector")):
            session.add(Person(login=login, name="韦", role=role, prefix="450108", themes=[], department=None, email=None,
                               capacity=2, active=True))  # fmt: skip
        for place in range(3):
            facts = {
                "channel": "hotline", "severity": "red", "suspicion": "suspected", "theme": "farmland",
                "kind": "new_building", "department": "agriculture", "district_code": "450108",
                "town_code": "450108101000", "village_code": "450108101001", "cell_code": "", "area_m2": 400.0,
                "first_seen_on": date(2026, 10, 14), "last_seen_on": date(2026, 10, 14), "lon": 108.4, "lat": 22.7,
                "outline": shapely.box(541000 + 90 * place, 2511000, 541020 + 90 * place, 2511020),
            }  # fmt: skip
            number = f"hotline-{place}"
            open_case(session, Opening(number=number, facts=facts), actor=SYSTEM, now=NOW, clocks=clocks)
            act(session, number, Act(action="accept", actor=office), now=NOW, clocks=clocks)
            to = Act(action="dispatch", actor=office, values={"assignee": "town:450108101000"})
            act(session, number, to, now=NOW, clocks=clocks)
    made.engine.dispose()
    monkeypatch.setenv("RSG_STORE", str(folder))
    monkeypatch.setenv("RSG_LOGIN", "m")
    monkeypatch.setenv("RSG_ANCHOR_KEY", str(tmp_path / "anchor.key"))
    return folder


def test_listed(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["tasks", "list", "--to", "w", "--at", AT]) == 0
    shown = capsys.readouterr().out
    assert "外业任务 3 件，逾期 0 件" in shown
    assert "town:450108101000" in shown
    assert run(["tasks", "list", "--at", "2026-11-20T09:00+08:00", "--json"]) == 0
    tasks = json.loads(capsys.readouterr().out)["tasks"]
    assert [task["number"] for task in tasks] == ["hotline-0", "hotline-1", "hotline-2"]
    assert tasks[0]["days_left"] < 0


def test_planned_exported_and_on_record(store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    route = tmp_path / "route.geojson"
    asked = ["tasks", "plan", "--town", "450108101", "--date", "2026-10-21", "--seed", "3", "--at", AT]
    assert run([*asked, "--geojson", str(route)]) == 0
    shown = capsys.readouterr().out
    assert "韦（w）2/2 件" in shown
    assert "未排入 1 件" in shown
    assert json.loads(route.read_text("utf-8"))["plan"]["seed"] == 3
    assert run([*asked, "--json"]) == 0
    planned = json.loads(capsys.readouterr().out)
    assert planned["again"]
    out = tmp_path / "out"
    export = ["tasks", "export", "--to", "w", "--out", str(out), "--format", "html,kmz", "--plan", planned["number"]]
    assert run([*export, "--at", AT, "--json"]) == 0
    made = json.loads(capsys.readouterr().out)
    assert (made["number"], made["with_pictures"], made["anchor"]) == ("E20261020-0002", 0, None)
    assert {"E20261020-0002.html", "E20261020-0002.kmz", "README.txt"} == set(made["files"])
    assert run(["tasks", "exports", "--json"]) == 0
    entries = json.loads(capsys.readouterr().out)["exports"]
    assert [entry["purpose"] for entry in entries] == ["visit_plan", "field_tasks"]
    assert run(["--lang", "en", "tasks", "exports"]) == 0
    assert "visit plan" in capsys.readouterr().out
    assert run([*export, "--at", AT]) == 4  # it is there already


def test_a_package_without_pictures_says_why(store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    export = ["tasks", "export", "--to", "w", "--format", "kmz", "--at", AT]
    assert run([*export, "--out", str(tmp_path / "a")]) == 0
    assert "请用 --issues 指定" in capsys.readouterr().out
    (tmp_path / "issues").mkdir()
    assert run([*export, "--out", str(tmp_path / "b"), "--issues", str(tmp_path / "issues")]) == 0
    shown = capsys.readouterr().out
    assert "发布时用了 --no-pictures" in shown
    assert "请用 --issues" not in shown


def test_a_package_that_nobody_got_is_made_void(
    store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    export = ["tasks", "export", "--to", "w", "--out", str(tmp_path / "out"), "--format", "kmz", "--at", AT, "--json"]
    assert run(export) == 0
    number = json.loads(capsys.readouterr().out)["number"]
    asked = ["tasks", "void", number, "--at", AT]
    assert run([*asked, "--note", "x", "--as", "w"]) == 6
    assert run([*asked, "--note", " "]) == 2
    assert run([*asked, "--note", "生成时断电"]) == 0
    assert f"任务包 {number} 已作废（3 件）" in capsys.readouterr().out
    assert run([*asked, "--note", "again"]) == 2
    assert "已经作废" in capsys.readouterr().err
    assert run(["tasks", "exports", "--json"]) == 0
    (entry,) = json.loads(capsys.readouterr().out)["exports"]
    assert (entry["facts"]["void"]["by"], entry["facts"]["void"]["note"]) == ("m", "生成时断电")
    assert run(["tasks", "exports"]) == 0
    assert "作废" in capsys.readouterr().out
    assert run(["cases", "history", "hotline-0"]) == 0
    assert f"任务包 {number} 作废：生成时断电" in capsys.readouterr().out
    assert run(["audit", "verify"]) == 0


def test_words_are_cut_only_where_there_is_no_room(
    store: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    late = ["--at", "2026-11-20T09:00+08:00"]
    for command in (["tasks", "list"], ["cases", "list"]):
        monkeypatch.setenv("COLUMNS", "160")
        assert run([*command, *late]) == 0
        assert "…" not in capsys.readouterr().out
    assert run(["cases", "list", *late]) == 0
    assert "!N：已超期 N 天" in capsys.readouterr().out
    monkeypatch.setenv("COLUMNS", "60")
    assert run(["tasks", "list", *late]) == 0
    shown = capsys.readouterr().out
    assert "…" in shown
    assert "hotline-2" in shown


def test_refused_in_one_line(store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["tasks", "export", "--out", str(tmp_path / "out")]) == 2
    assert "任务包须指明给谁" in capsys.readouterr().err
    assert run(["tasks", "export", "--to", "m", "--as", "w", "--out", str(tmp_path / "out")]) == 2
    assert run(["tasks", "export", "--town", "450108101", "--as", "w", "--out", str(tmp_path / "out")]) == 6
    assert run(["tasks", "list", "--town", "Nanning"]) == 2


def test_a_plan_says_why_somebody_stays_and_a_case_is_left_out(
    store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    people = tmp_path / "people.csv"
    rows = "off,停,town_inspector,450108101,,0\nwoods,林,town_inspector,450108101,protected_woodland,3\n"
    people.write_text("login,name,role,prefix,themes,capacity\n" + rows, "utf-8")
    assert run(["people", "import", str(people)]) == 0
    plan = ["tasks", "plan", "--town", "450108101", "--date", "2026-10-21", "--seed", "3", "--at", AT]
    capsys.readouterr()
    assert run(plan) == 0
    shown = capsys.readouterr().out
    assert "停（off）未安排：每日可核查数为 0" in shown
    assert "林（woods）未安排：没有由其核查的案件（辖区、专题、部门不符，或已派给他人）" in shown
    assert "未排入 1 件：人力已满" in shown
    assert run([*plan, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["idle"] == {"off": "no_capacity", "woods": "not_theirs"}
