"""Pixel windows, and the pixel grid that ties them to the ground."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import pyproj
from affine import Affine
from shapely.geometry import Polygon


@dataclass(frozen=True, kw_only=True)
class Window:
    """A rectangle of pixels; it may stick out of the grid it refers to."""

    row: int
    """First row."""
    col: int
    """First column."""
    height: int
    """Number of rows."""
    width: int
    """Number of columns."""

    def __post_init__(self) -> None:
        if self.height < 0 or self.width < 0:
            raise ValueError(f"a window's height and width must be 0 or more, got {self.height} x {self.width}")

    @property
    def slices(self) -> tuple[slice, slice]:
        """Row and column slices into an array of the whole grid (a window inside the grid only)."""
        return slice(self.row, self.row + self.height), slice(self.col, self.col + self.width)

    @property
    def is_empty(self) -> bool:
        """Whether it holds no pixel."""
        return self.height == 0 or self.width == 0

    def grown(self, halo: int) -> "Window":
        """Return the window with `halo` pixels more on each side.

        >>> Window(row=0, col=8, height=4, width=4).grown(2)
        Window(row=-2, col=6, height=8, width=8)
        """
        return Window(
            row=self.row - halo, col=self.col - halo, height=self.height + 2 * halo, width=self.width + 2 * halo
        )

    def shifted(self, rows: int, cols: int) -> "Window":
        """Return the window moved by whole pixels."""
        return Window(row=self.row + rows, col=self.col + cols, height=self.height, width=self.width)

    def intersection(self, other: "Window") -> "Window":
        """Return what two windows share; empty where they do not meet."""
        row, col = max(self.row, other.row), max(self.col, other.col)
        bottom = min(self.row + self.height, other.row + other.height)
        right = min(self.col + self.width, other.col + other.width)
        return Window(row=row, col=col, height=max(0, bottom - row), width=max(0, right - col))

    def clipped(self, height: int, width: int) -> "Window":
        """Return the part inside a grid of `height` x `width` pixels.

        >>> Window(row=-2, col=6, height=8, width=8).clipped(100, 10)
        Window(row=0, col=6, height=6, width=4)
        """
        return self.intersection(Window(row=0, col=0, height=height, width=width))

    def within(self, other: "Window") -> tuple[slice, slice]:
        """Return the slices that cut this window out of an array of the window `other`."""
        return self.shifted(-other.row, -other.col).slices


@dataclass(frozen=True, kw_only=True)
class PixelGrid:
    """Rows and columns of pixels on the ground."""

    crs: pyproj.CRS | None
    """Coordinate reference system; None for an image without georeference."""
    transform: Affine
    """From (column, row) to (x, y), x being the easting or longitude; pixel corners."""
    height: int
    """Rows."""
    width: int
    """Columns."""

    def __post_init__(self) -> None:
        if self.height < 1 or self.width < 1:
            raise ValueError(f"a grid must have at least one pixel, got {self.height} x {self.width}")

    @property
    def window(self) -> Window:
        """The window of the whole grid."""
        return Window(row=0, col=0, height=self.height, width=self.width)

    @property
    def is_north_up(self) -> bool:
        """Whether rows run east and columns south, without rotation or flip."""
        t = self.transform
        return bool(t.b == 0 and t.d == 0 and t.a > 0 and t.e < 0)

    @property
    def pixel_size(self) -> tuple[float, float]:
        """Length of a pixel's sides (y, x) in the units of the CRS."""
        t = self.transform
        return math.hypot(t.b, t.e), math.hypot(t.a, t.d)

    @cached_property
    def pixel_size_m(self) -> tuple[float, float]:
        """Ground length (y, x) in metres of a pixel at the centre: geodesic, or as declared where there is no CRS."""
        if self.crs is None:
            return self.pixel_size
        geod = self.crs.get_geod()
        geodetic = self.crs.geodetic_crs
        if geod is None or geodetic is None:
            return self.pixel_size
        row, col = self.height / 2, self.width / 2
        corners = [self.transform @ at for at in ((col, row), (col + 1, row), (col, row + 1))]
        to_lonlat = pyproj.Transformer.from_crs(self.crs, geodetic, always_xy=True)
        lon, lat = to_lonlat.transform([x for x, _ in corners], [y for _, y in corners])
        x_m = geod.inv(lon[0], lat[0], lon[1], lat[1])[2]
        y_m = geod.inv(lon[0], lat[0], lon[2], lat[2])[2]
        return float(y_m), float(x_m)

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """Return (left, bottom, right, top) in the units of the CRS."""
        left, bottom, right, top = self.footprint.bounds
        return left, bottom, right, top

    @property
    def footprint(self) -> Polygon:
        """Outline as a polygon in the CRS."""
        corners = ((0, 0), (self.width, 0), (self.width, self.height), (0, self.height))
        return Polygon([self.transform @ corner for corner in corners])

    def window_transform(self, window: Window) -> Affine:
        """Return the transform of the grid cut to `window`."""
        return self.transform @ Affine.translation(window.col, window.row)

    def cropped(self, window: Window) -> "PixelGrid":
        """Return the grid of `window` alone."""
        return PixelGrid(
            crs=self.crs, transform=self.window_transform(window), height=window.height, width=window.width
        )

    def windows(self, block: int) -> Iterator[Window]:
        """Cut the grid into windows of at most `block` x `block` pixels, row by row.

        Yields
        ------
        Window
            The next window.

        Raises
        ------
        ValueError
            If `block` is less than 1.

        Examples
        --------
        >>> from affine import Affine
        >>> grid = PixelGrid(crs=None, transform=Affine.identity(), height=3, width=5)
        >>> [(w.row, w.col, w.height, w.width) for w in grid.windows(3)]
        [(0, 0, 3, 3), (0, 3, 3, 2)]
        """
        if block < 1:
            raise ValueError(f"block must be 1 pixel or more, got {block}")
        for row in range(0, self.height, block):
            for col in range(0, self.width, block):
                yield Window(row=row, col=col, height=min(block, self.height - row), width=min(block, self.width - col))
