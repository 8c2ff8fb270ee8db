"""Reading what comes back from the field: the form's return file, GeoJSON, Excel, GeoPackage, or a zip of one and photos."""

import base64
import binascii
import json
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rs_governance.cases import RESOLUTIONS, VERDICTS
from rs_governance.errors import LayerUnreadable, UsageError
from rs_governance.field.photos import safe_name
from rs_governance.field.questions import read_questions
from rs_governance.field.returns.archive import (
    FILE_BYTES,
    Photos,
    bomb,
    check_zip,
    is_bomb,
    path_of,
    photo_loader,
    suffix_of,
    table_loader,
)
from rs_governance.field.returns.returned import (
    PHOTO_BYTES,
    Odd,
    Problem,
    Return,
    ReturnedCase,
    ReturnedPhoto,
    leave_out,
    too_large,
)
from rs_governance.field.returns.tables import filled_in, read_rows, to_row

RETURN_FORMAT, RETURN_VERSION = "rs_governance.return", 1
"""What a return file of the form calls itself."""

PHOTO_SUFFIXES = (".jpg", ".jpeg", ".png", ".heic", ".heif", ".webp")
"""Kinds of photos that are taken."""

_TABLES = (".geojson", ".json", ".xlsx", ".gpkg")


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
        When the file is missing.
    LayerUnreadable
        When it is too large, of no known kind, damaged, or a zip of which no table can be read or that unpacks to too much.
        A member that cannot be used, a bomb among them, is a problem; the others are read.
    """
    if not path.is_file():
        raise UsageError(
            f"'{path}' was expected to be a return file, there is no such file; give its path.",
            zh=f"没有文件 '{path}'；请给出回传文件的路径。",
        )
    size = path.stat().st_size
    if size > FILE_BYTES:
        raise LayerUnreadable(
            f"'{path.name}' has {size / 1e6:.0f} MB, a return has at most {FILE_BYTES / 1e6:.0f} MB; return it in parts.",
            zh=f"'{path.name}' 有 {size / 1e6:.0f} MB，回传最多 {FILE_BYTES / 1e6:.0f} MB；请分批回传。",
        )
    if zipfile.is_zipfile(path) and path.suffix.casefold() != ".xlsx":
        return _read_zip(path)
    return _read_table(path.name, path.suffix, path.read_bytes, Photos({}))


def _read_zip(path: Path) -> Return:
    with zipfile.ZipFile(path) as archive:
        members = [member for member in archive.infolist() if not member.is_dir()]
    check_zip(path, members)
    problems: list[Problem] = []
    tables = [member for member in members if suffix_of(member) in _TABLES]
    photos = Photos({})
    for member in members:
        if suffix_of(member) in PHOTO_SUFFIXES:
            photos.by_path[path_of(member)] = photo_loader(path, member)
        elif member not in tables:
            problems.append(
                Problem(
                    row=path_of(member),
                    text=f"is neither a table nor a photo ({_kinds()}); left out.",
                    text_zh=f"既不是表格也不是照片（{_kinds()}），未接收。",
                )
            )
    if not tables:
        raise LayerUnreadable(
            f"'{path.name}' holds no return file; expected was one of {_kinds()} beside the photos.",
            zh=f"'{path.name}' 中没有回传文件；照片之外还应有一个 {'、'.join(_TABLES)} 文件。",
        )
    parts, unread = [], []
    for member in tables:
        try:
            name = safe_name(path_of(member))
            parts.append(_read_table(name, suffix_of(member), table_loader(path, member), photos))
        except LayerUnreadable as error:
            unread.append(error)
            problems.append(Problem.of(path_of(member), error))
    if not parts:
        raise unread[0]
    bombs = {path_of(member): member for member in members if is_bomb(member)}
    problems += [
        Problem.of(name, bomb(bombs[name]))
        if name in bombs
        else Problem(
            row=name,
            text="no row names this photo; write its name into the column of photos and return it again.",
            text_zh="没有一行写明这张照片；请在照片列填写文件名后重新回传。",
        )
        for name in sorted(set(photos.by_path) - photos.named)
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


def _read_table(name: str, suffix: str, load: Callable[[], bytes], photos: Photos) -> Return:
    suffix = suffix.casefold()
    if suffix not in _TABLES:
        raise LayerUnreadable(
            f"'{name}' is no return file; expected was {', '.join(_TABLES)} or a .zip of one with photos.",
            zh=f"'{name}' 不是回传文件；应为 {'、'.join(_TABLES)}，或其与照片的 .zip。",
        )
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
        except Odd as error:
            problems.append(Problem.of(f"{name}, row {place}", error))
            continue
        cases.append(case)
        problems.extend(odd)
    export, receiver = _origin(name, head, rows)
    return Return(
        export=export,
        receiver=receiver,
        saved_at=_moment(head.get("saved_at")),
        cases=tuple(cases),
        problems=tuple(problems),
    )


def _origin(name: str, head: Mapping[str, Any], rows: Sequence[Any]) -> tuple[str | None, str | None]:
    """Say which package a table is of, and whose: by its head (form), its package (task list) or its rows (sheet, layer)."""
    package = head.get("package")
    if isinstance(package, Mapping):
        receiver = _words(package.get("receiver"))
        return _words(package.get("number")), None if receiver is None or ":" in receiver else receiver
    exports = {_words(row["export"]) for row in rows if isinstance(row, Mapping) and "export" in row} - {None}
    if len(exports) > 1:
        told = ", ".join(sorted(map(str, exports)))
        raise LayerUnreadable(
            f"'{name}' holds rows of the packages {told}; return those of each package in a file of its own.",
            zh=f"'{name}' 中有不同任务包的行（{told}）；请按任务包分别回传。",
        )
    return _words(head.get("export")) or next(iter(exports), None), _words(head.get("receiver"))


def _read_json(name: str, data: bytes) -> Mapping[str, Any]:
    try:
        content = json.loads(data)
    except (UnicodeDecodeError, ValueError, RecursionError) as error:
        raise LayerUnreadable(
            f"'{name}' is no JSON in UTF-8 ({error}); the form's file was cut off or changed, save it again.",
            zh=f"'{name}' 不是 UTF-8 的 JSON（{error}）；文件被截断或改动过，请在表单中重新保存。",
        ) from None
    if isinstance(content, dict):
        if content.get("format") == RETURN_FORMAT and isinstance(content.get("cases"), list):
            if content.get("version") != RETURN_VERSION:
                raise LayerUnreadable(
                    f"'{name}' is a return of version {content.get('version')}, this program reads {RETURN_VERSION}; export the task again.",
                    zh=f"'{name}' 是第 {content.get('version')} 版回传，本程序读取第 {RETURN_VERSION} 版；请重新导出任务包。",
                )
            return content
        if content.get("type") == "FeatureCollection" and isinstance(content.get("features"), list):
            return content
    raise LayerUnreadable(
        f"'{name}' is neither a return file of the form nor a GeoJSON FeatureCollection; choose another file.",
        zh=f"'{name}' 既不是表单的回传文件，也不是 GeoJSON 要素集；请换一个文件。",
    )


def _of_features(content: Mapping[str, Any]) -> Iterator[Any]:
    for feature in content["features"]:
        properties = feature.get("properties") if isinstance(feature, dict) else None
        if not isinstance(properties, dict):
            yield None
        elif isinstance(properties.get("answers"), dict) or isinstance(properties.get("photos"), list):
            yield properties
        else:
            # The package's own list, filled in by a GIS: columns as in its tables; a feature that nobody touched is none.
            row = to_row(properties)
            if row is None or filled_in(row):
                yield row


def _case(row: Any, photos: Photos) -> tuple[ReturnedCase, list[Problem]]:
    if isinstance(row, Odd):
        raise row
    if not isinstance(row, Mapping) or not _words(row.get("number")):
        raise Odd(
            "names no case; the number of the case was expected under 'number' (案件号).",
            zh="没有案件号；请填写案件号。",
        )
    number = str(_words(row["number"]))
    answers = row.get("answers") or {}
    if not isinstance(answers, Mapping):
        raise Odd(
            f"the answers of case {number} are no set of questions and answers; save the return again.",
            zh=f"案件 {number} 的回答格式有误；请重新保存回传。",
        )
    taken, problems = [], []
    listed = row.get("photos") or []
    if not isinstance(listed, list):
        raise Odd(
            f"the photos of case {number} are no list; save the return again.",
            zh=f"案件 {number} 的照片格式有误；请重新保存回传。",
        )
    for photo in listed:
        try:
            taken.append(_photo(photo, photos))
        except Odd as error:
            problems.append(leave_out(number, error))
    position = row.get("position")
    lon, lat = _lonlat(position) if isinstance(position, Mapping) else (None, None)
    if isinstance(position, Mapping) and lon is None and any(position.get(name) is not None for name in ("lon", "lat")):
        told = f"lon {position.get('lon')}, lat {position.get('lat')}"
        problems.append(
            Problem(
                row=number,
                text=f"its position is none ({told}): swapped? The rest was taken.",
                text_zh=f"位置不成立（{told}），经纬度是否颠倒？其余已接收。",
            )
        )
    problems += [Problem(row=number, text=en, text_zh=zh) for zh, en in _unknown(row, answers)]
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


def _unknown(row: Mapping[str, Any], answers: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Tell of words that are of no list, in Chinese and in English; what else came is taken.

    Yields
    ------
    tuple of str
        Chinese and English.
    """
    for name, zh, known in (("verdict", "认定建议", VERDICTS), ("resolution", "结论建议", RESOLUTIONS)):
        code = _words(row.get(name))
        if code is not None and code not in known:
            choices = "、".join(word.zh for word in known.values())
            yield (
                f"{zh} '{code[:40]}' 不在选项中（{choices}），未采用。",
                f"{name} '{code[:40]}' is none of {', '.join(known)}; it was left out.",
            )
    for question in read_questions():
        codes = [code for code, _ in question.choices]
        answer = answers.get(question.id)
        if codes and answer is not None and answer not in codes:
            yield (
                f"“{question.zh}”的回答 '{str(answer)[:40]}' 不在选项中（{'、'.join(word.zh for _, word in question.choices)}），按原样保留。",
                f"the answer '{str(answer)[:40]}' to {question.id} is none of {', '.join(codes)}; it is kept as it came.",
            )


def _photo(photo: Any, photos: Photos) -> ReturnedPhoto:
    if not isinstance(photo, Mapping):
        photo = {"name": photo}
    name = safe_name(str(photo.get("name") or "photo"))
    data = photo.get("data")
    if isinstance(data, str):
        load = _decoder(name, data)
    else:
        load = photos.find(str(photo.get("name") or "photo"))
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
        raise too_large(name, len(text) * 3 // 4)

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
