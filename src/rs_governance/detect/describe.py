"""From objects in pixels to findings on the ground."""

import math
from collections.abc import Sequence
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pyproj
import shapely
from shapely import affinity

from rs_governance.detect.classes import land_classes
from rs_governance.detect.findings import FINDINGS, LandClass
from rs_governance.detect.model import VISIBLE_ROLES, SpectralModel, normalised
from rs_governance.detect.objects import ChangeObjects, root_mean_square
from rs_governance.scenes import AlignedPair, PixelGrid
from rs_kernels import Rings

FloatArray = npt.NDArray[np.float64]

# Objects of fewer pixels keep their area: smoothing takes half a pixel off each, and simplifying more than that.
_FEW_PX = 64
# Spread in contrasts below which a place counts as even: its grain would be noise over noise.
_LEAST_SPREAD = 0.05


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
    outlines, area, perimeter = _outlines(rings, pair.grid, model)
    length, width = _sides(outlines, pair.grid)
    before = _indices(objects.before, pair.roles)
    after = _indices(objects.after, pair.roles)
    contrast_before, contrast_after, beside_change = _contrasts(objects, model)
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
        "before_class": _classes(before, model, 0),
        "after_class": _classes(after, model, 1),
        "kind": [None] * count,
        "ndvi_before": before["ndvi"],
        "ndvi_after": after["ndvi"],
        "brightness_before": before["brightness"],
        "brightness_after": after["brightness"],
        "ndwi_before": before["ndwi"],
        "ndwi_after": after["ndwi"],
        "redness_before": before["redness"],
        "redness_after": after["redness"],
        "contrast_before": contrast_before,
        "contrast_after": contrast_after,
        "contrast_gain": contrast_after - contrast_before,
        "beside_change": beside_change,
        "texture_before": objects.texture[0],
        "texture_after": objects.texture[1],
        "spread_before": objects.spread[0],
        "spread_after": objects.spread[1],
        "grain_before": _grain(objects, 0),
        "grain_after": _grain(objects, 1),
        "length_m": length,
        "width_m": width,
        "compactness": np.clip(4 * math.pi * area / np.square(np.maximum(perimeter, 1e-9)), 0.0, 1.0),
        "rectangularity": np.clip(
            np.divide(area, length * width, out=np.zeros(count), where=length * width > 0), 0.0, 1.0
        ),
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


def _outlines(
    rings: Rings, grid: PixelGrid, model: SpectralModel
) -> tuple[npt.NDArray[np.object_], FloatArray, FloatArray]:
    """Return outlines on the ground with their areas and perimeters.

    Those of few pixels, and those that simplifying would leave with less ground than the smallest object may have,
    are not simplified but scaled to the ground of their pixels.
    """
    smooth = shapely.from_ragged_array(shapely.GeometryType.POLYGON, rings.coordinates, rings.offsets)
    # Smoothing takes half a pixel from what each ring encloses.
    whole_px = shapely.area(smooth) + 0.5 - 0.5 * shapely.get_num_interior_rings(smooth)
    outlines = _on_ground(_simplified(smooth, model.parameters.simplify_px), grid)
    area, perimeter = _geodesic(outlines, grid.crs)
    exact = np.flatnonzero((whole_px < _FEW_PX) | (area < model.parameters.smallest_m2))
    if exact.size:
        placed = _on_ground(smooth[exact], grid)
        factors = np.sqrt(whole_px[exact] * model.pixel_m2 / _geodesic(placed, grid.crs)[0])
        outlines[exact] = [
            affinity.scale(outline, factor, factor, origin="centroid")
            for outline, factor in zip(placed, factors, strict=True)
        ]
        area[exact], perimeter[exact] = _geodesic(outlines[exact], grid.crs)
    return outlines, area, perimeter


def _simplified(outlines: npt.NDArray[np.object_], tolerance_px: float) -> npt.NDArray[np.object_]:
    """Simplify in pixels, where the tolerance has one meaning in every CRS."""
    simple = shapely.simplify(outlines, tolerance_px, preserve_topology=True)
    # Simplified rings of one polygon may cross each other; then the exact outline is kept.
    sound = shapely.is_valid(simple) & ~shapely.is_empty(simple)
    return np.where(sound, simple, outlines)


def _on_ground(outlines: npt.NDArray[np.object_], grid: PixelGrid) -> npt.NDArray[np.object_]:
    """Put outlines in pixels (col, row) on the ground."""
    t = grid.transform

    def to_ground(pixels: FloatArray) -> FloatArray:
        col, row = pixels[:, 0], pixels[:, 1]
        return np.stack([t.a * col + t.b * row + t.c, t.d * col + t.e * row + t.f], axis=1)

    grounded: npt.NDArray[np.object_] = shapely.transform(outlines, to_ground)
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
    excess = missing
    if len(visible) == len(VISIBLE_ROLES):
        excess = normalised(2 * bands["green"] - bands["red"] - bands["blue"], sum(visible, np.zeros(means.shape[1])))
    return {
        "ndvi": _difference(bands, "nir", "red", missing),
        "ndwi": _difference(bands, "green", "nir", missing),
        "redness": _difference(bands, "red", "blue", missing),
        "excess": excess,
        "red": bands.get("red", missing),
        "infrared": bands.get("nir", missing),
        "brightness": np.mean(visible or list(means), axis=0),
    }


def _difference(bands: dict[str, FloatArray], one: str, other: str, missing: FloatArray) -> FloatArray:
    if one not in bands or other not in bands:
        return missing
    return normalised(bands[one] - bands[other], bands[one] + bands[other])


def _contrasts(objects: ChangeObjects, model: SpectralModel) -> tuple[FloatArray, FloatArray, FloatArray]:
    """How far objects differ from what lies beside them, before and after, and how much that changed itself.

    Root mean squares over the compared bands, in contrasts of the scene; NaN where nothing lies beside an object.
    """
    bands, standard = list(model.bands), model.standard
    gain, offset, weight = (factor[:, np.newaxis] for factor in (standard.gain, standard.offset, standard.weight))
    before, beside_before = objects.before[bands], objects.beside_before[bands]
    after, beside_after = (gain * image[bands] + offset for image in (objects.after, objects.beside_after))
    return (
        root_mean_square((before - beside_before) * weight),
        root_mean_square((after - beside_after) * weight),
        root_mean_square((beside_after - beside_before) * weight),
    )


def _grain(objects: ChangeObjects, date: int) -> FloatArray:
    """Texture over spread: how fine the pattern inside is."""
    grain: FloatArray = objects.texture[date] / np.maximum(objects.spread[date], _LEAST_SPREAD)
    return grain


def _classes(indices: dict[str, FloatArray], model: SpectralModel, date: int) -> list[LandClass]:
    return land_classes(
        indices,
        typical=model.brightness[date],
        infrared=model.infrared[date],
        lush=model.lush[date],
        raw=model.raw[date],
    )
