"""Feedback: what became of the spots, counted."""

from dataclasses import replace
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from rs_governance.cases.feedback.shares import count_feedback, plain_row, share

from .conftest import SPOT, judged


def test_counts_by_issue_and_every_dimension() -> None:
    spots = [
        SPOT,
        judged(2, "illegal", "demolished"),
        judged(3, "illegal", None),
        judged(4, "false_change", "season", kind="earthwork"),
        judged(5, "lawful", "homestead"),
    ]
    rows = count_feedback(spots)
    whole = rows[0]
    assert (whole.dimension, whole.spots) == ("all", 5)
    assert (whole.judged.part, whole.judged.whole) == (4, 5)
    assert (whole.changed.part, whole.confirmed.part, whole.closed.part) == (3, 2, 3)
    assert whole.why_not == {"homestead": 1, "season": 1}
    assert (whole.days_to_verdict, whole.days_to_closing) == (10.0, 10.0)
    kinds = {row.key: row for row in rows if row.dimension == "kind"}
    assert set(kinds) == {"earthwork", "new_building"}
    assert kinds["earthwork"].changed.share == 0


def test_a_place_counts_in_the_month_that_sent_somebody_out() -> None:
    later = replace(judged(2, "illegal", None), issue="2026-11", relation="continuing", first=False)
    assert [row.issue for row in count_feedback([judged(1, "illegal", None), later]) if row.dimension == "all"] == [
        "2026-10"
    ]


def test_what_was_judged_before_the_image_has_no_days() -> None:
    early = judged(2, "illegal", None, judged_at=datetime(2026, 10, 1, tzinfo=UTC))
    assert count_feedback([early])[0].days_to_verdict is None
    assert count_feedback([early, judged(3, "illegal", None)])[0].days_to_verdict == 10.0


def test_without_verdicts_there_is_no_share() -> None:
    row = plain_row(count_feedback([SPOT])[0])
    assert row["judged"] == {"part": 0, "whole": 1, "share": 0.0, "low": 0.0, "high": 0.7935}
    assert row["confirmed"]["share"] is None
    assert row["days_to_verdict"] is None


@given(st.integers(0, 500), st.integers(1, 500))
def test_the_interval_holds_the_share(part: int, whole: int) -> None:
    part = min(part, whole)
    found = share(part, whole)
    assert found.share is not None
    assert found.low is not None
    assert found.high is not None
    assert 0 <= found.low <= found.share <= found.high <= 1
