"""Whose a return is, and whether it comes from where it says."""

from datetime import datetime

import numpy as np
import pyproj
import shapely
import sqlalchemy as sa
from sqlalchemy.orm import Session

from rs_governance.cases import CHINA, Actor
from rs_governance.cases.life.rights import FIELD_ROLES
from rs_governance.cases.people.register import actor_of
from rs_governance.db import Case, Export, Person
from rs_governance.errors import ActionRefused, UsageError
from rs_governance.field.ledger import TASKS_PURPOSE
from rs_governance.field.returns.returned import Problem, Return
from rs_governance.grids import gcj02_to_wgs84
from rs_governance.scenes.crs import transformer

# Nobody verifies a spot from further off.
_FAR_M = 5_000.0
# GCJ-02 is off by some hundred metres; without it the position has to be at the spot.
_OFFSET_M, _AT_SPOT_M = (150.0, 1_000.0), 60.0


def find_handed(session: Session, returned: Return) -> Export | None:
    """Find the entry of the ledger that a return answers; None where it names none, or none that is there."""
    if returned.export is None:
        return None
    return session.scalar(sa.select(Export).where(Export.number == returned.export, Export.purpose == TASKS_PURPOSE))


def read_inspector(session: Session, returned: Return, handed: Export | None, importer: Actor, name: str) -> Actor:
    """Say in whose name a return is taken in: by the ledger of what was handed out, else by what the file says.

    Parameters
    ----------
    session
        Session of the store.
    returned
        The return.
    handed
        The package that it answers, as `find_handed` finds it.
    importer
        Who takes it in.
    name
        Name of the file, for messages.

    Raises
    ------
    UsageError
        When nothing says whose it is and the importer is nobody of the field.
    """
    login = returned.receiver
    if handed is not None and "void" not in handed.facts and ":" not in handed.receiver:
        login = handed.receiver
    if login is not None:
        known = session.scalar(sa.select(Person).where(Person.login == login, Person.active))
        if known is not None:
            return actor_of(known)
    if importer.role not in FIELD_ROLES:
        raise UsageError(
            f"'{name}' does not say who was in the field; say it with --by LOGIN ('rsg people list').",
            zh=f"'{name}' 没有写明是谁做的外业；请用 --by 账号 指明（rsg people list）。",
        )
    return importer


def check_package(returned: Return, handed: Export | None, inspector: Actor, name: str, now: datetime) -> list[Problem]:
    """Say what is odd about the package that a return answers; what came back is taken all the same.

    Parameters
    ----------
    returned
        The return.
    handed
        The package, as `find_handed` finds it.
    inspector
        In whose name it is taken in.
    name
        Name of the file.
    now
        Aware time, for a return that does not say when it was saved.
    """
    number = returned.export
    if number is None:
        return []
    if handed is None:
        en = f"the package {number} is in no ledger of this store; a person should ask where it comes from."
        return [Problem(row=name, text=en, text_zh=f"本库台账中没有任务包 {number}；请查问其来历。")]
    problems = []
    if "void" in handed.facts:
        en = f"the package {number} was made void; a person should ask who had it."
        problems.append(Problem(row=name, text=en, text_zh=f"任务包 {number} 已作废；请查问由谁持有。"))
    told = returned.receiver if returned.receiver not in (None, handed.receiver) else inspector.login
    if ":" not in handed.receiver and told != handed.receiver:
        en = f"the package {number} was handed to {handed.receiver}, this says {told}; taken as {inspector.login}'s."
        zh = f"任务包 {number} 发给了 {handed.receiver}，此处写的是 {told}；按 {inspector.login} 的回传接收。"
        problems.append(Problem(row=name, text=en, text_zh=zh))
    saved_on = (returned.saved_at or now).astimezone(CHINA).date()
    if saved_on > handed.expires_on:
        en = f"the package {number} was good until {handed.expires_on}, this is of {saved_on}; a reviewer should look at it."
        zh = f"任务包 {number} 有效期至 {handed.expires_on}，回传于 {saved_on}；请审核人留意。"
        problems.append(Problem(row=name, text=en, text_zh=zh))
    for case in returned.cases:
        if case.number not in handed.case_numbers:
            en = f"is not in the package {number}; a reviewer should ask why it is returned with it."
            zh = f"不在任务包 {number} 中；请审核人查问为何随此包回传。"
            problems.append(Problem(row=case.number, text=en, text_zh=zh))
    return problems


def check_importer(importer: Actor, inspector: Actor, name: str) -> None:
    """Refuse somebody of the field who takes in what another one brought.

    Raises
    ------
    ActionRefused
        When it is somebody else's.
    """
    if importer.role in FIELD_ROLES and inspector.login != importer.login:
        raise ActionRefused(
            f"'{name}' was brought by {inspector.login}; {importer.login} ({importer.role}) takes in only what is their own. "
            "Ask the office to take it in.",
            zh=f"'{name}' 是 {inspector.login} 的回传，{importer.login} 只能导入自己的；请由办公室导入。",
        )


def check_position(position: tuple[float, float] | None, known: Case, crs: pyproj.CRS) -> Problem | None:
    """Say what is odd about the inspector's position: far off, or in the frame of phone maps; None where nothing is.

    Parameters
    ----------
    position
        Longitude and latitude as they came.
    known
        The case.
    crs
        CRS of the store.
    """
    if position is None:
        return None
    distance = to_point(crs, position).distance(known.outline)
    if distance > _FAR_M:
        text = (
            f"its position is {distance / 1000:,.0f} km from the spot; swapped or of another place? The rest was taken."
        )
        zh = f"位置距图斑 {distance / 1000:,.0f} 公里，经纬度颠倒或属别处？其余已接收。"
        return Problem(row=known.number, text=text, text_zh=zh)
    if _OFFSET_M[0] < distance < _OFFSET_M[1]:
        lon, lat = (float(part) for part in gcj02_to_wgs84(np.array(position[0]), np.array(position[1])))
        if to_point(crs, (lon, lat)).distance(known.outline) < _AT_SPOT_M:
            text = f"its position is {distance:.0f} m from the spot, and at it when read as GCJ-02 (phone map): was it copied from one?"
            zh = f"位置距图斑 {distance:.0f} 米，按 GCJ-02（手机地图）换算则正在图斑处；是否抄自手机地图？"
            return Problem(row=known.number, text=text, text_zh=zh)
    return None


def to_point(crs: pyproj.CRS, position: tuple[float, float]) -> shapely.Point:
    """Move a position in WGS 84 (longitude, latitude) into the store's CRS."""
    return shapely.Point(*transformer(pyproj.CRS.from_epsg(4326), crs).transform(*position))
