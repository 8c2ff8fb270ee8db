"""The one place where rasters are opened: settings, errors in our words, one handle for each thread."""

import threading
import warnings
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import rasterio
from rasterio.errors import NotGeoreferencedWarning, RasterioError

from rs_governance.errors import SceneUnreadable

# Each thread keeps this many files of a sheet mosaic open.
_HANDLES_PER_THREAD = 16
SILENCING = threading.Lock()
"""Held while a file is opened or shapes are rasterized: both silence a warning for the whole process meanwhile, and two
threads at once would let it out."""


# Arrays that are warped in memory have no georeference, which rasterio says of each from whatever thread it is in.
warnings.filterwarnings("ignore", category=NotGeoreferencedWarning, module=r"rasterio")

_SETTINGS = {
    # Bytes: in an environment variable 128 means megabytes, here it would mean 128 bytes.
    "GDAL_CACHEMAX": 128 * 2**20,
    "GDAL_NUM_THREADS": 1,
    # Without these a truncated JPEG or PNG is read as if it were whole.
    "GDAL_ERROR_ON_LIBJPEG_WARNING": True,
    "GDAL_PNG_WHOLE_IMAGE_OPTIM": False,
}


@contextmanager
def gdal_settings() -> Iterator[None]:
    """Run GDAL with a small block cache, one thread, and truncated files counted as errors."""
    with rasterio.Env(**_SETTINGS):
        yield


@contextmanager
def readable(path: Path) -> Iterator[None]:
    """Turn an error of GDAL into one line that names the file.

    Raises
    ------
    SceneUnreadable
        If the block of code fails to open or read the file.
    """
    try:
        with gdal_settings():
            yield
    except (RasterioError, OSError, ValueError) as error:
        reason = " ".join(str(error.__cause__ or error).split()) or type(error).__name__
        raise SceneUnreadable(
            f"Cannot read '{path}': {reason.rstrip('.')}. The file may be truncated or in an unknown format; "
            "copy it again or convert it to GeoTIFF (gdal_translate)."
        ) from error


def open_raster(path: Path) -> rasterio.DatasetReader:
    """Open a raster for reading; the caller closes it.

    Raises
    ------
    SceneUnreadable
        If there is no such file or GDAL cannot open it.
    """
    if not path.exists():
        raise SceneUnreadable(f"No such file or folder: '{path}'; check the path.")
    if path.is_file() and path.stat().st_size == 0:
        raise SceneUnreadable(f"'{path}' is empty (0 bytes); copy it again.")
    with readable(path), SILENCING, warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        return rasterio.open(path, sharing=False)


class Handles:
    """Open files of one scene, one handle for each thread and file: a GDAL handle is not thread-safe."""

    def __init__(self) -> None:
        self._local = threading.local()
        self._all: list[OrderedDict[Path, rasterio.DatasetReader]] = []
        self._lock = threading.Lock()
        self._closed = False

    def get(self, path: Path) -> rasterio.DatasetReader:
        """Return this thread's handle of `path`, opened when first asked for."""
        if self._closed:
            raise RuntimeError(f"'{path}' was closed; align the pair again to read it")
        mine: OrderedDict[Path, rasterio.DatasetReader] | None = getattr(self._local, "handles", None)
        if mine is None:
            mine = self._local.handles = OrderedDict()
            with self._lock:
                self._all.append(mine)
        if path not in mine:
            if len(mine) >= _HANDLES_PER_THREAD:
                mine.popitem(last=False)[1].close()
            mine[path] = open_raster(path)
        mine.move_to_end(path)
        return mine[path]

    def close(self) -> None:
        """Close every handle; no thread may be reading."""
        with self._lock:
            self._closed = True
            for handles in self._all:
                while handles:
                    handles.popitem()[1].close()
