"""Anchors: signed notes, kept outside the store, of how long the chain was and what its last hash was.

Who can write the store could also seal the whole chain anew. He cannot sign that it was so at an earlier time: the key
lies apart, best on another machine or with another person.
"""

import fcntl
import hashlib
import heapq
import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.orm import Session

from rs_governance.db import AnchorNote, Event, Store, canonical_json, moment_text
from rs_governance.db.chain import GENESIS
from rs_governance.errors import OutputFailed, StoreInvalid, UsageError

_PURPOSE = re.compile(r"[a-z][a-z_]*( \S+)?")


@dataclass(frozen=True, kw_only=True)
class Anchor:
    """A signed note of the chain's length and last hash."""

    store_id: str
    """Store that it is about."""
    series: str
    """Signature of the first anchor in the same file; empty for that one."""
    number: int
    """Running number in the file of anchors, from 1."""
    count: int
    """Number of events."""
    head: str
    """Hash of the last one."""
    at: str
    """Time, UTC."""
    purpose: str
    """Occasion: publish, export, backup, restore, ... and after a space which."""
    key: str
    """Id of the public key."""
    signature: str = ""
    """Ed25519 signature of the canonical JSON of all other fields, hexadecimal."""

    @property
    def signed(self) -> bytes:
        """What the signature is about."""
        return canonical_json({name: value for name, value in asdict(self).items() if name != "signature"}).encode()

    @property
    def file(self) -> str:
        """Which file it belongs to, wherever that lies: the signature of the first anchor in it."""
        return self.series or self.signature

    def is_signed_by(self, keys: Mapping[str, Ed25519PublicKey]) -> bool:
        """Tell whether one of the keys, by id, signed it."""
        try:
            keys[self.key].verify(bytes.fromhex(self.signature), self.signed)
        except (InvalidSignature, KeyError, ValueError):
            return False
        return True


@dataclass(frozen=True, kw_only=True)
class AnchorPlace:
    """Where key and anchors lie, both outside the store."""

    key: Path
    """Private key, PEM, readable by its owner alone; the public keys, old ones too, lie beside it with suffix `.pub`."""
    file: Path
    """File of anchors, one JSON object a line."""


def anchor_place(
    store: Store, *, key: Path | None = None, anchors: Path | None = None, environ: Mapping[str, str] = os.environ
) -> AnchorPlace:
    """Say where the key and the anchors of a store lie.

    Parameters
    ----------
    store
        The store.
    key, anchors
        What somebody asked for; otherwise `RSG_ANCHOR_KEY` and `RSG_ANCHORS`, otherwise the user's configuration
        folder and `<store>.anchors.jsonl` beside the store.
    environ
        The environment.

    Returns
    -------
    AnchorPlace
        Absolute paths.

    Raises
    ------
    UsageError
        When one of them lies in the store.
    """
    folder = store.folder.resolve()
    anchors = anchors or Path(environ.get("RSG_ANCHORS") or folder.parent / f"{folder.name}.anchors.jsonl")
    return AnchorPlace(key=key_path(folder, key, environ=environ), file=_apart(anchors, folder))


def key_path(store_folder: Path, key: Path | None = None, *, environ: Mapping[str, str] = os.environ) -> Path:
    """Say where the key of the anchors lies, as `anchor_place` does.

    Raises
    ------
    UsageError
        When it lies in the store.
    """
    config = Path(environ.get("XDG_CONFIG_HOME") or Path(environ.get("HOME", "/")) / ".config")
    key = key or Path(environ.get("RSG_ANCHOR_KEY") or config / "rs_governance" / "anchor.key")
    return _apart(key, store_folder.resolve())


def _apart(path: Path, folder: Path) -> Path:
    if path.resolve().is_relative_to(folder):
        raise UsageError(
            f"'{path}' lies in the store; keep key and anchors outside of it.",
            zh=f"'{path}' 在案件库文件夹内；密钥和存证须放在库外。",
        )
    return path.resolve()


def anchor(store: Store, purpose: str, *, now: datetime, place: AnchorPlace | None = None) -> Anchor | None:
    """Note outside the store how far the chain is now.

    To be called after each publication, export and backup, when their transaction is over.

    Parameters
    ----------
    store
        The store.
    purpose
        Occasion, and after a space which: `export E20261122-0001`.
    now
        Aware time.
    place
        Where key and anchors lie; `anchor_place(store)` by default.

    Returns
    -------
    Anchor or None
        The anchor, which is on the disk; None where there is no key, which the caller tells.

    Raises
    ------
    StoreInvalid
        When the key cannot be used.
    OutputFailed
        When the file of anchors cannot be written.
    """
    if not _PURPOSE.fullmatch(purpose):
        raise ValueError(
            f"A purpose is a word and perhaps which one, such as 'export E20261122-0001'; got {purpose!r}."
        )
    place = place or anchor_place(store)
    if not place.key.exists():
        return None
    private = _read_private(place.key)
    store_id = store.setting("store_id")
    with _alone_on(place.file) as descriptor:
        former, whole_bytes = _parse(place.file.read_bytes(), place.file)
        # Read after the file is ours: the anchors of a file are in the order of the chain.
        with store.read() as session:
            count, head = head_of(session)
        unsigned = Anchor(
            store_id=store_id,
            series=former[0].file if former else "",
            number=former[-1].number + 1 if former else 1,
            count=count,
            head=head,
            at=moment_text(now),
            purpose=purpose,
            key=key_id(private.public_key()),
        )
        made = Anchor(**{**asdict(unsigned), "signature": private.sign(unsigned.signed).hex()})
        # What a killed process left half-written is no anchor.
        os.ftruncate(descriptor, whole_bytes)
        os.pwrite(descriptor, canonical_json(asdict(made)).encode() + b"\n", whole_bytes)
        os.fsync(descriptor)
    _remember(store, made)
    return made


def _remember(store: Store, made: Anchor) -> None:
    """Note the anchor in the store, so that it is missed where its file is lost or cut off.

    Where that fails the anchor counts all the same: a file may hold anchors that the store does not know, as after a restore.
    """
    note = {"series": made.file, "number": made.number, "at": datetime.fromisoformat(made.at)}
    with store.write() as session:
        session.execute(insert(AnchorNote).values(**note, signature=made.signature).on_conflict_do_nothing())


def known_anchors(store: Store) -> list[AnchorNote]:
    """List what the store itself knows of its anchors, in the order in which they were set.

    Read it before the file of anchors: one that is set meanwhile is then in the file, and not missed.
    """
    with store.read() as session:
        return list(session.scalars(sa.select(AnchorNote).order_by(AnchorNote.id)))


def head_of(session: Session) -> tuple[int, str]:
    """Read the number of events and the hash of the last one."""
    last = session.execute(sa.select(Event.id, Event.hash).order_by(Event.id.desc()).limit(1)).first()
    return (last.id, last.hash) if last else (0, GENESIS)


def read_anchors(file: Path) -> list[Anchor]:
    """Read a file of anchors; none where there is no file.

    Raises
    ------
    StoreInvalid
        When a line is no anchor.
    """
    return _parse(file.read_bytes(), file)[0] if file.exists() else []


def in_order(files: Sequence[Sequence[Anchor]]) -> list[Anchor]:
    """Bring the anchors of several files into the order in which they were set; those of one file stay in theirs."""
    return list(heapq.merge(*files, key=lambda anchor: anchor.at))


def make_key(path: Path, *, replace: bool = False) -> str:
    """Make a key for anchors.

    Parameters
    ----------
    path
        File of the private key, to be read by its owner alone; the public key is added to `<path>.pub`.
    replace
        Take the place of a key that is there; its public key stays in the list, so that its anchors stay good.

    Returns
    -------
    str
        The public key, 64 hexadecimal digits.

    Raises
    ------
    OutputFailed
        When there is one already, or the folder cannot be written.
    """
    private = Ed25519PrivateKey.generate()
    pem = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = _raw(private.public_key()).hex()
    if path.exists() and not replace:
        raise OutputFailed(
            f"There is a key in '{path}'; add --replace to make a new one, the old anchors stay good.",
            zh=f"'{path}' 已有密钥；加 --replace 换新，旧的存证仍然有效。",
        )
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(pem)
        # The public key first: anchors of a key that nobody knows would be worth nothing.
        with public_file(path).open("a") as file_of_public:
            file_of_public.write(public + "\n")
        partial.replace(path)
    except OSError as error:
        raise OutputFailed(
            f"The key cannot be written to '{path}': {error.strerror}; choose another --key.",
            zh=f"密钥写不进 '{path}'（{error.strerror}）；请另选 --key。",
        ) from error
    return public


def public_file(key: Path) -> Path:
    """Name the file of public keys beside a private key."""
    return key.with_name(f"{key.name}.pub")


def read_public_keys(file: Path) -> dict[str, Ed25519PublicKey]:
    """Read a file of public keys, one a line in hexadecimal digits.

    Returns
    -------
    dict
        Keys by id; empty where there is no file.

    Raises
    ------
    StoreInvalid
        When a line is no key.
    """
    lines = file.read_text().split() if file.exists() else []
    try:
        keys = [Ed25519PublicKey.from_public_bytes(bytes.fromhex(line)) for line in lines]
    except ValueError:
        raise StoreInvalid(
            f"'{file}' is no list of public keys; expected 64 hexadecimal digits a line.",
            zh=f"'{file}' 不是公钥清单；应为每行 64 位十六进制数。",
        ) from None
    return {key_id(key): key for key in keys}


def key_id(key: Ed25519PublicKey) -> str:
    """Name a public key: the first 16 digits of its SHA-256."""
    return hashlib.sha256(_raw(key)).hexdigest()[:16]


def _raw(key: Ed25519PublicKey) -> bytes:
    return key.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)


def _read_private(path: Path) -> Ed25519PrivateKey:
    if path.stat().st_mode & 0o077:
        raise StoreInvalid(
            f"The key '{path}' can be read by others; run 'chmod 600 {path}'.",
            zh=f"密钥 '{path}' 他人可读；请运行 'chmod 600 {path}'。",
        )
    try:
        key: Any = serialization.load_pem_private_key(path.read_bytes(), password=None)
    except (OSError, ValueError, TypeError):
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise StoreInvalid(
            f"'{path}' is no Ed25519 key in PEM; make one with 'rsg audit key'.",
            zh=f"'{path}' 不是 PEM 格式的 Ed25519 密钥；请用 'rsg audit key' 生成。",
        )
    return key


@contextmanager
def _alone_on(file: Path) -> Iterator[int]:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(file, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise OutputFailed(
            f"Anchors cannot be written to '{file}': {error.strerror}; choose another place.",
            zh=f"存证写不进 '{file}'（{error.strerror}）；请换一个位置。",
        ) from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield descriptor
    finally:
        os.close(descriptor)


def _parse(content: bytes, file: Path) -> tuple[list[Anchor], int]:
    whole = content[: content.rfind(b"\n") + 1]
    anchors = []
    for number, line in enumerate(whole.splitlines(), 1):
        try:
            anchors.append(_anchor(json.loads(line)))
        except (ValueError, TypeError):
            raise StoreInvalid(
                f"Line {number} of '{file}' is no anchor: somebody changed it; bring back a copy of the file.",
                zh=f"'{file}' 第 {number} 行不是存证，被人改动过；请找回该文件的副本。",
            ) from None
    return anchors, len(whole)


def _anchor(content: Any) -> Anchor:
    kinds = {field.name: field.type for field in fields(Anchor)}
    if not isinstance(content, dict) or not all(type(content.get(name)) is kind for name, kind in kinds.items()):
        raise TypeError
    return Anchor(**content)
