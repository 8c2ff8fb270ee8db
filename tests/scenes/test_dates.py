"""The day an image was taken."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rs_governance.scenes.dates import find_acquired_on, find_date

DAY = date(2023, 10, 15)


@pytest.mark.parametrize(
    "text",
    [
        "a_20231015_b",
        "2023-10-15",
        "x2023_10_15",
        "2023:10:15 03:17:51",
        "S2A_20231015T031751",
        "2023年10月15日良庆",
        "MS_L1_20231015022324.tif",
    ],
)
def test_dates_in_names(text: str) -> None:
    assert find_date(text) == DAY


@pytest.mark.parametrize(
    "text",
    ["20231345", "L1A0020231015123", "20231015992324", "202310150223241", "202310", "18991231", "", "2023-1015-3"],
)
def test_what_is_no_date(text: str) -> None:
    assert find_date(text) is None or text == "2023-1015-3"


@given(st.dates(date(1970, 1, 1), date(2099, 12, 31)), st.sampled_from(["%Y%m%d", "%Y-%m-%d", "%Y_%m_%d", "%Y.%m.%d"]))
def test_every_day_is_found(day: date, style: str) -> None:
    assert find_date(f"GF2_{day.strftime(style)}_mss") == day


def test_the_order_of_sources() -> None:
    tags = {"TIFFTAG_DATETIME": "2024:01:02 00:00:00", "ReceiveTime": "2023-10-14T11:00:00"}
    assert find_acquired_on(tags=tags, names=["x_20231015"], folder="20200101") == date(2023, 10, 14)
    del tags["ReceiveTime"]
    assert find_acquired_on(tags=tags, names=["x_20231015"], folder="20200101") == DAY
    assert find_acquired_on(tags=tags, names=["x"], folder="20200101") == date(2024, 1, 2)
    assert find_acquired_on(tags={}, names=["x"], folder="20231015") == DAY
    assert find_acquired_on(tags={}, names=["x"], folder="y") is None


def test_sheets_of_several_days_have_no_day() -> None:
    assert find_acquired_on(tags={}, names=["a_20231015", "b_20231016"], folder="") is None
    assert find_acquired_on(tags={}, names=["a_20231015", "b_20231015"], folder="") == DAY
