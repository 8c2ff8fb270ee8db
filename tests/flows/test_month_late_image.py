"""An image that comes late makes an issue of its own; what comes after it is published again, and nothing counts twice."""

import json
import re
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import shapely

from rs_governance.errors import OutputFailed
from rs_governance.flows.month import MonthSummary, run_month
from rs_governance.flows.quarter import publish_quarter
from rs_governance.publish.month import check_manifest

from .conftest import SAMPLE, cut

ROW, COL, SIDE = 300, 250, 448
NAMES = ("20260618", "20260714", "20260814", "20260912")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A corner of the sample, July to September, in which the late image is not yet named."""
    folder = tmp_path_factory.mktemp("late")
    for name in NAMES:
        cut(SAMPLE / "scenes" / f"{name}.tif", folder / f"{name}.tif", row=ROW, col=COL, height=SIDE, width=SIDE)
    text = (SAMPLE / "district.toml").read_text(encoding="utf-8")
    text = re.sub(r"\[\[scene\]\].*?(?=\n# )", "", text, flags=re.DOTALL)
    text = re.sub(r'path = "(?=\w+/)', f'path = "{SAMPLE}/', text)
    scenes = "".join(scene(name) for name in NAMES)
    (folder / "district.toml").write_text(text + scenes, encoding="utf-8")
    return folder


def scene(name: str, issue: str = "") -> str:
    on = f"{name[:4]}-{name[4:6]}-{name[6:]}"
    return f'\n[[scene]]\nid = "{name}"\npath = "{name}.tif"\nacquired_on = {on}\n' + (
        f'issue = "{issue}"\n' if issue else ""
    )


def late_image(folder: Path) -> None:
    """Make an image of 28 August: the east as it will be in September, the west as it was two weeks before."""
    with rasterio.open(folder / "20260814.tif") as august, rasterio.open(folder / "20260912.tif") as september:
        pixels, later = august.read(), september.read()
        pixels[:, :, SIDE // 2 :] = later[:, :, SIDE // 2 :]
        with rasterio.open(folder / "20260828.tif", "w", **august.profile) as image:
            image.write(pixels)
            image.descriptions = august.descriptions


def publish(folder: Path, issue: str, *, replace: bool = False) -> MonthSummary:
    return run_month(folder, issue=issue, pictures=False, replace=replace, workers=1)


def spots_of(folder: Path, issue: str) -> gpd.GeoDataFrame:
    return gpd.read_parquet(folder / "issues" / issue / "findings.parquet")


def twice_counted(first: gpd.GeoDataFrame, second: gpd.GeoDataFrame) -> float:
    """Share of what the first publishes that the second publishes again."""
    both = shapely.intersection(shapely.union_all(first.geometry), shapely.union_all(second.geometry))
    return float(both.area / first.geometry.area.sum())


def test_a_late_image_of_august(folder: Path) -> None:
    for issue in ("2026-07", "2026-08", "2026-09"):
        publish(folder, issue)
    first_september = spots_of(folder, "2026-09")
    assert set(first_september["before_image"]) == {"20260814"}
    first_bytes = (folder / "issues" / "2026-09" / "manifest.json").read_bytes()

    late_image(folder)
    with (folder / "district.toml").open("a", encoding="utf-8") as text:
        text.write(scene("20260828", issue="2026-08b"))
    summary = publish(folder, "2026-08b")
    late = spots_of(folder, "2026-08b")
    assert len(late) == summary.spots > 3
    assert (set(late["before_image"]), set(late["after_image"])) == ({"20260814"}, {"20260828"})
    assert late["spot_no"].str.startswith("450108-202608b-").all()
    assert any("2026-09" in en and "--replace" in en for _, en in summary.warnings), "September does not know of it"
    assert twice_counted(late, first_september) > 0.5, "what the first September told in the east, the late image tells"

    with pytest.raises(OutputFailed, match="--replace"):
        publish(folder, "2026-09")
    summary = publish(folder, "2026-09", replace=True)
    assert not any("--replace" in en for _, en in summary.warnings)
    september = spots_of(folder, "2026-09")
    assert set(september["before_image"]) == {"20260828"}
    assert twice_counted(september, late) < 0.1
    kept = folder / "issues" / "superseded" / "2026-09.001"
    assert (kept / "manifest.json").read_bytes() == first_bytes
    assert check_manifest(kept) == check_manifest(folder / "issues" / "2026-09") == ()
    manifest = json.loads((folder / "issues" / "2026-09" / "manifest.json").read_text(encoding="utf-8"))
    assert {"issue 2026-07", "issue 2026-08", "issue 2026-08b"} <= set(manifest["inputs"])

    publish_quarter(folder, "2026Q3", pictures=False)
    sites = gpd.read_file(folder / "quarters" / "2026Q3" / "sites.gpkg", layer="sites")
    told = [number for numbers in sites["spots"] for number in numbers.split("; ")]
    assert len(told) == len(set(told))
    published = [spots_of(folder, issue) for issue in ("2026-07", "2026-08", "2026-08b", "2026-09")]
    expected = {no for spots in published for no in spots["spot_no"][spots["kind"] != "crop_rotation"]}
    assert set(told) == expected, "all that is published now, and nothing of what was replaced"
    outlines = sites.geometry.to_numpy()
    one, other = shapely.STRtree(outlines).query(outlines, predicate="intersects")
    shared = shapely.area(shapely.intersection(outlines[one], outlines[other]))[one < other]
    assert (shared <= 0.3 * np.minimum(shapely.area(outlines[one]), shapely.area(outlines[other]))[one < other]).all()


def test_the_same_month_again_with_two_images(folder: Path) -> None:
    """The late image as a second one of August itself, which is replaced."""
    text = (folder / "district.toml").read_text(encoding="utf-8")
    (folder / "district.toml").write_text(text.replace('issue = "2026-08b"\n', ""), encoding="utf-8")
    publish(folder, "2026-08", replace=True)
    august = spots_of(folder, "2026-08")
    assert set(august["after_image"]) == {"20260828"}, "the newest usable view of each place"
    assert set(august["before_image"]) == {"20260714"}
    assert (folder / "issues" / "superseded" / "2026-08.001").is_dir()
