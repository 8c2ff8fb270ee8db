"""Findings as a GeoPackage, judged by its standard and by other readers."""

import itertools
import sqlite3
import time
from pathlib import Path
from xml.etree import ElementTree

import geopandas as gpd
import numpy as np
import pyogrio
import pyproj
import pytest
import shapely

from rs_governance.detect.findings import FINDINGS, LAND_CLASSES_ZH
from rs_governance.errors import OutputFailed
from rs_governance.publish.formats.geopackage import UNITS_OF_SPOTS, write_gpkg, write_issue_gpkg
from rs_governance.publish.style import SEVERITY_RGB
from rs_governance.rules import SEVERITIES, SPOTS

PLACES = [
    ("EPSG:4545", (5e5, 25e5), 1.0),
    ("EPSG:4326", (108.3, 22.7), 1e-5),
    ("EPSG:2154", (7e5, 66e5), 1.0),
    ("EPSG:3857", (12.05e6, 2.6e6), 1.0),
]


def rows(path: Path, query: str) -> list[tuple]:
    connection = sqlite3.connect(path)
    try:
        return connection.execute(query).fetchall()
    finally:
        connection.close()


@pytest.fixture(scope="module")
def written(make, tmp_path_factory):
    path = tmp_path_factory.mktemp("gpkg") / "findings.gpkg"
    write_gpkg(make(40, crs="EPSG:4545"), path)
    return path


@pytest.mark.parametrize(("crs", "at", "unit"), PLACES)
def test_round_trip(make, tmp_path, crs, at, unit) -> None:
    findings = make(25, crs=crs, at=at, unit=unit)
    path = tmp_path / "findings.gpkg"
    write_gpkg(findings, path)
    read = gpd.read_file(path, layer="findings")
    assert read.crs == pyproj.CRS(crs)
    assert list(read.columns) == list(findings.columns)
    assert shapely.equals(read.geometry.to_numpy(), findings.geometry.to_numpy()).all()
    for column in FINDINGS.columns:
        ours, theirs = findings[column.name], read[column.name]
        assert (ours.isna() == theirs.isna()).all()
        if column.decimals is not None:
            assert np.nanmax(np.abs(ours - theirs)) <= 0.51 * 10.0**-column.decimals
        else:
            assert theirs[theirs.notna()].tolist() == ours[ours.notna()].tolist()


def test_a_crs_without_a_code_survives(make, tmp_path, custom_crs) -> None:
    write_gpkg(make(3, crs=custom_crs), tmp_path / "findings.gpkg")
    read = gpd.read_file(tmp_path / "findings.gpkg", layer="findings")
    assert read.crs.to_authority(min_confidence=100) is None
    moved, expected = (
        pyproj.Transformer.from_crs(crs, 4490, always_xy=True).transform(5e5, 25e5) for crs in (read.crs, custom_crs)
    )
    assert moved == pytest.approx(expected, abs=1e-12)


def test_a_local_grid_gets_the_undefined_cartesian_crs(make, tmp_path, ogrinfo) -> None:
    path = tmp_path / "findings.gpkg"
    write_gpkg(make(3), path)
    assert rows(path, "SELECT srs_id FROM gpkg_contents WHERE table_name = 'findings'") == [(-1,)]
    assert "Undefined Cartesian SRS" in ogrinfo(path, "-so")
    assert shapely.equals(gpd.read_file(path, layer="findings").geometry.to_numpy(), make(3).geometry.to_numpy()).all()


def test_another_gdal_reads_it_without_complaint(written, ogrinfo) -> None:
    text = ogrinfo(written, "-so")
    assert "Layer name: findings" in text
    assert "Feature Count: 40" in text
    assert "Geometry: Multi Polygon" in text
    assert 'ID["EPSG",4545]' in text
    assert "before_on: Date" in text
    assert "pixels: Integer64" in text
    assert "area_m2: Real" in text
    assert "before_class: String (0.0), domain name=land_class" in text


def test_it_is_a_geopackage(written) -> None:
    header = written.read_bytes()[:100]
    assert header.startswith(b"SQLite format 3\0")
    assert header[68:72] == b"GPKG"
    assert rows(written, "PRAGMA integrity_check") == [("ok",)]
    assert rows(written, "PRAGMA foreign_key_check") == []
    types = {name: kind for _, name, kind, *_ in rows(written, "PRAGMA table_info(findings)")}
    for column in FINDINGS.columns:
        assert (
            types[column.name] == {"str": "TEXT", "date": "DATE", "int64": "INTEGER", "float64": "REAL"}[column.dtype]
        )
    assert rows(written, "SELECT DISTINCT before_on FROM findings ORDER BY 1") == [(None,), ("2024-03-31",)]


def test_aliases_and_meanings_are_in_the_schema_extension(written) -> None:
    described = {row[1]: row for row in rows(written, "SELECT * FROM gpkg_data_columns")}
    assert list(described) == [column.name for column in FINDINGS.columns]
    for column in FINDINGS.columns:
        table, _, name, title, description, _, constraint = described[column.name]
        assert (table, name, title) == ("findings", column.alias_zh, column.alias_zh)
        assert column.meaning_zh in description
        assert column.meaning_en in description
        assert (constraint == "land_class") == (column.values is not None)
    domain = rows(written, "SELECT value, description FROM gpkg_data_column_constraints")
    assert dict(domain) == dict(LAND_CLASSES_ZH)
    declared = {row[0] for row in rows(written, "SELECT table_name FROM gpkg_extensions")}
    assert {"gpkg_data_columns", "gpkg_data_column_constraints", "findings"} <= declared


def test_spatial_index_finds_what_a_box_touches(make, written) -> None:
    assert rows(written, "SELECT count(*) FROM rtree_findings_geom") == [(40,)]
    box = (5e5 + 100, 25e5 - 20, 5e5 + 200, 25e5 + 20)
    found = pyogrio.read_dataframe(written, layer="findings", bbox=box)["finding_id"].tolist()
    findings = make(40, crs="EPSG:4545")
    assert found == findings[findings.intersects(shapely.box(*box))]["finding_id"].tolist()


def test_default_style_colours_outlines_by_score(written) -> None:
    ((name, column, qml, default),) = rows(
        written, "SELECT f_table_name, f_geometry_column, styleQML, useAsDefault FROM layer_styles"
    )
    assert (name, column, default) == ("findings", "geom", 1)
    root = ElementTree.fromstring(qml)
    renderer = root.find("renderer-v2")
    assert renderer is not None
    assert renderer.get("attr") == "score"
    assert renderer.get("type") == "graduatedSymbol"
    ranges = [(float(each.get("lower", "")), float(each.get("upper", ""))) for each in renderer.iter("range")]
    assert ranges[0][0] == 0
    assert ranges[-1][1] == 1
    assert all(one[1] == other[0] for one, other in itertools.pairwise(ranges))
    assert len(list(renderer.iter("symbol"))) == len(ranges)
    aliases = {each.get("field"): each.get("name") for each in root.iter("alias")}
    assert aliases == {each.name: each.alias_zh for each in FINDINGS.columns}


@pytest.mark.parametrize("count", [0, 1, 400])
def test_bytes_are_equal_whenever_it_is_written(make, tmp_path, count) -> None:
    paths = [tmp_path / "one.gpkg", tmp_path / "two" / "other.gpkg"]
    paths[1].parent.mkdir()
    for path in paths:
        write_gpkg(make(count, crs="EPSG:4545"), path)
        time.sleep(1.1 if count == 1 else 0)
    assert paths[0].read_bytes() == paths[1].read_bytes()


def test_writing_leaves_no_other_file_and_no_setting(make, tmp_path) -> None:
    before = pyogrio.get_gdal_config_option("OGR_CURRENT_DATE")
    write_gpkg(make(2, crs="EPSG:4545"), tmp_path / "findings.gpkg")
    write_gpkg(make(3, crs="EPSG:4545"), tmp_path / "findings.gpkg")
    assert [file.name for file in tmp_path.iterdir()] == ["findings.gpkg"]
    assert len(gpd.read_file(tmp_path / "findings.gpkg", layer="findings")) == 3
    assert pyogrio.get_gdal_config_option("OGR_CURRENT_DATE") == before


def test_no_findings(tmp_path) -> None:
    write_gpkg(FINDINGS.empty(pyproj.CRS(4545)), tmp_path / "findings.gpkg")
    read = gpd.read_file(tmp_path / "findings.gpkg", layer="findings")
    assert read.empty
    assert read.crs == "EPSG:4545"
    assert list(read.columns) == list(FINDINGS.empty(None).columns)


def test_a_place_that_cannot_be_written_is_one_line(make, tmp_path) -> None:
    with pytest.raises(OutputFailed, match="Cannot write") as caught:
        write_gpkg(make(1, crs="EPSG:4545"), tmp_path / "gone" / "findings.gpkg")
    assert "\n" not in str(caught.value)


@pytest.fixture(scope="module")
def issue(make_month, tmp_path_factory):
    month = make_month(60)
    path = tmp_path_factory.mktemp("issue") / "findings.gpkg"
    write_issue_gpkg(month, path)
    return month, path


def test_issue_has_spots_their_units_and_what_was_not_seen(issue, ogrinfo) -> None:
    month, path = issue
    spots = gpd.read_file(path, layer="spots")
    assert list(spots.columns) == list(month.spots.columns)
    assert spots.crs == month.crs
    assert spots["reason_zh"].tolist() == month.spots["reason_zh"].tolist()
    assert shapely.equals(spots.geometry.to_numpy(), month.spots.geometry.to_numpy()).all()
    parts = pyogrio.read_dataframe(path, layer="units_of_spots")
    assert list(parts.columns) == [column.name for column in UNITS_OF_SPOTS]
    summed = parts.groupby(["level", "spot_no"])["area_in_unit_m2"].sum()
    for level in ("district", "town", "village", "cell"):
        assert summed[level].to_numpy() == pytest.approx(spots.set_index("spot_no")["area_m2"].to_numpy(), abs=1e-6)
    unseen = gpd.read_file(path, layer="unseen")
    assert unseen["reason"].tolist() == ["not_observed"]
    assert unseen.area.sum() == pytest.approx(month.unseen.area.sum())
    text = ogrinfo(path, "-so")
    assert all(f"Layer name: {name}" in text for name in ("spots", "units_of_spots", "unseen"))
    assert "severity: String (0.0), domain name=severity" in text


def test_issue_has_words_for_every_coded_value(issue) -> None:
    _, path = issue
    query = "SELECT value, description FROM gpkg_data_column_constraints WHERE constraint_name = 'severity'"
    assert dict(rows(path, query)) == {code: word.zh for code, word in SEVERITIES.items()}
    constraints = dict(
        rows(path, "SELECT column_name, constraint_name FROM gpkg_data_columns WHERE table_name = 'spots'")
    )
    for column in SPOTS.columns:
        words = {code for code, in rows(
            path,
            f"SELECT value FROM gpkg_data_column_constraints WHERE constraint_name = '{constraints[column.name]}'",
        )}  # fmt: skip
        assert words == set(column.values or ())


def test_issue_is_drawn_by_severity(issue) -> None:
    _, path = issue
    styles = dict(rows(path, "SELECT f_table_name, styleQML FROM layer_styles WHERE useAsDefault = 1"))
    assert set(styles) == {"spots", "unseen"}
    root = ElementTree.fromstring(styles["spots"])
    renderer = root.find("renderer-v2")
    assert renderer is not None
    assert (renderer.get("type"), renderer.get("attr")) == ("categorizedSymbol", "severity")
    colours = [
        each.get("value")
        for symbol in renderer.iter("symbol")
        for each in [[o for o in symbol.iter("Option") if o.get("name") == "line_color"][-1]]
    ]
    drawn = {each.get("value"): colours[int(each.get("symbol", ""))] for each in renderer.iter("category")}
    assert drawn == {code: ",".join(map(str, (*rgb, 255))) for code, rgb in SEVERITY_RGB.items()}
    assert ElementTree.fromstring(styles["unseen"]).find("renderer-v2") is not None


def test_default_layer_of_an_issue_is_the_spots(issue) -> None:
    month, path = issue
    with pytest.warns(UserWarning, match="More than one layer"):
        assert len(gpd.read_file(path)) == len(month.spots)


@pytest.mark.parametrize("count", [0, 30])
def test_issue_bytes_are_equal(make_month, tmp_path, count) -> None:
    for name in ("one.gpkg", "two.gpkg"):
        write_issue_gpkg(make_month(count), tmp_path / name)
    assert (tmp_path / "one.gpkg").read_bytes() == (tmp_path / "two.gpkg").read_bytes()
    assert len(gpd.read_file(tmp_path / "one.gpkg", layer="spots")) == count
