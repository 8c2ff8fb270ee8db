"""What a detector is to the evaluation: a function from an aligned pair to a mask and a score."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rs_governance.scenes import AlignedPair


@dataclass(frozen=True, kw_only=True)
class Detection:
    """The answer of a detector for a whole pair, on the pair's grid."""

    mask: NDArray[np.bool_]
    """(y, x), True = found changed."""
    score: NDArray[np.float32]
    """(y, x), 0..1, higher = more likely changed."""

    def __post_init__(self) -> None:
        """Check dtypes and shapes."""
        if self.mask.dtype != np.bool_ or self.mask.ndim != 2:
            raise ValueError(f"mask must be a 2-D bool array, got {self.mask.ndim}-D {self.mask.dtype}")
        if self.score.dtype != np.float32 or self.score.shape != self.mask.shape:
            raise ValueError(
                f"score must be float32 of shape {self.mask.shape}, got {self.score.dtype} of shape {self.score.shape}"
            )


Detector = Callable[[AlignedPair], Detection]
