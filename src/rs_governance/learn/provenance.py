"""What a measurement was made with: device, versions, commit."""

import os
import platform
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from rs_governance import __version__

_LIBRARIES = ("numpy", "scipy", "numba", "rasterio", "scikit-image", "pillow")


@dataclass(frozen=True, kw_only=True)
class Provenance:
    """Facts that a figure is worth nothing without."""

    device: str
    """Compute device, `cpu` or `cuda`."""
    host: str
    """Processor and number of cores, in words."""
    versions: Mapping[str, str]
    """Versions of the program, Python and the libraries by name."""
    commit: str | None
    """Commit of the source tree, `-dirty` when files differ from it; None outside a checkout."""


def gather_provenance(device: str) -> Provenance:
    """Collect the facts about the running program.

    Parameters
    ----------
    device
        The compute device in use.

    Returns
    -------
    Provenance
        Facts of this process and machine.
    """
    versions = {"rs_governance": __version__, "python": platform.python_version()}
    for library in _LIBRARIES:
        try:
            versions[library] = version(library)
        except PackageNotFoundError:
            continue
    host = f"{_processor()}, {os.cpu_count()} cores"
    return Provenance(device=device, host=host, versions=versions, commit=_commit())


def _commit() -> str | None:
    """Read the commit of this file's checkout; None for a copy that was installed into a foreign one."""
    if _git("ls-files", "--error-unmatch", Path(__file__).name) is None:
        return None
    return _git("describe", "--always", "--dirty", "--abbrev=12", "--exclude=*")


def _git(*arguments: str) -> str | None:
    command = ["git", "-C", str(Path(__file__).parent), *arguments]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip() or None


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())
