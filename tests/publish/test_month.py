"""The carrier of an issue refuses what does not belong together."""

import dataclasses
from datetime import date

import pytest

from rs_governance.errors import SchemaViolation


def test_days_of_the_new_images(make_month) -> None:
    month = make_month(3)
    assert (month.first_image_on, month.last_image_on) == (date(2026, 10, 9), date(2026, 10, 9))
    assert dataclasses.replace(month, scenes=()).last_image_on is None


def test_tables_in_another_crs_are_refused(make_month) -> None:
    month = make_month(3)
    for name in ("spots", "units", "coverage", "unseen"):
        moved = getattr(month, name).to_crs(4490)
        with pytest.raises(SchemaViolation, match=f"{name} of issue 2026-10 is in 'China Geodetic"):
            dataclasses.replace(month, **{name: moved})


def test_tables_of_other_spots_are_refused(make_month) -> None:
    month = make_month(3)
    fewer = {number: steps for number, steps in month.decisions.items() if not number.endswith("2")}
    with pytest.raises(SchemaViolation, match="decisions of issue 2026-10 differ in 450108-202610-0002"):
        dataclasses.replace(month, decisions=fewer)
    with pytest.raises(SchemaViolation, match="in_units of issue 2026-10 differ in 450108-202610-0003"):
        dataclasses.replace(month, in_units=month.in_units[month.in_units["spot_no"] < "450108-202610-0003"])
