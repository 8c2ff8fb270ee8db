"""`rsg evaluate`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rs_governance.cli import images, options
from rs_governance.cli.console import print_columns, print_json, progress
from rs_governance.cli.options import COMPUTING, IMAGES

if TYPE_CHECKING:
    from rs_governance.learn import Estimate, Evaluation

_Datasets = Annotated[
    list[Path],
    typer.Argument(
        metavar="DATASET...",
        help="标注数据集：含 A/、B/、label/ 的文件夹\n\nLabelled datasets: folders with A/, B/ and label/.",
        rich_help_panel=IMAGES,
    ),
]
_Detector = Annotated[
    str,
    typer.Option(
        "--detector",
        metavar="NAME",
        help="被评测的检测方法；对照方法总会一并评测\n\nDetector to measure; its peers are always measured beside it.",
        rich_help_panel=COMPUTING,
    ),
]
_MEASURES = ("precision", "recall", "f1", "iou", "object_precision", "object_recall", "object_f1")


def evaluate(
    datasets: _Datasets,
    out: options.Out,
    replace: options.Replace = False,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
    gsd: images.Gsd = None,
    detector: _Detector = "spectral",
    device: options.Device = options.DeviceChoice.auto,
) -> None:
    """在标注数据集上测精度 / Measure the accuracy on labelled datasets.

    每个数据集一个文件夹：report.json、report.md、masks/、图 / One folder a dataset: report, masks and pictures.
    """
    from rs_governance.flows import run_evaluate

    with progress(quiet=quiet or as_json) as tell:
        evaluations = run_evaluate(
            datasets, out, detector=detector, gsd_m=gsd, device=device.value, replace=replace, progress=tell
        )
    if as_json:
        print_json({"out": str(out), "datasets": {name: _content(found) for name, found in evaluations.items()}})
    elif not quiet:
        for name, evaluation in evaluations.items():
            title = f"{name}: {len(evaluation.rows)} 对 pairs, {out / name / 'report.md'}"
            header = ["", "精确率 P", "召回率 R", "F1", "IoU", "对象 object P", "R", "F1", "Mpx/s"]
            rows = [_row(evaluation, detector) for detector in evaluation.scores]
            print_columns(header, rows, title=title)


def _content(evaluation: "Evaluation") -> dict[str, Any]:
    return {
        "pairs": len(evaluation.rows),
        "detectors": {
            name: {
                **{measure: getattr(scores, measure).value for measure in _MEASURES},
                "mpx_per_s": round(evaluation.mpx_per_s(name), 2),
            }
            for name, scores in evaluation.scores.items()
        },
    }


def _row(evaluation: "Evaluation", detector: str) -> list[str]:
    scores = evaluation.scores[detector]
    ratios = [_text(getattr(scores, measure)) for measure in _MEASURES]
    return [detector, *ratios, f"{evaluation.mpx_per_s(detector):.1f}"]


def _text(estimate: "Estimate") -> str:
    return "-" if estimate.value is None else f"{estimate.value:.3f}"
