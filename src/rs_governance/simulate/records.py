"""The rows of a district's files: units, layers, registers, zones, ledger, clouds and truth."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import shapely

from rs_governance.simulate.blocks import Use
from rs_governance.simulate.changes import Change, Kind, Permit
from rs_governance.simulate.district import SimulatedDistrict
from rs_governance.simulate.layers import Layers
from rs_governance.simulate.outlines import Shape
from rs_governance.simulate.tables import Table, Value
from rs_governance.simulate.truth import Truth
from rs_governance.simulate.units import Unit

REGISTER_FILES = {
    "planning_permit": ".gpkg",
    "building_permit": ".gpkg",
    "land_conversion": ".geojson",
    "land_supply": ".shp",
    "harvest_permit": ".gpkg",
    "woodland_use": ".geojson",
    "temporary_land": ".csv",
    "facility_farmland": ".gpkg",
    "homestead": ".csv",
    "major_project": ".gpkg",
}
"""The registers, and the format in which each is kept."""

# Codes of the forest map: land class, sort of wood, origin, protection grade, category.
_FOREST = {
    Use.PLANTATION: ("0111", "232", "21", "4", "21"),
    Use.BROADLEAF: ("0111", "111", "11", "2", "11"),
    Use.SCRUB: ("0132", "111", "11", "3", "12"),
}


@dataclass(frozen=True, kw_only=True)
class Marks:
    """What the district knows already: muted zones and old spots, by the changes that they lie on."""

    zones: tuple[tuple[str, str, date, Shape], ...]
    """Number, reason, last day and outline (local metres)."""
    spots: tuple[tuple[str, str, str, date, Shape], ...]
    """Number, kind, status, day of finding and outline."""
    notes: dict[int, str]
    """Remarks on changes, by their place in the district's list."""


def mark(district: SimulatedDistrict) -> Marks:
    """Draw zones about some open earthworks and enter old sites, and a few new ones, into the ledger."""
    dates = [take.on for take in district.takes]
    changes = list(enumerate(district.changes))
    fresh = [(n, change) for n, change in changes if change.happened_on > dates[-2] and change.case == "none"]
    fresh = [(n, change) for n, change in fresh if change.project is None]
    notes: dict[int, str] = {}
    zones = []
    texts = (
        ("采石场（采矿许可证在有效期内）", 430, "muted zone"),
        ("建筑垃圾消纳场（期限已过）", -45, "expired muted zone"),
    )
    order = (Kind.EARTHWORK, Kind.HARDENED_GROUND, Kind.VEGETATION_LOSS, Kind.ROAD)
    muted = sorted(((n, change) for n, change in fresh if change.kind in order), key=lambda it: order.index(it[1].kind))
    for serial, ((reason, days, note), (n, change)) in enumerate(zip(texts, muted[:2], strict=False), 1):
        outline = shapely.convex_hull(change.outline).buffer(22).simplify(2)
        zones.append((f"MZ-{serial:02d}", reason, dates[-1] + timedelta(days=days), outline))
        notes[n] = note
    sheds = [change for _, change in changes if change.happened_on <= dates[0] and change.kind == Kind.GREENHOUSE]
    for change in sheds[:1]:
        outline = change.outline.buffer(15, join_style="mitre")
        zones.append((f"MZ-{len(zones) + 1:02d}", "已备案大棚集中区", dates[-1] + timedelta(days=250), outline))
    old = [change for _, change in changes if change.happened_on <= dates[0] and change.kind != Kind.VEGETATION_LOSS]
    spots = [
        (
            f"2025-{serial:04d}",
            change.kind.name.lower(),
            "处置中" if serial % 2 else "已销号",
            change.happened_on,
            change.outline,
        )
        for serial, change in enumerate(old, 1)
    ]
    for n, change in [(n, change) for n, change in fresh if change.kind == Kind.NEW_BUILDING][:2]:
        number = f"2026-{len(spots) + 1:04d}"
        spots.append((number, "new_building", "处置中", change.happened_on, change.outline))
        notes[n] = f"ledger {number}"
    return Marks(zones=tuple(zones), spots=tuple(spots), notes=notes)


def reference_tables(district: SimulatedDistrict, units: Sequence[Unit], layers: Layers) -> list[Table]:
    """Return the units and reference layers."""
    tables = []
    for level in ("district", "town", "village", "cell"):
        own = [unit for unit in units if unit.level == level]
        columns: dict[str, Sequence[Value]] = {
            "code": [unit.code for unit in own],
            "name": [unit.name for unit in own],
            "name_en": [unit.name_en for unit in own],
            "parent": [unit.parent for unit in own],
        }
        if level == "cell":
            columns["keeper"] = [unit.keeper for unit in own]
        shapes = [district.on_map(unit.outline) for unit in own]
        tables.append(Table(path="reference/units.gpkg", layer=level, columns=columns, shapes=shapes))
    parcels = layers.land_use
    tables.append(
        Table(
            path="reference/land_use.gpkg",
            layer="DLTB",
            columns={
                "BSM": [f"450108{number:012d}" for number in range(1, len(parcels) + 1)],
                "DLBM": [parcel.code for parcel in parcels],
                "DLMC": [parcel.name for parcel in parcels],
                "TBMJ": [round(parcel.outline.area, 2) for parcel in parcels],
                "KCXS": [parcel.ridges for parcel in parcels],
            },
            shapes=[district.on_map(parcel.outline) for parcel in parcels],
        )
    )
    basic = layers.basic_cropland
    tables.append(
        Table(
            path="reference/basic_cropland.shp",
            columns={
                "YJJBNTTBBH": [f"450108{number:08d}" for number in range(1, len(basic) + 1)],
                "DLMC": ["耕地"] * len(basic),
            },
            shapes=[district.on_map(shape) for shape in basic],
            encoding="GBK",
        )
    )
    lines = [part for part in shapely.get_parts(layers.red_line).tolist() if part.area > 100]
    tables.append(
        Table(
            path="reference/ecological_red_line.gpkg",
            layer="STBHHX",
            columns={"HXMC": ["良庆丘陵水源涵养生态保护红线（虚构）"] * len(lines)},
            shapes=[district.on_map(shape) for shape in lines],
        )
    )
    tables.append(
        Table(
            path="reference/urban_boundary.geojson",
            columns={"name": ["城镇开发边界（虚构）"]},
            shapes=[district.on_map(layers.urban)],
        )
    )
    woods = layers.woods
    codes = [_FOREST[parcel.use] for parcel in woods if parcel.use is not None]
    tables.append(
        Table(
            path="reference/forest.gpkg",
            layer="forest",
            columns={
                "XIAO_BAN": [f"{number:05d}" for number in range(1, len(woods) + 1)],
                "DI_LEI": [code[0] for code in codes],
                "LIN_ZHONG": [code[1] for code in codes],
                "QI_YUAN": [code[2] for code in codes],
                "BH_DJ": [code[3] for code in codes],
                "SEN_LIN_LB": [code[4] for code in codes],
            },
            shapes=[district.on_map(parcel.outline) for parcel in woods],
        )
    )
    waters = [
        ("八尺江取水口（虚构）", "一级", layers.water_source),
        ("八尺江取水口（虚构）", "二级", layers.water_source_outer),
    ]
    tables.append(
        Table(
            path="reference/water_sources.gpkg",
            layer="water_sources",
            columns={"MC": [name for name, _, _ in waters], "JB": [grade for _, grade, _ in waters]},
            shapes=[district.on_map(shape) for _, _, shape in waters],
        )
    )
    return tables


def register_tables(district: SimulatedDistrict) -> list[Table]:
    """Return the registers, in the order of `REGISTER_FILES`; those without rows are left out."""
    tables = []
    for register, suffix in REGISTER_FILES.items():
        rows = [permit for permit in district.permits if permit.register == register]
        if rows:
            tables.append(_register(district, f"registers/{register}{suffix}", rows))
    return tables


def _register(district: SimulatedDistrict, path: str, rows: list[Permit]) -> Table:
    return Table(
        path=path,
        columns={
            "number": [permit.number for permit in rows],
            "holder": [permit.holder for permit in rows],
            "use": [permit.use for permit in rows],
            "stage": [permit.stage for permit in rows],
            "area_m2": [round(float(permit.outline.area), 1) for permit in rows],
            "valid_from": [permit.valid_from for permit in rows],
            "valid_to": [permit.valid_to for permit in rows],
            "issued_on": [permit.issued_on for permit in rows],
        },
        shapes=[district.on_map(permit.outline) for permit in rows],
        encoding="GBK" if path.endswith(".shp") else None,
    )


def mark_tables(district: SimulatedDistrict, marks: Marks) -> list[Table]:
    """Return the muted zones and the ledger."""
    return [
        Table(
            path="zones/muted.geojson",
            columns={
                "zone": [zone[0] for zone in marks.zones],
                "reason": [zone[1] for zone in marks.zones],
                "expires_on": [zone[2] for zone in marks.zones],
            },
            shapes=[district.on_map(zone[3]) for zone in marks.zones],
        ),
        Table(
            path="ledger/known_spots.geojson",
            columns={
                "number": [spot[0] for spot in marks.spots],
                "kind": [spot[1] for spot in marks.spots],
                "status": [spot[2] for spot in marks.spots],
                "found_on": [spot[3] for spot in marks.spots],
            },
            shapes=[district.on_map(spot[4]) for spot in marks.spots],
        ),
    ]


def cloud_tables(district: SimulatedDistrict) -> list[Table]:
    """Return the outlines of cloud and shadow of the dates that are not clear."""
    return [
        Table(
            path=f"scenes/{take.name}_clouds.gpkg",
            layer="clouds",
            columns={"scene": [take.name] * len(parts)},
            shapes=[district.on_map(part) for part in parts],
        )
        for take, clouded in zip(district.takes, district.clouded, strict=True)
        if (parts := shapely.get_parts(clouded).tolist())
    ]


def truth_table(district: SimulatedDistrict, truth: Truth, marks: Marks) -> Table:
    """Return the changes after the first date as they are told in `truth/changes.geojson`."""
    first = district.takes[0].on
    rows = [number for number, change in enumerate(district.changes) if change.happened_on > first]
    changes = [district.changes[number] for number in rows]
    return Table(
        path="truth/changes.geojson",
        columns={
            "id": [f"T{serial:04d}" for serial in range(1, len(rows) + 1)],
            "kind": [change.kind.name.lower() for change in changes],
            "theme": [truth.themes[number] for number in rows],
            "seen_from": [truth.seen_from[number] for number in rows],
            "happened_on": [change.happened_on for change in changes],
            "area_m2": [round(float(change.outline.area), 1) for change in changes],
            "permitted": [change.permitted for change in changes],
            "register": [_register_of(change) for change in changes],
            "number": [change.project or (change.permit.number if change.permit else None) for change in changes],
            "stage": [change.stage for change in changes],
            "note": [marks.notes.get(number) or _note(district.changes[number]) for number in rows],
        },
        shapes=[district.on_map(change.outline) for change in changes],
    )


def _register_of(change: Change) -> str | None:
    if change.project is not None:
        return "major_project"
    return change.permit.register if change.permit else None


def _note(change: Change) -> str | None:
    return {
        "none": None,
        "full": None,
        "part": "the permit covers a part",
        "expired": "the permit had expired",
        "exceeded": "beyond the permitted stage",
    }[change.case]
