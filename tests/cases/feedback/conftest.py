"""A spot that somebody was sent to, and what became of it."""

from dataclasses import replace
from datetime import UTC, date, datetime

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
JUDGED_AT = datetime(2026, 10, 24, 2, 0, tzinfo=UTC)
CLOSED_AT = datetime(2026, 11, 3, 2, 0, tzinfo=UTC)


def judged(number: int, verdict: str, resolution: str | None, **more: object) -> SpotOutcome:
    spot = replace(SPOT, spot_no=f"450108-202610-{number:04}", verdict=verdict, resolution=resolution)
    closed = {} if resolution is None else {"state": "closed", "closed_at": CLOSED_AT}
    return replace(spot, **{"judged_at": JUDGED_AT, **closed, **more})  # type: ignore[arg-type]
