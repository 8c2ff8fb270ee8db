"""Visit plans of a store: drawn and planned from its cases, and kept in the ledger so that they can be repeated."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from rs_governance.cases import SYSTEM, Act, Actor, Clocks, act, actor_of, facts_of, find_case
from rs_governance.cases.life.naming import roles_zh
from rs_governance.cases.life.rights import FIELD_ROLES, stem, why_not
from rs_governance.db import Case, Export, Person, Store
from rs_governance.errors import ActionRefused, UsageError
from rs_governance.field.assignments import VISITORS, FieldTask, may_visit, read_receiver, read_tasks
from rs_governance.field.ledger import PLAN_PURPOSE, next_number
from rs_governance.field.planning import Candidate, Inspector, Plan, chance_of, draw_pairs, plan_visits

_PLANNERS = ("interpreter", "quality_checker", "district_manager")
_JUDGED = ("lawful", "other", "illegal", "false_change")


@dataclass(frozen=True, kw_only=True)
class KeptPlan:
    """A plan with its entry in the ledger."""

    number: str
    """Number in the ledger."""
    again: bool
    """True where the same was planned before: that entry is shown, and nothing new was drawn."""
    plan: Plan
    """The visits."""
    tasks: Mapping[str, FieldTask]
    """The cases that were planned for, by number."""
    inspectors: Mapping[str, Inspector]
    """Those who could be sent, by account."""
    facts: Mapping[str, Any]
    """What the ledger keeps: day, seed, share, candidates, draw and visits."""


def make_plan(
    store: Store,
    *,
    town: str,
    on: date,
    logins: Sequence[str],
    seed: int,
    share: float,
    officers: bool = False,
    actor: Actor,
    now: datetime,
    clocks: Clocks,
) -> KeptPlan:
    """Plan the visits of a day in a town, and keep draw and plan in the ledger.

    Parameters
    ----------
    store
        The store.
    town
        Administrative code.
    on
        The day.
    logins
        Accounts of those who can be sent, of whatever role; empty for the inspectors and grid keepers of the town.
    seed
        Makes the draw.
    share
        Share of the cases that is drawn at random, 0..1.
    officers
        True for enforcement officers too where nobody is named.
    actor
        Who plans.
    now
        Aware time.
    clocks
        Clocks of the store.

    Returns
    -------
    KeptPlan
        The plan; the one that is kept already where everything is the same.

    Raises
    ------
    UsageError
        When there is nobody to send or nothing to see.
    ActionRefused
        When the actor does not plan visits there.
    """
    if not 0 <= share <= 1:
        raise UsageError(
            f"The share that is drawn is from 0 to 1; {share:g} was given.",
            zh=f"抽查比例为 0 至 1；给出的是 {share:g}。",
        )
    if actor.role not in _PLANNERS or not stem(town).startswith(stem(actor.prefix)):
        raise ActionRefused(
            f"{actor.login} ({actor.role}, {actor.prefix}) does not plan visits in {town}; {', '.join(_PLANNERS)} of the area do.",
            zh=f"{actor.login}（{roles_zh([actor.role])}，{actor.prefix}）不能安排 {town} 的核查；由当地的 {roles_zh(_PLANNERS)} 安排。",
        )
    with store.write() as session:
        receiver = read_receiver(session, town=town)
        tasks = {task.number: task for task in read_tasks(session, receiver)}
        people = _people(session, town, logins, VISITORS if officers else FIELD_ROLES)
        if not tasks:
            raise UsageError(
                f"Nothing waits on the ground in {receiver.name} ({town}); there is nothing to plan.",
                zh=f"{receiver.name}（{town}）没有待核查的案件，无需安排。",
            )
        candidates = _candidates(session, list(tasks.values()), people)
        inspectors = [_inspector(person) for person in people]
        pairs = draw_pairs(candidates, inspectors, seed=seed, share=share)
        plan = plan_visits(candidates, inspectors, on=on, pairs=pairs)
        facts = {
            "date": on.isoformat(),
            "town": town,
            "seed": seed,
            "share": share,
            "inspectors": {inspector.login: inspector.capacity for inspector in inspectors},
            "candidates": sorted(tasks),
            "drawn": [{"case": number, "inspector": login} for number, login in pairs],
            "visits": {
                login: [{"case": visit.number, "audit": visit.audit} for visit in visits]
                for login, visits in plan.visits.items()
            },
        }
        number, again = _keep(session, receiver.code, facts, actor=actor, now=now, on=on, clocks=clocks)
    return KeptPlan(
        number=number,
        again=again,
        plan=plan,
        tasks=tasks,
        inspectors={inspector.login: inspector for inspector in inspectors},
        facts=facts,
    )


def plan_document(kept: KeptPlan, places: Mapping[str, tuple[float, float]] | None = None) -> dict[str, Any]:
    """Write a plan as plain values; with places as a GeoJSON collection of stops and ways.

    Parameters
    ----------
    kept
        The plan.
    places
        Longitude and latitude (WGS 84) by the case's number, for GeoJSON.

    Returns
    -------
    dict
        Ready for JSON.
    """
    head = {"number": kept.number, "date": kept.facts["date"], "town": kept.facts["town"], "seed": kept.facts["seed"],
            "share": kept.facts["share"], "distance": "straight line, metres"}  # fmt: skip
    stops = [
        {
            "inspector": login,
            "name": kept.inspectors[login].name,
            "order": order,
            **asdict(visit),
            "worth": round(visit.worth, 3),
            "leg_m": round(visit.leg_m),
            "severity": kept.tasks[visit.number].severity,
            "kind": kept.tasks[visit.number].kind,
        }
        for login, visits in kept.plan.visits.items()
        for order, visit in enumerate(visits, 1)
    ]
    if places is None:
        return {**head, "drawn": kept.facts["drawn"], "visits": stops, "left_out": dict(kept.plan.left_out),
                "idle": dict(kept.plan.idle)}  # fmt: skip
    features: list[dict[str, Any]] = [
        {
            "type": "Feature",
            "geometry": {"type": "Point", "coordinates": list(places[stop["number"]])},
            "properties": stop,
        }
        for stop in stops
    ]
    for login, visits in kept.plan.visits.items():
        if len(visits) > 1:
            line = {"type": "LineString", "coordinates": [list(places[visit.number]) for visit in visits]}
            total = round(sum(visit.leg_m for visit in visits))
            properties = {"inspector": login, "name": kept.inspectors[login].name, "length_m": total}
            features.append({"type": "Feature", "geometry": line, "properties": properties})
    return {"type": "FeatureCollection", "plan": head, "features": features}


def _people(session: Session, town: str, logins: Sequence[str], roles: Collection[str]) -> list[Person]:
    """Read who can be sent: those who were named, or all of some roles whose area the town is in, or who are in it."""
    code = stem(town)
    query = sa.select(Person).where(Person.active, Person.role.in_(VISITORS)).order_by(Person.login)
    everybody = {person.login: person for person in session.scalars(query)}
    if unknown := [login for login in logins if login not in everybody]:
        raise UsageError(
            f"There is no inspector with the account {unknown[0]!r} on duty; see 'rsg people list'.",
            zh=f"没有在岗核查员 {unknown[0]!r}；可用 'rsg people list' 查看。",
        )
    if logins:
        return [everybody[login] for login in sorted(set(logins))]
    people = [
        person
        for person in everybody.values()
        if person.role in roles and (code.startswith(stem(person.prefix)) or stem(person.prefix).startswith(code))
    ]
    if not people:
        raise UsageError(
            f"No inspector on duty belongs to {town}; name them with --inspectors, add enforcement officers with --officers, or see "
            "'rsg people list'.",
            zh=f"{town} 没有在岗核查员；请用 --inspectors 指明，用 --officers 加入执法人员，或用 'rsg people list' 查看。",
        )
    return people


def _inspector(person: Person) -> Inspector:
    return Inspector(login=person.login, name=person.name, capacity=max(person.capacity, 0))


def _candidates(session: Session, tasks: Sequence[FieldTask], people: Sequence[Person]) -> list[Candidate]:
    shares = _judged_by_kind(session)
    actors = [actor_of(person) for person in people]
    candidates = []
    for task in tasks:
        facts = facts_of(find_case(session, task.number))
        confirmed, judged = shares.get(task.kind, (0, 0))
        centre = task.outline.representative_point()
        candidates.append(
            Candidate(
                number=task.number,
                place=(centre.x, centre.y),
                severity=task.severity,
                chance=chance_of(task.spot.get("score"), confirmed=confirmed, judged=judged),
                due_on=task.due_on,
                may_go=frozenset(actor.login for actor in actors if may_visit(facts, actor)),
                # Whoever has it: a case in somebody's hands may be drawn for another pair of eyes.
                may_be_drawn=frozenset(
                    actor.login
                    for actor in actors
                    if why_not({**facts, "holder": None, "assignee": None}, actor) is None
                ),
            )
        )
    return candidates


def _judged_by_kind(session: Session) -> dict[str, tuple[int, int]]:
    """Count by kind how many cases were judged illegal, and how many were judged at all."""
    query = (
        sa
        .select(Case.kind, sa.func.sum(sa.case((Case.verdict == "illegal", 1), else_=0)), sa.func.count())
        .where(Case.verdict.in_(_JUDGED))
        .group_by(Case.kind)
    )
    return {kind: (int(confirmed), int(judged)) for kind, confirmed, judged in session.execute(query)}


def _keep(
    session: Session,
    receiver: str,
    facts: dict[str, Any],
    *,
    actor: Actor,
    now: datetime,
    on: date,
    clocks: Clocks,
) -> tuple[str, bool]:
    """Enter a plan in the ledger and note each drawn case; the former entry where it says the same."""
    former = session.scalars(
        sa.select(Export).where(Export.purpose == PLAN_PURPOSE, Export.receiver == receiver).order_by(Export.id)
    )
    for export in former:
        if export.facts == facts:
            return export.number, True
    number = next_number(session, now)
    session.add(
        Export(
            number=number,
            receiver=receiver,
            purpose=PLAN_PURPOSE,
            actor=actor.login,
            at=now,
            expires_on=on,
            case_numbers=sorted({visit["case"] for visits in facts["visits"].values() for visit in visits}),
            files={},
            facts=facts,
        )
    )
    for pair in facts["drawn"]:
        noted = Act(
            action="observe",
            actor=SYSTEM,
            note=f"双随机抽查：{facts['date']} 由 {pair['inspector']} 核查（{number}，种子 {facts['seed']}）",
            values={"facts": {"plan": number, "drawn_inspector": pair["inspector"], "seed": facts["seed"]}},
            key=f"plan/{number}/{pair['case']}",
        )
        act(session, pair["case"], noted, now=now, clocks=clocks)
    return number, False
