"""Pictures of the ground for a package: before and after of each task, and the map, from what was published."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
import numpy.typing as npt
import pyproj
import rasterio
import rasterio.windows
import shapely
from PIL import Image
from rasterio.enums import Resampling
from rasterio.errors import RasterioError

from rs_governance.errors import UsageError
from rs_governance.field.assignments import FieldTask
from rs_governance.publish.report.chips import chip_grid, tiles_of
from rs_governance.scenes.crs import transformer

Bounds = tuple[float, float, float, float]
"""West, south, east, north on the plane of web maps (EPSG:3857)."""

WEB = pyproj.CRS(3857)
"""Plane of web maps."""

_CONTEXT = 2.2  # ground shown, in sizes of the spot
_SMALLEST_M = 160.0
_PAIR_PX = (240, 560)
_MAP_PX = 1536
_MARGIN_M = 250.0
_AROUND_M = 1400.0
_AROUND_PX = 512
_JPEG_QUALITY = 72
_NODATA: tuple[int, int, int] = (200, 202, 198)


@dataclass(frozen=True, kw_only=True)
class GroundPair:
    """A place before and after."""

    before: Image.Image
    """Earlier picture."""
    after: Image.Image
    """Later picture, of the same size and place."""
    bounds: Bounds
    """What they show."""
    outlined: bool
    """True where the outline is in the pictures already: they were cut from a published chip."""


@dataclass(frozen=True, kw_only=True)
class PlacedPicture:
    """A picture with its place on the map."""

    picture: Image.Image
    """The picture."""
    bounds: Bounds
    """What it shows."""


class PublishedGround:
    """What published issues show of the ground: their scenes, and the chips where a scene is not there.

    Parameters
    ----------
    issues
        Folder with the issues, each in a folder of its name; None where there are none.
    crs
        CRS of the outlines.

    Raises
    ------
    UsageError
        When the folder is not there.
    """

    def __init__(self, issues: Path | None, *, crs: pyproj.CRS) -> None:
        if issues is not None and not issues.is_dir():
            raise UsageError(
                f"'{issues}' is no folder of issues; name the one with 2026-10 and its like in it.",
                zh=f"'{issues}' 不是各期成果的文件夹；请指定其下有 2026-10 等期次的文件夹。",
            )
        self._issues = issues
        self._crs = crs
        self._to_web = transformer(crs, WEB)
        self._open: dict[str, rasterio.DatasetReader] = {}

    @cached_property
    def _scenes(self) -> dict[str, Path]:
        """Scenes by identifier; of several issues the latest."""
        if self._issues is None:
            return {}
        files = sorted(self._issues.glob("*/scenes/*_web.tif"))
        return {file.name.removesuffix("_web.tif"): file for file in files}

    def pair(self, task: FieldTask) -> GroundPair | None:
        """Show a task before and after; None where nothing was published of it."""
        found = self.pair_of(task.outline, task.lat, before=task.before_image, after=task.after_image)
        return self._chip_pair(task) if found is None else found

    def pair_of(
        self, outline: shapely.Geometry, lat: float, *, before: str | None, after: str | None
    ) -> GroundPair | None:
        """Show a place on two scenes; None where one of them is not there or shows nothing of it.

        Parameters
        ----------
        outline
            The place, in the CRS of the outlines.
        lat
            Its latitude.
        before, after
            Identifiers of the scenes.
        """
        west, south, east, north = self._web(outline).bounds
        stretch = 1 / np.cos(np.radians(lat))  # metres of the plane to one on the ground
        side = max(_CONTEXT * max(east - west, north - south), _SMALLEST_M * stretch)
        x, y = (west + east) / 2, (south + north) / 2
        bounds = (x - side / 2, y - side / 2, x + side / 2, y + side / 2)
        pictures = [self._scene_picture(name, bounds) for name in (before, after)]
        if pictures[0] is None or pictures[1] is None:
            return None
        size = max(pictures[0].width, pictures[1].width)
        earlier, later = (self._sized(each, size) for each in pictures if each is not None)
        return GroundPair(before=earlier, after=later, bounds=bounds, outlined=False)

    def scenes_of(self, issue: str) -> tuple[str, ...]:
        """Return the identifiers of the scenes that an issue brought, sorted."""
        if self._issues is None:
            return ()
        files = (self._issues / issue / "scenes").glob("*_web.tif")
        return tuple(sorted(file.name.removesuffix("_web.tif") for file in files))

    def chip(self, task: FieldTask) -> Image.Image | None:
        """Return the published chip of a task, words and all; None where there is none."""
        if self._issues is None or task.issue is None:
            return None
        file = self._issues / task.issue / "chips" / f"{task.spot['spot_no']}.png"
        if not file.is_file():
            return None
        try:
            with Image.open(file) as chip:
                return chip.convert("RGB")
        except OSError as error:
            raise UsageError(
                f"'{file.name}' of issue {task.issue} is no picture: {error}; publish the issue again.",
                zh=f"{task.issue} 期的 '{file.name}' 不是图片（{error}）；请重新发布该期。",
            ) from error

    def overview(self, tasks: Sequence[FieldTask]) -> PlacedPicture | None:
        """Show the whole area of some tasks by the latest scenes; None where there are none."""
        names = sorted({task.after_image for task in tasks if task.after_image in self._scenes})
        if not tasks or not names:
            return None
        west, south, east, north = shapely.total_bounds([self._web(task.outline) for task in tasks])
        margin = _MARGIN_M / np.cos(np.radians(tasks[0].lat))
        bounds = (float(west - margin), float(south - margin), float(east + margin), float(north + margin))
        return self._mosaic(names, bounds, _MAP_PX)

    def around(self, task: FieldTask) -> PlacedPicture | None:
        """Show the way to a task: more ground than the pair, at a coarser scale; None without a scene."""
        if task.after_image not in self._scenes:
            return None
        (x, y), half = self._web(task.outline).centroid.coords[0], _AROUND_M / 2 / np.cos(np.radians(task.lat))
        return self._mosaic([task.after_image], (x - half, y - half, x + half, y + half), _AROUND_PX)

    def web_rings(self, outline: shapely.Geometry) -> list[npt.NDArray[np.float64]]:
        """Return the rings of an outline on the plane of web maps, each (n, 2)."""
        polygons = shapely.get_parts(self._web(outline))
        return [
            shapely.get_coordinates(ring) for polygon in polygons for ring in (polygon.exterior, *polygon.interiors)
        ]

    def _web(self, outline: shapely.Geometry) -> shapely.Geometry:
        return shapely.transform(outline, lambda xy: np.column_stack(self._to_web.transform(xy[:, 0], xy[:, 1])))

    def _chip_pair(self, task: FieldTask) -> GroundPair | None:
        chip = self.chip(task)
        if chip is None or task.published is None:
            return None
        before, after = tiles_of(chip)
        # The chip lies in the district's CRS, turned against the plane by less than a degree: a pixel or two at its rim.
        footprint = chip_grid(task.published, self._crs).footprint
        west, south, east, north = self._web(footprint).bounds
        return GroundPair(before=before, after=after, bounds=(west, south, east, north), outlined=not task.corrected)

    def _scene_picture(self, name: str | None, bounds: Bounds) -> Image.Image | None:
        """Cut a square out of a scene at about the scene's own resolution; None where it shows nothing there."""
        if name is None or name not in self._scenes:
            return None
        dataset = self._dataset(name)
        least, most = _PAIR_PX
        side = int(np.clip(round((bounds[2] - bounds[0]) / dataset.res[0]), least, most))
        return self._cut(name, bounds, (side, side))

    def _mosaic(self, names: Sequence[str], bounds: Bounds, longest_px: int) -> PlacedPicture | None:
        wide, high = bounds[2] - bounds[0], bounds[3] - bounds[1]
        finest = min(self._dataset(name).res[0] for name in names)
        scale = min(longest_px / max(wide, high), 1 / finest)
        size = (max(1, round(wide * scale)), max(1, round(high * scale)))
        sheet, seen = Image.new("RGB", size, _NODATA), False
        for name in names:  # identifiers begin with the date: the later one lies on top
            part = self._cut_masked(name, bounds, size)
            if part is not None:
                sheet.paste(part[0], (0, 0), part[1])
                seen = True
        return PlacedPicture(picture=sheet, bounds=bounds) if seen else None

    def _cut(self, name: str, bounds: Bounds, size: tuple[int, int]) -> Image.Image | None:
        part = self._cut_masked(name, bounds, size)
        if part is None:
            return None
        sheet = Image.new("RGB", size, _NODATA)
        sheet.paste(part[0], (0, 0), part[1])
        return sheet

    def _cut_masked(self, name: str, bounds: Bounds, size: tuple[int, int]) -> tuple[Image.Image, Image.Image] | None:
        dataset = self._dataset(name)
        west, south, east, north = bounds
        grid = dataset.transform
        full = np.array([
            (west - grid.c) / grid.a,
            (north - grid.f) / grid.e,
            (east - grid.c) / grid.a,
            (south - grid.f) / grid.e,
        ])
        inside = np.clip(full, 0, [dataset.width, dataset.height] * 2)
        scale = np.array(size) / (full[2:] - full[:2])  # pixels of the picture to one of the scene
        left, top, right, bottom = np.rint((inside - [*full[:2], *full[:2]]) * [*scale, *scale]).astype(int)
        if right <= left or bottom <= top:
            return None
        window = rasterio.windows.Window(inside[0], inside[1], inside[2] - inside[0], inside[3] - inside[1])
        shape = (bottom - top, right - left)
        try:
            pixels = dataset.read(window=window, out_shape=(3, *shape), resampling=Resampling.bilinear)
            seen = dataset.dataset_mask(window=window, out_shape=shape)
        except RasterioError as error:
            raise _unreadable(name, error) from error
        if not seen.any():
            return None
        picture, mask = Image.new("RGB", size), Image.new("L", size)
        picture.paste(Image.fromarray(np.moveaxis(pixels, 0, 2)), (left, top))
        mask.paste(Image.fromarray(seen), (left, top))
        return picture, mask

    def _dataset(self, name: str) -> rasterio.DatasetReader:
        if name not in self._open:
            try:
                self._open[name] = rasterio.open(self._scenes[name])
            except RasterioError as error:
                raise _unreadable(name, error) from error
        return self._open[name]

    @staticmethod
    def _sized(picture: Image.Image, side: int) -> Image.Image:
        return picture if picture.width == side else picture.resize((side, side), Image.Resampling.BICUBIC)

    def close(self) -> None:
        """Close the scenes."""
        while self._open:
            self._open.popitem()[1].close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _unreadable(name: str, error: Exception) -> UsageError:
    return UsageError(
        f"Scene '{name}' cannot be read: {error}; publish its issue again.",
        zh=f"影像 '{name}' 读不出来（{error}）；请重新发布其所在的一期。",
    )


def jpeg(picture: Image.Image, *, quality: int = _JPEG_QUALITY) -> bytes:
    """Return a picture as JPEG: the same bytes for the same picture and versions."""
    file = io.BytesIO()
    picture.convert("RGB").save(file, "JPEG", quality=quality, optimize=True)
    return file.getvalue()
