"""One window of an image on a date: ground, roofs, crowns and cars, lit, veiled and exposed."""

from dataclasses import asdict, dataclass
from datetime import date

import numpy as np
import numpy.typing as npt
from shapely.geometry import Polygon, box

from rs_governance.simulate.board import Board, Bytes, Flags, Floats, Ints, stream
from rs_governance.simulate.buildings import Building, raise_buildings
from rs_governance.simulate.changes import Change
from rs_governance.simulate.clouds import Sky
from rs_governance.simulate.crowns import BROADLEAF, EUCALYPT, Crowns, plant, raise_crowns
from rs_governance.simulate.land import Cover, Land
from rs_governance.simulate.light import Sun, illuminate, lean
from rs_governance.simulate.outlines import Shape, rectangle
from rs_governance.simulate.parcels import Parcels, divide
from rs_governance.simulate.sensor import Sensor, cover_with_cloud, expose, sample, shade, veil
from rs_governance.simulate.surfaces import Season, colour_ground
from rs_governance.simulate.textures import Textures, weave

OVERSAMPLE = 2
"""Cells drawn for each pixel along a side."""
MARGIN_PX = 40
"""Pixels drawn beyond a window; shadows, crowns and blur reach in from there."""

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
    sky: Sky

    @property
    def name(self) -> str:
        """The scene's id: its date."""
        return f"{self.on:%Y%m%d}"

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
    """A window of a land with all that stands there and does not change."""

    land: Land
    pixels: Board
    """The window, a cell for each pixel."""
    board: Board
    """The finer board, wider by a margin, on which the window is drawn."""
    standing: tuple[Building, ...]
    cover: Bytes
    elevation: Floats
    parcels: Parcels
    textures: Textures
    woods: tuple[Crowns, ...]
    """The species, the tallest first."""
    vigour: Floats
    """Height of the trees, as a share."""


def set_up(land: Land, standing: tuple[Building, ...], pixels: Board) -> Place:
    """Return a window of a land, ready to be drawn on any date."""
    board = Board(
        seed=land.seed,
        cell_m=pixels.cell_m / OVERSAMPLE,
        column0=(pixels.column0 - MARGIN_PX) * OVERSAMPLE,
        row0=(pixels.row0 - MARGIN_PX) * OVERSAMPLE,
        columns=(pixels.columns + 2 * MARGIN_PX) * OVERSAMPLE,
        rows=(pixels.rows + 2 * MARGIN_PX) * OVERSAMPLE,
    )
    label, textures = land.blocks.label(board), weave(board)
    elevation = land.relief.elevation(board)
    stand = 0.45 + 0.75 * stream(land.seed, "stands").random(len(land.blocks.use), dtype=np.float32)
    return Place(
        land=land,
        pixels=pixels,
        board=board,
        standing=standing,
        cover=land.cover(board, label),
        elevation=elevation,
        parcels=divide(land, board, label, elevation),
        textures=textures,
        woods=tuple(plant(board, species) for species in (EUCALYPT, BROADLEAF)),
        vigour=stand[label] * (1 + 0.1 * textures.broad),
    )


def draw(place: Place, changes: tuple[Change, ...], take: Acquisition, clouded: Shape) -> npt.NDArray[np.uint16]:
    """Return a window (4, rows, columns) of an image, with the changes that happened by its date.

    `clouded` is the outline of the date's clouds and shadows: what does not meet it is drawn without.
    """
    land, board, pixels = place.land, place.board, place.pixels
    done = [change for change in changes if change.happened_on <= take.on]
    gone = {building for change in done for building in change.removes}
    built = [*place.standing, *(building for change in done for building in change.adds)]
    buildings = [building for building in built if building not in gone]
    day = take.season.day_of_year

    cover = _cover_on(place, done, take.season)
    waters = [*land.ponds, *(shape for change in changes for shape, code in change.details if code == Cover.POND)]
    ponds: Ints = board.burn((pond, number % 255 + 1) for number, pond in enumerate(waters))
    image, above = colour_ground(board, cover, ponds, place.parcels, place.textures, take.season)
    roofs = raise_buildings(board, buildings, image, above, place.textures.clump, day)
    _park(place, take.on, cover, roofs, image, above)
    for crowns in place.woods:
        raise_crowns(crowns, board, place.textures, place.vigour, cover, roofs, image, above)

    illuminate(image, place.elevation + above, float(above.max()) + 2, take.sun, board.cell_m)
    lean(image, above, roofs, take.tilt, board.cell_m)
    image = sample(image, board, pixels, take.sensor)
    cloudy = clouded.intersects(box(*pixels.bounds))
    if cloudy:
        shade(image, take.sky.darkness(pixels))
    veil(image, pixels, take.name, take.sensor.haze)
    if cloudy:
        cover_with_cloud(image, take.sky.thickness(pixels), take.sky.lumps(pixels))
    return expose(image, pixels, take.name, take.sensor)


def _cover_on(place: Place, done: list[Change], season: Season) -> Bytes:
    """Return the cover of a date: the changes drawn over the land, and the river at its level."""
    shapes: list[tuple[Shape, int]] = []
    for change in done:
        if change.cover is not None:
            shapes.append((change.outline, int(change.cover)))
        shapes += [(shape, int(code)) for shape, code in change.details]
    over = place.board.burn(shapes, background=255)
    cover = np.where(over == 255, place.cover, over).astype(np.uint8)
    wet = place.board.burn([(place.land.river.buffer(-season.drawdown_m), 1)]) > 0
    cover[(cover == Cover.RIVER) & ~wet] = Cover.SAND
    return cover


def _park(place: Place, on: date, cover: Bytes, roofs: Flags, image: Floats, above: Floats) -> None:
    """Put cars on the roads and in the yards; they are elsewhere on every date."""
    land = place.land
    rng, road = stream(land.seed, f"traffic {on.isoformat()}"), land.main_road
    cars = []
    for at_share, lane in rng.random((round(34 * land.size_m / 1000), 2)):
        at = road.interpolate(at_share, normalized=True)
        ahead = road.interpolate(min(1.0, at_share + 0.004), normalized=True)
        angle = float(np.arctan2(ahead.y - at.y, ahead.x - at.x))
        off = 2.3 if lane < 0.5 else -2.3
        cars.append((at.x - off * np.sin(angle), at.y + off * np.cos(angle), angle))
    for yard in land.works:
        x0, y0, x1, y1 = yard.bounds
        turn = float(np.pi * rng.random())
        cars += [(x0 + (x1 - x0) * u, y0 + (y1 - y0) * v, turn) for u, v in rng.random((14, 2))]
    shapes: list[tuple[Shape, int]] = []
    colours = rng.integers(0, len(_PAINTS), len(cars))
    long = rng.random(len(cars)) < 0.22
    for (x, y, angle), lorry, paint in zip(cars, long, colours, strict=True):
        length, width = (9.5, 2.5) if lorry else (4.5, 1.9)
        shapes.append((Polygon(rectangle(x, y, length, width, angle)), int(paint) + 1))
    board = place.board.burn(shapes)
    board[roofs | ~np.isin(cover, (Cover.ASPHALT, Cover.MARKING, Cover.YARD, Cover.LANE))] = 0
    cells = np.nonzero(board)
    image[:, cells[0], cells[1]] = _PAINTS[board[cells] - 1].T
    above[cells] = 1.6
