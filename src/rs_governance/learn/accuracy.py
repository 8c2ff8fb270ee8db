"""Make `docs/accuracy.md`: all datasets, all detectors, one setting."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path

from rs_governance.learn.dataset import LabelledDataset
from rs_governance.learn.detection import Detector
from rs_governance.learn.evaluate import Progress, evaluate_dataset
from rs_governance.learn.provenance import Provenance
from rs_governance.learn.report import describe, describe_run, write_text

_HEADING = """\
# 精度 Accuracy

本页由一条命令生成, 请勿手改. 所有数据集使用同一组参数, 未针对任何地点调整.
This page is made by one command; do not edit it. One setting serves all datasets; nothing is tuned on a place.

`cva_otsu` (变化向量 + Otsu), `cva_otsu_clean` (同上, 去除小于 25 m² 的对象) 与 `irmad` (IR-MAD + Otsu)
是用 numpy、scipy、scikit-image 另行实现的对照方法, 与本项目的检测代码无共用部分.
`cva_otsu` (change vector + Otsu), `cva_otsu_clean` (the same without objects under 25 m²) and `irmad`
(IR-MAD + Otsu) are peers written apart with numpy, scipy and scikit-image; they share no code with the detector.

"""


def write_accuracy(
    datasets: Sequence[LabelledDataset],
    out: Path,
    *,
    detectors: Mapping[str, Detector],
    primary: str,
    provenance: Provenance,
    now: datetime,
    clock: Callable[[], float],
    progress: Progress | None = None,
) -> None:
    """Evaluate all detectors on all datasets and write one Markdown page.

    Parameters
    ----------
    datasets
        Labelled datasets; each becomes a section.
    out
        The page, such as `docs/accuracy.md`.
    detectors
        Detectors by name, in the order of the tables.
    primary
        Name of the project's own detector.
    provenance
        Device, versions and commit.
    now
        Time of the run (aware).
    clock
        Seconds of a steady clock.
    progress
        Told after each pair of each dataset.

    Raises
    ------
    UsageError
        If `primary` names no detector.
    DatasetInvalid
        If a label does not fit its images.
    OutputFailed
        If the page cannot be written.
    """
    sections = [
        describe(evaluate_dataset(dataset, detectors, primary=primary, clock=clock, progress=progress), level=2)
        for dataset in datasets
    ]
    write_text(out, _HEADING + describe_run(provenance, now=now) + "\n" + "\n".join(sections))
