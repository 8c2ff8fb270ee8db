"""People: who acts on cases, with which role, where and on what."""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from rs_governance.cases.life.asking import Actor
from rs_governance.cases.life.naming import names_zh, roles_zh
from rs_governance.cases.life.needs import is_login
from rs_governance.cases.life.rights import Intake, check_intake, is_within
from rs_governance.cases.life.words import ROLES
from rs_governance.cases.people.intake import Refusal, Row, note_intake, read_rows
from rs_governance.db import Person, Setting
from rs_governance.db.chain import machine_time
from rs_governance.errors import UsageError
from rs_governance.rules import DEPARTMENTS, THEMES, Word

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "login": ("login", "account", "账号"),
    "name": ("name", "姓名"),
    "role": ("role", "角色"),
    "prefix": ("prefix", "area", "辖区", "区划代码"),
    "themes": ("themes", "theme", "专题"),
    "department": ("department", "部门"),
    "email": ("email", "e-mail", "邮箱"),
    "capacity": ("capacity", "每日可核查数"),
    "active": ("active", "在岗"),
}
"""Columns of a file of people and how they may be called."""

DEFAULT_CAPACITY = 8
"""Visits a day of those whose file says nothing."""

_YES: Mapping[str, bool] = {"": True, "yes": True, "1": True, "true": True, "是": True, "在岗": True,
                            "no": False, "0": False, "false": False, "否": False, "离岗": False}  # fmt: skip
# Of whom an area smaller than the district is expected, and its digits.
_DIGITS = {"town_inspector": 9, "grid_keeper": 9}
# The program itself is nobody.
_ROLES_OF_PEOPLE = {role: word for role, word in ROLES.items() if role != "system"}
_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+")


def read_actor(session: Session, login: str) -> Actor:
    """Read who acts.

    Parameters
    ----------
    session
        Session of the store.
    login
        Account.

    Returns
    -------
    Actor
        With the role, area and themes of the person.

    Raises
    ------
    UsageError
        When there is nobody of that account, or they no longer act.
    """
    person = session.scalar(sa.select(Person).where(Person.login == login))
    if person is None:
        raise UsageError(
            f"There is nobody with the account {login!r}; 'rsg people list' shows who there is.",
            zh=f"没有账号 {login!r}；可用 'rsg people list' 查看。",
        )
    if not person.active:
        raise UsageError(
            f"{person.name} ({login}) no longer acts; name somebody of 'rsg people list'.",
            zh=f"{person.name}（{login}）已不在岗；请从 'rsg people list' 中另选。",
        )
    return actor_of(person)


def read_keeper(session: Session, login: str | None, what: Intake) -> Actor | None:
    """Read who takes a table of the store's own in, its people or holidays: a district manager.

    Parameters
    ----------
    session
        Session of the store.
    login
        Account.
    what
        `people` or `holidays`.

    Returns
    -------
    Actor or None
        None where there is no district manager yet: somebody has to bring the first ones in.

    Raises
    ------
    UsageError
        When nobody is named although there is a district manager, or there is no such account.
    ActionRefused
        When the person has another role, or is of another district.
    """
    managers = sa.select(Person.login).where(Person.active, Person.role == "district_manager").order_by(Person.login)
    known = session.scalars(managers).all()
    if not known:
        return None
    if login is None:
        raise UsageError(
            f"Name who takes it in: --as LOGIN, one of the district managers {', '.join(known)}.",
            zh=f"请用 --as 写明由谁导入（区级管理员：{'、'.join(known)}）。",
        )
    actor = read_actor(session, login)
    check_intake(what, actor, session.scalar(sa.select(Setting.value).where(Setting.name == "district_code")) or "")
    return actor


def actor_of(person: Person) -> Actor:
    """Read a person as one who acts."""
    return Actor(
        login=person.login,
        name=person.name,
        role=person.role,  # type: ignore[arg-type]  # checked when it was taken in
        prefix=person.prefix,
        themes=tuple(person.themes),
        department=person.department,
    )


def take_people(
    session: Session, path: Path, *, actor: Actor | None = None, now: datetime | None = None
) -> tuple[dict[str, int], tuple[Refusal, ...]]:
    """Take a file of people in; who is known by the same account is changed to what it says.

    Parameters
    ----------
    session
        Session of `Store.write`.
    path
        CSV or Excel file with the columns of `COLUMNS`; login, name and role are needed.
    actor
        Who takes it in (`read_keeper`); None for the program itself.
    now
        Aware time; None for that of the machine.

    Returns
    -------
    tuple
        People by what became of them (added, changed, same), and the rows that were refused.

    Raises
    ------
    LayerUnreadable
        When the file cannot be read or lacks a column.
    """
    known = {person.login: person for person in session.scalars(sa.select(Person))}
    district_code = session.scalar(sa.select(Setting.value).where(Setting.name == "district_code")) or ""
    counts, refused, seen = dict.fromkeys(("added", "changed", "same"), 0), [], dict[str, int]()
    for row in read_rows(path, COLUMNS, needed=("login", "name", "role")):
        try:
            facts = _facts(row, district_code)
            if (former_row := seen.setdefault(facts["login"], row.number)) != row.number:
                raise UsageError(
                    f"the account '{facts['login']}' is in row {former_row} already; give each one row",
                    zh=f"账号 '{facts['login']}' 在第 {former_row} 行已有；每人只写一行",
                )
        except UsageError as error:
            refused.append(Refusal.of(row, error))
            continue
        former = known.get(facts["login"])
        if former is None:
            session.add(Person(**facts))
            counts["added"] += 1
            continue
        same = all(getattr(former, name) == value for name, value in facts.items())
        for name, value in facts.items():
            setattr(former, name, value)
        counts["same" if same else "changed"] += 1
    by = "system" if actor is None else actor.login
    note_intake(session, "people", path, counts, refused, actor=by, now=now or machine_time())
    return counts, tuple(refused)


def _facts(row: Row, district_code: str) -> dict[str, Any]:
    login, prefix, capacity = row["login"], row["prefix"], row["capacity"] or str(DEFAULT_CAPACITY)
    if not is_login(login):
        raise UsageError(
            f"'{login}' is no account; use letters, digits and . @ + - _ only",
            zh=f"'{login}' 不能作账号；只用字母、数字和 . @ + - _",
        )
    if login == "system":
        raise UsageError(
            "'system' is the program itself; choose another account", zh="'system' 是程序自身；请换一个账号"
        )
    if not row["name"]:
        raise UsageError("there is no name; write one", zh="没有姓名；请填写")
    role = _code(row["role"], _ROLES_OF_PEOPLE, "role")
    if not re.fullmatch(r"\d{0,18}", prefix) or (prefix and len(prefix) < 2):
        raise UsageError(
            f"'{prefix}' is no administrative code; write its digits, such as 450108101",
            zh=f"'{prefix}' 不是区划代码；请写数字，如 450108101",
        )
    if len(prefix) < _DIGITS.get(role, 0):
        raise UsageError(
            f"'{prefix}' is no area of a {role}; write the code of a town or of what lies in one",
            zh=f"'{prefix}' 不能作{roles_zh([role])}的辖区；请写街镇或其下的代码",
        )
    if not is_within(prefix, district_code):
        raise UsageError(
            f"'{prefix}' is not in the district {district_code} of this store; write a code that is",
            zh=f"'{prefix}' 不在本库所属的 {district_code}；请写本区的代码",
        )
    if row["email"] and not _ADDRESS.fullmatch(row["email"]):
        raise UsageError(
            f"'{row['email']}' is no e-mail address; write one, or nothing",
            zh=f"'{row['email']}' 不是邮箱；请改正或留空",
        )
    if not re.fullmatch(r"\d{1,3}", capacity):
        raise UsageError(
            f"'{capacity}' is no number of visits a day; write 0 to 999",
            zh=f"'{capacity}' 不是每日可核查数；请写 0 至 999",
        )
    if row["active"].lower() not in _YES:
        raise UsageError(
            f"'{row['active']}' says neither yes nor no; write one of them",
            zh=f"'{row['active']}' 看不出在岗与否；请写 是 或 否",
        )
    return {
        "login": login,
        "name": row["name"],
        "role": role,
        "prefix": prefix,
        "themes": sorted({_code(theme, THEMES, "theme") for theme in _split(row["themes"])}),
        "department": _code(row["department"], DEPARTMENTS, "department") if row["department"] else None,
        "email": row["email"] or None,
        "capacity": int(capacity),
        "active": _YES[row["active"].lower()],
    }


def _split(text: str) -> Iterable[str]:
    return filter(None, (part.strip() for part in re.split("[;；,，、|]", text)))


def _code(text: str, words: Mapping[Any, Word], what: str) -> str:
    """Read a word of a list: its code, or what it is called in Chinese."""
    for code, word in words.items():
        if text in (code, word.zh):
            return str(code)
    known = ", ".join(f"{code} {word.zh}" for code, word in words.items())
    raise UsageError(
        f"'{text}' is no {what}; write one of {known}", zh=f"'{text}' 不是可用的值；请写 {names_zh(words, words)} 之一"
    )
