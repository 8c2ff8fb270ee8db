"""Settings that contradict each other are refused; the others are recorded."""

import json
from typing import Any

import pytest

from rs_governance.detect import SpectralParameters
from rs_governance.errors import UsageError


@pytest.mark.parametrize(
    "changes",
    [
        {"levels": ()},
        {"levels": (0.0, 1.1)},
        {"levels": (-1.0, 1.1)},
        {"levels": (1.1, 0.9)},
        {"levels": (0.9, 0.9)},
        {"levels": (0.9, 2.5)},
        {"strong": 0.8},
        {"calm": 0.0},
        {"beside_m": -1.0},
        {"usual_m2": -1.0},
        {"peak": 3.0},
        {"full": 1.0},
        {"own_share": -0.1},
        {"own_share": 1.1},
        {"tolerance_px": 3},
        {"tolerance_px": -1},
        {"here_m": -1.0},
        {"around_m": -1.0},
        {"open_m": -1.0},
        {"smallest_m2": -1.0},
        {"simplify_px": -0.1},
        {"sample_windows": 0},
        {"sample_px": 63},
        {"levels": (float("nan"),)},
        {"full": float("nan")},
        {"own_share": float("nan")},
    ],
    ids=str,
)
def test_a_contradiction_is_refused_in_one_line(changes: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="Expected") as caught:
        SpectralParameters(**changes)
    assert "\n" not in str(caught.value)


def test_limits_themselves_are_allowed() -> None:
    SpectralParameters(levels=(1.0,), strong=1.0, peak=2.5, full=2.5, own_share=1.0, tolerance_px=0, open_m=0.0)


def test_settings_are_recorded_as_json() -> None:
    record = SpectralParameters(here_m=3.0).as_record()
    assert record["here_m"] == 3.0
    assert SpectralParameters(**json.loads(json.dumps(record))) == SpectralParameters(here_m=3.0)
