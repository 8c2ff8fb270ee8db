"""The project's own detectors, as the evaluation calls them."""

from collections.abc import Callable, Mapping

import numpy as np

from rs_governance.detect import DETECTOR, NOT_OBSERVED, BlockLabels, ScoredBlock, SpectralParameters, find_changes
from rs_governance.learn.detection import Detection, Detector
from rs_governance.scenes import AlignedPair
from rs_kernels import Device

_SCORE_STEPS = np.float32(250)


def spectral(pair: AlignedPair, *, parameters: SpectralParameters | None = None, device: Device = "cpu") -> Detection:
    """Run the spectral detector and paint what it found.

    Parameters
    ----------
    pair
        Two scenes, pixel on pixel.
    parameters
        Settings; the defaults serve every sensor.
    device
        Where the kernels run.
    """
    blocks: list[tuple[ScoredBlock, BlockLabels]] = []
    result = find_changes(pair, parameters, device=device, sink=lambda block, labels: blocks.append((block, labels)))
    mask = np.zeros((pair.grid.height, pair.grid.width), np.bool_)
    score = np.zeros(mask.shape, np.float32)
    for block, labels in blocks:
        where = block.window.slices
        mask[where] = result.entries[block.window.row, block.window.col].paint(labels) > 0
        score[where] = np.where(block.score == NOT_OBSERVED, 0, block.score) / _SCORE_STEPS
    return Detection(mask=mask, score=score)


def own_detectors(device: Device) -> Mapping[str, Detector]:
    """Return the project's detectors by name, bound to a device."""
    bound: Callable[[AlignedPair], Detection] = lambda pair: spectral(pair, device=device)  # noqa: E731
    return {DETECTOR: bound}
