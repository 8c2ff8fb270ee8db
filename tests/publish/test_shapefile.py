"""Spots as a Shapefile, judged byte by byte and by two GDALs."""

import dataclasses
import itertools
import struct

import geopandas as gpd
import numpy as np
import pyproj
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from rs_governance.errors import OutputFailed, SchemaViolation
from rs_governance.publish.formats.shapefile import SIDECARS, fit_text, short_names, write_shapefile
from rs_governance.rules import SPOTS


@pytest.fixture(scope="module")
def written(make_month, tmp_path_factory):
    spots = make_month(50).spots
    spots.loc[3, "reason_zh"] = "永久基本农田" * 60
    spots.loc[4, "reason_zh"] = "a" + "永久基本农田" * 60
    spots.loc[5, "keeper"] = "韦\U00020bb7"
    path = tmp_path_factory.mktemp("shp") / "findings.shp"
    write_shapefile(spots, path, table=SPOTS)
    return spots, path


def dbf(path):
    """Read a dBase III file as its description says: fields (name, kind, width, decimals) and rows of bytes."""
    data = path.with_suffix(".dbf").read_bytes()
    count, head, size = struct.unpack("<IHH", data[4:12])
    fields = []
    for at in range(32, head - 1, 32):
        name, kind, width, decimals = struct.unpack("<11sc4xBB", data[at : at + 18])
        fields.append((name.split(b"\0")[0].decode("ascii"), kind.decode(), width, decimals))
    records = []
    for row in range(count):
        at = head + row * size + 1
        values = []
        for *_, width, _ in fields:
            values.append(data[at : at + width])
            at += width
        records.append(values)
    return data, fields, records


def test_texts_are_gbk_and_cut_between_characters(written) -> None:
    spots, path = written
    assert path.with_suffix(".cpg").read_text() == "GBK"
    _, fields, records = dbf(path)
    at = [name for name, *_ in fields].index("reason_zh")
    assert records[0][at].rstrip().decode("gbk") == spots["reason_zh"][0].replace("²", "2")
    assert records[3][at].decode("gbk") == ("永久基本农田" * 60)[:127]
    assert records[4][at].decode("gbk") == "a" + ("永久基本农田" * 60)[:126] + " "
    at = [name for name, *_ in fields].index("keeper")
    assert records[5][at].rstrip().decode("gbk") == "韦?"


def test_fields_have_short_names_and_the_declared_decimals(written) -> None:
    _, path = written
    data, fields, _ = dbf(path)
    assert [name for name, *_ in fields] == list(short_names(SPOTS).values())
    assert data[1:4] == bytes((70, 1, 1)), "a fixed day of writing"
    for (name, kind, width, decimals), column in zip(fields, SPOTS.columns, strict=True):
        assert kind == {"str": "C", "float64": "N", "date": "D", "int64": "N"}[column.dtype], name
        assert decimals == (column.decimals or 0), name
        assert 1 <= width <= 254


def test_round_trip_by_the_own_gdal(written) -> None:
    spots, path = written
    read = gpd.read_file(path)
    assert read.crs.to_epsg() == 4545 or read.crs.name.startswith("CGCS2000")
    names = short_names(SPOTS)
    for column in SPOTS.columns:
        ours, theirs = spots[column.name], read[names[column.name]]
        assert (ours.isna() == theirs.isna()).all(), column.name
        if column.decimals is not None:
            assert np.nanmax(np.abs(ours - theirs)) <= 0.51 * 10.0**-column.decimals
        elif column.dtype == "date":
            assert theirs.astype("datetime64[ms]").tolist() == ours.tolist()
        elif column.name not in {"reason_zh", "reason_en", "keeper"}:
            assert theirs.dropna().tolist() == ours.dropna().tolist()
    assert shapely.equals(read.geometry.to_numpy(), spots.geometry.to_numpy()).all()


def test_another_gdal_reads_it(written, ogrinfo) -> None:
    _, path = written
    text = ogrinfo(path)
    assert "Feature Count: 50" in text
    assert "area_m2: Real" in text
    assert "before_on: Date (10.0)" in text
    assert "占用永久基本农田" in text


def test_outer_rings_run_clockwise_in_the_file(make_month, tmp_path) -> None:
    spots = make_month(4).spots
    spots.geometry = [g.difference(g.centroid.buffer(1)) for g in spots.geometry]
    write_shapefile(spots, tmp_path / "f.shp", table=SPOTS)
    data = (tmp_path / "f.shp").read_bytes()
    at, turned = 100, []
    while at < len(data):
        length = struct.unpack(">i", data[at + 4 : at + 8])[0] * 2
        parts, points = struct.unpack("<ii", data[at + 44 : at + 52])
        starts = [*struct.unpack(f"<{parts}i", data[at + 52 : at + 52 + 4 * parts]), points]
        xy = np.frombuffer(data, "<f8", 2 * points, at + 52 + 4 * parts).reshape(-1, 2)
        turned.append([bool(shapely.is_ccw(shapely.LinearRing(xy[a:b]))) for a, b in itertools.pairwise(starts)])
        at += 8 + length
    assert turned == [[False, True]] * 4


@pytest.mark.parametrize("count", [0, 30])
def test_bytes_are_equal(make_month, tmp_path, count) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        write_shapefile(make_month(count).spots, tmp_path / name / "f.shp", table=SPOTS)
    for suffix in SIDECARS:
        assert (tmp_path / "one" / f"f{suffix}").read_bytes() == (tmp_path / "two" / f"f{suffix}").read_bytes()
    assert {file.suffix for file in (tmp_path / "one").iterdir()} == set(SIDECARS)
    assert len(gpd.read_file(tmp_path / "one" / "f.shp")) == count


def test_short_names_that_clash_or_are_long_are_refused() -> None:
    column = SPOTS.by_name["area_m2"]
    for broken, message in (
        (dataclasses.replace(column, name="another_area_m2"), "needs a short name"),
        (dataclasses.replace(column, name="another", short="AREA_M2"), "share the short name"),
    ):
        with pytest.raises(SchemaViolation, match=message):
            short_names(dataclasses.replace(SPOTS, columns=(*SPOTS.columns, broken)))


@given(value=st.text(max_size=200) | st.text("永久基本农田a²³㎡①", min_size=100, max_size=300))
def test_any_text_fits(value) -> None:
    encoded = fit_text(value).encode("gbk")
    assert len(encoded) <= 254
    if len(encoded) < 253:
        try:
            assert encoded == value.encode("gbk")
        except UnicodeEncodeError:
            assert len(fit_text(value)) >= 1


def test_a_place_that_cannot_be_written(written, tmp_path) -> None:
    with pytest.raises(OutputFailed, match="Cannot write"):
        write_shapefile(written[0], tmp_path / "gone" / "f.shp", table=SPOTS)


def test_crs_without_a_code(make_month, tmp_path, custom_crs) -> None:
    spots = make_month(3).spots.set_crs(custom_crs, allow_override=True)
    write_shapefile(spots, tmp_path / "f.shp", table=SPOTS)
    read = gpd.read_file(tmp_path / "f.shp").crs
    moved = [pyproj.Transformer.from_crs(c, 4490, always_xy=True).transform(5e5, 25e5) for c in (read, custom_crs)]
    assert moved[0] == pytest.approx(moved[1], abs=1e-9)
