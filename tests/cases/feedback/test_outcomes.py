"""Outcomes: what a closed case teaches."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
import shapely

from rs_governance.cases.feedback.outcomes import SpotOutcome

SPOT = SpotOutcome(
    issue="2026-10",
    spot_no="450108-202610-0001",
    case_number="450108-202610-0001",
    relation="new",
    first=True,
    kind="new_building",
    machine_kind="new_building",
    theme="illegal_construction",
    severity="red",
    town_code="450108101000",
    department="natural_resources",
    score=0.9,
    before_image="20260912",
    after_image="20261014",
    before_on=date(2026, 9, 12),
    after_on=date(2026, 10, 14),
    state="dispatched",
    verdict="suspected",
    resolution=None,
    judged_at=None,
    closed_at=None,
    outline=shapely.box(0, 0, 10, 10),
)


def judged(number: int, verdict: str, resolution: str | None, **more: object) -> SpotOutcome:
    spot = replace(SPOT, spot_no=f"450108-202610-{number:04}", verdict=verdict, resolution=resolution)
    at = datetime(2026, 10, 24, 2, 0, tzinfo=UTC)
    closed = {} if resolution is None else {"state": "closed", "closed_at": datetime(2026, 11, 3, 2, 0, tzinfo=UTC)}
    return replace(spot, judged_at=at, **{**closed, **more})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("verdict", "resolution", "label"),
    [
        ("illegal", "demolished", "change"),
        ("lawful", "homestead", "change"),
        ("false_change", "season", "no_change"),
        ("unverified", "merged", None),
        ("illegal", None, None),
    ],
)
def test_what_a_case_teaches(verdict: str, resolution: str | None, label: str | None) -> None:
    assert judged(1, verdict, resolution).label == label
