"""Clues in: a file of reports becomes clues, matched to the cases that there are, or opened as new ones."""

from collections import Counter
from collections.abc import Mapping
from contextlib import closing
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

import shapely
import sqlalchemy as sa
from sqlalchemy.orm import Session

from rs_governance.cases import SYSTEM, Act, Actor, Channel, Opening
from rs_governance.cases.life.asking import CHINA
from rs_governance.cases.life.calendars import clocks_of
from rs_governance.cases.life.clocks import Clocks
from rs_governance.cases.life.many import Batch
from rs_governance.cases.life.places import measure_outline
from rs_governance.cases.life.rights import check_intake
from rs_governance.cases.life.words import CHANNELS
from rs_governance.cases.months.clues import (
    CHANNEL_LETTERS,
    CLUE_CHANNELS,
    DEFAULT_CLUES,
    CaseFinder,
    ClueSettings,
    NewPlaces,
    kind_of,
    read_clue_settings,
)
from rs_governance.cases.months.known import read_known
from rs_governance.db import Case, Clue, Intake, open_store
from rs_governance.db.evidence import keep_evidence
from rs_governance.errors import UsageError
from rs_governance.flows.ground import Ground, read_ground
from rs_governance.flows.placed_rows import Columns, PlacedRow, RowError, read_placed_rows

SETTINGS_FILE = "clues.toml"
"""File in the folder of a store that takes the place of the settings that come with the program."""

_COMPARED = ("reported_on", "reporter", "contact", "content", "outline")


@dataclass(frozen=True, kw_only=True)
class TakenClue:
    """A row that counts."""

    row: int
    """Its number in the file."""
    number: str
    """Number of the clue."""
    outcome: str
    """`opened` or `matched`; `known` where it was taken before, `differs` where that was with other contents."""
    case_number: str
    """Its case."""


@dataclass(frozen=True, kw_only=True)
class TakenClues:
    """What a file of clues brought."""

    channel: str
    """Channel."""
    sha256: str
    """SHA-256 of the file; its original is kept with the evidence."""
    rows: tuple[TakenClue, ...]
    """Rows that count, in their order."""
    errors: tuple[RowError, ...]
    """Rows that were not taken, and why."""
    counts: Mapping[str, int] = field(default_factory=dict)
    """Number of rows by outcome."""


def take_clues(
    store_folder: Path,
    file: Path,
    *,
    channel: Channel,
    now: datetime,
    actor: Actor,
    district: Path | None = None,
    crs: str | None = None,
    mapped: Mapping[str, str] | None = None,
) -> TakenClues:
    """Take a file of clues into the store.

    A clue is known by its channel and number: reading it again counts once, and what differs the second time is told, not
    taken. A place on the ground of an open case is a clue for that case; any other place becomes a case of its channel, one
    for all reports of the same place, under a number of its own (`450108-202610-H0001`; that of the report stays with it).
    The spots of a ledger begin where their status says, closed ones as closed, so that
    the first month does not bring them up again.

    Parameters
    ----------
    store_folder
        Folder of the store.
    file
        CSV, Excel, GeoJSON, GeoPackage or shapefile.
    channel
        Where the clues come from.
    now
        Aware time.
    actor
        Who takes them in.
    district
        `district.toml`, for the codes of towns, villages and cells; None for what the file says.
    crs
        CRS of the coordinates where the file does not say it; `GCJ-02` for those of a phone's map.
    mapped
        Names of the file's columns by ours, where the usual ones do not fit.

    Returns
    -------
    TakenClues
        Every row and what became of it.

    Raises
    ------
    LayerUnreadable
        When the file cannot be read or lacks a column.
    UsageError
        When there is no such channel.
    ActionRefused
        When the actor has another role, or is of another district.
    """
    if channel not in CLUE_CHANNELS:
        raise UsageError(
            f"'{channel}' is no channel of clues; it is one of {', '.join(CLUE_CHANNELS)}.",
            zh=f"'{channel}' 不是线索渠道；可用 {'、'.join(CLUE_CHANNELS)}。",
        )
    with closing(open_store(store_folder)) as store:
        check_intake("clues", actor, store.setting("district_code"))
        own = store_folder / SETTINGS_FILE
        settings = read_clue_settings(own if own.is_file() else DEFAULT_CLUES)
        clocks = clocks_of(store)
        needed = ("number",) if channel == "ledger" else ("number", "reported_on")
        columns = Columns(texts=settings.columns, days=settings.days, needed=needed, mapped=mapped or {})
        with store.read() as session:
            ground = read_ground(store, session, district)
        good, errors = read_placed_rows(file, columns, crs=store.crs, ground=ground.outline, file_crs=crs)
        sha256 = keep_evidence(store, file.read_bytes(), file.suffix.lower())
        with store.write() as session:
            taker = _Taker(
                session=session,
                channel=channel,
                settings=settings,
                clocks=clocks,
                ground=ground,
                sha256=sha256,
                batch=Batch(session=session, actor=SYSTEM, now=now, clocks=clocks),
            )
            for row in good:
                taker.take(row)
            taker.batch.write()
            session.add_all(taker.clues)
            told = sorted([*errors, *taker.errors], key=lambda error: error.row)
            taken = TakenClues(
                channel=channel,
                sha256=sha256,
                rows=tuple(taker.rows),
                errors=tuple(told),
                counts=dict(sorted(Counter(one.outcome for one in taker.rows).items())),
            )
            _record(session, taken, file, actor=actor, now=now)
    return taken


@dataclass(kw_only=True)
class _Taker:
    """Takes rows one after the other."""

    session: Session
    channel: Channel
    settings: ClueSettings
    clocks: Clocks
    ground: Ground
    sha256: str
    batch: Batch
    rows: list[TakenClue] = field(default_factory=list)
    errors: list[RowError] = field(default_factory=list)
    clues: list[Clue] = field(default_factory=list)

    def __post_init__(self) -> None:
        known = read_known(self.session)
        self._finder = CaseFinder(known, self.settings.near_m)
        self._fresh = NewPlaces(self.settings.near_m)
        # County, campaign and serial as a spot has them, with the letter of the channel: a month's issue may come later.
        self._head = (
            f"{self.ground.district_code}-{self.batch.now.astimezone(CHINA):%Y%m}-{CHANNEL_LETTERS[self.channel]}"
        )
        serials = (one.number.removeprefix(self._head) for one in known if one.number.startswith(self._head))
        self._serial = max((int(serial) for serial in serials if serial.isdecimal()), default=0)
        mine = self.session.scalars(sa.select(Clue).where(Clue.channel == self.channel))
        self._taken = {clue.number: clue for clue in mine}

    def take(self, row: PlacedRow) -> None:
        """Take one row."""
        number = row.texts["number"]
        town = row.texts.get("town_code", "")
        if town and not self.ground.knows(town):
            zh, en = "本区没有此街镇代码，请核对", "the district has no unit of this code; correct it"
            self.errors.append(RowError(row=row.row, field="town_code", value=town, message_zh=zh, message_en=en))
            return
        clue = self._make(row)
        if clue.reported_on > (today := self.batch.now.astimezone(CHINA).date()):
            day = clue.reported_on.isoformat()
            zh, en = f"晚于今天（{today}），请更正", f"after today ({today}); correct it"
            self.errors.append(RowError(row=row.row, field="reported_on", value=day, message_zh=zh, message_en=en))
            return
        former = self._taken.get(number)
        if former is not None:
            same = all(_plain(getattr(clue, name)) == _plain(getattr(former, name)) for name in _COMPARED)
            self._say(row, "known" if same else "differs", str(former.case_number))
            return
        cases = self._finder.find(row.outline)
        standing = next((case for case in cases if case.closed_on is None), None)
        fresh = None if self.channel == "ledger" or standing is not None else self._fresh.find(row.outline)
        if standing is not None or fresh is not None:
            case_number = standing.number if standing is not None else str(fresh)
            clue.case_number, clue.relation = case_number, "continuing"
            self._tell_case(case_number, number, clue.reported_on)
            self._say(row, "matched", case_number)
        else:
            parents = [case.number for case in cases if case.verdict in ("illegal", "lawful")][:1]
            case_number = self._open(row, clue, parents)
            clue.case_number, clue.relation = case_number, "reappeared" if parents else "new"
            self._say(row, "opened", case_number)
        self._taken[number] = clue
        self.clues.append(clue)

    def _make(self, row: PlacedRow) -> Clue:
        reported_on = row.days["reported_on"] or self.batch.now.astimezone(CHINA).date()
        answer_by = row.days.get("answer_by") or self.settings.answer_by(
            self.channel, reported_on, self.clocks.calendar
        )
        content = "；".join(text for name in ("content", "address") if (text := row.texts.get(name, "")))
        return Clue(
            channel=self.channel,
            number=row.texts["number"],
            reported_on=reported_on,
            answer_by=answer_by,
            reporter=row.texts.get("reporter", ""),
            contact=row.texts.get("contact", ""),
            content=content,
            fields=dict(row.fields),
            taken_in=self.sha256,
            outline=row.outline,
        )

    def _tell_case(self, case_number: str, number: str, reported_on: date) -> None:
        # Names and words of the report stay with the clue: what an event says is there for good.
        clue = {"channel": self.channel, "number": number, "reported_on": reported_on.isoformat()}
        self.batch.load([case_number])
        note = f"收到线索：{CHANNELS[self.channel].zh} {number}"
        values = {"facts": {"clue": clue}}
        key = f"clue:{self.channel}:{number}"
        self.batch.act(case_number, Act(action="observe", actor=SYSTEM, note=note, values=values, key=key))

    def _open(self, row: PlacedRow, clue: Clue, parents: list[str]) -> str:
        self._serial += 1
        number = f"{self._head}{self._serial:04d}"
        place = measure_outline(self.session, row.outline)
        codes = self.ground.codes_of(row.outline)
        codes["town_code"] = codes["town_code"] or row.texts.get("town_code", "")
        facts: dict[str, Any] = {
            **codes,
            "channel": self.channel,
            "severity": "yellow",
            "suspicion": "suspected",
            "theme": "other",
            "kind": kind_of(row.texts.get("kind", "")),
            "department": "town",
            "first_seen_on": clue.reported_on,
            "last_seen_on": clue.reported_on,
            "area_m2": place.area_m2,
            "lon": place.lon,
            "lat": place.lat,
            "outline": row.outline,
            "parents": parents,
        }
        if self.channel == "ledger":
            facts |= self._standing(row, clue.reported_on)
        note = f"{CHANNELS[self.channel].zh} {clue.number}"
        opening = Opening(
            number=number,
            facts=facts,
            note=f"{note}（此处曾以 {parents[0]} 销号）" if parents else note,
            evidence={"clue": {"channel": self.channel, "number": clue.number}},
            key=f"clue:{self.channel}:{clue.number}",
        )
        self.batch.open(opening)
        self._fresh.add(number, row.outline)
        return number

    def _standing(self, row: PlacedRow, found_on: date) -> dict[str, Any]:
        standing = self.settings.standing_of(row.texts.get("status", ""))
        facts = {name: value for name, value in asdict(standing).items() if value is not None}
        if standing.state == "closed":
            # Closed when it was found, as far as anybody knows: what an image shows after that day is new.
            facts["closed_at"] = datetime.combine(found_on, time(), CHINA).astimezone(UTC)
        return facts

    def _say(self, row: PlacedRow, outcome: str, case_number: str) -> None:
        self.rows.append(TakenClue(row=row.row, number=row.texts["number"], outcome=outcome, case_number=case_number))


def _plain(value: Any) -> Any:
    return shapely.to_wkt(value, rounding_precision=2) if isinstance(value, shapely.Geometry) else value


def _record(session: Session, taken: TakenClues, file: Path, *, actor: Actor, now: datetime) -> None:
    """Keep what became of each row; a file that is read again replaces what was said of it."""
    purpose = f"clues:{taken.channel}"
    intake = session.scalar(sa.select(Intake).where(Intake.purpose == purpose, Intake.sha256 == taken.sha256))
    if intake is None:
        intake = Intake(purpose=purpose, sha256=taken.sha256, name=file.name)
        session.add(intake)
    intake.actor, intake.at = actor.login, now
    intake.taken, intake.refused = len(taken.rows), len(taken.errors)
    intake.result = {
        "rows": [asdict(one) for one in taken.rows],
        "errors": [asdict(one) for one in taken.errors],
        "counts": dict(taken.counts),
    }


def list_clues(session: Session, *, channel: str | None = None, open_only: bool = False) -> list[dict[str, Any]]:
    """List clues by the day of their answer, with the state of their case.

    Parameters
    ----------
    session
        Session of the store.
    channel
        Only of this one.
    open_only
        Only those whose case is not closed.
    """
    statement = sa.select(Clue, Case.state).outerjoin(Case, Case.number == Clue.case_number)
    if channel is not None:
        statement = statement.where(Clue.channel == channel)
    if open_only:
        statement = statement.where(Case.state != "closed")
    statement = statement.order_by(Clue.answer_by.is_(None), Clue.answer_by, Clue.channel, Clue.number)
    return [{**_shown(clue), "state": state} for clue, state in session.execute(statement)]


def show_clue(session: Session, channel: str, number: str) -> dict[str, Any]:
    """Show a clue with all its fields.

    Raises
    ------
    UsageError
        When there is none.
    """
    clue = session.scalar(sa.select(Clue).where(Clue.channel == channel, Clue.number == number))
    if clue is None:
        raise UsageError(
            f"There is no clue {number} of the channel {channel}; 'rsg clues list' shows those there are.",
            zh=f"渠道 {channel} 没有线索 {number}；可用 'rsg clues list' 查看。",
        )
    private = {"reporter": clue.reporter, "contact": clue.contact, "fields": clue.fields, "taken_in": clue.taken_in}
    place = measure_outline(session, clue.outline)
    where = {"lon": place.lon, "lat": place.lat, "area_m2": place.area_m2, "outline": clue.outline.wkt}
    return {**_shown(clue), **private, **where}


def _shown(clue: Clue) -> dict[str, Any]:
    return {
        "channel": clue.channel,
        "number": clue.number,
        "reported_on": clue.reported_on.isoformat(),
        "answer_by": None if clue.answer_by is None else clue.answer_by.isoformat(),
        "case_number": clue.case_number,
        "relation": clue.relation,
        "content": clue.content,
    }
