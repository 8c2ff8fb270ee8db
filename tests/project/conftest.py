import subprocess
from pathlib import Path

import pytest

# What is made here and not part of the project; used only where there is no git to ask.
MADE = {".git", ".venv", ".hypothesis", "dist", "build", "out", ".cache", "__pycache__"}


@pytest.fixture(scope="session")
def root() -> Path:
    """The repository's root."""
    return Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def tree(root: Path) -> list[Path]:
    """Every file of the project: tracked, or new and not ignored."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = (
        subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
        if (root / ".git").exists()
        else None
    )
    if listed is not None and listed.returncode == 0:
        files = [root / name for name in listed.stdout.split("\0") if name]
        return [file for file in files if file.is_file()]
    return [
        file
        for file in sorted(root.rglob("*"))
        if file.is_file() and not any(part in MADE or part.endswith("_cache") for part in file.relative_to(root).parts)
    ]
