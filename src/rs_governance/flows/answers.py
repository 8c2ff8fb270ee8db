"""Answers in: a file of answers and ratings becomes events of cases, its original is kept."""

from contextlib import closing
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.orm import Session

from rs_governance.cases import Actor, clocks_of
from rs_governance.cases.feedback.answers import TakenAnswers, take_answers
from rs_governance.cases.life.rights import check_intake
from rs_governance.db import Intake, keep_evidence, open_store
from rs_governance.flows.setup import PathLike

PURPOSE = "answers"
"""What the ledger of intakes calls such a file."""


def take_answer_file(store: PathLike, file: Path, *, actor: Actor, now: datetime) -> TakenAnswers:
    """Take a file of answers and ratings into the store.

    Parameters
    ----------
    store
        Folder of the store.
    file
        CSV or Excel file, as `cases.answers.take_answers` reads it.
    actor
        Who takes it in.
    now
        Aware time.

    Returns
    -------
    TakenAnswers
        Every row and what became of it.

    Raises
    ------
    ActionRefused
        When the actor has another role, or is of another district.
    LayerUnreadable
        When the file cannot be read or lacks a column.
    """
    with closing(open_store(Path(store))) as opened:
        check_intake("answers", actor, opened.setting("district_code"))
        clocks = clocks_of(opened)
        with opened.write() as session:
            taken = take_answers(session, file, actor=actor, now=now, clocks=clocks)
            sha256 = keep_evidence(opened, file.read_bytes(), file.suffix.lower())
            _record(session, taken, file.name, sha256, actor=actor, now=now)
        return taken


def _record(session: Session, taken: TakenAnswers, name: str, sha256: str, *, actor: Actor, now: datetime) -> None:
    """Keep what became of each row; a file that is read again replaces what was said of it."""
    intake = session.scalar(sa.select(Intake).where(Intake.purpose == PURPOSE, Intake.sha256 == sha256))
    if intake is None:
        intake = Intake(purpose=PURPOSE, sha256=sha256, name=name)
        session.add(intake)
    intake.actor, intake.at = actor.login, now
    intake.taken, intake.refused = len(taken.rows), len(taken.refused)
    intake.result = {
        "rows": [{**asdict(one), "done": list(one.done)} for one in taken.rows],
        "refused": [asdict(one) for one in taken.refused],
        "counts": dict(taken.counts),
    }
