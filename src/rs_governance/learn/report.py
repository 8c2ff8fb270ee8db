"""Write an evaluation as `report.json` and `report.md`, for each dataset and for all of them.

`report.json` is the same for the same inputs, versions and device but for its part `timing`, which holds what the
clock said. `report.md` is for people.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

from rs_governance.errors import OutputFailed
from rs_governance.learn.dataset import ASSUMED_GSD_M
from rs_governance.learn.evaluate import Evaluation, PairRow
from rs_governance.learn.provenance import Provenance
from rs_governance.learn.scoring import HIT_SHARE, MIN_OBJECT_M2, RESAMPLES, Estimate, Scores, ratios

SCHEMA = "rsg-evaluation"
"""Name of the report's schema."""

SCHEMA_VERSION = "1.0"
"""The first number changes when a reader must change."""

_RULES = (
    f"- 规则 Rules: 像元指标由全部影像对合并计算; 对象按 8 连通划分, 重叠达自身面积的 {HIT_SHARE:.0%} 为命中 (正确), "
    f"小于 {MIN_OBJECT_M2:g} m² 的对象另计; 方括号内为 95 % 区间; 无效像元不计. "
    "Pixel figures are pooled over all pairs; objects are 8-connected and hit (right) from "
    f"{HIT_SHARE:.0%} of their area, those under {MIN_OBJECT_M2:g} m² are counted apart; brackets hold the 95 % interval "
    f"(bootstrap over pairs, {RESAMPLES} resamples); invalid pixels are never scored. "
    "表下的差值用相同的重抽样逐对比较: 区间不含 0 即为确有差别. Differences below a table are taken on the same "
    "resamples for both: where the interval does not hold 0, one is clearly better."
)

REPORT_JSON = "report.json"
REPORT_MD = "report.md"


def write_report(evaluation: Evaluation, provenance: Provenance, out: Path, *, now: datetime) -> None:
    """Write the report files of one dataset.

    Parameters
    ----------
    evaluation
        The measurements.
    provenance
        What they were made with.
    out
        An existing or new folder.
    now
        Time of the run (aware).

    Raises
    ------
    OutputFailed
        If a file cannot be written.
    """
    write_text(out / REPORT_JSON, _json(report(evaluation, provenance, now=now)))
    write_text(out / REPORT_MD, _page([evaluation], provenance, now=now))


def write_joint_report(evaluations: Sequence[Evaluation], provenance: Provenance, out: Path, *, now: datetime) -> None:
    """Write the report files over all datasets; those of each dataset lie in the folder of its name.

    Parameters
    ----------
    evaluations
        The measurements, all of the same detectors.
    provenance
        What they were made with.
    out
        An existing or new folder.
    now
        Time of the run (aware).

    Raises
    ------
    OutputFailed
        If a file cannot be written.
    """
    write_text(out / REPORT_JSON, _json(joint_report(evaluations, provenance, now=now)))
    write_text(out / REPORT_MD, _page(evaluations, provenance, now=now))


def joint_report(evaluations: Sequence[Evaluation], provenance: Provenance, *, now: datetime) -> dict[str, object]:
    """Lay out the `report.json` of all datasets: a row for each dataset and detector, with its figures.

    Parameters
    ----------
    evaluations
        The measurements.
    provenance
        What they were made with.
    now
        Time of the run (aware).

    Returns
    -------
    dict
        Plain values. Ratios are in 0..1, null where not defined.
    """
    return {
        "schema": f"{SCHEMA}-joint",
        "schema_version": SCHEMA_VERSION,
        "detector": evaluations[0].primary,
        **_made_with(provenance),
        "table": [
            {
                "dataset": evaluation.dataset.name,
                "report": f"{evaluation.dataset.name}/{REPORT_JSON}",
                "pairs": len(evaluation.rows),
                "pixels": evaluation.pixels,
                "incomplete": len(evaluation.dataset.incomplete),
                "detector": name,
                **asdict(scores),
            }
            for evaluation in evaluations
            for name, scores in evaluation.scores.items()
        ],
        "timing": {
            **_ran(provenance, now),
            "table": [
                {"dataset": evaluation.dataset.name, "detector": name, **_speed(evaluation, name)}
                for evaluation in evaluations
                for name in evaluation.scores
            ],
        },
    }


def report(evaluation: Evaluation, provenance: Provenance, *, now: datetime) -> dict[str, object]:
    """Lay out `report.json`.

    Parameters
    ----------
    evaluation
        The measurements.
    provenance
        What they were made with.
    now
        Time of the run (aware).

    Returns
    -------
    dict
        Plain values. Ratios are in 0..1, null where not defined.
    """
    dataset = evaluation.dataset
    return {
        "schema": SCHEMA,
        "schema_version": SCHEMA_VERSION,
        "dataset": dataset.name,
        "pairs": len(evaluation.rows),
        "pixels": evaluation.pixels,
        "incomplete": list(dataset.incomplete),
        "detector": evaluation.primary,
        "parameters": {
            "hit_share": HIT_SHARE,
            "min_object_m2": MIN_OBJECT_M2,
            "connectivity": 8,
            "resamples": RESAMPLES,
            "interval": "percentile 95 %, bootstrap over pairs",
            "seed": evaluation.seed,
            "gsd_m": dataset.gsd_m,
            "assumed_gsd_m": ASSUMED_GSD_M if _any_assumed(evaluation) else None,
        },
        **_made_with(provenance),
        "detectors": {name: asdict(scores) for name, scores in evaluation.scores.items()},
        "leads": {
            other: {metric: asdict(difference) for metric, difference in evaluation.lead(other).items()}
            for other in evaluation.scores
            if other != evaluation.primary
        },
        "rows": [_row(row) for row in evaluation.rows],
        "timing": {
            **_ran(provenance, now),
            "detectors": {name: _speed(evaluation, name) for name in evaluation.scores},
            "rows": [
                {"stem": row.stem, "seconds": {name: round(seconds, 4) for name, seconds in row.seconds.items()}}
                for row in evaluation.rows
            ],
        },
    }


def _made_with(provenance: Provenance) -> dict[str, object]:
    return {"device": provenance.device, "versions": dict(provenance.versions), "commit": provenance.commit}


def _ran(provenance: Provenance, now: datetime) -> dict[str, object]:
    return {"finished_at": now.isoformat(timespec="seconds"), "host": provenance.host}


def _speed(evaluation: Evaluation, detector: str) -> dict[str, float]:
    return {
        "seconds": round(evaluation.seconds(detector), 3),
        "mpx_per_s": round(evaluation.mpx_per_s(detector), 2),
    }


def describe(evaluation: Evaluation, *, level: int) -> str:
    """Write the section of one dataset in Markdown, Chinese first.

    Parameters
    ----------
    evaluation
        The measurements.
    level
        Depth of the heading.

    Returns
    -------
    str
        Heading, a line on the data, the table of detectors, notes.
    """
    lines = [f"{'#' * level} {evaluation.dataset.name}", "", _facts(evaluation), "", *_table(evaluation), ""]
    notes = [*_leads(evaluation), *_notes(evaluation)]
    return "\n".join([*lines, *notes, ""] if notes else lines)


def describe_run(provenance: Provenance, *, now: datetime) -> str:
    """Write the paragraph on date, device, commit and parameters in Markdown.

    Parameters
    ----------
    provenance
        What the figures were made with.
    now
        Time of the run (aware).

    Returns
    -------
    str
        A list, one fact a line.
    """
    versions = ", ".join(f"{name} {number}" for name, number in provenance.versions.items())
    return "\n".join([
        f"- 日期 Date: {now.date().isoformat()}",
        f"- 设备 Device: {provenance.device} ({provenance.host})",
        f"- 提交 Commit: {provenance.commit or '未知 unknown'}",
        f"- 版本 Versions: {versions}",
        _RULES,
        "",
    ])


def write_text(path: Path, text: str) -> None:
    """Write a UTF-8 text file, making its folder.

    Parameters
    ----------
    path
        File to write.
    text
        Its content.

    Raises
    ------
    OutputFailed
        If it cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise OutputFailed(f"{path}: could not be written ({error}); check room and permission.") from error


def _page(evaluations: Sequence[Evaluation], provenance: Provenance, *, now: datetime) -> str:
    sections = [describe(evaluation, level=2) for evaluation in evaluations]
    return "# 精度评测 Accuracy\n\n" + describe_run(provenance, now=now) + "\n" + "\n".join(sections)


def _json(content: dict[str, object]) -> str:
    return json.dumps(content, ensure_ascii=False, indent=2, allow_nan=False) + "\n"


def _row(row: PairRow) -> dict[str, object]:
    return {
        "stem": row.stem,
        "height": row.height,
        "width": row.width,
        "pixel_size_m": [round(side, 6) for side in row.pixel_size_m],
        "pixel_size_from": row.sampling,
        "registered": row.registered,
        "shift_px": [round(shift, 4) for shift in row.shift_px],
        "valid_pixels": row.valid_pixels,
        "detectors": {name: {**ratios(counts), "counts": asdict(counts)} for name, counts in row.counts.items()},
    }


def _any_assumed(evaluation: Evaluation) -> bool:
    return any(row.sampling == "assumed" for row in evaluation.rows)


def _facts(evaluation: Evaluation) -> str:
    sizes = [(row.pixel_size_m[0] * row.pixel_size_m[1]) ** 0.5 for row in evaluation.rows]
    low, high = min(sizes), max(sizes)
    size = f"{low:.2f} m" if high - low < 0.005 else f"{low:.2f}–{high:.2f} m"
    return f"影像对 Pairs: {len(evaluation.rows)} · 像元 Pixels: {evaluation.pixels / 1e6:.2f} M · 地面分辨率 Ground size: {size}"


def _table(evaluation: Evaluation) -> list[str]:
    header = (
        "方法 Detector", "精确率 P", "召回率 R", "F1", "IoU", "对象 P Object P", "对象 R Object R", "对象 F1 Object F1",
        "参考命中 Hit / ref.", "检出正确 Right / found", "小对象 Small: ref., found", "Mpx/s",
    )  # fmt: skip
    lines = [_line(header), _line(["---"] + ["---:"] * (len(header) - 1))]
    for name, scores in evaluation.scores.items():
        lines.append(_line([f"`{name}`", *_cells(scores), f"{evaluation.mpx_per_s(name):.1f}"]))
    return lines


def _cells(scores: Scores) -> list[str]:
    counts = scores.counts
    return [
        _plain(scores.precision),
        _plain(scores.recall),
        _with_interval(scores.f1),
        _plain(scores.iou),
        _plain(scores.object_precision),
        _with_interval(scores.object_recall),
        _with_interval(scores.object_f1),
        f"{counts.reference_hit} / {counts.reference_objects}",
        f"{counts.found_right} / {counts.found_objects}",
        f"{counts.small_reference_objects}, {counts.small_found_objects}",
    ]


def _leads(evaluation: Evaluation) -> list[str]:
    """Say by how much the primary detector leads each other one, or trails it."""
    return [
        f"- `{evaluation.primary}` − `{other}`: F1 {_signed(lead['f1'])}, 对象 Object F1 {_signed(lead['object_f1'])}"
        for other in evaluation.scores
        if other != evaluation.primary
        for lead in (evaluation.lead(other),)
    ]


def _signed(difference: Estimate) -> str:
    if difference.value is None:
        return "–"
    if difference.low is None or difference.high is None:
        return f"{difference.value:+.3f}"
    return f"{difference.value:+.3f} [{difference.low:+.3f}, {difference.high:+.3f}]"


def _notes(evaluation: Evaluation) -> list[str]:
    notes: list[str] = []
    assumed = sum(row.sampling == "assumed" for row in evaluation.rows)
    given = sum(row.sampling == "given" for row in evaluation.rows)
    delivered = sum(not row.registered for row in evaluation.rows)
    if assumed:
        notes.append(
            f"- {assumed} 对影像无地理参考, 分辨率假定为 {ASSUMED_GSD_M} m. "
            f"Without georeference and `--gsd`: {assumed}; {ASSUMED_GSD_M} m was assumed."
        )
    if given:
        notes.append(
            f"- {given} 对影像无地理参考, 按给定的 {evaluation.dataset.gsd_m:g} m 计. "
            f"Without georeference: {given}; {evaluation.dataset.gsd_m:g} m as given."
        )
    if delivered:
        notes.append(
            f"- {delivered} 对影像无法测定位移, 按原样使用. Without a reliable shift: {delivered}; taken as delivered."
        )
    if evaluation.dataset.incomplete:
        listed = "; ".join(evaluation.dataset.incomplete[:10])
        more = len(evaluation.dataset.incomplete) - 10
        notes.append(f"- 不成对, 未评 Not complete, left out: {listed}" + (f" (+{more})" if more > 0 else ""))
    return notes


def _plain(estimate: Estimate) -> str:
    return "–" if estimate.value is None else f"{estimate.value:.3f}"


def _with_interval(estimate: Estimate) -> str:
    if estimate.low is None or estimate.high is None:
        return _plain(estimate)
    return f"{_plain(estimate)} [{estimate.low:.2f}, {estimate.high:.2f}]"


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
