"""The file that describes a district: its scenes, units, layers and registers."""

import re
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any, Literal, get_args

import pyproj
from pyproj.exceptions import ProjError

from rs_governance.errors import ConfigInvalid

Level = Literal["district", "town", "village", "cell"]
"""A level of units, from the whole to the smallest."""

LEVELS: tuple[Level, ...] = get_args(Level)
"""All levels, from the whole to the smallest."""

ISSUE_PATTERN = r"\d{4}-(0[1-9]|1[0-2])[a-z]?"
"""What names an issue: a month, and a letter where it is issued again."""

_CGCS2000 = 4490
_SCENE_ID = re.compile(r"\w[\w.-]*")
_KEY = re.compile(r"[a-z][a-z0-9_]*")


@dataclass(frozen=True, kw_only=True)
class SceneSource:
    """An image of the district."""

    id: str
    """Name in the file, unique."""
    path: Path
    """A raster, a VRT or a folder of sheets."""
    acquired_on: date
    """Day on which it was taken."""
    issue: str
    """Issue that it is for: `2026-10`, or `2026-10a`."""
    clouds: Path | None = None
    """Raster or polygons of cloud."""
    unaligned: bool = False
    """Whether it may be compared as delivered where no shift against another scene can be measured."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """More keywords of `scenes.open_scene`: roles, sensor, zero_is_nodata, towgs84, assume_gsd_m."""


@dataclass(frozen=True, kw_only=True)
class UnitSource:
    """Where the units of one level are read."""

    path: Path
    """Vector file."""
    layer: str | None = None
    """Layer in the file; None for the only one."""
    code: str = "code"
    """Field of the code."""
    name: str = "name"
    """Field of the name."""
    parent: str | None = None
    """Field of the code of the unit around; None where the code itself tells."""
    keeper: str | None = None
    """Field of the person who looks after the cell."""
    encoding: str | None = None
    """Encoding of a shapefile's texts; found out where None."""
    crs: str | None = None
    """CRS that replaces the file's own."""
    towgs84: tuple[float, ...] | None = None
    """Seven parameters to WGS 84, for the datums of 1954 and 1980."""


@dataclass(frozen=True, kw_only=True)
class LayerSource:
    """Where a reference layer, a register, the zones or the ledger are read."""

    path: Path
    """Vector file, or a table with coordinates."""
    layer: str | None = None
    """Layer in the file; None for the only one."""
    preset: str | None = None
    """Name in `grids/presets.toml`, which says what the fields are called."""
    as_of: date | None = None
    """Day to which the data hold; None where nobody says."""
    scheme: str | None = None
    """Scheme and edition of the codes; the preset's where None."""
    encoding: str | None = None
    """Encoding of a shapefile's or a table's texts; found out where None."""
    crs: str | None = None
    """CRS that replaces the file's own."""
    towgs84: tuple[float, ...] | None = None
    """Seven parameters to WGS 84, for the datums of 1954 and 1980."""
    fields: Mapping[str, str] = field(default_factory=dict)
    """Names of the file's fields by the names used here, where the preset's do not fit."""
    title_zh: str | None = None
    """Chinese name of the layer; the preset's where None."""
    title_en: str | None = None
    """English name of the layer; the preset's where None."""


@dataclass(frozen=True, kw_only=True)
class District:
    """What `district.toml` says. Every path is absolute and was there when the file was read."""

    code: str
    """Six digits."""
    name: str
    """Chinese name."""
    name_en: str
    """English name; the Chinese one where none is given."""
    crs: pyproj.CRS
    """CRS of everything that is published: projected, or EPSG:4490."""
    scenes: tuple[SceneSource, ...]
    """Images by day, then id."""
    baseline: str | None
    """Id of the image with which slow change is compared."""
    units: Mapping[Level, UnitSource]
    """Units by level, from the district down to the cells; levels may be missing."""
    layers: Mapping[str, LayerSource]
    """Reference layers by the name that rules use."""
    registers: Mapping[str, LayerSource]
    """Registers of what is allowed, by the name that rules use."""
    zones: LayerSource | None
    """Zones in which findings are muted."""
    ledger: LayerSource | None
    """Spots that were known before."""
    rules: Path | None
    """The rules; None for those that come with the program."""
    folder: Path
    """Folder of the file, from which relative paths go."""


def read_district(path: Path | str) -> District:
    """Read and check `district.toml`.

    Parameters
    ----------
    path
        The file, or the folder in which it lies under that name.

    Raises
    ------
    ConfigInvalid
        If the file is missing or no TOML, a key is unknown, missing or of another type, or a file that it names
        does not exist. The message names the file and the key.
    """
    path = Path(path)
    path = path / "district.toml" if path.is_dir() else path
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise ConfigInvalid(f"Cannot read '{path}': {error.strerror}; expected the district's TOML file.") from error
    except UnicodeDecodeError as error:
        raise ConfigInvalid(f"'{path}' is not UTF-8 text; save it as UTF-8.") from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigInvalid(f"'{path}' is no TOML: {error}.") from error
    absent: list[str] = []
    top = _Section(content, where="", path=path, absent=absent)
    about = top.section("district", required=True)
    scenes = tuple(sorted((_scene(s) for s in top.sections("scene")), key=lambda s: (s.acquired_on, s.id)))
    units = top.section("units")
    zones, ledger, baseline = top.section("zones"), top.section("ledger"), top.section("baseline")
    district = District(
        code=about.text("code", pattern=r"\d{6}", expected="six digits such as '450108'"),
        name=(name := about.text("name")),
        name_en=about.optional_text("name_en") or name,
        crs=_crs(about),
        rules=about.optional_path("rules"),
        scenes=scenes,
        baseline=baseline.optional_text("scene"),
        units={level: _unit(units.section(level)) for level in LEVELS if level in units},
        layers={name: _layer(section) for name, section in top.named("layers")},
        registers={name: _layer(section) for name, section in top.named("registers")},
        zones=_layer(zones) if zones else None,
        ledger=_layer(ledger) if ledger else None,
        folder=path.resolve().parent,
    )
    for section in (about, units, baseline, top):
        section.finish()
    _check_scenes(district, top)
    if absent:
        raise ConfigInvalid(f"'{path}' names what does not exist: {'; '.join(absent)}. Correct the paths.")
    return district


def _scene(section: "_Section") -> SceneSource:
    acquired_on = section.day("acquired_on")
    options = {
        "sensor": section.optional_text("sensor"),
        "roles": section.texts("bands"),
        "zero_is_nodata": section.flag("zero_is_nodata"),
        "towgs84": section.seven("towgs84"),
        "assume_gsd_m": section.number("gsd"),
    }
    scene = SceneSource(
        id=section.text("id", pattern=_SCENE_ID.pattern, expected="letters, digits, '_', '-' and '.'"),
        path=section.path("path"),
        acquired_on=acquired_on,
        issue=section.optional_text("issue", pattern=ISSUE_PATTERN, expected="a month such as '2026-10' or '2026-10a'")
        or f"{acquired_on:%Y-%m}",
        clouds=section.optional_path("clouds"),
        unaligned=section.flag("unaligned") or False,
        options={key: value for key, value in options.items() if value is not None},
    )
    section.finish()
    return scene


def _unit(section: "_Section") -> UnitSource:
    unit = UnitSource(
        path=section.path("path"),
        layer=section.optional_text("layer"),
        code=section.optional_text("code") or "code",
        name=section.optional_text("name") or "name",
        parent=section.optional_text("parent"),
        keeper=section.optional_text("keeper"),
        encoding=section.optional_text("encoding"),
        crs=section.optional_text("crs"),
        towgs84=section.seven("towgs84"),
    )
    section.finish()
    return unit


def _layer(section: "_Section") -> LayerSource:
    layer = LayerSource(
        path=section.path("path"),
        layer=section.optional_text("layer"),
        preset=section.optional_text("preset"),
        as_of=section.optional_day("as_of"),
        scheme=section.optional_text("scheme"),
        encoding=section.optional_text("encoding"),
        crs=section.optional_text("crs"),
        towgs84=section.seven("towgs84"),
        fields=section.text_table("fields"),
        title_zh=section.optional_text("title_zh"),
        title_en=section.optional_text("title_en"),
    )
    section.finish()
    return layer


def _crs(about: "_Section") -> pyproj.CRS:
    text = about.text("crs")
    try:
        crs = pyproj.CRS.from_user_input(text)
    except ProjError as error:
        raise about.refuse("crs", "a CRS such as 'EPSG:4545'", text) from error
    if not crs.is_projected and crs.to_epsg() != _CGCS2000:
        raise about.refuse("crs", "a projected CRS such as 'EPSG:4545', or 'EPSG:4490'", f"{text} ({crs.name})")
    return crs


def _check_scenes(district: District, top: "_Section") -> None:
    ids = [scene.id for scene in district.scenes]
    if repeated := sorted({id_ for id_ in ids if ids.count(id_) > 1}):
        raise top.refuse("scene.id", "a different id for each image", f"{repeated[0]} twice")
    if district.baseline is not None and district.baseline not in ids:
        raise top.refuse(
            "baseline.scene", f"the id of a scene ({', '.join(ids) or 'there is none'})", district.baseline
        )


class _Section:
    """A table of the file, which knows its name and which of its keys were asked for."""

    def __init__(self, content: Mapping[str, Any], *, where: str, path: Path, absent: list[str]) -> None:
        self._content, self._where, self._path, self._absent = content, where, path, absent
        self._asked: set[str] = set()

    def __contains__(self, key: str) -> bool:
        return key in self._content

    def __bool__(self) -> bool:
        return bool(self._content)

    def section(self, key: str, *, required: bool = False) -> "_Section":
        """Return the table under a key, an empty one where there is none."""
        return self._child(key, self._get(key, dict, "a table", required=required) or {})

    def sections(self, key: str) -> "list[_Section]":
        """Return the tables of `[[key]]`."""
        tables = self._get(key, list, f"tables [[{key}]]") or []
        if not all(isinstance(table, dict) for table in tables):
            raise self.refuse(key, f"tables [[{key}]]", tables)
        return [self._child(f"{key}[{number}]", table) for number, table in enumerate(tables, start=1)]

    def named(self, key: str) -> "list[tuple[str, _Section]]":
        """Return name and table of each `[key.name]`."""
        tables = self._get(key, dict, f"tables [{key}.name]") or {}
        for name, table in tables.items():
            if not _KEY.fullmatch(name) or not isinstance(table, dict):
                raise self.refuse(f"{key}.{name}", f"[{key}.name], the name in small letters, digits and '_'", table)
        return [(name, self._child(f"{key}.{name}", table)) for name, table in tables.items()]

    def text(self, key: str, *, pattern: str = r".*\S.*", expected: str = "a text") -> str:
        value: str = self._get(key, str, expected, required=True)
        if not re.fullmatch(pattern, value):
            raise self.refuse(key, expected, value)
        return value

    def optional_text(self, key: str, *, pattern: str = r".*\S.*", expected: str = "a text") -> str | None:
        return self.text(key, pattern=pattern, expected=expected) if self._get(key, str, expected) is not None else None

    def day(self, key: str) -> date:
        expected = "a day such as 2026-09-12, without quotes or time"
        value: date = self._get(key, date, expected, required=True)
        if isinstance(value, datetime):
            raise self.refuse(key, expected, value)
        return value

    def optional_day(self, key: str) -> date | None:
        return self.day(key) if key in self._content else None

    def path(self, key: str) -> Path:
        path = self._path.resolve().parent / self.text(key, expected="a path")
        if not path.exists():
            self._absent.append(f"{self._name(key)} = '{self._content[key]}'")
        return path

    def optional_path(self, key: str) -> Path | None:
        return self.path(key) if self.optional_text(key, expected="a path") is not None else None

    def flag(self, key: str) -> bool | None:
        value: bool | None = self._get(key, bool, "true or false")
        return value

    def number(self, key: str) -> float | None:
        value = self._get(key, (int, float), "a number")
        if isinstance(value, bool):
            raise self.refuse(key, "a number", value)
        return None if value is None else float(value)

    def texts(self, key: str) -> tuple[str, ...] | None:
        value = self._get(key, list, "a list of texts")
        if value is not None and not all(isinstance(item, str) for item in value):
            raise self.refuse(key, "a list of texts", value)
        return None if value is None else tuple(value)

    def seven(self, key: str) -> tuple[float, ...] | None:
        expected = "seven numbers (dx, dy, dz, rx, ry, rz, ds)"
        value = self._get(key, list, expected)
        if value is not None and not (len(value) == 7 and all(type(item) in {int, float} for item in value)):
            raise self.refuse(key, expected, value)
        return None if value is None else tuple(float(item) for item in value)

    def text_table(self, key: str) -> dict[str, str]:
        value = self._get(key, dict, "a table of texts") or {}
        if not all(isinstance(item, str) for item in value.values()):
            raise self.refuse(key, 'a table of texts such as { code = "DLBM" }', value)
        return dict(value)

    def finish(self) -> None:
        """Refuse the keys that nobody asked for."""
        if unknown := [key for key in self._content if key not in self._asked]:
            known = ", ".join(sorted(self._asked))
            raise ConfigInvalid(f"'{self._path}' has the unknown key {self._name(unknown[0])}; known here: {known}.")

    def refuse(self, key: str, expected: str, got: object) -> ConfigInvalid:
        return ConfigInvalid(f"'{self._path}': {self._name(key)} must be {expected}, got '{got}'.")

    def _get(self, key: str, kind: type | tuple[type, ...], expected: str, *, required: bool = False) -> Any:
        self._asked.add(key)
        value = self._content.get(key)
        if value is None and required:
            raise ConfigInvalid(f"'{self._path}' lacks {self._name(key)}; expected {expected}.")
        if value is not None and not isinstance(value, kind):
            raise self.refuse(key, expected, value)
        return value

    def _child(self, key: str, content: Mapping[str, Any]) -> "_Section":
        return _Section(content, where=self._name(key), path=self._path, absent=self._absent)

    def _name(self, key: str) -> str:
        return f"{self._where}.{key}" if self._where else key


def levels_above(level: Level, among: Collection[Level]) -> tuple[Level, ...]:
    """Return those levels of `among` that lie above one, nearest first.

    >>> levels_above("village", {"district", "town", "village", "cell"})
    ('town', 'district')
    """
    return tuple(other for other in reversed(LEVELS[: LEVELS.index(level)]) if other in among)
