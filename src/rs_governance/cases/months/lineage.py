"""Lineage: how cases split, merged and went on through the issues."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from html import escape
from typing import Literal

import sqlalchemy as sa
from sqlalchemy.orm import Session

from rs_governance.cases.life.acting import find_case
from rs_governance.cases.life.asking import CHINA
from rs_governance.cases.life.words import CHANNELS, RELATIONS, STATES
from rs_governance.db import Case, Event, Finding
from rs_governance.rules import KINDS

TieName = Literal["split", "merged", "again"]
"""How one case became another: a part of it, taken up in it, or new work where it was closed."""


@dataclass(frozen=True, kw_only=True)
class Sight:
    """What an issue, or a person's act, showed of a case."""

    issue: str
    """Issue; for merging and splitting by hand the month."""
    on: date
    """Day of the image."""
    relation: str
    """What the case was to the issue."""
    spots: tuple[str, ...]
    """Numbers of the spots on it; none where the image showed no change."""
    area_m2: float
    """Area of the spots."""


@dataclass(frozen=True, kw_only=True)
class Strand:
    """A case through the issues."""

    number: str
    """Number of the case."""
    channel: str
    """How it was discovered."""
    kind: str
    """Kind of change."""
    state: str
    """State."""
    opened_on: date
    """Day on which it was opened."""
    closed_on: date | None
    """Day on which it was closed."""
    resolution: str | None
    """How it was closed."""
    sights: tuple[Sight, ...]
    """What was seen of it, the first first."""


@dataclass(frozen=True, kw_only=True)
class Tie:
    """One case that became another."""

    earlier: str
    """Number of the one."""
    later: str
    """Number of the other."""
    name: TieName
    """How."""


@dataclass(frozen=True, kw_only=True)
class Lineage:
    """A case, all that it came from and all that came of it."""

    number: str
    """Number of the case that was asked for."""
    strands: tuple[Strand, ...]
    """Cases in the order in which they were first seen."""
    ties: tuple[Tie, ...]
    """Which became which."""

    @property
    def issues(self) -> tuple[str, ...]:
        """All issues in which one of them was seen, in order."""
        return tuple(sorted({sight.issue for strand in self.strands for sight in strand.sights}))


def trace_lineage(session: Session, number: str) -> Lineage:
    """Follow a case back to what it came from, and on to what came of it.

    Parameters
    ----------
    session
        Session of the store.
    number
        Number of the case.

    Returns
    -------
    Lineage
        The case and its relatives.

    Raises
    ------
    UsageError
        When there is no such case.
    """
    cases: dict[str, Case] = {}
    ties: dict[tuple[str, str], Tie] = {}
    waiting = [find_case(session, number)]
    while waiting:
        case = waiting.pop()
        if case.number in cases:
            continue
        cases[case.number] = case
        for tie, relative in _relatives(session, case):
            ties.setdefault((tie.earlier, tie.later), tie)
            waiting.append(relative)
    strands = [_strand(session, case) for case in cases.values()]
    strands.sort(key=lambda strand: (strand.sights[0].on if strand.sights else strand.opened_on, strand.number))
    return Lineage(number=number, strands=tuple(strands), ties=tuple(ties[key] for key in sorted(ties)))


def _relatives(session: Session, case: Case) -> Iterator[tuple[Tie, Case]]:
    # Whose list of parents has this number: the list is kept as JSON.
    mine = sa.type_coerce(Case.parents, sa.Text).contains(f'"{case.number}"')
    children = session.scalars(sa.select(Case).where(mine)).all()
    parents = session.scalars(sa.select(Case).where(Case.number.in_(case.parents))).all()
    absorbed = session.scalars(sa.select(Case).where(Case.merged_into == case.number)).all()
    into = session.scalars(sa.select(Case).where(Case.number == case.merged_into)).all()
    for earlier, later in (
        *((case, child) for child in children),
        *((parent, case) for parent in parents),
        *((one, case) for one in absorbed),
        *((case, one) for one in into),
    ):
        yield (
            Tie(earlier=earlier.number, later=later.number, name=_tie_name(earlier, later)),
            later if earlier is case else earlier,
        )


def _tie_name(earlier: Case, later: Case) -> TieName:
    if earlier.merged_into == later.number:
        return "merged"
    return "split" if earlier.resolution == "split" else "again"


def _strand(session: Session, case: Case) -> Strand:
    return Strand(
        number=case.number,
        channel=case.channel,
        kind=case.kind,
        state=case.state,
        opened_on=case.opened_at.astimezone(CHINA).date(),
        closed_on=None if case.closed_at is None else case.closed_at.astimezone(CHINA).date(),
        resolution=case.resolution,
        sights=tuple(_sights(session, case)),
    )


def _sights(session: Session, case: Case) -> Iterator[Sight]:
    by_issue: dict[str, list[Finding]] = defaultdict(list)
    findings = sa.select(Finding).where(Finding.case_id == case.id, Finding.current).order_by(Finding.spot_no)
    for finding in session.scalars(findings):
        by_issue[finding.issue].append(finding)
    said: dict[str, tuple[str, date]] = {}
    events = sa.select(Event.facts).where(Event.case_number == case.number, Event.role == "system").order_by(Event.id)
    for facts in session.scalars(events):
        if {"issue", "relation", "image_on"} <= facts.keys():
            said[facts["issue"]] = (facts["relation"], date.fromisoformat(facts["image_on"]))
    for issue in sorted({*by_issue, *said}):
        own = by_issue.get(issue, [])
        relation, on = said.get(issue) or (own[0].relation or "continuing", max(one.after_on for one in own))
        yield Sight(
            issue=issue,
            on=on,
            relation=relation,
            spots=tuple(one.spot_no for one in own),
            area_m2=round(sum(one.area_m2 for one in own), 2),
        )


_TIES = {
    "split": ("拆分为", "split into"),
    "merged": ("并入", "merged into"),
    "again": ("此后另立", "followed by"),
}


def lineage_lines(lineage: Lineage, *, chinese: bool = True) -> list[str]:
    """Write a lineage as a tree of lines.

    Parameters
    ----------
    lineage
        The lineage.
    chinese
        Whether in Chinese; else in English.
    """
    at = 0 if chinese else 1
    later: dict[str, list[Tie]] = defaultdict(list)
    for tie in lineage.ties:
        later[tie.earlier].append(tie)
    by_number = {strand.number: strand for strand in lineage.strands}
    roots = [one.number for one in lineage.strands if one.number not in {tie.later for tie in lineage.ties}]
    lines: list[str] = []
    written: set[str] = set()

    def write(number: str, indent: str, lead: str) -> None:
        strand = by_number[number]
        mark = " *" if number == lineage.number else ""
        lines.append(f"{indent}{lead}{number}  {_about(strand, at)}{mark}")
        if number in written:
            return
        written.add(number)
        for sight in strand.sights:
            spots = f"  {len(sight.spots)} × {sight.area_m2:,.0f} m²" if sight.spots else ""
            lines.append(f"{indent}  · {sight.issue}  {sight.on}  {_word(RELATIONS, sight.relation, at)}{spots}")
        for tie in later[number]:
            write(tie.later, indent + "    ", f"└ {_TIES[tie.name][at]} ")

    for number in roots or [lineage.number]:
        write(number, "", "")
    return lines


def _about(strand: Strand, at: int) -> str:
    words = [_word(CHANNELS, strand.channel, at), _word(KINDS, strand.kind, at), _word(STATES, strand.state, at)]
    return " · ".join(words)


def _word(words: object, code: str, at: int) -> str:
    word = words.get(code) if hasattr(words, "get") else None
    return str(word[at]) if word is not None else code


_COLOURS = {
    "new": "#c0392b",
    "growing": "#d35400",
    "reappeared": "#8e1b1b",
    "continuing": "#b7950b",
    "split": "#6c3483",
    "merged": "#6c3483",
    "stalled": "#7f8c8d",
    "demolished": "#1e8449",
}
_LEFT, _TOP, _STEP, _ROW = 250, 54, 120, 64


def draw_lineage(lineage: Lineage, *, chinese: bool = True) -> str:
    """Draw a lineage: a row a case, a column an issue, a dot what was seen, an arrow where one case became another.

    Parameters
    ----------
    lineage
        The lineage.
    chinese
        Whether in Chinese; else in English.

    Returns
    -------
    str
        An SVG picture; equal lineages give equal pictures.
    """
    at, issues = 0 if chinese else 1, lineage.issues
    column = {issue: _LEFT + n * _STEP for n, issue in enumerate(issues)}
    row = {strand.number: _TOP + n * _ROW + 20 for n, strand in enumerate(lineage.strands)}
    width, height = _LEFT + max(len(issues), 1) * _STEP, _TOP + len(row) * _ROW + 10
    parts = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
            'font-family="Noto Sans CJK SC, Microsoft YaHei, sans-serif" font-size="12">'
        ),
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
        (
            '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
            '<path d="M0 0 8 4 0 8z" fill="#566573"/></marker></defs>'
        ),
    ]
    parts += [f'<text x="{x}" y="24" text-anchor="middle" fill="#566573">{issue}</text>' for issue, x in column.items()]
    seen_at: dict[str, list[int]] = {}
    for strand in lineage.strands:
        y = row[strand.number]
        xs = [column[sight.issue] for sight in strand.sights] or [_LEFT]
        seen_at[strand.number] = xs
        parts += _drawn_strand(strand, y, column, xs, bold=strand.number == lineage.number, at=at)
    for tie in lineage.ties:
        x0, y0, y1 = seen_at[tie.earlier][-1], row[tie.earlier], row[tie.later]
        x1 = next((x for x in seen_at[tie.later] if x > x0), seen_at[tie.later][-1])
        parts.append(
            f'<path d="M{x0} {y0} C{x0 + 40} {y0} {x1 - 40} {y1} {x1 - 8} {y1}" fill="none" stroke="#566573" '
            f'stroke-dasharray="4 3" marker-end="url(#tip)"><title>{escape(_TIES[tie.name][at])}</title></path>'
        )
    return "\n".join([*parts, "</svg>", ""])


def _drawn_strand(
    strand: Strand, y: int, column: dict[str, int], xs: Sequence[int], *, bold: bool, at: int
) -> Iterator[str]:
    weight = ' font-weight="bold"' if bold else ""
    yield f'<text x="10" y="{y}"{weight}>{escape(strand.number)}</text>'
    yield f'<text x="10" y="{y + 16}" fill="#566573">{escape(_about(strand, at))}</text>'
    yield f'<line x1="{xs[0]}" y1="{y}" x2="{xs[-1]}" y2="{y}" stroke="#aeb6bf" stroke-width="3"/>'
    for sight in strand.sights:
        x, colour = column[sight.issue], _COLOURS.get(sight.relation, "#566573")
        fill = colour if sight.spots else "#ffffff"
        yield f'<circle cx="{x}" cy="{y}" r="7" fill="{fill}" stroke="{colour}" stroke-width="2"/>'
        word = escape(_word(RELATIONS, sight.relation, at))
        yield f'<text x="{x}" y="{y + 24}" text-anchor="middle" fill="{colour}">{word}</text>'
