"""The closed lists that a case is made of, and the words shown for them."""

from collections.abc import Mapping
from typing import Literal, NamedTuple

from rs_governance.rules import Word

State = Literal[
    "detected",
    "screened",
    "dispatched",
    "verifying",
    "evidenced",
    "returned",
    "confirmed",
    "disposing",
    "rectified",
    "closed",
]
"""How far a case has come."""

Verdict = Literal["unverified", "suspected", "lawful", "other", "illegal", "false_change"]
"""What a case is, as people see it."""

Role = Literal[
    "interpreter",
    "quality_checker",
    "district_manager",
    "town_inspector",
    "enforcement_officer",
    "leader",
    "grid_keeper",
    "auditor",
    "system",
]
"""What somebody may do."""

Channel = Literal["satellite", "hotline", "patrol", "public_report", "handed_down", "ledger"]
"""How a case was discovered."""

Measure = Literal["stop_work", "rectify", "regularise", "confiscate", "file_case", "refer"]
"""What is done about an illegal change."""

Referral = Literal["court", "discipline", "police"]
"""To whom a case is handed over."""

Relation = Literal["new", "continuing", "growing", "stalled", "split", "merged", "demolished", "reappeared", "edited"]
"""What a case is to the findings of the latest issue."""


class Outcome(NamedTuple):
    """A resolution: its words, what it means in one sentence, and what it teaches."""

    zh: str
    en: str
    meaning_zh: str
    meaning_en: str
    label: Literal["change", "no_change", "unknown"]
    verdict: Verdict


STATES: Mapping[State, Word] = {
    "detected": Word("疑似（机检）", "detected"),
    "screened": Word("内业判读", "screened"),
    "dispatched": Word("已下发", "dispatched"),
    "verifying": Word("外业核查", "verifying"),
    "evidenced": Word("已举证", "evidenced"),
    "returned": Word("退回", "returned"),
    "confirmed": Word("已认定", "confirmed"),
    "disposing": Word("处置中", "disposing"),
    "rectified": Word("已整改待验", "rectified"),
    "closed": Word("销号", "closed"),
}
"""The word shown for each `State`, in the order of a case's life."""

VERDICTS: Mapping[Verdict, Word] = {
    "unverified": Word("未核查", "unverified"),
    "suspected": Word("疑似", "suspected"),
    "lawful": Word("合法新增建设用地", "lawful"),
    "other": Word("其他用地", "other use"),
    "illegal": Word("违法用地", "illegal"),
    "false_change": Word("伪变化", "false change"),
}
"""The word shown for each `Verdict`."""

ROLES: Mapping[Role, Word] = {
    "interpreter": Word("判读员", "interpreter"),
    "quality_checker": Word("质检员", "quality checker"),
    "district_manager": Word("区级管理员", "district manager"),
    "town_inspector": Word("街镇核查员", "town inspector"),
    "enforcement_officer": Word("执法员", "enforcement officer"),
    "leader": Word("领导", "leader"),
    "grid_keeper": Word("网格员", "grid keeper"),
    "auditor": Word("监督", "auditor"),
    "system": Word("系统", "system"),
}
"""The word shown for each `Role`."""

CHANNELS: Mapping[Channel, Word] = {
    "satellite": Word("卫星监测", "satellite"),
    "hotline": Word("12345 热线", "hotline 12345"),
    "patrol": Word("日常巡查", "patrol"),
    "public_report": Word("群众举报", "public report"),
    "handed_down": Word("上级交办", "handed down"),
    "ledger": Word("存量台账", "existing ledger"),
}
"""The word shown for each `Channel`."""

MEASURES: Mapping[Measure, Word] = {
    "stop_work": Word("责令停工", "stop work"),
    "rectify": Word("限期整改", "rectify"),
    "regularise": Word("补办手续", "regularise"),
    "confiscate": Word("没收", "confiscate"),
    "file_case": Word("立案查处", "file a case"),
    "refer": Word("移送", "refer"),
}
"""The word shown for each `Measure`."""

REFERRALS: Mapping[Referral, Word] = {
    "court": Word("移送法院强制执行", "to the court, for enforcement"),
    "discipline": Word("移送纪检监察", "to discipline inspection"),
    "police": Word("移送公安", "to the police"),
}
"""The word shown for each `Referral`."""

RELATIONS: Mapping[Relation, Word] = {
    "new": Word("新增", "new"),
    "continuing": Word("延续", "continuing"),
    "growing": Word("扩大", "growing"),
    "stalled": Word("停滞", "stalled"),
    "split": Word("分立", "split"),
    "merged": Word("合并", "merged"),
    "demolished": Word("已拆除", "demolished"),
    "reappeared": Word("复发", "reappeared"),
    "edited": Word("人工修改", "edited"),
}
"""The word shown for each `Relation`."""

RESOLUTIONS: Mapping[str, Outcome] = {
    "shadow_or_view": Outcome(
        "阴影或视角",
        "shadow or view",
        "影像上只是阴影、倒伏方向或视角不同，地面没有变化。",
        "Only shadow, lean or viewing angle differ; the ground did not change.",
        "no_change",
        "false_change",
    ),
    "season": Outcome(
        "季节或作物",
        "season or crop",
        "作物轮换、干湿或季节差异，用途没有变化。",
        "Crops, moisture or season differ; the use did not change.",
        "no_change",
        "false_change",
    ),
    "image_fault": Outcome(
        "影像问题",
        "fault of an image",
        "云、雾、条带、配准等影像问题造成。",
        "Cloud, haze, stripes or registration of an image caused it.",
        "no_change",
        "false_change",
    ),
    "extraction_error": Outcome(
        "图斑提取错误",
        "extraction error",
        "有变化但范围或类型提取错误，没有需要核查的内容。",
        "The outline or kind is wrong so that nothing is left to verify.",
        "no_change",
        "false_change",
    ),
    "approvals_complete": Outcome(
        "手续齐全",
        "approvals complete",
        "用地和建设手续齐全，按批准内容实施。",
        "Land and building approvals are complete and followed.",
        "change",
        "lawful",
    ),
    "conversion_only": Outcome(
        "仅有农转用批复",
        "conversion approved only",
        "已批准农用地转用，供地手续在办。",
        "Conversion of the land is approved, its supply is under way.",
        "change",
        "lawful",
    ),
    "supply_only": Outcome(
        "仅有供地手续",
        "supply approved only",
        "已供地，建设手续在办且未超出阶段。",
        "The land is supplied; the work is not ahead of its permits.",
        "change",
        "lawful",
    ),
    "facility_farmland": Outcome(
        "设施农用地备案",
        "facility farmland as filed",
        "与设施农用地备案一致。",
        "As filed for facility farmland.",
        "change",
        "lawful",
    ),
    "temporary_land": Outcome(
        "临时用地备案",
        "temporary land as filed",
        "与临时用地批准一致且在有效期内。",
        "As approved for temporary use and within its time.",
        "change",
        "lawful",
    ),
    "homestead": Outcome(
        "宅基地审批",
        "approved homestead",
        "与农村宅基地审批一致。",
        "As approved for a rural homestead.",
        "change",
        "lawful",
    ),
    "harvest_permit": Outcome(
        "采伐许可",
        "harvest permit",
        "持有林木采伐许可，范围和期限相符。",
        "Felled under a harvest permit, within its place and time.",
        "change",
        "lawful",
    ),
    "other_right": Outcome(
        "其他合法依据",
        "other valid right",
        "有其他有效的合法依据，已附证明。",
        "Another valid right was shown, with proof.",
        "change",
        "lawful",
    ),
    "planting": Outcome(
        "种植或简易大棚",
        "planting or light greenhouse",
        "种植、养护或不破坏耕作层的简易大棚。",
        "Planting, or a light greenhouse that leaves the soil whole.",
        "change",
        "other",
    ),
    "earthwork_only": Outcome(
        "仅动土未建设",
        "earthwork only",
        "只是动土或清表，没有改变用途，已恢复或无需恢复。",
        "Soil was moved or cleared without a change of use.",
        "change",
        "other",
    ),
    "inside_village": Outcome(
        "村庄范围内更新",
        "inside the village boundary",
        "村庄建设范围内的修缮或更新，不新增用地。",
        "Repair or renewal inside the village boundary, no new land.",
        "change",
        "other",
    ),
    "not_of_concern": Outcome(
        "非关注变化",
        "not of concern",
        "真实变化，但不属于本系统关注的类型。",
        "A true change, of no kind that is followed here.",
        "change",
        "other",
    ),
    "demolished": Outcome(
        "已拆除复垦",
        "demolished and restored",
        "违法建筑已拆除，土地已恢复。",
        "What stood there illegally is gone and the land restored.",
        "change",
        "illegal",
    ),
    "restored": Outcome(
        "已恢复原状",
        "restored",
        "违法占用已停止，土地或植被已恢复。",
        "The occupation has ended; soil or vegetation is back.",
        "change",
        "illegal",
    ),
    "regularised": Outcome(
        "已补办手续",
        "regularised",
        "经处理后依法补办了手续。",
        "Approved afterwards, as the law allows.",
        "change",
        "illegal",
    ),
    "confiscated": Outcome(
        "已没收",
        "confiscated",
        "建筑物或违法所得已依法没收。",
        "Confiscated under the law.",
        "change",
        "illegal",
    ),
    "case_decided": Outcome(
        "立案已结",
        "case decided",
        "立案查处并执行完毕。",
        "A case was filed, decided and carried out.",
        "change",
        "illegal",
    ),
    "referral_answered": Outcome(
        "移送已答复",
        "referral answered",
        "移送机关已受理并书面答复。",
        "The receiving body has answered in writing.",
        "change",
        "illegal",
    ),
    "spared": Outcome(
        "首违不罚",
        "spared as a first offence",
        "首次、轻微并及时改正，依法不予处罚。",
        "A first minor offence, put right in time; spared.",
        "change",
        "illegal",
    ),
    "superseded": Outcome(
        "重发后不再列出",
        "no longer published",
        "该期重新发布后不再有此图斑，且无人办理过。",
        "The issue was published again without this spot, and nobody had worked on it.",
        "unknown",
        "unverified",
    ),
    "merged": Outcome(
        "并入他案",
        "merged",
        "与另一案件为同一处，并入办理。",
        "The same place as another case, followed there.",
        "unknown",
        "unverified",
    ),
    "split": Outcome(
        "拆分",
        "split",
        "拆分为多个案件分别办理。",
        "Split into several cases.",
        "unknown",
        "unverified",
    ),
}
"""Resolutions by code: the training labels of closed cases."""

RETURN_REASONS: Mapping[str, Word] = {
    "approval_missing": Word("缺审批材料", "approval papers missing"),
    "photo_missing": Word("缺实地照片", "ground photo missing"),
    "overlay_missing": Word("缺套合图", "overlay map missing"),
    "wrong_spot": Word("照片非本图斑", "photo of another spot"),
    "numbers_differ": Word("位置、面积或编号不符", "position, area or number differ"),
    "should_be_illegal": Word("应认定为违法", "should be judged illegal"),
    "permanent_on_temporary": Word("临时用地上建永久建筑", "permanent building on temporary land"),
    "fabrication": Word("疑似造假", "suspected fabrication"),
    "clearly_started": Word("明显已动工", "work has clearly started"),
}
"""Why evidence is sent back, by code."""
