"""The trace of decisions, out and in again."""

import dataclasses
import json

import jsonschema
import pytest

from rs_governance.errors import OutputFailed, SchemaViolation
from rs_governance.publish.month.decisions import decisions_schema, read_decisions, write_decisions


def test_round_trip_and_bytes(make_month, tmp_path) -> None:
    month = make_month(12)
    for name in ("one", "two"):
        write_decisions(month, tmp_path / name)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    assert read_decisions(tmp_path / "one") == month.decisions
    document = json.loads((tmp_path / "one").read_text(encoding="utf-8"))
    jsonschema.Draft7Validator(decisions_schema()).validate(document)
    step = document["decisions"]["450108-202610-0001"][3]
    assert step["layer_as_of"] == "2025-12-31"
    assert step["numbers"]["area_m2"] == 356.2


def test_no_spots(make_month, tmp_path) -> None:
    write_decisions(make_month(0), tmp_path / "decisions.json")
    assert read_decisions(tmp_path / "decisions.json") == {}


def test_what_json_does_not_know_is_refused(make_month, tmp_path) -> None:
    month = make_month(1)
    (number,) = month.decisions
    for value in (float("nan"), None):
        step = dataclasses.replace(month.decisions[number][0], numbers={"area_m2": value})
        with pytest.raises(SchemaViolation):
            write_decisions(dataclasses.replace(month, decisions={number: (step,)}), tmp_path / "decisions.json")
    assert not (tmp_path / "decisions.json").exists()


@pytest.mark.parametrize("text", ["", "{}", '{"decisions": 1}'])
def test_a_damaged_file_is_refused(tmp_path, text) -> None:
    (tmp_path / "decisions.json").write_text(text)
    with pytest.raises(SchemaViolation, match="decisions"):
        read_decisions(tmp_path / "decisions.json")


def test_a_place_that_cannot_be_written(make_month, tmp_path) -> None:
    with pytest.raises(OutputFailed, match="Cannot write"):
        write_decisions(make_month(1), tmp_path / "gone" / "decisions.json")
