"""The ledger of exports: every package that was handed out and every plan that was drawn, by number."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from rs_governance.cases import CHINA
from rs_governance.db import Export
from rs_governance.errors import UsageError

TASKS_PURPOSE = "field_tasks"
"""Purpose of a package of tasks."""

PLAN_PURPOSE = "visit_plan"
"""Purpose of a visit plan, which hands out nothing but keeps the draw."""


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
        raise UsageError(f"The ledger has no {what} {number}; 'rsg tasks exports' shows what it has.")
    return export
