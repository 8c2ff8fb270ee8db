"""Reading a rules file, strictly: what is not understood is an error, never ignored."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from string import Formatter
from typing import Any, cast, get_args

from rs_governance.errors import RulesInvalid
from rs_governance.rules.conditions import All, ConditionReader
from rs_governance.rules.fields import FIELDS, REGISTERS, STANDARD_LAYERS, Known
from rs_governance.rules.problems import Problems, RuleProblem
from rs_governance.rules.ruleset import KNOWN_BY, LawfulTerms, Otherwise, Rule, Rules, Section
from rs_governance.rules.words import DEPARTMENTS, KINDS, STAGES, SUSPICIONS, THEMES, Stage, Suspicion, Word

DEFAULT_RULES = Path(__file__).parent / "default.toml"
"""The rules that come with the program."""

_RESULTS: Mapping[Section, tuple[str, Mapping[str, Word] | None]] = {
    "kind": ("kind", cast("Mapping[str, Word]", KINDS)),
    "smallest_area": ("m2", None),
    "permit": ("register", REGISTERS),
    "theme": ("theme", cast("Mapping[str, Word]", THEMES)),
    "department": ("department", cast("Mapping[str, Word]", DEPARTMENTS)),
    "national_type": ("type", None),
}
"""Key that holds a rule's result, and the words it may be."""

_EXTRAS: Mapping[Section, tuple[str, ...]] = {"kind": ("sure",), "permit": ("up_to",)}
"""Further keys that a rule of a section may have."""

_WITHOUT_TEXT = {"smallest_area", "permit", "national_type"}
_SECTIONS: tuple[Section, ...] = get_args(Section)
_TABLES = ("version", "layers", "stages", "lawful", "otherwise")
_VERDICT = re.compile(r"\b(illegal|unlawful|violation)|(?<!疑似)违法|(?<!疑似)非法|违规", re.IGNORECASE)


def read_rules(path: Path | None = None) -> Rules:
    """Read a rules file and refuse it if anything in it is not understood.

    Parameters
    ----------
    path
        The file; None for the rules that come with the program.

    Raises
    ------
    RulesInvalid
        If the file cannot be read, or has mistakes; the message names the first and how many there are.
    """
    path = DEFAULT_RULES if path is None else path
    rules, problems = examine_rules(path)
    if rules is None:
        more = f" ({len(problems) - 1} more: rsg rules check {path.name})" if len(problems) > 1 else ""
        raise RulesInvalid(f"'{path}', {problems[0]}{more}")
    return rules


def examine_rules(path: Path) -> tuple[Rules | None, tuple[RuleProblem, ...]]:
    """Read a rules file and return it with all mistakes of its writing; None in place of the rules if there are any.

    Parameters
    ----------
    path
        The file.

    Raises
    ------
    RulesInvalid
        If the file is missing or is no TOML.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise RulesInvalid(f"Cannot read '{path}': {error.strerror}; expected a TOML file of rules.") from error
    except UnicodeDecodeError as error:
        raise RulesInvalid(f"'{path}' is not UTF-8 text; save it as UTF-8.") from error
    except tomllib.TOMLDecodeError as error:
        raise RulesInvalid(f"'{path}' is no TOML: {error}.") from error
    problems = Problems()
    rules = _FileReader(path=path, content=content, problems=problems).read()
    return (None if problems.found else rules), tuple(problems.found)


@dataclass(frozen=True, kw_only=True)
class _FileReader:
    path: Path
    content: Mapping[str, Any]
    problems: Problems
    ids: dict[str, str] = field(default_factory=dict)

    def read(self) -> Rules:
        for key in self.content:
            if key not in {*_SECTIONS, *_TABLES}:
                self.problems.unknown(key, (*_SECTIONS, *_TABLES), "文件 file", "段 section")
        layers = {**STANDARD_LAYERS, **self._layers()}
        reader = ConditionReader(problems=self.problems, layers=frozenset(layers))
        return Rules(
            path=self.path,
            version=str(self.content.get("version", "")),
            rules={section: self._section(section, reader) for section in _SECTIONS},
            stages=self._stages(),
            lawful=self._lawful(),
            otherwise=self._otherwise(),
            layers=layers,
        )

    def _section(self, section: Section, reader: ConditionReader) -> tuple[Rule, ...]:
        tables = self.content.get(section, [])
        if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
            self.problems.note(section, f"应写作 [[{section}]]。", f"must be written as [[{section}]].")
            return ()
        return tuple(self._rule(section, table, n, reader) for n, table in enumerate(tables, 1))

    def _rule(self, section: Section, table: Mapping[str, Any], number: int, reader: ConditionReader) -> Rule:
        where = f"[[{section}]] {number}"
        rule_id = self._text(table, "id", where)
        where = f"[[{section}]] {rule_id or number}"
        self._check_id(rule_id, where)
        key, _ = _RESULTS.get(section, (None, None))
        allowed = ["id", "when", "zh", "en", key or "suspicion", *_EXTRAS.get(section, ())]
        self._refuse_others(table, allowed, where)
        known = KNOWN_BY[section]
        when = reader.read(table["when"], known=known, where=f"{where} when") if "when" in table else All()
        suspicion = table.get("suspicion", "none" if section == "exempt" else "suspected")
        if suspicion not in SUSPICIONS:
            self.problems.unknown(str(suspicion), SUSPICIONS, where, "疑似情况 suspicion")
        up_to = table.get("up_to")
        if up_to is not None and up_to not in STAGES:
            self.problems.unknown(str(up_to), STAGES, where, "施工阶段 stage")
        sure = table.get("sure", True)
        if not isinstance(sure, bool):
            self.problems.note(
                where, f"sure 应为 true 或 false，实为 {sure!r}。", f"sure must be true or false, not {sure!r}."
            )
        return Rule(
            id=rule_id,
            section=section,
            when=when,
            result=self._result(section, table, where),
            words=self._words(table, where, known, needed=section not in _WITHOUT_TEXT),
            suspicion=cast("Suspicion", suspicion),
            sure=bool(sure),
            up_to=up_to,
        )

    def _check_id(self, rule_id: str, where: str) -> None:
        if not rule_id:
            return
        if not re.fullmatch(r"[a-z][a-z0-9_]*", rule_id):
            self.problems.note(
                where, "编号只能用小写字母、数字和下划线。", "an id has lower-case letters, digits and _ only."
            )
        if rule_id in self.ids or rule_id == "otherwise":
            self.problems.note(
                where,
                f"编号重复，已用于 {self.ids.get(rule_id, 'otherwise')}。",
                f"this id is already that of {self.ids.get(rule_id, 'otherwise')}.",
            )
        self.ids[rule_id] = where

    def _result(self, section: Section, table: Mapping[str, Any], where: str) -> str | float:
        if section not in _RESULTS:
            return "green" if section == "exempt" else section
        key, options = _RESULTS[section]
        value = table.get(key)
        if section == "smallest_area":
            if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
                self.problems.note(
                    where, f"{key} 应为面积（平方米），实为 {value!r}。", f"{key} must be an area in m2, not {value!r}."
                )
                return 0.0
            return float(value)
        if section == "national_type":
            if not isinstance(value, str) or not re.fullmatch(r"1[A-F]|[2-6]", value):
                self.problems.note(
                    where,
                    f"type 应为 1A–1F 或 2–6，实为 {value!r}。",
                    f"type must be one of 1A to 1F, 2 to 6, not {value!r}.",
                )
            return str(value)
        if options is not None and value not in options:
            self.problems.unknown(str(value), options, f"{where} {key}", "取值 value")
        return str(value)

    def _words(self, table: Mapping[str, Any], where: str, known: Known, *, needed: bool) -> Word:
        texts = []
        for language in ("zh", "en"):
            text = self._text(table, language, where) if needed or language in table else ""
            if _VERDICT.search(text):
                self.problems.note(
                    f"{where} {language}",
                    f"机器只能说「疑似」，不能作出认定：{text}",
                    f"the machine may only say suspected, never give a verdict: {text}",
                )
            for name in _placeholders(text):
                found = self.problems.choose(FIELDS, name, f"{where} {language}", "占位符 placeholder")
                if found is not None and found.known > known:
                    self.problems.note(f"{where} {language}", f"{name} 此时尚未判定。", f"{name} is not decided yet.")
            texts.append(text)
        return Word(*texts)

    def _text(self, table: Mapping[str, Any], key: str, where: str) -> str:
        value = table.get(key)
        if not isinstance(value, str) or not value:
            self.problems.note(where, f"缺少文字 {key}。", f"needs a text {key}.")
            return ""
        return value

    def _refuse_others(self, table: Mapping[str, Any], allowed: list[str], where: str) -> None:
        for key in table:
            if key not in allowed:
                self.problems.unknown(key, allowed, where, "键 key")

    def _table(self, name: str) -> Mapping[str, Any]:
        table = self.content.get(name, {})
        if not isinstance(table, dict):
            self.problems.note(name, f"应写作 [{name}]。", f"must be written as [{name}].")
            return {}
        return table

    def _layers(self) -> dict[str, Word]:
        found = {}
        for name, table in self._table("layers").items():
            where = f"[layers] {name}"
            content = table if isinstance(table, dict) else {}
            self._refuse_others(content, ["zh", "en"], where)
            found[name] = Word(self._text(content, "zh", where), self._text(content, "en", where))
        return found

    def _stages(self) -> dict[str, Stage]:
        found: dict[str, Stage] = {}
        for kind, stage in self._table("stages").items():
            known = self.problems.choose(cast("Mapping[str, Word]", KINDS), kind, "[stages]", "变化类型 kind")
            if stage not in STAGES:
                self.problems.unknown(str(stage), STAGES, f"[stages] {kind}", "施工阶段 stage")
            elif known is not None:
                found[kind] = stage
        return found

    def _lawful(self) -> LawfulTerms:
        table, where = self._table("lawful"), "[lawful]"
        self._refuse_others(table, ["min_share", "min_share_small_rest", "min_share_cited", "max_age_days"], where)
        return LawfulTerms(
            min_share=self._number(table, "min_share", where, 0.9, high=1.0),
            min_share_small_rest=self._number(table, "min_share_small_rest", where, 0.5, high=1.0),
            min_share_cited=self._number(table, "min_share_cited", where, 0.25, high=1.0),
            max_age_days=int(self._number(table, "max_age_days", where, 60)),
        )

    def _number(self, table: Mapping[str, Any], key: str, where: str, default: float, high: float = 1e9) -> float:
        value = table.get(key, default)
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= high:
            self.problems.note(
                f"{where} {key}",
                f"应为 0 到 {high:g} 之间的数，实为 {value!r}。",
                f"must be a number from 0 to {high:g}, not {value!r}.",
            )
            return default
        return float(value)

    def _otherwise(self) -> Otherwise:
        table, where = self._table("otherwise"), "[otherwise]"
        self._refuse_others(table, ["kind", "theme", "department", "zh", "en"], where)
        for key, options in (("kind", KINDS), ("theme", THEMES), ("department", DEPARTMENTS)):
            if table.get(key) not in options:
                self.problems.unknown(
                    str(table.get(key)), cast("Mapping[str, Word]", options), f"{where} {key}", "取值 value"
                )
        return Otherwise(
            kind=str(table.get("kind")),
            theme=str(table.get("theme")),
            department=str(table.get("department")),
            words=self._words(table, where, Known.severity, needed=True),
        )


def _placeholders(text: str) -> list[str]:
    try:
        return [name for _, name, _, _ in Formatter().parse(text) if name is not None]
    except ValueError:
        return [text]
