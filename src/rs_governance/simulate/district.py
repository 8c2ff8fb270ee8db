"""A simulated district: one place on several dates, with all that changes there."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from itertools import pairwise, product

import numpy as np
import numpy.typing as npt
import shapely
from affine import Affine

from rs_governance.errors import UsageError
from rs_governance.simulate.board import Board, stream
from rs_governance.simulate.buildings import Building
from rs_governance.simulate.changes import Change, Permit
from rs_governance.simulate.clouds import gather_clouds
from rs_governance.simulate.land import Land
from rs_governance.simulate.layout import lay_out
from rs_governance.simulate.light import sun_at
from rs_governance.simulate.outlines import Shape
from rs_governance.simulate.scene import MARGIN_PX, Acquisition, draw, set_up
from rs_governance.simulate.sensor import Sensor
from rs_governance.simulate.settlements import settle
from rs_governance.simulate.surfaces import Season
from rs_governance.simulate.timeline import run_events

EPSG = 4545
LATITUDE_DEG = 22.70
ROLES = ("blue", "green", "red", "nir")
NOISE_SIGMA = 45.0
GSD_M = 0.8
_ALL_DATES = tuple(
    date(year, month, day)
    for year, month, day in (
        (2025, 11, 16),
        (2025, 12, 13),
        (2026, 1, 17),
        (2026, 2, 14),
        (2026, 3, 18),
        (2026, 4, 15),
        (2026, 5, 16),
        (2026, 6, 18),
        (2026, 7, 14),
        (2026, 8, 14),
        (2026, 9, 12),
        (2026, 10, 14),
    )
)
MOST_MONTHS = len(_ALL_DATES)
MARGIN_M = 160.0
"""How far the land, and so the layers and units, reach beyond the image."""
_CORNER = (541_000.0, 2_511_600.0)
_WINDOW_PX = 1280  # a multiple of the files' blocks
_CLOUD_SHARES = (0.05, 0.11, 0.0, 0.07, 0.04)


def monthly_dates(months: int) -> tuple[date, ...]:
    """Return the dates of so many monthly images; the last is 2026-10-14.

    Raises
    ------
    UsageError
        If there are fewer than two or more than `MOST_MONTHS`.

    Examples
    --------
    >>> [str(on) for on in monthly_dates(2)]
    ['2026-09-12', '2026-10-14']
    """
    if not 2 <= months <= MOST_MONTHS:
        raise UsageError(f"A district can be seen on 2 to {MOST_MONTHS} monthly dates, not {months}.")
    return _ALL_DATES[-months:]


DATES = monthly_dates(5)
CUT_PX = 1200
"""Side of a district that fits into a repository: 0.92 square kilometres, five images of about 3.5 MB."""


@dataclass(frozen=True, kw_only=True)
class SimulatedDistrict:
    """Everything about a district but its pixels."""

    seed: int
    size_px: int
    """Pixels along a side."""
    gsd_m: float
    """Size of a pixel in metres."""
    epsg: int
    land: Land
    standing: tuple[Building, ...]
    """What stands there before all changes."""
    changes: tuple[Change, ...]
    """In the order of their days; those before the first date are no findings."""
    permits: tuple[Permit, ...]
    takes: tuple[Acquisition, ...]
    """How each image was taken, the first first."""
    clouded: tuple[Shape, ...]
    """Outlines of cloud and shadow on each date, local metres."""

    @property
    def size_m(self) -> float:
        """Side of the image in metres."""
        return self.size_px * self.gsd_m

    @property
    def transform(self) -> Affine:
        """Pixel to map coordinates."""
        return Affine(self.gsd_m, 0, _CORNER[0], 0, -self.gsd_m, _CORNER[1])

    def on_map(self, shape: Shape) -> Shape:
        """Return a geometry of local metres in map coordinates."""
        corner = np.array(_CORNER)
        return shapely.transform(shape, lambda points: corner + points * (1, -1))


def simulate_district(
    seed: int, *, size_px: int = 3750, gsd_m: float = GSD_M, dates: tuple[date, ...] = DATES
) -> SimulatedDistrict:
    """Plan a district in the rural fringe of Liangqing: its land, its images and the changes between them.

    Parameters
    ----------
    seed
        Everything follows from it: the same seed and parameters make the same district.
    size_px
        Pixels along a side.
    gsd_m
        Size of a pixel in metres.
    dates
        Dates of the images; they set the sun, the crops and the haze.

    Raises
    ------
    UsageError
        If the dates are not in order or the size makes no sense.

    Examples
    --------
    >>> district = simulate_district(7, size_px=320, dates=monthly_dates(2))
    >>> [take.name for take in district.takes]
    ['20260912', '20261014']
    """
    if len(dates) < 2 or any(second <= first for first, second in pairwise(dates)):
        raise UsageError(
            f"A district needs two or more dates, each later than the one before: got {', '.join(map(str, dates))}."
        )
    if size_px < 64 or not 0.1 <= gsd_m <= 10:
        raise UsageError(
            f"A simulated image needs at least 64 pixels a side of 0.1 to 10 m, "
            f"not {size_px} of {gsd_m} m; give a larger size or another pixel size."
        )
    size_m = size_px * gsd_m
    land = lay_out(seed, size_m, max(MARGIN_M, MARGIN_PX * gsd_m))
    standing = settle(land)
    changes, permits = run_events(land, standing, dates)
    takes = tuple(_acquire(seed, number, on, len(dates), size_m) for number, on in enumerate(dates))
    return SimulatedDistrict(
        seed=seed,
        size_px=size_px,
        gsd_m=gsd_m,
        epsg=EPSG,
        land=land,
        standing=tuple(standing),
        changes=tuple(changes),
        permits=tuple(permits),
        takes=takes,
        clouded=tuple(take.sky.outline(seed) for take in takes),
    )


def draw_windows(
    district: SimulatedDistrict, *, workers: int = 1, window_px: int = _WINDOW_PX
) -> Iterator[tuple[Board, tuple[npt.NDArray[np.uint16], ...]]]:
    """Draw a district window by window.

    Neither the number of workers nor the size of the windows changes a pixel.

    Yields
    ------
    Board, tuple of numpy.ndarray
        Each window, and its part (4, rows, columns) of every image.
    """
    starts = range(0, district.size_px, window_px)
    windows = [
        Board(
            seed=district.seed,
            cell_m=district.gsd_m,
            column0=column,
            row0=row,
            columns=min(window_px, district.size_px - column),
            rows=min(window_px, district.size_px - row),
        )
        for row, column in product(starts, starts)
    ]

    def draw_all(pixels: Board) -> tuple[npt.NDArray[np.uint16], ...]:
        place = set_up(district.land, district.standing, pixels)
        takes = zip(district.takes, district.clouded, strict=True)
        return tuple(draw(place, district.changes, take, clouded) for take, clouded in takes)

    with ThreadPoolExecutor(workers) as pool:
        yield from zip(windows, pool.map(draw_all, windows), strict=True)


def draw_images(district: SimulatedDistrict) -> tuple[npt.NDArray[np.uint16], ...]:
    """Return all images (4, size, size) of a district at once; meant for small ones."""
    images = tuple(np.empty((4, district.size_px, district.size_px), np.uint16) for _ in district.takes)
    for window, parts in draw_windows(district):
        rows = slice(window.row0, window.row0 + window.rows)
        columns = slice(window.column0, window.column0 + window.columns)
        for image, part in zip(images, parts, strict=True):
            image[:, rows, columns] = part
    return images


def _acquire(seed: int, number: int, on: date, count: int, size_m: float) -> Acquisition:
    """Draw the light, air, clouds and instrument of a date."""
    rng = stream(seed, f"acquisition {on.isoformat()}")
    sun = sun_at(on, 10.3 + 0.9 * rng.random(), LATITUDE_DEG)
    # Turned by the golden angle from date to date: neighbours lie half a pixel to two pixels apart.
    turn = 2 * np.pi * stream(seed, "shifts").random() + 2.4 * number
    far = 0.35 + 0.6 * rng.random()
    toward, strength = 2 * np.pi * rng.random(), 0.05 + 0.09 * rng.random()
    gain = 1 + 0.06 * (2 * rng.random(4) - 1)
    offset = 40 * (2 * rng.random(4) - 1)
    sensor = Sensor(
        haze=0.35 + 0.5 * rng.random(),
        shift_px=(float(far * np.sin(turn)), float(far * np.cos(turn))),
        blur_px=0.62 + 0.08 * rng.random(),
        gain=tuple(gain.tolist()),
        offset=tuple(offset.tolist()),
        noise=NOISE_SIGMA,
    )
    season = Season(
        day_of_year=on.timetuple().tm_yday,
        wetness=0.25 + 0.5 * rng.random(),
        turbidity=0.25 + 0.7 * rng.random(),
        drawdown_m=3.0 * rng.random(),
    )
    tilt = (float(strength * np.cos(toward)), float(strength * np.sin(toward)))
    share = _CLOUD_SHARES[(number - count) % len(_CLOUD_SHARES)] * (0.8 + 0.4 * rng.random())
    sky = gather_clouds(seed, f"{on:%Y%m%d}", size_m, share, sun)
    return Acquisition(on=on, sun=sun, tilt=tilt, sensor=sensor, season=season, sky=sky)
