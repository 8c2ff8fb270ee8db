"""Which band is which."""

import pytest

from rs_governance.errors import BandsMismatch, UsageError
from rs_governance.scenes.bands import ROLES, check_roles, find_sensor, guess_sensor, infer_roles, sensors

S2 = ["B01", "B02", "B03", "B04", "B05", "B06", "B07", "B08", "B8A", "B09", "B10", "B11", "B12"]


def roles(
    count: int,
    *,
    names: list[str | None] | None = None,
    colours: list[str] | None = None,
    sensor: str | None = None,
    given: bool = False,
) -> tuple[str, ...]:
    return infer_roles(
        descriptions=names or [None] * count,
        colours=colours or ["undefined"] * count,
        sensor=find_sensor(sensor) if sensor else None,
        sensor_is_given=given,
    )


def test_by_count_and_order() -> None:
    assert roles(1) == ("pan",)
    assert roles(2) == ("band_1", "band_2")
    assert roles(3) == ("red", "green", "blue")
    assert roles(4) == ("blue", "green", "red", "nir")
    assert roles(5) == ("band_1", "band_2", "band_3", "band_4", "band_5")


def test_by_colour() -> None:
    assert roles(3, colours=["blue", "green", "red"]) == ("blue", "green", "red")
    assert roles(4, colours=["red", "green", "blue", "undefined"]) == ("red", "green", "blue", "nir")
    assert roles(4, colours=["gray", "undefined", "undefined", "undefined"]) == ("blue", "green", "red", "nir")


def test_by_name_and_wavelength() -> None:
    assert roles(4, names=["Near-Infrared", "Red", "green", "蓝"]) == ("nir", "red", "green", "blue")
    tm = [f"ETM+ ({value} Micrometers)" for value in (0.4825, 0.565, 0.66, 0.825, 1.65, 2.22)]
    assert roles(6, names=tm) == ("blue", "green", "red", "nir", "swir1", "swir2")
    assert roles(2, names=["664.6 nm", "832.8 nm"]) == ("red", "nir")
    # One name among four is no help: the order decides.
    assert roles(4, names=["Red", None, None, None]) == ("blue", "green", "red", "nir")
    # Two bands of one name cannot both be it.
    assert roles(4, names=["Red", "Red", "Red", "Red"]) == ("blue", "green", "red", "nir")


def test_by_sensor() -> None:
    thirteen = guess_sensor([], S2)
    assert thirteen is not None
    assert thirteen.name == "Sentinel-2"
    assert roles(13, names=list(S2), sensor="Sentinel-2")[7:11] == ("nir", "nir_narrow", "water_vapour", "cirrus")
    assert "cirrus" not in roles(12, sensor="Sentinel-2", given=True)
    assert roles(4, sensor="BJ-3") == ("blue", "green", "red", "nir")
    assert roles(4, sensor="rgb+nir", given=True) == ("red", "green", "blue", "nir")
    assert roles(6, sensor="Landsat-TM", given=True)[-1] == "swir2"
    # What the user says outdoes what the file says; what was guessed does not.
    assert roles(3, colours=["blue", "green", "red"], sensor="RGB", given=True) == ("red", "green", "blue")
    assert roles(4, names=["red", "green", "blue", "nir"], sensor="GF-2") == ("red", "green", "blue", "nir")
    # A guessed sensor that is never delivered so is no help.
    assert roles(3, sensor="GF-2") == ("red", "green", "blue")


def test_a_given_sensor_must_fit() -> None:
    with pytest.raises(BandsMismatch, match="GF-2 has 4 bands, the image has 3"):
        roles(3, sensor="GF-2", given=True)
    with pytest.raises(UsageError, match="Unknown sensor 'GF-99'; known: BJ-2"):
        find_sensor("GF-99")


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("GF2_PMS1_E108.3_N22.7_20231015_L1A0001234567-MSS1.tiff", "GF-2"),
        ("GF1B_PMS_E108.3_N22.7_20231015.tif", "GF-1"),
        ("BJ3A1_PMS_20231015_L2A.tif", "BJ-3"),
        ("良庆区_BJ-2_202310", "BJ-2"),
        ("TRIPLESAT_2_MS", "BJ-2"),
        ("S2A_MSIL1C_20231015T031751_N0509_R118", "Sentinel-2"),
        ("LE07_L1TP_125044_20031015", "Landsat-TM"),
        ("orthogf2009.tif", None),
        ("rgb_image.tif", None),
        ("abj2x.tif", None),
        ("GF-1 and GF-2 mosaic", None),
    ],
)
def test_sensor_is_guessed_only_where_it_is_safe(text: str, name: str | None) -> None:
    found = guess_sensor([text], [None])
    assert (found.name if found else None) == name


def test_given_roles_are_checked() -> None:
    assert check_roles(["red", "band_7"]) == ("red", "band_7")
    with pytest.raises(UsageError, match="Unknown band role 'infrared'"):
        check_roles(["red", "infrared"])
    with pytest.raises(UsageError, match="'red' is given twice"):
        check_roles(["red", "red"])


def test_the_table_is_sound() -> None:
    for sensor in sensors():
        for layout in sensor.layouts:
            assert set(layout) <= set(ROLES)
            assert len(set(layout)) == len(layout)
        assert set(sensor.band_names.values()) <= set(ROLES)
