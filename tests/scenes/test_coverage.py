"""What of a scene could be observed."""

from pathlib import Path
from typing import Any

import numpy as np
import pyproj
import pytest
import shapely

from rs_governance.scenes import open_scene
from rs_governance.scenes.coverage import observe

CRS = pyproj.CRS.from_epsg(4545)


def pixels(height: int = 300, width: int = 411) -> np.ndarray[Any, Any]:
    return np.random.default_rng(3).integers(200, 900, (4, height, width), dtype=np.uint16)


def test_a_whole_image_is_observed_to_its_edge(write: Any) -> None:
    scene = open_scene(write("a.tif", pixels()))
    assert observe(scene, CRS).symmetric_difference(scene.grid.footprint).area < 0.011 * scene.grid.footprint.area


def test_nodata_corners_are_left_out_and_dark_pixels_make_no_holes(write: Any) -> None:
    image = pixels()
    image[:, :, :100] = 0
    image[:, 150:153, 250:253] = 0
    area = observe(open_scene(write("a.tif", image)), CRS)
    assert area.geom_type == "Polygon"
    assert not area.interiors
    assert area.bounds[0] == pytest.approx(500_000 + 80, abs=4)


def test_clouds_are_left_out_in_any_crs(write: Any, tmp_path: Path) -> None:
    cloud = shapely.box(500_060, 2_499_850, 500_160, 2_499_950)
    to_lonlat = pyproj.Transformer.from_crs(4545, 4326, always_xy=True)
    lonlat = shapely.transform(cloud, lambda xy: np.column_stack(to_lonlat.transform(xy[:, 0], xy[:, 1])))
    clouds = tmp_path / "clouds.geojson"
    clouds.write_text(shapely.to_geojson(lonlat))
    scene = open_scene(write("a.tif", pixels()), cloud_mask=clouds)
    seen, mercator = observe(scene, CRS), observe(scene, pyproj.CRS.from_epsg(3857))
    hole = scene.grid.footprint.difference(seen)
    assert hole.intersection(cloud).area > 0.9 * cloud.area
    assert seen.intersection(cloud).area < 0.1 * cloud.area
    assert len(shapely.get_parts(mercator)) == 1
    assert mercator.area > 1.1 * seen.area


def test_nothing_observed_is_an_empty_outline(write: Any) -> None:
    assert observe(open_scene(write("a.tif", np.zeros_like(pixels()))), CRS).is_empty
