"""`rsg` starts quickly: nothing heavy is imported before a command needs it."""

import resource
import subprocess
import sys

HEAVY = ("numpy", "numba", "rasterio", "geopandas", "pandas", "shapely", "pyproj", "scipy", "skimage", "PIL", "pyogrio")

# Seconds of processor time. Half of it on a calm machine; tests share their cores with other tests.
SLOWEST_START_S = 1.0


def test_importing_the_command_line_imports_nothing_heavy() -> None:
    code = f"import sys, rs_governance.cli, rs_governance.__main__; print(*(m for m in {HEAVY!r} if m in sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_looking_at_an_image_takes_neither_kernels_nor_tables() -> None:
    late = ("numba", "pandas", "geopandas", "pyogrio")
    code = f"import sys, rs_governance.scenes; print(*(m for m in {late!r} if m in sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_help_is_there_at_once() -> None:
    assert min(processor_seconds("--help") for _ in range(5)) < SLOWEST_START_S


def processor_seconds(argument: str) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-m", "rs_governance", argument], capture_output=True, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
