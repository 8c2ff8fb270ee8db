"""The benchmark runs, and puts its table where it belongs."""

import json
from pathlib import Path

import pytest

from benchmarks import bench_kernels


def test_benchmark_writes_figures(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    figures = tmp_path / "figures.json"
    chosen = ["--size", "40", "--repeat", "1", "--only", "histogram 256", "--json", str(figures)]
    assert bench_kernels.main(chosen) == 0
    assert "| histogram 256 bins, uint8 |" in capsys.readouterr().out
    record = json.loads(figures.read_text())
    assert record["device"] == "cpu"
    assert {"measured_on", "device_name", "commit"} <= record.keys()
    assert record["kernels"][0]["mpx_s"] > 0
    assert record["kernels"][0]["copy_gb_s"] > 0


def test_table_replaces_its_section_of_the_readme(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    readme = tmp_path / "README.md"
    readme.write_text("# Title\n<!-- bench cpu -->\nold\n<!-- /bench cpu -->\nrest\n")
    monkeypatch.setattr(bench_kernels, "README", readme)
    bench_kernels.main(["--size", "40", "--repeat", "1", "--only", "histogram 256", "--readme"])
    text = readme.read_text()
    assert text.startswith("# Title\n<!-- bench cpu -->\n2")
    assert text.endswith("<!-- /bench cpu -->\nrest\n")
    assert "old" not in text


def test_the_readme_has_a_section_for_each_device() -> None:
    text = bench_kernels.README.read_text(encoding="utf-8")
    for device in ("cpu", "cuda"):
        assert "new" in bench_kernels.replace_section(text, f"bench {device}", "new")


def test_marks_that_are_missing_are_named() -> None:
    with pytest.raises(ValueError, match="<!-- bench cuda -->"):
        bench_kernels.replace_section("no marks", "bench cuda", "table")
