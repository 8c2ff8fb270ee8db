"""Outlines in local metres: rectangles, rounded patches, ragged edges, curves."""

from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry import Polygon
from shapely.geometry.base import BaseGeometry

Shape: TypeAlias = BaseGeometry
Points: TypeAlias = npt.NDArray[np.float64]


def bezier(start: tuple[float, float], control: tuple[float, float], end: tuple[float, float]) -> Points:
    """Return 40 points of a quadratic Bezier curve."""
    t = np.linspace(0, 1, 40)[:, None]
    curve: Points = (1 - t) ** 2 * np.array(start) + 2 * t * (1 - t) * np.array(control) + t**2 * np.array(end)
    return curve


def blob(rng: np.random.Generator, x: float, y: float, radius_m: float, rough: float = 0.18) -> Points:
    """Return the (72, 2) outline of a rounded irregular patch."""
    angle = np.linspace(0, 2 * np.pi, 72, endpoint=False)
    radius = np.ones_like(angle)
    for wave in range(2, 8):
        radius += rough * rng.standard_normal() / wave * 1.6 * np.cos(wave * angle + 2 * np.pi * rng.random())
    radius = radius_m * np.clip(radius, 0.45, 1.7)
    return np.stack([x + radius * np.cos(angle), y + radius * np.sin(angle)], axis=1)


def ragged(rng: np.random.Generator, points: Points, amount_m: float) -> Points:
    """Return an outline's points moved about by smooth waves, as a digger leaves an edge."""
    moved = points.copy()
    for wave_m in (37.0, 17.0, 8.0):
        for axis in (0, 1):
            turn, phase = 2 * np.pi * rng.random(2)
            along = points[:, 0] * np.cos(turn) + points[:, 1] * np.sin(turn)
            moved[:, axis] += amount_m * (wave_m / 37) ** 0.9 * np.sin(2 * np.pi * along / wave_m + phase)
    return moved


def rectangle(x: float, y: float, length_m: float, width_m: float, angle: float) -> Points:
    """Return the (4, 2) corners of a rectangle about its centre; `angle` in radians from the x axis."""
    corners = np.array([(-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5)]) * (length_m, width_m)
    cos, sin = np.cos(angle), np.sin(angle)
    turned: Points = corners @ np.array([[cos, sin], [-sin, cos]]) + (x, y)
    return turned


def largest(shape: Shape) -> Shape:
    """Return the largest part of a geometry, or an empty polygon."""
    return max(shapely.get_parts(shape), key=lambda part: part.area, default=Polygon())


def sides(plot: Shape) -> tuple[float, float, float, float, float]:
    """Return centre x, y, length, width and direction of a rectangle."""
    corners = shapely.get_coordinates(plot)[:4]
    along, deep = corners[1] - corners[0], corners[3] - corners[0]
    x, y = corners.mean(axis=0)
    return float(x), float(y), float(np.hypot(*along)), float(np.hypot(*deep)), float(np.arctan2(along[1], along[0]))
