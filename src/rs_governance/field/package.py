"""A package of tasks: put together out of sight, entered in the ledger, and there whole or not at all."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from rs_governance.cases import CHINA, SYSTEM, Act, Actor, Clocks, act, facts_of, find_case
from rs_governance.cases.life.naming import roles_zh
from rs_governance.cases.life.rights import why_not
from rs_governance.db import Export, Store
from rs_governance.db.files import sha256_of
from rs_governance.errors import ActionRefused, CaseConflict, OutputFailed, UsageError
from rs_governance.field.assignments import FieldTask, Receiver, read_receiver, read_tasks
from rs_governance.field.handout import Handout, Order
from rs_governance.field.ledger import HANDS_OUT, PLAN_PURPOSE, TASKS_PURPOSE, find_export, next_number
from rs_governance.field.parts import FORMATS, write_parts
from rs_governance.field.questions import Question
from rs_governance.field.unfinished import end_export, is_whole, making, settle_exports
from rs_governance.publish.output_folder import OutputFolder

DEFAULT_DAYS = 30
"""Days for which a package is good."""

_ATTEMPTS = 5

Progress = Callable[[str, float], None]
"""Takes the name of a stage and how much of it is done, 0..1."""


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What is to be handed out."""

    to: str | None = None
    """Account of an inspector."""
    town: str | None = None
    """Administrative code."""
    theme: str | None = None
    """Theme."""
    formats: Collection[str] = FORMATS
    """Parts of the package."""
    days: int = DEFAULT_DAYS
    """Days for which it is good."""
    plan: str | None = None
    """Number of the visit plan whose stops it holds, in their order; None for all that is theirs."""
    zipped: bool = False
    """True for one zip instead of a folder of files."""


@dataclass(frozen=True, kw_only=True)
class Package:
    """What was handed out."""

    handout: Handout
    """Number, receiver, day, expiry."""
    numbers: tuple[str, ...]
    """Cases in it."""
    pictured: int
    """Cases that have a picture."""
    not_theirs: tuple[str, ...]
    """Stops of the plan that are not in it: drawn ones that have to be transferred first, and what was done meanwhile."""
    files: Mapping[str, str]
    """Files and their SHA-256, as the ledger keeps them."""
    size_bytes: Mapping[str, int]
    """Size of the files."""


class _Overtaken(Exception):
    """Somebody took the number, or changed a case, while the package was made."""


def export_tasks(
    store: Store,
    wanted: Wanted,
    out: Path,
    *,
    actor: Actor,
    now: datetime,
    clocks: Clocks,
    questions: Sequence[Question],
    issues: Path | None = None,
    progress: Progress | None = None,
) -> Package:
    """Make a package of tasks for a receiver, and enter it in the ledger.

    The package is made first; then one transaction takes its number, enters it with the digests of its files and
    notes on each case that it was handed out; then the folder appears. There is never a package without an entry; an
    entry whose folder never appeared is made void: at once, or where the program was killed by the next export and by
    `rsg tasks exports`.

    Parameters
    ----------
    store
        The store.
    wanted
        For whom, what.
    out
        Folder to make; it must not be there, or be empty.
    actor
        Who hands it out.
    now
        Aware time.
    clocks
        Clocks of the store.
    questions
        What is asked.
    issues
        Folder with the published issues, for the pictures; without it there are outlines alone.
    progress
        Told how far it is.

    Returns
    -------
    Package
        What was made.

    Raises
    ------
    UsageError
        When nobody is named, or there is nothing to hand out.
    ActionRefused
        When the actor may not hand out these cases.
    CaseConflict
        When the cases kept changing meanwhile.
    OutputFailed
        When the folder cannot be written.
    """
    if not 1 <= wanted.days <= 366:
        raise UsageError(
            f"A package is good for 1 to 366 days; {wanted.days} was given.",
            zh=f"任务包有效期为 1 至 366 天；给出的是 {wanted.days}。",
        )
    if unknown := sorted(set(wanted.formats) - set(FORMATS)):
        raise UsageError(
            f"'{unknown[0]}' is no part of a package; parts are {', '.join(FORMATS)}.",
            zh=f"'{unknown[0]}' 不是任务包的内容；可选 {'、'.join(FORMATS)}。",
        )
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise OutputFailed(
            f"'{out}' is there already; a package is never overwritten, name a new folder.",
            zh=f"'{out}' 已存在；任务包不覆盖旧的，请换一个新文件夹。",
        )
    settle_exports(store, now=now, clocks=clocks)
    for _ in range(_ATTEMPTS):
        try:
            return _attempt(store, wanted, out, actor, now, clocks, questions, issues, progress or _silent)
        except _Overtaken:
            continue
    raise CaseConflict(
        f"The cases of the package changed {_ATTEMPTS} times while it was made; try again.",
        zh=f"制作任务包期间案件变动了 {_ATTEMPTS} 次；请稍后重试。",
    )


def _silent(_stage: str, _fraction: float) -> None:
    """Tell nobody."""


def _attempt(
    store: Store,
    wanted: Wanted,
    out: Path,
    actor: Actor,
    now: datetime,
    clocks: Clocks,
    questions: Sequence[Question],
    issues: Path | None,
    progress: Progress,
) -> Package:
    with store.read() as session:
        receiver = read_receiver(session, to=wanted.to, town=wanted.town, theme=wanted.theme)
        tasks = read_tasks(session, receiver)
        orders = {} if wanted.plan is None else _orders(session, wanted.plan, receiver)
        if wanted.plan is not None:
            # What a plan gives to somebody else is not handed out to everybody who could take it.
            tasks = [task for task in tasks if task.number in orders]
        _check(session, tasks, receiver, actor)
        number = next_number(session, now)
    day = now.astimezone(CHINA).date()
    handout = Handout(
        number=number,
        receiver=receiver,
        at=now,
        expires_on=day + timedelta(days=wanted.days),
        district=store.setting("district_name"),
    )
    # The note that it was handed out makes each case one version newer: the package carries that one.
    issued = [replace(task, version=task.version + 1) for task in tasks]
    files: dict[str, str] = {}
    entered = False
    try:
        with OutputFolder(out) as folder:
            pictured = write_parts(
                folder, issued, handout=handout, crs=store.crs, formats=wanted.formats, questions=questions,
                orders={key: orders[key] for key in (task.number for task in issued) if key in orders},
                issues=issues, zipped=wanted.zipped, progress=progress,
            )  # fmt: skip
            paths = sorted(path for path in folder.rglob("*") if path.is_file())
            files = {path.relative_to(folder).as_posix(): sha256_of(path) for path in paths}
            sizes = {path.relative_to(folder).as_posix(): path.stat().st_size for path in paths}
            facts = making(out) if wanted.plan is None else {"plan": wanted.plan, **making(out)}
            with store.write() as session:
                _enter(session, handout, tasks, files, actor=actor, clocks=clocks, facts=facts)
            entered = True
    finally:
        if entered:  # whether the folder has appeared or could not
            end_export(store, number, "whole" if is_whole(out, files) else "cut_off", now=now, clocks=clocks)
    return Package(
        handout=handout,
        numbers=tuple(task.number for task in tasks),
        pictured=pictured,
        not_theirs=tuple(number for number in orders if number not in {task.number for task in tasks}),
        files=files,
        size_bytes=sizes,
    )


def _check(session: Session, tasks: Sequence[FieldTask], receiver: Receiver, actor: Actor) -> None:
    """Refuse to hand out nothing, or what is not the actor's to hand out."""
    if not tasks:
        raise UsageError(
            f"Nothing waits on the ground for {receiver.name} ({receiver.code}); 'rsg tasks list' shows what waits for whom.",
            zh=f"{receiver.name}（{receiver.code}）没有待核查的案件；可用 'rsg tasks list' 查看。",
        )
    if receiver.actor is not None and receiver.actor.login == actor.login:
        return
    if actor.role not in HANDS_OUT:
        raise ActionRefused(
            f"{actor.login} is {actor.role} and takes their own tasks only (--to {actor.login}); packages for others are made "
            f"by {', '.join(HANDS_OUT)}.",
            zh=f"{actor.login} 是{roles_zh([actor.role])}，只能领取自己的任务（--to {actor.login}）；给他人的由 {roles_zh(HANDS_OUT)} 制作。",
        )
    for task in tasks:
        if (refusal := why_not(facts_of(find_case(session, task.number)), actor)) is not None:
            raise refusal


def _orders(session: Session, plan: str, receiver: Receiver) -> dict[str, Order]:
    facts = find_export(session, plan, PLAN_PURPOSE).facts
    visits = facts["visits"].get(receiver.code)
    if visits is None:
        known = ", ".join(facts["visits"]) or "nobody"
        raise UsageError(
            f"The visit plan {plan} is for {known}, not for {receiver.code}; hand it out with --to.",
            zh=f"核查路线 {plan} 是给 {known} 的，不是 {receiver.code}；请用 --to 指明。",
        )
    return {visit["case"]: Order(place=place, audit=visit["audit"]) for place, visit in enumerate(visits, 1)}


def _enter(
    session: Session,
    handout: Handout,
    tasks: Sequence[FieldTask],
    files: Mapping[str, str],
    *,
    actor: Actor,
    clocks: Clocks,
    facts: Mapping[str, Any],
) -> None:
    if next_number(session, handout.at) != handout.number:
        raise _Overtaken
    if any(find_case(session, task.number).version != task.version for task in tasks):
        raise _Overtaken
    session.add(
        Export(
            number=handout.number,
            receiver=handout.receiver.code,
            purpose=TASKS_PURPOSE,
            actor=actor.login,
            at=handout.at,
            expires_on=handout.expires_on,
            case_numbers=[task.number for task in tasks],
            files=dict(files),
            facts=dict(facts),
        )
    )
    for task in tasks:
        noted = Act(
            action="observe",
            actor=SYSTEM,
            note=f"随任务包 {handout.number} 下发给 {handout.receiver.name}",
            values={
                "facts": {"export": handout.number, "receiver": handout.receiver.code, "handed_out_by": actor.login}
            },
            key=f"export/{handout.number}/{task.number}",
        )
        act(session, task.number, noted, now=handout.at, clocks=clocks)
