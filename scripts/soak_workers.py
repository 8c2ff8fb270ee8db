"""What the processes of `soak.py` do to a store, and the store that they do it to."""

import base64
import hashlib
import json
import random
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyproj
import shapely

from rs_governance.cases import SYSTEM, Act, Actor, Clocks, Opening, act, find_case, open_case, read_clocks
from rs_governance.db import Person, Photo, Store, create_store, keep_evidence, open_store
from rs_governance.db.copying import back_up
from rs_governance.db.migrating import upgrade_store
from rs_governance.db.migrations import __file__ as migrations_file
from rs_governance.errors import ActionRefused, CaseConflict
from rs_governance.field.package import Wanted, export_tasks
from rs_governance.field.questions import read_questions
from rs_governance.field.returns import Taken, take_return
from rs_governance.flows.clues import take_clues
from rs_governance.flows.issue_folder import IssueRead
from rs_governance.flows.take_issue import take_read

NOW = datetime(2026, 10, 20, 1, 0, tzinfo=UTC)
CLOCKS = Clocks(by_state=read_clocks())
MANAGER = Actor(login="manager", name="管理员", role="district_manager", prefix="450108")
INSPECTOR = "inspector"
CASES = 24
CLUES = 20
"""Clues in a file of clues."""
SPOTS = 12
"""Spots in an issue."""
RETURNED = 3
"""Cases in a return."""


@dataclass(frozen=True, kw_only=True)
class Task:
    """What a process that will be killed is given."""

    folder: Path
    """Folder of the store."""
    work: Path
    """Folder for what it makes outside."""
    start: int
    """Number of the process."""
    tell: Callable[[str], None]
    """Told of each piece of work that is done for good."""


_NEXT_STEP = """
import sqlalchemy as sa
from alembic import op

revision = "9999"
down_revision = "{head}"


def upgrade():
    for table in ("cases", "events", "photos"):
        with op.batch_alter_table(table, recreate="always") as batch:
            batch.add_column(sa.Column("soaked", sa.Text()))
"""


def make_store(folder: Path, cases: int = CASES) -> None:
    """Make a store with cases, each opened and handed to an inspector."""
    store = create_store(
        folder,
        district_code="450108",
        district_name="良庆区",
        crs=pyproj.CRS("EPSG:4545"),
        now=NOW,
        store_id="450108-soak",
    )
    with store.write() as session:
        for login, role, prefix in (
            (MANAGER.login, MANAGER.role, "450108"),
            (INSPECTOR, "town_inspector", "450108101"),
        ):
            session.add(Person(login=login, name=login, role=role, prefix=prefix, themes=[], capacity=8, active=True))
    for number in range(cases):
        open_dispatched(store, f"C{number:03}", number)
    store.close()


def open_dispatched(store: Store, number: str, place: int) -> None:
    """Open a case and hand it to the inspector."""
    x, y = 500_000 + 200 * place, 2_500_000
    facts: dict[str, Any] = {
        "channel": "satellite", "severity": "red", "suspicion": "suspected", "theme": "farmland",
        "kind": "new_building", "department": "agriculture", "district_code": "450108", "town_code": "450108101",
        "village_code": "450108101001", "cell_code": "", "first_seen_on": date(2026, 10, 1),
        "last_seen_on": date(2026, 10, 1), "area_m2": 300.0, "lon": 108.0 + place / 500, "lat": 22.6,
        "outline": shapely.box(x, y, x + 20, y + 15),
    }  # fmt: skip
    handed = Act(action="dispatch", actor=MANAGER, values={"assignee": INSPECTOR})
    with store.write() as session:
        open_case(session, Opening(number=number, facts=facts), actor=SYSTEM, now=NOW, clocks=CLOCKS)
    for asked in (Act(action="accept", actor=MANAGER), handed):
        with store.write() as session:
            act(session, number, asked, now=NOW, clocks=CLOCKS)


def make_steps(folder: Path, head: str) -> None:
    """Write migrations that go one step further than the program's: every big table is rebuilt."""
    ours = Path(migrations_file).parent
    shutil.copytree(ours, folder, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "versions" / "9999_soak.py").write_text(_NEXT_STEP.format(head=head))


def act_often(folder: Path, log: Path, worker: int, acts: int) -> None:
    """Act on cases that seven others act on too; every act and what became of it is one line of the log."""
    rng = random.Random(worker)
    store = open_store(folder)
    actor = Actor(login=f"p{worker}", name=f"p{worker}", role="district_manager", prefix="450108")
    with log.open("a", buffering=1) as told:
        for count in range(acts):
            number, key = f"C{rng.randrange(CASES):03}", f"{worker}-{count}"
            with store.read() as session:
                version = find_case(session, number).version if rng.random() < 0.5 else None
            asked = rng.choice([
                Act(action="take", actor=actor, version=version, key=key),
                Act(action="release", actor=actor, version=version, key=key),
                Act(action="comment", actor=actor, version=version, note=f"第 {count} 次", key=key),
                Act(action="extend", actor=actor, version=version, note="雨", values={"days": 1}, key=key),
            ])
            times = 2 if rng.random() < 0.1 else 1  # somebody pressed the button twice
            for _ in range(times):
                print(_outcome(store, number, asked), number, key, file=told)


def _outcome(store: Store, number: str, asked: Act) -> str:
    try:
        with store.write() as session:
            act(session, number, asked, now=NOW, clocks=CLOCKS)
    except CaseConflict:
        return "conflict"
    except ActionRefused:
        return "refused"
    return "done"


def keep_acting(task: Task) -> None:
    """Act with evidence: keep a photo, enter it, tell of it in the case."""
    store, rng = open_store(task.folder), random.Random(task.start)
    for count in range(10_000):
        key = f"act-{task.start}-{count}"
        sha256 = keep_evidence(store, f"photo {key}".encode() * 3000, ".jpg")
        number = f"C{rng.randrange(CASES):03}"
        with store.write() as session:
            asked = Act(action="respond", actor=SYSTEM, note="照片", evidence=(sha256,), key=key)
            act(session, number, asked, now=NOW, clocks=CLOCKS)
            session.add(
                Photo(
                    case_number=number, sha256=sha256, name=f"{key}.jpg", note="", trust="good", reasons=[], facts={},
                    taken_in=key,
                )
            )  # fmt: skip
        task.tell(f"{key} {sha256}")


def keep_taking(task: Task) -> None:
    """Take in files of clues, each all or nothing."""
    for count in range(10_000):
        name = f"clues-{task.start}-{count}"
        rows = [
            f"{name}-{row},2026-10-19,{108 + row / 1000:.6f},{22.6 + task.start % 50 / 1000:.6f},占地"
            for row in range(CLUES)
        ]
        file = task.work / f"{name}.csv"
        file.write_text("\n".join(["编号,受理日期,经度,纬度,内容", *rows]) + "\n", "utf-8")
        taken = take_clues(task.folder, file, channel="hotline", now=NOW, actor=MANAGER)
        task.tell(f"{name} {taken.sha256}")


def keep_backing_up(task: Task) -> None:
    """Make backups."""
    store = open_store(task.folder)
    for count in range(10_000):
        made = back_up(store, task.work, now=NOW + timedelta(days=task.start, seconds=count))
        task.tell(made.folder.name)


def keep_exporting(task: Task) -> None:
    """Hand out packages of tasks."""
    store, questions = open_store(task.folder), read_questions()
    for count in range(10_000):
        wanted = Wanted(to=INSPECTOR, formats=("geojson",))
        out = task.work / f"package-{task.start}-{count}"
        made = export_tasks(store, wanted, out, actor=MANAGER, now=NOW, clocks=CLOCKS, questions=questions)
        task.tell(f"{made.handout.number} {out.name}")


def keep_taking_issues(task: Task) -> None:
    """Take in issues, each in one write: half of their spots are those of the issue before."""
    store = open_store(task.folder)
    for count in range(12):
        image_on = date(2030 + task.start, count + 1, 14)
        now = datetime(image_on.year, image_on.month, 20, tzinfo=UTC)
        with store.write() as session:
            taken = take_read(session, _issue(image_on), now=now, actor=SYSTEM, clocks=CLOCKS)
        task.tell(taken.issue)


def _issue(image_on: date) -> IssueRead:
    name = f"{image_on:%Y-%m}"
    places = [*range(SPOTS // 2), *(100 * image_on.year + 10 * image_on.month + each for each in range(SPOTS // 2))]
    outlines = [
        shapely.MultiPolygon([shapely.box(510_000 + 60 * x, 2_510_000, 510_030 + 60 * x, 2_510_030)]) for x in places
    ]
    spots = [
        {
            "spot_no": f"450108-{name.replace('-', '')}-{serial:04}", "finding_id": f"f{serial}", "issue": name,
            "district_code": "450108", "basis": "monthly", "kind": "new_building", "stage": "main_structure",
            "theme": "illegal_construction", "suspicion": "suspected", "severity": "yellow", "rule": "yellow_construction",
            "reason_zh": "新增建筑物", "department": "natural_resources", "town_code": "450108101000",
            "village_code": "450108101001", "cell_code": "", "area_m2": 900.0, "cropland_m2": 0.0,
            "basic_cropland_m2": 0.0, "protected_m2": None, "permit_register": None, "permit_number": None, "lon": 108.1,
            "lat": 22.7, "before_on": image_on - timedelta(days=30), "after_on": image_on, "before_image": "a",
            "after_image": name, "score": 0.8, "land_code": "0101", "ndvi_before": 0.5, "ndvi_after": 0.1,
        }
        for serial in range(1, SPOTS + 1)
    ]  # fmt: skip
    return IssueRead(
        name=name, district_code="450108", manifest_sha256=hashlib.sha256(name.encode()).hexdigest(),
        statistics={"first_image_on": image_on.isoformat()}, image_on=image_on, spots=spots, outlines=outlines,
        decisions={}, unseen=None, scenes=(), coverage=[],
    )  # fmt: skip


def keep_returning(task: Task) -> None:
    """Take in returns of cases that were handed out for them: photos first, then each case by itself, then the entry."""
    store = open_store(task.folder)
    for count in range(10_000):
        numbers = [f"R{task.start:03}-{count}-{place}" for place in range(RETURNED)]
        for number in numbers:
            open_dispatched(store, number, task.start)
        file = task.work / f"return-{task.start}-{count}.json"
        partial = file.with_suffix(".part")
        partial.write_text(json.dumps(_return_of(numbers), ensure_ascii=False), "utf-8")
        partial.rename(file)
        take_in(store, file)
        task.tell(file.name)


def take_in(store: Store, file: Path) -> Taken:
    """Take a return in."""
    return take_return(store, file, importer=MANAGER, inspector=None, now=NOW + timedelta(hours=8), clocks=CLOCKS)


def _return_of(numbers: Sequence[str]) -> dict[str, Any]:
    cases = []
    for number in numbers:
        photo = {"name": f"{number}.jpg", "data": base64.b64encode(f"photo {number}".encode() * 3000).decode()}
        cases.append({"number": number, "note": "在建", "answers": {}, "verdict": "illegal", "photos": [photo]})
    return {"format": "rs_governance.return", "version": 1, "receiver": INSPECTOR, "cases": cases}


def upgrade_once(task: Task) -> None:
    """Upgrade a store by the steps of `make_steps`."""
    upgrade_store(task.folder, backups=task.work, now=NOW, migrations=str(task.work / "steps"), schema="9999")
    task.tell("upgraded")


VICTIMS: dict[str, Callable[[Task], None]] = {
    "acts": keep_acting,
    "take-ins": keep_taking,
    "backups": keep_backing_up,
    "exports": keep_exporting,
    "issues": keep_taking_issues,
    "returns": keep_returning,
    "migrations": upgrade_once,
}
"""What a process that will be killed does, by its name."""


def be_victim(name: str, folder: Path, work: Path, log: Path, start: int) -> None:
    """Do it until killed, telling the log of what is done for good."""
    with log.open("a", buffering=1) as told:
        print("begin", file=told)
        tell = lambda text: print("done", text, file=told)  # noqa: E731
        VICTIMS[name](Task(folder=folder, work=work, start=start, tell=tell))
