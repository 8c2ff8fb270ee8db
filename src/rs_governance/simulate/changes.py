"""The changes that are findings: what they build, clear or dig, when, and under which permit."""

from dataclasses import dataclass
from datetime import date
from enum import IntEnum
from typing import Literal

from rs_governance.simulate.buildings import Building
from rs_governance.simulate.land import Cover
from rs_governance.simulate.outlines import Shape

Stage = Literal["earthwork", "foundation", "main_structure", "topped_out"]
STAGES: tuple[Stage, ...] = ("earthwork", "foundation", "main_structure", "topped_out")

Register = Literal[
    "planning_permit",
    "building_permit",
    "land_conversion",
    "land_supply",
    "harvest_permit",
    "woodland_use",
    "temporary_land",
    "facility_farmland",
    "homestead",
    "major_project",
]

Case = Literal["none", "full", "part", "expired", "exceeded"]
"""How a permit stands to the work: none, all of it, a part of it, out of date, or up to an earlier stage."""


class Kind(IntEnum):
    """What a change is; the codes of the truth rasters."""

    NEW_BUILDING = 1
    NEW_STRUCTURE = 2
    EARTHWORK = 3
    HARDENED_GROUND = 4
    ROAD = 5
    PHOTOVOLTAIC = 6
    GREENHOUSE = 7
    DEMOLITION = 8
    VEGETATION_LOSS = 9
    WATER_GAINED = 10
    WATER_LOST = 11
    REGROWTH = 12


@dataclass(frozen=True, kw_only=True)
class Permit:
    """A row of a register."""

    register: Register
    number: str
    holder: str
    use: str
    stage: Stage | None
    """The last stage that is permitted; None where stages do not apply."""
    outline: Shape
    """Local metres."""
    valid_from: date
    valid_to: date
    issued_on: date


@dataclass(frozen=True, kw_only=True)
class Change:
    """One change; changes of one site and date lie side by side and do not overlap."""

    kind: Kind
    outline: Shape
    """What differs on the ground, local metres."""
    happened_on: date
    """The first day on which it can be seen."""
    cover: Cover | None = None
    """The new ground inside the outline."""
    adds: tuple[Building, ...] = ()
    removes: tuple[Building, ...] = ()
    details: tuple[tuple[Shape, Cover], ...] = ()
    """Ground drawn over `cover`, inside the outline."""
    stage: Stage | None = None
    permit: Permit | None = None
    """What was granted for it, good or not."""
    case: Case = "none"
    """How the permit stands to it."""
    project: str | None = None
    """Number of the major project that it is part of."""

    @property
    def permitted(self) -> bool:
        """Whether it is lawful."""
        return self.case == "full" or self.project is not None
