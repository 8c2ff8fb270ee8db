"""`scripts/environment.sh` says in one line what a machine lacks, and does nothing when nothing is to be done."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

TOOLS = ("sh", "dirname", "cat", "cksum", "cut", "grep", "rm", "mkdir", "chmod")


class Machine:
    """A copy of the scripts, and a PATH that holds only what a test puts there."""

    def __init__(self, root: Path, folder: Path) -> None:
        self.project = folder / "project"
        self.programs = folder / "bin"
        self.programs.mkdir()
        for tool in TOOLS:
            found = shutil.which(tool)
            assert found is not None
            (self.programs / tool).symlink_to(found)
        for name in ("scripts", "requirements"):
            shutil.copytree(root / name, self.project / name)
        shutil.copy(root / "pyproject.toml", self.project)

    def install(self, name: str, script: str) -> None:
        program = self.programs / name
        program.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        program.chmod(0o755)

    def make_environment(self, **variables: str) -> subprocess.CompletedProcess[str]:
        script = str(self.project / "scripts" / "environment.sh")
        environ = {"PATH": str(self.programs), "HOME": str(self.project), **variables}
        return subprocess.run([script, "run"], env=environ, capture_output=True, text=True, check=False)


@pytest.fixture
def machine(root: Path, tmp_path: Path) -> Machine:
    return Machine(root, tmp_path)


def assert_one_line(done: subprocess.CompletedProcess[str], *says: str) -> None:
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1, done.stderr
    for words in says:
        assert words in done.stderr


def test_no_python(machine: Machine) -> None:
    assert_one_line(machine.make_environment(), "Python 3.11 or newer", "apt-get install python3 python3-venv")


def test_only_an_old_python(machine: Machine) -> None:
    machine.install("python3", "exit 1")
    assert_one_line(machine.make_environment(), "Python 3.11 or newer")


def test_a_named_python_that_does_not_run(machine: Machine) -> None:
    assert_one_line(machine.make_environment(PYTHON="no-such-python"), "PYTHON=no-such-python")


def test_python_without_venv(machine: Machine) -> None:
    machine.install("python3", 'case "$2" in *ensurepip*) exit 1 ;; *print*) echo python3.12-venv ;; esac')
    assert_one_line(machine.make_environment(), "no venv module", "apt-get install python3.12-venv")


def test_no_openmp(machine: Machine) -> None:
    machine.install("python3", 'case "$2" in *libgomp*) exit 1 ;; esac')
    assert_one_line(machine.make_environment(), "libgomp1", "apt-get install libgomp1")


def test_a_finished_environment_is_left_alone(machine: Machine) -> None:

    venv = machine.project / ".venv"
    (venv / "bin").mkdir(parents=True)
    sums = subprocess.run(
        [
            "sh",
            "-c",
            "{ pwd && cat pyproject.toml requirements/bootstrap.lock requirements/dev.lock; } | cksum | cut -d ' ' -f 1",
        ],
        cwd=machine.project,
        capture_output=True,
        text=True,
        check=True,
        env={"PATH": os.environ["PATH"]},
    )
    (venv / ".rsg-environment").write_text(f"dev {sums.stdout.strip()}\n", encoding="utf-8")
    done = machine.make_environment()
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    # A lock that changed is noticed (the environment of this test cannot be made anew, so it fails).
    with (machine.project / "requirements" / "dev.lock").open("a", encoding="utf-8") as lock:
        lock.write("\n")
    assert machine.make_environment().returncode != 0
