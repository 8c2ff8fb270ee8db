"""What the spectral detector can be told; one setting serves every sensor, since lengths are on the ground."""

import itertools
from dataclasses import asdict, dataclass
from typing import Any

from rs_governance.errors import UsageError


@dataclass(frozen=True, kw_only=True)
class SpectralParameters:
    """Settings of the spectral detector."""

    here_m: float = 3.0
    """Half the side of the window over which the two dates are averaged before they are compared."""
    around_m: float = 32.0
    """Half the side of the window that says how much has changed around a pixel."""
    least_around: float = 0.0
    """Change around a pixel, in multiples of the level, that is taken for granted: what stands alone in calm ground is
    found from about 0.9 on, with a tenth more findings, most of them fields."""
    tolerance_px: int = 1
    """Shift that the change around a pixel forgives; 2 is taken where registration failed or leaves more than 0.75."""
    own_share: float = 0.7
    """How far the level is the scene's own, 0..1: the rest is a fixed level of one contrast, in which pictures that
    changed as a whole, or hardly at all, find a hold."""
    levels: tuple[float, ...] = (0.88, 1.1, 1.4, 1.8, 2.3)
    """Multiples of the level, ascending, at each of which a connected region may be an object."""
    strong: float = 1.04
    """Objects whose mean is above this multiple of the level are kept,"""
    peak: float = 1.25
    """if their highest pixel is above this one."""
    usual_m2: float = 3_500.0
    """Ground of an object as large as they usually are: of a larger region it is more readily believed that it is
    several objects, its regions of higher levels, of a smaller one less readily."""
    usual_px: int = 2_000
    """The same in pixels, where that is more."""
    leftover: float = 0.0
    """How far it counts against dividing a region that its parts leave ground over: the power of the share they cover."""
    beside_m: float = 4.0
    """How far outside the outline of a region it is looked up what lies beside it."""
    greening: float = 0.18
    """Change of the vegetation index that is as much as the level, on ground that is known to be wooded."""
    calm: float = 0.4
    """Change in contrasts that is usual beside an object: less than that makes no object stand out more."""
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
        object.__setattr__(self, "levels", tuple(self.levels))  # as read from JSON
        levels = (0.0, *self.levels, self.full)
        if not (len(levels) > 2 and all(low < high for low, high in itertools.pairwise(levels))):
            raise UsageError(f"Expected at least one level, ascending, above 0 and below full, got {levels[1:]}.")
        if not (self.levels[0] <= self.strong <= self.full and self.levels[0] <= self.peak <= self.full):
            raise UsageError(f"Expected strong and peak from the lowest level to full, got {self.strong}, {self.peak}.")
        if not (self.calm > 0 and self.greening > 0):
            raise UsageError(f"Expected usual changes of more than 0, got {self.calm}, {self.greening}.")
        if not 0 <= self.own_share <= 1:
            raise UsageError(f"Expected an own share of 0 to 1, got {self.own_share}.")
        if self.tolerance_px not in (0, 1, 2):
            raise UsageError(f"Expected a tolerance of 0, 1 or 2 pixels, got {self.tolerance_px}.")
        if (
            min(
                self.here_m,
                self.around_m,
                self.least_around,
                self.leftover,
                self.beside_m,
                self.open_m,
                self.smallest_m2,
                self.usual_m2,
                self.simplify_px,
            )
            < 0
        ):
            raise UsageError("Expected lengths, areas and shares that are not negative.")
        if self.sample_windows < 1 or self.sample_px < 64:
            raise UsageError("Expected at least one sample window of at least 64 pixels.")

    def as_record(self) -> dict[str, Any]:
        """Return the settings for `run.json`."""
        return asdict(self)


MONTHLY = SpectralParameters(least_around=0.9, leftover=0.2)
"""Settings for the pairs of a month: more is looked at, since rules then drop what is but a field."""
