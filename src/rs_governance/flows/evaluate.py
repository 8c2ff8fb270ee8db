"""From labelled datasets to figures of accuracy."""

import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from rs_governance import publish
from rs_governance.detect import DETECTOR
from rs_governance.errors import UsageError
from rs_governance.flows.setup import PathLike, Progress, Setup, tell

if TYPE_CHECKING:
    from rs_governance import learn


def run_evaluate(
    datasets: Sequence[PathLike],
    out: PathLike,
    *,
    detector: str = DETECTOR,
    gsd_m: float | None = None,
    device: str = "auto",
    replace: bool = False,
    progress: Progress | None = None,
) -> "dict[str, learn.Evaluation]":
    """Measure a detector, and the peers beside it, on labelled datasets.

    Parameters
    ----------
    datasets
        Folders with `A`, `B` and `label`.
    out
        Folder to make; it holds one folder for each dataset, and a report over all where there are several.
    detector
        Name of the project's detector.
    gsd_m
        Pixel size of images without georeference.
    device
        `auto`, `cpu` or `cuda`.
    replace
        True to allow `out` to be a former result.
    progress
        Told how far the work is.

    Returns
    -------
    dict
        Measurements by dataset name.

    Raises
    ------
    RsgError
        One of its subclasses, when a dataset cannot be used or the folder cannot be written.
    """
    # Measuring needs libraries that detecting does not; a detection starts half a second sooner without them.
    from rs_governance import learn

    setup = Setup.resolve(detector=detector, device=device, workers=None, block=None)
    folders = [learn.open_dataset(Path(folder), gsd_m=gsd_m) for folder in datasets]
    names = [folder.name for folder in folders]
    if len(set(names)) < len(names):
        raise UsageError(f"Expected datasets of different names, got {', '.join(names)}; rename a folder.")
    detectors = {**learn.own_detectors(setup.device), **learn.PEERS}
    provenance = learn.gather_provenance(setup.device)
    evaluations: dict[str, learn.Evaluation] = {}
    with publish.OutputFolder(Path(out), replace=replace) as part:
        for dataset in folders:

            def tell_done(done: int, total: int, name: str = dataset.name) -> None:
                tell(progress, name, done / total)

            place = part / dataset.name
            evaluation = learn.evaluate_dataset(
                dataset, detectors, primary=detector, clock=time.perf_counter, out=place, progress=tell_done
            )
            learn.write_report(evaluation, provenance, place, now=datetime.now(UTC))
            learn.draw_sheet(evaluation, place)
            evaluations[dataset.name] = evaluation
        if len(evaluations) > 1:
            learn.write_joint_report(list(evaluations.values()), provenance, part, now=datetime.now(UTC))
    return evaluations
