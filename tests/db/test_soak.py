"""A tenth of `make soak`: many processes at once, and processes killed at random instants."""

import json
import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "soak.py"


def test_nothing_is_lost_doubled_or_half_written() -> None:
    done = subprocess.run(
        [sys.executable, SCRIPT, "--share", "0.1"], check=False, capture_output=True, encoding="utf-8"
    )
    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout)
    acts = figures["acts"]
    assert (acts["processes"], acts["acts"]) == (8, 160)
    assert acts["done"] > 0
    assert acts["refused"] + acts.get("conflict", 0) > 0
    assert sum(each["kills"] for each in figures["kills"].values()) >= 20
    assert set(figures["kills"]) == {"acts", "take-ins", "backups", "exports", "issues", "returns", "migrations"}
