"""The declaration of the spots table."""

import re
from typing import get_args

import pytest

from rs_governance.detect.findings import FINDINGS
from rs_governance.rules import DEPARTMENTS, KINDS, SEVERITIES, SPOTS, STAGES, SUSPICIONS, THEMES, land_group
from rs_governance.rules.words import Department, Kind, Severity, Stage, Suspicion, Theme


def test_names_for_shapefiles_are_short_and_unique():
    short = [column.short or column.name for column in SPOTS.columns]
    assert len({name.lower() for name in short}) == len(short)
    assert all(re.fullmatch(r"[a-z][a-z0-9_]{0,9}", name) for name in short)


def test_columns_of_findings_keep_their_meaning():
    for column in SPOTS.columns:
        if column.name in FINDINGS.by_name and column.name != "kind":
            declared = FINDINGS.by_name[column.name]
            assert (column.dtype, column.unit, column.alias_zh) == (declared.dtype, declared.unit, declared.alias_zh)


@pytest.mark.parametrize(
    ("words", "names"),
    [
        (KINDS, Kind),
        (STAGES, Stage),
        (THEMES, Theme),
        (SEVERITIES, Severity),
        (SUSPICIONS, Suspicion),
        (DEPARTMENTS, Department),
    ],
)
def test_every_name_has_words(words, names):
    assert set(words) == set(get_args(names))
    assert all(word.zh and word.en for word in words.values())


@pytest.mark.parametrize("name", ["kind", "stage", "theme", "suspicion", "severity", "department"])
def test_closed_columns_allow_only_their_names(name):
    words = {"kind": KINDS, "stage": STAGES, "theme": THEMES, "suspicion": SUSPICIONS, "severity": SEVERITIES}
    assert SPOTS.by_name[name].values == tuple(words.get(name, DEPARTMENTS))


@pytest.mark.parametrize(
    ("spot_no", "fits"), [("450108-202610-0001", True), ("450108-202610a-12345", True), ("45010-202610-1", False)]
)
def test_spot_numbers(spot_no, fits):
    pattern = SPOTS.by_name["spot_no"].pattern
    assert pattern is not None
    assert bool(re.fullmatch(pattern, spot_no)) == fits


@pytest.mark.parametrize(
    ("code", "group"),
    [("0103", "cropland"), ("0301", "woodland"), ("1202", "facility"), ("0601", "built_up"), ("99", "other")],
)
def test_land_groups(code, group):
    assert land_group(code) == group
