"""Which spots lie on one site."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from shapely import box

from rs_governance.grids.lineage import group_sites

ISSUES = ("2026-08", "2026-09", "2026-10")


def test_a_site_grows_through_issues_and_neighbours_of_one_issue_stay_apart() -> None:
    outlines = np.array([box(0, 0, 10, 10), box(5, 0, 20, 10), box(9, 0, 30, 10), box(100, 0, 110, 10), box(6, 1, 9, 4)], object)  # fmt: skip
    assert group_sites(outlines, ["2026-08", "2026-09", "2026-10", "2026-10", "2026-09"]).tolist() == [0, 0, 0, 1, 0]
    assert group_sites(outlines[:2], ["2026-08", "2026-08"]).tolist() == [0, 1]


def test_touching_or_little_overlap_is_not_one_site() -> None:
    outlines = np.array([box(0, 0, 10, 10), box(10, 0, 20, 10), box(7.2, 0, 17.2, 10)], object)
    assert group_sites(outlines, ISSUES).tolist() == [0, 1, 1]


def test_no_outlines_no_sites() -> None:
    assert group_sites(np.zeros(0, object), []).tolist() == []


squares = st.tuples(st.integers(0, 12), st.integers(0, 12), st.integers(1, 6), st.sampled_from(ISSUES))


@given(st.lists(squares, min_size=1, max_size=14), st.randoms())
def test_groups_do_not_depend_on_the_order(places: list[tuple[int, int, int, str]], random: object) -> None:
    shuffled = list(range(len(places)))
    random.shuffle(shuffled)
    outlines = np.array([box(x, y, x + side, y + side) for x, y, side, _ in places], object)
    issues = [issue for *_, issue in places]
    plain = group_sites(outlines, issues)
    other = group_sites(outlines[shuffled], [issues[at] for at in shuffled])
    same = {(a, b) for a in range(len(places)) for b in range(len(places)) if plain[a] == plain[b]}
    assert same == {
        (shuffled[a], shuffled[b]) for a in range(len(places)) for b in range(len(places)) if other[a] == other[b]
    }
    assert plain[0] == 0
    assert (np.diff(np.maximum.accumulate(plain)) <= 1).all()
