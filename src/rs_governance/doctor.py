"""A look at this machine: what a run needs, what it can use, and what to do about what is missing."""

import ctypes
import importlib
import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from importlib import metadata
from pathlib import Path

import rs_governance

LIBRARIES = (
    ("numpy", "numpy"),
    ("numba", "numba"),
    ("scipy", "scipy"),
    ("scikit-image", "skimage"),
    ("rasterio", "rasterio"),
    ("pyogrio", "pyogrio"),
    ("geopandas", "geopandas"),
    ("shapely", "shapely"),
    ("pyproj", "pyproj"),
    ("pillow", "PIL"),
)
"""Name of each distribution, and of what it is imported as."""

RASTER_DRIVERS = ("GTiff", "COG", "JP2OpenJPEG", "ENVI", "VRT", "HFA", "PNG", "JPEG")
VECTOR_DRIVERS = ("GPKG", "GeoJSON", "ESRI Shapefile")
REINSTALL = "install again: make clean run"
LOW_MEMORY_GB = 4.0
LOW_DISK_GB = 5.0


class Verdict(StrEnum):
    """What a check came to."""

    ok = "ok"
    note = "note"
    """Works, with a limit worth knowing."""
    missing = "missing"
    """A run will fail."""


@dataclass(frozen=True, kw_only=True)
class Check:
    """One line of the doctor's report."""

    name: str
    """What was looked at."""
    name_zh: str
    """The same in Chinese."""
    verdict: Verdict
    """What it came to."""
    value: str
    """What was found."""
    remedy: str | None = None
    """What to do about it."""


def examine(folder: Path) -> list[Check]:
    """Check this machine.

    Parameters
    ----------
    folder
        Where results are going to be written.

    Returns
    -------
    list[Check]
        In a fixed order; `Verdict.missing` in any of them means that a run will fail.
    """
    return [
        _python(),
        *(_library(distribution, module) for distribution, module in LIBRARIES),
        _guarded("raster formats", "栅格格式", _raster_drivers),
        _guarded("vector formats", "矢量格式", _vector_drivers),
        _guarded("CGCS2000", "坐标转换", _projection),
        _guarded("threads (OpenMP)", "多线程", _openmp),
        _guarded("kernels", "计算内核", _kernels),
        _guarded("Chinese font", "中文字体", _font),
        _guarded("GPU (CUDA)", "显卡", _cuda),
        Check(name="cores", name_zh="处理器核数", verdict=Verdict.ok, value=str(len(os.sched_getaffinity(0)))),
        _guarded("memory", "内存", _memory),
        _disk(folder),
        _writable(folder),
        _writable(Path(tempfile.gettempdir()), name="temporary folder", name_zh="临时文件夹"),
    ]


def is_fit(checks: list[Check]) -> bool:
    """Return whether nothing is missing."""
    return all(check.verdict is not Verdict.missing for check in checks)


def _guarded(name: str, name_zh: str, look: Callable[[], tuple[Verdict, str, str | None]]) -> Check:
    """Run one check; whatever it raises is a finding, not a crash."""
    try:
        verdict, value, remedy = look()
    except Exception as error:  # noqa: BLE001 -- a broken library may raise anything
        verdict, value, remedy = Verdict.missing, f"{type(error).__name__}: {' '.join(str(error).split())}", REINSTALL
    return Check(name=name, name_zh=name_zh, verdict=verdict, value=value, remedy=remedy)


def _python() -> Check:
    version = platform.python_version()
    good = sys.version_info >= (3, 11)
    return Check(
        name="Python",
        name_zh="Python",
        verdict=Verdict.ok if good else Verdict.missing,
        value=f"{version}, rs-governance {rs_governance.__version__}, {platform.system()} {platform.machine()}",
        remedy=None if good else "install Python 3.11 or newer",
    )


def _library(distribution: str, module: str) -> Check:
    def look() -> tuple[Verdict, str, str | None]:
        version = metadata.version(distribution)
        importlib.import_module(module)
        return Verdict.ok, version, None

    return _guarded(distribution, distribution, look)


def _raster_drivers() -> tuple[Verdict, str, str | None]:
    import rasterio
    from rasterio.env import Env

    with Env() as env:
        present = env.drivers()
    absent = [name for name in RASTER_DRIVERS if name not in present]
    found = f"GDAL {rasterio.__gdal_version__}: {', '.join(name for name in RASTER_DRIVERS if name in present)}"
    return _drivers(found, absent)


def _vector_drivers() -> tuple[Verdict, str, str | None]:
    import pyogrio

    present = pyogrio.list_drivers(write=True)
    absent = [name for name in VECTOR_DRIVERS if name not in present]
    version = ".".join(str(part) for part in pyogrio.__gdal_version__)
    found = f"GDAL {version}: {', '.join(name for name in VECTOR_DRIVERS if name in present)}"
    return _drivers(found, absent)


def _drivers(found: str, absent: list[str]) -> tuple[Verdict, str, str | None]:
    if absent:
        return Verdict.missing, f"{found}; without {', '.join(absent)}", REINSTALL
    return Verdict.ok, found, None


def _projection() -> tuple[Verdict, str, str | None]:
    import pyproj

    transformer = pyproj.Transformer.from_crs("EPSG:4545", "EPSG:4326", always_xy=True)
    longitude, latitude = transformer.transform(500_000.0, 2_500_000.0)
    if abs(longitude - 108.0) > 1e-6 or abs(latitude - 22.6) > 0.1:
        return (
            Verdict.missing,
            f"EPSG:4545 gives {longitude:.4f}, {latitude:.4f}",
            "another PROJ is in the way: unset PROJ_DATA, PROJ_LIB",
        )
    return Verdict.ok, f"PROJ {pyproj.proj_version_str}", None


def _openmp() -> tuple[Verdict, str, str | None]:
    remedy = "sudo apt-get install libgomp1"
    try:
        ctypes.CDLL("libgomp.so.1")
        importlib.import_module("numba.np.ufunc.omppool")
    except (OSError, ImportError) as error:
        return Verdict.missing, str(error), remedy
    layer = os.environ.get("NUMBA_THREADING_LAYER", "omp")
    if layer != "omp":
        return Verdict.note, f"there, but NUMBA_THREADING_LAYER={layer}", "unset NUMBA_THREADING_LAYER"
    return Verdict.ok, "libgomp, numba layer omp", None


def _kernels() -> tuple[Verdict, str, str | None]:
    import rs_kernels

    if rs_kernels.kernels_compiled():
        return Verdict.ok, "compiled", None
    return Verdict.note, "not compiled yet; the first detection does it, about a minute", None


def _font() -> tuple[Verdict, str, str | None]:
    from pylopdf_fonts_zh_cn import sans_path

    path = Path(sans_path())
    if not path.is_file():
        return Verdict.missing, f"no file {path}", REINSTALL
    return Verdict.ok, path.name, None


def _cuda() -> tuple[Verdict, str, str | None]:
    from numba import cuda

    if not cuda.is_available():
        return Verdict.note, "none; the processor does the work", None
    device = cuda.get_current_device()
    name = device.name.decode() if isinstance(device.name, bytes) else str(device.name)
    return Verdict.ok, f"{name}, compute capability {'.'.join(str(part) for part in device.compute_capability)}", None


def _memory() -> tuple[Verdict, str, str | None]:
    fields = dict(line.split(":", 1) for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines())
    total, available = (int(fields[name].split()[0]) / 1024**2 for name in ("MemTotal", "MemAvailable"))
    value = f"{total:.1f} GB, {available:.1f} GB free"
    if available < LOW_MEMORY_GB:
        return Verdict.note, value, "close other programs, or use fewer --workers and a smaller --block"
    return Verdict.ok, value, None


def _disk(folder: Path) -> Check:
    free = shutil.disk_usage(_nearest(folder)).free / 1024**3
    scarce = free < LOW_DISK_GB
    return Check(
        name="disk",
        name_zh="磁盘空间",
        verdict=Verdict.note if scarce else Verdict.ok,
        value=f"{free:.1f} GB free for {folder}",
        remedy="free some space, or write elsewhere with --out" if scarce else None,
    )


def _writable(folder: Path, *, name: str = "results folder", name_zh: str = "结果文件夹") -> Check:
    good = os.access(_nearest(folder), os.W_OK | os.X_OK)
    return Check(
        name=name,
        name_zh=name_zh,
        verdict=Verdict.ok if good else Verdict.missing,
        value=str(folder) if good else f"{folder} may not be written to",
        remedy=None if good else "choose another folder, or ask for its write permission",
    )


def _nearest(folder: Path) -> Path:
    """Return the folder itself, or the nearest one above it that exists."""
    folder = folder.resolve()
    return next(place for place in (folder, *folder.parents) if place.is_dir())
