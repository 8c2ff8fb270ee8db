"""The closed lists that a decision is made of, and the words shown for them."""

from collections.abc import Mapping
from typing import Literal, NamedTuple

Kind = Literal[
    "new_building",
    "new_structure",
    "earthwork",
    "hardened_ground",
    "road",
    "photovoltaic",
    "greenhouse",
    "demolition",
    "vegetation_loss",
    "water_gained",
    "water_lost",
    "regrowth",
    "crop_rotation",
    "other",
]
"""What changed, as seen from above."""

Stage = Literal["earthwork", "foundation", "main_structure", "topped_out"]
"""How far a construction has come."""

Theme = Literal[
    "major_project", "protected_woodland", "farmland", "illegal_occupation", "illegal_construction", "other"
]
"""The topic under which a district follows a change."""

Severity = Literal["red", "yellow", "green"]
"""How urgently somebody should look."""

Suspicion = Literal["suspected", "lawful", "none"]
"""What the registers and the rules say together; never a verdict."""

Basis = Literal["monthly", "baseline"]
"""Which earlier image the change was found against."""

Department = Literal[
    "natural_resources",
    "forestry",
    "agriculture",
    "urban_management",
    "ecology",
    "water",
    "housing",
    "development",
    "town",
]
"""Who is responsible for the land and the kind of change."""

LandGroup = Literal[
    "cropland", "orchard", "woodland", "grassland", "built_up", "transport", "water", "facility", "other"
]
"""Land-use classes of GB/T 21010-2017, gathered to what the rules tell apart."""


class Word(NamedTuple):
    """One notion in both languages."""

    zh: str
    en: str


KINDS: Mapping[Kind, Word] = {
    "new_building": Word("新增建筑物", "new building"),
    "new_structure": Word("新增构筑物", "new structure"),
    "earthwork": Word("推填土", "earthwork"),
    "hardened_ground": Word("硬化地面", "hardened ground"),
    "road": Word("道路或线状工程", "road or linear work"),
    "photovoltaic": Word("光伏", "photovoltaic field"),
    "greenhouse": Word("大棚或临时棚房", "greenhouse or temporary shed"),
    "demolition": Word("拆除", "demolition"),
    "vegetation_loss": Word("植被减少", "vegetation loss"),
    "water_gained": Word("新增水面", "water gained"),
    "water_lost": Word("水面减少", "water lost"),
    "regrowth": Word("植被恢复", "regrowth"),
    "crop_rotation": Word("作物轮换", "crop rotation"),
    "other": Word("其他变化", "other change"),
}
"""The word shown for each `Kind`."""

STAGES: Mapping[Stage, Word] = {
    "earthwork": Word("推填土", "earthwork"),
    "foundation": Word("地基", "foundation"),
    "main_structure": Word("主体", "main structure"),
    "topped_out": Word("封顶", "topped out"),
}
"""The word shown for each `Stage`, from the first to the last."""

THEMES: Mapping[Theme, Word] = {
    "major_project": Word("重大项目变化", "major projects"),
    "protected_woodland": Word("重点保护区林地变化", "protected woodland"),
    "farmland": Word("耕地保护变化", "farmland"),
    "illegal_occupation": Word("疑似违法占地", "suspected occupation of land"),
    "illegal_construction": Word("疑似违法建设用地", "suspected construction"),
    "other": Word("其他变化", "other changes"),
}
"""The word shown for each `Theme`."""

UNCLEAR = Word("（不明确）", " (unclear)")
"""What is added to a kind that its rule is not sure of."""

SEVERITIES: Mapping[Severity, Word] = {
    "red": Word("红", "red"),
    "yellow": Word("黄", "yellow"),
    "green": Word("绿", "green"),
}
"""The word shown for each `Severity`, the most urgent first."""

SUSPICIONS: Mapping[Suspicion, Word] = {
    "suspected": Word("疑似", "suspected"),
    "lawful": Word("有合法手续", "lawful by permit"),
    "none": Word("无疑点", "no suspicion"),
}
"""The word shown for each `Suspicion`."""

BASES: Mapping[Basis, Word] = {
    "monthly": Word("逐月对比", "against the last usable image"),
    "baseline": Word("与基准期对比", "against the fixed baseline"),
}
"""The word shown for each `Basis`."""

DEPARTMENTS: Mapping[Department, Word] = {
    "natural_resources": Word("自然资源局", "natural resources"),
    "forestry": Word("林业局", "forestry"),
    "agriculture": Word("农业农村局", "agriculture"),
    "urban_management": Word("城市管理综合执法局", "urban management"),
    "ecology": Word("生态环境局", "ecology and environment"),
    "water": Word("水利局", "water"),
    "housing": Word("住房和城乡建设局", "housing and construction"),
    "development": Word("发展和改革局", "development and reform"),
    "town": Word("镇（街道）", "town or street"),
}
"""The word shown for each `Department`."""

LAND_GROUPS: Mapping[LandGroup, Word] = {
    "cropland": Word("耕地", "cropland"),
    "orchard": Word("园地", "orchard"),
    "woodland": Word("林地", "woodland"),
    "grassland": Word("草地", "grassland"),
    "built_up": Word("建设用地", "built-up land"),
    "transport": Word("交通运输用地", "transport land"),
    "water": Word("水域及水利设施用地", "water"),
    "facility": Word("设施农用地", "facility farmland"),
    "other": Word("其他土地", "other land"),
}
"""The word shown for each `LandGroup`."""

_GROUP_BY_CODE: Mapping[str, LandGroup] = {
    "1202": "facility",
    "01": "cropland",
    "02": "orchard",
    "03": "woodland",
    "04": "grassland",
    "05": "built_up",
    "06": "built_up",
    "07": "built_up",
    "08": "built_up",
    "09": "built_up",
    "10": "transport",
    "11": "water",
    "12": "other",
}
"""GB/T 21010-2017: the first two digits, and one class of four digits that is farmland though it starts with 12."""


def land_group(code: str) -> LandGroup:
    """Return the group of a land-use code of GB/T 21010-2017.

    Parameters
    ----------
    code
        Two to four digits; an unknown code is "other".

    Examples
    --------
    >>> land_group("0101"), land_group("1202"), land_group("1201")
    ('cropland', 'facility', 'other')
    """
    return _GROUP_BY_CODE.get(code, _GROUP_BY_CODE.get(code[:2], "other"))
