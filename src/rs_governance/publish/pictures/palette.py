"""A few colours for many pictures: small files, and the same colour for the same ground everywhere."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

_BITS = 5  # of each channel that tell colours apart
_SHADES = 1 << _BITS
_LEVELS = (0, 85, 170, 255)  # of each channel in the colours that stand for whatever the sample has not seen
_CUBE = np.array([(r, g, b) for r in _LEVELS for g in _LEVELS for b in _LEVELS], np.uint8)


@dataclass(frozen=True, kw_only=True)
class Palette:
    """At most 256 colours, and the nearest of them for every colour."""

    colours: npt.NDArray[np.uint8]
    """(n, 3) red, green, blue, from dark to bright."""
    nearest: npt.NDArray[np.uint8]
    """Number of the colour nearest to each of 32 x 32 x 32 shades, red first."""

    def reduce(self, picture: Image.Image) -> Image.Image:
        """Return an RGB picture in these colours, as an image with a palette."""
        shades = np.asarray(picture).astype(np.intp) >> (8 - _BITS)
        cells = (shades[..., 0] * _SHADES + shades[..., 1]) * _SHADES + shades[..., 2]
        reduced = Image.frombytes("P", picture.size, self.nearest[cells].tobytes())
        reduced.putpalette(self.colours.tobytes())
        return reduced


def _chosen(ground: npt.NDArray[np.uint8], count: int) -> npt.NDArray[np.uint8]:
    """Choose colours by median cut, where a blue roof among a thousand green fields counts too."""
    shades = ground.astype(np.intp) >> (8 - _BITS)
    cells = (shades[:, 0] * _SHADES + shades[:, 1]) * _SHADES + shades[:, 2]
    _, first, counts = np.unique(cells, return_index=True, return_counts=True)
    weights = np.ceil(np.sqrt(counts)).astype(np.intp)
    sample = np.repeat(ground[first], weights, axis=0)
    line = Image.fromarray(sample.reshape(1, -1, 3))
    reduced = line.quantize(count, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    return np.array(reduced.getpalette(), np.uint8).reshape(-1, 3)[:count]


def choose_palette(ground: npt.NDArray[np.uint8], *, count: int, fixed: Sequence[tuple[int, int, int]]) -> Palette:
    """Choose colours that stand for the ground, and add those of lines and letters and a coarse cube of all colours.

    Parameters
    ----------
    ground
        (n, 3) uint8: colours of the ground, evenly sampled.
    count
        How many colours to choose.
    fixed
        Colours that must be kept.

    Raises
    ------
    ValueError
        If they are more than 256 together.
    """
    kept = np.concatenate((_CUBE, np.array(fixed, np.uint8).reshape(-1, 3)))
    if count + len(kept) > 256:
        raise ValueError(f"a palette holds 256 colours, got {count} and {len(kept)} that are kept")
    if len(ground):
        kept = np.concatenate((_chosen(ground, count), kept))
    # neighbours in the palette look alike, which PNG's compression likes
    colours = np.unique(kept, axis=0)
    colours = colours[np.argsort(colours @ np.array((299, 587, 114)), kind="stable")]
    middles = (np.arange(_SHADES) << (8 - _BITS)) + (1 << (7 - _BITS))
    shades = np.stack(np.meshgrid(middles, middles, middles, indexing="ij"), axis=-1).reshape(-1, 3)
    # Imported here: it takes a while, and most commands draw nothing.
    from scipy.spatial import KDTree

    return Palette(colours=colours, nearest=KDTree(colours).query(shades)[1].astype(np.uint8))
