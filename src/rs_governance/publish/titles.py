"""The words shown for the coded values of a column."""

from collections.abc import Mapping
from typing import Any

from rs_governance.detect.findings import LAND_CLASSES_ZH
from rs_governance.rules import BASES, DEPARTMENTS, KINDS, SEVERITIES, STAGES, SUSPICIONS, THEMES, Word
from rs_governance.rules.sites import SITE_STATUSES


def _by_code(words: Mapping[Any, Word]) -> Mapping[str, Word]:
    return {str(code): word for code, word in words.items()}


_LAND_CLASSES: Mapping[str, Word] = {code: Word(zh, code.replace("_", " ")) for code, zh in LAND_CLASSES_ZH.items()}

TITLES: Mapping[str, Mapping[str, Word]] = {
    "basis": _by_code(BASES),
    "kind": _by_code(KINDS),
    "stage": _by_code(STAGES),
    "theme": _by_code(THEMES),
    "suspicion": _by_code(SUSPICIONS),
    "severity": _by_code(SEVERITIES),
    "department": _by_code(DEPARTMENTS),
    "built_up_boundary": {
        "inside": Word("城镇开发边界内", "inside the urban development boundary"),
        "outside": Word("城镇开发边界外", "outside the urban development boundary"),
    },
    "before_class": _LAND_CLASSES,
    "after_class": _LAND_CLASSES,
    "level": {
        "district": Word("区县", "district"),
        "town": Word("乡镇（街道）", "town or street"),
        "village": Word("村（社区）", "village or community"),
        "cell": Word("网格", "grid cell"),
    },
    "status": _by_code(SITE_STATUSES),
    "role": {
        "after": Word("本期", "new in the issue"),
        "before": Word("前时相", "compared with"),
        "baseline": Word("基准期", "fixed baseline"),
    },
    "reason": {
        "not_observed": Word("本期无可用影像", "not usable on any new image"),
        "no_earlier_image": Word("无前时相可比", "nothing earlier to compare with"),
    },
}
"""Column name to its values, and the word for each; the order is the one in which they are listed."""


def titles_of(name: str, code: str | None) -> Word:
    """Return the words for a value of a column; a value without words stands for itself, a missing one is a dash.

    Examples
    --------
    >>> titles_of("severity", "red").zh, titles_of("theme", None).zh
    ('红', '—')
    """
    if code is None:
        return Word("—", "—")
    return TITLES.get(name, {}).get(code, Word(code, code))
