"""Edges of a scene, on any grid: where they are and which way they run."""

from pathlib import Path

import numpy as np
import pyproj
import pytest
import rasterio
from affine import Affine

from rs_governance.scenes import PixelGrid, Scene, Window, open_scene
from rs_governance.scenes.edges import find_edges
from rs_governance.scenes.reduced import reduce_pixels

CRS = pyproj.CRS.from_epsg(4545)
WEST, NORTH, SIDE = 540_000.0, 2_511_000.0, 400


def scene(path: Path, transform: Affine) -> Scene:
    """Draw a field darker than the rest: its sides run north to south and east to west on the ground."""
    cols, rows = np.meshgrid(np.arange(SIDE) + 0.5, np.arange(SIDE) + 0.5)
    x, y = transform @ (cols, rows)
    inside = (np.abs(x - WEST - 200) < 80) & (np.abs(y - NORTH + 200) < 80)
    pixels = np.where(inside, 400, 900) + np.random.default_rng(1).integers(0, 20, inside.shape)
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        width=SIDE,
        height=SIDE,
        count=1,
        dtype="uint16",
        crs=CRS.to_wkt(),
        transform=transform,
    ) as image:
        image.write(pixels.astype(np.uint16), 1)
    return open_scene(path)


GRID = PixelGrid(crs=CRS, transform=Affine(4, 0, WEST - 40, 0, -4, NORTH + 40), height=120, width=120)


@pytest.mark.parametrize("turn", [0.0, 30.0])
def test_edges_lie_where_they_are_and_point_across_them_however_the_image_is_turned(
    tmp_path: Path, turn: float
) -> None:
    middle = Affine.translation(WEST + 200, NORTH - 200)
    transform = middle @ Affine.rotation(turn) @ Affine.scale(1, -1) @ Affine.translation(-SIDE / 2, -SIDE / 2)
    edges = find_edges(scene(tmp_path / "a.tif", transform), GRID)
    strength = np.hypot(edges.cosine, edges.sine)
    west, north = (40 + 200 - 80) / 4, (40 + 200 - 80) / 4
    row, col = np.unravel_index(np.argmax(strength[55:65, 30:50]), (10, 20))
    assert 30 + col == pytest.approx(west, abs=1)
    assert edges.cosine[55 + row, 30 + col] > 0.9 * strength[55 + row, 30 + col] > 0.3, "a slope along the columns"
    row, col = np.unravel_index(np.argmax(strength[30:50, 55:65]), (20, 10))
    assert 30 + row == pytest.approx(north, abs=1)
    assert -edges.cosine[30 + row, 55 + col] > 0.9 * strength[30 + row, 55 + col] > 0.3
    assert not edges.seen[:5, :5].any(), "beyond the image nothing was seen"
    assert strength[~edges.seen].max() == 0


def test_a_grid_beside_the_scene_sees_nothing(tmp_path: Path) -> None:
    far = PixelGrid(crs=CRS, transform=Affine(4, 0, WEST + 9000, 0, -4, NORTH), height=9, width=9)
    edges = find_edges(scene(tmp_path / "a.tif", Affine(1, 0, WEST, 0, -1, NORTH)), far)
    assert not edges.seen.any()
    assert not edges.cosine.any()


def test_a_window_is_reduced_as_the_whole_is(tmp_path: Path) -> None:
    image = scene(tmp_path / "a.tif", Affine(1, 0, WEST, 0, -1, NORTH))
    whole, seen = reduce_pixels(image, image.roles, 4)
    part, seen_part = reduce_pixels(image, image.roles, 4, within=Window(row=40, col=120, height=202, width=280))
    assert part.shape == (1, 51, 70)
    assert np.array_equal(part[:, :50], whole[:, 10:60, 30:100])
    assert seen.all()
    assert seen_part.all()
