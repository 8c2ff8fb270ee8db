import json
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine

from rs_governance.cli import run
from rs_governance.errors import BandsMismatch, NoOverlap


def write_image(path: Path, *, bands: int = 4, east: float = 500_000.0, seed: int = 3) -> Path:
    rng = np.random.default_rng(seed)
    coarse = rng.integers(200, 3000, (bands, 32, 32))
    image = np.kron(coarse, np.ones((1, 8, 8), dtype=np.int64)).astype(np.uint16)
    transform = Affine(0.8, 0, east, 0, -0.8, 2_500_000.0)
    profile = {"driver": "GTiff", "width": 256, "height": 256, "count": bands, "dtype": "uint16", "crs": "EPSG:4545"}
    with rasterio.open(path, "w", transform=transform, **profile) as target:
        target.write(image)
    return path


def test_info_tells_what_an_image_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write_image(tmp_path / "image.tif")
    assert run(["scenes", "info", str(path), "--bands", "red,green,blue,nir", "--date", "2024-05-01", "--json"]) == 0
    content = json.loads(capsys.readouterr().out)
    assert content["roles"] == ["red", "green", "blue", "nir"]
    assert content["acquired_on"] == "2024-05-01"
    assert content["crs"] == "EPSG:4545"
    assert (content["width"], content["height"]) == (256, 256)
    assert content["pixel_size_m"] == pytest.approx([0.8, 0.8], rel=1e-3)


def test_info_is_readable(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["scenes", "info", str(write_image(tmp_path / "image.tif"))]) == 0
    printed = capsys.readouterr().out
    assert "EPSG:4545" in printed
    assert "blue, green, red, nir" in printed
    assert "2024" not in printed


def test_check_tells_how_two_images_fit(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = write_image(tmp_path / "before.tif")
    after = write_image(tmp_path / "after.tif")
    assert run(["scenes", "check", str(before), str(after), "--json"]) == 0
    content = json.loads(capsys.readouterr().out)
    assert content["roles"] == ["blue", "green", "red", "nir"]
    assert content["shift_px"] == pytest.approx([0, 0], abs=0.05)
    assert run(["scenes", "check", str(before), str(after)]) == 0
    assert "位移" in capsys.readouterr().out


def test_check_of_images_without_common_ground_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = write_image(tmp_path / "before.tif")
    after = write_image(tmp_path / "after.tif", east=510_000.0)
    assert run(["scenes", "check", str(before), str(after)]) == NoOverlap.exit_code
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize(
    "options",
    [
        ["--bands", "red,green"],
        ["--bands", "red,,green,nir"],
        ["--date", "1 May"],
        ["--towgs84", "1,2,3"],
        ["--sensor", "Hubble"],
    ],
)
def test_options_that_make_no_sense_are_one_line(
    options: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write_image(tmp_path / "image.tif")
    assert run(["scenes", "info", str(path), *options]) in {2, BandsMismatch.exit_code}
    assert capsys.readouterr().err.count("\n") == 1
