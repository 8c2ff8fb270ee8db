"""From a published issue to cases: taken in once, matched, observed, rechecked; all of it or nothing."""

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

import shapely
import sqlalchemy as sa
from sqlalchemy.orm import Session

from rs_governance.cases import SYSTEM, Actor, Clocks
from rs_governance.cases.life.asking import CHINA, Act
from rs_governance.cases.life.calendars import clocks_of
from rs_governance.cases.life.many import Batch
from rs_governance.cases.life.rights import check_intake
from rs_governance.cases.months.known import read_disposal_starts, read_known, read_signs, read_touched
from rs_governance.cases.months.matching import TERMS, Seen, match, unseen_share
from rs_governance.cases.months.observing import Edition, Observed, Shown, observe, withdraw_vanished
from rs_governance.cases.months.recheck import OUTLOOKS, RECHECKED, recheck
from rs_governance.db import Case, Coverage, Finding, Intake, Issue, Scene, open_store
from rs_governance.errors import ConfigInvalid
from rs_governance.flows.issue_folder import IssueRead, SceneRead, read_issue
from rs_governance.flows.judge_permits import AnsweredCase, judge_by_all_permits
from rs_governance.rules import Rules, read_rules

_AT_ONCE = 500


@dataclass(frozen=True, kw_only=True)
class TakenIssue:
    """What taking in an issue did."""

    issue: str
    """Its name."""
    edition: int
    """1, and one more for each time that it was published again."""
    news: bool
    """False where this edition was taken in before, and nothing was done."""
    spots: int
    """Number of its spots."""
    opened: tuple[str, ...] = ()
    """Cases that were opened."""
    reopened: tuple[str, ...] = ()
    """Closed cases that were reopened."""
    withdrawn: tuple[str, ...] = ()
    """Cases of spots that the new edition lists no longer."""
    later: tuple[str, ...] = ()
    """Issues of younger images that were taken in before: what they showed stands."""
    filed: tuple[str, ...] = ()
    """Cases that those showed already: the spots of this issue are filed with them, and change nothing."""
    relations: Mapping[str, int] = field(default_factory=dict)
    """Number of cases by what they are to the issue, without those of the next two."""
    same: tuple[str, ...] = ()
    """Cases that this edition shows as the former one did: nothing was written."""
    revised: tuple[str, ...] = ()
    """Cases that a former edition opened, and that this one shows otherwise."""
    proposed: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Cases by the action that is proposed for them."""
    rechecked: Mapping[str, str] = field(default_factory=dict)
    """What the image says of each case in disposal, by number."""
    permitted: tuple[AnsweredCase, ...] = ()
    """Cases of its spots of which the permits in the store say something."""


def take_issue(
    store_folder: Path, issue_folder: Path, *, now: datetime, actor: Actor, rules: Path | None = None
) -> TakenIssue:
    """Take a published issue into the store and match it to the cases, in one transaction.

    Taking the same edition again does nothing. An issue that was published again (`rsg run --replace`) is another edition:
    its findings replace those before it, cases that it shows no longer are withdrawn where nobody has touched them, and
    what a person has said stays. An issue of the same month with a later letter (`2026-10a`) is an issue of its own; where
    it looks at the same ground from the same earlier image, its finding replaces the one before.

    An issue that comes late, after one of younger images, opens the cases that nobody knew; of cases that the younger ones
    showed it is only filed, it says of none that it rests, and rechecks none.

    The cases that it opens, reopens or shows again are judged by the permits in the store as they are when permits
    arrive later (`judge_by_permits`): what is lawful is withdrawn, the rest is proposed.

    Parameters
    ----------
    store_folder
        Folder of the store.
    issue_folder
        Folder of the issue, such as `issues/2026-10`.
    now
        Aware time.
    actor
        Who takes it in; the acts on cases are the system's.
    rules
        Rules file, for the terms of permits; None for the default rules.

    Returns
    -------
    TakenIssue
        What was done.

    Raises
    ------
    ConfigInvalid
        When the folder is no issue of this district, or is not as its manifest says.
    ActionRefused
        When the actor has another role, or is of another district.
    """
    with closing(open_store(Path(store_folder))) as store:
        check_intake("issues", actor, store.setting("district_code"))
        read = read_issue(Path(issue_folder), store.crs)
        if read.district_code != store.setting("district_code"):
            raise ConfigInvalid(
                f"Issue {read.name} is of district {read.district_code}, the store of {store.setting('district_code')}; "
                "name the store of that district.",
                zh=f"{read.name} 期属于 {read.district_code}，本库属于 {store.setting('district_code')}；请指定该区的案件库。",
            )
        clocks, rulebook = clocks_of(store), read_rules(rules)
        with store.write() as session:
            return take_read(session, read, now=now, actor=actor, clocks=clocks, rules=rulebook)


def take_read(
    session: Session, read: IssueRead, *, now: datetime, actor: Actor, clocks: Clocks, rules: Rules | None = None
) -> TakenIssue:
    """Take an issue that was read into the store: what `take_issue` does once the folder was checked."""
    former = session.scalar(sa.select(Issue).where(Issue.name == read.name))
    if former is not None and former.manifest_sha256 == read.manifest_sha256:
        return TakenIssue(issue=read.name, edition=former.edition, news=False, spots=former.spots)
    edition = Edition(
        issue=read.name,
        number=1 if former is None else former.edition + 1,
        image_on=read.image_on,
        unseen=read.unseen,
        later=frozenset(session.scalars(sa.select(Issue.name).where(Issue.last_image_on > read.image_on))),
    )
    replaced = _replace_findings(session, read)
    _write_issue(session, read, former, edition, now=now)
    _write_scenes(session, read)
    known = read_known(session, issue=read.name)
    shown = {
        spot["spot_no"]: Shown(spot=spot, outline=outline)
        for spot, outline in zip(read.spots, read.outlines, strict=True)
    }
    matches = match([_seen(key, one) for key, one in shown.items()], known)
    batch = Batch(session=session, actor=SYSTEM, now=now, clocks=clocks)
    batch.load(matches.of_case)
    observed = observe(batch, edition, shown, matches, known)
    vanished = _vanished(session, replaced, set(matches.of_case))
    batch.load(vanished)
    withdrawn = withdraw_vanished(batch, edition, vanished, read_touched(session, vanished))
    batch.write()
    _write_findings(session, read, shown, observed, edition)
    rechecked = {}
    if not edition.later:
        rechecked = _recheck(session, edition, Batch(session=session, actor=SYSTEM, now=now, clocks=clocks))
    among = set(observed.case_of.values()) - set(observed.filed)
    permitted = judge_by_all_permits(session, rules or read_rules(), now=now, clocks=clocks, among=among)
    for number, outlook in rechecked.items():
        if outlook != "unseen":
            observed.proposed["pass" if outlook == "gone" else "fail"].append(number)
    taken = TakenIssue(
        issue=read.name,
        edition=edition.number,
        news=True,
        spots=len(read.spots),
        opened=tuple(observed.opened),
        reopened=tuple(observed.reopened),
        withdrawn=withdrawn,
        later=tuple(sorted(edition.later)),
        filed=tuple(observed.filed),
        relations=dict(sorted(observed.relations.items())),
        same=tuple(observed.same),
        revised=tuple(observed.revised),
        proposed={action: tuple(numbers) for action, numbers in sorted(observed.proposed.items())},
        rechecked=rechecked,
        permitted=tuple(permitted),
    )
    _write_intake(session, read, taken, actor=actor, now=now)
    return taken


def _seen(key: str, one: Shown) -> Seen:
    return Seen(key=key, outline=one.outline, kind=one.spot["kind"], work=one.is_work, after_on=one.spot["after_on"])


def _replace_findings(session: Session, read: IssueRead) -> set[int]:
    """Mark what this edition replaces; return the ids of the cases that its former edition opened or reopened."""
    own = sa.and_(Finding.issue == read.name, Finding.current)
    relations = ("new", "reappeared")
    opened = set(session.scalars(sa.select(Finding.case_id).where(own, Finding.relation.in_(relations))))
    session.execute(sa.update(Finding).where(own).values(current=False))
    of_month = sa.select(Finding.id, Finding.outline, Finding.before_image).where(
        Finding.issue < read.name, Finding.issue.startswith(read.name[:7]), Finding.current
    )
    earlier = session.execute(of_month).all() if len(read.name) > len("2026-10") else []
    for some in _chunks(_looked_at_again([tuple(row) for row in earlier], read)):
        session.execute(sa.update(Finding).where(Finding.id.in_(some)).values(current=False))
    return {case_id for case_id in opened if case_id is not None}


def _looked_at_again(earlier: Sequence[tuple[Any, ...]], read: IssueRead) -> list[int]:
    if not earlier:
        return []
    outlines = [row[1] for row in earlier]
    new, old = shapely.STRtree(outlines).query(read.outlines, predicate="intersects")
    again = set()
    for i, j in zip(new.tolist(), old.tolist(), strict=True):
        smaller = min(read.outlines[i].area, outlines[j].area)
        share = read.outlines[i].intersection(outlines[j]).area / smaller
        if read.spots[i]["before_image"] == earlier[j][2] and share >= TERMS.same_share:
            again.add(earlier[j][0])
    return sorted(again)


def _vanished(session: Session, case_ids: set[int], matched: set[str]) -> list[str]:
    """List the open cases that only a former edition had reason for."""
    numbers = []
    for some in _chunks(sorted(case_ids)):
        elsewhere = sa.select(Finding.case_id).where(Finding.case_id.in_(some), Finding.current)
        rows = sa.select(Case.number).where(Case.id.in_(some), Case.state != "closed", Case.id.not_in(elsewhere))
        numbers += [number for number in session.scalars(rows) if number not in matched]
    return sorted(numbers)


def _write_issue(session: Session, read: IssueRead, former: Issue | None, edition: Edition, *, now: datetime) -> None:
    issue = former or Issue(name=read.name, district_code=read.district_code)
    first = read.statistics["first_image_on"]
    issue.manifest_sha256 = read.manifest_sha256
    issue.edition = edition.number
    issue.first_image_on = None if first is None else date.fromisoformat(first)
    issue.last_image_on = read.image_on
    issue.spots = len(read.spots)
    issue.taken_at = now
    issue.statistics = read.statistics
    issue.unseen = read.unseen
    session.add(issue)
    session.execute(sa.delete(Coverage).where(Coverage.issue == read.name))
    if read.coverage:
        session.execute(sa.insert(Coverage), read.coverage)
    session.flush()


def _write_scenes(session: Session, read: IssueRead) -> None:
    known = {scene.image_id: scene for scene in session.scalars(sa.select(Scene))}
    for one in read.scenes:
        scene = known.get(one.image_id)
        if scene is None:
            values = {name: getattr(one, name) for name in SceneRead.__dataclass_fields__}
            session.add(Scene(**values, first_issue=read.name))
        elif scene.outline is None and one.outline is not None:
            scene.outline, scene.sensor, scene.gsd_m = one.outline, one.sensor, one.gsd_m
    session.flush()


def _write_findings(
    session: Session, read: IssueRead, shown: Mapping[str, Shown], observed: Observed, edition: Edition
) -> None:
    ids = _ids_of(session, set(observed.case_of.values()))
    rows = []
    for number, one in shown.items():
        spot = one.spot
        case = observed.case_of.get(number)
        rows.append({
            **{name: spot[name] for name in ("kind", "theme", "suspicion", "severity", "area_m2", "score")},
            **{name: spot[name] for name in ("before_on", "after_on", "before_image", "after_image")},
            **{name: spot[name] or "" for name in ("town_code", "village_code")},
            "issue": read.name,
            "spot_no": number,
            "edition": edition.number,
            "case_id": None if case is None else ids[case],
            "relation": observed.relation_of.get(number),
            "current": True,
            "spot": {key: value.isoformat() if isinstance(value, date) else value for key, value in spot.items()},
            "decision": read.decisions.get(number, []),
            "outline": one.outline,
        })
    if rows:
        session.execute(sa.insert(Finding.__table__), rows)  # type: ignore[arg-type]


def _ids_of(session: Session, numbers: set[str]) -> dict[str, int]:
    ids: dict[str, int] = {}
    for some in _chunks(sorted(numbers)):
        rows = session.execute(sa.select(Case.number, Case.id).where(Case.number.in_(some)))
        ids |= {row.number: row.id for row in rows}
    return ids


def _recheck(session: Session, edition: Edition, batch: Batch) -> dict[str, str]:
    """Look at every case in disposal on the images of the issue, and say what they show; nothing is closed by itself."""
    columns = (Case.id, Case.number, Case.kind, Case.outline, Case.entered_at)
    cases = session.execute(sa.select(*columns).where(Case.state.in_(RECHECKED)).order_by(Case.number)).all()
    signs = read_signs(session, {row.id: row.number for row in cases}, issue=edition.issue)
    starts = read_disposal_starts(session, [row.number for row in cases])
    shares = unseen_share([row.outline for row in cases], edition.unseen)
    batch.load([row.number for row in cases])
    outlooks: dict[str, str] = {}
    for row, share in zip(cases, shares, strict=True):
        found = recheck(
            kind=row.kind,
            outline=row.outline,
            disposed_since=starts[row.number],
            state_since=row.entered_at.astimezone(CHINA).date(),
            signs=signs.get(row.number, ()),
            image_on=edition.image_on,
            unseen_0_1=float(share),
        )
        if found is None:
            continue
        outlooks[row.number] = found.outlook
        facts = {"issue": edition.issue, "edition": edition.number, **found.as_facts()}
        asked = Act(
            action="observe" if found.proposal is None else "propose",
            actor=SYSTEM,
            note=f"{edition.issue} 期：{OUTLOOKS[found.outlook].zh}",
            values={"facts": facts},
            key=edition.key(row.number, "recheck"),
        )
        batch.act(row.number, asked)
    batch.write()
    return outlooks


def _write_intake(session: Session, read: IssueRead, taken: TakenIssue, *, actor: Actor, now: datetime) -> None:
    known = sa.select(Intake.id).where(Intake.purpose == "issue", Intake.sha256 == read.manifest_sha256)
    if session.scalar(known) is not None:
        return  # an edition that came back: its intake is on record
    result = {
        name: getattr(taken, name) for name in ("issue", "edition", "spots", "relations", "proposed", "rechecked")
    }
    counts = {
        name: len(getattr(taken, name)) for name in ("opened", "reopened", "withdrawn", "filed", "same", "revised")
    }
    session.add(
        Intake(
            purpose="issue",
            sha256=read.manifest_sha256,
            name=read.name,
            actor=actor.login,
            at=now,
            taken=taken.spots,
            refused=0,
            result={
                **result,
                **counts,
                "permitted": [asdict(one) | {"permits": list(one.permits)} for one in taken.permitted],
            },
        )
    )


def _chunks(values: Sequence[Any]) -> list[Sequence[Any]]:
    return [values[at : at + _AT_ONCE] for at in range(0, len(values), _AT_ONCE)]
