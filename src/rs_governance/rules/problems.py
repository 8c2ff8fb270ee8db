"""Mistakes in a rules file, gathered so that all of them can be told at once."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import TypeVar

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class RuleProblem:
    """One mistake in a rules file."""

    where: str
    """Section, rule and key."""
    message_zh: str
    """What is wrong, in Chinese."""
    message_en: str
    """What is wrong, in English."""

    def __str__(self) -> str:
        return f"{self.where}: {self.message_zh} / {self.message_en}"


@dataclass(frozen=True, kw_only=True)
class Problems:
    """A list of mistakes that grows while a file is read."""

    found: list[RuleProblem] = field(default_factory=list)
    """The mistakes in the order of the file."""

    def note(self, where: str, zh: str, en: str) -> None:
        """Add a mistake."""
        self.found.append(RuleProblem(where=where, message_zh=zh, message_en=en))

    def choose(
        self, options: Mapping[str, T], name: str, where: str, what: str, *, extra: Iterable[str] = ()
    ) -> T | None:
        """Return the option of a name; an unknown name is noted and gives None.

        Parameters
        ----------
        options
            What there is, by name.
        name
            What was written.
        where
            Place in the file.
        what
            What such a name stands for, in both languages.
        extra
            Further names that a person may have meant.
        """
        if name in options:
            return options[name]
        self.unknown(name, [*options, *extra], where, what)
        return None

    def unknown(self, name: str, options: Iterable[str], where: str, what: str) -> None:
        """Note a name that does not exist, with the nearest one that does."""
        known = sorted(options)
        near = get_close_matches(name, known, n=1, cutoff=0.5)
        hint_zh = f"是否为 {near[0]}？" if near else f"可用：{', '.join(known[:20])}。"
        hint_en = f"did you mean {near[0]}?" if near else f"there are {', '.join(known[:20])}."
        zh, en = what.split(" ", 1)
        self.note(where, f"未知的{zh} {name}；{hint_zh}", f"unknown {en} {name}; {hint_en}")
