"""Findings as GeoJSON, judged by the RFC and by other readers."""

import json
from pathlib import Path

import geopandas as gpd
import numpy as np
import pyproj
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from rs_governance.detect.findings import FINDINGS
from rs_governance.errors import CrsRefused, OutputFailed, SchemaViolation
from rs_governance.publish.formats.geojson import write_geojson
from rs_governance.publish.formats.wgs84 import to_wgs84_outlines

CRS_AND_PLACES = [
    ("EPSG:4545", (5e5, 25e5), 1.0),
    ("EPSG:4524", (36.5e6, 25e5), 1.0),
    ("EPSG:4490", (108.3, 22.7), 1e-5),
    ("EPSG:4326", (108.3, 22.7), 1e-5),
    ("EPSG:2154", (7e5, 66e5), 1.0),
    ("EPSG:32649", (2.2e5, 25e5), 1.0),
    ("EPSG:3857", (12.05e6, 2.6e6), 1.0),
    ("+proj=tmerc +lon_0=108.3 +x_0=500000 +ellps=GRS80", (5e5, 25e5), 1.0),
]


def written(findings: gpd.GeoDataFrame, folder: Path):
    write_geojson(findings, folder / "findings.geojson")
    return json.loads((folder / "findings.geojson").read_text(encoding="utf-8"))


def rings(geometry: dict) -> list[list[np.ndarray]]:
    parts = geometry["coordinates"] if geometry["type"] == "MultiPolygon" else [geometry["coordinates"]]
    return [[np.array(ring) for ring in part] for part in parts]


def turned_area(ring: np.ndarray) -> float:
    """Shoelace sum: positive where the ring runs counter-clockwise."""
    x, y = (ring - ring[0]).T
    return float(np.sum(x[:-1] * y[1:] - x[1:] * y[:-1]) / 2)


def assert_rfc_7946(document: dict) -> None:
    assert document["type"] == "FeatureCollection"
    assert "crs" not in document
    everything = []
    for feature in document["features"]:
        for part in rings(feature["geometry"]):
            for index, ring in enumerate(part):
                assert len(ring) >= 4
                assert (ring[0] == ring[-1]).all()
                assert (turned_area(ring) > 0) == (index == 0), "outer rings turn left, holes right"
                assert (np.round(ring, 7) == ring).all()
                everything.append(ring)
        assert shapely.geometry.shape(feature["geometry"]).is_valid
    if everything:
        xy = np.concatenate(everything)
        assert document["bbox"] == [*xy.min(axis=0), *xy.max(axis=0)]
    else:
        assert "bbox" not in document


@pytest.mark.parametrize(("crs", "at", "unit"), CRS_AND_PLACES)
def test_every_crs_lands_where_pyproj_says(make, tmp_path, crs, at, unit) -> None:
    findings = make(20, crs=crs, at=at, unit=unit)
    document = written(findings, tmp_path)
    assert_rfc_7946(document)
    lon, lat = pyproj.Transformer.from_crs(crs, "EPSG:4326", always_xy=True).transform(*at)
    first = shapely.geometry.shape(document["features"][0]["geometry"])
    assert first.distance(shapely.Point(lon, lat)) < 5e-5, "the hole's middle"
    geod = pyproj.Geod(ellps="WGS84")
    for feature, outline in zip(document["features"], findings.to_crs(4326).geometry, strict=True):
        area = abs(geod.geometry_area_perimeter(shapely.geometry.shape(feature["geometry"]))[0])
        assert area == pytest.approx(abs(geod.geometry_area_perimeter(outline)[0]), rel=5e-3)


def test_custom_crs_without_a_code(make, tmp_path, custom_crs) -> None:
    document = written(make(3, crs=custom_crs), tmp_path)
    assert_rfc_7946(document)
    assert document["bbox"][0] == pytest.approx(108.3, abs=1e-3)


def test_values_missing_values_and_order(make, tmp_path) -> None:
    findings = make(9, crs="EPSG:4545")
    document = written(findings, tmp_path)
    assert document["schema_version"] == "1.1"
    assert document["schema_id"].endswith("findings:1.1")
    for feature, row in zip(document["features"], findings.itertuples(), strict=True):
        properties = feature["properties"]
        assert list(properties) == list(FINDINGS.by_name)
        assert feature["id"] == row.finding_id
        assert properties["area_m2"] == round(row.area_m2, 2)
        assert properties["kind"] is None
        assert properties["before_image"] == "影像 before_image"
        assert properties["before_on"] == (None if row.before_on != row.before_on else "2024-03-31")
        assert properties["ndvi_before"] == (None if np.isnan(row.ndvi_before) else round(row.ndvi_before, 4))
    assert any(feature["properties"]["before_on"] is None for feature in document["features"])
    assert any(feature["properties"]["ndvi_before"] is None for feature in document["features"])


def test_other_readers_agree(make, tmp_path, ogrinfo) -> None:
    findings = make(50, crs="EPSG:4545")
    written(findings, tmp_path)
    path = tmp_path / "findings.geojson"
    read = gpd.read_file(path)
    assert read.crs == "EPSG:4326"
    assert len(read) == 50
    assert read.is_valid.all()
    assert read["score"].tolist() == findings["score"].round(4).tolist()
    assert read["before_on"].isna().sum() == findings["before_on"].isna().sum()
    text = ogrinfo(path, "-so")
    assert "Feature Count: 50" in text
    assert "before_on: Date" in text
    assert "pixels: Integer" in text


def test_bytes_are_equal_for_equal_findings(make, tmp_path) -> None:
    for name in ("one", "two"):
        write_geojson(make(200, crs="EPSG:4545"), tmp_path / name)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


@pytest.mark.parametrize("crs", ["EPSG:4545", "EPSG:2154"])
def test_no_findings(tmp_path, crs) -> None:
    document = written(FINDINGS.empty(pyproj.CRS(crs)), tmp_path)
    assert document["features"] == []
    assert_rfc_7946(document)


def test_many_findings_are_all_there(make, tmp_path) -> None:
    document = written(make(3000, crs="EPSG:4545"), tmp_path)
    assert [feature["id"] for feature in document["features"][:: len(document["features"]) - 1]] == [
        "f000001",
        "f003000",
    ]


corners = st.lists(
    st.tuples(st.floats(-40, 40, allow_nan=False), st.floats(-40, 40, allow_nan=False)), min_size=3, max_size=12
)


@settings(deadline=None, max_examples=80)
@given(points=corners, hole=st.booleans(), flip=st.booleans(), scale=st.sampled_from([0.02, 1.0, 300.0]))
def test_any_valid_outline_stays_valid_and_turns_right(make, points, hole, flip, scale) -> None:
    outline = shapely.convex_hull(shapely.MultiPoint(points)) if hole else shapely.make_valid(shapely.Polygon(points))
    outline = shapely.union_all([part for part in shapely.get_parts(outline) if part.geom_type == "Polygon"])
    if hole and outline.area > 4:
        outline = outline.difference(outline.centroid.buffer(0.5))
    outline = shapely.transform(outline, lambda xy: xy * scale + (5e5, 25e5))
    if outline.is_empty or outline.area < 1e-3 or not outline.is_valid or outline.buffer(-0.05).is_empty:
        return
    outline = shapely.reverse(outline) if flip else outline
    (moved,) = to_wgs84_outlines(make(crs="EPSG:4545", outlines=[outline]))
    assert moved.is_valid
    assert moved.geom_type in {"Polygon", "MultiPolygon"}
    assert (np.round(shapely.get_coordinates(moved), 7) == shapely.get_coordinates(moved)).all()
    for part in shapely.get_parts(moved):
        assert part.exterior.is_ccw
        assert not any(ring.is_ccw for ring in part.interiors)
    back = gpd.GeoSeries([moved], crs=4326).to_crs(4545).iloc[0]
    assert back.symmetric_difference(outline).area <= 0.03 * outline.length + 1e-3, "no more than a centimetre's rim"


def test_two_parts_stay_one_finding(make, tmp_path) -> None:
    outline = shapely.union_all([
        shapely.box(5e5, 25e5, 5e5 + 9, 25e5 + 9),
        shapely.box(5e5 + 20, 25e5, 5e5 + 29, 25e5 + 9),
    ])
    document = written(make(crs="EPSG:4545", outlines=[outline]), tmp_path)
    assert document["features"][0]["geometry"]["type"] == "MultiPolygon"
    assert_rfc_7946(document)


@pytest.mark.parametrize(
    ("crs", "at", "message"),
    [
        (None, (5e5, 25e5), "no CRS; use the GeoPackage"),
        ("EPSG:2412", (36.5e6, 25e5), "transform the images to CGCS2000"),
        ("EPSG:4214", (108, 22), "transform the images to CGCS2000"),
        ("EPSG:2360", (36.5e6, 25e5), "transform the images to CGCS2000"),
        ("EPSG:4326", (250, 22), "outside the area"),
        ("EPSG:32649", (9e12, 25e5), "outside the area"),
        ("+proj=longlat +ellps=bessel", (108, 22), "no transformation"),
    ],
)
def test_what_cannot_be_moved_is_refused_in_one_line(make, tmp_path, crs, at, message) -> None:
    with pytest.raises(CrsRefused, match=message) as caught:
        written(make(2, crs=crs, at=at, unit=1e-3), tmp_path)
    assert "\n" not in str(caught.value)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("crs", ["EPSG:32601", "EPSG:3832"])
def test_findings_across_the_antimeridian_are_refused(make, tmp_path, crs) -> None:
    x, y = pyproj.Transformer.from_crs(4326, crs, always_xy=True).transform(180, 10)
    outlines = [shapely.box(x - 1000, y, x - 900, y + 100), shapely.box(x + 900, y, x + 1000, y + 100)]
    with pytest.raises(CrsRefused, match="180°"):
        written(make(crs=crs, outlines=outlines), tmp_path)
    with pytest.raises(CrsRefused, match="180°"):
        written(make(crs=crs, outlines=[shapely.box(x - 50, y, x + 50, y + 100)]), tmp_path)


def test_an_outline_that_vanishes_is_refused(make, tmp_path) -> None:
    sliver = shapely.box(5e5, 25e5, 5e5 + 100, 25e5 + 1e-4)
    with pytest.raises(SchemaViolation, match="f000001 is thinner than a centimetre"):
        written(make(crs="EPSG:4545", outlines=[sliver]), tmp_path)


def test_a_place_that_cannot_be_written_is_one_line(make, tmp_path) -> None:
    with pytest.raises(OutputFailed, match="Cannot write") as caught:
        write_geojson(make(1, crs="EPSG:4545"), tmp_path / "gone" / "findings.geojson")
    assert "\n" not in str(caught.value)
