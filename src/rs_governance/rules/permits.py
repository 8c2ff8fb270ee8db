"""Approvals: whether one of them makes a change lawful, and if not, what each of them lacks."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias, get_args

import numpy as np
import numpy.typing as npt
import pandas as pd

from rs_governance.rules.facts import Facts, Flags, Floats, Source, Words, taken
from rs_governance.rules.fields import PermitState
from rs_governance.rules.ruleset import LawfulTerms, Rule, Rules
from rs_governance.rules.together import Together, cover_together
from rs_governance.rules.words import STAGES

Ints: TypeAlias = npt.NDArray[np.intp]

STATES: tuple[PermitState, ...] = get_args(PermitState)
_RANK = {state: rank for rank, state in enumerate(STATES)}
_STAGE_RANK = {stage: rank for rank, stage in enumerate(STAGES)}
_ALL_STAGES = len(STAGES)
_NO_STAGE = -1
_NOT_UNDERSTOOD = -2
_DAY = np.timedelta64(1, "D")
_NOT_EXCUSING = ("unfit", "not_yet", "expired", "short")
"""States in which an approval that covers but a strip is taken for a neighbour's."""


class Entry(NamedTuple):
    """An approval on a finding's ground, and what it says."""

    register: str
    """Register that it stands in."""
    state: PermitState
    """How far it speaks for the finding."""
    share: float
    """Share of the shrunk outline that it covers."""
    outside_m2: float
    """Area of the shrunk outline that it does not cover."""
    texts: dict[str, str]
    """Number, use, stage and dates, as far as they are known."""


@dataclass(frozen=True, kw_only=True)
class Approvals:
    """What the registers say of n findings."""

    entries: tuple[Entry, ...]
    """Every row of `Joined.in_registers`."""
    rows: tuple[Ints, ...]
    """For each finding the positions of its entries, the one that speaks best for it first."""
    together: Mapping[int, Together]
    """Findings that several approvals cover together."""
    fitting: dict[str, Flags]
    """For each register that the rules name: the findings that its approvals may make lawful, (n,)."""
    relied_on: dict[str, Flags]
    """For each of these registers: the findings for which it is there and recent enough, (n,)."""
    sources: dict[str, Source]
    """Date of each of these registers."""


def consult_registers(facts: Facts, rules: Rules) -> Approvals:
    """Find the approval that speaks best for each finding, and add what it says to the facts.

    An approval counts when it is of a kind that fits the change, is in force on some day between the two images,
    reaches the stage seen, and covers enough of the outline; and when its register is there, dated, and not too old.

    Parameters
    ----------
    facts
        Facts with kind, stage and smallest area.
    rules
        The rules.
    """
    table, at = facts.joined.in_registers, facts.rows["in_registers"]
    names = dict.fromkeys(str(rule.result) for rule in rules.rules["permit"])
    fitting, up_to = _fit(facts, rules.rules["permit"], list(names))
    sources = {name: _source(facts, name) for name in names}
    relied_on = {name: _is_recent(facts, sources[name], rules.lawful.max_age_days) for name in names}

    register = table["register"].to_numpy(dtype=object)
    states = np.full(len(table), "unfit", dtype=object)
    terms = rules.lawful
    share, outside = table["covered_share"].to_numpy(), table["outside_m2"].to_numpy()
    smallest = facts.numbers["smallest_area_m2"][at]
    covers = (share >= terms.min_share) | ((outside < smallest) & (share >= terms.min_share_small_rest))
    before, after = (
        facts.joined.findings[name].to_numpy(dtype="datetime64[D]")[at] for name in ("before_on", "after_on")
    )
    before = np.where(np.isnat(before), after, before)
    valid_from, valid_to = (table[name].to_numpy(dtype="datetime64[D]") for name in ("valid_from", "valid_to"))
    seen = _stage_ranks(facts.words["stage"])[at]
    permitted = _permitted_ranks(table["stage"])
    for name in names:
        own = register == name
        place = at[own]
        reached = permitted[own]
        reached = np.where(reached == _NO_STAGE, up_to[name][place], reached)
        states[own] = np.select(
            [
                ~fitting[name][place],
                np.full(len(place), sources[name].as_of is None),
                ~relied_on[name][place],
                valid_from[own] > after[own],
                valid_to[own] < before[own],
                reached < seen[own],
                ~covers[own],
            ],
            ["unfit", "undated", "outdated", "not_yet", "expired", "stage", "short"],
            "lawful",
        )
    _hold_to_stage(states, at, permitted >= 0, share >= terms.min_share_small_rest, len(facts))
    order = _best_first(table, at, states, list(names))
    rows = _split(order, at[order], len(facts))
    together = cover_together(facts, rows, states, terms)
    _add(facts, _on_this_ground(rows, states, share, terms), states, fitting, relied_on, sources)
    for i, cover in together.items():
        facts.numbers["permit_share"][i], facts.numbers["permit_outside_m2"][i] = cover.share, cover.outside_m2
        facts.words["permit_register"][i], facts.words["permit_number"][i] = cover.register, "、".join(cover.numbers)
        facts.words["permit_state"][i] = "lawful"
    return Approvals(
        entries=_entries(table, states),
        rows=rows,
        together=together,
        fitting=fitting,
        relied_on=relied_on,
        sources=sources,
    )


def _fit(facts: Facts, rules: tuple[Rule, ...], names: list[str]) -> tuple[dict[str, Flags], dict[str, Ints]]:
    """Return which findings each register's approvals fit, and the stage that they reach without naming one."""
    fitting = {name: np.zeros(len(facts), dtype=bool) for name in names}
    up_to = {name: np.full(len(facts), _ALL_STAGES, dtype=np.intp) for name in names}
    for rule in rules:
        name = str(rule.result)
        news = facts.evaluate(rule.when).holds & ~fitting[name]
        if rule.up_to is not None:
            up_to[name][news] = _STAGE_RANK[rule.up_to]
        fitting[name] |= news
    return fitting, up_to


def _source(facts: Facts, name: str) -> Source:
    register = facts.joined.references.registers.get(name)
    return Source(layer=name, as_of=None if register is None else register.as_of, present=register is not None)


def _is_recent(facts: Facts, source: Source, max_age_days: int) -> Flags:
    """Return for which findings a register is recent enough; a finding without a date can be shown nothing."""
    after = facts.joined.findings["after_on"].to_numpy(dtype="datetime64[D]")
    if source.as_of is None:
        return np.zeros(len(facts), dtype=bool)
    age = (after - np.datetime64(source.as_of)) / _DAY
    recent: Flags = ~np.isnan(age) & (age <= max_age_days)
    return recent


def _stage_ranks(stages: Words) -> Ints:
    return np.array([_STAGE_RANK.get(stage, _NO_STAGE) for stage in stages], dtype=np.intp)


def _permitted_ranks(stages: "pd.Series[str]") -> Ints:
    """Return the stage that each approval reaches; a word that is not understood reaches none."""
    known: dict[str, int] = {"": _NO_STAGE} | {str(stage): rank for stage, rank in _STAGE_RANK.items()}
    return np.array([known.get(stage, _NOT_UNDERSTOOD) for stage in stages.fillna("")], dtype=np.intp)


def _hold_to_stage(states: Words, at: Ints, staged: Flags, counts: Flags, count: int) -> None:
    """Let no approval without a stage excuse what goes beyond the stage of another on the same ground, in place."""
    beyond, within = np.zeros(count, dtype=bool), np.zeros(count, dtype=bool)
    beyond[at[staged & counts & (states == "stage")]] = True
    within[at[staged & (states == "lawful")]] = True
    states[(states == "lawful") & ~staged & (beyond & ~within)[at]] = "stage"


def _best_first(table: pd.DataFrame, at: Ints, states: Words, names: list[str]) -> Ints:
    """Return the rows in the order: finding; lawful first; fitting first; most covered first; then by name."""
    register = table["register"].to_numpy(dtype=object)
    places = {name: n for n, name in enumerate(names)}
    keys = (
        table["number"].fillna("").astype(str).to_numpy(),
        np.array([places.get(name, len(names)) for name in register], dtype=np.intp),
        np.array([_RANK[state] for state in states], dtype=np.intp),
        -table["covered_share"].to_numpy(),
        states == "unfit",
        states != "lawful",
        at,
    )
    return np.lexsort(keys)


def _split(order: Ints, at: Ints, count: int) -> tuple[Ints, ...]:
    borders = np.searchsorted(at, np.arange(count + 1))
    return tuple(order[borders[n] : borders[n + 1]] for n in range(count))


def _on_this_ground(rows: tuple[Ints, ...], states: Words, share: Floats, terms: LawfulTerms) -> tuple[Ints, ...]:
    """Return for each finding the entries that its reason may cite.

    An approval that covers but a strip is a neighbour's: to cite it would send people to the
    wrong holder. Its own step in the trace still says what it covers.
    """
    bar = terms.min_share_cited
    cited: Flags = (share >= bar) | ~np.isin(states, _NOT_EXCUSING)
    short: Flags = states == "short"  # several lots count together
    return tuple(own[cited[own] | (short[own] & (share[own][short[own]].sum() >= bar))] for own in rows)


def _entries(table: pd.DataFrame, states: Words) -> tuple[Entry, ...]:
    texts = {name: table[name].fillna("").astype(str) for name in ("number", "use", "stage")}
    texts |= {name: table[name].dt.strftime("%Y-%m-%d").fillna("") for name in ("valid_from", "valid_to")}
    rows = zip(table["register"], states, table["covered_share"], table["outside_m2"], *texts.values(), strict=True)
    return tuple(
        Entry(register, state, share, outside, {name: text for name, text in zip(texts, own, strict=True) if text})
        for register, state, share, outside, *own in rows
    )


def _add(
    facts: Facts,
    rows: tuple[Ints, ...],
    states: Words,
    fitting: dict[str, Flags],
    relied_on: dict[str, Flags],
    sources: dict[str, Source],
) -> None:
    table = facts.joined.in_registers
    best = np.array([own[0] if len(own) else -1 for own in rows], dtype=np.intp)
    there = best >= 0
    for field, column in (("permit_share", "covered_share"), ("permit_outside_m2", "outside_m2")):
        facts.numbers[field] = np.full(len(facts), np.nan)
        facts.numbers[field][there] = table[column].to_numpy()[best[there]]
    facts.words["permit_register"] = taken(table, "register", best)
    facts.words["permit_number"] = taken(table, "number", best)
    facts.words["permit_state"] = _states_without_rows(facts, fitting, relied_on, sources)
    facts.words["permit_state"][there] = states[best[there]]


def _states_without_rows(
    facts: Facts, fitting: dict[str, Flags], relied_on: dict[str, Flags], sources: dict[str, Source]
) -> Words:
    """Return what is to be said where no approval overlaps: which of the registers that would count could be read."""
    fits = np.zeros(len(facts), dtype=bool)
    present, dated, recent = fits.copy(), fits.copy(), fits.copy()
    for name, flags in fitting.items():
        fits |= flags
        present |= flags & sources[name].present
        dated |= flags & (sources[name].as_of is not None)
        recent |= flags & relied_on[name]
    return np.select(
        [~fits, ~present, ~dated, ~recent], ["no_permit", "no_register", "undated", "outdated"], "no_permit"
    ).astype(object)
