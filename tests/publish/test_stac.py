"""The catalogue, read by pystac and checked without a network."""

import hashlib
import json
import shutil
from pathlib import Path

import pystac
import pytest
import shapely

from rs_governance.errors import SchemaViolation
from rs_governance.publish.month.scene_cogs import write_scene
from rs_governance.publish.month.stac import EXTENSIONS, SCHEMAS, IssueAsset, check_document, write_catalogue
from rs_governance.publish.pictures.imagery import Imagery
from rs_governance.scenes import open_scene


@pytest.fixture(scope="module")
def month(make_month):
    return make_month(5)


@pytest.fixture(scope="module")
def folder(month, month_images, tmp_path_factory):
    folder = tmp_path_factory.mktemp("issue")
    (folder / "scenes").mkdir()
    (folder / "findings.geojson").write_text("{}")
    (folder / "report.pdf").write_bytes(b"%PDF")
    with Imagery({name: open_scene(path) for name, path in month_images.items()}) as imagery:
        scenes = {name: write_scene(imagery, name, folder / "scenes", crs=month.crs) for name in month_images}
    assets = [
        IssueAsset(key="findings", path=folder / "findings.geojson", title="图斑 findings"),
        IssueAsset(key="report", path=folder / "report.pdf", title="月报 report", roles=("overview",)),
    ]
    assert write_catalogue(month, folder, scenes=scenes, assets=assets) == folder / "stac" / "catalog.json"
    return folder


def documents(folder):
    return {path: json.loads(path.read_text(encoding="utf-8")) for path in sorted((folder / "stac").rglob("*.json"))}


def test_all_links_and_files_are_there_after_a_move(folder, month, tmp_path):
    moved = tmp_path / "elsewhere"
    shutil.copytree(folder, moved)
    catalogue = pystac.Catalog.from_file(str(moved / "stac" / "catalog.json"))
    items = {item.id: item for item in catalogue.get_items(recursive=True)}
    assert set(items) == {"20260912", "20261009", f"450108-{month.issue}"}
    for item in items.values():
        assert item.collection_id == "450108"
        for asset in item.assets.values():
            path = Path(asset.get_absolute_href())
            assert path.is_relative_to(moved)
            content = path.read_bytes()
            assert asset.extra_fields["file:size"] == len(content)
            assert asset.extra_fields["file:checksum"] == "1220" + hashlib.sha256(content).hexdigest()


def test_no_link_leads_outside(folder):
    for path, document in documents(folder).items():
        for link in [*document["links"], *document.get("assets", {}).values()]:
            assert not link["href"].startswith(("/", "http", "file:"))
            assert (path.parent / link["href"]).resolve().is_file()
        assert str(folder) not in path.read_text(encoding="utf-8")


def test_every_document_passes_and_says_where_and_when(folder, month):
    for document in documents(folder).values():
        check_document(document)
    item = json.loads((folder / "stac/450108/20261009/20261009.json").read_text(encoding="utf-8"))
    assert item["properties"]["proj:code"] == "EPSG:4545"
    assert item["properties"]["proj:shape"] == [900, 1800]
    assert item["assets"]["visual"]["proj:code"] == "EPSG:3857"
    # the ninth of October in China
    assert item["properties"]["datetime"] is None
    assert item["properties"]["start_datetime"] == "2026-10-08T16:00:00Z"
    assert item["properties"]["end_datetime"] == "2026-10-09T15:59:59Z"
    assert [band["common_name"] for band in item["assets"]["data"]["eo:bands"]] == ["blue", "green", "red", "nir"]
    ground = shapely.geometry.shape(item["geometry"])
    points = shapely.points(month.spots["lon"], month.spots["lat"])
    assert shapely.covers(ground, points).all()
    assert item["bbox"] == pytest.approx(ground.bounds)


def test_it_is_written_the_same_again(folder, month, tmp_path):
    before = {path: path.read_bytes() for path in documents(folder)}
    again = tmp_path / "issue"
    shutil.copytree(folder, again, ignore=shutil.ignore_patterns("stac"))
    from rs_governance.publish.month.scene_cogs import SceneFiles

    scenes = {
        name: SceneFiles(
            data=again / f"scenes/{name}.tif",
            visual=again / f"scenes/{name}_web.tif",
            thumbnail=again / f"scenes/{name}_thumbnail.jpg",
        )
        for name in ("20261009", "20260912")
    }
    assets = [
        IssueAsset(key="findings", path=again / "findings.geojson", title="图斑 findings"),
        IssueAsset(key="report", path=again / "report.pdf", title="月报 report", roles=("overview",)),
    ]
    write_catalogue(month, again, scenes=scenes, assets=assets)
    for path, content in before.items():
        assert (again / path.relative_to(folder)).read_bytes() == content


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda item: item.pop("geometry"), "item.json"),
        (lambda item: item["properties"].update({"proj:code": 4545}), "projection"),
        (lambda item: item["assets"]["data"].update({"file:size": "big"}), "file/v2"),
        (lambda item: item["assets"]["data"]["raster:bands"][0].update({"data_type": "int12"}), "raster"),
        (lambda item: item["assets"]["data"]["eo:bands"][0].update({"common_name": "gold"}), "eo/v1"),
        (lambda item: item["stac_extensions"].append("https://example.org/x.json"), "not packaged"),
    ],
)
def test_a_broken_document_is_refused(folder, change, told):
    item = json.loads((folder / "stac/450108/20261009/20261009.json").read_text(encoding="utf-8"))
    change(item)
    with pytest.raises(SchemaViolation, match=told):
        check_document(item)


def test_the_packaged_schemas_are_those_they_say():
    for address, name in EXTENSIONS.items():
        schema = json.loads((SCHEMAS / name).read_text(encoding="utf-8"))
        assert schema["$id"].rstrip("#") == address
