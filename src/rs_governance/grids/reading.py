"""Reading everything that a district's findings are joined to."""

from contextlib import suppress
from dataclasses import replace
from typing import TypeVar

import pyproj
import shapely

from rs_governance.district import District, LayerSource, UnitSource
from rs_governance.errors import RsgError
from rs_governance.grids.alignment import Ground, Placed
from rs_governance.grids.carriers import Layer, Ledger, References, Register, RowProblem, Zones
from rs_governance.grids.layers import read_layer
from rs_governance.grids.meridian import check_meridian
from rs_governance.grids.placement import REMEDIES
from rs_governance.grids.proof import find_unproved, note_unproved
from rs_governance.grids.registers import read_ledger, read_register, read_zones
from rs_governance.grids.units import read_units
from rs_governance.scenes import Scene, open_scene
from rs_governance.scenes.crs import read_crs

_Source = TypeVar("_Source", Register, Zones, Ledger)


def read_references(district: District) -> References:
    """Read units, layers, registers, zones and the ledger of a district.

    Good rows are kept, bad ones are listed in `problems`. What makes a whole source unusable is an error.

    Parameters
    ----------
    district
        The district's file.

    Raises
    ------
    LayerUnreadable
        If a file cannot be read, lacks a field that is needed, or has the codes of another scheme.
    CrsRefused
        If the district lies outside the zone of its CRS, or a file cannot be placed, lies elsewhere, or is in GCJ-02 without
        saying so.
    ConfigInvalid
        If a preset or code scheme does not exist.
    """
    crs = _checked_crs(district)
    ground = Ground(crs)
    units = read_units(district)
    check_meridian(crs, units)
    for level in units.levels:
        frame = units.frame[units.frame["level"] == level]
        ground.admit(Placed(where=f"units.{level}", outlines=frame.geometry.to_numpy(), file_crs=units.file_crs[level]))
    layers = {}
    for name, source in district.layers.items():
        layers[name] = read_layer(name, source, crs, district.folder)
        ground.admit(_placed(f"layers.{name}", layers[name]))
    registers = {}
    for name, source in district.registers.items():
        register = read_register(name, source, crs)
        registers[name] = _told(register, ground.admit(_placed(f"registers.{name}", register), may_miss=True))
    zones = None if district.zones is None else read_zones(district.zones, crs)
    if zones is not None:
        zones = _told(zones, ground.admit(_placed("zones", zones), may_miss=True))
    ledger = None if district.ledger is None else read_ledger(district.ledger, crs)
    if ledger is not None:
        ledger = _told(ledger, ground.admit(_placed("ledger", ledger), may_miss=True))
    # Whoever says the CRS of a source was asked before.
    said = _said_crs(district)
    scenes = _scenes(district)
    unproved = tuple(name for name in find_unproved(ground, scenes) if name not in said)
    return References(
        crs=crs,
        units=units,
        layers=layers,
        registers=registers,
        zones=zones,
        ledger=ledger,
        unproved=unproved,
        notes=(note_unproved(unproved, ground, scenes=bool(scenes)),) if unproved else (),
    )


def _said_crs(district: District) -> set[str]:
    """Return the keys of the sources of which the district's file says the CRS."""
    sources: dict[str, UnitSource | LayerSource | None] = {
        **{f"units.{level}": source for level, source in district.units.items()},
        **{f"layers.{name}": source for name, source in district.layers.items()},
        **{f"registers.{name}": source for name, source in district.registers.items()},
        "zones": district.zones,
        "ledger": district.ledger,
    }
    return {key for key, source in sources.items() if source is not None and source.crs is not None}


def _scenes(district: District) -> list[Scene]:
    """Return the images that can be opened, the newest first; the others are told of when they are compared."""
    scenes = []
    for source in reversed(district.scenes):
        with suppress(RsgError):
            scene = open_scene(source.path, acquired_on=source.acquired_on, **dict(source.options))
            if scene.grid.crs is not None:
                scenes.append(scene)
    return scenes


def _checked_crs(district: District) -> pyproj.CRS:
    """Return the district's CRS if its datum needs no parameters: everything is brought to it."""
    return read_crs(district.crs.to_wkt(), district.folder / "district.toml", remedies=REMEDIES)


def _placed(where: str, source: Layer | Register | Zones | Ledger) -> Placed:
    outlines = source.frame.geometry.to_numpy()
    return Placed(where=where, outlines=outlines[shapely.get_dimensions(outlines) == 2], file_crs=source.file_crs)


def _told(source: _Source, problems: list[RowProblem]) -> _Source:
    return replace(source, problems=(*source.problems, *problems))
