"""Words of the quarter's report in both languages."""

from collections.abc import Mapping
from typing import Any

from rs_governance.publish.report.chips import Language

WORDS: Mapping[Language, Mapping[str, Any]] = {
    "zh": {
        "title": "{district}疑似变化监测季报",
        "subtitle": "{quarter}　由 {issues} 各期汇总　影像 {days}",
        "and": "、",
        "between": "{first} 至 {last}",
        "running": "{district}疑似变化监测季报 · {quarter}",
        "caution": "本报告所列均为卫星遥感发现的变化线索：疑似，以实地核查为准，不作为处罚依据。",
        "headline": {
            "new": "新增点位",
            "continuing": "延续点位",
            "grown": "扩大点位",
            "gone": "已消除点位",
            "area": "亩，点位总面积",
        },
        "summary": (
            "本季度 {issues} 期共发布的图斑合并为 {count} 个点位（含 {spots} 个图斑），面积 {mu} 亩；其中新增 {new} 个，延续 "
            "{continuing} 个，扩大 {grown} 个，已消除 {gone} 个。同一地点多期出现只计一次；作物轮作不计入。"
        ),
        "incomplete": "本季度缺 {months} 的成果，以下数字不是全季度的。",
        "sections": {
            "map": "一、分布图",
            "became": "二、点位的变化",
            "where": "三、分镇街、分专题情况",
            "issues": "四、各期图斑",
            "worst": "五、重点点位",
            "reading": "六、怎样看这份季报",
        },
        "map_caption": "图中数字为“重点点位”一节的序号；颜色与形状为本季度最高等级。",
        "columns": {
            "status": "变化",
            "theme": "专题",
            "town": "镇（街道）",
            "sites": "点位",
            "spots": "图斑",
            "mu": "面积（亩）",
        },
        "by_status": "各类点位",
        "by_theme": "各专题点位",
        "by_town": "各镇（街道）点位",
        "total": "合计",
        "outside": "行政区外",
        "status_note": (
            "新增：首次发布在本季度。延续：此前已发布，范围基本不变。扩大：此前已发布，范围增加五分之一以上。已消除：最近一次为拆除或复绿。"
        ),
        "issues_note": "各期发布的图斑数（不含作物轮作），以及全区可比对的比例；各期可比对的面积不同，不能直接相加或比较。",
        "no_worst": "本季度没有仍存在的红色或黄色点位。",
        "worst_note": "仍存在的点位按等级、面积排序，共列 {n} 个；前图为首次发现之前的影像，后图为最近一次发现它的影像。全部点位见 sites.xlsx。",
        "fact_area": "面积 {m2} 平方米（{mu} 亩）",
        "fact_earlier": "其中本季度之前已发布 {m2} 平方米",
        "fact_issues": "首次 {first} 期，最近 {last} 期，图斑 {n} 个",
        "fact_department": "责任部门：{department}",
        "first": "最初 {day}",
        "last": "最近 {day}",
        "reading": (
            "点位是同一地点各期图斑的合并，编号取其首个图斑号；面积按合并后的范围计，重叠部分只计一次；两个点位相交之处归先发布的点位。",
            "“疑似”指影像与资料显示的变化值得核查；是否合法只能由人依据手续与现场认定。",
            "各点位的全部图斑号见 sites.xlsx；每个图斑的依据见各期月报。",
        ),
    },
    "en": {
        "title": "{district}: the quarter's sites",
        "subtitle": "{quarter}, from {issues}; images of {days}",
        "and": ", ",
        "between": "{first} to {last}",
        "running": "{district}: the quarter's sites, {quarter}",
        "caution": "Everything here is suspected: a hint from satellite images, no ground for a penalty. What is found on the ground counts.",
        "headline": {
            "new": "new sites",
            "continuing": "continuing",
            "grown": "grown",
            "gone": "gone",
            "area": "mu in all",
        },
        "summary": (
            "{count} sites on {mu} mu were made of {spots} published spots: {new} new, {continuing} continuing, {grown} grown, {gone} gone. "
            "A place that several issues show is counted once; crop rotation is left out."
        ),
        "incomplete": "Without {months}: no issue was published, so the figures are not those of a whole quarter. ",
        "sections": {
            "map": "1. Map",
            "became": "2. What became of the sites",
            "where": "3. Towns and themes",
            "issues": "4. Spots of each issue",
            "worst": "5. The worst sites",
            "reading": "6. How to read this",
        },
        "map_caption": "Numbers are those of the worst sites; colour and shape are the quarter's most urgent severity.",
        "columns": {
            "status": "Status",
            "theme": "Theme",
            "town": "Town or street",
            "sites": "Sites",
            "spots": "Spots",
            "mu": "Area (mu)",
        },
        "by_status": "Sites by status",
        "by_theme": "Sites by theme",
        "by_town": "Sites by town",
        "total": "Total",
        "outside": "outside all",
        "status_note": (
            "New: first published in the quarter. Continuing: published before, about as large. Grown: published before, larger by more than "
            "a fifth. Gone: the last spot is a demolition or regrowth."
        ),
        "issues_note": (
            "Spots of each issue, crop rotation left out, and the share of the district that was compared. Issues compare different ground: "
            "do not add or compare them."
        ),
        "no_worst": "There is no red or yellow site left in this quarter.",
        "worst_note": (
            "{n} sites that are still there, by severity and area: on the left the image before they were first found, on the right the last one "
            "that they were found on. All are in sites.xlsx."
        ),
        "fact_area": "Area {m2} m² ({mu} mu)",
        "fact_earlier": "{m2} m² of it published before the quarter",
        "fact_issues": "First in {first}, last in {last}; spots: {n}",
        "fact_department": "Department: {department}",
        "first": "First: {day}",
        "last": "Last: {day}",
        "reading": (
            "A site is the spots of several issues that lie on one place, numbered by the first of them; common ground is counted once, that of two sites for the one published first.",
            "Suspected means that images and records give reason to look; whether it is lawful people decide.",
            "All spots of a site are in sites.xlsx, the grounds of each in the report of its month.",
        ),
    },
}
"""Texts by language and place in the report."""
