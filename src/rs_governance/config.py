"""What the libraries underneath are told before they start, once for each process."""

import os
from collections.abc import MutableMapping

PROCESS_ENVIRONMENT = {
    # Of numba's threading layers, one aborts when two threads enter a kernel and one is not in its wheels.
    "NUMBA_THREADING_LAYER": "omp",
    # Megabytes. GDAL's own default is a share of the machine's memory, in every process anew.
    "GDAL_CACHEMAX": "128",
    # PROJ would fetch correction grids from the net where it can; a result must not depend on that.
    "PROJ_NETWORK": "OFF",
}
"""Names and values; numba reads its own when it is imported, GDAL and PROJ when they are first used."""


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
