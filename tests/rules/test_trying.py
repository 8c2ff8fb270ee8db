"""Trying rules on a published month, and the commands `rsg rules`."""

import json
import re
from datetime import date
from types import SimpleNamespace

import pandas as pd
import pytest

from rs_governance.cli import rules as command
from rs_governance.cli.options import Language
from rs_governance.errors import RulesInvalid, UsageError
from rs_governance.publish.month.decisions import write_decisions
from rs_governance.rules import KEPT_FOLDER, keep_judged, read_rules, try_rules
from rs_governance.rules.keeping import read_kept


@pytest.fixture(scope="module")
def joined(month, finding):
    findings = [finding(n, area_m2=area_m2) for n, area_m2 in enumerate((300.0, 2000.0, 2500.0), 1)]
    layers = [(f["finding_id"], "land_use", "0101", f["area_m2"]) for f in findings]
    layers.append(("f000002", "basic_cropland", "", 55.0))
    return month(findings, layers=layers, zones=[("f000003", "Z", "2026-12-31", 1.0)])


@pytest.fixture
def issue(tmp_path, joined, judged):
    """A published issue, as far as the rules need it."""
    folder = tmp_path / "2026-10"
    (folder / KEPT_FOLDER).mkdir(parents=True)
    terms = {"district_code": "450108", "issue": "2026-10", "as_of": date(2026, 10, 20)}
    for name, content in keep_judged(joined, read_rules(), **terms).items():
        (folder / KEPT_FOLDER / name).write_bytes(content)
    result = judged(joined)
    write_decisions(SimpleNamespace(spots=result.spots, decisions=result.decisions, **terms), folder / "decisions.json")
    return folder


def test_what_was_kept_is_judged_alike(issue, joined, judged):
    kept = read_kept(issue / KEPT_FOLDER)
    ours, theirs = judged(joined), judged(kept.joined)
    pd.testing.assert_frame_equal(ours.spots, theirs.spots)
    assert dict(ours.decisions) == dict(theirs.decisions)
    assert (kept.issue, kept.as_of) == ("2026-10", date(2026, 10, 20))


def test_keeping_twice_gives_the_same_bytes(joined):
    terms = {"district_code": "450108", "issue": "2026-10", "as_of": date(2026, 10, 20)}
    assert keep_judged(joined, read_rules(), **terms) == keep_judged(joined, read_rules(), **terms)


def test_the_same_rules_change_nothing(issue):
    comparison = try_rules(issue, read_rules())
    assert comparison.changes == ()
    assert comparison.counts["severity"] == {"green": (1, 1), "red": (1, 1), "yellow": (1, 1)}


def test_other_rules_change_what_they_should(issue, rules_with):
    comparison = try_rules(
        issue, rules_with(("basic_cropland_m2 = { above = 50 }", "basic_cropland_m2 = { above = 60 }"))
    )
    assert comparison.counts["severity"] == {"green": (1, 1), "red": (1, 0), "yellow": (1, 2)}
    (change,) = comparison.changes
    assert (change.area_m2, change.before["severity"], change.after["severity"]) == (2000.0, "red", "yellow")
    assert (change.before["rule"], change.after["rule"]) == ("red_basic_cropland", "yellow_farmland")


def test_a_folder_without_kept_tables_is_refused(tmp_path):
    with pytest.raises(RulesInvalid, match="publish the issue again"):
        try_rules(tmp_path, read_rules())


def test_check_prints_what_would_change(issue, rules_with, capsys):
    rules = rules_with(("basic_cropland_m2 = { above = 50 }", "basic_cropland_m2 = { above = 60 }"))
    command.check(rules.path, issue, lang=Language.en)
    assert "severity red → yellow" in capsys.readouterr().out
    command.check(rules.path, issue, lang=Language.zh)
    printed = capsys.readouterr().out
    assert "等级 红 → 黄" in printed
    assert "severity" not in printed
    assert "占用耕地" in printed, "why, by the rules that are tried"
    assert not re.search(r"[a-z]+_[a-z]", printed.replace(rules.path.name, "")), "codes of the file"
    assert "-1" in printed
    assert "没有发现" in printed


def test_check_as_json(issue, capsys):
    command.check(None, issue, as_json=True)
    content = json.loads(capsys.readouterr().out)
    assert content["problems"] == []
    assert content["counts"]["severity"]["red"] == [1, 1]


def test_check_lists_every_mistake(tmp_path, default_text, capsys):
    path = tmp_path / "rules.toml"
    path.write_text(default_text.replace("after_class", "aftr_class"), encoding="utf-8")
    with pytest.raises(RulesInvalid, match="mistake"):
        command.check(path, None, lang=Language.en)
    assert capsys.readouterr().out.count("did you mean after_class?") > 3
    with pytest.raises(RulesInvalid, match="mistake"):
        command.check(path, None, lang=Language.zh)
    printed = capsys.readouterr().out
    assert printed.count("是否为 after_class？") > 3
    assert "did you mean" not in printed, "one language on the screen"


@pytest.mark.parametrize(("lang", "word"), [("zh", "永久基本农田"), ("en", "permanent basic cropland")])
def test_explain(issue, capsys, lang, word):
    command.explain("450108-202610-0002", issue, lang=Language(lang))
    printed = capsys.readouterr().out
    assert printed.startswith("450108-202610-0002")
    assert word in printed


def test_explain_as_json(issue, capsys):
    command.explain("450108-202610-0002", issue, as_json=True)
    content = json.loads(capsys.readouterr().out)
    assert content["steps"][0]["step"] == "kind"


def test_explain_names_what_is_missing(issue, tmp_path):
    with pytest.raises(UsageError, match="has no spot X"):
        command.explain("X", issue)
    with pytest.raises(UsageError, match=r"no decisions\.json"):
        command.explain("X", tmp_path)
