"""Opening files and folders."""

import os
from collections.abc import Callable
from datetime import date
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine
from rasterio.control import GroundControlPoint
from rasterio.crs import CRS
from rasterio.enums import ColorInterp
from rasterio.shutil import copy as gdal_copy

from rs_governance.errors import BandsMismatch, CrsRefused, SceneUnreadable, UsageError
from rs_governance.scenes import UNREGISTERED, AlignedPair, Scene, Window, align, open_scene, pair_scenes

Write = Callable[..., Path]
Ground = Callable[..., np.ndarray]

LOSSLESS = {
    "scene.tif": {},
    "tiled.tif": {"tiled": True, "blockxsize": 64, "blockysize": 64, "compress": "zstd", "predictor": 2},
    "bands.tif": {"interleave": "band", "compress": "deflate"},
    "scene.dat": {},
    "scene.jp2": {"QUALITY": "100", "REVERSIBLE": "YES"},
    "cog.tif": {"driver": "COG"},
}


def read(scene: Scene, window: Window | None = None) -> tuple[np.ndarray, np.ndarray]:
    with align(pair_scenes(scene, scene), UNREGISTERED) as pair:
        block = pair.read(window or pair.grid.window)
    return block.before, block.valid


@pytest.mark.parametrize("name", list(LOSSLESS))
@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_formats_are_read_as_they_are(write: Write, ground: Ground, name: str, dtype: str) -> None:
    pixels = ground(1, dtype=dtype)
    scene = open_scene(
        write(name, pixels, colours=None, photometric="MINISBLACK")
        if name.endswith("tif") and LOSSLESS[name].get("driver") is None
        else write(name, pixels, **LOSSLESS[name])
    )
    assert scene.dtype == dtype
    assert scene.image_id == name.partition(".")[0]
    assert len(scene.roles) == 4
    data, valid = read(scene)
    np.testing.assert_array_equal(data, pixels)
    assert valid.all()
    assert data.flags.c_contiguous


@pytest.mark.parametrize("suffix", ["png", "jpg"])
def test_pictures_need_a_pixel_size(write: Write, ground: Ground, suffix: str) -> None:
    path = write(f"tile.{suffix}", ground(2, bands=3, dtype="uint8"), transform=None)
    with pytest.raises(CrsRefused, match=r"no CRS; expected a georeferenced image.*--gsd"):
        open_scene(path)
    scene = open_scene(path, assume_gsd_m=0.5)
    assert scene.grid.crs is None
    assert scene.grid.pixel_size_m == (0.5, 0.5)
    assert scene.roles == ("red", "green", "blue")
    with pytest.raises(UsageError, match="positive number of metres"):
        open_scene(path, assume_gsd_m=0.0)


def test_a_georeference_outdoes_an_assumed_pixel_size(write: Write, ground: Ground) -> None:
    scene = open_scene(write("a.tif", ground(1)), assume_gsd_m=7.0)
    assert scene.grid.crs is not None
    assert scene.grid.pixel_size_m == pytest.approx((0.8, 0.8), rel=1e-3)


@pytest.mark.parametrize(
    ("dtype", "value"), [("int16", -5), ("uint32", 100_000), ("float64", 0.25), ("int32", -7), ("int8", -3)]
)
def test_other_sample_types_become_float32(write: Write, dtype: str, value: float) -> None:
    pixels = np.full((2, 30, 30), value, dtype)
    scene = open_scene(write("a.tif", pixels))
    assert scene.dtype == np.float32
    data, valid = read(scene)
    assert data.dtype == np.float32
    assert (data == np.float32(value)).all()
    assert valid.all()


@pytest.mark.parametrize("bands", [1, 2, 3, 5, 6, 12, 13, 17])
def test_one_to_many_bands(write: Write, ground: Ground, bands: int) -> None:
    scene = open_scene(write("a.tif", ground(1, bands=bands, height=40, width=40)))
    assert len(scene.roles) == bands
    assert len(set(scene.roles)) == bands


def test_roles_sensor_and_date_can_be_said(write: Write, ground: Ground) -> None:
    path = write("GF2_PMS1_20231015_mss.tif", ground(1))
    scene = open_scene(path)
    assert (scene.sensor, scene.acquired_on) == ("GF-2", date(2023, 10, 15))
    scene = open_scene(path, roles=["nir", "red", "green", "blue"], acquired_on=date(2024, 1, 1))
    assert scene.roles == ("nir", "red", "green", "blue")
    assert scene.acquired_on == date(2024, 1, 1)
    assert open_scene(path, sensor="RGB+NIR").roles == ("red", "green", "blue", "nir")
    with pytest.raises(UsageError, match="has 4 bands, but --bands names 3"):
        open_scene(path, roles=["red", "green", "blue"])


def test_a_message_names_the_option_of_its_image(write: Write, ground: Ground) -> None:
    path = write("a.tif", ground(1))
    with pytest.raises(UsageError, match="--bands-after names 3"):
        open_scene(path, roles=["red", "green", "blue"], which="after")
    with pytest.raises(UsageError, match=r"Unknown sensor 'Hubble'.*with --bands-before instead"):
        open_scene(path, sensor="Hubble", which="before")
    with pytest.raises(BandsMismatch, match="name them with --bands-before instead"):
        open_scene(path, sensor="RGB", which="before")


def test_roles_from_descriptions_and_date_from_tags(write: Write, ground: Ground) -> None:
    path = write(
        "a.tif",
        ground(1),
        descriptions=("NIR", "Red", "Green", "Blue"),
        tags={"TIFFTAG_DATETIME": "2023:10:15 03:00:00"},
    )
    scene = open_scene(path)
    assert scene.roles == ("nir", "red", "green", "blue")
    assert scene.acquired_on == date(2023, 10, 15)


def test_date_from_the_folder_around(write: Write, ground: Ground) -> None:
    assert open_scene(write("20231015/mosaic.tif", ground(1))).acquired_on == date(2023, 10, 15)


def test_alpha_is_a_mask_and_no_band(write: Write, ground: Ground) -> None:
    pixels = ground(1, bands=4, dtype="uint8")
    pixels[3] = 255
    pixels[3, :, :50] = 0
    colours = (ColorInterp.red, ColorInterp.green, ColorInterp.blue, ColorInterp.alpha)
    scene = open_scene(write("a.tif", pixels, colours=colours))
    assert scene.roles == ("red", "green", "blue")
    _, valid = read(scene)
    assert not valid[:, :50].any()
    assert valid[:, 50:].all()


def test_near_infrared_that_only_looks_like_alpha_is_a_band(write: Write, ground: Ground) -> None:
    # GDAL calls the fourth band of uint8 alpha when the writer says nothing.
    path = write("a.tif", ground(1, bands=4, dtype="uint8"))
    with rasterio.open(path) as dataset:
        assert dataset.colorinterp[3] == ColorInterp.alpha
    assert open_scene(path).roles == ("red", "green", "blue", "nir")
    assert open_scene(path, sensor="GF-2").roles == ("blue", "green", "red", "nir")


def test_naming_every_band_makes_alpha_a_band(write: Write, ground: Ground) -> None:
    pixels = ground(1, bands=4, dtype="uint8")
    pixels[3] = 255
    scene = open_scene(write("a.tif", pixels), roles=["red", "green", "blue", "nir"])
    assert scene.roles == ("red", "green", "blue", "nir")


# Folders of sheets.


def cut(write: Write, pixels: np.ndarray, name: str, rows: slice, cols: slice, **profile: object) -> Path:
    origin = Affine(0.8, 0, 500_000, 0, -0.8, 2_500_000)
    place = origin @ Affine.translation(cols.start, rows.start)
    return write(name, pixels[:, rows, cols], transform=place, **profile)


def test_a_folder_of_sheets_is_one_scene(write: Write, ground: Ground) -> None:
    pixels = ground(3)
    # Sheets overlap, leave a hole at the lower right, and lie among other files.
    cut(write, pixels, "G49_20231015/a.tif", slice(0, 120), slice(0, 130))
    cut(write, pixels, "G49_20231015/b.tif", slice(0, 120), slice(110, 220))
    folder = cut(write, pixels, "G49_20231015/c.TIF", slice(100, 200), slice(0, 130), driver="GTiff").parent
    write("G49_20231015/a_thumb.tif", ground(9, bands=3, height=20, width=20, dtype="uint8"), transform=None)
    write("G49_20231015/browse.jpg", ground(9, bands=3, height=20, width=20, dtype="uint8"), transform=None)
    (folder / "a.xml").write_text("<ReceiveTime/>")
    (folder / "a.rpb").write_text("rpc")
    (folder / ".hidden.tif").write_text("")
    scene = open_scene(folder)
    assert scene.image_id == "G49_20231015"
    assert scene.acquired_on == date(2023, 10, 15)
    assert [file.name for file in scene.files] == ["a.tif", "b.tif", "c.TIF"]
    assert (scene.grid.height, scene.grid.width) == (200, 220)
    data, valid = read(scene)
    expected = np.ones((200, 220), bool)
    expected[120:, 130:] = False
    np.testing.assert_array_equal(valid, expected)
    np.testing.assert_array_equal(data, np.where(expected, pixels, 0))


def test_where_a_sheet_is_black_the_one_below_shows(write: Write, ground: Ground) -> None:
    pixels = ground(3)
    black = pixels.copy()
    black[:, 60:80, 60:80] = 0
    cut(write, black, "f/a.tif", slice(0, 200), slice(0, 120))
    folder = cut(write, pixels, "f/b.tif", slice(0, 200), slice(50, 220)).parent
    data, valid = read(open_scene(folder))
    assert valid.all()
    np.testing.assert_array_equal(data, pixels)


def test_sheets_have_their_own_nodata_and_masks(write: Write, ground: Ground) -> None:
    pixels = ground(3, dtype="float32")
    left, right = pixels.copy(), pixels.copy()
    left[:, 5, 5], right[:, 7, 150] = -9999, np.nan
    mask = np.ones((200, 110), bool)
    mask[9, 20] = False
    cut(write, left, "f/a.tif", slice(0, 200), slice(0, 110), nodata=-9999.0)
    folder = cut(write, right, "f/b.tif", slice(0, 200), slice(110, 220), mask=mask).parent
    data, valid = read(open_scene(folder))
    assert np.argwhere(~valid).tolist() == [[5, 5], [7, 150], [9, 130]]
    assert (data[:, ~valid] == 0).all()


def test_sheets_that_differ_are_refused(write: Write, ground: Ground) -> None:
    write("bands/a.tif", ground(1))
    folder = write("bands/b.tif", ground(1, bands=1)).parent
    with pytest.raises(BandsMismatch, match=r"'a.tif' has 4 bands of uint16, 'b.tif' 1 of uint16"):
        open_scene(folder)
    write("crs/a.tif", ground(1))
    folder = write("crs/b.tif", ground(1), crs="EPSG:4546").parent
    with pytest.raises(CrsRefused, match="bring them into one CRS"):
        open_scene(folder)
    write("size/a.tif", ground(1))
    folder = write("size/b.tif", ground(1), transform=Affine(1.0, 0, 500_000, 0, -1.0, 2_500_000)).parent
    with pytest.raises(CrsRefused, match="expected north-up sheets of one pixel size"):
        open_scene(folder)
    write("plain/a.tif", ground(1), transform=None)
    folder = write("plain/b.tif", ground(1), transform=None).parent
    with pytest.raises(CrsRefused, match="places are unknown"):
        open_scene(folder, assume_gsd_m=1.0)


def test_envi_without_suffix_in_a_folder(write: Write, ground: Ground) -> None:
    pixels = ground(1)
    path = write("f/scene.dat", pixels)
    path.rename(path.with_suffix(""))
    scene = open_scene(path.parent)
    np.testing.assert_array_equal(read(scene)[0], pixels)


def test_a_vrt_is_a_scene(write: Write, ground: Ground, tmp_path: Path) -> None:
    pixels = ground(1)
    path = write("a.tif", pixels)
    gdal_copy(str(path), str(tmp_path / "a.vrt"), driver="VRT")
    np.testing.assert_array_equal(read(open_scene(tmp_path / "a.vrt"))[0], pixels)
    path.unlink()
    scene = open_scene(tmp_path / "a.vrt")
    with pytest.raises(SceneUnreadable, match=r"a\.vrt"):
        read(scene)


# What cannot be read.


def test_what_is_missing_or_empty(tmp_path: Path) -> None:
    with pytest.raises(SceneUnreadable, match="No such file or folder"):
        open_scene(tmp_path / "none.tif")
    (tmp_path / "empty.tif").touch()
    with pytest.raises(SceneUnreadable, match="is empty"):
        open_scene(tmp_path / "empty.tif")
    (tmp_path / "text.tif").write_text("not an image")
    with pytest.raises(SceneUnreadable, match=r"Cannot read .*text\.tif.*convert it to GeoTIFF"):
        open_scene(tmp_path / "text.tif")
    (tmp_path / "folder").mkdir()
    with pytest.raises(SceneUnreadable, match="No image in the folder"):
        open_scene(tmp_path / "folder")


@pytest.mark.parametrize("name", ["a.tif", "a.dat", "a.jp2", "a.png", "a.jpg"])
@pytest.mark.parametrize("share", [0.02, 0.6, 0.97])
def test_a_truncated_file_is_named_when_opened_or_read(write: Write, ground: Ground, name: str, share: float) -> None:
    profile = {"compress": "deflate"} if name == "a.tif" else {}
    place = {"transform": None} if name in {"a.png", "a.jpg"} else {}
    path = write(name, ground(1, bands=3, dtype="uint8"), **profile, **place)
    os.truncate(path, int(path.stat().st_size * share))
    with pytest.raises(SceneUnreadable, match=rf"'.*{name}'") as caught:
        read(open_scene(path, assume_gsd_m=1.0))
    assert "\n" not in str(caught.value)


def test_palettes_and_complex_samples_are_refused(write: Write) -> None:
    path = write("p.tif", np.zeros((1, 20, 20), np.uint8), photometric="PALETTE")
    with rasterio.open(path, "r+") as dataset:
        dataset.write_colormap(1, {0: (0, 0, 0, 255), 1: (255, 0, 0, 255)})
    with pytest.raises(BandsMismatch, match="expand it"):
        open_scene(path)
    with pytest.raises(BandsMismatch, match="samples of type complex64"):
        open_scene(write("c.tif", np.zeros((1, 20, 20), np.complex64)))


def test_raw_images_are_refused(write: Write, ground: Ground) -> None:
    corners = [(0, 0, 500_000, 2_500_000), (0, 220, 500_176, 2_500_000), (200, 0, 500_000, 2_499_840)]
    points = [GroundControlPoint(row, col, x, y) for row, col, x, y in corners]
    path = write("a.tif", ground(1), transform=None, gcps=points, crs=CRS.from_epsg(4545))
    with pytest.raises(CrsRefused, match="orthorectify it first"):
        open_scene(path)


def test_a_closed_pair_says_so(write: Write, ground: Ground) -> None:
    scene = open_scene(write("a.tif", ground(1)))
    pair: AlignedPair = align(pair_scenes(scene, scene), UNREGISTERED)
    pair.close()
    with pytest.raises(RuntimeError, match="was closed"):
        pair.read(pair.grid.window)
