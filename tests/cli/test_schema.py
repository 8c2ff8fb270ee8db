import json

import pytest

import rs_governance
from rs_governance.cli import run
from rs_governance.publish.schema import schema_file


def test_prints_the_schema_that_findings_are_held_to(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["schema"]) == 0
    assert json.loads(capsys.readouterr().out) == json.loads(schema_file("findings").read_text(encoding="utf-8"))


def test_prints_the_version(capsys: pytest.CaptureFixture[str]) -> None:
    for command in (["version"], ["--version"], ["--version", "detect"]):
        assert run(command) == 0
        assert capsys.readouterr().out == f"rs-governance {rs_governance.__version__}\n"
