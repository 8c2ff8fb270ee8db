"""The language that is printed: one for a whole command line."""

from contextvars import ContextVar
from enum import StrEnum
from typing import Literal


class Language(StrEnum):
    """Language of what is printed."""

    zh = "zh"
    en = "en"


_SPOKEN = ContextVar("_SPOKEN", default=Language.zh)


def speak(language: Language | None) -> None:
    """Print in this language from now on; None leaves it as it is."""
    if language is not None:
        _SPOKEN.set(language)


def spoken() -> Language:
    """Return the language that is printed."""
    return _SPOKEN.get()


def language_code() -> Literal["zh", "en"]:
    """Return the code of the language that is printed."""
    return "zh" if spoken() is Language.zh else "en"


def say(chinese: str, english: str) -> str:
    """Return the one of two texts that is in the language that is printed.

    >>> say("影像", "image")
    '影像'
    """
    return chinese if spoken() is Language.zh else english
