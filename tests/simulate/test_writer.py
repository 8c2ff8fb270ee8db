"""The folder of a district: complete, readable by others, and byte for byte the same each time."""

import hashlib
import json
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import pytest
import rasterio
import shapely

from rs_governance.errors import OutputFailed
from rs_governance.simulate import (
    Kind,
    SimulatedDistrict,
    draw_images,
    monthly_dates,
    simulate_district,
    write_district,
)

Written = tuple[Path, dict[str, Any]]


@pytest.fixture(scope="module")
def written(district: SimulatedDistrict, tmp_path_factory: pytest.TempPathFactory) -> Written:
    folder = tmp_path_factory.mktemp("district")
    return folder, write_district(district, folder)


def read(path: Path, layer: str | None = None) -> tuple[dict[str, list[Any]], list[Any]]:
    meta, _, geometry, columns = pyogrio.raw.read(path, layer=layer)
    return dict(zip(meta["fields"], (list(column) for column in columns), strict=True)), list(
        shapely.from_wkb(geometry)
    )


def test_manifest_tells_every_file(written: Written) -> None:
    folder, manifest = written
    assert json.loads((folder / "manifest.json").read_text(encoding="utf-8")) == manifest
    there = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert there == set(manifest["files"]) | {"manifest.json"}
    for name, entry in manifest["files"].items():
        content = (folder / name).read_bytes()
        assert entry == {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}


def test_everything_named_in_district_toml_is_there(written: Written, district: SimulatedDistrict) -> None:
    folder, _ = written
    told = tomllib.loads((folder / "district.toml").read_text(encoding="utf-8"))
    assert [scene["id"] for scene in told["scene"]] == [take.name for take in district.takes]
    parts = [*told["scene"], *told["units"].values(), *told["layers"].values(), *told["registers"].values()]
    for part in [*parts, told["zones"], told["ledger"]]:
        assert (folder / part["path"]).is_file()
        assert (folder / part.get("clouds", part["path"])).is_file()
    assert all("as_of" in part for part in (*told["layers"].values(), *told["registers"].values()))


def test_nobody_takes_it_for_the_district_whose_name_it_bears(written: Written) -> None:
    folder, _ = written
    about = tomllib.loads((folder / "district.toml").read_text(encoding="utf-8"))["district"]
    columns, _ = read(folder / "reference" / "units.gpkg", "district")
    for zh, en in ((about["name"], about["name_en"]), (columns["name"][0], columns["name_en"][0])):
        assert zh.endswith("（模拟）")
        assert en.endswith("(simulated)")


def test_images_hold_the_pixels(written: Written, district: SimulatedDistrict) -> None:
    folder, manifest = written
    for take, image in zip(district.takes, draw_images(district), strict=True):
        with rasterio.open(folder / "scenes" / f"{take.name}.tif") as scene:
            assert scene.descriptions == ("blue", "green", "red", "nir")
            assert scene.crs.to_epsg() == 4545
            assert scene.res == (0.8, 0.8)
            assert scene.tags()["TIFFTAG_DATETIME"] == f"{take.on:%Y:%m:%d} 03:00:00"
            assert abs(scene.read().astype(int) - image).max() < 0.5 * manifest["noise_sigma"]


def test_truth_is_told_as_outlines_and_as_rasters(written: Written, district: SimulatedDistrict) -> None:
    folder, _ = written
    features = json.loads((folder / "truth" / "changes.geojson").read_text(encoding="utf-8"))["features"]
    after_first = [change for change in district.changes if change.happened_on > district.takes[0].on]
    assert len(features) == len(after_first)
    for feature in features:
        outline, told = shapely.geometry.shape(feature["geometry"]), feature["properties"]
        assert 108.3 < outline.centroid.x < 108.5
        assert 22.6 < outline.centroid.y < 22.8
        assert outline.is_valid
        assert told["kind"] in {kind.name.lower() for kind in Kind}
        assert isinstance(told["permitted"], bool)
    for take in district.takes[1:]:
        with rasterio.open(folder / "truth" / f"truth_{take.name}.tif") as raster:
            codes = set(np.unique(raster.read(1)).tolist()) - {0}
            assert codes
            assert codes <= {int(kind) for kind in Kind}


def test_units_and_layers_can_be_read(written: Written) -> None:
    folder, _ = written
    for level in ("district", "town", "village", "cell"):
        columns, shapes = read(folder / "reference" / "units.gpkg", level)
        assert set(columns) >= {"code", "name", "parent"}
        assert all(shape.is_valid for shape in shapes)
    columns, shapes = read(folder / "reference" / "land_use.gpkg", "DLTB")
    assert {"DLBM", "DLMC", "TBMJ", "KCXS"} <= set(columns)
    assert sum(columns["TBMJ"]) == pytest.approx(sum(shape.area for shape in shapes), rel=1e-4)
    assert (folder / "reference" / "basic_cropland.cpg").read_text() == "GBK"
    columns, _ = read(folder / "reference" / "basic_cropland.shp")
    assert set(columns["DLMC"]) == {"耕地"}


def test_registers_have_the_fields_agreed(written: Written) -> None:
    folder, _ = written
    files = sorted((folder / "registers").glob("*.*"))
    expected = {"number", "holder", "use", "stage", "area_m2", "valid_from", "valid_to", "issued_on"}
    tables = [file for file in files if file.suffix in {".gpkg", ".geojson", ".csv", ".shp"}]
    assert len(tables) >= 4
    for file in tables:
        columns, shapes = read(file)
        assert expected <= set(columns), file.name
        assert all(shape is not None and shape.is_valid and shape.area > 0 for shape in shapes)


def test_one_muted_zone_has_expired(written: Written, district: SimulatedDistrict) -> None:
    folder, _ = written
    features = json.loads((folder / "zones" / "muted.geojson").read_text(encoding="utf-8"))["features"]
    last = district.takes[-1].on.isoformat()
    assert {feature["properties"]["expires_on"] < last for feature in features} == {True, False}
    assert json.loads((folder / "ledger" / "known_spots.geojson").read_text(encoding="utf-8"))["features"]


def test_writing_again_gives_the_same_bytes_and_leaves_nothing_behind(tmp_path: Path) -> None:
    small = simulate_district(6, size_px=200, dates=monthly_dates(2))
    first = write_district(small, tmp_path / "a")
    (tmp_path / "a" / "scenes" / "old.tif").touch()
    assert write_district(small, tmp_path / "a", workers=2) == first
    assert not (tmp_path / "a" / "scenes" / "old.tif").exists()


def test_a_folder_that_cannot_be_made_is_told(district: SimulatedDistrict, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputFailed, match="Choose another folder"):
        write_district(replace(district, seed=0), tmp_path / "file" / "below")
