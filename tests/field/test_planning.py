"""Visit plans: worth, draw, capacity, short ways, and their entry in the ledger."""

import itertools
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array
from scipy.sparse.csgraph import maximum_bipartite_matching

from rs_governance.cases import Actor, events_of, read_actor
from rs_governance.db import Case, Export, Person, Store
from rs_governance.errors import ActionRefused, UsageError
from rs_governance.field import KeptPlan, Wanted, export_tasks, make_plan, plan_document, read_questions
from rs_governance.field.planning import (
    Candidate,
    Inspector,
    chance_of,
    draw_pairs,
    plan_visits,
    shortest_path,
    worth_of,
)

from .conftest import CLOCKS, NOW, OTHER, TOWN

TODAY = date(2026, 10, 20)


def candidate(number: str, *, place: tuple[float, float] = (0, 0), severity: str = "yellow", chance: float = 0.5,
              due_on: date | None = None, go: str = "ab", drawn: str = "ab") -> Candidate:  # fmt: skip
    return Candidate(
        number=number, place=place, severity=severity, chance=chance, due_on=due_on, may_go=frozenset(go),
        may_be_drawn=frozenset(drawn),
    )  # fmt: skip


def inspectors(**capacity: int) -> list[Inspector]:
    return [Inspector(login=login, name=login, capacity=room) for login, room in capacity.items()]


def plan(store: Store, actor: Actor, **wanted: object) -> KeptPlan:
    settings = {"town": TOWN, "on": TODAY, "logins": (), "seed": 5, "share": 0.2, "now": NOW, "clocks": CLOCKS}
    return make_plan(store, **{**settings, "actor": actor, **wanted})


@pytest.fixture
def manager(tasks_store: Store) -> Actor:
    with tasks_store.read() as session:
        return read_actor(session, "m")


def test_verdicts_move_the_chance_away_from_the_score() -> None:
    assert chance_of(0.2, confirmed=0, judged=0) == pytest.approx(0.2)
    assert chance_of(0.2, confirmed=50, judged=50) > 0.85
    assert chance_of(0.9, confirmed=0, judged=50) < 0.15
    assert chance_of(None, confirmed=0, judged=0) == 0.5


def test_what_is_due_is_worth_more() -> None:
    terms = [None, TODAY + timedelta(days=9), TODAY + timedelta(days=1), TODAY - timedelta(days=1)]
    worth = [worth_of(candidate("1", due_on=due), TODAY) for due in terms]
    assert worth[0] == worth[1] < worth[2] < worth[3]


@given(
    st.lists(st.tuples(st.integers(0, 5000), st.integers(0, 5000)), min_size=1, max_size=7, unique=True),
)
@settings(max_examples=40, deadline=None)
def test_ways_are_near_the_shortest(places: list[tuple[int, int]]) -> None:
    points = np.array(places, dtype=float)

    def length(way: tuple[int, ...] | list[int]) -> float:
        return float(np.hypot(*np.diff(points[list(way)], axis=0).T).sum())

    way = shortest_path(points)
    assert sorted(way) == list(range(len(points)))
    best = min(length(each) for each in itertools.permutations(range(len(points))))
    assert length(way) <= 1.25 * best + 1e-6


def test_the_draw_can_be_repeated_and_draws_people_too() -> None:
    cases = [candidate(f"{number:02}") for number in range(40)]
    people = inspectors(a=9, b=9)
    first = draw_pairs(cases, people, seed=1, share=0.2)
    assert first == draw_pairs(list(reversed(cases)), list(reversed(people)), seed=1, share=0.2)
    assert len(first) == 8
    assert {login for _, login in first} == {"a", "b"}
    others = [draw_pairs(cases, people, seed=seed, share=0.2) for seed in range(2, 6)]
    assert all({number for number, _ in other} != {number for number, _ in first} for other in others)


def test_capacity_and_rights_hold() -> None:
    cases = [
        candidate(f"{n}", severity="red" if n < 3 else "green", place=(100.0 * n, 0), go="a" if n % 2 else "ab")
        for n in range(8)
    ]
    made = plan_visits(cases, inspectors(a=2, b=3), on=TODAY, pairs=[("7", "b")])
    assert {login: len(visits) for login, visits in made.visits.items()} == {"a": 2, "b": 3}
    visited = {visit.number: (login, visit) for login, visits in made.visits.items() for visit in visits}
    assert {"0", "1", "2"} <= set(visited)  # the red ones first
    login, visit = visited["7"]
    assert (login, visit.audit, visit.needs_transfer) == ("b", True, True)
    assert all(not visit.needs_transfer for number, (_, visit) in visited.items() if number != "7")
    assert set(made.left_out) == {f"{n}" for n in range(8)} - set(visited)
    assert set(made.left_out.values()) == {"capacity"}


def test_nobody_may_go() -> None:
    made = plan_visits([candidate("1", go="z")], inspectors(a=2), on=TODAY, pairs=[])
    assert made.left_out == {"1": "nobody"}
    assert made.visits == {}


def test_nobody_stays_while_a_case_that_is_theirs_is_left_out() -> None:
    cases = [candidate("1", severity="red", go="av"), candidate("2", go="a"), candidate("3", go="a")]
    made = plan_visits(cases, inspectors(a=1, v=1, z=1, n=0), on=TODAY, pairs=[])
    assert {login: [visit.number for visit in visits] for login, visits in made.visits.items()} == {
        "a": ["2"],
        "v": ["1"],
    }
    assert made.left_out == {"3": "capacity"}
    assert made.idle == {"z": "not_theirs", "n": "no_capacity"}
    spare = plan_visits(cases[:1], inspectors(a=1, v=1), on=TODAY, pairs=[])
    assert (set(spare.visits), spare.idle) == ({"a"}, {"v": "enough"})


@given(
    st.lists(st.tuples(st.sets(st.sampled_from("abcd"), min_size=1), st.sampled_from(["red", "green"])), max_size=8),
    st.tuples(*[st.integers(0, 3)] * 4),
    st.integers(0, 2),
)
@settings(max_examples=60, deadline=None)
def test_as_many_are_visited_as_can_be(cases: list[tuple[set[str], str]], rooms: tuple[int, ...], drawn: int) -> None:
    candidates = [
        candidate(f"{n}", severity=severity, place=(700.0 * n, 0), go="".join(go))
        for n, (go, severity) in enumerate(cases)
    ]
    people = inspectors(**dict(zip("abcd", rooms, strict=True)))
    pairs = draw_pairs(candidates, people, seed=drawn, share=0.1 * drawn)
    made = plan_visits(candidates, people, on=TODAY, pairs=pairs)
    visited = [visit.number for visits in made.visits.values() for visit in visits]
    assert sorted([*visited, *made.left_out]) == [each.number for each in candidates]
    room = {each.login: each.capacity for each in people}
    for login, visits in made.visits.items():
        assert len(visits) <= room[login]
        assert all(visit.audit or login in candidates[int(visit.number)].may_go for visit in visits)
    # Seats of those who have room beside what was drawn, against the cases that were not: no plan seats more.
    fixed = dict(pairs)
    seats = [login for login, most in room.items() for _ in range(most - list(fixed.values()).count(login))]
    free = [each for each in candidates if each.number not in fixed]
    fits = np.array([[login in each.may_go for login in seats] for each in free], dtype=bool).reshape(
        len(free), len(seats)
    )
    matched = maximum_bipartite_matching(csr_array(fits), perm_type="column") if fits.size else np.array([])
    assert len(visited) - len(fixed) == int((matched >= 0).sum())


def test_a_plan_is_kept_with_its_draw(tasks_store: Store, manager: Actor) -> None:
    kept = plan(tasks_store, manager)
    assert set(kept.inspectors) == {"w1", "w3"}
    with tasks_store.read() as session:
        (entry,) = session.scalars(sa.select(Export))
        assert (entry.number, entry.purpose, entry.facts) == (kept.number, "visit_plan", kept.facts)
        (drawn, second) = kept.facts["drawn"]  # 0.2 of six, rounded up
        noted = events_of(session, drawn["case"])[-1]
        assert noted.facts == {"plan": kept.number, "drawn_inspector": drawn["inspector"], "seed": 5}
        assert second["case"] != drawn["case"]
    again = plan(tasks_store, manager, now=NOW + timedelta(hours=2))
    assert (again.number, again.again) == (kept.number, True)
    assert not plan(tasks_store, manager, seed=6).again  # another draw is on record too
    with tasks_store.read() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(Export)) == 2
    document = plan_document(kept, {number: (task.lon, task.lat) for number, task in kept.tasks.items()})
    kinds = [feature["geometry"]["type"] for feature in document["features"]]
    assert kinds.count("Point") == 6
    assert kinds.count("LineString") == 2


def test_a_package_shows_the_order_of_the_plan(tasks_store: Store, manager: Actor, tmp_path: Path) -> None:
    kept = plan(tasks_store, manager, logins=["w3"])
    wanted = Wanted(to="w3", plan=kept.number, formats=["kmz"])
    made = export_tasks(
        tasks_store, wanted, tmp_path / "out", actor=manager, now=NOW, clocks=CLOCKS, questions=read_questions()
    )
    assert made.handout.number != kept.number
    stops = [visit.number for visit in kept.plan.visits["w3"]]
    theirs = {visit.number for visit in kept.plan.visits["w3"] if not visit.needs_transfer}
    assert set(made.numbers) == theirs, "the plan's stops alone, not all that w3 could take"
    assert set(made.not_theirs) == set(stops) - theirs
    assert 0 < len(made.numbers) <= 3
    with tasks_store.read() as session:
        entry = session.scalars(sa.select(Export).where(Export.number == made.handout.number)).one()
    assert entry.facts == {"plan": kept.number}
    with pytest.raises(UsageError, match="is for w3"):
        export_tasks(
            tasks_store, Wanted(to="w1", plan=kept.number), tmp_path / "w1", actor=manager, now=NOW, clocks=CLOCKS,
            questions=read_questions(),
        )  # fmt: skip


def add_people(store: Store, **roles: str) -> None:
    with store.write() as session:
        for login, role in roles.items():
            session.add(
                Person(
                    login=login, name=login, role=role, prefix="450108", themes=[], department="agriculture", email=None,
                    capacity=9, active=True,
                )
            )  # fmt: skip


def test_officers_of_the_district_are_planned_for_where_somebody_says_so(tasks_store: Store, manager: Actor) -> None:
    add_people(tasks_store, he="enforcement_officer", yu="grid_keeper")
    assert set(plan(tasks_store, manager).inspectors) == {"w1", "w3", "yu"}
    assert set(plan(tasks_store, manager, officers=True).inspectors) == {"he", "w1", "w3", "yu"}
    assert set(plan(tasks_store, manager, logins=["he"]).inspectors) == {"he"}


@pytest.mark.parametrize(
    ("login", "wanted", "error"),
    [
        ("t", {}, ActionRefused),
        ("w1", {}, ActionRefused),
        ("m", {"share": 1.5}, UsageError),
        ("m", {"logins": ["m"]}, UsageError),
        ("m", {"town": "450108102000"}, UsageError),
    ],
)
def test_refused(tasks_store: Store, login: str, wanted: dict[str, object], error: type[Exception]) -> None:
    with tasks_store.read() as session:
        actor = read_actor(session, login)
    with pytest.raises(error):
        plan(tasks_store, actor, **wanted)


def test_what_others_hold_is_left_to_them(tasks_store: Store, manager: Actor) -> None:
    kept = plan(tasks_store, manager, logins=["w3"], share=0.0)
    assert kept.plan.left_out["450108-202610-0001"] == "nobody"  # it was handed to w1
    with tasks_store.read() as session:
        towns = set(session.scalars(sa.select(Case.town_code).where(Case.number.in_(kept.tasks))))
    assert towns == {TOWN}
    assert OTHER not in towns
