"""Four months of the sample district in which scripted people make every move of the table, and each case ends where it should.

The cases are those that the months of the sample bring, and green spots of July from which somebody opened one. Packages,
returns, permits and the ledger come in between as files, as an office has them.
"""

import base64
import hashlib
import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from itertools import combinations
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import shapely
import sqlalchemy as sa
from PIL import Image

from rs_governance.cases import TRANSITIONS, clocks_of
from rs_governance.cases.people.reminding import warn_of_terms
from rs_governance.cases.trail.audit import audit_store
from rs_governance.db import Event, Export, Person, Photo
from rs_governance.field import KeptPlan, Package, Wanted, export_tasks, make_plan, read_questions
from rs_governance.field.returns import Taken, take_return
from rs_governance.flows.clues import take_clues
from rs_governance.flows.issue_folder import IssueRead, read_issue
from rs_governance.flows.open_spot import open_spot
from rs_governance.flows.papers import take_permits
from rs_governance.flows.take_issue import TakenIssue, take_issue

from .conftest import MONTHS, SAMPLE, SECOND, TOWN, WAY, WITHOUT_TERM, Play

BEFORE_VERDICT = ("detected", "screened", "dispatched", "verifying", "evidenced", "returned")
ALONE = ("aside", "aside_returned", "lawful", "spared", "referred", "reversed", "transferred", "forgotten",
         "agreed", "disagreed", "agreed_screened", "disagreed_screened")  # fmt: skip
"""Stories of one case each."""


@dataclass(kw_only=True)
class Story:
    """What was played, and on which cases."""

    loop: Any
    numbers: Mapping[str, str]
    """Numbers of the cases by the name of their story."""
    taken: dict[str, TakenIssue] = field(default_factory=dict)
    """What each month led to."""
    ledger: str = ""
    """Number of the case of the ledger."""
    plan: KeptPlan | None = None
    package: Package | None = None
    returns: list[Taken] = field(default_factory=list)


def _quiet_spots(july: IssueRead, later: list[IssueRead]) -> dict[str, shapely.Geometry]:
    """Choose green spots of July that lie far from what the later months see: only people move their cases."""
    greens = [
        (read, spot["spot_no"], outline)
        for read in (july, *later)
        for spot, outline in zip(read.spots, read.outlines, strict=True)
        if (spot["severity"] == "green") == (read is july)
    ]
    work = shapely.union_all([outline for read, _, outline in greens if read is not july])
    return {number: outline for read, number, outline in greens if read is july and outline.distance(work) > 40}


def _cast(quiet: Mapping[str, shapely.Geometry]) -> dict[str, str]:
    """Give each story a case; those that are merged lie beside the ones that they are merged into."""
    left = dict(quiet)
    cast: dict[str, str] = {}
    for state in BEFORE_VERDICT:
        one, other = next(pair for pair in combinations(left, 2) if left[pair[0]].distance(left[pair[1]]) < 45)
        cast |= {f"withdrawn_{state}": one, f"merged_{state}": other}
        for number in (one, other):
            del left[number]
    return cast | dict(zip((*ALONE, *(f"split_{state}" for state in BEFORE_VERDICT)), left, strict=False))


@pytest.fixture(scope="module")
def story(make_loop, issues, people, moment, tmp_path_factory) -> Iterator[Story]:
    """Play it."""
    loop = make_loop()
    play, folder = Play(loop, people, moment), tmp_path_factory.mktemp("office")
    with loop.store.write() as session:
        session.add(
            Person(
                login=SECOND.login, name=SECOND.name, role=SECOND.role, prefix=SECOND.prefix, themes=[], department=None,
                email=None, capacity=8, active=True,
            )
        )  # fmt: skip
    reads = {month: read_issue(issues / month, loop.store.crs) for month in MONTHS}
    quiet = _quiet_spots(reads["2026-07"], [reads[month] for month in MONTHS[1:]])
    numbers = _cast(quiet)
    outlines = {name: quiet[number] for name, number in numbers.items()}
    told = Story(loop=loop, numbers=numbers)

    def take(month: str) -> None:
        play.on = f"{month}-20"
        told.taken[month] = take_issue(loop.store.folder, issues / month, now=moment(play.on), actor=people["manager"])

    def remind(on: str) -> None:
        with loop.store.write() as session:
            warn_of_terms(session, now=moment(on), clocks=clocks_of(loop.store))

    take("2026-07")
    for name, number in numbers.items():
        open_spot(loop.store.folder, number, note="抽查绿色图斑", now=moment(play.on), actor=people["interpreter"])
        if "agreed" in name:
            play.do(number, "correct", "interpreter", correction={"severity": "red"})
    _july(play, numbers, outlines)

    take("2026-08")
    _august(play, numbers)
    _visit(play, told, folder)
    remind("2026-08-27")
    _permit(play, folder)

    take("2026-09")
    told.ledger = _september(play, reads["2026-10"], folder)
    remind("2026-09-25")

    take("2026-10")
    play.do(OVER_AND_AGAIN, "fail", "checker")
    for name in (OVER_AND_AGAIN, told.ledger):
        play.enter(name, "rectified")
    play.do(OVER_AND_AGAIN, "pass", "checker", resolution="case_decided")
    play.do(told.ledger, "pass", "checker", resolution="demolished")
    yield told
    loop.store.close()


VISITED = ("450108-202607-0016", "450108-202608-0041", "450108-202608-0062", "450108-202608-0066")
"""Cases of the first town that the package of August holds."""

WHOLE, SENT_BACK, SPARED, OVER_AND_AGAIN = VISITED
"""What becomes of them: referred, judged a false change after a second visit, spared, and punished in the end."""

PERMITTED = "450108-202608-0159"
UNTOUCHED = "450108-202608-0129"
COMES_BACK = "450108-202609-0103"


def _july(play: Play, numbers: dict[str, str], outlines: dict[str, shapely.Polygon]) -> None:
    for screened in ("", "_screened"):
        for name, answer in ((f"agreed{screened}", "agree"), (f"disagreed{screened}", "disagree")):
            if screened:
                play.enter(numbers[name], "screened")
            play.do(numbers[name], "reject", "interpreter", resolution="season")
            play.do(numbers[name], answer, "checker")
    for state in BEFORE_VERDICT:
        for story in ("withdrawn", "merged", "split"):
            play.bring(numbers[f"{story}_{state}"], state)
            play.free(numbers[f"{story}_{state}"])
        play.do(numbers[f"split_{state}"], "correct", "interpreter", correction={"kind": "road"})
        play.do(numbers[f"merged_{state}"], "merge", "manager", into=numbers[f"withdrawn_{state}"])
        whole = outlines[f"split_{state}"]
        west, south, east, north = whole.bounds
        middle = (west + east) / 2
        halves = (shapely.box(west, south, middle, north), shapely.box(middle, south, east, north))
        parts = tuple(shapely.intersection(whole, half) for half in halves)
        play.do(numbers[f"split_{state}"], "split", "manager", parts=parts)
        play.do(numbers[f"withdrawn_{state}"], "withdraw", "manager", resolution="approvals_complete")
    number = numbers["transferred"]
    for state in ("dispatched", "verifying", "returned"):
        play.bring(number, state)
        play.do(number, "transfer", "manager", assignee=play.people[play.inspector_of(number)].login)
    play.bring(number, "evidenced")
    play.do(number, "confirm", "checker", verdict="false_change")
    play.do(number, "close", "manager", resolution="season")


def _august(play: Play, numbers: dict[str, str]) -> None:
    for state in WAY:
        play.bring(numbers["aside"], state)
        play.move_aside(numbers["aside"])
    play.bring(numbers["aside_returned"], "returned")
    play.move_aside(numbers["aside_returned"])
    play.do(numbers["aside_returned"], "submit", play.inspector_of(numbers["aside_returned"]))
    play.do(numbers["aside"], "reopen", "manager")

    play.bring(numbers["lawful"], "evidenced")
    play.do(numbers["lawful"], "confirm", "checker", verdict="lawful")
    play.do(numbers["lawful"], "close", "manager", resolution="approvals_complete")
    play.bring(numbers["spared"], "disposing")
    play.do(numbers["spared"], "spare", "manager")

    play.bring(numbers["referred"], "disposing")
    play.do(numbers["referred"], "plan", "manager", measure="refer")
    play.do(numbers["referred"], "proceed", "manager", step="file_prepared")
    for answer in ("decline_referral", "answer_referral"):
        play.do(numbers["referred"], "refer", "manager", referral="court")
        play.do(numbers["referred"], answer, "manager")

    for state in ("confirmed", "disposing", "rectified"):
        play.bring(numbers["reversed"], state)
        play.do(numbers["reversed"], "reverse", "manager")
    play.do(numbers["reversed"], "confirm", "checker", verdict="other")
    play.do(numbers["reversed"], "close", "manager", resolution="planting")


def _visit(play: Play, told: Story, folder: Path) -> None:
    """Send the inspector of a town out with a package, and take in what comes back, in two returns."""
    store, manager = play.loop.store, play.people["manager"]
    common: dict[str, Any] = {"actor": manager, "now": play.moment("2026-08-21"), "clocks": clocks_of(store)}
    for number in VISITED:
        play.bring(number, "dispatched")
    told.plan = make_plan(store, town=TOWN, on=date(2026, 8, 22), logins=(), seed=7, share=0.25, **common)
    wanted = Wanted(to="chen", plan=told.plan.number, formats=["html", "geojson"])
    told.package = export_tasks(store, wanted, folder / "package", questions=read_questions(), **common)
    number = told.package.handout.number

    def bring_back(name: str, on: str, *rows: dict[str, Any]) -> None:
        head = {"format": "rs_governance.return", "version": 1, "export": number, "receiver": "chen"}
        path = folder / name
        path.write_text(json.dumps({**head, "saved_at": f"{on}T09:00:00+00:00", "cases": rows}), "utf-8")
        now, clocks = play.moment(on).replace(hour=12), clocks_of(store)
        for _ in range(2):  # somebody sends it twice
            told.returns.append(take_return(store, path, importer=manager, inspector=None, now=now, clocks=clocks))

    seen = [_seen(play.loop.case(each), seed, "2026-08-22") for seed, each in enumerate(VISITED)]
    bring_back("first.json", "2026-08-22", *seen[:3], {**seen[3], "done": False, "photos": []})
    play.on = "2026-08-24"
    play.do(SENT_BACK, "return", "checker", reason="photo_missing")
    again = [
        _seen(play.loop.case(each), 10 + seed, "2026-08-25") for seed, each in enumerate((SENT_BACK, OVER_AND_AGAIN))
    ]
    bring_back("second.json", "2026-08-25", *again)

    play.on = "2026-08-26"
    play.do(SENT_BACK, "confirm", "checker", verdict="false_change")
    play.do(SENT_BACK, "close", "manager", resolution="season")
    for each in (WHOLE, SPARED, OVER_AND_AGAIN):
        play.do(each, "confirm", "checker", verdict="illegal")
    play.do(SPARED, "plan", "manager", measure="rectify")
    play.do(SPARED, "spare", "manager")
    play.do(WHOLE, "plan", "manager", measure="refer")
    for step in ("file_prepared", "handed_over"):
        play.do(WHOLE, "proceed", "manager", step=step)
    play.do(WHOLE, "refer", "manager", referral="court")
    play.do(OVER_AND_AGAIN, "plan", "manager", measure="file_case")


def _seen(case: Mapping[str, Any], seed: int, on: str) -> dict[str, Any]:
    pixels = np.random.default_rng(seed).integers(0, 255, (12, 16, 3), dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).resize((320, 240), Image.Resampling.BICUBIC).save(file, "JPEG")
    data = file.getvalue()
    photo = {
        "name": f"{seed}.jpg", "sha256": hashlib.sha256(data).hexdigest(), "data": base64.b64encode(data).decode(),
        "taken_at": f"{on}T08:00:00+00:00", "lon": case["lon"], "lat": case["lat"],
    }  # fmt: skip
    return {
        "number": case["number"], "version": case["version"], "answers": {"progress": "under_way", "party": f"第 {seed} 户"},
        "verdict": "illegal", "resolution": None, "note": "现场在建", "done": True, "photos": [photo],
        "position": {"lon": case["lon"], "lat": case["lat"]},
    }  # fmt: skip


def _permit(play: Play, folder: Path) -> None:
    """A conversion that was approved after the issue."""
    row = {
        "number": "桂土转 2026-88", "holder": "某公司", "use": "工业", "stage": None, "valid_from": "2026-06-01",
        "valid_to": "2028-06-01", "geometry": play.loop.case(PERMITTED)["outline"].buffer(6),
    }  # fmt: skip
    path = folder / "late.gpkg"
    gpd.GeoDataFrame([row], geometry="geometry", crs=play.loop.store.crs.to_wkt()).to_file(path)
    take_permits(
        play.loop.store.folder, path, register="land_conversion", as_of=date(2026, 8, 27), now=play.moment("2026-08-28"),
        actor=play.people["manager"],
    )  # fmt: skip


def _september(play: Play, october: IssueRead, folder: Path) -> str:
    """Go on with what August began, and take in the ledger; return the number of its case."""
    play.on = "2026-09-21"
    play.do(WHOLE, "answer_referral", "manager")
    for step in ("filed", "investigated", "decided", "enforced"):
        play.do(OVER_AND_AGAIN, "proceed", "manager", step=step)
    play.enter(OVER_AND_AGAIN, "rectified")
    play.bring(COMES_BACK, "closed")
    # The ledger has a building in disposal that October shows taken down.
    gone = next(
        outline
        for spot, outline in zip(october.spots, october.outlines, strict=True)
        if spot["kind"] == "demolition" and spot["severity"] != "green"
    )
    feature = {
        "type": "Feature",
        "properties": {"number": "L1", "状态": "处置中", "found_on": "2026-06-01", "类型": "新增建筑物"},
        "geometry": shapely.geometry.mapping(gone),
    }
    crs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::4545"}}
    path = folder / "ledger.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "crs": crs, "features": [feature]}), "utf-8")
    taken = take_clues(
        play.loop.store.folder, path, channel="ledger", now=play.moment(play.on), actor=play.people["manager"],
        district=SAMPLE,
    )  # fmt: skip
    (row,) = taken.rows
    return str(row.case_number)


def test_every_move_of_the_table_was_made(story) -> None:
    with story.loop.store.read() as session:
        columns = (Event.from_state, Event.action)
        made = {(state, action) for state, action in session.execute(sa.select(*columns)) if state is not None}
    assert set(TRANSITIONS) - made == WITHOUT_TERM
    assert made - set(TRANSITIONS) == set()


def test_every_case_ends_where_it_should(story) -> None:
    ends = {name: story.loop.case(number) for name, number in story.numbers.items()}
    told = {name: (case["state"], case["resolution"]) for name, case in ends.items()}
    expected = {
        "aside": ("screened", None),
        "aside_returned": ("evidenced", None),
        "lawful": ("closed", "approvals_complete"),
        "spared": ("closed", "spared"),
        "referred": ("closed", "referral_answered"),
        "reversed": ("closed", "planting"),
        "transferred": ("closed", "season"),
        "forgotten": ("detected", None),
        "agreed": ("closed", "season"),
        "agreed_screened": ("closed", "season"),
        "disagreed": ("screened", None),
        "disagreed_screened": ("screened", None),
    }
    for state in BEFORE_VERDICT:
        expected |= {
            f"withdrawn_{state}": ("closed", "approvals_complete"),
            f"merged_{state}": ("closed", "merged"),
            f"split_{state}": ("closed", "split"),
        }
    assert told == expected
    assert ends["forgotten"]["warned"] == 3, "nobody looked at it: escalated, and escalated again"
    assert {ends[f"merged_{state}"]["merged_into"] for state in BEFORE_VERDICT} == {
        story.numbers[f"withdrawn_{state}"] for state in BEFORE_VERDICT
    }


def test_the_cases_of_the_months_end_where_they_should(story) -> None:
    ends = {number: story.loop.case(number) for number in (*VISITED, PERMITTED, UNTOUCHED, COMES_BACK, story.ledger)}
    assert {number: (case["state"], case["verdict"], case["resolution"]) for number, case in ends.items()} == {
        WHOLE: ("closed", "illegal", "referral_answered"),
        SENT_BACK: ("closed", "false_change", "season"),
        SPARED: ("closed", "illegal", "spared"),
        OVER_AND_AGAIN: ("closed", "illegal", "case_decided"),
        PERMITTED: ("closed", "lawful", "conversion_only"),
        UNTOUCHED: ("detected", "unverified", None),
        COMES_BACK: ("screened", "suspected", None),
        story.ledger: ("closed", "illegal", "demolished"),
    }
    assert (ends[COMES_BACK]["severity"], ends[COMES_BACK]["recurrence"]) == ("red", 1), "work is back on a closed spot"
    assert COMES_BACK in story.taken["2026-10"].reopened
    assert ends[UNTOUCHED]["warned"] == 3
    escalated = [event for event in story.loop.events(UNTOUCHED) if event.action == "escalate"]
    assert [(event.role, event.changes["warned"]) for event in escalated] == [("system", 2), ("system", 3)], (
        "a term run out, and a month later"
    )
    assert ends[PERMITTED]["permit_number"] == "桂土转 2026-88"
    assert story.loop.events(PERMITTED)[-1].role == "system"
    # October shows the one gone; of the other it shows that nothing was put right.
    assert [facts["proposal"] for facts in story.loop.proposals(story.ledger)][-1] == "pass"
    assert [facts["proposal"] for facts in story.loop.proposals(OVER_AND_AGAIN)][-1] == "fail"


def test_the_package_went_out_and_came_back(story) -> None:
    stops = {visit.number for visit in story.plan.plan.visits["chen"]}
    assert set(story.plan.inspectors) == {"chen"}
    assert set(story.package.numbers) == stops == set(VISITED)
    first, twice, second, third = story.returns
    assert (set(first.submitted), first.noted) == ({WHOLE, SENT_BACK, SPARED}, (OVER_AND_AGAIN,))
    assert set(second.submitted) == {SENT_BACK, OVER_AND_AGAIN}
    assert not any((first.conflicts, first.problems, second.conflicts, second.problems))
    assert (twice.again, third.again) == (True, True)
    with story.loop.store.read() as session:
        photos = session.execute(sa.select(Photo.case_number, Photo.trust).order_by(Photo.id)).all()
        assert session.scalar(sa.select(sa.func.count()).select_from(Export)) == 2, "the plan and the package"
    assert [number for number, _ in photos] == [*VISITED[:3], SENT_BACK, OVER_AND_AGAIN]
    assert {trust for _, trust in photos} == {"fair"}, "their camera data are missing, the form speaks for them"


def test_the_record_of_it_all_is_whole(story) -> None:
    assert audit_store(story.loop.store, [], {}).defects == ()
