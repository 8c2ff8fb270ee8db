"""Fixtures for all tests."""

import os
from pathlib import Path

import pytest

# Cases are played through months of their own, whatever day the tests run on.
os.environ["RSG_SIMULATE"] = "1"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of real images beside the repository (or RSG_SHARED_DATA); tests skip without it."""
    default = Path(__file__).resolve().parents[1] / "../shared/data"
    folder = Path(os.environ.get("RSG_SHARED_DATA", default)).resolve()
    if not folder.is_dir():
        pytest.skip(f"no real images: '{folder}' does not exist (set RSG_SHARED_DATA)")
    return folder
