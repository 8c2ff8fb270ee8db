"""Reading what comes back from the field: the form's return file, GeoJSON, Excel, GeoPackage, or a zip of one and photos."""

import base64
import binascii
import json
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any

from rs_governance.errors import UsageError
from rs_governance.field.photos import safe_name
from rs_governance.field.returns.tables import read_rows

RETURN_FORMAT, RETURN_VERSION = "rs_governance.return", 1
"""What a return file of the form calls itself."""

PHOTO_BYTES = 60_000_000
"""Largest photo that is taken: a phone's originals have 3 to 15 MB."""

_FILE_BYTES = 600_000_000
_UNPACKED_BYTES = 3_000_000_000
_MEMBERS = 5_000
# Photos do not shrink in a zip; what grows a thousandfold on unpacking is no photo.
_RATIO = 300
_TABLES = (".geojson", ".json", ".xlsx", ".gpkg")
PHOTO_SUFFIXES = (".jpg", ".jpeg", ".png", ".heic", ".heif", ".webp")
"""Kinds of photos that are taken."""


@dataclass(frozen=True, kw_only=True)
class Problem:
    """A row or a file that was not taken, and why."""

    row: str
    """Where: the case's number, the row or the file's name."""
    text: str
    """What was expected, what came, what to do."""

    def __str__(self) -> str:
        """Write it as one line."""
        return f"{self.row}: {self.text}"


@dataclass(frozen=True, kw_only=True)
class ReturnedPhoto:
    """A photo as it came back."""

    name: str
    """Name of its file, safe to show."""
    load: Callable[[], bytes] = field(repr=False)
    """Reads the original."""
    sha256: str | None = None
    """SHA-256 that the phone computed."""
    taken_at: datetime | None = None
    """When the form says that it was taken."""
    lon: float | None = None
    """Longitude of the form in WGS 84."""
    lat: float | None = None
    """Latitude of the form in WGS 84."""
    heading_deg: float | None = None
    """Heading of the form."""
    indoor: bool | None = None
    """Taken indoors."""
    note: str = ""
    """Words."""


@dataclass(frozen=True, kw_only=True)
class ReturnedCase:
    """What came back on one case."""

    number: str
    """Number of the case."""
    version: int | None = None
    """Version of the case in the package."""
    answers: Mapping[str, Any] = field(default_factory=dict)
    """Answers by question."""
    verdict: str | None = None
    """Verdict that the inspector proposes."""
    resolution: str | None = None
    """Resolution that the inspector proposes."""
    note: str = ""
    """Words."""
    position: tuple[float, float] | None = None
    """Longitude and latitude of the inspector in WGS 84."""
    done: bool = True
    """False where the inspector is not finished."""
    photos: tuple[ReturnedPhoto, ...] = ()
    """Photos."""


@dataclass(frozen=True, kw_only=True)
class Return:
    """A return as it was read."""

    export: str | None
    """Number of the package that it answers."""
    receiver: str | None
    """Login of the inspector."""
    saved_at: datetime | None
    """When it was saved, by the phone's clock."""
    cases: tuple[ReturnedCase, ...]
    """What came back, case by case."""
    problems: tuple[Problem, ...]
    """Rows and files that could not be read."""


class _Odd(ValueError):
    """A row that cannot be used."""


def read_return(path: Path) -> Return:
    """Read a return file of whatever kind; what cannot be used of it becomes a problem, the rest is read.

    Parameters
    ----------
    path
        Return file of the form (.json), .geojson, .xlsx, .gpkg, or a .zip of one of them with photos.

    Returns
    -------
    Return
        Cases in the order of the file. A photo's bytes are read when asked for.

    Raises
    ------
    UsageError
        When the file is missing, too large, of no known kind or a zip that unpacks to too much.
    """
    if not path.is_file():
        raise UsageError(f"'{path}' was expected to be a return file, there is no such file; give its path.")
    size = path.stat().st_size
    if size > _FILE_BYTES:
        raise UsageError(
            f"'{path.name}' has {size / 1e6:.0f} MB, a return has at most {_FILE_BYTES / 1e6:.0f} MB; return it in parts."
        )
    if zipfile.is_zipfile(path) and path.suffix.casefold() != ".xlsx":
        return _read_zip(path)
    return _read_table(path.name, path.suffix, path.read_bytes, {})


def _read_zip(path: Path) -> Return:
    with zipfile.ZipFile(path) as archive:
        members = [member for member in archive.infolist() if not member.is_dir()]
        _check_zip(path, members)
        problems: list[Problem] = []
        tables = [member for member in members if _suffix(member) in _TABLES]
        photos: dict[str, Callable[[], bytes]] = {}
        for member in members:
            if _suffix(member) in PHOTO_SUFFIXES:
                photos[safe_name(member.filename).casefold()] = _loader(path, member.filename)
            elif member not in tables:
                problems.append(
                    Problem(row=member.filename, text=f"is neither a table nor a photo ({_kinds()}); left out.")
                )
        if not tables:
            raise UsageError(f"'{path.name}' holds no return file; expected was one of {_kinds()} beside the photos.")
        parts = [
            _read_table(safe_name(member.filename), _suffix(member), _loader(path, member.filename), photos)
            for member in tables
        ]
    named = {photo.name.casefold() for part in parts for case in part.cases for photo in case.photos}
    problems += [
        Problem(row=name, text="no row names this photo; write its name into the column of photos and return it again.")
        for name in sorted(set(photos) - named)
    ]
    return Return(
        export=next((part.export for part in parts if part.export), None),
        receiver=next((part.receiver for part in parts if part.receiver), None),
        saved_at=next((part.saved_at for part in parts if part.saved_at), None),
        cases=tuple(case for part in parts for case in part.cases),
        problems=(*(problem for part in parts for problem in part.problems), *problems),
    )


def _kinds() -> str:
    return ", ".join((*_TABLES, *PHOTO_SUFFIXES))


def _suffix(member: zipfile.ZipInfo) -> str:
    return PurePosixPath(member.filename).suffix.casefold()


def _check_zip(path: Path, members: Sequence[zipfile.ZipInfo]) -> None:
    unpacked = sum(member.file_size for member in members)
    if len(members) > _MEMBERS or unpacked > _UNPACKED_BYTES:
        raise UsageError(
            f"'{path.name}' unpacks to {len(members)} files and {unpacked / 1e6:.0f} MB; a return has at most {_MEMBERS} files "
            f"and {_UNPACKED_BYTES / 1e6:.0f} MB. Return it in parts."
        )
    for member in members:
        if member.file_size > _RATIO * max(member.compress_size, 1) + 1_000_000:
            raise UsageError(
                f"'{member.filename}' in '{path.name}' unpacks to {member.file_size / max(member.compress_size, 1):.0f} times its "
                "size, as no photo does; the archive is refused. Zip the photos again."
            )


def _loader(path: Path, name: str) -> Callable[[], bytes]:
    def load() -> bytes:
        with zipfile.ZipFile(path) as archive, archive.open(name) as member:
            return member.read(_FILE_BYTES + 1)

    return load


def _read_table(name: str, suffix: str, load: Callable[[], bytes], photos: Mapping[str, Callable[[], bytes]]) -> Return:
    suffix = suffix.casefold()
    if suffix not in _TABLES:
        raise UsageError(f"'{name}' is no return file; expected was {', '.join(_TABLES)} or a .zip of one with photos.")
    head: Mapping[str, Any] = {}
    if suffix in (".json", ".geojson"):
        head = _read_json(name, load())
        rows: Sequence[Any] = head["cases"] if head.get("format") == RETURN_FORMAT else list(_of_features(head))
    else:
        rows = read_rows(name, suffix, load())
    cases: list[ReturnedCase] = []
    problems: list[Problem] = []
    for place, row in enumerate(rows, 1):
        try:
            case, odd = _case(row, photos)
        except _Odd as error:
            problems.append(Problem(row=f"{name}, row {place}", text=str(error)))
            continue
        cases.append(case)
        problems.extend(odd)
    return Return(
        export=_words(head.get("export")),
        receiver=_words(head.get("receiver")),
        saved_at=_moment(head.get("saved_at")),
        cases=tuple(cases),
        problems=tuple(problems),
    )


def _read_json(name: str, data: bytes) -> Mapping[str, Any]:
    try:
        content = json.loads(data)
    except (UnicodeDecodeError, ValueError, RecursionError) as error:
        raise UsageError(
            f"'{name}' is no JSON ({error}); the form's file was cut off or changed, save it again."
        ) from None
    if isinstance(content, dict):
        if content.get("format") == RETURN_FORMAT and isinstance(content.get("cases"), list):
            if content.get("version") != RETURN_VERSION:
                raise UsageError(
                    f"'{name}' is a return of version {content.get('version')}, this program reads {RETURN_VERSION}; export the task again."
                )
            return content
        if content.get("type") == "FeatureCollection" and isinstance(content.get("features"), list):
            return content
    raise UsageError(
        f"'{name}' is neither a return file of the form nor a GeoJSON FeatureCollection; choose another file."
    )


def _of_features(content: Mapping[str, Any]) -> Iterator[Any]:
    for feature in content["features"]:
        properties = feature.get("properties") if isinstance(feature, dict) else None
        yield dict(properties) if isinstance(properties, dict) else None


def _case(row: Any, photos: Mapping[str, Callable[[], bytes]]) -> tuple[ReturnedCase, list[Problem]]:
    if not isinstance(row, Mapping) or not _words(row.get("number")):
        raise _Odd("names no case; the number of the case was expected under 'number' (案件号).")
    number = str(_words(row["number"]))
    answers = row.get("answers") or {}
    if not isinstance(answers, Mapping):
        raise _Odd(f"the answers of case {number} are no set of questions and answers.")
    taken, problems = [], []
    for photo in row.get("photos") or ():
        try:
            taken.append(_photo(photo, photos))
        except _Odd as error:
            problems.append(Problem(row=number, text=str(error)))
    position = row.get("position")
    lon, lat = _lonlat(position) if isinstance(position, Mapping) else (None, None)
    version = row.get("version")
    case = ReturnedCase(
        number=number,
        version=version if isinstance(version, int) else None,
        answers={str(key): _plain(value) for key, value in answers.items()},
        verdict=_words(row.get("verdict")),
        resolution=_words(row.get("resolution")),
        note=_words(row.get("note")) or "",
        position=None if lon is None or lat is None else (lon, lat),
        done=row.get("done") is not False,
        photos=tuple(taken),
    )
    return case, problems


def _photo(photo: Any, photos: Mapping[str, Callable[[], bytes]]) -> ReturnedPhoto:
    if not isinstance(photo, Mapping):
        photo = {"name": photo}
    name = safe_name(str(photo.get("name") or "photo"))
    data = photo.get("data")
    if isinstance(data, str):
        load = _decoder(name, data)
    elif (found := photos.get(name.casefold())) is not None:
        load = found
    else:
        raise _Odd(f"the photo '{name}' is not in the return; add it to the zip and return it again.")
    lon, lat = _lonlat(photo)
    heading = photo.get("heading_deg")
    return ReturnedPhoto(
        name=name,
        load=load,
        sha256=_words(photo.get("sha256")),
        taken_at=_moment(photo.get("taken_at")),
        lon=lon,
        lat=lat,
        heading_deg=float(heading) % 360 if _number(heading) else None,
        indoor=photo.get("indoor") if isinstance(photo.get("indoor"), bool) else None,
        note=_words(photo.get("note")) or "",
    )


def _decoder(name: str, text: str) -> Callable[[], bytes]:
    # Four characters carry three bytes: a photo that is too large is not decoded at all.
    if len(text) * 3 // 4 > PHOTO_BYTES:
        raise _Odd(
            f"the photo '{name}' has {len(text) * 0.75e-6:.0f} MB; at most {PHOTO_BYTES / 1e6:.0f} MB are taken."
        )

    def load() -> bytes:
        try:
            return base64.b64decode(text.partition(",")[2] if text.startswith("data:") else text, validate=True)
        except binascii.Error:
            return b""

    return load


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e9


def _lonlat(values: Mapping[str, Any]) -> tuple[float | None, float | None]:
    lon, lat = values.get("lon"), values.get("lat")
    if not _number(lon) or not _number(lat) or not (-180 <= lon <= 180 and -90 <= lat <= 90):  # type: ignore[operator]
        return None, None
    return float(lon), float(lat)  # type: ignore[arg-type]


def _moment(value: Any) -> datetime | None:
    try:
        at = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return None if at.tzinfo is None else at.astimezone(UTC)


def _words(value: Any) -> str | None:
    text = "" if value is None else str(value).strip()
    return text[:4000] or None


def _plain(value: Any) -> Any:
    if isinstance(value, bool | int | float) or value is None:
        return value if value is None or abs(value) < 1e15 else str(value)
    if isinstance(value, list):
        return [_plain(part) for part in value[:200]]
    return str(value)[:4000]
