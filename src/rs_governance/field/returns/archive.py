"""A zip that came back: its members, checked before anything is unpacked, and the photos by their names."""

import zipfile
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from rs_governance.errors import LayerUnreadable
from rs_governance.field.photos import safe_name
from rs_governance.field.returns.returned import PHOTO_BYTES, Odd, too_large

FILE_BYTES = 600_000_000
"""Largest return that is read."""

_UNPACKED_BYTES = 3_000_000_000
_MEMBERS = 5_000
# Photos do not shrink in a zip; what grows a thousandfold on unpacking is no photo.
_RATIO = 300


@dataclass(frozen=True)
class Photos:
    """Photos beside a table, by their path in the archive, and which of them a row has named."""

    by_path: dict[str, Callable[[], bytes]]
    """What reads each photo."""
    named: set[str] = field(default_factory=set)
    """Paths that a row has named."""

    def find(self, told: str) -> Callable[[], bytes]:
        """Find the photo that a row names by its path or, where only one has it, by its name.

        Raises
        ------
        Odd
            When there is none, or several have the name.
        """
        name = told.replace("\\", "/").casefold().strip("/")
        fitting = [path for path in self.by_path if path.casefold() == name]
        last = safe_name(told).casefold()
        fitting = fitting or [path for path in self.by_path if safe_name(path).casefold() == last]
        if not fitting:
            raise Odd(
                f"the photo '{safe_name(told)}' is not in the return; add it to the zip and return it again.",
                zh=f"回传中没有照片 '{safe_name(told)}'；请放入 zip 后重新回传。",
            )
        if len(fitting) > 1:
            raise Odd(
                f"the return has {len(fitting)} photos named '{safe_name(told)}' ({', '.join(fitting)}); write the folder, too, "
                "and return it again.",
                zh=f"回传中有 {len(fitting)} 张同名照片 '{safe_name(told)}'（{'、'.join(fitting)}）；请连同文件夹一起写明后重新回传。",
            )
        self.named.add(fitting[0])
        return self.by_path[fitting[0]]


def suffix_of(member: zipfile.ZipInfo) -> str:
    """Return the suffix of a member in small letters."""
    return PurePosixPath(path_of(member)).suffix.casefold()


def path_of(member: zipfile.ZipInfo) -> str:
    """Return a member's path; names without the mark of UTF-8 are of Windows in Chinese, not of code page 437."""
    if member.flag_bits & 0x800:
        return member.filename
    try:
        return member.filename.encode("cp437").decode("gb18030")
    except UnicodeError:
        return member.filename


def check_zip(path: Path, members: Sequence[zipfile.ZipInfo]) -> None:
    """Refuse an archive that unpacks to too much; a single member that does is left out by those who read it.

    Raises
    ------
    LayerUnreadable
        When it has too many members, or together they are too large.
    """
    unpacked = sum(member.file_size for member in members if not is_bomb(member))
    if len(members) > _MEMBERS or unpacked > _UNPACKED_BYTES:
        raise LayerUnreadable(
            f"'{path.name}' unpacks to {len(members)} files and {unpacked / 1e6:.0f} MB; a return has at most {_MEMBERS} files "
            f"and {_UNPACKED_BYTES / 1e6:.0f} MB. Return it in parts.",
            zh=f"'{path.name}' 解压后有 {len(members)} 个文件、{unpacked / 1e6:.0f} MB，最多 {_MEMBERS} 个文件、"
            f"{_UNPACKED_BYTES / 1e6:.0f} MB；请分批回传。",
        )


def is_bomb(member: zipfile.ZipInfo) -> bool:
    """Tell whether a member grows on unpacking as no photo and no table does."""
    return member.file_size > _RATIO * max(member.compress_size, 1) + 1_000_000


def bomb(member: zipfile.ZipInfo) -> Odd:
    """Return the error of a member that `is_bomb`."""
    times = member.file_size / max(member.compress_size, 1)
    return Odd(
        f"'{path_of(member)}' unpacks to {times:.0f} times its size, as no photo and no table does; zip it anew and return it again.",
        zh=f"'{path_of(member)}' 解压后是原来的 {times:.0f} 倍，照片和表格不会如此；请重新压缩后回传。",
    )


def photo_loader(path: Path, member: zipfile.ZipInfo) -> Callable[[], bytes]:
    """Return a function that unpacks a photo; one that is too large is left where it is."""

    def load() -> bytes:
        if is_bomb(member):
            raise bomb(member)
        if member.file_size > PHOTO_BYTES:
            raise too_large(safe_name(path_of(member)), member.file_size)
        return _unpack(path, member)

    return load


def table_loader(path: Path, member: zipfile.ZipInfo) -> Callable[[], bytes]:
    """Return a function that unpacks a table, or says why the archive cannot be read."""

    def load() -> bytes:
        try:
            if is_bomb(member):
                raise bomb(member)
            return _unpack(path, member)
        except Odd as error:
            raise LayerUnreadable(f"'{path.name}': {error}", zh=f"'{path.name}'：{error.told('zh')}") from None

    return load


def _unpack(path: Path, member: zipfile.ZipInfo) -> bytes:
    if member.flag_bits & 0x1:
        raise Odd(
            f"'{path_of(member)}' is encrypted; zip it without a password and return it again.",
            zh=f"'{path_of(member)}' 有密码；请不设密码重新压缩后回传。",
        )
    try:
        with zipfile.ZipFile(path) as archive, archive.open(member) as opened:
            return opened.read(FILE_BYTES + 1)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError) as error:
        raise Odd(
            f"'{path_of(member)}' is damaged ({error}); zip it anew and return it again.",
            zh=f"'{path_of(member)}' 已损坏（{error}）；请重新压缩后回传。",
        ) from None
