"""What the spectral detector learns from a pair before it looks at every pixel."""

import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
from skimage.filters import threshold_otsu

from rs_governance.detect.change import Change, Standard, measure_change
from rs_governance.detect.clouds import clouded_shares
from rs_governance.detect.irmad import MadModel, fit_irmad
from rs_governance.detect.parameters import SpectralParameters
from rs_governance.detect.raw_numbers import RawNumbers, find_raw_numbers
from rs_governance.detect.sample import sample_windows
from rs_governance.errors import NothingObserved
from rs_governance.scenes import AlignedPair, PairBlock
from rs_kernels import Device

FloatArray = npt.NDArray[np.float64]

CORE_ROLES = ("blue", "green", "red", "nir")
"""Bands that are compared where a pair has them: sharpest, least moved by the air, and on every sensor."""

VISIBLE_ROLES = ("blue", "green", "red")
"""Bands whose mean is the brightness of a place."""

_MOST_BANDS = 4
_MAD_PIXELS = 20_000
_MOMENT_PIXELS = 500_000
_OUTERMOST = (5.0, 50.0, 95.0)
_COARSE_RESIDUAL_PX = 0.75
# A level is a share of the scene's own contrast; below this there is nothing but rounding.
_LOWEST_LEVEL = 0.02


@dataclass(frozen=True, kw_only=True)
class SpectralModel:
    """Statistics of a pair, learnt from a sample."""

    parameters: SpectralParameters
    """Settings."""
    bands: tuple[int, ...]
    """Bands of the pair that are compared."""
    roles: tuple[str, ...]
    """Their roles."""
    standard: Standard
    """Normalisation of the two dates, radii and tolerance."""
    mad: MadModel
    """Multivariate alteration detection, without the sample's pixels."""
    level: float
    """Change, in multiples of the scene's contrast, that divides the changed from the unchanged."""
    pixel_m2: float
    """Ground of a pixel."""
    brightness: tuple[float, float]
    """Mean of the scene over its visible bands, or over all there are, on either date."""
    infrared: tuple[float, float] = (math.nan, math.nan)
    """Mean of the scene in the near infrared on either date; NaN without that band."""
    lush: tuple[float, float] = (math.nan, math.nan)
    """NDVI (excess green without near infrared) that only a twentieth of the scene exceeds, on either date."""
    raw: tuple[RawNumbers | None, RawNumbers | None] = (None, None)
    """What is taken off either date before plants are told; None where its numbers are good as they are."""
    clouded: tuple[float, float] = (0.0, 0.0)
    """Share of the sample that is very bright, even and large on either date alone, as clouds are."""

    @property
    def beside_px(self) -> int:
        """Pixels from the edge of an object at which one looks for what lies beside it."""
        return _radius(self.parameters.beside_m, math.sqrt(self.pixel_m2), least=1)

    def as_record(self) -> dict[str, Any]:
        """Return settings and what was learnt, for `run.json`."""
        standard = self.standard
        learnt = {
            "bands": list(self.roles),
            "gain": standard.gain.tolist(),
            "offset": standard.offset.tolist(),
            "contrast": (1.0 / standard.weight).tolist(),
            "here_px": standard.here_px,
            "around_px": standard.around_px,
            "tolerance_px": standard.tolerance_px,
            "level": self.level,
            "brightness": list(self.brightness),
            "infrared": [None if math.isnan(mean) else mean for mean in self.infrared],
            "lush": [None if math.isnan(index) else index for index in self.lush],
            "raw": [None if raw is None else asdict(raw) for raw in self.raw],
            "clouded": list(self.clouded),
            "mad_typical": self.mad.typical,
            "mad_rounds": self.mad.rounds,
            "mad_correlations": self.mad.correlations.tolist(),
        }
        return {**self.parameters.as_record(), "learnt": learnt}


def learn_model(
    pair: AlignedPair, parameters: SpectralParameters, *, workers: int = 2, device: Device = "cpu"
) -> SpectralModel:
    """Learn normalisation, no-change statistics and the threshold of a pair from a fixed sample of windows.

    Parameters
    ----------
    pair
        Two scenes, pixel on pixel.
    parameters
        Settings.
    workers
        Threads that decode.
    device
        Where the kernels run.

    Raises
    ------
    NothingObserved
        If no pixel, or next to none, is usable on both dates, or all usable ones of a date are the same.
    """
    bands = compared_bands(pair.roles)
    blocks = [_only(block, bands) for block in _read_sample(pair, parameters, workers)]
    if not blocks:
        raise NothingObserved(
            f"Not one pixel is usable on both dates in '{pair.before.image_id}' and '{pair.after.image_id}'; "
            "check nodata values, cloud masks and the area of interest."
        )
    # Every n-th pixel along both axes is as good for statistics as all of them, and far fewer.
    step = max(1, math.isqrt(sum(int(block.valid.sum()) for block in blocks) // _MOMENT_PIXELS))
    before, after = (_pixels(blocks, date, step) for date in ("before", "after"))
    if not before.size and step > 1:
        before, after = (_pixels(blocks, date, 1) for date in ("before", "after"))
    thin = max(1, before.shape[1] // _MAD_PIXELS)
    roles = tuple(pair.roles[band] for band in bands)
    # What needs no kernels is computed beside them: 0.25 s of processor time of 1.8 (67 Mpx, measured on 2 cores).
    with ThreadPoolExecutor(max_workers=workers, thread_name_prefix="learn") as pool:
        mad = pool.submit(fit_irmad, before[:, ::thin].T.astype(np.float64), after[:, ::thin].T.astype(np.float64))
        lush = pool.map(partial(_lush, roles=roles), (before, after))
        standard = _standard(before, after, pair, parameters)
        changes = [measure_change(block, standard, device=device) for block in blocks]
        strengths = np.concatenate([_strengths(change, step) for change in changes])
        if not strengths.size:
            strengths = np.concatenate([_strengths(change, 1) for change in changes])
        lush_before, lush_after = lush
    return SpectralModel(
        parameters=parameters,
        bands=bands,
        roles=roles,
        standard=standard,
        mad=mad.result(),
        level=dividing_level(strengths) ** parameters.own_share,
        pixel_m2=math.prod(pair.grid.pixel_size_m),
        brightness=_brightness(before, after, roles),
        infrared=_infrared(before, after, roles),
        lush=(lush_before, lush_after),
        raw=(find_raw_numbers(before, roles, lush_before), find_raw_numbers(after, roles, lush_after)),
        clouded=clouded_shares(blocks, visible_bands(roles), math.sqrt(math.prod(pair.grid.pixel_size_m))),
    )


def compared_bands(roles: tuple[str, ...]) -> tuple[int, ...]:
    """Choose the bands to compare: blue, green, red and near infrared, or the first four where there are fewer than two.

    Examples
    --------
    >>> compared_bands(("coastal", "blue", "green", "red", "rededge1", "nir"))
    (1, 2, 3, 5)
    >>> compared_bands(("pan",))
    (0,)
    """
    core = tuple(band for band, role in enumerate(roles) if role in CORE_ROLES)
    return core if len(core) >= 2 else tuple(range(min(len(roles), _MOST_BANDS)))


def dividing_level(strengths: npt.NDArray[np.float32]) -> float:
    """Find the strength of change that divides a scene in two, by Otsu's criterion on the logarithm.

    The logarithm makes the answer independent of the unit and keeps a few very strong pixels (clouds, glints) from
    pulling it up.

    Parameters
    ----------
    strengths
        (n,) strength of change of sample pixels.

    References
    ----------
    Otsu, N. (1979). A threshold selection method from gray-level histograms. IEEE Transactions on Systems, Man, and
    Cybernetics 9 (1), 62-66.

    Examples
    --------
    >>> strengths = np.concatenate([np.linspace(0.08, 0.12, 300), np.linspace(0.9, 1.1, 100)]).astype(np.float32)
    >>> bool(0.11 < dividing_level(strengths) < 0.9)
    True
    """
    logarithms = np.log(np.maximum(strengths, np.float32(_LOWEST_LEVEL / 2)).astype(np.float64))
    if logarithms.max() - logarithms.min() < 1e-6:
        return max(float(np.exp(logarithms[0])) * 2, _LOWEST_LEVEL)
    return max(float(np.exp(threshold_otsu(logarithms))), _LOWEST_LEVEL)


def _read_sample(pair: AlignedPair, parameters: SpectralParameters, workers: int) -> list[PairBlock]:
    """Read the windows of the sample that hold a usable pixel.

    Scattered areas of interest can fall between them: then the windows in between are read as well, until a window's
    worth of pixels is usable.
    """
    side = parameters.sample_px
    chosen = sample_windows(pair.grid, count=parameters.sample_windows, side=side)
    with ThreadPoolExecutor(max_workers=workers, thread_name_prefix="decode") as pool:
        blocks = [pair.finish(raw) for raw in pool.map(pair.read_raw, chosen)]
    usable = sum(int(block.valid.sum()) for block in blocks)
    others = (window for window in pair.grid.windows(side) if window not in chosen)
    while usable < side * side and (window := next(others, None)) is not None:
        blocks.append(pair.read(window))
        usable += int(blocks[-1].valid.sum())
    return [block for block in blocks if block.valid.any()]


def _only(block: PairBlock, bands: tuple[int, ...]) -> PairBlock:
    if bands == tuple(range(block.before.shape[0])):
        return block
    chosen = list(bands)
    return PairBlock(window=block.window, before=block.before[chosen], after=block.after[chosen], valid=block.valid)


def _pixels(blocks: list[PairBlock], date: str, step: int) -> npt.NDArray[np.generic]:
    """Usable samples (band, n) of one date, every `step`-th along both axes."""
    return np.concatenate(
        [getattr(block, date)[:, ::step, ::step][:, block.valid[::step, ::step]] for block in blocks], axis=1
    )


def _standard(
    before: npt.NDArray[np.generic], after: npt.NDArray[np.generic], pair: AlignedPair, parameters: SpectralParameters
) -> Standard:
    """Match median and spread of each band, and measure differences in contrasts of `before`."""
    for scene, samples in ((pair.before, before), (pair.after, after)):
        if (samples.max(axis=1) == samples.min(axis=1)).all():
            raise NothingObserved(
                f"'{scene.image_id}' has one value in all its usable pixels; expected a picture: check the file and its nodata."
            )
    (middle_before, spread_before), (middle_after, spread_after) = _spread(before), _spread(after)
    contrast = before.std(axis=1, dtype=np.float64)
    least = 1e-6 * np.maximum(1e-6, np.abs(middle_before))
    gain = np.maximum(spread_before, least) / np.maximum(spread_after, least)
    residual = pair.registration.residual_px
    coarse = not pair.registration.reliable or (residual is not None and residual > _COARSE_RESIDUAL_PX)
    pixel_m = math.sqrt(math.prod(pair.grid.pixel_size_m))
    return Standard(
        gain=gain,
        offset=middle_before - gain * middle_after,
        weight=1.0 / np.maximum(contrast, least),
        here_px=_radius(parameters.here_m, pixel_m, least=1),
        around_px=_radius(parameters.around_m, pixel_m, least=2),
        tolerance_px=2 if coarse else parameters.tolerance_px,
    )


def _spread(samples: npt.NDArray[Any]) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Median and spread of each band (band, n), the spread between the outermost twentieths.

    What changed on 2 % of the scene moves the gain by a tenth at most, where mean and deviation would be off by more
    than half. Where most of a band is one value the spread is 0, and its deviation is taken.
    """
    low, middle, high = percentiles(samples, _OUTERMOST)
    spread = high - low
    for band in np.flatnonzero(spread <= 0):
        spread[band] = samples[band].std(dtype=np.float64)
    return middle, spread


def percentiles(samples: npt.NDArray[Any], shares: tuple[float, ...]) -> FloatArray:
    """Return `np.percentile(samples, shares, axis=1)`, of 8 and 16 bits by counting: in a tenth of the time.

    Parameters
    ----------
    samples
        (band, n), n > 0.
    shares
        From 0 to 100.

    Examples
    --------
    >>> percentiles(np.array([[4, 1, 2, 8]], np.uint8), (0.0, 50.0))
    array([[1.],
           [3.]])
    """
    if samples.dtype.kind != "u":
        return np.asarray(np.percentile(samples, shares, axis=1), np.float64)
    last = samples.shape[1] - 1
    place = last * (np.array(shares) / 100)
    lower = np.floor(place).astype(np.int64)
    part, found = place - lower, np.empty((len(shares), len(samples)))
    for band, values in enumerate(samples):
        counts = np.bincount(values).cumsum()
        below, above = (
            np.searchsorted(counts, rank, side="right").astype(np.float64)
            for rank in (lower, np.minimum(lower + 1, last))
        )
        step = above - below
        found[:, band] = np.where(part < 0.5, below + step * part, above - step * (1 - part))
    return found


def _radius(metres: float, pixel_m: float, *, least: int) -> int:
    """Turn a length on the ground into a radius that kernels take."""
    return min(max(round(metres / pixel_m), least), 100)


def visible_bands(roles: tuple[str, ...]) -> list[int]:
    """Return the bands whose mean is the brightness of a place: blue, green and red, or all where there are none.

    Examples
    --------
    >>> visible_bands(("blue", "green", "red", "nir"))
    [0, 1, 2]
    """
    return [band for band, role in enumerate(roles) if role in VISIBLE_ROLES] or list(range(len(roles)))


def _brightness(
    before: npt.NDArray[np.generic], after: npt.NDArray[np.generic], roles: tuple[str, ...]
) -> tuple[float, float]:
    visible = visible_bands(roles)
    return float(before[visible].mean(dtype=np.float64)), float(after[visible].mean(dtype=np.float64))


def _infrared(
    before: npt.NDArray[np.generic], after: npt.NDArray[np.generic], roles: tuple[str, ...]
) -> tuple[float, float]:
    if "nir" not in roles:
        return math.nan, math.nan
    band = roles.index("nir")
    return float(before[band].mean(dtype=np.float64)), float(after[band].mean(dtype=np.float64))


def _lush(samples: npt.NDArray[np.generic], roles: tuple[str, ...]) -> float:
    """Return the index of the greenest twentieth of the sample."""
    bands = {role: band.astype(np.float64) for role, band in zip(roles, samples, strict=True)}
    if {"nir", "red"} <= bands.keys():
        index = normalised(bands["nir"] - bands["red"], bands["nir"] + bands["red"])
    elif set(VISIBLE_ROLES) <= bands.keys():
        index = normalised(
            2 * bands["green"] - bands["red"] - bands["blue"], sum(bands[role] for role in VISIBLE_ROLES)
        )
    else:
        return math.nan
    return float(np.percentile(index, _OUTERMOST[-1]))


def normalised(difference: FloatArray, total: FloatArray | int) -> FloatArray:
    """Divide differences by totals, (n,) both; 0 where the total is not positive."""
    totals = np.asarray(total, dtype=np.float64)
    return np.clip(np.divide(difference, totals, out=np.zeros_like(difference), where=totals > 0), -1.0, 1.0)


def _strengths(change: Change, step: int) -> npt.NDArray[np.float32]:
    here, around, valid = (layer[::step, ::step] for layer in (change.here, change.around, change.valid))
    strengths: npt.NDArray[np.float32] = np.sqrt(here * around)[valid]
    return strengths
