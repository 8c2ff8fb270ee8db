"""The life of a case from state to state, and the side moves that leave, end or open it."""

from dataclasses import replace

import pytest

from rs_governance.cases import replay, to_plain
from rs_governance.cases.life.guards import possible_in
from rs_governance.cases.shown.showing import event_words
from rs_governance.errors import UsageError

from .conftest import (
    PROOF,
    TO_CLOSED,
    TO_EVIDENCED,
    TO_VERIFYING,
    refused,
)


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


def test_numbers_and_fields_of_a_new_case_are_checked(play) -> None:
    play.open()
    for match, facts in (
        ("already", {}),
        ("is no theme", {"number": "b", "theme": "x"}),
        ("colour", {"number": "c", "colour": "x"}),
    ):
        with pytest.raises(UsageError, match=match):
            play.open(**facts)
