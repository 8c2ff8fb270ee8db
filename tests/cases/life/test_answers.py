"""Answers and ratings: rows of a file become events of cases, once."""

from datetime import date

import openpyxl
import pytest
import shapely

from rs_governance.cases.feedback.answers import take_answers
from rs_governance.db import Clue, Permit
from rs_governance.errors import LayerUnreadable

from .conftest import NUMBER, TO_CLOSED, TO_VERIFYING

HEADER = "案件号,渠道,线索编号,身份,内容,手续文号,评分,日期\n"
SECOND = "450108-202610-0002"


def take(play, path, login="li"):
    with play.store.write() as session:
        return take_answers(session, path, actor=play.actors[login], now=play.now, clocks=play.clocks)


def write(tmp_path, rows, encoding="utf-8", header=HEADER):
    path = tmp_path / "answers.csv"
    path.write_bytes((header + rows).encode(encoding))
    return path


def add_clue(play, number="GD1", channel="hotline", case=NUMBER):
    with play.store.write() as session:
        session.add(
            Clue(
                channel=channel, number=number, case_number=case, relation="new", reported_on=date(2026, 10, 1), answer_by=None,
                reporter="", contact="", content="", fields={}, taken_in="", outline=shapely.Point(541_005, 2_511_005),
            )
        )  # fmt: skip


def add_permit(play, number, x):
    with play.store.write() as session:
        session.add(
            Permit(
                register="building_permit", number=number, holder="", valid_from=None, valid_to=None, stage=None,
                approved_use=None, as_of=date(2026, 10, 1), taken_in="", outline=shapely.box(x, 2_510_990, x + 60, 2_511_050),
            )
        )  # fmt: skip


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_twice_counts_once(play, tmp_path, encoding) -> None:
    play.open()
    add_clue(play)
    path = write(tmp_path, ",12345 热线,GD1,反映人,已不再施工，谢谢,,满意,2026/10/14\n", encoding)
    assert take(play, path).counts == {"answers": 1, "ratings": 1, "known": 0}
    before = play.case()
    again = take(play, path)
    assert again.counts == {"answers": 0, "ratings": 0, "known": 1}
    assert again.rows[0].done == ()
    assert play.case() == before
    answered, rated = play.events()[1:]
    assert (answered.action, answered.actor, answered.note) == ("respond", "li", "反映人答复，核查前：已不再施工，谢谢")
    assert rated.facts == {
        "rating": 4, "by": "reporter", "on": "2026-10-14", "before_visit": True,
        "clue": {"channel": "hotline", "number": "GD1"},
    }  # fmt: skip
    assert before["state"] == "detected"


def test_a_permit_is_looked_up_and_shows_on_the_case(play, tmp_path) -> None:
    play.open()
    add_permit(play, "桂建 1", 540_990)
    add_permit(play, "桂建 2", 542_000)
    rows = "".join(f"{NUMBER},,,企业,,{number},,\n" for number in ("桂建 1", "桂建 2", "桂建 3"))
    taken = take(play, write(tmp_path, rows))
    assert [one.permit for one in taken.rows] == ["on_it", "elsewhere", "unknown"]
    assert all(one.before_visit for one in taken.rows)
    events = play.events()[1:]
    assert events[0].facts["permit"] == {"number": "桂建 1", "found": "on_it", "registers": ["building_permit"]}
    assert events[0].note == "企业答复，核查前：出示手续 桂建 1（名册中有此手续，范围涉及本案）"
    assert "名册中未查到" in events[2].note
    # People say what it is: the answer alone moves nothing.
    assert (play.case()["verdict"], play.case()["permit_number"]) == ("unverified", None)


def test_after_the_visit_has_begun_it_is_no_longer_before_it(play, tmp_path) -> None:
    play.open()
    play.run(*TO_VERIFYING)
    assert not take(play, write(tmp_path, f"{NUMBER},,,企业,有证,,,\n")).rows[0].before_visit


def test_a_closed_case_is_rated_and_a_merged_one_where_it_lives_on(play, tmp_path) -> None:
    play.open()
    play.run(*TO_CLOSED)
    assert take(play, write(tmp_path, f"{NUMBER},,,enterprise,,,5.0,\n")).counts["ratings"] == 1
    play.open("A", outline=shapely.box(541_300, 2_511_000, 541_320, 2_511_015))
    play.open("B", outline=shapely.box(541_300, 2_511_000, 541_320, 2_511_015))
    play.do("merge", "wang", "B", into="A")
    assert take(play, write(tmp_path, "B,,,村委会,情况属实,,,\n")).rows[0].case_number == "A"


def test_good_rows_are_taken_and_bad_ones_are_told(play, tmp_path) -> None:
    play.open()
    play.open(SECOND)
    add_clue(play, "X1", "hotline")
    add_clue(play, "X1", "patrol", SECOND)
    add_clue(play, "X2", "hotline", None)
    rows = [
        f"{NUMBER},,,邻居,你好,,,",
        f"{NUMBER},,,企业,,,,",
        f"{NUMBER},,,企业,,,6,",
        f"{NUMBER},,,企业,好,,,昨天",
        f"{NUMBER},,,企业,好,,,2026-13-01",
        f"{NUMBER},,,企业,好,,,2027-01-01",
        "450108-202610-9999,,,企业,好,,,",
        ",,,企业,好,,,",
        ",,X1,企业,好,,,",
        ",hotline,X9,企业,好,,,",
        ",电话,X1,企业,好,,,",
        ",hotline,X2,企业,好,,,",
        f"{SECOND},hotline,X1,企业,好,,,",
        f"{NUMBER},,,企业,{'长' * 4001},,,",
        f"{NUMBER},,,企业,好,,,",
    ]
    taken = take(play, write(tmp_path, "\n".join(rows)))
    assert [one.row for one in taken.rows] == [len(rows) + 1]
    problems = [
        "'邻居' is nobody who answers; write one of reporter 反映人",
        "neither an answer, nor a permit, nor a rating",
        "'6' is no rating; write 1 to 5",
        "'昨天' is no day",
        "'2026-13-01' is no day",
        "2027-01-01 is in the future",
        "There is no case 450108-202610-9999",
        "neither a case nor a clue is named",
        "clue X1 is one of hotline, patrol; write its channel",
        "there is no clue X9 of the channel hotline",
        "'电话' is no channel",
        "clue X2 belongs to no case",
        f"clue X1 belongs to case {NUMBER}, not to {SECOND}",
        "has 4001 letters",
    ]
    assert len(taken.refused) == len(problems)
    for place, (refusal, problem) in enumerate(zip(taken.refused, problems, strict=True)):
        assert problem in refusal.problem
        assert refusal.row == place + 2


def test_another_rating_of_the_same_day_is_told_and_not_taken(play, tmp_path) -> None:
    play.open()
    take(play, write(tmp_path, f"{NUMBER},,,反映人,,,5,2026-10-14\n"))
    taken = take(play, write(tmp_path, f"{NUMBER},,,反映人,,,1,2026-10-14\n{NUMBER},,,反映人,,,1,2026-10-15\n"))
    assert "was rated 5" in taken.refused[0].problem
    assert taken.counts == {"answers": 0, "ratings": 1, "known": 0}


def test_only_who_may_act_there_takes_answers_in(play, tmp_path) -> None:
    play.open()
    path = write(tmp_path, f"{NUMBER},,,企业,好,,4,\n")
    assert "ling" in take(play, path, "ling").refused[0].problem or take(play, path, "ling").refused
    assert len(take(play, path, "liu").refused) == 1
    assert len(play.events()) == 1


def test_excel_is_read_too_and_a_file_without_its_columns_is_refused(play, tmp_path) -> None:
    play.open()
    book = openpyxl.Workbook()
    book.active.append(["number", "who", "rating", "date"])
    book.active.append([NUMBER, "reporter", 3, date(2026, 10, 14)])
    book.save(tmp_path / "answers.xlsx")
    assert take(play, tmp_path / "answers.xlsx").counts["ratings"] == 1
    assert play.events()[-1].facts["on"] == "2026-10-14"
    with pytest.raises(LayerUnreadable, match="no column who"):
        take(play, write(tmp_path, "1,2\n", header="案件号,评分\n"))
