"""Decode every block of two GeoTIFFs with all cores and throw the pixels away.

    python decode_only.py BEFORE AFTER

The floor of any detector: nothing that reads both images can be faster. One thread for each core, each
with its own handle, reads windows that are whole rows of blocks or single blocks; whichever is faster on
this machine is the figure (`--by row|block` chooses; `bench_detect.py` tries both once).
"""

import argparse
import os
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import rasterio
from rasterio.windows import Window

SHAPES = ("block", "row")
"""What one read asks for: a block of the file, or a row of blocks."""

_held = threading.local()


def decode(paths: Sequence[Path], *, by: str = "block", threads: int | None = None) -> int:
    """Decode all pixels of the files.

    Parameters
    ----------
    paths
        GeoTIFFs.
    by
        `block` or `row` of blocks for each read.
    threads
        Reading threads; all cores when not given.

    Returns
    -------
    int
        Bytes decoded.
    """
    reads = [(path, window) for path in paths for window in _windows(path, by)]
    # No block is read twice: a block cache would only copy.
    with (
        rasterio.Env(GDAL_CACHEMAX=64 * 2**20, GDAL_DISABLE_READDIR_ON_OPEN="EMPTY_DIR"),
        ThreadPoolExecutor(threads or os.cpu_count()) as pool,
    ):
        return sum(pool.map(_read, reads))


def _read(request: tuple[Path, Window]) -> int:
    path, window = request
    handles: dict[Path, rasterio.DatasetReader] = _held.__dict__.setdefault("handles", {})
    if path not in handles:
        handles[path] = rasterio.open(path)
    return int(handles[path].read(window=window).nbytes)


def _windows(path: Path, by: str) -> list[Window]:
    with rasterio.open(path) as dataset:
        height, width = dataset.block_shapes[0]
        width = width if by == "block" else dataset.width
        return [
            Window(col, row, min(width, dataset.width - col), min(height, dataset.height - row))
            for row in range(0, dataset.height, height)
            for col in range(0, dataset.width, width)
        ]


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description="Decode two GeoTIFFs with all cores.")
    parser.add_argument("before", type=Path)
    parser.add_argument("after", type=Path)
    parser.add_argument("--by", choices=SHAPES, default="block")
    arguments = parser.parse_args()
    print(f"{decode([arguments.before, arguments.after], by=arguments.by) / 1e9:.3f} GB decoded")


if __name__ == "__main__":
    main()
