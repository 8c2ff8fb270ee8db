"""Who is not the service writes nothing, and what was recorded stays."""

import contextlib
import sqlite3

import geopandas as gpd
import pyogrio
import pytest
import shapely
import sqlalchemy as sa
from pyogrio.errors import DataLayerError, DataSourceError, FeatureError

from rs_governance.db import STORE_FILE, WRITER, Base
from rs_governance.db.checking import check_database
from rs_governance.db.geopackage import GPKG_TABLES
from rs_governance.db.guards import APPEND_ONLY, VERSION_TABLE

TABLES = (*(table.name for table in Base.metadata.sorted_tables), *GPKG_TABLES, VERSION_TABLE)


@pytest.mark.parametrize("statement", ["INSERT INTO {} DEFAULT VALUES", "UPDATE {} SET rowid = 7", "DELETE FROM {}"])
def test_plain_sqlite_is_refused_on_every_table(store, statement) -> None:
    with contextlib.closing(sqlite3.connect(store.folder / STORE_FILE)) as connection:
        for table in TABLES:
            with pytest.raises(sqlite3.OperationalError, match=WRITER):
                connection.execute(statement.format(table))


def test_gdal_is_refused_and_leaves_the_store_as_it_is(store, gdal, dump, tmp_path) -> None:
    path = store.folder / STORE_FILE
    before = dump(path)
    gpd.GeoDataFrame({"number": ["X"]}, geometry=[shapely.box(0, 0, 1, 1)], crs=4545).to_file(tmp_path / "x.gpkg")
    commands = [
        ("ogrinfo", path, "-sql", "UPDATE cases SET state = 'closed'"),
        ("ogrinfo", path, "-sql", "DELETE FROM events"),
        ("ogrinfo", path, "-sql", "DELETE FROM cases WHERE id = 1"),
        ("ogr2ogr", "-update", "-append", path, tmp_path / "x.gpkg", "-nln", "cases"),
        ("ogr2ogr", "-update", path, tmp_path / "x.gpkg", "-nln", "another"),
        ("ogrinfo", path, "-sql", "DELLAYER:cases"),
        ("ogrinfo", path, "-sql", "DROP TABLE events"),
        ("ogrinfo", path, "-sql", "DROP TABLE cases"),
        ("ogrinfo", path, "-sql", "ALTER TABLE cases RENAME COLUMN state TO condition"),
    ]
    for command in commands:
        said = gdal(*command)
        assert WRITER in said.stderr, (command, said.stderr)
    assert dump(path) == before


def test_pyogrio_is_refused(store, dump) -> None:
    path = store.folder / STORE_FILE
    before = dump(path)
    store.close()
    rows = gpd.GeoDataFrame({"number": ["X"]}, geometry=[shapely.box(0, 0, 1, 1)], crs=4545)
    with pytest.raises((DataLayerError, DataSourceError, FeatureError), match=WRITER):
        pyogrio.write_dataframe(rows, path, layer="cases", append=True)
    with pytest.raises((DataLayerError, DataSourceError, FeatureError), match=WRITER):
        pyogrio.write_dataframe(rows, path, layer="another", append=True)
    assert dump(path) == before


def test_opening_for_update_alone_changes_nothing(store, gdal, dump) -> None:
    path = store.folder / STORE_FILE
    before = dump(path)
    said = gdal("ogrinfo", "-so", "-al", path)  # without -ro it opens for update where it can
    assert (said.returncode, said.stderr) == (0, "")
    assert dump(path) == before


@pytest.mark.parametrize("table", APPEND_ONLY)
def test_the_service_itself_changes_no_record(store, dump, table) -> None:
    before = dump(store.folder / STORE_FILE)
    last = list(Base.metadata.tables[table].columns)[-1].name
    for statement in (
        f"UPDATE {table} SET {last} = 'other' WHERE id = 1",
        f"DELETE FROM {table} WHERE id = 1",
        f"INSERT OR REPLACE INTO {table} SELECT * FROM {table} WHERE id = 1",
    ):
        with pytest.raises(sa.exc.IntegrityError, match="never changed and never removed"), store.write() as session:
            session.execute(sa.text(statement))
    assert dump(store.folder / STORE_FILE) == before


def test_the_service_writes_all_other_tables(store) -> None:
    with store.write() as session:
        session.execute(sa.text("UPDATE cases SET state = 'closed'"))
        session.execute(sa.text("DELETE FROM clues"))
    with store.read() as session:
        assert session.execute(sa.text("SELECT count(*) FROM cases WHERE state = 'closed'")).scalar() == 3


def test_a_guard_that_was_taken_away_or_weakened_is_found(store) -> None:
    assert check_database(store) == []
    with contextlib.closing(sqlite3.connect(store.folder / STORE_FILE)) as connection:
        connection.execute("DROP TRIGGER guard_events_update")
        connection.execute("DROP TRIGGER guard_cases_delete")
        connection.execute("CREATE TRIGGER guard_cases_delete BEFORE DELETE ON cases BEGIN SELECT 1; END")
        connection.commit()
    found = check_database(store)
    assert {(each.kind, each.where) for each in found} == {
        ("guard", "guard_events_update"),
        ("guard", "guard_cases_delete"),
    }
