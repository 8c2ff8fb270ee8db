"""Observing: what an issue does to the cases, as openings and acts of the system."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import shapely

from rs_governance.cases.life.acting import SYSTEM, Opening
from rs_governance.cases.life.asking import Act
from rs_governance.cases.life.many import Batch
from rs_governance.cases.life.record import from_plain, to_plain
from rs_governance.cases.life.words import RELATIONS, State
from rs_governance.cases.months.matching import HARMLESS, CaseMatch, Known, Matches, find_stalled
from rs_governance.rules import SEVERITIES

BEFORE_VERDICT: frozenset[State] = frozenset({
    "detected", "screened", "dispatched", "verifying", "evidenced", "returned",
})  # fmt: skip
"""States in which nobody has said yet what the case is, so that the machine may still learn."""

RESOLUTION_OF_REGISTER: Mapping[str, str] = {
    "building_permit": "approvals_complete",
    "planning_permit": "approvals_complete",
    "major_project": "approvals_complete",
    "land_conversion": "conversion_only",
    "land_supply": "supply_only",
    "facility_farmland": "facility_farmland",
    "temporary_land": "temporary_land",
    "homestead": "homestead",
    "harvest_permit": "harvest_permit",
}
"""Resolution of a case that an entry of a register makes lawful; `other_right` for every other register."""

_URGENCY = {severity: rank for rank, severity in enumerate(SEVERITIES)}
_COPIED = ("kind", "theme", "suspicion", "department")
_AREAS = ("area_m2", "cropland_m2", "basic_cropland_m2", "protected_m2")


@dataclass(frozen=True, kw_only=True)
class Shown:
    """A spot of the issue."""

    spot: Mapping[str, Any]
    """Its columns by `rules.SPOTS`, as plain values, days as dates."""
    outline: shapely.Geometry
    """Its outline in the store's CRS."""

    @property
    def is_work(self) -> bool:
        """Whether somebody has to look."""
        return bool(self.spot["severity"] != "green")


@dataclass(frozen=True, kw_only=True)
class Edition:
    """The issue that is taken in."""

    issue: str
    """Its name."""
    number: int
    """1, and one more for each time it was published again."""
    image_on: date
    """Day of its newest image."""
    unseen: shapely.Geometry | None
    """Ground that it could not compare; None for nothing."""
    later: frozenset[str] = frozenset()
    """Issues of younger images that were taken in before it."""

    def key(self, number: str, what: str) -> str:
        """Return the key under which something is done to a case once."""
        return f"issue:{self.issue}:{self.number}:{number}:{what}"


@dataclass(kw_only=True)
class Observed:
    """What became of the cases."""

    case_of: dict[str, str] = field(default_factory=dict)
    """Spot number to case number, the opened cases among them."""
    relation_of: dict[str, str] = field(default_factory=dict)
    """Spot number to its relation."""
    opened: list[str] = field(default_factory=list)
    """Numbers of the cases that were opened."""
    reopened: list[str] = field(default_factory=list)
    """Numbers of the cases that were reopened."""
    filed: list[str] = field(default_factory=list)
    """Numbers of the cases that a later issue showed before: what this one shows is filed, and changes nothing."""
    proposed: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    """Numbers of the cases by the action that is proposed."""
    relations: Counter[str] = field(default_factory=Counter)
    """Number of cases by relation; without those of `same` and `revised`."""
    same: list[str] = field(default_factory=list)
    """Numbers of the cases that this edition shows as the former one did: nothing is written."""
    revised: list[str] = field(default_factory=list)
    """Numbers of the cases that a former edition opened, and that this one shows otherwise."""


def observe(
    batch: Batch,
    edition: Edition,
    shown: Mapping[str, Shown],
    matches: Matches,
    known: Sequence[Known],
) -> Observed:
    """Open, observe and reopen cases by what an issue shows.

    Red and yellow spots become cases. Green ones do not: lawful work, crops and what is too small are no one's task; the
    random share of them that is looked at on screen is a list of its own (`tasks/screen_audit.geojson`), from which a
    person opens a case where there is one. A green spot on the ground of a case is an observation of it all the same.

    An issue that is taken in late, after one of younger images, never takes the place of what the younger ones showed:
    it is filed with the cases that they showed, and says of no case that it rests.

    Parameters
    ----------
    batch
        Takes the openings and acts; the matched cases are loaded.
    edition
        The issue.
    shown
        Spots by number.
    matches
        Which of them belong to which cases.
    known
        All cases.

    Returns
    -------
    Observed
        What became of them.
    """
    result = Observed(case_of=dict(matches.of_finding))
    taken = {one.number for one in known}
    for number, seen in matches.of_case.items():
        spots = [shown[key] for key in seen.findings]
        if batch.facts(number)["last_issue"] in edition.later:
            _file(batch, edition, number, spots)
            result.filed.append(number)
            for key in seen.findings:
                result.relation_of.setdefault(key, "new" if seen.relation == "new" else "continuing")
            continue
        for key in seen.findings:
            result.relation_of.setdefault(key, seen.relation)
        if seen.reopens:
            _reopen(batch, edition, number, spots)
            result.reopened.append(number)
            result.relations[seen.relation] += 1
        else:
            if not _observe(batch, edition, number, seen, spots):
                result.same.append(number)
            elif seen.relation == "new":
                result.revised.append(number)
            else:
                result.relations[seen.relation] += 1
            for action in _propose(batch, edition, number, seen, spots, matches):
                result.proposed[action].append(number)
    for key, parents in matches.fresh.items():
        number = _free_number(key, taken)
        taken.add(number)
        batch.open(_opening(edition, number, shown[key], parents))
        result.opened.append(number)
        result.case_of[key], result.relation_of[key] = number, "new"
        result.relations["new"] += 1
    stalled = [] if edition.later else find_stalled(known, matches, edition.unseen)
    result.relations["stalled"] += len(stalled)
    before = {one.number: one.relation for one in known}
    # Told once: a site that rests for a year is not worth an event a month.
    news = [number for number in stalled if before[number] != "stalled"]
    batch.load(news)
    for number in news:
        _stall(batch, edition, number)
    return result


def withdraw_vanished(batch: Batch, edition: Edition, vanished: Iterable[str], touched: set[str]) -> tuple[str, ...]:
    """Withdraw the cases that only the former edition of an issue had reason for; ask where a person has touched them.

    Parameters
    ----------
    batch
        Takes the acts; the cases are loaded.
    edition
        The issue, published again.
    vanished
        Numbers of open cases that it opened before and shows no longer.
    touched
        Those among them that a person has acted on.

    Returns
    -------
    tuple of str
        Numbers of the cases that were withdrawn.
    """
    withdrawn = []
    for number in sorted(vanished):
        note = f"{edition.issue} 期第 {edition.number} 版不再列出此图斑"
        facts = {"issue": edition.issue, "edition": edition.number, "vanished": True}
        if number in touched or batch.facts(number)["state"] not in BEFORE_VERDICT:
            values: dict[str, Any] = {"facts": {**facts, "proposal": "withdraw"}}
            asked = Act(action="propose", actor=SYSTEM, note=f"{note}，已有人办理，请核实", values=values)
        else:
            withdrawn.append(number)
            asked = Act(action="withdraw", actor=SYSTEM, note=note, values={"resolution": "superseded", "facts": facts})
        batch.act(number, _keyed(asked, edition.key(number, "vanished")))
    return tuple(withdrawn)


def first_fields(spot: Mapping[str, Any], outline: shapely.Geometry) -> dict[str, Any]:
    """Return the fields of a case that a spot of an issue gives it."""
    return {
        **{name: spot[name] for name in (*_COPIED, "severity", "lon", "lat", "district_code")},
        **{name: spot[name] or "" for name in ("town_code", "village_code", "cell_code")},
        **{name: float(spot[name] or 0.0) for name in _AREAS},
        "permit_number": spot["permit_number"] if spot["suspicion"] == "lawful" else None,
        "outline": outline,
        "first_issue": spot["issue"],
        "last_issue": spot["issue"],
        "first_seen_on": spot["after_on"],
        "last_seen_on": spot["after_on"],
    }


def _opening(edition: Edition, number: str, one: Shown, parents: tuple[str, ...]) -> Opening:
    note = f"{edition.issue} 期图斑：{one.spot['reason_zh']}"
    return Opening(
        number=number,
        facts={**first_fields(one.spot, one.outline), "channel": "satellite", "parents": list(parents)},
        note=f"{note}（此处曾以 {'、'.join(parents)} 销号）" if parents else note,
        evidence={"issue": edition.issue, "edition": edition.number, "spots": [one.spot["spot_no"]]},
        key=edition.key(number, "open"),
    )


def _free_number(spot_no: str, taken: set[str]) -> str:
    """Return the number for a case: that of its spot, unless a former edition gave it to another place."""
    number, again = spot_no, 1
    while number in taken:
        number, again = f"{spot_no}R{again}", again + 1
    return number


def _reopen(batch: Batch, edition: Edition, number: str, spots: Sequence[Shown]) -> None:
    case, work = batch.facts(number), [one for one in spots if one.is_work and one.spot["kind"] not in HARMLESS]
    spot = work[0].spot
    fields = first_fields(spot, shapely.union_all([one.outline for one in work]))
    for name in ("first_issue", "first_seen_on", "severity"):
        fields.pop(name)
    note = f"{edition.issue} 期影像在已销号处再次发现变化：{spot['reason_zh']}"
    facts = {**_facts(edition, spots, "reappeared"), "closed_as": case["resolution"]}
    asked = Act(action="reopen", actor=SYSTEM, note=note, values={"facts": facts, "fields": fields})
    batch.act(number, _keyed(asked, edition.key(number, "reopen")))


def _file(batch: Batch, edition: Edition, number: str, spots: Sequence[Shown]) -> None:
    if edition.number > 1:
        return  # said of the former edition
    note = f"{edition.issue} 期补收：此案已见于更晚的影像，只归档"
    values = {"facts": {**_facts(edition, spots, "continuing"), "filed": True}}
    asked = Act(action="observe", actor=SYSTEM, note=note, values=values)
    batch.act(number, _keyed(asked, edition.key(number, "file")))


def _observe(batch: Batch, edition: Edition, number: str, seen: CaseMatch, spots: Sequence[Shown]) -> bool:
    """Note what is seen of a case; return false where a former edition of the issue said the same."""
    case = batch.facts(number)
    fields = _new_fields(case, edition, seen, spots)
    if edition.number > 1 and all(_is_known(case, name, value) for name, value in fields.items()):
        return False
    note = f"{edition.issue} 期：{RELATIONS[seen.relation].zh}"
    facts = {**_facts(edition, spots, seen.relation), "grown_m2": round(seen.grown_m2, 2)}
    asked = Act(action="observe", actor=SYSTEM, note=note, values={"facts": facts, "fields": fields})
    batch.act(number, _keyed(asked, edition.key(number, "observe")))
    return True


def _is_known(case: Mapping[str, Any], name: str, value: Any) -> bool:
    """Tell whether the machine says nothing new of a field: what it said of one that a person made another is kept beside."""
    said = case["machine"]
    if name == "machine":
        return all(said.get(each) == told for each, told in value.items())
    return bool(said.get(name, to_plain(case[name])) == to_plain(value))


def _new_fields(case: Mapping[str, Any], edition: Edition, seen: CaseMatch, spots: Sequence[Shown]) -> dict[str, Any]:
    """Say what the machine knows of a case now; what a person has said of it is not touched by it."""
    last_seen_on = max([case["last_seen_on"], *(one.spot["after_on"] for one in spots)])
    fields: dict[str, Any] = {
        "last_issue": max(case["last_issue"] or "", edition.issue),
        "last_seen_on": last_seen_on,
        "first_issue": case["first_issue"] or edition.issue,
    }
    if case["state"] == "closed":
        return fields
    if not edition.later:
        fields["relation"] = seen.relation
    work = [one for one in spots if one.is_work and one.spot["kind"] not in HARMLESS]
    if not work:
        return fields
    learnt = _learnt(case, seen, work)
    former = from_plain("outline", case["machine"].get("outline", to_plain(case["outline"])))
    if "outline" in learnt and shapely.equals(learnt["outline"], former):
        learnt["outline"] = former  # the same ground, however its parts and corners are written
    if case["state"] in BEFORE_VERDICT:
        return {**fields, **learnt}
    differs = {name: to_plain(value) for name, value in learnt.items() if to_plain(case[name]) != to_plain(value)}
    return {**fields, "machine": differs} if differs else fields


def _learnt(case: Mapping[str, Any], seen: CaseMatch, work: Sequence[Shown]) -> dict[str, Any]:
    spot, outline = work[0].spot, shapely.union_all([one.outline for one in work])
    learnt = {name: spot[name] for name in _COPIED}
    learnt["severity"] = min(case["severity"], *(one.spot["severity"] for one in work), key=_URGENCY.__getitem__)
    if case["outline"].area == 0 or seen.relation == "new":
        whole = first_fields(spot, outline)
        sums = {name: round(sum(float(one.spot[name] or 0.0) for one in work), 2) for name in _AREAS}
        places = {name: whole[name] for name in ("lon", "lat", "town_code", "village_code", "cell_code") if whole[name]}
        return {**learnt, **places, **sums, "outline": outline}
    if seen.relation != "growing":
        return learnt
    sums = {name: case[name] + sum(_outside(one, case["outline"], name) for one in work) for name in _AREAS}
    rounded = {name: round(value, 2) for name, value in sums.items()}
    return {**learnt, **rounded, "outline": shapely.union(case["outline"], outline)}


def _outside(one: Shown, ground: shapely.Geometry, name: str) -> float:
    """Return the part of a spot's area that lies off the case so far, its layers taken as spread evenly over it."""
    share = float(one.outline.difference(ground).area / one.outline.area)
    return float(one.spot[name] or 0.0) * share


def _propose(
    batch: Batch, edition: Edition, number: str, seen: CaseMatch, spots: Sequence[Shown], matches: Matches
) -> Iterable[str]:
    if batch.facts(number)["state"] not in BEFORE_VERDICT:
        return
    lawful = [one for one in spots if one.spot["suspicion"] == "lawful"]
    proposals: list[tuple[str, dict[str, Any], str]] = []
    into = next((matches.of_finding[key] for key in seen.findings), number)
    if seen.merged_with and into != number:
        proposals.append(("merge", {"into": into}, f"本期图斑同时覆盖 {into}，建议并案"))
    if seen.relation == "split":
        proposals.append(("split", {"spots": list(seen.findings)}, "本期在范围内有多处图斑，如非一事请拆分"))
    if lawful and not any(one.is_work for one in spots):
        register = lawful[0].spot["permit_register"]
        facts = {
            "resolution": RESOLUTION_OF_REGISTER.get(register, "other_right"),
            "permit_number": lawful[0].spot["permit_number"],
        }
        proposals.append(("withdraw", facts, f"本期判定有合法手续：{lawful[0].spot['reason_zh']}"))
    for action, facts, note in proposals:
        about = {**_facts(edition, spots, seen.relation), "proposal": action, **facts}
        asked = Act(action="propose", actor=SYSTEM, note=note, values={"facts": about})
        batch.act(number, _keyed(asked, edition.key(number, f"propose-{action}")))
        yield action


def _stall(batch: Batch, edition: Edition, number: str) -> None:
    asked = Act(
        action="observe",
        actor=SYSTEM,
        note=f"{edition.issue} 期影像未见变化",
        values={"facts": _facts(edition, (), "stalled"), "fields": {"relation": "stalled"}},
    )
    batch.act(number, _keyed(asked, edition.key(number, "stalled")))


def _facts(edition: Edition, spots: Sequence[Shown], relation: str) -> dict[str, Any]:
    return {
        "issue": edition.issue,
        "edition": edition.number,
        "image_on": edition.image_on.isoformat(),
        "relation": relation,
        "spots": [one.spot["spot_no"] for one in spots],
    }


def _keyed(asked: Act, key: str) -> Act:
    return Act(action=asked.action, actor=asked.actor, note=asked.note, values=asked.values, key=key)
