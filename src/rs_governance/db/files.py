"""Files that are there whole or not at all, also after a power cut."""

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import rmtree

_CHUNK_BYTES = 1 << 20


def make_lasting(file: Path) -> None:
    """Return when the disk has the content of a file."""
    with file.open("rb") as opened:
        os.fsync(opened.fileno())


def sync_folder(folder: Path) -> None:
    """Return when the disk has the names in a folder."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sha256_of(file: Path) -> str:
    """Hash the content of a file."""
    digest = hashlib.sha256()
    with file.open("rb") as opened:
        while chunk := opened.read(_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


@contextmanager
def whole_folder(folder: Path, *, former: Path | None = None) -> Iterator[Path]:
    """Fill a folder that appears under its name when all of it is on the disk, and not at all after an error.

    Parameters
    ----------
    folder
        Folder to make; it must not exist, or be empty, where `former` is None.
    former
        Name under which the folder that is there is kept, given to it just before.

    Yields
    ------
    pathlib.Path
        Folder beside it to be filled meanwhile. What a killed process leaves there is removed by the next one.
    """
    partial = _partial(folder)
    if partial.exists():
        rmtree(partial)
    partial.mkdir(parents=True)
    try:
        yield partial
        for path in sorted(partial.rglob("*")):
            sync_folder(path) if path.is_dir() else make_lasting(path)
        sync_folder(partial)
        if former is not None:
            folder.rename(former)
        partial.rename(folder)
    except BaseException:
        rmtree(partial, ignore_errors=True)
        raise
    sync_folder(folder.parent)


@contextmanager
def whole_file(file: Path) -> Iterator[Path]:
    """Write a file that appears under its name when all of it is on the disk, and not at all after an error.

    Parameters
    ----------
    file
        File to make or replace.

    Yields
    ------
    pathlib.Path
        File beside it to be written meanwhile.
    """
    partial = _partial(file)
    file.parent.mkdir(parents=True, exist_ok=True)
    partial.unlink(missing_ok=True)
    try:
        yield partial
        make_lasting(partial)
        partial.rename(file)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    sync_folder(file.parent)


def _partial(path: Path) -> Path:
    return path.with_name(f".{path.name}.partial")
