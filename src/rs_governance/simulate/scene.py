"""One image of a place on a date: ground, roofs, crowns and cars, lit, veiled and exposed."""

from dataclasses import asdict, dataclass
from datetime import date

import numpy as np
import numpy.typing as npt
from shapely.geometry import Polygon

from rs_governance.simulate.buildings import Building, raise_buildings
from rs_governance.simulate.changes import Change
from rs_governance.simulate.crowns import BROADLEAF, EUCALYPT, Crowns, plant, raise_crowns
from rs_governance.simulate.frame import Bytes, Flags, Floats, rectangle, stream
from rs_governance.simulate.land import Cover, Land
from rs_governance.simulate.light import Sun, illuminate, lean
from rs_governance.simulate.parcels import Parcels
from rs_governance.simulate.sensor import Sensor, expose, veil
from rs_governance.simulate.surfaces import Season, colour_ground
from rs_governance.simulate.textures import Textures

# White, black, silver, red and blue cars.
_PAINTS = np.array(
    [
        (2900, 2950, 2950, 2950),
        (450, 470, 480, 500),
        (1500, 1520, 1530, 1550),
        (500, 550, 1700, 1900),
        (1800, 1000, 600, 900),
    ],
    np.float32,
)


@dataclass(frozen=True, kw_only=True)
class Acquisition:
    """When and how an image was taken."""

    on: date
    sun: Sun
    tilt: tuple[float, float]
    """Metres that a metre of height is displaced to the east and the south."""
    sensor: Sensor
    season: Season

    def as_record(self) -> dict[str, object]:
        """Return the acquisition as plain values, floats rounded."""

        def plain(value: object) -> object:
            if isinstance(value, dict):
                return {key: plain(inner) for key, inner in value.items()}
            if isinstance(value, list | tuple):
                return [plain(inner) for inner in value]
            return round(value, 4) if isinstance(value, float) else str(value) if isinstance(value, date) else value

        return {key: plain(value) for key, value in asdict(self).items()}


@dataclass(frozen=True, kw_only=True)
class Place:
    """A land with all that stands on it before the changes."""

    land: Land
    parcels: Parcels
    textures: Textures
    standing: list[Building]
    woods: tuple[Crowns, ...]
    """The species, the tallest first."""
    vigour: Floats
    """Height of the trees, as a share."""

    @classmethod
    def of(cls, seed: int, land: Land, parcels: Parcels, textures: Textures, standing: list[Building]) -> "Place":
        """Plant the trees of a land."""
        rng = stream(seed, "trees")
        stand = (0.45 + 0.75 * rng.random(len(land.blocks.use))).astype(np.float32)
        vigour = stand[np.minimum(land.blocks.label, len(stand) - 1)] * (1 + 0.1 * textures.broad)
        return cls(
            land=land,
            parcels=parcels,
            textures=textures,
            standing=standing,
            woods=tuple(plant(rng, land.frame, species) for species in (EUCALYPT, BROADLEAF)),
            vigour=vigour.astype(np.float32),
        )


def expose_scene(seed: int, place: Place, changes: list[Change], take: Acquisition) -> npt.NDArray[np.uint16]:
    """Return the image (4, size, size) of a place on a date, with the changes that happened by then."""
    land, frame = place.land, place.land.frame
    done = [change for change in changes if change.happened_on <= take.on]
    gone = {number for change in done for number in change.removes}
    buildings = [building for number, building in enumerate(place.standing) if number not in gone]
    buildings += [building for change in done for building in change.adds]

    cover = _cover_on(land, done, take.season)
    waters = [*land.ponds, *(shape for change in changes for shape, code in change.details if code == Cover.POND)]
    ponds = frame.burn((pond, number % 255 + 1) for number, pond in enumerate(waters)).astype(np.int32)
    image, above = colour_ground(seed, cover, ponds, place.parcels, place.textures, take.season)
    dirt = stream(seed, f"roofs on {take.on.isoformat()}")
    roofs = raise_buildings(frame, buildings, image, above, place.textures.clump, dirt)
    _park(seed, land, take.on, cover, roofs, image, above)
    for crowns in place.woods:
        raise_crowns(crowns, frame, place.textures, place.vigour, cover, roofs, image, above)

    illuminate(image, land.elevation + above, float(above.max()) + 2, take.sun, frame.cell_m)
    lean(image, above, roofs, take.tilt, frame.cell_m)
    rng = stream(seed, f"exposure {take.on.isoformat()}")
    veil(image, frame, rng, take.sensor.haze)
    return expose(image, frame, rng, take.sensor)


def _cover_on(land: Land, done: list[Change], season: Season) -> Bytes:
    """Return the cover of a date: the changes drawn over the land, and the river at its level."""
    shapes = [(change.outline, int(change.cover)) for change in done if change.cover is not None]
    shapes += [(shape, int(code)) for change in done for shape, code in change.details]
    over = land.frame.burn(shapes, background=255)
    cover = np.where(over == 255, land.cover, over)
    wet = land.frame.burn([(land.river.buffer(-season.drawdown_m), 1)]) > 0
    cover[(cover == Cover.RIVER) & ~wet] = Cover.SAND
    return cover


def _park(seed: int, land: Land, on: date, cover: Bytes, roofs: Flags, image: Floats, above: Floats) -> None:
    """Put cars on the roads and in the yards; they are elsewhere on every date."""
    rng = stream(seed, f"traffic {on.isoformat()}")
    frame, road = land.frame, land.main_road
    cars = []
    for place in rng.random((round(34 * frame.area_km2), 2)):
        at = road.interpolate(place[0], normalized=True)
        ahead = road.interpolate(min(1.0, place[0] + 0.004), normalized=True)
        angle = float(np.arctan2(ahead.y - at.y, ahead.x - at.x))
        off = 2.3 if place[1] < 0.5 else -2.3
        cars.append((at.x - off * np.sin(angle), at.y + off * np.cos(angle), angle))
    for yard in land.works:
        x0, y0, x1, y1 = yard.bounds
        turn = float(np.pi * rng.random())
        cars += [(x0 + (x1 - x0) * u, y0 + (y1 - y0) * v, turn) for u, v in rng.random((14, 2))]
    shapes, colours = [], rng.integers(0, len(_PAINTS), len(cars))
    long = rng.random(len(cars)) < 0.22
    for (x, y, angle), lorry, paint in zip(cars, long, colours, strict=True):
        length, width = (9.5, 2.5) if lorry else (4.5, 1.9)
        shapes.append((Polygon(rectangle(x, y, length, width, angle)), int(paint) + 1))
    board = frame.burn(shapes)
    board[roofs | ~np.isin(cover, (Cover.ASPHALT, Cover.MARKING, Cover.YARD, Cover.LANE))] = 0
    cells = np.nonzero(board)
    image[:, cells[0], cells[1]] = _PAINTS[board[cells] - 1].T
    above[cells] = 1.6
