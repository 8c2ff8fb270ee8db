"""The generated part of `docs/rules.md` and `docs/rules.zh-CN.md`: the default rules and the fields, as tables."""

import argparse
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Literal

from rs_governance.rules.conditions import SIGNS, All, AnyOf, Between, Condition, Not, OneOf, Overlap
from rs_governance.rules.fields import FIELDS, REGISTERS, STANDARD_LAYERS, Field, Known, show_limit, show_number
from rs_governance.rules.reading import read_rules
from rs_governance.rules.ruleset import Rule, Rules, Section
from rs_governance.rules.words import DEPARTMENTS, KINDS, SEVERITIES, THEMES, UNCLEAR, Word

Language = Literal["zh", "en"]

BEGIN, END = "<!-- rules: begin -->", "<!-- rules: end -->"
"""Marks around the generated part."""

FILES: Mapping[Language, str] = {"zh": "rules.zh-CN.md", "en": "rules.md"}
"""Name of the file in each language."""

_TITLES: Mapping[Section, Word] = {
    "kind": Word("变化类型", "Kinds"),
    "smallest_area": Word("最小上图面积", "Smallest areas"),
    "permit": Word("手续适用的变化", "What approvals are for"),
    "theme": Word("专题", "Themes"),
    "red": Word("红", "Red"),
    "exempt": Word("免查（绿）", "Exempt (green)"),
    "yellow": Word("黄", "Yellow"),
    "department": Word("责任部门", "Departments"),
    "national_type": Word("国家监测类型", "National types"),
}
_RESULTS: Mapping[Section, Mapping[str, Word]] = {
    "kind": dict(KINDS.items()),
    "permit": REGISTERS,
    "theme": dict(THEMES.items()),
    "red": dict(SEVERITIES.items()),
    "exempt": dict(SEVERITIES.items()),
    "yellow": dict(SEVERITIES.items()),
    "department": dict(DEPARTMENTS.items()),
}
_KNOWN: Mapping[Known, Word] = {
    Known.joined: Word("始终", "always"),
    Known.kind: Word("判定类型后", "after the kind"),
    Known.area: Word("确定最小面积后", "after the smallest area"),
    Known.permit: Word("查对手续后", "after the approvals"),
    Known.theme: Word("判定专题后", "after the theme"),
    Known.severity: Word("定级后", "after the severity"),
}


def put_tables_into(text: str, language: Language) -> str:
    """Return a document with its generated part made anew.

    Parameters
    ----------
    text
        The document, with `BEGIN` and `END` on lines of their own.
    language
        Language of the tables.
    """
    head, rest = text.split(BEGIN)
    _, tail = rest.split(END)
    lines = "\n".join(_tables(read_rules(), language))
    return f"{head}{BEGIN}\n{lines}\n{END}{tail}"


def _tables(rules: Rules, language: Language) -> Iterator[str]:
    chinese = language == "zh"
    for section, title in _TITLES.items():
        yield f"\n### {_in(title, language)} `[[{section}]]`\n"
        yield "| 规则 | 结论 | 条件 | 说明 |" if chinese else "| rule | result | condition | text |"
        yield "|---|---|---|---|"
        for rule in rules.rules[section]:
            when = phrase(rule.when, rules.layers, language) or ("总是" if chinese else "always")
            yield f"| `{rule.id}` | {_result(rule, language)} | {when} | {_in(rule.words, language)} |"
    yield "\n### 可用字段\n" if chinese else "\n### Fields\n"
    yield "| 字段 | 含义 | 单位或取值 | 何时可用 |" if chinese else "| field | meaning | unit or values | known |"
    yield "|---|---|---|---|"
    for field in FIELDS.values():
        known = _in(_KNOWN[field.known], language)
        yield f"| `{field.name}` | {_in(field.word, language)} | {_allowed(field, language)} | {known} |"


def _result(rule: Rule, language: Language) -> str:
    if rule.section == "smallest_area":
        return _in(show_number(FIELDS["area_m2"], float(rule.result)), language)
    words = _RESULTS.get(rule.section, {})
    shown = _in(words.get(str(rule.result), Word(str(rule.result), str(rule.result))), language)
    return shown if rule.sure else shown + _in(UNCLEAR, language)


def _allowed(field: Field, language: Language) -> str:
    if field.values is not None:
        return ", ".join(f"`{name}` {_in(word, language)}" for name, word in field.values.items())
    if field.number:
        return {"share": "0–1", "digital number": "DN"}.get(field.unit or "", field.unit or "")
    if field.prefix:
        return "编码开头" if language == "zh" else "beginning of a code"
    return "文字" if language == "zh" else "text"


def phrase(condition: Condition, layers: Mapping[str, Word], language: Language) -> str:
    """Return a condition as a phrase.

    Parameters
    ----------
    condition
        Any condition; one that always holds is an empty phrase.
    layers
        What layers are called.
    language
        Language of the phrase.
    """
    chinese = language == "zh"
    match condition:
        case All(parts=parts):
            return ("，" if chinese else ", ").join(phrase(part, layers, language) for part in parts)
        case AnyOf(parts=parts):
            return (" 或 " if chinese else " or ").join(f"({phrase(part, layers, language)})" for part in parts)
        case Not(part=part):
            return f"{'非' if chinese else 'not'} ({phrase(part, layers, language)})"
        case OneOf(field=name, words=options):
            field = FIELDS[name]
            shown = (_in((field.values or {}).get(word, Word(word, word)), language) for word in options)
            return f"{_in(field.word, language)}{'：' if chinese else ': '}{' / '.join(shown)}"
        case Between(field=name, bounds=bounds):
            return f"{_in(FIELDS[name].word, language)} {_bounds(FIELDS[name], bounds, language)}"
        case Overlap():
            like = FIELDS["area_m2" if condition.measure == "m2" else "zone_share"]
            layer = layers.get(condition.layer, STANDARD_LAYERS.get(condition.layer, Word(*[condition.layer] * 2)))
            codes = "".join(f" {code}*" for code in condition.codes)
            return f"{_in(layer, language)}{codes} {_bounds(like, condition.bounds, language)}"


def _bounds(field: Field, bounds: tuple[tuple[str, float | str], ...], language: Language) -> str:
    signs: Mapping[str, str] = {str(name): sign for name, sign in SIGNS.items()}
    shown = (
        f"{signs[sign]} {_in(FIELDS[limit].word if isinstance(limit, str) else show_limit(field, limit), language)}"
        for sign, limit in bounds
    )
    return (" 且 " if language == "zh" else " and ").join(shown)


def _in(word: Word, language: Language) -> str:
    return word.zh if language == "zh" else word.en


def main(arguments: list[str] | None = None) -> int:
    """Check the generated tables in the documents of a folder, or write them; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m rs_governance.rules.document", description=main.__doc__)
    parser.add_argument("folder", type=Path, help="folder of the documents")
    parser.add_argument("--write", action="store_true", help="write the tables instead of checking them")
    options = parser.parse_args(arguments)
    stale = 0
    for language, name in FILES.items():
        file: Path = options.folder / name
        text = file.read_text(encoding="utf-8")
        current = put_tables_into(text, language)
        if text != current:
            stale += 1
            if options.write:
                file.write_text(current, encoding="utf-8")
            sys.stdout.write(f"{'wrote' if options.write else 'stale'} {name}\n")
    return int(bool(stale) and not options.write)


if __name__ == "__main__":
    raise SystemExit(main())
