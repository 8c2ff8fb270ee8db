"""Where findings are: areas that add up, ground counted once, cover of shrunk outlines, numbers."""

from datetime import date
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from rs_governance.errors import CrsRefused
from rs_governance.grids import (
    Joined,
    Layer,
    Ledger,
    References,
    Register,
    Units,
    Zones,
    geodesic_area_m2,
    join,
    number_spots,
)
from rs_governance.grids.carriers import (
    IN_LAYERS_COLUMNS,
    IN_LEDGER_COLUMNS,
    IN_REGISTERS_COLUMNS,
    IN_UNITS_COLUMNS,
    IN_ZONES_COLUMNS,
    LAYER_COLUMNS,
    LEDGER_COLUMNS,
    REGISTER_COLUMNS,
    UNIT_COLUMNS,
    ZONE_COLUMNS,
    Dtypes,
    make_frame,
)

from .conftest import CRS, SIDE, SOUTH, WEST, crooked, grid


def square(east: float, north: float, side: float = 100.0, other: float | None = None) -> shapely.Polygon:
    top = side if other is None else other
    return shapely.box(WEST + east, SOUTH + north, WEST + east + side, SOUTH + north + top)


def findings(*outlines: Any, crs: pyproj.CRS = CRS) -> gpd.GeoDataFrame:
    ids = [f"f{number:06d}" for number in range(1, len(outlines) + 1)]
    areas = geodesic_area_m2(list(outlines), crs)
    return gpd.GeoDataFrame({"finding_id": ids, "area_m2": areas}, geometry=list(outlines), crs=crs)


def table(columns: Dtypes, outlines: list[Any], **values: list[Any]) -> gpd.GeoDataFrame:
    return make_frame(columns, {name: values.get(name, [None] * len(outlines)) for name in columns}, outlines, CRS)


def units(**levels: list[Any]) -> Units:
    rows = [
        (level, f"{level[0]}{n}", outline) for level, outlines in levels.items() for n, outline in enumerate(outlines)
    ]
    level, code, outlines = ([row[i] for row in rows] for i in range(3))
    return Units(frame=table(UNIT_COLUMNS, outlines, level=level, code=code, name=code))


def layer(name: str, *outlines: Any) -> Layer:
    feature = [str(n) for n in range(1, len(outlines) + 1)]
    frame = table(
        LAYER_COLUMNS, list(outlines), feature=feature, code=["0101"] * len(outlines), label=["水田"] * len(outlines)
    )
    return Layer(name=name, title_zh=name, title_en=name, scheme="GB/T 21010-2017", as_of=None, frame=frame)


def references(**parts: Any) -> References:
    return References(crs=CRS, **({"units": units()} | parts))


def sums(joined: Joined) -> pd.DataFrame:
    return joined.in_units.groupby(["finding_id", "level"])["area_in_unit_m2"].sum().unstack()


@st.composite
def _strewn(draw: st.DrawFn) -> list[shapely.Geometry]:
    """Outlines of all sizes: over borders, along them, half outside, in several parts, with holes."""
    rng = np.random.default_rng(draw(st.integers(0, 2**31)))
    outlines: list[shapely.Geometry] = []
    for _ in range(draw(st.integers(1, 12))):
        centre = rng.uniform(-200, SIDE + 200, 2) + np.array([WEST, SOUTH])
        radius = 10 ** rng.uniform(0.5, 3)
        shape = shapely.Point(centre).buffer(radius, quad_segs=int(rng.integers(1, 9)))
        if rng.random() < 0.3:
            shape = shape.difference(shapely.Point(centre).buffer(radius / 2))
        if rng.random() < 0.3:
            shape = shape.union(shapely.Point(centre + 3 * radius).buffer(radius))
        if rng.random() < 0.3:  # pixels, whose edges lie on borders
            shape = shapely.box(*np.round(np.array(shape.bounds) / 100) * 100).buffer(0)
        if not shape.is_empty:
            outlines.append(shape)
    return outlines


@given(_strewn(), st.integers(0, 10_000))
@settings(max_examples=12, deadline=None)
def test_areas_at_each_level_sum_to_the_findings_own(outlines: list[shapely.Geometry], seed: int) -> None:
    if not outlines:
        return
    some = findings(*outlines)
    given_units = units(district=grid(1, 1), town=grid(2, 1), village=crooked(4, 4, seed), cell=grid(8, 8))
    joined = join(some, references(units=given_units, layers={"l": layer("l", *crooked(9, 9, seed))}), shrink_m=1.0)
    own = some.set_index("finding_id")["area_m2"]
    assert np.abs(sums(joined).div(own, axis=0) - 1).to_numpy().max() <= 1e-9
    assert (joined.in_units["area_in_unit_m2"] > 0).all()
    # Each piece is what a plain overlay says, to the square centimetre or a millionth.
    for row in joined.in_units[joined.in_units["code"] != ""].itertuples():
        unit = given_units.frame.loc[given_units.frame["code"] == row.code, "geometry"].iloc[0]
        piece = unit.intersection(some.geometry[some["finding_id"] == row.finding_id].iloc[0])
        plain = geodesic_area_m2([shapely.segmentize(piece, 100)], CRS)[0]
        assert row.area_in_unit_m2 == pytest.approx(plain, rel=2e-6, abs=0.03)
    in_layer = joined.in_layers.groupby("finding_id")["area_m2"].sum()
    assert (in_layer <= own[in_layer.index] * (1 + 1e-6)).all()


def test_a_finding_over_a_border_and_one_that_only_touches() -> None:
    across, touching, outside, along = square(-30, 0), square(2000, 0), square(-500, -500), square(1950, 500)
    joined = join(findings(across, touching, outside, along), references(units=units(town=grid(2, 1))), shrink_m=0)
    rows = [(r.finding_id, r.code, round(r.area_in_unit_m2)) for r in joined.in_units.itertuples()]
    # Scale at 540 km easting: 1.00002.
    assert rows == [
        ("f000001", "t0", 7000), ("f000001", "", 3000), ("f000002", "t1", 10_000), ("f000003", "", 10_000),
        ("f000004", "t0", 5000), ("f000004", "t1", 5000),
    ]  # fmt: skip
    assert joined.in_units.loc[joined.in_units["code"] == "", "name"].eq("").all()


def test_the_rounded_area_of_a_finding_is_the_one_that_is_shared_out() -> None:
    some = findings(square(1950, 500))
    some["area_m2"] = 10_500.0
    joined = join(some, references(units=units(town=grid(2, 1)), layers={"l": layer("l", *grid(2, 1))}), shrink_m=0)
    assert joined.in_units["area_in_unit_m2"].tolist() == pytest.approx([5250, 5250])
    assert joined.in_layers["area_m2"].tolist() == pytest.approx([5250, 5250])


def test_a_layer_that_overlaps_itself_counts_ground_once() -> None:
    some = findings(square(100, 100))
    one, two, three = square(0, 0, 160, 500), square(140, 0, 100, 500), square(0, 0, 500)
    joined = join(some, references(layers={"l": layer("l", one, two, three, three)}), shrink_m=0)
    assert joined.in_layers["feature"].tolist() == ["1", "2"]
    assert joined.in_layers["area_m2"].tolist() == pytest.approx([6000, 4000], rel=1e-4)


def test_units_that_overlap_count_ground_for_the_first() -> None:
    joined = join(
        findings(square(100, 100)),
        references(units=units(town=[square(0, 0, 150, 900), square(0, 0, 900)])),
        shrink_m=0,
    )
    assert joined.in_units["code"].tolist() == ["t0", "t1"]
    assert joined.in_units["area_in_unit_m2"].tolist() == pytest.approx([5000, 5000], rel=1e-4)


def register(*outlines: Any) -> Register:
    frame = table(REGISTER_COLUMNS, list(outlines), number=[f"N{n}" for n in range(1, len(outlines) + 1)])
    return Register(name="permit", title_zh="许可", title_en="permits", as_of=date(2026, 10, 20), frame=frame)


@pytest.mark.parametrize(
    ("shrink_m", "share", "outside"), [(0, 0.97, 300), (1, 0.979, 200), (2, 0.9896, 100), (3, 1, 0)]
)
def test_cover_is_that_of_the_shrunk_outline(shrink_m: float, share: float, outside: float) -> None:
    # The permit ends 3 m before the finding does.
    joined = join(
        findings(square(100, 100)),
        references(registers={"permit": register(square(0, 0, 197, 900))}),
        shrink_m=shrink_m,
    )
    row = joined.in_registers.iloc[0]
    assert (row["finding_id"], row["register"], row["number"]) == ("f000001", "permit", "N1")
    assert row["covered_share"] == pytest.approx(share, abs=1e-3)
    assert row["outside_m2"] == pytest.approx(outside, abs=5)
    assert pd.isna(row["valid_to"])


def test_an_outline_too_thin_to_shrink_is_taken_as_a_whole() -> None:
    thin, wide = square(100, 100, 3, 100), square(500, 500)
    permits = references(registers={"permit": register(square(0, 0, 101.5, 900), square(499, 499, 51))})
    joined = join(findings(thin, wide), permits, shrink_m=np.array([2.0, 0.0]))
    assert joined.in_registers["covered_share"].tolist() == pytest.approx([0.5, 0.25], abs=1e-3)


def test_two_permits_have_a_row_each_and_neighbours_none() -> None:
    permits = references(
        registers={"permit": register(square(0, 0, 150, 900), square(140, 0, 900), square(200, 0, 50, 900))}
    )
    joined = join(findings(square(100, 100)), permits, shrink_m=0)
    assert joined.in_registers["number"].tolist() == ["N1", "N2"]
    assert joined.in_registers["covered_share"].tolist() == pytest.approx([0.5, 0.6], abs=1e-4)


def test_zones_and_known_spots() -> None:
    zones = table(
        ZONE_COLUMNS, [square(0, 0, 150, 900)], zone=["Z1"], reason=["采石场"], expires_on=[pd.Timestamp(2027, 1, 1)]
    )
    known = [
        square(150, 100, 300, 100),
        shapely.Point(WEST + 150, SOUTH + 150),
        shapely.Point(WEST, SOUTH),
        square(110, 110, 20),
    ]
    spots = table(LEDGER_COLUMNS, known, number=["A", "B", "C", "D"], status=["closed", None, None, "处置中"])
    joined = join(
        findings(square(100, 100)), references(zones=Zones(frame=zones), ledger=Ledger(frame=spots)), shrink_m=0
    )
    assert joined.in_zones.iloc[0].tolist() == ["f000001", "Z1", "采石场", pd.Timestamp(2027, 1, 1), pytest.approx(0.5)]
    shares = dict(zip(joined.in_ledger["number"], joined.in_ledger["overlap_share"], strict=True))
    assert shares == {"A": pytest.approx(0.5), "B": 1.0, "D": pytest.approx(1.0)}
    assert joined.in_ledger["number"].tolist() == ["A", "B", "D"]


def test_nothing_to_join_gives_tables_with_declared_columns() -> None:
    empty = References(
        crs=CRS, units=units(), layers={"l": layer("l")}, registers={"permit": register()},
        zones=Zones(frame=table(ZONE_COLUMNS, [])), ledger=Ledger(frame=table(LEDGER_COLUMNS, [])),
    )  # fmt: skip
    for some in (findings(), findings(square(0, 0))):
        for bare in (empty, references()):
            joined = join(some, bare, shrink_m=1.0)
            for frame, columns in (
                (joined.in_units, IN_UNITS_COLUMNS), (joined.in_layers, IN_LAYERS_COLUMNS),
                (joined.in_registers, IN_REGISTERS_COLUMNS), (joined.in_zones, IN_ZONES_COLUMNS),
                (joined.in_ledger, IN_LEDGER_COLUMNS),
            ):  # fmt: skip
                assert len(frame) == 0
                assert {name: str(dtype) for name, dtype in frame.dtypes.items()} == dict(columns)


def test_findings_in_another_crs_are_brought_along() -> None:
    some = findings(square(1950, 500)).to_crs(4326)
    joined = join(some, references(units=units(town=grid(2, 1))), shrink_m=0)
    assert joined.findings.crs == CRS
    assert joined.in_units["area_in_unit_m2"].tolist() == pytest.approx([5000, 5000], rel=1e-4)
    with pytest.raises(CrsRefused, match="no CRS"):
        join(some.set_crs(None, allow_override=True), references(), shrink_m=0)


def test_a_geographic_district_shrinks_by_metres() -> None:
    crs = pyproj.CRS.from_epsg(4490)
    permits = register(square(0, 0, 197, 900))
    lonlat = Register(**{**vars(permits), "frame": permits.frame.to_crs(crs)})
    there = References(crs=crs, units=Units(frame=units().frame.to_crs(crs)), registers={"permit": lonlat})
    joined = join(findings(square(100, 100)), there, shrink_m=2.0)
    assert joined.in_registers["covered_share"].iloc[0] == pytest.approx(0.9896, abs=1e-3)


def test_numbers_go_by_town_and_village_and_never_change() -> None:
    there = references(units=units(town=grid(2, 1), village=grid(2, 2)))
    outlines = [
        square(3000, 3000),
        square(-900, 0),
        square(100, 3000),
        square(3000, 100),
        square(100, 100),
        square(200, 100),
    ]
    joined = join(findings(*outlines), there, shrink_m=0)
    numbers = number_spots(joined, district_code="450108", issue="2026-10")
    assert numbers.to_dict() == {
        "f000001": "450108-202610-0005", "f000002": "450108-202610-0006", "f000003": "450108-202610-0003",
        "f000004": "450108-202610-0004", "f000005": "450108-202610-0001", "f000006": "450108-202610-0002",
    }  # fmt: skip
    assert numbers.equals(
        number_spots(join(findings(*outlines), there, shrink_m=0), district_code="450108", issue="2026-10")
    )
    assert number_spots(joined, district_code="450108", issue="2026-10a").iloc[4] == "450108-202610a-0001"


def test_the_town_of_a_number_has_the_largest_part() -> None:
    there = references(units=units(town=grid(2, 1)))
    joined = join(findings(square(1980, 0), square(1950, 200), square(100, 0)), there, shrink_m=0)
    numbers = number_spots(joined, district_code="450108", issue="2026-10").str[-4:].tolist()
    assert numbers == ["0003", "0001", "0002"]


@pytest.mark.parametrize(
    ("code", "issue"), [("4501", "2026-10"), ("450108", "2026-13"), ("450108", "202610"), ("450108", "2026-10A")]
)
def test_numbers_of_nothing(code: str, issue: str) -> None:
    with pytest.raises(ValueError, match="Expected"):
        number_spots(join(findings(), references(), shrink_m=0), district_code=code, issue=issue)
