"""The result folder: whole or not at all, whatever happens."""

import errno
import fcntl
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from rs_governance.errors import OutputFailed
from rs_governance.publish.output_folder import MANIFEST, OutputFolder, writing


def publish(out: Path, text: str, *, replace: bool = False) -> None:
    with OutputFolder(out, replace=replace) as part:
        (part / "top.gpkg").write_text(text)
        (part / "sub").mkdir()
        (part / "sub" / "data.txt").write_text(text)


def publish_in_vain(out: Path) -> None:
    with OutputFolder(out, replace=True) as part:
        (part / "data.txt").write_text("new")
        raise RuntimeError("stop")


def text_of(out: Path) -> str:
    return (out / "sub" / "data.txt").read_text()


def names(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir() if entry.name != MANIFEST)


@pytest.mark.parametrize("prepared", [(), ("deep",), ("deep", "deep/out")])
def test_a_new_result_appears_whole(tmp_path, prepared) -> None:
    for name in prepared:
        (tmp_path / name).mkdir()
    out = tmp_path / "deep" / "out"
    with OutputFolder(out) as part:
        (part / "data.txt").write_text("x")
        assert part.parent == out.parent
        assert not (out / "data.txt").exists()
    assert names(out) == ["data.txt"]
    assert names(out.parent) == ["out"]
    assert out.stat().st_mode & 0o777 == 0o777 & ~_umask()


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def test_an_error_leaves_no_trace(tmp_path) -> None:
    with pytest.raises(RuntimeError, match="stop"):
        publish_in_vain(tmp_path / "out")
    assert names(tmp_path) == []


def test_an_error_leaves_the_former_result(tmp_path) -> None:
    out = tmp_path / "out"
    publish(out, "old")
    with pytest.raises(RuntimeError, match="stop"):
        publish_in_vain(out)
    assert text_of(out) == "old"
    assert names(tmp_path) == ["out"]


def test_a_former_result_is_replaced_only_when_asked(tmp_path) -> None:
    out = tmp_path / "out"
    publish(out, "old")
    with pytest.raises(OutputFailed, match="is not empty"):
        publish(out, "new")
    assert text_of(out) == "old"
    publish(out, "new", replace=True)
    assert text_of(out) == "new"
    assert names(tmp_path) == ["out"]


def test_other_peoples_folders_are_never_replaced(tmp_path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "thesis.docx").write_text("years of work")
    with pytest.raises(OutputFailed, match=r"'thesis.docx', which no run wrote"):
        publish(out, "new", replace=True)
    assert (out / "thesis.docx").read_text() == "years of work"


def test_what_a_person_put_into_a_result_is_never_lost(tmp_path) -> None:
    out = tmp_path / "out"
    publish(out, "old")
    (out / "map.qgz").write_text("a day of work")
    with pytest.raises(OutputFailed, match=r"'map.qgz', which no run wrote"):
        publish(out, "new", replace=True)
    assert text_of(out) == "old"
    (out / "map.qgz").rename(tmp_path / "map.qgz")
    (out / "top.gpkg-wal").write_text("left by a reader")
    publish(out, "new", replace=True)
    assert text_of(out) == "new"


def test_the_current_folder_cannot_be_exchanged(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(OutputFailed, match="name a folder inside it"):
        publish(Path(), "new")


def test_a_folder_that_is_filled_meanwhile_is_left_alone(tmp_path) -> None:
    out = tmp_path / "out"
    folder = OutputFolder(out)
    (folder.__enter__() / "data.txt").write_text("ours")
    out.mkdir()
    (out / "theirs.txt").write_text("theirs")
    with pytest.raises(OutputFailed, match="is not empty"):
        folder.__exit__(None, None, None)
    assert names(out) == ["theirs.txt"]
    assert names(tmp_path) == ["out"]


def test_a_file_or_the_root_is_no_folder(tmp_path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(OutputFailed, match="is not a folder"):
        publish(tmp_path / "file", "new")
    with pytest.raises(OutputFailed, match="a file is in the way"):
        publish(tmp_path / "file" / "out", "new")
    with pytest.raises(OutputFailed, match="cannot be the output folder"):
        publish(Path("/"), "new")


def test_a_link_to_a_folder_is_followed(tmp_path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    publish(tmp_path / "link", "new")
    assert (tmp_path / "link").is_symlink()
    assert text_of(tmp_path / "real") == "new"


def test_two_runs_to_one_place_refuse_each_other(tmp_path) -> None:
    out = tmp_path / "out"
    with OutputFolder(out) as part:
        (part / "data.txt").write_text("first")
        with pytest.raises(OutputFailed, match="Another run is writing"):
            publish(out, "second")
        assert (part / "data.txt").read_text() == "first"
    assert names(out) == ["data.txt"]


def test_a_former_result_that_another_run_just_published_is_not_swapped(tmp_path) -> None:
    out = tmp_path / "out"
    publish(out, "old")
    descriptor = os.open(out, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    try:
        with pytest.raises(OutputFailed, match="Another run"):
            publish(out, "new", replace=True)
    finally:
        os.close(descriptor)
    assert text_of(out) == "old"
    assert names(tmp_path) == ["out"]


def test_what_a_killed_run_left_is_removed_and_nothing_else(tmp_path) -> None:
    for name in (".out.rsg-part", ".other.rsg-part", ".out.backup"):
        (tmp_path / name / "sub").mkdir(parents=True)
        (tmp_path / name / "sub" / "half.tif").write_text("half")
    publish(tmp_path / "out", "new")
    assert names(tmp_path) == [".other.rsg-part", ".out.backup", "out"]
    assert names(tmp_path / "out") == ["sub", "top.gpkg"]


def test_a_disk_that_cannot_swap_says_what_to_do(tmp_path, monkeypatch) -> None:
    out = tmp_path / "out"
    publish(out, "old")
    monkeypatch.setattr("rs_governance.publish.output_folder.ctypes.CDLL", lambda *_, **__: object())
    with pytest.raises(OutputFailed, match="remove the former result"):
        publish(out, "new", replace=True)
    assert text_of(out) == "old"
    assert names(tmp_path) == ["out"]


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="needs /proc, where no folder can be made")
@pytest.mark.parametrize("place", ["/proc/x", "/proc/x/y"])
def test_a_place_where_no_folder_can_be_made_is_named(place: str) -> None:
    with (
        pytest.raises(OutputFailed, match=r"no folder can be made in '/proc.*choose another place"),
        OutputFolder(Path(place)),
    ):
        pytest.fail("there is no such place")


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EROFS, errno.EFBIG, errno.ENOENT])
def test_errors_of_the_system_become_one_line(tmp_path, code) -> None:
    with pytest.raises(OutputFailed, match=r"Cannot write '.*out': .*") as caught, writing(tmp_path / "out"):
        raise OSError(code, os.strerror(code))
    assert "\n" not in str(caught.value)
    assert str(caught.value).endswith(".")


def test_other_errors_pass() -> None:
    with pytest.raises(OSError, match="Interrupted"), writing(Path("out")):
        raise OSError(errno.EINTR, "Interrupted")


def test_no_permission_is_one_line() -> None:
    code = (
        "import os, sys; from pathlib import Path\n"
        "from rs_governance.publish.output_folder import OutputFolder\n"
        "if os.geteuid() == 0: os.setegid(65534); os.seteuid(65534)\n"
        "with OutputFolder(Path(sys.argv[1])): pass\n"
    )
    with tempfile.TemporaryDirectory() as closed:  # tmp_path lies in a folder that others cannot enter
        Path(closed).chmod(0o555)
        done = subprocess.run(
            [sys.executable, "-c", code, f"{closed}/out"], check=False, capture_output=True, text=True
        )
        assert names(Path(closed)) == []
    assert done.returncode == 1
    assert "OutputFailed: Cannot write" in done.stderr
    assert "no permission to write there" in done.stderr


KILLED = '''
"""Kill a run just before its n-th call of the system, for every n, and look at what is left each time."""
import os, signal, sys
from pathlib import Path
from rs_governance.publish.output_folder import OutputFolder

parent = Path(sys.argv[1])
out, former = parent / "out", sys.argv[2] == "former"


def publish(text):
    with OutputFolder(out, replace=former) as part:
        (part / "sub").mkdir()
        for index in range(3):
            (part / "sub" / f"{index}.txt").write_text(text)


def whole(text):
    files = sorted(path.relative_to(out).as_posix() for path in out.rglob("*"))
    assert files == [".rsg-result", "sub", "sub/0.txt", "sub/1.txt", "sub/2.txt"], files
    assert all((out / "sub" / f"{index}.txt").read_text() == text for index in range(3))


if former:
    publish("0")
text, seen = "0", set()
for step in range(1, 1000):
    child = os.fork()
    if child == 0:
        left = step

        def count(event, arguments):
            global left
            if event.startswith(("os.", "open", "shutil.", "fcntl.", "ctypes.")):
                left -= 1
                if left == 0:
                    os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(count)
        publish(str(step))
        os._exit(0)
    status = os.waitpid(child, 0)[1]
    if out.exists() and any(out.iterdir()):
        new = (out / "sub" / "0.txt").read_text()
        assert new in (text, str(step)), (new, step)
        seen.add(new == str(step))
        whole(new)
        text = new
        if not former:  # published, then killed while tidying up
            break
    else:
        assert not former and not out.exists()
    if os.WIFEXITED(status):
        assert os.WEXITSTATUS(status) == 0
        break
assert step > 10
assert os.WIFEXITED(status) or not former
assert not former or seen == {True, False}
if former:
    assert sorted(path.name for path in parent.iterdir()) == ["out"]
print(step)
'''


@pytest.mark.parametrize("case", ["new", "former"])
def test_killed_at_any_instant_nothing_is_half_written(tmp_path, case) -> None:
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(tmp_path), case], check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 10
