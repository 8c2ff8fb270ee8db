"""A published issue, read back from its folder."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely

from rs_governance.errors import ConfigInvalid, SchemaViolation
from rs_governance.grids.placement import project
from rs_governance.publish import month as publish
from rs_governance.publish.input_files import hash_files
from rs_governance.publish.month.statistics import read_figures

_DAYS = ("before_on", "after_on")
_UNIT_DAYS = ("before_on_min", "after_on_max")


@dataclass(frozen=True, kw_only=True)
class SceneRead:
    """An image that an issue used, as far as the issue says."""

    image_id: str
    """Identifier."""
    acquired_on: date
    """Day on which it was taken."""
    files: list[dict[str, Any]]
    """Names, sizes and hashes of its files."""
    sensor: str | None = None
    """Sensor; None where the issue was published without pictures."""
    gsd_m: float | None = None
    """Side of a pixel; None likewise."""
    outline: shapely.Geometry | None = None
    """Where it has data, in the CRS asked for; None likewise."""


@dataclass(frozen=True, kw_only=True)
class IssueRead:
    """A published issue."""

    name: str
    """Its name, such as `2026-10`."""
    district_code: str
    """Six digits."""
    manifest_sha256: str
    """SHA-256 of its manifest, which has those of all its files."""
    statistics: dict[str, Any]
    """`statistics.json`."""
    image_on: date
    """Day of its newest image."""
    spots: list[dict[str, Any]]
    """Its spots by `rules.SPOTS`, as plain values and dates."""
    outlines: list[shapely.Geometry]
    """Their outlines (MultiPolygon), in the CRS asked for."""
    decisions: Mapping[str, list[dict[str, Any]]]
    """Steps of each spot's decision."""
    unseen: shapely.Geometry | None
    """Ground that could not be compared; None for nothing."""
    scenes: tuple[SceneRead, ...]
    """Its images."""
    coverage: list[dict[str, Any]]
    """What of each unit could be compared: the columns of `db.Coverage`."""


def read_issue(folder: Path, crs: pyproj.CRS) -> IssueRead:
    """Read a published issue and check it against its manifest.

    Parameters
    ----------
    folder
        Folder of the issue, such as `issues/2026-10`.
    crs
        CRS in which outlines are wanted.

    Returns
    -------
    IssueRead
        What it says.

    Raises
    ------
    ConfigInvalid
        When the folder holds no issue, or not what its manifest says.
    """
    try:
        problems = publish.check_manifest(folder)
        manifest_path = folder / "manifest.json"
        manifest = json.loads(manifest_path.read_text("utf-8"))
        statistics = json.loads((folder / publish.STATISTICS_JSON).read_text("utf-8"))
        read_figures(folder / publish.STATISTICS_JSON)
    except (SchemaViolation, OSError, ValueError) as error:
        raise ConfigInvalid(
            f"'{folder}' holds no issue that can be read: {error} Name the folder of an issue, such as issues/2026-10.",
            zh=f"'{folder}' 中没有可读的一期成果（{error}）；请指定 issues/2026-10 之类的文件夹。",
        ) from error
    if problems:
        raise ConfigInvalid(
            f"'{folder}' is not as its manifest says: {', '.join(problems[:3])}{' ...' if len(problems) > 3 else ''}; "
            f"publish it again (rsg run --issue {manifest['issue']} --replace).",
            zh=f"'{folder}' 与其清单不符：{'、'.join(problems[:3])}{' 等' if len(problems) > 3 else ''}；请重新发布（rsg run --issue {manifest['issue']} --replace）。",
        )
    if statistics["last_image_on"] is None:
        raise ConfigInvalid(
            f"Issue {manifest['issue']} names no image of its own; publish it again.",
            zh=f"{manifest['issue']} 期没有写明影像；请重新发布。",
        )
    name = manifest["issue"]
    frame = publish.FormerIssue(name=name, folder=folder).spots(crs)
    decisions = json.loads((folder / "decisions.json").read_text("utf-8"))["decisions"]
    return IssueRead(
        name=name,
        district_code=manifest["district"]["code"],
        manifest_sha256=hash_files([manifest_path])[0].sha256,
        statistics=statistics,
        image_on=date.fromisoformat(statistics["last_image_on"]),
        spots=_plain_rows(frame),
        outlines=[one if one.geom_type == "MultiPolygon" else shapely.MultiPolygon([one]) for one in frame.geometry],
        decisions=decisions,
        unseen=_read_unseen(folder / "findings.gpkg", crs),
        scenes=_read_scenes(folder, manifest, frame, crs),
        coverage=[_coverage(name, unit) for unit in statistics["units"] if unit["code"]],
    )


def _plain_rows(frame: gpd.GeoDataFrame) -> list[dict[str, Any]]:
    table = pd.DataFrame(frame.drop(columns=frame.geometry.name))
    return [{name: _plain(value) for name, value in row.items()} for row in table.to_dict("records")]


def _plain(value: Any) -> Any:
    if isinstance(value, datetime | pd.Timestamp):
        return None if pd.isna(value) else value.date()
    if isinstance(value, np.generic):
        value = value.item()
    return None if value is None or value is pd.NaT or (isinstance(value, float) and np.isnan(value)) else value


def _read_unseen(path: Path, crs: pyproj.CRS) -> shapely.Geometry | None:
    if "unseen" not in set(gpd.list_layers(path)["name"]):
        return None
    frame = gpd.read_file(path, layer="unseen")
    if not len(frame):
        return None
    outlines = frame.geometry.to_numpy()
    return shapely.union_all(outlines if frame.crs == crs else project(outlines, frame.crs, crs))


def _read_scenes(
    folder: Path, manifest: Mapping[str, Any], frame: gpd.GeoDataFrame, crs: pyproj.CRS
) -> tuple[SceneRead, ...]:
    days = {
        str(image): pd.Timestamp(day).date()
        for when in ("before", "after")
        for image, day in zip(frame[f"{when}_image"], frame[f"{when}_on"], strict=True)
    }
    scenes = []
    for part, files in manifest["inputs"].items():
        kind, _, image_id = part.partition(" ")
        if kind != "scene":
            continue
        item = _read_item(folder, manifest["district"]["code"], image_id)
        acquired_on = (
            days.get(image_id) if item is None else date.fromisoformat(item["properties"]["end_datetime"][:10])
        )
        if acquired_on is None:
            continue  # an image on which nothing was found, of an issue without pictures: no day is published
        scenes.append(
            SceneRead(
                image_id=image_id,
                acquired_on=acquired_on,
                files=files,
                sensor=None if item is None else item["properties"].get("platform"),
                gsd_m=None if item is None else item["properties"].get("gsd"),
                outline=None if item is None else _in_crs(shapely.geometry.shape(item["geometry"]), crs),
            )
        )
    return tuple(scenes)


def _read_item(folder: Path, district_code: str, image_id: str) -> dict[str, Any] | None:
    path = folder / "stac" / district_code / image_id / f"{image_id}.json"
    if not path.is_file():
        return None
    item: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return item


def _in_crs(outline: shapely.Geometry, crs: pyproj.CRS) -> shapely.Geometry:
    array = np.array([outline], dtype=object)
    return project(array, pyproj.CRS.from_epsg(4326), crs)[0]


def _coverage(issue: str, unit: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "issue": issue,
        "level": unit["level"],
        "code": unit["code"],
        "name": unit["name"],
        "area_m2": unit["unit_area_m2"],
        "observed_m2": unit["observed_m2"],
        "observed_share": unit["observed_share"],
        **{name: None if unit[name] is None else date.fromisoformat(unit[name]) for name in _UNIT_DAYS},
    }
