"""Two images of one place, a month apart, with exact truth."""

from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt
import shapely
from affine import Affine
from rasterio.features import rasterize

from rs_governance.errors import UsageError
from rs_governance.simulate.changes import Change, plan_changes
from rs_governance.simulate.frame import Frame, stream
from rs_governance.simulate.land import lay_out
from rs_governance.simulate.light import sun_at
from rs_governance.simulate.parcels import divide
from rs_governance.simulate.scene import Acquisition, Place, expose_scene
from rs_governance.simulate.sensor import Sensor
from rs_governance.simulate.settlements import settle
from rs_governance.simulate.surfaces import Season
from rs_governance.simulate.textures import weave

EPSG = 4545
LATITUDE_DEG = 22.70
ROLES = ("blue", "green", "red", "nir")
_CORNER = (541_000.0, 2_511_600.0)


@dataclass(frozen=True, kw_only=True)
class SimulatedPair:
    """Two simulated images and what really changed between them."""

    seed: int
    before: npt.NDArray[np.uint16]
    """(4, size, size) blue, green, red, near infrared; about reflectance times 10,000."""
    after: npt.NDArray[np.uint16]
    truth: npt.NDArray[np.uint8]
    """(size, size) `changes.Kind` codes, 0 where nothing changed; a pixel belongs to what holds its centre."""
    changes: tuple[Change, ...]
    """The same as outlines, local metres: x east, y south of the upper left corner."""
    before_on: date
    after_on: date
    epsg: int
    transform: Affine
    """Pixel to map coordinates."""
    after_shift_px: tuple[float, float]
    """Rows and columns by which the second image lies off the first."""
    noise_sigma: float
    """Standard deviation of the noise in digital numbers, where it is darkest."""
    settings: dict[str, object]
    """How the two dates were taken, for the record."""

    def outline_on_map(self, change: Change) -> shapely.Geometry:
        """Return the outline of a change in map coordinates."""
        corner = np.array((self.transform.c, self.transform.f))
        return shapely.transform(change.outline, lambda points: corner + points * (1, -1))


def simulate_pair(
    seed: int,
    *,
    size_px: int = 1250,
    gsd_m: float = 0.8,
    before_on: date = date(2026, 9, 12),
    after_on: date = date(2026, 10, 14),
    oversample: int = 2,
) -> SimulatedPair:
    """Simulate two images of the rural fringe of Liangqing, and the changes between them.

    Parameters
    ----------
    seed
        Everything follows from it: the same seed and parameters make the same pair.
    size_px
        Pixels along a side.
    gsd_m
        Size of a pixel in metres.
    before_on, after_on
        Dates of the two images; they set the sun, the crops and the haze.
    oversample
        Cells drawn for each pixel along a side; 1 is quicker and coarser.

    Raises
    ------
    UsageError
        If the dates are not in order or the size makes no sense.

    Examples
    --------
    >>> pair = simulate_pair(7, size_px=160)
    >>> pair.before.shape, pair.before.dtype.name, pair.truth.shape
    ((4, 160, 160), 'uint16', (160, 160))
    """
    if after_on <= before_on:
        raise UsageError(f"The second image must be later than the first: got {before_on} and {after_on}.")
    frame = Frame(size_px=size_px, gsd_m=gsd_m, oversample=oversample)
    land = lay_out(seed, frame)
    standing = settle(seed, land)
    changes = plan_changes(seed, land, standing, before_on, after_on)
    place = Place.of(seed, land, divide(seed, land), weave(seed, frame), standing)
    takes = (_acquire(seed, before_on, first=True), _acquire(seed, after_on, first=False))
    before, after = (expose_scene(seed, place, changes, take) for take in takes)
    return SimulatedPair(
        seed=seed,
        before=before,
        after=after,
        truth=_truth(frame, changes),
        changes=tuple(changes),
        before_on=before_on,
        after_on=after_on,
        epsg=EPSG,
        transform=Affine(gsd_m, 0, _CORNER[0], 0, -gsd_m, _CORNER[1]),
        after_shift_px=takes[1].sensor.shift_px,
        noise_sigma=min(take.sensor.noise for take in takes),
        settings={
            "size_px": size_px,
            "gsd_m": gsd_m,
            "oversample": oversample,
            "before": takes[0].as_record(),
            "after": takes[1].as_record(),
        },
    )


def _acquire(seed: int, on: date, *, first: bool) -> Acquisition:
    """Draw the light, air and instrument of a date; the first image defines the ground's position."""
    rng = stream(seed, f"acquisition {on.isoformat()}")
    sun = sun_at(on, 10.3 + 0.9 * rng.random(), LATITUDE_DEG)
    shift = (0.0, 0.0) if first else (0.5 - 0.08 * rng.random(), -0.5 + 0.08 * rng.random())
    toward, strength = 2 * np.pi * rng.random(), 0.05 + 0.09 * rng.random()
    gain = 1 + 0.06 * (2 * rng.random(4) - 1)
    offset = 40 * (2 * rng.random(4) - 1)
    sensor = Sensor(
        haze=0.35 + 0.5 * rng.random(),
        shift_px=shift,
        blur_px=0.62 + 0.08 * rng.random(),
        gain=tuple(gain.tolist()),
        offset=tuple(offset.tolist()),
        noise=45.0,
    )
    season = Season(
        day_of_year=on.timetuple().tm_yday,
        wetness=0.25 + 0.5 * rng.random(),
        turbidity=0.25 + 0.7 * rng.random(),
        drawdown_m=3.0 * rng.random(),
    )
    tilt = (float(strength * np.cos(toward)), float(strength * np.sin(toward)))
    return Acquisition(on=on, sun=sun, tilt=tilt, sensor=sensor, season=season)


def _truth(frame: Frame, changes: list[Change]) -> npt.NDArray[np.uint8]:
    truth = np.zeros((frame.size_px, frame.size_px), np.uint8)
    if changes:
        shapes = [(change.outline, int(change.kind)) for change in changes]
        rasterize(shapes, out=truth, transform=Affine(frame.gsd_m, 0, 0, 0, frame.gsd_m, 0))
    return truth
