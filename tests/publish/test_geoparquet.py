"""Spots as GeoParquet, judged by its specification and by two readers."""

import json

import geopandas as gpd
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pyproj
import pytest
import shapely

from rs_governance.errors import OutputFailed
from rs_governance.publish.formats.geoparquet import write_geoparquet
from rs_governance.rules import SPOTS


@pytest.fixture(scope="module")
def written(make_month, tmp_path_factory):
    month = make_month(50)
    path = tmp_path_factory.mktemp("parquet") / "findings.parquet"
    write_geoparquet(month.spots, path, table=SPOTS)
    return month.spots, path


def test_round_trip(written) -> None:
    spots, path = written
    read = gpd.read_parquet(path)
    assert read.crs == spots.crs
    assert list(read.columns) == list(spots.columns)
    assert shapely.equals(read.geometry.to_numpy(), spots.geometry.to_numpy()).all()
    for column in SPOTS.columns:
        ours, theirs = spots[column.name], read[column.name]
        assert (ours.isna() == theirs.isna()).all()
        if column.decimals is not None:
            assert np.nanmax(np.abs(ours - theirs), initial=0) <= 0.51 * 10.0**-column.decimals
        elif column.dtype == "date":
            assert [str(day) for day in theirs.dropna()] == [str(day.date()) for day in ours.dropna()]
        else:
            assert theirs.dropna().tolist() == ours.dropna().tolist()


def test_metadata_follow_geoparquet_1_1(written) -> None:
    spots, path = written
    schema = pq.read_schema(path)
    geo = json.loads(schema.metadata[b"geo"])
    assert geo["version"] == "1.1.0"
    assert geo["primary_column"] == "geometry"
    column = geo["columns"]["geometry"]
    assert column["encoding"] == "WKB"
    assert column["geometry_types"] == ["Polygon"]
    assert column["bbox"] == pytest.approx(spots.total_bounds)
    assert column["crs"]["id"] == {"authority": "EPSG", "code": 4545}
    assert pyproj.CRS.from_json_dict(column["crs"]) == spots.crs
    assert column["covering"]["bbox"]["xmin"] == ["bbox", "xmin"]
    boxes = pq.read_table(path, columns=["bbox"])["bbox"].to_pylist()
    assert [list(box.values()) for box in boxes] == spots.bounds.to_numpy().tolist()


def test_columns_have_plain_types(written) -> None:
    _, path = written
    schema = pq.read_schema(path)
    kinds = {
        "str": {pa.string(), pa.large_string()},
        "float64": {pa.float64()},
        "date": {pa.date32()},
        "int64": {pa.int64()},
    }
    for column in SPOTS.columns:
        assert schema.field(column.name).type in kinds[column.dtype]


def test_no_spots_keep_their_types(written, tmp_path) -> None:
    _, path = written
    write_geoparquet(SPOTS.empty(pyproj.CRS(4545)), tmp_path / "none.parquet", table=SPOTS)
    assert gpd.read_parquet(tmp_path / "none.parquet").empty
    assert pq.read_schema(tmp_path / "none.parquet").types == pq.read_schema(path).types


def test_bytes_are_equal(make_month, tmp_path) -> None:
    for name in ("one", "two"):
        write_geoparquet(make_month(40).spots, tmp_path / name, table=SPOTS)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_a_place_that_cannot_be_written(written, tmp_path) -> None:
    with pytest.raises(OutputFailed, match="Cannot write"):
        write_geoparquet(written[0], tmp_path / "gone" / "findings.parquet", table=SPOTS)
