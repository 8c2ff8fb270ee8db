"""The files that went into a run, told by their content."""

import hashlib
import threading
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

_CHUNK_BYTES = 1 << 22


@dataclass(frozen=True, kw_only=True)
class InputFile:
    """A file that went into a run."""

    name: str
    """File name without folders."""
    size_bytes: int
    """Length of the file."""
    sha256: str
    """Hexadecimal digest of its content."""


def hash_files(
    paths: Iterable[Path], *, threads: int = 2, stop: threading.Event | None = None
) -> tuple[InputFile, ...]:
    """Return name, size and SHA-256 of files, in the order given.

    Parameters
    ----------
    paths
        Files to read, in pieces of 4 MiB.
    threads
        Files that are read at once; hashing leaves the interpreter's lock.
    stop
        Set by who no longer wants the result: then the rest is not read, and what is returned is of no use.
    """
    with ThreadPoolExecutor(max_workers=threads) as pool:
        return tuple(pool.map(partial(_hash_file, stop=stop or threading.Event()), paths))


def _hash_file(path: Path, *, stop: threading.Event) -> InputFile:
    room = min(_CHUNK_BYTES, max(1, path.stat().st_size))  # tens of thousands of small pictures need no 4 MiB each
    digest, buffer, size = hashlib.sha256(), memoryview(bytearray(room)), 0
    with path.open("rb", buffering=0) as file:
        while not stop.is_set() and (count := file.readinto(buffer)):
            digest.update(buffer[:count])
            size += count
    return InputFile(name=path.name, size_bytes=size, sha256=digest.hexdigest())
