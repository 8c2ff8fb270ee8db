"""Time the joining of a month's findings, part by part, in processor seconds of one process.

    python -m benchmarks.bench_join --findings 20000

The findings, units, layers and registers are made up (`make_month`), the same for the same seed. Processor time is
told, not wall time: it hardly depends on what else the machine does.
"""

import argparse
import json
import resource
import time
from collections.abc import Sequence
from dataclasses import asdict, replace

import numpy as np

from benchmarks.make_month import Size, make_findings, make_references
from rs_governance.grids import References, join, number_spots
from rs_governance.grids.carriers import Joined

AIM_S = 25.0
"""What joining may take."""


def measure(size: Size, *, seed: int, shrink_m: float) -> dict[str, float]:
    """Return processor seconds of each part, counts, the largest error of a sum, and the peak of memory.

    Parameters
    ----------
    size
        How much of everything.
    seed
        Seed of the made-up month.
    shrink_m
        As for `join`.
    """
    findings, references = make_findings(size, seed), make_references(size, seed)
    nothing = replace(references, layers={}, registers={})
    join(findings.head(10), references, shrink_m=shrink_m)  # PROJ reads its database once
    figures: dict[str, float] = {"findings": len(findings), "made, peak GB": _peak_gb()}
    no_units = references.units.frame.head(0)
    bare = replace(nothing, units=replace(references.units, frame=no_units))
    parts: dict[str, References] = {
        "units and cells": nothing,
        "layers": replace(bare, layers=references.layers),
        "registers": replace(bare, registers=references.registers),
        "all": references,
    }
    for name, part in parts.items():
        started = time.process_time()
        joined = join(findings, part, shrink_m=shrink_m)
        figures[f"{name}, s"] = round(time.process_time() - started, 2)
    started = time.process_time()
    number_spots(joined, district_code="450108", issue="2026-10")
    figures["numbers, s"] = round(time.process_time() - started, 2)
    figures |= {"rows in units": len(joined.in_units), "rows in layers": len(joined.in_layers)}
    figures |= {"rows in registers": len(joined.in_registers), "largest error of a sum": largest_error(joined)}
    figures["joined, peak GB"] = _peak_gb()
    return figures


def largest_error(joined: Joined) -> float:
    """Return by how much, relatively, the parts of a finding in the units of one level miss its area."""
    sums = joined.in_units.groupby(["finding_id", "level"])["area_in_unit_m2"].sum().unstack()
    areas = joined.findings.set_index("finding_id")["area_m2"]
    return float(np.nanmax(np.abs(sums.div(areas, axis=0) - 1).to_numpy()))


def _peak_gb() -> float:
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6, 2)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the benchmark and print its figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--findings", type=int, default=Size.findings)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--shrink-m", type=float, default=0.8)
    options = parser.parse_args(arguments)
    size = Size(findings=options.findings)
    figures = measure(size, seed=options.seed, shrink_m=options.shrink_m)
    print(json.dumps({"size": asdict(size), **figures, "aim, s": AIM_S}, indent=2))


if __name__ == "__main__":
    main()
