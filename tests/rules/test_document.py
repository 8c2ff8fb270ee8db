"""The documents about the rules say what the rules are."""

from pathlib import Path

import pytest

from rs_governance.rules import read_rules
from rs_governance.rules.document import BEGIN, END, FILES, main, put_tables_into

DOCS = Path(__file__).parents[2] / "docs"


def test_the_documents_are_current(capsys):
    assert main([str(DOCS)]) == 0, "run: python -m rs_governance.rules.document docs --write"
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_rule_has_a_row(language):
    text = put_tables_into(f"{BEGIN}\n{END}\n", language)
    for chain in read_rules().rules.values():
        for rule in chain:
            assert text.count(f"| `{rule.id}` |") == 1


@pytest.mark.parametrize(("language", "unclear"), [("zh", "新增建筑物（不明确）"), ("en", "new building (unclear)")])
def test_a_kind_that_its_rule_is_not_sure_of_is_marked(language, unclear):
    rows = put_tables_into(f"{BEGIN}\n{END}\n", language).splitlines()
    marked = {row.split("`")[1] for row in rows if row.startswith("| `kind_") and unclear[-5:] in row}
    assert marked == {rule.id for rule in read_rules().rules["kind"] if not rule.sure}
    assert any(unclear in row for row in rows)


def test_stale_documents_are_told_and_written(tmp_path, capsys):
    for name in FILES.values():
        (tmp_path / name).write_text(f"x\n{BEGIN}\n{END}\n", encoding="utf-8")
    assert main([str(tmp_path)]) == 1
    assert main([str(tmp_path), "--write"]) == 0
    assert main([str(tmp_path)]) == 0
    assert "stale rules.md" in capsys.readouterr().out
