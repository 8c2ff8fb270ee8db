"""What the libraries are told before they start."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from rs_governance import config


@pytest.mark.parametrize(("home", "set_to"), [("writable", None), ("nowhere", "rsg-kernels-")])
def test_kernels_are_cached_where_somebody_can_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, home: str, set_to: str | None
) -> None:
    (tmp_path / "writable").mkdir()
    monkeypatch.setattr(config.os, "access", lambda path, mode: Path(path).name == "writable")
    environ = {"HOME": str(tmp_path / home)}
    config.settle_kernel_cache(environ)
    assert ("NUMBA_CACHE_DIR" in environ) == (set_to is not None)
    if set_to is not None:
        assert Path(environ["NUMBA_CACHE_DIR"]).name.startswith(set_to)


def test_a_chosen_cache_is_left_alone() -> None:
    environ = {"NUMBA_CACHE_DIR": "/somewhere"}
    config.settle_kernel_cache(environ)
    assert environ == {"NUMBA_CACHE_DIR": "/somewhere"}


def test_memory_is_settled_where_the_library_can(monkeypatch: pytest.MonkeyPatch) -> None:
    told: dict[int, int] = {}
    monkeypatch.setattr(config.ctypes, "CDLL", lambda _name: SimpleNamespace(mallopt=told.__setitem__))
    config.settle_memory()
    assert told[-8] == 1
    assert told[-3] <= 32 * 2**20  # glibc refuses more
    monkeypatch.setattr(config.ctypes, "CDLL", lambda _name: SimpleNamespace())
    config.settle_memory()
