"""The findings table, declared once."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Literal, get_args

from rs_governance.table import Column, Table, day, measure, ratio, text

LandClass = Literal["vegetation", "bare_or_built", "water", "dark", "other"]
"""What the indices say a place is, on one date."""

LAND_CLASSES_ZH: Mapping[LandClass, str] = {
    "vegetation": "植被",
    "bare_or_built": "裸地/建设",
    "water": "水体",
    "dark": "暗地物",
    "other": "其他",
}
"""The word shown for each `LandClass`."""


def _index(
    stem: str, alias_zh: str, bands_en: str, bands_zh: str, *, meaning: str | None = None
) -> tuple[Column, Column]:
    """Declare a spectral index on both dates."""
    before, after = (
        ratio(
            f"{stem}_{date_en}",
            f"{short_zh}{alias_zh}",
            f"Mean {meaning or stem.upper()} on the {long_en} date; null without {bands_en}.",
            f"{short_zh}时相平均{alias_zh}（{meaning or stem.upper()}）；缺{bands_zh}波段时为空。",
            low=-1.0,
            nullable=True,
        )
        for date_en, long_en, short_zh in (("before", "earlier", "前"), ("after", "later", "后"))
    )
    return before, after


def _brightness() -> tuple[Column, Column]:
    """Declare the brightness on both dates."""
    before, after = (
        Column(
            name=f"brightness_{date_en}",
            alias_zh=f"{short_zh}亮度",
            dtype="float64",
            unit="digital number",
            meaning_en=f"Mean brightness on the {long_en} date, in the image's own numbers.",
            meaning_zh=f"{short_zh}时相平均亮度（影像原始数值）。",
            nullable=True,
            decimals=4,
        )
        for date_en, long_en, short_zh in (("before", "earlier", "前"), ("after", "later", "后"))
    )
    return before, after


def _on_both(stem: str, alias_zh: str, en: str, zh: str, *, nullable: bool = False) -> tuple[Column, Column]:
    """Declare a number in contrasts of the scene on both dates."""
    before, after = (
        replace(
            measure(
                f"{stem}_{date_en}",
                f"{short_zh}{alias_zh}",
                "1",
                en.format(f"the {long_en} date"),
                f"{short_zh}时相{zh}",
            ),
            nullable=nullable,
            decimals=3,
        )
        for date_en, long_en, short_zh in (("before", "earlier", "前"), ("after", "later", "后"))
    )
    return before, after


_COLUMNS: tuple[Column, ...] = (
    text(
        "finding_id",
        "图斑编号",
        "Number of the finding within its run, in reading order of its first pixel.",
        "本次运行内的图斑编号，按首个像元从上到下、从左到右排序。",
        pattern=r"f\d{6,}",
    ),
    measure("area_m2", "面积（平方米）", "m2", "Geodesic area on the ellipsoid.", "按坐标系椭球计算的大地面积。"),
    measure("perimeter_m", "周长（米）", "m", "Length of the outline with holes.", "边界总长度，含内部孔洞边界。"),
    ratio("score", "变化得分", "Mean score inside, relative to the scene.", "图斑内平均变化得分，相对本景，不是概率。"),
    ratio("score_max", "最高得分", "Highest change score inside.", "图斑内最高变化得分。"),
    measure(
        "mad",
        "多元变化检测值",
        "1",
        "Mean IR-MAD inside, in medians of the scene.",
        "图斑内多元变化检测（IR-MAD）平均值，为全景中位数的倍数。",
    ),
    day("before_on", "前时相日期", "Day on which the earlier image was taken.", "前时相影像的拍摄日期。"),
    day("after_on", "后时相日期", "Day on which the later image was taken.", "后时相影像的拍摄日期。"),
    text("before_image", "前时相影像", "Identifier of the earlier image.", "前时相影像标识。"),
    text("after_image", "后时相影像", "Identifier of the later image.", "后时相影像标识。"),
    text(
        "before_class",
        "前地类",
        "Class by spectral indices on the earlier date.",
        "前时相按光谱指数判定的地类。",
        values=get_args(LandClass),
    ),
    text(
        "after_class",
        "后地类",
        "Class by spectral indices on the later date.",
        "后时相按光谱指数判定的地类。",
        values=get_args(LandClass),
    ),
    text("kind", "变化类型", "Kind of change; null until it is told.", "变化类型；未判定时为空。", nullable=True),
    *_index("ndvi", "植被指数", "red and near infrared", "红或近红外"),
    *_brightness(),
    *_index("ndwi", "水体指数", "green and near infrared", "绿或近红外"),
    *_index("redness", "红色指数", "blue and red", "蓝或红", meaning="(red - blue) / (red + blue)"),
    *_on_both(
        "contrast",
        "对比度",
        "How far it differs from what lies beside it on {}, in contrasts of the scene; null where nothing does.",
        "与紧邻周边的光谱差异，以全景反差为单位；无周边时为空。",
        nullable=True,
    ),
    Column(
        name="contrast_gain",
        alias_zh="对比度变化",
        dtype="float64",
        unit="1",
        meaning_en="contrast_after less contrast_before: high where something new stands out, near 0 for a field among fields.",
        meaning_zh="后时相与前时相对比度之差：新出现的地物高，田块之间的季节变化接近 0，消失的地物为负。",
        nullable=True,
        decimals=3,
    ),
    replace(
        measure(
            "beside_change",
            "周边变化",
            "1",
            "How much what lies beside it changed itself, in contrasts of the scene; null where nothing does.",
            "紧邻周边自身的变化量，以全景反差为单位；无周边时为空。",
        ),
        nullable=True,
        decimals=3,
    ),
    *_on_both(
        "texture",
        "纹理",
        "Mean difference in brightness of pixels two apart on {}, along both axes, in contrasts of the scene.",
        "相隔两个像元的平均亮度差（两方向之和），以全景反差为单位。",
    ),
    *_on_both(
        "spread",
        "离散度",
        "Standard deviation of the brightness inside on {}, in contrasts of the scene.",
        "图斑内亮度标准差，以全景反差为单位。",
    ),
    *_on_both(
        "grain",
        "颗粒度",
        "texture over spread on {}: from about 1.4 on fine stripes as of mulch film, below it blocks as of roofs.",
        "纹理与离散度之比：约 1.4 以上为细条纹（如地膜），以下为成块地物（如屋顶）。",
    ),
    measure("length_m", "长度（米）", "m", "Long side of the smallest rotated rectangle.", "最小外接旋转矩形的长边。"),
    measure("width_m", "宽度（米）", "m", "Short side of the smallest rotated rectangle.", "最小外接旋转矩形的短边。"),
    ratio(
        "compactness",
        "紧凑度",
        "4·pi·area / perimeter²: 1 for a circle, near 0 for a thread.",
        "4π·面积/周长²：圆为 1，细长者近 0。",
    ),
    ratio(
        "rectangularity",
        "矩形度",
        "Share of the smallest rotated rectangle that it fills: 1 for a rectangle.",
        "图斑面积占最小外接旋转矩形的比例：矩形为 1。",
    ),
    Column(
        name="pixels",
        alias_zh="像元数",
        dtype="int64",
        unit="px",
        minimum=1,
        meaning_en="Pixels of the detected object.",
        meaning_zh="检出对象的像元个数。",
    ),
    ratio(
        "observed_share",
        "可观测比例",
        "Share of surroundings usable on both dates.",
        "图斑周边两个时相均可用的比例。",
    ),
    text("detector", "检测方法", "Method that found it.", "检出该图斑的方法。"),
)

FINDINGS = Table(name="findings", key="finding_id", version="1.1", columns=_COLUMNS)
"""One row is one place that looks changed between two images: a suspected change, never a verdict."""
