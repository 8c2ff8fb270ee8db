"""Taking in what came back from the field: once, in part or whole, with every conflict listed and nothing lost."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path, PurePath
from typing import Any

import pyproj
import shapely
import sqlalchemy as sa
from sqlalchemy.orm import Session

from rs_governance.cases import RESOLUTIONS, STATES, SYSTEM, VERDICTS, Act, Actor, Clocks, act, events_of, find_case
from rs_governance.db import Case, Intake, Photo, Store, canonical_json, keep_evidence
from rs_governance.errors import ActionRefused, CaseConflict, UsageError
from rs_governance.field.photos import PhotoFacts, read_photo
from rs_governance.field.returns.checking import (
    check_importer,
    check_package,
    check_position,
    find_handed,
    read_inspector,
    to_point,
)
from rs_governance.field.returns.reading import PHOTO_SUFFIXES, read_return
from rs_governance.field.returns.returned import (
    PHOTO_BYTES,
    Odd,
    Problem,
    Return,
    ReturnedCase,
    ReturnedPhoto,
    leave_out,
    too_large,
)
from rs_governance.field.trust import Ground, Marked, mark_photo

PURPOSE = "return"
"""Purpose of returns in the ledger of intakes."""

_AWAITED = ("dispatched", "verifying", "returned")


@dataclass(frozen=True, kw_only=True)
class Taken:
    """What a return led to."""

    name: str
    """Name of the file."""
    again: bool
    """True where the same file was taken before; nothing was changed now."""
    submitted: tuple[str, ...]
    """Cases whose evidence was submitted."""
    before: tuple[str, ...]
    """Those among them, and among the partly returned, of which all was there before: nothing of them is new."""
    noted: tuple[str, ...]
    """Cases of which only a part came back; it is kept as a note."""
    conflicts: tuple[Problem, ...]
    """Cases that have moved on meanwhile; what came back is kept with the case, for a person to look at."""
    problems: tuple[Problem, ...]
    """Rows and photos that could not be used."""
    photos: Mapping[str, int]
    """Number of new photos by trust."""

    @property
    def is_news(self) -> bool:
        """Whether anything came that was not there before."""
        told = {*self.submitted, *self.noted} - {*self.before}
        return not self.again and bool(told or self.conflicts or self.photos)


@dataclass(frozen=True, kw_only=True)
class _Seen:
    """A photo that was looked at."""

    returned: ReturnedPhoto
    facts: PhotoFacts
    suffix: str


def take_return(
    store: Store, path: Path, *, importer: Actor, inspector: Actor | None, now: datetime, clocks: Clocks
) -> Taken:
    """Take in a return file.

    The originals of the photos are kept first, each under its hash; then each case is written by itself, so that a
    stop in between leaves whole cases, and reading the file again does the rest.

    Parameters
    ----------
    store
        Store of the cases.
    path
        Return file, as `read_return` reads it.
    importer
        Who takes it in.
    inspector
        In whose name the evidence is submitted; None for the one whom the file names, or else the importer.
    now
        Aware time.
    clocks
        Clocks.

    Returns
    -------
    Taken
        What it led to, case by case.

    Raises
    ------
    UsageError
        When there is no such file, or nothing says whose it is.
    LayerUnreadable
        When the file cannot be read at all.
    ActionRefused
        When somebody of the field takes in what another one brought.
    """
    returned = read_return(path)
    digest = _digest(path)
    with store.read() as session:
        former = session.scalar(sa.select(Intake).where(Intake.purpose == PURPOSE, Intake.sha256 == digest))
    # What ended in a conflict may have been put right meanwhile: only a file that was taken whole is not looked at again.
    if former is not None and not former.refused:
        return _former(path.name, former)
    with store.read() as session:
        handed = find_handed(session, returned)
        if inspector is None:
            inspector = read_inspector(session, returned, handed, importer, path.name)
        check_importer(importer, inspector, path.name)
        odd = check_package(returned, handed, inspector, path.name, now)
    taking = _Taking(
        crs=store.crs,
        returned=returned,
        digest=digest,
        importer=importer,
        actor=inspector,
        now=now,
        clocks=clocks,
        problems=[*returned.problems, *odd],
    )
    for case in returned.cases:
        seen, odd = _look(case)
        taking.problems += odd
        for photo in seen:
            keep_evidence(store, photo.returned.load(), photo.suffix)
        with store.write() as session:
            taking.take(session, case, seen)
    taken = taking.taken(path.name)
    with store.write() as session:
        row = session.scalar(sa.select(Intake).where(Intake.purpose == PURPOSE, Intake.sha256 == digest))
        if row is not None:
            row.taken, row.refused = len(taken.submitted) + len(taken.noted), len(taken.conflicts) + len(taken.problems)
            row.result = _plain(taken)
        else:
            session.add(
                Intake(
                    purpose=PURPOSE,
                    sha256=digest,
                    name=path.name,
                    actor=importer.login,
                    at=now,
                    taken=len(taken.submitted) + len(taken.noted),
                    refused=len(taken.conflicts) + len(taken.problems),
                    result=_plain(taken),
                )
            )
    return taken


def _suffix(name: str) -> str:
    suffix = PurePath(name).suffix.casefold()
    return suffix if suffix in PHOTO_SUFFIXES else ".bin"


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _plain(taken: Taken) -> dict[str, Any]:
    return {
        "submitted": list(taken.submitted),
        "noted": list(taken.noted),
        "conflicts": [[problem.row, problem.text, problem.text_zh] for problem in taken.conflicts],
        "problems": [[problem.row, problem.text, problem.text_zh] for problem in taken.problems],
        "photos": dict(taken.photos),
    }


def _former(name: str, intake: Intake) -> Taken:
    result = intake.result
    return Taken(
        name=name, again=True, submitted=tuple(result["submitted"]), noted=tuple(result["noted"]),
        before=(*result["submitted"], *result["noted"]), conflicts=tuple(map(_problem, result["conflicts"])),
        problems=tuple(map(_problem, result["problems"])), photos={},
    )  # fmt: skip


def _problem(kept: Sequence[str]) -> Problem:
    row, text, *zh = kept  # what was taken in by the first versions says it in English alone
    return Problem(row=row, text=text, text_zh=zh[0] if zh else text)


def _look(case: ReturnedCase) -> tuple[list[_Seen], list[Problem]]:
    seen, problems = [], []
    for photo in case.photos:
        try:
            data = photo.load()
            if len(data) > PHOTO_BYTES:
                raise too_large(photo.name, len(data))
            if not data:
                raise Odd(
                    f"the photo '{photo.name}' is empty or damaged; return it again.",
                    zh=f"照片 '{photo.name}' 是空的或已损坏；请重新回传。",
                )
        except Odd as error:
            problems.append(leave_out(case.number, error))
            continue
        seen.append(_Seen(returned=photo, facts=read_photo(data), suffix=_suffix(photo.name)))
    return seen, problems


@dataclass(kw_only=True)
class _Taking:
    """A return while it is being taken."""

    crs: pyproj.CRS
    returned: Return
    digest: str
    importer: Actor
    actor: Actor
    now: datetime
    clocks: Clocks
    problems: list[Problem]
    submitted: list[str] = field(default_factory=list)
    noted: list[str] = field(default_factory=list)
    before: list[str] = field(default_factory=list)
    conflicts: list[Problem] = field(default_factory=list)
    photos: dict[str, int] = field(default_factory=dict)

    def taken(self, name: str) -> Taken:
        return Taken(
            name=name, again=False, submitted=tuple(self.submitted), noted=tuple(self.noted),
            before=tuple(self.before), conflicts=tuple(self.conflicts), problems=tuple(self.problems), photos=dict(self.photos),
        )  # fmt: skip

    def take(self, session: Session, case: ReturnedCase, seen: Sequence[_Seen]) -> None:
        try:
            known = find_case(session, case.number)
        except UsageError as error:
            self.problems.append(Problem.of(case.number, error))
            return
        if (doubt := check_position(case.position, known, self.crs)) is not None:
            self.problems.append(doubt)
        for photo in seen:
            if (marked := self._keep_photo(session, known, case, photo)) is not None:
                self.photos[marked.trust] = self.photos.get(marked.trust, 0) + 1
        said = Act(
            action="submit",
            actor=self.actor,
            note=case.note,
            evidence=tuple(photo.facts.sha256 for photo in seen),
            values={"facts": self._facts(case)},
            key=f"return:{_content(case, seen)}",
        )
        keys = {event.key for event in events_of(session, case.number)}
        if said.key in keys or (not case.done and _noted(said) in keys):
            (self.submitted if said.key in keys else self.noted).append(case.number)
            self.before.append(case.number)
        elif not case.done:
            self._note(session, case.number, said)
            self.noted.append(case.number)
        elif known.state not in _AWAITED:
            self._note(session, case.number, said)
            self.conflicts.append(_moved_on(known))
        else:
            self._submit(session, known, said)

    def _submit(self, session: Session, known: Case, said: Act) -> None:
        number = known.number
        try:
            with session.begin_nested():
                if known.state == "dispatched":
                    act(session, number, Act(action="start", actor=self.actor), now=self.now, clocks=self.clocks)
                act(session, number, said, now=self.now, clocks=self.clocks)
        except (ActionRefused, CaseConflict) as error:
            # What came back stays with the case all the same, so that nobody has to drive out again for it.
            self._note(session, number, said)
            self.conflicts.append(Problem.of(number, error))
        else:
            self.submitted.append(number)

    def _note(self, session: Session, number: str, said: Act) -> None:
        note = said.note or "外业回传（未提交） / returned, not submitted"
        # Under a key of its own: the same evidence can still be submitted once nothing is in its way.
        noted = replace(said, action="observe", actor=SYSTEM, note=note, key=_noted(said))
        act(session, number, noted, now=self.now, clocks=self.clocks)

    def _facts(self, case: ReturnedCase) -> dict[str, Any]:
        facts: dict[str, Any] = {
            "export": self.returned.export,
            "answers": dict(case.answers),
            "proposed_verdict": case.verdict if case.verdict in VERDICTS else None,
            "proposed_resolution": case.resolution if case.resolution in RESOLUTIONS else None,
            "position": None if case.position is None else list(case.position),
            "saved_at": None if self.returned.saved_at is None else self.returned.saved_at.isoformat(),
            "imported_by": self.importer.login if self.importer.login != self.actor.login else None,
        }
        return {name: value for name, value in facts.items() if value not in (None, {})}

    def _keep_photo(self, session: Session, known: Case, case: ReturnedCase, photo: _Seen) -> Marked | None:
        facts, form = photo.facts, photo.returned
        same = sa.select(Photo.id).where(Photo.case_number == known.number, Photo.sha256 == facts.sha256)
        if session.scalar(same) is not None:
            return None
        lon, lat = (facts.lon, facts.lat) if facts.lon is not None else (form.lon, form.lat)
        if lon is None and case.position is not None:
            lon, lat = case.position
        marked = mark_photo(facts, self._ground(session, known, case, photo, (lon, lat)))
        heading = facts.heading_deg if facts.heading_deg is not None else form.heading_deg
        session.add(
            Photo(
                case_number=known.number,
                sha256=facts.sha256,
                perceptual=facts.perceptual,
                name=form.name,
                taken_at=facts.taken_at or facts.gps_at or form.taken_at,
                lon=lon,
                lat=lat,
                heading_deg=heading,
                indoor=form.indoor,
                note=form.note,
                trust=marked.trust,
                reasons=list(marked.reasons),
                facts={
                    "distance_m": None if marked.distance_m is None else round(marked.distance_m, 1),
                    "off_heading_deg": None if marked.off_heading_deg is None else round(marked.off_heading_deg, 1),
                    "same_as": list(marked.same_as),
                    "camera": facts.camera,
                    "software": facts.software,
                    "size": None if facts.width is None else [facts.width, facts.height],
                    "suffix": photo.suffix,
                },
                taken_in=self.digest,
            )
        )
        session.flush()
        return marked

    def _ground(
        self, session: Session, known: Case, case: ReturnedCase, photo: _Seen, place: tuple[float | None, float | None]
    ) -> Ground:
        handed = [event.at for event in events_of(session, known.number) if event.action in ("dispatch", "transfer")]
        form = (photo.returned.lon, photo.returned.lat) if photo.returned.lon is not None else case.position
        elsewhere = sa.select(Photo.sha256, Photo.perceptual, Photo.case_number).where(
            Photo.case_number != known.number
        )
        exact = session.execute(elsewhere.where(Photo.sha256 == photo.facts.sha256))
        alike = session.execute(elsewhere.where(Photo.perceptual.is_not(None)))
        return Ground(
            outline=known.outline,
            photo=_point(self.crs, place),
            form=_point(self.crs, form),
            # The first dispatch: work that was sent back keeps the photos of the first visit valid.
            dispatched_at=handed[0] if handed else None,
            returned_at=min(self.returned.saved_at or self.now, self.now),
            form_at=photo.returned.taken_at,
            claimed_sha256=photo.returned.sha256,
            hashes_elsewhere={row.sha256: row.case_number for row in exact},
            pictures_elsewhere={row.perceptual: row.case_number for row in alike},
        )


def _noted(said: Act) -> str:
    return f"{said.key}:noted"


def _moved_on(known: Case) -> Problem:
    return Problem(
        row=known.number,
        text=f"is {known.state} since {known.entered_at:%Y-%m-%d}, evidence was awaited while {', '.join(_AWAITED)}; "
        "what came back is kept with the case, a reviewer decides.",
        text_zh=f"{known.entered_at:%Y-%m-%d} 起为“{STATES[known.state].zh}”，"  # type: ignore[index]
        f"举证只在{'、'.join(STATES[state].zh for state in _AWAITED)}时接收；回传内容已随案保存，由审核人决定。",  # type: ignore[index]
    )


def _content(case: ReturnedCase, seen: Sequence[_Seen]) -> str:
    said = [case.number, dict(case.answers), case.verdict, case.resolution, case.note, case.done]
    photos = sorted(photo.facts.sha256 for photo in seen)
    return hashlib.sha256(canonical_json([*said, photos]).encode()).hexdigest()


def _point(crs: pyproj.CRS, place: tuple[float | None, float | None] | None) -> shapely.Point | None:
    if place is None or place[0] is None or place[1] is None:
        return None
    return to_point(crs, (place[0], place[1]))
