"""Judging by permits: what the permits of the store say of open cases, whichever of the two came first."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import geopandas as gpd
import numpy as np
import pyproj
import shapely
import sqlalchemy as sa
from sqlalchemy.orm import Session

from rs_governance.cases import SYSTEM
from rs_governance.cases.life.clocks import Clocks
from rs_governance.cases.life.many import Batch
from rs_governance.cases.life.places import read_crs
from rs_governance.cases.months.papers import Paper, answer_paper
from rs_governance.db import Case, Finding, Permit, Scene
from rs_governance.grids import Register
from rs_governance.grids.carriers import REGISTER_COLUMNS, make_frame
from rs_governance.rules import Rules
from rs_governance.rules.fields import PERMIT_STATES
from rs_governance.rules.later import LaterPermit, judge_later

# Where nobody knows how large a pixel is, an outline is taken to be sure to a metre.
_UNKNOWN_M = 1.0
_AT_ONCE = 500


@dataclass(frozen=True, kw_only=True)
class AnsweredCase:
    """A case that the register says something of."""

    case_number: str
    """Number of the case."""
    outcome: str
    """`withdrawn` or `proposed`."""
    state: str
    """How far the permit speaks for it, a `PermitState`."""
    permits: tuple[str, ...]
    """Numbers of the permits."""
    share: float
    """Share of the case that they cover."""
    text_zh: str
    """The same as a sentence."""


def judge_by_permits(
    session: Session,
    register: str,
    rules: Rules,
    *,
    now: datetime,
    clocks: Clocks,
    among: Collection[str] | None = None,
) -> list[AnsweredCase]:
    """Judge open cases by the permits of a register that are in the store: withdraw what is lawful, propose the rest.

    Parameters
    ----------
    session
        Session of `Store.write`; cases and findings are flushed.
    register
        Name of the register.
    rules
        The rules, for kind, stage, dates, age and cover.
    now
        Aware time.
    clocks
        Clocks.
    among
        Numbers of the cases that are looked at; None for all.

    Returns
    -------
    list of AnsweredCase
        By number; a permit that said the same of a case before is not said again.
    """
    permits = session.scalars(sa.select(Permit).where(Permit.register == register).order_by(Permit.id)).all()
    cases = _open_cases(session, among) if permits else []
    if not permits or not cases:
        return []
    crs = read_crs(session)
    tree = shapely.STRtree([permit.outline for permit in permits])
    on_it = sorted({int(at) for at in tree.query([row.outline for row in cases], predicate="intersects")[0]})
    touched = [cases[at] for at in on_it]
    spots = _last_spots(session, [row.id for row in touched])
    shown = [_as_judged(row, spots.get(row.id)) for row in touched]
    areas = [(row, one) for row, one in zip(touched, shown, strict=True) if row.outline.area > 0]
    later: dict[str, LaterPermit | None] = {}
    if areas:
        frame = gpd.GeoDataFrame([one for _, one in areas], geometry=[row.outline for row, _ in areas], crs=crs)
        found = judge_later(
            frame, _as_register(register, permits, crs), rules, crs=crs, shrink_m=_shrink(session, frame)
        )
        later = {row.number: one for (row, _), one in zip(areas, found, strict=True)}
    papers = {
        row.number: _paper(register, permits, one, certain=row.id in spots)
        for row in touched
        if (one := later.get(row.number) or _under_point(row, permits)) is not None
    }
    batch = Batch(session=session, actor=SYSTEM, now=now, clocks=clocks)
    batch.load(papers)
    batch.load((), [key for number, paper in papers.items() for key in paper.keys(batch.facts(number))])
    answered = []
    for number, paper in papers.items():
        outcome = answer_paper(batch, number, paper)
        if outcome is not None:
            answered.append(
                AnsweredCase(
                    case_number=number,
                    outcome=outcome,
                    state=paper.state,
                    permits=paper.numbers,
                    share=round(paper.share, 4),
                    text_zh=paper.text_zh,
                )
            )
    batch.write()
    return answered


def judge_by_all_permits(
    session: Session, rules: Rules, *, now: datetime, clocks: Clocks, among: Collection[str]
) -> list[AnsweredCase]:
    """Judge some open cases by every register of which there are permits in the store, as `judge_by_permits` does.

    What one register withdraws the next ones find closed.
    """
    registers = session.scalars(sa.select(Permit.register).distinct().order_by(Permit.register)).all()
    return [
        one
        for register in registers
        for one in judge_by_permits(session, register, rules, now=now, clocks=clocks, among=among)
    ]


def _open_cases(session: Session, among: Collection[str] | None) -> list[Any]:
    columns = (Case.id, Case.number, Case.outline, Case.kind, Case.area_m2, Case.first_seen_on, Case.last_seen_on)
    still_open = sa.select(*columns).where(Case.state != "closed").order_by(Case.number)
    if among is None:
        return list(session.execute(still_open))
    wanted, rows = sorted(among), list[Any]()
    for at in range(0, len(wanted), _AT_ONCE):
        rows += session.execute(still_open.where(Case.number.in_(wanted[at : at + _AT_ONCE])))
    return rows


def _last_spots(session: Session, case_ids: Sequence[int]) -> dict[int, dict[str, Any]]:
    """Return the newest spot of each case that is work; the newest of any kind where none is."""
    spots: dict[int, dict[str, Any]] = {}
    for at in range(0, len(case_ids), _AT_ONCE):
        statement = sa.select(Finding.case_id, Finding.spot).where(
            Finding.case_id.in_(case_ids[at : at + _AT_ONCE]), Finding.current
        )
        # Work after the rest, the newest last: the last one stays.
        order = (Finding.severity != "green", Finding.after_on, Finding.id)
        for row in session.execute(statement.order_by(*order)):
            spots[row.case_id] = row.spot
    return spots


def _as_judged(row: Any, spot: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the columns by which a case is judged: its newest spot, with what a person has corrected."""
    days = {"before_on": row.first_seen_on, "after_on": row.last_seen_on}
    return {**days, **(spot or {}), "kind": row.kind, "area_m2": row.area_m2}


def _shrink(session: Session, frame: gpd.GeoDataFrame) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Return a pixel of the later image: what a published spot does not say is what the registration left."""
    pixels = {row.image_id: row.gsd_m for row in session.execute(sa.select(Scene.image_id, Scene.gsd_m))}
    images = frame["after_image"] if "after_image" in frame else [None] * len(frame)
    return np.array([pixels.get(image) or _UNKNOWN_M for image in images], dtype=np.float64)


def _as_register(name: str, permits: Sequence[Permit], crs: pyproj.CRS) -> Register:
    values = {column: [None] * len(permits) for column in REGISTER_COLUMNS}
    values |= {column: [getattr(permit, column) for permit in permits] for column in ("number", "holder", "stage")}
    values["use"] = [permit.approved_use for permit in permits]  # type: ignore[misc]
    for column in ("valid_from", "valid_to"):
        values[column] = [getattr(permit, column) for permit in permits]
    frame = make_frame(REGISTER_COLUMNS, values, [permit.outline for permit in permits], crs)
    as_of = max(permit.as_of for permit in permits)
    return Register(name=name, title_zh=name, title_en=name, as_of=as_of, frame=frame)


def _under_point(row: Any, permits: Sequence[Permit]) -> LaterPermit | None:
    """Return the permit under a case of which only a place is known."""
    if row.outline.area > 0:
        return None
    there = [permit for permit in permits if permit.outline.intersects(row.outline)]
    valid = [
        one
        for one in there
        if (one.valid_from is None or one.valid_from <= row.last_seen_on)
        and (one.valid_to is None or one.valid_to >= row.first_seen_on)
    ]
    if not valid:
        return None
    return LaterPermit(state="lawful", numbers=(valid[0].number,), share=1.0, outside_m2=0.0)


def _paper(register: str, permits: Sequence[Permit], later: LaterPermit, *, certain: bool) -> Paper:
    as_of = max(permit.as_of for permit in permits)
    trace = {
        "register": register,
        "register_as_of": as_of.isoformat(),
        "permits": list(later.numbers),
        "permit_state": later.state,
        "permit_state_zh": PERMIT_STATES[later.state].zh,
        "covered_share": round(later.share, 4),
        "outside_m2": round(later.outside_m2, 2),
        **later.texts,
    }
    return Paper(
        register=register,
        state=later.state,
        numbers=later.numbers,
        share=later.share,
        trace=trace,
        text_zh=later.text_zh,
        certain=certain,
    )
