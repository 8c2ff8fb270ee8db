"""Permits that arrive later: what they make lawful is withdrawn, the rest proposed, with the trace."""

from datetime import date

import geopandas as gpd
import pytest
import shapely
import sqlalchemy as sa

from rs_governance.db import Event, Permit
from rs_governance.errors import UsageError
from rs_governance.flows.papers import list_permits, take_permits

NUMBER = "450108-202607-0001"


@pytest.fixture
def bring(loop, tmp_path, people, moment):
    """Return a function that writes permits and takes them in."""

    def take(*rows, register="building_permit", as_of="2026-07-25", on="2026-07-25", name="permits.gpkg"):
        path = tmp_path / name
        usual = {"holder": "某公司", "use": "厂房", "stage": None, "valid_from": "2026-01-01", "valid_to": "2028-01-01"}
        content = [{**usual, **row} for row in rows]
        gpd.GeoDataFrame(content, geometry="geometry", crs="EPSG:4545").to_file(path)
        return take_permits(
            loop.store.folder,
            path,
            register=register,
            as_of=date.fromisoformat(as_of),
            now=moment(on),
            actor=people["manager"],
        )

    take.path, take.at, take.actor = tmp_path / "permits.gpkg", moment("2026-07-25"), people["manager"]
    return take


@pytest.fixture
def built(loop, places):
    loop.take("2026-07", loop.spot("2026-07", 1, places(0, 0)))


def permit(outline, number="建字 1", **more):
    return {"number": number, "geometry": outline, **more}


@pytest.mark.usefixtures("built")
@pytest.mark.parametrize(
    ("register", "resolution"),
    [
        ("building_permit", "approvals_complete"),
        ("land_conversion", "conversion_only"),
        ("homestead", "homestead"),
        ("woodland_use", "other_right"),
    ],
)
def test_a_permit_that_covers_withdraws_the_case_as_lawful_with_the_trace(bring, loop, places, register, resolution):
    taken = bring(permit(places(-5, -5, 40)), register=register)
    assert [(one.case_number, one.outcome) for one in taken.cases] == [(NUMBER, "withdrawn")]
    case = loop.case(NUMBER)
    assert (case["state"], case["verdict"], case["resolution"]) == ("closed", "lawful", resolution)
    assert case["permit_number"] == "建字 1"
    event = loop.events(NUMBER)[-1]
    assert (event.action, event.role) == ("withdraw", "system")
    assert event.facts["register"] == register
    assert event.facts["covered_share"] == 1
    assert event.facts["register_as_of"] == "2026-07-25"


def test_a_permit_that_was_there_before_does_the_same_with_the_same_trace(bring, make_loop, loop, places):
    """Whichever comes first, the issue or the permit, the case ends alike; reading the permit again adds nothing."""
    assert bring(permit(places(-5, -5, 40))).cases == ()
    taken = loop.take("2026-07", loop.spot("2026-07", 1, places(0, 0)), loop.spot("2026-07", 2, places(200, 0)))
    assert [(one.case_number, one.outcome, one.permits) for one in taken.permitted] == [
        (NUMBER, "withdrawn", ("建字 1",))
    ]
    assert taken.opened == (NUMBER, "450108-202607-0002")
    assert loop.case("450108-202607-0002")["state"] == "detected"
    before = [(event.action, event.note, event.facts, event.reason, event.to_state) for event in loop.events(NUMBER)]
    again = bring(permit(places(-5, -5, 40)), on="2026-07-26")
    assert (again.counts, again.cases) == ({"same": 1}, ())
    assert len(loop.events(NUMBER)) == len(before) == 3
    case = loop.case(NUMBER)
    assert (case["verdict"], case["resolution"], case["permit_number"]) == ("lawful", "approvals_complete", "建字 1")
    loop = make_loop()
    loop.take("2026-07", loop.spot("2026-07", 1, places(0, 0)))
    take_permits(loop.store.folder, bring.path, register="building_permit", as_of=date(2026, 7, 25), now=bring.at,
                 actor=bring.actor)  # fmt: skip
    after = [(event.action, event.note, event.facts, event.reason, event.to_state) for event in loop.events(NUMBER)]
    assert after == before


def test_a_permit_that_was_there_before_and_is_not_enough_is_proposed_once(bring, loop, places):
    bring(permit(places(-5, -5, 40), stage="earthwork"))
    taken = loop.take("2026-07", loop.spot("2026-07", 1, places(0, 0)))
    assert [(one.outcome, one.state) for one in taken.permitted] == [("proposed", "stage")]
    assert loop.proposals(NUMBER)[-1]["proposal"] == "look_again"
    assert loop.take("2026-08", loop.spot("2026-08", 1, places(0, 0))).permitted == ()


def test_permits_judge_what_continues_and_what_comes_back(bring, loop, places):
    """A case that came before the permit was in force; and new work on ground that was closed as lawful."""
    loop.take("2026-07", loop.spot("2026-07", 1, places(0, 0), kind="earthwork"))
    bring(permit(places(-5, -5, 40), stage="earthwork"), permit(places(195, -5, 40), "建字 2"), as_of="2026-11-01")
    assert loop.case(NUMBER)["state"] == "closed"
    taken = loop.take("2026-09", loop.spot("2026-09", 1, places(0, 0)))
    assert taken.reopened == (NUMBER,)
    assert [(one.outcome, one.state) for one in taken.permitted] == [("proposed", "stage")]
    number = "450108-202609-0002"
    taken = loop.take("2026-09", loop.spot("2026-09", 2, places(200, 0)), on="2026-09-21", again="b")
    assert [(one.case_number, one.outcome) for one in taken.permitted] == [(number, "withdrawn")]
    loop.do(number, "reopen", "manager", "2026-09-22", note="批文用途不符")
    taken = loop.take("2026-10", loop.spot("2026-10", 1, places(200, 0)))
    assert taken.permitted == (), "what a person has reopened is left to people"
    assert loop.case(number)["state"] == "screened"
    loop.do(number, "withdraw", "manager", "2026-10-21", values={"resolution": "approvals_complete"})
    taken = loop.take("2026-11", loop.spot("2026-11", 1, places(200, 0)))
    assert (taken.reopened, [one.outcome for one in taken.permitted]) == ((number,), ["withdrawn"])
    assert loop.case(number)["state"] == "closed"


@pytest.mark.usefixtures("built")
@pytest.mark.parametrize(
    ("change", "state"),
    [
        ({"geometry": "half"}, "short"),
        ({"stage": "earthwork"}, "stage"),
        ({"valid_from": "2026-07-20"}, "not_yet"),
        ({"valid_to": "2026-02-01"}, "expired"),
    ],
)
def test_a_permit_that_is_not_enough_is_proposed(bring, loop, places, change, state):
    ground = shapely.box(*places(0, 0).bounds[:3], places(0, 0).bounds[3] - 15)
    change = {**change, "geometry": ground} if "geometry" in change else change
    taken = bring({**permit(places(-5, -5, 40)), **change})
    assert [(one.outcome, one.state) for one in taken.cases] == [("proposed", state)]
    assert loop.case(NUMBER)["state"] == "detected"
    assert loop.proposals(NUMBER)[-1]["proposal"] == "look_again"


@pytest.mark.usefixtures("built")
def test_a_permit_of_the_neighbour_says_nothing(bring, places):
    assert bring(permit(places(28, 0))).cases == ()


@pytest.mark.usefixtures("built")
def test_an_outdated_register_makes_nothing_lawful(bring, places):
    taken = bring(permit(places(-5, -5, 40)), as_of="2026-03-01")
    assert [(one.outcome, one.state) for one in taken.cases] == [("proposed", "outdated")]


@pytest.mark.usefixtures("built")
def test_what_a_person_has_judged_is_left_to_people(bring, loop, places):
    loop.dispose(NUMBER, "2026-07-22")
    taken = bring(permit(places(-5, -5, 40)))
    assert [one.outcome for one in taken.cases] == ["proposed"]
    assert loop.case(NUMBER)["state"] == "disposing"
    assert loop.proposals(NUMBER)[-1]["proposal"] == "withdraw"


@pytest.mark.usefixtures("built")
def test_reading_twice_counts_once(bring, loop, places):
    half = shapely.box(*places(0, 0).bounds[:3], places(0, 0).bounds[3] - 15)
    first = bring(permit(half))
    with loop.store.read() as session:
        before = session.scalar(sa.select(sa.func.count(Event.id)).where(Event.case_number != ""))
    again = bring(permit(half), on="2026-07-26")
    assert (first.counts, again.counts) == ({"added": 1}, {"same": 1})
    assert (len(first.cases), len(again.cases)) == (1, 0)
    with loop.store.read() as session:
        assert session.scalar(sa.select(sa.func.count(Event.id)).where(Event.case_number != "")) == before


@pytest.mark.usefixtures("built")
def test_two_permits_cover_a_case_together(bring, loop, places):
    whole = places(0, 0).bounds
    left = shapely.box(whole[0] - 5, whole[1] - 5, whole[0] + 15, whole[3] + 5)
    right = shapely.box(whole[0] + 15, whole[1] - 5, whole[2] + 5, whole[3] + 5)
    taken = bring(permit(left, "建字 1"), permit(right, "建字 2"))
    assert [(one.outcome, one.permits) for one in taken.cases] == [("withdrawn", ("建字 1", "建字 2"))]


def test_a_corrected_outline_is_what_the_permit_has_to_cover(bring, loop, places):
    loop.take("2026-07", loop.spot("2026-07", 1, places(0, 0, 60)))
    loop.do(NUMBER, "correct", "interpreter", "2026-07-21", values={"correction": {"outline": places(0, 0)}})
    assert [one.outcome for one in bring(permit(places(-5, -5, 40))).cases] == ["withdrawn"]


def test_a_report_that_is_only_a_point_is_never_withdrawn_by_itself(
    bring, loop, places, tmp_path, people, moment, to_degrees
):
    from rs_governance.flows.clues import take_clues

    lon, lat = to_degrees(places(10, 10).centroid)
    (tmp_path / "h.csv").write_text(f"编号,受理日期,lon,lat\nH1,2026-07-10,{lon},{lat}\n", "utf-8")
    take_clues(
        loop.store.folder, tmp_path / "h.csv", channel="hotline", now=moment("2026-07-11"), actor=people["manager"]
    )
    taken = bring(permit(places(-5, -5, 60)))
    assert [(one.case_number, one.outcome) for one in taken.cases] == [("450108-202607-H0001", "proposed")]


def test_permits_are_listed_and_changed_ones_replaced(bring, loop, places):
    bring(permit(places(0, 0), stage="earthwork"), permit(places(0, 0), stage="foundation"))
    changed = bring(permit(places(0, 0), stage="earthwork", valid_to="2026-09-01"), name="new.gpkg")
    assert changed.counts == {"changed": 1}
    with loop.store.read() as session:
        assert len(list_permits(session)) == 2
        assert [one["stage"] for one in list_permits(session, valid_on=date(2027, 1, 1))] == ["foundation"]
        assert session.scalar(sa.select(sa.func.count(Permit.id))) == 2


def test_a_register_that_no_rule_names_is_refused(bring, places):
    with pytest.raises(UsageError, match="building_permit"):
        bring(permit(places(0, 0)), register="dog_licence")
