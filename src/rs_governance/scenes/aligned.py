"""Blocks of two dates, pixel on pixel."""

import threading
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import numpy as np

from rs_governance.scenes.grid import PixelGrid, Window
from rs_governance.scenes.masks import Mask, area_mask, cloud_mask
from rs_governance.scenes.pair import ScenePair
from rs_governance.scenes.placement import PlacedScene, RawPixels, place
from rs_governance.scenes.reader import SceneReader
from rs_governance.scenes.scene import Scene
from rs_governance.scenes.tiles import Pixels, Valid


@dataclass(frozen=True, kw_only=True)
class Registration:
    """A shift of the whole after scene against the before scene, in pixels of the common grid."""

    dy_px: float
    """What lies at row r of `before` lies at row r + dy_px of `after`."""
    dx_px: float
    """What lies at column c of `before` lies at column c + dx_px of `after`."""
    residual_px: float | None
    """Root mean square distance of the agreeing windows' own shifts from this one; None where none agreed."""
    windows_used: int
    """Windows, or parts of windows, that agree."""
    windows_tried: int
    """Windows, or parts of windows, with enough texture and usable ground."""
    reliable: bool
    """Whether the shift is trusted; otherwise it is 0."""
    unaligned_allowed: bool = False
    """Whether the pair would have been refused as not alignable, had the caller not said to take it as delivered."""


UNREGISTERED = Registration(dy_px=0.0, dx_px=0.0, residual_px=None, windows_used=0, windows_tried=0, reliable=False)
"""No shift is known: the scenes are read where their georeference says."""


@dataclass(frozen=True, kw_only=True)
class PairBlock:
    """A window of both dates."""

    window: Window
    """Where it lies in the pair's grid; it may stick out."""
    before: Pixels
    """(band, y, x), C-contiguous, in the pair's dtype."""
    after: Pixels
    """(band, y, x), C-contiguous, in the pair's dtype."""
    valid: Valid
    """(y, x): True where both dates are usable."""


@dataclass(frozen=True, kw_only=True)
class RawPairBlock:
    """A window as decoded; `AlignedPair.finish` makes a `PairBlock` of it."""

    window: Window
    """Where it lies in the pair's grid."""
    before: RawPixels
    """Pixels of the earlier date, perhaps a fraction of a pixel off."""
    after: RawPixels
    """Pixels of the later date, perhaps a fraction of a pixel off."""
    usable: Valid | None
    """(y, x): inside the area of interest and free of cloud on both dates; None where nothing says otherwise."""


class AlignedPair:
    """Two scenes that can be read pixel on pixel.

    Each thread gets its own handles of the files. Tiles that neighbouring windows share are decoded once.
    """

    def __init__(self, pair: ScenePair, registration: Registration) -> None:
        self.pair = pair
        self.registration = registration
        self._before = _placed(pair.before, pair)
        self._after = _placed(pair.after, pair, dy_px=registration.dy_px, dx_px=registration.dx_px)
        self._area = area_mask(pair.area, pair.grid)
        clouds = (
            cloud_mask(pair.before, pair.grid),
            cloud_mask(pair.after, pair.grid, dy_px=registration.dy_px, dx_px=registration.dx_px),
        )
        self._clouds: list[Mask] = [mask for mask in clouds if mask is not None]
        self._kernels = threading.Lock()

    @property
    def grid(self) -> PixelGrid:
        """Common grid."""
        return self.pair.grid

    @property
    def roles(self) -> tuple[str, ...]:
        """Bands, in the order of the blocks."""
        return self.pair.roles

    @property
    def dtype(self) -> np.dtype[np.generic]:
        """Type of the blocks' pixels."""
        return self.pair.dtype

    @property
    def before(self) -> Scene:
        """The earlier scene."""
        return self.pair.before

    @property
    def after(self) -> Scene:
        """The later scene."""
        return self.pair.after

    def read_raw(self, window: Window) -> RawPairBlock:
        """Decode a window, without compiled kernels: any number of threads may do so while kernels run elsewhere.

        Raises
        ------
        SceneUnreadable
            If a file cannot be read there.
        """
        return RawPairBlock(
            window=window,
            before=self._before.read(window),
            after=self._after.read(window),
            usable=self._usable(window),
        )

    def finish(self, raw: RawPairBlock) -> PairBlock:
        """Move the pixels by the fraction of a pixel that is left.

        It runs compiled kernels: call it only from the thread that runs the others.
        """
        before, valid = self._before.finish(raw.before)
        after, after_valid = self._after.finish(raw.after)
        valid &= after_valid
        if raw.usable is not None:
            valid &= raw.usable
        return PairBlock(window=raw.window, before=before, after=after, valid=valid)

    def read(self, window: Window) -> PairBlock:
        """Read a window: `read_raw` and `finish`.

        Threads may call it at once, but not while another thread runs kernels of its own.

        Parameters
        ----------
        window
            Pixels of the grid; what sticks out of it is 0 and not valid.

        Raises
        ------
        SceneUnreadable
            If a file cannot be read there.
        """
        raw = self.read_raw(window)
        with self._kernels:
            return self.finish(raw)

    def forget_above(self, row: int) -> None:
        """Forget decoded pixels that only windows above a row of the grid would need; reading them again still works."""
        self._before.forget_above(row)
        self._after.forget_above(row)

    def _usable(self, window: Window) -> Valid | None:
        usable = self._area.read(window) if self._area is not None else None
        for mask in self._clouds:
            clear = ~mask.read(window)
            usable = clear if usable is None else usable & clear
        return usable

    def close(self) -> None:
        """Close the files."""
        self._before.close()
        self._after.close()
        for mask in self._clouds:
            mask.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def align(pair: ScenePair, registration: Registration) -> AlignedPair:
    """Return the pair, readable pixel on pixel.

    Parameters
    ----------
    pair
        Two scenes on one grid.
    registration
        The shift that is left over, from `register`.
    """
    return AlignedPair(pair, registration)


def _placed(scene: Scene, pair: ScenePair, *, dy_px: float = 0.0, dx_px: float = 0.0) -> PlacedScene:
    reader = SceneReader(scene, roles=pair.roles, dtype=pair.dtype)
    return place(reader, pair.grid, dy_px=dy_px, dx_px=dx_px)
