"""A store, people, and issues that are made by hand, to play the loop without images."""

import hashlib
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pyproj
import pytest
import shapely

from rs_governance.cases import SYSTEM, Act, Actor, act, clocks_of, events_of, facts_of, find_case
from rs_governance.cases.life.rights import moving_roles
from rs_governance.db import Person, Store, create_store, open_store
from rs_governance.db.evidence import keep_evidence
from rs_governance.flows.issue_folder import IssueRead
from rs_governance.flows.month import run_month
from rs_governance.flows.take_issue import TakenIssue, take_read

SAMPLE = Path(__file__).resolve().parents[3] / "sample_tiles"
MONTHS = ("2026-07", "2026-08", "2026-09", "2026-10")
EAST, NORTH = 541_000.0, 2_511_000.0

PEOPLE = {
    "interpreter": Actor(login="wang", name="王", role="interpreter", prefix="450108"),
    "checker": Actor(login="zhao", name="赵", role="quality_checker", prefix="450108"),
    "manager": Actor(login="li", name="李", role="district_manager", prefix="450108"),
    "inspector": Actor(login="chen", name="陈", role="town_inspector", prefix="450108100"),
    "officer": Actor(login="sun", name="孙", role="enforcement_officer", prefix="450108"),
}


def square(x: float, y: float, side: float = 30.0) -> shapely.Polygon:
    return shapely.box(EAST + x, NORTH + y, EAST + x + side, NORTH + y + side)


class Loop:
    """A store and short words for what is done to it."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.proof = (keep_evidence(store, b"proof", ".txt"),)

    def spot(self, issue: str, serial: int, outline: shapely.Geometry, **facts: Any) -> dict[str, Any]:
        after_on = date.fromisoformat(f"{issue[:7]}-14")
        point = _to_degrees(outline.representative_point())
        known = {
            "spot_no": f"450108-{issue.replace('-', '')}-{serial:04d}", "finding_id": f"f{serial:06d}", "issue": issue,
            "district_code": "450108", "basis": "monthly", "kind": "new_building", "stage": "main_structure",
            "theme": "illegal_construction", "suspicion": "suspected", "severity": "yellow", "rule": "yellow_construction",
            "reason_zh": "新增建筑物", "department": "natural_resources", "town_code": "450108100000",
            "village_code": "450108100201", "cell_code": "450108100201002", "area_m2": round(outline.area, 2),
            "cropland_m2": 0.0, "basic_cropland_m2": 0.0, "protected_m2": None, "permit_register": None,
            "permit_number": None, "lon": point[0], "lat": point[1], "before_on": after_on - timedelta(days=30),
            "after_on": after_on, "before_image": "a", "after_image": "b", "score": 0.8, "land_code": "0101",
            "ndvi_before": 0.5, "ndvi_after": 0.1, "outline": outline,
        }  # fmt: skip
        return {**known, **facts}

    def issue(
        self, name: str, *spots: dict[str, Any], unseen: shapely.Geometry | None = None, again: str = ""
    ) -> IssueRead:
        rows = [dict(spot) for spot in spots]
        outlines = [shapely.MultiPolygon([row.pop("outline")]) for row in rows]
        return IssueRead(
            name=name,
            district_code="450108",
            manifest_sha256=hashlib.sha256(f"{name}{again}".encode()).hexdigest(),
            statistics={"first_image_on": f"{name[:7]}-14"},
            image_on=date.fromisoformat(f"{name[:7]}-14"),
            spots=rows,
            outlines=outlines,
            decisions={},
            unseen=unseen,
            scenes=(),
            coverage=[],
        )

    def take(self, name: str, *spots: dict[str, Any], on: str | None = None, **more: Any) -> TakenIssue:
        now = at(on or f"{name[:7]}-20")
        clocks = clocks_of(self.store)
        with self.store.write() as session:
            read = self.issue(name, *spots, **more)
            return take_read(session, read, now=now, actor=SYSTEM, clocks=clocks)

    def do(self, number: str, action: str, who: str, on: str, **given: Any) -> None:
        clocks = clocks_of(self.store)
        with self.store.write() as session:
            act(session, number, Act(action=action, actor=PEOPLE[who], **given), now=at(on), clocks=clocks)

    def dispose(self, number: str, on: str) -> None:
        """Bring a new case to its disposal."""
        self.do(number, "accept", "interpreter", on)
        self.do(number, "dispatch", "interpreter", on, values={"assignee": "town:450108100000"})
        self.do(number, "start", "inspector", on)
        self.do(number, "submit", "inspector", on, evidence=self.proof)
        self.do(number, "confirm", "checker", on, values={"verdict": "illegal"})
        self.do(number, "plan", "manager", on, values={"measure": "rectify"})

    def close(self, number: str, on: str, resolution: str = "demolished") -> None:
        """Close a case in disposal."""
        self.do(number, "report_done", "manager", on, evidence=self.proof)
        self.do(number, "pass", "checker", on, values={"resolution": resolution})

    def case(self, number: str) -> dict[str, Any]:
        with self.store.read() as session:
            return facts_of(find_case(session, number))

    def events(self, number: str) -> list[Any]:
        with self.store.read() as session:
            return events_of(session, number)

    def proposals(self, number: str) -> list[dict[str, Any]]:
        return [event.facts for event in self.events(number) if event.action == "propose"]


def at(day: str) -> datetime:
    return datetime.combine(date.fromisoformat(day), time(1), UTC)


def _to_degrees(point: shapely.Point) -> tuple[float, float]:
    way = pyproj.Transformer.from_crs(4545, 4490, always_xy=True)
    x, y = way.transform(point.x, point.y)
    return round(x, 7), round(y, 7)


TOWN = "450108100000"
SECOND = Actor(login="liang", name="梁", role="town_inspector", prefix="450108101")
WAY = ("detected", "screened", "dispatched", "verifying", "evidenced", "confirmed", "disposing", "rectified", "closed")
STEPS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "screened": ("accept", "interpreter", {}),
    "dispatched": ("dispatch", "interpreter", {}),
    "verifying": ("start", "inspector", {}),
    "evidenced": ("submit", "inspector", {}),
    "returned": ("return", "checker", {"reason": "photo_missing"}),
    "confirmed": ("confirm", "checker", {"verdict": "illegal"}),
    "disposing": ("plan", "manager", {"measure": "rectify"}),
    "rectified": ("report_done", "manager", {}),
    "closed": ("pass", "checker", {"resolution": "demolished"}),
}
"""What leads into a state: action, who, with what; a dispatch is to the town of the case."""


# By the clocks that come with the program these states have no term that could be made longer.
WITHOUT_TERM = {("screened", "extend"), ("rectified", "extend")}


class Play:
    """The loop, with its people, on a day."""

    def __init__(self, loop: Any, people: dict[str, Actor], moment: Any) -> None:
        self.loop, self.people, self.moment = loop, {**people, "second": SECOND, "system": SYSTEM}, moment
        self.on = "2026-07-20"

    def do(self, number: str, action: str, who: str, *, reason: str | None = None, **values: Any) -> None:
        given = {"reason": reason, "note": "按程序办理", "evidence": self.loop.proof, "values": values}
        with self.loop.store.write() as session:
            asked = Act(action=action, actor=self.people[who], **given)  # type: ignore[arg-type]
            act(session, number, asked, now=self.moment(self.on), clocks=clocks_of(self.loop.store))

    def inspector_of(self, number: str) -> str:
        """Return who goes out in the town of a case."""
        return "inspector" if self.loop.case(number)["town_code"] == TOWN else "second"

    def enter(self, number: str, state: str) -> None:
        action, who, values = STEPS[state]
        if state == "dispatched":
            values = {"assignee": f"town:{self.loop.case(number)['town_code']}"}
        self.do(number, action, self.inspector_of(number) if who == "inspector" else who, **values)

    def bring(self, number: str, state: str) -> None:
        """Bring a case from where it is into a state, on the usual way."""
        if state == "returned":
            self.bring(number, "evidenced")
            self.enter(number, "returned")
            return
        here = WAY.index(self.loop.case(number)["state"])
        for following in WAY[here + 1 : WAY.index(state) + 1]:
            self.enter(number, following)

    def free(self, number: str) -> None:
        """Let whoever has a case in hand let it go."""
        holder = self.loop.case(number)["holder"]
        if holder is not None:
            self.do(number, "release", next(who for who, actor in self.people.items() if actor.login == holder))

    def move_aside(self, number: str) -> None:
        """Do to a case all that changes nothing of its state."""
        state = self.loop.case(number)["state"]
        self.free(number)
        self.do(number, "comment", "manager")
        self.do(number, "respond", "system")
        self.do(number, "rate", "system", rating=4)
        self.do(number, "observe", "system", facts={"seen": True})
        if state == "closed":
            return
        by_role = {actor.role: who for who, actor in self.people.items()} | {
            "town_inspector": self.inspector_of(number)
        }
        who = next(by_role[role] for role in sorted(moving_roles(state), reverse=True) if role in by_role)
        self.do(number, "take", who)
        self.do(number, "release", who)
        self.do(number, "assign", "manager", assignee=self.people[who].login)
        self.do(number, "release", who)
        if (state, "extend") not in WITHOUT_TERM:
            self.do(number, "extend", "manager", days=1)
        self.do(number, "propose", "system", facts={"proposal": "pass"})
        self.do(number, "remind", "system", level=1)
        self.do(number, "escalate", "manager")


@pytest.fixture(scope="session")
def to_degrees() -> Callable[[shapely.Point], tuple[float, float]]:
    return _to_degrees


@pytest.fixture(scope="session")
def places() -> Callable[..., shapely.Polygon]:
    return square


@pytest.fixture(scope="session")
def people() -> dict[str, Actor]:
    return PEOPLE


@pytest.fixture(scope="session")
def moment() -> Callable[[str], datetime]:
    return at


@pytest.fixture(scope="session")
def make_loop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], Loop]]:
    """Return a function that makes an empty store: a copy of one that was made before, which is quicker."""
    base = tmp_path_factory.mktemp("loop")
    empty = create_store(
        base / "empty",
        district_code="450108",
        district_name="良庆区",
        crs=pyproj.CRS(4545),
        now=at("2026-06-01"),
        store_id="450108-loop",
    )
    with empty.write() as session:
        for actor in PEOPLE.values():
            session.add(
                Person(
                    login=actor.login, name=actor.name, role=actor.role, prefix=actor.prefix, themes=[], department=None,
                    email=None, capacity=8, active=True,
                )
            )  # fmt: skip
    empty.close()
    made: list[Loop] = []

    def make() -> Loop:
        folder = base / f"store{len(made)}"
        shutil.copytree(empty.folder, folder)
        made.append(Loop(open_store(folder)))
        return made[-1]

    yield make
    for loop in made:
        loop.store.close()


@pytest.fixture(scope="session")
def issues(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The four months of the sample district, published once without pictures."""
    folder = tmp_path_factory.mktemp("issues")
    for month in MONTHS:
        run_month(SAMPLE, month=month, out=folder, pictures=False)
    return folder


@pytest.fixture
def loop(make_loop: Callable[[], Loop]) -> Loop:
    return make_loop()
