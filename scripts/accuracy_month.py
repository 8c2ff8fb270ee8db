"""Measure whole months on simulated districts and write docs/accuracy-month.md; the seeds were never tuned on."""

import argparse
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from rs_governance.config import settle_process

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "accuracy-month.md"
SEEDS = (101, 102, 103)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("seeds", nargs="*", type=int, default=list(SEEDS), help="seeds of districts: %(default)s")
    parser.add_argument("--page", type=Path, default=PAGE, help="the page to write (default: docs/accuracy-month.md)")
    parser.add_argument("--districts", type=Path, help="folder to keep the simulated districts in, one a seed")
    parser.add_argument("--device", default="auto", choices=("auto", "cpu", "cuda"))
    given = parser.parse_args()

    settle_process()
    import rs_kernels
    from rs_governance.errors import RsgError
    from rs_governance.flows.measure import measure_district
    from rs_governance.learn.month_page import write_month_accuracy
    from rs_governance.learn.provenance import gather_provenance

    with tempfile.TemporaryDirectory() as scratch:
        kept = given.districts or Path(scratch)
        scores = {}
        try:
            for seed in given.seeds:
                print(f"seed {seed}", file=sys.stderr, flush=True)
                scores[f"seed {seed}"] = measure_district(simulated(seed, kept), device=given.device)
            provenance = gather_provenance(rs_kernels.resolve_device(given.device))
            write_month_accuracy(scores, given.page, provenance=provenance, now=datetime.now(UTC))
        except RsgError as error:
            sys.exit(str(error))
    print(f"Written: {given.page}")


def simulated(seed: int, kept: Path) -> Path:
    """Return the folder of a district, simulated unless it is there."""
    folder = kept / str(seed)
    if not (folder / "district.toml").exists():
        command = [sys.executable, "-m", "rs_governance", "simulate", "--seed", str(seed), "--out", str(folder)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return folder


if __name__ == "__main__":
    main()
