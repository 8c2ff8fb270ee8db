"""Make `docs/accuracy-month.md`: whole months of simulated districts, beside plain methods."""

from collections.abc import Mapping
from datetime import datetime
from functools import reduce
from operator import add
from pathlib import Path

import numpy as np

from rs_governance.learn.month import DistrictScore, IssueScore, groups
from rs_governance.learn.provenance import Provenance
from rs_governance.learn.report import describe_run, write_text
from rs_governance.learn.scoring import pool

_HEADING = """\
# 月度成果精度 Accuracy of a published month

本页由一条命令生成，请勿手改。各区由 `rsg simulate --seed N` 模拟，种子未用于任何调参；规则为随程序提供的默认规则，未经任何学习。
This page is made by one command (`make accuracy-month`); do not edit it. The districts are simulated; their seeds were never tuned on. The rules are
those that come with the program, before learning of any kind.

- 对象召回率：真实变化（不小于 25 m²、两期可见、其后未被覆盖）被图斑覆盖 30 % 以上的比例；对象精确率：图斑（作物轮换与未占用土地者除外）30 % 以上落在真实变化上的比例。
  Object recall: true changes of at least 25 m² that could be seen and were not built over since, covered to 30 %; object precision: spots other than crop rotation and no land taken
  that lie on true changes with 30 % of their area.
- “只看屏幕”是其中把握不大、或手续已覆盖大部的疑似图斑：定为绿，不派人，先由人在屏幕上核对；它们计入召回率和精确率，不计入红黄。无手续的真实变化落在其中的个数另列。
  *On screen*: those of the spots that are suspected but unclear, or mostly inside an approval. They are green: somebody looks at them on the screen, nobody is sent. They count in
  recall and precision, not in urgent precision; how many of them lie on true changes without a permit is told beside.
- 红黄精确率：红、黄图斑中落在无手续真实变化上的比例；“合法被扰”是完全有手续而被列为红、黄的图斑，应为 0。
  Urgent precision: red and yellow spots on true changes without a permit; *lawful disturbed* counts those on fully permitted work, which should be 0.
- 类别宏平均 F1：对命中的变化，按建筑、地表、植被、水体、拆除与恢复五组计算。
  Macro F1 of kinds: over what was hit, in five groups.

"""
_GROUPS_ZH = {
    "building": "建筑",
    "ground": "推填土与硬化",
    "vegetation": "植被减少",
    "water": "水体",
    "removal": "拆除与恢复",
}


def write_month_accuracy(
    districts: Mapping[str, DistrictScore], out: Path, *, provenance: Provenance, now: datetime
) -> None:
    """Write one Markdown page.

    Parameters
    ----------
    districts
        Scores by the name of the district.
    out
        The page.
    provenance
        Device, versions and commit.
    now
        Time of the run (aware).

    Raises
    ------
    OutputFailed
        If the page cannot be written.
    """
    every = [score for district in districts.values() for score in district.issues.values()]
    whole = reduce(add, every)
    rows = [_row(f"{name} {issue}", score) for name, one in districts.items() for issue, score in one.issues.items()]
    text = [
        _HEADING,
        describe_run(provenance, now=now),
        "\n## 汇总 Together\n\n",
        _HEAD,
        _row("**全部 all**", whole),
        *(_row(name, reduce(add, one.issues.values())) for name, one in districts.items()),
        "\n### 类别 Kinds\n\n",
        _confusion(whole),
        "\n",
        _kinds(whole),
        "\n## 对照方法 Peers\n\n",
        _peers(districts),
        "\n## 各期 By issue\n\n",
        _HEAD,
        *rows,
    ]
    write_text(out, "".join(text))


_HEAD = (
    "| | 对象召回率 Recall | 对象精确率 Precision | 红黄精确率 Urgent precision | 合法被扰 Lawful disturbed | 类别宏平均 F1 Macro F1 "
    "| 命中 Hit / true | 正确 Right / spots | 只看屏幕（正确，无手续）On screen (right, no permit) | 作物轮换（误判）Rotation (wrong) |\n"
    "|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|\n"
)


def _row(name: str, score: IssueScore) -> str:
    return (
        f"| {name} | {score.recall:.3f} | {score.precision:.3f} | {score.urgent_precision:.3f} | {score.urgent_permitted} "
        f"| {score.macro_f1:.3f} | {score.hits} / {score.truths} | {score.right} / {score.spots} "
        f"| {score.on_screen} ({score.on_screen_right}, {score.unlawful_on_screen}) | {score.quiet} ({score.quiet_right}) |\n"
    )


def _confusion(score: IssueScore) -> str:
    names = groups()
    head = (
        "| 真实 True \\ 判定 Told | " + " | ".join(f"{_GROUPS_ZH[name]} {name}" for name in names) + " | 未定 none |\n"
    )
    lines = [head, "|---" * (len(names) + 2) + "|\n"]
    for row, name in enumerate(names):
        cells = " | ".join(str(count) for count in score.confusion[row])
        lines.append(f"| {_GROUPS_ZH[name]} {name} | {cells} | {score.unnamed[row]} |\n")
    return "".join(lines)


def _kinds(score: IssueScore) -> str:
    lines = ["| 类型 Kind | 真实 True | 命中 Hit |\n|---|---:|---:|\n"]
    lines += [f"| {kind} | {there} | {hit} |\n" for kind, (there, hit) in score.by_kind.items()]
    return "".join(lines)


def _peers(districts: Mapping[str, DistrictScore]) -> str:
    names = list(next(iter(districts.values())).peers)
    lines = ["| 方法 Method | 对象 F1 Object F1 | 像元 F1 Pixel F1 |\n|---|---:|---:|\n"]
    for name in names:
        counts = [pair for one in districts.values() for pair in one.peers[name]]
        scores = pool(counts, rng=np.random.default_rng(0))
        lines.append(f"| `{name}` | {_text(scores.object_f1.value)} | {_text(scores.f1.value)} |\n")
    return "".join(lines)


def _text(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
