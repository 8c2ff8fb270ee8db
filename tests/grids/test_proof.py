"""Small layers and registers in GCJ-02 are found by the images; what cannot be told is said."""

import re
import shutil
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely

from rs_governance.district import read_district
from rs_governance.errors import CrsRefused
from rs_governance.grids import References, read_references, wgs84_to_gcj02

SAMPLE = Path(__file__).resolve().parents[2] / "sample_tiles"


class Sample:
    """The sample's references, to be spoilt, under its images."""

    def __init__(self, path: Path) -> None:
        self.path = path
        for name in ("reference", "registers", "zones", "ledger"):
            shutil.copytree(SAMPLE / name, path / name)
        (path / "scenes").symlink_to(SAMPLE / "scenes")
        # As most people write it: the files say their CRS themselves.
        told = (SAMPLE / "district.toml").read_text(encoding="utf-8")
        self.text = re.sub(r"^(path = .*\n)crs = .*\n", r"\1", told, flags=re.MULTILINE)
        assert self.text != told

    def move(self, name: str, epsg: int = 4326) -> None:
        """Write a file again as a phone map would have it."""
        path = self.path / name
        table = gpd.read_file(path).to_crs(4326)
        moved = shapely.transform(
            table.geometry.to_numpy(), lambda xy: np.column_stack(wgs84_to_gcj02(xy[:, 0], xy[:, 1]))
        )
        table.set_geometry(moved, crs=4326)[["geometry", *self.fields(table)]].to_crs(epsg).to_file(path)

    @staticmethod
    def fields(table: gpd.GeoDataFrame) -> list[str]:
        return [str(name) for name in table.columns if table[name].dtype.kind not in "M" and name != "geometry"]

    def layer(self, name: str) -> str:
        """Return what the sample's file says about a layer."""
        told = (SAMPLE / "district.toml").read_text(encoding="utf-8")
        return next(part for part in re.split(r"^(?=\[)", told, flags=re.MULTILINE) if f"layers.{name}]" in part)

    def declare(self, name: str, crs: str) -> None:
        line = f'path = "{name}"\n'
        assert line in self.text
        self.text = self.text.replace(line, f'{line}crs = "{crs}"\n')

    def read(self) -> References:
        (self.path / "district.toml").write_text(self.text, encoding="utf-8")
        return read_references(read_district(self.path))

    def refused(self) -> str:
        with pytest.raises(CrsRefused) as caught:
            self.read()
        return str(caught.value)


@pytest.fixture
def sample(tmp_path: Path) -> Sample:
    return Sample(tmp_path)


@pytest.fixture(scope="module")
def references(tmp_path_factory: pytest.TempPathFactory) -> References:
    return Sample(tmp_path_factory.mktemp("sample")).read()


def test_what_is_in_its_place_is_let_through_and_what_cannot_be_told_is_named_once(references: References) -> None:
    assert "layers.basic_cropland" not in references.unproved
    assert not any(name.startswith("units.") for name in references.unproved)
    # Drawn with a ruler, along nothing that can be seen.
    assert {"layers.urban_boundary", "layers.water_source"} <= set(references.unproved)
    (note,) = references.notes
    assert note.kept
    for name in references.unproved:
        assert name in note.message_zh
        assert name in note.message_en
    assert "crs = 'GCJ-02'" in note.message_en
    assert "QGIS" in note.message_zh
    assert references.problems[-1] == note


@pytest.mark.parametrize("epsg", [4326, 4545])
def test_a_small_layer_in_gcj02_is_refused_and_brought_back_when_it_says_so(
    sample: Sample, references: References, epsg: int
) -> None:
    name = "reference/basic_cropland.shp"
    sample.move(name, epsg)
    message = sample.refused()
    assert "[layers.basic_cropland] is in GCJ-02" in message
    assert "51" in message
    assert "edges that the images show" in message
    sample.declare(name, "GCJ-02")
    brought = sample.read().layers["basic_cropland"].frame.geometry
    true = references.layers["basic_cropland"].frame.geometry
    apart = shapely.union_all(brought).symmetric_difference(shapely.union_all(true)).area
    assert apart < 1e-3 * true.area.sum()


def test_a_register_in_gcj02_is_refused(sample: Sample) -> None:
    sample.move("registers/planning_permit.gpkg", 4545)
    assert "[registers.planning_permit] is in GCJ-02" in sample.refused()


def test_a_register_that_falls_out_of_the_district_is_told_why(sample: Sample) -> None:
    sample.move("registers/land_conversion.geojson")
    (problem,) = sample.read().registers["land_conversion"].problems
    assert "brought back from GCJ-02 it would lie inside" in problem.message_en
    assert "crs = 'GCJ-02'" in problem.message_zh


def test_a_true_layer_that_is_declared_gcj02_is_refused_whatever_its_crs(sample: Sample) -> None:
    sample.declare("reference/basic_cropland.shp", "GCJ-02")
    message = sample.refused()
    assert "[layers.basic_cropland] says that it is in GCJ-02, but" in message
    assert "remove its crs" in message


def test_who_says_the_crs_is_not_asked_again(sample: Sample, references: References) -> None:
    sample.declare("reference/urban_boundary.geojson", "EPSG:4326")
    assert set(references.unproved) - set(sample.read().unproved) == {"layers.urban_boundary"}


def test_without_images_the_units_are_the_measure(sample: Sample) -> None:
    sample.text = sample.text[: sample.text.index("[[scene]]")] + sample.text[sample.text.index("[units]") :]
    assert "layers.basic_cropland" not in sample.read().unproved
    sample.move("reference/basic_cropland.shp", 4545)
    assert "[layers.basic_cropland] is in GCJ-02" in sample.refused()


def test_a_district_outside_china_has_no_offset(sample: Sample) -> None:
    far = [(40.0, 30.0), (40.02, 30.0), (40.02, 30.02), (40.0, 30.02)]
    table = gpd.GeoDataFrame({"code": ["450108"], "name": ["x"]}, geometry=[shapely.Polygon(far)], crs=4326)
    table.to_crs(32637).to_file(sample.path / "far.gpkg")
    sample.text = (
        '[district]\ncode = "450108"\nname = "x"\ncrs = "EPSG:32637"\n[units]\ndistrict = { path = "far.gpkg" }\n'
    )
    assert sample.read().problems[-1].source == "units", "only that there are no towns and villages"


def test_a_boundary_with_nothing_to_lay_it_on_is_told_what_to_do(sample: Sample) -> None:
    head = sample.text[: sample.text.index("[[scene]]")]
    units = sample.text[sample.text.index("[units]") : sample.text.index("[layers")]
    sample.text = head + units
    references = sample.read()
    assert set(references.unproved) >= {"units.district"}, "units of one hand agree with one another, wherever they lie"
    (note,) = references.notes
    for wanted in ("there is no image", "[[scene]]", "rsg grids check", "off by about 51", "crs = 'GCJ-02'"):
        assert wanted in note.message_en
    assert "加入一期影像" in note.message_zh
    # A layer from elsewhere that has their borders, or an image, is enough.
    sample.text = sample.text + sample.layer("land_use")
    assert not any(name.startswith("units.") for name in sample.read().unproved)
