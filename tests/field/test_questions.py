"""Questions: a file of settings that is checked."""

from pathlib import Path

import pytest

from rs_governance.errors import ConfigInvalid
from rs_governance.field import read_questions
from rs_governance.field.questions import asked_under
from rs_governance.field.task_list import FIELD_TASKS
from rs_governance.rules import THEMES


def test_every_theme_asks_something_of_its_own_kind() -> None:
    questions = read_questions()
    assert all(any(question.required for question in asked_under(theme, questions)) for theme in THEMES)
    asked = {question.id for question in asked_under("farmland", questions)}
    assert "topsoil_damaged" in asked
    assert "structure" not in asked


def test_no_question_has_the_name_of_a_column() -> None:
    # In a GeoPackage that comes back, both are columns.
    assert not {question.id for question in read_questions()} & set(FIELD_TASKS.by_name)


@pytest.mark.parametrize(
    ("name", "shown", "kept"),
    [
        ("progress", "在建", "under_way"),
        ("progress", "under_way", "under_way"),
        ("progress", "飞了", "飞了"),
        ("topsoil_damaged", "是", True),
        ("topsoil_damaged", "no", False),
        ("floors", "1,200", 1200.0),
        ("floors", "三层", "三层"),
        ("party", " 某公司 ", "某公司"),
    ],
)
def test_answers_of_a_table(name: str, shown: str, kept: object) -> None:
    (question,) = (question for question in read_questions() if question.id == name)
    assert question.code_of(shown) == kept


GOOD = '[[question]]\nid = "a"\nzh = "甲"\nen = "A"\ntype = "text"\n'


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "no file of questions"),
        ("[[question", "no file of questions"),
        ('[[question]]\nzh = "甲"\n', "without an id"),
        (GOOD + GOOD, "twice"),
        (GOOD.replace('"a"', '"A b"'), "small letters"),
        (GOOD.replace('"甲"', '""'), "zh and en"),
        (GOOD.replace("text", "date"), "its type"),
        (GOOD.replace("text", "choice"), "choices belong"),
        (GOOD + 'themes = ["weather"]\n', "no theme"),
        (GOOD + 'colour = "red"\n', "'colour'"),
        (GOOD.replace("text", "choice") + 'choices = [{code = "x"}]\n', "code, zh and en"),
    ],
)
def test_a_wrong_file(tmp_path: Path, text: str, problem: str) -> None:
    path = tmp_path / "questions.toml"
    path.write_text(text, "utf-8")
    with pytest.raises(ConfigInvalid, match=problem):
        read_questions(path)


def test_a_right_file(tmp_path: Path) -> None:
    path = tmp_path / "questions.toml"
    path.write_text(GOOD, "utf-8")
    (question,) = read_questions(path)
    assert (question.themes, question.required) == ((), False)
