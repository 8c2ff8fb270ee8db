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
from rs_governance.detect.woods import measure_greening
from rs_governance.errors import UsageError
from rs_governance.scenes import AlignedPair, PairBlock, RawPairBlock, Window
from rs_governance.scenes.masks import Mask
from rs_kernels import Device, context_score, levels_halo, levels_reached, local_mean, mad_score

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


@dataclass(frozen=True, kw_only=True)
class ScoredBlock:
    """A block of the pair with its score; planes but those of `read` and `depth` cover the window without halo."""

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
    places: npt.NDArray[np.int64]
    """(n,): numbers of the window's pixels, in reading order, that reach the lowest level."""
    mad: npt.NDArray[np.uint16]
    """(n,): their multivariate alteration in steps of 1/16 of what ground usually has."""
    read: PairBlock
    """What was read: the window with its halo, inside the grid."""
    depth: npt.NDArray[np.uint8]
    """As `read`: how many of the levels a pixel reaches, each cleaned; right in the window and `beside_px` around it."""


def score_blocks(
    pair: AlignedPair,
    model: SpectralModel,
    *,
    block_px: int = BLOCK_PX,
    workers: int = 2,
    device: Device = "cpu",
    woods: Mask | None = None,
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
    woods
        Wooded ground, where a change of the vegetation index counts by itself.
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
                if window.col == 0:
                    # What is below and was decoded for the sample stays until its turn comes: a ninth of all decoding.
                    pair.forget_above(window.row - halo)
                while len(ahead) <= workers and index + len(ahead) < len(windows):
                    grown = windows[index + len(ahead)].grown(halo).clipped(pair.grid.height, pair.grid.width)
                    ahead.append(pool.submit(pair.read_raw, grown))
                yield score_block(pair.finish(ahead.popleft().result()), window, model, device, woods=woods)
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
    if block_px <= 0 or block_px % BLOCK_STEP_PX:
        raise UsageError(
            f"--block must be a multiple of {BLOCK_STEP_PX} pixels, got {block_px}.",
            zh=f"--block 应为 {BLOCK_STEP_PX} 的倍数（像元）；给出的是 {block_px}。",
        )
    if workers < 1:
        raise UsageError(f"--workers must be 1 or more, got {workers}.", zh=f"--workers 至少为 1；给出的是 {workers}。")


def halo_px(model: SpectralModel) -> int:
    """Pixels around a block on which its score, mask and outlines depend."""
    return model.standard.halo_px + levels_halo(open_radius(model)) + model.beside_px


def open_radius(model: SpectralModel) -> int:
    """Radius of the opening in pixels, 0 where the smallest object is too few pixels to be opened."""
    if model.parameters.smallest_m2 < _OPENABLE_PX * model.pixel_m2:
        return 0
    return min(max(round(model.parameters.open_m / math.sqrt(model.pixel_m2)), 1), 4)


def score_block(
    block: PairBlock, window: Window, model: SpectralModel, device: Device = "cpu", *, woods: Mask | None = None
) -> ScoredBlock:
    """Score a window of a pair from what was read of it and around it."""
    compared = block
    if model.bands != tuple(range(block.before.shape[0])):
        chosen = list(model.bands)
        compared = PairBlock(
            window=block.window, before=block.before[chosen], after=block.after[chosen], valid=block.valid
        )
    parameters, window_in_block = model.parameters, window.within(block.window)
    change = measure_change(compared, model.standard, device=device)
    if parameters.least_around:
        np.maximum(change.around, np.float32(parameters.least_around * model.level), out=change.around)
    score = context_score(change.here, change.around, block.valid, full=parameters.full * model.level, device=device)
    if woods is not None:
        _raise_on_woods(score, compared, model, woods, device)
    levels = [round(SCORE_STEPS * multiple / parameters.full) for multiple in parameters.levels]
    depth = levels_reached(score, levels, radius=open_radius(model), device=device)
    # Looking for what is not 0 is eight times as fast in bools as in numbers.
    places = np.flatnonzero(np.ascontiguousarray(depth[window_in_block]) > 0)
    return ScoredBlock(
        window=window,
        before=block.before[:, *window_in_block],
        after=block.after[:, *window_in_block],
        valid=block.valid[window_in_block],
        score=np.ascontiguousarray(score[window_in_block]),
        observed=_observed(block.valid, model.standard.around_px, device)[window_in_block],
        places=places,
        mad=_mad_steps(compared, places, window_in_block, model.mad, device),
        read=block,
        depth=depth,
    )


def _raise_on_woods(
    score: npt.NDArray[np.uint8], compared: PairBlock, model: SpectralModel, woods: Mask, device: Device
) -> None:
    """Let the change of the vegetation index count on wooded ground, where it says more than the score."""
    wooded = woods.read(compared.window) & compared.valid
    if not wooded.any():
        return
    greening = measure_greening(compared, model.roles, model.standard, device=device)
    if greening is None:
        return
    parameters = model.parameters
    steps = np.abs(greening[wooded]) * np.float32(SCORE_STEPS / parameters.full / parameters.greening)
    score[wooded] = np.maximum(score[wooded], np.rint(np.minimum(steps, SCORE_STEPS)).astype(np.uint8))


def _mad_steps(
    block: PairBlock, places: npt.NDArray[np.int64], window: tuple[slice, slice], mad: MadModel, device: Device
) -> npt.NDArray[np.uint16]:
    """Measure alteration where it is asked for, a few pixels in a hundred."""
    if not places.size:
        return np.zeros(0, np.uint16)
    rows, cols = np.divmod(places, window[1].stop - window[1].start)
    at = (rows + window[0].start) * block.valid.shape[1] + cols + window[1].start
    before, after = (
        image.reshape(image.shape[0], -1).take(at, axis=1)[:, np.newaxis] for image in (block.before, block.after)
    )
    score = mad_score(before, after, block.valid.ravel().take(at)[np.newaxis], mad.a, mad.b, mad.c, device=device)[0]
    score *= np.float32(MAD_STEPS / mad.a.shape[0] / mad.typical)
    steps: npt.NDArray[np.uint16] = np.minimum(score, np.float32(65535), out=score).astype(np.uint16)
    return steps


def _observed(valid: npt.NDArray[np.bool_], radius: int, device: Device) -> npt.NDArray[np.uint8]:
    observed = np.full(valid.shape, OBSERVED_STEPS, np.uint8)
    if valid.all():
        return observed
    # Only what lies around the unusable pixels sees less than everything: as a rule a strip along an edge of the scene.
    rows, cols = (np.flatnonzero(~valid.all(axis=axis)) for axis in (1, 0))
    unusable = Window(
        row=int(rows[0]), col=int(cols[0]), height=int(rows[-1] - rows[0]) + 1, width=int(cols[-1] - cols[0]) + 1
    )
    less = unusable.grown(radius).clipped(*valid.shape)
    seen = less.grown(radius).clipped(*valid.shape)
    usable = valid[seen.slices]
    steps = local_mean(usable * np.uint8(OBSERVED_STEPS), np.ones_like(usable), radius, device=device)
    observed[less.slices] = np.rint(steps[less.within(seen)])
    return observed
