"""Simulated districts with exact truth; shares no code with detection."""

from rs_governance.simulate.changes import Change, Kind, Permit
from rs_governance.simulate.district import (
    CUT_PX,
    DATES,
    GSD_M,
    MOST_MONTHS,
    SimulatedDistrict,
    draw_images,
    monthly_dates,
    simulate_district,
)
from rs_governance.simulate.writer import write_district

__all__ = [
    "CUT_PX",
    "DATES",
    "GSD_M",
    "MOST_MONTHS",
    "Change",
    "Kind",
    "Permit",
    "SimulatedDistrict",
    "draw_images",
    "monthly_dates",
    "simulate_district",
    "write_district",
]
