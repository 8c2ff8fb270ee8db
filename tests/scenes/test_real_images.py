"""Every georeferenced pair of the real images opens, pairs, registers and reads."""

from pathlib import Path

import numpy as np
import pytest

from rs_governance.scenes import UNREGISTERED, ScenePair, align, open_scene, pair_scenes, preview, register


def pairs(shared_data: Path, folder: str, **options: float) -> list[ScenePair]:
    found = sorted((shared_data / folder / "A").iterdir())
    assert found
    return [
        pair_scenes(open_scene(path, **options), open_scene(path.parents[1] / "B" / path.name, **options))
        for path in found
    ]


def check_blocks(pair: ScenePair) -> None:
    with align(pair, register(pair)) as aligned:
        whole = aligned.read(aligned.grid.window)
        assert whole.before.shape == whole.after.shape == (len(pair.roles), pair.grid.height, pair.grid.width)
        assert whole.valid.mean() > 0.9
        for window in aligned.grid.windows(200):
            part = aligned.read(window.grown(16))
            inside = window.within(window.grown(16))
            np.testing.assert_array_equal(part.before[:, *inside], whole.before[:, *window.slices])
            np.testing.assert_array_equal(part.after[:, *inside], whole.after[:, *window.slices])
            np.testing.assert_array_equal(part.valid[inside], whole.valid[window.slices])
        for picture in preview(aligned, 200):
            assert max(picture.shape) == 200
            assert picture.any()


def test_fotbcd(shared_data: Path) -> None:
    for pair in pairs(shared_data, "fotbcd_geotiff"):
        assert pair.roles == ("red", "green", "blue")
        assert pair.dtype == np.uint8
        assert pair.grid.pixel_size_m == pytest.approx((0.2, 0.2), rel=3e-3)
        check_blocks(pair)


def test_oscd(shared_data: Path) -> None:
    for pair in pairs(shared_data, "oscd"):
        assert len(pair.roles) == 13
        assert pair.roles[7:9] == ("nir", "nir_narrow")
        assert pair.before.sensor == "Sentinel-2"
        assert pair.dtype == np.uint16
        assert 8 < pair.grid.pixel_size_m[1] < 14
        found = register(pair)
        assert found.reliable
        assert np.hypot(found.dy_px, found.dx_px) < 1
        check_blocks(pair)


def test_landsat_without_an_epsg_code(shared_data: Path) -> None:
    folder = shared_data / "landsat_cd/Taizhou"
    pair = pair_scenes(open_scene(folder / "2000TM"), open_scene(folder / "2003TM"))
    assert pair.roles == ("blue", "green", "red", "nir", "swir1", "swir2")
    assert pair.grid.pixel_size_m == pytest.approx((30, 30), rel=2e-3)
    check_blocks(pair)


@pytest.mark.parametrize(
    "folder",
    ["levir_val_256_jpeg", "dsifn_val_256_jpeg", "levir_train_512_1m_jpeg", "egy_sample_256", "levir_sample_1024"],
)
def test_changed_pairs_are_never_refused_and_seldom_moved_far(shared_data: Path, folder: str) -> None:
    found = [register(pair) for pair in pairs(shared_data, folder, assume_gsd_m=0.5)[:40]]
    moved = [np.hypot(shift.dy_px, shift.dx_px) for shift in found if shift.reliable]
    assert all(shift.reliable or shift.dy_px == shift.dx_px == 0 for shift in found)
    assert np.median([0, *moved]) < 2.5
    assert np.mean(np.array([0, *moved]) > 6) < 0.05


def test_dark_pixels_of_real_tiles_stay_usable(shared_data: Path) -> None:
    # Without nodata only pure black is left out.
    shares = []
    for pair in pairs(shared_data, "levir_val_256_jpeg", assume_gsd_m=0.5)[:60]:
        with align(pair, UNREGISTERED) as aligned:
            shares.append(aligned.read(aligned.grid.window).valid.mean())
    assert np.mean(shares) > 0.98
