"""The overview picture: small versions of both images, gathered while the blocks pass."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from rs_governance.publish.pictures.tones import choose_tones
from rs_governance.scenes import PixelGrid, Registration, Window

if TYPE_CHECKING:
    import geopandas as gpd
    from PIL import Image

_CELLS_AT_MOST = 1536
"""Cells along the longer side of the grid, as long as the factor allows."""

_LARGEST_FACTOR = 64
"""Blocks start at multiples of this many pixels, so every cell lies in one block."""

_PALE, _HATCH = 236, 202  # grey levels of ground that was not observed


def picture_bands(roles: Sequence[str]) -> tuple[int, ...]:
    """Choose the bands to show as red, green and blue, or one band to show in grey.

    Examples
    --------
    >>> picture_bands(("blue", "green", "red", "nir"))
    (2, 1, 0)
    >>> picture_bands(("pan",))
    (0,)
    """
    for wanted in (("red", "green", "blue"), ("nir", "red", "green"), ("swir1", "nir", "red")):
        if all(role in roles for role in wanted):
            return tuple(roles.index(role) for role in wanted)
    return (0, 1, 2) if len(roles) >= 3 else (0,)


class Overview:
    """Gathers area means of both dates block by block, then renders them with the findings.

    Every cell is the mean of its usable pixels. A cell lies in one block, so the result does not depend on how the
    grid was cut, provided that blocks start at multiples of 64 pixels.

    Parameters
    ----------
    grid
        Grid of the pair.
    roles
        Band roles of the blocks, in order.
    """

    def __init__(self, grid: PixelGrid, roles: Sequence[str]) -> None:
        self.grid = grid
        self.bands = picture_bands(roles)
        self.factor = 1
        while max(grid.height, grid.width) > _CELLS_AT_MOST * self.factor and self.factor < _LARGEST_FACTOR:
            self.factor *= 2
        shape = (-(-grid.height // self.factor), -(-grid.width // self.factor))
        self._means = np.zeros((2, len(self.bands), *shape), dtype=np.float32)
        self._usable = np.zeros(shape, dtype=np.uint32)

    def add(
        self, window: Window, before: npt.NDArray[Any], after: npt.NDArray[Any], valid: npt.NDArray[np.bool_]
    ) -> None:
        """Take in one block; any thread may call it.

        Parameters
        ----------
        window
            Inside the grid, starting at multiples of 64 pixels and ending at such or at the grid's edge.
        before, after
            (band, y, x), numbers of any type, all bands of the pair.
        valid
            (y, x), True where both dates are usable.
        """
        ends = (window.row + window.height, window.col + window.width)
        for start, end, edge in zip((window.row, window.col), ends, (self.grid.height, self.grid.width), strict=True):
            if start % self.factor or (end % self.factor and end != edge):
                raise ValueError(f"{window} cuts cells of {self.factor} pixels; blocks start at multiples of 64 pixels")
        rows = slice(window.row // self.factor, -(-ends[0] // self.factor))
        cols = slice(window.col // self.factor, -(-ends[1] // self.factor))
        usable = _cell_sums(valid.view(np.uint8), self.factor)
        self._usable[rows, cols] = usable
        everywhere = bool(valid.all())
        for date_index, image in enumerate((before, after)):
            for index, band in enumerate(self.bands):
                pixels = image[band] if everywhere else np.where(valid, image[band], image.dtype.type(0))
                self._means[date_index, index, rows, cols] = _cell_sums(pixels, self.factor) / np.maximum(usable, 1)

    @property
    def observable_share(self) -> float:
        """Share of the grid's pixels that were usable on both dates, 0..1."""
        return float(self._usable.sum(dtype=np.int64)) / (self.grid.height * self.grid.width)

    def render(
        self,
        findings: gpd.GeoDataFrame | None,
        *,
        before_image: str,
        after_image: str,
        before_on: date | None = None,
        after_on: date | None = None,
        registration: Registration | None = None,
        observable_share: float | None = None,
        listed: int = 10,
    ) -> bytes:
        """Draw before, after, and after with the findings, side by side.

        Parameters
        ----------
        findings
            Declared findings in the grid's CRS; None for a sheet of the two images alone.
        before_image, after_image
            Identifiers of the images, shown above the panels.
        before_on, after_on
            Days of the images; None is shown as unknown.
        registration
            Shift between the images; None leaves it out.
        observable_share
            Share of the wanted ground that was usable on both dates, 0..1; None takes that of the whole grid.
        listed
            How many findings to number and list, the strongest and largest first.

        Returns
        -------
        bytes
            A PNG, the same bytes for the same input and versions.
        """
        # Tables and drawing take a third of a second to import, and means are gathered long before.
        from rs_governance.publish.pictures.overview_sheet import SheetFacts, draw_sheet

        facts = SheetFacts(
            grid=self.grid,
            before_image=before_image,
            after_image=after_image,
            before_on=before_on,
            after_on=after_on,
            registration=registration,
            observable_share=self.observable_share if observable_share is None else observable_share,
            listed=listed,
        )
        before, after = (self._picture(index) for index in (0, 1))
        return draw_sheet(before, after, findings, facts)

    def _picture(self, date_index: int) -> Image.Image:
        """Return one date as an RGB picture, one pixel a cell, hatched where nothing was usable."""
        from PIL import Image

        means, seen = self._means[date_index], self._usable > 0
        picture = np.empty((*seen.shape, 3), dtype=np.uint8)
        picture[:] = choose_tones(means[:, seen]).apply(means)
        rows, cols = np.indices(seen.shape)
        hatch = np.where((rows + cols) % 12 < 3, _HATCH, _PALE).astype(np.uint8)
        picture[~seen] = hatch[~seen][:, None]
        return Image.fromarray(picture)


def _cell_sums(image: npt.NDArray[Any], factor: int) -> npt.NDArray[Any]:
    """Sum cells of factor x factor pixels, in an order that does not depend on the block's size."""
    height, width = image.shape
    wide = np.float64 if image.dtype.kind == "f" else np.uint32  # 64 * 64 * 65535 fits in 32 bits
    if height % factor or width % factor:
        image = np.pad(image, ((0, -height % factor), (0, -width % factor)))
    lines = image.reshape(image.shape[0] // factor, factor, image.shape[1])
    columns: Any = lines[:, 0].astype(wide)
    for offset in range(1, factor):
        columns += lines[:, offset]
    sums: npt.NDArray[Any] = columns[:, ::factor].copy()
    for offset in range(1, factor):
        sums += columns[:, offset::factor]
    return sums
