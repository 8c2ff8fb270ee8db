"""How a flow computes, how far it is, and how long its stages take."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from shapely.geometry.base import BaseGeometry

import rs_kernels
from rs_governance.detect import DETECTOR, SpectralModel, SpectralParameters, SpectralResult, find_changes
from rs_governance.detect.blocks import BLOCK_PX
from rs_governance.errors import DeviceUnavailable, UsageError
from rs_governance.scenes import AlignedPair
from rs_kernels import Device

PathLike = Path | str
Progress = Callable[[str, float], None]
"""Takes the name of a stage and how much of it is done, 0..1."""


def tell(progress: Progress | None, stage: str, share: float) -> None:
    """Tell how far a stage is, to whom it may concern."""
    if progress is not None:
        progress(stage, share)


@dataclass(kw_only=True)
class Stopwatch:
    """Seconds of each stage, in the order of their first start."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def time(self, stage: str) -> Iterator[None]:
        """Add the seconds that a block takes to a stage."""
        started = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[stage] = self.seconds.get(stage, 0.0) + time.perf_counter() - started


@dataclass(frozen=True, kw_only=True)
class Setup:
    """How a run computes: none of it but the device may change a result."""

    device: Device
    """Where the kernels run."""
    workers: int
    """Threads."""
    block_px: int
    """Side of a block."""

    @classmethod
    def resolve(cls, *, detector: str, device: str, workers: int | None, block: int | None) -> "Setup":
        """Check what was asked for and decide what was left open.

        Raises
        ------
        UsageError
            When the detector or the device does not exist.
        DeviceUnavailable
            When the device asked for is not on this machine.
        """
        if detector != DETECTOR:
            raise UsageError(f"Detector '{detector}' does not exist; choose {DETECTOR}.")
        try:
            resolved = rs_kernels.resolve_device(device)
        except rs_kernels.DeviceUnavailable as error:
            raise DeviceUnavailable(str(error)) from error
        except ValueError as error:
            raise UsageError(str(error)) from error
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        return cls(device=resolved, workers=workers or cores, block_px=block or BLOCK_PX)

    def tell_of_compiling(self, progress: Progress | None) -> bool:
        """Tell that kernels are going to be compiled, a minute in which nothing seems to happen; return whether so."""
        if self.device != "cpu" or not rs_kernels.compiles_anew():
            return False
        tell(progress, "compiling kernels, once", 0.0)
        return True

    def find(
        self,
        pair: AlignedPair,
        *,
        model: SpectralModel | None = None,
        woods: BaseGeometry | None = None,
        sink: Any = None,
        progress: Progress | None = None,
    ) -> SpectralResult:
        """Find what changed in a pair; `model`, `woods` and `sink` are those of `find_changes`."""
        return find_changes(
            pair,
            SpectralParameters(),
            model=model,
            device=self.device,
            workers=self.workers,
            block_px=self.block_px,
            woods=woods,
            sink=sink,
            progress=progress,
        )
