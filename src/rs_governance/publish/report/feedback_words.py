"""Words of the chapter on feedback in both languages."""

from collections.abc import Mapping
from typing import Any

from rs_governance.publish.report.chips import Language

WORDS: Mapping[Language, Mapping[str, Any]] = {
    "zh": {
        "intro": (
            "往期图斑的核查结果，截至 {day}。每处只计首次发现的一期；绿色图斑不下发，不在其中。“认定违法”和“真实变化”均为占已认定的比例，"
            "括号内为 95% 区间，个数少时区间很宽，不宜比较。分类各表列最近 {n} 期，其余见 feedback.json。"
        ),
        "empty": "往期图斑尚无核查结果。",
        "chart": {
            "illegal": "认定违法",
            "lawful": "合法或其他用地",
            "false_change": "伪变化",
            "open": "尚未认定",
            "count": "图斑（处）",
            "share": "认定违法占已认定的比例，95% 区间",
        },
        "chart_caption": "各期图斑的核查结果",
        "by": {
            "all": "各期核查情况",
            "kind": "各变化类型核查情况",
            "theme": "各专题核查情况",
            "severity": "各等级核查情况",
            "town": "各镇（街道）核查情况",
            "department": "各责任部门核查情况",
        },
        "columns": {
            "issue": "期号",
            "kind": "变化类型",
            "theme": "专题",
            "severity": "等级",
            "town": "镇（街道）",
            "department": "责任部门",
            "spots": "图斑",
            "judged": "已认定",
            "confirmed": "认定违法",
            "changed": "真实变化",
            "closed": "已销号",
            "to_verdict": "至认定",
            "to_closing": "至销号",
            "reason": "理由",
            "total": "合计",
            "month": "月份",
            "by": "评价人",
            "ratings": "份数",
            "mean": "平均分",
        },
        "days_note": "“至认定”为影像成像日到认定、“至销号”为认定到销号的天数，取中位数。",
        "share": "{part}（{share}，{low}–{high}）",
        "why_not": "未认定为违法的理由",
        "ratings": "反映人和企业等的评价（满分 5 分）",
        "cropland": (
            "{year} 年新增建设占用耕地：认定违法 {illegal} 亩（其中已拆除或恢复 {right} 亩），认定合法 {lawful} 亩，手续覆盖 {permitted} 亩；"
            "违法占用比例 {share}（问责线 {limit}）。尚未认定 {open} 亩不计入比例，如全部为违法则为 {highest}。"
        ),
        "cropland_over": "已达到问责线。",
    },
    "en": {
        "intro": (
            "What became of the spots of former issues, as of {day}. Each place counts once, in the issue that first showed it; "
            "green spots are handed out to nobody and do not count. Illegal and true change are shares of the judged, with 95% "
            "intervals: of few spots they are wide, and no ground for comparing. The tables of classes hold the latest {n} issues, feedback.json holds all."
        ),
        "empty": "Nothing is known yet of the spots of former issues.",
        "chart": {
            "illegal": "illegal",
            "lawful": "lawful or other use",
            "false_change": "false change",
            "open": "not judged yet",
            "count": "spots",
            "share": "illegal among the judged, 95% interval",
        },
        "chart_caption": "What the spots of each issue turned out to be",
        "by": {
            "all": "By issue",
            "kind": "By kind",
            "theme": "By theme",
            "severity": "By severity",
            "town": "By town",
            "department": "By department",
        },
        "columns": {
            "issue": "Issue",
            "kind": "Kind",
            "theme": "Theme",
            "severity": "Severity",
            "town": "Town or street",
            "department": "Department",
            "spots": "Spots",
            "judged": "Judged",
            "confirmed": "Illegal",
            "changed": "True change",
            "closed": "Closed",
            "to_verdict": "To verdict",
            "to_closing": "To closing",
            "reason": "Reason",
            "total": "Total",
            "month": "Month",
            "by": "By",
            "ratings": "Ratings",
            "mean": "Mean",
        },
        "days_note": "Days from the image to the verdict, and from there to closing: medians.",
        "share": "{part} ({share}, {low}–{high})",
        "why_not": "Why not illegal",
        "ratings": "Ratings by reporters and enterprises (of 5)",
        "cropland": (
            "Construction on cropland in {year}: {illegal} mu judged illegal ({right} of it demolished or restored), {lawful} mu "
            "lawful, {permitted} mu covered by permits; illegal share {share} (brought to account from {limit}). {open} mu are not "
            "judged yet and not counted; if all were illegal it would be {highest}."
        ),
        "cropland_over": " The district is to be brought to account.",
    },
}
"""Texts by language and place in the chapter."""
