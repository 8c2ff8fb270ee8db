"""The overview picture: honest means, the same bytes always, and what it shows."""

import dataclasses
import io
import re
from datetime import date
from pathlib import Path

import numpy as np
import pyproj
import pytest
import shapely
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFont

from rs_governance.detect.findings import FINDINGS
from rs_governance.publish.pictures import overview_sheet, typography
from rs_governance.publish.pictures.outlines import draw_numbers, draw_outlines, place_findings
from rs_governance.publish.pictures.overview import Overview, picture_bands
from rs_governance.publish.pictures.overview_sheet import ranked_findings, round_length
from rs_governance.publish.style import SCORE_CLASSES, score_class
from rs_governance.scenes import PixelGrid, Registration

RGBN = ("blue", "green", "red", "nir")
CRS = pyproj.CRS(4545)
SHIFT = Registration(dy_px=0.4, dx_px=-0.2, residual_px=0.31, windows_used=40, windows_tried=44, reliable=True)


def grid_of(height: int, width: int, size: float = 1.0) -> PixelGrid:
    return PixelGrid(crs=CRS, transform=Affine(size, 0, 5e5, 0, -size, 25e5), height=height, width=width)


def images_of(grid: PixelGrid, dtype: str = "uint16", bands: int = 4) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(3)
    before, after = rng.integers(100, 3000, (2, bands, grid.height, grid.width)).astype(dtype)
    valid = rng.uniform(size=(grid.height, grid.width)) > 0.1
    valid[: grid.height // 4, : grid.width // 3] = False
    return before, after, valid


def filled(grid: PixelGrid, images: tuple[np.ndarray, np.ndarray, np.ndarray], block: int = 256) -> Overview:
    before, after, valid = images
    overview = Overview(grid, RGBN)
    for window in grid.windows(block):
        rows, cols = window.slices
        overview.add(window, before[:, rows, cols], after[:, rows, cols], valid[rows, cols])
    return overview


def rendered(overview: Overview, findings, **more) -> Image.Image:
    png = overview.render(findings, before_image="GF2_前", after_image="GF2_后", **more)
    return Image.open(io.BytesIO(png))


@pytest.mark.parametrize(
    ("roles", "bands"),
    [
        (("red", "green", "blue"), (0, 1, 2)),
        (RGBN, (2, 1, 0)),
        (("green", "red", "nir"), (2, 1, 0)),
        (("pan",), (0,)),
        (("band_1", "band_2"), (0,)),
        (("band_1", "band_2", "band_3", "band_4"), (0, 1, 2)),
    ],
)
def test_bands_to_show(roles, bands) -> None:
    assert picture_bands(roles) == bands


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_cells_are_the_means_of_their_usable_pixels(dtype, monkeypatch) -> None:
    monkeypatch.setattr("rs_governance.publish.pictures.overview._CELLS_AT_MOST", 100)
    grid = grid_of(300, 390)
    before, after, valid = images_of(grid, dtype)
    overview = filled(grid, (before, after, valid), block=128)
    assert overview.factor == 4
    red = np.where(valid, after[2], 0).astype(float)
    padded, seen = (np.pad(each.astype(float), ((0, 0), (0, 2))) for each in (red, valid))
    sums, counts = (each.reshape(75, 4, 98, 4).sum((1, 3)) for each in (padded, seen))
    np.testing.assert_allclose(overview._means[1, 0], sums / np.maximum(counts, 1), rtol=1e-6)
    assert overview.observable_share == pytest.approx(valid.mean(), abs=1e-12)


@settings(deadline=None, max_examples=15)
@given(
    height=st.integers(1, 400),
    width=st.integers(1, 400),
    block=st.sampled_from([64, 128, 320]),
    dtype=st.sampled_from(["uint8", "float32"]),
)
def test_blocks_do_not_show(height, width, block, dtype) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("rs_governance.publish.pictures.overview._CELLS_AT_MOST", 20)
        grid = grid_of(height, width)
        images = images_of(grid, dtype)
        one, other = filled(grid, images, block=448), filled(grid, images, block=block)
    assert one._means.tobytes() == other._means.tobytes()
    assert one.observable_share == other.observable_share


def test_what_is_not_usable_is_not_read() -> None:
    grid = grid_of(64, 64)
    before, after, valid = images_of(grid, "float32")
    clean = filled(grid, (before, after, valid))
    before[:, ~valid], after[:, ~valid] = np.nan, np.inf
    assert filled(grid, (before, after, valid))._means.tobytes() == clean._means.tobytes()


def test_a_block_that_cuts_cells_is_a_mistake(monkeypatch) -> None:
    monkeypatch.setattr("rs_governance.publish.pictures.overview._CELLS_AT_MOST", 50)
    grid = grid_of(200, 200)
    with pytest.raises(ValueError, match="multiples of 64"):
        filled(grid, images_of(grid), block=50)


def test_the_same_bytes_every_time(make) -> None:
    grid = grid_of(300, 400)
    images = images_of(grid)
    pngs = [
        filled(grid, images, block=block).render(
            make(40, crs=CRS, at=(5e5 + 20, 25e5 - 200), seed=1), before_image="a", after_image="b", registration=SHIFT
        )
        for block in (64, 256)
    ]
    assert pngs[0] == pngs[1]
    assert b"tIME" not in pngs[0]
    assert b"tEXt" not in pngs[0]


@pytest.mark.parametrize(
    ("height", "width", "crs", "size"),
    [(300, 400, 4545, 1.0), (40, 900, 2154, 0.2), (900, 50, 3857, 2.0), (8, 8, 4326, 1e-4)],
)
def test_any_shape_and_crs_makes_a_sheet(make, height, width, crs, size) -> None:
    at = {4545: (5e5, 25e5), 2154: (7e5, 66e5), 3857: (12.05e6, 2.6e6), 4326: (108.3, 22.7)}[crs]
    grid = PixelGrid(crs=pyproj.CRS(crs), transform=Affine(size, 0, at[0], 0, -size, at[1]), height=height, width=width)
    findings = make(12, crs=crs, at=(at[0] + 4 * size, at[1] - 4 * size), unit=size / 3)
    sheet = rendered(filled(grid, images_of(grid)), findings, registration=SHIFT, before_on=date(2024, 2, 29))
    assert sheet.mode == "RGB"
    assert 1900 <= sheet.width <= 3000
    assert 400 <= sheet.height <= 2000


def test_pixels_in_degrees_are_drawn_square_on_the_ground() -> None:
    grid = PixelGrid(crs=pyproj.CRS(4326), transform=Affine(1e-4, 0, 10, 0, -1e-4, 60), height=500, width=1000)
    (width, height), metres = overview_sheet._panel_size(grid)
    assert width / height == pytest.approx(2 * np.cos(np.radians(60)), rel=0.01)
    assert metres * width == pytest.approx(1000 * grid.pixel_size_m[1], rel=0.01)


def test_findings_show_in_the_third_panel_only(make) -> None:
    grid = grid_of(300, 300)
    overview = filled(grid, images_of(grid))
    box = shapely.box(5e5 + 60, 25e5 - 240, 5e5 + 240, 25e5 - 200)
    findings = make(crs=CRS, outlines=[box])
    findings["score"] = 0.95
    bare, marked = (np.asarray(rendered(overview, each, listed=0)) for each in (FINDINGS.empty(CRS), findings))
    panels = slice(306, 306 + 900)
    for index, changed in enumerate((False, False, True)):
        left = 64 + index * (900 + 32)
        one, other = (sheet[panels, left : left + 900] for sheet in (bare, marked))
        assert (one != other).any() == changed
    outline = marked[306 + 720, 64 + 2 * 932 + 180 : 64 + 2 * 932 + 720]  # the box's lower side
    assert (np.abs(outline[20:-20].astype(int) - SCORE_CLASSES[-1].rgb) < 8).all()


@pytest.mark.parametrize("ground", [(0, 0, 0), (255, 255, 255), (255, 90, 60), (40, 110, 50)])
@pytest.mark.parametrize("score", [0.3, 0.6, 0.8, 0.9])
def test_an_outline_stands_out_on_any_ground(make, ground, score) -> None:
    grid = grid_of(100, 100)
    picture = Image.new("RGB", (500, 500), ground)
    findings = make(crs=CRS, outlines=[shapely.box(5e5 + 20, 25e5 - 80, 5e5 + 80, 25e5 - 20)])
    findings["score"] = score
    draw_outlines(picture, place_findings(findings, grid, picture.size))
    across = np.asarray(picture)[250, 85:116].astype(float) @ (0.2126, 0.7152, 0.0722)
    assert across.max() - across.min() > 50
    assert tuple(np.asarray(picture)[250, 250]) == ground, "the inside stays free"


def test_a_tiny_finding_is_ringed_not_lost(make) -> None:
    picture = Image.new("RGB", (300, 300), (90, 90, 90))
    findings = make(crs=CRS, outlines=[shapely.box(5e5 + 500, 25e5 - 500, 5e5 + 501, 25e5 - 499)])
    draw_outlines(picture, place_findings(findings, grid_of(1000, 1000), picture.size))
    rows, cols = np.nonzero((np.asarray(picture) != 90).any(-1))
    assert np.ptp(rows) >= 8
    assert np.ptp(cols) >= 8
    assert abs(rows.mean() - 150) < 1
    assert abs(cols.mean() - 150) < 1


def test_numbers_stay_inside_and_apart(make) -> None:
    grid = grid_of(400, 400)
    picture = Image.new("RGB", (400, 400))
    findings = make(10, crs=CRS, at=(5e5 + 3, 25e5 - 3), unit=0.5)
    draw_numbers(picture, place_findings(findings, grid, picture.size), listed=10)
    white = np.asarray(picture).min(-1) > 200
    assert white.sum() > 10 * 350, "ten discs, none hidden"
    assert not white[[0, -1]].any()
    assert not white[:, [0, -1]].any()


def test_a_number_stands_on_no_other_finding(make) -> None:
    grid = grid_of(400, 400)
    picture = Image.new("RGB", (400, 400), (60, 60, 60))
    wall = [shapely.box(5e5 + 20 + 60 * i, 25e5 - 180, 5e5 + 60 + 60 * i, 25e5 - 120) for i in range(6)]
    above = [shapely.box(5e5 + 20 + 60 * i, 25e5 - 100, 5e5 + 60 + 60 * i, 25e5 - 60) for i in range(6)]
    findings = make(crs=CRS, outlines=[*wall, *above])
    placed = place_findings(findings, grid, picture.size)
    draw_numbers(picture, placed, listed=6)
    white = np.asarray(picture).min(-1) > 200
    assert white.sum() > 6 * 350
    for finding in placed:
        left, top, right, bottom = (int(side) for side in finding.shape.bounds)
        assert not white[top + 1 : bottom, left + 1 : right].any()


def test_a_picture_without_georeference_says_nothing_of_north(make) -> None:
    sheets = {}
    for crs in (CRS, None):
        grid = dataclasses.replace(grid_of(128, 128), crs=crs)
        sheets[crs] = np.asarray(rendered(filled(grid, images_of(grid)), FINDINGS.empty(crs)))
    foot = np.s_[306 + 900 + 10 : 306 + 900 + 120, 64 + 560 : 64 + 900]
    assert (sheets[CRS][foot] < 100).any()
    assert (sheets[None][foot] == 255).all()


def test_the_worst_come_first(make) -> None:
    findings = make(30, crs=CRS)
    weights = (ranked_findings(findings)["score"] * ranked_findings(findings)["area_m2"]).to_numpy()
    assert (np.diff(weights) <= 0).all()


@given(longest=st.floats(1e-3, 1e6))
def test_scale_bars_are_round_and_as_long_as_can_be(longest) -> None:
    length = round_length(longest)
    assert re.fullmatch(r"[125]e[+-]\d\d", f"{length:.0e}")
    assert length <= longest < 2.5001 * length


@pytest.mark.parametrize(
    ("metres", "longest", "text"), [(500, 500, "500 米 m"), (2000, 2000, "2 公里 km"), (1000, 2000, "1")]
)
def test_scale_labels(metres, longest, text) -> None:
    assert overview_sheet._length_text(metres, longest) == text


@pytest.mark.parametrize(("share", "text"), [(1.0, "100"), (0.99999, "99.9"), (0.5, "50.0"), (0.0, "0.0")])
def test_almost_all_is_not_all(share, text) -> None:
    assert overview_sheet._floor_percent(share) == text


def test_score_classes_cover_zero_to_one() -> None:
    assert [each.lower for each in SCORE_CLASSES[1:]] == [each.upper for each in SCORE_CLASSES[:-1]]
    for score in (0.0, 0.2, 0.5, 0.699, 0.85, 1.0):
        assert score_class(score).lower <= score <= score_class(score).upper


def test_the_font_has_every_letter_that_is_drawn() -> None:
    source = Path(overview_sheet.__file__).read_text(encoding="utf-8") + "植被裸地/建设水体暗地物其他²→·…≥"
    letters = {letter for letter in source if ord(letter) > 126}
    assert len(letters) > 50
    font = typography.font(40)
    missing = bytes(font.getmask("\U0010fffe"))
    assert isinstance(font, ImageFont.FreeTypeFont)
    assert [letter for letter in letters if bytes(font.getmask(letter)) == missing and letter != "\u3000"] == []


def test_long_names_are_cut_in_the_middle() -> None:
    name = "GF2_PMS1_E108.3_N22.8_20240229_L1A0007654321-MSS1_fuse_mosaic_" * 3
    short = typography.shortened(name, 22, 400)
    assert typography.text_width(short, 22) <= 400
    assert short.startswith("GF2")
    assert "…" in short
    assert typography.shortened("short", 22, 400) == "short"


def test_nothing_seen_and_nothing_found(make) -> None:
    grid = grid_of(128, 128)
    before, after, valid = images_of(grid)
    overview = filled(grid, (before, after, np.zeros_like(valid)))
    assert overview.observable_share == 0
    unreliable = Registration(dy_px=0, dx_px=0, residual_px=None, windows_used=0, windows_tried=0, reliable=False)
    sheet = rendered(overview, FINDINGS.empty(CRS), registration=unreliable)
    panel = np.asarray(sheet)[320:1180, 80:940]
    assert set(np.unique(panel)) <= set(range(190, 250)), "hatched grey"


def test_the_order_of_the_list_is_said(make, monkeypatch) -> None:
    written: dict[str, float] = {}

    def keep(draw, at, text, *args, **more):
        written[text] = at[1]
        return typography.put_text(draw, at, text, *args, **more)

    monkeypatch.setattr(overview_sheet, "put_text", keep)
    grid = grid_of(300, 400)
    shapes = [shapely.box(5e5 + 20 * i, 25e5 - 60, 5e5 + 20 * i + 10, 25e5 - 40) for i in range(11)]
    findings = make(crs=CRS, outlines=shapes)
    sheet = rendered(filled(grid, images_of(grid)), findings)
    order = next(text for text in written if "得分 × 面积" in text)
    last = max(y for text, y in written.items() if text.startswith("f0"))
    assert last + 25 < written[order] < sheet.height - 10, "below the last row, inside of the sheet"
