"""Rules that can never count are found; rules that can are not."""

import pytest

from rs_governance.rules import find_contradictions, read_rules

TEXTS = 'zh = "x"\nen = "x"\n'


def found(tmp_path, default_text: str, extra: str, before: str = '[[exempt]]\nid = "exempt_lawful"') -> list[str]:
    """What is found when rules are put in front of others."""
    assert before in default_text
    path = tmp_path / "rules.toml"
    path.write_text(default_text.replace(before, f"{extra}\n{before}"), encoding="utf-8")
    return [str(problem) for problem in find_contradictions(read_rules(path))]


def rule(section: str, name: str, when: str, rest: str = "") -> str:
    return f'[[{section}]]\nid = "{name}"\nwhen = {when}\n{TEXTS}{rest}\n'


def test_the_default_rules_do_not_contradict_each_other():
    assert find_contradictions(read_rules()) == ()


@pytest.mark.parametrize(
    ("first", "second", "covered"),
    [
        ("{ area_m2 = { min = 200 } }", "{ area_m2 = { min = 400 } }", True),
        ("{ area_m2 = { min = 400 } }", "{ area_m2 = { min = 200 } }", False),
        ("{ area_m2 = { above = 400 } }", "{ area_m2 = { min = 400 } }", False),
        ("{ area_m2 = { min = 400 } }", "{ area_m2 = { above = 400 } }", True),
        ("{ kind = ['road', 'earthwork'] }", "{ kind = 'road', mad = { min = 3 } }", True),
        ("{ kind = 'road', mad = { min = 3 } }", "{ kind = ['road'] }", False),
        ("{ any = [{ kind = 'road' }, { mad = { min = 3 } }] }", "{ mad = { min = 4 } }", True),
        ("{ mad = { min = 3 } }", "{ any = [{ mad = { min = 4 } }, { kind = 'road' }] }", False),
        ("{ not = { kind = 'road' } }", "{ kind = 'earthwork' }", True),
        ("{ not = { kind = 'road' } }", "{ kind = ['earthwork', 'road'] }", False),
        ("{ not = { mad = { min = 3 } } }", "{ mad = { below = 3 } }", True),
        ("{ not = { mad = { min = 3, max = 5 } } }", "{ mad = { above = 5 } }", True),
        (
            "{ overlap = { forest = { m2 = { above = 50 } } } }",
            "{ overlap = { forest = { m2 = { above = 60 } } } }",
            True,
        ),
        (
            "{ overlap = { forest = { m2 = { above = 50 } } } }",
            "{ overlap = { forest = { codes = ['01'], m2 = { above = 60 } } } }",
            False,
        ),
        (
            "{ area_m2 = { below = 'smallest_area_m2' } }",
            "{ area_m2 = { below = 'smallest_area_m2' }, mad = { min = 1 } }",
            True,
        ),
    ],
)
def test_a_rule_covered_by_an_earlier_one(tmp_path, default_text, first, second, covered):
    extra = rule("red", "red_first", first) + rule("red", "red_second", second)
    told = [
        text
        for text in found(tmp_path, default_text, extra, '[[red]]\nid = "red_basic_cropland"')
        if text.startswith("[[red]] red_second")
    ]
    assert bool(told) == covered
    assert all("red_first" in text for text in told)


def test_red_and_exempt_with_the_same_condition(tmp_path, default_text):
    when = "{ detector = 'x' }"
    told = found(tmp_path, default_text, rule("red", "red_x", when) + rule("exempt", "exempt_x", when))
    assert len(told) == 1
    assert "exempt_x" in told[0]
    assert "says the opposite" in told[0]


@pytest.mark.parametrize(
    "when",
    [
        "{ area_m2 = { min = 400 }, not = { area_m2 = { min = 200 } } }",
        "{ kind = 'road', not = { kind = ['road', 'earthwork'] } }",
        "{ detector = 'x', not = { detector = 'x' } }",
    ],
)
def test_a_condition_that_excludes_itself(tmp_path, default_text, when):
    told = found(tmp_path, default_text, rule("red", "red_never", when))
    assert len(told) == 1
    assert "can never hold" in told[0]


def test_everything_after_a_rule_that_always_holds(tmp_path, default_text):
    extra = f'[[department]]\nid = "department_all"\ndepartment = "town"\n{TEXTS}\n'
    told = found(tmp_path, default_text, extra, '[[department]]\nid = "department_water"')
    assert len(told) == 1
    assert "department_water" in told[0]


def test_a_kind_that_no_rule_gives(tmp_path, default_text):
    told = found(tmp_path, default_text, rule("red", "red_structure", "{ kind = 'new_structure' }"))
    assert len(told) == 1
    assert "no rule gives" in told[0]
