"""The generated part of `docs/cases.md` and `docs/cases.zh-CN.md`: states, moves, clocks, roles and reasons, as tables."""

import argparse
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from rs_governance.cases.life.clocks import Clocks, load_clocks
from rs_governance.cases.life.naming import NEEDS
from rs_governance.cases.life.steps import STEPS
from rs_governance.cases.life.transitions import ACTIONS, TRANSITIONS, Action, Guard, Move
from rs_governance.cases.life.words import (
    CHANNELS,
    MEASURES,
    REFERRALS,
    RESOLUTIONS,
    RETURN_REASONS,
    ROLES,
    STATES,
    VERDICTS,
    State,
)
from rs_governance.cases.people.reminding import LEVELS
from rs_governance.cases.shown.showing import Language
from rs_governance.rules import SEVERITIES, Word

BEGIN, END = "<!-- cases: begin -->", "<!-- cases: end -->"
"""Marks around the generated part."""

FILES: Mapping[Language, str] = {"zh": "cases.zh-CN.md", "en": "cases.md"}
"""Name of the file in each language."""

_MEANINGS: Mapping[State, Word] = {
    "detected": Word(
        "机器发现，规则已定级，等待内业判读", "found by the machine, judged by the rules, waiting to be looked at"
    ),
    "screened": Word(
        "已在屏幕上看过：下发，或写明结论后销号", "looked at on screen: dispatched, or closed with a reason"
    ),
    "dispatched": Word("任务已交给街镇、部门或核查员", "handed to a town, a department or an inspector"),
    "verifying": Word("核查员在现场", "an inspector is on the ground"),
    "evidenced": Word("照片和情况已提交，等待审核", "photos and findings are in, waiting to be reviewed"),
    "returned": Word("举证不足，按理由码退回", "the evidence is not enough, sent back with a reason"),
    "confirmed": Word("已作出认定", "a verdict was given"),
    "disposing": Word("按措施处置，或移送他处", "being dealt with, or referred to another body"),
    "rectified": Word("报告已整改，等待验收和下一期影像", "reported done, waiting for acceptance and the next image"),
    "closed": Word("已有结论，即训练标签", "done, with a resolution: the training label"),
}
_GUARDS: Mapping[Guard, Word] = {
    "holder": Word("未被他人经办", "nobody else holds it"),
    "held": Word("正在经办", "it is held"),
    "moves_it": Word("此时由其角色推进", "the role moves it on from here"),
    "handed_to": Word("派给本人、本部门或本街镇", "handed to this person, department or town"),
    "says_why_against_image": Word(
        "影像复核建议不通过的，须写明理由", "words, where the satellite recheck proposes to fail it"
    ),
    "other_person": Word("须由另一人办理", "another person than before"),
    "rejection_pending": Word("有排除待复核", "a rejection waits for its second opinion"),
    "referral_pending": Word("移送尚未答复", "a referral waits for its answer"),
    "not_pending": Word("没有待复核或待答复", "nothing waits for an answer"),
    "first_minor": Word("首次且非红色", "a first offence, not red"),
    "in_time": Word("在期限内", "within the term"),
    "in_order": Word("前一步已办", "the step before it is done"),
    "judged_illegal": Word("已认定违法", "judged illegal"),
    "judged_not_illegal": Word("未认定违法", "not judged illegal"),
    "not_absorbed": Word("未并入他案、未拆分", "neither merged into another nor split"),
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
    return f"{head}{BEGIN}\n" + "\n".join(_tables(load_clocks(), language)) + f"\n{END}{tail}"


def _tables(clocks: Clocks, language: Language) -> Iterator[str]:
    def say(zh: str, en: str) -> str:
        return zh if language == "zh" else en

    yield from _table(
        say("状态与期限", "States and terms"),
        say("状态|代码|含义|期限", "state|code|meaning|term"),
        ([word, f"`{state}`", _MEANINGS[state], _term(clocks, state, language)] for state, word in STATES.items()),
        language,
    )
    share, days = round(clocks.remind_at_0_1 * 100), clocks.again_after_days
    yield say(
        f"\n期限过 {share}% 时：{LEVELS[1].zh}；期限已过：{LEVELS[2].zh}；再过 {days} 天：{LEVELS[3].zh}。每次只通知一遍。",
        f"\nAt {share} % of a term: {LEVELS[1].en}. After it: {LEVELS[2].en}. {days} days later: {LEVELS[3].en}. Each is told once.",
    )
    second = say("、", ", ").join(getattr(SEVERITIES[each], language) for each in clocks.second_opinion)
    yield say(f"\n排除须第二人复核的等级：{second}。", f"\nSeverities whose rejection needs a second person: {second}.")
    yield say("\n### 办理\n", "\n### Moves")
    yield say("表中没有的一律拒绝。", "\nWhat is not in these tables is refused.")
    header = say("动作|之后|谁|需要|条件", "action|after it|who|needs|conditions")
    common = [action for action in ACTIONS if _everywhere(action)]
    for state, word in STATES.items():
        moves = [(action, move) for (at, action), move in TRANSITIONS.items() if at == state and action not in common]
        title = getattr(word, language) if getattr(word, language) == state else f"{getattr(word, language)} `{state}`"
        yield from _table(title, header, (_move(*each, language) for each in moves), language, level="####")
    for title, states in (
        (say("销号前的各状态", "In every state but closed"), _OPEN),
        (say("任何状态", "In every state"), tuple(STATES)),
    ):
        moves = [(action, TRANSITIONS[states[0], action]) for action in common if _everywhere(action) == states]
        yield from _table(title, header, (_move(*each, language) for each in moves), language, level="####")
    yield from _lists(language, say)


_OPEN: tuple[State, ...] = tuple(state for state in STATES if state != "closed")


def _everywhere(action: Action) -> tuple[State, ...] | None:
    """Return the states of an action that is the same in all open states, or in all; None for another."""
    states = tuple(state for state in STATES if (state, action) in TRANSITIONS)
    same = len({repr(TRANSITIONS[state, action]) for state in states}) == 1
    return states if same and states in (_OPEN, tuple(STATES)) else None


def _lists(language: Language, say: Callable[[str, str], str]) -> Iterator[str]:
    plain: Iterable[tuple[str, Mapping[Any, Word]]] = (
        (say("认定", "Verdicts"), VERDICTS),
        (say("角色", "Roles"), ROLES),
        (say("发现渠道", "Channels"), CHANNELS),
        (say("移送对象", "Referrals"), REFERRALS),
        (say("退回理由", "Reasons of a return"), RETURN_REASONS),
    )
    for title, words in plain:
        yield from _table(
            title, say("名称|代码", "name|code"), ([word, f"`{code}`"] for code, word in words.items()), language
        )
    yield from _table(
        say("处置措施与步骤", "Measures and their steps"),
        say("措施|代码|步骤", "measure|code|steps"),
        (
            [
                word,
                f"`{measure}`",
                " → ".join(f"{getattr(step, language)} `{code}`" for code, step in STEPS[measure].items()),
            ]
            for measure, word in MEASURES.items()
        ),
        language,
    )
    yield say(
        "\n步骤逐一办理，每步附证明，不能跳过；验收未通过后，已办的步骤可重新办理。",
        "\nSteps come one after the other, each with its proof, and none is skipped; after a failed acceptance those that were done may be done again.",
    )
    labels = {
        "change": say("变化", "change"),
        "no_change": say("无变化", "no change"),
        "unknown": say("不用于训练", "not used"),
    }
    yield from _table(
        say("销号结论：训练标签", "Resolutions: the training labels"),
        say("结论|代码|含义|认定|标签", "resolution|code|meaning|verdict|label"),
        (
            [
                getattr(each, language),
                f"`{code}`",
                each.meaning_zh if language == "zh" else each.meaning_en,
                "-" if each.verdict == "unverified" else VERDICTS[each.verdict],
                labels[each.label],
            ]
            for code, each in RESOLUTIONS.items()
        ),
        language,
    )


def _table(
    title: str, header: str, rows: Iterable[Iterable[str | Word]], language: Language, *, level: str = "###"
) -> Iterator[str]:
    heads = header.split("|")
    yield f"\n{level} {title}\n"
    yield f"| {' | '.join(heads)} |"
    yield "|" + "---|" * len(heads)
    for row in rows:
        cells = (getattr(cell, language) if isinstance(cell, Word) else cell for cell in row)
        yield f"| {' | '.join(cells)} |"


def _term(clocks: Clocks, state: State, language: Language) -> str:
    clock = clocks.by_state.get(state)
    if clock is None:
        return "-"
    working = clock.unit == "working"
    unit = ("个工作日" if working else "天") if language == "zh" else ("working days" if working else "days")
    if len(set(clock.days.values())) == 1:
        count = next(iter(clock.days.values()))
        return f"{count} {unit}" if count != 1 else f"{count} {unit.removesuffix('s')}"
    return (
        ", ".join(f"{getattr(SEVERITIES[each], language)} {count}" for each, count in clock.days.items()) + f" {unit}"
    )


def _move(action: Action, move: Move, language: Language) -> list[str]:
    join = "、" if language == "zh" else ", "
    to = "-" if move.to is None else getattr(STATES[move.to], language)
    return [
        f"`{action}`" if (word := getattr(ACTIONS[action], language)) == action else f"{word} `{action}`",
        to,
        join.join(getattr(ROLES[role], language) for role in move.roles),
        join.join(getattr(NEEDS[need], language) for need in move.needs) or "-",
        join.join(getattr(_GUARDS[guard], language) for guard in move.guards) or "-",
    ]


def main(arguments: list[str] | None = None) -> int:
    """Check the generated tables in the documents of a folder, or write them; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m rs_governance.cases.document", description=main.__doc__)
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
