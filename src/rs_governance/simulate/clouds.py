"""Clouds: where they stand on a date, where their shadows fall, and the outlines that tell of both."""

from dataclasses import dataclass

import numpy as np
import shapely
from affine import Affine
from rasterio.features import shapes
from scipy import ndimage

from rs_governance.simulate.board import Board, Floats
from rs_governance.simulate.light import Sun
from rs_governance.simulate.outlines import Shape

BASE_M = 480.0
"""Height of the clouds' bases above the ground."""
_COARSE_M = 4.0
_SEEN = 0.035
"""Thickness, or darkness of a shadow, from which a place counts as hidden."""
_BORDER_M = 9.0


@dataclass(frozen=True, kw_only=True)
class Sky:
    """The clouds of a date."""

    take: str
    """Names the date's random fields."""
    size_m: float
    """Side of the image."""
    share: float
    """Share of the image under cloud; 0 for a clear sky."""
    level: float
    """Height of the clouds' field above which there is cloud."""
    shadow_m: tuple[float, float]
    """How far east and south a cloud's shadow lies of it."""

    def thickness(self, board: Board) -> Floats:
        """Return how thick the cloud is over every cell, 0 to 1: opaque within, thin at the edges."""
        if not self.share:
            return np.zeros(board.shape, np.float32)
        thickness: Floats = np.clip((_field(board, self.take) - self.level) * 2.2, 0, 1)
        return thickness

    def lumps(self, board: Board) -> Floats:
        """Return how the top of the cloud is modelled, of about unit variance."""
        return 0.75 * board.noise(f"cloud top 70 {self.take}", 70) + 0.65 * board.noise(f"cloud top 24 {self.take}", 24)

    def darkness(self, board: Board) -> Floats:
        """Return how much of the sun the clouds hide from every cell, 0 to 1."""
        if not self.share:
            return np.zeros(board.shape, np.float32)
        east, south = (round(part / board.cell_m) for part in self.shadow_m)
        ahead = Board(
            seed=board.seed,
            cell_m=board.cell_m,
            column0=board.column0 - east,
            row0=board.row0 - south,
            columns=board.columns,
            rows=board.rows,
        )
        darkness: Floats = np.clip(self.thickness(ahead) * 1.6, 0, 1)
        return darkness

    def outline(self, seed: int) -> Shape:
        """Return the outline of cloud and shadow with a border, local metres; empty under a clear sky."""
        if not self.share:
            return shapely.MultiPolygon()
        board = _coarse(seed, self.size_m)
        hidden = (self.thickness(board) > _SEEN) | (self.darkness(board) > 2 * _SEEN)
        hidden = ndimage.binary_dilation(hidden, iterations=round(_BORDER_M / _COARSE_M))
        west, north, _, _ = board.bounds
        transform = Affine(_COARSE_M, 0, west, 0, _COARSE_M, north)
        parts = [
            shapely.geometry.shape(part) for part, _ in shapes(hidden.astype(np.uint8), hidden, transform=transform)
        ]
        grown = shapely.union_all([part.buffer(3.0) for part in parts if part.area > 200]).simplify(2.0)
        return grown.intersection(shapely.box(0, 0, self.size_m, self.size_m))


def gather_clouds(seed: int, take: str, size_m: float, share: float, sun: Sun) -> Sky:
    """Return a sky of which about `share` is cloud."""
    east, south, up = sun.toward
    level = 99.0
    if share:
        board = _coarse(seed, size_m)
        level = float(np.quantile(_field(board, take), 1 - share))
    return Sky(
        take=take,
        size_m=size_m,
        share=share,
        level=level,
        shadow_m=(-east / up * BASE_M, -south / up * BASE_M),
    )


def _coarse(seed: int, size_m: float) -> Board:
    count = int(np.ceil(size_m / _COARSE_M)) + 16
    return Board(seed=seed, cell_m=_COARSE_M, column0=-8, row0=-8, columns=count, rows=count)


def _field(board: Board, take: str) -> Floats:
    """Return the clouds' field: heaps of several hundred metres with cauliflower edges."""
    field = board.noise(f"cloud 520 {take}", 520)
    for scale, weight in ((230.0, 0.5), (100.0, 0.26), (44.0, 0.14), (19.0, 0.07)):
        field = field + np.float32(weight) * board.noise(f"cloud {scale} {take}", scale)
    return field
