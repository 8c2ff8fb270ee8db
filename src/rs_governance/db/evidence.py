"""Evidence: originals of photos and papers, each in a file named by its hash, written once and never changed."""

import hashlib
import os
import re
from collections.abc import Iterator
from pathlib import Path

from rs_governance.db.files import make_lasting, sync_folder
from rs_governance.db.store import Store
from rs_governance.errors import OutputFailed, StoreInvalid

_NAME = re.compile(r"[0-9a-f]{64}(\.[a-z0-9]{1,8})?")
_SUFFIX = re.compile(r"(\.[a-z0-9]{1,8})?")


def keep_evidence(store: Store, data: bytes, suffix: str) -> str:
    """Keep an original: whole and for good when this returns, once however often it is given.

    Call it before the transaction that names the hash, so that no event ever names a file that is not there.

    Parameters
    ----------
    store
        The store.
    data
        The original, byte by byte.
    suffix
        Suffix of the file, such as `.jpg`; small letters and digits, or empty.

    Returns
    -------
    str
        SHA-256 of the data, 64 hexadecimal digits.

    Raises
    ------
    OutputFailed
        When the disk takes it not.
    ValueError
        When the suffix is none.
    """
    if not _SUFFIX.fullmatch(suffix):
        raise ValueError(f"A suffix is '.' and up to 8 small letters or digits, or empty; got {suffix!r}.")
    sha256 = hashlib.sha256(data).hexdigest()
    folder = store.evidence / sha256[:2]
    if _files_of(folder, sha256):
        return sha256
    partial = folder / f".{sha256}.{os.getpid()}.partial"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        partial.write_bytes(data)
        partial.chmod(0o444)
        make_lasting(partial)
        partial.replace(folder / f"{sha256}{suffix}")
        sync_folder(folder)
        sync_folder(store.evidence)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise OutputFailed(
            f"Evidence cannot be kept in '{store.evidence}': {error.strerror}; make room or allow writing there.",
            zh=f"证据存不进 '{store.evidence}'（{error.strerror}）；请腾出空间或开放写权限。",
        ) from error
    return sha256


def find_evidence(store: Store, sha256: str) -> Path:
    """Find the file of an original.

    Parameters
    ----------
    store
        The store.
    sha256
        Hash under which it was kept.

    Returns
    -------
    pathlib.Path
        The file; it is not read, so whether it still has this hash is `rsg audit verify`'s to say.

    Raises
    ------
    StoreInvalid
        When there is none.
    """
    files = _files_of(store.evidence / sha256[:2], sha256)
    if not files:
        raise StoreInvalid(
            f"Evidence {sha256} is not in '{store.evidence}'; bring it back from a backup.",
            zh=f"'{store.evidence}' 中缺少证据 {sha256}；请从备份找回。",
        )
    return files[0]


def evidence_files(folder: Path) -> Iterator[Path]:
    """List the originals in a folder of evidence, leaving out half-written ones.

    Yields
    ------
    pathlib.Path
        Files in the order of their hash.
    """
    for file in sorted(folder.glob("??/*")):
        if _NAME.fullmatch(file.name):
            yield file


def _files_of(folder: Path, sha256: str) -> list[Path]:
    return [file for file in sorted(folder.glob(f"{sha256}*")) if _NAME.fullmatch(file.name)]
