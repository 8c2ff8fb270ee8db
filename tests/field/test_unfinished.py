"""Packages whose making was cut off: killed at each point where it matters, and ended by the next command."""

import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from rs_governance.cases import events_of, read_actor
from rs_governance.cli import run
from rs_governance.db import Export, Store, open_store
from rs_governance.errors import OutputFailed
from rs_governance.field import Package, Wanted, export_tasks, package, read_questions
from rs_governance.publish.output_folder import OutputFolder

from .conftest import CLOCKS, NOW

NUMBER = "E20261020-0001"


def kill(store: Store, out: Path, when: str) -> None:
    """Make a package in a forked process that is killed at a point."""
    publish = OutputFolder._publish

    def die(*_: Any, **__: Any) -> bool:
        os.kill(os.getpid(), signal.SIGKILL)
        return True

    def publish_and_die(folder: OutputFolder) -> bool:
        publish(folder)
        return die()

    child = os.fork()
    if child == 0:
        if when == "before the entry":
            package._enter = die  # type: ignore[assignment]
        else:
            replaced = die if when == "before the folder" else publish_and_die
            OutputFolder._publish = replaced  # type: ignore[method-assign, assignment]
        try:
            export(open_store(store.folder), out)
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL


def export(store: Store, out: Path) -> Package:
    with store.read() as session:
        manager = read_actor(session, "m")
    wanted = Wanted(to="w1", formats=("geojson",))
    return export_tasks(store, wanted, out, actor=manager, now=NOW, clocks=CLOCKS, questions=read_questions())


def listed(store: Store, capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    """Read the ledger as `rsg tasks exports` shows it."""
    capsys.readouterr()
    assert run(["tasks", "exports", "--store", str(store.folder), "--json"]) == 0
    entries: list[dict[str, object]] = json.loads(capsys.readouterr().out)["exports"]
    return entries


def test_killed_before_its_entry_nothing_is_there_and_the_number_is_free(
    tasks_store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kill(tasks_store, tmp_path / "out", "before the entry")
    assert listed(tasks_store, capsys) == []
    assert export(tasks_store, tmp_path / "out").handout.number == NUMBER


def test_killed_between_entry_and_folder_it_is_void_by_itself(
    tasks_store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kill(tasks_store, tmp_path / "out", "before the folder")
    assert not (tmp_path / "out").exists()
    (entry,) = listed(tasks_store, capsys)
    facts = entry["facts"]
    assert isinstance(facts, dict)
    assert facts["void"]["by"] == "system"
    assert "making" not in facts
    assert [path.name for path in tmp_path.iterdir() if "rsg-part" in path.name] == [], "the spots lie around nowhere"
    with tasks_store.read() as session:
        notes = [event.facts.get("void_export") for event in events_of(session, entry["case_numbers"][0])]  # type: ignore[index]
    assert notes.count(NUMBER) == 1
    assert listed(tasks_store, capsys) == [entry], "once"


def test_the_next_export_to_the_same_folder_ends_it_first(tasks_store: Store, tmp_path: Path) -> None:
    kill(tasks_store, tmp_path / "out", "before the folder")
    assert export(tasks_store, tmp_path / "out").handout.number == "E20261020-0002"
    with tasks_store.read() as session:
        entries = {entry.number: set(entry.facts) for entry in session.scalars(sa.select(Export))}
    assert entries == {NUMBER: {"void"}, "E20261020-0002": set()}


def test_killed_when_the_folder_was_there_the_package_counts(
    tasks_store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kill(tasks_store, tmp_path / "out", "after the folder")
    (entry,) = listed(tasks_store, capsys)
    assert entry["facts"] == {}
    assert (tmp_path / "out" / f"{NUMBER}.geojson").is_file()


def test_a_package_whose_folder_was_moved_away_meanwhile_is_left_to_a_person(
    tasks_store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kill(tasks_store, tmp_path / "out", "after the folder")
    (tmp_path / "out").rename(tmp_path / "stick")
    assert "void" not in listed(tasks_store, capsys)[0]["facts"]  # type: ignore[operator]
    assert run(["tasks", "exports", "--store", str(tasks_store.folder)]) == 0
    assert "未确认完成" in capsys.readouterr().out


def test_a_folder_that_cannot_appear_leaves_its_entry_void_at_once(
    tasks_store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: OutputFolder) -> bool:
        raise OutputFailed("no room")

    monkeypatch.setattr(OutputFolder, "_publish", refuse)
    with pytest.raises(OutputFailed, match="no room"):
        export(tasks_store, tmp_path / "out")
    with tasks_store.read() as session:
        assert set(session.scalars(sa.select(Export)).one().facts) == {"void"}
