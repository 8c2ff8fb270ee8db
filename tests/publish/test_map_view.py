"""The picture for notebooks."""

import io
from datetime import date
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pyproj
from affine import Affine
from PIL import Image

from rs_governance.detect.findings import FINDINGS
from rs_governance.publish.pictures.map_view import preview
from rs_governance.publish.pictures.overview import Overview
from rs_governance.scenes import AlignedPair, PixelGrid, Registration, Window

GRID = PixelGrid(crs=pyproj.CRS(4545), transform=Affine(1, 0, 5e5, 0, -1, 25e5), height=1100, width=300)
SHIFT = Registration(dy_px=0, dx_px=0, residual_px=0.1, windows_used=4, windows_tried=4, reliable=True)
IMAGES = np.random.default_rng(0).integers(0, 255, (2, 3, 1100, 300), dtype=np.uint8)


def read(window: Window) -> SimpleNamespace:
    rows, cols = window.slices
    valid = np.ones((window.height, window.width), bool)
    return SimpleNamespace(window=window, before=IMAGES[0][:, rows, cols], after=IMAGES[1][:, rows, cols], valid=valid)


PAIR = cast(
    AlignedPair,
    SimpleNamespace(
        grid=GRID,
        roles=("red", "green", "blue"),
        before=SimpleNamespace(image_id="one", acquired_on=date(2024, 1, 2)),
        after=SimpleNamespace(image_id="two", acquired_on=None),
        registration=SHIFT,
        read=read,
    ),
)


def test_preview_is_the_overview(make, tmp_path) -> None:
    findings = make(5, crs="EPSG:4545", at=(5e5 + 40, 25e5 - 40))
    picture = preview(PAIR, findings)
    overview = Overview(GRID, PAIR.roles)
    whole = read(GRID.window)
    overview.add(GRID.window, whole.before, whole.after, whole.valid)
    facts: dict[str, Any] = {
        "before_image": "one",
        "after_image": "two",
        "before_on": date(2024, 1, 2),
        "registration": SHIFT,
    }
    assert picture._repr_png_() == overview.render(findings, **facts)
    assert "png" not in repr(picture)
    picture.save(tmp_path / "map.png")
    assert (tmp_path / "map.png").read_bytes() == picture.png


def test_preview_without_findings_shows_the_two_images_alone() -> None:
    alone, marked = (
        Image.open(io.BytesIO(picture.png)) for picture in (preview(PAIR), preview(PAIR, FINDINGS.empty(GRID.crs)))
    )
    assert alone.width < marked.width
    assert alone.height < marked.height
