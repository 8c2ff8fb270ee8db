"""Textures of a place: smooth noise of several sizes, the same on all dates."""

from dataclasses import dataclass

from rs_governance.simulate.board import Board, Floats


@dataclass(frozen=True, kw_only=True)
class Textures:
    """Smooth noise of several sizes that belongs to the place and stays from date to date."""

    grain: Floats
    fine: Floats
    """1.2 m."""
    clump: Floats
    """3 m."""
    patch: Floats
    """9 m."""
    broad: Floats
    """35 m."""


def weave(board: Board) -> Textures:
    """Return the textures of a window."""
    scales = {"grain": 0.3, "fine": 1.2, "clump": 3.0, "patch": 9.0, "broad": 35.0}
    return Textures(**{name: board.noise(f"texture {name}", scale) for name, scale in scales.items()})
