"""Tiles that are computed once and shared by the threads."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rs_governance.scenes.grid import Window

Pixels = NDArray[np.generic]
Valid = NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class Tile:
    """Pixels of a window; whoever gets one must not write into it."""

    window: Window
    """Where it lies."""
    data: Pixels
    """(band, y, x)."""
    valid: Valid | None
    """(y, x); None: all of it is usable."""

    @property
    def nbytes(self) -> int:
        """Memory that it takes."""
        return self.data.nbytes + (self.valid.nbytes if self.valid is not None else 0)


class TileCache:
    """Least recently used tiles, up to a number of bytes.

    A block with a halo touches the tiles of its neighbours. Without this each of them would be decoded by every
    block and thread that touches it: with blocks of 1024 and tiles of 512 pixels more than twice.
    """

    def __init__(self, limit_bytes: int) -> None:
        self._limit = limit_bytes
        self._tiles: OrderedDict[tuple[int, ...], Future[Tile]] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    def get(self, key: tuple[int, ...], make: Callable[[], Tile]) -> Tile:
        """Return the tile of `key`; `make` runs in the first thread that asks, the others wait for it."""
        with self._lock:
            future = self._tiles.get(key)
            mine = future is None
            if future is None:
                future = self._tiles[key] = Future()
            self._tiles.move_to_end(key)
        if mine:
            try:
                tile = make()
            except BaseException as error:
                with self._lock:
                    self._tiles.pop(key, None)
                future.set_exception(error)
                raise
            future.set_result(tile)
            self._make_room(tile.nbytes)
        return future.result()

    def forget_above(self, row: int) -> None:
        """Forget the tiles that end above a row, since nobody will ask for them again."""
        with self._lock:
            for key, future in list(self._tiles.items()):
                if not future.done():
                    continue
                tile = future.result()
                if tile.window.row + tile.window.height <= row:
                    self._bytes -= self._tiles.pop(key).result().nbytes

    def clear(self) -> None:
        """Forget all tiles."""
        with self._lock:
            self._tiles.clear()
            self._bytes = 0

    def _make_room(self, added: int) -> None:
        with self._lock:
            self._bytes += added
            # Oldest first, and no further than needed: asking every tile whether it is done took 4 % of all reading.
            for key in list(self._tiles)[:-1]:
                if self._bytes <= self._limit:
                    break
                if self._tiles[key].done():
                    self._bytes -= self._tiles.pop(key).result().nbytes


def assemble(tiles: Sequence[Tile], window: Window, *, bands: int, dtype: np.dtype[np.generic]) -> tuple[Pixels, Valid]:
    """Put a window together from tiles; an earlier tile lies on top of a later one.

    Returns
    -------
    tuple
        Pixels (band, y, x) and valid (y, x). What no tile covers, and what is not valid, is 0.
    """
    # Zeros where nothing lies, at the end: most windows are covered, and clearing all took 0.15 s of 67 Mpx.
    pixels = np.empty((bands, window.height, window.width), dtype)
    valid = np.zeros((window.height, window.width), np.bool_)
    for tile in reversed(tiles):
        part = tile.window.intersection(window)
        rows, cols = part.within(window)
        inside = part.within(tile.window)
        if tile.valid is None:
            pixels[:, rows, cols] = tile.data[:, *inside]
            valid[rows, cols] = True
        else:
            np.copyto(pixels[:, rows, cols], tile.data[:, *inside], where=tile.valid[inside])
            valid[rows, cols] |= tile.valid[inside]
    if not valid.all():
        np.copyto(pixels, 0, where=~valid)
    return pixels, valid
