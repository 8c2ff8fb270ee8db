"""Where: units, grid cells, reference layers and registers, and what a finding has to do with them."""

from rs_governance.grids.carriers import (
    Joined,
    Layer,
    Ledger,
    References,
    Register,
    RowProblem,
    Units,
    Zones,
)
from rs_governance.grids.codes import Code, Scheme, find_scheme
from rs_governance.grids.ellipsoid import geodesic_area_m2
from rs_governance.grids.gcj02 import gcj02_to_wgs84, wgs84_to_gcj02
from rs_governance.grids.join import join
from rs_governance.grids.numbers import number_spots
from rs_governance.grids.placement import name_crs
from rs_governance.grids.reading import read_references

__all__ = [
    "Code",
    "Joined",
    "Layer",
    "Ledger",
    "References",
    "Register",
    "RowProblem",
    "Scheme",
    "Units",
    "Zones",
    "find_scheme",
    "gcj02_to_wgs84",
    "geodesic_area_m2",
    "join",
    "name_crs",
    "number_spots",
    "read_references",
    "wgs84_to_gcj02",
]
