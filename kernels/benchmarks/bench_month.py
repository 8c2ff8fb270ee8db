"""Time a month from its findings on: join, rules, and publishing without pictures.

    python -m benchmarks.bench_month --findings 20000

The month is made up (`make_month`), the same for the same seed. Wall time and processor time are told for each part.
"""

import argparse
import json
import resource
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import geopandas as gpd
import numpy as np

from benchmarks.bench_join import largest_error
from benchmarks.make_month import Size, make_findings, make_references
from rs_governance.detect import FINDINGS
from rs_governance.flows.issue import gather_issue
from rs_governance.flows.month import publish_tables
from rs_governance.grids import join
from rs_governance.rules import judge, read_rules
from rs_governance.scenes import ComparisonPlan

AIM_S = 60.0
"""What a month of 20,000 findings may take, pictures apart."""

_LAYERS = (
    "land_use",
    "basic_cropland",
    "ecological_red_line",
    "urban_boundary",
    "forest",
    "water_source",
)


def measure(size: Size, *, seed: int) -> dict[str, Any]:
    """Return wall and processor seconds of each part, and what came of it.

    Parameters
    ----------
    size
        How much of everything.
    seed
        Seed of the made-up month.
    """
    findings, references = complete(make_findings(size, seed), seed), make_references(size, seed)
    names = [*_LAYERS, *references.layers][: len(references.layers)]
    layers = {name: replace(layer, name=name) for name, layer in zip(names, references.layers.values(), strict=True)}
    references = replace(references, layers=layers)
    rules = read_rules(None)
    figures: dict[str, Any] = {}
    with _timed(figures, "join"):
        joined = join(findings, references, shrink_m=0.8)
    with _timed(figures, "rules"):
        judged = judge(joined, rules, district_code="450108", issue="2026-10", as_of=date(2026, 10, 14))
    nothing: Any = SimpleNamespace(
        plan=ComparisonPlan(comparisons=(), unseen=()), bases={}, registrations={}, scenes={}, areas={}
    )
    district: Any = SimpleNamespace(code="450108", name="良庆区", name_en="Liangqing", crs=references.crs, scenes=())
    with tempfile.TemporaryDirectory() as folder, _timed(figures, "publish"):
        content = gather_issue(district, "2026-10", nothing, joined, judged, ())
        publish_tables(Path(folder), content, pictures=False)
        written = sum(file.stat().st_size for file in Path(folder).rglob("*") if file.is_file())
    figures["all, s"] = round(sum(figures[f"{part}, s"] for part in ("join", "rules", "publish")), 2)
    figures |= {"spots": len(judged.spots), "written MB": round(written / 1e6, 1)}
    figures["largest error of a sum"] = largest_error(joined)
    figures["peak GB"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6, 2)
    return figures


def complete(findings: gpd.GeoDataFrame, seed: int) -> gpd.GeoDataFrame:
    """Return findings with every declared column, those that are missing drawn at random within what is allowed."""
    rng, count = np.random.default_rng(seed), len(findings)
    days = {"before_on": np.datetime64("2026-09-12"), "after_on": np.datetime64("2026-10-14")}
    values: dict[str, Any] = {}
    for column in FINDINGS.columns:
        if column.name in findings:
            values[column.name] = findings[column.name].to_numpy()
        elif column.dtype == "float64":
            values[column.name] = rng.uniform(column.minimum or 0.0, column.maximum or 2.0, count)
        elif column.dtype == "int64":
            values[column.name] = rng.integers(60, 6000, count)
        elif column.dtype == "date":
            values[column.name] = np.full(count, days[column.name])
        else:
            chosen = column.values or ((None,) if column.nullable else ("20261014",))
            values[column.name] = rng.choice(np.array(chosen, dtype=object), count)
    return FINDINGS.make(values, findings.geometry.to_numpy(), findings.crs)


@contextmanager
def _timed(figures: dict[str, Any], part: str) -> Iterator[None]:
    wall, processor = time.perf_counter(), time.process_time()
    yield
    figures[f"{part}, s"] = round(time.perf_counter() - wall, 2)
    figures[f"{part}, processor s"] = round(time.process_time() - processor, 2)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the benchmark and print its figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--findings", type=int, default=Size.findings)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    size = Size(findings=options.findings)
    figures = measure(size, seed=options.seed)
    print(json.dumps({"size": asdict(size), **figures, "aim, s": AIM_S}, indent=2, ensure_ascii=False))


if __name__ == "__main__":
    main()
