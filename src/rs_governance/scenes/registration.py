"""The global shift between two scenes that their georeference leaves over."""

import math

import numpy as np
from numpy.typing import NDArray
from scipy.fft import fft2, fftfreq, ifft2
from scipy.ndimage import gaussian_filter

from rs_governance.errors import NotAlignable
from rs_governance.scenes.aligned import UNREGISTERED, AlignedPair, Registration
from rs_governance.scenes.grid import PixelGrid, Window
from rs_governance.scenes.pair import ScenePair
from rs_governance.scenes.tiles import Pixels, Valid

Texture = NDArray[np.complex64]
Spectrum = NDArray[np.complex64]

_SIDE_PX = 512
_SMALLEST_SIDE_PX = 48
_WINDOWS_PER_AXIS = 4
_SEARCH_PX = 24
_SMOOTH_PX = 1.0
# Windows with less usable ground, or less spread in brightness than this part of its mean, say nothing.
_USABLE_SHARE = 0.9
_CONTRAST = 0.01
# Fewer windows than this are cut into parts, so that there is something to vote.
_ENOUGH_WINDOWS = 9
_PARTS_PER_AXIS = 3
_FINE_PX = 6
_UPSAMPLING = 20
_AGREE_PX = 1.5
# The peak over the rest of the search area in standard deviations: unrelated images stay below 5 (180 pairs tried).
_RELIABLE_PEAK = 5.0
_RELIABLE_SHARE = 0.4
_HOPELESS_PEAK = 4.2
_HOPELESS_SHARE = 0.15


def register(pair: ScenePair) -> Registration:
    """Estimate by how much `after` is shifted against `before`, in pixels of the common grid.

    Windows spread over the grid (at most 16 of 512 x 512 pixels; a small image is one window) are compared by their
    edge directions, which stay when light, season and sensor change. Their cross-correlations are added up: the peak
    of the sum is the shift. The windows are then compared again, each on its own, moved by the whole pixels of that
    shift; those that agree to 1.5 pixels give the residual. Shifts of up to 24 pixels are found. Where the peak is weak
    or few windows agree, `reliable` is False and the shift 0: better a pixel off than moved at random.

    Parameters
    ----------
    pair
        Two scenes on one grid.

    Raises
    ------
    NotAlignable
        If many textured windows show no common shift at all: the images are of different places.
    SceneUnreadable
        If a file cannot be read.

    References
    ----------
    C. D. Kuglin and D. C. Hines, "The phase correlation image alignment method", Proc. IEEE Int. Conf. Cybernetics
    and Society, 1975; the spectrum is whitened by the root of its magnitude. M. Guizar-Sicairos, S. T. Thurman and
    J. R. Fienup, "Efficient subpixel image registration algorithms", Optics Letters 33, 2008, for the upsampled peak.
    """
    textures = _textures(pair)
    if not textures:
        return UNREGISTERED
    side = textures[0][0].shape[0]
    reach = min(_SEARCH_PX, side // 4)
    spectra = [_cross_spectrum(before, after) for before, after in textures]
    surface = np.sum([_standardised(_surface(spectrum, reach)) for spectrum in spectra], axis=0)
    row, col, peak = _peak(surface)

    split = len(textures) < _ENOUGH_WINDOWS
    parts = [part for window in textures for part in _parts(*window, row, col, reach, split=split)]
    fine = [_cross_spectrum(before, after) for before, after in parts]
    fine = [spectrum / (np.std(_surface(spectrum, _FINE_PX)) + 1e-12) for spectrum in fine]
    dy, dx = _upsampled_peak(np.sum(fine, axis=0))
    distances = [math.hypot(y - dy, x - dx) for y, x in map(_upsampled_peak, fine)]
    agreeing = [distance for distance in distances if distance <= _AGREE_PX]
    share = len(agreeing) / len(parts)
    if len(textures) >= _ENOUGH_WINDOWS and peak < _HOPELESS_PEAK and share < _HOPELESS_SHARE:
        raise NotAlignable(
            f"'{pair.before.image_id}' and '{pair.after.image_id}' overlap, but of {len(parts)} places compared only "
            f"{len(agreeing)} look alike within {_SEARCH_PX} pixels; check that both show the same place and "
            "that their georeference is right, then register them by hand (QGIS Georeferencer)."
        )
    reliable = peak > _RELIABLE_PEAK and share >= _RELIABLE_SHARE and len(agreeing) >= min(3, len(parts))
    return Registration(
        dy_px=round(row + dy, 3) if reliable else 0.0,
        dx_px=round(col + dx, 3) if reliable else 0.0,
        residual_px=round(math.sqrt(sum(d * d for d in agreeing) / len(agreeing)), 3) if agreeing else None,
        windows_used=len(agreeing),
        windows_tried=len(parts),
        reliable=reliable,
    )


def _textures(pair: ScenePair) -> list[tuple[Texture, Texture]]:
    """Return the texture of both dates in each window that has any."""
    side = min(_SIDE_PX, pair.grid.height, pair.grid.width)
    if side < _SMALLEST_SIDE_PX:
        return []
    found = []
    with AlignedPair(pair, UNREGISTERED) as aligned:
        for row in _positions(pair.grid.height, side, _tile_phase(pair.before.grid, pair.grid, axis=0)):
            for col in _positions(pair.grid.width, side, _tile_phase(pair.before.grid, pair.grid, axis=1)):
                block = aligned.read(Window(row=row, col=col, height=side, width=side))
                if block.valid.mean() < _USABLE_SHARE:
                    continue
                before, after = _texture(block.before, block.valid), _texture(block.after, block.valid)
                if before is not None and after is not None:
                    found.append((before, after))
    return found


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


def _texture(pixels: Pixels, valid: Valid) -> Texture | None:
    """Return the directions of edges as complex numbers of twice the angle, so that dark-bright equals bright-dark."""
    brightness = pixels.mean(axis=0, dtype=np.float32)
    level = float(brightness[valid].mean())
    if float(brightness[valid].std()) <= _CONTRAST * abs(level):
        return None
    brightness[~valid] = level
    along_y, along_x = np.gradient(gaussian_filter(brightness, _SMOOTH_PX))
    edges = along_x + 1j * along_y
    strength = np.abs(edges)
    directions = np.square(edges / (strength + np.median(strength[valid]) + 1e-6))
    directions[~valid] = 0
    texture: Texture = directions.astype(np.complex64)
    return texture


def _parts(
    before: Texture, after: Texture, row: int, col: int, reach: int, *, split: bool
) -> list[tuple[Texture, Texture]]:
    """Cut out what both windows share after a move by whole pixels, in overlapping parts where asked."""
    size = before.shape[0] - 2 * reach
    # A length that the Fourier transform likes.
    size -= size % 32 if size > 64 else 0
    fixed = before[reach : reach + size, reach : reach + size]
    moved = after[reach + row : reach + row + size, reach + col : reach + col + size]
    if not split:
        return [(fixed, moved)]
    half = size // 2
    starts = [round(start) for start in np.linspace(0, size - half, _PARTS_PER_AXIS)]
    return [
        (fixed[top : top + half, left : left + half], moved[top : top + half, left : left + half])
        for top in starts
        for left in starts
    ]


def _cross_spectrum(before: Texture, after: Texture) -> Spectrum:
    size = before.shape[0]
    taper = np.hanning(size).astype(np.float32)
    window = np.outer(taper, taper)
    product = fft2(after * window) * np.conj(fft2(before * window))
    whitened: Spectrum = product / (np.sqrt(np.abs(product)) + 1e-9)
    return whitened


def _surface(spectrum: Spectrum, reach: int) -> NDArray[np.float32]:
    """Return the correlation at shifts of -reach to reach."""
    correlation = ifft2(spectrum).real
    shifts = np.arange(-reach, reach + 1)
    surface: NDArray[np.float32] = correlation[np.ix_(shifts, shifts)]
    return surface


def _standardised(surface: NDArray[np.float32]) -> NDArray[np.float32]:
    standard: NDArray[np.float32] = (surface - surface.mean()) / (surface.std() + 1e-12)
    return standard


def _peak(surface: NDArray[np.float32]) -> tuple[int, int, float]:
    """Return the shift of the highest point, and its height over the rest in standard deviations of the rest."""
    reach = surface.shape[0] // 2
    row, col = (int(at) for at in np.unravel_index(surface.argmax(), surface.shape))
    rows, cols = np.ogrid[: surface.shape[0], : surface.shape[1]]
    rest = surface[(abs(rows - row) > 4) | (abs(cols - col) > 4)]
    return row - reach, col - reach, float((surface[row, col] - rest.mean()) / (rest.std() + 1e-12))


def _upsampled_peak(spectrum: Spectrum) -> tuple[float, float]:
    """Return the highest point within `_FINE_PX`, to a twentieth of a pixel by evaluating the Fourier sum there."""
    row, col, _ = _peak(_surface(spectrum, _FINE_PX))
    offsets = np.arange(-_UPSAMPLING // 2, _UPSAMPLING // 2 + 1) / _UPSAMPLING
    rows, cols = row + offsets, col + offsets
    frequencies = fftfreq(spectrum.shape[0])
    down = np.exp(2j * np.pi * np.outer(rows, frequencies)).astype(np.complex64)
    right = np.exp(2j * np.pi * np.outer(frequencies, cols)).astype(np.complex64)
    # Not `@`: sums by BLAS depend on its number of threads.
    finer = np.einsum("rk,kc->rc", np.einsum("rk,kc->rc", down, spectrum), right).real
    at_row, at_col = np.unravel_index(finer.argmax(), finer.shape)
    return float(rows[at_row]), float(cols[at_col])
