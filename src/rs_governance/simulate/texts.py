"""The texts of a simulated district: its `district.toml` and its README."""

from datetime import date, timedelta

from rs_governance.simulate.changes import Kind
from rs_governance.simulate.district import SimulatedDistrict
from rs_governance.simulate.records import REGISTER_FILES
from rs_governance.simulate.units import DISTRICT_CODE, DISTRICT_NAME, DISTRICT_NAME_EN

_SURVEYED_ON = date(2025, 12, 31)

_LAYERS = (
    ("land_use", "reference/land_use.gpkg", "dltb", "地类图斑（年度国土变更调查） / land-use survey"),
    ("basic_cropland", "reference/basic_cropland.shp", "basic_cropland", "永久基本农田 / permanent basic cropland"),
    ("ecological_red_line", "reference/ecological_red_line.gpkg", "ecological_red_line", "生态保护红线"),
    ("urban_boundary", "reference/urban_boundary.geojson", "urban_boundary", "城镇开发边界 / urban boundary"),
    ("forest", "reference/forest.gpkg", "forest", "林地一张图 / forest map"),
    ("water_source", "reference/water_sources.gpkg", "water_source", "饮用水水源保护区 / water sources"),
)
_REGISTERS = {
    "planning_permit": "建设工程、乡村建设规划许可 / planning permits",
    "building_permit": "施工许可 / building permits, with the stage permitted",
    "land_conversion": "农用地转用 / conversion of agricultural land",
    "land_supply": "供地 / land supply",
    "harvest_permit": "林木采伐许可 / harvest permits",
    "woodland_use": "使用林地审核 / woodland use",
    "temporary_land": "临时用地 / temporary land",
    "facility_farmland": "设施农业用地备案 / facility farmland",
    "homestead": "农村宅基地 / rural homesteads",
    "major_project": "重大项目 / major projects",
}


def tell_district(district: SimulatedDistrict) -> str:
    """Return the text of `district.toml`."""
    as_of = district.takes[-1].on + timedelta(days=6)
    lines = [
        "# 模拟样例区，图中内容均为虚构 / A simulated district; none of it exists.",
        "",
        "[district]",
        f'code = "{DISTRICT_CODE}"',
        f'name = "{DISTRICT_NAME}"',
        f'name_en = "{DISTRICT_NAME_EN}"',
        f'crs = "EPSG:{district.epsg}"',
        "",
        "# 影像：每月任意多期，此处每月一期；clouds 为云与云影范围",
        "# Images: any number a month, here one; 'clouds' outlines cloud and its shadow",
    ]
    for take, clouded in zip(district.takes, district.clouded, strict=True):
        lines += [
            "",
            "[[scene]]",
            f'id = "{take.name}"',
            f'path = "scenes/{take.name}.tif"',
            f"acquired_on = {take.on}",
        ]
        if not clouded.is_empty:
            lines.append(f'clouds = "scenes/{take.name}_clouds.gpkg"')
    lines += ["", "# 行政区划与网格 / Administrative units and grid cells", "", "[units]"]
    for level in ("district", "town", "village", "cell"):
        keeper = ', keeper = "keeper"' if level == "cell" else ""
        lines.append(
            f'{level} = {{ path = "reference/units.gpkg", layer = "{level}", code = "code", name = "name"{keeper} }}'
        )
    lines += ["", "# 参考图层 / Reference layers"]
    for name, path, preset, title in _LAYERS:
        lines += [
            "",
            f"[layers.{name}]  # {title}",
            f'path = "{path}"',
            f'crs = "{_crs_of(path, district)}"',
            f'preset = "{preset}"',
            f"as_of = {_SURVEYED_ON}",
        ]
    lines += ["", "# 合法性名册：各类批准手续 / Registers of what makes change lawful"]
    present = {permit.register for permit in district.permits}
    for name, suffix in REGISTER_FILES.items():
        if name in present:
            lines += [
                "",
                f"[registers.{name}]  # {_REGISTERS[name]}",
                f'path = "registers/{name}{suffix}"',
                f'crs = "{_crs_of(suffix, district)}"',
                f"as_of = {as_of}",
            ]
    lines += [
        "",
        "# 静默区（到期自动失效）与存量台账 / Muted zones, which expire, and the ledger of known spots",
        "",
        "[zones]",
        'path = "zones/muted.geojson"',
        'crs = "EPSG:4326"',
        "",
        "[ledger]",
        'path = "ledger/known_spots.geojson"',
        'crs = "EPSG:4326"',
    ]
    return "\n".join(lines) + "\n"


def _crs_of(path: str, district: SimulatedDistrict) -> str:
    # Said although the files say it too: small layers cannot be proved to be in no other frame, and a month would note it.
    return "EPSG:4326" if path.endswith(".geojson") else f"EPSG:{district.epsg}"


def describe(district: SimulatedDistrict, max_error: float) -> str:
    """Return the text of the README."""
    km = district.size_m / 1000
    names = ", ".join(take.name for take in district.takes)
    codes = ", ".join(f"{kind.value} {kind.name.lower()}" for kind in Kind)
    return f"""\
# A simulated district

{km:.2f} x {km:.2f} km of country near Liangqing, Nanning, seen by satellite on {len(district.takes)} dates ({names}). **None of it exists**:
fields, villages, works, changes, people and permits follow from seed {district.seed}. `rsg simulate` makes it again; parameters and hashes are in
`manifest.json`. Made by this project, Apache-2.0.

| path | content |
|---|---|
| `district.toml` | what is where; start here |
| `scenes/` | images: {district.gsd_m} m pixels, blue, green, red, near infrared, uint16 (about reflectance x 10,000), EPSG:{district.epsg}; LERC, largest error {max_error:g} (noise: standard deviation 45 or more); outlines of cloud and shadow |
| `reference/` | units and grid cells, land use, basic cropland, red line, urban boundary, forest map, water sources |
| `registers/` | approvals; some cover the work, some a part, some have expired or allow an earlier stage only, some are not used yet |
| `zones/`, `ledger/` | muted zones (one has expired) and known spots |
| `truth/` | `changes.geojson`: every change with outline, kind, theme and the scene that first shows it (null: cloud hid it to the end); `truth_<id>.tif`: codes of what became visible in a scene since each place was last seen |

Codes: {codes}.

Images lie half a pixel to two pixels off each other and differ in gain, haze and sun. Crops that are planted, ripen or are cut, flooded paddy,
water that rises, falls or changes colour, cars and shadows are **not** findings.

# 模拟样例区

南宁良庆附近乡村，{km:.2f} x {km:.2f} 公里，{len(district.takes)} 期影像（{names}）。**图中内容均为虚构**：地块、村庄、厂房、变化、人名与批文均由种子
{district.seed} 生成；`rsg simulate` 可重新生成，参数与校验值见 `manifest.json`。由本项目制作，许可 Apache-2.0。

| 路径 | 内容 |
|---|---|
| `district.toml` | 区域配置，从这里看起 |
| `scenes/` | 影像：{district.gsd_m} 米，蓝、绿、红、近红外，uint16（约为反射率 x 10000），EPSG:{district.epsg}；另有云与云影范围 |
| `reference/` | 行政区划与网格、地类图斑、永久基本农田、生态保护红线、城镇开发边界、林地一张图、水源保护区 |
| `registers/` | 各类批准手续：有的覆盖全部，有的只覆盖一部分，有的已过期或只批到前一阶段，有的尚未动工 |
| `zones/`、`ledger/` | 静默区（一处已到期）与存量台账 |
| `truth/` | `changes.geojson`：每处变化的范围、类型、专题与首次可见的影像（null：始终被云遮挡）；`truth_<id>.tif`：该期影像新可见的变化类别 |

各期影像之间有半个到两个像元的错位，增益、薄雾与太阳角度不同。作物栽种、成熟与收割、稻田灌水、水位与水色、车辆、阴影的变化都**不是**图斑。
"""
