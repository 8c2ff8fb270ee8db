"""Which part of each unit could be observed, and on which days."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from shapely.geometry.base import BaseGeometry

from rs_governance.grids.carriers import Units
from rs_governance.grids.ellipsoid import geodesic_area_m2


@dataclass(frozen=True, kw_only=True)
class SeenPart:
    """Ground that was compared between two days."""

    before_on: date
    """Day of the earlier image."""
    after_on: date
    """Day of the later image."""
    area: BaseGeometry
    """Where, in the CRS of the units; parts do not overlap."""


def cover_units(units: Units, parts: Sequence[SeenPart]) -> gpd.GeoDataFrame:
    """Measure how much of each unit was compared.

    Parameters
    ----------
    units
        Units of all levels.
    parts
        What was compared; parts that do not overlap.

    Returns
    -------
    GeoDataFrame
        One row a unit, in their order: level, code, name, area_m2, observed_m2, observed_share (0..1), before_on_min,
        before_on_max, after_on_min, after_on_max (missing where nothing was observed), geometry. Areas are geodesic.
    """
    frame = units.frame
    outlines = frame.geometry.to_numpy()
    crs = frame.crs
    whole = geodesic_area_m2(outlines, crs)
    seen = np.zeros((len(parts), len(outlines)))
    for number, part in enumerate(parts):
        shapely.prepare(part.area)
        full = shapely.covers(part.area, outlines)
        cut = ~full & shapely.intersects(part.area, outlines)
        seen[number, full] = whole[full]
        seen[number, cut] = geodesic_area_m2(shapely.intersection(outlines[cut], part.area), crs)
    observed = np.minimum(seen.sum(axis=0), whole)
    return gpd.GeoDataFrame(
        {
            "level": frame["level"].to_numpy(),
            "code": frame["code"].to_numpy(),
            "name": frame["name"].to_numpy(),
            "area_m2": whole,
            "observed_m2": observed,
            "observed_share": np.divide(observed, whole, out=np.zeros_like(whole), where=whole > 0),
            "before_on_min": _outermost(parts, seen, "before_on", first=True),
            "before_on_max": _outermost(parts, seen, "before_on", first=False),
            "after_on_min": _outermost(parts, seen, "after_on", first=True),
            "after_on_max": _outermost(parts, seen, "after_on", first=False),
        },
        geometry=outlines,
        crs=crs,
    )


def _outermost(
    parts: Sequence[SeenPart], seen: np.ndarray[tuple[int, int], np.dtype[np.float64]], day: str, *, first: bool
) -> pd.Series:
    """Return the first or last day of the parts that meet each unit."""
    numbers = np.array([getattr(part, day).toordinal() for part in parts], np.int64).reshape(-1, 1)
    never = date.max.toordinal() if first else 0
    met = np.where(seen > 0, numbers, never)
    chosen = met.min(axis=0, initial=never) if first else met.max(axis=0, initial=never)
    days = [None if number == never else date.fromordinal(int(number)) for number in chosen]
    return pd.Series(pd.to_datetime(pd.Series(days, dtype=object))).astype("datetime64[ms]")
