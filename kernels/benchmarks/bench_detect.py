"""Time `rsg detect` against decoding alone and against the peer script, on this machine, in one run.

    python -m benchmarks.bench_detect --size 8192 --runs 3

Each command is a process of its own. First each runs once unmeasured by the clock: files come into the
page cache, compiled modules and kernels onto the disk, and the summed PSS of the process tree is sampled. Then the
commands take turns, so that a busy minute hits all of them, and ratios are of medians. A slow machine
fails nothing; only a command that fails does.
"""

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import psutil

from benchmarks.decode_only import SHAPES, decode
from benchmarks.make_pair import make_pair

AIMS = {
    "detect / decode": "≤ 4 (2.5)",
    "peer / detect": "≥ 5",
    "detect, 4 x the pixels": "≤ 4.3",
    "detect, peak PSS in GB": "≤ 1.5",
}
"""What the project aims at, printed beside what was reached."""

_SAMPLE_S = 0.1
_COPY_BYTES = 1 << 29
_CACHE = Path(".cache/bench")

MakeCommand = Callable[[Path], list[str]]


@dataclass(frozen=True, kw_only=True)
class Timing:
    """What one command took."""

    seconds: tuple[float, ...]
    """Wall time of each timed run."""
    peak_pss_gb: float | None
    """Largest sum of PSS over the process tree seen in the run before them; None where not watched."""

    @property
    def median_s(self) -> float:
        """Median wall time."""
        return statistics.median(self.seconds)


def time_commands(commands: dict[str, MakeCommand], *, runs: int, scratch: Path) -> dict[str, Timing]:
    """Run every command once for memory and `runs` times for the clock, taking turns.

    Parameters
    ----------
    commands
        Makes a command line from a fresh output folder, by name.
    runs
        Timed runs of each.
    scratch
        Folder for their output.

    Returns
    -------
    dict
        A timing by name.

    Raises
    ------
    RuntimeError
        If a command fails.
    """
    memory = {name: _run(make, scratch, watch=True)[1] for name, make in commands.items()}
    seconds: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(runs):
        for name, make in commands.items():
            seconds[name].append(_run(make, scratch, watch=False)[0])
    return {name: Timing(seconds=tuple(seconds[name]), peak_pss_gb=memory[name] / 1e9) for name in commands}


def tree_pss(pid: int) -> int:
    """Sum the proportional set size of a process and its descendants.

    Parameters
    ----------
    pid
        The process.

    Returns
    -------
    int
        Bytes; processes that end meanwhile count as 0.
    """
    try:
        pids = [pid, *(child.pid for child in psutil.Process(pid).children(recursive=True))]
    except psutil.NoSuchProcess:
        return 0
    return sum(_pss(one) for one in pids)


def copy_speed(threads: int) -> float:
    """Measure how fast all cores copy memory.

    Parameters
    ----------
    threads
        Copying threads.

    Returns
    -------
    float
        GB/s, bytes read and bytes written both counted; best of five.
    """
    source = np.ones(_COPY_BYTES, dtype=np.uint8)
    target = np.zeros_like(source)
    parts = list(zip(np.array_split(target, threads), np.array_split(source, threads), strict=True))
    best = float("inf")
    with ThreadPoolExecutor(threads) as pool:
        for _ in range(5):
            started = time.perf_counter()
            list(pool.map(lambda part: np.copyto(*part), parts))
            best = min(best, time.perf_counter() - started)
    return 2 * _COPY_BYTES / best / 1e9


def describe_machine() -> dict[str, object]:
    """Say where and with what the figures were made.

    Returns
    -------
    dict
        Date, device, cores, load, versions, commit, copy speed.
    """
    cores = len(os.sched_getaffinity(0))
    cpuinfo = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    model = next((line.partition(":")[2].strip() for line in cpuinfo if line.startswith("model name")), "unknown")
    here = Path(__file__).parent
    commit = subprocess.run(
        ["git", "-C", str(here), "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    return {
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "cpu": model,
        "cores": cores,
        "memory_gb": round(psutil.virtual_memory().total / 1e9, 1),
        "load_before": round(os.getloadavg()[0], 2),
        "python": platform.python_version(),
        "commit": commit.stdout.strip() or None,
        "copy_gb_per_s": round(copy_speed(cores), 1),
    }


def to_markdown(result: dict[str, object]) -> str:
    """Lay the result out as two Markdown tables.

    Parameters
    ----------
    result
        As written to the JSON file.

    Returns
    -------
    str
        Tables and a line on the machine.
    """
    machine, timings, ratios = result["machine"], result["timings"], result["ratios"]
    assert isinstance(machine, dict)
    assert isinstance(timings, dict)
    assert isinstance(ratios, dict)
    size = result["size"]
    about = (
        f"{machine['measured_at'][:10]}, {machine['cpu']}, {machine['cores']} cores, load before "
        f"{machine['load_before']}, commit {machine['commit'] or 'unknown'}. Copying memory with all cores: "
        f"{machine['copy_gb_per_s']} GB/s (read + written). Pair: {size} x {size} pixels, 4 bands, uint16, two dates, "
        f"zstd; medians of {result['runs']}; commands with their start-up, `decode, no start-up` within one process."
    )
    lines = [about, "", "| command | median s | runs s | Mpx/s | peak PSS GB |", "| --- | ---: | ---: | ---: | ---: |"]
    for name, timing in timings.items():
        runs = ", ".join(f"{seconds:.2f}" for seconds in timing["seconds"])
        memory = "" if timing["peak_pss_gb"] is None else f"{timing['peak_pss_gb']:.2f}"
        lines.append(f"| {name} | {timing['median_s']:.2f} | {runs} | {timing['mpx_per_s']:.1f} | {memory} |")
    lines += ["", "| figure | reached | aim |", "| --- | ---: | ---: |"]
    lines += [f"| {name} | {value:.2f} | {AIMS.get(name, '')} |" for name, value in ratios.items()]
    return "\n".join(lines) + "\n"


def benchmark(size: int, *, runs: int, four_times: bool, cache: Path) -> dict[str, object]:
    """Make the pairs, time the commands, form the ratios.

    Parameters
    ----------
    size
        Rows and columns of the pair.
    runs
        Timed runs of each command.
    four_times
        Whether to time detection on twice the rows and columns too.
    cache
        Folder that keeps the pairs.

    Returns
    -------
    dict
        Plain values for JSON.
    """
    machine = describe_machine()
    before, after = _pair(cache, size)
    commands: dict[str, MakeCommand] = {
        "detect": lambda out: _detect(before, after, out),
        **{
            f"decode by {by}": lambda _out, by=by: _module("decode_only", before, after, "--by", by)  # type: ignore[misc]
            for by in SHAPES
        },
        "peer": lambda out: _module("peer", before, after, out / "peer.gpkg"),
    }
    pixels = dict.fromkeys(commands, size**2)
    if four_times:
        large_before, large_after = _pair(cache, 2 * size)
        commands["detect, 4 x the pixels"] = lambda out: _detect(large_before, large_after, out)
        pixels["detect, 4 x the pixels"] = 4 * size**2
    with tempfile.TemporaryDirectory(dir=cache) as scratch:
        timings = time_commands(commands, runs=runs, scratch=Path(scratch))
    fastest = min(SHAPES, key=lambda by: timings[f"decode by {by}"].median_s)
    bare = "decode, no start-up"
    timings[bare] = Timing(seconds=tuple(_time_decode(before, after, fastest) for _ in range(runs)), peak_pss_gb=None)
    pixels[bare] = size**2
    detect_s = timings["detect"].median_s
    ratios = {
        "detect / decode": detect_s / timings[f"decode by {fastest}"].median_s,
        "detect / decode, no start-up": detect_s / timings[bare].median_s,
        "peer / detect": timings["peer"].median_s / detect_s,
        "detect, peak PSS in GB": timings["detect"].peak_pss_gb,
    }
    if four_times:
        ratios["detect, 4 x the pixels"] = timings["detect, 4 x the pixels"].median_s / detect_s
    return {
        "machine": machine,
        "size": size,
        "runs": runs,
        "timings": {
            name: {**asdict(timing), "median_s": timing.median_s, "mpx_per_s": pixels[name] / 1e6 / timing.median_s}
            for name, timing in timings.items()
        },
        "ratios": ratios,
    }


def _pair(cache: Path, size: int) -> tuple[Path, Path]:
    paths = make_pair(cache, size)
    return paths["before"], paths["after"]


def _time_decode(before: Path, after: Path, by: str) -> float:
    started = time.perf_counter()
    decode([before, after], by=by)
    return time.perf_counter() - started


def _detect(before: Path, after: Path, out: Path) -> list[str]:
    return [
        sys.executable, "-m", "rs_governance", "detect", str(before), str(after), "--out", str(out / "found"),
        "--detector", "spectral",
    ]  # fmt: skip


def _module(name: str, *arguments: Path | str) -> list[str]:
    return [sys.executable, "-m", f"benchmarks.{name}", *map(str, arguments)]


def _run(make: MakeCommand, scratch: Path, *, watch: bool) -> tuple[float, int]:
    """Run a command in a fresh folder; return its wall time and, when watched, its largest tree PSS."""
    out = scratch / "out"
    out.mkdir()
    command = make(out)
    # Where Python is told to keep no bytecode every import compiles anew, which nobody's installation does: of the
    # processor time of a detection that was 2.5 s.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    peak = [0]
    with (scratch / "output.txt").open("w+", encoding="utf-8") as output:
        started = time.perf_counter()
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, env=environment)
        if watch:
            watcher = threading.Thread(target=_watch, args=(process, peak))
            watcher.start()
        code = process.wait()
        seconds = time.perf_counter() - started
        if watch:
            watcher.join()
        if code:
            output.seek(0)
            raise RuntimeError(f"{' '.join(command)} failed with exit code {code}:\n{output.read()[-2000:]}")
    shutil.rmtree(out)
    return seconds, peak[0]


def _watch(process: subprocess.Popen[bytes], peak: list[int]) -> None:
    while process.poll() is None:
        peak[0] = max(peak[0], tree_pss(process.pid))
        time.sleep(_SAMPLE_S)


def _pss(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))


def main(arguments: Sequence[str] | None = None) -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description="Time rsg detect against decoding alone and a peer script.")
    parser.add_argument("--size", type=int, default=8192, help="rows and columns of the pair, a multiple of 512")
    parser.add_argument("--runs", type=int, default=3, help="timed runs of each command")
    parser.add_argument("--no-four-times", action="store_true", help="leave out the pair of four times the pixels")
    parser.add_argument("--cache", type=Path, default=_CACHE, help="keeps the pairs and the result")
    given = parser.parse_args(arguments)
    try:
        result = benchmark(given.size, runs=given.runs, four_times=not given.no_four_times, cache=given.cache)
    except RuntimeError as error:
        raise SystemExit(str(error)) from error
    path = given.cache / "bench_detect.json"
    path.write_text(json.dumps(result, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    print(to_markdown(result))
    print(f"Saved as {path}")


if __name__ == "__main__":
    main()
