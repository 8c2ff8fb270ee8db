"""Names of towns and people in letters, and what the machine said in English."""

from datetime import UTC, date, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from rs_governance.cases.people.digests import write_digest
from rs_governance.cases.people.reminding import Warned
from rs_governance.cases.shown.machine_notes import note_words
from rs_governance.cases.shown.names import NO_NAMES, Names
from rs_governance.cases.shown.showing import show_code, show_value
from rs_governance.db import Person
from rs_governance.rules import Word

NAMES = Names(people={"chen": "陈核查"}, places={"450108101": "良庆镇 <b>", "450108101001": "屯里村"})
CASE = {
    "number": "450108-202610-0001", "severity": "red", "kind": "new_building", "theme": "farmland", "state": "detected",
    "due_on": date(2026, 10, 20), "town_code": "450108101000",
}  # fmt: skip


@pytest.mark.parametrize(
    ("field", "value", "shown", "code"),
    [
        ("town_code", "450108101000", "良庆镇 <b>", "450108101000"),
        ("village_code", "450108101001", "屯里村", "450108101001"),
        ("village_code", "450108102001", "450108102001", ""),
        ("assignee", "town:450108101000", "良庆镇 <b>", "450108101000"),
        ("assignee", "town:450108102000", "街镇 450108102000", ""),
        ("assignee", "department:forestry", "林业局", ""),
        ("holder", "chen", "陈核查", "chen"),
        ("holder", "wang", "wang", ""),
        ("holder", None, "-", ""),
        ("pending", "refer:court:chen", "移送：移送法院强制执行 (陈核查)", ""),
    ],
)
def test_who_has_a_name_is_called_by_it(field: str, value: Any, shown: str, code: str) -> None:
    assert show_value(field, value, "zh", NAMES) == shown
    assert show_code(field, value, NAMES) == code


def test_a_letter_calls_the_town_by_its_name() -> None:
    person = Person(login="li", name="李", role="district_manager", prefix="450108", email=None)
    now = datetime(2026, 10, 21, 1, tzinfo=UTC)
    digest = write_digest(person, [Warned(case=CASE, level=2)], now=now, names=NAMES)
    assert "良庆镇 <b> 450108101000" in digest.text
    assert "<td>良庆镇 &lt;b&gt; <small>450108101000</small></td>" in digest.page
    assert "<td>450108101000</td>" in write_digest(person, [Warned(case=CASE, level=2)], now=now).page


REASONS = {"s1": Word("推填土占用耕地", "earthwork on cropland")}


@pytest.mark.parametrize(
    ("action", "facts", "changes", "english"),
    [
        ("open", {"issue": "2026-10", "spots": ["s1"]}, {}, "spot of 2026-10: earthwork on cropland"),
        ("open", {"issue": "2026-10", "spots": ["s9"]}, {}, "spot of 2026-10"),
        ("open", {"clue": {"channel": "hotline", "number": "7"}}, {}, "hotline 12345 7"),
        ("reopen", {"issue": "2026-11", "spots": ["s1"], "relation": "reappeared"}, {}, "change again on a closed place in 2026-11: earthwork on cropland"),
        ("observe", {"issue": "2026-11", "relation": "growing", "spots": []}, {}, "2026-11: growing"),
        ("propose", {"issue": "2026-11", "recheck": "unchanged", "proposal": "fail"}, {}, "2026-11: the image shows no change: not rectified"),
        ("propose", {"issue": "2026-11", "proposal": "withdraw"}, {}, "2026-11: withdraw is proposed"),
        ("withdraw", {"register": "homestead", "permits": ["农宅 1"]}, {}, "a permit of homestead that came later: 农宅 1"),
        ("escalate", {"due_on": "2026-10-20"}, {"warned": 2}, "overdue, escalated (due 2026-10-20)"),
        ("observe", {"export": "E1", "receiver": "chen", "handed_out_by": "li"}, {}, "handed out with package E1 to chen"),
        ("observe", {"plan": "E2", "drawn_inspector": "chen", "seed": 7}, {}, "drawn at random for chen (E2, seed 7)"),
        ("observe", {"unknown": 1}, {}, "机器所写"),
    ],
)  # fmt: skip
def test_what_the_machine_wrote_is_said_in_english(
    action: str, facts: dict[str, Any], changes: dict[str, Any], english: str
) -> None:
    event: Any = SimpleNamespace(action=action, role="system", note="机器所写", facts=facts, changes=changes)
    assert note_words(event, REASONS, "en") == english
    assert note_words(event, REASONS, "zh") == "机器所写"
    event.role = "interpreter"
    assert note_words(event, REASONS, "en") == "机器所写", "what people wrote is theirs"


def test_without_names_nothing_is_guessed() -> None:
    assert show_value("town_code", "450108101000", "zh") == "450108101000"
    assert NO_NAMES.person("chen") is None
