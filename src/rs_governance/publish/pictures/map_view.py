"""A picture of a pair and its findings, inline in a notebook."""

from dataclasses import dataclass, field
from pathlib import Path

import geopandas as gpd

from rs_governance.publish.output_folder import writing
from rs_governance.publish.pictures.overview import Overview
from rs_governance.scenes import AlignedPair

_BLOCK = 1024


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A PNG that a notebook shows by itself."""

    png: bytes = field(repr=False)
    """The file's content."""

    def _repr_png_(self) -> bytes:
        return self.png

    def save(self, path: Path) -> None:
        """Write the PNG to a file.

        Raises
        ------
        OutputFailed
            When the file cannot be written.
        """
        with writing(path):
            path.write_bytes(self.png)


def preview(pair: AlignedPair, findings: gpd.GeoDataFrame | None = None, *, listed: int = 10) -> Picture:
    """Show before, after, and after with the findings, side by side.

    Parameters
    ----------
    pair
        Aligned pair; it is read once, block by block.
    findings
        Declared findings in the pair's CRS; None shows the images alone.
    listed
        How many findings to number and list.

    Returns
    -------
    Picture
        The same picture as `overview.png` of a run.
    """
    overview = Overview(pair.grid, pair.roles)
    for window in pair.grid.windows(_BLOCK):
        block = pair.read(window)
        overview.add(window, block.before, block.after, block.valid)
    png = overview.render(
        findings,
        before_image=pair.before.image_id,
        after_image=pair.after.image_id,
        before_on=pair.before.acquired_on,
        after_on=pair.after.acquired_on,
        registration=pair.registration,
        listed=listed,
    )
    return Picture(png=png)
