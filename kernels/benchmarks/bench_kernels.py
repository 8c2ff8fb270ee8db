"""Time the kernels of the comparison table beside the speed at which the same machine copies memory.

    python kernels/benchmarks/bench_kernels.py                        # prints a table
    python kernels/benchmarks/bench_kernels.py --device cuda --readme  # and puts it into kernels/README.md

A kernel that streams cannot beat a copy, so the share of the copy's speed tells how much is left to gain. Times are
medians; the copy is timed anew beside each kernel, since neighbours on a shared machine come and go. On a CUDA device
the times include moving the arrays there and back, and so does the copy.
"""

from __future__ import annotations

import argparse
import json
import platform
import subprocess
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import numba
import numpy as np
from numba import cuda, njit, prange

from benchmarks.comparisons import COMPARISONS, Comparison
from rs_kernels import Device, device_name, resolve_device

README = Path(__file__).resolve().parents[1] / "README.md"
COPY_BYTES = 128 * 2**20

Row = dict[str, Any]


@njit(parallel=True, cache=True)
def _copy(source: Any, target: Any) -> None:
    for i in prange(source.shape[0]):
        target[i] = source[i]


def copy_once(source: Any, target: Any, device: Device) -> None:
    """Copy by all threads, or to the device and back."""
    if device == "cpu":
        _copy(source, target)
    else:
        cuda.to_device(source).copy_to_host(target)


def seconds(call: Callable[[], object], repeat: int) -> float:
    """Return the median time of `repeat` calls after one that warms up."""
    call()
    times = []
    for _ in range(repeat):
        start = perf_counter()
        call()
        times.append(perf_counter() - start)
    return median(times)


def measure(case: Comparison, size: int, device: Device, repeat: int) -> Row:
    """Time one kernel on `size` x `size` pixels, and a copy right after it."""
    inputs = case.make(np.random.default_rng(1), size, size)
    result = case.call(**inputs, device=device)
    kernel_s = seconds(lambda: case.call(**inputs, device=device), repeat)
    source = np.ones((1024, COPY_BYTES // 1024 // 4), np.float32)
    target = np.empty_like(source)
    copy_s = seconds(lambda: copy_once(source, target, device), repeat)
    gb_s = case.bytes_moved(inputs, result) / kernel_s / 1e9
    copy_gb_s = 2 * source.nbytes / copy_s / 1e9
    return {
        "name": case.name,
        "ms": 1e3 * kernel_s,
        "mpx_s": size * size / kernel_s / 1e6,
        "gb_s": gb_s,
        "copy_gb_s": copy_gb_s,
        "of_copy": gb_s / copy_gb_s,
    }


def conditions(size: int, device: Device, repeat: int) -> Row:
    """Describe where and on what the figures were taken."""
    return {
        "measured_on": datetime.now(UTC).date().isoformat(),
        "device": device,
        "device_name": device_name(device),
        "machine": f"{platform.machine()}, {platform.system()}",
        "commit": _commit(),
        "numba": numba.__version__,
        "size_px": size,
        "repeat": repeat,
    }


def _commit() -> str:
    def git(*arguments: str) -> str:
        done = subprocess.run(
            ["git", *arguments], cwd=README.parent, capture_output=True, text=True, check=False, timeout=30
        )
        return done.stdout.strip() if done.returncode == 0 else ""

    commit = git("rev-parse", "--short", "HEAD") or "unknown"
    return f"{commit} with changes" if git("status", "--porcelain", ".") else commit


def markdown(about: Row, rows: Sequence[Row]) -> str:
    """Lay the figures out as a table with its conditions above."""
    heading = (
        f"{about['measured_on']}, {about['device_name']} ({about['machine']}), commit {about['commit']}, Numba "
        f"{about['numba']}, {about['size_px']} x {about['size_px']} pixels, medians of {about['repeat']}; "
        f"copying memory: {median(row['copy_gb_s'] for row in rows):.1f} GB/s."
    )
    lines = [heading, "", "| kernel | ms | Mpx/s | GB/s | of the copy |", "|---|--:|--:|--:|--:|"]
    lines += [
        f"| {row['name']} | {row['ms']:.1f} | {row['mpx_s']:,.0f} | {row['gb_s']:.1f} | {row['of_copy']:.0%} |"
        for row in rows
    ]
    return "\n".join(lines)


def replace_section(text: str, name: str, content: str) -> str:
    """Replace what stands between the two marks of a section.

    >>> replace_section("a <!-- x --> old <!-- /x --> b", "x", "new")
    'a <!-- x -->\\nnew\\n<!-- /x --> b'
    """
    begin, end = f"<!-- {name} -->", f"<!-- /{name} -->"
    before, _, rest = text.partition(begin)
    _, found, after = rest.partition(end)
    if not found:
        raise ValueError(
            f"Expected the marks '{begin}' and '{end}', found no such pair; put them where the table goes."
        )
    return f"{before}{begin}\n{content}\n{end}{after}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="cpu")
    parser.add_argument("--size", type=int, default=4096, metavar="PX", help="rows and columns (default 4096)")
    parser.add_argument("--repeat", type=int, default=5, metavar="N", help="calls to take the median of (default 5)")
    parser.add_argument("--only", default="", metavar="TEXT", help="all kernels whose name holds TEXT")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures to FILE too")
    parser.add_argument("--readme", action="store_true", help="put the table into kernels/README.md")
    options = parser.parse_args(arguments)
    cases = [case for case in COMPARISONS if (options.only in case.name if options.only else case.headline)]
    if not cases:
        parser.error(f"no kernel's name holds '{options.only}'")
    try:
        device = resolve_device(options.device)
    except RuntimeError as error:
        print(error, file=sys.stderr)
        return 1
    rows = []
    for case in cases:
        rows.append(measure(case, options.size, device, options.repeat))
        print(f"{case.name}: {rows[-1]['mpx_s']:,.0f} Mpx/s", file=sys.stderr)
    about = conditions(options.size, device, options.repeat)
    table = markdown(about, rows)
    print(table)
    if options.json:
        options.json.write_text(json.dumps(about | {"kernels": rows}, indent=2) + "\n", encoding="utf-8")
    if options.readme:
        README.write_text(
            replace_section(README.read_text(encoding="utf-8"), f"bench {device}", table), encoding="utf-8"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
