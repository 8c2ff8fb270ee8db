"""Measure all detectors on the labelled datasets and write docs/accuracy.md: one setting, nothing tuned on a place."""

import argparse
import os
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from rs_governance.config import settle_process

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "accuracy.md"

# Folder, and the ground size of a pixel in metres where the pictures carry no georeference.
DATASETS = {"levir_val_256_jpeg": 0.5, "dsifn_val_256_jpeg": 2.0, "oscd": None, "fotbcd_geotiff": None}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("datasets", nargs="*", default=list(DATASETS), help="some of them: %(default)s")
    parser.add_argument("--page", type=Path, default=PAGE, help="the page to write (default: docs/accuracy.md)")
    parser.add_argument("--device", default="auto", choices=("auto", "cpu", "cuda"))
    given = parser.parse_args()

    settle_process()
    import rs_kernels
    from rs_governance.detect import DETECTOR
    from rs_governance.errors import RsgError
    from rs_governance.learn import PEERS, gather_provenance, open_dataset, own_detectors, write_accuracy

    data = Path(os.environ.get("RSG_SHARED_DATA", ROOT.parent / "shared" / "data"))
    device = rs_kernels.resolve_device(given.device)
    try:
        write_accuracy(
            [open_dataset(data / name, gsd_m=DATASETS.get(name)) for name in given.datasets],
            given.page,
            detectors={**own_detectors(device), **PEERS},
            primary=DETECTOR,
            provenance=gather_provenance(device),
            now=datetime.now(UTC),
            clock=time.perf_counter,
            progress=show,
        )
    except RsgError as error:
        sys.exit(str(error))
    print(f"\nWritten: {given.page}")


def show(done: int, total: int) -> None:
    print(f"\r{done}/{total} ", end="", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
