"""What is done about a case that was judged: disposal, referral, sparing, acceptance, reversal."""

import pytest

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
