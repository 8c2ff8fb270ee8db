"""Kernels are tested three times: compiled, as plain Python in CUDA's simulator, and on a device where there is one."""

from collections.abc import Iterator

import numpy as np
import pytest
from numba import config


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "simulator: also run as plain Python, in the process that simulates CUDA")


@pytest.fixture(autouse=True)
def _quiet_arithmetic() -> Iterator[None]:
    """Compiled code does not warn of infinity less infinity; as plain Python it should not either."""
    with np.errstate(all="ignore" if config.DISABLE_JIT else "warn"):
        yield


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(20)
