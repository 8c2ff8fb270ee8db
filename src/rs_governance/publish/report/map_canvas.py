"""A piece of ground to draw on: outlines, hatching, marks and names in ground coordinates."""

import math
from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt
import pyproj
import shapely
from affine import Affine
from PIL import Image, ImageDraw
from rasterio.features import rasterize

from rs_governance.publish.pictures.imagery import Imagery, metres_of_unit
from rs_governance.publish.pictures.outlines import draw_rings
from rs_governance.publish.pictures.typography import Rgb, font, text_width
from rs_governance.publish.style import CASING_RGB, SEVERITY_MARK, SEVERITY_RGB
from rs_governance.scenes import PixelGrid

_SMOOTH = 3  # marks are drawn this much larger and shrunk
_PALE: Rgb = (247, 247, 244)

Box = tuple[float, float, float, float]
"""Left, top, right, bottom in pixels."""


class MapCanvas:
    """A north-up picture of ground that has square metres.

    Parameters
    ----------
    bounds
        Left, bottom, right, top of the ground to show, in `crs`.
    crs
        CRS of all that is drawn.
    size
        Largest (width, height) in pixels; the ground fills one of them.
    """

    def __init__(self, bounds: tuple[float, float, float, float], crs: pyproj.CRS, size: tuple[int, int]) -> None:
        left, bottom, right, top = bounds
        east, north = metres_of_unit(crs, (left + right) / 2, (bottom + top) / 2)
        self.metres_per_px = max((right - left) * east / size[0], (top - bottom) * north / size[1])
        width = max(1, round((right - left) * east / self.metres_per_px))
        height = max(1, round((top - bottom) * north / self.metres_per_px))
        self.grid = PixelGrid(
            crs=crs,
            transform=Affine((right - left) / width, 0, left, 0, -(top - bottom) / height, top),
            height=height,
            width=width,
        )
        self.image = Image.new("RGB", (width, height), _PALE)
        self._taken: list[Box] = []

    def to_pixels(self, geometries: Iterable[shapely.Geometry]) -> npt.NDArray[np.object_]:
        """Return geometries in pixels of the picture."""
        inverse = ~self.grid.transform
        moved: npt.NDArray[np.object_] = np.asarray(
            shapely.transform(
                np.array(list(geometries), dtype=object),
                lambda xy: np.column_stack(inverse @ (xy[:, 0], xy[:, 1])),
            ),
            dtype=object,
        )
        return moved

    def lay_imagery(self, imagery: Imagery, image_ids: Sequence[str], *, paleness: float) -> None:
        """Lay the images under everything, the first on top, paler and greyer so that what is drawn stands out.

        Parameters
        ----------
        imagery
            Where the images come from.
        image_ids
            Those to show.
        paleness
            0 leaves the colours as they are, 1 makes everything white.
        """
        ground = np.asarray(self.image).copy()
        open_yet = np.ones(ground.shape[:2], np.bool_)
        for image_id in image_ids:
            if not open_yet.any():
                break
            pixels, seen = imagery.pixels(image_id, self.grid)
            seen &= open_yet
            tones = pixels[seen].astype(np.float32)
            grey = tones @ np.array((0.299, 0.587, 0.114), np.float32)
            tones = 0.55 * tones + 0.45 * grey[:, None]
            ground[seen] = np.round(tones * (1 - paleness) + 255 * paleness).astype(np.uint8)
            open_yet &= ~seen
        self.image = Image.fromarray(ground)

    def fill(self, geometries: Sequence[shapely.Geometry], rgb: Rgb, *, opacity: float) -> None:
        """Cover polygons with a colour."""
        mask = self._mask(self.to_pixels(geometries), opacity)
        if mask is not None:
            self.image.paste(rgb, mask=mask)

    def hatch(self, geometries: Sequence[shapely.Geometry], rgb: Rgb, *, spacing_px: float = 12.0) -> None:
        """Draw diagonal lines over polygons, and their edges."""
        polygons = self.to_pixels(geometries)
        mask = self._mask(polygons, 1.0)
        if mask is None:
            return
        width, height = self.image.size
        reach = width + height
        lines = [np.array([(at, 0.0), (at - height, float(height))]) for at in np.arange(0, reach, spacing_px * 1.414)]
        hatched = self.image.copy()
        veiled = Image.blend(hatched, Image.new("RGB", hatched.size, (255, 255, 255)), 0.35)
        draw_rings(veiled, [(line,) for line in lines], rgb, 1.6)
        self.image.paste(veiled, mask=mask)
        draw_rings(self.image, [_rings(each) for each in polygons if _rings(each)], rgb, 1.4)

    def line(
        self,
        geometries: Sequence[shapely.Geometry],
        rgb: Rgb,
        width_px: float,
        *,
        opacity: float = 1.0,
        dash_px: tuple[float, float] | None = None,
    ) -> None:
        """Draw the edges of polygons once each, whole or dashed (length of a dash and of a gap)."""
        if not len(geometries):
            return
        edges = shapely.line_merge(shapely.union_all(shapely.boundary(self.to_pixels(geometries))))
        lines = [part for part in shapely.get_parts(edges) if part.length > 0]
        if dash_px is not None:
            lines = [piece for line in lines for piece in _dashes(line, *dash_px)]
        draw_rings(self.image, [(shapely.get_coordinates(line),) for line in lines], rgb, width_px, opacity=opacity)

    def mark(self, points: npt.NDArray[np.float64], severity: str, radius_px: float) -> None:
        """Draw the mark of a severity at each point, (n, 2) in pixels."""
        for x, y in points:
            draw_mark(self.image, (float(x), float(y)), severity, radius_px)

    def keep_clear(self, box: Box) -> None:
        """Let no name be written over a box."""
        self._taken.append(box)

    def name(
        self,
        text: str,
        polygon: shapely.Geometry,
        size_px: int,
        *,
        fill: Rgb,
        spacing_px: float = 0.0,
        inside: bool = False,
    ) -> bool:
        """Write a name where a polygon is widest, with a pale edge; return whether there was room.

        Parameters
        ----------
        text
            The name.
        polygon
            What it names, in the canvas's CRS.
        size_px
            Height of the letters.
        fill
            Colour.
        spacing_px
            Space between the letters.
        inside
            True to leave the name out where it is wider than the polygon.
        """
        shape = self.to_pixels([polygon])[0].intersection(shapely.box(0, 0, *self.image.size))
        if shape.is_empty or shape.area == 0:
            return False
        wide = text_width(text, size_px) + spacing_px * (len(text) - 1)
        left, top, right, bottom = shape.bounds
        if inside and (wide > 0.95 * (right - left) or size_px > 0.6 * (bottom - top)):
            return False
        box = self._place_name(shape, wide, size_px)
        if box is None:
            return False
        self._taken.append(box)
        draw = ImageDraw.Draw(self.image)
        x = box[0]
        for letter in text if spacing_px else [text]:
            draw.text(
                (x, (box[1] + box[3]) / 2),
                letter,
                font=font(size_px),
                fill=fill,
                anchor="lm",
                stroke_width=max(2, size_px / 9),
                stroke_fill=(255, 255, 255),
            )
            x += text_width(letter, size_px) + spacing_px
        draw = ImageDraw.Draw(self.image)
        x = box[0]
        for letter in text if spacing_px else [text]:  # again, so that no edge covers the letter before
            draw.text((x, (box[1] + box[3]) / 2), letter, font=font(size_px), fill=fill, anchor="lm")
            x += text_width(letter, size_px) + spacing_px
        return True

    def _place_name(self, shape: shapely.Geometry, wide: float, high: float) -> Box | None:
        """Find the place for a name, first in the middle of the widest part, then around it."""
        circle = shapely.maximum_inscribed_circle(max(shapely.get_parts(shape), key=lambda part: part.area))
        (x, y), radius = shapely.get_coordinates(circle)[0], circle.length
        width, height = self.image.size
        for down in (0.0, -0.35, 0.35, -0.7, 0.7):
            for across in (0.0, -0.3, 0.3, -0.6, 0.6):
                left = x + across * max(radius, wide / 2) - wide / 2
                top = y + down * max(radius, high) - high / 2
                box = (left - 2, top, left + wide + 2, top + high)
                inside = box[0] >= 4 and box[1] >= 4 and box[2] <= width - 4 and box[3] <= height - 4
                if inside and not any(_meet(box, other) for other in self._taken):
                    return box
        return None

    def _mask(self, polygons: npt.NDArray[np.object_], opacity: float) -> Image.Image | None:
        shown = [each for each in polygons if not each.is_empty]
        if not shown:
            return None
        marked = rasterize(
            [(each, round(255 * opacity)) for each in shown],
            out_shape=(self.image.height * 2, self.image.width * 2),
            transform=Affine.scale(0.5),
            dtype="uint8",
        )
        return Image.fromarray(marked).reduce(2)


def draw_mark(image: Image.Image, at: tuple[float, float], severity: str, radius_px: float) -> None:
    """Draw the mark of a severity in its colour, with a white and a dark edge: red a triangle, yellow a diamond.

    Parameters
    ----------
    image
        RGB picture to draw on.
    at
        Middle in pixels.
    severity
        Gives colour and shape.
    radius_px
        Radius of a disc; other shapes have about its area.
    """
    reach = math.ceil(radius_px * 1.6 + 4)
    left, top = round(at[0]) - reach, round(at[1]) - reach
    middle = ((at[0] - left) * _SMOOTH, (at[1] - top) * _SMOOTH)
    side = (2 * reach + 1) * _SMOOTH
    for rgb, more in ((CASING_RGB, 2.2), ((255, 255, 255), 1.2), (SEVERITY_RGB[severity], 0.0)):
        shape = _mark_shape(severity, radius_px).buffer(more, join_style="mitre", mitre_limit=3.0)
        corners = [(middle[0] + x * _SMOOTH, middle[1] + y * _SMOOTH) for x, y in shape.exterior.coords]
        mask = Image.new("L", (side, side))
        ImageDraw.Draw(mask).polygon(corners, fill=255)
        image.paste(rgb, (left, top), mask.reduce(_SMOOTH))


def _mark_shape(severity: str, radius: float) -> shapely.Polygon:
    """Return a mark around (0, 0), y down, of about the area of a disc."""
    mark = SEVERITY_MARK[severity]
    if mark == "●":
        return shapely.Point(0, 0).buffer(radius)
    if mark == "◆":
        half = 1.25 * radius
        return shapely.Polygon([(0, -half), (half, 0), (0, half), (-half, 0)])
    half = 1.35 * radius
    return shapely.Polygon([(0, -1.2 * half), (half, 0.72 * half), (-half, 0.72 * half)])


def _meet(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _rings(polygon: shapely.Geometry) -> tuple[npt.NDArray[np.float64], ...]:
    return tuple(
        shapely.get_coordinates(ring)
        for part in shapely.get_parts(polygon)
        if part.geom_type == "Polygon"
        for ring in (part.exterior, *part.interiors)
    )


def _dashes(line: shapely.LineString, dash: float, gap: float) -> list[shapely.LineString]:
    """Cut a line into dashes."""
    from shapely.ops import substring

    starts = np.arange(0.0, line.length, dash + gap)
    return [substring(line, start, min(start + dash, line.length)) for start in starts if start < line.length]
