from datetime import date

import pytest

from rs_governance.simulate import SimulatedDistrict, simulate_district

DATES = (date(2026, 8, 14), date(2026, 9, 12), date(2026, 10, 14))


@pytest.fixture(scope="session")
def district() -> SimulatedDistrict:
    """A small district on three dates."""
    return simulate_district(3, size_px=560, dates=DATES)
