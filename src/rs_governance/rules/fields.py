"""What a rule may ask about: every number and word of a spot, with its unit and from when on it is known."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Literal, get_args

from rs_governance.detect.findings import FINDINGS, LAND_CLASSES_ZH
from rs_governance.rules.amounts import in_m2
from rs_governance.rules.words import BASES, KINDS, LAND_GROUPS, STAGES, THEMES, Kind, LandGroup, Stage, Theme, Word


class Known(IntEnum):
    """From which question on a field has its value; the questions are asked in this order."""

    joined = 0
    kind = 1
    area = 2
    permit = 3
    theme = 4
    severity = 5


PermitState = Literal[
    "lawful", "short", "stage", "not_yet", "expired", "unfit", "outdated", "undated", "no_permit", "no_register"
]
"""How far the registers speak for a spot, the best first."""

PERMIT_STATES: Mapping[PermitState, Word] = {
    "lawful": Word("手续有效且覆盖", "covered by a valid approval"),
    "short": Word("手续覆盖不足", "an approval covers too little"),
    "stage": Word("超出手续许可的施工阶段", "work beyond the permitted stage"),
    "not_yet": Word("手续尚未生效", "the approval is not yet in force"),
    "expired": Word("手续已过期", "the approval has expired"),
    "unfit": Word("手续用途与变化类型不符", "the approval is for another use"),
    "outdated": Word("手续名册过期，不能据以认定", "the register is too old to rely on"),
    "undated": Word("手续名册无日期，不能据以认定", "the register has no date to rely on"),
    "no_permit": Word("未见相关手续", "no approval found"),
    "no_register": Word("缺手续名册，不能据以认定", "there is no register to rely on"),
}
"""The word shown for each `PermitState`."""


@dataclass(frozen=True, kw_only=True)
class Field:
    """One number or word that conditions and texts may name."""

    name: str
    """Name in the rules file."""
    word: Word
    """Name shown to people."""
    known: Known = Known.joined
    """From when on it may be asked about."""
    number: bool = True
    """Whether it is a number; otherwise a word."""
    unit: str | None = None
    """Unit of a number; "1" for a share or an index."""
    decimals: int = 2
    """Digits after the point in texts."""
    values: Mapping[str, Word] | None = None
    """The only words it can have, where they are few."""
    prefix: bool = False
    """Whether a shorter word stands for all that begin with it, as for codes."""


def _number(name: str, zh: str, en: str, unit: str, decimals: int, known: Known = Known.joined) -> Field:
    return Field(name=name, word=Word(zh, en), unit=unit, decimals=decimals, known=known)


def _words(name: str, zh: str, en: str, values: Mapping[str, Word], known: Known = Known.joined) -> Field:
    return Field(name=name, word=Word(zh, en), number=False, values=values, known=known)


def _square(name: str, zh: str, en: str) -> Field:
    return _number(name, zh, en, "m2", 1)


_CLASSES: Mapping[str, Word] = {name: Word(zh, name.replace("_", " ")) for name, zh in LAND_CLASSES_ZH.items()}
_CLASS_COLUMNS = {"before_class", "after_class"}
_KINDS: Mapping[str, Word] = {name: KINDS[name] for name in get_args(Kind)}
_STAGES: Mapping[str, Word] = {name: STAGES[name] for name in get_args(Stage)}
_THEMES: Mapping[str, Word] = {name: THEMES[name] for name in get_args(Theme)}
_GROUPS: Mapping[str, Word] = {name: LAND_GROUPS[name] for name in get_args(LandGroup)}
_BASES: Mapping[str, Word] = dict(BASES.items())
_STATES: Mapping[str, Word] = dict(PERMIT_STATES.items())
_CERTAINTIES = {"clear": Word("明确", "clear"), "unclear": Word("不明确", "unclear")}
_LEDGER = {"none": Word("台账中无", "not there"), "open": Word("未销号", "open"), "closed": Word("已销号", "closed")}
_SIDES = {"inside": Word("内", "inside"), "outside": Word("外", "outside")}


def _of_findings() -> list[Field]:
    """Return the numbers of the findings table, and for each pair of dates the difference."""
    fields = []
    for column in FINDINGS.columns:
        english = column.name.removesuffix("_m2").removesuffix("_m").replace("_", " ")
        zh = column.alias_zh.split("（")[0]
        if column.dtype in {"float64", "int64"}:
            decimals = {"px": 0, "m2": 1, "m": 1, "digital number": 1}.get(column.unit or "", 2)
            fields.append(_number(column.name, zh, english, column.unit or "1", decimals))
        elif column.name in _CLASS_COLUMNS:
            fields.append(_words(column.name, zh, english, _CLASSES))
        elif column.name == "detector":
            fields.append(Field(name=column.name, word=Word(zh, english), number=False))
        stem = column.name.removesuffix("_after")
        if stem != column.name and f"{stem}_before" in FINDINGS.by_name and column.dtype == "float64":
            change = Word(f"{zh.removeprefix('后')}变化", f"change of {stem.replace('_', ' ')}")
            fields.append(_number(f"{stem}_change", change.zh, change.en, column.unit or "1", fields[-1].decimals))
    return fields


_JOINED = (
    _number("brightness_ratio", "后前亮度比", "brightness after by before", "1", 2),
    _number("elongation", "长宽比", "length by width", "1", 1),
    _number("area_mu", "面积", "area", "mu", 2),
    _number("month", "后时相月份", "month of the later image", "", 0),
    _words("basis", "对比基准", "compared", _BASES),
    _square("cropland_m2", "占耕地", "cropland"),
    _number("cropland_mu", "占耕地", "cropland", "mu", 2),
    _square("basic_cropland_m2", "占永久基本农田", "permanent basic cropland"),
    _square("protected_m2", "占生态保护红线和水源保护区", "red line and water source"),
    _square("red_line_m2", "占生态保护红线", "ecological red line"),
    _square("water_source_m2", "占水源保护区", "water source"),
    _square("woodland_m2", "占林地", "woodland"),
    Field(name="land_code", word=Word("地类", "land-use class"), number=False, prefix=True),
    _words("land_group", "地类", "land", _GROUPS),
    _words("built_up_boundary", "城镇开发边界", "urban development boundary", _SIDES),
    _number("zone_share", "屏蔽区覆盖", "inside a muted zone", "share", 0),
    Field(name="zone", word=Word("屏蔽区", "muted zone"), number=False),
    Field(name="zone_reason", word=Word("屏蔽理由", "reason of muting"), number=False),
    _number("ledger_share", "与台账图斑重叠", "overlap with a known spot", "share", 0),
    _number("homestead_share", "位于宅基地审批范围内", "inside a lot granted for a house", "share", 0),
    _words("ledger_status", "台账状态", "state in the ledger", _LEDGER),
    Field(name="ledger_number", word=Word("台账编号", "number in the ledger"), number=False),
    Field(name="town_code", word=Word("乡镇代码", "town code"), number=False, prefix=True),
)

_DECIDED = (
    _words("kind", "变化类型", "kind", _KINDS, Known.kind),
    _words("certainty", "把握", "certainty", _CERTAINTIES, Known.kind),
    _words("stage", "施工阶段", "stage", _STAGES, Known.kind),
    _number("smallest_area_m2", "最小上图面积", "smallest area", "m2", 1, Known.area),
    _words("permit_state", "手续情况", "approvals", _STATES, Known.permit),
    Field(name="permit_register", word=Word("手续名册", "register"), known=Known.permit, number=False),
    Field(name="permit_number", word=Word("手续编号", "approval"), known=Known.permit, number=False),
    _number("permit_share", "手续覆盖", "covered by the approval", "share", 0, Known.permit),
    _number("permit_outside_m2", "手续范围外", "outside the approval", "m2", 1, Known.permit),
    _words("theme", "专题", "theme", _THEMES, Known.theme),
)

FIELDS: Mapping[str, Field] = {field.name: field for field in (*_of_findings(), *_JOINED, *_DECIDED)}
"""Every field by name; the numbers of the findings table are among them as soon as they are declared there."""

STANDARD_LAYERS: Mapping[str, Word] = {
    "land_use": Word("地类调查", "land-use survey"),
    "basic_cropland": Word("永久基本农田", "permanent basic cropland"),
    "ecological_red_line": Word("生态保护红线", "ecological red line"),
    "urban_boundary": Word("城镇开发边界", "urban development boundary"),
    "forest": Word("林地一张图", "forest map"),
    "water_source": Word("水源保护区", "water source"),
}
"""The layers that every rules file may name; others are declared in its table `layers`."""

REGISTERS: Mapping[str, Word] = {
    "planning_permit": Word("规划许可", "planning permits"),
    "building_permit": Word("施工许可", "building permits"),
    "land_conversion": Word("农用地转用审批", "land conversion approvals"),
    "land_supply": Word("土地供应", "land supply"),
    "harvest_permit": Word("林木采伐许可", "harvest permits"),
    "woodland_use": Word("使用林地审批", "woodland use approvals"),
    "temporary_land": Word("临时用地审批", "temporary land approvals"),
    "facility_farmland": Word("设施农用地备案", "facility farmland filings"),
    "homestead": Word("农村宅基地审批", "rural homestead approvals"),
    "major_project": Word("重大项目", "major projects"),
}
"""The registers of what makes change lawful."""


def show_number(field: Field, value: float) -> Word:
    """Return a number with its unit as it is shown in texts.

    Examples
    --------
    >>> show_number(FIELDS["area_m2"], 1234.0), show_number(FIELDS["permit_share"], 0.8996)
    (Word(zh='1,234 平方米', en='1,234 m²'), Word(zh='89.96 %', en='89.96 %'))
    """
    if field.unit == "share":
        shown = f"{_plain(100 * value, 2)} %"
        return Word(shown, shown)
    shown = in_m2(value) if field.unit == "m2" else _plain(value, field.decimals)
    zh, en = _UNITS.get(field.unit or "", ("", ""))
    return Word(shown + zh, shown + en)


def show_limit(field: Field, value: float) -> Word:
    """Return a bound as a rule writes it: never rounded.

    Examples
    --------
    >>> show_limit(FIELDS["score_max"], 0.635), show_limit(FIELDS["permit_share"], 0.9)
    (Word(zh='0.635', en='0.635'), Word(zh='90 %', en='90 %'))
    """
    if field.unit == "share":
        shown = f"{100 * value:g} %"
        return Word(shown, shown)
    zh, en = _UNITS.get(field.unit or "", ("", ""))
    return Word(f"{value:,.12g}{zh}", f"{value:,.12g}{en}")


_UNITS = {"m2": (" 平方米", " m²"), "mu": (" 亩", " mu"), "m": (" 米", " m")}


def _plain(value: float, decimals: int) -> str:
    shown = f"{value:,.{decimals}f}"
    return shown.rstrip("0").rstrip(".") if decimals else shown
