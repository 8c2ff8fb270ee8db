"""What wooded ground shows that the rest of a scene hides: trees that are gone, and those that grow back."""

import numpy as np
import numpy.typing as npt

from rs_governance.detect.change import Standard
from rs_governance.scenes import PairBlock
from rs_kernels import Device, local_mean

# Steps of the index before it is averaged: whole numbers, so that running sums do not depend on the block.
_STEPS = np.float32(8192)
_LOWEST = np.float32(-2)


def measure_greening(
    block: PairBlock, roles: tuple[str, ...], standard: Standard, *, device: Device = "cpu"
) -> npt.NDArray[np.float32] | None:
    """Measure how the vegetation index changed; None where red or near infrared is missing.

    Crops ripen by far more than a clearing greens, so that the level of a scene with fields hides it. On ground that is
    known to be wooded the index hardly changes from month to month, and tells what the length of a change does not.

    Parameters
    ----------
    block
        Pixels (band, y, x) of both dates, only the bands that are compared.
    roles
        Their roles.
    standard
        Normalisation and windows.
    device
        Where the kernels run.

    Returns
    -------
    numpy.ndarray or None
        (y, x) mean over the small window of the index of the later date less that of the earlier one, -2..2; right in
        the interior, `standard.here_px` from the edges.
    """
    if not {"red", "nir"} <= set(roles):
        return None
    red, nir = roles.index("red"), roles.index("nir")
    gain, offset = standard.gain.astype(np.float32), standard.offset.astype(np.float32)
    before = _index(*(block.before[band].astype(np.float32) for band in (nir, red)))
    after = _index(*(block.after[band].astype(np.float32) * gain[band] + offset[band] for band in (nir, red)))
    steps = np.rint((after - before - _LOWEST) * _STEPS).astype(np.uint16)
    greening = local_mean(steps, block.valid, standard.here_px, device=device)
    greening /= _STEPS
    greening += _LOWEST
    return greening


def _index(nir: npt.NDArray[np.float32], red: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    total = nir + red
    index: npt.NDArray[np.float32] = np.divide(nir - red, total, out=np.zeros_like(total), where=total > 0)
    np.clip(index, -1, 1, out=index)
    return index
