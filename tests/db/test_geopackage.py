"""The store's file is a GeoPackage, judged by its standard and by other readers."""

import contextlib
import re
import sqlite3
import subprocess
import sys

import geopandas as gpd
import numpy as np
import pyogrio
import pyproj
import pytest
import shapely
import sqlalchemy as sa

from rs_governance.db import STORE_FILE, Base, Case
from rs_governance.db.geopackage import GPKG_TABLES, places
from rs_governance.db.guards import VERSION_TABLE
from rs_governance.errors import StoreInvalid

# OGC 12-128r15, table 1, and the geometry types of annex G that are in use.
TYPE_NAMES = (
    r"BOOLEAN|TINYINT|SMALLINT|MEDIUMINT|INT(EGER)?|FLOAT|DOUBLE|REAL|TEXT(\(\d+\))?|BLOB(\(\d+\))?|DATE|DATETIME"
)
GEOMETRIES = r"GEOMETRY|POINT|POLYGON|MULTIPOLYGON"


def ask(store, query: str) -> list[tuple]:
    with contextlib.closing(sqlite3.connect(store.folder / STORE_FILE)) as connection:
        return connection.execute(query).fetchall()


def test_the_header_says_geopackage(store) -> None:
    assert ask(store, "PRAGMA application_id") == [(0x47504B47,)]
    assert ask(store, "PRAGMA user_version") == [(10200,)]
    assert ask(store, "PRAGMA integrity_check") == [("ok",)]


def test_the_reference_systems_are_the_required_ones_and_the_districts(store) -> None:
    rows = ask(store, "SELECT srs_id, organization, organization_coordsys_id FROM gpkg_spatial_ref_sys ORDER BY 1")
    assert rows == [(-1, "NONE", -1), (0, "NONE", 0), (4326, "EPSG", 4326), (100000, "EPSG", 4545)]


def test_every_column_is_of_a_type_of_the_standard(store) -> None:
    tables = [name for (name,) in ask(store, "SELECT table_name FROM gpkg_contents")]
    assert sorted(tables) == sorted(table.name for table in Base.metadata.sorted_tables)
    spatial = {place.table: place.column for place in places()}
    for table in [*tables, VERSION_TABLE, *GPKG_TABLES[:1]]:
        for _, column, kind, *_ in ask(store, f"PRAGMA table_info('{table}')"):
            allowed = GEOMETRIES if spatial.get(table) == column else TYPE_NAMES
            assert re.fullmatch(allowed, kind), (table, column, kind)
        if table in tables:
            (sql,) = ask(store, f"SELECT sql FROM sqlite_master WHERE name = '{table}'")[0]
            assert "id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT" in sql


def test_a_table_has_one_column_of_outlines_at_most() -> None:
    tables = [place.table for place in places()]
    assert len(tables) == len(set(tables))


def test_tables_and_columns_have_chinese_names(store) -> None:
    identifiers = [name for (name,) in ask(store, "SELECT identifier FROM gpkg_contents")]
    assert len(set(identifiers)) == len(identifiers)
    assert all(re.search("[一-鿿]", name) for name in identifiers)
    named = {row[:2]: row[2] for row in ask(store, "SELECT table_name, column_name, name FROM gpkg_data_columns")}
    for table in Base.metadata.sorted_tables:
        names = [named[table.name, column.name] for column in table.columns if column.name != "id"]
        assert len(set(names)) == len(names), f"two columns of {table.name} have one Chinese name"
        assert all(re.search("[一-鿿]|SHA-256", name) for name in names)


def test_both_gdals_read_it_without_complaint(store, gdal) -> None:
    path = store.folder / STORE_FILE
    said = gdal("ogrinfo", "-ro", "-so", "-al", path)
    assert (said.returncode, said.stderr) == (0, "")
    assert 'ID["EPSG",4545]' in said.stdout
    assert VERSION_TABLE not in said.stdout
    store.close()
    assert {name for name, _ in pyogrio.list_layers(path)} == {table.name for table in Base.metadata.sorted_tables}
    cases = gpd.read_file(path, layer="cases")
    assert cases.crs == pyproj.CRS(4545)
    assert cases["number"].tolist() == ["C0", "C1", "C2"]
    assert shapely.equals(cases.geometry.to_numpy()[0], shapely.box(500_000, 2_500_000, 500_020, 2_500_015))
    assert cases["opened_at"].dt.tz is not None


def test_gdal_knows_and_uses_the_spatial_index(store, gdal) -> None:
    path = store.folder / STORE_FILE
    said = gdal("ogrinfo", "-ro", path, "-sql", "SELECT HasSpatialIndex('cases', 'outline')")
    assert "HasSpatialIndex (Integer) = 1" in said.stdout
    store.close()
    found = gpd.read_file(path, layer="cases", bbox=(500_990, 2_500_000, 501_000, 2_500_001))
    assert found["number"].tolist() == ["C1"]


def test_the_spatial_index_follows_the_table(store, make_case) -> None:
    with store.write() as session:
        session.scalars(sa.select(Case).where(Case.number == "C0")).one().outline = shapely.box(0, 0, 10, 20)
        session.delete(session.scalars(sa.select(Case).where(Case.number == "C1")).one())
        session.add(make_case("C3", outline=shapely.Polygon()))
    rows = ask(store, "SELECT id, minx, maxx, miny, maxy FROM rtree_cases_outline ORDER BY id")
    assert rows[0] == (1, 0, 10, 0, 20)
    assert [row[0] for row in rows] == [1, 3]


def test_a_crs_without_a_code_survives(make_store) -> None:
    wkt = pyproj.CRS(4545).to_wkt().replace('"Longitude of natural origin",108', '"Longitude of natural origin",108.3')
    crs = pyproj.CRS(wkt.replace("108E", "108.3E")[: wkt.replace("108E", "108.3E").index(",USAGE")] + "]")
    assert crs.to_authority(min_confidence=100) is None
    made = make_store(crs=crs)
    query = "SELECT organization, organization_coordsys_id FROM gpkg_spatial_ref_sys WHERE srs_id = 100000"
    assert ask(made, query) == [("NONE", 100000)]
    assert made.crs == crs
    made.close()
    read = pyproj.CRS(pyogrio.read_info(made.folder / STORE_FILE, layer="cases")["crs"])
    theirs, ours = (
        pyproj.Transformer.from_crs(each, 4490, always_xy=True).transform(5e5, 25e5) for each in (read, crs)
    )
    np.testing.assert_allclose(theirs, ours, rtol=0, atol=1e-9)


def test_other_processes_read_while_one_writes(store, make_case, gdal) -> None:
    path = store.folder / STORE_FILE
    script = "import sys, pyogrio; print(pyogrio.read_info(sys.argv[1], layer='cases')['features'])"
    with store.write() as session:
        session.add(make_case("C9", 600_000.0))
        session.flush()
        assert "Feature Count: 3" in gdal("ogrinfo", "-ro", "-so", path, "cases").stdout
        said = subprocess.run([sys.executable, "-c", script, path], check=True, capture_output=True, text=True)
        assert said.stdout.split() == ["3"]
    assert "Feature Count: 4" in gdal("ogrinfo", "-ro", "-so", path, "cases").stdout


def test_gdal_in_the_same_process_loses_no_write_unseen(store, make_case, gdal) -> None:
    path = store.folder / STORE_FILE

    def write_while_gdal_reads() -> None:
        with store.write() as session:
            session.add(make_case("C8", 600_000.0))
            session.flush()
            pyogrio.read_info(path, layer="cases")

    with pytest.raises(StoreInvalid, match="GDAL"):
        write_while_gdal_reads()
    pyogrio.read_info(path, layer="cases")
    with store.write() as session:
        session.add(make_case("C9", 600_000.0))
    assert "Feature Count: 4" in gdal("ogrinfo", "-ro", "-so", path, "cases").stdout
    assert [number for (number,) in ask(store, "SELECT number FROM cases")] == ["C0", "C1", "C2", "C9"]


@pytest.mark.parametrize("crs", ["EPSG:4490", "EPSG:4326", "EPSG:2263"])
def test_a_crs_that_is_not_in_metres_is_refused(make_store, crs) -> None:
    with pytest.raises(StoreInvalid, match="metres"):
        make_store(crs=crs)
