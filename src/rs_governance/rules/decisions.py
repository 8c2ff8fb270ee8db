"""The traces of all decisions, put into words when somebody asks for them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from rs_governance.rules.amounts import in_m2
from rs_governance.rules.facts import Source
from rs_governance.rules.fields import FIELDS, PERMIT_STATES, show_number
from rs_governance.rules.judged import Step, StepName
from rs_governance.rules.permits import Approvals, Entry
from rs_governance.rules.questions import Chosen, Questions
from rs_governance.rules.remainder import Remainder
from rs_governance.rules.ruleset import Rule, Rules
from rs_governance.rules.together import Together
from rs_governance.rules.wording import Wording
from rs_governance.rules.words import DEPARTMENTS, KINDS, SEVERITIES, STAGES, THEMES, UNCLEAR, Word

OTHERWISE = "otherwise"
"""Rule of a question that no rule of the file answered."""

NO_ENTRY = "no_entry"
"""Rule of the step that lists the registers in which nothing was found."""

OUTSIDE_APPROVAL = "outside_approval"
"""Rule of the step that says how much of the spot approvals cover, and how much is judged."""

NO_REGISTER = "no_register"
"""Rule of the step that lists the registers that the district does not have."""

_RESULTS: Mapping[str, Mapping[str, Word]] = {
    "kind": dict(KINDS.items()),
    "theme": dict(THEMES.items()),
    "severity": dict(SEVERITIES.items()),
    "department": dict(DEPARTMENTS.items()),
}
_QUESTIONS = {
    "kind": Word("变化类型", "kind"),
    "theme": Word("专题", "theme"),
    "severity": Word("等级", "severity"),
    "department": Word("责任部门", "department"),
}


@dataclass(frozen=True, kw_only=True, eq=False)  # equal as mappings are
class Decisions(Mapping[str, tuple[Step, ...]]):
    """Spot number to the steps of its decision; a step is made when it is asked for."""

    places: Mapping[str, int]
    """Position among the facts of each spot."""
    questions: Questions
    """All answers."""
    rules: Rules
    """The rules that were tried."""
    wording: Wording
    """Puts facts into words."""
    remaining: Wording
    """Puts the facts into words that the severity was judged on."""
    failed: dict[tuple[object, ...], Step] = field(default_factory=dict)
    """Steps of rules that did not hold, by what they looked at."""

    def __getitem__(self, spot_no: str) -> tuple[Step, ...]:
        i = self.places[spot_no]
        asked = self.questions
        return (
            self._first("kind", asked.kind, self.rules.otherwise.kind, i),
            *self._permits(asked.approvals, i),
            self._first("theme", asked.theme, self.rules.otherwise.theme, i),
            *self._severity(asked.severity, i),
            self._first("department", asked.department, self.rules.otherwise.department, i),
        )

    def __iter__(self) -> Iterator[str]:
        return iter(self.places)

    def __len__(self) -> int:
        return len(self.places)

    def _first(self, name: StepName, chosen: Chosen, otherwise: str, i: int) -> Step:
        """Return the step of the rule that answered a question."""
        number = int(chosen.first[i])
        if number == len(chosen.rules):
            return self._unmatched(name, _RESULTS[name][otherwise])
        return self._holding(name, chosen.rules[number], _RESULTS[name][str(chosen.rules[number].result)], i)

    def _severity(self, chosen: Chosen, i: int) -> Iterator[Step]:
        """Yield every rule that was tried up to the one that holds: people argue most about these.

        Yields
        ------
        Step
            One rule.
        """
        number = int(chosen.first[i])
        for rule in chosen.rules[:number]:
            yield self._failed(rule, i)
        if number < len(chosen.rules):
            rule = chosen.rules[number]
            yield self._holding("severity", rule, SEVERITIES[rule.result], i)  # type: ignore[index]
        else:
            text = self.remaining.fill(self.rules.otherwise.words, i)
            yield self._unmatched("severity", SEVERITIES["yellow"], text)

    def _failed(self, rule: Rule, i: int) -> Step:
        """Return the step of a rule that does not hold; many findings share it."""
        key = (rule.id, self.remaining.facts.words["permit_register"][i], *self.remaining.observed(rule.when, i))
        if key not in self.failed:
            why = self.remaining.why_not(rule.when, i)
            text = Word(f"不适用 {rule.id}：{why.zh}。", f"{rule.id} does not apply: {why.en}.")
            self.failed[key] = self._step("severity", rule, False, text, i)
        return self.failed[key]

    def _holding(self, name: StepName, rule: Rule, result: Word, i: int) -> Step:
        question = _QUESTIONS[name]
        if not rule.sure:
            result = Word(result.zh + UNCLEAR.zh, result.en + UNCLEAR.en)
        wording = self._wording_of(name)
        text, grounds = wording.fill(rule.words, i), wording.describe(rule.when, i, asked=False)
        source = wording.source(rule.when, i)
        dated = Word("", "") if source is None else wording.dated(source)
        zh = "；".join(part for part in (grounds.zh, dated.zh) if part)
        en = "; ".join(part for part in (grounds.en, dated.en) if part)
        return self._step(
            name,
            rule,
            True,
            Word(
                f"{question.zh}：{result.zh}。{text.zh}" + (f"〔{zh}〕" if zh else ""),
                f"{question.en}: {result.en}. {text.en}" + (f" [{en}]" if en else ""),
            ),
            i,
        )

    def _wording_of(self, name: StepName) -> Wording:
        return self.remaining if name == "severity" else self.wording

    def _step(self, name: StepName, rule: Rule, holds: bool, text: Word, i: int) -> Step:
        wording = self._wording_of(name)
        source = wording.source(rule.when, i)
        return Step(
            step=name,
            rule=rule.id,
            holds=holds,
            numbers=wording.numbers(rule.when, i),
            layer=None if source is None else source.layer,
            layer_as_of=None if source is None else source.as_of,
            text_zh=text.zh,
            text_en=text.en,
        )

    @staticmethod
    def _unmatched(name: StepName, result: Word, text: Word | None = None) -> Step:
        question = _QUESTIONS[name]
        text = text or Word("没有规则适用。", "No rule applies.")
        return Step(
            step=name,
            rule=OTHERWISE,
            holds=True,
            numbers={},
            layer=None,
            layer_as_of=None,
            text_zh=f"{question.zh}：{result.zh}。{text.zh}",
            text_en=f"{question.en}: {result.en}. {text.en}",
        )

    def _permits(self, approvals: Approvals, i: int) -> Iterator[Step]:
        """Yield what every approval on the ground says, then what could not be asked.

        Yields
        ------
        Step
            One approval, one register that cannot be relied on, or the registers without an entry.
        """
        found = set()
        if i in approvals.together:
            yield self._together(approvals.together[i], approvals)
        for row in approvals.rows[i]:
            found.add(approvals.entries[row].register)
            yield self._approval(approvals.entries[row], approvals)
        asked = [name for name, fits in approvals.fitting.items() if fits[i] and name not in found]
        silent = [approvals.sources[name] for name in asked if approvals.relied_on[name][i]]
        absent = [approvals.sources[name] for name in asked if not approvals.sources[name].present]
        for name in asked:
            if not approvals.relied_on[name][i] and approvals.sources[name].present:
                yield self._unreliable(approvals.sources[name])
        if absent:
            yield self._absent(absent)
        if silent:
            yield self._no_entry(silent)
        if self.questions.remainder.divided(i):
            yield self._divided(i)

    def _divided(self, i: int) -> Step:
        remainder = self.questions.remainder
        text = say_remainder(remainder, i)
        return Step(
            step="permit",
            rule=OUTSIDE_APPROVAL,
            holds=True,
            numbers={
                "number": "、".join(remainder.numbers[i]),
                "inside_m2": round(float(remainder.inside_m2[i]), 2),
                "outside_m2": round(float(remainder.facts.numbers["area_m2"][i]), 2),
            },
            layer=None,
            layer_as_of=None,
            text_zh=text.zh.removesuffix("：") + "。",
            text_en=text.en.removesuffix(": ") + ".",
        )

    def _approval(self, entry: Entry, approvals: Approvals) -> Step:
        source = approvals.sources.get(entry.register) or Source(layer=entry.register, as_of=None)
        word, dated = PERMIT_STATES[entry.state], self.wording.dated(source)
        share = show_number(FIELDS["permit_share"], entry.share)
        outside = show_number(FIELDS["permit_outside_m2"], entry.outside_m2)
        texts = entry.texts
        since, until = texts.get("valid_from", "…"), texts.get("valid_to", "…")
        stage = STAGES.get(texts.get("stage", ""), Word(*[texts.get("stage", "")] * 2))  # type: ignore[call-overload]
        stage_zh, stage_en = (f"，许可阶段 {stage.zh}", f", stage {stage.en}") if stage.zh else ("", "")
        number = texts.get("number", "?")
        return Step(
            step="permit",
            rule=entry.register,
            holds=entry.state == "lawful",
            numbers={
                "permit_state": entry.state,
                "permit_share": round(entry.share, 4),
                "permit_outside_m2": round(entry.outside_m2, 2),
                **texts,
            },
            layer=entry.register,
            layer_as_of=source.as_of,
            text_zh=f"{number}：{word.zh}（覆盖 {share.zh}，范围外 {outside.zh}；有效期 {since} 至 {until}{stage_zh}）〔{dated.zh}〕",
            text_en=f"{number}: {word.en} (covers {share.en}, {outside.en} outside; valid {since} to {until}{stage_en}) [{dated.en}]",
        )

    def _together(self, cover: Together, approvals: Approvals) -> Step:
        dated = self.wording.dated(approvals.sources[cover.register])
        share = show_number(FIELDS["permit_share"], cover.share)
        outside = show_number(FIELDS["permit_outside_m2"], cover.outside_m2)
        numbers = "、".join(cover.numbers)
        return Step(
            step="permit",
            rule=cover.register,
            holds=True,
            numbers={
                "permit_state": "lawful",
                "permit_share": round(cover.share, 4),
                "permit_outside_m2": round(cover.outside_m2, 2),
                "number": numbers,
            },
            layer=cover.register,
            layer_as_of=approvals.sources[cover.register].as_of,
            text_zh=f"{numbers} 合计覆盖 {share.zh}，范围外 {outside.zh}〔{dated.zh}〕",
            text_en=f"{numbers} cover {share.en} together, {outside.en} outside [{dated.en}]",
        )

    def _unreliable(self, source: Source) -> Step:
        name = self.wording.layer(source.layer)
        if source.as_of is None:
            zh, en = (
                f"名册「{name.zh}」无日期，不能据以认定有手续。",
                f"The register of {name.en} has no date to rely on.",
            )
        else:
            days = self.rules.lawful.max_age_days
            zh = f"名册「{name.zh}」截至 {source.as_of}，早于后时相超过 {days} 天，不能据以认定有手续。"
            en = f"The register of {name.en} is of {source.as_of}, over {days} days before the later image: not relied on."
        return Step(
            step="permit",
            rule=source.layer,
            holds=False,
            numbers={},
            layer=source.layer,
            layer_as_of=source.as_of,
            text_zh=zh,
            text_en=en,
        )

    def _absent(self, absent: list[Source]) -> Step:
        words = [self.wording.layer(source.layer) for source in absent]
        return Step(
            step="permit",
            rule=NO_REGISTER,
            holds=False,
            numbers=dict.fromkeys((source.layer for source in absent), "absent"),
            layer=None,
            layer_as_of=None,
            text_zh=f"缺名册：{'、'.join(word.zh for word in words)}；不能据以认定有手续。",
            text_en=f"No register of {', '.join(word.en for word in words)} to rely on.",
        )

    def _no_entry(self, silent: list[Source]) -> Step:
        dated = [self.wording.dated(source) for source in silent]
        return Step(
            step="permit",
            rule=NO_ENTRY,
            holds=False,
            numbers={source.layer: str(source.as_of) for source in silent},
            layer=None,
            layer_as_of=None,
            text_zh=f"未见手续：{'；'.join(word.zh for word in dated)}。",
            text_en=f"No approval found: {'; '.join(word.en for word in dated)}.",
        )


def say_unfound(steps: Sequence[Step]) -> Word:
    """Return what to say of the registers where no approval is cited: nothing found, or nothing to rely on.

    Parameters
    ----------
    steps
        Steps of a decision.
    """
    asked = [step for step in steps if step.step == "permit"]
    rules = {step.rule for step in asked}
    # A register that is there and not relied on says nothing of the spot: no numbers.
    unreliable = [step for step in asked if step.layer is not None and not step.numbers]
    if NO_ENTRY not in rules and unreliable:
        return PERMIT_STATES["undated" if all(step.layer_as_of is None for step in unreliable) else "outdated"]
    return PERMIT_STATES["no_register" if NO_ENTRY not in rules and NO_REGISTER in rules else "no_permit"]


def say_remainder(remainder: Remainder, i: int) -> Word:
    """Return what goes before the reason of a spot that is judged by the part outside approvals."""
    inside, outside = in_m2(remainder.inside_m2[i]), in_m2(remainder.facts.numbers["area_m2"][i])
    numbers = remainder.numbers[i]
    return Word(
        f"{'、'.join(numbers)} 批准范围内 {inside} 平方米，范围外 {outside} 平方米，只按范围外判定：",
        f"{', '.join(numbers)}: {inside} m² inside what is approved, {outside} m² outside, and judged by the latter alone: ",
    )
