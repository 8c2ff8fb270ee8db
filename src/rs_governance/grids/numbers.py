"""Numbers of spots."""

import re

import numpy as np
import pandas as pd

from rs_governance.district import ISSUE_PATTERN
from rs_governance.grids.carriers import Joined


def number_spots(joined: Joined, *, district_code: str, issue: str) -> "pd.Series[str]":
    """Number findings by town, then village, then as they come.

    The town and the village of a finding are those with the largest part of it (of equal parts, the smaller code);
    findings outside all units come last.

    Parameters
    ----------
    joined
        Joined findings.
    district_code
        Six digits.
    issue
        The issue: `2026-10`, or `2026-10a`.

    Returns
    -------
    Series
        Numbers such as 450108-202610-0001 by finding_id, in the order of the findings.

    Raises
    ------
    ValueError
        If the code or the issue is none.
    """
    if not re.fullmatch(r"\d{6}", district_code):
        raise ValueError(f"Expected a district's code of six digits, got '{district_code}'.")
    if not re.fullmatch(ISSUE_PATTERN, issue):
        raise ValueError(f"Expected an issue such as '2026-10' or '2026-10a', got '{issue}'.")
    ids = pd.Index(joined.findings["finding_id"], name="finding_id")
    town, village = (
        _main_units(joined, level).reindex(ids).fillna("").to_numpy(dtype=str) for level in ("town", "village")
    )
    order = np.lexsort((np.arange(len(ids)), village, village == "", town, town == ""))
    prefix = f"{district_code}-{issue.replace('-', '')}"
    numbers = np.empty(len(ids), dtype=object)
    numbers[order] = [f"{prefix}-{serial:04d}" for serial in range(1, len(ids) + 1)]
    return pd.Series(numbers, index=ids, name="spot_no", dtype="str")


def _main_units(joined: Joined, level: str) -> "pd.Series[str]":
    """Code of the unit of one level with the largest part of each finding, by finding_id."""
    table = joined.in_units
    parts = table[(table["level"] == level) & (table["code"] != "")]
    ranked = parts.sort_values(["area_in_unit_m2", "code"], ascending=[False, True], kind="stable")
    return ranked.drop_duplicates("finding_id").set_index("finding_id")["code"]
