"""Finding, checking and opening labelled pairs."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine
from numpy.typing import NDArray
from PIL import Image

from rs_governance.errors import DatasetInvalid, NotAlignable, SceneUnreadable, UsageError
from rs_governance.learn.dataset import open_dataset, open_pair, read_label
from rs_governance.scenes import UNREGISTERED

MakePair = Callable[..., NDArray[np.bool_]]


def test_pairs_are_joined_by_stem_whatever_the_suffix(make_pair: MakePair, tmp_path: Path) -> None:
    make_pair("b", suffixes=(".png", ".jpg", ".tif"))
    make_pair("a", suffixes=(".tif", ".tiff", ".PNG"))
    dataset = open_dataset(tmp_path / "town")
    assert dataset.name == "town"
    assert [pair.stem for pair in dataset.pairs] == ["a", "b"]
    assert dataset.pairs[0].after.name == "a.tiff"
    assert dataset.incomplete == ()


def test_a_missing_partner_is_listed_and_the_rest_is_used(make_pair: MakePair, tmp_path: Path) -> None:
    for stem in ("a", "b", "c"):
        make_pair(stem)
    (tmp_path / "town/label/b.png").unlink()
    (tmp_path / "town/A/c.png").unlink()
    (tmp_path / "town/label/c.png").unlink()
    dataset = open_dataset(tmp_path / "town")
    assert [pair.stem for pair in dataset.pairs] == ["a"]
    assert dataset.incomplete == ("b: no label", "c: no A, label")


def test_stray_files_are_passed_over(make_pair: MakePair, tmp_path: Path) -> None:
    make_pair("a")
    (tmp_path / "town/A/a.png.aux.xml").write_text("<PAMDataset/>")
    (tmp_path / "town/A/._a.png").write_bytes(b"fork")
    (tmp_path / "town/B/Thumbs.db").write_bytes(b"")
    (tmp_path / "town/label/a.pgw").write_text("0.5")
    (tmp_path / "town/label/old.png").mkdir()
    (tmp_path / "town/readme.txt").write_text("notes")
    dataset = open_dataset(tmp_path / "town")
    assert [pair.stem for pair in dataset.pairs] == ["a"]
    assert dataset.incomplete == ()


def test_invalid_datasets_are_refused_with_the_remedy(make_pair: MakePair, tmp_path: Path) -> None:
    with pytest.raises(DatasetInvalid, match="A, B, label is not there"):
        open_dataset(tmp_path / "nowhere")
    make_pair("a")
    with pytest.raises(UsageError, match="--gsd must be a positive"):
        open_dataset(tmp_path / "town", gsd_m=0.0)
    Image.new("L", (4, 4)).save(tmp_path / "town/B/a.jpg")
    with pytest.raises(DatasetInvalid, match=r"a\.jpg and a\.png have one stem"):
        open_dataset(tmp_path / "town")
    (tmp_path / "town/B/a.jpg").unlink()
    (tmp_path / "town/B/a.png").rename(tmp_path / "town/B/z.png")
    with pytest.raises(DatasetInvalid, match="a: no B; z: no A, label"):
        open_dataset(tmp_path / "town")


def test_a_label_of_another_size_is_refused(make_pair: MakePair, tmp_path: Path) -> None:
    make_pair("a")
    Image.new("L", (96, 95)).save(tmp_path / "town/label/a.png")
    dataset = open_dataset(tmp_path / "town")
    with pytest.raises(DatasetInvalid, match="expected the size of the before image, 96 x 96 pixels, got 95 x 96"):
        open_pair(dataset, dataset.pairs[0])


def test_an_unreadable_label_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "label.png"
    path.write_bytes(b"\x89PNG broken")
    with pytest.raises(SceneUnreadable):
        read_label(path)


@pytest.mark.parametrize(
    ("gsd_m", "suffixes", "pixel_size_m", "sampling"),
    [
        (None, (".png", ".png", ".png"), 0.5, "assumed"),
        (1.25, (".png", ".jpg", ".png"), 1.25, "given"),
        (None, (".tif", ".tif", ".png"), 2.0, "georeference"),
        (1.25, (".tif", ".tif", ".tif"), 2.0, "georeference"),
    ],
)
def test_the_ground_size_and_where_it_is_from(
    make_pair: MakePair,
    tmp_path: Path,
    gsd_m: float | None,
    suffixes: tuple[str, str, str],
    pixel_size_m: float,
    sampling: str,
) -> None:
    truth = make_pair("a", suffixes=suffixes)
    dataset = open_dataset(tmp_path / "town", gsd_m=gsd_m)
    opened = open_pair(dataset, dataset.pairs[0])
    with opened.aligned as pair:
        assert pair.grid.pixel_size_m == pytest.approx((pixel_size_m, pixel_size_m), rel=1e-3)
    assert opened.sampling == sampling
    np.testing.assert_array_equal(opened.reference, truth)
    assert opened.known.all()


def test_the_label_is_placed_where_the_images_overlap(make_pair: MakePair, tmp_path: Path) -> None:
    truth = make_pair("a", suffixes=(".tif", ".tif", ".tif"))
    with rasterio.open(tmp_path / "town/B/a.tif", "r+") as dataset:
        dataset.transform = Affine(2.0, 0.0, 540000.0 + 2.0 * 7, 0.0, -2.0, 2520000.0 - 2.0 * 3)
    labelled = open_dataset(tmp_path / "town")
    opened = open_pair(labelled, labelled.pairs[0])
    opened.aligned.close()
    assert (opened.row, opened.col) == (3, 7)
    np.testing.assert_array_equal(opened.reference[opened.grid_slices], truth[3:, 7:])


def test_a_pair_that_cannot_be_aligned_is_taken_as_delivered(
    make_pair: MakePair, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_pair("a")

    def refuse(_: object) -> None:
        raise NotAlignable("different places")

    monkeypatch.setattr("rs_governance.learn.dataset.register", refuse)
    labelled = open_dataset(tmp_path / "town")
    with open_pair(labelled, labelled.pairs[0]).aligned as pair:
        assert pair.registration == UNREGISTERED


def test_an_after_image_far_coarser_is_refused(make_pair: MakePair, tmp_path: Path) -> None:
    make_pair("a", suffixes=(".tif", ".tif", ".tif"))
    with rasterio.open(tmp_path / "town/B/a.tif", "r+") as dataset:
        dataset.transform = Affine(6.0, 0.0, 540000.0, 0.0, -6.0, 2520000.0)
    labelled = open_dataset(tmp_path / "town")
    with pytest.raises(DatasetInvalid, match="resample the three files to one grid"):
        open_pair(labelled, labelled.pairs[0])


def _geotiff(path: Path, values: NDArray[np.generic], nodata: float | None = None) -> Path:
    with rasterio.open(
        path, "w", driver="GTiff", count=1, height=values.shape[0], width=values.shape[1], dtype=values.dtype,
        crs="EPSG:4545", transform=Affine(2.0, 0.0, 540000.0, 0.0, -2.0, 2520000.0), nodata=nodata,
    ) as dataset:  # fmt: skip
        dataset.write(values, 1)
    return path


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int16", "float32"])
def test_any_value_but_zero_is_change(tmp_path: Path, dtype: str) -> None:
    values = np.array([[0, 1, 2], [0, 100, 0]], dtype=dtype)
    if dtype in {"int16", "float32"}:
        values[0, 0] = -1
    changed, known = read_label(_geotiff(tmp_path / "label.tif", values))
    np.testing.assert_array_equal(changed, values != 0)
    assert known.all()


def test_colour_and_one_bit_labels(tmp_path: Path) -> None:
    truth = np.zeros((8, 9), dtype=bool)
    truth[2:4, 3:7] = True
    colour = np.zeros((8, 9, 3), dtype=np.uint8)
    colour[truth] = (0, 0, 7)
    Image.fromarray(colour).save(tmp_path / "colour.png")
    Image.fromarray(truth).save(tmp_path / "bit.png")
    for name in ("colour", "bit"):
        changed, known = read_label(tmp_path / f"{name}.png")
        np.testing.assert_array_equal(changed, truth, err_msg=name)
        assert known.all(), name


def test_the_smear_of_a_jpeg_label_is_no_change(tmp_path: Path) -> None:
    truth = np.zeros((64, 64), dtype=bool)
    truth[13:41, 9:50] = True
    Image.fromarray(truth.astype(np.uint8) * 255).save(tmp_path / "label.jpg", quality=75)
    assert np.count_nonzero(np.asarray(Image.open(tmp_path / "label.jpg"))) > np.count_nonzero(truth)
    np.testing.assert_array_equal(read_label(tmp_path / "label.jpg")[0], truth)


def test_nodata_of_a_label_is_unknown_unless_it_is_zero(tmp_path: Path) -> None:
    values = np.array([[0, 1, 255]], dtype=np.uint8)
    changed, known = read_label(_geotiff(tmp_path / "unknown.tif", values, nodata=255))
    assert known.tolist() == [[True, True, False]]
    assert changed[known].tolist() == [False, True]
    changed, known = read_label(_geotiff(tmp_path / "zero.tif", values, nodata=0))
    assert known.all()
    assert changed.tolist() == [[False, True, True]]


def test_real_datasets_open(shared_data: Path) -> None:
    oscd = open_dataset(shared_data / "oscd")
    assert oscd.incomplete == ("norcia: no label",)
    opened = open_pair(oscd, next(pair for pair in oscd.pairs if pair.stem == "paris"))
    with opened.aligned as pair:
        height_m, width_m = pair.grid.pixel_size_m
    assert opened.sampling == "georeference"
    # Degrees of latitude and longitude: geodesic metres differ by the cosine of the latitude.
    assert height_m == pytest.approx(12.94, abs=0.02)
    assert width_m == pytest.approx(8.55, abs=0.02)
    fotbcd = open_dataset(shared_data / "fotbcd_geotiff")
    assert len(fotbcd.pairs) == 7
