"""The offline bundle installs, and does its job, with the network cut off."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import rs_governance

pytestmark = pytest.mark.bundle


def cut_off() -> list[str]:
    """Return the prefix that runs a command without network, empty where this machine does not allow it."""
    prefix = ["unshare", "--map-root-user", "--net"]
    if shutil.which("unshare") is None:
        return []
    allowed = subprocess.run([*prefix, "true"], capture_output=True, check=False).returncode == 0
    return prefix if allowed else []


def run(command: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    # Where the network cannot be cut off, no index and no proxy is left to find it by.
    environ = {name: value for name, value in os.environ.items() if not name.upper().startswith(("PIP_", "UV_"))}
    environ |= {"PIP_NO_INDEX": "1", "PYTHON": sys.executable}
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        environ |= {name: "http://127.0.0.1:9", name.upper(): "http://127.0.0.1:9"}
    done = subprocess.run([*cut_off(), *command], cwd=folder, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done


@pytest.fixture(scope="module")
def installed(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder where the bundle was unpacked and installed into `rsg-offline`."""
    folder = tmp_path_factory.mktemp("offline")
    made = subprocess.run([root / "scripts" / "bundle.sh", folder], capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stderr
    subprocess.run(["tar", "xf", f"bundle-{rs_governance.__version__}.tar"], cwd=folder, check=True)
    run([f"bundle-{rs_governance.__version__}/install.sh", "rsg-offline"], folder)
    return folder


def test_installed_program_finds_the_machine_fit(installed: Path) -> None:
    done = run(["rsg-offline/bin/rsg", "doctor", "--json"], installed)
    assert json.loads(done.stdout)["fit"] is True


def test_installed_program_does_its_job(installed: Path) -> None:
    sample = installed / f"bundle-{rs_governance.__version__}" / "sample_tiles"
    images = [str(sample / "scenes" / name) for name in ("20260912.tif", "20261014.tif")]
    run(["rsg-offline/bin/rsg", "detect", *images, "--out", "out", "--quiet"], installed)
    assert (installed / "out" / "findings.gpkg").stat().st_size > 0


def test_installation_does_not_overwrite(installed: Path) -> None:
    command = [f"bundle-{rs_governance.__version__}/install.sh", "rsg-offline"]
    done = subprocess.run(command, cwd=installed, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "exists already" in done.stderr
