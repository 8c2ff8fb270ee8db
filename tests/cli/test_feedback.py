"""`rsg feedback`, `rsg labels` and `rsg cases answers`, as somebody at a terminal meets them."""

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyproj
import pytest
import shapely

from rs_governance.cases import SYSTEM, Act, Actor, Opening, act, clocks_of, open_case
from rs_governance.cli import run
from rs_governance.db import Finding, Person, create_store

NUMBER = "450108-202610-0001"
NOW = datetime(2026, 10, 15, 1, tzinfo=UTC)
LI = Actor(login="li", name="李主任", role="district_manager", prefix="450108")


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A store with two spots of an issue: one rejected as a season, one open."""
    folder = tmp_path / "store"
    made = create_store(
        folder, district_code="450108", district_name="良庆区", crs=pyproj.CRS.from_epsg(4545), now=NOW, store_id="x"
    )
    clocks = clocks_of(made)
    with made.write() as session:
        person = {"login": "li", "name": "李主任", "role": "district_manager", "prefix": "450108"}
        session.add(Person(**person, themes=[], department=None, email=None, capacity=8, active=True))
        for place in (1, 2):
            number = f"450108-202610-000{place}"
            outline = shapely.box(541_000 + 100 * place, 2_511_000, 541_020 + 100 * place, 2_511_015)
            facts: dict[str, Any] = {
                "severity": "yellow", "suspicion": "suspected", "theme": "farmland", "kind": "new_building",
                "town_code": "450108101000", "village_code": "450108101001", "area_m2": 300.0,
            }  # fmt: skip
            more = {
                "channel": "satellite", "department": "agriculture", "district_code": "450108", "cell_code": "", "lon": 108.4,
                "lat": 22.7, "cropland_m2": 200.0, "first_seen_on": date(2026, 10, 14), "last_seen_on": date(2026, 10, 14),
                "outline": outline,
            }  # fmt: skip
            opening = Opening(number=number, facts=facts | more)
            case = open_case(session, opening, actor=SYSTEM, now=NOW, clocks=clocks)
            session.flush()
            session.add(
                Finding(
                    **facts, issue="2026-10", spot_no=number, edition=1, case_id=case.id, relation="new", current=True,
                    score=0.5, before_on=date(2026, 9, 12), after_on=date(2026, 10, 14), before_image="a",
                    after_image="b", spot={}, decision=[], outline=shapely.MultiPolygon([outline]),
                )
            )  # fmt: skip
        rejected = Act(action="reject", actor=LI, values={"resolution": "season"})
        act(session, NUMBER, rejected, now=NOW, clocks=clocks)
    made.close()
    monkeypatch.setenv("RSG_STORE", str(folder))
    monkeypatch.setenv("RSG_LOGIN", "li")
    return folder


def test_answers_are_taken_and_ratings_counted(store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "answers.csv"
    rows = f"{NUMBER},反映人,,,5,2026-10-14\n450108-202610-0002,企业,已有手续,桂建 1,4,2026-10-14\n{NUMBER},邻居,x,,,\n"
    file.write_text("案件号,身份,内容,手续文号,评分,日期\n" + rows, encoding="utf-8")
    command = ["cases", "answers", str(file), "--at", "2026-10-20T09:00+08:00"]
    assert run(command) == 0
    printed = capsys.readouterr()
    assert "答复 1，评价 2，此前已收 0，退回 1" in printed.out
    assert "450108-202610-0002  企业  名册中未查到  是" in printed.out
    assert "第 4 行：'邻居' 不是答复人身份；请写 反映人（reporter）" in printed.err
    assert run([*command, "--json"]) == 0
    again = json.loads(capsys.readouterr().out)
    assert again["counts"] == {"answers": 0, "ratings": 0, "known": 2}
    assert run(["feedback"]) == 0
    printed = capsys.readouterr()
    assert "2026-10  反映人  1     5.00" in printed.out
    assert len(list((store / "evidence").glob("*/*.csv"))) == 1


def test_figures_are_printed_and_written(store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "feedback.json"
    assert run(["--lang", "en", "feedback", "--by", "kind", "--year", "2026", "--out", str(out)]) == 0
    printed = capsys.readouterr().out
    assert "Feedback (as of 2026-10-15)" in printed
    row = next(line for line in printed.splitlines() if line.startswith("2026-10"))
    assert row.split("  ")[1].strip() == "new building"
    assert "1 (50%)  0 (0%)" in row
    assert "[0%, 79%]" in printed  # of the one that was judged
    assert max(map(len, printed[: printed.index("Each place")].splitlines())) <= 100
    assert "0.30 mu (200 m²)" in printed
    assert "brought to account from" in printed
    written = json.loads(out.read_text("utf-8"))
    assert written["cropland"][0]["open_m2"] == 200.0
    assert run(["feedback", "--json", "--limit", "0.2"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [row["dimension"] for row in told["rows"]] == ["all"]
    assert told["cropland"][0]["limit"] == 0.2


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (["--by", "colour"], "'colour' is no dimension"),
        (["--issue", "2025-01"], "knows no issue '2025-01' with cases; it knows 2026-10"),
        (["--limit", "15"], "is no share"),
    ],
)
def test_what_cannot_be_is_refused(
    store: Path, options: list[str], problem: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["--lang", "en", "feedback", *options]) == 2
    assert problem in capsys.readouterr().err


def test_labels_are_exported_once(store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["labels", "export", "--out", str(tmp_path / "labels"), "--issues", str(tmp_path)]
    assert run(command) == 0
    printed = capsys.readouterr()
    assert "样本 1 个，其中有前后影像的 0 个" in printed.out
    assert "缺影像 a：1 个" in printed.err
    assert "--scenes 指定影像文件夹" in printed.err
    assert run(command) == 4
    assert "--replace" in capsys.readouterr().err
    assert run(["labels", "export", "--out", str(tmp_path / "x"), "--issues", str(tmp_path / "none")]) == 2
    assert json.loads((tmp_path / "labels" / "labels.json").read_text("utf-8"))["by_label"] == {
        "change": 0,
        "no_change": 1,
    }
