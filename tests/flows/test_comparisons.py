"""Findings of an issue whose places are compared with different images."""

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pyproj
import pytest
import rasterio
import shapely

from rs_governance.district import District, SceneSource
from rs_governance.flows.comparisons import Compared, compare_scenes
from rs_governance.flows.setup import Setup
from rs_governance.scenes import open_scene

from .conftest import Pair

CRS = pyproj.CRS.from_epsg(4545)
SETUP = Setup.resolve(detector="spectral", device="cpu", workers=1, block=None)


@pytest.fixture(scope="module")
def ground(small: Pair) -> Any:
    return open_scene(small.before).grid.footprint


@pytest.fixture(scope="module")
def district(small: Pair, ground: Any, tmp_path_factory: pytest.TempPathFactory) -> District:
    """August clear, September under cloud in the west, October clear; August and September look the same."""
    left, bottom, right, top = ground.bounds
    clouds = tmp_path_factory.mktemp("clouds") / "clouds.gpkg"
    west = shapely.box(left, bottom, (left + right) / 2, top)
    gpd.GeoDataFrame(geometry=[west], crs=CRS).to_file(clouds)

    def scene(name: str, path: Path, on: date, clouds: Path | None = None) -> SceneSource:
        return SceneSource(id=name, path=path, acquired_on=on, issue=f"{on:%Y-%m}", clouds=clouds)

    return District(
        code="450108",
        name="良庆区",
        name_en="Liangqing",
        crs=CRS,
        scenes=(
            scene("august", small.before, date(2026, 8, 10)),
            scene("september", small.before, date(2026, 9, 12), clouds),
            scene("october", small.after, date(2026, 10, 14)),
        ),
        baseline=None,
        units={},
        layers={},
        registers={},
        zones=None,
        ledger=None,
        rules=None,
        folder=clouds.parent,
    )


def without_september(district: District) -> District:
    return District(**{**vars(district), "scenes": (district.scenes[0], district.scenes[2])})


@pytest.fixture(scope="module")
def compared(district: District, ground: Any) -> Compared:
    return compare_scenes(district, issue="2026-10", inside=ground, setup=SETUP)


def test_each_finding_says_what_it_was_compared_with(compared: Compared, ground: Any) -> None:
    findings = compared.findings
    middle = ground.centroid.x
    assert set(findings["before_image"]) == {"august", "september"}
    assert set(findings["after_image"]) == {"october"}
    for row in findings.itertuples():
        assert (row.geometry.centroid.x < middle + 60) if row.before_image == "august" else True
        assert row.before_on.date() == (date(2026, 8, 10) if row.before_image == "august" else date(2026, 9, 12))
    assert (compared.basis == "monthly").all()
    assert (compared.shrink_m > 0).all()


def test_no_thing_is_found_twice_and_none_is_lost(compared: Compared, district: District, ground: Any) -> None:
    outlines = compared.findings.geometry.to_numpy()
    one, other = shapely.STRtree(outlines).query(outlines, predicate="overlaps")
    shared = shapely.area(shapely.intersection(outlines[one], outlines[other]))
    assert (shared <= 0.3 * np.minimum(shapely.area(outlines[one]), shapely.area(outlines[other]))).all()
    plain = compare_scenes(without_september(district), issue="2026-10", inside=ground, setup=SETUP).findings
    both = shapely.union_all(outlines)
    # Thresholds are learnt on what two images share, so the faintest things may differ.
    seen = plain.area_m2[plain.geometry.intersection(both).area >= 0.5 * plain.area_m2].sum()
    assert len(plain) > 3
    assert seen > 0.85 * plain.area_m2.sum()
    assert list(compared.findings["finding_id"]) == [f"f{n:06d}" for n in range(1, len(outlines) + 1)]


def test_a_scene_that_looks_clouded_is_told_unless_its_clouds_are_known(
    district: District, small: Pair, ground: Any, tmp_path: Path
) -> None:
    covered = tmp_path / "covered.tif"
    with rasterio.open(small.after) as scene:
        profile, image = scene.profile, scene.read()
    side = image.shape[-1] // 4
    image[:, :side, :side] = int(image.max())
    with rasterio.open(covered, "w", **profile) as scene:
        scene.write(image)
    left, top = (ground.bounds[0], ground.bounds[3])
    clouds = tmp_path / "clouds.gpkg"
    gpd.GeoDataFrame(geometry=[shapely.box(left, top - 200, left + 200, top)], crs=CRS).to_file(clouds)
    august, _, october = district.scenes
    told = []
    for mask in (None, clouds):
        scenes = (august, replace(october, path=covered, clouds=mask))
        told.append(
            compare_scenes(replace(district, scenes=scenes), issue="2026-10", inside=ground, setup=SETUP).clouded
        )
    assert [*told[0]] == ["october"]
    assert told[1] == {}


def test_ground_that_does_not_matter_is_not_looked_at(district: District, ground: Any) -> None:
    left, bottom, right, top = ground.bounds
    east = shapely.box((left + right) / 2, bottom, right, top)
    findings = compare_scenes(district, issue="2026-10", inside=east, setup=SETUP).findings
    assert len(findings)
    assert (findings.geometry.bounds["minx"] > (left + right) / 2 - 1).all()


def test_the_baseline_adds_what_the_month_and_former_issues_do_not_have(district: District, ground: Any) -> None:
    slow = District(**{**vars(district), "baseline": "august"})
    twice = {**vars(slow), "scenes": (*slow.scenes, SceneSource(**{**vars(slow.scenes[2]), "id": "november",
             "acquired_on": date(2026, 11, 10), "issue": "2026-11"}))}  # fmt: skip
    november = District(**twice)
    found = compare_scenes(november, issue="2026-11", inside=ground, setup=SETUP)
    basis = found.basis.loc[found.findings["finding_id"]].to_numpy()
    # November looks like October: the month shows nothing, the baseline all that changed since August.
    assert (basis == "baseline").sum() > 3
    assert set(found.findings["before_image"][basis == "baseline"]) == {"august"}
    known = shapely.union_all(found.findings.geometry.to_numpy())
    again = compare_scenes(november, issue="2026-11", inside=ground, setup=SETUP, known=known)
    assert (again.basis == "baseline").sum() == 0
