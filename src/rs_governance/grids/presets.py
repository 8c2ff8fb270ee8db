"""What the usual layers and registers call their fields."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any

from rs_governance.errors import ConfigInvalid

Names = tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class LayerPreset:
    """What one kind of reference layer looks like."""

    title_zh: str
    """Chinese name."""
    title_en: str
    """English name."""
    scheme: str | None = None
    """Scheme of `code`; None where the layer has no codes."""
    code: Names = ()
    """Fields that may hold the code."""
    label: Names = ()
    """Fields that may hold a name or number to show."""
    extras: Mapping[str, Names] = field(default_factory=dict)
    """More columns, with the fields that may hold each."""
    numbers: frozenset[str] = frozenset()
    """Extras that are numbers; the others are texts."""
    schemes: Mapping[str, str] = field(default_factory=dict)
    """Schemes of those extras that are codes."""


def layer_preset(name: str, *, preset: str | None) -> LayerPreset:
    """Return the preset of a layer: the one it names, else the one of its own name, else an empty one.

    Raises
    ------
    ConfigInvalid
        If there is no preset of the name given.
    """
    known = _content()["layers"]
    if preset is not None and preset not in known:
        raise ConfigInvalid(f"[layers.{name}] has the unknown preset '{preset}'; expected one of {', '.join(known)}.")
    table = known.get(preset or name)
    if table is None:
        return LayerPreset(title_zh=name, title_en=name)
    return LayerPreset(
        title_zh=table["title_zh"],
        title_en=table["title_en"],
        scheme=table.get("scheme"),
        code=tuple(table.get("code", ())),
        label=tuple(table.get("label", ())),
        extras={key: tuple(names) for key, names in table.get("extras", {}).items()},
        numbers=frozenset(table.get("numbers", ())),
        schemes=dict(table.get("schemes", {})),
    )


def register_titles(name: str) -> tuple[str, str]:
    """Return the Chinese and English name of a register; its own name where it is none of the usual ones."""
    zh, en = _content()["registers"]["titles"].get(name, (name, name))
    return zh, en


def register_stages() -> Mapping[str, str]:
    """Return the stages of construction that registers name: word, in small letters, to the stage."""
    return {word.casefold(): stage for stage, words in _content()["register_stages"].items() for word in words}


def field_names(kind: str) -> Mapping[str, Names]:
    """Return what the fields of `registers`, `zones` or `ledger` may be called."""
    return {key: tuple(names) for key, names in _content()[kind].items() if isinstance(names, list)}


def closed_words() -> frozenset[str]:
    """Return the words of a ledger that say that a spot is dealt with."""
    return frozenset(_content()["ledger_closed"]["words"])


@cache
def _content() -> Mapping[str, Any]:
    text = (resources.files("rs_governance.grids") / "presets.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)
