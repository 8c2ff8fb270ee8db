"""Run detectors over a labelled dataset and measure them against its reference."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from rs_governance.errors import (
    BandsMismatch,
    DatasetInvalid,
    NothingObserved,
    OutputFailed,
    SceneUnreadable,
    UsageError,
)
from rs_governance.learn.dataset import LabelledDataset, OpenedPair, Sampling, open_pair
from rs_governance.learn.detection import Detector
from rs_governance.learn.scoring import Counts, Estimate, Scores, compare, count_pair, pool

MASKS_FOLDER = "masks"
"""Folder of the found masks inside the output folder."""

Progress = Callable[[int, int], None]
"""Called with the number of pairs done and of all pairs."""


@dataclass(frozen=True, kw_only=True)
class PairRow:
    """What was measured on one pair."""

    stem: str
    """Common file name of the pair."""
    height: int
    """Rows of the common grid."""
    width: int
    """Columns of the common grid."""
    pixel_size_m: tuple[float, float]
    """Ground size of a pixel (y, x)."""
    sampling: Sampling
    """Where that size came from."""
    registered: bool
    """False where no reliable shift could be measured and the pair was taken as delivered."""
    shift_px: tuple[float, float]
    """Shift (y, x) that was removed."""
    valid_pixels: int
    """Scored pixels."""
    counts: Mapping[str, Counts]
    """Counts by detector name."""
    seconds: Mapping[str, float]
    """Detection time (reading included) by detector name."""


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """All measurements on one dataset."""

    dataset: LabelledDataset
    """What was measured on."""
    primary: str
    """The detector whose masks and pictures were kept."""
    rows: tuple[PairRow, ...]
    """One row a pair, in the order of the stems."""
    scores: Mapping[str, Scores]
    """Pooled scores by detector name, in the order given."""
    seed: int
    """Seed of the bootstrap."""

    def lead(self, other: str) -> dict[str, Estimate]:
        """Return by how much the primary detector's ratios exceed another's, with paired intervals.

        Parameters
        ----------
        other
            A detector name.

        Returns
        -------
        dict
            A difference for each of the metrics.
        """
        own, theirs = ([row.counts[name] for row in self.rows] for name in (self.primary, other))
        return compare(own, theirs, rng=np.random.default_rng(self.seed))

    @property
    def pixels(self) -> int:
        """Pixels of all pairs, scored or not."""
        return sum(row.height * row.width for row in self.rows)

    def seconds(self, detector: str) -> float:
        """Return the detection time over all pairs.

        Parameters
        ----------
        detector
            A detector name.

        Returns
        -------
        float
            Seconds.
        """
        return sum(row.seconds[detector] for row in self.rows)

    def mpx_per_s(self, detector: str) -> float:
        """Return the detection speed over all pairs.

        Parameters
        ----------
        detector
            A detector name.

        Returns
        -------
        float
            Millions of pixels a second.
        """
        return self.pixels / 1e6 / max(self.seconds(detector), 1e-9)


def evaluate_dataset(
    dataset: LabelledDataset,
    detectors: Mapping[str, Detector],
    *,
    primary: str,
    clock: Callable[[], float],
    out: Path | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> Evaluation:
    """Measure detectors on every pair of a dataset.

    All detectors see the same aligned pairs, one pair at a time. Each runs once unmeasured on the
    first pair, so that compiling does not count as detecting.

    Parameters
    ----------
    dataset
        The labelled pairs.
    detectors
        Detectors by name; the order is that of the tables.
    primary
        Name of the detector whose masks are written.
    clock
        Seconds of a steady clock, such as `time.perf_counter`.
    out
        Folder to write `masks/<stem>.png` (0 / 255, size of the label) into; None writes nothing.
    seed
        Seed of the bootstrap; every detector is judged on the same resamples.
    progress
        Told after each pair.

    Returns
    -------
    Evaluation
        Rows and pooled scores.

    Raises
    ------
    UsageError
        If `primary` names no detector.
    DatasetInvalid
        If a label does not fit its images, or no pair can be measured. A pair that alone cannot be is listed.
    OutputFailed
        If a mask cannot be written.
    """
    if primary not in detectors:
        raise UsageError(f"Detector '{primary}' does not exist; choose one of {', '.join(sorted(detectors))}.")
    rows: list[PairRow] = []
    unusable: list[str] = []
    for done, labelled in enumerate(dataset.pairs, start=1):
        try:
            opened = open_pair(dataset, labelled)
            with opened.aligned:
                if not rows:
                    for detect in detectors.values():
                        detect(opened.aligned)
                row, found = _measure(opened, detectors, primary, clock)
        except (SceneUnreadable, NothingObserved, BandsMismatch) as error:
            # One bad file must not take the other pairs' figures along; it is listed with them.
            unusable.append(f"{labelled.stem}: {str(error).replace(f'{dataset.folder}/', '')}")
            continue
        rows.append(row)
        if out is not None:
            _write_mask(found, opened, out)
        if progress is not None:
            progress(done, len(dataset.pairs))
    if not rows:
        raise DatasetInvalid(f"'{dataset.name}' has no pair that can be measured. {unusable[0]}")
    dataset = replace(dataset, incomplete=(*dataset.incomplete, *unusable))
    scores = {name: pool([row.counts[name] for row in rows], rng=np.random.default_rng(seed)) for name in detectors}
    return Evaluation(dataset=dataset, primary=primary, rows=tuple(rows), scores=scores, seed=seed)


def read_mask(out: Path, stem: str) -> NDArray[np.bool_]:
    """Read back a mask that `evaluate_dataset` wrote.

    Parameters
    ----------
    out
        The output folder.
    stem
        Stem of the pair.

    Returns
    -------
    numpy.ndarray
        (y, x) bool in the size of the label.
    """
    with Image.open(_mask_path(out, stem)) as image:
        mask: NDArray[np.bool_] = np.asarray(image) != 0
    return mask


def _measure(
    opened: OpenedPair, detectors: Mapping[str, Detector], primary: str, clock: Callable[[], float]
) -> tuple[PairRow, NDArray[np.bool_]]:
    """Run every detector on one pair; return the row and the primary detector's mask."""
    grid, registration = opened.aligned.grid, opened.aligned.registration
    reference = opened.reference[opened.grid_slices]
    valid = opened.aligned.read(grid.window).valid & opened.known[opened.grid_slices]
    height_m, width_m = grid.pixel_size_m
    counts: dict[str, Counts] = {}
    seconds: dict[str, float] = {}
    masks: dict[str, NDArray[np.bool_]] = {}
    for name, detect in detectors.items():
        started = clock()
        detection = detect(opened.aligned)
        seconds[name] = clock() - started
        masks[name] = detection.mask
        counts[name] = count_pair(reference, detection.mask, valid, pixel_area_m2=height_m * width_m)
    row = PairRow(
        stem=opened.stem,
        height=grid.height,
        width=grid.width,
        pixel_size_m=(height_m, width_m),
        sampling=opened.sampling,
        registered=registration.reliable,
        shift_px=(registration.dy_px, registration.dx_px),
        valid_pixels=int(np.count_nonzero(valid)),
        counts=counts,
        seconds=seconds,
    )
    return row, masks[primary]


def _mask_path(out: Path, stem: str) -> Path:
    return out / MASKS_FOLDER / f"{stem}.png"


def _write_mask(found: NDArray[np.bool_], opened: OpenedPair, out: Path) -> None:
    picture = np.zeros(opened.reference.shape, dtype=np.uint8)
    picture[opened.grid_slices] = found.astype(np.uint8) * 255
    path = _mask_path(out, opened.stem)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture).save(path)
    except OSError as error:
        raise OutputFailed(f"{path}: the mask could not be written ({error}); check room and permission.") from error
