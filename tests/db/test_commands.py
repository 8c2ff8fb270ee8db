"""`rsg db` and `rsg audit`, as a person runs them."""

import gc
import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from rs_governance.cli import run
from rs_governance.db import STORE_FILE

DISTRICT = Path(__file__).resolve().parents[2] / "sample_tiles" / "district.toml"


@pytest.fixture
def rsg(tmp_path, monkeypatch, capsys):
    """Function that runs a command in an empty folder and returns its exit code and what it printed as JSON."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RSG_ANCHOR_KEY", str(tmp_path / "keys" / "anchor.key"))
    for name in ("RSG_STORE", "RSG_ANCHORS"):
        monkeypatch.delenv(name, raising=False)

    def call(*arguments: str) -> tuple[int, dict]:
        code = run([*arguments, "--json"])
        said = capsys.readouterr()
        return code, json.loads(said.out or said.err)

    # What a command leaves open shows itself at the next one, not only when the collector happens to be late.
    gc.disable()
    yield call
    gc.enable()


def test_a_store_from_its_making_to_its_restore(rsg, tmp_path) -> None:
    code, made = rsg("db", "init", "--district", str(DISTRICT), "--id", "450108-test")
    assert (code, made["store_id"]) == (0, "450108-test")
    assert made["crs"].startswith("CGCS2000")
    assert rsg("audit", "key")[0] == 0
    code, backup = rsg("db", "backup", "--at", "2026-10-20T16:30+08:00")
    assert (code, backup["anchor"]["purpose"]) == (0, "backup store-20261020T083000Z")
    assert Path(backup["folder"]) == tmp_path / "store.backups" / "store-20261020T083000Z"
    assert rsg("db", "upgrade") == (0, {"found": "0001", "made": "0001", "backup": None})
    code, copy = rsg("db", "snapshot", "--out", "copies", "--at", "2026-10-20T16:30+08:00")
    assert (code, copy["snapshot"]) == (0, "copies/store-20261020T083000Z.gpkg")
    assert rsg("db", "check") == (0, {"ok": True, "defects": []})
    code, refused = rsg("db", "restore", backup["folder"])
    assert (code, refused["error"]["code"]) == (3, "store_invalid")
    code, restored = rsg("db", "restore", backup["folder"], "--replace", "--at", "2026-10-21T09:00+08:00")
    assert (code, restored.get("kept"), restored.get("error")) == (0, "store.replaced-20261021T010000Z", None)
    code, audit = rsg("audit", "verify")
    assert (code, audit["ok"], audit["anchors"], audit["unanchored"]) == (0, True, 2, 0)
    assert rsg("audit", "anchor")[1]["anchor"]["number"] == 3


def test_what_is_wrong_is_told_and_ends_with_1(rsg, tmp_path, capsys) -> None:
    rsg("db", "init", "--district", str(DISTRICT))
    with closing(sqlite3.connect(tmp_path / "store" / STORE_FILE)) as connection:
        connection.execute("DROP TRIGGER guard_events_delete")
        connection.commit()
    code, found = rsg("db", "check")
    assert (code, found["ok"]) == (1, False)
    assert found["defects"][0]["kind"] == "guard"
    assert run(["db", "check"]) == 1
    assert "写保护缺失" in capsys.readouterr().out
    assert run(["--lang", "en", "db", "check"]) == 1
    assert "guard missing" in capsys.readouterr().out


def test_anchors_in_two_files_are_verified_together(rsg, tmp_path, capsys) -> None:
    rsg("db", "init", "--district", str(DISTRICT))
    rsg("audit", "key")
    for day, more in enumerate(([], ["--anchors", "stick.jsonl"], []), 1):
        assert rsg("audit", "anchor", "--at", f"2026-10-{day:02}T09:00+08:00", *more)[0] == 0
    code, audit = rsg("audit", "verify")
    assert (code, audit["anchors"], len(audit["remarks"])) == (0, 2, 1)
    assert run(["audit", "verify"]) == 0
    assert "lie in another file" in " ".join(capsys.readouterr().out.split())
    code, audit = rsg("audit", "verify", "--anchors", "store.anchors.jsonl", "--anchors", "stick.jsonl")
    assert (code, audit["anchors"], audit["remarks"]) == (0, 3, [])
    lines = (tmp_path / "store.anchors.jsonl").read_text().splitlines(keepends=True)
    (tmp_path / "store.anchors.jsonl").write_text(lines[0])
    code, audit = rsg("audit", "verify")
    assert (code, [each["kind"] for each in audit["defects"]]) == (1, ["anchor_missing"])


def test_what_was_taken_in_is_held_to_the_record(rsg, tmp_path, capsys) -> None:
    rsg("db", "init", "--district", str(DISTRICT))
    (tmp_path / "people.csv").write_text("login,name,role,prefix\nling,凌,leader,450108\n", "utf-8")
    (tmp_path / "days.csv").write_text("date,working,name\n2026-10-01,holiday,国庆节\n", "utf-8")
    assert rsg("people", "import", "people.csv")[0] == rsg("cases", "calendar", "import", "days.csv")[0] == 0
    code, audit = rsg("audit", "verify")
    # The settings, and each file with its row in the list of intakes.
    assert (code, audit["events"], audit["rows"]) == (0, 3, 5 + 4)
    with closing(sqlite3.connect(tmp_path / "store" / STORE_FILE)) as connection:
        for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE name LIKE 'guard_%'").fetchall():
            connection.execute(f'DROP TRIGGER "{name}"')
        connection.execute("UPDATE people SET role = 'district_manager'")
        connection.execute("UPDATE holidays SET working = 1")
        connection.commit()
    code, audit = rsg("audit", "verify")
    assert (code, sorted(each["where"] for each in audit["defects"])) == (1, ["holidays 1", "people 1"])
    assert run(["audit", "verify"]) == 1
    assert "登记内容被改" in capsys.readouterr().out


def test_without_a_key_a_backup_says_so(rsg, capsys) -> None:
    rsg("db", "init", "--district", str(DISTRICT))
    assert run(["db", "backup"]) == 0
    assert "rsg audit key" in capsys.readouterr().err
    assert run(["audit", "anchor"]) == 1
    assert "rsg audit key" in capsys.readouterr().err
    assert run(["audit", "verify"]) == 0
    assert "尚未锚定的记录" in capsys.readouterr().out


def test_a_key_inside_the_store_is_refused(rsg) -> None:
    rsg("db", "init", "--district", str(DISTRICT))
    code, said = rsg("audit", "key", "--key", "store/anchor.key")
    assert (code, said["error"]["code"]) == (2, "usage")


@pytest.mark.parametrize(("crs", "code"), [("EPSG:4490", 3), ("nonsense", 2)])
def test_a_crs_that_will_not_do_is_refused(rsg, crs, code) -> None:
    assert rsg("db", "init", "--district", str(DISTRICT), "--crs", crs)[0] == code


def test_every_command_is_bilingual(capsys) -> None:
    for group in ("db", "audit"):
        assert run([group, "--help"]) == 0
        lines = capsys.readouterr().out.splitlines()
        assert any("/" in line for line in lines)
