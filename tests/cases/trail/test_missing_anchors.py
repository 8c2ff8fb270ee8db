"""Anchors that were set and are not given: lost, cut off, or in another file."""

import contextlib
from datetime import timedelta

from rs_governance.cases import SYSTEM, Act, act
from rs_governance.cases.trail.anchors import read_anchors
from rs_governance.db.copying import back_up, restore_store

from .conftest import CLOCKS, LATER, NOW


def cut(file, count: int) -> None:
    lines = file.read_text().splitlines(keepends=True)
    file.write_text("".join(lines[:count]))


def test_a_tail_that_was_cut_off_is_missed(audited) -> None:
    audited.anchor()
    audited.anchor()
    assert audited.audit().defects == ()
    cut(audited.place.file, 2)
    (found,) = audited.audit().defects
    assert (found.kind, found.where) == ("anchor_missing", "anchor 3")
    assert "2 anchors" in found.detail
    assert "3 to 4" in found.detail
    audited.anchor(now=LATER)  # with the number of one that was cut off
    assert [each.number for each in read_anchors(audited.place.file)] == [1, 2, 3]
    assert [(each.kind, each.where) for each in audited.audit().defects] == [("anchor_missing", "anchor 3")]


def test_a_head_that_was_cut_off_is_missed(audited) -> None:
    lines = audited.place.file.read_text().splitlines(keepends=True)
    audited.place.file.write_text(lines[1])
    assert {each.kind for each in audited.audit().defects} == {"anchor_missing"}


def test_a_file_that_was_begun_anew_does_not_hide_the_lost_one(audited, tmp_path) -> None:
    lost = audited.place.file.rename(tmp_path / "lost.jsonl")
    audited.anchor()
    (found,) = audited.audit().defects
    assert (found.kind, found.where) == ("anchor_missing", "anchor 1")
    assert "begun anew" in found.detail
    together = audited.audit(lost, audited.place.file)
    assert (together.defects, together.remarks, together.anchors) == ((), (), 3)


def test_a_second_file_is_a_remark_until_it_is_given(audited, tmp_path) -> None:
    stick = tmp_path / "stick.jsonl"
    audited.anchor(stick, now=NOW + timedelta(minutes=1))
    audited.anchor(now=NOW + timedelta(minutes=2))
    audited.anchor(stick, now=NOW + timedelta(minutes=3))
    found = audited.audit()
    assert (found.defects, found.anchors) == ((), 3)
    assert len(found.remarks) == 1
    assert "2 anchors" in found.remarks[0]
    both = audited.audit(audited.place.file, stick)
    assert (both.defects, both.remarks, both.anchors) == ((), (), 5)
    cut(stick, 1)
    assert [each.kind for each in audited.audit(audited.place.file, stick).defects] == ["anchor_missing"]


def test_after_a_restore_the_file_knows_more_than_the_store(audited, tmp_path) -> None:
    with audited.opened() as store:
        made = back_up(store, tmp_path / "backups", now=NOW)
        with store.write() as session:
            act(session, "C0", Act(action="respond", actor=SYSTEM, note="later"), now=LATER, clocks=CLOCKS)
    audited.anchor()
    audited.anchor()
    restore_store(made.folder, audited.folder, now=NOW, replace=True)
    audited.anchor(purpose="restore")
    found = audited.audit()
    assert (found.defects, found.anchors, len(found.given_up)) == ((), 5, 2)
    cut(audited.place.file, 4)
    assert "anchor_missing" in {each.kind for each in audited.audit().defects}, "the restore itself was cut off"


def test_what_is_anchored_while_the_audit_reads_is_not_missed(audited, monkeypatch) -> None:
    from rs_governance.cases.trail import anchors
    from rs_governance.cli.audit import run_audit

    read = anchors.read_anchors

    def read_then_anchor(file):
        before = read(file)
        audited.anchor()
        return before

    monkeypatch.setattr(anchors, "read_anchors", read_then_anchor)
    with audited.opened() as store, contextlib.suppress(StopIteration):
        assert run_audit(store, [audited.place]).defects == ()
