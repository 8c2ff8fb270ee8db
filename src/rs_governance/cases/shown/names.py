"""Names of the people and places that records know by account and code."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from rs_governance.cases.life.rights import stem
from rs_governance.db import Coverage, Person

_PEOPLE = ("holder", "assignee", "actor")
_PLACES = ("district_code", "town_code", "village_code")
_MOST_VALUES = 500  # SQLite takes a limited number of them


@dataclass(frozen=True, kw_only=True)
class Names:
    """What people and places are called; what is not in it is shown by its code."""

    people: Mapping[str, str] = field(default_factory=dict)
    """Names by account."""
    places: Mapping[str, str] = field(default_factory=dict)
    """Names by administrative code without the noughts at its end."""

    def person(self, login: str) -> str | None:
        """Return the name of an account, or None."""
        return self.people.get(login) or None

    def place(self, code: str) -> str | None:
        """Return the name of a town, village or district, or None."""
        return self.places.get(stem(code)) or None

    def of(self, name: str, value: Any) -> str | None:
        """Return what the value of a case's field is called, or None where it has no name of its own.

        Examples
        --------
        >>> Names(people={"li": "李"}, places={"450108101": "良庆镇"}).of("assignee", "town:450108101000")
        '良庆镇'
        """
        if not isinstance(value, str):
            return None
        if name == "assignee" and value.startswith("town:"):
            return self.place(value.removeprefix("town:"))
        if name in _PEOPLE:
            return self.person(value)
        return self.place(value) if name in _PLACES else None


NO_NAMES = Names()
"""No names: everything is shown by its code."""


def read_names(session: Session, cases: Iterable[Mapping[str, Any]], logins: Iterable[str] = ()) -> Names:
    """Read what the people and places of some cases are called.

    Parameters
    ----------
    session
        Session of the store.
    cases
        Fields of the cases.
    logins
        Further accounts.
    """
    accounts, codes = set(logins), set()
    for case in cases:
        for name in ("holder", "assignee"):
            value = case.get(name)
            if value is None or value.startswith("department:"):
                continue
            if value.startswith("town:"):
                codes.add(value.removeprefix("town:"))
            else:
                accounts.add(value)
        codes.update(case[name] for name in _PLACES if case.get(name))
    wanted = sorted({code for each in codes for code in (stem(each), stem(each).ljust(12, "0"))})
    people = _read(session, Person.login, Person.name, sorted(accounts))
    # Of several issues the latest: a unit that was renamed bears its new name.
    places = _read(session, Coverage.code, Coverage.name, wanted, order=Coverage.id)
    return Names(people=people, places={stem(code): name for code, name in places.items()})


def _read(session: Session, key: Any, name: Any, wanted: list[str], *, order: Any = None) -> dict[str, str]:
    found: dict[str, str] = {}
    for start in range(0, len(wanted), _MOST_VALUES):
        query = sa.select(key, name).where(key.in_(wanted[start : start + _MOST_VALUES]))
        rows = session.execute(query if order is None else query.order_by(order))
        found |= {row[0]: row[1] for row in rows}
    return found
