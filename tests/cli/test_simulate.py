import json
from pathlib import Path

import pytest

import rs_governance.simulate
from rs_governance.cli import run
from rs_governance.errors import OutputFailed


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """The pair itself is tested with its room; here it is only asked for."""

    def make_sample(folder: Path, seed: int) -> dict[str, object]:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "manifest.json").write_text("{}", encoding="utf-8")
        return {"seed": seed, "changes": 12}

    monkeypatch.setattr(rs_governance.simulate, "make_sample", make_sample)


def test_makes_a_pair_from_a_seed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["simulate", "--seed", "7", "--out", str(tmp_path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"seed": 7, "changes": 12}


def test_a_pair_is_not_overwritten_unasked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["simulate", "--seed", "7", "--out", str(tmp_path)]
    assert run(command) == 0
    assert run(command) == OutputFailed.exit_code
    assert "--replace" in capsys.readouterr().err
    assert run([*command, "--replace"]) == 0
