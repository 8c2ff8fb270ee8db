"""The spectral detector: two dates in, findings out."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rs_governance.detect.blocks import BLOCK_PX, ScoredBlock, check_blocks, score_blocks
from rs_governance.detect.model import SpectralModel, learn_model
from rs_governance.detect.objects import BlockEntries, BlockLabels, ObjectCollector
from rs_governance.detect.parameters import SpectralParameters
from rs_governance.scenes import AlignedPair
from rs_governance.scenes.masks import area_mask
from rs_kernels import Device

if TYPE_CHECKING:
    import geopandas as gpd
    from shapely.geometry.base import BaseGeometry

DETECTOR = "spectral"
"""Name of this detector in tables and on the command line."""

BlockSink = Callable[[ScoredBlock, BlockLabels], None]
"""Takes every block and the labels of its objects while they pass."""

Progress = Callable[[str, float], None]
"""Takes the name of a stage and how much of it is done, 0..1."""

_BLOCKS_WAITING = 1  # besides the one that is taken in: each holds its pixels


@dataclass(frozen=True, kw_only=True)
class SpectralResult:
    """What the spectral detector found in a pair."""

    findings: gpd.GeoDataFrame
    """Declared findings in the pair's CRS, in the reading order of their first pixels."""
    model: SpectralModel
    """What was learnt from the pair."""
    entries: dict[tuple[int, int], BlockEntries]
    """For the block at (row, col): the finding, from 1, that each of its labels became."""


def find_changes(
    pair: AlignedPair,
    parameters: SpectralParameters | None = None,
    *,
    model: SpectralModel | None = None,
    device: Device = "cpu",
    workers: int = 2,
    block_px: int = BLOCK_PX,
    woods: BaseGeometry | None = None,
    sink: BlockSink | None = None,
    progress: Progress | None = None,
) -> SpectralResult:
    """Find what changed between two dates.

    Parameters
    ----------
    pair
        Two scenes, pixel on pixel.
    parameters
        Settings; the defaults serve every sensor.
    model
        What was learnt from more of the same two scenes; learnt from `pair` where not given.
    device
        Where the kernels run.
    workers
        Threads that decode ahead; they never change the result.
    block_px
        Side of a block, a multiple of 64; it never changes the result.
    woods
        Wooded ground in the CRS of the pair, where trees that go or grow back are looked for by their greenness.
    sink
        Given every block, in reading order, by one thread that is not the caller's.
    progress
        Told how far the work is.

    Returns
    -------
    SpectralResult
        Findings in the pair's CRS.

    Raises
    ------
    UsageError
        If `block_px` is not a positive multiple of 64 or `workers` is not positive.
    NothingObserved
        If no pixel is usable on both dates.
    SceneUnreadable
        If a file cannot be read half-way.
    """
    check_blocks(block_px, workers)
    parameters = parameters or SpectralParameters()

    def tell(stage: str, share: float) -> None:
        if progress is not None:
            progress(stage, share)

    tell("learn", 0.0)
    model = model or learn_model(pair, parameters, workers=workers, device=device)
    tell("learn", 1.0)
    collector = ObjectCollector(model, pair.dtype, device=device)
    blocks = score_blocks(
        pair,
        model,
        block_px=block_px,
        workers=workers,
        device=device,
        woods=area_mask(woods, pair.grid),
        on_block=lambda share: tell("detect", share),
    )
    _collect(blocks, collector, sink)
    tell("outline", 0.0)
    # Tables take 0.4 s of processor time to import: not before pixels are looked at.
    from rs_governance.detect.describe import describe

    objects, entries = collector.finish()
    findings = describe(objects, pair, model, detector=DETECTOR)
    tell("outline", 1.0)
    return SpectralResult(findings=findings, model=model, entries=entries)


def _collect(blocks: Iterable[ScoredBlock], collector: ObjectCollector, sink: BlockSink | None) -> None:
    """Take in blocks one after the other in a thread beside the kernels.

    Most of a block's objects are found by NumPy in one thread, while the kernels of the next use all.
    """

    def take(block: ScoredBlock) -> None:
        labels = collector.add(block)
        if sink is not None:
            sink(block, labels)

    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="collect") as pool:
        waiting: deque[Future[None]] = deque()
        try:
            for block in blocks:
                waiting.append(pool.submit(take, block))
                if len(waiting) > _BLOCKS_WAITING:
                    waiting.popleft().result()
            while waiting:
                waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()
