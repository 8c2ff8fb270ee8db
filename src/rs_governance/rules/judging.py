"""Judging: a joined month and rules in, spots with their decisions out."""

from datetime import date
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely

from rs_governance.detect.findings import FINDINGS
from rs_governance.grids import Joined, number_spots
from rs_governance.rules.decisions import OTHERWISE, Decisions, say_remainder
from rs_governance.rules.facts import Facts, Words
from rs_governance.rules.gather import gather_facts
from rs_governance.rules.judged import Judged
from rs_governance.rules.questions import Questions, decide
from rs_governance.rules.ruleset import Rules
from rs_governance.rules.same_work import find_same_work, say_same_work
from rs_governance.rules.spots import SPOTS
from rs_governance.rules.wording import Wording
from rs_governance.rules.words import Word


def judge(joined: Joined, rules: Rules, *, district_code: str, issue: str, as_of: date) -> Judged:
    """Give every finding of a month its kind, theme, severity and department.

    Parameters
    ----------
    joined
        The findings and what they have to do with the references; findings may have a column `basis`, "monthly" or
        "baseline".
    rules
        The rules.
    district_code
        Six digits.
    issue
        The issue, such as "2026-10" or "2026-10a".
    as_of
        Day of judging; muted zones that expired before it mute nothing.

    Returns
    -------
    Judged
        One spot a finding, in the order of spot numbers. The order of the findings has no influence on any decision.
    """
    facts = gather_facts(joined, as_of=as_of)
    questions = decide(facts, rules)
    wording = Wording(facts=facts, layers=rules.layers)
    remaining = Wording(facts=questions.remainder.facts, layers=rules.layers)
    numbers = number_spots(joined, district_code=district_code, issue=issue)
    spot_no = numbers.reindex(facts.ids).to_numpy(dtype=object)
    order = np.argsort(spot_no.astype(str), kind="stable")
    decisions = Decisions(
        places={str(spot_no[i]): int(i) for i in order},
        questions=questions,
        rules=rules,
        wording=wording,
        remaining=remaining,
    )
    values = {
        "spot_no": spot_no,
        "issue": np.full(len(facts), issue, dtype=object),
        "district_code": np.full(len(facts), district_code, dtype=object),
        **_decided(facts, questions, rules, remaining),
        **_places(joined.findings),
    }
    for column in SPOTS.columns:
        if column.name not in values:
            values[column.name] = _column(column.name, joined.findings, facts)
    alike = find_same_work(joined.findings, values | {"land_group": facts.words["land_group"]})
    for one, (other, gap_m) in alike.items():
        remark = say_same_work(str(spot_no[other]), gap_m)
        values["reason_zh"][one] += remark.zh
        values["reason_en"][one] += remark.en
    spots = SPOTS.make(
        {name: column[order] for name, column in values.items()},
        joined.findings.geometry.to_numpy()[order],
        joined.findings.crs,
    )
    return Judged(spots=spots, decisions=decisions)


def _decided(facts: Facts, questions: Questions, rules: Rules, wording: Wording) -> dict[str, Words]:
    chain = questions.severity
    suspicions = np.array([*(rule.suspicion for rule in chain.rules), "suspected"], dtype=object)
    ids = np.array([*(rule.id for rule in chain.rules), OTHERWISE], dtype=object)
    texts = [*(rule.words for rule in chain.rules), rules.otherwise.words]
    reasons = [wording.fill(texts[number], i) for i, number in enumerate(chain.first)]
    for i in np.flatnonzero(~np.isnan(questions.remainder.inside_m2)).tolist():
        part = say_remainder(questions.remainder, i)
        reasons[i] = Word(part.zh + reasons[i].zh, part.en + reasons[i].en)
    return {
        "kind": facts.words["kind"],
        "stage": facts.words["stage"],
        "theme": facts.words["theme"],
        "suspicion": suspicions[chain.first],
        "severity": chain.results("yellow"),
        "rule": ids[chain.first],
        "reason_zh": np.array([reason.zh for reason in reasons], dtype=object),
        "reason_en": np.array([reason.en for reason in reasons], dtype=object),
        "department": questions.department.results(rules.otherwise.department),
        "national_type": questions.national_type.results(None),
    }


def _places(findings: gpd.GeoDataFrame) -> dict[str, npt.NDArray[np.float64]]:
    """Return a point inside each outline, in degrees."""
    points = gpd.GeoSeries(shapely.point_on_surface(findings.geometry.to_numpy()), crs=findings.crs).to_crs(4326)
    return {"lon": points.x.to_numpy(), "lat": points.y.to_numpy()}


def _column(name: str, findings: gpd.GeoDataFrame, facts: Facts) -> npt.NDArray[Any]:
    values: npt.NDArray[Any]
    if name in FINDINGS.by_name:
        values = findings[name].to_numpy()
    else:
        values = facts.numbers[name] if name in facts.numbers else facts.words[name]
    return values
