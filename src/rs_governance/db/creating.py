"""Making a new store."""

from datetime import datetime
from pathlib import Path

import pyproj
import sqlalchemy as sa
from sqlalchemy.orm import Session

from rs_governance.db.base import Base
from rs_governance.db.business import Setting
from rs_governance.db.files import whole_folder
from rs_governance.db.geopackage import describe_tables, index_places
from rs_governance.db.guards import VERSION_TABLE, set_guards
from rs_governance.db.recording import record_rows, watch
from rs_governance.db.store import SCHEMA, STORE_FILE, Store, connect, open_store
from rs_governance.db.types import moment_text
from rs_governance.errors import StoreInvalid


def create_store(
    folder: Path,
    *,
    district_code: str,
    district_name: str,
    crs: pyproj.CRS,
    now: datetime,
    store_id: str,
) -> Store:
    """Make an empty store; it appears whole or not at all.

    Parameters
    ----------
    folder
        Folder to make; it must not exist, or be empty.
    district_code, district_name
        Of the district: six digits, Chinese name.
    crs
        Projected CRS in metres, in which all outlines are kept.
    now
        Aware time.
    store_id
        Name of the store that no other has; its anchors carry it.

    Returns
    -------
    Store
        The store, open.

    Raises
    ------
    StoreInvalid
        When the folder holds something, or the CRS is not in metres.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise StoreInvalid(
            f"'{folder}' is not empty; name a new folder for the store, or open the one that is there.",
            zh=f"'{folder}' 不是空的；请换一个新文件夹建库，或打开已有的案件库。",
        )
    if not crs.is_projected or any(axis.unit_name != "metre" for axis in crs.axis_info):
        raise StoreInvalid(
            f"A store keeps outlines in metres, and {crs.name!r} is not in metres; give a projected CRS such as EPSG:4545.",
            zh=f"案件库的范围以米为单位，{crs.name!r} 不是；请用 EPSG:4545 之类的投影坐标系。",
        )
    settings = {
        "store_id": store_id,
        "district_code": district_code,
        "district_name": district_name,
        "crs": crs.to_wkt(),
        "created_at": moment_text(now),
    }
    with whole_folder(folder) as partial:
        (partial / "evidence").mkdir()
        engine = connect(partial / STORE_FILE)
        with engine.begin() as connection:
            Base.metadata.create_all(connection)
            stamp(connection)
            with Session(connection) as session:
                watch(session)
                session.add_all(Setting(name=name, value=value) for name, value in settings.items())
                session.flush()
                record_rows(session, at=now)
                session.flush()
            describe_tables(connection, crs=crs, now=now)
            index_places(connection)
            set_guards(connection)
        engine.dispose()
    return open_store(folder)


def stamp(connection: sa.Connection) -> None:
    """Note the revision of the schema as alembic does, in a type that GeoPackage knows."""
    connection.exec_driver_sql(f"CREATE TABLE {VERSION_TABLE} (version_num TEXT NOT NULL PRIMARY KEY)")
    connection.exec_driver_sql(f"INSERT INTO {VERSION_TABLE} VALUES (?)", (SCHEMA,))
