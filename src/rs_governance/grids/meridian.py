"""Whether a district lies in the zone of the CRS that its file names."""

import numpy as np
import pyproj

from rs_governance.errors import CrsRefused
from rs_governance.grids.carriers import Units
from rs_governance.scenes.crs import describe

# Half the width of a zone, in degrees: 3-degree zones say so in their names; all others count as 6 degrees wide.
_NARROW_DEG, _WIDE_DEG = 1.5, 3.0
# A county that two zones share, or a city that keeps all its counties in one zone, is mapped beyond the edge of it:
# some tens of kilometres are usual. Half a degree is about 50 km in the south and 40 km in the north of China.
_OVERLAP_DEG = 0.5


def check_meridian(crs: pyproj.CRS, units: Units) -> None:
    """Check that the middle of a district is near enough to the central meridian of its CRS.

    Every source would be moved to a wrong zone without complaint, so nothing else tells of it.

    Parameters
    ----------
    crs
        CRS that the district's file names.
    units
        Its units.

    Raises
    ------
    CrsRefused
        If the middle lies more than half a zone and half a degree from the central meridian.
    """
    operation = crs.coordinate_operation if crs.is_projected else None
    if operation is None or operation.method_name != "Transverse Mercator" or not len(units.frame):
        return
    values = {parameter.name: float(parameter.value) for parameter in operation.params}
    meridian, easting = values["Longitude of natural origin"], values["False easting"]
    west, south, east, north = units.frame.total_bounds
    there = pyproj.Transformer.from_crs(crs, crs.geodetic_crs, always_xy=True)
    lon, _ = there.transform((west + east) / 2, (south + north) / 2)
    narrow = "3-degree" in crs.name
    half = _NARROW_DEG if narrow else _WIDE_DEG
    if abs(lon - meridian) <= half + _OVERLAP_DEG:
        return
    wanted = _zone_at(lon, narrow=narrow, numbered=easting >= 1e6)
    raise CrsRefused(
        f"[district] crs is {describe(crs)}, whose zone is {meridian - half:g} to {meridian + half:g} E, but the units lie at "
        f"{lon:.2f} E, {abs(lon - meridian):.2f} degrees from its central meridian; the zone there is {wanted}: crs = '{wanted}'. "
        f"(Up to {_OVERLAP_DEG:g} degrees beyond the zone is accepted.)",
        zh=f"[district] crs 为 {describe(crs)}，其分带为东经 {meridian - half:g}° 至 {meridian + half:g}°，而行政区划位于东经 {lon:.2f}°，距中央经线 "
        f"{abs(lon - meridian):.2f}°；该处的分带是 {wanted}，请写 crs = '{wanted}'。（超出分带 {_OVERLAP_DEG:g}° 以内可以接受。）",
    )


def _zone_at(lon: float, *, narrow: bool, numbered: bool) -> str:
    """Return the CGCS2000 zone of a longitude, of the same width and with the number in its easting or not."""
    if narrow:
        zone = int(np.clip(round(lon / 3), 25, 45))
        return f"EPSG:{(4513 if numbered else 4534) + zone - 25}"
    zone = int(np.clip(lon // 6 + 1, 13, 23))
    return f"EPSG:{(4491 if numbered else 4502) + zone - 13}"
