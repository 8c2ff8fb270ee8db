"""Answers and ratings: what the reporter and those concerned say of a case, taken in from a table."""

import hashlib
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from rs_governance.cases.life.acting import act, find_case
from rs_governance.cases.life.asking import CHINA, Act, Actor
from rs_governance.cases.life.clocks import Clocks
from rs_governance.cases.life.naming import names_zh
from rs_governance.cases.life.words import CHANNELS
from rs_governance.cases.people.intake import Refusal, Row, read_rows
from rs_governance.db import Case, Clue, Event, Permit
from rs_governance.errors import ActionRefused, UsageError
from rs_governance.rules import Word

RESPONDENTS: Mapping[str, Word] = {
    "reporter": Word("反映人", "reporter"),
    "enterprise": Word("企业", "enterprise"),
    "land_user": Word("用地人", "land user"),
    "village": Word("村（社区）", "village"),
    "other": Word("其他", "other"),
}
"""Who answers or rates, by code."""

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "case": ("case", "number", "案件号", "案件编号", "图斑号"),
    "channel": ("channel", "渠道", "线索渠道"),
    "clue": ("clue", "线索编号", "工单号", "工单编号"),
    "who": ("who", "by", "身份", "答复人", "评价人"),
    "text": ("text", "answer", "内容", "答复内容", "意见", "说明"),
    "permit": ("permit", "permit_number", "文号", "手续文号", "许可证号"),
    "rating": ("rating", "评分", "评价", "满意度"),
    "on": ("on", "date", "日期", "答复日期", "评价日期"),
}
"""Columns of a file of answers and how they may be called."""

_WORDS: Mapping[str, str] = {"举报人": "reporter", "来电人": "reporter", "用地单位": "enterprise", "建设单位": "enterprise",
                             "农户": "land_user", "村民": "land_user", "村委会": "village"}  # fmt: skip
_RATINGS: Mapping[str, int] = {"非常满意": 5, "满意": 4, "基本满意": 3, "不满意": 2, "非常不满意": 1}
_BEFORE_VISIT = ("detected", "screened", "dispatched")
_MOST_LETTERS = 4000
_DAY = re.compile(r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?(?:[T\s].*)?")


@dataclass(frozen=True, kw_only=True)
class TakenAnswer:
    """A row that counts."""

    row: int
    """Its number in the file."""
    case_number: str
    """Its case; that which lives on, where the named one was merged into another."""
    by: str
    """Who answered or rated."""
    done: tuple[str, ...]
    """What was written: `respond`, `rate`; empty where it was taken before."""
    permit: str | None
    """Permit that the answer names: `on_it`, `elsewhere` or `unknown` to the registers of the store; None without one."""
    before_visit: bool
    """True where nobody had been sent out, or nobody had gone yet."""


@dataclass(frozen=True, kw_only=True)
class TakenAnswers:
    """What a file of answers brought."""

    rows: tuple[TakenAnswer, ...]
    """Rows that count, in their order."""
    refused: tuple[Refusal, ...]
    """Rows that were not taken, and why."""
    counts: Mapping[str, int] = field(default_factory=dict)
    """Number of answers, of ratings, and of rows that were known."""


@dataclass(frozen=True, kw_only=True)
class _Answer:
    """A row as it was understood."""

    case: Case
    clue: Mapping[str, str] | None
    by: str
    text: str
    permit: str
    rating: int | None
    on: date | None

    def key(self, what: str, *parts: object) -> str:
        """Return the key under which this is written once."""
        told = "\n".join(str(part) for part in (self.case.number, self.clue, self.by, self.on, *parts))
        return f"{what}:{hashlib.sha256(told.encode()).hexdigest()[:32]}"


def take_answers(session: Session, path: Path, *, actor: Actor, now: datetime, clocks: Clocks) -> TakenAnswers:
    """Take a file of answers and ratings in as events of their cases; reading it twice counts once.

    Parameters
    ----------
    session
        Session of `Store.write`.
    path
        CSV (UTF-8 or GB 18030) or Excel file with the columns of `COLUMNS`. Each row names a case, or a clue with its
        channel, says who, and holds words, a permit, or a rating of 1 to 5.
    actor
        Who takes it in.
    now
        Aware time.
    clocks
        Clocks, as every act needs them.

    Returns
    -------
    TakenAnswers
        Every row and what became of it.

    Raises
    ------
    LayerUnreadable
        When the file cannot be read or lacks a column.
    """
    rows, refused, counts = [], [], Counter[str](answers=0, ratings=0, known=0)
    for row in read_rows(path, COLUMNS, needed=("who",)):
        try:
            answer = _understand(session, row, now)
            acts, facts = _acts(session, answer, actor)
            fresh = [asked for asked in acts if not _is_known(session, asked)]
            for asked in fresh:
                act(session, answer.case.number, asked, now=now, clocks=clocks)
        except (UsageError, ActionRefused) as error:
            refused.append(Refusal.of(row, error))
            continue
        counts["answers"] += sum(asked.action == "respond" for asked in fresh)
        counts["ratings"] += sum(asked.action == "rate" for asked in fresh)
        counts["known"] += not fresh
        rows.append(
            TakenAnswer(
                row=row.number,
                case_number=answer.case.number,
                by=answer.by,
                done=tuple(asked.action for asked in fresh),
                permit=facts["permit"]["found"] if "permit" in facts else None,
                before_visit=facts["before_visit"],
            )
        )
    return TakenAnswers(rows=tuple(rows), refused=tuple(refused), counts=dict(counts))


def _understand(session: Session, row: Row, now: datetime) -> _Answer:
    clue = _find_clue(session, row)
    number = row["case"] or (clue.case_number if clue is not None else None)
    if not number:
        named = f"clue {row['clue']} belongs to no case" if clue is not None else "neither a case nor a clue is named"
        named_zh = f"线索 {row['clue']} 没有对应的案件" if clue is not None else "没有写案件，也没有写线索"
        raise UsageError(
            f"{named}; write the number of a case, or the channel and number of a clue",
            zh=f"{named_zh}；请写案件号，或线索的渠道和编号",
        )
    if clue is not None and row["case"] and clue.case_number != row["case"]:
        raise UsageError(
            f"clue {row['clue']} belongs to case {clue.case_number}, not to {row['case']}; name one of them",
            zh=f"线索 {row['clue']} 属于案件 {clue.case_number}，不是 {row['case']}；只写其中一个",
        )
    case = find_case(session, number)
    while case.merged_into:
        case = find_case(session, case.merged_into)
    answer = _Answer(
        case=case,
        clue=None if clue is None else {"channel": clue.channel, "number": clue.number},
        by=_respondent(row["who"]),
        text=row["text"],
        permit=row["permit"],
        rating=_rating(row["rating"]),
        on=_day(row["on"], now),
    )
    if not (answer.text or answer.permit or answer.rating):
        raise UsageError(
            "there is neither an answer, nor a permit, nor a rating; write one of them",
            zh="没有答复内容、手续文号或评分；请至少写一项",
        )
    if len(answer.text) > _MOST_LETTERS:
        raise UsageError(
            f"the answer has {len(answer.text)} letters; write at most {_MOST_LETTERS}",
            zh=f"答复有 {len(answer.text)} 字；最多 {_MOST_LETTERS} 字",
        )
    return answer


def _find_clue(session: Session, row: Row) -> Clue | None:
    if not row["clue"]:
        return None
    chosen = sa.select(Clue).where(Clue.number == row["clue"])
    if row["channel"]:
        chosen = chosen.where(Clue.channel == _channel(row["channel"]))
    clues = session.scalars(chosen.order_by(Clue.channel)).all()
    if not clues:
        where = f" of the channel {row['channel']}" if row["channel"] else ""
        raise UsageError(
            f"there is no clue {row['clue']}{where}; 'rsg clues list' shows those there are",
            zh=f"没有线索 {row['clue']}{'（渠道 ' + row['channel'] + '）' if row['channel'] else ''}；可用 'rsg clues list' 查看",
        )
    if len(clues) > 1:
        raise UsageError(
            f"clue {row['clue']} is one of {', '.join(clue.channel for clue in clues)}; write its channel",
            zh=f"编号 {row['clue']} 的线索有多条（{names_zh(CHANNELS, [clue.channel for clue in clues])}）；请写明渠道",
        )
    return clues[0]


def _channel(text: str) -> str:
    for code, word in CHANNELS.items():
        if text in (code, word.zh):
            return code
    known = ", ".join(f"{code} {word.zh}" for code, word in CHANNELS.items())
    raise UsageError(
        f"'{text}' is no channel; write one of {known}",
        zh=f"'{text}' 不是线索渠道；请写 {names_zh(CHANNELS, CHANNELS)} 之一",
    )


def _respondent(text: str) -> str:
    for code, word in RESPONDENTS.items():
        if text in (code, word.zh):
            return code
    if text in _WORDS:
        return _WORDS[text]
    known = ", ".join(f"{code} {word.zh}" for code, word in RESPONDENTS.items())
    raise UsageError(
        f"'{text}' is nobody who answers; write one of {known}",
        zh=f"'{text}' 不是答复人身份；请写 {names_zh(RESPONDENTS, RESPONDENTS)} 之一",
    )


def _rating(text: str) -> int | None:
    if not text:
        return None
    if text in _RATINGS:
        return _RATINGS[text]
    if not re.fullmatch(r"[1-5](\.0)?", text):
        raise UsageError(
            f"'{text}' is no rating; write 1 to 5, or {', '.join(_RATINGS)}",
            zh=f"'{text}' 不是评分；请写 1 至 5，或 {'、'.join(_RATINGS)}",
        )
    return int(text[0])


def _day(text: str, now: datetime) -> date | None:
    if not text:
        return None
    match = _DAY.fullmatch(text)
    try:
        day = None if match is None else date(int(match[1]), int(match[2]), int(match[3]))
    except ValueError:
        day = None
    if day is None:
        raise UsageError(f"'{text}' is no day; write it as 2026-11-03", zh=f"'{text}' 不是日期；请写成 2026-11-03")
    if day > now.astimezone(CHINA).date():
        raise UsageError(f"{day} is in the future; write the day of the answer", zh=f"{day} 尚未到来；请写答复的日期")
    return day


def _acts(session: Session, answer: _Answer, actor: Actor) -> tuple[list[Act], dict[str, Any]]:
    facts: dict[str, Any] = {"by": answer.by, "before_visit": answer.case.state in _BEFORE_VISIT}
    if answer.on is not None:
        facts["on"] = answer.on.isoformat()
    if answer.clue is not None:
        facts["clue"] = dict(answer.clue)
    acts = []
    who = RESPONDENTS[answer.by].zh
    if answer.text or answer.permit:
        parts = [answer.text] if answer.text else []
        if answer.permit:
            facts["permit"] = _look_up(session, answer)
            parts.append(f"出示手续 {answer.permit}（{_FOUND[facts['permit']['found']]}）")
        when = "，核查前" if facts["before_visit"] else ""
        note = f"{who}答复{when}：{'；'.join(parts)}"
        key = answer.key("answer", answer.text, answer.permit)
        acts.append(Act(action="respond", actor=actor, note=note, values={"facts": facts}, key=key))
    if answer.rating is not None:
        values = {"rating": answer.rating, "facts": facts}
        note = f"{who}评价：{answer.rating} 分"
        acts.append(Act(action="rate", actor=actor, note=note, values=values, key=answer.key("rating")))
    return acts, facts


_FOUND = {"on_it": "名册中有此手续，范围涉及本案", "elsewhere": "名册中有此手续，但不在此处", "unknown": "名册中未查到"}


def _look_up(session: Session, answer: _Answer) -> dict[str, Any]:
    """Say what the registers of the store know of a permit; whether it makes the case lawful is for people to say."""
    permits = session.scalars(sa.select(Permit).where(Permit.number == answer.permit).order_by(Permit.id)).all()
    there = [permit for permit in permits if permit.outline.intersects(answer.case.outline)]
    found = "on_it" if there else "elsewhere" if permits else "unknown"
    registers = sorted({permit.register for permit in there or permits})
    return {"number": answer.permit, "found": found, "registers": registers}


def _is_known(session: Session, asked: Act) -> bool:
    former = session.scalar(sa.select(Event).where(Event.key == asked.key))
    if former is None:
        return False
    rating = asked.values.get("rating")
    if rating is not None and former.facts["rating"] != rating:
        raise UsageError(
            f"case {former.case_number} was rated {former.facts['rating']} by them on the same day already; a new rating "
            "needs its own day",
            zh=f"此人当天已对案件 {former.case_number} 评过 {former.facts['rating']} 分；再评须用另一日期",
        )
    return True
