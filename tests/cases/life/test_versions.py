"""One act after the other: versions, keys, times, and what an act costs."""

import pytest
import sqlalchemy as sa

from rs_governance.cases import SYSTEM, Act
from rs_governance.cases.life.many import Batch
from rs_governance.errors import ActionRefused, CaseConflict, UsageError

from .conftest import (
    NUMBER,
    PROOF,
    TOWN,
    refused,
)


def test_a_stale_version_shows_both_sides(play) -> None:
    play.open()
    play.run(("accept", "wang"), ("dispatch", "wang", {"assignee": f"town:{TOWN}"}), ("start", "chen"))
    with pytest.raises(
        CaseConflict, match=r"is at version 4, 'dispatch' was asked for version 2\..*state: screened → verifying \(chen"
    ) as caught:
        play.do("dispatch", "zhao", version=2, assignee="chen")
    sides = {each["field"]: each for each in caught.value.differences}
    assert (sides["holder"]["seen"], sides["holder"]["now"], sides["holder"]["actor"]) == (None, "chen", "chen")
    assert (sides["assignee"]["now"], sides["assignee"]["actor"]) == (f"town:{TOWN}", "wang")
    assert "version" not in sides
    with pytest.raises(CaseConflict, match="nothing that can be compared"):
        play.do("submit", "chen", version=9, evidence=(PROOF,))
    play.do("submit", "chen", version=4, evidence=(PROOF,))


def test_the_same_key_counts_once(play) -> None:
    play.open()
    first = play.do("accept", "wang", key="k")
    again = play.do("accept", "wang", key="k", version=1)
    assert (first.id, len(play.events())) == (again.id, 2)
    with pytest.raises(UsageError, match="key 'k' was used for 'accept'"):
        play.do("take", "wang", key="k")


def test_no_act_reads_a_table_from_end_to_end(play) -> None:
    asked: list[tuple[str, object]] = []

    @sa.event.listens_for(play.store.engine, "before_cursor_execute")
    def _listen(connection, cursor, statement, parameters, context, executemany) -> None:
        asked.append((statement, parameters))

    play.open(severity="red")
    play.run(("reject", "wang", {"resolution": "season", "key": "k"}), ("disagree", "zhao", {"version": 2}))
    play.do("dispatch", "wang", assignee="chen")
    with play.store.engine.connect() as connection:
        for statement, parameters in [each for each in asked if each[0].startswith("SELECT")]:
            plan = " ".join(
                str(row[3]) for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
            )
            # The last event is the first that an ordered scan by primary key meets; what a transaction wrote is its own.
            short = "ORDER BY events.id DESC" in statement or "sqlite_temp_master" in plan or "SCAN written" in plan
            assert "SCAN" not in plan or short, (plan, statement)


def test_nothing_is_done_before_the_last_act(play) -> None:
    play.open()
    play.pass_days(3)
    play.do("accept", "wang")
    play.pass_days(-1)
    refused(play, "last record of case", "comment", "wang", note="x")
    batch = Batch(session=None, actor=SYSTEM, now=play.now, clocks=play.clocks)
    with play.store.write() as session:
        batch.session = session
        batch.load([NUMBER])
        with pytest.raises(ActionRefused, match="last record of case"):
            batch.act(NUMBER, Act(action="propose", actor=SYSTEM, note="x"))
