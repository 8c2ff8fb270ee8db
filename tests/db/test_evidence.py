"""Originals are kept once, whole, under their hash."""

import hashlib

import pytest

from rs_governance.db import find_evidence, keep_evidence
from rs_governance.db.checking import check_evidence
from rs_governance.db.evidence import evidence_files
from rs_governance.errors import OutputFailed, StoreInvalid


def test_an_original_lies_under_its_hash_and_is_kept_once(make_store) -> None:
    store = make_store()
    sha256 = keep_evidence(store, b"photo", ".jpg")
    assert sha256 == hashlib.sha256(b"photo").hexdigest()
    assert find_evidence(store, sha256) == store.evidence / sha256[:2] / f"{sha256}.jpg"
    assert find_evidence(store, sha256).read_bytes() == b"photo"
    assert keep_evidence(store, b"photo", ".png") == sha256
    assert len(list(evidence_files(store.evidence))) == 1


def test_what_a_killed_process_left_is_no_original(make_store) -> None:
    store = make_store()
    sha256 = hashlib.sha256(b"photo").hexdigest()
    (store.evidence / sha256[:2]).mkdir()
    (store.evidence / sha256[:2] / f".{sha256}.77.partial").write_bytes(b"pho")
    assert list(evidence_files(store.evidence)) == []
    with pytest.raises(StoreInvalid, match="backup"):
        find_evidence(store, sha256)
    keep_evidence(store, b"photo", "")
    assert find_evidence(store, sha256).read_bytes() == b"photo"


@pytest.mark.parametrize("suffix", ["jpg", "/../x", ".JPG", ".", ".jp g", ".toolongsuffix"])
def test_a_suffix_that_is_none_is_refused(make_store, suffix) -> None:
    with pytest.raises(ValueError, match="suffix"):
        keep_evidence(make_store(), b"photo", suffix)


def test_a_full_disk_is_said_plainly(make_store, monkeypatch) -> None:
    store = make_store()

    def no_room(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("rs_governance.db.evidence.make_lasting", no_room)
    with pytest.raises(OutputFailed, match="No space left"):
        keep_evidence(store, b"photo", ".jpg")
    assert [path for path in store.evidence.rglob("*") if path.is_file()] == []


def test_missing_and_changed_originals_are_found(store) -> None:
    assert list(check_evidence(store)) == []
    (file,) = evidence_files(store.evidence)
    file.chmod(0o644)
    file.write_bytes(b"another photo")
    assert [(each.kind, each.where) for each in check_evidence(store)] == [("evidence_changed", file.name[:64])]
    file.unlink()
    assert [(each.kind, each.where) for each in check_evidence(store)] == [("evidence_missing", file.name[:64])]
