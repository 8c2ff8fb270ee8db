"""What is done about a case that was judged: disposal, referral, sparing, acceptance, reversal."""

import pytest

from rs_governance.cases import replay, to_plain
from rs_governance.errors import ActionRefused, UsageError

from .conftest import (
    PROOF,
    TO_CONFIRMED,
    TO_DISPOSING,
    TO_EVIDENCED,
    TO_RECTIFIED,
    refused,
)


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
    play.do("proceed", "sun", measure="rectify", step="notice_served", evidence=(PROOF,))
    assert (play.case()["measure"], play.case()["step"], play.case()["holder"]) == ("rectify", "notice_served", None)
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
    case = play.case()
    assert (case["state"], case["pending"], case["measure"], case["step"]) == ("disposing", None, "rectify", None)
    play.run(
        ("refer", "sun", {"referral": "police", "evidence": (PROOF,)}),
        ("answer_referral", "sun", {"evidence": (PROOF,)}),
    )
    assert (play.case()["state"], play.case()["resolution"]) == ("closed", "referral_answered")


def test_what_was_done_before_a_declined_referral_goes_on(play) -> None:
    play.open()
    play.run(
        *TO_DISPOSING,
        ("proceed", "sun", {"step": "notice_served", "evidence": (PROOF,)}),
        ("refer", "sun", {"referral": "court", "evidence": (PROOF,)}),
        ("decline_referral", "sun", {"evidence": (PROOF,)}),
        ("refer", "sun", {"referral": "police", "evidence": (PROOF,)}),
        ("decline_referral", "sun", {"evidence": (PROOF,)}),
    )
    assert (play.case()["measure"], play.case()["step"]) == ("rectify", "notice_served")
    play.run(
        ("proceed", "sun", {"step": "under_way", "evidence": (PROOF,)}),
        ("report_done", "sun", {"evidence": (PROOF,)}),
        ("fail", "zhao", {"note": "屋顶仍在"}),
        ("report_done", "sun", {"evidence": (PROOF,)}),
        ("pass", "zhao", {"resolution": "restored"}),
    )
    case = play.case()
    assert (case["resolution"], case["measure"], case["step"]) == ("restored", "rectify", "under_way")
    replayed = {name: to_plain(value) for name, value in replay(play.events()).items()}
    assert replayed == {name: to_plain(value) for name, value in case.items()}


def test_who_passes_against_the_image_says_why(play) -> None:
    def see(outlook: str, proposal: str) -> None:
        facts = {"recheck": outlook, "proposal": proposal, "image_on": "2026-11-14"}
        play.do("propose", "system", note="2026-11 期：影像显示没有变化", facts=facts)

    play.open()
    play.run(*TO_DISPOSING)
    see("unchanged", "fail")
    play.do("report_done", "sun", evidence=(PROOF,))
    play.do("comment", "li", note="the image is older than the report")
    see("unchanged", "fail")
    refused(
        play, "proposes 'fail' .image of 2026-11-14: unchanged.* needs a note", "pass", "zhao", resolution="restored"
    )
    refused(play, "needs a note", "pass", "zhao", resolution="restored", note=" ")
    play.do("pass", "zhao", resolution="restored", note="现场已复绿，影像早于复绿")
    play.open("gone")
    for action, login, *more in TO_RECTIFIED:
        play.do(action, login, "gone", **(more[0] if more else {}))
    for proposal in ("fail", "pass"):
        facts = {"recheck": "gone", "proposal": proposal, "image_on": "2026-11-14"}
        play.do("propose", "system", "gone", facts=facts)
    play.do("pass", "zhao", "gone", resolution="demolished")


def test_an_image_of_before_the_report_asks_for_no_words(play) -> None:
    play.open()
    play.run(*TO_DISPOSING)
    play.do("propose", "system", facts={"recheck": "unchanged", "proposal": "fail", "image_on": "2026-10-14"})
    play.run(("report_done", "sun", {"evidence": (PROOF,)}), ("pass", "zhao", {"resolution": "restored"}))


@pytest.mark.parametrize(
    ("action", "fitting", "others"),
    [
        ("reject", ["season", "homestead", "planting"], ["demolished", "merged", "superseded"]),
        ("withdraw", ["homestead"], ["season", "demolished", "superseded"]),
    ],
)
def test_a_missing_resolution_is_asked_for_with_those_that_fit(play, action, fitting, others) -> None:
    play.open()
    with pytest.raises(ActionRefused) as told:
        play.do(action, "li")
    for language in ("en", "zh"):
        words = told.value.told(language)
        assert all(code in words for code in fitting)
        assert not any(code in words for code in others)
    refused(play, "'demolished' does not fit", action, "li", resolution="demolished")
    refused(play, "'gone' is no resolution", action, "li", error=UsageError, resolution="gone")


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
