"""A static STAC catalogue of an issue: its images and what was published, found by any STAC reader."""

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pystac
import rasterio
import shapely
import shapely.geometry
from jsonschema import Draft7Validator
from pystac.validation.local_validator import get_local_schema_cache
from referencing import Registry, Resource

from rs_governance.errors import SchemaViolation
from rs_governance.publish.formats.wgs84 import to_wgs84
from rs_governance.publish.issue import MonthlyIssue, SceneFacts
from rs_governance.publish.json_file import write_json
from rs_governance.publish.month.scene_cogs import SceneFiles
from rs_governance.publish.output_folder import writing
from rs_governance.publish.titles import titles_of

SCHEMAS = Path(__file__).parent / "stac_schemas"
"""Schemas of the extensions that are used, as the STAC project publishes them."""

EXTENSIONS: Mapping[str, str] = {
    "https://stac-extensions.github.io/eo/v1.1.0/schema.json": "eo-v1.1.0.json",
    "https://stac-extensions.github.io/file/v2.1.0/schema.json": "file-v2.1.0.json",
    "https://stac-extensions.github.io/projection/v2.0.0/schema.json": "projection-v2.0.0.json",
    "https://stac-extensions.github.io/raster/v1.1.0/schema.json": "raster-v1.1.0.json",
}
"""Address of each extension's schema and its file in `SCHEMAS`."""

_PROJJSON = {"https://proj.org/schemas/v0.7/projjson.schema.json": "projjson-v0.7.json"}
_FILE_EXTENSION = "https://stac-extensions.github.io/file/v2.1.0/schema.json"
_CHINA = timezone(timedelta(hours=8))  # days of images are days there
_COG = "image/tiff; application=geotiff; profile=cloud-optimized"
_SHA256 = "1220"  # multihash: SHA-256, 32 bytes
_EO_NAMES = ("coastal", "blue", "green", "red", "rededge", "nir", "nir08", "swir16", "swir22", "pan")
_EO_SYNONYMS = {"swir1": "swir16", "swir2": "swir22"}
_MEDIA_TYPES = {
    ".geojson": "application/geo+json",
    ".gpkg": "application/geopackage+sqlite3",
    ".parquet": "application/vnd.apache.parquet",
    ".kml": "application/vnd.google-earth.kml+xml",
    ".pdf": "application/pdf",
    ".html": "text/html",
    ".png": "image/png",
    ".json": "application/json",
    ".csv": "text/csv",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


@dataclass(frozen=True, kw_only=True)
class IssueAsset:
    """A file of the issue that the catalogue points to."""

    key: str
    """Its name among the assets."""
    path: Path
    """The file, in the issue's folder."""
    title: str
    """What it is, in Chinese and English."""
    roles: tuple[str, ...] = ("data",)
    """STAC roles: data, metadata, overview, thumbnail."""


def write_catalogue(
    issue: MonthlyIssue, folder: Path, *, scenes: Mapping[str, SceneFiles], assets: Sequence[IssueAsset]
) -> Path:
    """Write `stac/catalog.json`, a collection of the district, and an item for each image and for the issue.

    Links are relative, so the folder may be moved or served as it is. What is written is checked against the packaged
    schemas.

    Parameters
    ----------
    issue
        Published month.
    folder
        Folder of the issue, where `stac` is made.
    scenes
        Files of the images that were published, by identifier.
    assets
        Other files of the issue.

    Returns
    -------
    Path
        The catalogue.

    Raises
    ------
    SchemaViolation
        When a document breaks its schema.
    OutputFailed
        When a file cannot be written.
    """
    place = folder / "stac"
    facts = {scene.id: scene for scene in issue.scenes}
    catalogue = pystac.Catalog(
        id=f"{issue.district_code}-{issue.issue}",
        title=f"{issue.district_name} {issue.issue} 期疑似变化监测",
        description=f"{issue.district_name}{issue.issue}期影像与疑似变化图斑。疑似，以实地核查为准。 Images and suspected changes of {issue.district_name_en or issue.district_code}, issue {issue.issue}.",
    )
    items = [_scene_item(issue, facts[image_id], scenes[image_id], place) for image_id in sorted(scenes)]
    items.append(_issue_item(issue, assets, place))
    collection = pystac.Collection(
        id=issue.district_code,
        title=f"{issue.district_name}",
        description=f"{issue.district_name}的影像与疑似变化图斑 Images and suspected changes of {issue.district_name_en or issue.district_code}",
        license="other",
        extent=pystac.Extent.from_items(items),
        keywords=["change detection", "land use", "疑似变化", issue.district_name],
    )
    catalogue.add_child(collection)
    collection.add_items(items)
    catalogue.normalize_hrefs(str(place))
    catalogue.catalog_type = pystac.CatalogType.SELF_CONTAINED
    for each in (catalogue, collection, *items):
        document = json.loads(json.dumps(each.to_dict(include_self_link=False)))  # tuples are no arrays to a schema
        check_document(document)
        path = Path(each.self_href)
        with writing(path):
            path.parent.mkdir(parents=True, exist_ok=True)
        write_json(path, document)
    return place / "catalog.json"


def check_document(document: Mapping[str, Any]) -> None:
    """Check a catalogue, collection or item against the packaged schemas, without a network.

    Parameters
    ----------
    document
        A STAC document with relative or absolute links.

    Raises
    ------
    SchemaViolation
        When it breaks a schema, or names an extension whose schema is not packaged.
    """
    registry, core = _schemas()
    kind = {"Feature": "item"}.get(document["type"], str(document["type"]).lower())
    addresses = [core[kind], *document.get("stac_extensions", ())]
    for address in addresses:
        if address not in registry:
            raise SchemaViolation(f"The STAC extension {address} is not packaged; use one of {', '.join(EXTENSIONS)}.")
        schema = registry.contents(address)
        errors = sorted(
            Draft7Validator(schema, registry=registry).iter_errors(document), key=lambda error: error.json_path
        )
        if errors:
            where = f"{document.get('id')} at {errors[0].json_path}"
            raise SchemaViolation(f"The STAC document {where} breaks {address}: {errors[0].message:.300}")


@cache
def _schemas() -> tuple[Any, Mapping[str, str]]:
    """Return all schemas by address, and the addresses of the core ones by kind of document."""
    contents = get_local_schema_cache()
    core = {
        kind: next(uri for uri in contents if uri.endswith(f"/{kind}.json"))
        for kind in ("catalog", "collection", "item")
    }
    for address, name in {**EXTENSIONS, **_PROJJSON}.items():
        contents[address] = json.loads((SCHEMAS / name).read_text(encoding="utf-8"))
    return Registry().with_resources((uri, Resource.from_contents(each)) for uri, each in contents.items()), core


def _scene_item(issue: MonthlyIssue, scene: SceneFacts, files: SceneFiles, place: Path) -> pystac.Item:
    with rasterio.open(files.data) as dataset:
        epsg = dataset.crs.to_epsg()
        projection: dict[str, Any] = {
            "proj:code": None if epsg is None else f"EPSG:{epsg}",
            "proj:shape": list(dataset.shape),
            "proj:transform": [float(part) for part in dataset.transform[:6]],
            "proj:bbox": [float(side) for side in dataset.bounds],
        }
        if epsg is None:
            projection["proj:wkt2"] = issue.crs.to_wkt()
        dtype, nodata = dataset.dtypes[0], dataset.nodata
    start, end = _day_span(scene.acquired_on)
    outline = _in_degrees(issue, scene.footprint)
    folder = place / issue.district_code / scene.id
    item = pystac.Item(
        id=scene.id,
        geometry=shapely.geometry.mapping(outline),
        bbox=[float(side) for side in outline.bounds],
        datetime=None,
        start_datetime=start,
        end_datetime=end,
        properties={
            "title": f"{scene.id} {titles_of('role', scene.role).zh} {titles_of('role', scene.role).en}",
            "gsd": scene.gsd_m,
            "platform": scene.sensor,
            **projection,
        },
        stac_extensions=sorted(EXTENSIONS),
    )
    bands = [{"name": role, **_eo_name(role)} for role in scene.roles]
    data = {
        "eo:bands": bands,
        "raster:bands": [
            {"data_type": dtype, "spatial_resolution": scene.gsd_m, **({} if nodata is None else {"nodata": nodata})}
            for _ in scene.roles
        ],
    }
    item.add_asset("data", _asset(files.data, folder, "影像数据 data", _COG, ["data"], data))
    item.add_asset(
        "visual",
        _asset(
            files.visual,
            folder,
            "网络地图影像 picture for web maps",
            _COG,
            ["visual"],
            {"proj:code": "EPSG:3857", **_web_projection(files.visual)},
        ),
    )
    item.add_asset("thumbnail", _asset(files.thumbnail, folder, "缩略图 thumbnail", "image/jpeg", ["thumbnail"]))
    return item


def _issue_item(issue: MonthlyIssue, assets: Sequence[IssueAsset], place: Path) -> pystac.Item:
    days = [day for day in (issue.first_image_on, issue.last_image_on) if day is not None]
    days = days or [scene.acquired_on for scene in issue.scenes]
    district = issue.units[issue.units["level"] == "district"]
    ground = district.union_all() if len(district) else shapely.union_all([scene.footprint for scene in issue.scenes])
    outline = _in_degrees(issue, ground)
    name = f"{issue.district_code}-{issue.issue}"
    item = pystac.Item(
        id=name,
        geometry=shapely.geometry.mapping(outline),
        bbox=[float(side) for side in outline.bounds],
        datetime=None,
        start_datetime=_day_span(min(days))[0],
        end_datetime=_day_span(max(days))[1],
        properties={
            "title": f"{issue.district_name} {issue.issue} 期疑似变化图斑 suspected changes",
            "description": "疑似，以实地核查为准。 Suspected only: verify on the ground.",
        },
        stac_extensions=[_FILE_EXTENSION],
    )
    folder = place / issue.district_code / name
    for each in assets:
        media_type = _MEDIA_TYPES.get(each.path.suffix.lower(), "application/octet-stream")
        item.add_asset(each.key, _asset(each.path, folder, each.title, media_type, list(each.roles)))
    return item


def _asset(
    path: Path, folder: Path, title: str, media_type: str, roles: list[str], more: Mapping[str, Any] | None = None
) -> pystac.Asset:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    fields = {"file:size": path.stat().st_size, "file:checksum": _SHA256 + digest, **(more or {})}
    href = Path(os.path.relpath(path, folder)).as_posix()
    return pystac.Asset(href=href, title=title, media_type=media_type, roles=roles, extra_fields=fields)


def _web_projection(path: Path) -> dict[str, Any]:
    with rasterio.open(path) as dataset:
        return {
            "proj:shape": list(dataset.shape),
            "proj:transform": [float(part) for part in dataset.transform[:6]],
            "proj:bbox": [float(side) for side in dataset.bounds],
        }


def _eo_name(role: str) -> dict[str, str]:
    name = _EO_SYNONYMS.get(role, role)
    return {"common_name": name} if name in _EO_NAMES else {}


def _in_degrees(issue: MonthlyIssue, outline: shapely.Geometry) -> shapely.Geometry:
    """Return an outline in WGS84, no finer than a catalogue needs."""
    transformer = to_wgs84(issue.crs)
    moved = shapely.transform(outline, lambda xy: np.column_stack(transformer.transform(xy[:, 0], xy[:, 1])))
    simple = shapely.make_valid(shapely.set_precision(shapely.simplify(moved, 1e-5), 1e-7))
    # -0.0 and digits beyond the seventh are noise
    return shapely.orient_polygons(shapely.transform(simple, lambda xy: np.round(xy, 7) + 0.0), exterior_cw=False)


def _day_span(day: date) -> tuple[datetime, datetime]:
    """Return the first and last second of a day in China, in UTC."""
    start = datetime.combine(day, time(), _CHINA).astimezone(UTC)
    return start, start + timedelta(days=1, seconds=-1)
