"""Reading a rules file: what is not understood is refused, with the place and the nearest name."""

from pathlib import Path

import pytest

from rs_governance.errors import RulesInvalid
from rs_governance.rules import DEFAULT_RULES, examine_rules, read_rules
from rs_governance.rules.fields import FIELDS
from rs_governance.rules.ruleset import KNOWN_BY


def problems_of(tmp_path: Path, default_text: str, extra: str) -> str:
    path = tmp_path / "rules.toml"
    path.write_text(default_text + extra, encoding="utf-8")
    rules, problems = examine_rules(path)
    assert (rules is None) == bool(problems)
    return "\n".join(map(str, problems))


def red(when: str, rest: str = 'zh = "面积 {area_m2}"\nen = "area {area_m2}"', name: str = "red_extra") -> str:
    return f'\n[[red]]\nid = "{name}"\nwhen = {when}\n{rest}\n'


def test_the_default_rules_are_read():
    rules = read_rules()
    assert rules.path == DEFAULT_RULES
    assert all(rules.rules[section] for section in KNOWN_BY)
    assert rules.lawful.min_share == 0.9
    assert rules.lawful.max_age_days == 60


@pytest.mark.parametrize(
    ("extra", "told"),
    [
        ("\n[[reds]]\nid = 'x'\n", "did you mean red?"),
        (red("{ aera_m2 = { min = 200 } }"), "did you mean area_m2?"),
        (red("{ area_m2 = { mni = 200 } }"), "did you mean min?"),
        (red("{ area_m2 = { min = 400, max = 200 } }"), "the bounds are reversed"),
        (red("{ area_m2 = { above = 400, below = 400 } }"), "the bounds are reversed"),
        (red("{ area_m2 = 200 }"), "must be a range"),
        (red("{ area_m2 = { min = '200' } }"), "unknown field 200"),
        (red("{ area_m2 = { below = 'ndvi_after' } }"), "cannot be compared"),
        (red("{ kind = 'new_bulding' }"), "did you mean new_building?"),
        (red("{ kind = [] }"), "must be a word or a list"),
        (red("{ overlap = { basic_croplnd = { m2 = { above = 50 } } } }"), "did you mean basic_cropland?"),
        (red("{ overlap = { forest = { code = ['01'], m2 = { above = 50 } } } }"), "did you mean codes?"),
        (red("{ overlap = { forest = { codes = ['01'] } } }"), "needs a range of m2 or share"),
        (red("{ any = { area_m2 = { min = 1 } } }"), "must be a list of tables"),
        (red("{ area_m2 = { min = 1 } }", name="red_building"), "this id is already that of"),
        (red("{ area_m2 = { min = 1 } }", name="Red Extra"), "lower-case letters"),
        (red("{ area_m2 = { min = 1 } }", rest='zh = "违法建筑"\nen = "x"'), "only say suspected"),
        (red("{ area_m2 = { min = 1 } }", rest='zh = "x"\nen = "an illegal building"'), "only say suspected"),
        (red("{ area_m2 = { min = 1 } }", rest='zh = "{arae_m2}"\nen = "x"'), "did you mean area_m2?"),
        (red("{ area_m2 = { min = 1 } }", rest='zh = "x"'), "needs a text en"),
        (red("{ area_m2 = { min = 1 } }", rest='zh = "x"\nen = "x"\ncolour = "red"'), "unknown key colour"),
        ('\n[[kind]]\nid = "k"\nkind = "road"\nzh = "x"\nen = "x"\nwhen = { theme = "farmland" }\n', "not decided yet"),
        ('\n[[kind]]\nid = "k"\nkind = "motorway"\nzh = "x"\nen = "x"\n', "unknown value motorway"),
        ('\n[[kind]]\nid = "k"\nkind = "road"\nzh = "x"\nen = "x"\nsure = "no"\n', "must be true or false"),
        (red("{ certainty = 'unsure' }"), "there are clear, unclear"),
        (red("{ area_m2 = { min = 1 } }", rest='zh = "x"\nen = "x"\nsure = false'), "unknown key sure"),
        ('\n[[permit]]\nid = "p"\nregister = "bulding_permit"\n', "did you mean building_permit?"),
        ('\n[[smallest_area]]\nid = "s"\nm2 = -5\n', "must be an area in m2"),
        ('\n[[national_type]]\nid = "n"\ntype = "7"\n', "must be one of 1A to 1F"),
    ],
)
def test_mistakes_are_told_with_their_place(tmp_path, default_text, extra, told):
    assert told in problems_of(tmp_path, default_text, extra)


def test_suspected_may_be_said(tmp_path, default_text):
    assert not problems_of(
        tmp_path, default_text, red("{ area_m2 = { min = 1 } }", rest='zh = "疑似违法占地"\nen = "suspected"')
    )


def test_a_layer_of_ones_own_is_declared_first(tmp_path, default_text):
    rule = red("{ overlap = { quarry = { share = { min = 0.5 } } } }")
    assert "unknown layer quarry" in problems_of(tmp_path, default_text, rule)
    assert not problems_of(tmp_path, default_text, rule + '\n[layers.quarry]\nzh = "采石场"\nen = "quarries"\n')


def test_the_first_mistake_is_raised_and_the_others_are_counted(tmp_path, default_text):
    path = tmp_path / "rules.toml"
    path.write_text(default_text + red("{ aera_m2 = { min = 2 }, kidn = 'road' }"), encoding="utf-8")
    with pytest.raises(RulesInvalid, match=r"red_extra.*aera_m2.*1 more"):
        read_rules(path)


@pytest.mark.parametrize("content", [b"[[red", b"\xff\xfe\x00", None])
def test_unreadable_files(tmp_path, content):
    path = tmp_path / "rules.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(RulesInvalid, match=r"rules\.toml") as raised:
        read_rules(path)
    assert raised.value.exit_code == 3


def test_every_number_of_the_findings_can_be_asked_about():
    assert {"ndvi_change", "brightness_change", "ndwi_change"} <= set(FIELDS)
    assert {"area_m2", "compactness", "mad", "observed_share"} <= set(FIELDS)
