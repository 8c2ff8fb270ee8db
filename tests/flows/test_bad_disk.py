"""Bad disks, missing rights, runs that are killed: one line at most, and nothing half-written."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from rs_governance.cli import run
from rs_governance.flows import RESULT_FILES

try:
    import resource
except ImportError:  # pragma: no cover -- not on Windows
    resource = None  # type: ignore[assignment]

IS_ROOT = hasattr(os, "geteuid") and os.geteuid() == 0
NOBODY = 65534

Refused = Callable[..., str]


@pytest.fixture(scope="module")
def textured(small: Any) -> list[str]:
    """A pair that gives files of some size."""
    return [str(small.before), str(small.after)]


def test_foreign_files_are_left_alone(textured: list[str], tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "thesis.docx").write_bytes(b"years of work")
    for options in ((), ("--replace",)):
        assert run(["detect", *textured, "--out", str(out), "--quiet", *options]) == 4
        assert len(capfd.readouterr().err.splitlines()) == 1
        assert [path.name for path in out.iterdir()] == ["thesis.docx"]
        assert (out / "thesis.docx").read_bytes() == b"years of work"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out"]


def test_a_file_in_the_way(textured: list[str], tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "out").write_text("I am a file")
    for out in (tmp_path / "out", tmp_path / "out" / "below"):
        assert run(["detect", *textured, "--out", str(out), "--quiet"]) == 4
        assert len(capfd.readouterr().err.splitlines()) == 1
    assert (tmp_path / "out").read_text() == "I am a file"


@pytest.mark.skipif(resource is None, reason="no limits on file size here")
@pytest.mark.parametrize("limit_kb", [1, 30, 100, 150, 400])
def test_a_file_that_may_not_grow(textured: list[str], refused: Refused, limit_kb: int) -> None:
    # As a full disk does, this fails the write itself, here in one file after the other.
    former = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit_kb * 1024, former[1]))
    try:
        line = refused(*map(Path, textured), exit_code=4)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, former)
    assert "Cannot write" in line


@pytest.mark.parametrize("size_kb", [16, 256, 448, 1024])
def test_a_full_disk(textured: list[str], refused: Refused, tmp_path: Path, size_kb: int) -> None:
    mount, umount = shutil.which("mount"), shutil.which("umount")
    disk = tmp_path / "disk"
    disk.mkdir()
    command = [str(mount), "-t", "tmpfs", "-o", f"size={size_kb}k", "tmpfs", str(disk)]
    if mount is None or umount is None or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("a small disk cannot be mounted here: it takes root and the right to mount")
    try:
        line = refused(*map(Path, textured), out=disk / "out", exit_code=4)
        assert list(disk.iterdir()) == []
    finally:
        subprocess.run([umount, str(disk)], check=True)
    assert "free" in line


@contextmanager
def open_house() -> Iterator[Path]:
    """Give a folder that every user may enter: pytest's own are root's alone."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        place.chmod(0o755)
        yield place


@contextmanager
def as_nobody() -> Iterator[None]:
    """Act as a user without rights: permissions do not bind root."""
    if IS_ROOT:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        if IS_ROOT:
            os.seteuid(0)


@pytest.mark.skipif(not hasattr(os, "seteuid"), reason="no users of this kind here")
def test_no_permission_to_write(textured: list[str], refused: Refused) -> None:
    with open_house() as place:
        images = [Path(shutil.copy(source, place)) for source in textured]
        locked = place / "locked"
        locked.mkdir(mode=0o555)
        with as_nobody():
            for out in (locked / "out", locked / "new" / "out"):
                assert "no permission" in refused(*images, out=out, exit_code=4)
        assert list(locked.iterdir()) == []
        locked.chmod(0o755)


@pytest.mark.skipif(not hasattr(os, "seteuid"), reason="no users of this kind here")
def test_no_permission_to_read(textured: list[str], refused: Refused) -> None:
    with open_house() as place:
        images = [Path(shutil.copy(source, place)) for source in textured]
        images[0].chmod(0o644)
        images[1].chmod(0o000)
        with as_nobody():
            line = refused(*images, out=place / "out")
        assert images[1].name in line


# Killed half-way.


def start(arguments: list[str], folder: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "rs_governance", "detect", *arguments, "--quiet"]
    return subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def holds(part: Path, name: str) -> bool:
    """Tell whether the hidden folder has come as far as this file."""
    return part.is_dir() and (not name or any(path.name.endswith(name) for path in part.iterdir()))


@pytest.fixture
def killed(textured: list[str], tmp_path: Path) -> Iterator[Callable[[str], Path]]:
    """Return a function that starts a run, kills it when its hidden folder holds a file, and returns `--out`."""
    running: list[subprocess.Popen[bytes]] = []

    def kill_at(name: str) -> Path:
        out = tmp_path / "out"
        process = start([*textured, "--out", str(out), "--block", "64"], tmp_path)
        running.append(process)
        deadline = time.monotonic() + 120
        while not holds(tmp_path / ".out.rsg-part", name):
            assert process.poll() is None, "the run ended before it could be killed"
            assert time.monotonic() < deadline
            time.sleep(0.0005)
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
        return out

    yield kill_at
    for process in running:
        process.kill()
        process.wait()


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no kill -9 here")
@pytest.mark.parametrize("name", ["", "flat.tif", "findings.gpkg"], ids=["at_once", "scoring", "publishing"])
def test_killed_half_way(
    killed: Callable[[str], Path], textured: list[str], tmp_path: Path, capfd: pytest.CaptureFixture[str], name: str
) -> None:
    out = killed(name)
    assert not out.exists()
    # The next run to the same place removes what is left.
    assert run(["detect", *textured, "--out", str(out), "--quiet"]) == 0
    assert capfd.readouterr() == ("", "")
    assert {path.name for path in out.iterdir()} == {*RESULT_FILES, ".rsg-result"}
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_interrupted_by_the_keyboard(
    textured: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    from rs_governance import publish

    def interrupt(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(publish, "write_gpkg", interrupt)
    assert run(["detect", *textured, "--out", str(tmp_path / "out"), "--quiet"]) == 130
    assert list(tmp_path.iterdir()) == []
    assert len(capfd.readouterr().err.splitlines()) <= 1


def test_two_runs_to_one_place(textured: list[str], tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    from rs_governance import publish

    with publish.OutputFolder(tmp_path / "out") as part:
        (part / "file.txt").write_text("busy")
        assert run(["detect", *textured, "--out", str(tmp_path / "out"), "--quiet"]) == 4
        assert "Another run" in capfd.readouterr().err
        assert (part / "file.txt").read_text() == "busy"
    assert (tmp_path / "out" / "file.txt").read_text() == "busy"
