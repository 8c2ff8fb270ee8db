import json
from pathlib import Path

import pytest

import rs_kernels
from rs_governance import doctor
from rs_governance.cli import run
from rs_governance.doctor import Check, Verdict, examine, is_fit


def test_this_machine_is_fit(tmp_path: Path) -> None:
    checks = {check.name: check for check in examine(tmp_path)}
    assert is_fit(list(checks.values())), [check for check in checks.values() if check.verdict is Verdict.missing]
    assert "JP2OpenJPEG" in checks["raster formats"].value
    assert "COG" in checks["raster formats"].value
    assert checks["threads (OpenMP)"].verdict is Verdict.ok
    assert len(checks) == len(examine(tmp_path))


@pytest.mark.parametrize("compiled", [True, False])
def test_it_says_whether_kernels_are_compiled(compiled: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(rs_kernels, "kernels_compiled", lambda: compiled)
    check = next(check for check in examine(tmp_path) if check.name == "kernels")
    assert check.verdict is (Verdict.ok if compiled else Verdict.note)
    assert ("not compiled yet" in check.value) is not compiled


def test_every_missing_thing_comes_with_a_remedy(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(doctor, "RASTER_DRIVERS", ("GTiff", "NoSuchDriver"))
    monkeypatch.setattr(doctor, "VECTOR_DRIVERS", ("NoSuchDriver",))
    monkeypatch.setattr(doctor, "LIBRARIES", (("numpy", "numpy"), ("no-such-library", "no_such_library")))
    checks = examine(tmp_path)
    assert not is_fit(checks)
    missing = [check for check in checks if check.verdict is Verdict.missing]
    assert {check.name for check in missing} == {"no-such-library", "raster formats", "vector formats"}
    assert all(check.remedy for check in missing)
    assert all(len(check.value.splitlines()) == 1 for check in checks)


def test_a_folder_that_may_not_be_written_is_found(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("os.access", lambda *_: False)
    check = next(check for check in examine(tmp_path / "not" / "yet") if check.name == "results folder")
    assert check.verdict is Verdict.missing
    assert check.remedy


@pytest.mark.parametrize("verdict", [Verdict.ok, Verdict.missing])
def test_exit_code_tells(verdict: Verdict, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    check = Check(name="thing", name_zh="东西", verdict=verdict, value="here [1]", remedy="do this")
    monkeypatch.setattr(doctor, "examine", lambda _: [check])
    expected = 0 if verdict is Verdict.ok else 1
    assert run(["doctor"]) == expected
    assert "东西" in (table := capsys.readouterr().out)
    assert "here [1] → do this" in table
    assert run(["--lang", "en", "doctor"]) == expected
    assert "thing" in capsys.readouterr().out
    assert run(["doctor", "--json"]) == expected
    content = json.loads(capsys.readouterr().out)
    assert content["fit"] is (expected == 0)
    assert content["checks"][0]["remedy"] == "do this"
