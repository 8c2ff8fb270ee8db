"""A district must lie in the zone of its CRS, or a little beside it."""

import pytest

from rs_governance.district import read_district
from rs_governance.errors import CrsRefused
from rs_governance.grids import read_references

from .conftest import Folder, unit_frames


@pytest.mark.parametrize(
    ("crs", "wanted"),
    [
        ("EPSG:4544", "EPSG:4545"),  # the next 3-degree zone, without and with its number
        ("EPSG:4525", "EPSG:4524"),
        ("EPSG:4507", None),  # 6-degree zones: 105 E and 111 E both reach 108.4 E, the first by less than half a degree
        ("EPSG:4508", None),
        ("EPSG:4509", "EPSG:4508"),
        ("EPSG:32648", None),
    ],
)
def test_the_zone_of_a_district_must_be_its_own(folder: Folder, crs: str, wanted: str | None) -> None:
    folder.units()
    folder.text = folder.text.replace("EPSG:4545", crs)
    if wanted is None:
        assert len(read_references(read_district(folder.toml())).units.frame) == 15
        return
    with pytest.raises(CrsRefused) as caught:
        read_references(read_district(folder.toml()))
    assert f"crs = '{wanted}'" in str(caught.value)
    assert "108.4" in str(caught.value)
    assert wanted in caught.value.told("zh")


def test_a_district_beside_its_zone_is_taken(folder: Folder) -> None:
    # The zone of 108 E ends at 109.5 E: 40 km beyond is what cities that keep to one zone do, 120 km is a mistake.
    for east, taken in ((195_000.0, True), (275_000.0, False)):
        moved = {
            level: table.set_geometry(table.geometry.translate(east - 41_000)) for level, table in unit_frames().items()
        }
        for level, table in moved.items():
            table.to_file(folder.path / f"moved{east:.0f}.gpkg", layer=level)
        units = f'path = "moved{east:.0f}.gpkg"'
        text = (
            f'[district]\ncode = "450108"\nname = "良庆区"\ncrs = "EPSG:4545"\n[units]\n'
            f'district = {{ {units}, layer = "district", code = "code", name = "name" }}\n'
        )
        (folder.path / "beside.toml").write_text(text, encoding="utf-8")
        about_it = read_district(folder.path / "beside.toml")
        if taken:
            assert len(read_references(about_it).units.frame) == 1
        else:
            with pytest.raises(CrsRefused, match=r"its zone is|whose zone is 106.5 to 109.5 E.* crs = 'EPSG:4546'"):
                read_references(about_it)
