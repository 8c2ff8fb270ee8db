"""From objects in pixels to findings on the ground."""

import math
from collections.abc import Sequence
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pyproj
import shapely

from rs_governance.detect.findings import FINDINGS, LandClass
from rs_governance.detect.model import VISIBLE_ROLES, SpectralModel
from rs_governance.detect.objects import ChangeObjects
from rs_governance.scenes import AlignedPair, PixelGrid
from rs_kernels import Rings

FloatArray = npt.NDArray[np.float64]

# Indices above which a mean colour is called by a name; between them it stays bare or built.
_GREEN_NDVI = 0.30
_GREEN_EXCESS = 0.06
_WATER_NDWI = 0.10
# Share of the scene's mean brightness below which a place is dark: shadow, asphalt, water without infrared.
_DARK = 0.45


def describe(objects: ChangeObjects, pair: AlignedPair, model: SpectralModel, *, detector: str) -> gpd.GeoDataFrame:
    """Give objects an outline, an area and their numbers.

    Parameters
    ----------
    objects
        Of the whole pair.
    pair
        The pair they were found in.
    model
        Model of the pair.
    detector
        Name of the detector.

    Returns
    -------
    GeoDataFrame
        Declared findings, one row an object, in the pair's CRS.
    """
    rings = without_small_holes(objects.rings, model.parameters.smallest_m2 / model.pixel_m2)
    outlines = _outlines(rings, pair.grid, model.parameters.simplify_px)
    area, perimeter = _geodesic(outlines, pair.grid.crs)
    length, width = _sides(outlines, pair.grid)
    before = _indices(objects.before, pair.roles)
    after = _indices(objects.after, pair.roles)
    count = len(outlines)
    values: dict[str, Sequence[Any] | npt.NDArray[Any]] = {
        "finding_id": [f"f{number:06d}" for number in range(1, count + 1)],
        "area_m2": area,
        "perimeter_m": perimeter,
        "score": objects.score,
        "score_max": objects.score_max,
        "mad": objects.mad,
        "before_on": [pair.before.acquired_on] * count,
        "after_on": [pair.after.acquired_on] * count,
        "before_image": [pair.before.image_id] * count,
        "after_image": [pair.after.image_id] * count,
        "before_class": land_classes(before, typical=model.brightness[0]),
        "after_class": land_classes(after, typical=model.brightness[1]),
        "kind": [None] * count,
        "ndvi_before": before["ndvi"],
        "ndvi_after": after["ndvi"],
        "brightness_before": before["brightness"],
        "brightness_after": after["brightness"],
        "ndwi_before": before["ndwi"],
        "ndwi_after": after["ndwi"],
        "length_m": length,
        "width_m": width,
        "compactness": np.clip(4 * math.pi * area / np.square(np.maximum(perimeter, 1e-9)), 0.0, 1.0),
        "pixels": objects.pixels,
        "observed_share": objects.observed_share,
        "detector": [detector] * count,
    }
    return FINDINGS.make(values, outlines, pair.grid.crs)


def without_small_holes(rings: Rings, smallest_px: float) -> Rings:
    """Fill the holes that are too small to be findings themselves.

    Parameters
    ----------
    rings
        Outlines, the exterior of each object before its holes.
    smallest_px
        Area in pixels from which on a hole stays.
    """
    x, y = rings.coordinates[:, 0], rings.coordinates[:, 1]
    cross = np.append(x[:-1] * y[1:] - x[1:] * y[:-1], 0.0)
    # The step from the end of one ring to the start of the next belongs to neither.
    cross[rings.ring_offsets[1:-1] - 1] = 0.0
    areas = np.abs(np.add.reduceat(cross, rings.ring_offsets[:-1])) / 2 if len(cross) else np.zeros(0)
    kept = areas >= smallest_px
    kept[rings.object_offsets[:-1]] = True
    vertices = np.diff(rings.ring_offsets)
    before = np.concatenate([[0], np.cumsum(kept)])
    return Rings(
        coordinates=rings.coordinates[np.repeat(kept, vertices)],
        ring_offsets=np.concatenate([[0], np.cumsum(vertices[kept])]),
        object_offsets=before[rings.object_offsets],
        ids=rings.ids,
    )


def _outlines(rings: Rings, grid: PixelGrid, tolerance_px: float) -> npt.NDArray[np.object_]:
    """Simplify in pixels, where the tolerance has one meaning in every CRS, then put on the ground."""
    outlines = shapely.from_ragged_array(shapely.GeometryType.POLYGON, rings.coordinates, rings.offsets)
    simple = shapely.simplify(outlines, tolerance_px, preserve_topology=True)
    # Simplified rings of one polygon may cross each other; then the exact outline is kept.
    sound = shapely.is_valid(simple) & ~shapely.is_empty(simple)
    chosen = np.where(sound, simple, outlines)
    t = grid.transform

    def to_ground(pixels: FloatArray) -> FloatArray:
        col, row = pixels[:, 0], pixels[:, 1]
        return np.stack([t.a * col + t.b * row + t.c, t.d * col + t.e * row + t.f], axis=1)

    grounded: npt.NDArray[np.object_] = shapely.transform(chosen, to_ground)
    broken = ~shapely.is_valid(grounded)
    if broken.any():
        grounded[broken] = [_polygonal(shapely.make_valid(outline)) for outline in grounded[broken]]
    return grounded


def _polygonal(geometry: shapely.Geometry) -> shapely.Geometry:
    """Drop points and lines from what `make_valid` returns."""
    polygons = [part for part in shapely.get_parts(geometry) if part.geom_type in {"Polygon", "MultiPolygon"}]
    return shapely.union_all(polygons)


def _geodesic(outlines: npt.NDArray[np.object_], crs: pyproj.CRS | None) -> tuple[FloatArray, FloatArray]:
    """Areas and perimeters on the ellipsoid of the CRS; in the plane where there is no CRS.

    References
    ----------
    Karney, C. F. F. (2013). Algorithms for geodesics. Journal of Geodesy 87, 43-55.
    """
    geod = None if crs is None else crs.get_geod()
    if crs is None or geod is None or crs.geodetic_crs is None:
        return shapely.area(outlines), shapely.length(outlines)
    to_lonlat = pyproj.Transformer.from_crs(crs, crs.geodetic_crs, always_xy=True)
    lonlat = shapely.transform(outlines, lambda xy: np.stack(to_lonlat.transform(xy[:, 0], xy[:, 1]), axis=1))
    measured = [geod.geometry_area_perimeter(shapely.orient_polygons(outline)) for outline in lonlat]
    area, perimeter = np.array(measured, dtype=np.float64).reshape(-1, 2).T
    return np.abs(area), perimeter


def _sides(outlines: npt.NDArray[np.object_], grid: PixelGrid) -> tuple[FloatArray, FloatArray]:
    """Long and short side of the smallest rotated rectangle, in metres."""
    (y_m, x_m), (y_unit, x_unit) = grid.pixel_size_m, grid.pixel_size
    scaled = shapely.transform(outlines, lambda xy: xy * (x_m / x_unit, y_m / y_unit))
    corners = shapely.get_coordinates(shapely.minimum_rotated_rectangle(scaled)).reshape(-1, 5, 2)
    sides = np.hypot(*np.moveaxis(np.diff(corners[:, :3], axis=1), -1, 0))
    return sides.max(axis=1, initial=0.0), sides.min(axis=1, initial=np.inf) if len(sides) else np.zeros(0)


def _indices(means: FloatArray, roles: tuple[str, ...]) -> dict[str, FloatArray]:
    """Spectral indices of mean colours; NaN where a band is missing.

    References
    ----------
    NDVI: Tucker, C. J. (1979), Remote Sensing of Environment 8, 127-150. NDWI: McFeeters, S. K. (1996), International
    Journal of Remote Sensing 17, 1425-1432. Excess green: Woebbecke, D. M. et al. (1995), Transactions of the ASAE 38,
    259-269.
    """
    bands = dict(zip(roles, means, strict=True))
    missing = np.full(means.shape[1], np.nan)
    visible = [bands[role] for role in VISIBLE_ROLES if role in bands]
    total = sum(visible, np.zeros(means.shape[1])) if len(visible) == 3 else missing
    excess = (
        np.divide(2 * bands["green"] - bands["red"] - bands["blue"], total, out=np.zeros_like(total), where=total > 0)
        if len(visible) == 3
        else missing
    )
    return {
        "ndvi": _difference(bands, "nir", "red", missing),
        "ndwi": _difference(bands, "green", "nir", missing),
        "excess": excess,
        "brightness": np.mean(visible or list(means), axis=0),
    }


def _difference(bands: dict[str, FloatArray], one: str, other: str, missing: FloatArray) -> FloatArray:
    if one not in bands or other not in bands:
        return missing
    total = bands[one] + bands[other]
    return np.clip(np.divide(bands[one] - bands[other], total, out=np.zeros_like(total), where=total > 0), -1.0, 1.0)


def land_classes(indices: dict[str, FloatArray], *, typical: float) -> list[LandClass]:
    """Name what the indices say of each object.

    Parameters
    ----------
    indices
        `ndvi`, `ndwi`, `excess` and `brightness`, (n,) each, NaN where a band is missing.
    typical
        Brightness of the scene.

    Returns
    -------
    list of str
        `other` where no index can be had.

    Examples
    --------
    >>> none = np.full(4, np.nan)
    >>> land_classes({"ndvi": np.array([0.6, 0.1, -0.4, 0.1]), "ndwi": np.array([-0.5, -0.2, 0.5, -0.1]), "excess": none,
    ...               "brightness": np.array([900.0, 1200.0, 300.0, 200.0])}, typical=1000.0)
    ['vegetation', 'bare_or_built', 'water', 'dark']
    """
    ndvi, ndwi, excess = (indices[name] for name in ("ndvi", "ndwi", "excess"))
    rules: list[tuple[LandClass, npt.NDArray[np.bool_]]] = [
        ("water", np.nan_to_num(ndwi, nan=-1.0) >= _WATER_NDWI),
        ("vegetation", np.where(np.isnan(ndvi), excess >= _GREEN_EXCESS, ndvi >= _GREEN_NDVI)),
        ("dark", indices["brightness"] < _DARK * typical),
        ("other", np.isnan(ndvi) & np.isnan(ndwi) & np.isnan(excess)),
    ]
    names: list[LandClass] = ["bare_or_built"] * len(ndvi)
    for index in range(len(names)):
        names[index] = next((name for name, holds in rules if holds[index]), "bare_or_built")
    return names
