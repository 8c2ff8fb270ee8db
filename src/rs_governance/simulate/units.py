"""Administrative units: a district, its towns and villages, and grid cells with their keepers.

Borders run along the edges of blocks of fields, so that units of one level touch without gap or overlap.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry import box

from rs_governance.simulate.board import stream
from rs_governance.simulate.land import Land
from rs_governance.simulate.outlines import Points, Shape

DISTRICT_CODE = "450108"
DISTRICT_NAME = "良庆区（模拟）"
DISTRICT_NAME_EN = "Liangqing (simulated)"
"""Of a real district, and so never without saying that nothing here is."""
_TOWNS = (
    ("100", "良庆镇", "Liangqing Town"),
    ("101", "那马镇", "Nama Town"),
    ("102", "那陈镇", "Nachen Town"),
    ("103", "大塘镇", "Datang Town"),
)
_VILLAGES = {
    "那平": "Naping",
    "坛里": "Tanli",
    "团垌": "Tuandong",
    "新丰": "Xinfeng",
    "百乐": "Baile",
    "陆榄": "Lulan",
    "共和": "Gonghe",
    "那岭": "Naling",
    "子伟": "Ziwei",
    "冲陶": "Chongtao",
    "下邕": "Xiayong",
    "那贵": "Nagui",
    "屯里": "Tunli",
    "板朋": "Banpeng",
    "南荣": "Nanrong",
    "太安": "Tai'an",
}
_FAMILIES = "韦黄李陈梁覃农卢陆莫苏潘"
_GIVEN = [
    "建明",
    "秀兰",
    "国强",
    "桂芳",
    "志华",
    "丽娟",
    "海燕",
    "永福",
    "小梅",
    "德胜",
    "春红",
    "文斌",
    "玉珍",
    "立新",
    "彩云",
    "世忠",
]
_CELL_M2 = 150_000.0
_GRID_M = 0.01
_SHOWN = 0.6


@dataclass(frozen=True, kw_only=True)
class Unit:
    """One unit of a level."""

    level: str
    """district, town, village or cell."""
    code: str
    """12 digits; 3 more for cells."""
    name: str
    name_en: str
    parent: str | None
    """Code of the unit around it."""
    keeper: str | None
    """Who looks after a cell; invented."""
    outline: Shape
    """Local metres."""


def divide_district(land: Land) -> list[Unit]:
    """Divide a land into units, level by level, in the order of their codes."""
    rng = stream(land.seed, "units")
    extent = box(0, 0, land.size_m, land.size_m)
    near = np.sort(land.blocks.tree.query(extent, predicate="intersects"))
    # The images are of the district: what lies mostly outside of them belongs to its neighbours.
    shown = shapely.area(shapely.intersection(land.blocks.outlines[near], extent))
    own = near[shown > _SHOWN * shapely.area(land.blocks.outlines[near])]
    outlines, centre = land.blocks.outlines[own], land.blocks.centre[own]

    towns = min(len(_TOWNS), max(2, round(land.area_km2 / 2.4)))
    villages = min(len(_VILLAGES), max(2 * towns, round(1.35 * land.area_km2)))
    middles = _gather(rng, centre, villages)
    in_village = _nearest(centre, middles)
    in_town = _nearest(middles, _gather(rng, middles, towns))[in_village]
    names = rng.permutation(np.array(list(_VILLAGES)))

    whole = _union(outlines)
    root = f"{DISTRICT_CODE}000000"
    found = [
        Unit(
            level="district",
            code=root,
            name=DISTRICT_NAME,
            name_en=DISTRICT_NAME_EN,
            parent=None,
            keeper=None,
            outline=whole,
        )
    ]
    below: list[Unit] = []
    for town in range(towns):
        code, name, name_en = _TOWNS[town]
        code = f"{DISTRICT_CODE}{code}"
        members = np.flatnonzero(in_town == town)
        if not members.size:  # so few blocks that none is left for it
            continue
        outline = _union(outlines[members])
        found.append(
            Unit(
                level="town",
                code=f"{code}000",
                name=name,
                name_en=name_en,
                parent=root,
                keeper=None,
                outline=outline,
            )
        )
        for serial, village in enumerate(np.unique(in_village[members])):
            fields = np.flatnonzero(in_village == village)
            below += _village(
                rng, f"{code}{201 + serial}", str(names[village]), f"{code}000", outlines[fields], centre[fields]
            )
    order = ("district", "town", "village", "cell")
    return sorted([*found, *below], key=lambda unit: (order.index(unit.level), unit.code))


def _village(
    rng: np.random.Generator,
    code: str,
    stem: str,
    parent: str,
    outlines: npt.NDArray[np.object_],
    centre: Points,
) -> list[Unit]:
    """Return a village and its grid cells."""
    name, name_en = f"{stem}村", f"{_VILLAGES[stem]} Village"
    outline = _union(outlines)
    found = [Unit(level="village", code=code, name=name, name_en=name_en, parent=parent, keeper=None, outline=outline)]
    count = max(2, round(outline.area / _CELL_M2))
    cell_of = _nearest(centre, _gather(rng, centre, count))
    for serial, cell in enumerate(np.unique(cell_of), 1):
        family, given = rng.integers(len(_FAMILIES)), rng.integers(len(_GIVEN))
        found.append(
            Unit(
                level="cell",
                code=f"{code}{serial:03d}",
                name=f"{name}第{serial}网格",
                name_en=f"{name_en}, cell {serial}",
                parent=code,
                keeper=_FAMILIES[family] + _GIVEN[given],
                outline=_union(outlines[cell_of == cell]),
            )
        )
    return found


def _gather(rng: np.random.Generator, points: Points, count: int) -> Points:
    """Return the middles of `count` groups of points (k-means)."""
    count = min(count, len(points))
    middles = points[rng.permutation(len(points))[:count]]
    for _ in range(12):
        group = _nearest(points, middles)
        middles = np.array([
            points[group == n].mean(axis=0) if (group == n).any() else middles[n] for n in range(count)
        ])
    return middles


def _nearest(points: Points, middles: Points) -> npt.NDArray[np.int64]:
    nearest: npt.NDArray[np.int64] = np.argmin(((points[:, None] - middles[None]) ** 2).sum(axis=2), axis=1)
    return nearest


def _union(outlines: npt.NDArray[np.object_]) -> Shape:
    return shapely.union_all(outlines, grid_size=_GRID_M)
