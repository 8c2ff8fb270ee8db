"""What a clerk or an inspector can do wrong is told in Chinese too, beside the English words, where it is raised."""

import ast
from pathlib import Path

import pytest

ROOMS = ("cli", "field", "cases", "db")
ERRORS = {"UsageError", "ActionRefused", "CaseConflict", "LayerUnreadable", "StoreInvalid", "OutputFailed", "Odd"}
SOURCES = Path(__file__).resolve().parents[2] / "src" / "rs_governance"
# Commands of those who keep the program, not of those who work on cases.
NOT_MET = {"cli/simulate.py"}


@pytest.mark.parametrize("room", ROOMS)
def test_every_error_of_a_room_that_people_work_in_has_its_chinese_words(room: str) -> None:
    seen, without = 0, []
    for file in sorted((SOURCES / room).rglob("*.py")):
        name = file.relative_to(SOURCES).as_posix()
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ERRORS):
                continue
            seen += 1
            if name not in NOT_MET and not any(given.arg == "zh" for given in node.keywords):
                without.append(f"{name}:{node.lineno}")
    assert without == [], "say it in Chinese too: zh=..."
    assert seen
