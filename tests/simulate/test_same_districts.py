"""Districts stay what they were: what was tuned on some of them and measured on others holds only then.

Pixels are compared with a tolerance: the last bit of a sine is not the same on all processors.
"""

import json
from pathlib import Path

import numpy as np
import pytest
import rasterio

from rs_governance.simulate import CUT_PX, monthly_dates, simulate_district
from rs_governance.simulate.district import draw_windows

SAMPLE = Path(__file__).resolve().parents[2] / "sample_tiles"
WINDOW_PX = 128

# Number and area of the changes, and the mean of each band of each image, in the first window of 300 x 300 pixels.
KNOWN = {
    5: (8, 6962.1, [[854.4, 920.8, 899.4, 1581.7], [729.2, 853.1, 683.0, 1285.7]]),
    101: (8, 5954.6, [[775.5, 969.4, 842.7, 1593.7], [809.5, 827.7, 706.6, 1083.9]]),
    202: (9, 6788.4, [[1348.4, 1216.5, 1117.5, 1661.1], [783.9, 1012.3, 991.9, 1765.1]]),
}


@pytest.mark.parametrize("seed", KNOWN)
def test_a_seed_makes_the_district_that_it_always_made(seed: int) -> None:
    count, area_m2, means = KNOWN[seed]
    district = simulate_district(seed, size_px=300, dates=monthly_dates(2))
    _, parts = next(iter(draw_windows(district, window_px=WINDOW_PX)))
    assert len(district.changes) == count
    assert sum(change.outline.area for change in district.changes) == pytest.approx(area_m2, abs=0.1)
    assert np.array([part.mean(axis=(1, 2)) for part in parts]) == pytest.approx(np.array(means), abs=0.3)


def test_the_sample_is_what_its_seed_makes() -> None:
    manifest = json.loads((SAMPLE / "manifest.json").read_text(encoding="utf-8"))
    dates = monthly_dates(len(manifest["scenes"]))
    district = simulate_district(manifest["seed"], size_px=CUT_PX, dates=dates)
    board, parts = next(iter(draw_windows(district, window_px=WINDOW_PX)))
    assert (board.row0, board.column0) == (0, 0)
    for take, part in zip(district.takes, parts, strict=True):
        with rasterio.open(SAMPLE / "scenes" / f"{take.name}.tif") as file:
            shipped = file.read(window=((0, WINDOW_PX), (0, WINDOW_PX))).astype(int)
        assert np.abs(shipped - part).max() <= manifest["max_z_error"] + 1, "but for what the compression may change"
