"""The made-up month and its benchmark, on a small month."""

import shapely

from benchmarks.bench_join import measure
from benchmarks.bench_month import measure as measure_month
from benchmarks.make_month import SIDE_M, Size, jigsaw, make_findings, make_references

SMALL = Size(findings=60, layers=2, features=(6, 5), registers=1, entries=20)


def test_the_month_is_as_promised_and_the_same_for_the_same_seed() -> None:
    findings, references = make_findings(SMALL, 1), make_references(SMALL, 1)
    assert len(findings) == 60
    assert findings.geometry.is_valid.all()
    assert references.units.frame["level"].value_counts().to_dict() == {
        "cell": 2000, "village": 90, "town": 8, "district": 1,
    }  # fmt: skip
    assert [len(layer.frame) for layer in references.layers.values()] == [30, 30]
    assert findings.geometry.equals(make_findings(SMALL, 1).geometry)
    assert not findings.geometry.equals(make_findings(SMALL, 2).geometry)


def test_the_pieces_fit_together() -> None:
    import numpy as np

    pieces = jigsaw((6, 5), 20, np.random.default_rng(4))
    assert shapely.is_valid(pieces).all()
    assert abs(shapely.area(pieces).sum() / SIDE_M**2 - 1) < 0.02  # borders that cross are repaired


def test_figures_are_told() -> None:
    figures = measure(SMALL, seed=1, shrink_m=0.8)
    assert figures["findings"] == 60
    assert figures["rows in units"] >= 240
    assert figures["largest error of a sum"] < 1e-9
    assert figures["all, s"] < 30


def test_a_small_month_goes_through_all_parts() -> None:
    figures = measure_month(SMALL, seed=1)
    assert figures["spots"] == 60
    assert figures["written MB"] > 0
    assert figures["largest error of a sum"] < 1e-9
    assert figures["all, s"] == round(sum(figures[f"{part}, s"] for part in ("join", "rules", "publish")), 2)
