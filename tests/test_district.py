"""What `district.toml` may say, and what is said when it says something else."""

from datetime import date
from pathlib import Path

import pytest

from rs_governance.district import District, levels_above, read_district
from rs_governance.errors import ConfigInvalid

HEAD = '[district]\ncode = "450108"\nname = "良庆区"\ncrs = "EPSG:4545"\n'


def read(folder: Path, text: str) -> District:
    path = folder / "district.toml"
    path.write_text(text, encoding="utf-8")
    return read_district(path)


def refused(folder: Path, text: str) -> str:
    with pytest.raises(ConfigInvalid) as caught:
        read(folder, text)
    assert "district.toml" in str(caught.value)
    assert caught.value.exit_code == 3
    return str(caught.value)


def test_the_smallest_file_is_enough(tmp_path: Path) -> None:
    district = read(tmp_path, HEAD)
    assert (district.code, district.name, district.name_en) == ("450108", "良庆区", "良庆区")
    assert district.crs.to_epsg() == 4545
    assert (district.scenes, district.layers, district.zones, district.rules) == ((), {}, None, None)
    assert district.folder == tmp_path.resolve()


def test_everything_that_may_be_said_is_read(tmp_path: Path) -> None:
    for name in ("a.tif", "b.tif", "c.gpkg", "u.gpkg", "l.shp", "z.geojson", "r.toml"):
        (tmp_path / name).touch()
    district = read(
        tmp_path,
        HEAD.replace("[district]", '[district]\nrules = "r.toml"\nname_en = "Liangqing"')
        + """
        [[scene]]
        id = "b"
        path = "b.tif"
        acquired_on = 2026-10-14
        issue = "2026-10a"
        clouds = "c.gpkg"
        sensor = "BJ-2"
        bands = ["blue", "green", "red", "nir"]
        towgs84 = [1, 2, 3, 0, 0, 0, 0]
        zero_is_nodata = false
        [[scene]]
        id = "a"
        path = "a.tif"
        acquired_on = 2026-09-12
        [baseline]
        scene = "a"
        [units]
        cell = { path = "u.gpkg", layer = "cell", keeper = "网格员" }
        town = { path = "u.gpkg", layer = "town", code = "XZQDM", name = "XZQMC" }
        [layers.land_use]
        path = "l.shp"
        preset = "dltb"
        as_of = 2025-12-31
        encoding = "GBK"
        fields = { code = "地类编码" }
        [registers.building_permit]
        path = "u.gpkg"
        [zones]
        path = "z.geojson"
        """,
    )
    first, second = district.scenes
    assert (first.id, first.issue, first.clouds, first.options) == ("a", "2026-09", None, {})
    assert (second.acquired_on, second.issue, second.clouds) == (date(2026, 10, 14), "2026-10a", tmp_path / "c.gpkg")
    assert second.options == {
        "sensor": "BJ-2",
        "roles": ("blue", "green", "red", "nir"),
        "zero_is_nodata": False,
        "towgs84": (1.0, 2.0, 3.0, 0.0, 0.0, 0.0, 0.0),
    }
    assert list(district.units) == ["town", "cell"]
    assert (district.units["town"].code, district.units["cell"].keeper) == ("XZQDM", "网格员")
    layer = district.layers["land_use"]
    assert (layer.preset, layer.as_of, layer.encoding) == ("dltb", date(2025, 12, 31), "GBK")
    assert (dict(layer.fields), district.baseline, district.name_en) == ({"code": "地类编码"}, "a", "Liangqing")
    assert district.registers["building_permit"].as_of is None
    assert district.zones is not None
    assert district.rules == tmp_path / "r.toml"


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ("[zone]\npath = 'x'", "unknown key zone"),
        ("[district.extra]\n", "unknown key district.extra"),
        ("[layers.land_use]\nas_of = 2025-12-31", "lacks layers.land_use.path"),
        ("[layers.land_use]\npath = 'nowhere.gpkg'", "layers.land_use.path = 'nowhere.gpkg'"),
        ("[layers.'土地']\npath = 'district.toml'", "layers.土地"),
        ("[layers.x]\npath = 'district.toml'\nas_of = '2025-12-31'", "layers.x.as_of must be a day"),
        ("[layers.x]\npath = 'district.toml'\nas_of = 2025-12-31T00:00:00", "layers.x.as_of must be a day"),
        ("[layers.x]\npath = 'district.toml'\nfields = { code = 1 }", "layers.x.fields must be a table of texts"),
        ("[layers.x]\npath = 'district.toml'\ntowgs84 = [1, 2]", "seven numbers"),
        ("[units]\nhamlet = {}", "unknown key units.hamlet"),
        ("[units]\ntown = 'x'", "units.town must be a table"),
        ("[baseline]\nscene = '20260612'", "baseline.scene must be the id of a scene"),
        (
            "[[scene]]\nid = 'a'\npath = 'district.toml'\nacquired_on = 2026-02-01\nissue = '2026-13'",
            "issue must be a month",
        ),
        ("[[scene]]\nid = 'a b'\npath = 'district.toml'\nacquired_on = 2026-02-01", "scene[1].id must be"),
        (2 * "[[scene]]\nid = 'a'\npath = 'district.toml'\nacquired_on = 2026-02-01\n", "a twice"),
        ("nonsense", "is no TOML"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, more: str, words: str) -> None:
    assert words in refused(tmp_path, f"{HEAD}{more}\n")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('"450108"', '"4501"', "district.code must be six digits"),
        ('"450108"', "450108", "district.code must be six digits"),
        ('"EPSG:4545"', '"EPSG:4326"', "district.crs must be a projected CRS"),
        ('"EPSG:4545"', '"nonsense"', "district.crs must be a CRS such as"),
        ('name = "良庆区"', 'name = " "', "district.name must be a text"),
    ],
)
def test_the_district_itself_is_checked(tmp_path: Path, old: str, new: str, words: str) -> None:
    assert words in refused(tmp_path, HEAD.replace(old, new))


def test_all_missing_files_are_named_at_once(tmp_path: Path) -> None:
    message = refused(tmp_path, f"{HEAD}[zones]\npath = 'a.gpkg'\n[ledger]\npath = 'b.gpkg'\n")
    assert "zones.path = 'a.gpkg'; ledger.path = 'b.gpkg'" in message


def test_no_file_and_no_text(tmp_path: Path) -> None:
    with pytest.raises(ConfigInvalid, match="expected the district's TOML file"):
        read_district(tmp_path)
    (tmp_path / "district.toml").write_bytes("良庆".encode("gbk"))
    with pytest.raises(ConfigInvalid, match="not UTF-8"):
        read_district(tmp_path / "district.toml")


def test_geographic_cgcs2000_will_do(tmp_path: Path) -> None:
    assert read(tmp_path, HEAD.replace("4545", "4490")).crs.is_geographic


def test_levels_above() -> None:
    assert levels_above("cell", ["district", "cell"]) == ("district",)
    assert levels_above("district", ["district", "cell"]) == ()
