"""Anchors: signed, outside the store, in the order of the chain."""

import json
import multiprocessing
import stat
from datetime import UTC, datetime
from pathlib import Path

import pyproj
import pytest

from rs_governance.cases.trail.anchors import (
    AnchorPlace,
    anchor,
    anchor_place,
    make_key,
    public_file,
    read_anchors,
    read_public_keys,
)
from rs_governance.db import Store, create_store, open_store
from rs_governance.db.chain import append_event
from rs_governance.errors import OutputFailed, StoreInvalid, UsageError

NOW = datetime(2026, 10, 20, 8, 30, tzinfo=UTC)


@pytest.fixture
def store(tmp_path):
    made = create_store(
        tmp_path / "store",
        district_code="450108",
        district_name="良庆区",
        crs=pyproj.CRS(4545),
        now=NOW,
        store_id="450108-anchors",
    )
    yield made
    made.close()


@pytest.fixture
def place(tmp_path):
    make_key(tmp_path / "keys" / "anchor.key")
    return AnchorPlace(key=tmp_path / "keys" / "anchor.key", file=tmp_path / "anchors.jsonl")


def add_event(store: Store) -> None:
    with store.write() as session:
        append_event(
            session, at=NOW, case_number="C", version=1, action="comment", actor="a", role="auditor", from_state=None,
            to_state="detected", reason=None, note="", evidence=[], facts={}, changes={}, key=None,
        )  # fmt: skip


def test_an_anchor_tells_count_and_head_and_is_signed(store, place) -> None:
    first = anchor(store, "publish 2026-10", now=NOW, place=place)
    add_event(store)
    second = anchor(store, "backup", now=NOW, place=place)
    assert first is not None
    assert second is not None
    assert (first.number, first.count) == (1, 1)
    assert (second.number, second.count, second.at) == (2, 2, "2026-10-20T08:30:00.000Z")
    assert read_anchors(place.file) == [first, second]
    keys = read_public_keys(public_file(place.key))
    assert first.is_signed_by(keys)
    assert not first.is_signed_by({})
    lines = place.file.read_text().splitlines()
    assert (first.series, second.series) == ("", first.signature)
    assert {"store_id", "count", "head", "at", "purpose", "signature", "key"} <= set(json.loads(lines[0]))


@pytest.mark.parametrize("name", ["store_id", "series", "number", "count", "head", "at", "purpose", "key", "signature"])
def test_no_field_can_be_changed_under_the_signature(store, place, name) -> None:
    anchor(store, "backup", now=NOW, place=place)
    anchor(store, "backup", now=NOW, place=place)
    content = json.loads(place.file.read_text().splitlines()[1])
    content[name] = content[name] + 1 if isinstance(content[name], int) else content[name][:-1] + "~"
    place.file.write_text(json.dumps(content) + "\n")
    (changed,) = read_anchors(place.file)
    assert not changed.is_signed_by(read_public_keys(public_file(place.key)))


def test_without_a_key_nothing_is_anchored(store, tmp_path) -> None:
    place = AnchorPlace(key=tmp_path / "none.key", file=tmp_path / "anchors.jsonl")
    assert anchor(store, "backup", now=NOW, place=place) is None
    assert not place.file.exists()


def test_a_half_written_anchor_gives_way(store, place) -> None:
    anchor(store, "backup", now=NOW, place=place)
    with place.file.open("a") as file:
        file.write('{"store_id": "4501')
    assert len(read_anchors(place.file)) == 1
    anchor(store, "backup", now=NOW, place=place)
    assert [each.number for each in read_anchors(place.file)] == [1, 2]


@pytest.mark.parametrize("line", ["{}", "[]", "no JSON", '{"store_id": 1}'])
def test_a_line_that_is_no_anchor_is_said(place, line) -> None:
    place.file.write_text(line + "\n")
    with pytest.raises(StoreInvalid, match="Line 1"):
        read_anchors(place.file)


def _anchor_often(folder: Path, place: AnchorPlace) -> None:
    store = open_store(folder)
    for _ in range(5):
        add_event(store)
        anchor(store, "export", now=NOW, place=place)


def test_anchors_of_several_processes_keep_the_order_of_the_chain(store, place) -> None:
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=_anchor_often, args=(store.folder, place)) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
        assert worker.exitcode == 0
    anchors = read_anchors(place.file)
    assert [each.number for each in anchors] == list(range(1, 11))
    counts = [each.count for each in anchors]
    assert counts == sorted(counts)
    assert counts[-1] == 11, "ten, after the one that says what the store is"


def test_key_and_anchors_are_found_and_lie_apart(store, tmp_path) -> None:
    place = anchor_place(store, environ={"HOME": "/h"})
    assert place == AnchorPlace(
        key=Path("/h/.config/rs_governance/anchor.key"), file=(tmp_path / "store.anchors.jsonl").resolve()
    )
    environ = {"RSG_ANCHOR_KEY": "/k/a.key", "RSG_ANCHORS": "/k/a.jsonl", "XDG_CONFIG_HOME": "/x"}
    assert anchor_place(store, environ=environ) == AnchorPlace(key=Path("/k/a.key"), file=Path("/k/a.jsonl"))
    assert anchor_place(store, environ={"XDG_CONFIG_HOME": "/x"}).key == Path("/x/rs_governance/anchor.key")
    for option in ("key", "anchors"):
        with pytest.raises(UsageError, match="outside"):
            anchor_place(store, **{option: store.folder / "a"}, environ={})


def test_a_key_is_for_its_owner_and_a_new_one_keeps_the_old_anchors_good(store, place) -> None:
    assert stat.S_IMODE(place.key.stat().st_mode) == 0o600
    former = anchor(store, "backup", now=NOW, place=place)
    with pytest.raises(OutputFailed, match="--replace"):
        make_key(place.key)
    make_key(place.key, replace=True)
    later = anchor(store, "backup", now=NOW, place=place)
    assert former is not None
    assert later is not None
    assert former.key != later.key
    keys = read_public_keys(public_file(place.key))
    assert former.is_signed_by(keys)
    assert later.is_signed_by(keys)


def test_a_key_that_others_can_read_or_that_is_none_is_refused(store, place) -> None:
    place.key.chmod(0o644)
    with pytest.raises(StoreInvalid, match="chmod 600"):
        anchor(store, "backup", now=NOW, place=place)
    place.key.chmod(0o600)
    place.key.write_text("no key")
    with pytest.raises(StoreInvalid, match="rsg audit key"):
        anchor(store, "backup", now=NOW, place=place)
    public_file(place.key).write_text("no key")
    with pytest.raises(StoreInvalid, match="64 hexadecimal"):
        read_public_keys(public_file(place.key))


def test_a_purpose_is_a_word(store, place) -> None:
    with pytest.raises(ValueError, match="purpose"):
        anchor(store, "Two words and more", now=NOW, place=place)
