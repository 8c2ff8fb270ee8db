"""The JSON Schema and the generated page."""

import copy
import json
from pathlib import Path

import jsonschema
import pytest

from rs_governance.detect.findings import FINDINGS
from rs_governance.errors import SchemaViolation
from rs_governance.publish.formats.geojson import write_geojson
from rs_governance.publish.formats.shapefile import short_names
from rs_governance.publish.month.statistics import FIGURES, UNIT_FIGURES
from rs_governance.publish.month.tasks import TASKS
from rs_governance.publish.schema import SCHEMA_FOLDER, schema_file, validate, validate_feature
from rs_governance.publish.schema_files import docs_text, generated, main, schemas
from rs_governance.rules import SPOTS

TABLES = {"findings": FINDINGS, "spots": SPOTS, "task-list": TASKS}


@pytest.fixture(scope="module")
def document(make, tmp_path_factory):
    path = tmp_path_factory.mktemp("schema") / "findings.geojson"
    write_geojson(make(5, crs="EPSG:4545"), path)
    return json.loads(path.read_text(encoding="utf-8"))


def test_generated_files_are_up_to_date() -> None:
    for file, text in generated().items():
        assert file.read_text(encoding="utf-8") == text, "run: python -m rs_governance.publish.schema_files --write"
    assert main([]) == 0
    assert {file for file in generated() if file.suffix == ".json"} == set(SCHEMA_FOLDER.glob("*.json"))


@pytest.mark.parametrize("schema", schemas(), ids=lambda schema: schema["$id"])
def test_schemas_are_schemas_and_carry_their_version(schema) -> None:
    jsonschema.Draft7Validator.check_schema(schema)
    *_, name, version = schema["$id"].split(":")
    assert schema_file(name).name == f"{name}-{version}.json"
    assert schema["properties"]["schema_version"] == {"const": version}


def test_the_newest_version_is_used(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("rs_governance.publish.schema.SCHEMA_FOLDER", tmp_path)
    for version in ("1.9", "1.10", "1.2"):
        (tmp_path / f"spots-{version}.json").touch()
    (tmp_path / "spots-more-2.0.json").touch()
    assert schema_file("spots").name == "spots-1.10.json"


@pytest.mark.parametrize("name", TABLES)
def test_schema_of_a_table_says_what_the_declaration_says(name) -> None:
    properties = json.loads(schema_file(name).read_text())["definitions"]["feature"]["properties"]["properties"]
    assert list(properties["properties"]) == properties["required"] == list(TABLES[name].by_name)
    for column in TABLES[name].columns:
        told = properties["properties"][column.name]
        assert ("null" in told["type"]) == column.nullable
        assert told.get("maximum") == column.maximum
        assert set(told.get("enum", ())) - {None} == set(column.values or ())


def test_page_names_every_column_with_its_alias() -> None:
    page = docs_text()
    for column in (*FINDINGS.columns, *FIGURES, *UNIT_FIGURES):
        assert f"| `{column.name}` | {column.alias_zh} |" in page
    short = short_names(SPOTS)
    for column in SPOTS.columns:
        assert f"| `{column.name}` | `{short[column.name]}` | {column.alias_zh} |" in page
    rows = [line for line in page.splitlines() if line.startswith("|")]
    assert {line.count("|") for line in rows} == {9, 8, 5}, "a cell holds a bar"


def test_written_document_is_valid_for_another_validator(document) -> None:
    jsonschema.Draft7Validator(schemas()[0]).validate(document)


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
        validate(broken, "findings")


@pytest.mark.parametrize("change", [{"type": "Feature"}, {"crs": {"type": "name"}}, {"schema_version": "0.9"}])
def test_a_broken_collection_is_refused(document, change) -> None:
    with pytest.raises(SchemaViolation):
        validate(document | change, "findings")


def test_every_feature_of_a_long_collection_is_checked(document) -> None:
    feature = document["features"][1]
    many = [feature] * 500
    many[317] = {**feature, "type": "feature"}
    with pytest.raises(SchemaViolation, match="at features/317/type: must be"):
        validate({**document, "features": many}, "findings")
    with pytest.raises(SchemaViolation, match="at features/9/type: must be"):
        validate_feature(many[317], "findings", 9)


def test_a_pattern_of_alternatives_holds_from_end_to_end() -> None:
    told = json.loads(schema_file("spots").read_text())["definitions"]["feature"]["properties"]["properties"]
    one = jsonschema.Draft7Validator(told["properties"]["national_type"])
    assert [one.is_valid(value) for value in ("1A", "6", None, "1AB", "16")] == [True, True, True, False, False]


def test_the_command_writes_what_is_stale(tmp_path: Path, monkeypatch, capsys) -> None:
    page = tmp_path / "schema.md"
    monkeypatch.setattr("rs_governance.publish.schema_files.DOCS_FILE", page)
    assert main([]) == 1
    assert not page.exists()
    assert main(["--write"]) == 0
    assert page.read_text(encoding="utf-8") == docs_text()
    assert main([]) == 0
    assert capsys.readouterr().out == "stale schema.md\nwrote schema.md\n"
