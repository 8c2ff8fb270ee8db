"""What is asked in the field, by theme: a file of settings, never code."""

import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal, get_args

from rs_governance.errors import ConfigInvalid
from rs_governance.rules import THEMES, Word

DEFAULT_QUESTIONS = Path(__file__).with_name("questions.toml")
"""Questions that come with the program."""

QuestionType = Literal["choice", "text", "number", "yes_no"]
"""What an answer is: the code of a choice, a text, a number, true or false."""

_YES = ("是", "yes", "true", "1", "1.0")
_NO = ("否", "no", "false", "0", "0.0")
_MEMBERS = {"id", "zh", "en", "type", "themes", "required", "choices"}


@dataclass(frozen=True, kw_only=True)
class Question:
    """A question that an inspector answers."""

    id: str
    """Under this name the answer is kept."""
    zh: str
    """The question in Chinese."""
    en: str
    """The question in English."""
    type: QuestionType
    """What an answer is."""
    themes: tuple[str, ...]
    """Themes under which it is asked; empty for all."""
    required: bool
    """True where a check is not done without an answer."""
    choices: tuple[tuple[str, Word], ...] = ()
    """Codes and words to choose from."""

    def fits(self, theme: str) -> bool:
        """Tell whether it is asked under a theme."""
        return not self.themes or theme in self.themes

    def code_of(self, shown: Any) -> str | float | bool:
        """Turn an answer as a table shows it into the one that is kept; what is unknown stays as it is.

        Parameters
        ----------
        shown
            Word or code of a choice, 是 or 否, a number, a text.
        """
        text = str(shown).strip()
        if self.type == "choice":
            codes = {each: code for code, word in self.choices for each in (code, word.zh, word.en)}
            return codes.get(text, text)
        if self.type == "yes_no":
            return {**dict.fromkeys(_YES, True), **dict.fromkeys(_NO, False)}.get(text.casefold(), text)
        if self.type == "number":
            try:
                return float(text.replace(",", ""))
            except ValueError:
                return text
        return text


@cache
def read_questions(path: Path = DEFAULT_QUESTIONS) -> tuple[Question, ...]:
    """Read a file of questions.

    Parameters
    ----------
    path
        TOML with `[[question]]` tables.

    Returns
    -------
    tuple of Question
        In the order in which they are asked.

    Raises
    ------
    ConfigInvalid
        When the file cannot be read, or a question lacks something or says something unknown.
    """
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))["question"]
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, KeyError) as error:
        raise ConfigInvalid(f"'{path.name}' is no file of questions ([[question]] tables in TOML): {error}.") from error
    questions = tuple(_question(table, path.name) for table in tables)
    names = [question.id for question in questions]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ConfigInvalid(f"'{path.name}' asks '{twice[0]}' twice; give each question an id of its own.")
    return questions


def asked_under(theme: str, questions: Sequence[Question]) -> tuple[Question, ...]:
    """Choose the questions that a theme asks, in their order."""
    return tuple(question for question in questions if question.fits(theme))


def _question(table: Any, file: str) -> Question:
    if not isinstance(table, dict) or not isinstance(table.get("id"), str):
        raise ConfigInvalid(f"'{file}' has a question without an id.")
    name = table["id"]

    def refuse(what: str) -> ConfigInvalid:
        return ConfigInvalid(f"Question '{name}' of '{file}': {what}.")

    if unknown := sorted(set(table) - _MEMBERS):
        raise refuse(f"'{unknown[0]}' is none of {', '.join(sorted(_MEMBERS))}")
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        raise refuse("an id is of small letters, digits and _")
    if not all(isinstance(table.get(each), str) and table[each] for each in ("zh", "en")):
        raise refuse("it needs words in zh and en")
    if table.get("type") not in get_args(QuestionType):
        raise refuse(f"its type is one of {', '.join(get_args(QuestionType))}")
    themes = table.get("themes", [])
    if odd := [theme for theme in themes if theme not in THEMES]:
        raise refuse(f"'{odd[0]}' is no theme; themes are {', '.join(THEMES)}")
    choices = table.get("choices", [])
    if (table["type"] == "choice") != bool(choices):
        raise refuse("choices belong to the type 'choice', which needs them")
    if any(not isinstance(each, dict) or set(each) != {"code", "zh", "en"} for each in choices):
        raise refuse("each choice has code, zh and en")
    return Question(
        id=name,
        zh=table["zh"],
        en=table["en"],
        type=table["type"],
        themes=tuple(themes),
        required=table.get("required") is True,
        choices=tuple((each["code"], Word(each["zh"], each["en"])) for each in choices),
    )
