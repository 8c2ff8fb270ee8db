"""Spots as KML, judged by the rules of the standard and by another reader."""

from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pyogrio
import pytest
import shapely

from rs_governance.errors import OutputFailed
from rs_governance.publish.formats.kml import write_kml

KML = "{http://www.opengis.net/kml/2.2}"

# Order of the members of an element: they are sequences in the schema of OGC KML 2.2.
FEATURE = ["name", "visibility", "open", "description", "styleUrl", "Style", "ExtendedData"]
SEQUENCES = {
    "kml": ["Document"],
    "Document": [*FEATURE, "Folder", "Placemark"],
    "Folder": [*FEATURE, "Placemark"],
    "Placemark": [*FEATURE, "MultiGeometry"],
    "Style": ["IconStyle", "LabelStyle", "LineStyle", "PolyStyle"],
    "IconStyle": ["color", "colorMode", "scale"],
    "LabelStyle": ["color", "colorMode", "scale"],
    "LineStyle": ["color", "colorMode", "width"],
    "PolyStyle": ["color", "colorMode", "fill", "outline"],
    "ExtendedData": ["Data"],
    "Data": ["displayName", "value"],
    "MultiGeometry": ["Point", "Polygon"],
    "Point": ["extrude", "altitudeMode", "coordinates"],
    "Polygon": ["extrude", "tessellate", "altitudeMode", "outerBoundaryIs", "innerBoundaryIs"],
    "outerBoundaryIs": ["LinearRing"],
    "innerBoundaryIs": ["LinearRing"],
    "LinearRing": ["extrude", "tessellate", "altitudeMode", "coordinates"],
}


@pytest.fixture(scope="module")
def written(make_month, tmp_path_factory):
    month = make_month(40)
    spots = month.spots
    spots.geometry = [g.difference(g.centroid.buffer(1)) if at % 3 == 0 else g for at, g in enumerate(spots.geometry)]
    spots.loc[7, ["town_code", "town_name"]] = None
    spots.loc[8, "village_name"] = "a<b>&\x07村"
    path = tmp_path_factory.mktemp("kml") / "findings.kml"
    write_kml(month, path)
    return month, path, ElementTree.parse(path).getroot()


def test_it_keeps_the_order_of_the_standard(written) -> None:
    *_, root = written
    assert root.tag == f"{KML}kml"
    ids = [each.get("id") for each in root.iter() if each.get("id")]
    assert len(ids) == len(set(ids))
    for element in root.iter():
        name, members = element.tag.removeprefix(KML), [child.tag.removeprefix(KML) for child in element]
        if members:
            places = [SEQUENCES[name].index(member) for member in members]
            assert places == sorted(places), f"{name}: {members}"
        for each in element.findall(f"{KML}styleUrl"):
            assert (each.text or "").removeprefix("#") in ids
    for colour in root.iter(f"{KML}color"):
        assert len(bytes.fromhex(colour.text or "")) == 4


def test_every_spot_is_in_the_folder_of_its_town_and_urgent_ones_first(written) -> None:
    month, _, root = written
    seen = []
    for folder in root.iter(f"{KML}Folder"):
        town = folder.findtext(f"{KML}name")
        styles = []
        for placemark in folder.iter(f"{KML}Placemark"):
            number = placemark.findtext(f"{KML}name")
            spot = month.spots[month.spots["spot_no"] == number].iloc[0]
            assert town.startswith("乡镇范围以外" if pd.isna(spot["town_name"]) else spot["town_name"])
            styles.append(placemark.findtext(f"{KML}styleUrl"))
            assert styles[-1] == f"#{spot['severity']}"
            assert (placemark.findtext(f"{KML}visibility") == "0") == (spot["severity"] == "green")
            description = placemark.findtext(f"{KML}description")
            assert "占用永久基本农田 356.20 m²" in description
            assert "&lt;拍照&gt;" in description, "a description is HTML"
            assert spot["before_on"].strftime("前时相日期：%Y-%m-%d") in description
            seen.append(number)
        assert styles == sorted(styles, key=["#red", "#yellow", "#green"].index)
    assert sorted(seen) == month.spots["spot_no"].tolist()


def test_outlines_are_where_they_are_with_their_holes(written) -> None:
    month, _, root = written
    outlines = dict(zip(month.spots["spot_no"], month.outlines_wgs84, strict=True))
    for placemark in root.iter(f"{KML}Placemark"):
        rings = [
            np.array([point.split(",") for point in (ring.text or "").split()], dtype=float)
            for ring in placemark.findall(f".//{KML}LinearRing/{KML}coordinates")
        ]
        outline = outlines[placemark.findtext(f"{KML}name")]
        assert shapely.equals(shapely.Polygon(rings[0], rings[1:]), outline)
        lon, lat = map(float, placemark.findtext(f".//{KML}Point/{KML}coordinates").split(","))
        assert outline.distance(shapely.Point(lon, lat)) < 1e-4


def test_another_reader_takes_it(written, ogrinfo) -> None:
    month, path, _ = written
    layers = pyogrio.list_layers(path)
    text = ogrinfo(path, "-so")
    assert sum(int(line.split(":")[1]) for line in text.splitlines() if line.startswith("Feature Count")) == len(
        month.spots
    )
    assert len(layers) == 3


def test_bytes_are_equal(make_month, tmp_path) -> None:
    for name in ("one", "two"):
        write_kml(make_month(30), tmp_path / name)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_no_spots(make_month, tmp_path) -> None:
    write_kml(make_month(0), tmp_path / "f.kml")
    assert not list(ElementTree.parse(tmp_path / "f.kml").getroot().iter(f"{KML}Placemark"))
    with pytest.raises(OutputFailed, match="Cannot write"):
        write_kml(make_month(0), tmp_path / "gone" / "f.kml")
