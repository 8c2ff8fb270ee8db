"""Taking issues in: cases opened, observed, reopened, withdrawn; once, and never over what a person has said."""

from dataclasses import replace

import pytest
import shapely
import sqlalchemy as sa

from rs_governance.cases import CASE_FIELDS, SYSTEM, Actor, from_plain, replay, to_plain
from rs_governance.cases.shown.listing import Wanted, list_cases
from rs_governance.cases.trail.audit import audit_store
from rs_governance.db import Case, Event, Finding, Issue
from rs_governance.errors import ActionRefused, ConfigInvalid, UsageError
from rs_governance.flows.open_spot import open_spot
from rs_governance.flows.take_issue import take_issue


def whole(loop):
    """Return everything that the store says of cases and findings."""
    with loop.store.read() as session:
        cases = [
            {name: to_plain(getattr(one, name)) for name in CASE_FIELDS} for one in session.scalars(sa.select(Case))
        ]
        findings = session.execute(sa.select(Finding.issue, Finding.spot_no, Finding.case_id, Finding.current)).all()
        hashes = list(session.scalars(sa.select(Event.hash).order_by(Event.id)))
    return cases, findings, hashes


def test_red_and_yellow_become_cases_and_green_is_kept_as_a_finding(loop, places):
    red = loop.spot("2026-07", 1, places(0, 0), severity="red", kind="earthwork", theme="farmland")
    lawful = loop.spot("2026-07", 2, places(100, 0), severity="green", suspicion="lawful")
    crops = loop.spot("2026-07", 3, places(200, 0), severity="green", suspicion="none", kind="crop_rotation")
    taken = loop.take("2026-07", red, lawful, crops)
    assert taken.opened == ("450108-202607-0001",)
    case = loop.case("450108-202607-0001")
    assert (case["state"], case["severity"], case["kind"], case["channel"]) == (
        "detected",
        "red",
        "earthwork",
        "satellite",
    )
    assert case["due_on"] is not None
    with loop.store.read() as session:
        rows = session.execute(
            sa.select(Finding.spot_no, Finding.relation, Finding.case_id).order_by(Finding.spot_no)
        ).all()
    assert [(row.relation, row.case_id is not None) for row in rows] == [("new", True), (None, False), (None, False)]


def test_a_person_opens_a_case_from_a_green_spot_with_a_reason(loop, places, people, moment):
    green = {"severity": "green", "suspicion": "none", "kind": "other"}
    loop.take("2026-07", loop.spot("2026-07", 1, places(0, 0), **green))
    given = {"now": moment("2026-07-21"), "actor": people["interpreter"]}
    number = open_spot(loop.store.folder, "450108-202607-0001", note="抽查可见新墙", **given)
    assert open_spot(loop.store.folder, "450108-202607-0001", note="再开", **given) == number
    event = loop.events(number)[0]
    assert (event.actor, event.note, len(loop.events(number))) == ("wang", "抽查可见新墙", 1)
    assert loop.case(number)["severity"] == "green"
    with pytest.raises(UsageError, match="--note"):
        open_spot(loop.store.folder, "450108-202607-0001", note=" ", **given)
    with pytest.raises(ActionRefused):
        open_spot(loop.store.folder, "450108-202607-0001", note="x", now=given["now"], actor=people["inspector"])
    loop.take("2026-08", loop.spot("2026-08", 1, places(0, 0)))
    assert loop.case(number)["relation"] == "continuing"


def test_taking_the_same_issue_twice_changes_nothing(loop, places):
    spot = loop.spot("2026-07", 1, places(0, 0))
    assert loop.take("2026-07", spot).news
    before = whole(loop)
    again = loop.take("2026-07", spot, on="2026-07-25")
    assert not again.news
    assert whole(loop) == before


def test_events_replay_to_the_cases_and_the_chain_holds(loop, places):
    loop.take("2026-07", loop.spot("2026-07", 1, places(0, 0)), loop.spot("2026-07", 2, places(100, 0)))
    loop.take("2026-08", loop.spot("2026-08", 1, shapely.box(*places(20, 0).bounds)))
    loop.take("2026-09")
    with loop.store.read() as session:
        for case in session.scalars(sa.select(Case)):
            events = session.scalars(sa.select(Event).where(Event.case_number == case.number).order_by(Event.id)).all()
            replayed = {name: to_plain(value) for name, value in replay(events).items()}
            assert replayed == {name: to_plain(getattr(case, name)) for name in CASE_FIELDS}
            assert [event.version for event in events] == list(range(1, len(events) + 1))
    assert not audit_store(loop.store, [], {}).defects
    assert loop.case("450108-202607-0001")["relation"] == "stalled"


def test_a_growing_case_takes_the_new_ground_and_the_more_urgent_severity(loop, places):
    first = loop.spot("2026-07", 1, places(0, 0), kind="earthwork")
    loop.take("2026-07", first)
    more = shapely.box(*places(0, 0).union(places(40, 0)).bounds)
    loop.take("2026-08", loop.spot("2026-08", 1, more, severity="red", cropland_m2=700.0))
    case = loop.case("450108-202607-0001")
    assert (case["relation"], case["kind"], case["severity"]) == ("growing", "new_building", "red")
    assert case["area_m2"] == pytest.approx(2100)
    assert case["cropland_m2"] == pytest.approx(400)
    assert (case["first_issue"], case["last_issue"]) == ("2026-07", "2026-08")


def test_what_a_person_corrected_stays_and_the_newer_sight_is_kept_beside(loop, places):
    loop.take("2026-07", loop.spot("2026-07", 1, places(0, 0)))
    number = "450108-202607-0001"
    drawn = places(0, 0, 25)
    loop.do(
        number, "correct", "interpreter", "2026-07-21", values={"correction": {"outline": drawn, "kind": "greenhouse"}}
    )
    grown = shapely.box(*places(0, 0, 80).bounds)
    loop.take("2026-08", loop.spot("2026-08", 1, grown, severity="red"))
    case = loop.case(number)
    assert case["kind"] == "greenhouse"
    assert case["outline"].equals(drawn)
    assert case["machine"]["kind"] == "new_building"
    assert from_plain("outline", case["machine"]["outline"]).area == pytest.approx(6400)
    assert case["severity"] == "red", "nobody corrected the severity"


def test_after_a_verdict_the_machine_only_notes_what_it_sees(loop, places):
    number = "450108-202607-0001"
    loop.take("2026-07", loop.spot("2026-07", 1, places(0, 0), kind="earthwork"))
    loop.dispose(number, "2026-07-22")
    loop.take("2026-08", loop.spot("2026-08", 1, places(0, 0, 80)))
    case = loop.case(number)
    assert (case["kind"], case["area_m2"], case["relation"]) == ("earthwork", 900, "growing")
    assert case["machine"]["kind"] == "new_building"
    assert loop.proposals(number)[-1]["recheck"] == "going_on"


def test_published_again_supersedes_findings_and_withdraws_only_what_nobody_touched(loop, places):
    spots = [loop.spot("2026-07", n, places(100 * n, 0)) for n in (1, 2, 3)]
    loop.take("2026-07", *spots)
    loop.do("450108-202607-0002", "accept", "interpreter", "2026-07-21")
    # The serial numbers moved on, the first spot is drawn larger, a new one came.
    again = [
        loop.spot("2026-07", 3, places(95, -5, 60)),
        loop.spot("2026-07", 1, places(600, 0)),
    ]
    taken = loop.take("2026-07", *again, on="2026-07-23", again="b")
    assert taken.edition == 2
    assert taken.withdrawn == ("450108-202607-0003",)
    assert loop.case("450108-202607-0003")["resolution"] == "superseded"
    assert loop.case("450108-202607-0002")["state"] == "screened"
    assert loop.proposals("450108-202607-0002")[-1]["proposal"] == "withdraw"
    first = loop.case("450108-202607-0001")
    assert (first["relation"], first["area_m2"]) == ("new", 3600)
    assert (taken.relations["new"], taken.revised, taken.same) == (1, ("450108-202607-0001",), ())
    assert taken.opened == ("450108-202607-0001R1",), "the number was given to another place before"
    with loop.store.read() as session:
        current = session.scalars(sa.select(Finding.edition).where(Finding.current)).all()
        assert session.scalar(sa.select(Issue.edition)) == 2
    assert current == [2, 2]


def test_published_again_with_the_same_spots_writes_nothing_of_the_cases_and_says_so(loop, places):
    spots = [loop.spot("2026-07", n, places(100 * n, 0)) for n in (1, 2, 3)]
    loop.take("2026-07", *spots)
    drawn = {"correction": {"outline": places(200, 0, 25), "kind": "greenhouse"}}
    loop.do("450108-202607-0002", "correct", "interpreter", "2026-07-21", values=drawn)
    loop.dispose("450108-202607-0003", "2026-07-22")
    cases, _, _ = whole(loop)
    # The same ground, its border begun at another corner.
    corners = [list(spot["outline"].exterior.coords)[:-1] for spot in spots]
    again = [
        {**spot, "outline": shapely.Polygon([*one[2:], *one[:2]])} for spot, one in zip(spots, corners, strict=True)
    ]
    taken = loop.take("2026-07", *again, on="2026-07-23", again="with pictures")
    numbers = tuple(f"450108-202607-000{n}" for n in (1, 2, 3))
    assert (taken.edition, taken.relations.get("new", 0), taken.same, taken.revised) == (2, 0, numbers, ())
    assert whole(loop)[0] == cases, "no case has another version"


def test_a_later_letter_replaces_only_what_it_looks_at_from_the_same_image(loop, places):
    spots = [loop.spot("2026-07", n, places(100 * n, 0)) for n in (1, 2)]
    loop.take("2026-07", *spots)
    late = loop.spot("2026-07a", 1, places(102, 0), before_image="a")
    other = loop.spot("2026-07a", 2, places(202, 0), before_image="z")
    taken = loop.take("2026-07a", late, other)
    assert taken.opened == ()
    with loop.store.read() as session:
        current = session.scalars(sa.select(Finding.spot_no).where(Finding.current).order_by(Finding.spot_no)).all()
    assert current == ["450108-202607-0002", "450108-202607a-0001", "450108-202607a-0002"]


def test_work_on_a_closed_case_reopens_it_as_red_with_its_history(loop, places):
    number = "450108-202607-0001"
    loop.take("2026-07", loop.spot("2026-07", 1, places(0, 0)))
    loop.dispose(number, "2026-07-22")
    loop.close(number, "2026-08-01")
    taken = loop.take("2026-09", loop.spot("2026-09", 4, places(5, 5)))
    assert taken.reopened == (number,)
    assert taken.opened == ()
    case = loop.case(number)
    assert (case["state"], case["severity"], case["recurrence"], case["verdict"]) == ("screened", "red", 1, "suspected")
    event = loop.events(number)[-1]
    assert (event.action, event.facts["closed_as"], event.role) == ("reopen", "demolished", "system")


def test_a_false_change_leaves_the_place_to_a_new_case_that_names_it(loop, places):
    number = "450108-202607-0001"
    loop.take("2026-07", loop.spot("2026-07", 1, places(0, 0)))
    loop.do(number, "reject", "interpreter", "2026-07-22", values={"resolution": "season"})
    loop.take("2026-08", loop.spot("2026-08", 1, places(0, 0)))
    assert loop.case(number)["state"] == "closed"
    assert loop.case("450108-202608-0001")["parents"] == [number]


def test_lawful_by_a_permit_now_is_proposed_not_done(loop, places):
    number = "450108-202607-0001"
    loop.take("2026-07", loop.spot("2026-07", 1, places(0, 0)))
    lawful = {"severity": "green", "suspicion": "lawful", "permit_register": "homestead", "permit_number": "农宅 1"}
    taken = loop.take("2026-08", loop.spot("2026-08", 1, places(0, 0), **lawful))
    assert taken.proposed == {"withdraw": (number,)}
    assert loop.case(number)["state"] == "detected"
    proposal = loop.proposals(number)[-1]
    assert (proposal["resolution"], proposal["permit_number"]) == ("homestead", "农宅 1")
    loop.take("2026-09", loop.spot("2026-09", 5, places(300, 0)))
    with loop.store.read() as session:
        asked = list_cases(session, Wanted(proposed=True)).rows
        every = {row["number"]: row["proposal"] for row in list_cases(session, Wanted()).rows}
    assert [(row["number"], row["proposal"]) for row in asked] == [(number, "withdraw")]
    assert every == {number: "withdraw", "450108-202609-0005": None}
    loop.do(number, "accept", "interpreter", "2026-09-21")
    with loop.store.read() as session:
        assert list_cases(session, Wanted(proposed=True)).total == 0


def test_merging_and_splitting_are_proposed_to_the_office(loop, places):
    loop.take("2026-07", loop.spot("2026-07", 1, places(0, 0)), loop.spot("2026-07", 2, places(40, 0)))
    both = shapely.box(*places(0, 0).union(places(40, 0)).bounds)
    taken = loop.take("2026-08", loop.spot("2026-08", 1, both))
    assert taken.relations["merged"] == 2
    assert loop.proposals("450108-202607-0002")[-1]["into"] == "450108-202607-0001"
    assert loop.proposals("450108-202607-0001") == []
    assert loop.case("450108-202607-0002")["state"] == "detected"


def test_a_standstill_is_told_once_and_not_where_nothing_was_seen(loop, places):
    loop.take("2026-07", loop.spot("2026-07", 1, places(0, 0)), loop.spot("2026-07", 2, places(100, 0)))
    loop.take("2026-08", unseen=places(90, -10, 60))
    assert [loop.case(f"450108-202607-000{n}")["relation"] for n in (1, 2)] == ["stalled", "new"]
    version = loop.case("450108-202607-0001")["version"]
    loop.take("2026-09")
    assert loop.case("450108-202607-0001")["version"] == version
    assert loop.case("450108-202607-0002")["relation"] == "stalled"


def test_a_late_issue_never_takes_the_place_of_younger_images(loop, places):
    first, second, third = "450108-202607-0001", "450108-202609-0001", "450108-202607-0002"
    loop.take("2026-07", loop.spot("2026-07", 1, places(0, 0)), loop.spot("2026-07", 2, places(200, 0)))
    loop.dispose(third, "2026-07-25")
    loop.take("2026-09", loop.spot("2026-09", 1, places(100, 0)), loop.spot("2026-09", 2, places(0, 0), severity="red"))
    before = {number: loop.case(number) for number in (first, second, third)}
    lawful = {"severity": "green", "suspicion": "lawful", "permit_register": "homestead", "permit_number": "农宅 1"}
    late = [
        loop.spot("2026-08", 1, places(0, 0, 80), **lawful),
        loop.spot("2026-08", 2, places(400, 0)),
        loop.spot("2026-08", 3, places(100, 0), kind="demolition"),
    ]
    taken = loop.take("2026-08", *late, on="2026-09-25")
    assert (taken.later, taken.filed, taken.opened) == (("2026-09",), (first, second), ("450108-202608-0002",))
    assert (taken.proposed, taken.rechecked, taken.relations.get("stalled", 0)) == ({}, {}, 0)
    for number, case in before.items():
        changed = {name for name, value in loop.case(number).items() if to_plain(value) != to_plain(case[name])}
        assert changed <= {"version"}, number
    event = loop.events(first)[-1]
    assert (event.action, event.facts["filed"], event.facts["spots"]) == ("observe", True, ["450108-202608-0001"])
    with loop.store.read() as session:
        filed = session.execute(
            sa
            .select(Finding.spot_no, Case.number)
            .join(Case, Case.id == Finding.case_id)
            .where(Finding.issue == "2026-08")
        ).all()
    assert {row.spot_no[-4:]: row.number for row in filed} == {
        "0001": first,
        "0002": "450108-202608-0002",
        "0003": second,
    }
    assert not audit_store(loop.store, [], {}).defects


def test_growth_that_only_a_late_issue_shows_is_learnt_and_the_younger_relation_stays(loop, places):
    number = "450108-202607-0001"
    loop.take("2026-07", loop.spot("2026-07", 1, places(0, 0)))
    loop.take("2026-09")
    loop.take("2026-08", loop.spot("2026-08", 1, places(0, 0, 80)), on="2026-09-25")
    case = loop.case(number)
    assert (case["relation"], case["area_m2"], case["last_issue"]) == ("stalled", 6400, "2026-08")


def test_a_failing_issue_leaves_nothing_behind(loop, places):
    loop.take("2026-07", loop.spot("2026-07", 1, places(0, 0)))
    before = whole(loop)
    broken = loop.spot("2026-08", 1, places(0, 0), score=None)
    with pytest.raises(sa.exc.IntegrityError):
        loop.take("2026-08", loop.spot("2026-08", 2, places(300, 0)), broken)
    assert whole(loop) == before


@pytest.mark.parametrize(
    ("role", "prefix"), [("interpreter", "450109"), ("district_manager", "450108101"), ("leader", "")]
)
def test_who_is_of_elsewhere_takes_nothing_in(loop, tmp_path, moment, role, prefix):
    actor = Actor(login="me", name="me", role=role, prefix=prefix)
    with pytest.raises(ActionRefused, match=r"acts for 450|not for the role leader"):
        take_issue(loop.store.folder, tmp_path, now=moment("2026-07-20"), actor=actor)
    for one in (replace(actor, role="interpreter", prefix="4501"), SYSTEM):
        with pytest.raises(ConfigInvalid):  # the folder is no issue
            take_issue(loop.store.folder, tmp_path, now=moment("2026-07-20"), actor=one)
