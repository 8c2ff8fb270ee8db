"""The picture on which "not rectified" rests: cut from the image that looked again, and on the case sheet."""

import base64
import io
import re
import shutil
from datetime import date
from pathlib import Path

import numpy as np
import pytest
import rasterio
from PIL import Image

from rs_governance.cases import SYSTEM, Act, act
from rs_governance.cases.shown.sheet import Picture, gather_sheet
from rs_governance.cli import run
from rs_governance.db import Scene, Store
from rs_governance.field.ground import PublishedGround
from rs_governance.field.rechecks import draw_rechecks

from .conftest import CLOCKS, NOW

NUMBER = "450108-202610-0001"
SHADE = 230


@pytest.fixture
def issues(published: Path, tmp_path: Path) -> Path:
    """The issues, and one more month whose image is brighter than those of before."""
    folder = shutil.copytree(published, tmp_path / "issues")
    former = folder / "2026-10" / "scenes" / "20261014_web.tif"
    later = folder / "2026-11" / "scenes" / "20261112_web.tif"
    later.parent.mkdir(parents=True)
    with rasterio.open(former) as read, rasterio.open(later, "w", **read.profile) as written:
        written.write(np.full((3, read.height, read.width), SHADE, np.uint8))
    return folder


@pytest.fixture(autouse=True)
def scenes(tasks_store: Store) -> None:
    days = {"20260912": date(2026, 9, 12), "20261014": date(2026, 10, 14), "20261112": date(2026, 11, 12)}
    with tasks_store.write() as session:
        for image, day in days.items():
            session.add(Scene(image_id=image, acquired_on=day, files=[], first_issue="2026-09"))


def look_again(store: Store, issue: str, outlook: str) -> None:
    facts = {"issue": issue, "edition": 1, "recheck": outlook, "image_on": f"{issue}-12"}
    with store.write() as session:
        noted = Act(action="observe", actor=SYSTEM, note=f"{issue} 期：复查", values={"facts": facts})
        act(session, NUMBER, noted, now=NOW, clocks=CLOCKS)


def drawn(store: Store, issues: Path | None) -> list[Picture]:
    with store.read() as session, PublishedGround(issues, crs=store.crs) as ground:
        return draw_rechecks(session, gather_sheet(session, NUMBER), ground)


def test_the_recheck_shows_the_place_on_the_image_that_looked_again(tasks_store: Store, issues: Path) -> None:
    look_again(tasks_store, "2026-11", "unchanged")
    (picture,) = drawn(tasks_store, issues)
    assert (picture.issue, picture.outlook) == ("2026-11", "unchanged")
    assert (picture.before_on, picture.after_on) == (date(2026, 10, 14), date(2026, 11, 12))
    with Image.open(io.BytesIO(picture.content)) as image:
        pixels = np.asarray(image.convert("L"), dtype=float)
    middle = pixels.shape[1] // 2
    left, right = pixels[80:-40, 30 : middle - 20], pixels[80:-40, middle + 20 : -30]
    assert np.median(right) == pytest.approx(SHADE, abs=4)
    assert np.median(left) == pytest.approx(150, abs=12)


def test_the_sheet_has_it_in_the_order_of_the_months(tasks_store: Store, issues: Path, tmp_path: Path) -> None:
    look_again(tasks_store, "2026-11", "unchanged")
    page = tmp_path / "sheet.html"
    words = ["cases", "show", NUMBER, "--html", str(page), "--issues", str(issues), "--store", str(tasks_store.folder)]
    assert run(words) == 0
    text = page.read_text("utf-8")
    captions = re.findall(r"<figcaption>(.*?)</figcaption>", text)
    assert [caption[:7] for caption in captions] == ["2026-10", "2026-11"]
    assert "复查 · 2026-10-14 → 2026-11-12 · 影像显示没有变化，未见整改" in captions[1]
    found = re.search(r'src="data:image/jpeg;base64,([^"]+)"', text)
    assert found is not None
    assert Image.open(io.BytesIO(base64.b64decode(found[1]))).format == "JPEG"
    assert run([*words, "--lang", "en"]) == 0
    assert "the image shows no change: not rectified" in page.read_text("utf-8")


def test_where_nothing_was_published_there_is_no_picture(tasks_store: Store, issues: Path) -> None:
    assert drawn(tasks_store, issues) == [], "nobody has looked again"
    look_again(tasks_store, "2026-10", "going_on")
    assert drawn(tasks_store, issues) == [], "that issue has a spot, and a chip, of its own"
    look_again(tasks_store, "2026-11", "unchanged")
    assert drawn(tasks_store, None) == []
    shutil.rmtree(issues / "2026-11" / "scenes")
    assert drawn(tasks_store, issues) == []
