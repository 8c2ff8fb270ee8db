"""Outcomes: what a closed case teaches."""

import pytest

from .conftest import judged


@pytest.mark.parametrize(
    ("verdict", "resolution", "label"),
    [
        ("illegal", "demolished", "change"),
        ("lawful", "homestead", "change"),
        ("false_change", "season", "no_change"),
        ("unverified", "merged", None),
        ("illegal", None, None),
    ],
)
def test_what_a_case_teaches(verdict: str, resolution: str | None, label: str | None) -> None:
    assert judged(1, verdict, resolution).label == label
