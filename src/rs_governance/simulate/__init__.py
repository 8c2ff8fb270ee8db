"""Simulated image pairs with exact truth; shares no code with detection."""

from rs_governance.simulate.changes import Change, Kind
from rs_governance.simulate.pair import SimulatedPair, simulate_pair
from rs_governance.simulate.writer import make_sample, write_pair

__all__ = ["Change", "Kind", "SimulatedPair", "make_sample", "simulate_pair", "write_pair"]
