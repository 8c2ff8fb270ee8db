"""Sunlight: where the sun stands, relief shading, cast shadows, and the lean of tall things."""

from dataclasses import dataclass
from datetime import date

import numpy as np

from rs_governance.simulate.board import Flags, Floats

# Share of the light that is diffuse, in blue, green, red and near infrared: from the sky in the visible
# bands; in the infrared leaves pass on half of what they get, and light the shade between crowns.
DIFFUSE = np.array((0.34, 0.27, 0.22, 0.30), np.float32)

_STRIP = 32


@dataclass(frozen=True, kw_only=True)
class Sun:
    """Where the sun stands."""

    azimuth_deg: float
    """Clockwise from north."""
    elevation_deg: float

    @property
    def toward(self) -> tuple[float, float, float]:
        """Unit vector to the sun: east, south, up."""
        azimuth, elevation = np.radians((self.azimuth_deg, self.elevation_deg))
        return (
            float(np.cos(elevation) * np.sin(azimuth)),
            float(-np.cos(elevation) * np.cos(azimuth)),
            float(np.sin(elevation)),
        )


def sun_at(on: date, solar_hour: float, latitude_deg: float) -> Sun:
    """Return the sun's place at a solar hour (12 is noon) of a day.

    The declination is Cooper's formula, good to half a degree.

    References
    ----------
    P. I. Cooper, The absorption of radiation in solar stills, Solar Energy 12 (1969) 333-346.

    Examples
    --------
    >>> round(sun_at(date(2026, 6, 21), 12.0, 23.45).elevation_deg)
    90
    """
    day = on.timetuple().tm_yday
    declination = np.radians(23.45 * np.sin(2 * np.pi * (284 + day) / 365))
    latitude, hour = np.radians(latitude_deg), np.radians(15 * (solar_hour - 12))
    up = np.sin(latitude) * np.sin(declination) + np.cos(latitude) * np.cos(declination) * np.cos(hour)
    east = -np.cos(declination) * np.sin(hour)
    north = np.cos(latitude) * np.sin(declination) - np.sin(latitude) * np.cos(declination) * np.cos(hour)
    azimuth = np.degrees(np.arctan2(east, north)) % 360
    return Sun(azimuth_deg=float(azimuth), elevation_deg=float(np.degrees(np.arcsin(np.clip(up, -1, 1)))))


def shifted(board: Floats, down: int, right: int) -> Floats:
    """Return `out[y, x] = board[y + down, x + right]`; cells without a source keep their own value."""
    height, width = board.shape
    out = board.copy()
    to_rows, to_columns = slice(max(0, -down), height - max(0, down)), slice(max(0, -right), width - max(0, right))
    rows, columns = slice(max(0, down), height - max(0, -down)), slice(max(0, right), width - max(0, -right))
    out[to_rows, to_columns] = board[rows, columns]
    return out


def illuminate(image: Floats, surface: Floats, tallest_m: float, sun: Sun, cell_m: float) -> None:
    """Multiply `image` (4, y, x) by the light that falls on `surface` (y, x) heights in metres, in place."""
    east, south, up = sun.toward
    hidden = _shadow(surface, tallest_m, sun, cell_m)
    for first in range(0, len(surface), _STRIP):  # a strip of rows stays in the processor's cache
        above, below = max(first - 1, 0), min(first + _STRIP + 1, len(surface))
        inner = slice(first - above, first - above + min(_STRIP, len(surface) - first))
        slope_y, slope_x = (
            np.asarray(slope)[inner] for slope in np.gradient(surface[above:below], np.float32(cell_m), axis=(0, 1))
        )
        # Walls are steeper than a cell can show; they would give black and white seams.
        damp = np.minimum(1, 1.1 / np.maximum(np.sqrt(slope_x**2 + slope_y**2), 1e-6))
        slope_x *= damp
        slope_y *= damp
        facing = (up - east * slope_x - south * slope_y) / np.sqrt(1 + slope_x**2 + slope_y**2)
        direct = np.clip(facing / up, 0, 1.5)
        direct *= 1 - hidden[first : first + _STRIP]
        for band in range(4):
            image[band, first : first + _STRIP] *= DIFFUSE[band] + (1 - DIFFUSE[band]) * direct


def _shadow(surface: Floats, tallest_m: float, sun: Sun, cell_m: float) -> Floats:
    """Return the share of the sun's disc that is hidden, (y, x).

    The height that a ray must clear above a cell is a maximum over the cells towards the sun, each
    lowered by the ray's rise; doubling the reach each time needs only log2 of the steps.
    """
    east, south, up = sun.toward
    flat = float(np.hypot(east, south))
    rise = cell_m * up / flat
    needed = surface.copy()
    reach = 1
    while reach * rise < tallest_m:
        ahead = shifted(needed, round(reach * south / flat), round(reach * east / flat))
        np.maximum(needed, ahead - np.float32(reach * rise), out=needed)
        reach *= 2
    needed -= surface
    needed -= np.float32(0.15)
    needed *= 2
    hidden: Floats = np.clip(needed, 0, 1, out=needed)
    return hidden


def lean(image: Floats, above: Floats, walls: Flags, tilt: tuple[float, float], cell_m: float) -> None:
    """Displace what stands `above` the ground (y, x; metres) as an oblique view does, in place.

    `tilt` is the displacement in metres to the east and the south for each metre of height. Where a
    `walls` cell shows its side, the side is darker than the roof.
    """
    strength = float(np.hypot(*tilt))
    if strength * float(above.max()) < cell_m:
        return
    height_px, width_px = above.shape
    source, ground, sides = image.reshape(4, -1).copy(), above.ravel(), walls.ravel()
    flat = image.reshape(4, -1)
    tops = np.arange(ground.size)
    for step in range(1, int(strength * float(above.max()) / cell_m) + 1):
        height = np.float32(step * cell_m / strength)
        tops = tops[ground[tops] >= height]
        down, right = round(step * tilt[1] / strength), round(step * tilt[0] / strength)
        rows, columns = tops // width_px + down, tops % width_px + right
        seen = (rows >= 0) & (rows < height_px) & (columns >= 0) & (columns < width_px)
        cells, tips = (rows * width_px + columns)[seen], tops[seen]
        side = sides[tips] & (ground[tips] > height + 1.2 * cell_m / strength)
        for band in range(4):
            flat[band, cells] = source[band, tips] * np.where(side, np.float32(0.72), np.float32(1))
