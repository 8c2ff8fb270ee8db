"""Every state with every action by every role; and any sequence of acts at all."""

import shutil
import tempfile
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any, ClassVar

import pytest
import shapely
import sqlalchemy as sa
from hypothesis import HealthCheck, Phase, note, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from rs_governance.cases import (
    ACTIONS,
    GENESIS,
    MEASURES,
    REFERRALS,
    RESOLUTIONS,
    RETURN_REASONS,
    ROLES,
    STATES,
    STEPS,
    TRANSITIONS,
    Act,
    Actor,
    Clocks,
    decide,
    facts_of,
    read_clocks,
    replay,
    seal,
    to_plain,
)
from rs_governance.cases.life.acting import first_facts
from rs_governance.cases.life.asking import Place
from rs_governance.cases.life.needs import resolutions_for
from rs_governance.cases.life.rights import moving_roles, why_not
from rs_governance.cases.people.reminding import warn_of_terms
from rs_governance.db import Case, Event
from rs_governance.db.chain import SEALED, as_stored
from rs_governance.db.recording import NO_CASE
from rs_governance.errors import ActionRefused, CaseConflict, UsageError

from .conftest import NOW, OTHER_TOWN, PEOPLE, PROOF, TO_CLOSED, TO_EVIDENCED, TOWN, open_play, opening

CLOCKS = Clocks(by_state=read_clocks())
BOX = shapely.box(541_000, 2_511_000, 541_020, 2_511_015)
HALVES = [shapely.box(541_000, 2_511_000, 541_010, 2_511_015), shapely.box(541_010, 2_511_000, 541_020, 2_511_015)]

# What people read in the district's manual, written down a second time: (state, action) to the state after it.
FORWARD = {
    ("detected", "accept"): "screened",
    ("detected", "reject"): "closed",
    ("detected", "agree"): "closed",
    ("detected", "disagree"): "screened",
    ("screened", "reject"): "closed",
    ("screened", "agree"): "closed",
    ("screened", "disagree"): "screened",
    ("screened", "dispatch"): "dispatched",
    ("dispatched", "start"): "verifying",
    ("verifying", "submit"): "evidenced",
    ("returned", "submit"): "evidenced",
    ("evidenced", "return"): "returned",
    ("evidenced", "confirm"): "confirmed",
    ("confirmed", "close"): "closed",
    ("confirmed", "plan"): "disposing",
    ("disposing", "answer_referral"): "closed",
    ("disposing", "report_done"): "rectified",
    ("disposing", "spare"): "closed",
    ("rectified", "pass"): "closed",
    ("rectified", "fail"): "disposing",
    ("closed", "reopen"): "screened",
    **{(state, "transfer"): "dispatched" for state in ("dispatched", "verifying", "returned")},
    **{(state, "reverse"): "evidenced" for state in ("confirmed", "disposing", "rectified")},
    **{
        (state, action): "closed"
        for state in ("detected", "screened", "dispatched", "verifying", "evidenced", "returned")
        for action in ("withdraw", "merge", "split")
    },
}
"""Every act that changes the state; all others leave it."""


def fitting(state: str, action: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return fields of a case, and values, with which nothing but the state or the role can forbid an action."""
    fields: dict[str, Any] = {"state": state, "due_on": date(2026, 12, 1)}
    if action in ("agree", "disagree"):
        fields["pending"] = "reject:season:somebody"
    if action in ("answer_referral", "decline_referral"):
        fields["pending"] = "refer:court:somebody"
    if action == "release":
        fields["holder"] = "me"
    if state == "confirmed":
        fields["verdict"] = "lawful" if action == "close" else "illegal"
    if state == "disposing":
        fields["measure"] = "rectify"
    if state == "dispatched":
        fields["assignee"] = "me"
    resolution = {"close": "homestead", "pass": "demolished"}.get(action, "homestead")
    values = {
        "resolution": resolution, "verdict": "lawful", "assignee": "you", "measure": "rectify", "step": "notice_served",
        "referral": "court", "into": "other", "parts": HALVES, "correction": {"kind": "road"}, "days": 3, "rating": 5,
    }  # fmt: skip
    return fields, values


def test_every_state_action_and_role() -> None:
    base = first_facts(opening(), now=NOW, clocks=CLOCKS)
    for state in STATES:
        for action in ACTIONS:
            fields, values = fitting(state, action)
            for role in ROLES:
                actor = Actor(login="me", name="me", role=role, prefix="450108")
                move = TRANSITIONS.get((state, action))
                needs = () if move is None else move.needs
                asked = Act(
                    action=action,
                    actor=actor,
                    reason="photo_missing" if "reason" in needs else None,
                    note="x",
                    evidence=(PROOF,),
                    values={name: value for name, value in values.items() if name in needs},
                )
                case = {**base, **fields}
                if move is None or role not in move.roles:
                    known = "is not possible" if move is None else "is not for the role"
                    with pytest.raises(ActionRefused, match=known):
                        decide(case, asked, now=NOW, clocks=CLOCKS, measure=measure)
                elif action == "take" and role not in moving_roles(state):
                    with pytest.raises(ActionRefused, match="cannot move it on"):
                        decide(case, asked, now=NOW, clocks=CLOCKS, measure=measure)
                else:
                    decision = decide(case, asked, now=NOW, clocks=CLOCKS, measure=measure)
                    assert decision.to == FORWARD.get((state, action), state), (state, action, role)
                    assert decision.changes.get("state", state) == decision.to


def measure(_: shapely.Geometry) -> Place:
    return Place(108.4, 22.7, 300.0)


def test_the_table_moves_as_the_manual_says() -> None:
    moving = {key: move.to for key, move in TRANSITIONS.items() if move.to is not None}
    assert moving == FORWARD


@pytest.mark.parametrize(("state", "action"), sorted(TRANSITIONS))
def test_every_need_is_asked_for(state, action) -> None:
    base = first_facts(opening(), now=NOW, clocks=CLOCKS)
    move = TRANSITIONS[state, action]
    fields, values = fitting(state, action)
    actor = Actor(login="me", name="me", role=move.roles[0], prefix="450108")
    given = {"reason": "photo_missing", "note": "x", "evidence": (PROOF,)}
    for need in move.needs:
        less = {name: value for name, value in given.items() if name != need}
        asked = Act(
            action=action,
            actor=actor,
            values={name: value for name, value in values.items() if name != need},
            **less,
        )
        with pytest.raises(ActionRefused, match=f"needs {need}"):
            decide({**base, **fields}, asked, now=NOW, clocks=CLOCKS)


class Cases(RuleBasedStateMachine):
    """Anybody does anything to any of a few cases, in any order, while days pass."""

    template: Path
    reached: ClassVar[set[str]] = set()

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.play = open_play(Path(shutil.copytree(self.template, self.folder / "store")))
        self.seen: dict[str, dict[str, Any]] = {}
        self.count = 0

    @initialize(random=st.randoms(use_true_random=True))
    def begin(self, random: Random) -> None:
        for place in range(4):
            number = f"c{place}"
            self.play.open(number, severity=random.choice(["red", "yellow", "green"]))
            # Some way along already, so that every state is reached often.
            script = random.choice([
                TO_CLOSED,
                TO_CLOSED,
                (*TO_EVIDENCED, ("return", "zhao", {"reason": "photo_missing"})),
            ])
            for action, login, *more in script[: random.randint(0, len(script))]:
                self.play.do(action, login, number, **(more[0] if more else {}))
        self.look()

    def look(self) -> int:
        """Read all cases; return the number of events."""
        with self.play.store.read() as session:
            self.seen = {case.number: facts_of(case) for case in session.scalars(sa.select(Case))}
            self.count = int(session.scalar(sa.select(sa.func.max(Event.id))) or 0)
        self.reached |= {case["state"] for case in self.seen.values()}
        return self.count

    def attempt(self, number: str, action: str, login: str, more: Mapping[str, Any]) -> None:
        before, case, count = self.seen, self.seen[number], self.count
        actor, move = self.play.actors[login], TRANSITIONS.get((case["state"], action))
        try:
            event = self.play.do(action, login, number, **more)
        except (ActionRefused, CaseConflict, UsageError) as error:
            note(f"{login} {action} {number}: {error}")
            assert self.look() == count
            assert self.seen == before
            return
        note(f"{login} {action} {number}: done")
        assert move is not None, "not in the table"
        assert actor.role in move.roles
        if "holder" in move.guards:
            assert case["holder"] in (None, login), "somebody else's case"
        if actor.role != "system" and action != "release":
            assert not actor.themes or case["theme"] in actor.themes
            assert why_not(case, actor) is None
        assert self.look() > count
        after = self.seen[number]["state"]
        assert (event.from_state, event.to_state) == (case["state"], after)
        pended = action == "reject" and self.seen[number]["pending"] is not None
        assert after == (case["state"] if pended else FORWARD.get((case["state"], action), case["state"]))

    def values(self, random: Random, number: str, action: str) -> dict[str, Any]:
        """Draw what an action needs, mostly what fits."""
        case = self.seen[number]
        resolutions = sorted(RESOLUTIONS)
        if action in ("reject", "withdraw", "close", "pass"):
            resolutions = [*resolutions_for(action, case["verdict"], "system"), "merged"]
        logins = [login for login, (role, *_) in PEOPLE.items() if role in moving_roles(case["state"])] or ["li"]
        receivers = [f"town:{TOWN}", f"town:{OTHER_TOWN}", "department:agriculture", "chen", "liu", "ling"]
        drawn: dict[str, list[Any]] = {
            "resolution": resolutions,
            "verdict": ["illegal", "illegal", "illegal", "lawful", "other", "false_change"],
            "assignee": logins if action == "assign" else receivers,
            "measure": sorted(MEASURES),
            "step": sorted(STEPS.get(case["measure"], ())) or ["cleared"],
            "referral": sorted(REFERRALS),
            "into": sorted(self.seen),
            "parts": [HALVES],
            "correction": [{"kind": "road"}, {"severity": "red"}, {"outline": BOX.buffer(2)}],
            "days": [1, 5, 20],
            "rating": [1, 5],
        }
        needs: set[str] = {need for (_, known), move in TRANSITIONS.items() if known == action for need in move.needs}
        given: dict[str, Any] = {name: random.choice(drawn[name]) for name in sorted(needs & set(drawn))}
        if action in ("observe", "propose", "reopen"):
            seen = [{"severity": "red"}, {"area_m2": 400.0, "kind": "earthwork"}, {"relation": "growing"}]
            given["fields"] = random.choice(seen)
        if action == "return":
            given["reason"] = random.choice(sorted(RETURN_REASONS))
        return given | {"note": "x", "evidence": (PROOF,)}

    @rule(random=st.randoms(use_true_random=True))
    def anything(self, random: Random) -> None:
        number, action = random.choice(sorted(self.seen)), random.choice(sorted(ACTIONS))
        login = random.choice(sorted(self.play.actors))
        self.attempt(number, action, login, self.values(random, number, action))

    @rule(random=st.randoms(use_true_random=True))
    def something_sensible(self, random: Random) -> None:
        for _ in range(10):
            number = random.choice(sorted(self.seen))
            case = self.seen[number]
            table = random.choice([FORWARD, TRANSITIONS])
            action = random.choice([action for at, action in table if at == case["state"]])
            roles = TRANSITIONS[case["state"], action].roles
            able = [
                login for login, actor in self.play.actors.items() if actor.role in roles and not why_not(case, actor)
            ]
            login = case["holder"] if case["holder"] in able else random.choice(able or ["li"])
            self.attempt(number, action, login, self.values(random, number, action))

    @rule(data=st.data(), login=st.sampled_from(["wang", "li"]))
    def with_a_version_seen_before(self, data: st.DataObject, login: str) -> None:
        number = data.draw(st.sampled_from(sorted(self.seen)))
        version = self.seen[number]["version"]
        stale = data.draw(st.integers(0, version - 1))
        before, count = self.seen, self.count
        with pytest.raises(CaseConflict):
            self.play.do("comment", login, number, note="x", version=stale)
        assert (self.look(), self.seen) == (count, before)

    @rule(data=st.data())
    def twice_with_one_key(self, data: st.DataObject) -> None:
        number = data.draw(st.sampled_from(sorted(self.seen)))
        key = f"{number}:{self.seen[number]['version']}"
        events = {self.play.do("respond", "system", number, note="x", key=key).id for _ in range(2)}
        assert len(events) == 1
        self.look()

    @rule(days=st.integers(1, 40))
    def days_pass(self, days: int) -> None:
        self.play.now += timedelta(days=days)
        with self.play.store.write() as session:
            first = warn_of_terms(session, now=self.play.now, clocks=self.play.clocks)
        with self.play.store.write() as session:
            assert not warn_of_terms(session, now=self.play.now, clocks=self.play.clocks), "told twice"
        count = self.look()
        assert count >= len(first)

    @precondition(lambda self: self.seen)
    @invariant()
    def events_give_the_cases(self) -> None:
        with self.play.store.read() as session:
            by_case: dict[str, list[Event]] = {number: [] for number in self.seen}
            for event in session.scalars(sa.select(Event).where(Event.case_number != NO_CASE).order_by(Event.id)):
                by_case[event.case_number].append(event)
            for number, events in by_case.items():
                replayed = {name: to_plain(value) for name, value in replay(events).items()}
                assert replayed == {name: to_plain(value) for name, value in self.seen[number].items()}
                assert [event.version for event in events] == list(range(1, len(events) + 1))
                assert self.seen[number]["holder"] in (None, *PEOPLE)
                assert (self.seen[number]["state"] == "closed") == (self.seen[number]["closed_at"] is not None)

    def teardown(self) -> None:
        previous, count = GENESIS, 0
        with self.play.store.read() as session:
            columns = [as_stored(Event.__table__.c[name]) for name in (*SEALED, "hash")]
            for count, row in enumerate(session.execute(sa.select(*columns).order_by(Event.id)).mappings(), 1):
                assert (row["id"], row["previous"]) == (count, previous)
                assert seal(row) == row["hash"]
                previous = row["hash"]
        assert count >= len(self.seen)
        self.play.store.engine.dispose()
        shutil.rmtree(self.folder)


def test_any_sequence_of_acts(empty_store) -> None:
    Cases.template = empty_store
    run_state_machine_as_test(
        Cases,
        settings=settings(
            max_examples=16,
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            derandomize=True,
            # Walks that are drawn at random shrink slowly and to little; the notes of the failing one say what happened.
            phases=[Phase.generate],
        ),
    )
    assert Cases.reached == set(STATES), "no walk came so far"
