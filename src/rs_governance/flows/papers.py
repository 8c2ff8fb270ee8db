"""Permits in: a register that arrives later becomes permits, and what it makes lawful is withdrawn from the work."""

from collections import Counter
from collections.abc import Mapping
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import shapely
import sqlalchemy as sa
from sqlalchemy.orm import Session

from rs_governance.cases import Actor
from rs_governance.cases.life.calendars import clocks_of
from rs_governance.cases.life.rights import check_intake
from rs_governance.db import Intake, Permit, open_store
from rs_governance.db.evidence import keep_evidence
from rs_governance.district import LayerSource
from rs_governance.errors import UsageError
from rs_governance.flows.judge_permits import AnsweredCase, judge_by_permits
from rs_governance.grids import Register, RowProblem
from rs_governance.grids.registers import read_register
from rs_governance.rules import read_rules

_COMPARED = ("holder", "valid_from", "valid_to", "approved_use", "outline")


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
            answered = judge_by_permits(session, register, rulebook, now=now, clocks=clocks)
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
