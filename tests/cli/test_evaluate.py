import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from rs_governance.cli import run
from rs_governance.errors import DatasetInvalid, OutputFailed


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    """One pair of plain pictures in which a bright square appears."""
    rng = np.random.default_rng(5)
    ground = np.kron(rng.integers(40, 120, (32, 32, 3)), np.ones((4, 4, 1))).astype(np.uint8)
    label = np.zeros((128, 128), dtype=np.uint8)
    label[40:70, 50:90] = 255
    later = np.where(label[..., None] > 0, 240, ground).astype(np.uint8)
    for name, picture in (("A", ground), ("B", later), ("label", label)):
        (tmp_path / "towns" / name).mkdir(parents=True)
        Image.fromarray(picture).save(tmp_path / "towns" / name / "one.png")
    return tmp_path / "towns"


def test_measures_and_says_where_the_report_is(
    dataset: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["evaluate", str(dataset), "--out", str(tmp_path / "out"), "--gsd", "0.5"]
    assert run([*command, "--json"]) == 0
    content = json.loads(capsys.readouterr().out)["datasets"]["towns"]
    assert content["pairs"] == 1
    assert {"spectral", "cva_otsu", "irmad"} <= content["detectors"].keys()
    assert all(0 <= found["f1"] <= 1 for found in content["detectors"].values() if found["f1"] is not None)
    assert (tmp_path / "out" / "towns" / "report.json").is_file()

    assert run(command) == OutputFailed.exit_code
    capsys.readouterr()
    assert run([*command, "--replace"]) == 0
    printed = capsys.readouterr()
    assert "towns: 1" in printed.out
    assert str(tmp_path / "out" / "towns" / "report.md") in printed.out
    assert "cva_otsu" in printed.out
    assert "towns ..." in printed.err


def test_a_folder_that_is_no_dataset(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["evaluate", str(tmp_path), "--out", str(tmp_path / "out")]) == DatasetInvalid.exit_code
    assert capsys.readouterr().err.count("\n") == 1
