"""Tree crowns: one dome in each cell of a jittered lattice, the highest of the neighbours wins."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rs_governance.simulate.board import Board, Bytes, Flags, Floats, uniform
from rs_governance.simulate.land import Cover
from rs_governance.simulate.textures import Textures


@dataclass(frozen=True, kw_only=True)
class Species:
    """What a layer of trees is like."""

    name: str
    spacing_m: float
    radius_m: tuple[float, float]
    """Smallest and largest crown."""
    tall_m: float
    leaf: tuple[float, float, float, float]
    """Reflectance times 10,000 in blue, green, red, near infrared."""
    uneven: float
    """0: all of one height; up to 1: some half as tall as others."""
    flocking: float
    """0: evenly strewn; 1: in copses and hedges with gaps between."""
    share: dict[Cover, float]
    """Share of the lattice places with a tree, for each cover; none on the others."""


BROADLEAF = Species(
    name="broadleaf",
    spacing_m=5.6,
    radius_m=(1.9, 3.9),
    tall_m=8.5,
    leaf=(330, 590, 410, 3200),
    uneven=1.0,
    flocking=1.0,
    share={
        Cover.SCRUB: 0.22,
        Cover.FIELD: 0.008,
        Cover.PLANTATION: 0.03,
        Cover.BROADLEAF: 0.93,
        Cover.BANK: 0.5,
        Cover.VERGE: 0.4,
        Cover.VILLAGE: 0.24,
        Cover.DYKE: 0.1,
        Cover.SLASH: 0.012,
        Cover.SAPLING: 0.02,
    },
)
EUCALYPT = Species(
    name="eucalypt",
    spacing_m=2.7,
    radius_m=(1.1, 1.75),
    tall_m=13.0,
    leaf=(370, 650, 500, 2950),
    uneven=0.0,
    flocking=0.0,
    share={
        Cover.SCRUB: 0.05,
        Cover.PLANTATION: 0.93,
        Cover.BROADLEAF: 0.3,
        Cover.BANK: 0.15,
        Cover.VILLAGE: 0.05,
        Cover.SLASH: 0.01,
    },
)


@dataclass(frozen=True, kw_only=True)
class Crowns:
    """A layer of trees; which of them stand is decided date by date."""

    species: Species
    x: npt.NDArray[np.float32]
    """Trunks, local metres; one for each tree."""
    y: npt.NDArray[np.float32]
    luck: npt.NDArray[np.float32]
    """Uniform number of each tree: it stands where the density is above it."""
    tone: npt.NDArray[np.float32]
    """Uniform number of each tree, for its colour."""
    owner: npt.NDArray[np.int32]
    """(rows, columns) tree over each cell; where `dome` is 0, nobody's."""
    dome: Floats
    """(rows, columns) height of the crown over the cell, as a share of the tree's height."""


def plant(board: Board, species: Species) -> Crowns:
    """Plant a species all over a window; the same trees stand in the windows beside it."""
    spacing_m, radius_m = species.spacing_m, species.radius_m
    west, north, east, south = board.bounds
    columns = range(int(np.floor(west / spacing_m)) - 1, int(np.floor(east / spacing_m)) + 3)
    rows = range(int(np.floor(north / spacing_m)) - 1, int(np.floor(south / spacing_m)) + 3)
    x0, y0 = (spacing_m * np.array(places, dtype=np.float64) for places in (columns, rows))

    def draw(what: str) -> Floats:
        return uniform(board.seed, f"{species.name} {what}", rows, columns)

    x = (x0[None, :] + spacing_m * (0.5 + 0.85 * (draw("x") - 0.5))).astype(np.float32)
    y = (y0[:, None] + spacing_m * (0.5 + 0.85 * (draw("y") - 0.5))).astype(np.float32)
    radius = radius_m[0] + (radius_m[1] - radius_m[0]) * draw("size")
    share = 0.72 + 0.28 * draw("share")
    number = np.arange(x.size, dtype=np.int32).reshape(x.shape)

    sway = np.float32(0.32 * min(radius_m))
    sway_x, sway_y = (board.noise(f"{species.name} sway {axis}", 1.7) for axis in "xy")
    slot_x = np.floor(board.x / spacing_m).astype(np.intp) - columns.start
    slot_y = np.floor(board.y / spacing_m).astype(np.intp) - rows.start
    dome = np.zeros(board.shape, np.float32)
    owner = np.zeros(board.shape, np.int32)
    tight = 1 / radius**2
    for first in range(0, board.rows, 64):  # a strip of rows stays in the processor's cache
        strip = slice(first, first + 64)
        px = board.x[None, :] + sway * sway_x[strip]
        py = board.y[strip, None] + sway * sway_y[strip]
        best, whose = dome[strip], owner[strip]
        for down in (-1, 0, 1):
            for right in (-1, 0, 1):
                across, lines = slot_x + right, slot_y[strip] + down
                near = [trees[lines].take(across, axis=1) for trees in (x, y, tight, share, number)]
                inner = 1 - ((px - near[0]) ** 2 + (py - near[1]) ** 2) * near[2]
                height = near[3] * (0.35 + 0.65 * np.sqrt(np.maximum(inner, 0)))
                wins = (inner > 0) & (height > best)
                np.copyto(best, height, where=wins)
                np.copyto(whose, near[4], where=wins)
    return Crowns(
        species=species,
        x=x.ravel(),
        y=y.ravel(),
        luck=draw("luck").ravel(),
        tone=draw("tone").ravel(),
        owner=owner,
        dome=dome,
    )


def raise_crowns(
    crowns: Crowns,
    board: Board,
    textures: Textures,
    vigour: Floats,
    cover: Bytes,
    roofs: Flags,
    image: Floats,
    above: Floats,
) -> None:
    """Draw the trees that stand on a date into `image` (4, rows, columns) and `above` (rows, columns), in place.

    `vigour` (rows, columns), about 0.4 to 1.4, is the height of the woods as a share; young woods are lighter
    and thinner. A tree stands or falls with the cover at its trunk, so crowns hang over the edges.
    """
    species = crowns.species
    rows, columns = board.row_of(crowns.y), board.column_of(crowns.x)
    share = np.zeros(len(Cover), np.float32)
    for code, value in species.share.items():
        share[code] = value
    chance = share[cover[rows, columns]]
    flock = 1 + species.flocking * (0.9 * textures.broad[rows, columns] + 0.5 * textures.patch[rows, columns])
    chance *= np.where(chance < 0.8, np.clip(flock, 0, 3), np.clip(0.5 + 0.65 * vigour[rows, columns], 0, 1))
    stands = (crowns.luck < chance) & ~roofs[rows, columns]

    size = stands * (1 - species.uneven * (0.4 - 0.5 * crowns.tone))
    height = crowns.dome * size[crowns.owner] * species.tall_m * vigour
    cells = np.nonzero(height > np.maximum(above, 0.1))
    hue = crowns.tone[crowns.owner[cells]] - 0.5
    tone = (1 + 0.44 * hue) * (0.7 + 0.3 * crowns.dome[cells]) * (1.32 - 0.3 * vigour[cells])
    tone *= 1 + 0.10 * textures.grain[cells] + 0.08 * textures.broad[cells]
    for band in range(4):
        leaf = species.leaf[band] * (1 + (0.25, 0.3, 0.55, 0.05)[band] * hue)
        # In the infrared leaves are nearly clear: crowns differ by half as much.
        image[band][cells] = leaf * (tone if band < 3 else 0.5 + 0.5 * tone)
    above[cells] = height[cells]
