"""The JSON Schema and the generated page."""

import copy
import json
from pathlib import Path

import jsonschema
import pytest

from rs_governance.detect.findings import FINDINGS
from rs_governance.errors import SchemaViolation
from rs_governance.publish.geojson import write_geojson
from rs_governance.publish.schema import SCHEMA_FILE, findings_schema, validate_geojson
from rs_governance.publish.schema_files import DOCS_FILE, docs_text, main, schema_text


@pytest.fixture(scope="module")
def document(make, tmp_path_factory):
    path = tmp_path_factory.mktemp("schema") / "findings.geojson"
    write_geojson(make(5, crs="EPSG:4545"), path)
    return json.loads(path.read_text(encoding="utf-8"))


def test_generated_files_are_up_to_date() -> None:
    remedy = "run: python -m rs_governance.publish.schema_files --write"
    assert SCHEMA_FILE.read_text(encoding="utf-8") == schema_text(), remedy
    assert DOCS_FILE.read_text(encoding="utf-8") == docs_text(), remedy
    assert main([]) == 0


def test_schema_is_a_schema_and_carries_its_version() -> None:
    schema = json.loads(schema_text())
    jsonschema.Draft7Validator.check_schema(schema)
    assert schema == findings_schema()
    assert schema["$id"].endswith(f":{FINDINGS.version}")
    assert FINDINGS.version in SCHEMA_FILE.name


def test_page_names_every_column_with_its_alias() -> None:
    page = docs_text()
    for column in FINDINGS.columns:
        assert f"| `{column.name}` | {column.alias_zh} |" in page
    rows = [line for line in page.splitlines() if line.startswith("|")]
    assert {line.count("|") for line in rows} == {8, 3}, "a cell holds a bar"


def test_written_document_is_valid(document) -> None:
    jsonschema.Draft7Validator(findings_schema()).validate(document)


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("properties", "score"), 1.01),
        (("properties", "score"), None),
        (("properties", "area_m2"), "12"),
        (("properties", "pixels"), 1.5),
        (("properties", "finding_id"), "1"),
        (("properties", "before_class"), "forest"),
        (("properties", "before_on"), "2024-1-1"),
        (("properties", "extra"), 1),
        (("geometry", "type"), "Point"),
        (("geometry",), None),
        (("geometry", "coordinates"), [[[0, 0], [1, 1], [0, 0]]]),
        (("geometry", "coordinates"), [[[200, 0], [1, 1], [0, 1], [200, 0]]]),
        (("geometry", "coordinates"), [[[1, 0, 5], [1, 1, 5], [0, 1, 5], [1, 0, 5]]]),
    ],
)
def test_a_broken_feature_is_refused_with_its_place(document, place, value) -> None:
    broken = copy.deepcopy(document)
    target = broken["features"][3]
    for step in place[:-1]:
        target = target[step]
    target[place[-1]] = value
    with pytest.raises(SchemaViolation, match="at features/3"):
        validate_geojson(broken)


@pytest.mark.parametrize("change", [{"type": "Feature"}, {"crs": {"type": "name"}}, {"schema_version": "0.9"}])
def test_a_broken_collection_is_refused(document, change) -> None:
    with pytest.raises(SchemaViolation):
        validate_geojson(document | change)


def test_a_long_collection_is_sampled_with_both_ends(document) -> None:
    feature = document["features"][1]
    broken = {**feature, "type": "feature"}
    many = [feature] * 500
    validate_geojson({**document, "features": many})
    for end in (0, -1):
        features = list(many)
        features[end] = broken
        with pytest.raises(SchemaViolation):
            validate_geojson({**document, "features": features})


def test_the_command_writes_what_is_stale(tmp_path: Path, monkeypatch, capsys) -> None:
    page = tmp_path / "schema.md"
    monkeypatch.setattr("rs_governance.publish.schema_files.DOCS_FILE", page)
    assert main([]) == 1
    assert not page.exists()
    assert main(["--write"]) == 0
    assert page.read_text(encoding="utf-8") == docs_text()
    assert main([]) == 0
    assert capsys.readouterr().out == "stale schema.md\nwrote schema.md\n"
