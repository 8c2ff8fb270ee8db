"""Four months of the sample district with people acting in between: recheck, reopening, lineage, commands."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import shapely

from rs_governance.cases.months.known import read_known
from rs_governance.cases.months.matching import HARMLESS, Seen, match, unseen_share
from rs_governance.cases.trail.audit import audit_store
from rs_governance.cli.app import run
from rs_governance.errors import ConfigInvalid
from rs_governance.flows.clues import take_clues
from rs_governance.flows.issue_folder import read_issue
from rs_governance.flows.take_issue import take_issue

from .conftest import MONTHS, SAMPLE


@pytest.fixture(scope="session")
def played(make_loop: Callable, issues: Path, moment: Callable, people: dict):
    """Play it: what the last issue will show is looked up first, so that people act on the right cases."""
    loop = make_loop()
    store = loop.store

    def take(month: str):
        return take_issue(store.folder, issues / month, now=moment(f"{month}-20"), actor=people["manager"])

    taken = {month: take(month) for month in MONTHS[:3]}
    last = read_issue(issues / "2026-10", store.crs)
    seen = [
        Seen(key=s["spot_no"], outline=o, kind=s["kind"], work=s["severity"] != "green", after_on=s["after_on"])
        for s, o in zip(last.spots, last.outlines, strict=True)
    ]
    with store.read() as session:
        known = [one for one in read_known(session) if one.closed_on is None]
    ahead = match(seen, known)
    by_key = {one.key: one for one in seen}
    hidden = unseen_share([one.outline for one in known], last.unseen)
    worked = [
        number
        for number, one in ahead.of_case.items()
        if any(by_key[key].work and by_key[key].kind not in HARMLESS for key in one.findings)
    ]
    roles = {
        "reopened": worked[0],
        "going_on": worked[1],
        "unseen": next(
            one.number
            for one, share in zip(known, hidden, strict=True)
            if share > 0.9 and one.number not in ahead.of_case
        ),
    }
    roles["unchanged"] = next(
        one.number
        for one, share in zip(known, hidden, strict=True)
        if share == 0 and one.number not in ahead.of_case and one.kind == "earthwork"
    )
    for number in roles.values():
        loop.dispose(number, "2026-09-22")
    loop.close(roles["reopened"], "2026-09-28")
    loop.do(roles["unchanged"], "report_done", "manager", "2026-09-28", evidence=loop.proof)
    # A building of the ledger that the last month shows taken down.
    gone = next(one for one in seen if one.kind == "demolition" and one.work)
    ledger = store.folder.parent / "ledger.geojson"
    feature = {
        "type": "Feature",
        "properties": {"number": "L1", "状态": "处置中", "found_on": "2026-06-01", "类型": "新增建筑物"},
        "geometry": shapely.geometry.mapping(gone.outline),
    }
    crs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::4545"}}
    ledger.write_text(json.dumps({"type": "FeatureCollection", "crs": crs, "features": [feature]}), "utf-8")
    take_clues(
        store.folder, ledger, channel="ledger", now=moment("2026-09-28"), actor=people["manager"], district=SAMPLE
    )
    taken["2026-10"] = take("2026-10")
    return loop, taken, {**roles, "gone": "450108-202609-L0001"}


def test_every_red_and_yellow_spot_has_its_case(played, issues):
    loop, taken, _ = played
    for month in MONTHS:
        read = read_issue(issues / month, loop.store.crs)
        work = [spot["spot_no"] for spot in read.spots if spot["severity"] != "green"]
        assert taken[month].spots == len(read.spots)
        assert len(taken[month].opened) <= len(work)
        for number in taken[month].opened:
            assert number in work
    assert sum(len(one.opened) for one in taken.values()) > 15


def test_the_next_image_says_whether_it_is_over(played):
    loop, taken, roles = played
    expected = {roles[name]: name for name in ("gone", "unchanged", "unseen", "going_on")}
    assert taken["2026-10"].rechecked == expected
    proposals = {name: loop.proposals(number) for name, number in roles.items()}
    assert proposals["gone"][-1]["proposal"] == "pass"
    assert proposals["gone"][-1]["resolution"] == "demolished"
    assert proposals["unchanged"][-1]["proposal"] == "fail"
    assert proposals["going_on"][-1]["proposal"] == "fail"
    assert not any("recheck" in facts for facts in proposals["unseen"])
    told = [event for event in loop.events(roles["unseen"]) if event.facts.get("recheck") == "unseen"]
    assert "未能观测" in told[-1].note
    states = {name: loop.case(number)["state"] for name, number in roles.items()}
    assert states["gone"] == "disposing", "nothing closes by itself"
    assert states["unchanged"] == "rectified"


def test_work_on_the_closed_spot_reopens_it_as_red(played):
    loop, taken, roles = played
    assert taken["2026-10"].reopened == (roles["reopened"],)
    case = loop.case(roles["reopened"])
    assert (case["state"], case["severity"], case["recurrence"]) == ("screened", "red", 1)


def test_the_ledger_got_its_codes_from_the_district(played):
    loop, _, _ = played
    case = loop.case("450108-202609-L0001")
    assert case["village_code"].startswith("450108")
    assert case["cell_code"].startswith(case["village_code"])


def test_the_record_is_whole_and_taking_all_again_changes_nothing(played, issues, moment, people):
    loop, _, _ = played
    before = audit_store(loop.store, [], {})
    assert before.defects == ()
    for month in MONTHS:
        again = take_issue(loop.store.folder, issues / month, now=moment("2026-11-01"), actor=people["manager"])
        assert not again.news
    assert audit_store(loop.store, [], {}).events == before.events


def test_an_issue_that_is_not_as_its_manifest_says_is_refused(played, issues, moment, people, tmp_path):

    loop, _, _ = played
    copy = tmp_path / "2026-07"
    shutil.copytree(issues / "2026-07", copy)
    (copy / "decisions.json").write_text((copy / "decisions.json").read_text("utf-8") + " ", "utf-8")
    with pytest.raises(ConfigInvalid, match=r"changed decisions\.json"):
        take_issue(loop.store.folder, copy, now=moment("2026-11-01"), actor=people["manager"])
    with pytest.raises(ConfigInvalid, match="holds no issue"):
        take_issue(loop.store.folder, tmp_path / "nowhere", now=moment("2026-11-01"), actor=people["manager"])


@pytest.fixture
def ask(played, capsys, tmp_path):
    """Return a function that runs a command on the store and gives what it printed."""
    loop, _, _ = played
    folder = str(loop.store.folder)
    people = tmp_path / "people.csv"
    people.write_text("login,name,role,prefix\nli,李,district_manager,450108\n", "utf-8")
    assert run(["people", "import", str(people), "--as", "li", "--store", folder]) == 0
    capsys.readouterr()

    def command(*words: str, code: int = 0) -> str:
        assert run([*words, "--store", folder]) == code
        return capsys.readouterr().out

    return command


def test_commands_read_well_and_speak_json(played, ask, issues, tmp_path):
    roles = played[2]
    again = json.loads(ask("cases", "take", str(issues / "2026-10"), "--as", "li", "--json"))
    assert (again["issue"], again["news"]) == ("2026-10", False)
    assert "此前已接收" in ask("cases", "take", str(issues / "2026-10"), "--as", "li")
    assert "复发" in ask("cases", "lineage", roles["reopened"], "--svg", str(tmp_path / "l.svg"))
    assert (tmp_path / "l.svg").read_text("utf-8").startswith("<svg")
    assert json.loads(ask("cases", "lineage", roles["gone"], "--json"))["strands"][0]["number"] == roles["gone"]
    asked = json.loads(ask("cases", "list", "--proposed", "--all", "--json"))["cases"]
    assert {roles["gone"]: "pass", roles["unchanged"]: "fail"}.items() <= {
        row["number"]: row["proposal"] for row in asked
    }.items()
    assert roles["gone"] in ask("cases", "list", "--proposed", "--all", "--size", "1000")
    assert "L1" in ask("clues", "list")
    assert json.loads(ask("clues", "show", "ledger", "L1", "--json"))["fields"]["状态"] == "处置中"
    permits = json.loads(
        ask("permits", "import", str(SAMPLE / "registers" / "homestead.csv"), "--register", "homestead", "--as", "li",
            "--as-of", "2026-10-20", "--at", "2026-10-21T09:00+08:00", "--json")
    )  # fmt: skip
    assert permits["counts"]["added"] > 0
    assert permits["cases"] == [], "the issue was judged on this register already"
    assert "农村宅基地" in ask("permits", "list")


def test_the_truth_of_the_sample_as_a_list_from_above(ask, tmp_path):
    content = json.loads((SAMPLE / "truth" / "changes.geojson").read_text("utf-8"))
    for feature in content["features"]:
        feature["properties"] = {"TBBH": feature["properties"]["id"], "下发日期": "2026-10-31"}
    (tmp_path / "city.geojson").write_text(json.dumps(content), "utf-8")
    found = json.loads(ask("compare", str(tmp_path / "city.geojson"), "--xlsx", str(tmp_path / "c.xlsx"), "--json"))
    counts = found["counts"]
    assert counts["spots"] == len(content["features"]) == sum(counts["status"].values())
    assert counts["status"]["hit"] > 20
    assert counts["cause"]["lawful"] > 10
    assert (
        np.median([row["days_ahead"] for row in found["rows"] if row["status"] == "hit"]) == counts["median_days_ahead"]
    )
    assert (tmp_path / "c.xlsx").stat().st_size > 5000
    assert "先于下发" in ask("compare", str(tmp_path / "city.geojson"))
