"""The ledger of exports: every package that was handed out and every plan that was drawn, by number."""

from datetime import UTC, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from rs_governance.cases import CHINA, SYSTEM, Act, Actor, Clocks, act
from rs_governance.cases.life.naming import roles_zh
from rs_governance.db import Export
from rs_governance.errors import ActionRefused, UsageError

TASKS_PURPOSE = "field_tasks"
"""Purpose of a package of tasks."""

PLAN_PURPOSE = "visit_plan"
"""Purpose of a visit plan, which hands out nothing but keeps the draw."""

HANDS_OUT = ("interpreter", "quality_checker", "district_manager")
"""Roles that hand out packages to others."""


def next_number(session: Session, now: datetime) -> str:
    """Say which number comes next in the ledger, by the day in China.

    Parameters
    ----------
    session
        Session of the store; in one of `Store.write` the number stays free until its end.
    now
        Aware time.

    Returns
    -------
    str
        Such as `E20261122-0001`.
    """
    head = f"E{now.astimezone(CHINA):%Y%m%d}-"
    query = sa.select(Export.number).where(Export.number.startswith(head, autoescape=True))
    serials = [int(number.removeprefix(head)) for number in session.scalars(query)]
    return f"{head}{max(serials, default=0) + 1:04d}"


def find_export(session: Session, number: str, purpose: str) -> Export:
    """Find an entry of the ledger.

    Raises
    ------
    UsageError
        When there is none of that number and purpose.
    """
    export = session.scalar(sa.select(Export).where(Export.number == number, Export.purpose == purpose))
    if export is None:
        what = "visit plan" if purpose == PLAN_PURPOSE else "package"
        raise UsageError(
            f"The ledger has no {what} {number}; 'rsg tasks exports' shows what it has.",
            zh=f"台账中没有{'核查路线' if purpose == PLAN_PURPOSE else '任务包'} {number}；可用 'rsg tasks exports' 查看。",
        )
    return export


def void_export(session: Session, number: str, note: str, *, actor: Actor, now: datetime, clocks: Clocks) -> Export:
    """Mark a package that nobody got as void, in the ledger and on its cases; the entry stays.

    Parameters
    ----------
    session
        Session of `Store.write`.
    number
        Number of the package.
    note
        Why it is void.
    actor
        Who says so: who handed it out, one who hands out to others, or the system where it knows.
    now
        Aware time.
    clocks
        Clocks of the store.

    Returns
    -------
    Export
        The entry, whose facts say `void`.

    Raises
    ------
    UsageError
        When there is no such package, it is void already, or the note is empty.
    ActionRefused
        When the actor neither handed it out nor hands out to others.
    """
    export = find_export(session, number, TASKS_PURPOSE)
    if not note.strip():
        raise UsageError(
            "A package is made void with a reason; say it with --note.", zh="作废任务包须写明原因（--note）。"
        )
    if "void" in export.facts:
        raise UsageError(f"The package {number} is void already.", zh=f"任务包 {number} 已经作废。")
    if actor.login != export.actor and actor.role not in (*HANDS_OUT, "system"):
        raise ActionRefused(
            f"{actor.login} is {actor.role}; {number} is made void by {export.actor}, who handed it out, or by "
            f"{', '.join(HANDS_OUT)}.",
            zh=f"{actor.login} 是{roles_zh([actor.role])}；任务包 {number} 由下发人 {export.actor} 或 {roles_zh(HANDS_OUT)} 作废。",
        )
    said = {"at": now.astimezone(UTC).isoformat(timespec="seconds"), "by": actor.login, "note": note.strip()}
    export.facts = {**export.facts, "void": said}
    for case in export.case_numbers:
        noted = Act(
            action="observe",
            actor=SYSTEM,
            note=f"任务包 {number} 作废：{note.strip()}",
            values={"facts": {"void_export": number, "voided_by": actor.login}},
            key=f"void/{number}/{case}",
        )
        act(session, case, noted, now=now, clocks=clocks)
    return export
