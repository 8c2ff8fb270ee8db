"""Steps of a measure: one after the other, each with its proof, and what comes next is said."""

import pytest

from rs_governance.cases import STEPS
from rs_governance.errors import ActionRefused, UsageError

from .conftest import PROOF, TO_CONFIRMED, TO_DISPOSING


@pytest.fixture
def disposing(play):
    play.open()
    play.run(*TO_DISPOSING)  # by 'rectify'
    return play


def go(play, *steps: str, **more) -> None:
    for step in steps:
        play.do("proceed", "sun", step=step, evidence=(PROOF,), **more)


def refused(play, match: str, step: str, **more) -> None:
    before = play.case()
    with pytest.raises(ActionRefused, match=match):
        go(play, step, **more)
    assert play.case() == before


@pytest.mark.parametrize("measure", STEPS)
def test_every_measure_goes_through_its_steps_in_their_order(play, measure) -> None:
    play.open()
    play.run(*TO_CONFIRMED, ("plan", "sun", {"measure": measure}))
    steps = list(STEPS[measure])
    for place, step in enumerate(steps):
        for other in steps[:place] + steps[place + 1 :]:
            refused(play, f"now comes '{step}'", other)
        go(play, step)
        assert play.case()["step"] == step
    refused(play, "now comes 'report_done'", steps[-1])
    refused(play, "now comes 'report_done'", steps[0])


def test_it_is_said_in_chinese_too(disposing) -> None:
    with pytest.raises(ActionRefused) as caught:
        go(disposing, "restored")
    assert "现在应办 送达限期整改通知书（notice_served）" in caught.value.told("zh")


def test_each_measure_has_steps_of_its_own(disposing) -> None:
    go(disposing, "notice_served")
    refused(disposing, "now comes 'notice_served'", "stopped", measure="stop_work")
    go(disposing, "notice_served", "stopped", measure="stop_work")
    go(disposing, "under_way", measure="rectify")
    refused(disposing, "now comes 'cleared'", "under_way")


def test_a_measure_that_is_planned_anew_begins_anew(disposing) -> None:
    go(disposing, "notice_served", "under_way")
    disposing.do("plan", "sun", measure="rectify", note="重新下达")
    refused(disposing, "now comes 'notice_served'", "cleared")
    go(disposing, "notice_served")
    disposing.do("reverse", "li", note="复核")
    disposing.run(("confirm", "zhao", {"verdict": "illegal"}), ("plan", "sun", {"measure": "stop_work"}))
    refused(disposing, "now comes 'notice_served'", "under_way", measure="rectify")


def test_what_failed_its_acceptance_is_done_again(disposing) -> None:
    go(disposing, *STEPS["rectify"])
    disposing.do("report_done", "sun", evidence=(PROOF,))
    disposing.do("fail", "zhao", note="尚有硬化地面")
    go(disposing, "cleared")
    refused(disposing, "now comes 'restored'", "under_way")
    go(disposing, "restored")


def test_a_failed_acceptance_skips_nothing(disposing) -> None:
    go(disposing, "notice_served")
    disposing.do("report_done", "sun", evidence=(PROOF,))
    disposing.do("fail", "zhao", note="未拆除")
    refused(disposing, r"'notice_served' .* or 'under_way'", "cleared")
    go(disposing, "under_way", "cleared")


def test_without_a_measure_there_is_no_step(play) -> None:
    play.open(state="disposing", verdict="illegal", channel="ledger")
    with pytest.raises(ActionRefused, match=r"No measure .* is planned"):
        go(play, "cleared")
    with pytest.raises(UsageError, match="'talk' is no measure; it is one of stop_work"):
        go(play, "cleared", measure="talk")
    play.do("plan", "sun", measure="rectify", note="台账移交")
    go(play, "notice_served")
    assert play.case()["step"] == "notice_served"
