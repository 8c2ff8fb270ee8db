"""One line, a meaningful exit code, JSON where JSON was asked for, a traceback only on request."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st

from rs_governance import errors
from rs_governance.cli import app, run
from rs_governance.cli.failures import EXIT_UNEXPECTED, describe, report

EXPECTED_ERRORS = [
    kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.RsgError)
]


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> "Failing":
    return Failing(monkeypatch)


class Failing:
    """Makes `rsg schema` raise."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._monkeypatch = monkeypatch

    def with_error(self, error: BaseException) -> None:
        def callback() -> None:
            raise error

        command = next(command for command in app.registered_commands if command.name == "schema")
        self._monkeypatch.setattr(command, "callback", callback)


@pytest.mark.parametrize("kind", EXPECTED_ERRORS)
def test_expected_error_is_one_line_and_its_exit_code(
    kind: type[errors.RsgError], failing: Failing, capsys: pytest.CaptureFixture[str]
) -> None:
    failing.with_error(kind("Expected this,\n got that; do so."))
    assert run(["--lang", "en", "schema"]) == kind.exit_code != 0
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err == "错误 Error: Expected this, got that; do so.\n"


@pytest.mark.parametrize("kind", EXPECTED_ERRORS)
def test_every_kind_of_error_says_in_chinese_what_it_is_and_what_to_do(
    kind: type[errors.RsgError], failing: Failing, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "advice_zh" in vars(kind), f"{kind.__name__} has no words of its own; write what it is and what to do"
    assert len(re.findall("[\u4e00-\u9fff]", kind.advice_zh)) >= 10
    assert kind.advice_zh.endswith("。")
    failing.with_error(kind("Expected this."))
    run(["schema"])
    assert capsys.readouterr().err == f"错误 Error: {kind.advice_zh}Expected this.\n"


def test_an_error_that_has_its_chinese_words_says_them_alone(capsys: pytest.CaptureFixture[str]) -> None:
    error = errors.CaseConflict("Somebody has it.", [{"field": "state"}], zh="他人正在办理。")
    assert report(error, []) == errors.CaseConflict.exit_code
    assert capsys.readouterr().err == "错误 Error: 他人正在办理。\n"
    report(error, ["--json"])
    told = json.loads(capsys.readouterr().err)["error"]
    assert (told["message"], told["told"]) == ("Somebody has it.", "他人正在办理。")
    assert told["differences"] == [{"field": "state"}]


def test_error_is_json_when_json_was_asked_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    missing = tmp_path / "没有.tif"
    assert run(["scenes", "info", str(missing), "--json"]) == errors.SceneUnreadable.exit_code
    printed = capsys.readouterr()
    assert printed.out == ""
    error = json.loads(printed.err)["error"]
    assert error["code"] == "scene_unreadable"
    assert error["exit_code"] == errors.SceneUnreadable.exit_code
    assert "没有.tif" in error["message"]


def test_unexpected_error_shows_its_traceback_only_on_request(
    failing: Failing, capsys: pytest.CaptureFixture[str]
) -> None:
    failing.with_error(ZeroDivisionError("by nothing"))
    assert run(["schema"]) == EXIT_UNEXPECTED
    printed = capsys.readouterr().err
    assert printed.count("\n") == 1
    assert "ZeroDivisionError: by nothing" in printed
    assert "rsg --debug" in printed
    assert run(["--debug", "schema"]) == EXIT_UNEXPECTED
    assert "Traceback (most recent call last)" in capsys.readouterr().err


def test_interruption_is_130_and_quiet(failing: Failing, capsys: pytest.CaptureFixture[str]) -> None:
    failing.with_error(KeyboardInterrupt())
    assert run(["schema"]) == 130
    assert capsys.readouterr().err.strip() == ""


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["detekt"], "rsg --help"),
        (["scenes", "inf"], "rsg scenes --help"),
        (["detect", "a.tif"], "rsg detect --help"),
        (["detect", "a.tif", "b.tif"], "--out"),
        (["detect", "a.tif", "b.tif", "--out", "x", "--device", "tpu"], "--device"),
        (["scenes", "info"], "rsg scenes info --help"),
        (["scenes"], "rsg scenes --help"),
    ],
)
def test_wrong_usage_is_one_line_with_the_way_to_the_help(
    arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(arguments) == errors.UsageError.exit_code
    printed = capsys.readouterr().err
    assert printed.count("\n") == 1
    assert says in printed


@given(st.text())
def test_whatever_an_error_says_fits_on_one_line(text: str) -> None:
    for error in (errors.NoOverlap(text), ValueError(text), typer.TyperException(text)):
        failure = describe(error)
        assert max(len(failure.message.splitlines()), len(failure.told.splitlines())) <= 1


def test_no_arguments_print_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert run([]) == 0
    assert "detect" in capsys.readouterr().out


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash, which tells how each part of a pipe ended")
@pytest.mark.parametrize(("reader", "exit_codes"), [("head -c 10", {0, 141}), ("true", {141})])
@pytest.mark.parametrize("command", ["schema", "--help"])
def test_a_reader_that_leaves_early_causes_no_noise(command: str, reader: str, exit_codes: set[int]) -> None:
    pipeline = f"{sys.executable} -m rs_governance {command} | {reader} > /dev/null; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", pipeline], capture_output=True, text=True, check=False)
    assert done.stderr == ""
    assert int(done.stdout) in exit_codes
