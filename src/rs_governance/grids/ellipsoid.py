"""Areas on the ellipsoid, of many outlines at once."""

import numpy as np
import pyproj
import shapely
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]


def geodesic_area_m2(outlines: ArrayLike, crs: pyproj.CRS) -> FloatArray:
    """Measure outlines on the ellipsoid of their CRS.

    The ellipsoid is mapped to the sphere of equal area; there the ground between an edge and the equator has a closed
    form, and a ring is the sum over its edges. Edges are great circles of that sphere: between vertices 1 km apart they
    leave the geodesic of the ellipsoid by less than 0.1 mm.

    Parameters
    ----------
    outlines
        (n,) polygons and multipolygons, valid; anything else has no area.
    crs
        Projected or geographic CRS of the coordinates, x before y.

    Returns
    -------
    ndarray
        (n,) areas in m².

    References
    ----------
    Snyder, J. P. (1987). Map Projections: A Working Manual. USGS Professional Paper 1395, pages 16-17 (authalic
    latitude). Karney, C. F. F. (2013). Algorithms for geodesics. Journal of Geodesy 87, 43-55, section 6 (area).

    Examples
    --------
    >>> square = shapely.box(500_000, 2_500_000, 500_100, 2_500_100)  # on the central meridian, scale 1
    >>> geodesic_area_m2([square], pyproj.CRS.from_epsg(4545)).round(3)
    array([10000.])
    """
    outlines = np.asarray(outlines, dtype=object)
    parts, owners = shapely.get_parts(outlines, return_index=True)
    polygons = shapely.get_type_id(parts) == shapely.GeometryType.POLYGON
    rings, ring_owners = shapely.get_rings(parts[polygons], return_index=True)
    if not len(rings):
        return np.zeros(len(outlines))
    # The first ring of a polygon is its outer one, the others are holes, whichever way they turn.
    is_outer = np.diff(ring_owners, prepend=-1) != 0
    areas = np.where(is_outer, 1.0, -1.0) * _ring_areas_m2(rings, crs)
    sums = np.bincount(owners[polygons][ring_owners], weights=areas, minlength=len(outlines))
    return sums.astype(np.float64)


def _ring_areas_m2(rings: NDArray[np.object_], crs: pyproj.CRS) -> FloatArray:
    xy, owners = shapely.get_coordinates(rings, return_index=True)
    geodetic, ellipsoid = crs.geodetic_crs, crs.ellipsoid
    if geodetic is None or ellipsoid is None:
        raise ValueError(f"'{crs.name}' has no ellipsoid.")
    lon, lat = xy[:, 0], xy[:, 1]
    if not crs.is_geographic:
        lon, lat = pyproj.Transformer.from_crs(crs, geodetic, always_xy=True).transform(lon, lat)
    semi_major = ellipsoid.semi_major_metre
    eccentricity = np.sqrt(1 - (ellipsoid.semi_minor_metre / semi_major) ** 2)
    radius_squared, half_tangents = _authalic(np.radians(lat), semi_major, eccentricity)
    one, other = half_tangents[:-1], half_tangents[1:]
    turn = np.tan(np.radians(np.diff(lon)) / 2)
    excess = 2 * np.arctan2(turn * (one + other), 1 + one * other)
    excess[np.diff(owners) != 0] = 0.0  # from the last vertex of a ring to the first of the next
    sums = np.bincount(owners[:-1], weights=excess, minlength=len(rings)).astype(np.float64)
    return radius_squared * np.abs(sums)


def _authalic(phi: FloatArray, semi_major: float, eccentricity: float) -> tuple[float, FloatArray]:
    """Squared radius of the sphere of equal area, and tan(β/2) of the latitudes β on it."""

    def q(sine: FloatArray) -> FloatArray:
        if eccentricity == 0:
            return 2 * sine
        parts = sine / (1 - (eccentricity * sine) ** 2) + np.arctanh(eccentricity * sine) / eccentricity
        return (1 - eccentricity**2) * parts

    at_pole = float(q(np.array(1.0)))
    sine = q(np.sin(phi)) / at_pole
    cosine = np.sqrt(np.maximum(0.0, 1 - sine * sine))
    return semi_major**2 * at_pole / 2, sine / (1 + cosine)
