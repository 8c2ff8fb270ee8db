"""The global shift between two scenes that their georeference leaves over."""

import math
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import replace
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.fft import fft2, fftfreq, ifft2
from scipy.ndimage import gaussian_filter, minimum_filter
from threadpoolctl import threadpool_limits

from rs_governance.errors import NotAlignable
from rs_governance.scenes.aligned import UNREGISTERED, AlignedPair, Registration
from rs_governance.scenes.grid import PixelGrid, Window
from rs_governance.scenes.pair import ScenePair
from rs_governance.scenes.tiles import Pixels, Valid

Texture = NDArray[np.complex64]
Spectrum = NDArray[np.complex64]
Surface = NDArray[np.float32]

_SIDE_PX = 512
_SMALLEST_SIDE_PX = 48
_WINDOWS_PER_AXIS = 4
_SMOOTH_PX = 1.0
# Windows and parts of which less is usable, and windows whose brightness spreads less around its mean, say nothing.
_USABLE_SHARE = 0.5
_CONTRAST = 0.01
# Fewer windows than this are cut into parts, so that there is something to vote.
_ENOUGH_WINDOWS = 9
_PARTS_PER_AXIS = 3
_FINE_PX = 6
_UPSAMPLING = 20
_AGREE_PX = 1.5
_RELIABLE_SHARE = 0.4
_LEAST_VOTES = 3


class _Search(NamedTuple):
    reach_px: int
    reliable_peak: float
    """Height of the peak over the rest of the search area, in standard deviations of the rest."""


# What unrelated images reach by chance is in docs/decisions/0007-alignment.md. The wide search looks at 7 times as many
# shifts and takes more on itself, so it asks for more.
_NEAR = _Search(reach_px=24, reliable_peak=5.0)
_FAR = _Search(reach_px=64, reliable_peak=10.0)

# A pair is only refused for what it shows where it shows enough: a smaller image may be one building site, changed all over.
_REFUSABLE_SIDE_PX = 192
_REFUSABLE_SIDE_M = 150.0
_REFUSABLE_SHARE = 0.5
# Layouts of unrelated images correlate less.
_ALIKE = 0.35
_CELL_PX = 8


class _View(NamedTuple):
    """A window of one date."""

    texture: Texture
    layout: NDArray[np.float32]
    """(2, y, x): mean brightness and mean strength of edges, each in cells of 8 x 8 pixels."""


class _Place(NamedTuple):
    """A window of both dates that has texture."""

    before: _View
    after: _View
    valid: Valid

    @property
    def textures(self) -> tuple[Texture, Texture]:
        """Those of both dates."""
        return self.before.texture, self.after.texture


def register(pair: ScenePair, *, allow_unaligned: bool = False, workers: int = 2) -> Registration:
    """Estimate by how much `after` is shifted against `before`, in pixels of the common grid.

    Windows spread over the grid (at most 16 of 512 x 512 pixels; a small image is one window) are compared by their
    edge directions, which stay when light, season and sensor change. Their cross-correlations are added up: the peak
    of the sum is the shift, looked for within 24 pixels and, where nothing stands out there, within 64. The windows (of
    a small image, parts of it) are then compared again, each on its own, moved by the whole pixels of that shift; those
    that agree to 1.5 pixels give the residual. Where the peak is weak or few agree, `reliable` is False and the shift 0:
    better a pixel off than moved at random.

    Parameters
    ----------
    pair
        Two scenes on one grid.
    allow_unaligned
        True to take a pair as delivered that would be refused.
    workers
        Threads that look at windows; they never change the result.

    Raises
    ------
    NotAlignable
        If two georeferenced images, large enough to tell, neither show a common shift nor a like layout: they are of
        different places, or further apart than can be found. Plain pictures are never refused.
    SceneUnreadable
        If a file cannot be read.

    References
    ----------
    C. D. Kuglin and D. C. Hines, "The phase correlation image alignment method", Proc. IEEE Int. Conf. Cybernetics
    and Society, 1975; the spectrum is whitened by the root of its magnitude. M. Guizar-Sicairos, S. T. Thurman and
    J. R. Fienup, "Efficient subpixel image registration algorithms", Optics Letters 33, 2008, for the upsampled peak.
    """
    # How many threads share a sum decides its last digits: one, on every machine.
    with ThreadPoolExecutor(workers, thread_name_prefix="register") as pool, threadpool_limits(1, user_api="blas"):
        return _register(pair, pool, allow_unaligned=allow_unaligned)


def _register(pair: ScenePair, pool: ThreadPoolExecutor, *, allow_unaligned: bool) -> Registration:
    places = _places(pair, pool)
    if not places:
        return UNREGISTERED
    side = places[0].valid.shape[0]
    # One transform serves both searches: the wider one costs nothing.
    near_px, far_px = min(_NEAR.reach_px, side // 4), min(_FAR.reach_px, side // 3)
    far = list(pool.map(lambda place: _surface(_cross_spectrum(*place.textures), far_px), places))
    near = [_middle(surface, near_px) for surface in far]
    distant = _vote(places, far, _FAR, pool, beyond_px=near_px)
    if distant.reliable:
        return distant
    found = _vote(places, near, _NEAR, pool)
    if found.reliable or not _is_hopeless(pair, found, near, places):
        return found
    if not allow_unaligned:
        raise NotAlignable(_refusal(pair, found, reach_px=far_px))
    return replace(found, unaligned_allowed=True)


def _places(pair: ScenePair, pool: ThreadPoolExecutor) -> list[_Place]:
    """Return the windows that have texture and usable ground on both dates."""
    side = min(_SIDE_PX, pair.grid.height, pair.grid.width)
    if side < _SMALLEST_SIDE_PX:
        return []
    windows = [
        Window(row=row, col=col, height=side, width=side)
        for row in _positions(pair.grid.height, side, _tile_phase(pair.before.grid, pair.grid, axis=0))
        for col in _positions(pair.grid.width, side, _tile_phase(pair.before.grid, pair.grid, axis=1))
    ]
    with AlignedPair(pair, UNREGISTERED) as aligned:
        looks = [pool.submit(_place, aligned, window) for window in windows]
        # All have to be done before the files are closed, also when one could not be read: reading on ends the process.
        wait(looks)
        found = [look.result() for look in looks]
    return [place for place in found if place is not None]


def _place(aligned: AlignedPair, window: Window) -> _Place | None:
    block = aligned.read(window)
    if not any(block.valid[part].mean() >= _USABLE_SHARE for part in _part_slices(window.height)):
        return None
    before, after = _view(block.before, block.valid), _view(block.after, block.valid)
    return None if before is None or after is None else _Place(before, after, block.valid)


def _positions(length: int, side: int, phase: int) -> list[int]:
    """Return starts of windows spread over an axis, on the edges of the file's tiles where there is room."""
    count = min(_WINDOWS_PER_AXIS, length // side)
    starts = np.linspace(0, length - side, count) if count > 1 else np.array([(length - side) / 2])
    snapped = np.round((starts + phase) / side) * side - phase
    return sorted({int(start) for start in np.clip(snapped, 0, length - side)})


def _tile_phase(scene: PixelGrid, grid: PixelGrid, *, axis: int) -> int:
    if scene.crs != grid.crs:
        return 0
    col, row = ~scene.transform @ (grid.transform.c, grid.transform.f)
    offset: float = (row, col)[axis]
    return round(offset)


def _view(pixels: Pixels, valid: Valid) -> _View | None:
    """Return a window's texture and layout; None where it is flat.

    The texture is the directions of edges as complex numbers of twice the angle, so that dark-bright equals
    bright-dark. What is not usable is 0, the mean, and pulls to no shift; nor do the edges of what is usable, since
    only usable pixels enter the smoothing.
    """
    brightness = pixels.mean(axis=0, dtype=np.float32)
    # Selecting by a mask is dear, and most windows are whole.
    usable = ... if valid.all() else valid
    level = float(brightness[usable].mean())
    if float(brightness[usable].std()) <= _CONTRAST * abs(level):
        return None
    brightness[~valid] = level
    smooth = gaussian_filter(brightness, _SMOOTH_PX)
    if usable is valid:
        weight = gaussian_filter(valid.astype(np.float32), _SMOOTH_PX)
        smooth = level + (smooth - level) / np.maximum(weight, 1e-3)
    along_y, along_x = np.gradient(smooth)
    edges = along_x + 1j * along_y
    strength = np.abs(edges)
    directions = np.square(edges / (strength + np.median(strength[usable]) + 1e-6))
    if usable is valid:
        inner = minimum_filter(valid, size=3)
        directions = np.where(inner, directions - directions[inner].mean(), 0)
    return _View(directions.astype(np.complex64), np.stack([_cells(brightness), _cells(strength)]))


def _cells(image: NDArray[np.float32]) -> NDArray[np.float32]:
    rows, cols = (length // _CELL_PX for length in image.shape)
    cut = image[: rows * _CELL_PX, : cols * _CELL_PX].reshape(rows, _CELL_PX, cols, _CELL_PX)
    means: NDArray[np.float32] = cut.mean(axis=(1, 3))
    return means


def _vote(
    places: list[_Place], surfaces: list[Surface], search: _Search, pool: ThreadPoolExecutor, *, beyond_px: int = -1
) -> Registration:
    """Take the shift that all windows together show and let each of them, or parts of few, say whether it agrees.

    Where no peak stands out further away than `beyond_px`, nobody is asked.
    """
    row, col, peak = _summed_peak(surfaces)
    if beyond_px >= 0 and (peak <= search.reliable_peak or max(abs(row), abs(col)) <= beyond_px):
        return UNREGISTERED
    split = len(places) < _ENOUGH_WINDOWS
    parts = [part for place in places for part in _parts(place, row, col, split=split)]
    if not parts:
        return UNREGISTERED
    spectra = list(pool.map(lambda part: _cross_spectrum(*part), parts))
    fine = list(pool.map(lambda spectrum: _surface(spectrum, _FINE_PX), spectra))
    weights = [1 / (float(np.std(surface)) + 1e-12) for surface in fine]
    dy, dx = _upsampled_peak(_weighted_sum(spectra, weights), _weighted_sum(fine, weights))
    own = list(pool.map(_upsampled_peak, spectra, fine))
    distances = [math.hypot(y - dy, x - dx) for y, x in own]
    agreeing = [distance for distance in distances if distance <= _AGREE_PX]
    reliable = (
        peak > search.reliable_peak
        and max(abs(dy), abs(dx)) <= _AGREE_PX
        and len(agreeing) >= _RELIABLE_SHARE * len(parts)
        and len(agreeing) >= min(_LEAST_VOTES, len(parts))
    )
    return Registration(
        dy_px=round(row + dy, 3) if reliable else 0.0,
        dx_px=round(col + dx, 3) if reliable else 0.0,
        residual_px=round(math.sqrt(sum(d * d for d in agreeing) / len(agreeing)), 3) if agreeing else None,
        windows_used=len(agreeing),
        windows_tried=len(parts),
        reliable=reliable,
    )


def _parts(place: _Place, row: int, col: int, *, split: bool) -> list[tuple[Texture, Texture]]:
    """Cut out what both dates share after a move by whole pixels, in overlapping parts where asked."""
    size = place.valid.shape[0] - max(abs(row), abs(col))
    # A length that the Fourier transform likes.
    size -= size % 16
    top, left = max(0, -row), max(0, -col)
    here = np.s_[top : top + size, left : left + size]
    there = np.s_[top + row : top + row + size, left + col : left + col + size]
    before, after = place.before.texture[here], place.after.texture[there]
    valid = place.valid[here] & place.valid[there]
    slices = _part_slices(size) if split else [np.s_[:, :]]
    return [(before[part], after[part]) for part in slices if valid[part].mean() >= _USABLE_SHARE]


def _part_slices(size: int) -> list[tuple[slice, slice]]:
    half = size // 2
    starts = [round(start) for start in np.linspace(0, size - half, _PARTS_PER_AXIS)]
    return [np.s_[top : top + half, left : left + half] for top in starts for left in starts]


def _is_hopeless(pair: ScenePair, found: Registration, surfaces: list[Surface], places: list[_Place]) -> bool:
    """Return whether a pair without a common shift shows enough to say that it is of different places."""
    grid = pair.grid
    side_m = min(length * size for length, size in zip((grid.height, grid.width), grid.pixel_size_m, strict=True))
    return (
        grid.crs is not None
        and min(grid.height, grid.width) >= _REFUSABLE_SIDE_PX
        and side_m >= _REFUSABLE_SIDE_M
        and found.windows_tried >= _LEAST_VOTES
        and found.windows_used < _REFUSABLE_SHARE * found.windows_tried
        and _summed_peak(surfaces)[2] <= _NEAR.reliable_peak
        and _likeness(places) < _ALIKE
    )


def _likeness(places: list[_Place]) -> float:
    """Return how much the layouts of both dates correlate where they lie, by brightness or by edges, -1..1."""
    found = []
    for place in places:
        usable = _cells(place.valid.astype(np.float32)) >= _USABLE_SHARE
        pairs = zip(place.before.layout, place.after.layout, strict=True)
        found.append([_correlation(before[usable], after[usable]) for before, after in pairs])
    return float(np.mean(found, axis=0).max())


def _correlation(first: NDArray[np.float32], second: NDArray[np.float32]) -> float:
    first, second = first - first.mean(), second - second.mean()
    return float((first * second).sum() / (math.sqrt((first**2).sum() * (second**2).sum()) + 1e-12))


def _refusal(pair: ScenePair, found: Registration, *, reach_px: int) -> str:
    return (
        f"'{pair.before.image_id}' and '{pair.after.image_id}' overlap, but no shift of up to {reach_px} pixels brings "
        f"them together: of {found.windows_tried} places compared only {found.windows_used} look alike. Check that both "
        "show the same place and that their georeference is right, then register them by hand (QGIS Georeferencer); or "
        "compare them as delivered (--unaligned, in Python allow_unaligned=True)."
    )


def _cross_spectrum(before: Texture, after: Texture) -> Spectrum:
    window = _taper(before.shape[0])
    product = fft2(after * window) * np.conj(fft2(before * window))
    whitened: Spectrum = product / (np.sqrt(np.abs(product)) + 1e-9)
    return whitened


@lru_cache(maxsize=8)
def _taper(size: int) -> NDArray[np.float32]:
    taper = np.hanning(size).astype(np.float32)
    return np.outer(taper, taper)


def _surface(spectrum: Spectrum, reach: int) -> Surface:
    """Return the correlation at shifts of -reach to reach."""
    correlation = ifft2(spectrum).real
    shifts = np.arange(-reach, reach + 1)
    surface: Surface = correlation[np.ix_(shifts, shifts)]
    return surface


def _middle(surface: Surface, reach: int) -> Surface:
    """Return the correlation at shifts of -reach to reach, cut out of a wider surface."""
    spare = surface.shape[0] // 2 - reach
    return surface[spare : surface.shape[0] - spare, spare : surface.shape[1] - spare]


def _weighted_sum(arrays: list[Spectrum] | list[Surface], weights: list[float]) -> Any:
    return np.sum([array * weight for array, weight in zip(arrays, weights, strict=True)], axis=0)


def _standardised(surface: Surface) -> Surface:
    standard: Surface = (surface - surface.mean()) / (surface.std() + 1e-12)
    return standard


def _peak(surface: Surface) -> tuple[int, int, float]:
    """Return the shift of the highest point, and its height over the rest in standard deviations of the rest."""
    reach = surface.shape[0] // 2
    row, col = (int(at) for at in np.unravel_index(surface.argmax(), surface.shape))
    rows, cols = np.ogrid[: surface.shape[0], : surface.shape[1]]
    rest = surface[(abs(rows - row) > 4) | (abs(cols - col) > 4)]
    return row - reach, col - reach, float((surface[row, col] - rest.mean()) / (rest.std() + 1e-12))


def _summed_peak(surfaces: list[Surface]) -> tuple[int, int, float]:
    return _peak(np.sum([_standardised(surface) for surface in surfaces], axis=0))


def _upsampled_peak(spectrum: Spectrum, surface: Surface) -> tuple[float, float]:
    """Return the highest point of a surface, to a twentieth of a pixel by evaluating the Fourier sum around it."""
    row, col, _ = _peak(surface)
    offsets = np.arange(-_UPSAMPLING // 2, _UPSAMPLING // 2 + 1) / _UPSAMPLING
    rows, cols = row + offsets, col + offsets
    frequencies = fftfreq(spectrum.shape[0])
    down = np.exp(2j * np.pi * np.outer(rows, frequencies)).astype(np.complex64)
    right = np.exp(2j * np.pi * np.outer(frequencies, cols)).astype(np.complex64)
    # By BLAS: 0.5 ms of processor time for 512 x 512, where `einsum` takes 8.
    finer = (down @ spectrum @ right).real
    at_row, at_col = np.unravel_index(finer.argmax(), finer.shape)
    return float(rows[at_row]), float(cols[at_col])
