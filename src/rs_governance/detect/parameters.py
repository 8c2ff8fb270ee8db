"""What the spectral detector can be told; one setting serves every sensor, since lengths are on the ground."""

from dataclasses import asdict, dataclass
from typing import Any

from rs_governance.errors import UsageError


@dataclass(frozen=True, kw_only=True)
class SpectralParameters:
    """Settings of the spectral detector."""

    here_m: float = 4.0
    """Half the side of the window over which the two dates are averaged before they are compared."""
    around_m: float = 32.0
    """Half the side of the window that says how much has changed around a pixel."""
    tolerance_px: int = 1
    """Shift that the change around a pixel forgives; 2 is taken where registration failed or leaves more than 0.75."""
    own_share: float = 0.7
    """How far the level is the scene's own, 0..1: the rest is a fixed level of one contrast, in which pictures that
    changed as a whole, or hardly at all, find a hold."""
    weak: float = 0.9
    """Pixels above this multiple of the level belong to an object."""
    strong: float = 1.05
    """Objects whose mean is above this multiple of the level are kept,"""
    peak: float = 1.35
    """if their highest pixel is above this one."""
    firm: float = 1.15
    """Objects that sprawl are taken apart into what is above this multiple of the level."""
    sprawl_m2: float = 20_000.0
    """An object may sprawl from this size on,"""
    sprawl_fill: float = 0.45
    """where it fills less than this share of the rectangle around it,"""
    sprawl_firm: float = 0.8
    """and where its firm parts are less than this share of it."""
    full: float = 2.5
    """Multiple of the level that scores 1."""
    open_m: float = 1.0
    """Radius of the opening that removes threads and specks."""
    smallest_m2: float = 60.0
    """Objects with less ground are dropped."""
    simplify_px: float = 0.75
    """Tolerance by which outlines are simplified."""
    sample_windows: int = 36
    """Windows, spread evenly, from which statistics are learnt."""
    sample_px: int = 512
    """Side of such a window."""

    def __post_init__(self) -> None:
        """Refuse settings that contradict each other."""
        levels = (self.weak, self.strong, self.firm, self.peak, self.full)
        if not (0 < self.weak <= min(self.strong, self.firm) and max(levels) == self.full):
            raise UsageError(f"Expected weak below strong, firm and peak, full above all, got {levels}.")
        if not 0 <= self.own_share <= 1:
            raise UsageError(f"Expected an own share of 0 to 1, got {self.own_share}.")
        if self.tolerance_px not in (0, 1, 2):
            raise UsageError(f"Expected a tolerance of 0, 1 or 2 pixels, got {self.tolerance_px}.")
        if min(self.here_m, self.around_m, self.open_m, self.smallest_m2, self.simplify_px) < 0:
            raise UsageError("Expected lengths and areas that are not negative.")
        if self.sample_windows < 1 or self.sample_px < 64:
            raise UsageError("Expected at least one sample window of at least 64 pixels.")

    def as_record(self) -> dict[str, Any]:
        """Return the settings for `run.json`."""
        return asdict(self)
