"""Bad input: one line that says what to do, an exit code, and nothing half-written."""

import json
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import shapely
from affine import Affine
from numpy.typing import NDArray
from rasterio.errors import NotGeoreferencedWarning

from rs_governance.cli import run

HERE = Affine(0.8, 0, 500_000, 0, -0.8, 2_500_000)
LAYOUTS: dict[str, dict[str, Any]] = {
    "tiled": {"tiled": True, "blockxsize": 64, "blockysize": 64},
    "strips": {},
    "deflate": {"compress": "deflate", "tiled": True, "blockxsize": 64, "blockysize": 64},
    "cog": {"driver": "COG", "compress": "deflate"},
}

Refused = Callable[..., str]


def write(
    path: Path, pixels: NDArray[Any], *, crs: str | None = "EPSG:4545", transform: Affine | None = HERE, **profile: Any
) -> Path:
    count, height, width = pixels.shape
    options = {
        "count": count,
        "height": height,
        "width": width,
        "dtype": pixels.dtype.name,
        "driver": "GTiff",
        **profile,
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        with rasterio.open(path, "w", crs=crs, transform=transform, **options) as dataset:
            dataset.write(pixels)
    return path


def ground(*, bands: int = 4, side: int = 200, dtype: str = "uint16") -> NDArray[Any]:
    return np.random.default_rng(0).integers(300, 3000, (bands, side, side)).astype(dtype)


@pytest.fixture
def before(tmp_path: Path) -> Path:
    return write(tmp_path / "before.tif", ground())


def test_a_file_that_is_not_there(before: Path, refused: Refused, tmp_path: Path) -> None:
    assert "No such file" in refused(before, tmp_path / "missing.tif")
    assert "No such file" in refused(tmp_path / "missing.tif", before)


@pytest.mark.parametrize(
    "content", [b"", b"hello", b"II*\x00" + bytes(100), b"%PDF-1.7\n"], ids=["empty", "text", "tiff", "pdf"]
)
def test_a_file_that_is_no_image(before: Path, refused: Refused, tmp_path: Path, content: bytes) -> None:
    bad = tmp_path / "bad.tif"
    bad.write_bytes(content)
    assert "bad.tif" in refused(before, bad)


def test_a_folder_without_images(before: Path, refused: Refused, tmp_path: Path) -> None:
    (tmp_path / "sheets").mkdir()
    (tmp_path / "sheets" / "notes.txt").write_text("nothing here")
    assert "sheets" in refused(before, tmp_path / "sheets")


@pytest.mark.parametrize("layout", list(LAYOUTS))
@pytest.mark.parametrize("which", ["before", "after"])
def test_a_truncated_file(before: Path, refused: Refused, tmp_path: Path, layout: str, which: str) -> None:
    cut = write(tmp_path / "cut.tif", ground(side=600), **LAYOUTS[layout])
    with cut.open("r+b") as file:
        file.truncate(cut.stat().st_size * 6 // 10)
    line = refused(*((cut, before) if which == "before" else (before, cut)))
    assert "cut.tif" in line
    assert "truncated" in line


@pytest.mark.parametrize("share", [0.2, 0.4, 0.5, 0.7, 0.97])
def test_a_truncated_lerc_file_is_told_before_its_decoder_dies(
    before: Path, refused: Refused, tmp_path: Path, share: float
) -> None:
    whole = (Path(__file__).resolve().parents[2] / "sample_tiles" / "scenes" / "20261014.tif").read_bytes()
    cut = tmp_path / "cut.tif"
    cut.write_bytes(whole[: int(len(whole) * share)])
    line = refused(before, cut)
    assert f"promises {len(whole)}" in line
    assert "truncated" in line


def test_no_crs(before: Path, refused: Refused, tmp_path: Path) -> None:
    bare = write(tmp_path / "bare.tif", ground(), crs=None, transform=None)
    assert "no CRS" in refused(before, bare)
    assert "no CRS" in refused(bare, bare)
    floating = write(tmp_path / "floating.tif", ground(), transform=None)
    assert "no position" in refused(before, floating)


def test_beijing_54(before: Path, refused: Refused, tmp_path: Path) -> None:
    old = write(tmp_path / "old.tif", ground(), crs="EPSG:2433", transform=HERE)
    line = refused(before, old)
    assert "Beijing 1954" in line
    assert "seven" in line


@pytest.mark.parametrize(
    ("transform", "crs"),
    [
        (Affine(0.8, 0, 500_000, 0, -0.8, 2_600_000), "EPSG:4545"),
        (Affine(0.8, 0, 700_000, 0, -0.8, 2_500_000), "EPSG:4545"),
        (Affine(1e-5, 0, 2.3, 0, -1e-5, 48.8), "EPSG:4326"),
    ],
)
def test_no_overlap(before: Path, refused: Refused, tmp_path: Path, transform: Affine, crs: str) -> None:
    far = write(tmp_path / "far.tif", ground(), transform=transform, crs=crs)
    assert "do not overlap" in refused(before, far)


def test_an_area_elsewhere(before: Path, refused: Refused, tmp_path: Path) -> None:
    after = write(tmp_path / "after.tif", ground())
    gpd.GeoDataFrame(geometry=[shapely.box(0, 0, 1, 1)], crs=4326).to_file(tmp_path / "area.geojson")
    assert "do not overlap" in refused(before, after, "--aoi", str(tmp_path / "area.geojson"))
    (tmp_path / "broken.geojson").write_text("{")
    assert "broken.geojson" in refused(before, after, "--aoi", str(tmp_path / "broken.geojson"))
    assert "missing.gpkg" in refused(before, after, "--aoi", str(tmp_path / "missing.gpkg"))


def test_one_band_against_four(before: Path, refused: Refused, tmp_path: Path) -> None:
    single = write(tmp_path / "single.tif", ground(bands=1))
    assert "No band in common" in refused(before, single)
    assert "No band in common" in refused(single, before)


@pytest.mark.parametrize("which", ["before", "after", "both"])
def test_all_nodata(before: Path, refused: Refused, tmp_path: Path, which: str) -> None:
    empty = write(tmp_path / "empty.tif", np.zeros((4, 200, 200), np.uint16), nodata=0)
    images = (empty if which != "after" else before, empty if which != "before" else before)
    assert "usable on both dates" in refused(*images)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_nothing_but_nan_or_infinity(refused: Refused, tmp_path: Path, value: float) -> None:
    good = write(tmp_path / "good.tif", ground(dtype="float32"))
    bad = write(tmp_path / "bad.tif", np.full((4, 200, 200), value, np.float32))
    assert "usable on both dates" in refused(good, bad)


def test_some_nan_and_infinity_is_no_obstacle(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    pixels = ground(dtype="float32")
    good = write(tmp_path / "good.tif", pixels)
    pixels[:, 20:60, 30:90] = np.nan
    pixels[1, 100:120] = np.inf
    bad = write(tmp_path / "bad.tif", pixels)
    assert run(["detect", str(good), str(bad), "--out", str(tmp_path / "out"), "--quiet"]) == 0
    printed = capfd.readouterr()
    assert printed.out == ""
    # So little texture is left that the shift cannot be told, which even --quiet does not keep back.
    assert printed.err == "" or (printed.err.startswith("注意") and len(printed.err.splitlines()) == 1)
    record = json.loads((tmp_path / "out" / "run.json").read_text(encoding="utf-8"))
    assert record["observable_share"] == pytest.approx(1 - (40 * 60 + 20 * 200) / 200**2)


@pytest.mark.parametrize(
    "transform",
    [
        Affine(0.0, 0, 500_000, 0, 0.0, 2_500_000),
        Affine(0.8, 0.8, 500_000, 0.8, 0.8, 2_500_000),
        Affine(np.nan, 0, 500_000, 0, -0.8, 2_500_000),
        Affine(0.8, 0, np.inf, 0, -0.8, 2_500_000),
        Affine(1e9, 0, 500_000, 0, -1e9, 2_500_000),
        Affine(1e-9, 0, 500_000, 0, -1e-9, 2_500_000),
        Affine(0.8, 0, 5e12, 0, -0.8, 2_500_000),
        Affine(0.8, 0, 2_500_000, 0, -0.8, 500_000),
    ],
    ids=["zero", "singular", "nan", "infinite", "huge", "tiny", "far", "swapped"],
)
def test_an_absurd_transform(before: Path, refused: Refused, tmp_path: Path, transform: Affine) -> None:
    refused(before, write(tmp_path / "absurd.tif", ground(), transform=transform))


@pytest.mark.parametrize(
    "option", [("--block", "100"), ("--block", "65"), ("--workers", "0"), ("--device", "tpu"), ("--detector", "x")]
)
def test_wrong_options(before: Path, refused: Refused, option: tuple[str, str]) -> None:
    refused(before, before, *option, exit_code=2)


def test_without_quiet_the_line_is_the_last(before: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    empty = write(tmp_path / "empty.tif", np.zeros((4, 200, 200), np.uint16), nodata=0)
    assert run(["detect", str(before), str(empty), "--out", str(tmp_path / "out")]) == 3
    lines = capfd.readouterr().err.splitlines()
    assert [line.startswith("错误") for line in lines].index(True) == len(lines) - 1
