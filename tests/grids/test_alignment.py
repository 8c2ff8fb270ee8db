"""GCJ-02 is found by laying borders on borders; everything else is left in peace."""

from itertools import combinations
from pathlib import Path

import geopandas as gpd
import numpy as np
import pyproj
import pytest
import shapely

from rs_governance.district import read_district
from rs_governance.errors import CrsRefused
from rs_governance.grids import read_references, wgs84_to_gcj02
from rs_governance.grids.alignment import Ground, Placed, _short_lines

from .conftest import CRS, SIDE, SOUTH, WEST, Folder, frame, land_use, unit_frames


def offset(table: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return a table as a phone map would have it, in degrees."""
    lonlat = table.to_crs(4326)
    moved = shapely.transform(
        lonlat.geometry.to_numpy(), lambda xy: np.column_stack(wgs84_to_gcj02(xy[:, 0], xy[:, 1]))
    )
    return lonlat.set_geometry(moved, crs=4326)


def fields() -> gpd.GeoDataFrame:
    """Return land use that follows the villages' borders."""
    villages = unit_frames()["village"].geometry.to_numpy()
    pieces = [shapely.intersection(piece, village) for piece in land_use().geometry for village in villages]
    pieces = [piece for piece in pieces if piece.geom_type == "Polygon" and piece.area > 1]
    return frame({"DLBM": ["0101"] * len(pieces)}, pieces)


def refused(folder: Folder) -> str:
    with pytest.raises(CrsRefused) as caught:
        read_references(read_district(folder.toml()))
    return str(caught.value)


def test_a_layer_in_gcj02_is_caught_and_brought_back_when_it_says_so(folder: Folder) -> None:
    folder.units().source("layers.land_use", "land.geojson", offset(fields()), 'preset = "dltb"\nas_of = 2025-12-31')
    message = refused(folder)
    assert "[layers.land_use] is in GCJ-02" in message
    assert "crs = 'GCJ-02'" in message
    folder.text += 'crs = "GCJ-02"\n'
    references = read_references(read_district(folder.toml()))
    layer = references.layers["land_use"]
    assert (layer.file_crs, layer.problems) == ("GCJ-02", ())
    both = shapely.union_all(layer.frame.geometry).symmetric_difference(references.units.frame.geometry.iloc[0])
    assert both.area < 1e-3 * SIDE**2


def test_a_true_layer_that_is_declared_gcj02_is_caught(folder: Folder) -> None:
    folder.units().source("layers.land_use", "land.geojson", fields().to_crs(4326), 'preset = "dltb"\ncrs = "GCJ-02"')
    assert "[layers.land_use] says that it is in GCJ-02, but" in refused(folder)


def test_units_in_gcj02_are_caught_by_the_layers(folder: Folder) -> None:
    frames = {level: offset(table) for level, table in unit_frames().items()}
    folder.units(frames).source("layers.land_use", "land.gpkg", fields(), 'preset = "dltb"')
    assert "[units." in refused(folder)


def test_one_level_of_units_in_gcj02_is_caught_by_the_others(folder: Folder) -> None:
    frames = unit_frames()
    frames["village"] = offset(frames["village"]).to_crs(CRS)
    folder.units(frames)
    assert "[units.village] is in GCJ-02" in refused(folder)


@pytest.mark.parametrize("seed", range(12))
def test_what_has_nothing_to_do_with_the_borders_is_let_through(seed: int) -> None:
    rng = np.random.default_rng(seed)
    ground = Ground(CRS)
    ground.admit(Placed(where="units.village", outlines=unit_frames()["village"].geometry.to_numpy()))
    ground.admit(Placed(where="layers.land_use", outlines=land_use(seed=seed).geometry.to_numpy()))
    centres = rng.uniform(0, SIDE, (60, 2)) + np.array([WEST, SOUTH])
    plots = np.array([shapely.Point(c).buffer(rng.uniform(10, 90), quad_segs=3) for c in centres], dtype=object)
    assert ground.admit(Placed(where="registers.x", outlines=plots), may_miss=True) == []
    cluster = np.array([shapely.Point(centres[0]).buffer(300, quad_segs=30)], dtype=object)
    assert ground.admit(Placed(where="registers.y", outlines=cluster), may_miss=True) == []


def test_the_real_boundaries_are_told_apart(shared_data: Path) -> None:
    paths = sorted((shared_data / "admin_liangqing").glob("*.geojson"))
    if not paths:
        pytest.skip("no real boundary: 'admin_liangqing' is not in the folder of real images")
    sources = {
        path.stem: gpd.read_file(path).set_crs(4326, allow_override=True).to_crs(CRS).geometry.to_numpy()
        for path in paths
    }
    for one, other in combinations(sources, 2):
        ground = Ground(CRS)
        ground.admit(Placed(where=other, outlines=sources[other]))
        wrong = {name for name in (one, other) if "GCJ02" in name}
        if len(wrong) == 1:
            with pytest.raises(CrsRefused, match=rf"\[{wrong.pop()}\] is in GCJ-02.* 5[01]\d m off"):
                ground.admit(Placed(where=one, outlines=sources[one]))
        else:
            assert ground.admit(Placed(where=one, outlines=sources[one])) == []


def test_the_real_boundary_in_gcj02_fails_as_units_with_a_true_layer(shared_data: Path, folder: Folder) -> None:
    data = shared_data / "admin_liangqing"
    if not data.is_dir():
        pytest.skip("no real boundary: 'admin_liangqing' is not in the folder of real images")
    boundary = gpd.read_file(next(data.glob("liangqing*datav*GCJ02.geojson"))).geometry.union_all()
    table = gpd.GeoDataFrame({"code": ["450108"], "name": ["良庆区"]}, geometry=[boundary], crs=4326)
    folder.units({"district": table})
    true = gpd.read_file(next(data.glob("liangqing*amap_WGS84.geojson")))[["geometry"]]
    folder.source("layers.own", "true.gpkg", true.set_crs(4326, allow_override=True))
    assert "[units.district] is in GCJ-02" in refused(folder)


def test_geographic_districts_too() -> None:
    crs = pyproj.CRS.from_epsg(4490)
    villages = unit_frames()["village"].to_crs(crs)
    ground = Ground(crs)
    ground.admit(Placed(where="units.village", outlines=villages.geometry.to_numpy()))
    with pytest.raises(CrsRefused, match=r"\[layers.land_use\] is in GCJ-02"):
        ground.admit(Placed(where="layers.land_use", outlines=offset(fields()).geometry.to_numpy()))


def test_short_lines_are_the_whole_border() -> None:
    ring = shapely.Point(0, 0).buffer(10, quad_segs=40)
    outlines = np.array([
        ring,
        ring.difference(shapely.Point(0, 0).buffer(3, quad_segs=8)),
        square := shapely.box(0, 0, 1, 1),
    ])
    lines = _short_lines(outlines)
    assert shapely.get_num_coordinates(lines).max() <= 33
    assert shapely.length(lines).sum() == pytest.approx(shapely.length(outlines).sum())
    assert shapely.union_all(lines[-1:]).equals(shapely.boundary(square))
