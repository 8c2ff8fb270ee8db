"""Trying rules on a published month: what would be decided differently."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import pandas as pd

from rs_governance.rules.judging import judge
from rs_governance.rules.keeping import KEPT_FOLDER, read_kept
from rs_governance.rules.reading import read_rules
from rs_governance.rules.ruleset import Rules

QUESTIONS = ("severity", "theme", "kind", "suspicion", "department")
"""Columns of `SPOTS` that are compared."""


@dataclass(frozen=True, kw_only=True)
class Change:
    """A spot on which two sets of rules differ."""

    spot_no: str
    """Number of the spot in the published issue."""
    area_m2: float
    """Its area."""
    before: Mapping[str, str]
    """What was published, for each question whose answer differs, and the rule."""
    after: Mapping[str, str]
    """What the rules tried say instead."""
    reason: Mapping[str, str]
    """Why, by them, by language (zh, en)."""


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """What rules would change in a published issue."""

    counts: Mapping[str, Mapping[str, tuple[int, int]]]
    """For each question the number of spots of each answer: as published, and by the rules tried."""
    changes: tuple[Change, ...]
    """The spots that differ, in the order of their numbers."""


def try_rules(folder: Path, rules: Rules) -> Comparison:
    """Judge a published issue again by other rules and compare.

    Parameters
    ----------
    folder
        Folder of the issue.
    rules
        The rules to be tried.

    Returns
    -------
    Comparison
        Against the rules that the issue was published with.

    Raises
    ------
    RulesInvalid
        If the folder does not hold what the issue was judged on.
    """
    kept = read_kept(folder / KEPT_FOLDER)
    published, tried = (
        judge(kept.joined, used, district_code=kept.district_code, issue=kept.issue, as_of=kept.as_of).spots
        for used in (read_rules(kept.rules), rules)
    )
    return compare_decisions(published, tried)


def compare_decisions(published: gpd.GeoDataFrame, tried: gpd.GeoDataFrame) -> Comparison:
    """Compare the spots of an issue with those that other rules make of the same findings.

    Parameters
    ----------
    published, tried
        Tables by `SPOTS` of the same findings.
    """
    old = pd.DataFrame(published.drop(columns="geometry")).set_index("finding_id")
    new = pd.DataFrame(tried.drop(columns="geometry")).set_index("finding_id")
    new = new.reindex(old.index)
    counts = {}
    for name in QUESTIONS:
        before, after = old[name].value_counts(), new[name].value_counts()
        answers = sorted({*before.index, *after.index})
        counts[name] = {answer: (int(before.get(answer, 0)), int(after.get(answer, 0))) for answer in answers}
    columns = [*QUESTIONS, "rule"]
    differs = old[columns].ne(new[columns])
    rows = differs[list(QUESTIONS)].any(axis=1)
    changes = [
        Change(
            spot_no=str(old.at[finding, "spot_no"]),
            area_m2=float(old.at[finding, "area_m2"]),
            before={name: str(old.at[finding, name]) for name in columns if differs.at[finding, name]},
            after={name: str(new.at[finding, name]) for name in columns if differs.at[finding, name]},
            reason={lang: str(new.at[finding, f"reason_{lang}"]) for lang in ("zh", "en")},
        )
        for finding in old.index[rows]
    ]
    return Comparison(counts=counts, changes=tuple(sorted(changes, key=lambda change: change.spot_no)))
