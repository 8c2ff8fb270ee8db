"""Where a kernel runs: on the processor's threads, or on a CUDA device."""

from __future__ import annotations

import os
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt
from numba import config, cuda, njit, prange
from numba import threading_layer as _chosen_layer

Device = Literal["cpu", "cuda"]

# Numba's own layer, `workqueue`, aborts the process when two threads call a parallel kernel at once; OpenMP does not.
if "NUMBA_THREADING_LAYER" not in os.environ:
    config.THREADING_LAYER = "omp"

# Waiting threads of OpenMP must sleep: spinning, as is its default, they take the cores from the threads that decode.
# One pair of 8192 x 8192 pixels took 27.5 s of processor time with spinning and 13.7 s without, on two cores.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

# A block of a scene may well be smaller than a device would like; that is no reason to warn the user.
cuda.config.CUDA_LOW_OCCUPANCY_WARNINGS = 0

# How every kernel is compiled. Without fastmath, so that a pixel has the same bits wherever a vector register begins;
# with NumPy's division, since Python's check for zero keeps a loop from being vectorised. Cached on disk, which works
# for functions of a module only: one that closes over another compiles anew in each process. What a CUDA kernel calls
# compares instead of using `min` and `max`: of two arguments, only numba-cuda compiles them, not Numba 0.68's own target.
RULE: Final[dict[str, Any]] = {"cache": True, "error_model": "numpy"}
LOOP: Final[dict[str, Any]] = {"cache": True, "error_model": "numpy", "parallel": True, "nogil": True}

_BLOCK_ROWS, _BLOCK_COLS = 8, 32


class DeviceUnavailable(RuntimeError):
    """A CUDA device was asked for and there is none that works."""


def resolve_device(device: str = "auto") -> Device:
    """Turn a wish into the device that will do the work.

    Parameters
    ----------
    device : {"auto", "cpu", "cuda"}
        `auto` takes a CUDA device where there is one.

    Returns
    -------
    {"cpu", "cuda"}
        The device; record it, since `auto` differs between machines.

    Raises
    ------
    DeviceUnavailable
        If `cuda` is asked for and there is no working device. Nothing falls back in silence.
    ValueError
        If `device` is none of the three.

    Examples
    --------
    >>> resolve_device("cpu")
    'cpu'
    """
    if device == "cpu":
        return "cpu"
    if device not in {"auto", "cuda"}:
        raise ValueError(f"Device is 'auto', 'cpu' or 'cuda', not '{device}'.")
    if cuda.is_available():
        return "cuda"
    if device == "auto":
        return "cpu"
    raise DeviceUnavailable(
        "Device 'cuda' was asked for, but no CUDA driver with a device was found; "
        "use device 'cpu' or 'auto', or install the NVIDIA driver and the extra 'gpu'."
    )


def device_name(device: Device) -> str:
    """Name the hardware behind a device, for a run record.

    Parameters
    ----------
    device : {"cpu", "cuda"}
        A resolved device.

    Returns
    -------
    str
        The CUDA device's name, or the number of processor threads that kernels use.
    """
    if device == "cpu":
        return f"{config.NUMBA_NUM_THREADS} CPU threads"
    if config.ENABLE_CUDASIM:
        return "CUDA simulator"
    name = cuda.get_current_device().name
    return name.decode() if isinstance(name, bytes) else str(name)


@njit(**LOOP)
def _touch(out: Any) -> None:
    for i in prange(out.size):
        out[i] = i


def threading_layer() -> str:
    """Start Numba's threads and tell which layer drives them.

    Returns
    -------
    str
        `omp` unless the environment chose another one.

    Raises
    ------
    RuntimeError
        If the layer's library (libgomp1 for OpenMP) is missing.
    """
    try:
        _touch(np.empty(2, np.int64))
        return str(_chosen_layer())
    except ValueError as error:
        raise RuntimeError(
            f"Kernels need the threading layer '{config.THREADING_LAYER}', which could not be loaded; "
            "install OpenMP (Debian and Ubuntu: apt-get install libgomp1)."
        ) from error


def launch_grid(height: int, width: int) -> tuple[tuple[int, int], tuple[int, int]]:
    """Lay out one CUDA thread for each cell of a grid, neighbours along x side by side.

    Parameters
    ----------
    height, width : int
        Cells along y and x; a kernel finds its own by ``x, y = cuda.grid(2)`` and checks bounds.

    Returns
    -------
    (int, int), (int, int)
        Blocks and threads of a block, each along x and y.

    Examples
    --------
    >>> launch_grid(10, 100)
    ((4, 2), (32, 8))
    """
    return (-(-width // _BLOCK_COLS), -(-height // _BLOCK_ROWS)), (_BLOCK_COLS, _BLOCK_ROWS)


def launch(kernel: Any, grid: tuple[int, int], out: npt.NDArray[Any], *arguments: Any) -> None:
    """Run a CUDA kernel with one thread for each cell of a grid and bring its result back.

    Parameters
    ----------
    kernel : callable
        A `cuda.jit` function of ``(*arguments, out)``.
    grid : (int, int)
        Threads along y and x.
    out : ndarray
        Receives the kernel's last argument, of which it must write every element.
    *arguments
        Arrays, copied to the device, and scalars.
    """
    on_device = [cuda.to_device(argument) if isinstance(argument, np.ndarray) else argument for argument in arguments]
    result = cuda.device_array(out.shape, out.dtype)
    blocks, threads = launch_grid(*grid)
    kernel[blocks, threads](*on_device, result)
    result.copy_to_host(out)
