"""Field parcels: strips of uneven width inside each block, bent a little by the land."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rs_governance.simulate.blocks import Use
from rs_governance.simulate.board import Board, Floats, Ints, stream
from rs_governance.simulate.land import Land

_TABLE = 1 << 16


@dataclass(frozen=True, kw_only=True)
class Parcels:
    """Parcel membership of every cell, and random numbers for every parcel."""

    key: npt.NDArray[np.uint16]
    """(rows, columns) row of a parcel in the tables."""
    edge_m: Floats
    """Distance to the parcel's nearest boundary."""
    across_m: Floats
    """Position across the rows of crops."""
    along_m: Floats
    """Position along the rows."""
    use: npt.NDArray[np.uint8]
    """(rows, columns) `Use` of the cell's parcel."""
    draws: npt.NDArray[np.float32]
    """(8, 65536) uniform numbers of every parcel."""


# Width and length of parcels in metres, in the order of `Use`.
_WIDTH = np.array([11, 24, 6.5, 16, 15, 34, 60, 60, 60], np.float32)
_LENGTH = np.array([42, 95, 34, 55, 48, 80, 90, 90, 90], np.float32)


def divide(land: Land, board: Board, label: Ints, elevation: Floats) -> Parcels:
    """Divide the blocks into parcels in a window; `label` (rows, columns) is the block of every cell."""
    rng = stream(land.seed, "parcels")
    blocks = land.blocks
    count = len(blocks.use)
    scale = 0.8 + 0.5 * rng.random(count)
    width = (_WIDTH[blocks.use] * scale).astype(np.float32)
    length = (_LENGTH[blocks.use] * (0.8 + 0.5 * rng.random(count))).astype(np.float32)
    phase = (2 * np.pi * rng.random(count)).astype(np.float32)
    cos, sin = np.cos(blocks.angle).astype(np.float32), np.sin(blocks.angle).astype(np.float32)
    dx = board.x[None, :] - blocks.centre[:, 0].astype(np.float32)[label]
    dy = board.y[:, None] - blocks.centre[:, 1].astype(np.float32)[label]
    # Terraces follow the contour lines: where the land rises, height shifts the strips.
    bend = 2.2 * board.noise("strips 60", 60) + 0.35 * board.noise("strips 14", 14) + 0.8 * elevation
    along = dx * cos[label] + dy * sin[label] + 1.2 * board.noise("strips 45", 45)
    across = -dx * sin[label] + dy * cos[label] + bend

    w, step = width[label], length[label]
    a = across / w
    a += 0.26 * np.sin(2 * np.pi * a / 2.7 + phase[label])
    strip = np.floor(a)
    offsets = rng.random(_TABLE, dtype=np.float32)
    strip_key = (label * 7919 + strip.astype(np.int32) * 10473) & (_TABLE - 1)
    b = along / step + 1.7 * offsets[strip_key]
    piece = np.floor(b)
    key = (strip_key * 31 + piece.astype(np.int32) * 13007) & (_TABLE - 1)
    a -= strip
    b -= piece
    edge = np.minimum(np.minimum(a, 1 - a) * w, np.minimum(b, 1 - b) * step)

    draws = rng.random((8, _TABLE), dtype=np.float32)
    # One parcel in five is used otherwise than its block.
    other = rng.choice(np.array([Use.PADDY, Use.VEGETABLE, Use.CANE, Use.DRYLAND, Use.FALLOW], np.uint8), _TABLE)
    use = blocks.use.astype(np.uint8)[label]
    crop = (use < Use.ORCHARD) & (draws[7][key] < 0.2)
    use = np.where(crop, other[key], use)
    return Parcels(
        key=key.astype(np.uint16),
        edge_m=edge.astype(np.float32),
        across_m=across.astype(np.float32),
        along_m=along.astype(np.float32),
        use=use,
        draws=draws,
    )
