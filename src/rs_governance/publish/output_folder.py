"""A result folder that appears whole or not at all."""

import ctypes
import errno
import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

from rs_governance.errors import OutputFailed

MANIFEST = ".rsg-result"
"""File that marks a folder as a result of ours and names what we put there, one a line."""

_AT_FDCWD = -100
_RENAME_EXCHANGE = 2

_REASONS = {
    errno.ENOSPC: "the disk is full; free some room",
    errno.EDQUOT: "the quota is used up; free some room",
    errno.EFBIG: "a file grew past the allowed size; raise the limit or choose another disk",
    errno.EACCES: "no permission to write there; choose another folder",
    errno.EPERM: "no permission to write there; choose another folder",
    errno.EROFS: "the disk is read-only; choose another folder",
    errno.ENOENT: "the folder is gone; start again",
    errno.ENOTDIR: "a file is in the way; choose another folder",
    errno.ENAMETOOLONG: "the name is too long; choose a shorter one",
    errno.EBUSY: "it is a mount point; choose a folder inside it",
    errno.EXDEV: "it is a mount point; choose a folder inside it",
    errno.EEXIST: "a file is in the way; choose another folder",
    errno.ENOTEMPTY: "it was filled meanwhile; choose another folder",
    errno.EIO: "the disk reports an error; choose another disk",
}


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn the operating system's errors while `path` is written into one `OutputFailed`.

    Raises
    ------
    OutputFailed
        When the disk is full, the place is not writable and the like; other errors pass unchanged.
    """
    try:
        yield
    except OSError as error:
        if error.errno not in _REASONS:
            raise
        raise OutputFailed(f"Cannot write {str(path)!r}: {_REASONS[error.errno]}.") from error


class OutputFolder:
    """A folder that is filled out of sight and published by one rename.

    Files go into a hidden sibling, `.NAME.rsg-part`, and reach `out` together when the block ends without an
    error: whatever happens in between, a power cut included, `out` is absent, empty or whole. A former result is
    exchanged with the new one in one step, unless it holds files that we did not put there. What a killed run left behind is removed by the next run to the
    same place. The lock is on the hidden folder itself, so two runs to one place refuse each other.

    Parameters
    ----------
    out
        Folder to publish; it may be absent or empty.
    replace
        True to allow `out` to be a former result, which is then replaced.
    keep
        Name that a replaced result is given; it is removed where None. While it is renamed `out` is absent for a moment:
        a run that dies then has lost nothing, and is run again.

    Raises
    ------
    OutputFailed
        When `out` holds something else, another run is writing it, or the place cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as parent:
    ...     out = Path(parent) / "result"
    ...     with OutputFolder(out) as part:
    ...         _ = (part / "hello.txt").write_text("hello")
    ...         seen = out.exists()
    ...     print(seen, [file.name for file in out.iterdir() if file.suffix])
    False ['hello.txt']
    """

    def __init__(self, out: Path, *, replace: bool = False, keep: Path | None = None) -> None:
        self.out = out.resolve()
        self.replace = replace
        self.keep = keep
        self._part = _part_of(self.out)
        self._locks: list[int] = []

    def __enter__(self) -> Path:
        """Return the hidden folder to write into."""
        try:
            with writing(self.out):
                self._refuse_foreign()
                self._make_room()
        except BaseException:
            self._unlock()
            raise
        return self._part

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Publish the folder, or remove it when the block failed."""
        hidden_is_ours = True
        try:
            if error is None:
                with writing(self.out):
                    hidden_is_ours = self._publish()
        finally:
            if hidden_is_ours:
                shutil.rmtree(self._part, ignore_errors=True)
            self._unlock()

    def _refuse_foreign(self) -> None:
        if not self.out.name or self.out == Path.cwd():  # a folder that someone stands in cannot be exchanged
            raise OutputFailed(f"{str(self.out)!r} cannot be the output folder; name a folder inside it.")
        if self.out.exists() and not self.out.is_dir():
            raise OutputFailed(f"{str(self.out)!r} is not a folder; choose another name.")
        if not self.out.exists() or not any(self.out.iterdir()):
            return
        if not self.replace:
            raise OutputFailed(f"{str(self.out)!r} is not empty; choose another folder, or say --replace.")
        if foreign := _foreign_entries(self.out):
            raise OutputFailed(
                f"{str(self.out)!r} holds {foreign[0]!r}, which no run wrote; move it away or choose another folder."
            )

    def _make_room(self) -> None:
        try:
            self.out.parent.mkdir(parents=True, exist_ok=True)
            self._make_part()
        except FileNotFoundError as error:  # the folder above is there, or was just made: this is no place for files
            raise OutputFailed(
                f"Cannot write {str(self.out)!r}: no folder can be made in {str(self.out.parent)!r}, which is not a disk "
                "(such as /proc) or is being removed; choose another place."
            ) from error

    def _make_part(self) -> None:
        """Make the hidden folder, or take over a dead run's, and empty it."""
        self._part.mkdir(exist_ok=True)
        self._lock(self._part)
        for entry in self._part.iterdir():
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry)
            else:
                entry.unlink()

    def _publish(self) -> bool:
        """Give the filled folder its name; return whether the hidden name still holds a folder of ours."""
        entries = sorted(entry.name for entry in self._part.iterdir())
        (self._part / MANIFEST).write_text("".join(f"{name}\n" for name in entries), encoding="utf-8")
        for folder, _, names in os.walk(self._part):
            for name in names:
                _sync(Path(folder) / name)
            _sync(Path(folder))
        self._refuse_foreign()  # the place may have been filled while we worked
        replaces = self.out.exists() and any(self.out.iterdir())
        if replaces:
            self._lock(self.out)  # the former result takes the hidden name, where no other run may take it over
            if self.keep is not None:
                self.keep.parent.mkdir(parents=True, exist_ok=True)
                self.out.rename(self.keep)
                self._part.rename(self.out)
                replaces = False
            else:
                _exchange(self._part, self.out)
        else:
            self._part.rename(self.out)
        _sync(self.out.parent)
        return replaces

    def _lock(self, folder: Path) -> None:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        self._locks.append(descriptor)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            ours = os.path.samestat(os.fstat(descriptor), folder.stat())  # not renamed since it was opened
        except BlockingIOError:
            ours = False
        if not ours:
            raise OutputFailed(f"Another run is writing {str(self.out)!r}; wait for it, or choose another folder.")

    def _unlock(self) -> None:
        while self._locks:
            os.close(self._locks.pop())


def is_left_behind(out: Path) -> bool:
    """Tell whether a run to `out` was killed before its folder appeared: what it had made is there, and nobody works on it."""
    try:
        descriptor = os.open(_part_of(out.resolve()), os.O_RDONLY | os.O_DIRECTORY)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)
    return True


def remove_left_behind(out: Path) -> None:
    """Remove what a killed run to `out` had made, where it is still there."""
    if is_left_behind(out):
        shutil.rmtree(_part_of(out.resolve()), ignore_errors=True)


def _part_of(out: Path) -> Path:
    return out.parent / f".{out.name}.rsg-part"


def _foreign_entries(folder: Path) -> list[str]:
    """Return what is in a folder that we did not put there; a reader's sidecar of our file counts as ours."""
    try:
        ours = tuple((folder / MANIFEST).read_text(encoding="utf-8").split("\n")[:-1])
    except (FileNotFoundError, ValueError):
        ours = ()
    return sorted(entry.name for entry in folder.iterdir() if not (ours and entry.name.startswith((MANIFEST, *ours))))


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _exchange(one: Path, other: Path) -> None:
    """Swap two folders in one step, so that neither name is ever absent."""
    rename = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if rename is None:
        code = errno.ENOSYS
    elif rename(_AT_FDCWD, os.fsencode(one), _AT_FDCWD, os.fsencode(other), _RENAME_EXCHANGE) == 0:
        code = 0
    else:
        code = ctypes.get_errno()
    if code:
        if code in (errno.EINVAL, errno.ENOSYS):
            raise OutputFailed(
                f"This disk cannot swap folders in one step; remove the former result {str(other)!r} yourself."
            )
        raise OSError(code, os.strerror(code), str(other))
