"""Permits in: a register that arrives later becomes permits, and what it makes lawful is withdrawn from the work."""

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely
import sqlalchemy as sa
from sqlalchemy.orm import Session

from rs_governance.cases import SYSTEM, Actor
from rs_governance.cases.life.calendars import clocks_of
from rs_governance.cases.life.clocks import Clocks
from rs_governance.cases.life.many import Batch
from rs_governance.cases.life.rights import check_intake
from rs_governance.cases.months.papers import Paper, answer_paper
from rs_governance.db import Case, Finding, Intake, Permit, Scene, open_store
from rs_governance.db.evidence import keep_evidence
from rs_governance.district import LayerSource
from rs_governance.errors import UsageError
from rs_governance.grids import Register, RowProblem
from rs_governance.grids.carriers import REGISTER_COLUMNS, make_frame
from rs_governance.grids.registers import read_register
from rs_governance.rules import Rules, read_rules
from rs_governance.rules.fields import PERMIT_STATES
from rs_governance.rules.later import LaterPermit, judge_later

_COMPARED = ("holder", "valid_from", "valid_to", "approved_use", "outline")
# Where nobody knows how large a pixel is, an outline is taken to be sure to a metre.
_UNKNOWN_M = 1.0


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


@dataclass(frozen=True, kw_only=True)
class TakenPermits:
    """What a file of permits brought."""

    register: str
    """Register."""
    as_of: date
    """Day to which it holds."""
    counts: Mapping[str, int]
    """Number of permits by what became of them: added, changed, same."""
    cases: tuple[AnsweredCase, ...]
    """Cases that were withdrawn, or of which something is proposed."""
    problems: tuple[RowProblem, ...]
    """Rows that were left out, or used with a doubt."""


def take_permits(
    store_folder: Path,
    file: Path,
    *,
    register: str,
    as_of: date,
    now: datetime,
    actor: Actor,
    rules: Path | None = None,
    crs: str | None = None,
    layer: str | None = None,
    mapped: Mapping[str, str] | None = None,
) -> TakenPermits:
    """Take permits into the store and judge the open cases by them.

    A permit is known by its register, number and stage: reading it again changes nothing, another content replaces what
    was there. Every open case on the ground of the register's permits is judged by the rules' own terms (kind, stage,
    dates, age, cover): what is lawful and not judged yet is withdrawn by the system, the rest is proposed.

    Parameters
    ----------
    store_folder
        Folder of the store.
    file
        Register in any format that `rsg grids` reads.
    register
        Its name in the rules: building_permit, homestead, ...
    as_of
        Day to which the file holds.
    now
        Aware time.
    actor
        Who takes it in.
    rules
        Rules file; None for the default rules.
    crs
        CRS of the file where it does not say it.
    layer
        Layer or sheet, where there are several.
    mapped
        Names of the file's fields by ours.

    Returns
    -------
    TakenPermits
        What was done.

    Raises
    ------
    UsageError
        When the rules know no such register.
    ActionRefused
        When the actor has another role, or is of another district.
    LayerUnreadable, CrsRefused
        When the file cannot be used.
    """
    rulebook = read_rules(rules)
    names = [str(rule.result) for rule in rulebook.rules["permit"]]
    if register not in names:
        raise UsageError(
            f"The rules know no register '{register}'; they know {', '.join(dict.fromkeys(names))}.",
            zh=f"规则中没有名册 '{register}'；有 {'、'.join(dict.fromkeys(names))}。",
        )
    with closing(open_store(store_folder)) as store:
        check_intake("permits", actor, store.setting("district_code"))
        clocks = clocks_of(store)
        source = LayerSource(path=file, layer=layer, as_of=as_of, crs=crs, fields=mapped or {})
        read = read_register(register, source, store.crs)
        sha256 = keep_evidence(store, file.read_bytes(), file.suffix.lower())
        with store.write() as session:
            counts = _write_permits(session, read, as_of=as_of, sha256=sha256)
            answered = _judge_cases(session, register, rulebook, store.crs, now=now, clocks=clocks)
            taken = TakenPermits(
                register=register, as_of=as_of, counts=counts, cases=tuple(answered), problems=read.problems
            )
            _record(session, taken, file, sha256, actor=actor, now=now)
    return taken


def _write_permits(session: Session, read: Register, *, as_of: date, sha256: str) -> dict[str, int]:
    mine = session.scalars(sa.select(Permit).where(Permit.register == read.name))
    known = {(permit.number, permit.stage): permit for permit in mine}
    counts: Counter[str] = Counter()
    for row, outline in zip(pd.DataFrame(read.frame).to_dict("records"), read.frame.geometry, strict=True):
        values = {
            "holder": _text(row["holder"]),
            "valid_from": _day(row["valid_from"]),
            "valid_to": _day(row["valid_to"]),
            "approved_use": _text(row["use"]),
            "outline": outline,
        }
        number, stage = str(row["number"]), _text(row["stage"])
        permit = known.get((number, stage))
        if permit is None:
            permit = Permit(register=read.name, number=number, stage=stage, as_of=as_of, taken_in=sha256, **values)
            session.add(permit)
            counts["added"] += 1
            continue
        same = all(_plain(getattr(permit, name)) == _plain(values[name]) for name in _COMPARED)
        counts["same" if same else "changed"] += 1
        if not same:
            for name, value in values.items():
                setattr(permit, name, value)
            permit.taken_in = sha256
        permit.as_of = max(permit.as_of, as_of)
    session.flush()
    return dict(sorted(counts.items()))


def _judge_cases(
    session: Session, register: str, rules: Rules, crs: pyproj.CRS, *, now: datetime, clocks: Clocks
) -> list[AnsweredCase]:
    permits = session.scalars(sa.select(Permit).where(Permit.register == register).order_by(Permit.id)).all()
    columns = (Case.id, Case.number, Case.outline, Case.kind, Case.area_m2, Case.first_seen_on, Case.last_seen_on)
    cases = session.execute(sa.select(*columns).where(Case.state != "closed").order_by(Case.number)).all()
    if not permits or not cases:
        return []
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
    keys = [key for number, paper in papers.items() for key in (paper.key(number), f"{paper.key(number)}:seen")]
    batch.load(papers, keys)
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


def _last_spots(session: Session, case_ids: Sequence[int]) -> dict[int, dict[str, Any]]:
    """Return the newest spot of each case that is work; the newest of any kind where none is."""
    spots: dict[int, dict[str, Any]] = {}
    for at in range(0, len(case_ids), 500):
        statement = sa.select(Finding.case_id, Finding.spot).where(
            Finding.case_id.in_(case_ids[at : at + 500]), Finding.current
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


def _record(session: Session, taken: TakenPermits, file: Path, sha256: str, *, actor: Actor, now: datetime) -> None:
    purpose = f"permits:{taken.register}"
    intake = session.scalar(sa.select(Intake).where(Intake.purpose == purpose, Intake.sha256 == sha256))
    result = {
        "counts": dict(taken.counts),
        "cases": [asdict(one) | {"permits": list(one.permits)} for one in taken.cases],
        "problems": [asdict(one) for one in taken.problems],
    }
    if intake is None:
        intake = Intake(purpose=purpose, sha256=sha256, name=file.name)
        session.add(intake)
    else:
        # What the first reading did stays on record beside what a second one adds.
        result["cases"] = [*intake.result["cases"], *result["cases"]]
    intake.actor, intake.at = actor.login, now
    intake.taken = sum(taken.counts.values())
    intake.refused = sum(not one.kept and isinstance(one.row, int) for one in taken.problems)
    intake.result = result


def list_permits(
    session: Session, *, register: str | None = None, valid_on: date | None = None
) -> list[dict[str, Any]]:
    """List permits by register and number.

    Parameters
    ----------
    session
        Session of the store.
    register
        Only of this one.
    valid_on
        Only those in force on this day.
    """
    statement = sa.select(Permit).order_by(Permit.register, Permit.number, Permit.stage)
    if register is not None:
        statement = statement.where(Permit.register == register)
    if valid_on is not None:
        statement = statement.where(
            sa.or_(Permit.valid_from.is_(None), Permit.valid_from <= valid_on),
            sa.or_(Permit.valid_to.is_(None), Permit.valid_to >= valid_on),
        )
    return [
        {
            **{name: getattr(one, name) for name in ("register", "number", "stage", "approved_use", "holder")},
            **{name: _plain(getattr(one, name)) for name in ("valid_from", "valid_to", "as_of")},
            "area_m2": round(one.outline.area, 2),
        }
        for one in session.scalars(statement)
    ]


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _day(value: Any) -> date | None:
    return None if pd.isna(value) else pd.Timestamp(value).date()


def _plain(value: Any) -> Any:
    if isinstance(value, shapely.Geometry):
        return shapely.to_wkt(value, rounding_precision=2)
    return value.isoformat() if isinstance(value, date) else value
