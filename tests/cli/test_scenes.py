import json
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine

from rs_governance.cli import run
from rs_governance.errors import NoOverlap, NotAlignable, UsageError


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
    assert content["compared"] == ["blue", "green", "red", "nir"]
    assert content["shift_px"] == pytest.approx([0, 0], abs=0.05)
    assert run(["scenes", "check", str(before), str(after)]) == 0
    assert "位移" in capsys.readouterr().out


@pytest.mark.parametrize("language", ["zh", "en"])
def test_one_language_is_spoken(language: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = str(write_image(tmp_path / "image.tif"))
    assert run(["--lang", language, "scenes", "check", path, path]) == 0
    printed = capsys.readouterr().out
    assert ("位移 x, y" in printed) is (language == "zh")
    assert ("shift x, y" in printed) is (language == "en")
    assert ("是" in printed) is (language == "zh")


@pytest.mark.parametrize("form", [[], ["--json"]])
def test_check_refuses_what_detect_would_refuse(
    form: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = write_image(tmp_path / "before.tif")
    after = write_image(tmp_path / "after.tif")
    with rasterio.open(after, "r+") as target:
        target.write(np.random.default_rng(4).integers(200, 3000, (4, 256, 256)).astype(np.uint16))
    assert run(["scenes", "check", str(before), str(after), *form]) == NotAlignable.exit_code == 3
    said = capsys.readouterr()
    assert said.out == ""
    assert "'before' and 'after' overlap, but no shift of up to 64 pixels" in said.err
    command = ["detect", str(before), str(after), "--out", str(tmp_path / "out"), "--quiet", *form]
    assert run(command) == NotAlignable.exit_code
    assert capsys.readouterr().err == said.err
    assert not (tmp_path / "out").exists()
    assert run([*command, "--unaligned"]) == 0
    record = json.loads((tmp_path / "out" / "run.json").read_text(encoding="utf-8"))
    assert record["registration"]["unaligned_allowed"] is True
    assert record["registration"]["reliable"] is False


def test_a_message_names_the_option_of_its_image(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = str(write_image(tmp_path / "image.tif"))
    for command, option in (
        (["scenes", "info", path, "--bands", "red"], "--bands names 1"),
        (["scenes", "check", path, path, "--bands-after", "red"], "--bands-after names 1"),
        (["detect", path, path, "--out", str(tmp_path / "o"), "--bands-before", "red"], "--bands-before names 1"),
    ):
        assert run(command) == UsageError.exit_code
        assert option in capsys.readouterr().err


@pytest.mark.parametrize("size", [(1, 300), (300, 1), (5, 5)])
def test_images_too_small_to_compare_are_named(
    size: tuple[int, int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    height, width = size
    profile = {"driver": "GTiff", "width": width, "height": height, "count": 3, "dtype": "uint8", "crs": "EPSG:4545"}
    for name in ("a", "b"):
        with rasterio.open(
            tmp_path / f"{name}.tif", "w", transform=Affine(0.8, 0, 500_000, 0, -0.8, 2_500_000), **profile
        ) as target:
            target.write(np.full((3, height, width), 90, np.uint8))
    assert run(["detect", str(tmp_path / "a.tif"), str(tmp_path / "b.tif"), "--out", str(tmp_path / "out")]) == 3
    assert f"share {width} x {height} pixels" in capsys.readouterr().err


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
    assert run(["scenes", "info", str(path), *options]) == UsageError.exit_code
    assert capsys.readouterr().err.count("\n") == 1


def test_check_tells_which_bands_are_compared(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = str(write_image(tmp_path / "image.tif", bands=6))
    roles = "coastal,blue,green,red,rededge1,nir"
    command = ["scenes", "check", path, path, "--bands-before", roles, "--bands-after", roles]
    assert run([*command, "--json"]) == 0
    content = json.loads(capsys.readouterr().out)
    assert content["roles"] == roles.split(",")
    assert content["compared"] == ["blue", "green", "red", "nir"]
    assert run(["--lang", "zh", *command]) == 0
    assert "参与比较的波段" in capsys.readouterr().out
