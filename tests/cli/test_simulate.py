import json
from datetime import date
from pathlib import Path

import pytest

import rs_governance.simulate
from rs_governance.cli import run
from rs_governance.errors import OutputFailed

Asked = dict[str, object]


@pytest.fixture(autouse=True)
def asked(monkeypatch: pytest.MonkeyPatch) -> Asked:
    """The district itself is tested with its room; here it is only asked for."""
    asked: Asked = {}

    def simulate_district(seed: int, *, size_px: int, dates: tuple[date, ...]) -> int:
        asked.update(size_px=size_px, months=len(dates))
        return seed

    def write_district(seed: int, folder: Path, *, workers: int) -> dict[str, object]:
        asked.update(workers=workers)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "manifest.json").write_text("{}", encoding="utf-8")
        return {"seed": seed, "changes": 12}

    monkeypatch.setattr(rs_governance.simulate, "simulate_district", simulate_district)
    monkeypatch.setattr(rs_governance.simulate, "write_district", write_district)
    return asked


def test_makes_a_district_from_a_seed(asked: Asked, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["simulate", "--seed", "7", "--out", str(tmp_path), "--workers", "2", "--json"]
    assert run(command) == 0
    assert json.loads(capsys.readouterr().out) == {"seed": 7, "changes": 12}
    assert asked == {"size_px": 3750, "months": 5, "workers": 2}


def test_size_and_months_can_be_chosen(asked: Asked, tmp_path: Path) -> None:
    out = str(tmp_path)
    assert run(["simulate", "--seed", "7", "--out", out, "--size-km", "1.6", "--months", "3", "--workers", "1"]) == 0
    assert asked == {"size_px": 2000, "months": 3, "workers": 1}
    assert run(["simulate", "--seed", "7", "--out", out, "--cut", "--workers", "1", "--replace"]) == 0
    assert asked == {"size_px": 1200, "months": 5, "workers": 1}


def test_a_district_is_not_overwritten_unasked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["simulate", "--seed", "7", "--out", str(tmp_path)]
    assert run(command) == 0
    assert run(command) == OutputFailed.exit_code
    assert "--replace" in capsys.readouterr().err
    assert run([*command, "--replace"]) == 0
