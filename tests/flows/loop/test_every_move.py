"""Four months in which scripted people make every move of the table, and each case ends where it should."""

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
import shapely
import sqlalchemy as sa

from rs_governance.cases import SYSTEM, TRANSITIONS, Act, Actor, act, clocks_of
from rs_governance.cases.life.rights import moving_roles
from rs_governance.cases.people.reminding import warn_of_terms
from rs_governance.cases.trail.audit import audit_store
from rs_governance.db import Event

TOWN = "town:450108100000"
WAY = ("detected", "screened", "dispatched", "verifying", "evidenced", "confirmed", "disposing", "rectified", "closed")
STEPS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "screened": ("accept", "interpreter", {}),
    "dispatched": ("dispatch", "interpreter", {"assignee": TOWN}),
    "verifying": ("start", "inspector", {}),
    "evidenced": ("submit", "inspector", {}),
    "returned": ("return", "checker", {"reason": "photo_missing"}),
    "confirmed": ("confirm", "checker", {"verdict": "illegal"}),
    "disposing": ("plan", "manager", {"measure": "rectify"}),
    "rectified": ("report_done", "manager", {}),
    "closed": ("pass", "checker", {"resolution": "demolished"}),
}
"""What leads into a state: action, who, with what."""

BEFORE_VERDICT = ("detected", "screened", "dispatched", "verifying", "evidenced", "returned")
# By the clocks that come with the program these states have no term that could be made longer.
WITHOUT_TERM = {("screened", "extend"), ("rectified", "extend")}


class Play:
    """The loop, with its people, on a day."""

    def __init__(self, loop: Any, people: dict[str, Actor], moment: Any) -> None:
        self.loop, self.people, self.moment = loop, {**people, "system": SYSTEM}, moment
        self.on = "2026-07-20"

    def do(self, number: str, action: str, who: str, *, reason: str | None = None, **values: Any) -> None:
        given = {"reason": reason, "note": "按程序办理", "evidence": self.loop.proof, "values": values}
        with self.loop.store.write() as session:
            asked = Act(action=action, actor=self.people[who], **given)  # type: ignore[arg-type]
            act(session, number, asked, now=self.moment(self.on), clocks=clocks_of(self.loop.store))

    def enter(self, number: str, state: str) -> None:
        action, who, values = STEPS[state]
        self.do(number, action, who, **values)

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
        by_role = {actor.role: who for who, actor in self.people.items()}
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


class Ground:
    """Spots of the first month, each on ground of its own, by the name of their story."""

    def __init__(self, loop: Any, places: Any) -> None:
        self.loop, self.places = loop, places
        self.numbers: dict[str, str] = {}
        self.outlines: dict[str, shapely.Polygon] = {}
        self.spots: list[dict[str, Any]] = []

    def add(self, name: str, *, beside: str | None = None, **facts: Any) -> None:
        serial = len(self.spots) + 1
        outline = (
            self.places(200.0 * serial, 0)
            if beside is None
            else shapely.affinity.translate(self.outlines[beside], 0, 35)
        )
        self.spots.append(self.loop.spot("2026-07", serial, outline, **facts))
        self.numbers[name], self.outlines[name] = self.spots[-1]["spot_no"], outline

    def again(self, issue: str, serial: int, name: str, **facts: Any) -> dict[str, Any]:
        spot: dict[str, Any] = self.loop.spot(issue, serial, self.outlines[name], **facts)
        return spot


@pytest.fixture(scope="module")
def story(make_loop, places, people, moment) -> Iterator[tuple[Any, dict[str, str]]]:
    """Play it, and return the loop and the numbers of the cases by their story."""
    loop = make_loop()
    play, ground = Play(loop, people, moment), Ground(loop, places)
    for name in ("aside", "aside_returned", "lawful", "spared", "referred", "reversed", "transferred", "forgotten",
                 "gone", "back"):  # fmt: skip
        ground.add(name)
    for name in ("agreed", "disagreed", "agreed_screened", "disagreed_screened"):
        ground.add(name, severity="red")
    for state in BEFORE_VERDICT:
        ground.add(f"withdrawn_{state}")
        ground.add(f"merged_{state}", beside=f"withdrawn_{state}")
        ground.add(f"split_{state}")
    numbers = ground.numbers
    loop.take("2026-07", *ground.spots)

    _july(play, numbers, ground.outlines)
    play.on = "2026-08-20"
    loop.take("2026-08", ground.again("2026-08", 1, "forgotten"))
    _august(play, numbers)
    play.on = "2026-09-20"
    loop.take("2026-09", ground.again("2026-09", 1, "back", kind="earthwork"))
    with loop.store.write() as session:
        warn_of_terms(session, now=moment("2026-09-25"), clocks=clocks_of(loop.store))
    play.on = "2026-10-20"
    loop.take("2026-10", ground.again("2026-10", 1, "gone", kind="demolition"))
    play.do(numbers["gone"], "pass", "checker", resolution="demolished")
    yield loop, numbers
    loop.store.close()


def _july(play: Play, numbers: dict[str, str], outlines: dict[str, shapely.Polygon]) -> None:
    for screened in ("", "_screened"):
        for name, answer in ((f"agreed{screened}", "agree"), (f"disagreed{screened}", "disagree")):
            if screened:
                play.enter(numbers[name], "screened")
            play.do(numbers[name], "reject", "interpreter", resolution="season")
            play.do(numbers[name], answer, "checker")
    for state in BEFORE_VERDICT:
        for story in ("withdrawn", "merged", "split"):
            play.bring(numbers[f"{story}_{state}"], state)
            play.free(numbers[f"{story}_{state}"])
        play.do(numbers[f"split_{state}"], "correct", "interpreter", correction={"kind": "road"})
        play.do(numbers[f"merged_{state}"], "merge", "manager", into=numbers[f"withdrawn_{state}"])
        west, south, east, north = outlines[f"split_{state}"].bounds
        middle = (west + east) / 2
        parts = (shapely.box(west, south, middle, north), shapely.box(middle, south, east, north))
        play.do(numbers[f"split_{state}"], "split", "manager", parts=parts)
        play.do(numbers[f"withdrawn_{state}"], "withdraw", "manager", resolution="approvals_complete")
    number = numbers["transferred"]
    for state in ("dispatched", "verifying", "returned"):
        play.bring(number, state)
        play.do(number, "transfer", "manager", assignee="chen")
    play.bring(number, "evidenced")
    play.do(number, "confirm", "checker", verdict="false_change")
    play.do(number, "close", "manager", resolution="season")


def _august(play: Play, numbers: dict[str, str]) -> None:
    for state in WAY:
        play.bring(numbers["aside"], state)
        play.move_aside(numbers["aside"])
    play.bring(numbers["aside_returned"], "returned")
    play.move_aside(numbers["aside_returned"])
    play.do(numbers["aside_returned"], "submit", "inspector")
    play.do(numbers["aside"], "reopen", "manager")

    play.bring(numbers["lawful"], "evidenced")
    play.do(numbers["lawful"], "confirm", "checker", verdict="lawful")
    play.do(numbers["lawful"], "close", "manager", resolution="approvals_complete")
    play.bring(numbers["spared"], "disposing")
    play.do(numbers["spared"], "spare", "manager")

    play.bring(numbers["referred"], "disposing")
    play.do(numbers["referred"], "plan", "manager", measure="refer")
    play.do(numbers["referred"], "proceed", "manager", step="file_prepared")
    for answer in ("decline_referral", "answer_referral"):
        play.do(numbers["referred"], "refer", "manager", referral="court")
        play.do(numbers["referred"], answer, "manager")

    for state in ("confirmed", "disposing", "rectified"):
        play.bring(numbers["reversed"], state)
        play.do(numbers["reversed"], "reverse", "manager")
    play.do(numbers["reversed"], "confirm", "checker", verdict="other")
    play.do(numbers["reversed"], "close", "manager", resolution="planting")

    play.bring(numbers["gone"], "rectified")
    play.do(numbers["gone"], "fail", "checker")
    play.enter(numbers["gone"], "rectified")
    play.bring(numbers["back"], "closed")


def test_every_move_of_the_table_was_made(story) -> None:
    loop, _ = story
    with loop.store.read() as session:
        columns = (Event.from_state, Event.action)
        made = {(state, action) for state, action in session.execute(sa.select(*columns)) if state is not None}
    assert set(TRANSITIONS) - made == WITHOUT_TERM
    assert made - set(TRANSITIONS) == set()


def test_every_case_ends_where_it_should(story) -> None:
    loop, numbers = story
    ends = {name: loop.case(number) for name, number in numbers.items()}
    told = {name: (case["state"], case["resolution"]) for name, case in ends.items()}
    expected = {
        "aside": ("screened", None),
        "aside_returned": ("evidenced", None),
        "lawful": ("closed", "approvals_complete"),
        "spared": ("closed", "spared"),
        "referred": ("closed", "referral_answered"),
        "reversed": ("closed", "planting"),
        "transferred": ("closed", "season"),
        "forgotten": ("detected", None),
        "gone": ("closed", "demolished"),
        "back": ("screened", None),
        "agreed": ("closed", "season"),
        "agreed_screened": ("closed", "season"),
        "disagreed": ("screened", None),
        "disagreed_screened": ("screened", None),
    }
    for state in BEFORE_VERDICT:
        expected |= {
            f"withdrawn_{state}": ("closed", "approvals_complete"),
            f"merged_{state}": ("closed", "merged"),
            f"split_{state}": ("closed", "split"),
        }
    assert told == expected
    assert (ends["back"]["severity"], ends["back"]["recurrence"]) == ("red", 1), "work is back on a closed spot"
    assert ends["forgotten"]["warned"] >= 2, "nobody looked at it: escalated"
    assert ends["forgotten"]["last_seen_on"] == date(2026, 8, 14)
    # In September the image showed it unchanged, in October gone.
    assert [facts["proposal"] for facts in loop.proposals(numbers["gone"])] == ["fail", "pass"]
    assert {ends[f"merged_{state}"]["merged_into"] for state in BEFORE_VERDICT} == {
        numbers[f"withdrawn_{state}"] for state in BEFORE_VERDICT
    }


def test_the_record_of_it_all_is_whole(story) -> None:
    loop, _ = story
    assert audit_store(loop.store, [], {}).defects == ()
