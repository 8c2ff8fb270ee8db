"""Fetching the detector's compiled kernels ahead of their use."""

import numpy as np

import rs_kernels
from rs_governance.detect.blocks import score_block
from rs_governance.detect.change import Standard
from rs_governance.detect.irmad import MadModel
from rs_governance.detect.model import SpectralModel, compared_bands
from rs_governance.detect.objects import ObjectCollector
from rs_governance.detect.parameters import SpectralParameters
from rs_governance.scenes import PairBlock, Window

_SIDE = 24


def load_kernels(dtype: np.dtype[np.generic], bands: int) -> None:
    """Run every kernel that a detection on the processor needs once, on a made-up block, so that it is loaded or compiled.

    Loading takes 0.4 s of processor time, all under the interpreter's lock: to be done in a thread while images are
    decoded and registered. The first time on a machine kernels are compiled, which takes most of a minute.

    Parameters
    ----------
    dtype
        Of the pair's samples.
    bands
        Number of the pair's bands.

    Examples
    --------
    >>> load_kernels(np.dtype(np.uint16), 4)
    """
    compared = len(compared_bands(("other",) * bands))
    ones, eye = np.ones(compared), np.eye(compared)
    model = SpectralModel(
        parameters=SpectralParameters(smallest_m2=9.0),
        bands=tuple(range(compared)),
        roles=("other",) * compared,
        standard=Standard(gain=ones, offset=ones, weight=ones, here_px=1, around_px=2, tolerance_px=1),
        mad=MadModel(a=eye, b=eye, c=ones, correlations=ones, typical=1.0, rounds=1),
        level=1.0,
        pixel_m2=1.0,
        brightness=(1.0, 1.0),
    )
    image = np.zeros((bands, _SIDE, _SIDE), dtype)
    image = rs_kernels.translate(np.pad(image, ((0, 0), (3, 3), (3, 3))), 0.5, 0.5, margin=3)
    changed, valid = image.copy(), np.ones(image.shape[1:], np.bool_)
    changed[:, 8:16, 8:16] = 200
    valid[0] = False
    whole = Window(row=0, col=0, height=_SIDE, width=_SIDE)
    collector = ObjectCollector(model, dtype)
    collector.add(score_block(PairBlock(window=whole, before=image, after=changed, valid=valid), whole, model))
    collector.finish()
