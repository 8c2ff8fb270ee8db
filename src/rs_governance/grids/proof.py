"""Is a source where it says, or off by GCJ-02? Two places only are asked about, so little is enough to tell.

Small layers and registers have few borders in common with others. But all of them are of one ground, which the images
show: laid on the edges there, a source fits in its place and nowhere else.
"""

from collections.abc import Sequence
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from rs_governance.errors import CrsRefused
from rs_governance.grids.alignment import Ground, Placed
from rs_governance.grids.backdrops import Backdrops, Square
from rs_governance.grids.carriers import RowProblem
from rs_governance.grids.placement import GCJ02
from rs_governance.grids.traces import Backdrop, Fit, compare, together, weigh
from rs_governance.scenes import Scene

FloatArray = NDArray[np.float64]
Laid = tuple[FloatArray, FloatArray]

# Offsets below this are no offset (GCJ-02 ends at the border of China); no map is as exact.
_LEAST_OFFSET_M = 40.0
_REACH_OFFSETS = 1.2
# To refuse a file, what fits under the offset has to be far beyond chance, and better than all other places.
_SURELY = 6.0
_TIMES_THE_REST = 1.25
# To believe one that it is where it says, it has to fit there better than chance does, and better than under the offset.
_LIKELY = 4.0
_BETTER = 2.0
_SQUARES = 6
# A square that was looked at is as good as the fullest one if it holds this part of that one's points.
_NEARLY_FULL = 0.5
_HIDDEN = (
    "无法确认是否为 GCJ-02（手机地图坐标）：{names} 的边界太少，或在影像与其他图层上看不出。请",
    (
        "GCJ-02 (phone maps) could not be ruled out for {names}: too few of their borders can be seen on the images or in other "
        "sources. L"
    ),
)
_ALONE = (
    (
        "无法确认是否为 GCJ-02（手机地图坐标）：{names} 没有影像、也没有来源不同的图层可以比对。在 district.toml 中加入一期影像"
        "（[[scene]]）或坐标可靠的图层（如 [layers.land_use]）后再运行 rsg grids check，即自动测定；也可"
    ),
    (
        "GCJ-02 (phone maps) could not be ruled out for {names}: there is no image, and no source from elsewhere, to lay them on. "
        "Add an image ([[scene]]) or a layer that is known to be right (such as [layers.land_use]) to district.toml and run "
        "rsg grids check again: it measures. Or l"
    ),
)


class _Verdict(Enum):
    IN_PLACE = "in place"
    MOVED = "moved"
    OPEN = "open"


def find_unproved(ground: Ground, scenes: Sequence[Scene]) -> tuple[str, ...]:
    """Lay all sources on what the images show, then on the borders of those that were found in their place.

    Parameters
    ----------
    ground
        Knows the sources and which of them share borders.
    scenes
        Images of the district, the ones to prefer first; without any, sources are measured by the first one alone.

    Returns
    -------
    tuple of str
        Keys of the sources of which nobody can say whether they are in GCJ-02.

    Raises
    ------
    CrsRefused
        If one of them is in GCJ-02, or says so and is not.
    SceneUnreadable
        If an image cannot be read.
    """
    sources = {source.where: source for source in ground.sources}
    offset_m = max((ground.offset_m(source) for source in sources.values()), default=0.0)
    if offset_m < _LEAST_OFFSET_M:
        return ()
    bounds = np.array([source.bounds for source in sources.values()])
    backdrops = Backdrops(
        crs=ground.crs,
        bounds=np.concatenate([bounds[:, :2].min(axis=0), bounds[:, 2:].max(axis=0)]),
        reach_m=_REACH_OFFSETS * offset_m,
        scenes=scenes,
    )
    on_images = _Look(ground, backdrops)
    seen = {name for name in sources if scenes and on_images.judge(sources[name]) is _Verdict.IN_PLACE}
    measures = _agreeing(seen or set(list(sources)[:1]), ground.agreed)
    on_borders = _Look(ground, backdrops, measures=[sources[name] for name in sorted(measures)])
    unproved = {
        name for name in sources if name not in measures and on_borders.judge(sources[name]) is not _Verdict.IN_PLACE
    }
    # Units agree with one another, whoever drew them; only what comes from elsewhere says where they lie.
    others = {name for name in sources if not name.startswith("units.")} - unproved
    if not seen and (scenes or not others):
        unproved |= measures
    return tuple(name for name in sources if name in unproved)


def note_unproved(unproved: Sequence[str], ground: Ground, *, scenes: bool) -> RowProblem:
    """Say which sources could not be proved, and what to do.

    Parameters
    ----------
    unproved
        Keys of sources, from `find_unproved`; at least one.
    ground
        Knows how far they would be off.
    scenes
        Whether there were images to lay them on.
    """
    names = ", ".join(unproved)
    off_m = next(ground.offset_m(source) for source in ground.sources if source.where == unproved[0])
    zh, en = (text.format(names=names) for text in (_HIDDEN if scenes else _ALONE))
    zh += (
        f"在 QGIS 中叠加影像核对：若整体偏移约 {off_m:.0f} 米，在 district.toml 中为其写 crs = 'GCJ-02'，否则写其本来的坐标系"
        "（如 crs = 'EPSG:4545'），不再提示"
    )
    en += (
        f"ay them over an image in QGIS; for what is off by about {off_m:.0f} m say crs = 'GCJ-02' in district.toml, for "
        "what is right its own (such as crs = 'EPSG:4545'), and it is not asked again"
    )
    return RowProblem(source="references", row="-", field="", value="", message_zh=zh, message_en=en, kept=True)


def _agreeing(proved: set[str], agreed: Sequence[tuple[str, str]]) -> set[str]:
    """Add the sources that share borders with those that are proved."""
    grown = proved | {other for pair in agreed for other in pair if proved & set(pair)}
    return grown if grown == proved else _agreeing(grown, agreed)


class _Look:
    """Sources laid on the images and, where there are measures, on the borders of these."""

    def __init__(self, ground: Ground, backdrops: Backdrops, measures: Sequence[Placed] = ()) -> None:
        self._ground, self._backdrops = ground, backdrops
        self._measures = [measure.lines for measure in measures]
        self._drawn: dict[Square, Backdrop] = {}

    def judge(self, source: Placed) -> _Verdict:
        """Tell where a source lies.

        Raises
        ------
        CrsRefused
            If it is off by GCJ-02.
        """
        # What is said to be in GCJ-02 was brought back: if that was wrong, it has to go forth again.
        east, north = self._ground.way_m(source, forth=source.file_crs == GCJ02)
        shift = -north / self._backdrops.cell_m, east / self._backdrops.cell_m
        images: list[Laid] = []
        borders: list[Laid] = []
        verdict = _Verdict.OPEN
        for square in self._squares(source):
            drawn = self._backdrops.draw(source.lines, square)
            if self._backdrops.scenes:
                images.append(self._backdrops.images(square).lay(drawn))
            if self._measures:
                borders.append(self._others(square).lay(drawn))
            fit = compare(together([weigh(laid) for laid in (images, borders) if laid]), shift, self._backdrops.cell_m)
            verdict = _verdict(fit)
            if verdict is _Verdict.MOVED:
                raise CrsRefused(self._ground.moved_message(source, fit, on_images=bool(images)))
            if verdict is _Verdict.IN_PLACE:
                break
        return verdict

    def _others(self, square: Square) -> Backdrop:
        if square not in self._drawn:
            self._drawn[square] = self._backdrops.drawn(self._measures, square)
        return self._drawn[square]

    def _squares(self, source: Placed) -> list[Square]:
        """Return the squares to look at: the fullest ones, of nearly equal ones those that were looked at before."""
        counts = self._backdrops.count(source.points)
        enough = _NEARLY_FULL * max(counts.values())
        opened = self._backdrops.opened

        def rank(square: Square) -> tuple[bool, int, Square]:
            return not (square in opened and counts[square] >= enough), -counts[square], square

        return sorted(counts, key=rank)[:_SQUARES]


def _verdict(fit: Fit) -> _Verdict:
    if fit.moved >= _SURELY and fit.moved >= _TIMES_THE_REST * max(fit.here, fit.chance):
        return _Verdict.MOVED
    if fit.here >= max(_LIKELY, fit.usual) and fit.here >= fit.moved + _BETTER:
        return _Verdict.IN_PLACE
    return _Verdict.OPEN
