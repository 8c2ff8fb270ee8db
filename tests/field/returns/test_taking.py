"""Taking returns in: once, in part or whole, with every conflict listed and nothing lost."""

import hashlib
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from rs_governance.cases import Act, act, events_of, find_case
from rs_governance.cli import run
from rs_governance.db import Intake, Store, find_evidence
from rs_governance.grids import wgs84_to_gcj02

from .conftest import (
    CHECKER,
    CLOCKS,
    FIELD,
    LAT,
    LON,
    NOW,
    NUMBERS,
    photo,
    photos_of,
    returned,
    save,
    shown,
    state_of,
    take,
)


def test_a_return_of_the_form_is_submitted_by_the_inspector(store: Store, tmp_path: Path) -> None:
    data = photo()
    taken = take(store, save(tmp_path / "回传.json", returned(NUMBERS[0], shown(data))))
    assert (taken.submitted, taken.conflicts, taken.problems) == ((NUMBERS[0],), (), ())
    with store.read() as session:
        last = events_of(session, NUMBERS[0])[-1]
    assert (last.action, last.actor, last.to_state) == ("submit", "li", "evidenced")
    assert last.evidence == [hashlib.sha256(data).hexdigest()]
    assert last.facts["answers"] == {"progress": "under_way"}
    assert last.facts["proposed_verdict"] == "illegal"
    assert last.facts["imported_by"] == "wang"
    (kept,) = photos_of(store, NUMBERS[0])
    assert find_evidence(store, kept.sha256).read_bytes() == data
    assert (kept.trust, kept.reasons) == ("fair", ["no_exif", "position_of_form", "time_of_form", "no_heading"])
    assert kept.facts["distance_m"] == 0


def test_reading_it_twice_counts_once(store: Store, tmp_path: Path) -> None:
    path = save(tmp_path / "a.json", returned(NUMBERS[0], shown(photo())))
    first = take(store, path)
    again = take(store, path)
    assert not first.again
    assert again.again
    assert again.submitted == first.submitted
    assert (first.is_news, again.is_news, again.photos) == (True, False, {})
    with store.read() as session:
        assert len([event for event in events_of(session, NUMBERS[0]) if event.action == "submit"]) == 1
        assert session.scalar(sa.select(sa.func.count()).select_from(Intake)) == 1


def test_the_same_case_saved_into_another_file_counts_once(store: Store, tmp_path: Path) -> None:
    one, two = returned(NUMBERS[0], shown(photo(0))), returned(NUMBERS[1], shown(photo(1)))
    take(store, save(tmp_path / "first.json", one))
    taken = take(store, save(tmp_path / "both.json", one, two))
    assert taken.submitted == (NUMBERS[0], NUMBERS[1])
    assert (taken.before, taken.is_news) == ((NUMBERS[0],), True)
    assert taken.conflicts == ()
    with store.read() as session:
        assert len([event for event in events_of(session, NUMBERS[0]) if event.action == "submit"]) == 1


def test_the_second_reading_says_that_nothing_is_new(
    store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = save(tmp_path / "a.json", returned(NUMBERS[0], shown(photo())))
    # A file with a problem is looked at again, should it have been put right; what it brought is not new all the same.
    odd = save(tmp_path / "odd.json", returned(NUMBERS[1], shown(photo(1)), done=False), returned("450108-202610-9999"))
    words = ["tasks", "import", str(whole), str(odd), "--as", FIELD.login, "--at", "2026-10-20T18:00+08:00"]
    assert run([*words, "--store", str(store.folder)]) == 0
    first = capsys.readouterr().out
    assert "a.json：提交 1 件" in first
    assert "odd.json：提交 0 件，部分回传 1 件" in first
    assert "新照片" in first
    assert run([*words, "--store", str(store.folder)]) == 0
    second = capsys.readouterr().out
    assert "a.json：没有新内容" in second
    assert "odd.json：没有新内容" in second
    assert "提交 1 件" not in second
    assert "新照片" not in second
    assert run([*words, "--store", str(store.folder), "--lang", "en"]) == 0
    assert "a.json: nothing new" in capsys.readouterr().out


def test_a_time_of_the_form_after_the_import_is_doubted(store: Store, tmp_path: Path) -> None:
    ahead = (NOW + timedelta(days=120)).isoformat()
    take(store, save(tmp_path / "a.json", returned(NUMBERS[0], shown(photo(), taken_at=ahead)), saved_at=ahead))
    (kept,) = photos_of(store, NUMBERS[0])
    assert kept.trust == "doubtful"
    assert "after_return" in kept.reasons


def test_a_partial_return_is_kept_and_the_rest_follows(store: Store, tmp_path: Path) -> None:
    taken = take(store, save(tmp_path / "part.json", returned(NUMBERS[0], shown(photo()), done=False)))
    assert (taken.submitted, taken.noted) == ((), (NUMBERS[0],))
    assert state_of(store, NUMBERS[0]) == "dispatched"
    assert len(photos_of(store, NUMBERS[0])) == 1
    taken = take(store, save(tmp_path / "rest.json", returned(NUMBERS[0], shown(photo()), shown(photo(1)))))
    assert taken.submitted == (NUMBERS[0],)
    assert len(photos_of(store, NUMBERS[0])) == 2


def test_a_case_that_has_moved_on_is_a_conflict_and_nothing_is_lost(store: Store, tmp_path: Path) -> None:
    take(store, save(tmp_path / "first.json", returned(NUMBERS[0], shown(photo()))))
    data = photo(5)
    taken = take(store, save(tmp_path / "late.json", returned(NUMBERS[0], shown(data), note="后来补的")))
    assert taken.submitted == ()
    assert "is evidenced" in taken.conflicts[0].text
    assert hashlib.sha256(data).hexdigest() in {one.sha256 for one in photos_of(store, NUMBERS[0])}
    with store.read() as session:
        assert events_of(session, NUMBERS[0])[-1].note == "后来补的"


def test_without_a_photo_nothing_is_submitted_and_the_answers_stay(store: Store, tmp_path: Path) -> None:
    taken = take(store, save(tmp_path / "bare.json", returned(NUMBERS[0])))
    assert taken.submitted == ()
    assert taken.conflicts, taken
    assert "evidence" in taken.conflicts[0].text
    assert state_of(store, NUMBERS[0]) == "dispatched"
    with store.read() as session:
        assert events_of(session, NUMBERS[0])[-1].facts["answers"] == {"progress": "under_way"}


def test_a_conflict_that_was_put_right_is_submitted_by_the_same_file(store: Store, tmp_path: Path) -> None:
    path = save(tmp_path / "a.json", returned(NUMBERS[0], shown(photo())))
    with store.write() as session:
        find_case(session, NUMBERS[0]).holder = "somebody"
    assert take(store, path).conflicts
    with store.write() as session:
        find_case(session, NUMBERS[0]).holder = None
    again = take(store, path)
    assert (again.submitted, again.conflicts) == ((NUMBERS[0],), ())
    assert len(photos_of(store, NUMBERS[0])) == 1
    assert take(store, path).again


def test_work_sent_back_is_submitted_again(store: Store, tmp_path: Path) -> None:
    take(store, save(tmp_path / "first.json", returned(NUMBERS[0], shown(photo()))))
    with store.write() as session:
        back = Act(action="return", actor=CHECKER, reason="photo_missing")
        act(session, NUMBERS[0], back, now=NOW + timedelta(hours=9), clocks=CLOCKS)
    taken = take(store, save(tmp_path / "second.json", returned(NUMBERS[0], shown(photo(2)))), hours=30)
    assert taken.submitted == (NUMBERS[0],)
    assert state_of(store, NUMBERS[0]) == "evidenced"


def test_the_same_photo_for_two_cases_is_marked(store: Store, tmp_path: Path) -> None:
    data = photo()
    take(store, save(tmp_path / "two.json", returned(NUMBERS[0], shown(data)), returned(NUMBERS[1], shown(data))))
    (second,) = photos_of(store, NUMBERS[1])
    assert second.trust == "doubtful"
    assert "same_elsewhere" in second.reasons
    assert second.facts["same_as"] == [NUMBERS[0]]


def test_a_photo_that_is_not_the_one_of_the_phone_is_marked(store: Store, tmp_path: Path) -> None:
    take(store, save(tmp_path / "a.json", returned(NUMBERS[0], shown(photo(), sha256="0" * 64))))
    assert "hash_differs" in photos_of(store, NUMBERS[0])[0].reasons


def test_unknown_cases_and_bad_rows_are_listed_and_the_good_ones_taken(store: Store, tmp_path: Path) -> None:
    rows: list[Any] = [returned("450108-202610-9999", shown(photo(3))), "nonsense", {"note": "no number"}]
    taken = take(store, save(tmp_path / "mixed.json", *rows, returned(NUMBERS[0], shown(photo()))))
    assert taken.submitted == (NUMBERS[0],)
    assert [problem.row for problem in taken.problems] == [
        "mixed.json, row 2",
        "mixed.json, row 3",
        "450108-202610-9999",
        "450108-202610-9999",
    ]
    assert [problem.text[:15] for problem in taken.problems[2:]] == ["is not in the p", "There is no cas"]


def test_unknown_codes_and_odd_positions_are_told_and_the_rest_taken(store: Store, tmp_path: Path) -> None:
    odd = returned(NUMBERS[0], shown(photo(0)), verdict="乱写", answers={"progress": "不知道"})
    swapped = returned(NUMBERS[1], shown(photo(1)), position={"lon": LAT, "lat": LON})
    moved = returned(NUMBERS[2], shown(photo(2)), position={"lon": LON + 0.0098, "lat": LAT})
    taken = take(store, save(tmp_path / "a.json", odd, swapped, moved))
    assert taken.submitted == NUMBERS
    told = " ".join(f"{problem.row} {problem.text}" for problem in taken.problems)
    assert "verdict '乱写' is none of" in told
    assert "the answer '不知道' to progress" in told
    assert "swapped?" in told


def test_a_position_copied_from_a_phone_map_is_noticed(store: Store, tmp_path: Path) -> None:
    lon, lat = (float(part) for part in wgs84_to_gcj02(LON, LAT))
    path = save(tmp_path / "a.json", returned(NUMBERS[0], shown(photo()), position={"lon": lon, "lat": lat}))
    taken = take(store, path)
    assert taken.submitted == (NUMBERS[0],)
    assert "GCJ-02" in taken.problems[-1].text


def test_a_stop_between_two_cases_is_finished_by_reading_again(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = save(tmp_path / "two.json", returned(NUMBERS[0], shown(photo())), returned(NUMBERS[1], shown(photo(1))))
    from rs_governance.field.returns import taking

    whole = taking._Taking.take

    def stop(self: Any, session: Any, case: Any, seen: Any) -> None:
        whole(self, session, case, seen)
        if case.number == NUMBERS[1]:
            raise KeyboardInterrupt

    monkeypatch.setattr(taking._Taking, "take", stop)
    with pytest.raises(KeyboardInterrupt):
        take(store, path)
    assert (state_of(store, NUMBERS[0]), state_of(store, NUMBERS[1])) == ("evidenced", "dispatched")
    monkeypatch.undo()
    taken = take(store, path)
    assert taken.submitted == (NUMBERS[0], NUMBERS[1])
    assert len(photos_of(store, NUMBERS[1])) == 1
