"""GCJ-02, the offset frame of phone maps in China: for navigation links, never for what is stored or joined."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]

# The frame is defined on the ellipsoid of 1940 whatever the datum of the coordinates put in.
_SEMI_MAJOR_M = 6378245.0
_ECCENTRICITY_SQUARED = 0.00669342162296594323
_ORIGIN_LON_LAT = (105.0, 35.0)
_CHINA_LON_LAT = (72.004, 137.8347, 0.8293, 55.8271)
# The offset changes by some 1e-4 of the way; each round gains four digits, so five are beyond a double.
_ROUNDS = 5


def wgs84_to_gcj02(lon: ArrayLike, lat: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Bring WGS 84 (or CGCS2000) to GCJ-02.

    Parameters
    ----------
    lon, lat
        Degrees, of any common shape. Outside the box around China they come back as they are.

    Returns
    -------
    tuple of ndarray
        Longitude and latitude in degrees, float64.

    References
    ----------
    The frame is not published. The formula is the one that became known with the program EvilTransform (2012) and that
    map libraries use since; see Wikipedia, "Restrictions on geographic data in China", section GCJ-02.

    Examples
    --------
    >>> lon, lat = wgs84_to_gcj02(108.32, 22.75)
    >>> f"{lon:.6f} {lat:.6f}"
    '108.323985 22.747210'
    """
    lon, lat = np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64)
    east, north = _offset_deg(lon, lat)
    return lon + east, lat + north


def gcj02_to_wgs84(lon: ArrayLike, lat: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Undo `wgs84_to_gcj02`, to less than 0.1 mm.

    Parameters
    ----------
    lon, lat
        Degrees in GCJ-02, of any common shape.

    Returns
    -------
    tuple of ndarray
        Longitude and latitude in degrees, float64.

    Examples
    --------
    >>> lon, lat = gcj02_to_wgs84(*wgs84_to_gcj02(108.32, 22.75))
    >>> f"{lon:.9f} {lat:.9f}"
    '108.320000000 22.750000000'
    """
    lon, lat = np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64)
    true_lon, true_lat = lon, lat
    for _ in range(_ROUNDS):
        east, north = _offset_deg(true_lon, true_lat)
        true_lon, true_lat = lon - east, lat - north
    return true_lon, true_lat


def _offset_deg(lon: FloatArray, lat: FloatArray) -> tuple[FloatArray, FloatArray]:
    x, y = lon - _ORIGIN_LON_LAT[0], lat - _ORIGIN_LON_LAT[1]
    root = np.sqrt(np.abs(x))
    shared = (20 * np.sin(6 * np.pi * x) + 20 * np.sin(2 * np.pi * x)) * 2 / 3
    north_m = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root + shared
    north_m += (20 * np.sin(np.pi * y) + 40 * np.sin(np.pi / 3 * y)) * 2 / 3
    north_m += (160 * np.sin(np.pi / 12 * y) + 320 * np.sin(np.pi / 30 * y)) * 2 / 3
    east_m = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root + shared
    east_m += (20 * np.sin(np.pi * x) + 40 * np.sin(np.pi / 3 * x)) * 2 / 3
    east_m += (150 * np.sin(np.pi / 12 * x) + 300 * np.sin(np.pi / 30 * x)) * 2 / 3

    phi = np.radians(lat)
    w_squared = 1 - _ECCENTRICITY_SQUARED * np.sin(phi) ** 2
    meridian_m = _SEMI_MAJOR_M * (1 - _ECCENTRICITY_SQUARED) / w_squared**1.5
    parallel_m = _SEMI_MAJOR_M / np.sqrt(w_squared) * np.cos(phi)
    west, east, south, north = _CHINA_LON_LAT
    inside = (lon >= west) & (lon <= east) & (lat >= south) & (lat <= north)
    return np.where(inside, np.degrees(east_m / parallel_m), 0.0), np.where(
        inside, np.degrees(north_m / meridian_m), 0.0
    )
