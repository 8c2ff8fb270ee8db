"""Receivers: who a case can be handed to, by the same rights by which they act on it afterwards."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from rs_governance.cases.life.asking import Act, Actor
from rs_governance.cases.life.naming import roles_zh
from rs_governance.cases.life.rights import FIELD_ROLES, moving_roles, stem, why_not
from rs_governance.cases.life.transitions import Action
from rs_governance.cases.life.words import STATES, Role
from rs_governance.cases.people.register import actor_of
from rs_governance.db import Person
from rs_governance.errors import ActionRefused, UsageError

HANDING: Mapping[Action, str] = {"dispatch": "assignee", "transfer": "assignee", "assign": "holder"}
"""Actions that put a case into somebody's hands, and the field that says whose."""

_TOWN_DIGITS = 9
_MOST_NAMED = 8


def check_receiver(session: Session, case: Mapping[str, Any], asked: Act) -> None:
    """Refuse to hand a case to whom it does not fit, and say whom it does.

    An account is of an active person whose role moves the case on, and whose area and themes are those of the case. An
    office is a town or a department in which there is such a person; a town lies in the area of who hands it over.

    Parameters
    ----------
    session
        Session of the store.
    case
        Fields of the case as they are once it is handed over.
    asked
        The act.

    Raises
    ------
    UsageError
        When there is no such person, or nobody in the office.
    ActionRefused
        When the role, area or theme of the receiver is another.
    """
    receiver = asked.values["assignee"]
    kind, colon, code = receiver.partition(":")
    roles = moving_roles(case["state"])
    if colon:
        _check_office(case, asked.actor, kind, code, _read_able(session, roles))
        return
    person = session.scalar(sa.select(Person).where(Person.login == receiver))
    if person is None or not person.active:
        raise UsageError(
            f"There is nobody with the account {receiver!r} who could take case {case['number']}; 'rsg people list' shows who can.",
            zh=f"没有可接办案件 {case['number']} 的账号 {receiver!r}；可用 'rsg people list' 查看。",
        )
    found, name = actor_of(person), HANDING[asked.action]
    refusal = _wrong_role(case, found, roles) or why_not(case, found)
    if refusal is None:
        return
    fitting = [one.login for one in _read_able(session, roles) if why_not({**case, name: one.login}, one) is None]
    en, zh = _who_could(fitting, by_office=asked.action != "assign")
    raise ActionRefused(f"{refusal.told('en')} {en}", zh=f"{refusal.told('zh')}{zh}")


def _read_able(session: Session, roles: Collection[Role]) -> list[Actor]:
    people = sa.select(Person).where(Person.active, Person.role.in_(roles)).order_by(Person.login)
    return [actor_of(person) for person in session.scalars(people)]


def _wrong_role(case: Mapping[str, Any], found: Actor, roles: Collection[Role]) -> ActionRefused | None:
    if found.role in roles:
        return None
    return ActionRefused(
        f"{found.login} is {found.role} and cannot move case {case['number']} on from {case['state']}; hand it to "
        f"{', '.join(sorted(roles))}.",
        zh=f"{found.login} 是{roles_zh([found.role])}，不能在“{STATES[case['state']].zh}”推进案件 {case['number']}；请派给 {roles_zh(sorted(roles))}。",
    )


def _who_could(fitting: Sequence[str], *, by_office: bool) -> tuple[str, str]:
    some, more = fitting[:_MOST_NAMED], len(fitting) - _MOST_NAMED
    if some:
        en = f"Who could take it: {', '.join(some)}{f' and {more} more' if more > 0 else ''}."
        zh = f"可接办的有 {'、'.join(some)}{f' 等 {len(fitting)} 人' if more > 0 else ''}。"
    else:
        en = "There is nobody who could take it; take somebody in with 'rsg people import'."
        zh = "目前无人可接办；请用 'rsg people import' 导入人员。"
    if by_office:
        en += " To another town it goes as town:CODE, to another department as department:NAME."
        zh += "交给其他街镇请写 town:代码，交给其他部门请写 department:部门。"
    return en, zh


def _check_office(case: Mapping[str, Any], giver: Actor, kind: str, code: str, able: Sequence[Actor]) -> None:
    """Refuse to hand a case to a town or a department in which nobody could take it up."""
    if kind == "town" and not stem(code).startswith(stem(giver.prefix)):
        raise ActionRefused(
            f"{giver.login} acts for {giver.prefix}, the town {code} lies elsewhere; who acts for the district hands it there.",
            zh=f"{giver.login} 的辖区是 {giver.prefix}，街镇 {code} 不在其中；请由区级人员移交。",
        )
    fitting = [actor for actor in able if not actor.themes or case["theme"] in actor.themes]
    if kind == "department":
        there = sorted({actor.department for actor in fitting if actor.department is not None})
        found, what = code in there, f"of the department {code}"
    else:
        there = sorted({stem(actor.prefix)[:_TOWN_DIGITS] for actor in fitting if actor.role in FIELD_ROLES})
        town = stem(code)
        found, what = any(town.startswith(one) or one.startswith(town) for one in there), f"in the town {code}"
    if not found:
        raise UsageError(
            f"There is nobody {what} who could take case {case['number']} ({case['theme']}) up; there is somebody in "
            f"{', '.join(there) or 'none'}. 'rsg people list' shows who there is.",
            zh=f"{'部门' if kind == 'department' else '街镇'} {code} 没有可接办案件 {case['number']} 的人；有人的是 {'、'.join(there) or '无'}。可用 'rsg people list' 查看。",
        )
