import json

import jsonschema
import pytest

import rs_governance
from rs_governance.cli import run
from rs_governance.publish.schema import SCHEMA_FOLDER, schema_file

NAMES = sorted({path.stem.rpartition("-")[0] for path in SCHEMA_FOLDER.glob("*.json")})


@pytest.mark.parametrize("name", NAMES)
def test_prints_the_schema_that_a_file_is_held_to(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["schema", name]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed == json.loads(schema_file(name).read_text(encoding="utf-8"))
    jsonschema.Draft7Validator.check_schema(printed)


def test_lists_every_schema(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["schema"]) == 0
    chinese = capsys.readouterr().out
    assert run(["--lang", "en", "schema"]) == 0
    english = capsys.readouterr().out
    for text in (chinese, english):
        assert sorted(line.split()[0] for line in text.splitlines()[2:]) == NAMES
    assert english.isascii()
    assert "任务清单" in chinese
    assert run(["schema", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert sorted(listed) == NAMES
    assert listed["manifest"].startswith("urn:rs-governance:schema:manifest:")


def test_a_schema_that_is_not_there_names_those_that_are(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["schema", "spot"]) == 2
    message = capsys.readouterr().err
    assert "'spot'" in message
    assert all(name in message for name in NAMES)


def test_prints_the_version(capsys: pytest.CaptureFixture[str]) -> None:
    for command in (["version"], ["--version"], ["--version", "detect"]):
        assert run(command) == 0
        assert capsys.readouterr().out == f"rs-governance {rs_governance.__version__}\n"
