"""What is loaded ahead is all that a detection calls."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numba.core.dispatcher import Dispatcher

import rs_kernels
from rs_governance.detect import find_changes, load_kernels
from rs_governance.scenes import AlignedPair


def compiled() -> dict[str, set[Any]]:
    """Return the signatures of every kernel of the package that is loaded."""
    modules = (vars(rs_kernels)[name] for name in vars(rs_kernels) if name.startswith("_") and name[1:2] != "_")
    return {
        f"{module.__name__}.{name}": set(kernel.overloads)
        for module in modules
        for name, kernel in vars(module).items()
        if isinstance(kernel, Dispatcher)
    }


@pytest.mark.parametrize(("dtype", "bands"), [("uint8", 3), ("uint16", 4), ("float32", 1)])
def test_a_detection_loads_nothing_more(
    dtype: str, bands: int, ground: Callable[..., Any], pair_of: Callable[..., AlignedPair]
) -> None:
    before = ground(1, bands=bands, dtype=dtype)
    after = before.copy()
    after[:, 60:90, 60:100] = before.max()
    load_kernels(np.dtype(dtype), bands)
    loaded = compiled()
    assert any(loaded.values())
    assert len(find_changes(pair_of(before, after)).findings) > 0
    assert compiled() == loaded
