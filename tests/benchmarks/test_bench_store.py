"""The benchmark of the store measures a store that is sound."""

from benchmarks.bench_store import make_store, measure


def test_a_small_store_is_measured(tmp_path) -> None:
    store = make_store(tmp_path / "store", cases=60, events=300, seed=1)
    figures = measure(store, times=2, findings=40, seed=1)
    store.close()
    assert figures["events"] == 301  # one seals the settings of the store
    assert figures["audit, defects"] == 0
    assert figures["act, ms"]["median"] > 0
    assert sum(figures["cases by relation"].values()) >= 40 - figures["matched"] - 40 // 3
    assert {name for name in figures if name.startswith("page")} == {
        "page, all open, ms",
        "page, red in a town, by state, ms",
        "page, overdue, ms",
        "page, piece of a number, ms",
    }
