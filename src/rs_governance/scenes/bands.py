"""Which band is which: roles by name, wavelength, colour, sensor and order."""

import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources

from rs_governance.errors import BandsMismatch, UsageError

ROLES = (
    "coastal",
    "blue",
    "green",
    "red",
    "rededge1",
    "rededge2",
    "rededge3",
    "nir",
    "nir_narrow",
    "water_vapour",
    "cirrus",
    "swir1",
    "swir2",
    "pan",
)
_NUMBERED = re.compile(r"band_[1-9][0-9]*")

# Band names as people and programs write them, compared without case, spaces, '-' and '_'.
_NAMES = {
    "coastal": ("coastal", "coastalaerosol", "coastalblue", "aerosol", "海岸"),
    "blue": ("blue", "b", "蓝", "蓝光", "蓝波段"),
    "green": ("green", "g", "绿", "绿光", "绿波段"),
    "red": ("red", "r", "红", "红光", "红波段"),
    "rededge1": ("rededge1", "rededge", "re1", "vre1", "红边", "红边1"),
    "rededge2": ("rededge2", "re2", "vre2", "红边2"),
    "rededge3": ("rededge3", "re3", "vre3", "红边3"),
    "nir": ("nir", "nir1", "n", "ir", "nearinfrared", "infrared", "近红外", "近红外波段"),
    "nir_narrow": ("nirnarrow", "narrownir", "nir2"),
    "water_vapour": ("watervapour", "watervapor", "wv"),
    "cirrus": ("cirrus",),
    "swir1": ("swir1", "swir16", "shortwaveinfrared1", "短波红外1"),
    "swir2": ("swir2", "swir22", "shortwaveinfrared2", "短波红外2"),
    "pan": ("pan", "panchromatic", "全色"),
}
_ROLE_OF_NAME = {name: role for role, names in _NAMES.items() for name in names}

# Central wavelength in micrometres: role, from, to. Wide enough for TM, OLI, MSI, PMS and WFV cameras.
_WAVELENGTHS = (
    ("coastal", 0.40, 0.455),
    ("blue", 0.455, 0.525),
    ("green", 0.525, 0.60),
    ("red", 0.62, 0.69),
    ("rededge1", 0.69, 0.72),
    ("rededge2", 0.72, 0.76),
    ("rededge3", 0.76, 0.80),
    ("nir", 0.80, 0.90),
    ("water_vapour", 0.92, 0.97),
    ("cirrus", 1.35, 1.40),
    ("swir1", 1.50, 1.75),
    ("swir2", 2.05, 2.40),
)
_MICROMETRES = re.compile(r"(\d+(?:\.\d+)?)\s*(micromet|µm|um\b|nanomet|nm\b)", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Sensor:
    """One row of `sensors.toml`."""

    name: str
    """Name as given to `--sensor`."""
    pattern: re.Pattern[str] | None
    """What in a file name or in metadata gives the sensor away; None where nothing is safe."""
    layouts: tuple[tuple[str, ...], ...]
    """Band roles in the order of the file, one tuple for each band count that the sensor is delivered in."""
    band_names: dict[str, str]
    """Band descriptions that this sensor's files carry (`B02`) and their roles."""

    def layout(self, count: int) -> tuple[str, ...] | None:
        """Return the roles for a file of `count` bands, None where the sensor has no such delivery."""
        return next((layout for layout in self.layouts if len(layout) == count), None)


@cache
def sensors() -> tuple[Sensor, ...]:
    """Return the sensor table that is shipped with the package."""
    text = resources.files(__package__).joinpath("sensors.toml").read_text(encoding="utf-8")
    return tuple(
        Sensor(
            name=row["name"],
            pattern=re.compile(row["pattern"], re.IGNORECASE) if "pattern" in row else None,
            layouts=tuple(tuple(layout) for layout in row["layouts"]),
            band_names={name.upper(): role for name, role in row.get("band_names", {}).items()},
        )
        for row in tomllib.loads(text)["sensor"]
    )


def find_sensor(name: str, *, bands_option: str = "--bands") -> Sensor:
    """Return the sensor called `name`, without regard to case and hyphens; a message names the option for bands.

    Raises
    ------
    UsageError
        If the table has no such sensor.

    Examples
    --------
    >>> find_sensor("gf2").name
    'GF-2'
    """
    for sensor in sensors():
        if _plain(sensor.name) == _plain(name):
            return sensor
    known = ", ".join(sensor.name for sensor in sensors())
    raise UsageError(f"Unknown sensor '{name}'; known: {known}. Name the bands with {bands_option} instead.")


def guess_sensor(texts: Sequence[str], descriptions: Sequence[str | None]) -> Sensor | None:
    """Return the sensor that file names and metadata (`texts`) or the band names give away, None if unsure."""
    hits = {s.name: s for s in sensors() if s.pattern and any(s.pattern.search(text) for text in texts)}
    if len(hits) == 1:
        return next(iter(hits.values()))
    names = [(text or "").strip().upper() for text in descriptions]
    # B8A exists on Sentinel-2 alone; B1..B9 without it are every camera's numbers.
    for sensor in sensors():
        if "B8A" in names and sensor.band_names and all(name in sensor.band_names for name in names):
            return sensor
    return None


def check_roles(roles: Sequence[str]) -> tuple[str, ...]:
    """Return `roles` as a tuple after checking their names.

    Raises
    ------
    UsageError
        If a role is unknown or named twice.
    """
    wrong = [role for role in roles if role not in ROLES and not _NUMBERED.fullmatch(role)]
    if wrong:
        raise UsageError(f"Unknown band role '{wrong[0]}'; use {', '.join(ROLES)} or band_1, band_2, ...")
    twice = [role for role in roles if list(roles).count(role) > 1]
    if twice:
        raise UsageError(f"Band role '{twice[0]}' is given twice; every band needs its own role.")
    return tuple(roles)


def infer_roles(
    *,
    descriptions: Sequence[str | None],
    colours: Sequence[str],
    sensor: Sensor | None,
    sensor_is_given: bool,
    bands_option: str = "--bands",
) -> tuple[str, ...]:
    """Return one role for each band, the alpha band left out by the caller.

    A sensor that the user gave wins; then what the file says of each band (name, wavelength),
    then a guessed sensor, then colour interpretation, then order and count. A band that
    nothing tells is `band_N`, N from 1.

    Parameters
    ----------
    descriptions
        GDAL band descriptions, None where there is none.
    colours
        GDAL colour interpretation names (`red`, `gray`, `undefined`, ...).
    sensor
        The given or guessed sensor.
    sensor_is_given
        Whether the user named it.
    bands_option
        Option that names bands, for messages.

    Raises
    ------
    BandsMismatch
        If the sensor that was given is never delivered with this number of bands.
    """
    count = len(descriptions)
    layout = sensor.layout(count) if sensor is not None else None
    if sensor is not None and sensor_is_given:
        if layout is None:
            counts = " or ".join(str(len(known)) for known in sensor.layouts)
            raise BandsMismatch(
                f"Sensor {sensor.name} has {counts} bands, the image has {count}; name them with {bands_option} instead."
            )
        return layout
    said = [_role_of_description(text, sensor) for text in descriptions]
    if _tells(said):
        return _numbered(said)
    if layout:
        return layout
    coloured = [colour if colour in ("red", "green", "blue") else None for colour in colours]
    if count == 4 and _tells(coloured[:3]) and coloured[3] is None:
        return (*_numbered(coloured[:3]), "nir")
    if _tells(coloured):
        return _numbered(coloured)
    if count == 1:
        return ("pan",)
    if count == 3:
        return ("red", "green", "blue")
    if count == 4:
        # Every camera of the BJ and GF series, and nearly every 4-band product, comes in this order.
        return ("blue", "green", "red", "nir")
    return _numbered([None] * count)


def _plain(text: str) -> str:
    return re.sub(r"[\s_-]", "", text).lower()


def _tells(roles: Sequence[str | None]) -> bool:
    """Whether the named bands are of use: most of them, none twice."""
    named = [role for role in roles if role]
    return len(named) * 2 > len(roles) and len(set(named)) == len(named)


def _numbered(roles: Sequence[str | None]) -> tuple[str, ...]:
    return tuple(role or f"band_{number}" for number, role in enumerate(roles, start=1))


def _role_of_description(text: str | None, sensor: Sensor | None) -> str | None:
    if not text:
        return None
    if text in ROLES or _NUMBERED.fullmatch(text):
        return text
    if sensor is not None and text.strip().upper() in sensor.band_names:
        return sensor.band_names[text.strip().upper()]
    plain = _plain(text)
    if plain in _ROLE_OF_NAME:
        return _ROLE_OF_NAME[plain]
    found = _MICROMETRES.search(text)
    if found:
        micrometres = float(found[1]) / (1000 if found[2].lower().startswith("n") else 1)
        return next((role for role, low, high in _WAVELENGTHS if low <= micrometres < high), None)
    return None
