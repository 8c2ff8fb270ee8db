"""Feedback from a store that was played: outcomes, cropland, labels, and the file that the report reads."""

import json
from datetime import datetime
from typing import Any

import geopandas as gpd
import pytest

from rs_governance.cases import SYSTEM, Act, act, clocks_of
from rs_governance.cases.feedback.cropland import watch_cropland
from rs_governance.cases.feedback.outcomes import gather_outcomes
from rs_governance.cases.feedback.shares import count_ratings
from rs_governance.errors import ConfigInvalid
from rs_governance.flows.feedback import export_labels, plain_feedback, read_feedback, write_feedback
from rs_governance.publish.feedback import read_feedback as read_file

from .conftest import PEOPLE, Loop, at, square

FIRST, SECOND, THIRD = (f"450108-202607-{serial:04d}" for serial in (1, 2, 3))


def outcomes(loop: Loop) -> dict[str, Any]:
    with loop.store.read() as session:
        return {spot.spot_no: spot for spot in gather_outcomes(session)}


def test_a_recurrence_leaves_the_former_verdict_as_it_was(loop: Loop) -> None:
    loop.take("2026-07", loop.spot("2026-07", 1, square(0, 0)))
    loop.dispose(FIRST, "2026-07-24")
    loop.take("2026-08", loop.spot("2026-08", 1, square(0, 0)))
    loop.close(FIRST, "2026-08-28")
    loop.take("2026-10", loop.spot("2026-10", 1, square(0, 0)))
    found = outcomes(loop)
    before, between, after = (found[f"450108-2026{month}-0001"] for month in ("07", "08", "10"))
    assert (before.verdict, before.resolution, before.state) == ("illegal", "demolished", "closed")
    assert before.judged_at == at("2026-07-24")
    assert before.closed_at == at("2026-08-28")
    assert (before.first, between.first, after.first) == (True, False, True)
    assert between.resolution == "demolished"
    assert (after.relation, after.verdict, after.resolution, after.judged_at) == ("reappeared", "suspected", None, None)


def test_a_reversed_verdict_counts_from_the_new_one(loop: Loop) -> None:
    loop.take("2026-07", loop.spot("2026-07", 1, square(0, 0)))
    loop.dispose(FIRST, "2026-07-24")
    loop.do(FIRST, "reverse", "manager", "2026-07-27", note="证据有误")
    assert outcomes(loop)[FIRST].judged_at is None
    loop.do(FIRST, "confirm", "checker", "2026-07-29", values={"verdict": "lawful"})
    found = outcomes(loop)[FIRST]
    assert (found.verdict, found.judged_at) == ("lawful", at("2026-07-29"))


def test_green_spots_are_nobodys_work(loop: Loop) -> None:
    loop.take("2026-07", loop.spot("2026-07", 1, square(0, 0)))
    loop.take("2026-08", loop.spot("2026-08", 1, square(0, 0), severity="green", kind="crop_rotation"))
    assert set(outcomes(loop)) == {FIRST}


def test_cropland_by_what_it_turned_out_to_be(loop: Loop) -> None:
    lawful = {"severity": "green", "suspicion": "lawful", "permit_number": "桂建 1"}
    loop.take(
        "2026-07",
        loop.spot("2026-07", 1, square(0, 0), cropland_m2=600.0),
        loop.spot("2026-07", 2, square(200, 0), cropland_m2=300.0),
        loop.spot("2026-07", 3, square(400, 0), cropland_m2=100.0),
        loop.spot("2026-07", 4, square(600, 0), cropland_m2=700.0, kind="vegetation_loss"),
        loop.spot("2026-07", 5, square(800, 0), cropland_m2=900.0, **lawful),
    )
    # The permitted site goes on: half of it is ground that was counted in July.
    loop.take("2026-08", loop.spot("2026-08", 1, square(815, 0), cropland_m2=900.0, **lawful))
    loop.dispose(FIRST, "2026-08-24")
    loop.do(SECOND, "reject", "interpreter", "2026-08-24", values={"resolution": "homestead"})
    with loop.store.read() as session:
        watch = watch_cropland(session, 2026)
        other = watch_cropland(session, 2025)
    assert (watch.illegal_m2, watch.lawful_m2, watch.open_m2) == (600.0, 300.0, 100.0)
    assert watch.permitted_m2 == pytest.approx(900 + 450, abs=1)
    assert (watch.cases, watch.permitted, watch.put_right_m2) == (3, 2, 0.0)
    assert watch.share == pytest.approx(600 / 2250, abs=1e-3)
    assert watch.highest == pytest.approx(700 / 2350, abs=1e-3)
    assert (other.share, other.highest, other.cases) == (None, None, 0)
    loop.close(FIRST, "2026-09-01")
    with loop.store.read() as session:
        assert watch_cropland(session, 2026).put_right_m2 == 600.0


def test_ratings_are_counted_by_month(loop: Loop) -> None:
    loop.take("2026-07", loop.spot("2026-07", 1, square(0, 0)))
    clocks = clocks_of(loop.store)
    with loop.store.write() as session:
        for rating, facts in ((5, {"by": "reporter", "on": "2026-08-02"}), (2, {"by": "reporter", "on": "2026-08-30"})):
            asked = Act(action="rate", actor=PEOPLE["manager"], values={"rating": rating, "facts": facts})
            act(session, FIRST, asked, now=at("2026-09-01"), clocks=clocks)
        act(session, FIRST, Act(action="rate", actor=SYSTEM, values={"rating": 4}), now=at("2026-09-03"), clocks=clocks)
    with loop.store.read() as session:
        rated = [(each.month, each.by, each.count, each.mean) for each in count_ratings(session)]
    assert rated == [("2026-08", "reporter", 2, 3.5), ("2026-09", "", 1, 4.0)]


@pytest.fixture
def played(loop: Loop) -> Loop:
    loop.take("2026-07", loop.spot("2026-07", 1, square(0, 0)), loop.spot("2026-07", 2, square(200, 0)))
    loop.dispose(FIRST, "2026-07-24")
    loop.close(FIRST, "2026-08-10")
    loop.do(SECOND, "reject", "interpreter", "2026-07-22", values={"resolution": "season"})
    return loop


def test_the_file_reads_back_as_it_was_counted(played: Loop, tmp_path: Any) -> None:
    found = read_feedback(played.store.folder)
    write_feedback(found, tmp_path / "feedback.json")
    write_feedback(read_feedback(played.store.folder), tmp_path / "again.json")
    assert (tmp_path / "feedback.json").read_bytes() == (tmp_path / "again.json").read_bytes()
    read = read_file(tmp_path / "feedback.json", district_code="450108")
    assert read.as_of == datetime(2026, 8, 10).date()  # noqa: DTZ001 -- only its day
    whole = read.rows[0]
    assert (whole.issue, whole.spots, whole.confirmed.part, whole.why_not) == ("2026-07", 2, 1, {"season": 1})
    assert read.reasons["season"].zh == "季节或作物"
    assert [one.year for one in read.cropland] == [2026]
    assert {row.title.zh for row in read.rows if row.dimension == "kind"} == {"新增建筑物"}
    assert plain_feedback(found)["rows"][0]["confirmed"]["share"] == 0.5


def test_a_file_that_is_none_is_refused(played: Loop, tmp_path: Any) -> None:
    path = tmp_path / "feedback.json"
    write_feedback(read_feedback(played.store.folder), path)
    good = json.loads(path.read_text("utf-8"))
    for change, problem in (
        (
            {"schema_id": "urn:rs-governance:schema:statistics:1.0"},
            "expected to say .*:feedback:1.0, it says .*statistics",
        ),
        ({"schema_version": "2.0"}, "is damaged"),
        ({"rows": [{"issue": "2026-07"}]}, "is damaged.*rows/0"),
    ):
        path.write_text(json.dumps({**good, **change}), "utf-8")
        with pytest.raises(ConfigInvalid, match=problem):
            read_file(path, district_code="450108")
    path.write_text(json.dumps(good), "utf-8")
    with pytest.raises(ConfigInvalid, match="district 450108, the issue is of 450107"):
        read_file(path, district_code="450107")
    path.write_text("[1", "utf-8")
    with pytest.raises(ConfigInvalid, match="cannot be read as feedback"):
        read_file(path, district_code="450108")
    path.write_text("[]", "utf-8")
    with pytest.raises(ConfigInvalid, match="it says None"):
        read_file(path, district_code="450108")
    with pytest.raises(ConfigInvalid, match="no file of feedback"):
        read_file(tmp_path / "none.json", district_code="450108")


def test_labels_are_what_closed_cases_teach(played: Loop, tmp_path: Any) -> None:
    written = export_labels(played.store.folder, out=tmp_path / "labels")
    table = gpd.read_parquet(tmp_path / "labels" / "labels.parquet")
    assert dict(zip(table["spot_no"], table["label"], strict=True)) == {FIRST: "change", SECOND: "no_change"}
    assert (written.labels, written.chips, dict(written.without)) == (2, 0, {"a": 2})
    assert table.geometry.iloc[0].equals(square(0, 0))
