"""The spots table, declared once: a finding that was joined, numbered and judged."""

from dataclasses import replace
from typing import get_args

from rs_governance.detect.findings import FINDINGS
from rs_governance.rules.words import Basis, Department, Kind, Severity, Stage, Suspicion, Theme
from rs_governance.table import Column, Table, measure, ratio, text

_UNIT_CODE = r"\d{6,12}"


def _copied(name: str, short: str | None = None) -> Column:
    """Take over a column of the findings."""
    return replace(FINDINGS.by_name[name], short=short)


def _named(column: Column, short: str) -> Column:
    """Give a column its name in Shapefiles."""
    return replace(column, short=short)


def _within(name: str, short: str, alias_zh: str, en: str, zh: str) -> Column:
    """Declare the part of a spot's area inside something; missing where the layer is."""
    column = measure(name, alias_zh, "m2", f"{en} Null without that layer.", f"{zh}缺该图层时为空。")
    return replace(column, nullable=True, short=short)


def _degrees(name: str, alias_zh: str, limit: float, en: str, zh: str) -> Column:
    return Column(
        name=name,
        alias_zh=alias_zh,
        dtype="float64",
        unit="degree",
        minimum=-limit,
        maximum=limit,
        decimals=7,
        meaning_en=en,
        meaning_zh=zh,
    )


_IDENTITY = (
    text(
        "spot_no",
        "图斑号",
        "District, issue and serial number.",
        "区划代码、期号与流水号。",
        pattern=r"\d{6}-\d{6}[a-z]?-\d{4,}",
    ),
    _copied("finding_id"),
    text("issue", "期号", "Issue that the spot was published in.", "发布该图斑的期号。", pattern=r"\d{4}-\d{2}[a-z]?"),
    _named(
        text("district_code", "区划代码", "Code of the district.", "县级行政区划代码。", pattern=r"\d{6}"), "dist_code"
    ),
    text(
        "basis",
        "对比基准",
        "Earlier image compared with: the last usable one, or the fixed baseline.",
        "与之对比的前时相：最近一次可用观测（monthly）或固定基准期（baseline）。",
        values=get_args(Basis),
    ),
)

_DECISION = (
    text("kind", "变化类型", "Kind of change.", "变化类型。", values=get_args(Kind)),
    text(
        "stage",
        "施工阶段",
        "Stage of construction seen; null where nothing is being built.",
        "影像所见施工阶段；非建设类变化为空。",
        nullable=True,
        values=get_args(Stage),
    ),
    text("theme", "专题", "Topic under which it is followed.", "所属专题。", values=get_args(Theme)),
    text(
        "suspicion",
        "疑似情况",
        "Suspected, lawful by permit, or nothing to suspect; never a verdict.",
        "疑似、有合法手续或无疑点；不是认定结论。",
        values=get_args(Suspicion),
    ),
    text(
        "severity",
        "等级",
        "How urgently somebody should look.",
        "核查紧急程度：红、黄、绿。",
        values=get_args(Severity),
    ),
    text("rule", "定级规则", "Rule that gave the severity.", "定级所依据的规则编号。", pattern=r"[a-z][a-z0-9_]*"),
    text("reason_zh", "理由", "Why, in Chinese.", "定级理由（中文）。"),
    text("reason_en", "理由（英文）", "Why, in English.", "定级理由（英文）。"),
    text("department", "责任部门", "Who is responsible.", "责任部门。", values=get_args(Department)),
    _named(
        text(
            "national_type",
            "国家监测类型",
            "Type in the national monitoring, for export; null where none fits.",
            "国家土地卫片监测图斑类型（用于上报）；无对应类型时为空。",
            nullable=True,
            pattern=r"1[A-F]|[2-6]",
        ),
        "natl_type",
    ),
)

_UNITS = (
    text(
        "town_code",
        "乡镇代码",
        "Town with the largest part.",
        "面积占比最大的乡镇（街道）代码。",
        nullable=True,
        pattern=_UNIT_CODE,
    ),
    text("town_name", "乡镇", "Name of that town.", "该乡镇（街道）名称。", nullable=True),
    _named(
        text(
            "village_code",
            "村代码",
            "Village with the largest part.",
            "面积占比最大的村（社区）代码。",
            nullable=True,
            pattern=_UNIT_CODE,
        ),
        "vill_code",
    ),
    _named(text("village_name", "村", "Name of that village.", "该村（社区）名称。", nullable=True), "vill_name"),
    text("cell_code", "网格代码", "Grid cell with the largest part.", "面积占比最大的网格代码。", nullable=True),
    text("keeper", "网格员", "Keeper of that cell.", "该网格的网格员。", nullable=True),
)

_AREAS = (
    _copied("area_m2"),
    measure("area_mu", "面积（亩）", "mu", "Area in mu, 2000/3 m2 each.", "面积（亩），1 亩 = 2000/3 平方米。"),
    _within("cropland_m2", "cropl_m2", "占耕地", "Area on cropland by the land-use survey.", "地类调查中耕地的面积。"),
    _within("basic_cropland_m2", "basic_m2", "占永农", "Area on permanent basic cropland.", "占用永久基本农田的面积。"),
    _within(
        "protected_m2",
        "protect_m2",
        "占保护区",
        "Area inside the ecological red line or a water source's protection zone.",
        "位于生态保护红线或水源保护区内的面积。",
    ),
    _within("woodland_m2", "wood_m2", "占林地", "Area on woodland.", "占林地的面积。"),
    _named(
        text(
            "built_up_boundary",
            "城镇开发边界",
            "Inside or outside the urban development boundary; null without that layer.",
            "位于城镇开发边界内（inside）或外（outside）；缺该图层时为空。",
            nullable=True,
            values=("inside", "outside"),
        ),
        "urban",
    ),
    text("land_code", "地类编码", "Largest land-use class inside.", "面积最大的地类编码。", nullable=True),
    text("land_label", "地类名称", "Name of that class.", "该地类名称。", nullable=True),
)

_PERMIT = (
    _named(
        text(
            "permit_register",
            "手续类别",
            "Register of the approval that fits best; null where none overlaps.",
            "最相符手续所在名册；无手续时为空。",
            nullable=True,
        ),
        "permit_reg",
    ),
    _named(text("permit_number", "手续编号", "Number of that approval.", "该手续编号。", nullable=True), "permit_no"),
    _named(
        ratio(
            "permit_share",
            "手续覆盖比例",
            "Share covered by it, after shrinking the outline by the registration residual.",
            "该手续覆盖比例（图斑按配准残差内缩后计算）。",
            nullable=True,
        ),
        "permit_shr",
    ),
    text("zone", "屏蔽区", "Muted zone that covers it.", "所在屏蔽区。", nullable=True),
    _named(
        text(
            "ledger_number", "台账编号", "Known spot that it overlaps.", "与之重叠的存量台账图斑编号。", nullable=True
        ),
        "ledger_no",
    ),
)

_PLACE = (
    _degrees("lon", "经度", 180.0, "Longitude of a point inside, WGS84.", "图斑内一点的经度（WGS84）。"),
    _degrees("lat", "纬度", 90.0, "Latitude of that point, WGS84.", "该点纬度（WGS84）。"),
)

_IMAGES = (
    _copied("before_on"),
    _copied("after_on"),
    _copied("before_image", "before_img"),
    _copied("after_image", "after_img"),
    _copied("before_class", "before_cls"),
    _copied("after_class", "after_cls"),
    _copied("score"),
    _copied("score_max"),
    _copied("mad"),
    _copied("ndvi_before", "ndvi_b"),
    _copied("ndvi_after"),
    _copied("brightness_before", "bright_b"),
    _copied("brightness_after", "bright_a"),
    _copied("ndwi_before", "ndwi_b"),
    _copied("ndwi_after"),
    _copied("length_m"),
    _copied("width_m"),
    _copied("compactness", "compact"),
    _copied("observed_share", "observed"),
    _copied("detector"),
)

SPOTS = Table(
    name="spots",
    key="spot_no",
    version="1.0",
    columns=(*_IDENTITY, *_DECISION, *_UNITS, *_AREAS, *_PERMIT, *_PLACE, *_IMAGES),
)
"""One row is one published spot: a suspected change with its place, its numbers and its grounds, never a verdict."""

SPOT_COLUMNS = tuple(column.name for column in SPOTS.columns)
"""Names of the columns of `SPOTS`, in order, without `geometry`."""
