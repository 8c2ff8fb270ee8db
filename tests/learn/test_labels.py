"""Labels as data: tables that agree, and chips that show the place."""

import json
from datetime import date
from pathlib import Path

import geopandas as gpd
import numpy as np
import pyproj
import pytest
import rasterio
import shapely
from affine import Affine

from rs_governance.learn.labels import CHIP_PX, Label, find_scenes, write_labels

CRS = pyproj.CRS.from_epsg(4545)
MEANINGS = {"season": {"zh": "季节或作物", "en": "season or crop"}}


def label(number: int, outline: shapely.Geometry, **more: str) -> Label:
    texts = {
        "label": "change",
        "kind": "new_building",
        "verdict": "illegal",
        "resolution": "demolished",
        "before_image": "20260912",
        "after_image": "20261014",
        **more,
    }
    return Label(
        spot_no=f"450108-202610-{number:04}",
        case_number=f"450108-202610-{number:04}",
        issue="2026-10",
        machine_kind="earthwork",
        score=0.8,
        before_on=date(2026, 9, 12),
        after_on=date(2026, 10, 14),
        outline=outline,
        **texts,
    )


@pytest.fixture
def images(tmp_path: Path) -> dict[str, Path]:
    found = {}
    for place, name in enumerate(("20260912", "20261014")):
        values = np.arange(2 * 500 * 600, dtype=np.uint32).reshape(2, 500, 600).astype(np.uint16) + place
        path = tmp_path / f"{name}.tif"
        with rasterio.open(
            path, "w", driver="GTiff", count=2, width=600, height=500, dtype="uint16", crs=CRS, nodata=0,
            transform=Affine(0.8, 0, 500_000, 0, -0.8, 2_500_000),
        ) as target:  # fmt: skip
            target.write(values)
            target.descriptions = ("red", "nir")
        found[name] = path
    return found


def box(column: int, row: int, width: int, height: int) -> shapely.Geometry:
    west, north = 500_000 + column * 0.8, 2_500_000 - row * 0.8
    return shapely.box(west, north - height * 0.8, west + width * 0.8, north)


def test_chips_show_the_place_on_both_dates(tmp_path: Path, images: dict[str, Path]) -> None:
    out = tmp_path / "labels"
    out.mkdir()
    written = write_labels([label(1, box(300, 200, 20, 10))], out, crs=CRS, images=images, meanings=MEANINGS)
    assert (written.labels, written.chips, dict(written.without)) == (1, 1, {})
    with (
        rasterio.open(out / "chips/450108-202610-0001_before.tif") as before,
        rasterio.open(out / "chips/450108-202610-0001_after.tif") as after,
        rasterio.open(out / "chips/450108-202610-0001_mask.tif") as mask,
        rasterio.open(images["20260912"]) as scene,
    ):
        assert before.shape == after.shape == mask.shape == (CHIP_PX, CHIP_PX)
        assert before.transform == after.transform == mask.transform
        assert before.descriptions == ("red", "nir")
        np.testing.assert_array_equal(after.read(), before.read() + 1)
        inside = mask.read(1).astype(bool)
        assert inside.sum() == 200
        column, row = ~before.transform @ (500_000 + 300 * 0.8, 2_500_000 - 200 * 0.8)
        assert before.read(1)[round(row), round(column)] == scene.read(1)[200, 300]


def test_a_chip_at_the_border_is_filled_with_nodata(tmp_path: Path, images: dict[str, Path]) -> None:
    out = tmp_path / "labels"
    out.mkdir()
    write_labels([label(1, box(0, 0, 8, 8))], out, crs=CRS, images=images, meanings=MEANINGS)
    with rasterio.open(out / "chips/450108-202610-0001_after.tif") as after:
        assert (after.read(1)[:100, :100] == 0).all()
        assert (after.read(1)[130:, 130:] != 0).mean() > 0.99


def test_a_large_outline_gets_a_larger_chip(tmp_path: Path, images: dict[str, Path]) -> None:
    out = tmp_path / "labels"
    out.mkdir()
    write_labels([label(1, box(100, 100, 300, 50))], out, crs=CRS, images=images, meanings=MEANINGS)
    with rasterio.open(out / "chips/450108-202610-0001_mask.tif") as mask:
        assert mask.shape == (450, 450)
        assert mask.read(1).sum() == 300 * 50


def test_tables_agree_and_say_what_has_no_chips(tmp_path: Path, images: dict[str, Path]) -> None:
    out = tmp_path / "labels"
    out.mkdir()
    labels = [
        label(1, box(300, 200, 20, 10)),
        label(2, box(10, 10, 5, 5), label="no_change", verdict="false_change", resolution="season"),
        label(3, box(30, 10, 5, 5), before_image="20250930"),
    ]
    written = write_labels(labels, out, crs=CRS, images=images, meanings=MEANINGS)
    assert (written.chips, dict(written.without)) == (2, {"20250930": 1})
    table, features = gpd.read_parquet(out / "labels.parquet"), gpd.read_file(out / "labels.geojson")
    assert list(table["spot_no"]) == list(features["spot_no"]) == [one.spot_no for one in labels]
    assert table.crs == CRS
    assert features.crs.to_epsg() == 4326
    assert features.geometry.iloc[0].centroid.x == pytest.approx(108, abs=0.1)
    head = json.loads((out / "labels.json").read_text("utf-8"))
    assert head["by_label"] == {"change": 2, "no_change": 1}
    assert head["resolutions"] == MEANINGS


def test_no_labels_give_empty_tables(tmp_path: Path) -> None:
    out = tmp_path / "labels"
    out.mkdir()
    written = write_labels([], out, crs=CRS, images={}, meanings=MEANINGS)
    assert written.labels == 0
    assert len(gpd.read_parquet(out / "labels.parquet")) == 0
    assert json.loads((out / "labels.geojson").read_text("utf-8"))["features"] == []


def test_two_exports_have_the_same_bytes(tmp_path: Path, images: dict[str, Path]) -> None:
    folders = [tmp_path / name for name in ("one", "two")]
    for out in folders:
        out.mkdir()
        write_labels([label(1, box(300, 200, 20, 10))], out, crs=CRS, images=images, meanings=MEANINGS)
    for path in sorted(folders[0].rglob("*.*")):
        assert path.read_bytes() == (folders[1] / path.relative_to(folders[0])).read_bytes(), path.name


def test_only_images_in_the_same_crs_are_found(tmp_path: Path, images: dict[str, Path]) -> None:
    (tmp_path / "20260101.tif").write_bytes(b"no image")
    assert find_scenes(tmp_path, CRS) == images
    assert find_scenes(tmp_path, pyproj.CRS.from_epsg(4546)) == {}
