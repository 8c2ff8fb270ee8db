"""On a terminal there are bars and folded tables; a real one (a pty) is used to see them."""

import os
import pty
import subprocess
import sys

import pytest

from rs_governance.cli.console import print_columns, print_table

SCRIPT = """
from rs_governance.cli.console import print_table, progress
with progress(quiet=False) as tell:
    for step in range(5):
        tell("detect", step / 4)
print_table([("影像 image", "long " * 60)])
"""


def test_tables_are_aligned_whatever_the_width_of_a_character(capsys: pytest.CaptureFixture[str]) -> None:
    print_table([("影像 image", "a"), ("x", "b")])
    assert capsys.readouterr().out == "影像 image  a\nx           b\n"
    print_columns(["", "对象 F1"], [["one", "0.5"]], title="two")
    assert capsys.readouterr().out == "two\n     对象 F1\none  0.5\n"


def test_a_terminal_gets_bars_and_folded_lines() -> None:
    ours, theirs = pty.openpty()
    environ = os.environ | {"TERM": "xterm", "COLUMNS": "60"}
    with subprocess.Popen(
        [sys.executable, "-c", SCRIPT], stdin=theirs, stdout=theirs, stderr=theirs, env=environ
    ) as done:
        os.close(theirs)
        printed = b""
        try:
            while chunk := os.read(ours, 4096):
                printed += chunk
        except OSError:  # the other end has gone
            pass
    os.close(ours)
    assert done.returncode == 0
    text = printed.decode()
    assert "检测" in text
    assert "100%" in text
    assert text.count("\n") > 5
