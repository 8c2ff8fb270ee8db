"""The stopwatch: turns, memory over the process tree, the report."""

import os
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from benchmarks import bench_detect
from benchmarks.bench_detect import (
    Timing,
    benchmark,
    copy_speed,
    describe_machine,
    time_commands,
    to_markdown,
    tree_pss,
)


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def test_commands_take_turns_and_each_run_has_a_fresh_folder(tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    note = "import sys, pathlib; p = pathlib.Path(sys.argv[1]); assert not list(p.iterdir()); (p / 'x').touch(); "
    note += f"open({str(journal)!r}, 'a').write(sys.argv[2])"
    timings = time_commands(
        {name: lambda out, name=name: [*python(note), str(out), name] for name in "ab"},  # type: ignore[misc]
        runs=2,
        scratch=tmp_path,
    )
    assert journal.read_text() == "ababab"
    assert all(len(timing.seconds) == 2 and min(timing.seconds) > 0 for timing in timings.values())


def test_a_failing_command_is_shown_with_its_words(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match=r"(?s)exit code 3.*no such luck"):
        time_commands(
            {"a": lambda _: python("import sys; print('no such luck'); sys.exit(3)")}, runs=1, scratch=tmp_path
        )


def test_memory_is_summed_over_the_process_tree() -> None:
    hold = "import time; b = b'x' * 50_000_000; print('ready', flush=True); time.sleep(60)"
    parent = f"import subprocess, sys; p = subprocess.Popen([sys.executable, '-c', {hold!r}]); p.wait()"
    with subprocess.Popen(python(parent), stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        seen = tree_pss(process.pid)
        for child in psutil.Process(process.pid).children():
            child.kill()
        process.kill()
    assert 50e6 < seen < 90e6


def test_the_peak_of_a_command_is_caught(tmp_path: Path) -> None:
    code = "import time; b = b'x' * 80_000_000; time.sleep(0.5)"
    timing = time_commands({"a": lambda _: python(code)}, runs=1, scratch=tmp_path)["a"]
    assert timing.peak_pss_gb is not None
    assert 0.08 < timing.peak_pss_gb < 0.12


def test_a_process_that_is_gone_takes_no_memory() -> None:
    process = subprocess.Popen(python("pass"))
    process.wait()
    assert tree_pss(process.pid) == 0
    assert tree_pss(os.getpid()) > 1e6


def test_the_machine_is_described(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench_detect, "_COPY_BYTES", 1 << 24)
    machine = describe_machine()
    assert machine["cores"] == len(os.sched_getaffinity(0))
    assert str(machine["measured_at"]).startswith(time.strftime("%Y", time.gmtime()))
    assert copy_speed(1) > 0.1


def test_a_benchmark_gives_ratios_of_medians(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench_detect, "_COPY_BYTES", 1 << 24)
    monkeypatch.setattr(bench_detect, "_detect", lambda *_: python("pass"))
    result = benchmark(512, runs=1, four_times=True, cache=tmp_path)
    timings, ratios = result["timings"], result["ratios"]
    assert isinstance(timings, dict)
    assert isinstance(ratios, dict)
    assert ratios["peer / detect"] == timings["peer"]["median_s"] / timings["detect"]["median_s"]
    assert set(bench_detect.AIMS) <= set(ratios)
    page = to_markdown(result)
    assert "| peer / detect | " in page
    for name in timings:
        assert f"| {name} | " in page
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        f"{kind}_{size}.{end}"
        for kind, end in (("after", "tif"), ("before", "tif"), ("pair", "json"))
        for size in (1024, 512)
    ]


def test_the_median_is_of_the_timed_runs() -> None:
    assert Timing(seconds=(9.0, 1.0, 2.0), peak_pss_gb=None).median_s == 2.0
