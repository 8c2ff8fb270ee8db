"""Published scenes, checked by rio-cogeo and pixel by pixel."""

import numpy as np
import pyproj
import pytest
import rasterio
from affine import Affine
from rio_cogeo import cog_validate

from rs_governance.errors import CrsRefused, SceneUnreadable
from rs_governance.publish.month.scene_cogs import write_data_cog, write_scene
from rs_governance.publish.pictures.imagery import Imagery
from rs_governance.scenes import open_scene

CRS = pyproj.CRS(4545)
ROLES = ("blue", "green", "red", "nir")


@pytest.fixture(scope="module")
def published(month_images, tmp_path_factory):
    folder = tmp_path_factory.mktemp("scenes")
    files = []
    for name, threads in (("one", 1), ("two", 2)):
        (folder / name).mkdir()
        with Imagery({key: open_scene(path) for key, path in month_images.items()}) as imagery:
            files.append(write_scene(imagery, "20261009", folder / name, crs=CRS, threads=threads))
    return files


def test_the_pixels_are_those_of_the_scene(published, month_images):
    with rasterio.open(published[0].data) as cog, rasterio.open(month_images["20261009"]) as source:
        assert np.array_equal(cog.read(), source.read())
        assert cog.transform == source.transform
        assert pyproj.CRS(cog.crs) == CRS
        assert cog.dtypes == ("uint16",) * 4
        assert cog.descriptions == ROLES
        unseen = cog.dataset_mask() == 0
        assert unseen[:100, -150:].all()
        assert unseen.sum() == 100 * 150
    assert cog_validate(published[0].data, strict=True)[0]


def test_the_picture_is_cut_as_web_maps_are(published):
    assert cog_validate(published[0].visual)[0]
    with rasterio.open(published[0].visual) as cog:
        assert cog.crs.to_epsg() == 3857
        assert cog.dtypes == ("uint8",) * 3
        assert cog.compression.name == "jpeg"
        world = 20037508.342789244
        zoom = np.log2(2 * world / 256 / cog.res[0])
        assert zoom == pytest.approx(round(zoom), abs=1e-6)
        # each block is a tile of the quad
        for origin in ((cog.transform.c + world), (world - cog.transform.f)):
            assert origin / (256 * cog.res[0]) == pytest.approx(round(origin / (256 * cog.res[0])), abs=1e-5)
        assert set(cog.block_shapes) == {(256, 256)}
        assert cog.overviews(1)
        mask = cog.dataset_mask()
        assert (mask == 0).any()
        assert (mask == 255).any()
        to_web = pyproj.Transformer.from_crs(4545, 3857, always_xy=True)
        for x, y, seen in ((509000, 2504000, True), (517500, 2508900, False), (499900, 2504000, False)):
            row, col = cog.index(*to_web.transform(x, y))
            assert bool(mask[row, col] == 255) is seen


def test_neither_threads_nor_time_change_the_bytes(published):
    for name in ("data", "visual", "thumbnail"):
        one, two = (getattr(files, name) for files in published)
        assert one.read_bytes() == two.read_bytes(), name


def test_a_cog_in_the_crs_is_copied_as_it_is(published, tmp_path):
    scene = open_scene(published[0].data)
    write_data_cog(scene, tmp_path / "copy.tif", crs=CRS)
    assert (tmp_path / "copy.tif").read_bytes() == published[0].data.read_bytes()


def test_sheets_become_one_file(month_images, tmp_path):
    sheets = tmp_path / "sheets"
    sheets.mkdir()
    with rasterio.open(month_images["20260912"]) as whole:
        pixels = whole.read()
        for col in (0, 900):
            profile = whole.profile | {"width": 900, "transform": whole.transform @ Affine.translation(col, 0)}
            with rasterio.open(sheets / f"{col}.tif", "w", **profile) as sheet:
                sheet.write(pixels[:, :, col : col + 900])
    write_data_cog(open_scene(sheets, roles=ROLES), tmp_path / "whole.tif", crs=CRS)
    with rasterio.open(tmp_path / "whole.tif") as cog:
        assert np.array_equal(cog.read(), pixels)
        assert cog.dataset_mask().all()
    assert not list(tmp_path.glob(".*"))


def test_another_crs_is_brought_to_the_districts(month_images, tmp_path):
    with rasterio.open(month_images["20260912"]) as source:
        with rasterio.vrt.WarpedVRT(source, crs="EPSG:4526", resampling=rasterio.enums.Resampling.cubic) as vrt:
            profile, pixels = vrt.profile | {"driver": "GTiff", "nodata": 0}, vrt.read()
        with rasterio.open(tmp_path / "zone38.tif", "w", **profile) as other:
            other.write(pixels)
    write_data_cog(open_scene(tmp_path / "zone38.tif", roles=ROLES), tmp_path / "out.tif", crs=CRS)
    with rasterio.open(tmp_path / "out.tif") as cog, rasterio.open(month_images["20260912"]) as source:
        assert pyproj.CRS(cog.crs) == CRS
        points = [(505105.0, 2504095.0), (511105.0, 2503095.0), (515305.0, 2507095.0)]
        for here, there in zip(cog.sample(points), source.sample(points), strict=True):
            assert np.abs(here.astype(int) - there).max() < 120  # twice resampled, fields are 300 to 1500
        assert cog.count == 4
        assert (cog.dataset_mask() == 0).any()


def test_what_cannot_be_read_or_placed_leaves_nothing_behind(month_images, tmp_path):
    broken = tmp_path / "broken.tif"
    content = bytearray(month_images["20260912"].read_bytes())
    content[len(content) // 2 : len(content) // 2 + 50_000] = bytes(50_000)
    broken.write_bytes(content)
    out = tmp_path / "out"
    out.mkdir()
    with pytest.raises(SceneUnreadable):
        write_data_cog(open_scene(broken, roles=ROLES), out / "a.tif", crs=CRS)
    assert not list(out.iterdir())
    plain = tmp_path / "plain.png"
    with rasterio.open(month_images["20260912"]) as source:
        from PIL import Image

        Image.fromarray(source.read(1).astype(np.uint8)).save(plain)
    with pytest.raises(CrsRefused, match="no georeference"):
        write_data_cog(open_scene(plain, assume_gsd_m=1.0), out / "b.tif", crs=CRS)
