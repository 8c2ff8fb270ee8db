"""The manifest of an issue: what it lists, and what it notices."""

import hashlib
import json
from pathlib import Path

import jsonschema
import pytest

from rs_governance.errors import SchemaViolation
from rs_governance.publish.month.manifest import check_manifest, manifest_schema, write_manifest


@pytest.fixture
def folder(make_month, tmp_path):
    folder = tmp_path / "2026-10"
    (folder / "chips").mkdir(parents=True)
    (folder / "chips" / "a.png").write_bytes(b"picture")
    (folder / "findings.geojson").write_bytes(b"")
    (folder / "run.log.json").write_text("{}")
    (folder / ".rsg-result").write_text("")
    (tmp_path / "sheets").mkdir()
    for name in ("2.tif", "1.tif"):
        (tmp_path / "sheets" / name).write_text(name)
    inputs = {"scene 20261009": [tmp_path / "sheets"], "rules": [folder / "findings.geojson"]}
    write_manifest(make_month(1), folder, inputs=inputs, parameters={"detector": {"seed": 1}}, device="cpu")
    return folder


def test_it_lists_all_but_itself_and_logs(folder) -> None:
    document = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    jsonschema.Draft7Validator(manifest_schema()).validate(document)
    assert [file["name"] for file in document["outputs"]] == ["chips/a.png", "findings.geojson"]
    assert document["outputs"][0]["sha256"] == hashlib.sha256(b"picture").hexdigest()
    assert [file["name"] for file in document["inputs"]["scene 20261009"]] == ["1.tif", "2.tif"]
    assert document["parameters"] == {"detector": {"seed": 1}}
    assert document["versions"]["pyarrow"]
    assert "spots-1.0" in document["schemas"]
    assert str(folder.parent) not in (folder / "manifest.json").read_text(encoding="utf-8")


def test_it_is_equal_when_written_again(make_month, folder) -> None:
    before = (folder / "manifest.json").read_bytes()
    (folder / "run.log.json").write_text('{"seconds": 3}')
    inputs = {"scene 20261009": [folder.parent / "sheets"], "rules": [folder / "findings.geojson"]}
    write_manifest(make_month(1), folder, inputs=inputs, parameters={"detector": {"seed": 1}}, device="cpu")
    assert (folder / "manifest.json").read_bytes() == before


def test_check_notices_what_is_not_as_it_was(folder) -> None:
    assert check_manifest(folder) == ()
    (folder / "chips" / "a.png").write_bytes(b"Picture")
    (folder / "findings.geojson").unlink()
    (folder / "more.txt").touch()
    assert check_manifest(folder) == ("missing findings.geojson", "changed chips/a.png", "unknown more.txt")
    (folder / "manifest.json").write_text("{")
    with pytest.raises(SchemaViolation, match="no manifest"):
        check_manifest(folder)


def test_places_on_the_machine_are_refused(make_month, tmp_path) -> None:
    for parameters in ({"rules": Path("rules.toml")}, {"rules": {"file": "/srv/data/rules.toml"}}):
        with pytest.raises(SchemaViolation, match="file names only"):
            write_manifest(make_month(1), tmp_path, inputs={}, parameters=parameters, device="cpu")
