"""The score of every pixel, as a cloud optimised GeoTIFF."""

import contextlib
import os
import shutil
import threading
import warnings
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
import numpy.typing as npt
import rasterio
import rasterio.shutil
from rasterio._err import CPLE_BaseError
from rasterio.errors import NotGeoreferencedWarning, RasterioError
from rasterio.io import DatasetWriter
from rasterio.windows import Window as RasterioWindow

from rs_governance.errors import OutputFailed
from rs_governance.publish.output_folder import writing
from rs_governance.scenes import PixelGrid, Window

SCORE_STEP = 0.004
"""Physical score = stored value × 0.004, so 0..250 stands for 0..1."""

NOT_OBSERVED = 255
"""Stored where a pixel was not usable on both dates."""

_BLOCK = 512
_FLAT_EXTRA = 1 << 20  # bytes of the flat file's own header and of its last, partly filled tiles
_ROOM = 2.7  # bytes a pixel: the flat file, its overviews while they are made, and the COG


class ScoreWriter:
    """Writes the score window by window, in any order, and makes it a COG when told to, or when the block ends.

    The windows go into an uncompressed file beside `path`; overviews and compression follow at the end, so memory
    does not grow with the grid and the bytes depend neither on the order of the windows nor on the threads.
    What no window covers is `NOT_OBSERVED`. When the block fails, nothing is left behind.

    Parameters
    ----------
    path
        File to create.
    grid
        Grid of the whole raster.
    threads
        Threads that compress; they do not change the bytes.

    Raises
    ------
    OutputFailed
        When the file cannot be written.

    Notes
    -----
    DEFLATE rather than ZSTD: it is what every desktop GIS opens. Level 1 is within 1 % of level 6 in size and
    clearly faster; a predictor gains nothing on scores.
    """

    def __init__(self, path: Path, grid: PixelGrid, *, threads: int = 2) -> None:
        self.path = path
        self.grid = grid
        self.threads = threads
        self._flat = path.with_name(f".{path.stem}.flat.tif")
        self._lock = threading.Lock()
        self._dataset: DatasetWriter | None = None
        self._finished = False

    def __enter__(self) -> Self:
        """Create the file that takes the windows; a disk without room is refused now rather than after the work."""
        needed = int(self.grid.height * self.grid.width * _ROOM)
        with self._guarded():
            free = shutil.disk_usage(self.path.parent).free
            if free < needed:
                raise OutputFailed(
                    f"Cannot write {str(self.path)!r}: {-(-needed >> 10):,} KiB are needed, {free >> 10:,} KiB are free; "
                    "free some room or choose another disk."
                )
            # Limits and quotas show here too, in the system's own words; libtiff would print lines of its own.
            with self._flat.open("wb") as file:
                os.posix_fallocate(file.fileno(), 0, self.grid.height * self.grid.width + _FLAT_EXTRA)
            self._dataset = self._create()
        return self

    def write(self, window: Window, score: npt.NDArray[np.uint8]) -> None:
        """Write one window; any thread may call it.

        Parameters
        ----------
        window
            Inside the grid; windows do not overlap. Fast when its origin is a multiple of 512 pixels.
        score
            (y, x) uint8 of the window's size: 0..250, or `NOT_OBSERVED`.

        Raises
        ------
        ValueError
            When the array does not fit the window, or the window the grid.
        OutputFailed
            When the file cannot be written.
        """
        if score.shape != (window.height, window.width) or score.dtype != np.uint8:
            raise ValueError(f"expected uint8 of {(window.height, window.width)}, got {score.dtype} of {score.shape}")
        if window != window.clipped(self.grid.height, self.grid.width):
            raise ValueError(f"{window} sticks out of a grid of {self.grid.height} x {self.grid.width} pixels")
        if self._dataset is None:
            raise ValueError("the writer is not open; use it in a with block")
        target = RasterioWindow(window.col, window.row, window.width, window.height)
        with self._lock, self._guarded():
            self._dataset.write(score, 1, window=target)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Finish the COG, or remove what was begun."""
        try:
            if error is None:
                self.finish()
            else:
                with self._lock:  # another thread may be about to finish
                    self._close()
                    self.path.unlink(missing_ok=True)
        finally:
            self._flat.unlink(missing_ok=True)

    def finish(self) -> None:
        """Make the COG of the windows written so far, in any thread; afterwards nothing can be written.

        Raises
        ------
        OutputFailed
            When the file cannot be written.
        """
        with self._lock, self._guarded():
            if self._finished:
                return
            self._close()
            self._finished = True
            # GDAL keeps overviews in a file of their own until they are copied; packed, as is its default, a scene of
            # 67 Mpx takes 1.17 s of processor time to finish, unpacked 0.58.
            with rasterio.Env(COG_TMP_COMPRESSION="NONE"):
                rasterio.shutil.copy(
                    self._flat,
                    self.path,
                    driver="COG",
                    BLOCKSIZE=_BLOCK,
                    COMPRESS="DEFLATE",
                    LEVEL=1,
                    PREDICTOR="NO",
                    OVERVIEW_RESAMPLING="AVERAGE",
                    BIGTIFF="IF_SAFER",
                    NUM_THREADS=self.threads,
                )

    def _close(self) -> None:
        if self._dataset is not None:
            self._dataset.close()
            self._dataset = None

    def _create(self) -> DatasetWriter:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", NotGeoreferencedWarning)
            dataset = rasterio.open(
                self._flat,
                "w",
                driver="GTiff",
                height=self.grid.height,
                width=self.grid.width,
                count=1,
                dtype="uint8",
                nodata=NOT_OBSERVED,
                crs=None if self.grid.crs is None else rasterio.CRS.from_wkt(self.grid.crs.to_wkt()),
                transform=self.grid.transform,
                tiled=True,
                blockxsize=_BLOCK,
                blockysize=_BLOCK,
                BIGTIFF="IF_SAFER",
            )
        dataset.scales, dataset.offsets = (SCORE_STEP,), (0.0,)
        dataset.set_band_description(1, "变化得分 change score")
        dataset.set_band_unit(1, "1")
        return dataset

    @contextlib.contextmanager
    def _guarded(self) -> Iterator[None]:
        """Remove the files on any error, and turn those of GDAL and of the system into `OutputFailed`."""
        try:
            with writing(self.path):
                yield
        except BaseException as error:
            self._flat.unlink(missing_ok=True)
            self.path.unlink(missing_ok=True)
            if not isinstance(error, (RasterioError, CPLE_BaseError)):
                raise
            reason = " ".join(str(error).split())
            raise OutputFailed(
                f"Cannot write {str(self.path)!r}: {reason}; check that the disk has room and the folder is writable."
            ) from error
