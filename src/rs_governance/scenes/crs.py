"""Coordinate systems that are refused, and coordinates that contradict their system."""

import math
import re
from dataclasses import dataclass
from pathlib import Path

import pyproj
from affine import Affine
from pyproj.crs import BoundCRS
from pyproj.crs.coordinate_operation import ToWGS84Transformation
from pyproj.exceptions import ProjError

from rs_governance.errors import CrsRefused, UsageError

_OLD_DATUMS = {4214: "Beijing 1954", 4610: "Xian 1980", 4555: "New Beijing"}
_OLD_NAMES = re.compile(r"beijing|xi'?an|北京|西安", re.IGNORECASE)
# Ellipsoids of Beijing 54 and Xian 80: a datum that names nothing but one of these is one of those.
_OLD_SEMI_MAJOR_M = (6378245.0, 6378140.0)
_CGCS2000 = 4490
_METRES_PER_DEGREE = 111_320.0
_PIXEL_LIMITS_M = (0.005, 5000.0)
# Beyond its area of use a CRS still serves the neighbours; data further out carry a wrong CRS.
_AREA_MARGIN_DEG = 5.0
# 1,000 km from the central meridian; zones end at 340 km.
_ZONE_REACH_M = 1_000_000.0
_LARGEST_NORTHING_M = 10_002_000.0


@dataclass(frozen=True, kw_only=True)
class Remedies:
    """What a message tells a person to do about the coordinates of one kind of file."""

    assign: str
    """How another CRS is assigned."""
    swap: str
    """How swapped axes are put right."""
    parameters: str
    """How the seven parameters are given."""


RASTER = Remedies(
    assign="gdal_edit -a_srs",
    swap="write the corners anew (gdal_edit -a_ullr left top right bottom)",
    parameters="--towgs84-before, --towgs84-after: dx,dy,dz,rx,ry,rz,ds",
)
"""For images on the command line."""


def read_crs(
    wkt: str, path: Path, *, towgs84: tuple[float, ...] | None = None, remedies: Remedies = RASTER
) -> pyproj.CRS:
    """Return a file's horizontal CRS after checking its datum.

    PROJ brings Beijing 54 and Xian 80 to CGCS2000 or WGS 84 by doing nothing, which is wrong by up to 150 m. So
    they are refused by datum, whatever the projection, unless the seven parameters are known.

    Parameters
    ----------
    wkt
        The CRS as WKT or in any other form that PROJ reads.
    path
        The file, for messages.
    towgs84
        Seven parameters, used where the datum is one of these and passed over elsewhere.
    remedies
        What messages advise.

    Raises
    ------
    CrsRefused
        If the datum needs parameters, or the CRS is not one of places on the Earth.
    UsageError
        If the parameters are not seven finite numbers.
    """
    try:
        crs = pyproj.CRS.from_user_input(wkt)
        if crs.is_compound:
            crs = crs.sub_crs_list[0]
    except ProjError as error:
        raise CrsRefused(f"'{path}' has a CRS that PROJ cannot read; assign it anew ({remedies.assign}).") from error
    base = crs.geodetic_crs
    if base is None or not (crs.is_projected or crs.is_geographic):
        raise CrsRefused(
            f"'{path}' is in the CRS '{crs.name}', which is not tied to the Earth; assign the real one, for "
            f"example EPSG:4545 ({remedies.assign})."
        )
    old = _old_datum(base)
    if old is None or _carries_parameters(crs):
        return crs
    if towgs84 is None:
        raise CrsRefused(
            f"'{path}' is in '{crs.name}', datum {old}, which cannot be brought to CGCS2000 or WGS 84 without the seven "
            f"local parameters; give them ({remedies.parameters}) or the same data in CGCS2000."
        )
    if len(towgs84) != 7 or not all(math.isfinite(value) for value in towgs84):
        raise UsageError(f"Seven finite parameters to WGS 84 were expected (dx,dy,dz,rx,ry,rz,ds), got {towgs84}.")
    source = crs.source_crs if crs.is_bound and crs.source_crs is not None else crs
    return BoundCRS(source_crs=source, target_crs="EPSG:4326", transformation=ToWGS84Transformation(base, *towgs84))


def check_placement(crs: pyproj.CRS, transform: Affine, height: int, width: int, path: Path) -> None:
    """Check that an image's coordinates are possible in its CRS.

    Raises
    ------
    CrsRefused
        If the transform is absurd, the axes are swapped, the easting has a zone number where the CRS has none (or
        the reverse), or the image lies far outside the area the CRS is made for.
    """
    numbers = tuple(transform)[:6]
    if not all(math.isfinite(value) for value in numbers) or transform.determinant == 0:
        raise CrsRefused(
            f"'{path}' has an impossible transform {numbers}: pixels must have a finite size above zero; assign it "
            "anew (gdal_edit -a_ullr)."
        )
    unit_m = _METRES_PER_DEGREE if crs.is_geographic else crs.axis_info[0].unit_conversion_factor
    smallest, largest = _PIXEL_LIMITS_M
    for size in (math.hypot(transform.b, transform.e), math.hypot(transform.a, transform.d)):
        if not smallest <= size * unit_m <= largest:
            raise CrsRefused(
                f"'{path}' has pixels of {size:g} {crs.axis_info[0].unit_name} in {describe(crs)}, expected "
                f"{smallest:g} m to {largest:g} m on the ground; the CRS or the transform is wrong (gdal_edit)."
            )
    for col, row in ((width / 2, height / 2), (0, 0), (width, 0), (0, height), (width, height)):
        x, y = transform @ (col, row)
        if not _is_possible(crs, x, y):
            raise CrsRefused(
                f"'{path}' cannot lie at x={x:.10g}, y={y:.10g} in {describe(crs)}: {_reason(crs, x, y, RASTER)}"
            )


def misplacement(crs: pyproj.CRS, x: float, y: float, remedies: Remedies) -> str | None:
    """Return why a CRS cannot have a point at x, y and what to do; None where it can."""
    return None if _is_possible(crs, x, y) else _reason(crs, x, y, remedies)


def transformer(source: pyproj.CRS, target: pyproj.CRS) -> pyproj.Transformer:
    """Return the way from one CRS to another, x first, by the seven parameters where one of them has any.

    PROJ leaves the parameters out, in silence, unless the other CRS has the very datum that they were declared to lead
    to: given to WGS 84, they are not used towards CGCS2000, and the result is some 50 m off. Both datums are the same
    to a decimetre and the parameters of a district are good for either, so they are declared anew for the one at hand.
    """
    return pyproj.Transformer.from_crs(_leading_to(source, target), _leading_to(target, source), always_xy=True)


def _leading_to(crs: pyproj.CRS, other: pyproj.CRS) -> pyproj.CRS:
    base = other.geodetic_crs
    if not crs.is_bound or other.is_bound or base is None or base == crs.geodetic_crs:
        return crs
    return BoundCRS(source_crs=crs.source_crs, target_crs=base, transformation=crs.coordinate_operation)


def describe(crs: pyproj.CRS) -> str:
    """Return a CRS's EPSG code and name.

    >>> describe(pyproj.CRS.from_epsg(4545))
    'EPSG:4545 (CGCS2000 / 3-degree Gauss-Kruger CM 108E)'
    """
    code = crs.to_epsg()
    return f"EPSG:{code} ({crs.name})" if code else f"'{crs.name}'"


def _old_datum(base: pyproj.CRS) -> str | None:
    code = base.to_epsg()
    if code in _OLD_DATUMS:
        return _OLD_DATUMS[code]
    name = base.datum.name if base.datum is not None else base.name
    if _OLD_NAMES.search(name) or _OLD_NAMES.search(base.name):
        return name
    unnamed = re.match(r"unknown|unnamed|not[ _]specified|custom|d_unknown", name, re.IGNORECASE)
    if unnamed and base.ellipsoid is not None and base.ellipsoid.semi_major_metre in _OLD_SEMI_MAJOR_M:
        return f"unnamed on the ellipsoid {base.ellipsoid.name}"
    return None


def _carries_parameters(crs: pyproj.CRS) -> bool:
    operation = crs.coordinate_operation if crs.is_bound else None
    return operation is not None and any(operation.towgs84)


def _is_possible(crs: pyproj.CRS, x: float, y: float) -> bool:
    zone = _TransverseMercator.of(crs)
    if zone is not None:
        return abs(x - zone.false_easting_m) <= _ZONE_REACH_M and abs(y - zone.false_northing_m) <= _LARGEST_NORTHING_M
    base = crs.geodetic_crs
    if crs.is_geographic or base is None:
        lon, lat = x, y
    else:
        there = pyproj.Transformer.from_crs(crs, base, always_xy=True)
        lon, lat = there.transform(x, y)
        back = there.transform(lon, lat, direction="INVERSE") if math.isfinite(lon) else (math.inf, math.inf)
        if not all(math.isclose(a, b, rel_tol=1e-6, abs_tol=10) for a, b in zip(back, (x, y), strict=True)):
            return False
    if not (-180 <= lon <= 360 and -90 <= lat <= 90):
        return False
    area = crs.area_of_use
    if area is None:
        return True
    margin = _AREA_MARGIN_DEG
    east = area.east + 360 if area.east < area.west else area.east
    return area.south - margin <= lat <= area.north + margin and any(
        area.west - margin <= lon + turn <= east + margin for turn in (-360, 0, 360)
    )


def _reason(crs: pyproj.CRS, x: float, y: float, remedies: Remedies) -> str:
    zone = _TransverseMercator.of(crs)
    mix_up = zone.mix_up(x, remedies) if zone else None
    if mix_up:
        return mix_up
    swapped_mix_up = zone.mix_up(y, remedies) if zone else None
    if swapped_mix_up or _is_possible(crs, y, x):
        first, second = ("longitude", "latitude") if crs.is_geographic else ("easting", "northing")
        more = f" Then {swapped_mix_up}" if swapped_mix_up else ""
        return f"the axes are swapped, {first} must be x and {second} y; {remedies.swap}.{more}"
    if crs.is_geographic and max(abs(x), abs(y)) > 360:
        return f"these are metres, not degrees; assign the projected CRS that they belong to ({remedies.assign})."
    return f"that is far outside the area of this CRS; assign the one the data were made in ({remedies.assign})."


class _TransverseMercator:
    """A Gauss-Krüger or UTM zone in metres."""

    def __init__(
        self, *, false_easting_m: float, false_northing_m: float, meridian_deg: float, is_cgcs2000: bool
    ) -> None:
        self.false_easting_m = false_easting_m
        self.false_northing_m = false_northing_m
        self.meridian_deg = meridian_deg
        self.is_cgcs2000 = is_cgcs2000

    @classmethod
    def of(cls, crs: pyproj.CRS) -> "_TransverseMercator | None":
        source = crs.source_crs if crs.is_bound else crs
        operation = source.coordinate_operation if source is not None and source.is_projected else None
        if source is None or operation is None or operation.method_name != "Transverse Mercator":
            return None
        if source.axis_info[0].unit_conversion_factor != 1:
            return None
        values = {parameter.name: parameter.value for parameter in operation.params}
        base = source.geodetic_crs
        return cls(
            false_easting_m=float(values["False easting"]),
            false_northing_m=float(values["False northing"]),
            meridian_deg=float(values["Longitude of natural origin"]),
            is_cgcs2000=base is not None and base.to_epsg() == _CGCS2000,
        )

    def mix_up(self, easting: float, remedies: Remedies) -> str | None:
        """Return what is wrong with an easting whose zone number does not fit the CRS, None if something else is."""
        number = int(easting // 1e6)
        if self.false_easting_m >= 1e6 and 0 < easting < 1e6:
            wanted = self._without_number(remedies.assign)
            return f"the CRS has the zone number {int(self.false_easting_m // 1e6)} in its easting, the data have none; {wanted}"
        if not 13 <= number <= 45 or number == int(self.false_easting_m // 1e6):
            return None
        has = "another" if self.false_easting_m >= 1e6 else "none"
        return f"the easting carries the zone number {number}, the CRS has {has}; {self._with_number(number, remedies.assign)}"

    def _without_number(self, assign: str) -> str:
        zone = round(self.meridian_deg / 3)
        if self.is_cgcs2000 and int(self.false_easting_m // 1e6) == zone and 25 <= zone <= 45:
            return f"assign EPSG:{4534 + zone - 25} ({assign})."
        zone = round((self.meridian_deg + 3) / 6)
        if self.is_cgcs2000 and 13 <= zone <= 23:
            return f"assign EPSG:{4502 + zone - 13} ({assign})."
        return f"assign the CRS of the same central meridian with false easting 500000 ({assign})."

    def _with_number(self, number: int, assign: str) -> str:
        if self.is_cgcs2000 and number >= 25:
            return f"assign EPSG:{4513 + number - 25} ({assign})."
        if self.is_cgcs2000 and number <= 23:
            return f"assign EPSG:{4491 + number - 13} ({assign})."
        return f"assign the CRS with false easting {number}500000 ({assign})."


def lonlat_extent(bounds_lonlat: tuple[float, float, float, float]) -> str:
    """Return an extent in words, longitudes first.

    >>> lonlat_extent((108.1, 22.5, 108.4, 22.75))
    '108.1000..108.4000 E, 22.5000..22.7500 N'
    """
    west, south, east, north = bounds_lonlat
    return f"{west:.4f}..{east:.4f} E, {south:.4f}..{north:.4f} N"
