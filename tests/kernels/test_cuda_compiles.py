"""Every CUDA kernel is accepted by Numba's own CUDA target, with no device, driver or toolkit."""

import importlib
import pkgutil
from contextlib import suppress
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numba import cuda, typeof, types

import rs_kernels
from benchmarks.comparisons import COMPARISONS


class Stored(np.ndarray[Any, Any]):
    """An array that is said to be on the device; what comes back of it are ones, so that a count asks for more."""

    def copy_to_host(self, out: Any = None) -> Any:
        return np.ones_like(self, subok=False)


@pytest.mark.skipif(
    "numba_cuda" in str(cuda.__file__) or cuda.is_available(),
    reason="where there is a device or numba-cuda, the kernels run on that",
)
def test_every_kernel_compiles(monkeypatch: pytest.MonkeyPatch, rng: np.random.Generator) -> None:
    """Calls the functions with a launch that compiles for the arguments, up to LLVM's language, and computes nothing."""
    from numba.cuda import compiler, dispatcher  # the simulator, which collects this file too, has neither
    from numba.cuda.cudadrv import nvvm

    compiled = set()

    def compile_instead(launch: Any, *arguments: Any) -> None:
        function = launch.dispatcher.py_func
        signature = tuple(typeof(np.asarray(a) if isinstance(a, Stored) else a) for a in arguments)
        if (function, signature) not in compiled:
            compiler.compile_cuda(function, types.void, signature, cc=(9, 0))
            compiled.add((function, signature))

    monkeypatch.setattr(dispatcher._LaunchConfiguration, "__call__", compile_instead)
    monkeypatch.setattr(dispatcher, "get_current_device", lambda: SimpleNamespace(compute_capability=(9, 0)))
    toolkit = SimpleNamespace(data_layout=nvvm._datalayout_i128, get_ir_version=lambda: (2, 0, 3, 2))
    monkeypatch.setattr(nvvm, "NVVM", lambda: toolkit)
    monkeypatch.setattr(cuda, "is_available", lambda: True)
    monkeypatch.setattr(cuda, "to_device", lambda array, **_: array.copy().view(Stored))
    monkeypatch.setattr(cuda, "device_array", lambda shape, dtype: np.zeros(shape, dtype).view(Stored))
    for case in COMPARISONS:
        with suppress(ValueError):  # of a result that nobody computed
            case.call(**case.make(rng, 20, 30), device="cuda")
    assert {function for function, _ in compiled} == kernels(dispatcher.CUDADispatcher)


def kernels(kind: type) -> set[Any]:
    """Find the functions of all CUDA kernels, those apart that only kernels call."""
    names = [module.name for module in pkgutil.iter_modules(rs_kernels.__path__)]
    modules = [importlib.import_module(f"rs_kernels.{name}") for name in names]
    return {
        found.py_func
        for module in modules
        for found in vars(module).values()
        if isinstance(found, kind) and not found.targetoptions["device"]
    }
