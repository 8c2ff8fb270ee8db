"""What may stand in the tree: no machine's traces, no secrets of a build, no big files; locks that are whole."""

import re
import tomllib
from pathlib import Path

import pytest

# Written in parts, so that this file does not hold what it forbids.
REGISTRIES = [
    ".".join(parts)
    for parts in (
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("npmjs", "org"),
        ("npmjs", "com"),
        ("npmmirror", "com"),
        ("debian", "org"),
        ("tuna", "tsinghua", "edu", "cn"),
        ("mirrors", "aliyun", "com"),
        ("anaconda", "org"),
    )
]
MACHINE_PATH = re.compile(r"(?<![\w.$}~-])/(?:root|home|Users|work|opt|mnt)/\w")
LOCK_FILES_THAT_RECORD_HOSTS = {"uv.lock", "pylock.toml", "poetry.lock", "Pipfile.lock"}
LARGEST_FILE = 1_000_000
LARGEST_SAMPLE = 20_000_000


def text_of(file: Path) -> str | None:
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return None


def test_no_file_names_a_package_registry(tree: list[Path], root: Path) -> None:
    found = [
        (str(file.relative_to(root)), host) for file in tree for host in REGISTRIES if host in (text_of(file) or "")
    ]
    assert not found
    assert not [file for file in tree if file.name in LOCK_FILES_THAT_RECORD_HOSTS]


def test_no_file_holds_a_path_of_some_machine(tree: list[Path], root: Path) -> None:
    found = [
        f"{file.relative_to(root)}: {match.group()}"
        for file in tree
        if file.name != Path(__file__).name
        for match in MACHINE_PATH.finditer(text_of(file) or "")
    ]
    assert not found


def test_no_file_is_big(tree: list[Path], root: Path) -> None:
    sample = root / "sample_tiles"
    big = [
        str(file.relative_to(root))
        for file in tree
        if not file.is_relative_to(sample) and file.stat().st_size > LARGEST_FILE
    ]
    assert not big
    assert sum(file.stat().st_size for file in tree if file.is_relative_to(sample)) <= LARGEST_SAMPLE


def test_licence_is_apache(root: Path) -> None:
    text = (root / "LICENSE").read_text(encoding="utf-8")
    assert "Apache License" in text
    assert "Version 2.0, January 2004" in text
    assert "END OF TERMS AND CONDITIONS" in text


def pins(lock: Path) -> set[tuple[str, str]]:
    return set(re.findall(r"^([a-z0-9-]+)==([^ ;\\]+)", lock.read_text(encoding="utf-8"), re.MULTILINE))


@pytest.mark.parametrize("name", ["bootstrap", "run", "dev", "gpu"])
def test_every_pin_of_a_lock_has_hashes(root: Path, name: str) -> None:
    for entry in re.split(r"\n(?=\S)", (root / "requirements" / f"{name}.lock").read_text(encoding="utf-8").strip()):
        assert re.match(r"[a-z0-9-]+==[^ ]+", entry)
        assert "--hash=sha256:" in entry


def test_locks_agree(root: Path) -> None:
    run, dev, gpu, bootstrap = (
        pins(root / "requirements" / f"{name}.lock") for name in ("run", "dev", "gpu", "bootstrap")
    )
    assert run <= dev
    assert dev <= gpu
    assert bootstrap <= dev


def test_run_lock_holds_every_declared_dependency(root: Path) -> None:
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    declared = {re.split(r"[<>=!~\[ ;]", dependency)[0] for dependency in project["dependencies"]}
    assert declared <= {name for name, _ in pins(root / "requirements" / "run.lock")}
