"""Every CUDA kernel is accepted by Numba's own CUDA target, with no device, driver or toolkit."""

import importlib
import pkgutil
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numba import cuda, typeof, types

import rs_kernels
from benchmarks.comparisons import COMPARISONS

if "numba_cuda" in str(cuda.__file__) or cuda.is_available():
    pytest.skip("where there is a device or numba-cuda, the kernels run on that", allow_module_level=True)

from numba.cuda import compiler, dispatcher
from numba.cuda.cudadrv import nvvm


class Stored(np.ndarray[Any, Any]):
    """An array that is said to be on the device."""

    def copy_to_host(self, out: Any = None) -> Any:
        return np.asarray(self)


def test_every_kernel_compiles(monkeypatch: pytest.MonkeyPatch, rng: np.random.Generator) -> None:
    """Calls the functions with a launch that compiles for the arguments, up to LLVM's language, and computes nothing."""
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
        try:
            case.call(**case.make(rng, 20, 30), device="cuda")
        except Exception as e:
            print(case.name, type(e), str(e)[:1200])

    reached = {function for function, _ in compiled}
    assert kernels() == reached


def kernels() -> set[Any]:
    """Find the functions of all CUDA kernels, those apart that only kernels call."""
    modules = [importlib.import_module(f"rs_kernels.{module.name}") for module in pkgutil.iter_modules(rs_kernels.__path__)]
    return {
        found.py_func
        for module in modules
        for found in vars(module).values()
        if isinstance(found, dispatcher.CUDADispatcher) and not found.targetoptions["device"]
    }
