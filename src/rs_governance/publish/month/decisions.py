"""The trace of every decision, as data and in words."""

import json
from collections.abc import Mapping
from dataclasses import fields
from datetime import date
from pathlib import Path
from typing import Any, get_args

from rs_governance.errors import SchemaViolation
from rs_governance.publish.issue import MonthlyIssue
from rs_governance.publish.output_folder import writing
from rs_governance.publish.schema import DAY_OR_NULL, closed_object, document_schema, schema_id, validate
from rs_governance.rules import Step, StepName

DECISIONS = "decisions"
"""Name of the schema of `decisions.json`."""

VERSION = "1.0"
"""Version of that schema."""

_FIELDS = tuple(field.name for field in fields(Step))


def write_decisions(month: MonthlyIssue, path: Path) -> None:
    """Write the steps that led to the decision on each spot, one spot a line.

    Parameters
    ----------
    month
        The issue.
    path
        File to create or replace.

    Raises
    ------
    SchemaViolation
        When a step holds a value that JSON does not know.
    OutputFailed
        When the file cannot be written.
    """
    head = {
        "schema_id": schema_id(DECISIONS, VERSION),
        "schema_version": VERSION,
        "district_code": month.district_code,
        "issue": month.issue,
    }
    decisions = {number: [_described(step) for step in month.decisions[number]] for number in month.spots["spot_no"]}
    validate({**head, "decisions": decisions}, DECISIONS)
    encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False).encode
    try:
        lines = [f"{encode(number)}: {encode(steps)}" for number, steps in decisions.items()]
    except ValueError as error:
        raise SchemaViolation(
            f"A step of issue {month.issue} holds a number that JSON does not know: {error}."
        ) from error
    separator = ",\n"
    with writing(path):
        path.write_text(
            f'{encode(head)[:-1]}, "decisions": {{\n{separator.join(lines)}\n}}}}\n', encoding="utf-8", newline="\n"
        )


def read_decisions(path: Path) -> dict[str, tuple[Step, ...]]:
    """Read what `write_decisions` wrote: spot number to its steps.

    Raises
    ------
    SchemaViolation
        When the file is damaged or of an unknown version.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        validate(document, DECISIONS)
    except (OSError, ValueError) as error:
        raise SchemaViolation(f"The decisions cannot be read from {path.name}: {error}.") from error
    return {number: tuple(map(_step, steps)) for number, steps in document["decisions"].items()}


def decisions_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 7) of `decisions.json`."""
    text = {"type": "string"}
    step = {
        "step": {"enum": list(get_args(StepName)), "description": "Question that was asked. 所判定的事项。"},
        "rule": text | {"description": "Rule that was tried, or register. 规则编号或名册。"},
        "holds": {"type": "boolean", "description": "Whether it applied. 是否成立。"},
        "numbers": {
            "type": "object",
            "additionalProperties": {"type": ["number", "string"]},
            "description": "What the rule looked at. 规则所依据的数值。",
        },
        "layer": {"type": ["string", "null"], "description": "Layer that they come from. 数值来源图层。"},
        "layer_as_of": DAY_OR_NULL | {"description": "Date of that layer. 图层现势日期。"},
        "text_zh": text,
        "text_en": text,
    }
    return document_schema(
        DECISIONS,
        VERSION,
        title="Decisions of an issue",
        description="Spot number to the steps that led to its decision, in the order in which they were taken.",
        members={
            "district_code": text,
            "issue": text,
            "decisions": {"type": "object", "additionalProperties": {"type": "array", "items": closed_object(step)}},
        },
    )


def _described(step: Step) -> dict[str, Any]:
    described: dict[str, Any] = {name: getattr(step, name) for name in _FIELDS}
    described["numbers"] = dict(step.numbers)
    described["layer_as_of"] = None if step.layer_as_of is None else step.layer_as_of.isoformat()
    return described


def _step(described: Mapping[str, Any]) -> Step:
    as_of = described["layer_as_of"]
    return Step(**{**described, "layer_as_of": None if as_of is None else date.fromisoformat(as_of)})
