"""The day an image was taken, from metadata or names."""

import re
from collections.abc import Mapping, Sequence
from datetime import date

# 20231015, 2023-10-15, 2023_10_15, 2023.10.15, 2023:10:15, 2023年10月15日, and 20231015022324 with the time of day;
# never inside a longer number.
_TIME = r"(?:[01]\d|2[0-3])[0-5]\d[0-5]\d"
_DATE = re.compile(
    r"(?<!\d)((?:19[7-9]|20\d)\d)"
    rf"(?:[-_.:/]?(\d{{2}})[-_.:/]?(\d{{2}})(?:{_TIME})?|年(\d{{1,2}})月(\d{{1,2}})日?)(?!\d)"
)
_ACQUIRED_TAGS = (
    "ACQUIRED_ON",
    "ACQUISITIONDATETIME",
    "ACQUISITION_DATE",
    "DATE_ACQUIRED",
    "DATATAKE_1_DATATAKE_SENSING_START",
    "RECEIVETIME",
    "IMAGINGTIME",
    "CENTERTIME",
)


def find_date(text: str) -> date | None:
    """Return the first calendar date in `text`.

    >>> find_date("GF2_PMS1_E108.3_N22.7_20231015_L1A0001234567")
    datetime.date(2023, 10, 15)
    >>> find_date("TRIPLESAT_2_MS_L1_20240115022324")
    datetime.date(2024, 1, 15)
    >>> find_date("sheet_20231345") is None
    True
    """
    for match in _DATE.finditer(text):
        year, month, day = match[1], match[2] or match[4], match[3] or match[5]
        try:
            return date(int(year), int(month), int(day))
        except ValueError:
            continue
    return None


def find_acquired_on(*, tags: Mapping[str, str], names: Sequence[str], folder: str) -> date | None:
    """Return the day of acquisition, None where nothing tells it.

    In this order: a metadata item that means acquisition; the names of the file or folder;
    `TIFFTAG_DATETIME`, which is often the day of processing; the name of the folder around it.
    Sheets of several days have no single day.
    """
    upper = {key.upper(): value for key, value in tags.items()}
    for key in _ACQUIRED_TAGS:
        if found := find_date(upper.get(key, "")):
            return found
    days = {found for name in names if (found := find_date(name))}
    if days:
        return days.pop() if len(days) == 1 else None
    return find_date(upper.get("TIFFTAG_DATETIME", "")) or find_date(folder)
