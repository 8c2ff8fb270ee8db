"""How much changed at each pixel of a block, and around it."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rs_governance.scenes import PairBlock
from rs_kernels import Device, change_vector, local_mean, mean_difference

FloatArray = npt.NDArray[np.float64]

# Steps of the change vector before it is averaged: whole numbers, so that running sums do not depend on the block.
_STEPS = 256


@dataclass(frozen=True, kw_only=True)
class Standard:
    """How two dates are made comparable, and over which windows they are compared."""

    gain: FloatArray
    """(band,): ``after' = gain * after + offset``."""
    offset: FloatArray
    """(band,): see `gain`."""
    weight: FloatArray
    """(band,): one over the contrast of `before`; differences are in multiples of it."""
    here_px: int
    """Half the side of the window over which the dates are averaged."""
    around_px: int
    """Half the side of the window of the change around a pixel."""
    tolerance_px: int
    """Shift that the change around a pixel forgives."""

    @property
    def halo_px(self) -> int:
        """Pixels around a block on which its change depends."""
        return max(self.here_px, self.around_px + self.tolerance_px)


@dataclass(frozen=True, kw_only=True)
class Change:
    """Change of a block's pixels in multiples of the scene's contrast, 0 where `valid` is False."""

    here: npt.NDArray[np.float32]
    """(y, x): length of the difference of the two dates' means over the small window."""
    around: npt.NDArray[np.float32]
    """(y, x): mean over the large window of the change vector that forgives a shift."""
    valid: npt.NDArray[np.bool_]
    """(y, x): True where both dates are usable."""


def measure_change(block: PairBlock, standard: Standard, *, device: Device = "cpu") -> Change:
    """Measure the change of a block, halo included; right in the interior, `standard.halo_px` from its edges.

    Parameters
    ----------
    block
        Pixels (band, y, x) of both dates, only the bands that are compared.
    standard
        Normalisation and windows.
    device
        Where the kernels run.
    """
    factors = (standard.gain, standard.offset, standard.weight)
    here = mean_difference(block.before, block.after, block.valid, *factors, radius=standard.here_px, device=device)
    # Steps are made by the kernel: in passes of their own they and the mean's unit took 0.25 s for 67 Mpx.
    vector = change_vector(
        block.before,
        block.after,
        block.valid,
        *factors,
        radius=standard.tolerance_px,
        steps=_STEPS / float(np.float32(math.sqrt(block.before.shape[0]))),
        device=device,
    )
    around = local_mean(vector, block.valid, standard.around_px, unit=1 / _STEPS, device=device)
    return Change(here=here, around=around, valid=block.valid)
