"""One table of every kernel and its twin. The tests read it for right results, the benchmark for speed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, is_dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

import rs_kernels
from benchmarks.planes import label
from rs_kernels.reference import objects, pixels

Array = npt.NDArray[Any]
Inputs = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """A kernel, inputs for it, and what they must give."""

    name: str
    """Function and case, unique."""
    make: Callable[[np.random.Generator, int, int], Inputs]
    """Makes the keyword arguments for a scene of so many rows and columns."""
    call: Callable[..., Any]
    """The kernel; takes `device` too. Returns an array or a tuple of arrays."""
    reference: Callable[..., Any]
    """Its slow twin."""
    rtol: float = 0.0
    """Relative tolerance; integers are compared exactly unless a tolerance is given."""
    atol: float = 0.0
    """Absolute tolerance."""
    headline: bool = False
    """Whether the benchmark runs it unasked."""

    def check(self, result: Any, expected: Any) -> None:
        """Raise AssertionError where two results differ by more than the tolerance."""
        for mine, theirs in zip(arrays(result), arrays(expected), strict=True):
            np.testing.assert_allclose(mine, theirs, rtol=self.rtol, atol=self.atol, err_msg=self.name)

    def bytes_moved(self, inputs: Inputs, result: Any) -> int:
        """Count the bytes of a single pass: every input array read once, every output array written once."""
        read = [value for value in inputs.values() if isinstance(value, np.ndarray)]
        return sum(array.nbytes for array in (*read, *arrays(result)))


def arrays(result: Any) -> tuple[Array, ...]:
    """Return a kernel's result, one array or several or a record of them, as a tuple."""
    if is_dataclass(result):
        return tuple(vars(result).values())
    return tuple(map(np.asarray, result)) if isinstance(result, tuple) else (result,)


def _image(rng: np.random.Generator, shape: tuple[int, ...], dtype: npt.DTypeLike) -> Array:
    return (rng.random(shape, np.float32) * _brightest(dtype)).astype(dtype)


def _brightest(dtype: npt.DTypeLike) -> float:
    return {"uint8": 255.0, "uint16": 4000.0, "float32": 1.0}[np.dtype(dtype).name]


def _pair(rng: np.random.Generator, bands: int, dtype: npt.DTypeLike, height: int, width: int) -> Inputs:
    """Make two dates, a tenth of them unusable and, where the dtype has it, NaN there."""
    before, after = (_image(rng, (bands, height, width), dtype) for _ in range(2))
    valid = rng.random((height, width)) > 0.1
    if dtype == np.float32:
        before[:, ~valid] = np.nan
        after[:, ~valid] = np.inf
    return {"before": before, "after": after, "valid": valid}


def _mad(bands: int, dtype: npt.DTypeLike, variates: int | None = None, *, headline: bool = False) -> Comparison:
    def make(rng: np.random.Generator, height: int, width: int) -> Inputs:
        pair = _pair(rng, bands, dtype, height, width)
        k = variates or bands
        a, b = rng.normal(0.0, 4.0 / _brightest(dtype), (2, k, bands))
        return pair | {"a": a, "b": b, "c": rng.normal(0.0, 1.0, k)}

    name = f"mad_score {bands} bands, {variates or bands} variates, {np.dtype(dtype)}"
    return Comparison(
        name=name,
        make=make,
        call=rs_kernels.mad_score,
        reference=pixels.mad_score,
        rtol=1e-4,
        atol=1e-4,
        headline=headline,
    )


def _vector(bands: int, dtype: npt.DTypeLike, radius: int, *, headline: bool = False) -> Comparison:
    def make(rng: np.random.Generator, height: int, width: int) -> Inputs:
        pair = _pair(rng, bands, dtype, height, width)
        return pair | {
            "gain": rng.uniform(0.8, 1.2, bands),
            "offset": rng.normal(0.0, _brightest(dtype) / 50, bands),
            "weight": rng.uniform(0.5, 2.0, bands),
            "radius": radius,
            "steps": 4000.0 / _brightest(dtype),
        }

    return Comparison(
        name=f"change_vector {bands} bands, radius {radius}, {np.dtype(dtype)}",
        make=make,
        call=rs_kernels.change_vector,
        reference=pixels.change_vector,
        atol=1.0,  # a half may round either way
        headline=headline,
    )


def _mean_difference(bands: int, dtype: npt.DTypeLike, radius: int, *, headline: bool = False) -> Comparison:
    def make(rng: np.random.Generator, height: int, width: int) -> Inputs:
        pair = _pair(rng, bands, dtype, height, width)
        return pair | {
            "gain": rng.uniform(0.8, 1.2, bands),
            "offset": rng.normal(0.0, _brightest(dtype) / 50, bands),
            "weight": rng.uniform(100.0, 300.0, bands) / _brightest(dtype),  # beyond the bound in places
            "radius": radius,
        }

    return Comparison(
        name=f"mean_difference {bands} bands, radius {radius}, {np.dtype(dtype)}",
        make=make,
        call=rs_kernels.mean_difference,
        reference=pixels.mean_difference,
        rtol=1e-6,
        atol=1.0 / 256,  # a half may round either way, everywhere in the window at worst
        headline=headline,
    )


def _context_score(rng: np.random.Generator, height: int, width: int) -> Inputs:
    here, around = rng.random((2, height, width), np.float32) * np.array([[[6]], [[2]]], np.float32)
    valid = rng.random((height, width)) > 0.1
    here[~valid], around[~valid] = np.nan, np.inf
    return {"here": here, "around": around, "valid": valid, "full": 3.0}


def _index(dtype: npt.DTypeLike, *, headline: bool = False) -> Comparison:
    def make(rng: np.random.Generator, height: int, width: int) -> Inputs:
        pair = _pair(rng, 4, dtype, height, width)
        return {"image": pair["before"], "valid": pair["valid"], "pairs": [(3, 2), (1, 3), (0, 0)]}

    return Comparison(
        name=f"band_index 3 of 4 bands, {np.dtype(dtype)}",
        make=make,
        call=rs_kernels.band_index,
        reference=pixels.band_index,
        atol=1e-5,
        headline=headline,
    )


def _index_difference(dtype: npt.DTypeLike, *, headline: bool = False) -> Comparison:
    def make(rng: np.random.Generator, height: int, width: int) -> Inputs:
        return _pair(rng, 4, dtype, height, width) | {
            "gain": rng.uniform(0.8, 1.2, 4),
            "offset": rng.uniform(0.0, _brightest(dtype) / 50, 4),
            "pairs": [(3, 2), (1, 3)],
        }

    return Comparison(
        name=f"index_difference 2 of 4 bands, {np.dtype(dtype)}",
        make=make,
        call=rs_kernels.index_difference,
        reference=pixels.index_difference,
        atol=1e-5,
        headline=headline,
    )


def _score(rng: np.random.Generator, dtype: npt.DTypeLike, height: int, width: int) -> Inputs:
    score = _image(rng, (height, width), dtype)
    score[: height // 3] = np.iinfo(dtype).max  # a flat part, where the floor decides
    return {"score": score, "valid": rng.random((height, width)) > 0.1}


def _local_norm(dtype: npt.DTypeLike, radius: int, *, headline: bool = False) -> Comparison:
    def make(rng: np.random.Generator, height: int, width: int) -> Inputs:
        return _score(rng, dtype, height, width) | {"radius": radius, "floor": 4.0}

    return Comparison(
        name=f"local_norm radius {radius}, {np.dtype(dtype)}",
        make=make,
        call=rs_kernels.local_norm,
        reference=pixels.local_norm,
        rtol=1e-6,
        atol=1e-6,
        headline=headline,
    )


def _local_mean(dtype: npt.DTypeLike, radius: int, *, headline: bool = False) -> Comparison:
    def make(rng: np.random.Generator, height: int, width: int) -> Inputs:
        return _score(rng, dtype, height, width) | {"radius": radius, "unit": 0.25}

    return Comparison(
        name=f"local_mean radius {radius}, {np.dtype(dtype)}",
        make=make,
        call=rs_kernels.local_mean,
        reference=pixels.local_mean,
        rtol=1e-6,
        headline=headline,
    )


def _histogram(dtype: npt.DTypeLike, bins: int, *, headline: bool = False, **edges: float) -> Comparison:
    def make(rng: np.random.Generator, height: int, width: int) -> Inputs:
        pair = _pair(rng, 1, dtype, height, width)
        return {"values": pair["before"][0], "valid": pair["valid"], "bins": bins} | edges

    return Comparison(
        name=f"histogram {bins} bins, {np.dtype(dtype)}",
        make=make,
        call=rs_kernels.histogram,
        reference=pixels.histogram,
        headline=headline,
    )


def _translate(bands: int, dtype: npt.DTypeLike, dy: float, dx: float, *, headline: bool = False) -> Comparison:
    def make(rng: np.random.Generator, height: int, width: int) -> Inputs:
        image = _image(rng, (bands, height + 8, width + 8), dtype)
        if np.dtype(dtype).kind == "u":
            image[0] = rng.choice([0, np.iinfo(dtype).max], image[0].shape)  # overshoots on both sides
        return {"image": image, "dy": dy, "dx": dx, "margin": 4}

    return Comparison(
        name=f"translate {bands} bands by {dy:g}, {dx:g}, {np.dtype(dtype)}",
        make=make,
        call=rs_kernels.translate,
        reference=pixels.translate,
        atol=1e-5 if dtype == np.float32 else 1.0,  # a half may round either way
        headline=headline,
    )


def _mask(rng: np.random.Generator, height: int, width: int) -> npt.NDArray[np.bool_]:
    """Make a mask of squarish objects, some of them touching, with specks on them and between."""
    squares = rng.random((height // 6 + 1, width // 6 + 1)) < 0.1
    mask = squares.repeat(6, axis=0).repeat(6, axis=1)[:height, :width]
    specked: npt.NDArray[np.bool_] = mask ^ (rng.random((height, width)) < 0.02)
    return specked


def _levels(radius: int, *, headline: bool = False) -> Comparison:
    def make(rng: np.random.Generator, height: int, width: int) -> Inputs:
        patches = rng.integers(0, 256, (height // 4 + 1, width // 4 + 1), np.uint8)
        score = patches.repeat(4, axis=0).repeat(4, axis=1)[:height, :width]
        return {"score": np.ascontiguousarray(score), "levels": [50, 120, 200, 250], "radius": radius}

    return Comparison(
        name=f"levels_reached, 4 levels, radius {radius}",
        make=make,
        call=rs_kernels.levels_reached,
        reference=pixels.levels_reached,
        headline=headline,
    )


def _object_stats(rng: np.random.Generator, height: int, width: int) -> Inputs:
    labels, count = label(_mask(rng, height, width))
    return {"labels": labels, "count": count, "values": _image(rng, (3, height, width), np.uint8), "row": 7, "col": 9}


PIXEL_COMPARISONS = (
    _mad(1, np.uint8),
    _mad(3, np.uint8, headline=True),
    _mad(3, np.float32, 2),
    _mad(4, np.uint16, headline=True),
    _mad(4, np.float32),
    _mad(6, np.uint16, headline=True),
    _mad(10, np.float32, 7),
    _mad(13, np.uint16, headline=True),
    _vector(1, np.uint8, 1),
    _vector(3, np.uint8, 0),
    _vector(3, np.uint8, 1, headline=True),
    _vector(3, np.float32, 2),
    _vector(4, np.uint16, 0, headline=True),
    _vector(4, np.uint16, 1, headline=True),
    _vector(4, np.uint16, 2, headline=True),
    _vector(4, np.float32, 1),
    _vector(6, np.uint16, 1, headline=True),
    _vector(6, np.float32, 2),
    _mean_difference(1, np.uint8, 0),
    _mean_difference(3, np.uint8, 2),
    _mean_difference(4, np.uint16, 5, headline=True),
    _mean_difference(2, np.float32, 16),
    Comparison(
        name="context_score",
        make=_context_score,
        call=rs_kernels.context_score,
        reference=pixels.context_score,
        atol=1.0,  # a half may round either way
        headline=True,
    ),
    _levels(0),
    _levels(1, headline=True),
    _levels(4),
    _index(np.uint8),
    _index(np.uint16, headline=True),
    _index(np.float32),
    _index_difference(np.uint8),
    _index_difference(np.uint16, headline=True),
    _index_difference(np.float32),
    _local_norm(np.uint8, 0),
    _local_norm(np.uint8, 2),
    _local_norm(np.uint8, 16, headline=True),
    _local_norm(np.uint16, 3),
    _local_mean(np.uint8, 1),
    _local_mean(np.uint16, 5, headline=True),
    _histogram(np.uint8, 256, headline=True),
    _histogram(np.uint16, 500),
    _histogram(np.uint16, 64, lo=100.0, hi=3000.0),
    _histogram(np.float32, 100, lo=0.1, hi=0.8, headline=True),
    _translate(3, np.uint8, -0.5, 0.25),
    _translate(4, np.uint16, 0.37, -0.81, headline=True),
    _translate(1, np.uint16, 1.0, -1.0),
    _translate(2, np.uint16, 0.0, 0.0),
    _translate(2, np.float32, -1.0, 0.6),
)

OBJECT_COMPARISONS = (
    Comparison(
        name="object_stats 3 bands, uint8",
        make=_object_stats,
        call=rs_kernels.object_stats,
        reference=objects.object_stats,
        headline=True,
    ),
)

COMPARISONS = (*PIXEL_COMPARISONS, *OBJECT_COMPARISONS)
