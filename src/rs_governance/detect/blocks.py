"""The pair block by block: decoded ahead by threads, scored by kernels in one."""

import math
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rs_governance.detect.change import measure_change
from rs_governance.detect.irmad import MadModel
from rs_governance.detect.model import SpectralModel
from rs_governance.errors import UsageError
from rs_governance.scenes import AlignedPair, PairBlock, RawPairBlock, Window
from rs_kernels import Device, context_score, local_mean, mad_score, morphology_halo, open_close

BLOCK_PX = 1024
"""Default side of a block: with its halo it stays below 40 MB for two dates of four bands of uint16."""

BLOCK_STEP_PX = 64
"""Blocks are multiples of this, so that pictures made while they pass do not depend on them."""

SCORE_STEPS = 250
"""Stored score of 1."""

NOT_OBSERVED = 255
"""Stored score of a pixel that is not usable on both dates."""

OBSERVED_STEPS = 200
"""Stored share of 1."""

MAD_STEPS = 16
"""Stored multivariate alteration of 1, what ground usually has in the scene."""

_OPENABLE_PX = 9  # pixels of the smallest square that survives an opening

_RING = 1  # pixels of mask around a block, by which its outlines are told


@dataclass(frozen=True, kw_only=True)
class ScoredBlock:
    """A block of the pair with its score; all arrays cover the window without halo, the masks one pixel more."""

    window: Window
    """Where it lies in the pair's grid."""
    before: npt.NDArray[np.generic]
    """(band, y, x), all bands of the pair."""
    after: npt.NDArray[np.generic]
    """(band, y, x), all bands of the pair."""
    valid: npt.NDArray[np.bool_]
    """(y, x): True where both dates are usable."""
    score: npt.NDArray[np.uint8]
    """(y, x): 0 to 250 for 0..1, 255 where not observed."""
    observed: npt.NDArray[np.uint8]
    """(y, x): share of the surroundings that was usable on both dates, 0 to 200 for 0..1."""
    mad: npt.NDArray[np.uint16]
    """(y, x): multivariate alteration in steps of 1/16 of what ground usually has."""
    weak: npt.NDArray[np.bool_]
    """(y + 2, x + 2): True where an object may be, cleaned; False outside the grid."""
    firm: npt.NDArray[np.bool_]
    """(y + 2, x + 2): True where it may be a part of its own, likewise; nowhere but in `weak`."""


def score_blocks(
    pair: AlignedPair,
    model: SpectralModel,
    *,
    block_px: int = BLOCK_PX,
    workers: int = 2,
    device: Device = "cpu",
    on_block: Callable[[float], None] | None = None,
) -> Iterator[ScoredBlock]:
    """Score a pair block by block, in reading order; the results do not depend on `block_px` and `workers`.

    Parameters
    ----------
    pair
        Two scenes, pixel on pixel.
    model
        From `learn_model` of the same pair.
    block_px
        Side of a block, a multiple of 64.
    workers
        Threads that decode ahead.
    device
        Where the kernels run.
    on_block
        Called with the share that is done after each block.

    Yields
    ------
    ScoredBlock
        Blocks without overlap that cover the grid.

    Raises
    ------
    UsageError
        If `block_px` is not a positive multiple of 64 or `workers` is not positive.
    """
    check_blocks(block_px, workers)
    windows = list(pair.grid.windows(block_px))
    halo = halo_px(model)
    with ThreadPoolExecutor(max_workers=workers, thread_name_prefix="decode") as pool:
        ahead: deque[Future[RawPairBlock]] = deque()
        try:
            for index, window in enumerate(windows):
                while len(ahead) <= workers and index + len(ahead) < len(windows):
                    grown = windows[index + len(ahead)].grown(halo).clipped(pair.grid.height, pair.grid.width)
                    ahead.append(pool.submit(pair.read_raw, grown))
                yield _score(pair.finish(ahead.popleft().result()), window, model, device)
                if on_block is not None:
                    on_block((index + 1) / len(windows))
        finally:
            for future in ahead:
                future.cancel()


def check_blocks(block_px: int, workers: int) -> None:
    """Refuse blocks that pictures would notice, and no workers at all.

    Raises
    ------
    UsageError
        If `block_px` is not a positive multiple of 64 or `workers` is not positive.
    """
    if block_px <= 0 or block_px % BLOCK_STEP_PX or workers < 1:
        raise UsageError(
            f"Expected blocks of a multiple of {BLOCK_STEP_PX} pixels and workers from 1 on, got {block_px}, {workers}."
        )


def halo_px(model: SpectralModel) -> int:
    """Pixels around a block on which its score, mask and outlines depend."""
    return model.standard.halo_px + morphology_halo(open_radius(model), 0) + _RING


def open_radius(model: SpectralModel) -> int:
    """Radius of the opening in pixels, 0 where the smallest object is too few pixels to be opened."""
    if model.parameters.smallest_m2 < _OPENABLE_PX * model.pixel_m2:
        return 0
    return min(max(round(model.parameters.open_m / math.sqrt(model.pixel_m2)), 1), 4)


def _score(block: PairBlock, window: Window, model: SpectralModel, device: Device) -> ScoredBlock:
    compared = block
    if model.bands != tuple(range(block.before.shape[0])):
        chosen = list(model.bands)
        compared = PairBlock(
            window=block.window, before=block.before[chosen], after=block.after[chosen], valid=block.valid
        )
    parameters, window_in_block = model.parameters, window.within(block.window)
    change = measure_change(compared, model.standard, device=device)
    score = context_score(change.here, change.around, block.valid, full=parameters.full * model.level, device=device)
    weak, firm = (_cleaned(score, level, model, device) for level in (parameters.weak, parameters.firm))
    ringed = window.grown(_RING)
    return ScoredBlock(
        window=window,
        before=block.before[:, *window_in_block],
        after=block.after[:, *window_in_block],
        valid=block.valid[window_in_block],
        score=score[window_in_block],
        observed=_observed(block.valid, model.standard.around_px, device)[window_in_block],
        mad=_mad_steps(compared, window_in_block, model.mad, device),
        weak=_ringed(weak, block.window, ringed),
        firm=_ringed(firm, block.window, ringed),
    )


def _cleaned(
    score: npt.NDArray[np.uint8], multiple: float, model: SpectralModel, device: Device
) -> npt.NDArray[np.bool_]:
    """Tell the pixels whose score reaches a multiple of the level, without threads and specks."""
    lowest = round(SCORE_STEPS * multiple / model.parameters.full)
    mask: npt.NDArray[np.bool_] = (score >= lowest) & (score != NOT_OBSERVED)
    radius = open_radius(model)
    if radius == 0:
        return mask
    return open_close(mask, open_radius=radius, close_radius=0, shape="square", device=device)


def _mad_steps(block: PairBlock, window: tuple[slice, slice], mad: MadModel, device: Device) -> npt.NDArray[np.uint16]:
    before, after = (np.ascontiguousarray(image[:, *window]) for image in (block.before, block.after))
    valid = np.ascontiguousarray(block.valid[window])
    score = mad_score(before, after, valid, mad.a, mad.b, mad.c, device=device)
    score *= np.float32(MAD_STEPS / mad.a.shape[0] / mad.typical)
    return np.minimum(score, np.float32(65535), out=score).astype(np.uint16)


def _observed(valid: npt.NDArray[np.bool_], radius: int, device: Device) -> npt.NDArray[np.uint8]:
    if valid.all():
        return np.full(valid.shape, OBSERVED_STEPS, np.uint8)
    everywhere = np.ones(valid.shape, np.bool_)
    steps = local_mean(valid * np.uint8(OBSERVED_STEPS), everywhere, radius, device=device)
    return np.rint(steps).astype(np.uint8)


def _ringed(mask: npt.NDArray[np.bool_], have: Window, want: Window) -> npt.NDArray[np.bool_]:
    """Cut a window out of a mask, False where it sticks out."""
    out = np.zeros((want.height, want.width), np.bool_)
    part = want.intersection(have)
    out[part.within(want)] = mask[part.within(have)]
    return out
