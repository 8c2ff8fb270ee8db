"""Fixtures for all tests."""

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of real images beside the repository (or RSG_SHARED_DATA); tests skip without it."""
    default = Path(__file__).resolve().parents[1] / "../shared/data"
    folder = Path(os.environ.get("RSG_SHARED_DATA", default)).resolve()
    if not folder.is_dir():
        pytest.skip(f"no real images: '{folder}' does not exist (set RSG_SHARED_DATA)")
    return folder
