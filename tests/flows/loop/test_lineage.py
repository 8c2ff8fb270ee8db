"""Lineage: a case through the issues, with what it came from and what came of it."""

import xml.etree.ElementTree as ET

import pytest

from rs_governance.cases.months.lineage import draw_lineage, lineage_lines, trace_lineage
from rs_governance.errors import UsageError

FIRST, SECOND = "450108-202607-0001", "450108-202607-0002"


@pytest.fixture
def family(loop, places):
    """Two cases of one place: the second is merged into the first, the first split, a part of it goes on."""
    loop.take("2026-07", loop.spot("2026-07", 1, places(0, 0, 60)), loop.spot("2026-07", 2, places(65, 0)))
    loop.do(SECOND, "merge", "interpreter", "2026-07-21", values={"into": FIRST})
    loop.take("2026-08", unseen=None)
    parts = [places(0, 0, 25), places(30, 30, 25)]
    loop.do(FIRST, "split", "interpreter", "2026-08-21", values={"parts": parts})
    loop.take("2026-09", loop.spot("2026-09", 1, places(30, 30, 25)))
    return loop


def test_all_relatives_are_found_from_any_of_them(family):
    with family.store.read() as session:
        found = [trace_lineage(session, number) for number in (FIRST, SECOND, f"{FIRST}-2")]
    assert {frozenset(strand.number for strand in one.strands) for one in found} == {
        frozenset({FIRST, SECOND, f"{FIRST}-1", f"{FIRST}-2"})
    }
    assert {(tie.earlier, tie.later, tie.name) for tie in found[0].ties} == {
        (SECOND, FIRST, "merged"),
        (FIRST, f"{FIRST}-1", "split"),
        (FIRST, f"{FIRST}-2", "split"),
    }
    assert found[0].issues == ("2026-07", "2026-08", "2026-09")


def test_the_tree_tells_what_was_seen_when(family):
    with family.store.read() as session:
        found = trace_lineage(session, FIRST)
    lines = lineage_lines(found, chinese=False)
    assert lines[0].startswith(f"{SECOND}  satellite · new building")
    assert any("└ merged into" in line and line.rstrip().endswith("*") for line in lines)
    assert any("2026-08  2026-08-14  stalled" in line for line in lines)
    assert any("2026-09  2026-09-14  continuing  1 × 625 m²" in line for line in lines)
    assert "  · 2026-07  2026-07-14  新增  1 × 900 m²" in lineage_lines(found)


def test_the_picture_has_every_case_and_every_tie_and_is_the_same_again(family):
    with family.store.read() as session:
        found = trace_lineage(session, FIRST)
    picture = draw_lineage(found)
    root = ET.fromstring(picture)
    name = "{http://www.w3.org/2000/svg}"
    texts = [text.text for text in root.iter(f"{name}text")]
    assert {FIRST, SECOND, "2026-07", "2026-09", "停滞"} <= set(texts)
    assert len([path for path in root.iter(f"{name}path") if path.get("stroke-dasharray")]) == len(found.ties)
    assert picture == draw_lineage(found)


def test_an_unknown_case_is_told(loop):
    with loop.store.read() as session, pytest.raises(UsageError, match="no case X"):
        trace_lineage(session, "X")
