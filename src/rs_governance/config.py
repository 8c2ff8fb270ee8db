"""What the libraries underneath are told before they start, once for each process."""

import ctypes
import os
import tempfile
from collections.abc import MutableMapping
from importlib.util import find_spec
from pathlib import Path

PROCESS_ENVIRONMENT = {
    # Of numba's threading layers, one aborts when two threads enter a kernel and one is not in its wheels.
    "NUMBA_THREADING_LAYER": "omp",
    # Megabytes. GDAL's own default is a share of the machine's memory, in every process anew.
    "GDAL_CACHEMAX": "128",
    # PROJ would fetch correction grids from the net where it can; a result must not depend on that.
    "PROJ_NETWORK": "OFF",
}
"""Names and values; numba reads its own when it is imported, GDAL and PROJ when they are first used."""


# Options of glibc's `mallopt` and their values. Arrays of a block come and go: given back to the system each time, their
# pages have to be fetched and cleared anew. Kept, and for all threads in one place, 67 Mpx take 1.1 s of the system's
# processor time instead of 1.7 and 0.1 GB less at the peak (measured on 2 cores).
_MALLOC_OPTIONS = {
    -8: 1,  # M_ARENA_MAX: places that threads allocate from
    -3: 32 * 2**20,  # M_MMAP_THRESHOLD: larger ones are given back at once
    -1: 256 * 2**20,  # M_TRIM_THRESHOLD: free memory at the end that is kept
    -2: 16 * 2**20,  # M_TOP_PAD: by which what is kept grows
}


def settle_memory() -> None:
    """Have memory of large arrays used again, where the system's library is glibc; call it before threads are started."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        for option, value in _MALLOC_OPTIONS.items():
            mallopt(option, value)


def settle_process(environ: MutableMapping[str, str] = os.environ) -> None:
    """Set `PROCESS_ENVIRONMENT`, leaving alone what somebody set already.

    Parameters
    ----------
    environ
        The environment to change.

    Examples
    --------
    >>> environ = {"GDAL_CACHEMAX": "512"}
    >>> settle_process(environ)
    >>> environ["GDAL_CACHEMAX"], environ["NUMBA_THREADING_LAYER"]
    ('512', 'omp')
    """
    for name, value in PROCESS_ENVIRONMENT.items():
        environ.setdefault(name, value)


def settle_kernel_cache(environ: MutableMapping[str, str] = os.environ) -> None:
    """Give compiled kernels a place where neither the installation nor the home folder can be written.

    Without one numba refuses to compile at all. The place is a folder of the user in the temporary folder.

    Parameters
    ----------
    environ
        The environment to change; `NUMBA_CACHE_DIR` is left alone where it is set.
    """
    kernels = find_spec("rs_kernels")
    if "NUMBA_CACHE_DIR" in environ or kernels is None or kernels.origin is None:
        return
    installed, home = Path(kernels.origin).parent / "__pycache__", Path(environ.get("HOME", "/"))
    writable = installed if installed.exists() else installed.parent
    if not os.access(writable, os.W_OK) and not os.access(home, os.W_OK):
        environ["NUMBA_CACHE_DIR"] = str(Path(tempfile.gettempdir()) / f"rsg-kernels-{os.getuid()}")
