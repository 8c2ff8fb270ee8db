"""Who may import what. import-linter holds the direction between rooms; this holds libraries, names and sizes."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = {"rs_governance": ROOT / "src" / "rs_governance", "rs_kernels": ROOT / "kernels" / "rs_kernels"}

# A library, and the rooms that may import it. The doctor asks every library whether it is well.
ALLOWED = {
    "numba": {"kernels", "doctor"},
    "llvmlite": {"kernels"},
    "rasterio": {"scenes", "publish", "learn", "field", "simulate", "doctor"},
    "geopandas": {"table", "detect", "grids", "rules", "publish", "learn", "field", "flows"},
    "pyogrio": {"scenes", "grids", "publish", "field", "flows", "simulate", "doctor"},
    "typer": {"cli"},
    "rich": {"cli"},
    "fastjsonschema": {"publish", "field"},
    "jsonschema": {"publish"},
    "sqlalchemy": {"db", "cases", "field", "flows", "cli"},
    "alembic": {"db"},
    "cryptography": {"cases"},
    "matplotlib": set(),
    "torch": set(),
}
SPLIT_BY_NOUN_INSTEAD = {"utils", "util", "helpers", "helper", "common", "misc", "tools"}
LONGEST_FILE = 400


def sources() -> list[Path]:
    return sorted(file for package in PACKAGES.values() for file in package.rglob("*.py"))


def room_of(file: Path) -> str:
    if file.is_relative_to(PACKAGES["rs_kernels"]):
        return "kernels"
    return file.relative_to(PACKAGES["rs_governance"]).parts[0].removesuffix(".py")


def imported(file: Path) -> Iterator[tuple[str, int]]:
    """Top-level package of each import in a file, late ones and those for types alone included."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name.split(".")[0], node.lineno
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.module.split(".")[0], node.lineno


@pytest.mark.parametrize("library", ALLOWED)
def test_library_stays_in_its_rooms(library: str) -> None:
    strays = [
        f"{file.relative_to(ROOT)}:{line}"
        for file in sources()
        for name, line in imported(file)
        if name == library and room_of(file) not in ALLOWED[library]
    ]
    assert not strays, f"{library} belongs to {sorted(ALLOWED[library]) or 'no room'}"


def test_simulator_shares_no_code_with_detection() -> None:
    for file in sources():
        if room_of(file) == "simulate":
            text = file.read_text(encoding="utf-8")
            for room in ("scenes", "detect", "learn", "publish", "flows"):
                assert f"rs_governance.{room}" not in text, file.relative_to(ROOT)


def test_no_module_is_a_drawer_for_everything() -> None:
    drawers = [
        file.relative_to(ROOT)
        for file in ROOT.glob("*/**/*.py")
        if ".venv" not in file.parts and file.stem.strip("_") in SPLIT_BY_NOUN_INSTEAD
    ]
    drawers += [
        file.parent.relative_to(ROOT) for file in sources() if file.parent.name.strip("_") in SPLIT_BY_NOUN_INSTEAD
    ]
    assert not drawers


def test_no_source_file_is_too_long() -> None:
    long = {
        str(file.relative_to(ROOT)): lines
        for file in sources()
        if (lines := len(file.read_text().splitlines())) > LONGEST_FILE
    }
    assert not long, f"split by noun; at most {LONGEST_FILE} lines"
