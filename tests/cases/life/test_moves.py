"""The whole life of a case: every state, every side move, every guard and need."""

from dataclasses import replace

import pytest
import shapely
import shapely.affinity
import sqlalchemy as sa

from rs_governance.cases import SYSTEM, Act, Actor, replay, to_plain
from rs_governance.cases.life.guards import possible_in
from rs_governance.cases.life.many import Batch
from rs_governance.cases.life.rights import INTAKES, check_intake
from rs_governance.cases.shown.showing import event_words
from rs_governance.errors import ActionRefused, CaseConflict, UsageError

from .conftest import (
    NUMBER,
    OTHER_TOWN,
    PROOF,
    TO_CLOSED,
    TO_CONFIRMED,
    TO_DISPOSING,
    TO_EVIDENCED,
    TO_RECTIFIED,
    TO_VERIFYING,
    TOWN,
)


def refused(play, match, action, login, error=ActionRefused, **more) -> None:
    before, count = play.case(), len(play.events())
    with pytest.raises(error, match=match or None):
        play.do(action, login, **more)
    assert (play.case(), len(play.events())) == (before, count), "a refused act leaves no trace"


def test_a_case_through_its_life(play) -> None:
    play.open()
    play.run(*TO_CLOSED)
    case, events = play.case(), play.events()
    assert (case["state"], case["verdict"], case["resolution"]) == ("closed", "illegal", "demolished")
    assert (case["holder"], case["due_on"], case["measure"]) == (None, None, "rectify")
    assert [event.action for event in events] == ["open", *(step[0] for step in TO_CLOSED)]
    assert [event.version for event in events] == list(range(1, len(events) + 1))
    assert {name: to_plain(value) for name, value in replay(events).items()} == {
        name: to_plain(value) for name, value in case.items()
    }


def test_what_is_not_possible_says_what_is_in_both_languages(play) -> None:
    play.open()
    refused(play, r"detected \(疑似（机检）\).*possible for interpreter are .*accept \(判读通过\)", "pass", "wang")
    refused(play, r"possible for others are .*accept", "start", "ling")
    refused(play, r"not for the role town_inspector \(街镇核查员\); it is for interpreter", "accept", "chen")


# Second opinions.


def test_a_red_rejection_waits_for_a_second_person(play) -> None:
    play.open(severity="red")
    play.do("reject", "wang", resolution="season")
    assert (play.case()["state"], play.case()["pending"]) == ("detected", "reject:season:wang")
    refused(play, "needs a second person: wang", "agree", "wang")
    for action, more in (
        ("accept", {}),
        ("reject", {"resolution": "season"}),
        ("merge", {"into": "x"}),
        ("split", {"parts": [1]}),
    ):
        refused(play, "waits for an answer to the 'reject'", action, "zhao", **more)
    play.do("agree", "zhao")
    case = play.case()
    assert (case["state"], case["resolution"], case["verdict"]) == ("closed", "season", "false_change")


def test_a_second_person_may_disagree(play) -> None:
    play.open(severity="red")
    play.run(("reject", "wang", {"resolution": "season"}), ("disagree", "li"))
    assert (play.case()["state"], play.case()["pending"], play.case()["verdict"]) == ("screened", None, "suspected")
    refused(play, "No 'reject'", "agree", "zhao")


def test_lowering_the_severity_does_not_take_the_second_opinion_away(play) -> None:
    play.open(severity="red")
    milder = {"correction": {"severity": "yellow"}}
    refused(play, "toned down by quality_checker", "correct", "wang", note="x", values=milder)
    refused(play, "needs a note", "correct", "zhao", values=milder)
    play.do("correct", "zhao", note="小棚", values=milder)
    assert play.events()[-1].facts["former"] == {"severity": "red"}
    assert event_words(play.events()[-1], "zh")[0] == "等级：红 → 黄"
    play.do("reject", "wang", resolution="season")
    assert play.case()["state"] == "detected"


def test_a_yellow_rejection_closes_at_once(play) -> None:
    play.open()
    refused(play, "does not fit 'reject'", "reject", "wang", resolution="demolished")
    refused(play, "is no resolution", "reject", "wang", resolution="whatever", error=UsageError)
    refused(play, "needs resolution: one of", "reject", "wang")
    play.do("reject", "wang", resolution="approvals_complete")
    assert (play.case()["verdict"], play.case()["state"]) == ("lawful", "closed")


# Who may.


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
        ("liu", "liu", ["chen"]),
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


# Versions and keys.


def test_a_stale_version_shows_both_sides(play) -> None:
    play.open()
    play.run(("accept", "wang"), ("dispatch", "wang", {"assignee": f"town:{TOWN}"}), ("start", "chen"))
    with pytest.raises(
        CaseConflict, match=r"is at version 4, 'dispatch' was asked for version 2\..*state: screened → verifying \(chen"
    ) as caught:
        play.do("dispatch", "zhao", version=2, assignee="chen")
    sides = {each["field"]: each for each in caught.value.differences}
    assert (sides["holder"]["seen"], sides["holder"]["now"], sides["holder"]["actor"]) == (None, "chen", "chen")
    assert (sides["assignee"]["now"], sides["assignee"]["actor"]) == (f"town:{TOWN}", "wang")
    assert "version" not in sides
    with pytest.raises(CaseConflict, match="nothing that can be compared"):
        play.do("submit", "chen", version=9, evidence=(PROOF,))
    play.do("submit", "chen", version=4, evidence=(PROOF,))


def test_the_same_key_counts_once(play) -> None:
    play.open()
    first = play.do("accept", "wang", key="k")
    again = play.do("accept", "wang", key="k", version=1)
    assert (first.id, len(play.events())) == (again.id, 2)
    with pytest.raises(UsageError, match="key 'k' was used for 'accept'"):
        play.do("take", "wang", key="k")


# Evidence, verdict, disposal.


def test_no_act_reads_a_table_from_end_to_end(play) -> None:
    asked: list[tuple[str, object]] = []

    @sa.event.listens_for(play.store.engine, "before_cursor_execute")
    def _listen(connection, cursor, statement, parameters, context, executemany) -> None:
        asked.append((statement, parameters))

    play.open(severity="red")
    play.run(("reject", "wang", {"resolution": "season", "key": "k"}), ("disagree", "zhao", {"version": 2}))
    play.do("dispatch", "wang", assignee="chen")
    with play.store.engine.connect() as connection:
        for statement, parameters in [each for each in asked if each[0].startswith("SELECT")]:
            plan = " ".join(
                str(row[3]) for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
            )
            # The last event is the first that an ordered scan by primary key meets.
            assert "SCAN" not in plan or "ORDER BY events.id DESC" in statement, (plan, statement)


def test_evidence_and_return(play) -> None:
    play.open()
    play.run(*TO_VERIFYING)
    refused(play, "needs evidence", "submit", "chen")
    play.do("submit", "chen", evidence=(PROOF,))
    refused(play, "needs reason: one of approval_missing", "return", "zhao")
    refused(play, "is no reason", "return", "zhao", reason="mood", error=UsageError)
    play.do("return", "zhao", reason="photo_missing")
    play.do("submit", "chen", evidence=(PROOF, "b" * 64))
    assert play.events()[-1].evidence == [PROOF, "b" * 64]


def test_who_submitted_does_not_confirm(play) -> None:
    play.open()
    play.run(*TO_EVIDENCED)
    play.actors["chen"] = replace(play.actors["chen"], role="quality_checker")
    refused(play, "needs a second person: chen did 'submit'", "confirm", "chen", verdict="lawful")
    refused(play, "is no verdict", "confirm", "zhao", verdict="suspected", error=UsageError)


@pytest.mark.parametrize(
    ("verdict", "resolution"), [("lawful", "homestead"), ("other", "planting"), ("false_change", "season")]
)
def test_what_is_not_illegal_is_closed(play, verdict, resolution) -> None:
    play.open()
    play.run(*TO_EVIDENCED, ("confirm", "zhao", {"verdict": verdict}))
    refused(play, f"was judged {verdict}; only an illegal one", "plan", "sun", measure="rectify")
    refused(play, "does not fit 'close'", "close", "zhao", resolution="demolished")
    play.do("close", "zhao", resolution=resolution)
    assert (play.case()["verdict"], play.case()["resolution"]) == (verdict, resolution)


def test_what_is_illegal_is_disposed_of(play) -> None:
    play.open()
    play.run(*TO_CONFIRMED)
    refused(play, "judged illegal; it is closed after its disposal", "close", "zhao", resolution="demolished")
    play.do("plan", "sun", measure="file_case")
    refused(
        play,
        "is no step of 'proceed'; it is one of filed, investigated",
        "proceed",
        "sun",
        error=UsageError,
        step="cleared",
        evidence=(PROOF,),
    )
    play.do("proceed", "sun", step="filed", evidence=(PROOF,))
    play.do("proceed", "sun", measure="rectify", step="cleared", evidence=(PROOF,))
    assert (play.case()["measure"], play.case()["step"], play.case()["holder"]) == ("rectify", "cleared", None)
    play.do("plan", "sun", measure="confiscate", note="改变措施")
    assert (play.case()["measure"], play.case()["step"]) == ("confiscate", None)


def test_a_referral_and_its_answer(play) -> None:
    play.open()
    play.run(*TO_DISPOSING)
    refused(play, "No 'refer'", "answer_referral", "sun", evidence=(PROOF,))
    play.do("refer", "sun", referral="court", evidence=(PROOF,))
    assert (play.case()["pending"], play.case()["measure"]) == ("refer:court:sun", "refer")
    for action in ("report_done", "refer", "spare", "reverse"):
        login = "li" if action == "reverse" else "sun"
        refused(
            play,
            "'answer_referral' or 'decline_referral' comes first",
            action,
            login,
            evidence=(PROOF,),
            note="x",
            referral="police",
        )
    play.do("decline_referral", "sun", evidence=(PROOF,))
    assert (play.case()["state"], play.case()["pending"]) == ("disposing", None)
    play.run(
        ("refer", "sun", {"referral": "police", "evidence": (PROOF,)}),
        ("answer_referral", "sun", {"evidence": (PROOF,)}),
    )
    assert (play.case()["state"], play.case()["resolution"]) == ("closed", "referral_answered")


def test_a_first_minor_offence_put_right_in_time_is_spared(play) -> None:
    play.open()
    play.run(*TO_DISPOSING)
    refused(play, "needs note", "spare", "sun", evidence=(PROOF,))
    play.do("spare", "sun", evidence=(PROOF,), note="当日拆除")
    assert (play.case()["resolution"], play.case()["verdict"]) == ("spared", "illegal")


def test_others_are_not_spared(play) -> None:
    play.open(recurrence=1)
    play.run(*TO_DISPOSING)
    refused(play, "first minor offence", "spare", "sun", evidence=(PROOF,), note="x")
    play.open("red", severity="red")
    for action, login, *more in TO_DISPOSING:
        play.do(action, login, "red", **(more[0] if more else {}))
    with pytest.raises(ActionRefused, match="is red"):
        play.do("spare", "sun", "red", evidence=(PROOF,), note="x")


def test_too_late_is_not_spared(play) -> None:
    play.open()
    play.run(*TO_DISPOSING)
    play.pass_days(61)
    refused(play, "the term of case .* ended on 2026-12-14", "spare", "sun", evidence=(PROOF,), note="x")


def test_acceptance_by_another_person_or_not(play) -> None:
    play.open()
    play.run(*TO_DISPOSING, ("report_done", "li", {"evidence": (PROOF,)}))
    refused(play, "needs a second person: li did 'report_done'", "pass", "li", resolution="restored")
    refused(play, "does not fit 'pass'", "pass", "zhao", resolution="spared")
    play.do("fail", "zhao", note="屋顶仍在")
    assert play.case()["state"] == "disposing"


def test_a_verdict_can_be_reversed(play) -> None:
    play.open()
    play.run(*TO_RECTIFIED)
    refused(play, "not for the role quality_checker", "reverse", "zhao", note="x")
    play.do("reverse", "li", note="补充了批文")
    case = play.case()
    assert (case["state"], case["verdict"], case["measure"]) == ("evidenced", "suspected", None)


# Side moves.


def test_withdrawn_when_a_permit_arrives(play) -> None:
    play.open(severity="red")
    play.run(*TO_VERIFYING)
    refused(play, "does not fit 'withdraw'", "withdraw", "system", resolution="demolished")
    # Nobody goes round the second opinion by withdrawing.
    refused(play, "does not fit 'withdraw'", "withdraw", "li", resolution="season")
    play.do("withdraw", "system", resolution="approvals_complete", note="许可证 123")
    case = play.case()
    assert (case["state"], case["verdict"], case["holder"], case["due_on"]) == ("closed", "lawful", None, None)


def test_extension_needs_a_reason_and_a_term(play) -> None:
    play.open()
    refused(play, "needs note", "extend", "li", days=3)
    refused(play, "1 to 365 days", "extend", "li", days=0, note="x", error=UsageError)
    due = play.case()["due_on"]
    play.do("extend", "li", days=3, note="连日大雨")
    assert (play.case()["due_on"] - due).days == 3  # Tuesday to Friday
    assert play.case()["extended"] == 1
    play.do("accept", "wang")
    refused(play, "has no term", "extend", "li", days=3, note="x")


def test_correcting_keeps_what_the_machine_saw(play) -> None:
    play.open()
    drawn = shapely.box(541_000, 2_511_000, 541_040, 2_511_015)
    play.do("correct", "wang", correction={"outline": drawn, "kind": "earthwork"})
    case = play.case()
    assert case["area_m2"] == pytest.approx(600, rel=2e-3)
    assert case["cropland_m2"] == pytest.approx(case["area_m2"] / 2, abs=0.01)
    assert (case["machine"]["kind"], case["machine"]["area_m2"]) == ("new_building", 300.0)
    assert case["lon"] == pytest.approx(108.4, abs=0.01)
    # What the machine sees later goes beside it, and no further.
    play.do("observe", "system", fields={"kind": "road", "severity": "red", "area_m2": 320.0})
    case = play.case()
    assert (case["kind"], case["machine"]["kind"], case["severity"]) == ("earthwork", "road", "red")
    assert (case["area_m2"], case["machine"]["area_m2"]) == (pytest.approx(600, rel=2e-3), 320.0)


@pytest.mark.parametrize(
    ("correction", "match", "error"),
    [
        ({"verdict": "lawful"}, "cannot be corrected", UsageError),
        ({"kind": "castle"}, "is no kind", UsageError),
        ({"outline": shapely.Point(0, 0)}, "no valid polygon", UsageError),
        ({"outline": shapely.box(541_500, 2_511_000, 541_520, 2_511_015)}, "480 m away.*GCJ-02", UsageError),
        ({}, "needs correction", ActionRefused),
    ],
)
def test_corrections_that_make_no_sense(play, correction, match, error) -> None:
    play.open()
    refused(play, match, "correct", "wang", error=error, correction=correction)


def test_the_field_corrects_what_it_sees_only(play) -> None:
    play.open()
    play.run(*TO_VERIFYING)
    refused(play, "'severity' is the office's", "correct", "chen", correction={"severity": "green"})
    play.do("correct", "chen", correction={"kind": "greenhouse"})


def test_a_graver_severity_has_its_own_term(play) -> None:
    play.open()
    play.run(*TO_VERIFYING)
    former = play.case()["due_on"]
    play.do("observe", "system", fields={"severity": "red"})
    assert play.case()["due_on"] < former


def test_the_machine_sets_no_field_that_is_peoples(play) -> None:
    play.open()
    for field in ("state", "verdict", "holder", "due_on", "nonsense"):
        refused(play, f"sets none of {field}", "observe", "system", error=UsageError, fields={field: "x"})


def test_merging(play) -> None:
    play.open(severity="red")
    play.open("other", severity="yellow", town_code=TOWN, first_seen_on=play.case()["first_seen_on"].replace(month=8))
    refused(play, "into itself", "merge", "wang", into=NUMBER, error=UsageError)
    refused(play, "no case nowhere", "merge", "wang", into="nowhere", error=UsageError)
    refused(play, "merged by quality_checker", "merge", "wang", into="other")
    play.do("merge", "zhao", into="other")
    case, target = play.case(), play.case("other")
    assert (case["state"], case["resolution"], case["merged_into"]) == ("closed", "merged", "other")
    assert case["verdict"] == "unverified"
    assert (target["parents"], target["relation"], target["severity"]) == ([NUMBER], "merged", "red")
    assert target["first_seen_on"].month == 8
    refused(play, "lives on in other", "reopen", "li", note="x")
    play.do("reject", "wang", "other", resolution="season")
    play.do("agree", "zhao", "other")
    play.open("third")
    with pytest.raises(UsageError, match="other is closed"):
        play.do("merge", "wang", "third", into="other")


def test_no_ground_is_lost_in_a_merge_and_what_lies_apart_is_not_merged(play) -> None:
    play.open()
    beside = shapely.box(541_030, 2_511_000, 541_050, 2_511_015)
    play.open("beside", outline=beside, cropland_m2=60.0)
    play.open("far", outline=shapely.affinity.translate(beside, 100, 0))
    refused(play, "110 m away", "merge", "wang", into="far")
    play.do("correct", "wang", "beside", correction={"outline": beside})
    play.do("merge", "wang", into="beside")
    target = play.case("beside")
    assert target["outline"].equals(play.case()["outline"].union(beside))
    assert target["area_m2"] == pytest.approx(600, rel=2e-3)
    assert target["cropland_m2"] == pytest.approx(210, rel=2e-3)
    assert replay(play.events("beside"))["outline"].equals(target["outline"])


def test_the_same_ground_counts_once_in_a_merge(play) -> None:
    play.open()
    play.open("same")
    play.do("merge", "wang", into="same")
    assert play.case("same")["cropland_m2"] == pytest.approx(150, rel=2e-3)


def test_a_point_that_is_merged_leaves_the_outline_alone(play) -> None:
    play.open(outline=shapely.Point(541_010, 2_511_005), area_m2=0.0, cropland_m2=0.0)
    play.open("spot")
    play.do("merge", "wang", into="spot")
    assert play.case("spot")["area_m2"] == 300.0


def test_nothing_is_done_before_the_last_act(play) -> None:
    play.open()
    play.pass_days(3)
    play.do("accept", "wang")
    play.pass_days(-1)
    refused(play, "last record of case", "comment", "wang", note="x")
    batch = Batch(session=None, actor=SYSTEM, now=play.now, clocks=play.clocks)
    with play.store.write() as session:
        batch.session = session
        batch.load([NUMBER])
        with pytest.raises(ActionRefused, match="last record of case"):
            batch.act(NUMBER, Act(action="propose", actor=SYSTEM, note="x"))


@pytest.mark.parametrize("place", ["town:450108999000", "department:water"])
def test_nothing_is_handed_to_where_nobody_is(play, place) -> None:
    play.open()
    play.do("accept", "wang")
    refused(play, "There is nobody", "dispatch", "wang", assignee=place, error=UsageError)


def test_values_without_use_are_named(play) -> None:
    play.open()
    refused(play, "no use of resolution", "accept", "wang", resolution="season", error=UsageError)
    refused(play, "no use of reason", "accept", "wang", reason="photo_missing", error=UsageError)


def test_what_is_possible_is_what_the_case_lets_pass(play) -> None:
    play.open(severity="red")
    assert not {"agree", "disagree", "release"} & set(possible_in(play.case()))
    play.do("reject", "wang", resolution="season")
    assert {"agree", "disagree"} <= set(possible_in(play.case(), "quality_checker"))
    assert not {"accept", "reject", "merge"} & set(possible_in(play.case(), "quality_checker"))


@pytest.mark.parametrize(
    ("role", "prefix", "may"),
    [
        ("district_manager", "450108", ("permits", "clues", "answers")),
        ("interpreter", "", ("permits", "clues", "answers")),
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


def test_merging_into_a_case_elsewhere_needs_the_right_to_it(play) -> None:
    play.open()
    play.open("wood", theme="protected_woodland")
    with pytest.raises(ActionRefused, match="theme farmland"):
        play.do("merge", "xu", "wood", into=NUMBER)
    assert play.case("wood")["state"] == "detected"


def test_splitting_gives_nobody_more_time(play) -> None:
    play.open()
    play.run(*TO_VERIFYING, ("release", "chen"))
    play.pass_days(5)
    parts = [shapely.box(541_000, 2_511_000, 541_010, 2_511_015), shapely.box(541_010, 2_511_000, 541_020, 2_511_015)]
    play.do("split", "wang", parts=parts)
    parent, first, second = play.case(), play.case(f"{NUMBER}-1"), play.case(f"{NUMBER}-2")
    assert (parent["state"], parent["resolution"]) == ("closed", "split")
    assert (first["state"], first["assignee"], first["parents"]) == ("verifying", f"town:{TOWN}", [NUMBER])
    assert first["due_on"] is not None
    assert (
        first["due_on"]
        == second["due_on"]
        == play.clocks.due_on("verifying", "yellow", first["first_seen_on"].replace(day=15))
    )
    assert first["area_m2"] == pytest.approx(150, rel=2e-3)
    assert replay(play.events(f"{NUMBER}-1"))["area_m2"] == first["area_m2"]
    refused(play, f"{NUMBER}-1", "reopen", "li", note="x")


@pytest.mark.parametrize(
    ("parts", "match"),
    [
        ([shapely.box(541_000, 2_511_000, 541_010, 2_511_015)], "at least two"),
        (
            [shapely.box(541_000, 2_511_000, 541_015, 2_511_015), shapely.box(541_010, 2_511_000, 541_020, 2_511_015)],
            "overlap",
        ),
        ([shapely.box(541_000, 2_511_000, 541_010, 2_511_015), shapely.box(0, 0, 1, 1)], "lies away"),
    ],
)
def test_parts_that_make_no_sense(play, parts, match) -> None:
    play.open()
    refused(play, match, "split", "wang", parts=parts, error=UsageError)


def test_a_change_on_a_closed_spot_is_a_red_recurrence(play) -> None:
    play.open()
    play.do("correct", "wang", correction={"kind": "earthwork"})
    play.run(*TO_CLOSED)
    play.do("reopen", "system", note="再次出现", fields={"kind": "new_building", "severity": "yellow"})
    case = play.case()
    assert (case["state"], case["severity"], case["recurrence"], case["relation"]) == (
        "screened",
        "red",
        1,
        "reappeared",
    )
    assert (
        case["verdict"],
        case["kind"],
        case["resolution"],
        case["measure"],
        case["closed_at"],
        case["assignee"],
    ) == ("suspected", "new_building", None, None, None, None)


def test_a_closing_by_mistake_is_no_recurrence(play) -> None:
    play.open()
    play.run(("reject", "wang", {"resolution": "season"}), ("reopen", "zhao", {"note": "看错了"}))
    assert (play.case()["recurrence"], play.case()["severity"], play.case()["relation"]) == (0, "yellow", "new")


def test_answers_and_ratings_are_events_of_a_closed_case_too(play) -> None:
    play.open()
    play.run(*TO_CLOSED)
    play.do("respond", "system", note="企业提交许可证")
    refused(play, "from 1 to 5", "rate", "system", rating=6, error=UsageError)
    play.do("rate", "system", rating=4)
    assert play.events()[-1].facts == {"rating": 4}
    assert play.case()["state"] == "closed"


def test_leaders_only_read(play) -> None:
    play.open()
    refused(play, "not for the role leader", "comment", "ling", note="x")
    play.do("comment", "shen", note="请说明")
    play.do("escalate", "shen", note="督办")
    assert play.case()["warned"] == 0


def test_numbers_and_fields_of_a_new_case_are_checked(play) -> None:
    play.open()
    for match, facts in (
        ("already", {}),
        ("is no theme", {"number": "b", "theme": "x"}),
        ("colour", {"number": "c", "colour": "x"}),
    ):
        with pytest.raises(UsageError, match=match):
            play.open(**facts)
