"""Places: where an outline of the store lies on the ellipsoid, and how large it is."""

from functools import lru_cache

import numpy as np
import pyproj
import shapely
import sqlalchemy as sa
from sqlalchemy.orm import Session

from rs_governance.cases.life.asking import Place
from rs_governance.db import Setting
from rs_governance.errors import StoreInvalid


def measure_outline(session: Session, outline: shapely.Geometry) -> Place:
    """Measure an outline.

    Parameters
    ----------
    session
        Session of the store, which knows its CRS.
    outline
        Polygon in that CRS.

    Returns
    -------
    Place
        A point inside it (WGS84, 7 decimals) and its area on the ellipsoid (m2, 2 decimals).

    Raises
    ------
    StoreInvalid
        When the store does not say its CRS.
    """
    crs = read_crs(session)
    inside = shapely.point_on_surface(outline)
    lon, lat = _to_wgs84(crs).transform(inside.x, inside.y)
    from rs_governance.grids.ellipsoid import geodesic_area_m2  # half a second of imports, for corrections alone

    area_m2 = float(geodesic_area_m2(np.array([outline], dtype=object), crs)[0])
    return Place(round(lon, 7), round(lat, 7), round(area_m2, 2))


def read_crs(session: Session) -> pyproj.CRS:
    """Read the CRS of the store's outlines.

    Raises
    ------
    StoreInvalid
        When the store does not say it.
    """
    wkt = session.scalar(sa.select(Setting.value).where(Setting.name == "crs"))
    if wkt is None:
        raise StoreInvalid(
            "The store does not say the CRS of its outlines; make it with 'rsg db init'.",
            zh="案件库没有写明坐标系；请用 'rsg db init' 建库。",
        )
    return _crs(wkt)


@lru_cache(maxsize=4)
def _crs(wkt: str) -> pyproj.CRS:
    return pyproj.CRS.from_user_input(wkt)


@lru_cache(maxsize=4)
def _to_wgs84(crs: pyproj.CRS) -> pyproj.Transformer:
    return pyproj.Transformer.from_crs(crs, "EPSG:4326", always_xy=True)
