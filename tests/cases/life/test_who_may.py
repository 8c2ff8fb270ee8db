"""Who may: role, area, theme and department; who holds a case, who it is handed to, who takes in what."""

import itertools
from dataclasses import replace

import pytest

from rs_governance.cases import ROLES, Act, Actor, act, decide, read_actor
from rs_governance.cases.life.rights import INTAKES, check_intake
from rs_governance.db import Person
from rs_governance.errors import ActionRefused, CaseConflict, UsageError

from .conftest import (
    NOW,
    NUMBER,
    OTHER_TOWN,
    PROOF,
    TO_CONFIRMED,
    TO_VERIFYING,
    TOWN,
    refused,
)


@pytest.mark.parametrize(
    ("login", "match"),
    [
        ("liu", "belongs to 450108101001, liu acts for 450108102000"),
        ("xu", "theme farmland, xu acts on protected_wood"),
    ],
)
def test_area_and_theme(play, login, match) -> None:
    play.open()
    refused(play, match, "comment", login, note="x")


def test_codes_that_are_empty_or_written_with_zeros(play) -> None:
    play.open("a", village_code="", cell_code="")
    play.do("comment", "chen", "a", note="the town's code alone")
    play.open("b", village_code="", town_code="", cell_code="")
    play.do("comment", "li", "b", note="the district's code alone")
    with pytest.raises(ActionRefused, match="belongs to 450108, chen"):
        play.do("comment", "chen", "b", note="x")
    play.open("c", village_code="450108102007", town_code=OTHER_TOWN)
    play.do("comment", "liu", "c", note="an area of twelve digits")


def test_enforcement_officers_act_for_their_department(play) -> None:
    play.open()
    play.run(*TO_CONFIRMED)
    refused(play, "belongs to agriculture, lin is of forestry", "plan", "lin", measure="rectify")
    play.do("plan", "sun", measure="rectify")


def test_one_holder_a_case(play) -> None:
    play.open()
    play.do("take", "wang")
    refused(play, "in the hands of wang; zhao has to wait", "accept", "zhao", error=CaseConflict)
    refused(play, "in the hands of wang", "take", "li", error=CaseConflict)
    refused(play, "in the hands of wang", "release", "zhao", error=CaseConflict)
    play.do("assign", "li", assignee="zhao")
    assert play.case()["holder"] == "zhao"
    play.do("release", "zhao")
    refused(play, "Nobody holds", "release", "zhao")
    refused(play, "cannot move it on", "take", "chen")
    play.do("accept", "zhao")
    assert play.case()["holder"] is None


def test_assigning_takes_somebody_who_can_act(play) -> None:
    play.open()
    refused(play, "nobody with the account 'nobody'", "assign", "li", assignee="nobody", error=UsageError)
    refused(
        play, "takes an account; 'town:450108101' is none", "assign", "li", assignee="town:450108101", error=UsageError
    )
    refused(play, "ling is leader and cannot move", "assign", "li", assignee="ling")
    play.do("accept", "wang")
    for odd in ("town:12", "department:army", "x:y", "a b", "town:440108101"):
        refused(play, "", "dispatch", "wang", assignee=odd, error=UsageError)
    refused(play, "wang is interpreter and cannot move", "dispatch", "wang", assignee="wang")


@pytest.mark.parametrize(
    ("assignee", "allowed", "others"),
    [
        (f"town:{TOWN}", "chen", ["liu"]),
        ("town:450108101", "yu", ["liu"]),
        ("chen", "chen", ["yu", "liu", "sun"]),
        (f"town:{OTHER_TOWN}", "liu", ["chen"]),
        ("department:forestry", "lin", ["chen", "sun"]),
    ],
)
def test_who_starts(play, assignee, allowed, others) -> None:
    play.open()
    play.run(("accept", "wang"), ("dispatch", "wang", {"assignee": assignee}))
    for login in others:
        refused(play, "", "start", login, error=(ActionRefused, CaseConflict))
    play.do("start", allowed)
    assert play.case()["holder"] == allowed


OFFICERS = ("town_inspector", "grid_keeper", "enforcement_officer")
PREFIXES = {"": True, "45": True, "450108": True, "450108101": True, TOWN: True, "450108101001": True,
            "450108101002": False, "450108102": False, OTHER_TOWN: False, "450109": False}  # fmt: skip
"""Areas, and whether a case in the village 450108101001 lies in them."""
HANDED = {"dispatch": ("screened", "wang"), "transfer": ("verifying", "li"), "assign": ("dispatched", "li")}
"""Actions that hand a case over: state in which they do, and who."""


@pytest.mark.parametrize("action", HANDED)
def test_a_case_is_handed_only_to_whom_role_area_and_theme_fit(play, action) -> None:
    """Every role with every area and theme: who does not fit is refused, and could not start it either."""
    state, giver = HANDED[action]
    with play.store.write() as session:
        for role, prefix, themes in itertools.product(ROLES, PREFIXES, ([], ["farmland"], ["protected_woodland"])):
            session.add(Person(login=f"{role}.{prefix}.{'+'.join(themes)}", name="x", role=role, prefix=prefix,
                               themes=themes, department=None, email=None, capacity=1, active=True))  # fmt: skip
    play.open()
    play.run(*TO_VERIFYING[: {"screened": 1, "dispatched": 2, "verifying": 3}[state]])
    case = play.case()
    with play.store.write() as session:
        for role, prefix, theme in itertools.product(ROLES, PREFIXES, ("", "farmland", "protected_woodland")):
            login = f"{role}.{prefix}.{theme}"
            named = {**case, "state": "dispatched", "holder": None, "assignee": login}
            asked = Act(action=action, actor=play.actors[giver], note="x", values={"assignee": login})
            start = Act(action="start", actor=read_actor(session, login))
            if role in OFFICERS and PREFIXES[prefix] and theme != "protected_woodland":
                with session.begin_nested() as nested:
                    assert act(session, NUMBER, asked, now=NOW, clocks=play.clocks).action == action
                    nested.rollback()
                assert decide(named, start, now=NOW, clocks=play.clocks).to == "verifying"
                continue
            with pytest.raises(ActionRefused, match="Who could take it: chen,"):
                act(session, NUMBER, asked, now=NOW, clocks=play.clocks)
            with pytest.raises(ActionRefused):
                decide(named, start, now=NOW, clocks=play.clocks)


def test_the_refusal_says_who_could_take_it(play) -> None:
    play.open()
    play.do("accept", "wang")
    refused(
        play,
        "liu acts for .* Who could take it: chen, lin, sun, yu. To another town",
        "dispatch",
        "wang",
        assignee="liu",
    )
    play.open("w", theme="protected_woodland", village_code="450108102001", town_code=OTHER_TOWN)
    play.do("accept", "wang", "w")
    with pytest.raises(ActionRefused) as told:
        play.do("dispatch", "wang", "w", assignee="chen")
    assert "可接办的有 lin、liu、sun。" in told.value.told("zh")


def test_a_named_officer_of_another_department_acts_like_the_department(play) -> None:
    play.open()
    play.run(*TO_CONFIRMED, ("assign", "li", {"assignee": "lin"}))
    play.do("plan", "lin", measure="rectify")


def test_where_only_the_town_is_known_a_keeper_in_it_can_be_named(play) -> None:
    play.open(village_code="")
    play.do("accept", "wang")
    play.do("dispatch", "wang", assignee="yu")
    play.do("start", "yu")


def test_nobody_hands_a_case_out_of_their_own_area(play) -> None:
    play.actors["tang"] = replace(play.actors["wang"], login="tang", prefix="450108101")
    play.open()
    play.do("accept", "tang")
    refused(play, "the town 450108102000 lies elsewhere", "dispatch", "tang", assignee=f"town:{OTHER_TOWN}")
    play.do("dispatch", "tang", assignee=f"town:{TOWN}")


def test_whose_area_changed_can_only_let_go(play) -> None:
    play.open()
    play.run(*TO_VERIFYING)
    play.actors["chen"] = replace(play.actors["chen"], prefix="450108102")
    refused(play, "belongs to", "submit", "chen", evidence=(PROOF,))
    play.do("release", "chen")
    assert play.case()["holder"] is None


def test_a_transfer_moves_the_responsibility(play) -> None:
    play.open()
    play.run(*TO_VERIFYING)
    refused(play, "needs note", "transfer", "li", assignee=f"town:{OTHER_TOWN}")
    play.do("transfer", "li", assignee=f"town:{OTHER_TOWN}", note="实际在邻镇")
    assert (play.case()["state"], play.case()["holder"]) == ("dispatched", None)
    refused(play, "belongs to 450108102, chen", "start", "chen")
    play.do("start", "liu")


def test_a_transfer_gives_a_whole_term(play) -> None:
    play.open()
    play.run(("accept", "wang"), ("dispatch", "wang", {"assignee": f"town:{TOWN}"}))
    due = play.case()["due_on"]
    play.pass_days(4)
    play.do("transfer", "li", assignee=f"town:{OTHER_TOWN}", note="实际在邻镇")
    assert play.case()["due_on"] > due


@pytest.mark.parametrize("place", ["town:450108999000", "department:water"])
def test_nothing_is_handed_to_where_nobody_is(play, place) -> None:
    play.open()
    play.do("accept", "wang")
    refused(play, "There is nobody", "dispatch", "wang", assignee=place, error=UsageError)


@pytest.mark.parametrize(
    ("role", "prefix", "may"),
    [
        ("district_manager", "450108", ("issues", "permits", "clues", "answers", "people", "holidays")),
        ("interpreter", "", ("issues", "permits", "clues", "answers")),
        ("town_inspector", "450108101", ("clues",)),
        ("interpreter", "450108101", ()),
        ("quality_checker", "450109", ()),
        ("grid_keeper", "450109101", ()),
        ("leader", "450108", ()),
        ("enforcement_officer", "450108", ()),
    ],
)
def test_who_takes_in_what(role, prefix, may) -> None:
    actor = Actor(login="me", name="me", role=role, prefix=prefix)
    for what in INTAKES:
        if what in may:
            check_intake(what, actor, "450108")
        else:
            with pytest.raises(ActionRefused, match=r"Taking in|acts for"):
                check_intake(what, actor, "450108")


def test_leaders_only_read(play) -> None:
    play.open()
    refused(play, "not for the role leader", "comment", "ling", note="x")
    play.do("comment", "shen", note="请说明")
    play.do("escalate", "shen", note="督办")
    assert play.case()["warned"] == 0
