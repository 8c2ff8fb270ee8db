"""Run the kernels as plain Python in a second process, where CUDA is simulated."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_rule_loop_and_cuda_kernel_in_the_simulator() -> None:
    """The same tests, with no compiler between the source and the result, and every CUDA thread a Python thread."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "tests/kernels", "-m", "simulator", "-q", "-p", "no:cacheprovider"],
        cwd=ROOT,
        env=os.environ | {"NUMBA_DISABLE_JIT": "1", "NUMBA_ENABLE_CUDASIM": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    assert " skipped" not in done.stdout, done.stdout
